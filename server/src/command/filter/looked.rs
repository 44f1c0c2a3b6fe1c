//! Looks at what a new pattern would match, because one that matches almost everything is most likely a
//! slip. Must not change anything.

use std::path::Path;
use std::time::{Duration, Instant};

use chat_protocol::{RoomName, Seq};

use crate::command::access;
use crate::domain::entry::Entry;
use crate::domain::filter::{Compared, Filter, Pattern};
use crate::store::log::{End, Range};

/// How many of a room's newest messages a new pattern is tried on.
const NEWEST: u64 = 200;
/// How long that may take, because some expressions are slow.
const LOOKING: Duration = Duration::from_secs(1);
/// A room needs this many messages before a pattern that matches almost all of them is a warning sign.
const ENOUGH: usize = 20;
/// Ordinary messages: a pattern that matches most of these matches almost everything in some room.
/// Most are in Latin letters, so that an expression for those alone is caught.
const ORDINARY: [&str; 24] = [
    "hello everyone, how is it going?",
    "this was the best run I have ever seen",
    "what is the name of that song",
    "no problem, see you tomorrow!",
    "who is winning right now?",
    "nice one",
    "thanks for the stream",
    "I just got here, did I miss much",
    "let's go",
    "lol",
    "Guten Abend zusammen, wie geht es euch?",
    "bonjour, c'est trop bien ce soir",
    "hola a todos, qué tal el juego",
    "obrigado pelo vídeo de ontem",
    "bugün çok iyi oynadın kardeşim",
    "dziękuję bardzo, do zobaczenia jutro",
    "Привет, как у вас дела?",
    "Дякую за ефір, було дуже цікаво",
    "καλησπέρα σε όλους",
    "你好，今天玩什么游戏",
    "こんばんは、楽しみです",
    "안녕하세요 오늘도 재미있네요",
    "مرحبا كيف حالكم اليوم",
    "🎉",
];

/// How many of a room's newest messages a pattern would have hit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Looked {
    pub(super) messages: usize,
    hits: usize,
}

impl Looked {
    /// Looks at the newest messages of `room`, if they can be read (it may not exist, say).
    pub(super) fn at_room(data: &Path, room: &RoomName, filter: &Filter) -> Self {
        Self::at(&newest_messages(data, room), filter)
    }

    /// Looks for as long as that takes, but not for longer than [`LOOKING`].
    fn at(texts: &[String], filter: &Filter) -> Self {
        let end = Instant::now() + LOOKING;
        let mut looked = Self::default();
        for text in texts.iter().rev() {
            looked.messages += 1;
            looked.hits += usize::from(filter.find(&Compared::of(text)).is_some());
            if Instant::now() >= end {
                break;
            }
        }
        looked
    }

    /// Why the operator has to confirm the pattern, if it matches too much.
    pub(super) fn hazard(&self, pattern: &Pattern, filter: &Filter) -> Option<String> {
        let holds = |text: &&&str| filter.find(&Compared::of(text)).is_some();
        let held = ORDINARY.iter().filter(holds).count();
        if held == ORDINARY.len() {
            return Some(format!("`{}` matches every message", pattern.text));
        }
        if held * 2 > ORDINARY.len() {
            return Some(format!("`{}` matches most messages", pattern.text));
        }
        let is_most = self.messages >= ENOUGH && self.hits * 10 >= self.messages * 9;
        is_most.then(|| format!("`{}` matches {self}", pattern.text))
    }
}

impl std::fmt::Display for Looked {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { messages, hits } = self;
        write!(
            formatter,
            "{hits} of the newest {messages} messages in the room"
        )
    }
}

/// The texts of a room's newest messages; none if they can't be read.
fn newest_messages(data: &Path, room: &RoomName) -> Vec<String> {
    let range = Range {
        after: Seq(0),
        before: None,
        limit: NEWEST,
        end: End::Newest,
        with_modes: false,
    };
    let texts = access::read(data, async |store| {
        let room = store.room_called(room).await?;
        let slice = store.read(&room, range).await?;
        let messages = slice.entries.iter().filter_map(Entry::message);
        Ok(messages
            .map(|posted| posted.content.as_str().to_owned())
            .collect())
    });
    // What is wrong is said when the pattern is stored.
    texts.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::filter::{Action, Kind};

    fn hazard(text: &str, kind: Kind, messages: &[&str]) -> Option<String> {
        let pattern = Pattern {
            text: text.to_owned(),
            kind,
            action: Action::Refuse,
            reason: None,
            flaw: None,
        };
        let filter = Filter::compile(vec![pattern.clone()]).unwrap();
        let messages: Vec<String> = messages.iter().map(|&text| text.to_owned()).collect();
        Looked::at(&messages, &filter).hazard(&pattern, &filter)
    }

    #[test]
    fn what_holds_of_every_message_is_a_slip() {
        for text in [".", ".+", "(?s).+", ".{1,9}", r"\S", "[^x]"] {
            assert!(hazard(text, Kind::Regex, &[]).is_some(), "{text}");
        }
        for text in [
            r"\w",
            r"\p{L}",
            "..",
            ".{3,}",
            ".{5}",
            r"\w\w",
            r"\b.",
            r"\b",
            "[aeiou]",
            "[a-z]",
            "[a-z]+",
            r"\s",
            "[^0-9]",
            "e|o",
            r"^\w",
            r"(?i)[A-Z]",
            r"\p{Latin}",
            "[[:alpha:]]",
        ] {
            let said = hazard(text, Kind::Regex, &[]);
            assert!(said.is_some(), "{text}");
        }
        for text in [
            r"https?://",
            "[a-z]{30}",
            "^.{1,9}$",
            "[0-9]",
            "!",
            "lol",
            "[A-Z]{9}",
            r"[\p{Cyrillic}]",
            r"\p{Han}",
            r"[^\x00-\x7f]",
        ] {
            assert_eq!(hazard(text, Kind::Regex, &[]), None, "{text}");
        }
        for text in [".+", "the", "is", "lol", "spam"] {
            assert_eq!(hazard(text, Kind::Word, &[]), None, "{text}");
        }
    }

    #[test]
    fn what_most_people_write_is_a_slip_where_enough_was_written() {
        let gg = ["gg"; ENOUGH];
        let said = hazard("gg", Kind::Word, &gg).unwrap();
        assert!(said.contains("20 of the newest 20"), "{said}");
        assert_eq!(hazard("gg", Kind::Word, &gg[1..]), None);
        assert_eq!(hazard("bad", Kind::Word, &gg), None);
    }
}
