//! What is done with the lines that are typed. Must not know how a line is read.

use chat_protocol::{
    ClientEvent, DraftContent, MessageId, Nonce, PostMessage, RoomChange, Username,
};

use super::{Effect, Session};
use crate::app::IgnoreAnswer;
use crate::plain_mode::help;
use crate::plain_mode::queue::Item;
use crate::plain_mode::typed::{self, Typed};

/// Seconds between a user's messages in a locked room.
const LOCKED_SECONDS: u64 = 30;

impl Session {
    pub(super) fn on_line(&mut self, line: u64, text: &str) {
        let author = |number: u64| {
            let known = self.numbers.get(number)?;
            let username = known.username.clone();
            username.ok_or_else(|| format!("the author of {number} has no name to act on"))
        };
        let typed = typed::parse(text, author);
        if !matches!(typed, Ok(Typed::Again | Typed::Nothing)) {
            self.answer.clear();
        }
        let done = typed.and_then(|typed| self.act(line, typed));
        if let Err(why) = done {
            self.refuse_line(line, &why);
        }
    }

    fn act(&mut self, line: u64, typed: Typed) -> Result<(), String> {
        match typed {
            Typed::Nothing => {}
            Typed::Post(text) => self.post(self.active, line, &text, None)?,
            Typed::Reply(number, text) => {
                let known = self.numbers.get(number)?;
                let (place, id) = (known.room.0, known.id.clone());
                self.post(place, line, &text, Some(id))?;
            }
            Typed::Delete(numbers) => self.delete(line, &numbers)?,
            Typed::Pin(number) => {
                let known = self.numbers.get(number)?;
                let change = RoomChange {
                    pinned: Some(Some(known.id.clone())),
                    ..RoomChange::default()
                };
                self.enqueue(known.room.0, line, ClientEvent::SetRoom(change));
            }
            Typed::Show(number) => self.show(number)?,
            Typed::Allow(numbers) => self.decide(line, &numbers, |id| ClientEvent::Allow { id })?,
            Typed::Deny(numbers, reason) => {
                self.decide(line, &numbers, |id| ClientEvent::Deny {
                    id,
                    reason: reason.clone(),
                })?
            }
            Typed::Send(event) => self.enqueue(self.active, line, event),
            Typed::Lock(is_on) => self.lock(line, is_on),
            Typed::History { limit, before } => self.history(line, limit, before)?,
            Typed::Join(room) => self.join(&room)?,
            Typed::Leave => self.leave()?,
            Typed::Ignore(name) => {
                let me = self.me.key().to_owned();
                let answer = self.ignored.ignore(&name, &me);
                self.say_ignored(answer)?;
            }
            Typed::Unignore(name) => {
                let answer = self.ignored.unignore(&name);
                self.say_ignored(answer)?;
            }
            Typed::Ignored => {
                let words = self.ignored.words();
                self.answer(None, &words);
            }
            Typed::Undo => self.undo(line)?,
            Typed::ChangePassword => self.begin_to_change_password()?,
            Typed::Room(None) => self.say_rooms(),
            Typed::Room(Some(name)) => self.change_room(&name)?,
            Typed::Only { mentions } => self.set_only(mentions),
            Typed::Times(times) => {
                self.times = times;
                self.answer(None, if times { "times on" } else { "times off" });
            }
            Typed::Again => self.say_again(),
            Typed::Help(topic) => self.help(topic.as_deref())?,
            Typed::Reconnect => self.reconnect(),
            Typed::Discard => self.discard(),
            Typed::Quit => self.quit(),
        }
        Ok(())
    }

    fn post(
        &mut self,
        place: usize,
        line: u64,
        text: &str,
        reply_to: Option<MessageId>,
    ) -> Result<(), String> {
        let content = DraftContent::new(text)
            .map_err(|_| "there is nothing to be seen in it, so nothing was sent".to_owned())?;
        self.nonces += 1;
        let nonce = format!("{}-{}", self.nonce_prefix, self.nonces);
        let nonce = Nonce::new(nonce).expect("a prefix and a number are no longer than a nonce");
        let post = PostMessage {
            content,
            nonce: Some(nonce),
            reply_to,
        };
        self.enqueue(place, line, ClientEvent::Message(post));
        Ok(())
    }

