//! Whom the user does not want to read: by the key of the name, in every room, until taken back. Owns
//! the list and what `/ignore`, `/unignore` and `/ignored` answer; what is hidden is the timelines'
//! business.

use std::collections::HashSet;

use chat_protocol::{Rank, Username};

use super::App;
use super::row::Tone;
use crate::sanitize;

/// People that may be ignored at a time.
const PEOPLE: usize = 1_000;
/// Characters of what was typed that an answer repeats.
const SHOWN: usize = 64;

/// Those who are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ignored {
    /// Keys of names, in the order in which they were added.
    keys: Vec<Box<str>>,
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The list is another one now; this says how.
    Changed(String),
    /// Nothing changed, because of this.
    Same(String),
}

impl Ignored {
    /// The list of an earlier run. What is no name is left out.
    pub(crate) fn from_saved(names: impl IntoIterator<Item = String>) -> Self {
        let mut ignored = Self::default();
        for name in names {
            if let Ok(username) = Username::new(&name)
                && ignored.keys.len() < PEOPLE
                && !ignored.has(username.key())
            {
                ignored.keys.push(username.key().into());
            }
        }
        ignored
    }

    /// The list, for the next run.
    pub(crate) fn to_save(&self) -> Vec<String> {
        self.keys.iter().map(|key| key.to_string()).collect()
    }

    /// The same for the timelines.
    pub(crate) fn keys(&self) -> HashSet<Box<str>> {
        self.keys.iter().cloned().collect()
    }

    /// Whether somebody is ignored.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|one| **one == *key)
    }

    /// `/ignore NAME`; `me` is the key of the user's own name.
    pub(crate) fn ignore(&mut self, name: &str, me: &str) -> Answer {
        let username = match named(name) {
            Ok(username) => username,
            Err(problem) => return Answer::Same(problem),
        };
        let (shown, key) = (sanitize::line(username.as_str()), username.key());
        if key == me {
            return Answer::Same("you can't ignore yourself".to_owned());
        }
        if self.has(key) {
            return Answer::Same(format!("{shown} is ignored already"));
        }
        if self.keys.len() >= PEOPLE {
            return Answer::Same(format!(
                "{PEOPLE} people are ignored, that is the most: /unignore somebody first"
            ));
        }
        self.keys.push(key.into());
        Answer::Changed(format!(
            "you no longer see what {shown} writes; /unignore {shown} takes that back"
        ))
    }

    /// `/unignore NAME`.
    pub(crate) fn unignore(&mut self, name: &str) -> Answer {
        let username = match named(name) {
            Ok(username) => username,
            Err(problem) => return Answer::Same(problem),
        };
        let shown = sanitize::line(username.as_str());
        let before = self.keys.len();
        self.keys.retain(|key| **key != *username.key());
        match self.keys.len() < before {
            true => Answer::Changed(format!("you see again what {shown} writes")),
            false => Answer::Same(format!("{shown} is not ignored; {}", self.words())),
        }
    }

    /// `/ignored`: who is.
    pub(crate) fn words(&self) -> String {
        if self.keys.is_empty() {
            return "nobody is ignored; /ignore NAME hides what somebody writes".to_owned();
        }
        let names: Vec<String> = self.keys.iter().map(|key| sanitize::line(key)).collect();
        format!("ignored: {}", names.join(", "))
    }
}

fn named(name: &str) -> Result<Username, String> {
    let name = name.trim();
    let name = name.strip_prefix('@').unwrap_or(name);
    if name.is_empty() {
        return Err("whom? write the name behind it".to_owned());
    }
    Username::new(name).map_err(|error| format!("{} {error}", sanitize::brief(name, SHOWN)))
}

impl App {
    /// Takes over the list of an earlier run.
    pub(crate) fn restore_ignored(&mut self, names: Vec<String>) {
        self.ignored = Ignored::from_saved(names);
        self.apply_ignored();
    }

    /// The list, for the next run.
    pub(crate) fn ignored_to_save(&self) -> Vec<String> {
        self.ignored.to_save()
    }

