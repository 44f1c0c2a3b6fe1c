//! Ctrl+K: rooms, people, commands and settings in one list, narrowed down by what is typed. What it
//! offers is fixed when it opens: nothing moves under the user's hand. Owns the order of what fits; must
//! not do what was chosen.

use super::composer::{Edit, Editor, KillRing};
use super::search::fold;
use crate::keymap::Action;
use crate::link::RoomKey;

/// Choices at most.
const CHOICES: usize = 2_000;
/// Bytes of what is typed.
const QUERY: usize = 256;
/// Characters of a name that are compared.
const COMPARED: usize = 64;
/// Rows that a page has, whatever the screen shows.
const PAGE: usize = 5;

/// What is gone to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    Room(RoomKey),
    /// A person, by the name that the server takes.
    Person(String),
    /// A command, by its name.
    Command(&'static str),
    Setting(Setting),
}

/// A setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// What is beside the messages.
    Sides,
    /// Whether somebody is told of mentions only while the window is another.
    OnlyUnfocused,
    /// One of the file's, by its name there: it is read at the start.
    OfFile(&'static str),
}

/// Something to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) goal: Goal,
    /// What it is found by, harmless.
    pub(crate) name: String,
    /// More about it, harmless.
    pub(crate) about: String,
}

/// What a key did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It stays open.
    Open,
    Closed,
    Chosen(Choice),
    /// The key is for others.
    NotMine,
}

/// The palette while it is open.
#[derive(Debug)]
pub(crate) struct Palette {
    pub(crate) query: Editor,
    choices: Vec<Known>,
    /// Places of the choices that fit, the best first.
    fitting: Vec<usize>,
    picked: usize,
}

#[derive(Debug)]
struct Known {
    choice: Choice,
    folded: Vec<char>,
}

impl Goal {
    /// What it is, in a word.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Goal::Room(_) => "room",
            Goal::Person(_) => "person",
            Goal::Command(_) => "command",
            Goal::Setting(_) => "setting",
        }
    }

    /// The sign with which a query asks for this kind alone.
    fn sign(&self) -> char {
        match self {
            Goal::Room(_) => '#',
            Goal::Person(_) => '@',
            Goal::Command(_) => '/',
            Goal::Setting(_) => '=',
        }
    }
}

impl Palette {
    /// Opens with these choices, those used last in front.
    pub(crate) fn new(choices: impl IntoIterator<Item = Choice>) -> Self {
        let choices = choices.into_iter().take(CHOICES).map(|choice| {
            let folded = fold(&choice.name);
            Known {
                choice,
                folded: folded.chars().take(COMPARED).collect(),
            }
        });
        let mut palette = Self {
            query: Editor::line(QUERY),
            choices: choices.collect(),
            fitting: Vec::new(),
            picked: 0,
        };
        palette.narrow();
        palette
    }

    /// Does what an action asks for.
    pub(crate) fn act(&mut self, action: &Action, kills: &mut KillRing) -> Outcome {
        match action {
            Action::Submit => match self.picked() {
                Some(choice) => return Outcome::Chosen(choice.clone()),
                None => return Outcome::Open,
            },
            Action::Escape | Action::Interrupt => return Outcome::Closed,
            Action::Down | Action::Complete | Action::NextRoom => self.step(1),
            Action::Up | Action::Select | Action::PreviousRoom => self.step(-1),
            Action::PageDown => self.step(PAGE as isize),
            Action::PageUp => self.step(-(PAGE as isize)),
            Action::KillOrPalette if self.query.is_at_end() => return Outcome::Closed,
            other => {
                let Some(edit) = Edit::of(other) else {
                    return Outcome::NotMine;
                };
                let revision = self.query.revision();
                // A query that is full finds what it finds.
                let _full = self.query.edit(edit, kills);
                self.narrow_since(revision);
            }
        }
        Outcome::Open
    }

    /// Puts pasted text into the query.
    pub(crate) fn paste(&mut self, text: &str) {
        let revision = self.query.revision();
        let _full = self.query.insert(text);
        self.narrow_since(revision);
    }

