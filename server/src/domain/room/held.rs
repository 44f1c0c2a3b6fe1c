//! The rules of messages that wait for a moderator: which of them do, who is told, who decides, and
//! what takes them away.

use chat_protocol::{
    Code, Held, HeldId, HeldNotice, Nonce, Rank, Reason, ServerEvent, events, sentences,
};

use super::{Allowed, Effect, MemberId, Room, nothing_done, refusal, refuse};
use crate::domain::entry::{Author, EntryBody, MessagePosted, Moment, NewEntry};
use crate::domain::held::{Choice, HeldMessage, PER_ROOM, PER_USER, Ruled, Ruling, Waiting};

impl Room {
    /// Lets a message wait, unless too many do.
    pub(super) fn hold(&mut self, id: MemberId, waiting: Waiting, now: Moment) -> Effect {
        self.forget_unheard(now);
        let author = &waiting.author;
        let own = self
            .held
            .iter()
            .filter(|held| held.waiting.author.key == author.key);
        let text = if own.count() >= PER_USER {
            format!(
                "{PER_USER} of your messages are already waiting for a moderator, so this one was refused"
            )
        } else if self.held.len() >= PER_ROOM {
            "too many messages are waiting for a moderator here, so this one was refused".to_owned()
        } else {
            if self.modes.slow_mode > 0 && author.rank == Rank::User {
                let key = author.key.clone();
                self.note_post(&key, now);
            }
            return Effect::Hold(id, Box::new(waiting));
        };
        let nonce = waiting.nonce.as_ref();
        refuse(id, events::MESSAGE, Code::Forbidden, text, nonce)
    }

    /// A message is stored and waits: its sender is told, then those who may decide.
    pub(super) fn held(&mut self, id: MemberId, held: HeldMessage) -> Vec<Effect> {
        let mut effects = vec![told_to_wait(id, &held.waiting)];
        let event = ServerEvent::Held(Held {
            entries: vec![held.to_entry()],
            live: true,
        });
        effects.extend(self.tell_moderators(event));
        self.held.push(held);
        effects
    }

    /// It could not be stored.
    pub(super) fn not_held(&mut self, id: MemberId, waiting: &Waiting) -> Vec<Effect> {
        // It may be tried again at once.
        self.posted.remove(&waiting.author.key);
        let text = "the message could not be stored, so no moderator will see it: try again";
        let nonce = waiting.nonce.as_ref();
        vec![refuse(
            id,
            events::MESSAGE,
            Reason::Store,
            text.to_owned(),
            nonce,
        )]
    }

    /// What follows where a message with this nonce waits already.
    pub(super) fn still_held(
        &mut self,
        id: MemberId,
        author: &Author,
        nonce: &Nonce,
        now: Moment,
    ) -> Option<Effect> {
        self.forget_unheard(now);
        let is_it = |waiting: &Waiting| {
            waiting.author.key == author.key && waiting.nonce.as_ref() == Some(nonce)
        };
        let held = self.held.iter().find(|held| is_it(&held.waiting))?;
        Some(told_to_wait(id, &held.waiting))
    }

    /// All that waits, for somebody who comes in and is told of what happens; `None` where nothing
    /// waits, or it is no moderator.
    pub(super) fn held_on_entering(&mut self, id: MemberId, now: Moment) -> Option<Effect> {
        self.forget_unheard(now);
        let is_told = self.is_moderator(id) && !self.held.is_empty();
        is_told.then(|| Effect::Send(id, self.all_held(now)))
    }

    /// All that waits.
    pub(super) fn all_held(&mut self, now: Moment) -> ServerEvent {
        self.forget_unheard(now);
        ServerEvent::Held(Held {
            entries: self.held.iter().map(HeldMessage::to_entry).collect(),
            live: false,
        })
    }

    /// The contract's order: rights, whether it is there, whether its author may post now.
    pub(super) fn decide(
        &mut self,
        id: MemberId,
        named: &HeldId,
        choice: Choice,
        now: Moment,
    ) -> Vec<Effect> {
        self.forget_unheard(now);
        let event = choice.event();
        let by = match self.moderator(id, event) {
            Ok(by) => by.clone(),
            Err(refused) => return refused,
        };
        let Some(held) = self.held.iter().find(|held| held.id == *named).cloned() else {
            return vec![nothing_waits(id, event)];
        };
        let entry = match choice {
            Choice::Deny(_) => None,
            Choice::Allow => match self.allowed(&held.waiting, now) {
                Ok(entry) => Some(entry),
                Err(text) => return vec![refuse(id, event, Code::Forbidden, text, None)],
            },
        };
        let ruling = Ruling {
            held,
            choice,
            entry,
            by,
            time: now.time,
        };
        vec![Effect::Charge(id, Allowed::Rule(Box::new(ruling)))]
    }

