//! A writer: posts messages, each with a nonce, until they are acknowledged or refused for good.
//!
//! Owns what it was told about its own messages. Must not judge it: that is the checker's.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chat_tests::RawClient;
use rand::{RngExt, rng};
use serde_json::{Value, json};

use super::checker::digest;
use super::door::Door;
use super::run::{Phase, Room, Run};

/// Before a message that was refused is sent again.
const PAUSE: Duration = Duration::from_millis(5);

/// What a writer knows in the end.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) user: String,
    pub(super) room: String,
    /// What came of each message, by its nonce.
    pub(super) fates: Vec<(String, Fate)>,
    /// What it was shown: position and digest.
    pub(super) seen: Vec<(u64, u64)>,
}

/// What came of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It came back, with this position.
    Acknowledged(u64),
    /// It was sent once, answered with 503, and never sent again.
    Refused,
}

/// A message without an answer that settles it.
struct Open {
    nonce: String,
    /// It was sent on this connection and not answered yet.
    is_on_its_way: bool,
    /// A connection ended while it was on its way: it may be stored or not.
    is_uncertain: bool,
}

struct Writer<'a> {
    run: &'a Run,
    room: &'a Room,
    window: usize,
    padding: String,
    begun: usize,
    open: VecDeque<Open>,
    written: Written,
}

/// Writes until the run is over: up to `window` messages of about `characters` characters at once.
pub(super) fn write(
    run: &Run,
    room: &Room,
    user: &str,
    window: usize,
    characters: usize,
) -> Written {
    let mut writer = Writer {
        run,
        room,
        window,
        padding: "👍".repeat(characters),
        begun: 0,
        open: VecDeque::new(),
        written: Written {
            user: user.to_owned(),
            room: room.name.to_owned(),
            ..Written::default()
        },
    };
    let mut door = Door::new(run, room, user);
    while !writer.is_done() {
        writer.talk(&mut door.enter(None));
        for open in &mut writer.open {
            open.is_uncertain |= open.is_on_its_way;
            open.is_on_its_way = false;
        }
    }
    writer.written
}

impl Writer<'_> {
    fn is_done(&self) -> bool {
        self.open.is_empty() && self.run.phase() == Phase::Over
    }

    /// Writes until the connection ends, or all is done.
    fn talk(&mut self, client: &mut RawClient) {
        while !self.is_done() {
            if !self.send(client) {
                return;
            }
            if self.open.is_empty() {
                continue;
            }
            match client.try_next_event() {
                Some((event, data)) => self.take(&event, &data),
                None => return,
            }
        }
    }

    /// Sends what there is to send now; false where the connection is gone.
    fn send(&mut self, client: &mut RawClient) -> bool {
        let phase = self.run.phase();
        while phase == Phase::Write && self.open.len() < self.window {
            self.open.push_back(Open {
                nonce: format!("{}-{}", self.written.user, self.begun),
                is_on_its_way: false,
                is_uncertain: false,
            });
            self.begun += 1;
        }
        for open in self.open.iter_mut().filter(|open| !open.is_on_its_way) {
            let content = format!("{} {}", open.nonce, self.padding);
            open.is_on_its_way = true;
            let data = json!({ "content": content, "nonce": open.nonce });
            if !client.try_send("message", data) {
                return false;
            }
        }
        true
    }

    fn take(&mut self, event: &str, data: &Value) {
        let nonce = data["nonce"].as_str().unwrap_or_default();
        let answered = self.open.iter().position(|open| open.nonce == nonce);
        match (event, data["Code"].as_u64()) {
            ("message", _) => {
                let seq = data["seq"].as_u64().unwrap_or_default();
                self.written.seen.push((seq, digest(event, data)));
                if let Some(index) = answered {
                    self.settle(index, Fate::Acknowledged(seq));
                    self.room.acknowledged.fetch_add(1, Ordering::Relaxed);
                    self.run.count(|figures| figures.acknowledged += 1);
                }
            }
            ("cerror", Some(503)) => {
                self.run.count(|figures| figures.refused += 1);
                match answered {
                    Some(index) => self.refused(index),
                    None => self.find(&format!("{data} names no open message")),
                }
            }
            _ => self.find(&format!("{event} {data} in answer to a message")),
        }
    }

    /// Gives up a part of the messages of which it is certain that they must not be stored, and
    /// sends the others again.
    fn refused(&mut self, index: usize) {
        if !self.open[index].is_uncertain && rng().random_bool(0.3) {
            self.settle(index, Fate::Refused);
        } else {
            self.open[index].is_on_its_way = false;
        }
        std::thread::sleep(PAUSE);
    }

    fn settle(&mut self, index: usize, fate: Fate) {
        if let Some(open) = self.open.remove(index) {
            self.written.fates.push((open.nonce, fate));
        }
    }

    fn find(&self, what: &str) {
        self.run.find(format!("{}: {what}", self.written.user));
    }
}
