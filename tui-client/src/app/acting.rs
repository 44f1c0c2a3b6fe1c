//! What the letters do while something is picked: a message in the room, or an item of a panel. Must
//! not know which key asked.

use super::App;
use super::bar::Deed;
use super::composer::Reply;
use super::event::Effect;
use super::panels::Pick;
use super::target::Target;
use super::timeline::{Entry, EntryId};
use crate::keymap::{Action, SelectedAction};

impl App {
    /// True while letters act and are not typed.
    pub(crate) fn is_picking(&self) -> bool {
        match &self.panel {
            Some(open) => open.picked.is_some(),
            None => self.selection.is_some(),
        }
    }

    /// Does what a key asks of what is picked.
    pub(super) fn act_on_picked(&mut self, action: SelectedAction, effects: &mut Vec<Effect>) {
        // The wheel may have moved it out of sight.
        if let Some(at) = self.selection.as_ref().map(|selection| selection.at) {
            self.select(at);
        }
        if !self.check_letter(action) {
            return;
        }
        match action {
            SelectedAction::Mark if self.panel.is_none() => self.toggle_mark(),
            SelectedAction::LikeIt if self.panel.is_none() => self.mark_alike(),
            SelectedAction::TimeOut => self.ask_about_people(Deed::TimeOut),
            SelectedAction::Ban => self.ask_about_people(Deed::Ban),
            SelectedAction::Kick => self.ask_about_people(Deed::Kick),
            SelectedAction::Delete => self.ask_to_delete(),
            SelectedAction::Pin => self.ask_to_pin(),
            SelectedAction::Approve => self.ask_about_held(true),
            SelectedAction::Deny => self.ask_about_held(false),
            SelectedAction::Card => self.open_card_of_picked(true, effects),
            SelectedAction::Reply => self.reply_to_picked(),
            SelectedAction::Copy => self.copy_picked(effects),
            SelectedAction::ViewDeleted => self.view_deleted(),
            SelectedAction::Thread => self.open_thread(),
            SelectedAction::Edit => self.edit_failed(),
            SelectedAction::Open => self.open_picked(effects),
            _ => self.refuse_key(),
        }
        self.draw = true;
    }

    /// Keys that move while something is picked; false for others.
    pub(super) fn move_pick(&mut self, action: &Action) -> bool {
        let in_panel = self.panel.is_some();
        let page = self.view_height().saturating_sub(2).max(1);
        match action {
            Action::Up if in_panel => self.step_pick(false),
            Action::Down if in_panel => self.step_pick(true),
            Action::PageUp if in_panel => (0..page).for_each(|_| self.step_pick(false)),
            Action::PageDown if in_panel => (0..page).for_each(|_| self.step_pick(true)),
            Action::Up | Action::Select => self.step_selection(false),
            Action::Down => self.step_selection(true),
            Action::PageUp => (0..page / 2 + 1).for_each(|_| self.step_quietly(false)),
            Action::PageDown => (0..page / 2 + 1).for_each(|_| self.step_quietly(true)),
            Action::Home | Action::Top if !in_panel => {
                if let Some(entry) = self.room().shown().oldest_pick() {
                    self.select(entry);
                }
            }
            Action::End | Action::Bottom if !in_panel => {
                self.end_selection();
                self.room_mut().shown_mut().follow();
            }
            _ => return false,
        }
        self.draw = true;
        true
    }

    /// As far as it goes, without words at the end.
    fn step_quietly(&mut self, down: bool) {
        let at = self.selection.as_ref().map(|selection| selection.at);
        let next = at.and_then(|at| self.room().shown().step(at, down));
        if let Some(entry) = next {
            self.select(entry);
        }
    }

    /// Whom an action is for, wherever something is picked.
    pub(super) fn picked_targets(&self) -> Vec<Target> {
        match &self.panel {
            Some(_) => {
                let pick = self.panel_pick();
                pick.as_ref()
                    .and_then(Pick::target)
                    .cloned()
                    .into_iter()
                    .collect()
            }
            None => self.selected_targets(),
        }
    }

