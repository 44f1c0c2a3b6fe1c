//! Rounds in the server's own SQLite database: a whole one in one transaction. Owns no table.
//!
//! SQLite never leaves it unknown whether a transaction was committed, so no round is ever handed over
//! twice, and ids are not kept.

use std::sync::Arc;

use chat_protocol::{HeldId, RoomName, Seq};
use rusqlite::Connection;

use super::log::{self, LogEnd};
use super::{SqliteStore, audit, filters, held, rooms, standing};
use crate::domain::audit::{AuditLine, LineId};
use crate::domain::entry::{Entry, NewEntry};
use crate::domain::held::{HeldMessage, Ruled};
use crate::domain::round::{Change, Done, Founding, Round, StoredRound};
use crate::store::rooms::{Beginning, Founder};
use crate::store::rounds::{Outcome, Rounds};
use crate::store::{Part, StoreError};

#[async_trait::async_trait]
impl Rounds for SqliteStore {
    async fn store(&self, room: &RoomName, round: Round) -> Outcome {
        match self.store_round(room, round).await {
            Ok(stored) => Outcome::Stored(stored),
            Err((round, error)) => Outcome::Refused(round, error),
        }
    }
}

impl SqliteStore {
    async fn store_round(
        &self,
        room: &RoomName,
        round: Round,
    ) -> Result<StoredRound, (Round, StoreError)> {
        let found = match self.find_purged(room, &round).await {
            Ok(found) => found,
            Err(error) => return Err((round, error)),
        };
        // The writer only looks at the round. Nobody else has it once that has answered, so that what
        // is stored is made of it, or it is given back, without a copy.
        let round = Arc::new(round);
        let (name, seen) = (room.clone(), Arc::clone(&round));
        let store = move |connection: &Connection| store(connection, &name, &seen, &found);
        let stored = self.writing(Part::Round, store).await;
        let round = Arc::unwrap_or_clone(round);
        match stored {
            Ok(Stored::Messages(last)) => Ok(messages_behind(last, round)),
            Ok(Stored::Mixed(results, lines)) => Ok(with_results(round, results, lines)),
            Err(error) => Err((round, error)),
        }
    }

    /// Looks for what purges are to take out, beside the writer.
    async fn find_purged(&self, room: &RoomName, round: &Round) -> Result<log::Found, StoreError> {
        let keys = log::purged(entries(&round.changes));
        if keys.is_empty() {
            return Ok(log::Found::default());
        }
        let room = room.clone();
        let find = move |connection: &Connection| log::find(connection, &room, keys);
        self.reading(Part::Round, find).await
    }
}

/// What the writer tells of a round: nothing that the round itself says.
enum Stored {
    /// All of it were messages, which stand behind this entry.
    Messages(Seq),
    /// What came of each change, and the lines in the audit.
    Mixed(Vec<Written>, Vec<LineId>),
}

/// What the writer tells of a change, likewise.
enum Written {
    Founded(bool),
    Appended(Seq),
    Judged,
    Held(HeldId),
    Ruled(Ruled),
    Filtered,
}

/// Stores a round in the transaction that is open.
fn store(
    connection: &Connection,
    room: &RoomName,
    round: &Round,
    found: &log::Found,
) -> rusqlite::Result<Stored> {
    if let Some(last) = round.last
        && round.changes.iter().all(Change::is_message)
    {
        log::append_messages(connection, room, last, entries(&round.changes))?;
        return Ok(Stored::Messages(last));
    }
    let mut end = LogEnd::new(connection, room, round.last, found);
    let mut lines = Vec::new();
    let written = round.changes.iter().map(|change| {
        let written = carry_out(connection, room, change, &mut end)?;
        if !matches!(written, Written::Ruled(Ruled::Gone))
            && let Some(audit_entry) = change.audit_entry()
        {
            let line = AuditLine::new(room, audit_entry);
            lines.push(audit::note(connection, &line)?);
        }
        Ok(written)
    });
    let written = written.collect::<rusqlite::Result<_>>()?;
    Ok(Stored::Mixed(written, lines))
}

fn carry_out(
    connection: &Connection,
    room: &RoomName,
    change: &Change,
    end: &mut LogEnd<'_>,
) -> rusqlite::Result<Written> {
    Ok(match change {
        Change::Found(founding) => {
            Written::Founded(rooms::begin(connection, &beginning(room, founding), None)?)
        }
        Change::Append(entry) => Written::Appended(end.append(entry)?),
        Change::Judge(verdict) => {
            standing::carry_out(connection, room, verdict)?;
            Written::Judged
        }
        Change::Hold { waiting, forget } => {
            Written::Held(held::hold(connection, room, waiting, *forget)?)
        }
        Change::Rule(ruling) => Written::Ruled(held::rule(connection, room, ruling, end)?),
        Change::Filter { change, .. } => {
            filters::carry_out(connection, room, change)?;
            Written::Filtered
        }
    })
}

fn beginning(room: &RoomName, founding: &Founding) -> Beginning {
    Beginning {
        room: room.clone(),
        epoch: founding.epoch.clone(),
        founder: Founder::Operator,
        time: founding.time,
    }
}

fn entries(changes: &[Change]) -> impl Iterator<Item = &NewEntry> {
    changes.iter().filter_map(|change| match change {
        Change::Append(entry) => Some(entry),
        _ => None,
    })
}

fn messages_behind(last: Seq, round: Round) -> StoredRound {
    let seqs = std::iter::successors(Some(last.next()), |seq| Some(seq.next()));
    let written = seqs.map(Written::Appended);
    with_results(round, written, Vec::new())
}

fn with_results(
    round: Round,
    written: impl IntoIterator<Item = Written>,
    lines: Vec<LineId>,
) -> StoredRound {
    let changes = round.changes.into_iter().zip(written);
    StoredRound {
        done: changes
            .map(|(change, written)| done(change, written))
            .collect(),
        lines,
    }
}

fn done(change: Change, written: Written) -> Done {
    match (change, written) {
        (Change::Append(entry), Written::Appended(seq)) => Done::Appended(Entry {
            seq,
            time: entry.time,
            body: entry.body,
        }),
        (Change::Hold { waiting, .. }, Written::Held(id)) => {
            let waiting = *waiting;
            Done::Held(Box::new(HeldMessage { id, waiting }))
        }
        (Change::Found(_), Written::Founded(is_made)) => Done::Founded(is_made),
        (Change::Judge(verdict), Written::Judged) => Done::Judged(verdict),
        (Change::Rule(ruling), Written::Ruled(ruled)) => Done::Ruled(ruling, ruled),
        (Change::Filter { change, by, time }, Written::Filtered) => {
            Done::Filtered { change, by, time }
        }
        _ => unreachable!("what is written is of the change's kind"),
    }
}