    pub(super) fn ignore_somebody(&mut self, name: &str) {
        let answer = self.ignored.ignore(name, &self.key);
        self.tell_ignored(answer);
    }

    pub(super) fn unignore_somebody(&mut self, name: &str) {
        let answer = self.ignored.unignore(name);
        self.tell_ignored(answer);
    }

    pub(super) fn list_ignored(&mut self) {
        let words = self.ignored.words();
        self.say(Tone::Text, words);
    }

    /// The user's rank in a room may be another one: moderators see that something is hidden.
    pub(super) fn note_rank(&mut self, place: usize, had: Rank) {
        let keeps_order = |rank: Rank| rank <= Rank::Moderator;
        let keeps = keeps_order(self.rooms[place].rank);
        // What was deleted is for moderators alone.
        self.rooms[place].timeline.keep_deleted(keeps);
        let is_other = keeps_order(had) != keeps;
        if is_other {
            self.hide_ignored(place);
        }
    }

    fn tell_ignored(&mut self, answer: Answer) {
        match answer {
            Answer::Same(words) => self.say(Tone::Alert, words),
            Answer::Changed(words) => {
                self.apply_ignored();
                self.say(Tone::Good, words);
            }
        }
    }

    /// Hides and shows what the list says, in every room.
    fn apply_ignored(&mut self) {
        self.reader.ignored = self.ignored.keys();
        for place in 0..self.rooms.len() {
            self.hide_ignored(place);
            // What was looked for before may show what is to be hidden, or lack what is not.
            self.rooms[place].leave_views();
        }
    }

    /// The same in one room, where the user's rank may be another one.
    pub(super) fn hide_ignored(&mut self, place: usize) {
        let room = &mut self.rooms[place];
        let keeps_order = room.rank <= Rank::Moderator;
        for key in &self.reader.ignored {
            room.reading.forget_author(key);
        }
        room.timeline.ignore(&self.reader, keeps_order);
        room.renew_pin();
        self.draw = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(answer: Answer) -> String {
        match answer {
            Answer::Same(words) => words,
            changed => panic!("{changed:?}"),
        }
    }

    #[test]
    fn people_are_ignored_by_the_name_that_the_server_goes_by() {
        let mut ignored = Ignored::default();
        assert_eq!(
            ignored.ignore(" @Bob ", "alice"),
            Answer::Changed(
                "you no longer see what Bob writes; /unignore Bob takes that back".into()
            )
        );
        assert!(ignored.has("bob"));
        assert_eq!(
            same(ignored.ignore("ＢＯＢ", "alice")),
            "ＢＯＢ is ignored already"
        );
        assert_eq!(
            same(ignored.ignore("ALICE", "alice")),
            "you can't ignore yourself"
        );
        assert_eq!(
            same(ignored.ignore("", "alice")),
            "whom? write the name behind it"
        );
        assert_eq!(
            same(ignored.ignore("a b", "alice")),
            "a b can't contain a space"
        );
        assert_eq!(ignored.words(), "ignored: bob");
        assert_eq!(
            same(ignored.unignore("eve")),
            "eve is not ignored; ignored: bob"
        );
        assert_eq!(
            ignored.unignore("BOB"),
            Answer::Changed("you see again what BOB writes".into())
        );
        assert!(ignored.words().starts_with("nobody is ignored"));
    }

    #[test]
    fn the_list_lasts_and_is_bounded() {
        let mut ignored = Ignored::default();
        for number in 0..PEOPLE {
            ignored.ignore(&format!("user{number}"), "alice");
        }
        assert!(same(ignored.ignore("one.more", "alice")).contains("/unignore somebody first"));
        let saved = ignored.to_save();
        assert_eq!(Ignored::from_saved(saved.clone()), ignored);
        let broken = ["Bob".to_owned(), "bob".to_owned(), "a b".to_owned()];
        assert_eq!(Ignored::from_saved(broken).to_save(), ["bob"]);
        let twice = saved
            .iter()
            .chain(["last".to_owned()].iter())
            .cloned()
            .collect::<Vec<_>>();
        assert_eq!(Ignored::from_saved(twice).keys().len(), PEOPLE);
    }
}
