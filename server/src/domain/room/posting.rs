//! What becomes of a message: retries, rights, limits.

use chat_protocol::limits::CONTENT_CHARS;
use chat_protocol::{
    Code, Content, ContentTooLong, DraftContent, MessageId, Nonce, PostMessage, Rank, Reason,
    durations, events,
};

use super::moderation::muted;
use super::nonces::NonceState;
use super::pace::too_fast;
use super::{Allowed, Effect, MemberId, ReplyTarget, Room, refuse};
use crate::domain::entry::{Author, EntryBody, MessagePosted, Moment, NewEntry};
use crate::domain::filter::{Action, Pattern};
use crate::domain::held::Waiting;
use crate::domain::moderation::Sanction;
use crate::domain::refusal::Why;

/// A message that nothing is wrong with, unless its sender is too fast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// As whom it would be stored.
    author: Author,
    content: Content,
    reply_to: Option<MessageId>,
    nonce: Option<Nonce>,
    /// The pattern for which it waits for a moderator.
    held: Option<Box<Pattern>>,
}

impl Passed {
    /// The sender's mark.
    pub(super) fn nonce(&self) -> Option<&Nonce> {
        self.nonce.as_ref()
    }
}

impl Room {
    /// Looks at a message. The contract's order: rights, then whether what is named exists, then limits,
    /// of which the pace is the last. `found` is the pattern that the message holds, where there is one
    /// and it [`Room::is_subject_to_patterns`] patterns.
    pub(super) fn look(
        &mut self,
        id: MemberId,
        post: PostMessage,
        target: ReplyTarget,
        found: Option<Pattern>,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) {
        let Some(author) = self.members.get(&id).cloned() else {
            return;
        };
        let PostMessage {
            content,
            nonce,
            reply_to,
        } = post;
        if let Some(nonce) = &nonce
            && let Some(answer) = self.retried(id, &author, nonce, now)
        {
            effects.extend(answer);
            return;
        }
        effects.push(match self.check(id, content, target, found, now) {
            Ok((content, held)) => {
                let passed = Passed {
                    author,
                    content,
                    held: held.map(Box::new),
                    reply_to,
                    nonce,
                };
                Effect::Charge(id, Allowed::Post(passed))
            }
            Err(obstacle) => obstacle.refusal(id, nonce.as_ref(), now),
        });
    }

    /// Stores what passed, in the log or for a moderator to decide.
    pub(super) fn post(&mut self, id: MemberId, passed: Passed, now: Moment) -> Effect {
        let Passed {
            author,
            content,
            reply_to,
            nonce,
            held,
        } = passed;
        if let Some(pattern) = held {
            let Pattern { text, reason, .. } = *pattern;
            let waiting = Waiting {
                time: now.time,
                author,
                content,
                reply_to,
                nonce,
                pattern: text,
                reason,
            };
            return self.hold(id, waiting, now);
        }
        if self.modes.slow_mode > 0 && author.rank == Rank::User {
            self.note_post(&author.key, now);
        }
        if let Some(nonce) = &nonce {
            self.nonces.begin(author.account, nonce, now.steady);
        }
        let posted = MessagePosted {
            author,
            content,
            reply_to,
            nonce,
        };
        let body = EntryBody::MessagePosted(posted);
        let time = now.time;
        Effect::Store(id, NewEntry { time, body })
    }

    /// What is wrong with a message, in the contract's order: rights, whether what it names exists,
    /// limits. Nothing may be, but a moderator has to see it, for a pattern.
    fn check(
        &self,
        id: MemberId,
        content: DraftContent,
        target: ReplyTarget,
        found: Option<Pattern>,
        now: Moment,
    ) -> Result<(Content, Option<Pattern>), Obstacle> {
        let author = self.members.get(&id).ok_or(Obstacle::Gone)?;
        if let Some(mute) = self.standing.mute(&author.key, now) {
            return Err(Obstacle::Muted(mute.clone()));
        }
        let created = self.created.get(&id).copied().unwrap_or(0);
        let age = now.steady.saturating_sub(created);
        if self.modes.members_only && author.rank == Rank::User && age < self.members_age {
            return Err(Obstacle::NoMember((self.members_age - age).div_ceil(1000)));
        }
        let held = match found.filter(|_| self.is_subject_to_patterns(id, &content)) {
            Some(pattern) if pattern.action == Action::Refuse => {
                return Err(Obstacle::Blocked(pattern.reason));
            }
            held => held,
        };
        if target == ReplyTarget::Unknown {
            return Err(Obstacle::UnknownTarget);
        }
        let content = content.measured().map_err(Obstacle::TooLong)?;
        match self.slow_wait(author, now) {
            Some(seconds) => Err(Obstacle::SlowMode(seconds)),
            None => Ok((content, held)),
        }
    }

