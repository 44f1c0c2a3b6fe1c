//! Whether all that was given to be sent was sent and not refused: what the exit code tells. Must not
//! send or print.

use std::cell::Cell;

use chat_protocol::{Username, events, sentences};
use serde_json::Value;

use super::lines::Content;

/// What became of the lines.
#[derive(Debug)]
pub(super) struct Tally {
    /// What this user's name is compared by.
    key: String,
    /// Messages that were sent and not answered yet. Where the same account posts from elsewhere as
    /// well there may be more.
    unanswered: Cell<u64>,
    /// Something was not sent, or was refused.
    not_all: Cell<bool>,
}

impl Tally {
    pub(super) fn new(username: &Username) -> Self {
        Self {
            key: username.key().to_owned(),
            unanswered: Cell::new(0),
            not_all: Cell::new(false),
        }
    }

    /// Something was not sent, or was refused.
    pub(super) fn is_incomplete(&self) -> bool {
        self.not_all.get()
    }

    /// A line was sent, or left out.
    pub(super) fn on_line(&self, line: &Content) {
        match line {
            Content::Message(_) => self.unanswered.set(self.unanswered.get() + 1),
            Content::Disconnect(_) | Content::Other(_) => {}
            Content::Skipped(_) => self.not_all.set(true),
        }
    }

    /// An event came after `auth`.
    pub(super) fn on_event(&self, event: &Value) {
        let data = &event["data"];
        match event["event"].as_str() {
            Some(events::CERROR) => self.not_all.set(true),
            // A moderator's mute comes unasked, and again as the answer to each message.
            Some(events::MUTE) if data["message"] != sentences::SUCCESS => {
                let answers = !data["nonce"].is_null() || self.unanswered.get() > 0;
                self.not_all.set(self.not_all.get() || answers);
            }
            Some(events::MESSAGE) => {
                let name = data["username"].as_str().unwrap_or_default();
                if Username::new(name).is_ok_and(|name| name.key() == self.key) {
                    self.unanswered.set(self.unanswered.get().saturating_sub(1));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// True if it is told that something was refused, after `sent` messages and these events.
    fn is_refused(sent: usize, events: &[Value]) -> bool {
        let tally = Tally::new(&Username::new("Alice").unwrap());
        (0..sent).for_each(|_| tally.on_line(&Content::Message(String::new())));
        events.iter().for_each(|event| tally.on_event(event));
        tally.is_incomplete()
    }

    #[test]
    fn what_was_refused_is_told_from_what_merely_happened() {
        let own = json!({ "event": "message", "data": { "username": "alice" } });
        let other = json!({ "event": "message", "data": { "username": "bob" } });
        let mute = |data: Value| json!({ "event": "mute", "data": data });
        let muted = || mute(json!({ "duration": 60 }));
        assert!(is_refused(0, &[json!({ "event": "cerror", "data": {} })]));
        assert!(!is_refused(0, &[muted()]), "a moderator did it");
        assert!(!is_refused(1, &[own.clone(), muted()]));
        assert!(is_refused(2, &[own, muted()]));
        assert!(is_refused(1, &[other, muted()]));
        assert!(is_refused(
            0,
            &[mute(json!({ "duration": 60, "nonce": "n" }))]
        ));
        assert!(
            !is_refused(1, &[mute(json!({ "message": "Success" }))]),
            "of a moderator"
        );
    }

    #[test]
    fn what_was_not_sent_is_told_too() {
        let tally = Tally::new(&Username::new("alice").unwrap());
        tally.on_line(&Content::Other(String::new()));
        assert!(!tally.is_incomplete());
        tally.on_line(&Content::Skipped(String::new()));
        assert!(tally.is_incomplete());
    }
}
