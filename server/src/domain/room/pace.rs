//! What the rules allow a member, and its pace may not: the rules say first what is allowed, so that
//! nothing that is refused anyway takes from what a member may do.

use chat_protocol::{ClientError, Nonce, Reason, Seq, ServerEvent, durations, events};

use super::{Effect, Look, MemberId, Passed, PendingVerdict, Room};
use crate::domain::entry::{EntryBody, Moment, NewEntry};
use crate::domain::filter::Change;
use crate::domain::held::Ruling;

/// What a member may do as far as the rules go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Post a message.
    Post(Passed),
    /// Have an entry stored that is no message.
    Store(NewEntry),
    /// Speak a verdict.
    Judge(Box<PendingVerdict>),
    /// Rule on a message that waits.
    Rule(Box<Ruling>),
    /// Change the patterns, by this name.
    ChangeFilter(Change, String),
    /// Read the patterns.
    ReadFilters,
    /// Read what waits for a moderator.
    ReadHeld,
    /// Read what only moderators may.
    Look(Look),
    /// Have the message at this position again, which was sent again with this nonce.
    Repeat(Seq, Nonce),
}

/// What something counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// The messages that a member may post.
    Message,
    /// What else it may have stored.
    Action,
    /// What it may be sent when it asks.
    Answer,
}

impl Allowed {
    /// What it counts against.
    pub fn pace(&self) -> Pace {
        match self {
            Allowed::Post(_) => Pace::Message,
            Allowed::Store(_)
            | Allowed::Judge(_)
            | Allowed::Rule(_)
            | Allowed::ChangeFilter(..) => Pace::Action,
            Allowed::ReadFilters | Allowed::ReadHeld | Allowed::Look(_) | Allowed::Repeat(..) => {
                Pace::Answer
            }
        }
    }

    /// The client event that asks for it.
    pub(super) fn event(&self) -> &'static str {
        match self {
            Allowed::Post(_) | Allowed::Repeat(..) => events::MESSAGE,
            Allowed::Store(entry) => entry_event(&entry.body),
            Allowed::Judge(pending) => pending.verdict.decision.event(),
            Allowed::Rule(ruling) => ruling.choice.event(),
            Allowed::ChangeFilter(change, _) => change.event(),
            Allowed::ReadFilters => events::FILTERS,
            Allowed::ReadHeld => events::HELD,
            Allowed::Look(look) => look.event(),
        }
    }

    fn nonce(&self) -> Option<&Nonce> {
        match self {
            Allowed::Post(passed) => passed.nonce(),
            Allowed::Repeat(_, nonce) => Some(nonce),
            _ => None,
        }
    }
}

/// The client event that asks for such an entry.
pub(super) fn entry_event(body: &EntryBody) -> &'static str {
    match body {
        EntryBody::MessagePosted(_) => events::MESSAGE,
        EntryBody::MessageDeleted(_) => events::DELETE_MESSAGE,
        EntryBody::Purged(_) => events::PURGE,
        EntryBody::Cleared(_) => events::CLEAR,
        EntryBody::RoomChanged(_) => events::SET_ROOM,
    }
}

impl Room {
    /// What follows once the pace is known: it is done, or the member has to wait so many seconds.
    pub(super) fn charged(
        &mut self,
        id: MemberId,
        allowed: Allowed,
        wait: Option<u64>,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(seconds) = wait {
            effects.extend(slowed_down(id, &allowed, seconds));
            return;
        }
        effects.push(match allowed {
            Allowed::Post(passed) => self.post(id, passed, now),
            Allowed::Store(entry) => Effect::Store(id, entry),
            Allowed::Judge(pending) => Effect::Judge(id, pending),
            Allowed::Rule(ruling) => Effect::Rule(id, ruling),
            Allowed::ChangeFilter(change, by) => Effect::ChangeFilter(id, change, by, false),
            Allowed::ReadFilters => Effect::ListFilters(id),
            Allowed::ReadHeld => Effect::Send(id, self.all_held(now)),
            Allowed::Look(look) => Effect::Open(Box::new(self.view(&look, now))),
            Allowed::Repeat(seq, nonce) => Effect::Repeat(id, seq, nonce),
        });
    }
}

fn slowed_down(id: MemberId, allowed: &Allowed, seconds: u64) -> Vec<Effect> {
    let text = match allowed.pace() {
        Pace::Message => format!(
            "too fast: wait {} before the next message",
            durations::left(seconds)
        ),
        Pace::Action | Pace::Answer => format!("too fast: wait {}", durations::left(seconds)),
    };
    let (event, nonce) = (allowed.event(), allowed.nonce());
    let refused = too_fast(id, event, seconds, text, nonce, Reason::Pace);
    match allowed {
        // Whoever comes back has to send what was not answered, however much that is.
        Allowed::Repeat(..) => vec![refused],
        _ => vec![refused, Effect::CheckFlooding(id)],
    }
}

/// Tells a member to wait.
pub(super) fn too_fast(
    id: MemberId,
    event: &str,
    seconds: u64,
    message: String,
    nonce: Option<&Nonce>,
    reason: Reason,
) -> Effect {
    Effect::Send(
        id,
        ServerEvent::Cerror(ClientError {
            code: reason.code(),
            message,
            event: Some(event.to_owned()),
            nonce: nonce.map(|nonce| nonce.as_str().to_owned()),
            retry_after: Some(seconds),
            reason: Some(reason),
        }),
    )
}
