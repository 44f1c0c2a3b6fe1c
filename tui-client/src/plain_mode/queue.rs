//! What waits to be sent to one room, in the order in which it was typed. One is under way at a time:
//! so an answer belongs to one line, and a server that asks for patience gets it. Must not send or
//! print.

use std::collections::VecDeque;
use std::time::Duration;

use chat_protocol::{
    ClientError, ClientEvent, Code, HistoryRequest, ModerationNotice, Seq, ServerEvent, Username,
    sentences,
};

/// How long the server may take to answer.
const ANSWER: Duration = Duration::from_secs(20);
/// The server knows a nonce for five minutes (the contract); later, sending again could post twice.
const NONCE_LIFE: Duration = Duration::from_secs(4 * 60 + 30);
/// Between attempts, where the server does not say how long to wait.
const PAUSE: u64 = 2;
/// Who is to wait longer than this decides whether to.
const LONGEST_PAUSE: u64 = 120;
/// Entries of the log that are asked for at least, and at most (the contract).
const PAGE: u64 = 50;
const MOST_ENTRIES: u64 = 200;
/// How often one is sent before a refusal for haste is a refusal.
const TRIES: u32 = 5;

/// Something to send.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    /// The line of the input that asks for it; `None` for what the program wants to know itself.
    pub(super) line: Option<u64>,
    pub(super) event: ClientEvent,
    /// Messages that are wanted of the answer: the newest of it. The log has other entries as well, so
    /// that more are asked for.
    pub(super) wanted: usize,
    /// Sent so often and refused for haste.
    tries: u32,
    /// When it was first sent.
    first_sent: Option<Duration>,
}

impl Item {
    pub(super) fn new(line: Option<u64>, event: ClientEvent) -> Self {
        Self {
            line,
            event,
            wanted: 0,
            tries: 0,
            first_sent: None,
        }
    }

    /// Asks for the newest so many messages, or for those before a position.
    pub(super) fn page(line: Option<u64>, wanted: usize, before: Option<Seq>) -> Self {
        let limit = (2 * wanted as u64).clamp(PAGE, MOST_ENTRIES);
        let request = HistoryRequest {
            before,
            limit: Some(limit),
            ..HistoryRequest::default()
        };
        let mut item = Self::new(line, ClientEvent::History(request));
        item.wanted = wanted;
        item
    }

    fn nonce(&self) -> Option<&str> {
        match &self.event {
            ClientEvent::Message(post) => Some(post.nonce.as_ref()?.as_str()),
            _ => None,
        }
    }

    /// True where asking twice changes nothing.
    fn only_asks(&self) -> bool {
        matches!(
            self.event,
            ClientEvent::Who
                | ClientEvent::History(_)
                | ClientEvent::Held
                | ClientEvent::Filters
                | ClientEvent::Audit(_)
                | ClientEvent::User { .. }
                | ClientEvent::Sanctions
        )
    }

    /// True where `event` says that it was done, or is what was asked for.
    fn is_answered_by(&self, event: &ServerEvent) -> bool {
        match (&self.event, event) {
            (ClientEvent::Message(_), ServerEvent::Message(message)) => {
                let nonce = message.nonce.as_ref().map(chat_protocol::Nonce::as_str);
                nonce.is_some() && nonce == self.nonce()
            }
            (ClientEvent::DeleteMessage { id }, ServerEvent::DeleteMessage(deleted)) => {
                *id == deleted.id
            }
            (ClientEvent::Purge { username }, ServerEvent::Purge(purged)) => {
                Username::new(&purged.username).is_ok_and(|purged| purged == *username)
            }
            (ClientEvent::SetRoom(_), ServerEvent::Room(state)) => state.seq.is_some(),
            (ClientEvent::History(_), ServerEvent::History(history)) => history.recovered.is_none(),
            (ClientEvent::Audit(_), ServerEvent::Audit(audit)) => !audit.live,
            (ClientEvent::Held, ServerEvent::Held(held)) => !held.live,
            (sent, event) => sent.name() == event.name() && is_success(event),
        }
    }
}

/// True for what tells who asked; false for what tells somebody that it was done to them.
fn is_success(event: &ServerEvent) -> bool {
    match event {
        ServerEvent::Allow(notice) | ServerEvent::Deny(notice) => {
            notice.message.as_deref() == Some(sentences::SUCCESS)
        }
        other => other.notice().is_none_or(ModerationNotice::is_success),
    }
}

/// What a refusal means.
#[derive(Debug, PartialEq)]
pub(super) enum Refusal {
    /// This is not done.
    Final(Item),
    /// This goes again after so many seconds; whether that is worth saying.
    Waits { seconds: u64, is_news: bool },
    /// It is about nothing that is under way.
    Unrelated,
}

/// What waits for one room.
#[derive(Debug, Default)]
pub(super) struct Queue {
    items: VecDeque<Item>,
    /// When the first was handed to the present connection.
    sent: Option<Duration>,
    /// Nothing goes before this.
    not_before: Duration,
    /// The last one had to wait as well.
    was_slow: bool,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn push(&mut self, item: Item) {
        self.items.push_back(item);
    }

    /// Puts in what goes before all others; only where none is under way.
    pub(super) fn push_first(&mut self, item: Item) {
        self.items.push_front(item);
    }

