//! Who did what to whom: a line of it.

use chat_protocol::{AuditEntry, RoomName};

/// Who decided what on whom; names as registered, times in milliseconds since 1970, UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    /// When.
    pub time: u64,
    /// In which room; empty for the whole server.
    pub room: String,
    /// Who.
    pub actor: String,
    /// What, as the event is called that asks for it.
    pub action: String,
    /// On whom, or on what; empty for the whole room.
    pub target: String,
    /// When it ends by itself.
    pub until: Option<u64>,
    /// Why.
    pub reason: Option<String>,
}

impl AuditLine {
    /// What moderators of `room` are told, as a line.
    pub fn new(room: &RoomName, entry: AuditEntry) -> Self {
        Self {
            time: entry.time,
            room: room.as_str().to_owned(),
            actor: entry.actor,
            action: entry.action,
            target: entry.target,
            until: entry.until,
            reason: entry.reason,
        }
    }
}
