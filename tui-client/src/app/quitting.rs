//! Leaving without losing what was typed: who leaves while messages are on their way is kept a moment
//! for the answers, and asked where none can come. Must not end anything itself.

use std::time::Duration;

use super::App;
use super::card::counted;
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
        let lost = self.would_lose();
        if insists || lost == 0 {
            effects.push(Effect::Quit);
        } else if self.on_the_way() == lost {
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
        match self.leaving {
            Leaving::No => None,
            Leaving::Answers { .. } => {
                let waiting = self.waiting();
                let are = if waiting == 1 { "is" } else { "are" };
                let messages = counted(waiting, "message");
                let words = format!("{messages} {are} on the way: quitting within 2 s");
                Some((Tone::Waiting, words))
            }
            Leaving::Question { .. } => Some((Tone::Alert, self.question_words())),
        }
    }

    /// `2 messages and 1 draft are not sent yet: quit again to leave without them`
    fn question_words(&self) -> String {
        let messages = self.waiting() + self.refused();
        let drafts = self.drafts_at_risk();
        let mut parts = Vec::new();
        if messages > 0 {
            parts.push(counted(messages, "message"));
        }
        if drafts > 0 {
            parts.push(counted(drafts, "draft"));
        }
        let (are, them) = match messages + drafts {
            1 => ("is", "it"),
            _ => ("are", "them"),
        };
        let what = parts.join(" and ");
        format!("{what} {are} not sent yet: quit again to leave without {them}")
    }

    /// What would be lost by leaving now: messages that are not in a room, and drafts that nobody keeps.
    fn would_lose(&self) -> usize {
        self.waiting() + self.refused() + self.drafts_at_risk()
    }

    /// Rooms with a text that is not sent, where the next start would not bring it back.
    fn drafts_at_risk(&self) -> usize {
        if self.keeps_drafts {
            return 0;
        }
        let drafts = self.rooms.iter().filter(|room| !room.composer.is_empty());
        drafts.count()
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
