//! How messages are said: those that come, those of the history, one again. Must not ask for any.

use chat_protocol::{History, Message, Rank, ServerEvent};

use super::{Effect, Session};
use crate::app::names_any;
use crate::plain_mode::numbers::Came;
use crate::plain_mode::words::{self, MessageLine};

/// Entries that are held back while those before them are on their way; with more, they are said at
/// once.
const HELD_BACK: usize = 1_000;

/// What a message is to this user.
struct About {
    /// What it is besides a message.
    words: Vec<String>,
    /// It names this user, or answers one of theirs.
    is_for_me: bool,
}

impl Session {
    /// A message came.
    pub(super) fn on_message(&mut self, place: usize, message: &Message, is_answer: bool) {
        let Came::New(number) = self.note(place, message) else {
            return;
        };
        if self.is_ignored(&message.username) {
            return;
        }
        let about = self.about(place, message);
        let time = self.times.then_some(message.time);
        let line = self.message_line(place, number, message, &about, time);
        if is_answer {
            self.print_answer(line);
        } else if !self.only_mentions || about.is_for_me || self.is_me(&message.username) {
            self.effects.push(Effect::Print(line));
        }
    }

    /// Holds an entry of the log back, where those before it are on their way; gives back what is not
    /// held.
    pub(super) fn hold_back(&mut self, place: usize, event: ServerEvent) -> Option<ServerEvent> {
        let held_back = self.rooms[place].held_back.as_mut();
        let Some(held_back) = held_back.filter(|_| event.seq().is_some()) else {
            return Some(event);
        };
        held_back.push(event);
        if held_back.len() > HELD_BACK {
            self.stop_holding_back(place);
        }
        None
    }

    /// Says what was held back.
    pub(super) fn stop_holding_back(&mut self, place: usize) {
        for event in self.rooms[place].held_back.take().unwrap_or_default() {
            self.on_event(place, event);
        }
    }

    /// The newest messages, asked for on entering.
    pub(super) fn on_entry(&mut self, place: usize, history: &History, wanted: usize) {
        let was_here = self.rooms[place].has_messages;
        self.say_gap(place, history);
        let mut count = 0;
        for message in newest(history, wanted).0 {
            count += usize::from(self.say_from_history(place, message, false, true));
        }
        match (was_here, count) {
            (true, _) => {}
            (false, 0) => self.tell(Some(place), "no messages here yet: what you type is posted"),
            (false, _) => self.tell(Some(place), "from here on as it comes"),
        }
        self.rooms[place].has_entered = true;
        self.stop_holding_back(place);
    }

    /// The newest messages can't be had.
    pub(super) fn on_entry_refused(&mut self, place: usize, why: &str) {
        self.tell(
            Some(place),
            &format!("the last messages can't be said: {why}"),
        );
        self.rooms[place].has_entered = true;
        self.stop_holding_back(place);
    }

    /// What came while the line was down, or the newest of it.
    pub(super) fn on_missed(&mut self, place: usize, history: &History) {
        if history.recovered == Some(false) {
            self.say_gap(place, history);
        }
        for entry in &history.entries {
            match entry {
                ServerEvent::Message(message) => self.on_message(place, message, false),
                other => self.on_event(place, other.clone()),
            }
        }
        self.rooms[place].has_entered = true;
    }

    /// A part of the history that was asked for.
    pub(super) fn on_page(&mut self, place: usize, history: &History, wanted: usize) {
        let (messages, is_all) = newest(history, wanted);
        for message in &messages {
            self.say_from_history(place, message, true, false);
        }
        let is_complete = is_all && history.complete;
        let oldest = messages.first().map(|message| self.note(place, message));
        let words = match (oldest, is_complete) {
            (None, true) => "there are no messages".to_owned(),
            (None, false) => "there are no messages in that part of the log".to_owned(),
            (Some(_), true) => format!("{}, from the beginning of the room", counted(&messages)),
            (Some(oldest), false) => {
                let oldest = oldest.number();
                let counted = counted(&messages);
                format!("{counted}; /history {wanted} before {oldest} says older ones")
            }
        };
        self.answer(Some(place), &words);
    }

