//! What is known of the world outside of a repository, compiled in.

pub(in crate::check) mod crds;
pub(in crate::check) mod fields;
