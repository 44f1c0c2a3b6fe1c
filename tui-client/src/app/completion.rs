//! Tab: completes commands, what follows them, and the names of those who wrote; pressed again, the next
//! that fits. Owns what fits and in which order; must not edit by itself.
//!
//! A name at the start of a message gets an `@`, since the message is for its owner; within one it is
//! written as the user began it, since one also writes about people. `name: ` as on IRC would call
//! nobody on clients that look for the `@`.

use super::App;
use super::search::fold;
use crate::command;
use chat_protocol::Rank;

/// Candidates at most.
const OFFERED: usize = 50;
/// Durations that are offered: those that the digits on a bar mean.
const DURATIONS: [&str; 5] = ["60s", "10m", "1h", "1d", "7d"];
/// Seconds that are offered for slow mode.
const SECONDS: [&str; 5] = ["5", "10", "30", "60", "120"];
/// Commands that change who may do what: for administrators.
const APPOINTING: [&str; 4] = ["mod", "unmod", "vip", "unvip"];
/// Commands for moderation that are everybody's as well.
const EVERYBODYS: [&str; 1] = ["delete"];

/// What Tab put in, and what it puts in next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Completion {
    fitting: Vec<String>,
    /// The place of what stands in the input now.
    shown: usize,
    /// Where it begins there, in bytes.
    start: usize,
    /// The room and the revision of its text in which it stands.
    at: Option<(usize, u64)>,
}

/// What there is to complete with.
#[derive(Debug, Default)]
struct Words {
    /// Commands, with what follows each: one may be there several times.
    commands: Vec<(&'static str, &'static str)>,
    /// Names of users, in the order in which they are offered.
    names: Vec<String>,
    rooms: Vec<String>,
    settings: Vec<String>,
}

impl App {
    /// Completes the word before the cursor.
    pub(super) fn complete(&mut self) {
        if self.candidates_at().is_some() {
            self.completion.shown = (self.completion.shown + 1) % self.completion.fitting.len();
        } else {
            let words = self.words();
            let (start, fitting) = words.fitting(self.room().composer.before_cursor());
            self.completion = Completion {
                fitting,
                start,
                ..Completion::default()
            };
        }
        let Completion {
            fitting,
            shown,
            start,
            ..
        } = &self.completion;
        let (Some(next), start) = (fitting.get(*shown), *start) else {
            self.hint("no match");
            return;
        };
        let composer = &self.room().composer;
        let behind = &composer.text()[composer.before_cursor().len()..];
        let gap = if behind.starts_with(' ') { "" } else { " " };
        let text = format!("{next}{gap}");
        let result = self.room_mut().composer.replace(start, &text);
        self.tell_overflow(result);
        self.completion.at = Some((self.active, self.room().composer.revision()));
    }

    /// What Tab goes through, and the place of what stands in the input, until something else is typed.
    pub(crate) fn candidates(&self) -> Option<(&[String], usize)> {
        let several = self.completion.fitting.len() > 1;
        self.candidates_at().filter(|_| several)
    }

    fn candidates_at(&self) -> Option<(&[String], usize)> {
        let at = (self.active, self.room().composer.revision());
        let is_there = self.completion.at == Some(at) && !self.completion.fitting.is_empty();
        is_there.then_some((self.completion.fitting.as_slice(), self.completion.shown))
    }

    /// True for commands that the user may use in this room: others are not offered, and refused by the
    /// server.
    pub(crate) fn may_use(&self, command: &str) -> bool {
        let is_moderation = command::MODERATION
            .iter()
            .any(|(name, ..)| *name == command);
        let least = match command {
            name if APPOINTING.contains(&name) => Rank::Administrator,
            name if is_moderation && !EVERYBODYS.contains(&name) => Rank::Moderator,
            _ => return true,
        };
        self.room().rank <= least
    }

    fn words(&self) -> Words {
        let plain = command::COMMANDS.iter().chain(&command::ACTING);
        let plain = plain.map(|(name, ..)| (*name, ""));
        let moderation = command::GOING
            .iter()
            .chain(&command::READING)
            .chain(&command::MODERATION)
            .map(|(name, usage, _)| (*name, *usage));
        let commands = plain.chain(moderation);
        let commands = commands.filter(|(name, _)| self.may_use(name)).collect();
        let names = self.room().timeline.authors_beginning_with("", &self.key);
        Words {
            commands,
            names: names.into_iter().map(str::to_owned).collect(),
            rooms: self.rooms.iter().map(|room| room.label.clone()).collect(),
            settings: Vec::new(),
        }
    }
}

impl Words {
    /// What fits the word at the end of `before`, the best first, and where that word begins.
    fn fitting(&self, before: &str) -> (usize, Vec<String>) {
        let space = before
            .char_indices()
            .rfind(|(_, character)| character.is_whitespace());
        let start = space.map_or(0, |(at, space)| at + space.len_utf8());
        let (earlier, word) = before.split_at(start);
        let is_first = earlier.trim().is_empty();
        let line = before.trim_start();
        let is_command = line.starts_with('/') && !line.starts_with("//");
        let found = match word.strip_prefix('/') {
            Some(name) if is_first && is_command => {
                let mut names: Vec<_> = self.commands.iter().map(|(name, _)| *name).collect();
                names.dedup();
                best(name, names).map(|name| format!("/{name}")).collect()
            }
            _ if is_command && !is_first => self.arguments(earlier, word),
            _ => self.named(word, is_first),
        };
        (start, found)
    }

