//! From a typed command, or what is picked, to the question that stands before it. Owns which events
//! need one; must not carry anything out.

use chat_protocol::{ClientEvent, RoomChange, Username};

use super::App;
use super::bar::{Bar, Deed, Length};
use super::event::Effect;
use super::target::{Target, people};
use crate::command::Order;
use crate::wrap::wrap;

impl App {
    /// Does what a typed command asks for: what only reads is sent, what touches others is asked about.
    /// Says why not otherwise, and the input is to be kept.
    pub(super) fn order(&mut self, order: Order, effects: &mut Vec<Effect>) -> Result<(), String> {
        if !self.room().is_live() {
            return Err("not done: not connected".to_owned());
        }
        let bar = match order {
            Order::Send(event) => match self.bar_for(event) {
                Ok(bar) => bar,
                Err(event) => {
                    self.note_asked(&event);
                    effects.push(Effect::Send(self.room().key, *event));
                    return Ok(());
                }
            },
            Order::Delete(username) => {
                let username = self.whose_to_delete(username)?;
                return self.pick_newest_of(username, "x deletes it");
            }
            Order::Pin(username) => return self.pick_newest_of(username, "p pins it"),
            Order::Clear => self.new_bar(Deed::Clear, Vec::new()),
            Order::Lock => self.new_bar(Deed::Lock, Vec::new()),
            Order::Unlock => {
                let before = self.room().locked_from.clone();
                let change = before.unwrap_or(RoomChange {
                    slow_mode: Some(0),
                    members_only: Some(false),
                    ..RoomChange::default()
                });
                self.new_bar(Deed::Unlock(change), Vec::new())
            }
            Order::Allow(which) => {
                let (id, target) = self.room().held.find(&which)?;
                self.held_bar(Deed::Allow(vec![id]), target)
            }
            Order::Deny(which, reason) => {
                let (id, target) = self.room().held.find(&which)?;
                let mut bar = self.held_bar(Deed::Deny(vec![id]), target);
                bar.reason = reason.unwrap_or_default();
                bar
            }
        };
        self.open_bar(bar);
        Ok(())
    }

    /// A bar of the room in view.
    pub(super) fn new_bar(&self, deed: Deed, targets: Vec<Target>) -> Bar {
        let room = self.room();
        let mut bar = Bar::new(room.key, &room.label, deed, targets);
        bar.messages = people(&bar.targets)
            .iter()
            .map(|one| room.timeline.messages_of(one.username.key()))
            .sum();
        bar.has_more = !room.timeline.is_complete();
        bar
    }

    /// A bar about a held message.
    pub(super) fn held_bar(&self, deed: Deed, author: Target) -> Bar {
        let text = match &deed {
            Deed::Allow(held) | Deed::Deny(held) => {
                let mut waiting = self.room().held.waiting();
                waiting
                    .find(|one| held.contains(&one.id))
                    .map(|one| one.text.clone())
            }
            _ => None,
        };
        let mut bar = self.new_bar(deed, vec![author]);
        bar.held_text = text;
        bar
    }

    /// Opens a question.
    pub(super) fn open_bar(&mut self, bar: Bar) {
        self.bar = Some(bar.opened_at(self.now.elapsed));
        self.draw = true;
    }

    /// The question about an event that touches others; the event itself where it only reads.
    fn bar_for(&self, event: ClientEvent) -> Result<Bar, Box<ClientEvent>> {
        let person = |username: &Username| vec![Target::person(username.clone())];
        let bar = |deed: Deed, username: &Username| Ok(self.new_bar(deed, person(username)));
        match &event {
            ClientEvent::Mute(mute) => {
                let mut bar = self.new_bar(Deed::TimeOut, person(&mute.username));
                bar.length = Length::Seconds(mute.duration);
                bar.reason = mute.reason.clone().unwrap_or_default();
                Ok(bar)
            }
            ClientEvent::Ban(ban) => {
                let mut bar = self.new_bar(Deed::Ban, person(&ban.username));
                bar.length = ban.duration.map_or(Length::Longest, Length::Seconds);
                bar.reason = ban.reason.clone().unwrap_or_default();
                Ok(bar)
            }
            ClientEvent::Kick(kick) => {
                let mut bar = self.new_bar(Deed::Kick, person(&kick.username));
                bar.reason = kick.reason.clone().unwrap_or_default();
                Ok(bar)
            }
            ClientEvent::Unmute { username } => bar(Deed::Unmute, username),
            ClientEvent::Unban { username } => bar(Deed::Unban, username),
            ClientEvent::SetMod { username } => bar(Deed::SetMod, username),
            ClientEvent::SetVip { username } => bar(Deed::SetVip, username),
            ClientEvent::DelMod { username } => bar(Deed::DelMod, username),
            ClientEvent::Purge { username } => bar(Deed::Purge, username),
            ClientEvent::AddFilter(filter) => {
                let mut bar = self.new_bar(Deed::AddFilter(filter.clone()), Vec::new());
                bar.reason = filter.reason.clone().unwrap_or_default();
                Ok(bar)
            }
            ClientEvent::RemoveFilter { pattern } => {
                Ok(self.new_bar(Deed::RemoveFilter(pattern.clone()), Vec::new()))
            }
            ClientEvent::SetRoom(change) => match change_deed(change) {
                Some(deed) => Ok(self.new_bar(deed, Vec::new())),
                None => Err(Box::new(event)),
            },
            _ => Err(Box::new(event)),
        }
    }

