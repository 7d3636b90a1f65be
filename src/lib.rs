//! landform shapes a platform repository (Kubernetes clusters brought up by Terraform and run by Flux CD) and keeps it right.
//!
//! The road of every command that writes: answers and record become a [`model`], [`render`] turns model and
//! [`catalog`] into a tree, [`merge`] sets it against what is there, and gives a [`change`] that is shown or applied.

pub mod catalog;
pub mod change;
pub mod check;
pub mod cli;
pub mod error;
pub mod fault;
pub mod git;
pub mod graph;
pub mod index;
pub mod merge;
pub mod model;
pub mod render;
pub mod tools;
pub mod ui;
pub mod yaml;
