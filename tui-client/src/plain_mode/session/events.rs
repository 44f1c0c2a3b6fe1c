//! What the server's events do: answers, refusals, what moderators did. Must not know how a line is
//! typed.

use chat_protocol::limits::{REASON_CHARS, USERNAME_CHARS};
use chat_protocol::{
    Audit, ClientError, Filters, Held, HeldNotice, ModerationNotice, Rank, RoomState, ServerEvent,
    durations, events,
};

use super::Session;
use crate::plain_mode::queue::{Item, Refusal};
use crate::plain_mode::words;
use crate::sanitize;

/// What the log itself tells, or an event of its own: their lines in the audit would say it twice.
const TOLD: [&str; 6] = [
    events::DELETE_MESSAGE,
    events::PURGE,
    events::CLEAR,
    events::SET_ROOM,
    events::ALLOW,
    events::DENY,
];
/// Lines of a list that are said.
const LISTED: usize = 100;

impl Session {
    pub(super) fn on_event(&mut self, place: usize, event: ServerEvent) {
        let answered = self.rooms[place].queue.answered(&event);
        let is_answer = answered.as_ref().is_some_and(|item| item.line.is_some());
        // An answer to a line does not wait for what was there before it.
        let event = match answered.is_some() {
            true => Some(event),
            false => self.hold_back(place, event),
        };
        if let Some(item) = answered.as_ref().filter(|_| is_answer) {
            let before = self.rooms[place].modes.clone().unwrap_or_default();
            self.note_done(place, item, &before);
        }
        if let Some(event) = event {
            self.take_in(place, event, answered.as_ref(), is_answer);
        }
        if answered.is_some() {
            self.send_next(place);
        }
    }

    fn take_in(
        &mut self,
        place: usize,
        event: ServerEvent,
        answered: Option<&Item>,
        is_answer: bool,
    ) {
        match event {
            ServerEvent::Message(message) => self.on_message(place, &message, is_answer),
            ServerEvent::DeleteMessage(deleted) => self.on_deleted(place, &deleted, is_answer),
            ServerEvent::Purge(purged) => self.on_purged(place, &purged, is_answer),
            ServerEvent::Clear(cleared) => self.on_cleared(place, &cleared, is_answer),
            ServerEvent::Cerror(error) => self.on_cerror(place, &error),
            ServerEvent::History(history) => match answered {
                Some(item) if is_answer => self.on_page(place, &history, item.wanted),
                Some(item) => self.on_entry(place, &history, item.wanted),
                None => self.on_missed(place, &history),
            },
            ServerEvent::Who(who) if is_answer => self.answer(Some(place), &words::who(&who)),
            ServerEvent::User(user) if is_answer => {
                let lines = words::user(&user, self.now.unix_millis, &self.zone);
                self.answer_all(place, &lines);
            }
            ServerEvent::Sanctions(sanctions) if is_answer => {
                let lines = words::sanctions(&sanctions, self.now.unix_millis, &self.zone);
                self.answer_all(place, &lines);
            }
            ServerEvent::Filters(filters) if is_answer => self.on_filters(place, &filters),
            ServerEvent::Room(state) => self.on_modes(place, state, is_answer),
            ServerEvent::Audit(audit) => self.on_audit(place, &audit, is_answer),
            ServerEvent::Held(held) => self.on_held(place, &held, is_answer),
            ServerEvent::Allow(notice) => self.on_decided(place, &notice, "allowed", is_answer),
            ServerEvent::ChangePassword(_) => self.on_password_changed(place),
            ServerEvent::Deny(notice) => self.on_decided(place, &notice, "denied", is_answer),
            other => self.on_notice(place, other, is_answer),
        }
    }

    fn answer_all(&mut self, place: usize, lines: &[String]) {
        for line in lines {
            self.answer(Some(place), line);
        }
    }

    fn on_cerror(&mut self, place: usize, error: &ClientError) {
        let words = words::refusal(error);
        match self.rooms[place].queue.refused(error, self.now.elapsed) {
            Refusal::Final(item) => self.refuse_item(place, &item, &words),
            Refusal::Waits { seconds, is_news } => {
                if is_news {
                    let wait = durations::left(seconds);
                    let words = format!("{words}: it is sent again in {wait}");
                    self.answer(Some(place), &words);
                }
            }
            Refusal::Unrelated => {
                // Such as a message that waited for a moderator, who has decided.
                self.is_incomplete = true;
                self.tell(Some(place), &format!("refused: {words}"));
            }
        }
        self.send_next(place);
    }

    fn on_filters(&mut self, place: usize, filters: &Filters) {
        if filters.entries.is_empty() {
            return self.answer(Some(place), "nothing is blocked here");
        }
        for entry in filters.entries.iter().take(LISTED) {
            self.answer(Some(place), &words::filter(entry));
        }
        if filters.entries.len() > LISTED {
            let more = filters.entries.len() - LISTED;
            self.answer(Some(place), &format!("and {more} more"));
        }
    }

