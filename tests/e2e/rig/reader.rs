//! A reader: follows a room from its first entry to its last, over any number of connections.
//!
//! Owns the order in which it was shown things: no hole, nothing twice. Whether what it was shown
//! is what is stored is the checker's to say.

use std::sync::atomic::Ordering;
use std::time::Duration;

use chat_tests::RawClient;
use rand::{RngExt, rng};
use serde_json::{Value, json};

use super::checker::digest;
use super::door::Door;
use super::run::{Phase, Room, Run, THE_END};
use crate::support::entries;

/// Messages of a room after which whoever reads none of them is likely to have been dropped.
const STALL: usize = 3_500;

/// How a reader reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// All the time.
    Steady,
    /// Not for a while now and then, until it is dropped for that (4008) or the run moves on.
    Stalling,
    /// A few events at a time: it leaves and comes back.
    Hopping,
}

/// What a reader was shown.
#[derive(Debug, Default)]
pub(super) struct Followed {
    pub(super) user: String,
    pub(super) room: String,
    /// The digest of each entry, the first one's first.
    pub(super) shown: Vec<u64>,
    /// Something was out of order; it did not read on.
    pub(super) gave_up: bool,
}

/// What to do after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    ReadOn,
    ComeBack,
    Stop,
}

struct Reader<'a> {
    run: &'a Run,
    room: &'a Room,
    followed: Followed,
}

/// Follows `room` until it is told that this is the end.
pub(super) fn follow(run: &Run, room: &Room, user: &str, manner: Manner) -> Followed {
    let mut reader = Reader {
        run,
        room,
        followed: Followed {
            user: user.to_owned(),
            room: room.name.to_owned(),
            ..Followed::default()
        },
    };
    let mut door = Door::new(run, room, user);
    loop {
        let mut client = door.enter(Some(reader.followed.shown.len()));
        let mut next = reader.catch_up(&mut client);
        if next == Next::ReadOn {
            next = match manner {
                Manner::Steady => reader.read(&mut client, usize::MAX),
                Manner::Stalling => reader.read_and_stall(&mut client),
                Manner::Hopping => reader.hop(&mut client),
            };
        }
        if next == Next::Stop {
            return reader.followed;
        }
    }
}

impl Reader<'_> {
    /// Takes what was missed, which comes first; asks for it where it is too much to come by itself.
    fn catch_up(&mut self, client: &mut RawClient) -> Next {
        let Some((event, data)) = client.try_next_event() else {
            return Next::ComeBack;
        };
        if event != "history" || data["epoch"] != self.room.epoch {
            return self.give_up(format!("{event} of {} after auth", data["epoch"]));
        }
        match data["recovered"].as_bool() {
            Some(true) => self.take_all(entries(&data)),
            _ => self.page(client, entries(&data)),
        }
    }

    /// Asks for what is missing up to the last of `newest`; what comes live meanwhile is behind it.
    fn page(&mut self, client: &mut RawClient, newest: &[Value]) -> Next {
        self.run.count(|figures| figures.paged += 1);
        let Some(end) = newest.last().and_then(|last| last["data"]["seq"].as_u64()) else {
            return self.give_up("an empty history that was not recovered".to_owned());
        };
        if end <= self.seq() {
            return self.give_up(format!("the log goes back to {end}"));
        }
        let mut live = Vec::new();
        while self.seq() < end {
            let question = json!({ "after": self.seq(), "limit": 200 });
            if !client.try_send("history", question) {
                return Next::ComeBack;
            }
            let page = loop {
                match client.try_next_event() {
                    None => return Next::ComeBack,
                    Some((event, page)) if event == "history" => break page,
                    Some((event, data)) => live.push(json!({ "event": event, "data": data })),
                }
            };
            let missing: Vec<Value> = entries(&page)
                .iter()
                .filter(|entry| entry["data"]["seq"].as_u64() <= Some(end))
                .cloned()
                .collect();
            if missing.is_empty() {
                return self.give_up(format!("nothing between {} and {end}", self.seq()));
            }
            match self.take_all(&missing) {
                Next::ReadOn => {}
                other => return other,
            }
        }
        self.take_all(&live)
    }

    fn take_all(&mut self, entries: &[Value]) -> Next {
        for entry in entries {
            let event = entry["event"].as_str().unwrap_or_default();
            match self.take(event, &entry["data"]) {
                Next::ReadOn => {}
                other => return other,
            }
        }
        Next::ReadOn
    }

    /// Takes one entry, which must be the next one.
    fn take(&mut self, event: &str, data: &Value) -> Next {
        if event != "message" || data["seq"].as_u64() != Some(self.seq() + 1) {
            let after = self.seq();
            return self.give_up(format!("{event} {} after {after}", data["seq"]));
        }
        self.followed.shown.push(digest(event, data));
        match data["content"] == THE_END {
            true => Next::Stop,
            false => Next::ReadOn,
        }
    }

    /// Reads `count` events at most.
    fn read(&mut self, client: &mut RawClient, count: usize) -> Next {
        for _ in 0..count {
            let next = match client.next_event_or_end() {
                Ok((event, data)) => self.take(&event, &data),
                Err(code) => {
                    if code == Some(4008) {
                        self.run.count(|figures| figures.too_slow += 1);
                    }
                    Next::ComeBack
                }
            };
            if next != Next::ReadOn {
                return next;
            }
        }
        Next::ReadOn
    }

    /// Stalls, reads what came meanwhile, and stalls for longer, until it is dropped for it. How
    /// much the system keeps for it beforehand nobody can tell.
    fn read_and_stall(&mut self, client: &mut RawClient) -> Next {
        let mut next = self.read(client, rng().random_range(1..200));
        let mut stall = STALL;
        while next == Next::ReadOn {
            self.stall(stall);
            next = self.read(client, stall);
            stall *= 2;
        }
        next
    }

    /// Waits until so many messages have been posted in the room, or what it is in has changed.
    fn stall(&self, messages: usize) {
        let posted = || self.room.acknowledged.load(Ordering::Relaxed);
        let (goal, kills) = (posted() + messages, self.run.kills());
        while posted() < goal && self.run.kills() == kills && self.run.phase() == Phase::Write {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Reads a little and leaves, politely or not. What comes on the way out counts as well.
    fn hop(&mut self, client: &mut RawClient) -> Next {
        let next = self.read(client, rng().random_range(1..100));
        if next != Next::ReadOn {
            return next;
        }
        if rng().random_bool(0.5) && client.try_send("disconnect", Value::Null) {
            return self.read(client, usize::MAX);
        }
        Next::ComeBack
    }

    /// The position of the newest entry it has.
    fn seq(&self) -> u64 {
        self.followed.shown.len() as u64
    }

    fn give_up(&mut self, finding: String) -> Next {
        self.followed.gave_up = true;
        self.run.find(format!("{}: {finding}", self.followed.user));
        Next::Stop
    }
}