    /// What goes into the log, or why it does not: a sanction came in between.
    fn allowed(&self, waiting: &Waiting, now: Moment) -> Result<NewEntry, String> {
        let Author { username, key, .. } = &waiting.author;
        if self.standing.ban(key, now).is_some() {
            return Err(format!("{username} is banned: the message stays held"));
        }
        if self.standing.mute(key, now).is_some() {
            return Err(format!("{username} is muted: the message stays held"));
        }
        Ok(NewEntry {
            time: now.time,
            body: EntryBody::MessagePosted(MessagePosted {
                author: Author {
                    rank: self.rank(key),
                    ..waiting.author.clone()
                },
                content: waiting.content.clone(),
                reply_to: waiting.reply_to.clone(),
                nonce: waiting.nonce.clone(),
            }),
        })
    }

    /// A ruling is stored: it takes effect, then all concerned are told.
    pub(super) fn ruled(
        &mut self,
        id: MemberId,
        ruling: &Ruling,
        ruled: Ruled,
        now: Moment,
    ) -> Vec<Effect> {
        let named = &ruling.held.id;
        self.held.retain(|held| held.id != *named);
        let Ruled::Done(entry) = ruled else {
            return vec![nothing_waits(id, ruling.choice.event())];
        };
        let Waiting { author, nonce, .. } = &ruling.held.waiting;
        let authors = self.connections(&author.key);
        let mut effects = match (&ruling.choice, entry) {
            (Choice::Deny(reason), _) => {
                vec![Effect::Announce(authors, denied(reason, nonce.as_ref()))]
            }
            (Choice::Allow, None) => Vec::new(),
            (Choice::Allow, Some(entry)) => {
                if let Some(nonce) = nonce {
                    self.nonces.begin(author.account, nonce, now.steady);
                    self.nonces.stored(author.account, nonce, entry.seq);
                }
                vec![Effect::Deliver(authors, *entry)]
            }
        };
        let notice = match ruling.choice {
            Choice::Allow => ServerEvent::Allow,
            Choice::Deny(_) => ServerEvent::Deny,
        };
        effects.push(Effect::Send(
            id,
            notice(HeldNotice {
                message: Some(sentences::SUCCESS.to_owned()),
                reason: Some(ruling.sentence()),
                id: Some(named.clone()),
                by: None,
            }),
        ));
        let others = notice(gone(named, &ruling.by.username));
        if let Some(Effect::Announce(mut ids, event)) = self.tell_moderators(others) {
            ids.retain(|other| *other != id);
            effects.push(Effect::Announce(ids, event));
        }
        effects.extend(self.tell_audit(Some(ruling.audit_entry())));
        effects
    }

    /// It could not be stored, so nothing happened.
    pub(super) fn not_ruled(id: MemberId, choice: &Choice) -> Vec<Effect> {
        vec![nothing_done(id, choice.event())]
    }

    /// What the user `key` has waiting, or everybody, is gone by the hand of `by`.
    pub(super) fn drop_held(&mut self, key: Option<&str>, by: &str) -> Vec<Effect> {
        let is_gone = |held: &mut HeldMessage| key.is_none_or(|key| held.waiting.author.key == key);
        let gone_now: Vec<HeldMessage> = self.held.extract_if(.., is_gone).collect();
        let notices = gone_now
            .iter()
            .map(|held| ServerEvent::Deny(gone(&held.id, by)));
        notices
            .filter_map(|notice| self.tell_moderators(notice))
            .collect()
    }

    /// Forgets what nobody decided in time.
    fn forget_unheard(&mut self, now: Moment) {
        self.held.retain(|held| held.waits(now.settled));
    }
}

fn told_to_wait(id: MemberId, waiting: &Waiting) -> Effect {
    let mut text = "a moderator must approve this first".to_owned();
    if let Some(reason) = &waiting.reason {
        text.push_str(&format!(": {reason}"));
    }
    let nonce = waiting.nonce.as_ref();
    refuse(id, events::MESSAGE, Reason::Held, text, nonce)
}

fn denied(reason: &Option<String>, nonce: Option<&Nonce>) -> ServerEvent {
    let mut text = "a moderator rejected your message".to_owned();
    if let Some(reason) = reason {
        text.push_str(&format!(": {reason}"));
    }
    refusal(events::MESSAGE, Reason::Denied, text, nonce)
}

fn nothing_waits(id: MemberId, event: &str) -> Effect {
    let text = "no message with this id is waiting for a moderator".to_owned();
    refuse(id, event, Reason::Message, text, None)
}

fn gone(id: &HeldId, by: &str) -> HeldNotice {
    HeldNotice {
        id: Some(id.clone()),
        by: Some(by.to_owned()),
        ..HeldNotice::default()
    }
}
