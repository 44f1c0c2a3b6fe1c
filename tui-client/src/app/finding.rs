//! Searching, threads, and the way to a message: what the keys do about them. The query has a line of its
//! own in place of the input box, whose text stays. Must not know which key asked.

use std::time::Duration;

use chat_protocol::{ClientEvent, MessageId, Seq};

use super::App;
use super::composer::{Edit, Editor, Reply};
use super::event::Effect;
use super::room::Asked;
use super::search::Search;
use super::thread::Thread;
use super::timeline::{Entry, EntryId};
use super::views::{Around, Shows};
use crate::keymap::Action;

/// Bytes of a query.
const CAPACITY: usize = 2_000;

/// The line that a search is typed into.
#[derive(Debug)]
pub(crate) struct Finder {
    pub(crate) query: Editor,
    /// What is wrong with what was typed.
    pub(crate) problem: Option<String>,
    /// It has the keys.
    pub(crate) is_typing: bool,
}

impl App {
    /// The line that a search is typed into, while it has the keys.
    pub(crate) fn finder(&self) -> Option<&Finder> {
        let finder = self.room().finder.as_ref();
        finder.filter(|finder| finder.is_typing && self.panel.is_none())
    }

    /// Begins to search, or goes back to what was searched for.
    pub(super) fn open_finder(&mut self) {
        self.panel = None;
        self.end_selection();
        let room = self.room_mut();
        let finder = room.finder.get_or_insert_with(|| Finder {
            query: Editor::line(CAPACITY),
            problem: None,
            is_typing: true,
        });
        finder.is_typing = true;
        // What lies over the results is left.
        let found = room.views.iter().rposition(is_found);
        if let Some(found) = found {
            room.views.truncate(found + 1);
        }
    }

    /// `/find`: searches for this, as if it was typed there.
    pub(super) fn find(&mut self, text: &str) {
        self.open_finder();
        if let Some(finder) = &mut self.room_mut().finder {
            finder.query.set(text, text.len());
        }
        self.search_again();
        self.submit_search();
    }

    /// Does what an action asks of the search line, while it has the keys; false where it is for others.
    pub(super) fn act_in_finder(&mut self, action: &Action) -> bool {
        if self.finder().is_none() {
            return false;
        }
        match (action, Edit::of(action)) {
            (Action::Escape | Action::Interrupt, _) => self.close_search(),
            (Action::Submit | Action::Up, _) => self.submit_search(),
            (Action::Find, _) => {}
            (Action::Newline, _) => self.hint("a search has one line"),
            (_, Some(edit)) => {
                let room = &mut self.rooms[self.active];
                let Some(finder) = &mut room.finder else {
                    return false;
                };
                let before = finder.query.text().to_owned();
                let result = finder.query.edit(edit, &mut self.memory.kills);
                let changed = finder.query.text() != before;
                self.tell_overflow(result);
                if changed {
                    self.search_again();
                }
            }
            _ => return false,
        }
        true
    }

    /// Puts pasted text into the search line; false where it has not the keys.
    pub(super) fn paste_in_finder(&mut self, text: &str) -> bool {
        if self.finder().is_none() {
            return false;
        }
        let line = text.lines().collect::<Vec<_>>().join(" ");
        if let Some(finder) = &mut self.room_mut().finder {
            let result = finder.query.insert(line.trim());
            self.tell_overflow(result);
        }
        self.search_again();
        true
    }

    /// Searches for what is typed now. What can't be searched for leaves what was found before.
    fn search_again(&mut self) {
        let room = self.room_mut();
        let Some(finder) = &mut room.finder else {
            return;
        };
        let text = finder.query.text().to_owned();
        finder.problem = None;
        let text = text.trim();
        let is_same = match room.views.last().map(|view| &view.shows) {
            Some(Shows::Found(search)) => search.text == text,
            _ => false,
        };
        if is_same {
            return;
        }
        if text.is_empty() {
            room.views.pop_if(|view| is_found(view));
            return;
        }
        match Search::new(text) {
            Ok(search) => {
                room.views.pop_if(|view| is_found(view));
                room.lay(Shows::Found(Box::new(search)));
            }
            Err(problem) => finder.problem = Some(problem),
        }
        self.draw = true;
    }

    /// Enter: looks at older messages too, and selects the newest of what was found.
    fn submit_search(&mut self) {
        let room = self.room_mut();
        let Some(finder) = &mut room.finder else {
            return;
        };
        if finder.problem.is_some() {
            return;
        }
        finder.is_typing = false;
        let found_nothing = {
            let Some(search) = room.search_mut() else {
                room.finder = None;
                return;
            };
            search.go_on();
            search.count() == 0
        };
        if !found_nothing {
            return self.begin_selection();
        }
        self.hint(match self.room().has_searched_all() {
            true => "nothing found: Ctrl+F changes the search, Esc closes it",
            false => "nothing found so far: Ctrl+F changes the search, Esc closes it",
        });
    }

