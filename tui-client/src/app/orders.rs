//! What a moderator has said yes to, on its way to the server: one order at a time in each room, each
//! with its answer, and one answer for all that belongs together. Must not know how it was asked.

use std::collections::VecDeque;
use std::time::Duration;

use chat_protocol::{ClientError, ClientEvent, Code, ModerationNotice, ServerEvent, Username};

use super::answers::Cause;
use super::bar::Bar;
use super::event::Effect;
use super::row::Tone;
use super::taking_back::{Before, reverse};
use super::timeline::Author;
use super::{App, PROBLEM_CHARS};
use crate::command::typed_as;
use crate::link::RoomKey;
use crate::sanitize;

/// How long the server may take to answer one.
const ANSWER: Duration = Duration::from_secs(20);
/// How often one is sent again that came too fast.
const TRIES: u8 = 10;
/// The longest that a server can make an order wait.
const LONGEST_WAIT: u64 = 60;
/// Orders of a room that may wait: a raid has not as many people.
const MOST: usize = 2_000;

/// One event on its way.
#[derive(Clone, Debug, PartialEq)]
struct Order {
    event: ClientEvent,
    batch: u64,
    tries: u8,
}

/// The orders of one room.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    waiting: VecDeque<Order>,
    /// The one that was sent, and when its answer is overdue.
    under_way: Option<(Order, Duration)>,
    /// Nothing is sent before this.
    not_before: Option<Duration>,
}

impl Orders {
    /// Orders that are not answered.
    pub(crate) fn count(&self) -> usize {
        self.waiting.len() + usize::from(self.under_way.is_some())
    }

    /// When there is something to do.
    pub(super) fn wake_at(&self) -> Option<Duration> {
        let due = self.under_way.as_ref().map(|(_, due)| *due);
        due.or(self.not_before.filter(|_| !self.waiting.is_empty()))
    }

    fn next(&mut self, now: Duration) -> Option<ClientEvent> {
        if self.under_way.is_some() || self.not_before.is_some_and(|at| now < at) {
            return None;
        }
        self.not_before = None;
        let order = self.waiting.pop_front()?;
        let event = order.event.clone();
        self.under_way = Some((order, now + ANSWER));
        Some(event)
    }
}

/// What belongs together, until all of it is answered.
#[derive(Debug)]
pub(super) struct Batch {
    number: u64,
    room: RoomKey,
    bar: Bar,
    /// What the room was like before.
    before: Before,
    total: usize,
    left: usize,
    /// Why something was not done, in the server's words, the first.
    refused: Option<String>,
    refusals: usize,
    /// What the server said of the only order.
    words: Option<String>,
    /// What undoes what was done.
    undo: Vec<ClientEvent>,
}

impl App {
    /// Sends what a bar asked about; its answer comes as one.
    pub(super) fn carry_out(&mut self, bar: Bar, effects: &mut Vec<Effect>) {
        let Some(place) = self.place_of(bar.room) else {
            return self.say(Tone::Alert, "not done: you have left that room");
        };
        if !self.rooms[place].is_live() {
            return self.say(Tone::Alert, "not done: not connected");
        }
        let events = bar.events();
        if self.rooms[place].orders.count() + events.len() > MOST {
            return self.say(
                Tone::Alert,
                "not done: too much is waiting to be done already",
            );
        }
        self.batches_begun += 1;
        let number = self.batches_begun;
        let before = self.before(place, &bar);
        let room = &mut self.rooms[place];
        room.orders.waiting.extend(events.iter().map(|event| Order {
            event: event.clone(),
            batch: number,
            tries: 0,
        }));
        self.batches.push(Batch {
            number,
            room: bar.room,
            bar,
            before,
            total: events.len(),
            left: events.len(),
            refused: None,
            refusals: 0,
            words: None,
            undo: Vec::new(),
        });
        self.next_order(place, effects);
    }

    /// Sends the next order of a room, where it is its turn.
    pub(super) fn next_order(&mut self, place: usize, effects: &mut Vec<Effect>) {
        let now = self.now.elapsed;
        let room = &mut self.rooms[place];
        if !room.is_live() {
            return;
        }
        if let Some(event) = room.orders.next(now) {
            effects.push(Effect::Send(room.key, event));
        }
    }

    /// Takes in that an event came which may answer the order under way; true where it does.
    pub(super) fn on_order_done(
        &mut self,
        place: usize,
        event: &ServerEvent,
        words: Option<&str>,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let under_way = self.rooms[place].orders.under_way.as_ref();
        if !under_way.is_some_and(|(order, _)| answers(event, &order.event)) {
            return false;
        }
        let Some((order, _)) = self.rooms[place].orders.under_way.take() else {
            return false;
        };
        self.settle(&order, Ok(words.map(str::to_owned)));
        self.next_order(place, effects);
        true
    }

    /// Takes in a refusal; true where it answers the order under way.
    pub(super) fn on_order_refused(
        &mut self,
        place: usize,
        error: &ClientError,
        words: &str,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let orders = &mut self.rooms[place].orders;
        let name = error.event.as_deref();
        let under_way = orders
            .under_way
            .take_if(|(order, _)| name == Some(order.event.name()));
        let Some((mut order, _)) = under_way else {
            return false;
        };
        let may_pass = matches!(error.code, Code::TooFast | Code::Unavailable);
        if may_pass && order.tries < TRIES {
            order.tries += 1;
            let pause = error.retry_after.unwrap_or(1).clamp(1, LONGEST_WAIT);
            orders.not_before = Some(self.now.elapsed + Duration::from_secs(pause));
            orders.waiting.push_front(order);
            return true;
        }
        let words = format!(
            "{} refused: {}",
            order_words(&order.event),
            sanitize::brief(words, PROBLEM_CHARS)
        );
        self.settle(&order, Err(words));
        self.next_order(place, effects);
        true
    }

