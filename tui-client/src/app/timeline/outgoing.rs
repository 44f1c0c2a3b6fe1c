//! This user's messages that are not in the room's log yet: waiting, sent, refused. One is under way
//! at a time, so they keep their order and a flood budget is not spent on a backlog. Must not send.

use std::time::Duration;

use chat_protocol::{ClientEvent, DraftContent, MessageId, Nonce, PostMessage, Seq};

use super::Timeline;
use super::entry::{Author, Cause, Entry, EntryId, Kind, Post, Stamp, Status};
use crate::app::event::Now;
use crate::sanitize;

/// Messages that may wait at a time; further ones stay in the input box.
pub(crate) const WAITING: usize = 20;
/// How long the server may take to confirm one.
const CONFIRMATION: Duration = Duration::from_secs(20);
/// The server knows a nonce for five minutes (the contract); later, sending again by itself could
/// post twice.
const NONCE_LIFE: Duration = Duration::from_secs(4 * 60 + 30);

/// Characters of the reason of a refusal.
const REASON_CHARS: usize = 500;

/// A message on its way.
#[derive(Debug)]
pub(crate) struct Outgoing {
    nonce: Nonce,
    content: DraftContent,
    /// When it was first handed to a connection.
    first_sent: Option<Duration>,
    /// When it was handed to the present connection.
    sent: Option<Duration>,
    pub(super) entry: Entry,
}

impl Outgoing {
    fn status(&self) -> Option<Status> {
        self.entry.post().map(|post| post.status)
    }

    fn reply_to(&self) -> Option<&MessageId> {
        self.entry.post().and_then(Post::reply_to)
    }

    fn is_pending(&self) -> bool {
        self.status() == Some(Status::Pending)
    }

    fn cause(&self) -> Option<Cause> {
        match self.status()? {
            Status::Failed(cause) => Some(cause),
            _ => None,
        }
    }

    /// True where the server may not know the nonce any more.
    fn is_late(&self, now: Now) -> bool {
        let late = |sent: Duration| now.elapsed.saturating_sub(sent) > NONCE_LIFE;
        self.first_sent.is_some_and(late)
    }

    /// True where sending the same once more can neither be refused for what it says nor post it twice.
    fn may_go_again(&self, now: Now) -> bool {
        match self.cause() {
            Some(Cause::Passing) => true,
            Some(Cause::Unconfirmed) => !self.is_late(now),
            Some(Cause::ForGood) | None => false,
        }
    }

    fn set(&mut self, status: Status, words: &str, version: u64) {
        if let Some(post) = self.entry.post_mut() {
            post.set(status, words);
        }
        self.entry.renew(version);
    }
}

impl Timeline {
    /// Takes a message on; it shows at once.
    pub(crate) fn queue(
        &mut self,
        content: DraftContent,
        nonce: Nonce,
        author: Author,
        stamp: Stamp,
        reply_to: Option<MessageId>,
    ) {
        let shown = sanitize::text(content.as_str());
        let author = std::rc::Rc::new(author);
        let mut post = Post::new(author, None, &shown, reply_to, Status::Pending);
        post.is_own = true;
        let version = self.next_version();
        let entry = Entry::new(Seq(u64::MAX), stamp, version, Kind::Post(post));
        self.outgoing.push(Outgoing {
            nonce,
            content,
            first_sent: None,
            sent: None,
            entry,
        });
    }

    /// The message to send next, if none is under way.
    pub(crate) fn next_to_send(&mut self, now: Now) -> Option<ClientEvent> {
        let next = self
            .outgoing
            .iter_mut()
            .find(|outgoing| outgoing.is_pending())?;
        if next.sent.is_some() {
            return None;
        }
        next.sent = Some(now.elapsed);
        next.first_sent.get_or_insert(now.elapsed);
        Some(ClientEvent::Message(PostMessage {
            content: next.content.clone(),
            nonce: Some(next.nonce.clone()),
            reply_to: next.reply_to().cloned(),
        }))
    }

    /// The line went down: what was under way has to be sent again.
    pub(crate) fn unsend(&mut self, now: Now) {
        for place in 0..self.outgoing.len() {
            let outgoing = &mut self.outgoing[place];
            outgoing.sent = None;
            if outgoing.is_pending() && outgoing.is_late(now) {
                let words = "the connection was lost before the server confirmed it; it may have been posted";
                self.fail_at(place, Cause::Unconfirmed, words);
            }
        }
    }

    /// The message with this nonce is in the log.
    pub(crate) fn confirm(&mut self, nonce: &Nonce) -> bool {
        let mut found = self.outgoing.iter();
        let Some(place) = found.position(|outgoing| outgoing.nonce == *nonce) else {
            return false;
        };
        // Its message in the log is the same entry.
        let outgoing = self.outgoing.remove(place);
        self.confirmed = Some((outgoing.nonce, outgoing.entry.id));
        true
    }

    /// The message with this nonce was refused; false where there is none.
    pub(crate) fn fail(&mut self, nonce: &str, cause: Cause, reason: &str) -> bool {
        let place = self
            .outgoing
            .iter()
            .position(|outgoing| outgoing.nonce.as_str() == nonce);
        if let Some(place) = place {
            self.fail_at(place, cause, reason);
        }
        place.is_some()
    }

