//! The `chat-server` program. Everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    chat_server::cli::main()
}