    fn on_modes(&mut self, place: usize, state: RoomState, is_answer: bool) {
        let before = self.rooms[place].modes.take().unwrap_or_default();
        let mut changes = words::modes(&before, &state);
        if before.pinned != state.pinned {
            let key = self.rooms[place].key;
            changes.push(match &state.pinned {
                None => "nothing is pinned any more".to_owned(),
                Some(id) => match self.numbers.find(key, id) {
                    Some(known) => {
                        format!("pinned: {} {}: {}", known.number, known.author, known.text)
                    }
                    None => "a message is pinned that was not said here".to_owned(),
                },
            });
        }
        self.rooms[place].modes = Some(state);
        if is_answer && changes.is_empty() {
            changes.push("that was so already".to_owned());
        }
        for words in changes {
            match is_answer {
                true => self.answer(Some(place), &words),
                false => self.tell_room(place, &words),
            }
        }
    }

    /// What this user did is told by the answer to it.
    fn on_audit(&mut self, place: usize, audit: &Audit, is_answer: bool) {
        if is_answer && audit.entries.is_empty() {
            return self.answer(Some(place), "moderators did nothing here yet");
        }
        for entry in &audit.entries {
            let words = words::audit(entry);
            if is_answer {
                let time = words::time(entry.time, self.now.unix_millis, &self.zone);
                self.answer(Some(place), &format!("{time} {words}"));
            } else if !TOLD.contains(&entry.action.as_str()) && !self.is_me(&entry.actor) {
                self.tell_room(place, &words);
            }
        }
    }

    fn on_held(&mut self, place: usize, held: &Held, is_answer: bool) {
        let key = self.rooms[place].key;
        if !held.live {
            let ids: Vec<_> = held.entries.iter().map(|entry| &entry.id).collect();
            self.held.keep(key, &ids);
        }
        if is_answer && held.entries.is_empty() {
            return self.answer(Some(place), "no message waits for a moderator");
        }
        for entry in &held.entries {
            let author = words::name(&entry.display_name, &entry.username);
            let (number, is_new) = self.held.note(key, &entry.id, &author);
            let words = words::held(number, &author, entry);
            match (is_answer, is_new) {
                (true, _) => self.answer(Some(place), &words),
                (false, true) => self.tell(Some(place), &words),
                (false, false) => {}
            }
        }
    }

    /// A message waits no more. The posted message itself comes as any other.
    fn on_decided(&mut self, place: usize, notice: &HeldNotice, what: &str, is_answer: bool) {
        let key = self.rooms[place].key;
        let known = notice.id.as_ref().and_then(|id| self.held.remove(key, id));
        let known = known.map(|known| format!("h{} by {}", known.number, known.author));
        match (known, is_answer, &notice.by) {
            (Some(known), true, _) => self.answer(Some(place), &format!("{known} is {what}")),
            (None, true, _) => self.answer(Some(place), &format!("the message is {what}")),
            (Some(known), false, Some(by)) => {
                let by = sanitize::brief(by, USERNAME_CHARS);
                self.tell_room(place, &format!("{known} was {what} by {by}"));
            }
            _ => {}
        }
    }

    /// What was done to this user, or the server's words on what this user did to another.
    fn on_notice(&mut self, place: usize, event: ServerEvent, is_answer: bool) {
        let (what, notice) = match &event {
            ServerEvent::Kick(notice) => ("you were kicked", notice),
            ServerEvent::Ban(notice) => ("you were banned", notice),
            ServerEvent::Mute(notice) => return self.on_mute(place, notice, is_answer),
            ServerEvent::Unmute(notice) => ("you are no longer muted", notice),
            ServerEvent::Unban(notice) => ("you are no longer banned", notice),
            ServerEvent::SetMod(notice) => ("you are a moderator now", notice),
            ServerEvent::DelMod(notice) => ("you are an ordinary user now", notice),
            ServerEvent::SetVip(notice) => ("you are a VIP now", notice),
            ServerEvent::AddFilter(notice) | ServerEvent::RemoveFilter(notice) => ("done", notice),
            // The connection keeps the others for itself, or nobody asked for them.
            _ => return,
        };
        if is_answer {
            return self.answer_done(place, notice);
        }
        if notice.is_success() {
            // An answer that came too late for its line.
            let words = notice.reason.as_deref().unwrap_or(what);
            let words = sanitize::brief(words, 2 * REASON_CHARS);
            return self.tell(Some(place), &words);
        }
        match event {
            ServerEvent::SetMod(_) => {
                let rank = &mut self.rooms[place].rank;
                *rank = (*rank).min(Rank::Moderator);
            }
            ServerEvent::DelMod(_) => self.rooms[place].rank = Rank::User,
            _ => {}
        }
        let words = words::with_reason(what.to_owned(), notice.reason.as_deref());
        self.tell(Some(place), &words);
    }

    fn on_mute(&mut self, place: usize, notice: &ModerationNotice, is_answer: bool) {
        let done = notice.is_success();
        let Some(seconds) = notice.duration.filter(|_| !done) else {
            if is_answer {
                self.answer_done(place, notice);
            }
            return;
        };
        let words = format!("you are muted for {}", durations::left(seconds));
        let words = words::with_reason(words, notice.reason.as_deref());
        match self.rooms[place].queue.muted(notice) {
            Some(item) => self.refuse_item(place, &item, &words),
            None => self.tell(Some(place), &words),
        }
        self.send_next(place);
    }

    fn answer_done(&mut self, place: usize, notice: &ModerationNotice) {
        let words = notice.reason.as_deref().unwrap_or("done");
        let words = sanitize::brief(words, 2 * REASON_CHARS);
        self.answer(Some(place), &words);
    }
}
