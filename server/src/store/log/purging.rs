//! Going through all rooms for the messages of one user, in steps that hold nobody up.
//!
//! What is left of a room is told by whoever asked, as a purge of the last messages there: until that is
//! stored, some of them are there, so that a run that was broken off is found again by the next.

use std::collections::VecDeque;
use std::time::Instant;

use chat_protocol::{RoomName, Seq};

use super::{RoomLog, Thinned};
use crate::store::StoreError;

/// A run through all rooms.
pub struct Purging<'a> {
    log: &'a dyn RoomLog,
    key: String,
    rooms: VecDeque<RoomName>,
}

/// What one look into a room came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purge {
    /// So many messages were there. The last of them are, until a purge of this room takes them out.
    Ready(RoomName, u64),
    /// Time was over when so many had been taken out of this room. The next run begins there.
    Late(RoomName, u64),
    /// There are no more in any room.
    Over,
}

impl<'a> Purging<'a> {
    /// Of the messages of the user `key` (a name as compared), from the room `from` on by name.
    pub async fn begin(
        log: &'a dyn RoomLog,
        key: &str,
        from: Option<&RoomName>,
    ) -> Result<Self, StoreError> {
        let mut rooms = log.names().await?;
        rooms.retain(|room| from.is_none_or(|from| room >= from));
        rooms.sort();
        Ok(Self {
            log,
            key: key.to_owned(),
            rooms: rooms.into(),
        })
    }

    /// The next room with messages, of which but some are taken out, unless that takes until `end`.
    pub async fn next(&mut self, end: Option<Instant>) -> Result<Purge, StoreError> {
        while let Some(room) = self.rooms.pop_front() {
            let (mut after, mut taken) = (Seq(0), 0);
            loop {
                if end.is_some_and(|end| Instant::now() >= end) {
                    return Ok(Purge::Late(room, taken));
                }
                let thinned = self.log.thin(&room, &self.key, after).await?;
                let Thinned {
                    seq,
                    count,
                    is_done,
                } = thinned;
                match is_done {
                    false => (after, taken) = (seq, taken + count),
                    true if taken + count == 0 => break,
                    true => return Ok(Purge::Ready(room, taken + count)),
                }
            }
        }
        Ok(Purge::Over)
    }
}
