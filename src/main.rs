//! The `korabo` program: parses the command line, runs it, returns the exit code.

use std::process::ExitCode;

/// Allocates faster than the system's allocator when many batches are made and dropped.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    korabo::cli::main()
}
