//! What the stages share: tools, servers, a cluster with Flux, stand-in charts, and a platform that is served.

pub(crate) mod api;
pub(crate) mod charts;
pub(crate) mod cluster;
pub(crate) mod flux;
pub(crate) mod http;
pub(crate) mod origin;
pub(crate) mod platform;
pub(crate) mod process;
pub(crate) mod scratch;
pub(crate) mod terraform;
pub(crate) mod tools;