    fn close_search(&mut self) {
        let room = self.room_mut();
        room.finder = None;
        room.views.pop_if(|view| is_found(view));
    }

    /// Esc: stops what is being loaded for a search, or takes the uppermost view away; false where there is
    /// none.
    pub(super) fn close_view(&mut self) -> bool {
        let room = self.room_mut();
        if room.search_mut().is_some_and(Search::stop) {
            return true;
        }
        let Some(view) = room.views.pop() else {
            return false;
        };
        match view.shows {
            Shows::Found(_) => room.finder = None,
            Shows::Thread(thread) => {
                // What was to be answered there is answered no more.
                let reply = room.composer.reply();
                if reply.is_some_and(|reply| thread.has(&reply.id)) {
                    room.composer.set_reply(None);
                }
            }
            Shows::Around(_) | Shows::Room => {}
        }
        true
    }

    /// The thread of the picked message.
    pub(super) fn open_thread(&mut self) {
        let entry = self.picked_entry();
        let thread = entry.and_then(|entry| Thread::new(entry, &self.room().timeline));
        let Some(thread) = thread else {
            return self.hint("there is no message to show the thread of");
        };
        self.end_selection();
        self.room_mut().lay(Shows::Thread(Box::new(thread)));
        self.aim_at_thread();
    }

    /// What is typed while a thread is in view answers it; the message that is answered stands at the input
    /// box and stays the same whatever comes.
    pub(super) fn aim_at_thread(&mut self) {
        let room = self.room();
        let Some(thread) = room.thread().filter(|_| room.composer.reply().is_none()) else {
            return;
        };
        let entry = thread.reply_to(None);
        let target = entry.and_then(|entry| thread.messages.target(entry.id));
        let reply = target.and_then(|target| {
            let message = target.message?;
            Some(Reply {
                id: message.id,
                name: target.name,
                quote: message.text,
            })
        });
        self.room_mut().composer.set_reply(reply);
    }

    /// Enter on a message of a view: goes to where it stands in the room; false in the room itself.
    pub(super) fn go_to_picked(&mut self) -> bool {
        let is_elsewhere = matches!(
            self.room().views.last().map(|view| &view.shows),
            Some(Shows::Found(_) | Shows::Thread(_))
        );
        let entry = self.picked_entry().filter(|_| is_elsewhere);
        let place = entry.and_then(|entry| Some((entry.post()?.id()?, entry.at)));
        let Some((id, at)) = place else {
            return false;
        };
        self.show_message(&id, at);
        true
    }

    /// Goes to a message: in the room where it is here, else to what stood around it.
    pub(super) fn show_message(&mut self, id: &MessageId, at: Seq) {
        self.panel = None;
        self.end_selection();
        let is_covered = self.room().is_covered();
        let (geometry, height) = (self.geometry(), self.view_height());
        let now = self.now.elapsed;
        let room = self.room_mut();
        if let Some(finder) = &mut room.finder {
            finder.is_typing = false;
        }
        match room.timeline.find(id).map(|entry| entry.id) {
            Some(entry) => {
                if is_covered {
                    room.lay(Shows::Room);
                }
                room.timeline.show(entry, geometry, height);
                self.select(entry);
            }
            None if at == Seq(0) => self.hint("that message is no longer here"),
            None => room.lay(Shows::Around(Box::new(Around::new(id.clone(), at, now)))),
        }
    }

    /// What stood around a message has come, and the message is there.
    pub(super) fn show_found(&mut self, entry: EntryId, opened_at: Duration) {
        let (geometry, height) = (self.geometry(), self.view_height());
        self.room_mut().shown_mut().show(entry, geometry, height);
        // Not under the hands of somebody who does something else.
        let has_typed = self.typed_at.is_some_and(|typed_at| typed_at > opened_at);
        if self.panel.is_none() && self.bar.is_none() && !has_typed {
            self.select(entry);
        }
    }

    /// Asks the server for what the view in front needs.
    pub(super) fn ask_for_view(&mut self, effects: &mut Vec<Effect>) {
        let now = self.now.elapsed;
        let room = self.room_mut();
        if !room.is_live() || room.asked != Asked::Nothing || now < room.ask_again {
            return;
        }
        if let Some((number, request)) = room.ask_for_view() {
            room.asked = Asked::View(number);
            effects.push(Effect::Send(room.key, ClientEvent::History(request)));
            self.draw = true;
        }
    }

    fn picked_entry(&self) -> Option<&Entry> {
        let selection = self.selection.as_ref().filter(|_| self.panel.is_none())?;
        self.room().shown().picked(selection.at)
    }
}

fn is_found(view: &super::views::View) -> bool {
    matches!(view.shows, Shows::Found(_))
}
