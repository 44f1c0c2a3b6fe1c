//! Messages that are quoted in view, or pinned, and that are not here: they are fetched one at a time, so
//! that they can be quoted and gone to. Owns which one is next; must not know how rows are made.

use std::time::Duration;

use chat_protocol::{ClientEvent, History, HistoryRequest, MessageId, Seq};

use super::App;
use super::event::Effect;
use super::room::{Asked, Room};
use super::thread::{Fetch, Fetched, known};
use super::timeline::Reader;

/// After something changed in view, before what is quoted there is looked at.
const PAUSE: Duration = Duration::from_millis(200);
/// Messages that are fetched for a room within a minute.
const FETCHED: u32 = 30;
const MINUTE: Duration = Duration::from_secs(60);

/// What is fetched for a room.
#[derive(Debug, Default)]
pub(crate) struct Quoting {
    fetch: Option<Fetch>,
    /// When what is in view is looked at.
    look_at: Option<Duration>,
    /// The user waits to go to this one, since then.
    goes_to: Option<(MessageId, Duration)>,
    /// Those that were looked for since that moment.
    begun: u32,
    since: Duration,
}

impl Quoting {
    /// When [`App::ask_for_quote`] has something to do.
    pub(crate) fn due(&self) -> Option<Duration> {
        self.look_at
    }

    fn begin(&mut self, fetch: Fetch, now: Duration) {
        if now >= self.since + MINUTE {
            (self.begun, self.since) = (0, now);
        }
        self.begun += 1;
        self.fetch = Some(fetch);
    }

    fn is_spent(&self, now: Duration) -> bool {
        self.begun >= FETCHED && now < self.since + MINUTE
    }
}

impl Room {
    /// What is asked for next.
    fn next_quote(
        &mut self,
        fetch: impl FnOnce(&Room) -> Option<Fetch>,
        now: Duration,
    ) -> Option<HistoryRequest> {
        if self.quoting.fetch.is_none() && !self.quoting.is_spent(now) {
            let fetch = fetch(self)?;
            self.quoting.begin(fetch, now);
        }
        self.quoting.fetch.as_ref().map(Fetch::request)
    }

    /// Looks for `id`, which is older than the position `before`.
    fn fetch_of(&self, id: MessageId, before: Seq) -> Fetch {
        Fetch::new(id, before, known(&self.timeline).as_ref())
    }

    /// The answer to what was asked for; where the message stands to which the user waits to go, and since
    /// when, or that it is gone.
    pub(crate) fn take_quote(
        &mut self,
        history: &History,
        reader: &Reader,
    ) -> Option<(MessageId, Option<Seq>, Duration)> {
        let fetch = self.quoting.fetch.as_mut()?;
        let id = fetch.id.clone();
        let at = match fetch.take(history) {
            Fetched::More => return None,
            Fetched::Found(message) => {
                self.timeline.insert_apart(&message, reader);
                Some(message.seq)
            }
            Fetched::Gone => {
                self.timeline.note_gone(&id);
                None
            }
        };
        self.quoting.fetch = None;
        let waits = self.quoting.goes_to.take_if(|(waited, _)| *waited == id);
        waits.map(|(id, since)| (id, at, since))
    }

    /// What was asked for was refused, for good or for now.
    pub(crate) fn refuse_quote(&mut self, is_final: bool) {
        if is_final && let Some(fetch) = self.quoting.fetch.take() {
            self.timeline.note_gone(&fetch.id);
            self.quoting.goes_to.take_if(|(id, _)| *id == fetch.id);
        }
    }
}

impl App {
    /// Asks for the next message that is quoted in view, or pinned, and that is not here.
    pub(super) fn ask_for_quote(&mut self, effects: &mut Vec<Effect>) {
        let now = self.now.elapsed;
        let is_drawn = self.draw;
        let room = self.room_mut();
        let is_pin_unknown = matches!(room.modes.pinned, Some((_, None)));
        if !room.is_live() || !(room.timeline.has_quotes() || is_pin_unknown) {
            return;
        }
        let quoting = &mut room.quoting;
        if is_drawn && quoting.fetch.is_none() {
            quoting.look_at.get_or_insert(now + PAUSE);
        }
        let is_due = quoting.look_at.is_some_and(|at| at <= now) || quoting.goes_to.is_some();
        if is_due {
            quoting.look_at = None;
        }
        let is_free = room.asked == Asked::Nothing && now >= room.ask_again;
        if !(is_due || quoting.fetch.is_some()) || !is_free || room.is_covered() {
            return;
        }
        let (geometry, height) = (self.geometry(), self.view_height());
        let next = |room: &Room| {
            let newest = room.timeline.newest_position()?;
            let goes_to = room.quoting.goes_to.as_ref().map(|(id, _)| id);
            let pinned = room.modes.pinned.as_ref();
            let pinned = pinned
                .filter(|(_, quote)| quote.is_none())
                .map(|(id, _)| id);
            if let Some(id) = goes_to.or(pinned) {
                return Some(room.fetch_of(id.clone(), newest.next()));
            }
            let span = room.timeline.span(geometry, height)?;
            let (id, before) = room.timeline.unknown_quote(span)?;
            Some(room.fetch_of(id, before))
        };
        let room = self.room_mut();
        if let Some(request) = room.next_quote(next, now) {
            room.asked = Asked::Quote;
            effects.push(Effect::Send(room.key, ClientEvent::History(request)));
        }
    }

    /// The message that the user waits for was found, or is gone.
    pub(super) fn go_to_fetched(&mut self, id: &MessageId, at: Option<Seq>, since: Duration) {
        // Not under the hands of somebody who does something else.
        let has_typed = self.typed_at.is_some_and(|typed_at| typed_at > since);
        match at {
            None => {
                self.hint("that message is gone: it was deleted, or is older than what is kept")
            }
            Some(_) if has_typed || self.panel.is_some() || self.bar.is_some() => {}
            Some(at) => self.show_message(id, at),
        }
    }

    /// `/pinned`: goes to the pinned message, wherever it stands.
    pub(super) fn go_to_pinned(&mut self) {
        let now = self.now.elapsed;
        let room = self.room_mut();
        let Some((id, _)) = room.modes.pinned.clone() else {
            return self.hint("nothing is pinned here");
        };
        if room.timeline.is_gone(&id) {
            return self.go_to_fetched(&id, None, now);
        }
        match room.timeline.position(&id) {
            Some(at) => self.show_message(&id, at),
            None if !room.is_live() => self.hint("can't load the pinned message: not connected"),
            None => {
                room.leave_views();
                room.quoting.goes_to = Some((id, now));
                self.hint("loading the pinned message");
            }
        }
    }
}
