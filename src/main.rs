//! The `korabo` program: parses the command line, runs it, returns the exit code.

use std::process::ExitCode;

use korabo_memory::Counting;
use mimalloc::MiMalloc;

/// Allocates faster than the system's allocator when many batches are made and dropped, and counts what the threads
/// of statements hold.
#[global_allocator]
static ALLOCATOR: Counting<MiMalloc> = Counting(MiMalloc);

fn main() -> ExitCode {
    korabo::cli::main()
}