    /// What fits, the best first.
    pub(crate) fn fitting(&self) -> impl ExactSizeIterator<Item = &Choice> {
        self.fitting
            .iter()
            .map(|place| &self.choices[*place].choice)
    }

    /// The place of what is picked among those that fit.
    pub(crate) fn picked_place(&self) -> usize {
        self.picked
    }

    fn picked(&self) -> Option<&Choice> {
        let place = self.fitting.get(self.picked)?;
        Some(&self.choices[*place].choice)
    }

    fn step(&mut self, by: isize) {
        let last = self.fitting.len().saturating_sub(1);
        self.picked = self.picked.saturating_add_signed(by).min(last);
    }

    fn narrow_since(&mut self, revision: u64) {
        if self.query.revision() != revision {
            self.narrow();
        }
    }

    fn narrow(&mut self) {
        let query = self.query.text().trim_start();
        let signs = ['#', '@', '/', '='];
        let sign = query.chars().next().filter(|first| signs.contains(first));
        let query = fold(query.trim_start_matches(signs));
        let words: Vec<Vec<char>> = (query.split_whitespace())
            .map(|word| word.chars().take(COMPARED).collect())
            .collect();
        let mut fitting: Vec<(i32, usize)> = Vec::new();
        for (place, known) in self.choices.iter().enumerate() {
            if sign.is_some_and(|sign| known.choice.goal.sign() != sign) {
                continue;
            }
            let scores = words.iter().map(|word| score(word, &known.folded));
            if let Some(score) = scores.sum::<Option<i32>>() {
                fitting.push((score, place));
            }
        }
        // Of two that fit alike, the one used last: the order in which they were given.
        fitting.sort_by_key(|(score, place)| (-score, *place));
        self.fitting = fitting.into_iter().map(|(_, place)| place).collect();
        self.picked = 0;
    }
}

/// How well `word` fits `name`, both folded: as a whole, at the start, at the start of a word, inside, or
/// letter by letter with others between them. `None` where it does not.
fn score(word: &[char], name: &[char]) -> Option<i32> {
    let starts_at = |at: usize| name.len() >= at + word.len() && name[at..].starts_with(word);
    if name == word {
        return Some(1_000);
    }
    if starts_at(0) {
        return Some(800);
    }
    let places = || (1..name.len()).filter(|at| starts_at(*at));
    if places().any(|at| begins_word(name, at)) {
        return Some(600);
    }
    if places().next().is_some() {
        return Some(400);
    }
    // One letter somewhere says nothing.
    let letters = subsequence(word, name).filter(|_| word.len() > 1)?;
    Some(letters.clamp(1, 399))
}

fn begins_word(name: &[char], at: usize) -> bool {
    at == 0 || !name[at - 1].is_alphanumeric()
}

