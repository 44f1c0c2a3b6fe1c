//! The client's state and everything that changes it: events come in with their time, effects go
//! out. Pure: does no I/O, has no clock, starts no task, draws nothing.

mod acting;
mod answers;
mod asking;
mod bar;
mod bar_keys;
mod card;
mod changing_password;
mod completion;
mod composer;
mod credentials;
mod editing;
mod errors;
mod event;
mod finding;
mod form;
mod going;
mod held;
mod ignore;
mod keys;
mod lately;
mod links;
mod log;
mod mention;
mod moderation;
mod network;
mod orders;
mod orders_words;
mod palette;
mod panels;
mod paste;
mod prompt;
mod quitting;
mod quoting;
mod reading;
mod recall;
mod rights;
mod room;
mod rooms;
mod row;
mod saving;
mod search;
mod seeing;
mod selection;
mod signing_in;
mod taking_back;
mod target;
mod thread;
mod timeline;
mod views;

use std::collections::HashSet;
use std::time::Duration;

use chat_protocol::{RoomName, Secret, Username};
use jiff::tz::TimeZone;

pub(crate) use answers::Answer;
use answers::{Answers, Cause, Subject};
pub(crate) use bar::{Bar, DIGITS, Length};
use card::Card;
pub(crate) use changing_password::PasswordChange;
use completion::Completion;
pub(crate) use composer::Editor;
use composer::Memory;
use credentials::Credentials;
use errors::Problem;
pub(crate) use errors::{Entry as ErrorEntry, ErrorLog};
pub(crate) use event::{Effect, Event, Now};
pub(crate) use finding::Finder;
pub(crate) use form::{Filled, Form, FormStep};
pub(crate) use ignore::{Answer as IgnoreAnswer, Ignored};
use log::{Line, Log};
pub(crate) use mention::names_any;
use orders::Batch;
pub(crate) use orders_words::filter_words;
pub(crate) use palette::{Choice, Palette};
pub(crate) use panels::{Item, OpenPanel, Panel};
pub(crate) use paste::Paste;
pub(crate) use prompt::Prompt;
use quitting::Leaving;
pub(crate) use recall::Recall;
pub(crate) use room::{LinkState, Room};
pub(crate) use row::{Piece, Row, Tone};
pub(crate) use selection::Selection;
use taking_back::Undo;
pub(crate) use taking_back::{Before, reverse};
use target::Target;
use timeline::Reader;
pub(crate) use timeline::{Below, COUNTED_BELOW, Geometry, Stamp, rank_word};

use crate::keymap::Keymap;
use crate::layout::{Layout, Parts, SIDES_FROM};
use crate::link::RoomKey;
use crate::sanitize;
use crate::session_state::SavedSession;

/// Characters of a server's words about something that went wrong.
const PROBLEM_CHARS: usize = 1_000;
/// Characters of the name of an event that was refused.
const EVENT_CHARS: usize = 40;

/// What the app is started with.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) username: Username,
    /// At least one.
    pub(crate) rooms: Vec<RoomName>,
    /// The server's address, to show.
    pub(crate) server: String,
    pub(crate) password: Option<Secret>,
    /// From an earlier run on this server.
    pub(crate) token: Option<Secret>,
    /// What an earlier run kept.
    pub(crate) kept: SavedSession,
    pub(crate) keymap: Keymap,
    /// Tell of mentions also while the terminal's window is the one that is typed into.
    pub(crate) notifies_focused: bool,
    pub(crate) zone: TimeZone,
    /// What the nonces of this run begin with; random.
    pub(crate) nonce_prefix: String,
    /// What is typed and not sent is there again at the next start.
    pub(crate) keeps_drafts: bool,
}

