//! The `chat-bench` program. Everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    chat_bench::run()
}
