//! A round of a room, as a value: everything that is to be stored together, and what came of it.
//!
//! Plain data between the room's rules and the store. How it is stored is the engine's business; what
//! follows from it, such as its lines in the audit, is said here, so that all engines store the same.

use chat_protocol::{AuditEntry, Epoch, Seq};

use crate::domain::audit::LineId;
use crate::domain::entry::{Entry, NewEntry, UnixMillis};
use crate::domain::filter::{self, audit_entry};
use crate::domain::held::{HeldMessage, Ruled, Ruling, Waiting};
use crate::domain::moderation::Verdict;

/// What a round is known by. It stays the same when the same round is handed over again, so that an
/// engine that had stored it after all can tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RoundId {
    /// Which run of a room made it: a random number, another one each time a room starts.
    pub run: u64,
    /// Counts the rounds of that run.
    pub number: u64,
}

/// What one round of a room changes. Its changes take effect in their order, all or none.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// What it is known by.
    pub id: RoundId,
    /// The newest entry of the log, where the room is sure of it. That spares an engine to look for it;
    /// where entries are appended and there are newer ones, the round is refused.
    pub last: Option<Seq>,
    /// What is changed, in order.
    pub changes: Vec<Change>,
}

/// One change. The larger kinds are boxed: a round is mostly messages.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Make the room one that there is, with nobody as its administrator; nothing where it is one.
    Found(Founding),
    /// Append an entry to the log, and do to the log and the held messages what it says. Where it takes
    /// messages out, their nonces are remembered.
    Append(NewEntry),
    /// Let a verdict hold from now on. The round is refused where the account is another one by now.
    Judge(Box<Verdict>),
    /// Keep a message for a moderator. The round is refused where its author was removed.
    Hold {
        /// The message.
        waiting: Box<Waiting>,
        /// Messages, of all rooms, that have waited since then or longer are forgotten.
        forget: UnixMillis,
    },
    /// Take out a message that waits; where it is let through, append it.
    Rule(Box<Ruling>),
    /// Change the patterns, as is known to be possible.
    Filter {
        /// What is changed.
        change: filter::Change,
        /// By whom: the name as registered.
        by: String,
        /// When.
        time: UnixMillis,
    },
}

/// A room that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Founding {
    /// The life that its log begins, unless it has one.
    pub epoch: Epoch,
    /// When.
    pub time: UnixMillis,
}

impl Change {
    /// The line in the audit that is stored with it. A ruling that finds no message has none.
    pub fn audit_entry(&self) -> Option<AuditEntry> {
        match self {
            Change::Found(_) | Change::Hold { .. } => None,
            Change::Append(entry) => entry.audit_entry(),
            Change::Judge(verdict) => Some(verdict.audit_entry()),
            Change::Rule(ruling) => Some(ruling.audit_entry()),
            Change::Filter { change, by, time } => Some(audit_entry(change, by, *time)),
        }
    }

    /// Whether it appends a message, which changes nothing else.
    pub fn is_message(&self) -> bool {
        matches!(self, Change::Append(entry) if entry.is_message())
    }
}

/// A round as it was stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRound {
    /// What came of each change, in the order of the changes.
    pub done: Vec<Done>,
    /// The lines in the audit that were stored with it, in the same order: of each change that has one.
    pub lines: Vec<LineId>,
}

/// What came of a change. It holds what was asked for, so that nobody has to keep a copy meanwhile.
#[derive(Clone, Debug, PartialEq)]
pub enum Done {
    /// The room is there; whether this made it.
    Founded(bool),
    /// The entry has its place.
    Appended(Entry),
    /// The verdict holds.
    Judged(Box<Verdict>),
    /// The message waits, and has its id.
    Held(Box<HeldMessage>),
    /// The ruling found its message, or not any more.
    Ruled(Box<Ruling>, Ruled),
    /// The patterns hold.
    Filtered {
        /// What was changed.
        change: filter::Change,
        /// By whom: the name as registered.
        by: String,
        /// When.
        time: UnixMillis,
    },
}

impl StoredRound {
    /// The newest entry that this round appended.
    pub fn last(&self) -> Option<Seq> {
        // Places grow with the changes.
        self.done.iter().rev().find_map(|done| match done {
            Done::Appended(entry) => Some(entry.seq),
            Done::Ruled(_, Ruled::Done(Some(entry))) => Some(entry.seq),
            _ => None,
        })
    }
}
