//! Whatever the room does meanwhile: who and what is hit is what the question named.

use std::thread::sleep;
use std::time::Duration;

use chat_tests::{BusyRoom, Key, Terminal, number_in};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use super::{busy_room, escape, picked, question, wait_for_question};

/// How often somebody or something is hit.
const TRIALS: usize = 100;

/// Somebody who picks messages, and is as quick and as slow as people are.
struct Moderator {
    terminal: Terminal,
    random: StdRng,
}

impl Moderator {
    fn think(&mut self) {
        sleep(Duration::from_millis(self.random.random_range(0..150)));
    }

    /// Picks a message some rows above the lowest, and presses `key`; gives the number of what is
    /// picked beside the question, and the question.
    fn ask(&mut self, key: &str) -> (u32, String) {
        if self.random.random_bool(0.7) {
            self.terminal.key(Key::End);
        }
        self.terminal.key(Key::BackTab);
        for _ in 0..self.random.random_range(0..9) {
            self.terminal.key(Key::Up);
        }
        loop {
            self.think();
            self.terminal.type_text(key);
            wait_for_question(&self.terminal);
            self.think();
            let asked = self
                .terminal
                .wait_for("what the question is about", |screen| {
                    question(screen).is_some() && picked(screen).is_some()
                });
            if let Some(number) = picked(&asked).and_then(number_in) {
                let words = question(&asked).unwrap_or_default();
                return (number, words.to_owned());
            }
            // It has been deleted before: the next one.
            escape(&mut self.terminal);
            self.terminal.key(Key::Up);
        }
    }

    /// Enter: the question must be the one that was read.
    fn confirm(&mut self, words: &str) {
        let now = self.terminal.screen();
        let unchanged = |words: &str| words.split('?').next().map(str::to_owned);
        let stands = question(&now).and_then(unchanged);
        assert_eq!(stands, unchanged(words), "{:?}", now.rows);
        self.terminal.key(Key::Enter);
    }
}

/// Why a trial went wrong; nothing where it hit what was named.
fn delete_one(room: &BusyRoom, moderator: &mut Moderator) -> Option<String> {
    let before = room.deleted().len();
    let (number, words) = moderator.ask("x");
    moderator.confirm(&words);
    let deleted = room.wait_for_deletions(before + 1);
    let named = number_in(&words).map(|named| room.posted(named));
    let picked = room.posted(number);
    let is_right = named.as_ref() == Some(&picked)
        && words.contains(&picked.author)
        && deleted[before..] == [picked.id.clone()];
    (!is_right).then(|| {
        format!(
            "{words}: picked {number} {picked:?}, deleted {:?}",
            &deleted[before..]
        )
    })
}

/// The same for a time-out, which is taken back at once so that the room stays as busy.
fn time_out_one(room: &BusyRoom, moderator: &mut Moderator) -> Option<String> {
    let before = room.audit().len();
    let (number, words) = moderator.ask("t");
    moderator.confirm(&words);
    let is_mute = |line: &Value| line["action"] == "mute";
    let lines = room.wait_for_audit(before, |lines| lines.iter().any(is_mute));
    let hit: Vec<&str> = lines
        .iter()
        .filter(|line| is_mute(line))
        .filter_map(|line| line["target"].as_str())
        .collect();
    let picked = room.posted(number);
    room.order("unmute", json!({ "username": hit[0] }), "unmute");
    let is_right = hit == [picked.author.as_str()]
        && words.starts_with(&format!("Time out {} for ", picked.author));
    (!is_right).then(|| format!("{words}: picked {number} {picked:?}, hit {hit:?}"))
}

#[test]
fn what_the_question_named_is_hit_a_hundred_times_out_of_a_hundred() {
    let (room, terminal) = busy_room();
    let mut moderator = Moderator {
        terminal,
        random: StdRng::seed_from_u64(16),
    };
    let mut wrong = Vec::new();
    for trial in 0..TRIALS {
        let outcome = match trial % 2 {
            0 => delete_one(&room, &mut moderator),
            _ => time_out_one(&room, &mut moderator),
        };
        wrong.extend(outcome);
        // Whatever still stands is not for the next.
        escape(&mut moderator.terminal);
    }
    assert!(wrong.is_empty(), "{} of {TRIALS}: {wrong:#?}", wrong.len());
    // A room that had fallen silent would have proved nothing.
    let posted = room.posted_count();
    assert!(posted > TRIALS, "only {posted} messages");
}
