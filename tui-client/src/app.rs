//! The client's state and everything that changes it: events come in with their time, effects go
//! out. Pure: does no I/O, has no clock, starts no task, draws nothing.

mod completion;
mod composer;
mod credentials;
mod errors;
mod event;
mod held;
mod keys;
mod mention;
mod moderation;
mod network;
mod paste;
mod prompt;
mod quitting;
mod room;
mod row;
mod signing_in;
mod timeline;

use std::time::Duration;

use chat_protocol::{RoomName, Secret, Username};
use jiff::tz::TimeZone;

use completion::Completion;
use credentials::Credentials;
use errors::Problem;
pub(crate) use errors::{Entry as ErrorEntry, ErrorLog};
pub(crate) use event::{Effect, Event, Now};
pub(crate) use paste::Paste;
pub(crate) use prompt::Prompt;
use quitting::Leaving;
pub(crate) use room::{LinkState, Room};
pub(crate) use row::{Piece, Row, Tone};
use timeline::Reader;
pub(crate) use timeline::{Below, COUNTED_BELOW, Geometry, Look, Stamp, glyph};

use crate::layout::{Layout, input_columns, is_small};
use crate::link::RoomKey;
use crate::sanitize;
use crate::wrap;

/// How long a toast stays.
const TOAST: Duration = Duration::from_secs(5);
/// Characters of a server's words about something that went wrong.
const PROBLEM_CHARS: usize = 1_000;
/// Characters of the name of an event that was refused.
const EVENT_CHARS: usize = 40;
/// Columns that the user's name may take in front of the input.
const PROMPT_COLUMNS: usize = 16;

/// What the app is started with.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) username: Username,
    /// At least one.
    pub(crate) rooms: Vec<RoomName>,
    /// The server's address, to show.
    pub(crate) server: String,
    pub(crate) password: Option<Secret>,
    pub(crate) zone: TimeZone,
    /// What the nonces of this run begin with; random.
    pub(crate) nonce_prefix: String,
}

/// What covers the room view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Panel {
    /// Nothing.
    None,
    /// The list of errors, scrolled up by so many rows.
    Errors(usize),
    /// The keys and commands, scrolled down by so many rows.
    Help(usize),
}

/// A short message on the status line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Toast {
    pub(crate) tone: Tone,
    pub(crate) text: String,
    until: Duration,
}

/// All that the client knows: its rooms, what is on the screen, and the password.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) rooms: Vec<Room>,
    pub(crate) active: usize,
    pub(crate) panel: Panel,
    pub(crate) prompt: Option<Prompt>,
    /// Pasted text that the user is asked about.
    pub(crate) paste: Option<Paste>,
    pub(crate) toast: Option<Toast>,
    pub(crate) errors: ErrorLog,
    /// The user's name as shown.
    pub(crate) me: String,
    pub(crate) server: String,
    /// What the user's name is compared by.
    key: String,
    completion: Completion,
    reader: Reader,
    width: u16,
    height: u16,
    credentials: Credentials,
    /// When the user last typed into an input box.
    typed_at: Option<Duration>,
    /// The user gave a password, and has typed nothing since: what comes next is another one.
    has_answered: bool,
    leaving: Leaving,
    nonce_prefix: String,
    nonces: u64,
    now: Now,
    draw: bool,
}

impl App {
    /// A client that has not begun to connect.
    pub(crate) fn new(settings: Settings) -> Self {
        let is_asked = settings.password.is_none();
        let prompt = is_asked.then(|| Prompt::because(None, true));
        Self {
            rooms: (0..)
                .zip(settings.rooms)
                .map(|(key, name)| Room::new(RoomKey(key), name))
                .collect(),
            active: 0,
            panel: Panel::None,
            prompt,
            paste: None,
            toast: None,
            errors: ErrorLog::default(),
            me: sanitize::line(settings.username.as_str()),
            server: sanitize::line(&settings.server),
            key: settings.username.key().to_owned(),
            completion: Completion::default(),
            reader: Reader {
                names: vec![settings.username.as_str().to_lowercase()],
                key: settings.username.key().into(),
                zone: settings.zone,
            },
            width: 80,
            height: 24,
            credentials: Credentials::new(settings.password),
            typed_at: None,
            has_answered: false,
            leaving: Leaving::No,
            nonce_prefix: settings.nonce_prefix,
            nonces: 0,
            now: Now::default(),
            draw: false,
        }
    }

    /// Takes an event in; what is to be done comes out, in order.
    pub(crate) fn update(&mut self, event: Event, now: Now) -> Vec<Effect> {
        self.now = now;
        let mut effects = Vec::new();
        match event {
            Event::Started => {
                self.draw = true;
                self.connect_waiting(&mut effects);
            }
            Event::Action(action) => {
                self.draw = true;
                self.act(action, &mut effects);
            }
            Event::Pasted(text) => {
                self.draw = true;
                self.on_paste(text);
            }
            Event::Resized { width, height } => {
                self.draw |= (self.width, self.height) != (width, height);
                (self.width, self.height) = (width, height);
            }
            Event::Link(key, event) => self.on_link(key, event, &mut effects),
            Event::Woke => self.wake(&mut effects),
        }
        self.load_older(&mut effects);
        self.go_on_leaving(&mut effects);
        if std::mem::take(&mut self.draw) {
            effects.push(Effect::Draw);
        }
        effects
    }

