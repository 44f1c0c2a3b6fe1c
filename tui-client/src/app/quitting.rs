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
            let words = format!(
                "{}: leaving once the server has it, or in 2 s",
                on_its_way(waiting)
            );
            self.say(Tone::Waiting, words);
        } else {
            self.ask_to_quit(waiting);
        }
    }

    /// Goes on with leaving, after whatever happened.
    pub(super) fn go_on_leaving(&mut self, effects: &mut Vec<Effect>) {
        let Leaving::Answers { until, refused } = self.leaving else {
            return;
        };
        let waiting = self.waiting();
        if self.refused() > refused {
            // Its reason is told already.
            self.leaving = Leaving::No;
        } else if waiting == 0 || self.now.elapsed >= until {
            // What is not answered by then is told once the terminal is the shell's again.
            effects.push(Effect::Quit);
        } else if self.on_the_way() < waiting {
            self.ask_to_quit(waiting);
        }
    }

    /// The user goes on.
    pub(super) fn stay(&mut self) {
        self.leaving = Leaving::No;
    }

    /// When leaving has to be looked at again.
    pub(super) fn leaving_due(&self) -> Option<Duration> {
        match self.leaving {
            Leaving::Answers { until, .. } => Some(until),
            Leaving::No | Leaving::Question { .. } => None,
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

    fn ask_to_quit(&mut self, waiting: usize) {
        self.leaving = Leaving::Question {
            until: self.now.elapsed + QUESTION,
        };
        let words = match waiting {
            1 => "1 message is not sent yet: once more leaves without it".to_owned(),
            _ => format!("{waiting} messages are not sent yet: once more leaves without them"),
        };
        self.say(Tone::Alert, words);
    }

    fn waiting(&self) -> usize {
        self.rooms.iter().map(|room| room.timeline.waiting()).sum()
    }

    fn refused(&self) -> usize {
        self.rooms.iter().map(|room| room.timeline.failed()).sum()
    }
}

fn on_its_way(count: usize) -> String {
    match count {
        1 => "1 message is on its way".to_owned(),
        _ => format!("{count} messages are on their way"),
    }
}