    /// Whether what `id` wants to post is held against the room's patterns. Content that is too long
    /// is refused for that, and not looked through: it bounds the work.
    pub fn is_subject_to_patterns(&self, id: MemberId, content: &DraftContent) -> bool {
        let author = self.members.get(&id);
        let is_too_long = content.as_str().chars().nth(CONTENT_CHARS).is_some();
        author.is_some_and(|author| author.rank > Rank::Moderator) && !is_too_long
    }

    /// Seconds that slow mode makes `author` wait.
    fn slow_wait(&self, author: &Author, now: Moment) -> Option<u64> {
        let last = self.posted.get(&author.key)?;
        let free = last.saturating_add(self.modes.slow_mode.saturating_mul(1000));
        let wait = free.checked_sub(now.steady).filter(|wait| *wait > 0)?;
        (author.rank == Rank::User).then_some(wait.div_ceil(1000))
    }

    /// Remembers who posted when, as long as slow mode may ask for it.
    pub(super) fn note_post(&mut self, key: &str, now: Moment) {
        const CLEARING: usize = 1024;
        let memory = self.modes.slow_mode.saturating_mul(1000);
        if self.posted.len() >= CLEARING && self.posted.len().is_power_of_two() {
            self.posted
                .retain(|_, last| last.saturating_add(memory) > now.steady);
        }
        self.posted.insert(key.to_owned(), now.steady);
    }

    /// What follows, if anything does yet, where `author` sent a message with this nonce before. Limits do not count here:
    /// nothing more is stored, and whoever comes back has to send what was not answered.
    fn retried(
        &mut self,
        id: MemberId,
        author: &Author,
        nonce: &Nonce,
        now: Moment,
    ) -> Option<Option<Effect>> {
        self.nonces.forget_old(now.steady);
        let Some(state) = self.nonces.find(author.account, nonce) else {
            return self.still_held(id, author, nonce, now).map(Some);
        };
        match state {
            NonceState::Stored(seq) => {
                let repeated = Allowed::Repeat(seq, nonce.clone());
                Some(Some(Effect::Charge(id, repeated)))
            }
            NonceState::Waiting => {
                self.nonces.wait(author.account, nonce, id);
                Some(None)
            }
        }
    }

    pub(super) fn post_lost(
        &mut self,
        sender: MemberId,
        posted: &MessagePosted,
        effects: &mut Vec<Effect>,
    ) {
        const TEXT: &str = "the message could not be stored, so it was not sent: try again";
        let nonce = posted.nonce.as_ref();
        let refused = |id| refuse(id, events::MESSAGE, Reason::Store, TEXT.to_owned(), nonce);
        effects.push(refused(sender));
        // It may be tried again at once.
        self.posted.remove(&posted.author.key);
        if let Some(nonce) = nonce {
            let retries = self.nonces.lost(posted.author.account, nonce);
            effects.extend(retries.into_iter().map(refused));
        }
    }
}

/// What keeps a message from being posted.
enum Obstacle {
    /// Its sender is not here any more.
    Gone,
    Muted(Sanction),
    /// Its sender's account is too young, for so many seconds more.
    NoMember(u64),
    /// It holds what the room blocks, for this reason.
    Blocked(Option<String>),
    UnknownTarget,
    TooLong(ContentTooLong),
    /// So many seconds more.
    SlowMode(u64),
}

impl Obstacle {
    fn refusal(self, id: MemberId, nonce: Option<&Nonce>, now: Moment) -> Effect {
        let refused = |why: Why, text: String| refuse(id, events::MESSAGE, why, text, nonce);
        match self {
            Obstacle::Gone => refused(Code::Forbidden.into(), "you are not in the room".to_owned()),
            Obstacle::Muted(mute) => {
                let nonce = nonce.map(|nonce| nonce.as_str().to_owned());
                Effect::Send(id, muted(&mute, nonce, now))
            }
            Obstacle::NoMember(seconds) => {
                let left = durations::left(seconds);
                let text =
                    format!("members-only mode: your account is too new, you can post in {left}");
                refused(Reason::MembersOnly.into(), text)
            }
            Obstacle::Blocked(reason) => {
                let mut text = "this message contains something that is blocked here".to_owned();
                if let Some(reason) = reason {
                    text.push_str(&format!(": {reason}"));
                }
                refused(Reason::Filter.into(), text)
            }
            Obstacle::UnknownTarget => {
                let text = "there is no message with the id in `replyTo`";
                refused(Reason::Message.into(), text.to_owned())
            }
            Obstacle::TooLong(error) => refused(Code::TooLong.into(), error.to_string()),
            Obstacle::SlowMode(seconds) => {
                let text = format!(
                    "slow mode: wait {} before the next message",
                    durations::left(seconds)
                );
                too_fast(id, events::MESSAGE, seconds, text, nonce, Reason::SlowMode)
            }
        }
    }
}