    /// The message that is under way was refused; false where none is.
    pub(crate) fn fail_under_way(&mut self, cause: Cause, reason: &str) -> bool {
        let under_way = |outgoing: &Outgoing| outgoing.is_pending() && outgoing.sent.is_some();
        let place = self.outgoing.iter().position(under_way);
        if let Some(place) = place {
            self.fail_at(place, cause, reason);
        }
        place.is_some()
    }

    /// Gives up on a message whose confirmation does not come.
    pub(crate) fn expire(&mut self, now: Now) -> bool {
        match self.confirmation_due() {
            Some(due) if due <= now.elapsed => {
                let words = "the server did not confirm it; it may have been posted";
                self.fail_under_way(Cause::Unconfirmed, words)
            }
            _ => false,
        }
    }

    /// When the message under way is given up.
    pub(crate) fn confirmation_due(&self) -> Option<Duration> {
        let under_way = self
            .outgoing
            .iter()
            .find(|outgoing| outgoing.is_pending())?;
        Some(under_way.sent? + CONFIRMATION)
    }

    /// Queues what may be sent again, each under its old nonce and in the order in which it was typed; how
    /// many.
    pub(crate) fn retry_failed(&mut self, now: Now) -> usize {
        let mut count = 0;
        for place in 0..self.outgoing.len() {
            if !self.outgoing[place].may_go_again(now) {
                continue;
            }
            let version = self.next_version();
            let outgoing = &mut self.outgoing[place];
            outgoing.sent = None;
            if outgoing.cause() == Some(Cause::Passing) {
                outgoing.first_sent = None;
            }
            outgoing.set(Status::Pending, "", version);
            count += 1;
        }
        count
    }

    /// Messages that may be sent again as they are.
    pub(crate) fn retriable(&self, now: Now) -> usize {
        let again = |outgoing: &&Outgoing| outgoing.may_go_again(now);
        self.outgoing.iter().filter(again).count()
    }

    /// Messages that were refused for something that does not pass.
    pub(crate) fn stuck(&self) -> usize {
        self.outgoing.iter().filter(|one| is_stuck(one)).count()
    }

    /// Drops what was refused for something that does not pass, or all that was refused; how many.
    pub(crate) fn discard(&mut self, all: bool) -> usize {
        let before = self.outgoing.len();
        self.outgoing
            .retain(|one| one.is_pending() || !(all || is_stuck(one)));
        before - self.outgoing.len()
    }

    /// Takes out the newest message that was refused for something that does not pass, to be written
    /// anew; its text.
    pub(crate) fn take_stuck(&mut self) -> Option<String> {
        let place = self.outgoing.iter().rposition(is_stuck)?;
        let outgoing = self.outgoing.remove(place);
        Some(outgoing.content.as_str().to_owned())
    }

    /// Takes out the refused message of an entry, to be written anew; its text, and what it answers.
    pub(crate) fn take_failed(&mut self, id: EntryId) -> Option<(String, Option<MessageId>)> {
        let place = self.failed_place(id)?;
        let outgoing = self.outgoing.remove(place);
        let reply_to = outgoing.reply_to().cloned();
        Some((outgoing.content.as_str().to_owned(), reply_to))
    }

    /// True for a message that was refused.
    pub(crate) fn is_failed(&self, id: EntryId) -> bool {
        self.failed_place(id).is_some()
    }

    fn failed_place(&self, id: EntryId) -> Option<usize> {
        let is_it = |one: &Outgoing| one.entry.id == id && !one.is_pending();
        self.outgoing.iter().position(is_it)
    }

    /// The texts that are not in the log, harmless, in the order in which they were typed.
    pub(crate) fn unsent(&self) -> impl Iterator<Item = &str> {
        let posts = self.outgoing.iter().filter_map(|one| one.entry.post());
        posts.map(Post::content)
    }

    /// Messages that wait or are under way.
    pub(crate) fn waiting(&self) -> usize {
        self.outgoing
            .iter()
            .filter(|outgoing| outgoing.is_pending())
            .count()
    }

    /// Messages that were refused.
    pub(crate) fn failed(&self) -> usize {
        self.outgoing.len() - self.waiting()
    }

    /// What was sent is refused, or was lost. Where the cause passes, those behind it wait with it: they
    /// would be refused as well, or come before it.
    fn fail_at(&mut self, place: usize, cause: Cause, reason: &str) {
        let reason = sanitize::brief(reason, REASON_CHARS);
        self.set_failed(place, cause, &reason);
        if cause != Cause::Passing {
            return;
        }
        for behind in place + 1..self.outgoing.len() {
            if self.outgoing[behind].is_pending() {
                self.set_failed(behind, cause, "the message before it was not sent");
            }
        }
    }

    fn set_failed(&mut self, place: usize, cause: Cause, reason: &str) {
        let version = self.next_version();
        self.outgoing[place].set(Status::Failed(cause), reason, version);
    }
}

fn is_stuck(outgoing: &Outgoing) -> bool {
    matches!(outgoing.cause(), Some(Cause::ForGood | Cause::Unconfirmed))
}
