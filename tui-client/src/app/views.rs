//! What of a room is in view: the room itself; or over it what a search found, a thread, or what stood
//! around a message. One lies on the other, and Esc takes the uppermost away. Owns the pile; must not
//! know which key asked.

use std::time::Duration;

use chat_protocol::{History, HistoryRequest, MessageId, Seq, ServerEvent};

use super::room::Room;
use super::search::Search;
use super::thread::Thread;
use super::timeline::{EntryId, Reader, Stamp, Timeline};

/// Views that lie on each other; of more, the lowest goes.
const PILED: usize = 8;
/// Positions after a message that are loaded with what stood around it, and entries in all.
const AFTER: u64 = 100;
const AROUND: u64 = 200;

/// A view over the room.
#[derive(Debug)]
pub(crate) struct View {
    /// Never the same for two views: an answer finds the one that asked by it.
    pub(crate) number: u64,
    pub(crate) shows: Shows,
}

/// What a view shows.
#[derive(Debug)]
pub(crate) enum Shows {
    Found(Box<Search>),
    Thread(Box<Thread>),
    Around(Box<Around>),
    /// The room itself, come to from the view below.
    Room,
}

/// What stood around a message that is not in the room's timeline.
#[derive(Debug)]
pub(crate) struct Around {
    pub(crate) messages: Timeline,
    id: MessageId,
    at: Seq,
    /// When the user went there.
    opened_at: Duration,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Waiting,
    Asked,
    Here,
    Gone,
}

impl Around {
    /// Nothing is here before the server answers.
    pub(crate) fn new(id: MessageId, at: Seq, now: Duration) -> Self {
        let mut messages = Timeline::default();
        messages.set_top(false, true);
        Self {
            messages,
            id,
            at,
            opened_at: now,
            stage: Stage::Waiting,
        }
    }

    fn ask(&mut self) -> Option<HistoryRequest> {
        if self.stage != Stage::Waiting {
            return None;
        }
        self.stage = Stage::Asked;
        Some(HistoryRequest {
            before: Some(Seq(self.at.0.saturating_add(AFTER))),
            limit: Some(AROUND),
            ..HistoryRequest::default()
        })
    }

    fn take(&mut self, history: &History, reader: &Reader, stamp: Stamp) {
        self.messages.newest(history, reader, stamp);
        self.stage = match self.messages.find(&self.id) {
            Some(_) => Stage::Here,
            None => Stage::Gone,
        };
    }

    fn words(&self) -> &'static str {
        match self.stage {
            Stage::Waiting | Stage::Asked => "loading what stood around that message",
            Stage::Here => "an older part of the room",
            Stage::Gone => "that message is gone; this is what stood around it",
        }
    }
}

impl Shows {
    /// Its messages; `None` for those of the room itself.
    fn timeline(&self) -> Option<&Timeline> {
        match self {
            Shows::Found(search) => Some(&search.found),
            Shows::Thread(thread) => Some(&thread.messages),
            Shows::Around(around) => Some(&around.messages),
            Shows::Room => None,
        }
    }

    fn timeline_mut(&mut self) -> Option<&mut Timeline> {
        match self {
            Shows::Found(search) => Some(&mut search.found),
            Shows::Thread(thread) => Some(&mut thread.messages),
            Shows::Around(around) => Some(&mut around.messages),
            Shows::Room => None,
        }
    }

    fn ask(&mut self, room: &Timeline) -> Option<HistoryRequest> {
        match self {
            Shows::Found(search) => search.ask(room),
            Shows::Thread(thread) => thread.ask(),
            Shows::Around(around) => around.ask(),
            Shows::Room => None,
        }
    }

    fn unask(&mut self) {
        match self {
            Shows::Found(search) => search.unask(),
            Shows::Thread(thread) => thread.unask(),
            Shows::Around(around) if around.stage == Stage::Asked => {
                around.stage = Stage::Waiting;
            }
            Shows::Around(_) | Shows::Room => {}
        }
    }

    fn observe(&mut self, event: &ServerEvent) {
        match self {
            Shows::Found(search) => search.observe(event),
            Shows::Thread(thread) => thread.observe(event),
            Shows::Around(around) => match event {
                ServerEvent::DeleteMessage(deleted) => around.messages.delete(deleted),
                ServerEvent::Purge(purged) => {
                    around.messages.purge(purged);
                }
                ServerEvent::Clear(cleared) => around.messages.clear(cleared, None),
                _ => {}
            },
            Shows::Room => {}
        }
    }
}

impl Room {
    /// The messages in view.
    pub(crate) fn shown(&self) -> &Timeline {
        let over = self.views.last().and_then(|view| view.shows.timeline());
        over.unwrap_or(&self.timeline)
    }

