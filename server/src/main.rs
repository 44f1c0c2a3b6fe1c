//! The `chat-server` program. Everything is in the library.

use std::process::ExitCode;

/// Messages are taken in on one thread, stored by another and let go on a third, which it does with
/// less work than the system's allocator, and without keeping more. A thread of its own gives back to
/// the system what was not used for some seconds, also while nothing happens.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    chat_server::command::cli::main()
}
