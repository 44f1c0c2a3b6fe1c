//! The log that `log = true` keeps: a plain text file per room and day, for this user alone. Owns the
//! files and the thread that writes them; must not decide which lines are worth keeping.
//!
//! Files lie in a folder per server: `ROOM.2026-11-27.txt`. They are opened for each batch of lines, so
//! one that was moved or removed is made anew with the next line.

mod lines;
mod writer;

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use chat_protocol::RoomName;
use jiff::tz::TimeZone;

use crate::warnings::Warnings;
pub(crate) use lines::Lines;
use writer::Writer;

/// Lines that wait for the disk. Of more, the newest are left out, and how many is written in their
/// place.
const WAITING: usize = 4_096;

/// Takes lines in, and has them written by a thread.
#[derive(Debug)]
pub(crate) struct ChatLog {
    lines: SyncSender<Line>,
    /// Lines that were left out since the last one that was not.
    left_out: u64,
    ended: Receiver<()>,
}

/// A line of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    room: RoomName,
    /// In milliseconds since 1970, UTC.
    time: i64,
    text: String,
    /// Lines before this one that are missing.
    left_out: u64,
}

impl ChatLog {
    /// Begins to write into `folder`, with days and times of `zone`. What goes wrong is said once, until it
    /// goes right again.
    pub(crate) fn start(folder: PathBuf, zone: TimeZone, warnings: Warnings) -> Self {
        let (lines, waiting) = sync_channel(WAITING);
        let (end, ended) = sync_channel(1);
        thread::spawn(move || {
            Writer::new(folder, zone, warnings).run(&waiting);
            // Where nobody waits for the end, nobody has to hear of it.
            end.send(()).ok();
        });
        Self {
            lines,
            left_out: 0,
            ended,
        }
    }

    /// Has a line written that happened at `time` (milliseconds since 1970, UTC). Does not wait: where the
    /// disk is too slow, the line is left out, which the log then says.
    pub(crate) fn note(&mut self, room: &RoomName, time: i64, text: &str) {
        let line = Line {
            room: room.clone(),
            time,
            text: text.to_owned(),
            left_out: self.left_out,
        };
        match self.lines.try_send(line) {
            Ok(()) => self.left_out = 0,
            Err(TrySendError::Full(_)) => self.left_out += 1,
            // The thread has panicked, which standard error has said.
            Err(TrySendError::Disconnected(_)) => {}
        }
    }

    /// Waits until all is written, but at most `patience`; true where it is.
    pub(crate) fn finish(self, patience: Duration) -> bool {
        drop(self.lines);
        self.ended.recv_timeout(patience).is_ok()
    }
}

#[cfg(test)]
mod tests;
