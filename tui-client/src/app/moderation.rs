//! Keeping a room in order: what the user orders, and what moderators do to the room and to this user.
//! Must not know how an order is typed or shown.

use std::time::Duration;

use chat_protocol::limits::{MUTE_SECONDS, USERNAME_CHARS};
use chat_protocol::{
    Audit, AuditEntry, Cleared, ClientError, ClientEvent, ModerationNotice, Purged, Rank,
    RoomChange, RoomState, ServerEvent, Username, durations, events, sentences,
};

use super::event::Effect;
use super::row::Tone;
use super::timeline::Cause;
use super::{App, seconds_left};
use crate::command::Order;
use crate::sanitize;

/// How long the question whether to empty a room waits for its answer.
const QUESTION: Duration = Duration::from_secs(10);
/// The events whose refusal is told in the room: somebody ordered them.
const ORDERS: [&str; 19] = [
    events::KICK,
    events::MUTE,
    events::UNMUTE,
    events::BAN,
    events::UNBAN,
    events::SET_MOD,
    events::SET_VIP,
    events::DEL_MOD,
    events::DELETE_MESSAGE,
    events::PURGE,
    events::CLEAR,
    events::SET_ROOM,
    events::ADD_FILTER,
    events::REMOVE_FILTER,
    events::FILTERS,
    events::HELD,
    events::ALLOW,
    events::DENY,
    events::AUDIT,
];

impl App {
    /// Sends what a moderator asks for; or says why not, and the input is to be kept.
    pub(super) fn order(&mut self, order: Order, effects: &mut Vec<Effect>) -> Result<(), String> {
        if !self.room().is_live() {
            return Err("the command was not sent: not connected".to_owned());
        }
        let event = match order {
            Order::Send(event) => event,
            Order::Delete(username) => self.deletion(username)?,
            Order::Pin(username) => self.pinning(username)?,
            Order::Clear { sure } => {
                if !sure && !self.is_sure() {
                    return Ok(());
                }
                ClientEvent::Clear
            }
            Order::Allow(which) => ClientEvent::Allow {
                id: self.room().held.find(&which)?,
            },
            Order::Deny(which, reason) => ClientEvent::Deny {
                id: self.room().held.find(&which)?,
                reason,
            },
        };
        self.note_asked(&event);
        effects.push(Effect::Send(self.room().key, event));
        Ok(())
    }

    fn deletion(&mut self, username: Option<Username>) -> Result<ClientEvent, String> {
        let (key, author) = match &username {
            Some(username) => (username.key(), username.as_str()),
            None => (self.key.as_str(), "you"),
        };
        let timeline = &self.room().timeline;
        let (id, quote) = timeline
            .last_of(Some(key))
            .ok_or_else(|| format!("there is no message from {author} to delete here"))?;
        self.say(Tone::Faint, format!("deleting {quote}"));
        Ok(ClientEvent::DeleteMessage { id })
    }

    fn pinning(&mut self, username: Option<Username>) -> Result<ClientEvent, String> {
        let key = username.as_ref().map(Username::key);
        let (id, quote) = (self.room().timeline.last_of(key))
            .ok_or_else(|| "there is no message to pin here".to_owned())?;
        self.say(Tone::Faint, format!("pinning {quote}"));
        Ok(ClientEvent::SetRoom(RoomChange {
            pinned: Some(Some(id)),
            ..RoomChange::default()
        }))
    }

    /// True where the user was asked a moment ago; asks otherwise.
    fn is_sure(&mut self) -> bool {
        let now = self.now.elapsed;
        let asked = self.room_mut().clear_until.take();
        if asked.is_some_and(|until| now <= until) {
            return true;
        }
        self.room_mut().clear_until = Some(now + QUESTION);
        let words =
            "this deletes all messages for everybody: type /clear again within 10 s to confirm";
        self.notice(self.active, Tone::Waiting, words);
        false
    }