    /// What may stand at the end of the command that begins with `earlier`.
    fn arguments(&self, earlier: &str, word: &str) -> Vec<String> {
        let mut given = earlier.split_whitespace();
        let name = given.next().unwrap_or_default().trim_start_matches('/');
        let place = given.count();
        let mut found: Vec<String> = Vec::new();
        for (known, usage) in &self.commands {
            if !known.eq_ignore_ascii_case(name) {
                continue;
            }
            for kind in usage
                .split_whitespace()
                .nth(place)
                .unwrap_or_default()
                .split('|')
            {
                let fitting = self.of_kind(kind.trim_matches(['[', ']']), word);
                let new = fitting.into_iter().filter(|one| !found.contains(one));
                found.extend(new.collect::<Vec<_>>());
            }
        }
        // A reason names people as a message does.
        if found.is_empty() && !word.is_empty() && word != "@" {
            return self.named(word, false);
        }
        found
    }

    /// `kind` is a word out of a command's usage.
    fn of_kind(&self, kind: &str, word: &str) -> Vec<String> {
        let owned = |found: &mut dyn Iterator<Item = &str>| found.map(str::to_owned).collect();
        let literal = |kind: &str| kind.starts_with(|first: char| first.is_ascii_lowercase());
        match kind {
            "NAME" => self.named(word, false),
            "DURATION" => owned(&mut best(word, DURATIONS)),
            "SECONDS" => owned(&mut best(word, SECONDS)),
            "ROOM" => owned(&mut best(word, self.rooms.iter().map(String::as_str))),
            "SETTING" => owned(&mut best(word, self.settings.iter().map(String::as_str))),
            kind if literal(kind) => owned(&mut best(word, [kind])),
            _ => Vec::new(),
        }
    }

    /// The names that fit `word`, with the `@` that it has, or that `at_start` calls for.
    fn named(&self, word: &str, at_start: bool) -> Vec<String> {
        let (has_sign, name) = match word.strip_prefix('@') {
            Some(name) => (true, name),
            None => (at_start, word),
        };
        let sign = if has_sign { "@" } else { "" };
        let found = best(name, self.names.iter().map(String::as_str));
        found.map(|name| format!("{sign}{name}")).collect()
    }
}

/// Those that begin with `word`, then those that have it inside, whatever the case and accents; each
/// group in the order given.
fn best<'word>(
    word: &str,
    candidates: impl IntoIterator<Item = &'word str>,
) -> impl Iterator<Item = &'word str> {
    let word = fold(word);
    let mut inside = Vec::new();
    let mut first = Vec::new();
    for candidate in candidates {
        match fold(candidate).find(&word) {
            Some(0) => first.push(candidate),
            Some(_) => inside.push(candidate),
            None => {}
        }
    }
    first.into_iter().chain(inside).take(OFFERED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Words {
            commands: vec![
                ("who", ""),
                ("mute", "NAME DURATION [REASON]"),
                ("unmute", "NAME"),
                ("ban", "NAME [DURATION] [REASON]"),
                ("ban", "NAME - REASON"),
                ("slow", "SECONDS|off"),
                ("members", "on|off"),
                ("join", "ROOM"),
                ("set", "SETTING on|off"),
            ],
            names: owned(&["Zoë", "zoran", "kazoo", "日本太郎"]),
            rooms: owned(&["stream1", "speedrun"]),
            settings: owned(&["mouse", "log"]),
        }
    }

    #[track_caller]
    fn check(before: &str, expected: &[&str]) {
        let (start, found) = words().fitting(before);
        assert_eq!(found, expected, "{before:?}");
        let word = before.split(char::is_whitespace).next_back().unwrap();
        assert_eq!(&before[start..], word);
    }

    #[test]
    fn names_fit_by_their_beginning_then_inside() {
        check("zo", &["@Zoë", "@zoran", "@kazoo"]);
        check("ZOE", &["@Zoë"]);
        check("@ZO", &["@Zoë", "@zoran", "@kazoo"]);
        check("ask zo", &["Zoë", "zoran", "kazoo"]);
        check("ask @zor", &["@zoran"]);
        check("ask\u{3000}日", &["日本太郎"]);
        check("x", &[]);
        check("", &["@Zoë", "@zoran", "@kazoo", "@日本太郎"]);
        check("//zo", &[]);
    }

    #[test]
    fn commands_fit_where_they_are_the_first_word() {
        check("/mu", &["/mute", "/unmute"]);
        check(" /WHO", &["/who"]);
        check("/b", &["/ban", "/members"]);
        check("see /mu", &[]);
    }

    #[test]
    fn what_follows_a_command_is_of_its_kind() {
        check("/mute ", &["Zoë", "zoran", "kazoo", "日本太郎"]);
        check("/mute @z", &["@Zoë", "@zoran", "@kazoo"]);
        check("/mute zoran ", &["60s", "10m", "1h", "1d", "7d"]);
        check("/BAN zoran 1", &["10m", "1h", "1d"]);
        check("/ban zoran 10m ", &[]);
        check("/ban zoran 10m like z", &["Zoë", "zoran", "kazoo"]);
        check("/slow ", &["5", "10", "30", "60", "120", "off"]);
        check("/slow o", &["off"]);
        check("/members ", &["on", "off"]);
        check("/join s", &["stream1", "speedrun"]);
        check("/set l", &["log"]);
        check("/set log o", &["on", "off"]);
        check("/who ", &[]);
        check("/nope ", &[]);
    }

    #[test]
    fn no_more_is_offered_than_anybody_goes_through() {
        let names = (0..500).map(|number| format!("user{number}")).collect();
        let many = Words {
            names,
            ..Words::default()
        };
        assert_eq!(many.fitting("us").1.len(), OFFERED);
    }
}
