//! This user's messages that are not in the room's log yet: waiting, sent, refused. One is under way
//! at a time, so they keep their order and a flood budget is not spent on a backlog. Must not send.

use std::time::Duration;

use chat_protocol::{ClientEvent, DraftContent, Nonce, PostMessage, Seq};

use super::Timeline;
use super::entry::{Author, Entry, Kind, Post, Stamp, Status};
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
    fn status(&self) -> Option<&Status> {
        self.entry.post().map(|post| &post.status)
    }

    fn is_pending(&self) -> bool {
        self.status() == Some(&Status::Pending)
    }

    fn set(&mut self, status: Status, version: u64) {
        if let Some(post) = self.entry.post_mut() {
            post.status = status;
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
    ) {
        let post = Post {
            id: None,
            author: std::rc::Rc::new(author),
            content: sanitize::text(content.as_str()).into(),
            reply_to: None,
            quote: None,
            status: Status::Pending,
        };
        let version = self.next_version();
        let entry = Entry::new(Seq(u64::MAX), stamp, version, Kind::Post(Box::new(post)));
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
            reply_to: None,
        }))
    }

    /// The line went down: what was under way has to be sent again.
    pub(crate) fn unsend(&mut self, now: Now) {
        for place in 0..self.outgoing.len() {
            let outgoing = &mut self.outgoing[place];
            outgoing.sent = None;
            let late = |sent: Duration| now.elapsed.saturating_sub(sent) > NONCE_LIFE;
            if outgoing.is_pending() && outgoing.first_sent.is_some_and(late) {
                self.fail_at(
                    place,
                    "the line went down before it was confirmed; it may be in the room",
                );
            }
        }
    }

    /// The message with this nonce is in the log.
    pub(crate) fn confirm(&mut self, nonce: &Nonce) -> bool {
        let before = self.outgoing.len();
        self.outgoing.retain(|outgoing| outgoing.nonce != *nonce);
        self.outgoing.len() < before
    }

    /// The message with this nonce was refused; false where there is none.
    pub(crate) fn fail(&mut self, nonce: &str, reason: &str) -> bool {
        let place = self
            .outgoing
            .iter()
            .position(|outgoing| outgoing.nonce.as_str() == nonce);
        if let Some(place) = place {
            self.fail_at(place, reason);
        }
        place.is_some()
    }

    /// The message that is under way was refused; false where none is.
    pub(crate) fn fail_under_way(&mut self, reason: &str) -> bool {
        let under_way = |outgoing: &Outgoing| outgoing.is_pending() && outgoing.sent.is_some();
        let place = self.outgoing.iter().position(under_way);
        if let Some(place) = place {
            self.fail_at(place, reason);
        }
        place.is_some()
    }

    /// Gives up on a message whose confirmation does not come.
    pub(crate) fn expire(&mut self, now: Now) -> bool {
        match self.confirmation_due() {
            Some(due) if due <= now.elapsed => {
                self.fail_under_way("the server did not confirm it; it may be in the room")
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

    /// Queues the newest refused message again, under its old nonce; false where there is none.
    pub(crate) fn retry_newest_failed(&mut self) -> bool {
        let failed = |outgoing: &Outgoing| !outgoing.is_pending();
        let Some(place) = self.outgoing.iter().rposition(failed) else {
            return false;
        };
        let version = self.next_version();
        let mut outgoing = self.outgoing.remove(place);
        outgoing.sent = None;
        outgoing.first_sent = None;
        outgoing.set(Status::Pending, version);
        self.outgoing.push(outgoing);
        true
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

    fn fail_at(&mut self, place: usize, reason: &str) {
        let version = self.next_version();
        let status = Status::Failed(sanitize::brief(reason, REASON_CHARS).into());
        self.outgoing[place].set(status, version);
    }
}