    /// Takes in what moderators did to the room, to this user, or that an order was carried out.
    pub(super) fn on_moderation(
        &mut self,
        place: usize,
        event: ServerEvent,
        effects: &mut Vec<Effect>,
    ) {
        match event {
            ServerEvent::Purge(purged) => self.on_purge(place, &purged),
            ServerEvent::Clear(cleared) => self.on_clear(place, &cleared),
            ServerEvent::Room(state) => self.on_room(place, state),
            ServerEvent::Audit(audit) => self.on_audit(place, &audit),
            ServerEvent::Held(held) => self.on_held(place, &held),
            ServerEvent::Allow(notice) | ServerEvent::Deny(notice) => {
                self.on_decided(place, &notice);
            }
            ServerEvent::Filters(filters) => self.on_filters(place, &filters),
            ServerEvent::SetVip(notice)
            | ServerEvent::AddFilter(notice)
            | ServerEvent::RemoveFilter(notice) => {
                self.tell_done(place, "done", &notice);
            }
            ServerEvent::Mute(notice) => self.on_mute(place, &notice, effects),
            ServerEvent::Unmute(notice) => {
                if !self.tell_done(place, "you are no longer muted", &notice) {
                    return;
                }
                self.rooms[place].muted_until = None;
                self.send_next(place, effects);
            }
            ServerEvent::SetMod(notice) => {
                if !self.tell_done(place, "you are a moderator now", &notice) {
                    return;
                }
                let rank = &mut self.rooms[place].rank;
                *rank = (*rank).min(Rank::Moderator);
            }
            ServerEvent::DelMod(notice) => {
                if !self.tell_done(place, "you are an ordinary user now", &notice) {
                    return;
                }
                self.rooms[place].rank = Rank::User;
            }
            ServerEvent::Kick(notice) => {
                self.tell_done(place, "you were kicked", &notice);
            }
            ServerEvent::Ban(notice) => {
                self.tell_done(place, "you were banned", &notice);
            }
            ServerEvent::Unban(notice) => {
                self.tell_done(place, "you are no longer banned", &notice);
            }
            // The connection keeps the others for itself, or they are not moderation.
            _ => {}
        }
    }

    /// Tells a refusal where the order was typed.
    pub(super) fn tell_refused_order(&mut self, place: usize, error: &ClientError, words: &str) {
        if let Some(event) = error
            .event
            .as_deref()
            .filter(|event| ORDERS.contains(event))
        {
            let order = typed_as(event);
            self.notice(place, Tone::Alert, &format!("{order} refused: {words}"));
        }
    }

    /// How long this user may not post in the room in view, as a clock: `9:58`.
    pub(crate) fn muted_for(&self) -> Option<String> {
        self.muted_seconds().map(clock)
    }

    /// The same in seconds.
    pub(super) fn muted_seconds(&self) -> Option<u64> {
        let left = seconds_left(self.room().muted_until?, self.now.elapsed);
        (left > 0).then_some(left)
    }

    /// Ends the mutes whose time is up; what was held back is sent.
    pub(super) fn end_mutes(&mut self, effects: &mut Vec<Effect>) {
        for place in 0..self.rooms.len() {
            let Some(until) = self.rooms[place].muted_until else {
                continue;
            };
            // The clock in view moves by the second, and wakes for nothing else.
            self.draw |= place == self.active;
            if until <= self.now.elapsed {
                self.rooms[place].muted_until = None;
                self.send_next(place, effects);
            }
        }
    }

    fn on_purge(&mut self, place: usize, purged: &Purged) {
        let changed = self.rooms[place].timeline.purge(purged);
        self.rooms[place].renew_pin();
        self.draw |= changed && place == self.active;
    }

    fn on_clear(&mut self, place: usize, cleared: &Cleared) {
        let stamp = self.stamp(self.now.unix_millis);
        let room = &mut self.rooms[place];
        room.timeline.clear(cleared, Some(stamp));
        room.renew_pin();
        // The tabs show every room's unread messages.
        self.draw |= place == self.active || room.unread > 0;
        room.read_all();
    }

    /// What this user did is told by the answer to it.
    fn on_audit(&mut self, place: usize, audit: &Audit) {
        if !audit.live && audit.entries.is_empty() {
            return self.notice(place, Tone::Faint, "no moderator actions here yet");
        }
        for entry in &audit.entries {
            if audit.live && entry.actor == self.me {
                continue;
            }
            let words = self.audit_words(entry, audit.live);
            self.notice(place, Tone::Faint, &words);
        }
    }

    /// An entry in words; with its time where it is told later.
    fn audit_words(&self, entry: &AuditEntry, live: bool) -> String {
        let moment = |millis: u64| {
            let stamp = self.stamp(i64::try_from(millis).unwrap_or(i64::MAX));
            format!("{} {:02}:{:02}", stamp.date, stamp.hour, stamp.minute)
        };
        let actor = sanitize::brief(&entry.actor, USERNAME_CHARS);
        let action = sanitize::brief(&entry.action, USERNAME_CHARS);
        let target = sanitize::brief(&entry.target, USERNAME_CHARS);
        let mut words = format!("{actor} {}", deed(&action, &target));
        if !live {
            words = format!("{} {words}", moment(entry.time));
        }
        if let Some(until) = entry.until {
            words = format!("{words} until {}", moment(until));
        }
        match entry.reason.as_deref() {
            None | Some("") => words,
            Some(reason) => format!("{words}: {}", sanitize::line(reason)),
        }
    }

