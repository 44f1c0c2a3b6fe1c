//! `chat-server filter`: a room's blocked patterns on the command line. A running server makes the
//! change itself, with effect at once; otherwise the change is written to the database.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chat_protocol::{RoomName, Seq, shows};
use clap::Subcommand;

use crate::clock;
use crate::command::console;
use crate::command::moderator::{CREATE, ask, ask_for, called, found, need};
use crate::command::safeguards;
use crate::control::Request;
use crate::domain::entry::Entry;
use crate::domain::filter::{Action, Change, Compared, Filter, Kind, Pattern};
use crate::domain::room::operator;
use crate::store::filters::Filters;
use crate::store::log::{End, Range, RoomLog};
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::database::Database;

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

/// The subcommands of `chat-server filter`.
#[derive(Subcommand)]
pub enum FilterSubcommand {
    /// List a room's blocked patterns: kind, pattern, action, reason.
    ///
    /// A pattern that can't be used is marked `not working`, with the cause.
    List {
        /// The room.
        #[arg(value_parser = console::room_name)]
        room: RoomName,
    },
    /// Refuse messages that contain a pattern, or hold them for a moderator.
    ///
    /// Moderators are exempt.
    Add {
        /// The room.
        #[arg(value_parser = console::room_name)]
        room: RoomName,
        /// Word or phrase; case is ignored, and only whole words match.
        pattern: String,
        /// Treat the pattern as a regular expression, which can match anywhere in a message.
        #[arg(long)]
        regex: bool,
        /// Hold messages for a moderator instead of refusing them.
        #[arg(long)]
        hold: bool,
        /// Reason, shown to the author of a refused message.
        ///
        /// The author never sees the pattern itself.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Create the room if it does not exist.
        #[arg(long)]
        create: bool,
        /// Do not ask, even if the pattern matches most messages.
        #[arg(long)]
        yes: bool,
    },
    /// Stop blocking a pattern.
    Remove {
        /// The room.
        #[arg(value_parser = console::room_name)]
        room: RoomName,
        /// The pattern, as `filter list` shows it.
        pattern: String,
    },
}

/// Carries out `command` for the server of `data`.
pub fn run(command: FilterSubcommand, data: &Path) -> anyhow::Result<()> {
    match command {
        FilterSubcommand::List { room } => list(&room, data),
        FilterSubcommand::Add {
            room,
            pattern,
            regex,
            hold,
            reason,
            create,
            yes,
        } => {
            let kind = match regex {
                true => Kind::Regex,
                false => Kind::Word,
            };
            let action = match hold {
                true => Action::Hold,
                false => Action::Refuse,
            };
            let pattern = Pattern {
                text: pattern,
                kind,
                action,
                reason: reason.filter(|reason| shows(reason)),
                flaw: None,
            };
            add(&room, pattern, create, yes, data)
        }
        FilterSubcommand::Remove { room, pattern } => {
            safeguards::look_for_room(data, &room, None)?;
            let change = Change::Remove(pattern);
            let request = Request::Filter(room.as_str().to_owned(), change.clone());
            ask(data, &request, |database| async move {
                let room = called(&database, &room).await?;
                store(database, &room, &change).await
            })
        }
    }
}

fn list(room: &RoomName, data: &Path) -> anyhow::Result<()> {
    console::for_reading(data, |database| async move {
        let room = &safeguards::need_room(&database, room, None).await?;
        let filter = Filter::stored(SqliteStore::new(database).load(room).await?);
        console::say(filter.patterns().iter().map(|pattern| {
            let (kind, action) = (pattern.kind.as_str(), pattern.action.as_str());
            let text = console::plain(&pattern.text);
            let reason = console::plain(pattern.reason.as_deref().unwrap_or(""));
            let listed = format!("{kind}\t{text}\t{action}\t{reason}");
            match &pattern.flaw {
                Some(flaw) => format!(
                    "{listed}\tnot working: {}",
                    console::plain(&flaw.to_string())
                ),
                None => listed,
            }
        }))?;
        Ok(())
    })
}

fn add(
    room: &RoomName,
    pattern: Pattern,
    creates: bool,
    is_sure: bool,
    data: &Path,
) -> anyhow::Result<()> {
    // Checked here as well: a request to the server has to be short.
    let filter = Filter::compile(vec![pattern.clone()])?;
    if !creates {
        safeguards::look_for_room(data, room, Some(CREATE))?;
    }
    let looked = Looked::at(&newest_messages(data, room), &filter);
    if let Some(hazard) = looked.hazard(&pattern, &filter) {
        safeguards::be_sure(is_sure, &hazard)?;
    }
    let change = Change::Add(pattern);
    let name = room.as_str().to_owned();
    let request = match creates {
        true => Request::FilterNew(name, change.clone()),
        false => Request::Filter(name, change.clone()),
    };
    let done = ask_for(data, &request, false, |database| async move {
        let room = &called(&database, room).await?;
        need(&database, room, creates).await?;
        let done = store(Arc::clone(&database), room, &change).await?;
        if creates {
            found(&database, room).await?;
        }
        Ok(done)
    })?;
    console::say([match looked.messages {
        0 => done,
        _ => format!("{done}; it would have matched {looked}"),
    }])?;
    Ok(())
}

/// Makes the change in the database, for when no server is running.
async fn store(
    database: Arc<Database>,
    room: &RoomName,
    change: &Change,
) -> anyhow::Result<String> {
    let filters = SqliteStore::new(database);
    // Checked against those that are there.
    Filter::changed(filters.load(room).await?, change)?;
    let by = operator().username;
    filters.change(room, change, &by, clock::now()).await?;
    Ok(change.sentence())
}

/// The texts of a room's newest messages; none if they can't be read (the room does not exist, say).
fn newest_messages(data: &Path, room: &RoomName) -> Vec<String> {
    let mut texts = Vec::new();
    let range = Range {
        after: Seq(0),
        before: None,
        limit: NEWEST,
        end: End::Newest,
        with_modes: false,
    };
    // What is wrong is said when the pattern is stored.
    let _ = console::for_reading(data, async |database| {
        let room = &called(&database, room).await?;
        let slice = SqliteStore::new(database).read(room, range).await?;
        let messages = slice.entries.iter().filter_map(Entry::message);
        texts.extend(messages.map(|posted| posted.content.as_str().to_owned()));
        Ok(())
    });
    texts
}

/// How many of a room's newest messages a pattern would have hit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Looked {
    messages: usize,
    hits: usize,
}

impl Looked {
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
    fn hazard(&self, pattern: &Pattern, filter: &Filter) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