    fn ask_about_people(&mut self, deed: Deed) {
        let mut targets = self.picked_targets();
        targets.retain(|target| target.username.key() != self.key);
        if targets.is_empty() {
            return self.hint("there is nobody to do that to");
        }
        let alike = self.selection.as_ref().is_some_and(|one| one.alike) && self.panel.is_none();
        let mut bar = self.new_bar(deed, targets);
        bar.alike = alike;
        bar.deletes = bar.deed == Deed::Ban && bar.messages > 0;
        self.open_bar(bar);
    }

    fn ask_to_delete(&mut self) {
        let targets: Vec<Target> = self.picked_targets();
        let messages: Vec<Target> = (targets.iter())
            .filter(|target| target.message.is_some())
            .cloned()
            .collect();
        if self.is_failed_picked() {
            return self.discard_failed();
        }
        if messages.is_empty() {
            let people = targets
                .into_iter()
                .filter(|_| self.panel.is_some())
                .collect();
            return self.ask_to_purge(people);
        }
        let own = |target: &Target| target.username.key() == self.key;
        if !messages.iter().all(own) && !self.check_purge() {
            return;
        }
        let bar = self.new_bar(Deed::Delete, messages);
        self.open_bar(bar);
    }

    fn ask_to_purge(&mut self, people: Vec<Target>) {
        if people.is_empty() {
            return self.hint("there is no message to delete");
        }
        if self.check_purge() {
            let bar = self.new_bar(Deed::Purge, people);
            self.open_bar(bar);
        }
    }

    fn ask_to_pin(&mut self) {
        let target = self.selection.as_ref().map(|selection| selection.at);
        let target = target.and_then(|at| self.room().shown().target(at));
        let Some(target) = target.filter(|one| one.message.is_some() && self.panel.is_none())
        else {
            return self.hint("there is no message to pin");
        };
        let bar = self.new_bar(Deed::Pin, vec![target]);
        self.open_bar(bar);
    }

    fn ask_about_held(&mut self, approve: bool) {
        let Some(Pick::Held(id, target)) = self.panel_pick() else {
            return self.refuse_key();
        };
        let deed = match approve {
            true => Deed::Allow(vec![id]),
            false => Deed::Deny(vec![id]),
        };
        let bar = self.held_bar(deed, target);
        self.open_bar(bar);
    }

    /// Looks the person up who is picked; `toggles` where the same key closes the card again.
    fn open_card_of_picked(&mut self, toggles: bool, effects: &mut Vec<Effect>) {
        // Of several that are marked, the one that the cursor is on.
        let at = self.selection.as_ref().filter(|_| self.panel.is_none());
        let at = at.and_then(|selection| self.room().shown().target(selection.at));
        match at.or_else(|| self.picked_targets().into_iter().next()) {
            Some(target) if toggles && self.is_beside(&target) => self.card = None,
            Some(target) => self.look_up(target, true, effects),
            None => self.hint("there is nobody to look up"),
        }
    }

    /// What comes next is written as an answer to the picked message.
    fn reply_to_picked(&mut self) {
        let target = self.selected_targets().into_iter().next();
        let Some(message) = target.as_ref().and_then(|one| one.message.as_ref()) else {
            return self.hint("there is no message to answer");
        };
        let reply = Reply {
            id: message.id.clone(),
            name: target
                .as_ref()
                .map_or_else(String::new, |one| one.name.clone()),
            quote: message.text.clone(),
        };
        self.end_selection();
        self.panel = None;
        self.room_mut().composer.set_reply(Some(reply));
    }