    /// Deletes all of them, or none where one is no message.
    fn delete(&mut self, line: u64, numbers: &[u64]) -> Result<(), String> {
        let mut targets = Vec::new();
        for number in numbers {
            let known = self.numbers.get(*number)?;
            if let Some(by) = &known.deleted_by {
                return Err(format!(
                    "{number} was deleted already, by {by}; nothing was done"
                ));
            }
            targets.push((known.room.0, known.id.clone()));
        }
        for (place, id) in targets {
            self.enqueue(place, line, ClientEvent::DeleteMessage { id });
        }
        Ok(())
    }

    /// Decides all of them, or none where one does not wait.
    fn decide(
        &mut self,
        line: u64,
        numbers: &[u64],
        event: impl Fn(chat_protocol::HeldId) -> ClientEvent,
    ) -> Result<(), String> {
        let mut targets = Vec::new();
        for number in numbers {
            let known = self.held.get(*number)?;
            targets.push((known.room.0, known.id.clone()));
        }
        for (place, id) in targets {
            self.enqueue(place, line, event(id));
        }
        Ok(())
    }

    /// Locks the room, or brings back what was before; where it was not locked here, all is open.
    fn lock(&mut self, line: u64, is_on: bool) {
        let room = &mut self.rooms[self.active];
        let modes = room.modes.clone().unwrap_or_default();
        let (slow_mode, members_only) = match is_on {
            true => {
                let before = (modes.slow_mode, modes.members_only);
                room.before_lock.get_or_insert(before);
                (LOCKED_SECONDS, true)
            }
            false => room.before_lock.take().unwrap_or_default(),
        };
        let change = RoomChange {
            slow_mode: Some(slow_mode),
            members_only: Some(members_only),
            ..RoomChange::default()
        };
        self.enqueue(self.active, line, ClientEvent::SetRoom(change));
    }

    fn history(&mut self, line: u64, limit: u64, before: Option<u64>) -> Result<(), String> {
        let (place, before) = match before {
            None => (self.active, None),
            Some(number) => {
                let known = self.numbers.get(number)?;
                (known.room.0, Some(known.seq))
            }
        };
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        self.enqueue_item(place, Item::page(Some(line), wanted, before));
        Ok(())
    }

    fn say_ignored(&mut self, answer: IgnoreAnswer) -> Result<(), String> {
        match answer {
            IgnoreAnswer::Changed(words) => self.answer(None, &words),
            IgnoreAnswer::Same(words) => return Err(words),
        }
        Ok(())
    }

    fn set_only(&mut self, mentions: bool) {
        self.only_mentions = mentions;
        let words = match mentions {
            true => "only what is for you is said now (/only all says everything)",
            false => "everything is said again",
        };
        self.answer(None, words);
    }

    fn say_again(&mut self) {
        if self.answer.is_empty() {
            return self.tell(None, "there is no answer to say again");
        }
        let lines = self.answer.iter().cloned();
        self.effects.extend(lines.map(Effect::Print));
    }

    fn help(&mut self, topic: Option<&str>) -> Result<(), String> {
        let page = help::page(topic).ok_or_else(|| {
            "there is no such page: /help, /help moderation, /help room, /help session".to_owned()
        })?;
        for line in page.lines() {
            self.answer(None, line);
        }
        Ok(())
    }

    fn discard(&mut self) {
        let items: Vec<_> = self
            .rooms
            .iter_mut()
            .flat_map(|room| room.queue.discard())
            .collect();
        self.is_incomplete |= !items.is_empty();
        let words = match items.len() {
            0 => "nothing waits to be sent".to_owned(),
            1 => "1 line is not sent".to_owned(),
            count => format!("{count} lines are not sent"),
        };
        self.answer(None, &words);
    }

    /// Ends once all is answered; asked for twice, at once.
    fn quit(&mut self) {
        if self.ending.is_some() {
            return self.end();
        }
        self.ending = Some(self.now.elapsed);
        let waiting: usize = self.rooms.iter().map(|room| room.queue.len()).sum();
        if waiting > 0 && self.is_interactive {
            let words = match waiting {
                1 => "1 line is on its way (/quit again leaves at once)".to_owned(),
                count => format!("{count} lines are on their way (/quit again leaves at once)"),
            };
            self.answer(None, &words);
        }
    }

    /// True where `username` is the author of messages of this user's.
    pub(super) fn is_own(&self, username: Option<&Username>) -> bool {
        username == Some(&self.me)
    }
}
