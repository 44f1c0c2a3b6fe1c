//! What waits for a moderator in a room, each under a short number that commands take. Must not decide
//! anything, nor know how it is typed.

use chat_protocol::{
    ClientEvent, FilterAction, FilterEntry, FilterKind, Filters, Held, HeldEntry, HeldId,
    HeldNotice, limits::CONTENT_CHARS, limits::USERNAME_CHARS,
};

use super::App;
use super::row::Tone;
use crate::command::Which;
use crate::sanitize;

/// Messages that are kept, the newest: a server of ours has no more waiting.
const KEPT: usize = 100;
/// Patterns that are shown; the rest is a number.
const SHOWN: usize = 100;
/// Characters of a pattern or a reason that are shown.
const SHORT: usize = 100;

/// The messages that wait in one room, the oldest first, each under its short number.
#[derive(Debug, Default)]
pub(crate) struct HeldList {
    waiting: Vec<(u32, HeldId)>,
    last: u32,
    /// The user asked for the list.
    pub(crate) is_asked: bool,
}

impl HeldList {
    /// The number of a message, and whether it is new here.
    fn number(&mut self, id: &HeldId) -> (u32, bool) {
        if let Some((number, _)) = self.waiting.iter().find(|(_, known)| known == id) {
            return (*number, false);
        }
        self.last = self.last.saturating_add(1);
        self.waiting.push((self.last, id.clone()));
        if self.waiting.len() > KEPT {
            self.waiting.remove(0);
        }
        (self.last, true)
    }

    fn remove(&mut self, id: &HeldId) {
        self.waiting.retain(|(_, known)| known != id);
    }

    /// The message that a command names, or why there is none.
    pub(crate) fn find(&self, which: &Which) -> Result<HeldId, String> {
        let found = match (which, &self.waiting[..]) {
            (Which::Only, []) => {
                return Err("no messages are waiting for a moderator here".to_owned());
            }
            (Which::Only, [(_, id)]) => Some(id),
            (Which::Only, _) => {
                return Err(
                    "several messages are waiting: add the number of one (/held lists them)"
                        .to_owned(),
                );
            }
            (Which::Number(number), waiting) => waiting
                .iter()
                .find(|(known, _)| known == number)
                .map(|(_, id)| id),
            (Which::Id(id), _) => Some(id),
        };
        found
            .cloned()
            .ok_or_else(|| "no such message is waiting (/held lists those that are)".to_owned())
    }
}

impl App {
    /// Says that the user asks for the list, where the order does.
    pub(super) fn note_asked(&mut self, event: &ClientEvent) {
        if *event == ClientEvent::Held {
            self.room_mut().held.is_asked = true;
        }
    }

    pub(super) fn on_held(&mut self, place: usize, held: &Held) {
        let list = &mut self.rooms[place].held;
        let is_asked = !held.live && std::mem::take(&mut list.is_asked);
        if !held.live {
            let still = |id: &HeldId| held.entries.iter().any(|entry| entry.id == *id);
            list.waiting.retain(|(_, id)| still(id));
        }
        if is_asked && held.entries.is_empty() {
            return self.notice(
                place,
                Tone::Faint,
                "no messages are waiting for a moderator here",
            );
        }
        for entry in held.entries.iter().take(KEPT) {
            let (number, is_new) = self.rooms[place].held.number(&entry.id);
            if is_new || is_asked {
                self.notice(place, Tone::Waiting, &waiting(number, entry));
            }
        }
    }

    /// A message waits no more; who decided it is told so, others see it in the audit.
    pub(super) fn on_decided(&mut self, place: usize, notice: &HeldNotice) {
        if let Some(id) = &notice.id {
            self.rooms[place].held.remove(id);
        }
        if let (Some(_), Some(words)) = (&notice.message, &notice.reason) {
            self.notice(place, Tone::Good, words);
        }
    }

    pub(super) fn on_filters(&mut self, place: usize, filters: &Filters) {
        if filters.entries.is_empty() {
            return self.notice(place, Tone::Faint, "nothing is blocked here");
        }
        for entry in filters.entries.iter().take(SHOWN) {
            self.notice(place, Tone::Faint, &blocked(entry));
        }
        if filters.entries.len() > SHOWN {
            let more = filters.entries.len() - SHOWN;
            self.notice(place, Tone::Faint, &format!("and {more} more"));
        }
    }
}

/// A message that waits, in one row of text.
fn waiting(number: u32, entry: &HeldEntry) -> String {
    let name = sanitize::brief(&entry.display_name, USERNAME_CHARS);
    let content = sanitize::brief(&entry.content, CONTENT_CHARS);
    let pattern = sanitize::brief(&entry.pattern, 2 * SHORT);
    let why = match entry.reason.as_deref() {
        None | Some("") => pattern,
        Some(reason) => format!("{pattern}: {}", sanitize::brief(reason, 5 * SHORT)),
    };
    format!("held {number}: {name}: {content} ({why})")
}

fn blocked(entry: &FilterEntry) -> String {
    let pattern = sanitize::brief(&entry.pattern, 2 * SHORT);
    let kind = match entry.kind {
        FilterKind::Word => "",
        FilterKind::Regex => "regex ",
    };
    let action = match entry.action {
        _ if entry.broken => "not working",
        FilterAction::Refuse => "blocked",
        FilterAction::Hold => "held",
    };
    let words = format!("{action}: {kind}{pattern}");
    match entry.reason.as_deref() {
        None | Some("") => words,
        Some(reason) => format!("{words} ({})", sanitize::brief(reason, 5 * SHORT)),
    }
}