    fn on_room(&mut self, place: usize, state: RoomState) {
        let changed = self.rooms[place].set_modes(&state);
        self.draw |= changed && place == self.active;
    }

    fn on_mute(&mut self, place: usize, notice: &ModerationNotice, effects: &mut Vec<Effect>) {
        let Some(seconds) = notice.duration.filter(|_| !is_success(notice)) else {
            self.tell_done(place, "muted", notice);
            return;
        };
        let reason = notice.reason.as_deref().unwrap_or_default();
        let mut words = format!("you are muted for {}", durations::left(seconds));
        if !reason.is_empty() {
            words = format!("{words}: {reason}");
        }
        let until = self.now.elapsed + Duration::from_secs(seconds.min(MUTE_SECONDS));
        let room = &mut self.rooms[place];
        let was_muted = room.muted_until.replace(until).is_some();
        let failed = match notice.nonce.as_deref() {
            Some(nonce) => room.timeline.fail(nonce, Cause::Passing, &words),
            None => room.timeline.fail_under_way(Cause::Passing, &words),
        };
        self.draw |= place == self.active;
        // A message that says why it was refused needs no line of its own beside it.
        if !(failed && was_muted) {
            self.notice(place, Tone::Alert, &words);
        }
        self.send_next(place, effects);
    }

    /// Tells what was done to this user, or the server's words on what this user did to another; true
    /// for the former.
    fn tell_done(&mut self, place: usize, what: &str, notice: &ModerationNotice) -> bool {
        let done = is_success(notice);
        let words = match &notice.reason {
            Some(reason) if done => reason.clone(),
            Some(reason) if !reason.is_empty() => format!("{what}: {reason}"),
            _ => what.to_owned(),
        };
        self.notice(place, if done { Tone::Good } else { Tone::Alert }, &words);
        !done
    }
}

/// What is typed for the order that goes over the wire as `event`.
fn typed_as(event: &str) -> &str {
    match event {
        events::SET_MOD => "mod",
        events::SET_VIP => "vip",
        events::DEL_MOD => "unmod",
        events::DELETE_MESSAGE => "delete",
        events::SET_ROOM => "room change",
        events::ADD_FILTER => "filter",
        events::REMOVE_FILTER => "unfilter",
        other => other,
    }
}

/// What was done, in words that follow the name of who did it. An action that is not known is told as
/// it came.
fn deed(action: &str, target: &str) -> String {
    match action {
        events::KICK => format!("kicked {target}"),
        events::MUTE => format!("muted {target}"),
        events::UNMUTE => format!("unmuted {target}"),
        events::BAN => format!("banned {target}"),
        events::UNBAN => format!("unbanned {target}"),
        "setAdmin" => format!("made {target} an administrator"),
        events::SET_MOD => format!("made {target} a moderator"),
        events::SET_VIP => format!("made {target} a VIP"),
        events::DEL_MOD => format!("made {target} an ordinary user"),
        events::DELETE_MESSAGE => format!("deleted a message from {target}"),
        events::PURGE => format!("deleted all messages from {target}"),
        events::CLEAR => "deleted all messages".to_owned(),
        events::SET_ROOM => "changed the room".to_owned(),
        events::ADD_FILTER => format!("added the pattern {target}"),
        events::REMOVE_FILTER => format!("removed the pattern {target}"),
        events::ALLOW => format!("approved a message from {target}"),
        events::DENY => format!("rejected a message from {target}"),
        _ => format!("- {action} {target}").trim_end().to_owned(),
    }
}

fn is_success(notice: &ModerationNotice) -> bool {
    notice.message.as_deref() == Some(sentences::SUCCESS)
}

/// A time that is counted down: `0:42`, `1:00:00`, `13d 23:59:59`.
fn clock(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let seconds = seconds % 60;
    match (days, hours) {
        (0, 0) => format!("{minutes}:{seconds:02}"),
        (0, _) => format!("{hours}:{minutes:02}:{seconds:02}"),
        _ => format!("{days}d {hours}:{minutes:02}:{seconds:02}"),
    }
}