    /// Says a message again, with all that is known of it.
    pub(super) fn show(&mut self, number: u64) -> Result<(), String> {
        let known = self.numbers.get(number)?;
        let mut about = Vec::new();
        if let Some(id) = &known.answers {
            about.push(match self.numbers.find(known.room, id) {
                Some(parent) => format!("to {} {}", parent.number, parent.author),
                None => "to an earlier message".to_owned(),
            });
        }
        if let Some(by) = &known.deleted_by {
            about.push(format!("deleted by {by}"));
        }
        let line = MessageLine {
            number,
            room: self.label(known.room.0),
            time: Some(words::time(known.time, self.now.unix_millis, &self.zone)),
            author: &known.author,
            about: &about,
            text: &known.text,
        };
        let line = line.line();
        self.print_answer(line);
        Ok(())
    }

    /// Says that messages may be missing, unless what came joins what was said.
    fn say_gap(&mut self, place: usize, history: &History) {
        let key = self.rooms[place].key;
        let mut messages = history.entries.iter().filter_map(message_of);
        let joins = messages.any(|message| self.numbers.find(key, &message.id).is_some());
        if self.rooms[place].has_messages && !joins && !history.complete {
            let words = "messages may be missing here (/history says older ones)";
            self.tell(Some(place), words);
        }
    }

    /// True where it was said: always, or where it is new.
    fn say_from_history(
        &mut self,
        place: usize,
        message: &Message,
        is_answer: bool,
        only_new: bool,
    ) -> bool {
        let came = self.note(place, message);
        let is_said = only_new && matches!(came, Came::Known(_));
        if is_said || self.is_ignored(&message.username) {
            return false;
        }
        let about = self.about(place, message);
        let time = Some(message.time);
        let line = self.message_line(place, came.number(), message, &about, time);
        match is_answer {
            true => self.print_answer(line),
            false => self.effects.push(Effect::Print(line)),
        }
        true
    }

    fn is_ignored(&self, username: &str) -> bool {
        chat_protocol::Username::new(username).is_ok_and(|name| self.ignored.has(name.key()))
    }

    fn note(&mut self, place: usize, message: &Message) -> Came {
        self.rooms[place].has_messages = true;
        let author = words::name(&message.display_name, &message.username);
        if message.rank < Rank::User {
            self.likeness.learn(&author, &message.username);
        }
        let text = words::one_row(&message.content);
        let key = self.rooms[place].key;
        self.numbers.note(key, message, &author, &text)
    }

    fn about(&self, place: usize, message: &Message) -> About {
        let mut words = Vec::new();
        let mut is_for_me = false;
        if let Some(id) = &message.reply_to {
            words.push(match self.numbers.find(self.rooms[place].key, id) {
                Some(parent) if self.is_own(parent.username.as_ref()) => {
                    is_for_me = true;
                    format!("to your {}", parent.number)
                }
                Some(parent) => format!("to {} {}", parent.number, parent.author),
                None => "to an earlier message".to_owned(),
            });
        }
        let is_mention = names_any(&message.content, &self.names);
        let author = words::name(&message.display_name, &message.username);
        if let Some(other) = self.likeness.other(&author, &message.username)
            && message.rank == Rank::User
        {
            words.push(format!("looks like {other}"));
        }
        if is_mention && !self.is_me(&message.username) {
            words.push("mentions you".to_owned());
            is_for_me = true;
        }
        About { words, is_for_me }
    }

    fn message_line(
        &self,
        place: usize,
        number: u64,
        message: &Message,
        about: &About,
        time: Option<u64>,
    ) -> String {
        let author = words::name(&message.display_name, &message.username);
        let line = MessageLine {
            number,
            room: self.label(place),
            time: time.map(|time| words::time(time, self.now.unix_millis, &self.zone)),
            author: &words::signed(&author, message.rank),
            about: &about.words,
            text: &words::one_row(&message.content),
        };
        line.line()
    }
}

/// The newest so many messages of an answer, the oldest first; true where it has no others.
fn newest(history: &History, wanted: usize) -> (Vec<&Message>, bool) {
    let mut messages: Vec<&Message> = history.entries.iter().filter_map(message_of).collect();
    let others = messages.len().saturating_sub(wanted);
    messages.drain(..others);
    (messages, others == 0)
}

fn counted(messages: &[&Message]) -> String {
    match messages.len() {
        1 => "1 message".to_owned(),
        count => format!("{count} messages"),
    }
}

fn message_of(event: &ServerEvent) -> Option<&Message> {
    match event {
        ServerEvent::Message(message) => Some(message),
        _ => None,
    }
}