/// All that the client knows: its rooms, what is on the screen, and the password.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) rooms: Vec<Room>,
    pub(crate) active: usize,
    /// What covers the room view.
    pub(crate) panel: Option<OpenPanel>,
    /// What is picked in the room view.
    pub(crate) selection: Option<Selection>,
    /// The question that stands before an action.
    pub(crate) bar: Option<Bar>,
    /// The bar's reason, while it is typed.
    pub(crate) reason_typing: Option<Editor>,
    /// The person that is looked at.
    pub(crate) card: Option<Card>,
    pub(crate) prompt: Option<Prompt>,
    /// The questions for another password.
    pub(crate) password_change: Option<PasswordChange>,
    /// A password that the server was asked to take, and by which room: until it answers, nobody who is
    /// signed out asks for one.
    new_password: Option<(RoomKey, Secret)>,
    /// Pasted text that the user is asked about.
    pub(crate) paste: Option<Paste>,
    pub(crate) palette: Option<Palette>,
    pub(crate) answers: Answers,
    pub(crate) log: Log,
    pub(crate) errors: ErrorLog,
    /// The user's name as shown.
    pub(crate) me: String,
    pub(crate) server: String,
    /// What the user's name is compared by.
    key: String,
    pub(crate) keymap: Keymap,
    notifies_focused: bool,
    /// What an earlier run kept, and what is kept of rooms that were closed.
    kept: SavedSession,
    completion: Completion,
    memory: Memory,
    reader: Reader,
    ignored: Ignored,
    width: u16,
    height: u16,
    /// Whether anything is wanted beside the messages, where the user said so.
    wants_sides: Option<bool>,
    /// The line to the terminal is slow.
    pub(crate) is_slow_line: bool,
    /// The terminal's window is the one that is typed into, as far as it says so.
    is_focused: bool,
    credentials: Credentials,
    /// When the desktop was last told of a mention.
    notified_at: Option<Duration>,
    /// When the user last typed into an input box.
    typed_at: Option<Duration>,
    /// A name that nobody has becomes an account: the password was not typed by hand, or twice.
    may_register: bool,
    /// The user gave a password, and has typed nothing since: what comes next is another one.
    has_answered: bool,
    leaving: Leaving,
    /// When Ctrl+C was pressed on an empty line.
    interrupted_at: Option<Duration>,
    batches: Vec<Batch>,
    batches_begun: u64,
    undos: Vec<Undo>,
    undos_begun: u64,
    /// Rooms that there were; the next one gets this number.
    keys_given: usize,
    /// A room that is closed where that is asked again, and until when.
    leave_asked: Option<(RoomKey, Duration)>,
    /// What the window's title was made of: the room in view, and mentions in all rooms.
    named: Option<(RoomKey, usize)>,
    keeps_drafts: bool,
    nonce_prefix: String,
    nonces: u64,
    now: Now,
    draw: bool,
}

impl App {
    /// A client that has not begun to connect.
    pub(crate) fn new(settings: Settings) -> Self {
        let is_asked = settings.password.is_none() && settings.token.is_none();
        let prompt = is_asked.then(|| Prompt::because(None, true));
        let keys_given = settings.rooms.len();
        let kept = settings.kept;
        let mut app = Self {
            rooms: (0..)
                .zip(settings.rooms)
                .map(|(key, name)| Room::new(RoomKey(key), name))
                .collect(),
            active: 0,
            panel: None,
            selection: None,
            bar: None,
            reason_typing: None,
            card: None,
            prompt,
            password_change: None,
            new_password: None,
            keys_given: keys_given.saturating_sub(1),
            leave_asked: None,
            named: None,
            paste: None,
            palette: None,
            answers: Answers::default(),
            log: Log::default(),
            errors: ErrorLog::default(),
            me: sanitize::line(settings.username.as_str()),
            server: sanitize::line(&settings.server),
            key: settings.username.key().to_owned(),
            keymap: settings.keymap,
            notifies_focused: settings.notifies_focused,
            kept: SavedSession::default(),
            completion: Completion::default(),
            memory: Memory::default(),
            reader: Reader {
                names: vec![settings.username.as_str().to_lowercase()],
                key: settings.username.key().into(),
                zone: settings.zone,
                ignored: HashSet::new(),
            },
            ignored: Ignored::default(),
            width: 80,
            height: 24,
            wants_sides: None,
            is_slow_line: false,
            is_focused: true,
            credentials: Credentials::new(settings.password, settings.token),
            notified_at: None,
            typed_at: None,
            may_register: !is_asked,
            has_answered: false,
            leaving: Leaving::No,
            interrupted_at: None,
            batches: Vec::new(),
            batches_begun: 0,
            undos: Vec::new(),
            undos_begun: 0,
            keeps_drafts: settings.keeps_drafts,
            nonce_prefix: settings.nonce_prefix,
            nonces: 0,
            now: Now::default(),
            draw: false,
        };
        app.take_up(kept);
        app
    }

