//! When the next frame is drawn, and how much of it. Pure: time comes in.
//!
//! Frames that the network causes wait until the terminal has answered the last one: what it has not
//! taken stands between the user's keys and their echo, and nobody can take it back. Frames that keys
//! cause are drawn at once; while an answer is awaited they are the cursor's row alone, and the rest
//! follows. On a slow line a frame goes out in pieces, each of which is answered.

mod slowness;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use slowness::Slowness;

/// Between a frame and the one that a key causes: what is typed shows within one frame of a screen.
const KEY: Duration = Duration::from_millis(5);
/// Between frames that the network causes: what comes is read less often than that in a busy room, so
/// that each time a frame follows at once.
const NETWORK: Duration = Duration::from_millis(20);
/// Before a frame that what is out of view causes: counts in tabs.
const ELSEWHERE: Duration = Duration::from_millis(250);
/// How long an answer is waited for.
const ANSWER: Duration = Duration::from_secs(1);
/// The same for one that has not answered before, and may never.
const FIRST_ANSWER: Duration = Duration::from_millis(500);
/// So many answers in a row that do not come: there will be none.
const SILENT: u32 = 2;
/// Bytes that may be written without asking, where keys cause them.
const UNASKED: usize = 256;
/// What is under way may take so long on the line, beside the time that any answer takes.
const QUEUE: Duration = Duration::from_millis(80);
/// Bytes of a piece: at least so many, and past these a line is no slow one.
const PIECE: usize = 512;
const WHOLE: usize = 64 * 1024;
/// For how long the quickest answer counts.
const WINDOW: Duration = Duration::from_secs(60);

/// Why the screen is out of date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The user did something.
    Key,
    /// Something happened in the room in view.
    Network,
    /// Something happened elsewhere: it may wait a little longer.
    Elsewhere,
}

/// What is to be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Draw {
    /// The app as it is now, in pieces of so many bytes.
    Whole { limit: usize },
    /// The next piece of what was drawn last.
    Rest { limit: usize },
    /// The cursor's row alone, as the app has it now.
    CursorRow,
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    at: Instant,
    bytes: usize,
}

/// What is wanted, what is under way, and what is known of the line.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When a frame is due that keys cause; that the network causes.
    key: Option<Instant>,
    network: Option<Instant>,
    /// A part of what is wanted was left out; where it was drawn already, only not painted.
    is_held_back: bool,
    is_unfinished: bool,
    drawn: Option<Instant>,
    /// Pieces at whose end the terminal was asked, and has not answered.
    under_way: VecDeque<Sent>,
    unasked: usize,
    has_answered: bool,
    missed: u32,
    /// The quickest answers, of this time and the one before, and when this began.
    quickest: Option<(Duration, Duration, Instant)>,
    /// Bytes of a piece, where the line is slow.
    limit: Option<usize>,
    slowness: Slowness,
}

impl Pace {
    /// The terminal is another, or was away: nothing is under way, and nothing is known.
    pub(super) fn begin(&mut self) {
        let (key, network) = (self.key, self.network);
        *self = Self {
            key,
            network,
            // The app goes on from what it was told.
            slowness: std::mem::take(&mut self.slowness),
            ..Self::default()
        };
    }

    /// The screen is out of date.
    pub(super) fn want(&mut self, cause: Cause, now: Instant) {
        let (wanted, since_last) = match cause {
            Cause::Key => (&mut self.key, KEY),
            Cause::Network => (&mut self.network, NETWORK),
            Cause::Elsewhere => (&mut self.network, ELSEWHERE),
        };
        let at = self
            .drawn
            .map_or(now, |drawn| (drawn + since_last).max(now));
        *wanted = Some(wanted.map_or(at, |wanted| wanted.min(at)));
    }

    /// When to draw; `None` as long as nothing is wanted.
    pub(super) fn due(&self) -> Option<Instant> {
        let is_left = self.is_held_back || self.is_unfinished;
        let left = self.drawn.filter(|_| is_left);
        let others = self.network.into_iter().chain(left).min();
        let waiting = self.waits_until();
        let others = others.map(|at| waiting.map_or(at, |until| until.max(at)));
        // Keys go past what is under way, as long as that stays little.
        let is_free = self.unasked < PIECE;
        let key = self.key.map(|at| match waiting {
            Some(until) if !is_free => until.max(at),
            _ => at,
        });
        key.into_iter().chain(others).min()
    }