    fn copy_picked(&mut self, effects: &mut Vec<Effect>) {
        let Some(selection) = self.selection.as_ref().filter(|_| self.panel.is_none()) else {
            return self.refuse_key();
        };
        let mut entries = selection.marks.clone();
        if entries.is_empty() {
            entries.push(selection.at);
        }
        let timeline = &self.room().shown();
        entries.sort_by_key(|entry| timeline.index_of(*entry));
        let texts = entries.iter().filter_map(|entry| {
            let post = timeline.picked(*entry)?.post()?;
            Some(post.content().to_owned())
        });
        let text = texts.collect::<Vec<_>>().join("\n");
        if text.is_empty() {
            return self.hint("there is no text to copy");
        }
        effects.push(Effect::Copy(text));
        self.hint("copied (where the terminal allows it)");
    }

    fn view_deleted(&mut self) {
        let at = self.selection.as_ref().filter(|_| self.panel.is_none());
        let at = at.map(|selection| selection.at);
        let timeline = self.room_mut().shown_mut();
        let is_kept =
            |at: &EntryId| timeline.is_ignored(*at) || timeline.deleted_text(*at).is_some();
        match at.filter(is_kept) {
            Some(at) => drop(timeline.toggle_fold(at)),
            None => self.hint("there is no hidden text here to show"),
        }
    }

    fn is_failed_picked(&self) -> bool {
        let at = self.selection.as_ref().filter(|_| self.panel.is_none());
        at.is_some_and(|selection| self.room().shown().is_failed(selection.at))
    }

    /// Puts a message that was not sent back into the input box.
    fn edit_failed(&mut self) {
        if !self.is_failed_picked() {
            return self.refuse_key();
        }
        let at = self.selection.as_ref().map(|selection| selection.at);
        let failed = at.and_then(|at| self.room_mut().shown_mut().take_failed(at));
        self.end_selection();
        if let Some((text, reply_to)) = failed {
            let reply = reply_to.map(|id| {
                let quote = self.room().timeline.quote(&id);
                let quote = quote.map_or_else(String::new, |quote| quote.to_string());
                let (name, quote) = quote.split_once(": ").unwrap_or_default();
                Reply {
                    id,
                    name: name.to_owned(),
                    quote: quote.to_owned(),
                }
            });
            let composer = &mut self.rooms[self.active].composer;
            composer.borrow_for(&text, reply, &mut self.memory);
        }
    }

    /// Drops a message that was not sent.
    fn discard_failed(&mut self) {
        if !self.is_failed_picked() {
            return self.refuse_key();
        }
        let at = self.selection.as_ref().map(|selection| selection.at);
        if at
            .and_then(|at| self.room_mut().shown_mut().take_failed(at))
            .is_some()
        {
            self.end_selection();
            self.hint("discarded");
        }
    }

    /// Enter on what is picked: opens what is folded, loads what is missing, sends again what failed, or
    /// looks the person up.
    fn open_picked(&mut self, effects: &mut Vec<Effect>) {
        if self.panel.is_some() {
            return self.open_card_of_picked(false, effects);
        }
        if self.is_failed_picked() {
            self.end_selection();
            return self.retry(effects);
        }
        if self.go_to_picked() {
            return;
        }
        let at = self.selection.as_ref().map(|selection| selection.at);
        if at.is_some_and(|at| self.load_gap(at, effects))
            || at.is_some_and(|at| self.room_mut().shown_mut().toggle_fold(at))
        {
            return;
        }
        self.refuse_key();
    }

    /// Asks for what is missing at a gap; false where the entry is none.
    fn load_gap(&mut self, entry: EntryId, effects: &mut Vec<Effect>) -> bool {
        let is_gap = |entry: &Entry| entry.is_gap();
        let timeline = &self.room().timeline;
        if !timeline.picked(entry).is_some_and(is_gap) {
            return false;
        }
        let place = timeline.place_of(entry);
        if !place.is_some_and(|place| timeline.is_loadable(place)) {
            self.hint("what is missing there can't be loaded: it is not in the server's log");
            return true;
        }
        let now = self.now;
        let room = self.room_mut();
        match room.ask_gap(entry, now) {
            Some(request) => {
                let key = room.key;
                effects.push(Effect::Send(key, request));
            }
            None => self.hint("can't load messages right now"),
        }
        true
    }
}