    /// The line went down: what was not answered is told, and not sent again by itself. A kick an hour
    /// later would meet somebody else's day.
    pub(super) fn give_orders_up(&mut self, place: usize) {
        let orders = std::mem::take(&mut self.rooms[place].orders);
        let under_way = orders.under_way.map(|(order, _)| order);
        for (order, words) in under_way
            .map(|order| (order, "the connection was lost before it was confirmed"))
            .into_iter()
            .chain(
                orders
                    .waiting
                    .into_iter()
                    .map(|order| (order, "the connection was lost")),
            )
        {
            let words = format!("{} not done: {words}", typed_as(&order.event));
            self.settle(&order, Err(words));
        }
    }

    /// Gives up what is not answered in time, and sends what had to wait.
    pub(super) fn wake_orders(&mut self, effects: &mut Vec<Effect>) {
        let now = self.now.elapsed;
        for place in 0..self.rooms.len() {
            let orders = &mut self.rooms[place].orders;
            let late = orders.under_way.take_if(|(_, due)| *due <= now);
            if let Some((order, _)) = late {
                let words = typed_as(&order.event);
                self.settle(&order, Err(format!("{words} not confirmed by the server")));
            }
            self.next_order(place, effects);
        }
    }

    /// One order of a batch has its answer; the last one brings the batch's.
    fn settle(&mut self, order: &Order, outcome: Result<Option<String>, String>) {
        let known = self
            .batches
            .iter()
            .position(|one| one.number == order.batch);
        let Some(index) = known else {
            return;
        };
        let batch = &mut self.batches[index];
        batch.left -= 1;
        match outcome {
            Ok(words) => {
                batch.words = words;
                batch.undo.extend(reverse(&order.event, &batch.before));
            }
            Err(words) => {
                batch.refusals += 1;
                batch.refused.get_or_insert(words);
            }
        }
        if batch.left == 0 {
            let batch = self.batches.remove(index);
            self.tell_batch(batch);
        }
    }

    fn tell_batch(&mut self, batch: Batch) {
        let done = batch.bar.done();
        let (tone, words) = match (&batch.refused, batch.total) {
            (None, 1) => (
                Tone::Good,
                batch.words.clone().unwrap_or_else(|| done.clone()),
            ),
            (None, _) => (Tone::Good, done.clone()),
            (Some(refused), 1) => (Tone::Alert, refused.clone()),
            (Some(refused), total) => {
                let carried = total - batch.refusals;
                (Tone::Alert, format!("{carried} of {total} done; {refused}"))
            }
        };
        let about = match &batch.bar.targets[..] {
            [one] => Some(one.clone()),
            _ => None,
        };
        if let Some(place) = self.place_of(batch.room) {
            self.tell_about(place, Cause::Asked, tone, &words, about, None);
        }
        let words = batch.bar.done_for_now();
        self.remember_undo(batch.room, &batch.bar, words, batch.undo);
    }
}

/// True where `event` says that `order` was carried out.
fn answers(event: &ServerEvent, order: &ClientEvent) -> bool {
    match (event, order) {
        (ServerEvent::DeleteMessage(deleted), ClientEvent::DeleteMessage { id }) => {
            deleted.id == *id
        }
        (ServerEvent::Purge(purged), ClientEvent::Purge { username }) => {
            is_named(&purged.username, username)
        }
        (ServerEvent::Clear(_), ClientEvent::Clear) => true,
        (ServerEvent::Room(state), ClientEvent::SetRoom(change)) => {
            change.slow_mode.is_none_or(|one| one == state.slow_mode)
                && change
                    .members_only
                    .is_none_or(|one| one == state.members_only)
                && change
                    .pinned
                    .as_ref()
                    .is_none_or(|one| *one == state.pinned)
        }
        (ServerEvent::Allow(notice), ClientEvent::Allow { id })
        | (ServerEvent::Deny(notice), ClientEvent::Deny { id, .. }) => {
            notice.message.is_some() && notice.id.as_ref().is_none_or(|one| one == id)
        }
        (event, order) => {
            let is_success = event.notice().is_some_and(ModerationNotice::is_success);
            is_success && event.name() == order.name()
        }
    }
}

fn is_named(given: &str, username: &Username) -> bool {
    *Author::key_of(given) == *username.key()
}

/// An order in words, with whom it is about: `ban bobb`.
fn order_words(event: &ClientEvent) -> String {
    let username = match event {
        ClientEvent::Kick(kick) => &kick.username,
        ClientEvent::Mute(mute) => &mute.username,
        ClientEvent::Ban(ban) => &ban.username,
        ClientEvent::Unmute { username }
        | ClientEvent::Unban { username }
        | ClientEvent::SetMod { username }
        | ClientEvent::SetVip { username }
        | ClientEvent::DelMod { username }
        | ClientEvent::Purge { username } => username,
        other => return typed_as(other).to_owned(),
    };
    let name = sanitize::line(username.as_str());
    format!("{} {name}", typed_as(event))
}
