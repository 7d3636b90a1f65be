//! Programs of the user's that landform starts, but for Git. It starts them only for a command that says so, and
//! never by anything that a catalogue says.

mod sops;

pub use sops::encrypt;
