//! What waits for a moderator in a room, each under a short number that commands take. Must not decide
//! anything, nor know how it is typed.

use chat_protocol::{
    ClientEvent, Held, HeldEntry, HeldId, HeldNotice, limits::CONTENT_CHARS, limits::USERNAME_CHARS,
};

use super::App;
use super::answers::{Cause, Subject};
use super::event::Effect;
use super::panels::Panel;
use super::row::Tone;
use super::target::Target;
use crate::command::Which;
use crate::sanitize;

/// Messages that are kept, the newest: a server of ours has no more waiting.
const KEPT: usize = 100;
/// Characters of a pattern or a reason that are shown.
const SHORT: usize = 200;

/// A message that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeldMessage {
    /// What commands call it by.
    pub(crate) number: u32,
    pub(crate) id: HeldId,
    /// Who wrote it.
    pub(crate) target: Target,
    /// Harmless.
    pub(crate) text: String,
    /// Why it waits.
    pub(crate) why: String,
    /// Since when, milliseconds since 1970, UTC.
    pub(crate) unix_millis: i64,
}

impl HeldMessage {
    /// `bob: see https://… (https?://: links wait)`
    pub(crate) fn words(&self) -> String {
        format!("{}: {} ({})", self.target.name, self.text, self.why)
    }
}

/// The messages that wait in one room, the oldest first, each under its short number.
#[derive(Debug, Default)]
pub(crate) struct HeldList {
    waiting: Vec<HeldMessage>,
    last: u32,
    /// The user asked for the list.
    pub(crate) is_asked: bool,
}

impl HeldList {
    /// The messages, the oldest first.
    pub(crate) fn waiting(&self) -> impl ExactSizeIterator<Item = &HeldMessage> {
        self.waiting.iter()
    }

    /// Takes a message in; `None` where it is here already, or where nobody can be named by its author's
    /// name.
    fn add(&mut self, entry: &HeldEntry) -> Option<&HeldMessage> {
        if self.waiting.iter().any(|one| one.id == entry.id) {
            return None;
        }
        let mut target = Target::named(&entry.username)?;
        target.name = sanitize::brief(&entry.display_name, USERNAME_CHARS);
        let pattern = sanitize::brief(&entry.pattern, SHORT);
        let why = match entry.reason.as_deref() {
            None | Some("") => pattern,
            Some(reason) => format!("{pattern}: {}", sanitize::brief(reason, SHORT)),
        };
        self.last = self.last.saturating_add(1);
        self.waiting.push(HeldMessage {
            number: self.last,
            id: entry.id.clone(),
            target,
            text: sanitize::brief(&entry.content, CONTENT_CHARS),
            why,
            unix_millis: i64::try_from(entry.time).unwrap_or(i64::MAX),
        });
        if self.waiting.len() > KEPT {
            self.waiting.remove(0);
        }
        self.waiting.last()
    }

    fn remove(&mut self, id: &HeldId) {
        self.waiting.retain(|one| one.id != *id);
    }

    /// The message that a command names, and who wrote it; or why there is none.
    pub(crate) fn find(&self, which: &Which) -> Result<(HeldId, Target), String> {
        let found = match (which, &self.waiting[..]) {
            (Which::Only, []) => {
                return Err("no messages are waiting for a moderator here".to_owned());
            }
            (Which::Only, [one]) => Some(one),
            (Which::Only, _) => {
                return Err("several messages are waiting: add the number of one (F3)".to_owned());
            }
            (Which::Number(number), waiting) => waiting.iter().find(|one| one.number == *number),
            (Which::Id(id), waiting) => waiting.iter().find(|one| one.id == *id),
        };
        found
            .map(|one| (one.id.clone(), one.target.clone()))
            .ok_or_else(|| "no such message is waiting (F3 lists those that are)".to_owned())
    }
}

impl App {
    /// Says that the user asks for the list, where the event does.
    pub(super) fn note_asked(&mut self, event: &ClientEvent) {
        let room = self.room_mut();
        match event {
            ClientEvent::Held => room.held.is_asked = true,
            ClientEvent::Filters => room.wants_filters = true,
            ClientEvent::Audit(_) => room.wants_audit = true,
            ClientEvent::Who => room.wants_members = true,
            _ => {}
        }
    }

    /// Asks the server for what waits, where this user may see it.
    pub(super) fn ask_for_held(&mut self, effects: &mut Vec<Effect>) {
        let room = self.room();
        if room.is_live() && room.rank <= chat_protocol::Rank::Moderator {
            effects.push(Effect::Send(room.key, ClientEvent::Held));
        }
    }

    pub(super) fn on_held(&mut self, place: usize, held: &Held) {
        let list = &mut self.rooms[place].held;
        let is_asked = !held.live && std::mem::take(&mut list.is_asked);
        if !held.live {
            let still = |one: &HeldMessage| held.entries.iter().any(|entry| entry.id == one.id);
            let gone: Vec<HeldId> = list
                .waiting
                .iter()
                .filter(|one| !still(one))
                .map(|one| one.id.clone())
                .collect();
            for id in gone {
                self.wait_no_more(place, &id);
            }
        }
        let list = &mut self.rooms[place].held;
        let entries = held.entries.iter().take(KEPT);
        let new: Vec<HeldMessage> = entries
            .filter_map(|entry| list.add(entry).cloned())
            .collect();
        match &new[..] {
            // What waits already is a list, and no news.
            several @ [_, _, ..] if !held.live => {
                let words = format!("{} messages wait for a moderator (F3)", several.len());
                self.tell(place, Tone::Waiting, &words);
            }
            new => new.iter().for_each(|one| self.tell_held(place, one)),
        }
        self.draw = true;
        if is_asked && place == self.active {
            self.open_panel(Panel::Held);
        }
        self.keep_pick();
    }

    fn tell_held(&mut self, place: usize, one: &HeldMessage) {
        let words = format!("held {}: {}", one.number, one.words());
        let subject = Subject::Held(self.rooms[place].key, one.id.clone());
        let (about, subject) = (Some(one.target.clone()), Some(subject));
        self.tell_about(place, Cause::News, Tone::Waiting, &words, about, subject);
    }

    /// A message waits no more; who decided it is told so by the answer to the order.
    pub(super) fn on_decided(&mut self, place: usize, notice: &HeldNotice) {
        if let Some(id) = &notice.id {
            self.wait_no_more(place, id);
        }
        self.draw = true;
        self.keep_pick();
    }

    /// A message waits no more, and nobody needs to be told that it does.
    fn wait_no_more(&mut self, place: usize, id: &HeldId) {
        let room = &mut self.rooms[place];
        room.held.remove(id);
        self.answers.withdraw(&Subject::Held(room.key, id.clone()));
    }

    /// Where what was picked is gone, the first takes its place.
    fn keep_pick(&mut self) {
        let is_held = self
            .panel
            .as_ref()
            .is_some_and(|open| open.kind == Panel::Held);
        // A question that stands keeps its target, whatever becomes of the list.
        if is_held && self.panel_pick().is_none() {
            self.pick_first();
        }
    }
}