    /// When [`Event::Woke`] is due: a toast ends, a countdown moves, a confirmation is overdue.
    pub(crate) fn wake_at(&self) -> Option<Duration> {
        let toast = self.toast.as_ref().map(|toast| toast.until);
        let confirmations = self
            .rooms
            .iter()
            .filter_map(|room| room.timeline.confirmation_due());
        let countdown = match self.room().link {
            LinkState::Waiting { until, .. } => next_second(until, self.now.elapsed),
            _ => None,
        };
        // The clock of the room in view moves; elsewhere only the end counts.
        let mutes = self.rooms.iter().enumerate().filter_map(|(place, room)| {
            let until = room.muted_until?;
            let next = next_second(until, self.now.elapsed).unwrap_or(until);
            Some(if place == self.active { next } else { until })
        });
        toast
            .into_iter()
            .chain(confirmations)
            .chain(countdown)
            .chain(mutes)
            .chain(self.leaving_due())
            .min()
    }

    /// The room in view.
    pub(crate) fn room(&self) -> &Room {
        &self.rooms[self.active]
    }

    /// The time of the newest event.
    pub(crate) fn now(&self) -> Now {
        self.now
    }

    /// When something happened, on the user's clock.
    pub(crate) fn stamp(&self, unix_millis: i64) -> Stamp {
        Stamp::new(unix_millis, &self.reader.zone)
    }

    /// How the screen is divided.
    pub(crate) fn layout(&self) -> Layout {
        let columns = input_columns(self.width, self.height, wrap::width(&self.input_prompt()));
        let (rows, _) = self.room().composer.rows(columns);
        Layout::new(
            self.width,
            self.height,
            rows.len(),
            self.room().timeline.is_held(),
            self.room().modes.pinned.is_some(),
        )
    }

    /// The columns of the room view.
    pub(crate) fn geometry(&self) -> Geometry {
        Geometry::within(self.width, self.width)
    }

    /// What stands in front of the input.
    pub(crate) fn input_prompt(&self) -> String {
        if is_small(self.width, self.height) || self.width < 60 {
            return "> ".to_owned();
        }
        format!("{}> ", wrap::truncate(&self.me, PROMPT_COLUMNS))
    }

    /// The place of a room; `None` once the user has left it.
    fn place_of(&self, key: RoomKey) -> Option<usize> {
        self.rooms.iter().position(|room| room.key == key)
    }

    fn room_mut(&mut self) -> &mut Room {
        &mut self.rooms[self.active]
    }

    /// Rows of the room view.
    fn view_height(&self) -> usize {
        usize::from(self.layout().view)
    }

    /// Asks for older messages where the view comes near the oldest that are here.
    fn load_older(&mut self, effects: &mut Vec<Effect>) {
        // This runs after every event: what costs more comes last.
        if !self.room().may_load_older(self.now) {
            return;
        }
        let (geometry, rows) = (self.geometry(), self.view_height() * 2);
        let now = self.now;
        let room = self.room_mut();
        if room.timeline.is_near_top(rows, geometry)
            && let Some(request) = room.ask_older(now)
        {
            effects.push(Effect::Send(room.key, request));
            self.draw = true;
        }
    }

    fn send_next(&mut self, place: usize, effects: &mut Vec<Effect>) {
        let now = self.now;
        let room = &mut self.rooms[place];
        let next = room.next_to_send(now);
        effects.extend(next.map(|event| Effect::Send(room.key, event)));
    }

    fn wake(&mut self, effects: &mut Vec<Effect>) {
        let now = self.now;
        if self
            .toast
            .as_ref()
            .is_some_and(|toast| toast.until <= now.elapsed)
        {
            self.toast = None;
            self.draw = true;
        }
        for place in 0..self.rooms.len() {
            if self.rooms[place].timeline.expire(now) {
                self.draw = true;
                self.send_next(place, effects);
            }
        }
        self.end_mutes(effects);
        self.draw |= matches!(self.room().link, LinkState::Waiting { .. });
    }

    /// Shows a short message on the status line.
    fn say(&mut self, tone: Tone, text: impl Into<String>) {
        self.toast = Some(Toast {
            tone,
            text: sanitize::brief(&text.into(), PROBLEM_CHARS),
            until: self.now.elapsed + TOAST,
        });
        self.draw = true;
    }

    /// Adds a problem to the list, and says it.
    fn report(&mut self, place: usize, code: Option<u16>, event: Option<String>, text: &str) {
        self.record(place, code, event, text);
        let words = if place == self.active {
            text.to_owned()
        } else {
            format!("{}: {text}", self.rooms[place].label)
        };
        self.say(Tone::Alert, words);
    }

    /// Adds a problem to the list.
    fn record(&mut self, place: usize, code: Option<u16>, event: Option<String>, text: &str) {
        let problem = Problem {
            room: self.rooms[place].label.clone(),
            code,
            event: event.map(|event| sanitize::brief(&event, EVENT_CHARS)),
            text: sanitize::brief(text, PROBLEM_CHARS),
        };
        self.errors.add(problem, self.now.unix_millis);
        self.draw = true;
    }

    /// Adds a line of the client's own to a room.
    fn notice(&mut self, place: usize, tone: Tone, text: &str) {
        let stamp = self.stamp(self.now.unix_millis);
        self.rooms[place].timeline.notice(tone, text, stamp);
        self.draw |= place == self.active;
    }
}

/// Whole seconds until `until`, those begun counted.
pub(crate) fn seconds_left(until: Duration, now: Duration) -> u64 {
    until.saturating_sub(now).as_millis().div_ceil(1_000) as u64
}

/// When a count of the seconds until `until` moves next; `None` once it is over.
fn next_second(until: Duration, now: Duration) -> Option<Duration> {
    let next = seconds_left(until, now).checked_sub(1)?;
    Some(until - Duration::from_secs(next))
}

#[cfg(test)]
pub(crate) mod tests;
