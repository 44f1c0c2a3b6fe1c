//! What the mode without a screen does: facts and lines go in, lines and orders come out. Owns all
//! state of the rooms. Pure: no I/O, no clock; must not know how anything is read or written.

mod deletions;
mod events;
mod links;
mod messages;
mod password;
mod room;
mod rooms;
mod typing;
mod undoing;

use std::time::Duration;

use chat_protocol::{ClientEvent, Credential, Rank, RoomName, Secret, Username};
use jiff::tz::TimeZone;

use super::likeness::Likeness;
use super::numbers::{HeldNumbers, Numbers};
use super::queue::Item;
use super::words;
use crate::app::Ignored;
use crate::command::typed_as;
use crate::cursor::Cursor;
use crate::exit::Exit;
use crate::link::{LinkEvent, RoomKey};
use password::Change;
use room::{Link, Room};
use undoing::Undo;

/// Lines that may wait to be sent; with more, no further line is taken.
const WAITING: usize = 1_000;
/// Once the input has ended: how long a line that is down is waited for.
const DOWN: Duration = Duration::from_secs(30);
/// Lines of the last answer that are kept to be said again.
const ANSWER_LINES: usize = 200;

/// What to begin with.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) username: Username,
    /// At least one.
    pub(super) rooms: Vec<RoomName>,
    pub(super) password: Option<Secret>,
    /// From an earlier run.
    pub(super) token: Option<Secret>,
    /// Whom the user hides.
    pub(super) ignored: Vec<String>,
    /// Somebody sits at the input, who can be asked.
    pub(super) is_interactive: bool,
    /// Say the time of each message.
    pub(super) times: bool,
    /// Say at first only what is for this user.
    pub(super) only_mentions: bool,
    pub(super) zone: TimeZone,
    /// What all nonces of this program begin with.
    pub(super) nonce_prefix: String,
}

/// The time: since the program began, and on the user's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Now {
    pub(super) elapsed: Duration,
    /// Milliseconds since 1970, UTC.
    pub(super) unix_millis: i64,
}

/// What happened.
#[derive(Debug)]
pub(super) enum Event {
    /// The program began.
    Started,
    /// On a room's connection.
    Link(RoomKey, LinkEvent),
    /// A line was read; its number counts from 1.
    Line(u64, String),
    /// A line was read that can't be one, and why.
    BadLine(u64, String),
    /// The password that was asked for.
    Password(Secret),
    /// There are no further lines.
    InputEnded,
    /// The time asked for has come.
    Woke,
}

/// What is to be done.
#[derive(Debug, PartialEq)]
pub(super) enum Effect {
    /// Write this line; it is harmless.
    Print(String),
    /// Connect a room, in place of its earlier connection.
    Connect(RoomKey, RoomName, Credential, Cursor),
    /// End a room's connection.
    Disconnect(RoomKey),
    /// Send an event; the line is live.
    Send(RoomKey, ClientEvent),
    /// Connect again now.
    Retry(RoomKey),
    /// The next line is the password, and is not to be shown.
    AskPassword,
    /// End the program.
    End,
}

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) exit: Exit,
    /// What went wrong, where that has not been said.
    pub(super) words: Option<String>,
}

/// The whole of it.
#[derive(Debug)]
pub(super) struct Session {
    /// In the order of their keys.
    rooms: Vec<Room>,
    /// The room that is typed in.
    active: usize,
    me: Username,
    /// What a mention of this user looks like, in lower case.
    names: Vec<String>,
    numbers: Numbers,
    likeness: Likeness,
    held: HeldNumbers,
    answer: Vec<String>,
    only_mentions: bool,
    times: bool,
    is_interactive: bool,
    zone: TimeZone,
    password: Option<Secret>,
    /// From an earlier run, or a newer one in its place: it goes before the password.
    token: Option<Secret>,
    ignored: Ignored,
    undos: Vec<Undo>,
    /// The questions for another password.
    change: Option<Change>,
    /// The server has let somebody in with the password.
    is_proven: bool,
    /// The user is being asked for the password.
    is_asking: bool,
    nonce_prefix: String,
    nonces: u64,
    /// Something was not sent, or was refused.
    is_incomplete: bool,
    /// Since when it ends once all is answered.
    ending: Option<Duration>,
    /// Nothing more is sent.
    is_stopped: bool,
    failure: Option<(Exit, String)>,
    has_ended: bool,
    now: Now,
    effects: Vec<Effect>,
}