    pub(crate) fn shown_mut(&mut self) -> &mut Timeline {
        let over = self.views.last_mut();
        let over = over.and_then(|view| view.shows.timeline_mut());
        over.unwrap_or(&mut self.timeline)
    }

    /// True where something else than the room itself is in view.
    pub(crate) fn is_covered(&self) -> bool {
        let over = self.views.last().and_then(|view| view.shows.timeline());
        over.is_some()
    }

    /// What is in view over the room, in words.
    pub(crate) fn view_words(&self) -> Option<String> {
        match &self.views.last()?.shows {
            Shows::Found(search) => Some(search.words()),
            Shows::Thread(thread) => Some(thread.words()),
            Shows::Around(around) => Some(around.words().to_owned()),
            Shows::Room => None,
        }
    }

    /// The search whose results are in view.
    pub(crate) fn search_mut(&mut self) -> Option<&mut Search> {
        match &mut self.views.last_mut()?.shows {
            Shows::Found(search) => Some(search),
            _ => None,
        }
    }

    /// True where the search in view has nothing more to look at.
    pub(crate) fn has_searched_all(&self) -> bool {
        match self.views.last().map(|view| &view.shows) {
            Some(Shows::Found(search)) => search.is_over(&self.timeline),
            _ => true,
        }
    }

    /// The thread in view.
    pub(crate) fn thread(&self) -> Option<&Thread> {
        match &self.views.last()?.shows {
            Shows::Thread(thread) => Some(thread),
            _ => None,
        }
    }

    /// Lays a view on top.
    pub(crate) fn lay(&mut self, shows: Shows) {
        if self.views.len() >= PILED {
            self.views.remove(0);
        }
        self.views_begun += 1;
        self.views.push(View {
            number: self.views_begun,
            shows,
        });
    }

    /// Back to the room itself.
    pub(crate) fn leave_views(&mut self) {
        self.views.clear();
        self.finder = None;
    }

    /// True while what is in view has something here to look at.
    pub(crate) fn is_looking(&self) -> bool {
        match self.views.last().map(|view| &view.shows) {
            Some(Shows::Found(search)) => search.is_busy(&self.timeline),
            _ => false,
        }
    }

    /// Goes on with what is in view: looks at a bounded piece, takes in what came; true where there is
    /// something else to show.
    pub(crate) fn look(&mut self) -> bool {
        match self.views.last_mut().map(|view| &mut view.shows) {
            Some(Shows::Found(search)) if search.is_busy(&self.timeline) => {
                search.step(&self.timeline) || !search.is_busy(&self.timeline)
            }
            _ => false,
        }
    }

    /// Takes new answers into the thread in view; true where there are any.
    pub(crate) fn catch_up(&mut self) -> bool {
        match self.views.last_mut().map(|view| &mut view.shows) {
            Some(Shows::Thread(thread)) => thread.catch_up(&self.timeline),
            _ => false,
        }
    }

    /// What the view on top asks the server for, with its number; taken as asked.
    pub(crate) fn ask_for_view(&mut self) -> Option<(u64, HistoryRequest)> {
        let view = self.views.last_mut()?;
        let request = view.shows.ask(&self.timeline)?;
        Some((view.number, request))
    }

    /// The answer to what the view with this number asked for; the message to go to, where there is one, and
    /// since when the user waits for it.
    pub(crate) fn answer_view(
        &mut self,
        number: u64,
        history: &History,
        reader: &Reader,
        stamp: Stamp,
    ) -> Option<(EntryId, Duration)> {
        let view = self.views.iter_mut().find(|view| view.number == number)?;
        match &mut view.shows {
            Shows::Found(search) => search.take(history, reader),
            Shows::Thread(thread) => thread.take(history, &self.timeline, reader),
            Shows::Around(around) => {
                around.take(history, reader, stamp);
                let entry = around.messages.find(&around.id)?;
                return Some((entry.id, around.opened_at));
            }
            Shows::Room => {}
        }
        None
    }

    /// What the view with this number asked for was refused, for good or only for now.
    pub(crate) fn refuse_view(&mut self, number: u64, is_final: bool, words: &str) {
        let Some(view) = self.views.iter_mut().find(|view| view.number == number) else {
            return;
        };
        match (&mut view.shows, is_final) {
            (Shows::Found(search), true) => search.refused(words),
            (Shows::Thread(thread), true) => thread.refused(),
            (Shows::Around(around), true) => around.stage = Stage::Gone,
            (shows, _) => shows.unask(),
        }
    }

    /// The line went down: what the views asked for is asked for again.
    pub(crate) fn unask_views(&mut self) {
        for view in &mut self.views {
            view.shows.unask();
        }
    }

    /// Tells the views what was taken out of the room.
    pub(crate) fn observe_in_views(&mut self, event: &ServerEvent) {
        for view in &mut self.views {
            view.shows.observe(event);
        }
    }
}
