//! Lines of the audit in the server's own SQLite database.

use rusqlite::{Connection, params};

use super::AuditLine;

/// Lines that are kept, the newest.
const LINES: i64 = 100_000;

/// Writes a line, in the transaction that stores what it tells: kept apart from the room's log, and
/// for longer.
pub(crate) fn note(connection: &Connection, line: &AuditLine) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO audit (time, room, actor, action, target, until, reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            line.time,
            line.room,
            line.actor,
            line.action,
            line.target,
            line.until,
            line.reason,
        ])?;
    let oldest_kept = connection.last_insert_rowid() - LINES;
    connection
        .prepare_cached("DELETE FROM audit WHERE id <= ?1")?
        .execute([oldest_kept])
        .map(drop)
}