    /// Takes an event in; what is to be done comes out, in order.
    pub(crate) fn update(&mut self, event: Event, now: Now) -> Vec<Effect> {
        self.now = now;
        self.answers.pass(now.elapsed);
        let mut effects = Vec::new();
        match event {
            Event::Started => {
                self.draw = true;
                self.connect_waiting(&mut effects);
            }
            Event::Action(action) => {
                self.draw = true;
                self.answers.forget_hint();
                self.act(action, &mut effects);
            }
            Event::Pasted(text) => {
                self.draw = true;
                self.on_paste(text);
            }
            Event::Wheel { up, rows } => {
                self.draw = true;
                self.turn_wheel(up, rows.into());
            }
            Event::NotCopied => self.hint("not copied: it is too long for the clipboard"),
            Event::Warning(words) => self.report(self.active, None, None, &words),
            Event::Focus(focused) => {
                self.is_focused = focused;
                self.room_mut().reading.leave();
            }
            Event::Resized { width, height } => {
                self.draw |= (self.width, self.height) != (width, height);
                (self.width, self.height) = (width, height);
            }
            Event::SlowLine(is_slow) => {
                let was_bare = self.is_bare();
                self.is_slow_line = is_slow;
                self.draw |= was_bare != self.is_bare();
            }
            Event::Link(key, event) => self.on_link(key, event, &mut effects),
            Event::Woke => self.wake(&mut effects),
        }
        self.load_older(&mut effects);
        self.draw |= self.room_mut().catch_up();
        self.ask_for_view(&mut effects);
        self.ask_for_quote(&mut effects);
        self.see();
        self.place_line();
        self.go_on_leaving(&mut effects);
        self.draw |= self.answers.advance(now.elapsed, self.bar.is_some());
        self.name_window(&mut effects);
        if std::mem::take(&mut self.draw) {
            effects.push(Effect::Draw);
        }
        effects
    }

    /// When [`Event::Woke`] is due: an answer has stood its time, a countdown moves, a confirmation is
    /// overdue.
    pub(crate) fn wake_at(&self) -> Option<Duration> {
        let answers = self.answers.wake_at();
        let orders = self.rooms.iter().filter_map(|room| room.orders.wake_at());
        let bar = self.bar.as_ref();
        let bar = bar.and_then(|bar| next_second(bar.ready_at, self.now.elapsed));
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
        let slow = self.rooms.iter().enumerate().filter_map(|(place, room)| {
            let until = room
                .slow_until()
                .filter(|until| *until > self.now.elapsed)?;
            let next = next_second(until, self.now.elapsed);
            let is_waiting = room.timeline.waiting() > 0;
            match place == self.active {
                true => next,
                false => is_waiting.then_some(until),
            }
        });
        // A search takes its next step as soon as nothing else is to be done.
        let search = self.room().is_looking().then_some(self.now.elapsed);
        answers
            .into_iter()
            .chain(slow)
            .chain(search)
            .chain(self.room().lately.due())
            .chain(self.room().quoting.due().filter(|_| self.room().is_live()))
            .chain(orders)
            .chain(bar)
            .chain(confirmations)
            .chain(countdown)
            .chain(mutes)
            .chain(self.leaving_due())
            .min()
    }

