//! What moderators do to a room and to this user, and what the server says of this user's own orders.
//! Must not know how an order is typed or shown.

use std::time::Duration;

use chat_protocol::limits::{MUTE_SECONDS, REASON_CHARS};
use chat_protocol::{
    Audit, Cleared, MessageId, ModerationNotice, Purged, Rank, RoomState, ServerEvent, durations,
};

use super::answers::Cause as Asked;
use super::event::Effect;
use super::orders_words::audit_sentence_with;
use super::panels::Panel;
use super::row::Tone;
use super::target::Target;
use super::timeline::Cause;
use super::{App, seconds_left};
use crate::sanitize;

impl App {
    /// Takes in what moderators did to the room, to this user, or that an order was carried out.
    pub(super) fn on_moderation(
        &mut self,
        place: usize,
        event: ServerEvent,
        effects: &mut Vec<Effect>,
    ) {
        let words = success_words(&event);
        let answers = self.on_order_done(place, &event, words, effects);
        match event {
            ServerEvent::Purge(purged) => self.on_purge(place, &purged),
            ServerEvent::Clear(cleared) => self.on_clear(place, &cleared),
            ServerEvent::Room(state) => self.on_room(place, state),
            ServerEvent::Audit(audit) => {
                self.renew_card(place, &audit, effects);
                self.on_audit(place, audit);
            }
            ServerEvent::Held(held) => self.on_held(place, &held),
            ServerEvent::Allow(notice) | ServerEvent::Deny(notice) => {
                self.on_decided(place, &notice);
            }
            ServerEvent::Filters(filters) => {
                self.rooms[place].filters = filters.entries;
                let wanted = std::mem::take(&mut self.rooms[place].wants_filters);
                self.show_list(place, Panel::Filters, wanted);
            }
            ServerEvent::User(user) => self.on_user(place, user),
            ServerEvent::Sanctions(sanctions) => self.on_sanctions(place, sanctions),
            ServerEvent::ChangePassword(_) => self.on_password_changed(place, effects),
            // The answer to an order has been told.
            _ if answers => {}
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
                let had = self.rooms[place].rank;
                self.rooms[place].rank = had.min(Rank::Moderator);
                self.note_rank(place, had);
            }
            ServerEvent::DelMod(notice) => {
                if !self.tell_done(place, "you are an ordinary user now", &notice) {
                    return;
                }
                let had = std::mem::replace(&mut self.rooms[place].rank, Rank::User);
                self.note_rank(place, had);
            }
            ServerEvent::Kick(notice) => self.on_sent_away(place, "you were kicked", &notice),
            ServerEvent::Ban(notice) => self.on_sent_away(place, "you were banned", &notice),
            ServerEvent::Unban(notice) => {
                self.tell_done(place, "you are no longer banned", &notice);
            }
            // The connection keeps the others for itself, or they are not moderation.
            _ => {}
        }
    }

    /// Opens a list that the user asked for.
    fn show_list(&mut self, place: usize, panel: Panel, wanted: bool) {
        if wanted && place == self.active {
            self.open_panel(panel);
        }
        self.draw = true;
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
        self.draw |= place == self.active;
    }

    /// What this user did is told by the answer to it.
    fn on_audit(&mut self, place: usize, audit: Audit) {
        if !audit.live {
            let wanted = std::mem::take(&mut self.rooms[place].wants_audit);
            self.rooms[place].audit = audit.entries;
            return self.show_list(place, Panel::Audit, wanted);
        }
        for entry in &audit.entries {
            if entry.actor == self.me {
                continue;
            }
            let author_of = |id: &MessageId| {
                let post = self.rooms[place].timeline.find(id)?.post()?;
                Some(post.author.name.to_string())
            };
            let words = audit_sentence_with(entry, &self.me, author_of);
            let about = Target::named(&entry.target);
            self.tell_about(place, Asked::News, Tone::Faint, &words, about, None);
        }
    }

    fn on_room(&mut self, place: usize, state: RoomState) {
        let changed = self.rooms[place].set_modes(&state);
        self.draw |= changed && place == self.active;
    }

    fn on_mute(&mut self, place: usize, notice: &ModerationNotice, effects: &mut Vec<Effect>) {
        let Some(seconds) = notice.duration.filter(|_| !notice.is_success()) else {
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
        // A message that says why it was refused needs no answer of its own beside it.
        if !(failed && was_muted) {
            self.tell_user(place, Tone::Alert, &words);
        }
        self.send_next(place, effects);
    }

    /// The connection will be closed, in words of the server's own: why is told here alone.
    fn on_sent_away(&mut self, place: usize, what: &str, notice: &ModerationNotice) {
        if self.tell_done(place, what, notice) {
            let reason = notice.reason.as_deref().unwrap_or_default();
            self.rooms[place].sent_away = Some(sanitize::brief(reason, REASON_CHARS));
        }
    }

    /// Tells what concerns this user above all: it does not wait behind the news of others.
    fn tell_user(&mut self, place: usize, tone: Tone, words: &str) {
        self.tell_about(place, Asked::Asked, tone, words, None, None);
    }

    /// Tells what was done to this user, or the server's words on what this user did to another; true
    /// for the former.
    fn tell_done(&mut self, place: usize, what: &str, notice: &ModerationNotice) -> bool {
        let done = notice.is_success();
        let words = match &notice.reason {
            Some(reason) if done => reason.clone(),
            Some(reason) if !reason.is_empty() => format!("{what}: {reason}"),
            _ => what.to_owned(),
        };
        self.tell_user(place, if done { Tone::Good } else { Tone::Alert }, &words);
        !done
    }
}

/// The server's words on what this user did.
fn success_words(event: &ServerEvent) -> Option<&str> {
    match event {
        ServerEvent::Allow(notice) | ServerEvent::Deny(notice) => {
            notice.message.as_ref().and(notice.reason.as_deref())
        }
        other => {
            let notice = other.notice().filter(|notice| notice.is_success())?;
            notice.reason.as_deref()
        }
    }
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
