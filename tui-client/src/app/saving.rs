//! What of the app outlives the program, and how it is taken up again. Must not know where it is kept.

use super::composer::{Draft, Reply};
use super::{App, Room};
use crate::sanitize;
use crate::session_state::{SavedDraft, SavedRoom, SavedSession};

/// Characters of a name and of a quote.
const QUOTE_CHARS: usize = 200;

impl App {
    /// What is to be kept for the next start. What was kept of rooms that are not open stays.
    pub(crate) fn saved(&self) -> SavedSession {
        let names: Vec<_> = self.rooms.iter().map(|room| room.name.clone()).collect();
        let mut saved = self.kept.clone().opened(&names);
        let mut drafts = self.drafts();
        for (saved, room) in saved.rooms.iter_mut().zip(&self.rooms) {
            saved.name = room.name.clone();
            let own = drafts.iter_mut().find(|(key, _)| *key == room.key);
            let own = own.map(|(_, drafts)| std::mem::take(drafts));
            saved.drafts = own.unwrap_or_default().into_iter().map(saved_draft).collect();
        }
        saved.active = self.rooms.get(self.active).map(|room| room.name.clone());
        saved
    }

    /// Goes on from what was kept of the rooms that are open.
    pub(super) fn take_up(&mut self, kept: SavedSession) {
        let is_active = |room: &Room| {
            let active = kept.active.as_ref();
            active.is_some_and(|active| active.plain() == room.name.plain())
        };
        self.active = self.rooms.iter().position(is_active).unwrap_or(0);
        let open: Vec<_> = self
            .rooms
            .iter()
            .map(|room| (room.key, kept.room(&room.name).cloned()))
            .collect();
        for (key, SavedRoom { drafts, .. }) in open
            .into_iter()
            .filter_map(|(key, saved)| Some((key, saved?)))
        {
            // Two go into the input box, one behind the other; older ones are reached with Up.
            let before = drafts.len().saturating_sub(2);
            for draft in &drafts[..before] {
                self.memory.history.add(&draft.text);
            }
            self.restore_drafts(key, drafts[before..].iter().map(draft).collect());
        }
        self.kept = kept;
    }
}

fn saved_draft(draft: Draft) -> SavedDraft {
    SavedDraft {
        text: draft.text,
        cursor: draft.cursor,
        reply: draft.reply.map(|reply| (reply.id, reply.name, reply.quote)),
    }
}

/// A draft from a file, which may have been changed by hand.
fn draft(saved: &SavedDraft) -> Draft {
    let reply = saved.reply.as_ref().map(|(id, name, quote)| Reply {
        id: id.clone(),
        name: sanitize::brief(name, QUOTE_CHARS),
        quote: sanitize::brief(quote, QUOTE_CHARS),
    });
    Draft {
        text: saved.text.clone(),
        cursor: saved.cursor,
        reply,
    }
}
