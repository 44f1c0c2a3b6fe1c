//! Who did what to whom: a line of it.

use chat_protocol::{AuditEntry, AuditId, RoomName};

/// The number of a line. Those of one room grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineId(pub u64);

impl LineId {
    /// The line that a client names so; `None` where no line is called that.
    pub fn named(id: &AuditId) -> Option<Self> {
        let number: u64 = id.as_str().parse().ok()?;
        (Self(number).shown() == *id).then_some(Self(number))
    }

    /// What clients know the line by.
    pub fn shown(self) -> AuditId {
        AuditId::new(self.0.to_string()).expect("a number is an id")
    }
}

/// Who decided what on whom; names as registered, times in milliseconds since 1970, UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    /// By what it is known; `None` while it is not stored.
    pub id: Option<LineId>,
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
            id: None,
            time: entry.time,
            room: room.as_str().to_owned(),
            actor: entry.actor,
            action: entry.action,
            target: entry.target,
            until: entry.until,
            reason: entry.reason,
        }
    }

    /// The line as moderators of its room see it.
    pub fn into_entry(self) -> AuditEntry {
        AuditEntry {
            id: self.id.map(LineId::shown),
            time: self.time,
            actor: self.actor,
            action: self.action,
            target: self.target,
            until: self.until,
            reason: self.reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_named_as_it_is_shown_and_not_otherwise() {
        assert_eq!(LineId::named(&LineId(7).shown()), Some(LineId(7)));
        for text in ["x", "-1", "+7", "07", " 7", "7.0", "18446744073709551616"] {
            assert_eq!(LineId::named(&AuditId::new(text).unwrap()), None, "{text}");
        }
    }
}
