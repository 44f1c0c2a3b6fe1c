//! From a room's events to the lines of its log: each entry once, whatever pages of the past come
//! again. Pure.

use std::collections::HashMap;

use chat_protocol::{Epoch, History, Message, RoomName, Seq, ServerEvent};

/// Up to where each room is in the log.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    rooms: HashMap<RoomName, Place>,
}

#[derive(Debug, Default)]
struct Place {
    epoch: Option<Epoch>,
    /// The newest entry that is in the log, or was there before the log began.
    seq: Option<Seq>,
}

impl Lines {
    /// The lines for what came at `now`, each with its time, in milliseconds since 1970, UTC.
    pub(crate) fn of(
        &mut self,
        room: &RoomName,
        event: &ServerEvent,
        now: i64,
    ) -> Vec<(i64, String)> {
        let place = self.rooms.entry(room.plain()).or_default();
        match event {
            ServerEvent::History(history) => place.history(history, now),
            event => place.entry(event, now).into_iter().collect(),
        }
    }
}

impl Place {
    fn history(&mut self, history: &History, now: i64) -> Vec<(i64, String)> {
        if self
            .epoch
            .as_ref()
            .is_some_and(|epoch| *epoch != history.epoch)
        {
            // Another life of the log: its numbers begin anew.
            self.seq = Some(Seq(0));
        }
        self.epoch = Some(history.epoch.clone());
        let newest = history.entries.iter().filter_map(ServerEvent::seq).max();
        let Some(seq) = self.seq else {
            // What was there before the program came is not its to log.
            self.seq = Some(newest.unwrap_or_default());
            return Vec::new();
        };
        let mut lines = Vec::new();
        let first = history.entries.iter().filter_map(ServerEvent::seq).min();
        if first.is_some_and(|first| first > seq.next()) {
            lines.push((now, "[messages are missing here]".to_owned()));
        }
        let entries = history.entries.iter();
        lines.extend(entries.filter_map(|entry| self.entry(entry, now)));
        lines
    }

    fn entry(&mut self, event: &ServerEvent, now: i64) -> Option<(i64, String)> {
        let seq = event.seq()?;
        if self.seq.is_some_and(|logged| seq <= logged) {
            return None;
        }
        self.seq = Some(seq);
        match event {
            ServerEvent::Message(message) => {
                let time = i64::try_from(message.time).unwrap_or(i64::MAX);
                Some((time, posted(message)))
            }
            ServerEvent::DeleteMessage(deleted) => {
                Some((now, format!("[{} deleted a message]", deleted.by)))
            }
            ServerEvent::Purge(purged) => {
                let (by, author) = (&purged.by, &purged.username);
                Some((now, format!("[{by} deleted all messages of {author}]")))
            }
            ServerEvent::Clear(cleared) => {
                Some((now, format!("[{} cleared the room]", cleared.by)))
            }
            _ => None,
        }
    }
}

/// Whoever is shown under another name is named as well: a log is read to find out who it was.
fn posted(message: &Message) -> String {
    let (name, shown) = (&message.username, message.display_name.trim());
    let author = match shown.is_empty() || shown.eq_ignore_ascii_case(name) {
        true => name.clone(),
        false => format!("{shown} ({name})"),
    };
    format!("{author}: {}", message.content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn message(seq: u64, name: &str, text: &str) -> Value {
        let data = json!({ "username": name, "displayName": name, "content": text, "rank": 3,
            "id": format!("m{seq}"), "seq": seq, "time": 1_000 + seq, "room": "a" });
        json!({ "event": "message", "data": data })
    }

    fn history(epoch: &str, entries: &[Value]) -> Value {
        let data = json!({ "epoch": epoch, "entries": entries, "complete": false });
        json!({ "event": "history", "data": data })
    }

    fn check(lines: &mut Lines, event: &Value, expected: &[&str]) {
        let event = ServerEvent::decode(&event.to_string()).unwrap();
        let room = RoomName::new("a").unwrap();
        let found = lines.of(&room, &event, 9_000);
        let found: Vec<String> = found
            .into_iter()
            .map(|(time, line)| format!("{time} {line}"))
            .collect();
        assert_eq!(found, expected, "{event:?}");
    }

    #[test]
    fn each_entry_is_logged_once() {
        let mut lines = Lines::default();
        let one = |seq| message(seq, "carol", "hi");
        check(&mut lines, &history("e", &[one(1), one(2)]), &[]);
        check(&mut lines, &one(3), &["1003 carol: hi"]);
        check(&mut lines, &one(3), &[]);
        // Older pages, and what a resume brings.
        check(&mut lines, &history("e", &[one(1), one(2)]), &[]);
        let resumed = history("e", &[one(4), one(5)]);
        check(&mut lines, &resumed, &["1004 carol: hi", "1005 carol: hi"]);
        let gap = history("e", &[one(5), one(8), one(9)]);
        check(&mut lines, &gap, &["1008 carol: hi", "1009 carol: hi"]);
        let gap = history("e", &[one(20)]);
        let expected = ["9000 [messages are missing here]", "1020 carol: hi"];
        check(&mut lines, &gap, &expected);
        check(
            &mut lines,
            &history("other", &[one(1)]),
            &["1001 carol: hi"],
        );
    }

    #[test]
    fn what_moderators_do_to_the_log_is_logged() {
        let mut lines = Lines::default();
        let event = |name: &str, data: Value| json!({ "event": name, "data": data });
        let deleted = json!({ "id": "m1", "seq": 5, "by": "erin" });
        check(
            &mut lines,
            &event("deleteMessage", deleted),
            &["9000 [erin deleted a message]"],
        );
        let purged = json!({ "username": "mallory", "seq": 6, "by": "erin" });
        check(
            &mut lines,
            &event("purge", purged),
            &["9000 [erin deleted all messages of mallory]"],
        );
        let cleared = json!({ "seq": 7, "by": "erin" });
        check(
            &mut lines,
            &event("clear", cleared),
            &["9000 [erin cleared the room]"],
        );
        let mut other = message(8, "mallory", "a\nb");
        other["data"]["displayName"] = json!("Erin");
        check(&mut lines, &other, &["1008 Erin (mallory): a\nb"]);
    }
}
