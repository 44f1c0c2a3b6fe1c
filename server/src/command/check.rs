//! `chat-server check`: looks for damage in the whole database.

use std::time::Instant;

use crate::command::console;
use crate::server::ServerConfig;
use crate::store::sqlite::database::Database;

/// Reads the whole database, and fails if it is damaged.
pub fn run(server: &ServerConfig) -> anyhow::Result<()> {
    let began = Instant::now();
    let bytes = Database::check(&server.data)?;
    let (megabytes, seconds) = (bytes as f64 / 1e6, began.elapsed().as_secs_f64());
    console::answer(format!(
        "the database is sound: {megabytes:.1} MB, read in {seconds:.1} s"
    ))
}
