//! How a client of a run gets in, as often as it takes.
//!
//! Owns a user's resume token. Must not read what comes after the `auth` answer.

use std::time::Duration;

use chat_tests::{RawClient, password_of};
use serde_json::{Value, json};

use super::run::{Room, Run};
use crate::support::eventually;

/// Between two attempts: a server that is down is not up again any sooner for being asked more.
const PAUSE: Duration = Duration::from_millis(5);

/// A user before the door of a room.
pub(super) struct Door<'a> {
    run: &'a Run,
    room: &'a Room,
    user: &'a str,
    /// From the last time: it must be good whatever happened to the server, and it saves the
    /// server the hashing of a password.
    token: Option<Value>,
}

impl<'a> Door<'a> {
    pub(super) fn new(run: &'a Run, room: &'a Room, user: &'a str) -> Self {
        Self {
            run,
            room,
            user,
            token: None,
        }
    }

    /// Connects and authenticates, as often as it takes. With `since`, the position that the client
    /// has, `history` comes next.
    pub(super) fn enter(&mut self, since: Option<usize>) -> RawClient {
        eventually(|| {
            let client = self.try_to_enter(since);
            if client.is_none() {
                std::thread::sleep(PAUSE);
            }
            client
        })
    }

    fn try_to_enter(&mut self, since: Option<usize>) -> Option<RawClient> {
        let mut client = RawClient::open(self.run.address, "/").ok()?;
        let (event, data) = client.try_next_event()?;
        if event != "connection" {
            self.find(&format!("{event} {data} came first"));
            return None;
        }
        if !client.try_send("auth", self.credentials(since)) {
            return None;
        }
        let (event, mut data) = client.try_next_event()?;
        match (event.as_str(), data["Code"].as_u64()) {
            ("auth", _) => {
                self.token = Some(data["token"].take());
                self.run.count(|figures| figures.entered += 1);
                Some(client)
            }
            // The store takes nothing at present.
            ("cerror", Some(503)) => {
                self.run.count(|figures| figures.refused += 1);
                None
            }
            _ => {
                self.find(&format!("{event} {data} in answer to auth"));
                self.token = None;
                None
            }
        }
    }

    fn credentials(&self, since: Option<usize>) -> Value {
        let mut data = json!({ "username": self.user, "room": self.room.name });
        match &self.token {
            Some(token) => data["token"] = token.clone(),
            None => data["password"] = password_of(self.user).into(),
        }
        if let Some(seq) = since {
            data["since"] = json!({ "epoch": self.room.epoch, "seq": seq });
        }
        data
    }

    fn find(&self, what: &str) {
        self.run.find(format!("{}: {what}", self.user));
    }
}
