//! The `landform` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(landform::cli::main())
}