impl Session {
    pub(super) fn new(settings: Settings) -> Self {
        let rooms = settings.rooms.into_iter().enumerate();
        Self {
            rooms: rooms
                .map(|(key, name)| Room::new(RoomKey(key), name))
                .collect(),
            active: 0,
            names: vec![settings.username.as_str().to_lowercase()],
            me: settings.username,
            numbers: Numbers::default(),
            likeness: Likeness::default(),
            held: HeldNumbers::default(),
            answer: Vec::new(),
            only_mentions: settings.only_mentions,
            times: settings.times,
            is_interactive: settings.is_interactive,
            zone: settings.zone,
            password: settings.password,
            token: settings.token,
            ignored: Ignored::from_saved(settings.ignored),
            undos: Vec::new(),
            change: None,
            is_proven: false,
            is_asking: false,
            nonce_prefix: settings.nonce_prefix,
            nonces: 0,
            is_incomplete: false,
            ending: None,
            is_stopped: false,
            failure: None,
            has_ended: false,
            now: Now::default(),
            effects: Vec::new(),
        }
    }

    /// Takes in what happened; what is to be done, in this order.
    pub(super) fn update(&mut self, event: Event, now: Now) -> Vec<Effect> {
        self.now = now;
        match event {
            Event::Started => self.connect_waiting(),
            Event::Link(key, event) => self.on_link(key.0, event),
            Event::Line(number, text) => self.on_line(number, &text),
            Event::BadLine(number, why) => self.refuse_line(number, &why),
            Event::Password(typed) if self.change.is_some() => self.take_password(typed),
            Event::Password(password) => self.on_password(password),
            Event::InputEnded => self.on_input_ended(),
            Event::Woke => self.on_woke(),
        }
        self.look_for_end();
        std::mem::take(&mut self.effects)
    }

    /// True while further lines can be taken in. What comes from no person is done line by line, each
    /// once the one before it is answered: so a line may count on what the ones before it did, and on
    /// the numbers of what was there on entering.
    pub(super) fn takes_lines(&self) -> bool {
        let waiting: usize = self.rooms.iter().map(|room| room.queue.len()).sum();
        match self.is_interactive {
            true => waiting < WAITING,
            false => waiting == 0 && self.rooms.iter().all(|room| self.is_settled(room)),
        }
    }

    /// Whom the user hides, for the next run.
    pub(super) fn ignored(&self) -> Vec<String> {
        self.ignored.to_save()
    }

    /// A line was given that is not looked at any more.
    pub(super) fn leave_out(&mut self) {
        self.is_incomplete = true;
    }

    /// When to be woken.
    pub(super) fn wake_at(&self) -> Option<Duration> {
        let live = self.rooms.iter().filter(|room| room.link == Link::Live);
        let queues = live.filter_map(|room| room.queue.wake_at());
        let downs = self.rooms.iter().filter_map(|room| self.given_up_at(room));
        queues.chain(downs).min()
    }

    /// The system ends the program: nothing more is sent.
    pub(super) fn stop(&mut self) {
        self.is_stopped = true;
    }

    /// True while something that was sent may still be answered.
    pub(super) fn is_under_way(&self) -> bool {
        let mut live = self.rooms.iter().filter(|room| room.link == Link::Live);
        live.any(|room| room.queue.is_under_way())
    }

    /// Takes out what was not sent or not answered: each with its line.
    pub(super) fn unsent(&mut self) -> Vec<(u64, String)> {
        let items = self.rooms.iter_mut().flat_map(|room| room.queue.drain());
        let lines = items.filter_map(|item| {
            let text = match &item.event {
                ClientEvent::Message(post) => words::one_row(post.content.as_str()),
                other => format!("/{}", typed_as(other)),
            };
            Some((item.line?, text))
        });
        let lines: Vec<_> = lines.collect();
        self.is_incomplete |= !lines.is_empty();
        lines
    }

    /// How it ended.
    pub(super) fn outcome(&mut self) -> Outcome {
        match self.failure.take() {
            Some((exit, words)) => Outcome {
                exit,
                words: Some(words),
            },
            None => Outcome {
                exit: match self.is_incomplete {
                    true => Exit::NotAll,
                    false => Exit::Done,
                },
                words: None,
            },
        }
    }

    fn on_woke(&mut self) {
        for place in 0..self.rooms.len() {
            if self.rooms[place].link != Link::Live {
                continue;
            }
            if let Some(item) = self.rooms[place].queue.expired(self.now.elapsed) {
                let why = match item.event {
                    ClientEvent::Message(_) => {
                        "the server did not confirm it; it may have been posted"
                    }
                    _ => "the server did not answer",
                };
                self.refuse_item(place, &item, why);
            }
            self.send_next(place);
        }
    }

    fn on_input_ended(&mut self) {
        if self.is_asking {
            return self.fail(Exit::Refused, "no password was given".to_owned());
        }
        self.ending.get_or_insert(self.now.elapsed);
    }