/// The best way to find the letters of `word` in `name` in order. Letters that begin words or follow each
/// other are worth more.
fn subsequence(word: &[char], name: &[char]) -> Option<i32> {
    const LETTER: i32 = 2;
    const BEGINS: i32 = 8;
    const FOLLOWS: i32 = 5;
    // The best score of the letters so far, where the last of them is at each place.
    let mut before: Vec<Option<i32>> = vec![Some(0); name.len()];
    for (number, letter) in word.iter().enumerate() {
        let mut row = vec![None; name.len()];
        let mut best_earlier: Option<i32> = (number == 0).then_some(0);
        for at in 0..name.len() {
            let follows = match at.checked_sub(1) {
                Some(earlier) if number > 0 => before[earlier].map(|score| score + FOLLOWS),
                _ => None,
            };
            if name[at] == *letter {
                let begins = if begins_word(name, at) { BEGINS } else { 0 };
                let best = follows.max(best_earlier);
                row[at] = best.map(|score| score + LETTER + begins);
            }
            if number > 0 {
                best_earlier = best_earlier.max(before[at]);
            }
        }
        before = row;
    }
    before.into_iter().flatten().max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keymap::Motion;

    fn choice(goal: Goal, name: &str) -> Choice {
        Choice {
            goal,
            name: name.to_owned(),
            about: String::new(),
        }
    }

    fn palette() -> Palette {
        let rooms = ["speedrun", "stream1", "mods"];
        let rooms = rooms.into_iter().zip(0..);
        let rooms = rooms.map(|(name, key)| choice(Goal::Room(RoomKey(key)), name));
        let people = ["Zoë", "mod_bot", "ssr"];
        let people = people.map(|name| choice(Goal::Person(name.to_owned()), name));
        let commands = ["mod", "unmod", "slow"].map(|name| choice(Goal::Command(name), name));
        Palette::new(rooms.chain(people).chain(commands))
    }

    fn names(palette: &Palette) -> Vec<&str> {
        palette
            .fitting()
            .map(|choice| choice.name.as_str())
            .collect()
    }

    fn type_in(palette: &mut Palette, text: &str) {
        for character in text.chars() {
            let outcome = palette.act(&Action::Insert(character), &mut KillRing::default());
            assert_eq!(outcome, Outcome::Open);
        }
    }

    #[track_caller]
    fn check(query: &str, expected: &[&str]) {
        let mut palette = palette();
        type_in(&mut palette, query);
        assert_eq!(names(&palette), expected, "{query:?}");
    }

    #[test]
    fn what_fits_best_is_first() {
        check("mod", &["mod", "mods", "mod_bot", "unmod"]);
        check("bot", &["mod_bot"]);
        check("zoe", &["Zoë"]);
        check("sr", &["ssr", "speedrun", "stream1"]);
        check("s1", &["stream1"]);
        check("mb", &["mod_bot"]);
        check("xq", &[]);
        check("x", &[]);
    }

    #[test]
    fn several_words_must_all_fit() {
        check("bot mod", &["mod_bot"]);
        check("  mod  un ", &["unmod"]);
        check("mod zoe", &[]);
    }

    #[test]
    fn a_sign_asks_for_one_kind() {
        check("/mod", &["mod", "unmod"]);
        check("@m", &["mod_bot"]);
        check("#", &["speedrun", "stream1", "mods"]);
        check("=", &[]);
    }

    #[test]
    fn keys_pick_and_choose() {
        let mut palette = palette();
        let mut kills = KillRing::default();
        assert_eq!(names(&palette).len(), 9, "everything, in the order given");
        let mut act = |palette: &mut Palette, action| palette.act(&action, &mut kills);
        for action in [
            Action::Up,
            Action::Down,
            Action::Complete,
            Action::PreviousRoom,
        ] {
            assert_eq!(act(&mut palette, action), Outcome::Open);
        }
        assert_eq!(palette.picked_place(), 1);
        act(&mut palette, Action::PageDown);
        act(&mut palette, Action::PageDown);
        assert_eq!(palette.picked_place(), 8, "stops at the end");
        type_in(&mut palette, "mods");
        assert_eq!(palette.picked_place(), 0, "the best");
        let Outcome::Chosen(chosen) = act(&mut palette, Action::Submit) else {
            panic!("nothing chosen");
        };
        assert_eq!(chosen.goal, Goal::Room(RoomKey(2)));
        act(&mut palette, Action::Move(Motion::Left));
        act(&mut palette, Action::Kill(Motion::RowStart));
        assert_eq!(palette.query.text(), "s");
        type_in(&mut palette, "qqq");
        assert_eq!(act(&mut palette, Action::Submit), Outcome::Open);
        assert_eq!(act(&mut palette, Action::Help), Outcome::NotMine);
        assert_eq!(act(&mut palette, Action::Escape), Outcome::Closed);
    }

    #[test]
    fn many_choices_and_long_names_are_bounded() {
        let person = |number: usize| {
            let name = format!("{number}{}", "x".repeat(5_000));
            choice(Goal::Person(name.clone()), &name)
        };
        let mut palette = Palette::new((0..CHOICES * 2).map(person));
        type_in(&mut palette, "1xy");
        assert_eq!(palette.choices.len(), CHOICES);
        assert_eq!(names(&palette).len(), 0);
    }
}