    /// The window's title: what waits for the user, and the room in view.
    fn name_window(&mut self, effects: &mut Vec<Effect>) {
        // This runs after every event: the words are made where they are others only.
        let mentions = self.rooms.iter().map(|room| room.reading.mentions()).sum();
        let named = Some((self.room().key, mentions));
        if named == self.named {
            return;
        }
        self.named = named;
        let label = &self.room().label;
        effects.push(Effect::Title(match mentions {
            0 => label.clone(),
            count => format!("(@{count}) {label}"),
        }));
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
        let parts = Parts {
            input_rows: self.input_rows(),
            is_held: (self.room().shown().is_held() || self.room().is_covered())
                && self.panel.is_none(),
            is_pinned: self.room().modes.pinned.is_some(),
            asked_rows: self.asked_rows(),
            is_picking: self.is_picking() && !self.is_card_open(),
            is_bare: self.is_bare(),
        };
        Layout::new(self.width, self.height, parts)
    }

    /// Nothing stands beside the messages: the user wants it so, or the line is slow.
    fn is_bare(&self) -> bool {
        match self.wants_sides {
            Some(wants) => !wants,
            None => self.is_slow_line,
        }
    }

    /// Shows or hides what is beside the messages, and says what can't be seen.
    fn toggle_sides(&mut self) {
        let shows = self.is_bare();
        self.wants_sides = Some(shows);
        if self.width < SIDES_FROM {
            let words = if shows { "shown" } else { "hidden" };
            self.hint(format!(
                "the sides are {words} from {SIDES_FROM} columns on"
            ));
        }
    }

    /// The columns of the room view.
    pub(crate) fn geometry(&self) -> Geometry {
        let layout = self.layout();
        let width = self.width.saturating_sub(layout.left + layout.right);
        Geometry::within(width, self.width)
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
        if self.room().is_covered() || !self.room().may_load_older(self.now) {
            return;
        }
        // Most views are far from it, which shows without laying the screen out.
        if self
            .room()
            .timeline
            .is_far_from_top(usize::from(self.height) * 2)
        {
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
        let room = &mut self.rooms[self.active];
        self.draw |= room.look();
        self.draw |= room.lately.refresh(now.elapsed);
        self.wake_orders(effects);
        for place in 0..self.rooms.len() {
            if self.rooms[place].timeline.waiting() > 0 {
                self.send_next(place, effects);
            }
        }
        self.draw |= self
            .room()
            .slow_until()
            .is_some_and(|until| now.elapsed <= until);
        for place in 0..self.rooms.len() {
            if self.rooms[place].timeline.expire(now) {
                self.draw = true;
                self.send_next(place, effects);
            }
        }
        self.end_mutes(effects);
        self.draw |= matches!(self.room().link, LinkState::Waiting { .. });
        self.draw |= self
            .bar
            .as_ref()
            .is_some_and(|bar| bar.ready_at > Duration::ZERO);
    }

    /// Answers what the user did; in the room in view.
    fn say(&mut self, tone: Tone, text: impl Into<String>) {
        self.tell_about(self.active, Cause::Asked, tone, &text.into(), None, None);
    }

    /// Tells what happened in a room.
    fn tell(&mut self, place: usize, tone: Tone, text: &str) {
        self.tell_about(place, Cause::News, tone, text, None, None);
    }

    /// Says something of a room, and keeps it in the log with whom it is about; what it is worth nothing
    /// without, where there is such a thing.
    fn tell_about(
        &mut self,
        place: usize,
        cause: Cause,
        tone: Tone,
        text: &str,
        about: Option<Target>,
        subject: Option<Subject>,
    ) {
        let text = sanitize::brief(text, PROBLEM_CHARS);
        let label = &self.rooms[place].label;
        let shown = match place == self.active {
            true => text.clone(),
            false => format!("{label}: {text}"),
        };
        self.log.add(Line {
            number: 0,
            unix_millis: self.now.unix_millis,
            room: label.clone(),
            tone,
            text,
            about,
        });
        let answer = Answer { tone, text: shown };
        self.answers.add(answer, cause, subject);
        self.draw = true;
    }

    /// Adds a problem to the list, and says it.
    fn report(&mut self, place: usize, code: Option<u16>, event: Option<String>, text: &str) {
        self.record(place, code, event, text);
        self.tell_about(place, Cause::Asked, Tone::Alert, text, None, None);
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