    /// Whose newest message `/delete` is for: anybody's, for those who may; else this user's own.
    fn whose_to_delete(&self, username: Option<Username>) -> Result<Option<Username>, String> {
        if self.may_use("purge") {
            return Ok(username);
        }
        match username {
            Some(other) if other.key() != self.key => {
                Err("only moderators can delete what others wrote".to_owned())
            }
            Some(own) => Ok(Some(own)),
            None => Ok(Username::new(&self.me).ok()),
        }
    }

    /// Picks the newest message of a user out, for a key to act on: what is seen then is what is hit.
    fn pick_newest_of(&mut self, username: Option<Username>, then: &str) -> Result<(), String> {
        let key = username.as_ref().map(Username::key);
        let id = self
            .room()
            .timeline
            .newest_of(key)
            .ok_or_else(|| match &username {
                Some(username) => format!("there is no message from {} here", username.as_str()),
                None => "there is no message here".to_owned(),
            })?;
        self.select(id);
        self.hint(then);
        Ok(())
    }

    /// Rows that the question takes, which stands.
    pub(super) fn asked_rows(&self) -> usize {
        let columns = usize::from(self.width).saturating_sub(2).max(1);
        let bar = self.bar.as_ref();
        bar.map_or(0, |bar| wrap(&bar.question(columns), columns).len())
    }

    /// The user said no, or did something else.
    pub(super) fn close_bar(&mut self) {
        if let Some(bar) = self.bar.take()
            && let Some(typed) = bar.typed
            && self.room().key == bar.room
            && self.room().composer.is_empty()
        {
            // It was typed in vain: it comes back to be changed.
            let result = self.room_mut().composer.insert(&typed);
            self.tell_overflow(result);
        }
        self.reason_typing = None;
        self.draw = true;
    }

    /// The user said yes.
    pub(super) fn confirm_bar(&mut self, effects: &mut Vec<Effect>) {
        let Some(bar) = &self.bar else {
            return;
        };
        if self.now.elapsed < bar.ready_at {
            // The keys of the question say how long it takes.
            return;
        }
        if let Some(bar) = self.bar.take() {
            self.reason_typing = None;
            self.note_lock(&bar);
            self.end_selection();
            self.carry_out(bar, effects);
        }
    }

    /// Remembers what the room was like before a lock.
    fn note_lock(&mut self, bar: &Bar) {
        let Some(place) = self.place_of(bar.room) else {
            return;
        };
        let room = &mut self.rooms[place];
        match bar.deed {
            Deed::Lock if room.locked_from.is_none() => {
                room.locked_from = Some(RoomChange {
                    slow_mode: Some(room.modes.slow_mode),
                    members_only: Some(room.modes.members_only),
                    ..RoomChange::default()
                });
            }
            Deed::Unlock(_) => room.locked_from = None,
            _ => {}
        }
    }

    /// Says that one key may not be used here; a question that stands is not answered by it.
    pub(super) fn refuse_key(&mut self) {
        let was_asked = self.bar.is_some();
        self.close_bar();
        let words = match was_asked {
            true => "question cancelled: Enter says yes, Esc no",
            false => "that key does nothing here: Esc goes back to typing",
        };
        self.answers.hint(words.to_owned(), self.now.elapsed);
    }

    /// Says something short about the key that was pressed.
    pub(super) fn hint(&mut self, words: impl Into<String>) {
        self.answers.hint(words.into(), self.now.elapsed);
        self.draw = true;
    }
}

/// What a change of the room is, where it is one thing.
fn change_deed(change: &RoomChange) -> Option<Deed> {
    match change {
        RoomChange {
            slow_mode: Some(seconds),
            ..
        } => Some(Deed::Slow(*seconds)),
        RoomChange {
            members_only: Some(on),
            ..
        } => Some(Deed::MembersOnly(*on)),
        RoomChange {
            topic: Some(topic), ..
        } => Some(Deed::Topic(topic.clone())),
        RoomChange {
            pinned: Some(None), ..
        } => Some(Deed::Unpin),
        _ => None,
    }
}
