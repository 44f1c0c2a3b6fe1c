//! Leaving without losing what was typed: who leaves while messages are on their way is kept a moment
//! for the answers, and asked where none can come. Must not end anything itself.

use std::time::Duration;

use super::App;
use super::event::Effect;
use super::row::Tone;

/// How long answers are waited for.
const ANSWERS: Duration = Duration::from_secs(2);
/// How long the question whether to leave all the same stands.
const QUESTION: Duration = Duration::from_secs(3);

/// How far leaving has got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Leaving {
    #[default]
    No,
    /// It is over once all is answered; until then.
    Answers { until: Duration, refused: usize },
    /// Asked again until then, the program ends.
    Question { until: Duration },
}

impl App {
    /// The user wants to leave.
    pub(super) fn quit(&mut self, effects: &mut Vec<Effect>) {
        let now = self.now.elapsed;
        let insists = match std::mem::take(&mut self.leaving) {
            Leaving::No => false,
            Leaving::Answers { .. } => true,
            Leaving::Question { until } => now < until,
        };
        let waiting = self.waiting();
        if insists || waiting == 0 {
            effects.push(Effect::Quit);
        } else if self.on_the_way() == waiting {
            self.leaving = Leaving::Answers {
                until: now + ANSWERS,
                refused: self.refused(),
            };
        } else {
            self.ask_to_quit();
        }
    }

    /// Goes on with leaving, after whatever happened.
    pub(super) fn go_on_leaving(&mut self, effects: &mut Vec<Effect>) {
        let (until, refused) = match self.leaving {
            Leaving::No => return,
            Leaving::Question { until } => {
                if self.now.elapsed >= until {
                    self.leaving = Leaving::No;
                    self.draw = true;
                }
                return;
            }
            Leaving::Answers { until, refused } => (until, refused),
        };
        let waiting = self.waiting();
        if self.refused() > refused {
            // Its reason is told already.
            self.leaving = Leaving::No;
            self.draw = true;
        } else if waiting == 0 || self.now.elapsed >= until {
            // What is not answered by then is told once the terminal is the shell's again.
            effects.push(Effect::Quit);
        } else if self.on_the_way() < waiting {
            self.ask_to_quit();
        }
    }

    /// What is said meanwhile, and what happens next.
    pub(crate) fn leaving_words(&self) -> Option<(Tone, String)> {
        let waiting = self.waiting();
        let (messages, are, them) = match waiting {
            1 => ("message", "is", "it"),
            _ => ("messages", "are", "them"),
        };
        match self.leaving {
            Leaving::No => None,
            Leaving::Answers { .. } => Some((
                Tone::Waiting,
                format!("{waiting} {messages} {are} on the way: quitting within 2 s"),
            )),
            Leaving::Question { .. } => Some((
                Tone::Alert,
                format!(
                    "{waiting} {messages} {are} not sent yet: quit again to leave without {them}"
                ),
            )),
        }
    }

    /// True while the user was asked, or waits for answers.
    pub(super) fn is_leaving(&self) -> bool {
        self.leaving != Leaving::No
    }

    /// The user goes on.
    pub(super) fn stay(&mut self) {
        self.leaving = Leaving::No;
    }

    /// When leaving has to be looked at again.
    pub(super) fn leaving_due(&self) -> Option<Duration> {
        match self.leaving {
            Leaving::Answers { until, .. } | Leaving::Question { until } => Some(until),
            Leaving::No => None,
        }
    }

    /// The user's messages whose answer may still come: on lines that are up.
    pub(crate) fn on_the_way(&self) -> usize {
        let rooms = self.rooms.iter();
        rooms
            .filter(|room| room.is_live() && room.muted_until.is_none())
            .map(|room| room.timeline.waiting())
            .sum()
    }

    /// The user's messages that are not in a room, each with its room's name; harmless.
    pub(crate) fn unsent(&self) -> Vec<(&str, &str)> {
        self.rooms.iter().flat_map(super::Room::unsent).collect()
    }

    fn ask_to_quit(&mut self) {
        self.leaving = Leaving::Question {
            until: self.now.elapsed + QUESTION,
        };
        self.draw = true;
    }

    fn waiting(&self) -> usize {
        self.rooms.iter().map(|room| room.timeline.waiting()).sum()
    }

    fn refused(&self) -> usize {
        self.rooms.iter().map(|room| room.timeline.failed()).sum()
    }
}