    /// What to send now, if none is under way.
    pub(super) fn next(&mut self, now: Duration) -> Option<ClientEvent> {
        if self.sent.is_some() || now < self.not_before {
            return None;
        }
        let item = self.items.front_mut()?;
        item.first_sent.get_or_insert(now);
        self.sent = Some(now);
        Some(item.event.clone())
    }

    /// Takes out the next one, where it is a message of more than `limit` characters; how many it has.
    pub(super) fn too_long(&mut self, limit: usize) -> Option<(Item, usize)> {
        let ClientEvent::Message(post) = &self.items.front().filter(|_| self.sent.is_none())?.event
        else {
            return None;
        };
        let characters = post.content.as_str().chars().count();
        (characters > limit).then_some(())?;
        Some((self.take()?, characters))
    }

    /// True while one waits for its answer.
    pub(super) fn is_under_way(&self) -> bool {
        self.sent.is_some()
    }

    /// True while what this line asks for waits or is under way.
    pub(super) fn has_line(&self, line: u64) -> bool {
        self.items.iter().any(|item| item.line == Some(line))
    }

    /// Takes out what is under way, where `event` answers it.
    pub(super) fn answered(&mut self, event: &ServerEvent) -> Option<Item> {
        self.sent?;
        if !self.items.front()?.is_answered_by(event) {
            return None;
        }
        self.was_slow = self.items.front()?.tries > 0;
        self.take()
    }

    /// What a refusal means.
    pub(super) fn refused(&mut self, error: &ClientError, now: Duration) -> Refusal {
        let Some(item) = self.items.front_mut().filter(|_| self.sent.is_some()) else {
            return Refusal::Unrelated;
        };
        let is_its = match error.nonce.as_deref() {
            Some(nonce) => item.nonce() == Some(nonce),
            None => error.event.as_deref() == Some(item.event.name()),
        };
        if !is_its {
            return Refusal::Unrelated;
        }
        let seconds = error.retry_after.unwrap_or(PAUSE);
        let passes = matches!(error.code, Code::TooFast | Code::Unavailable);
        if !passes || seconds > LONGEST_PAUSE || item.tries + 1 >= TRIES {
            return self.take().map_or(Refusal::Unrelated, Refusal::Final);
        }
        item.tries += 1;
        // It was not stored: its nonce begins a new life.
        item.first_sent = None;
        let is_news = !self.was_slow && item.tries == 1;
        self.sent = None;
        self.not_before = now + Duration::from_secs(seconds);
        Refusal::Waits { seconds, is_news }
    }

    /// Takes out the message under way, where a mute answers it.
    pub(super) fn muted(&mut self, notice: &ModerationNotice) -> Option<Item> {
        self.sent?;
        let item = self.items.front()?;
        let is_its = match notice.nonce.as_deref() {
            Some(nonce) => item.nonce() == Some(nonce),
            None => false,
        };
        is_its.then(|| self.take()).flatten()
    }

    /// Takes out what the server does not answer.
    pub(super) fn expired(&mut self, now: Duration) -> Option<Item> {
        let sent = self.sent?;
        (now >= sent + ANSWER).then(|| self.take()).flatten()
    }

    /// The line went down. What can safely go again stays; what cannot is taken out: an order that may
    /// have been carried out, a message that the server may have forgotten the nonce of.
    pub(super) fn line_down(&mut self, now: Duration) -> Option<Item> {
        let was_asking = self.items.front().is_some_and(|item| item.line.is_none());
        let was_under_way = self.sent.take().is_some();
        // What the program itself wants to know it asks anew on the next line.
        self.items.retain(|item| item.line.is_some());
        let item = (self.items.front()).filter(|_| was_under_way && !was_asking)?;
        let late = |first: Duration| now.saturating_sub(first) > NONCE_LIFE;
        let may_go_again = match item.nonce() {
            Some(_) => !item.first_sent.is_some_and(late),
            None => item.only_asks(),
        };
        (!may_go_again).then(|| self.take()).flatten()
    }

    /// The same, once it has been down for long.
    pub(super) fn line_up(&mut self, now: Duration) -> Option<Item> {
        let late = |first: Duration| now.saturating_sub(first) > NONCE_LIFE;
        let is_late = self.items.front()?.first_sent.is_some_and(late);
        let is_message = self.items.front()?.nonce().is_some();
        (is_late && is_message).then(|| self.take()).flatten()
    }

    /// All that waits, which goes nowhere any more.
    pub(super) fn drain(&mut self) -> Vec<Item> {
        self.sent = None;
        self.items.drain(..).collect()
    }

    /// Takes out the lines that are not under way.
    pub(super) fn discard(&mut self) -> Vec<Item> {
        let under_way = usize::from(self.sent.is_some()).min(self.items.len());
        let waiting = self.items.split_off(under_way);
        let (lines, own): (Vec<Item>, Vec<Item>) =
            waiting.into_iter().partition(|item| item.line.is_some());
        self.items.extend(own);
        lines
    }

    /// When to look at it again, on a live line.
    pub(super) fn wake_at(&self) -> Option<Duration> {
        match self.sent {
            Some(sent) => Some(sent + ANSWER),
            None if self.items.is_empty() => None,
            None => Some(self.not_before),
        }
    }

    fn take(&mut self) -> Option<Item> {
        self.sent = None;
        self.items.pop_front()
    }
}

#[cfg(test)]
mod tests;