    /// Ends the program where nothing is left to wait for.
    fn look_for_end(&mut self) {
        let Some(since) = self.ending else {
            return;
        };
        if self.rooms.iter().all(|room| self.is_settled(room)) {
            return self.end();
        }
        let now = self.now.elapsed;
        let is_down = |room: &Room| self.given_up_at(room).is_some_and(|at| at <= now);
        if !self.has_ended && since <= now && self.rooms.iter().any(is_down) {
            self.fail(Exit::Unreachable, "the connection was lost".to_owned());
        }
    }

    /// True where a room needs no more waiting for.
    fn is_settled(&self, room: &Room) -> bool {
        match room.link {
            Link::Stopped { .. } => true,
            _ => room.queue.len() == 0 && (room.has_entered || self.is_interactive),
        }
    }

    /// When a room that is down is not waited for any longer.
    fn given_up_at(&self, room: &Room) -> Option<Duration> {
        let since = self.ending?.max(room.down_since?);
        (!self.is_settled(room)).then_some(since + DOWN)
    }

    fn fail(&mut self, exit: Exit, words: String) {
        self.failure.get_or_insert((exit, words));
        self.end();
    }

    fn end(&mut self) {
        if !std::mem::replace(&mut self.has_ended, true) {
            self.effects.push(Effect::End);
        }
    }

    /// Sends what is next in a room.
    fn send_next(&mut self, place: usize) {
        if self.is_stopped || self.rooms[place].link != Link::Live {
            return;
        }
        let limit = self.rooms[place].content_limit;
        while let Some((item, characters)) = self.rooms[place].queue.too_long(limit) {
            let why = format!("it has {characters} characters, the limit is {limit}");
            self.refuse_item(place, &item, &why);
        }
        let room = &mut self.rooms[place];
        if let Some(event) = room.queue.next(self.now.elapsed) {
            self.effects.push(Effect::Send(room.key, event));
        }
    }

    /// Puts something into a room's queue.
    fn enqueue(&mut self, place: usize, line: u64, event: ClientEvent) {
        self.enqueue_item(place, Item::new(Some(line), event));
    }

    fn enqueue_item(&mut self, place: usize, item: Item) {
        if let Link::Stopped { .. } = self.rooms[place].link {
            return self.refuse_item(place, &item, "not connected (/reconnect tries again)");
        }
        self.rooms[place].queue.push(item);
        self.send_next(place);
    }

    /// Says that something was not sent or not done.
    fn refuse_item(&mut self, place: usize, item: &Item, why: &str) {
        let Some(line) = item.line else {
            return self.on_entry_refused(place, why);
        };
        self.is_incomplete = true;
        let words = match &item.event {
            ClientEvent::ChangePassword(_) => return self.give_change_up(place, why),
            ClientEvent::Message(_) => format!("line {line} was not sent: {why}"),
            other => format!("line {line}, /{}, was refused: {why}", typed_as(other)),
        };
        self.answer(Some(place), &words);
    }

    /// Says that a line could not be taken in.
    fn refuse_line(&mut self, line: u64, why: &str) {
        self.is_incomplete = true;
        self.answer(None, &format!("line {line}: {why}"));
    }

    /// Says something that somebody asked for.
    fn answer(&mut self, place: Option<usize>, words: &str) {
        let line = self.own_line(place, words);
        self.print_answer(line);
    }

    fn print_answer(&mut self, line: String) {
        if self.answer.len() < ANSWER_LINES {
            self.answer.push(line.clone());
        }
        self.effects.push(Effect::Print(line));
    }

    /// Says something that nobody asked for.
    fn tell(&mut self, place: Option<usize>, words: &str) {
        let line = self.own_line(place, words);
        self.effects.push(Effect::Print(line));
    }

    /// The same where only what is for this user is left out.
    fn tell_room(&mut self, place: usize, words: &str) {
        if !self.only_mentions {
            self.tell(Some(place), words);
        }
    }

    /// A line of the program's own: told from messages by its first character.
    fn own_line(&self, place: Option<usize>, words: &str) -> String {
        match place.and_then(|place| self.label(place)) {
            Some(label) => format!("- [{label}] {words}"),
            None => format!("- {words}"),
        }
    }

    /// The room's name, where there are several.
    fn label(&self, place: usize) -> Option<&str> {
        (self.rooms.len() > 1).then(|| self.rooms[place].label.as_str())
    }

    fn is_moderator(&self, place: usize) -> bool {
        self.rooms[place].rank <= Rank::Moderator
    }

    fn is_me(&self, username: &str) -> bool {
        Username::new(username).is_ok_and(|username| username == self.me)
    }
}

#[cfg(test)]
mod tests;
