//! The `skiff` binary: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    skiff::cli::main()
}