    /// What to draw, now that something is due.
    pub(super) fn next(&mut self, now: Instant) -> Draw {
        self.give_up(now);
        let limit = self.limit.unwrap_or(usize::MAX);
        if self.waits_until().is_some() {
            return Draw::CursorRow;
        }
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let is_app_due = self.is_held_back || is_due(self.key);
        if self.is_unfinished && !is_app_due {
            Draw::Rest { limit }
        } else {
            Draw::Whole { limit }
        }
    }

    /// True where the terminal is to be asked behind so many bytes.
    pub(super) fn asks(&self, draw: Draw, bytes: usize) -> bool {
        let is_of_key = self.key.is_some() && self.network.is_none();
        let is_small = self.unasked + bytes < UNASKED;
        self.missed < SILENT && bytes > 0 && !(draw == Draw::CursorRow || is_of_key && is_small)
    }

    /// That was drawn. `is_whole`: nothing of it is left to be painted.
    pub(super) fn drawn(&mut self, draw: Draw, bytes: usize, is_whole: bool, now: Instant) {
        let asks = self.asks(draw, bytes);
        if asks {
            self.under_way.push_back(Sent {
                at: now,
                bytes: bytes + self.unasked,
            });
            self.unasked = 0;
        } else {
            self.unasked += bytes;
        }
        self.drawn = Some(now);
        match draw {
            Draw::CursorRow => {
                self.is_held_back = true;
                self.key = None;
            }
            Draw::Whole { .. } => {
                (self.key, self.network) = (None, None);
                self.is_held_back = false;
                self.is_unfinished = !is_whole;
            }
            Draw::Rest { .. } => self.is_unfinished = !is_whole,
        }
    }

    /// The terminal answered. An answer that nobody waits for says that it does answer.
    pub(super) fn answered(&mut self, now: Instant) {
        self.missed = 0;
        self.has_answered = true;
        let Some(sent) = self.under_way.pop_front() else {
            return;
        };
        let took = now.saturating_duration_since(sent.at);
        let queued = took.saturating_sub(self.quickest(took, now));
        if queued > QUEUE {
            let bytes = u128::try_from(sent.bytes).unwrap_or(u128::MAX);
            let fitting = bytes * QUEUE.as_micros() / queued.as_micros().max(1);
            self.limit = Some(usize::try_from(fitting).unwrap_or(WHOLE).max(PIECE));
        } else if queued < QUEUE / 2 {
            self.limit = self
                .limit
                .map(|limit| limit * 2)
                .filter(|limit| *limit < WHOLE);
        }
        let is_full = self.limit.is_some() && queued >= QUEUE / 2;
        self.slowness.note(is_full, now);
    }

    /// The line is slow for more than a moment.
    pub(super) fn is_slow(&self) -> bool {
        self.slowness.is_slow()
    }

    /// The terminal was asked something before the first frame.
    pub(super) fn asked(&mut self, bytes: usize, now: Instant) {
        self.under_way.push_back(Sent { at: now, bytes });
    }

    /// All that was asked is answered, or will not be.
    pub(super) fn settled(&mut self) {
        self.under_way.clear();
    }

    /// How many answers are under way, and until when they are waited for before the terminal is given
    /// back: long where it has answered so far.
    pub(super) fn awaited(&self) -> Option<(usize, Instant)> {
        let last = self.under_way.back()?;
        let patience = if self.has_answered {
            ANSWER
        } else {
            FIRST_ANSWER
        };
        Some((self.under_way.len(), last.at + patience))
    }

    /// Until when frames wait for an answer. A terminal that has never given one is not waited for.
    fn waits_until(&self) -> Option<Instant> {
        let first = self.under_way.front().filter(|_| self.has_answered)?;
        Some(first.at + ANSWER)
    }

    fn give_up(&mut self, now: Instant) {
        let first = self.under_way.front();
        if first.is_some_and(|first| first.at + ANSWER <= now) {
            self.under_way.clear();
            self.missed += 1;
            self.has_answered &= self.missed < SILENT;
        }
    }

    /// The quickest answer of late: what lies in the way whatever is written.
    fn quickest(&mut self, took: Duration, now: Instant) -> Duration {
        let (this, before, since) = match self.quickest {
            Some((this, _, since)) if now >= since + WINDOW => (took, this, now),
            Some((this, before, since)) => (this.min(took), before, since),
            None => (took, took, now),
        };
        self.quickest = Some((this, before, since));
        this.min(before)
    }
}

#[cfg(test)]
mod tests;
