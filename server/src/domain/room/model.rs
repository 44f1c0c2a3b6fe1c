//! Random histories of a room against a model too simple to be wrong: what was stored, and which
//! posts still wait for an answer.

use std::collections::{BTreeMap, BTreeSet};

use chat_protocol::{Capabilities, Code, DraftContent, PostMessage, Rank};
use proptest::prelude::*;

use super::nonces::MEMORY;
use super::tests::{Given, Posting};
use super::*;
use crate::domain::entry::AccountId;

#[derive(Clone, Debug)]
enum Step {
    Join { id: u64, user: u8 },
    Leave { id: u64 },
    Post { id: u64, nonce: Option<u8> },
    Store { is_working: bool },
    Wait { milliseconds: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let id = || 0..6u64;
    let nonce = proptest::option::of(0..3u8);
    prop_oneof![
        3 => (id(), 0..3u8).prop_map(|(id, user)| Step::Join { id, user }),
        1 => id().prop_map(|id| Step::Leave { id }),
        8 => (id(), nonce).prop_map(|(id, nonce)| Step::Post { id, nonce }),
        4 => prop::bool::weighted(0.8).prop_map(|is_working| Step::Store { is_working }),
        1 => (0..2 * MEMORY).prop_map(|milliseconds| Step::Wait { milliseconds }),
    ]
}

#[derive(Default)]
struct Model {
    now: UnixMillis,
    present: BTreeMap<MemberId, String>,
    unstored: Vec<(MemberId, NewEntry)>,
    log: Vec<Entry>,
    /// Posts without a nonce that wait for an answer, by sender.
    plain: BTreeMap<MemberId, usize>,
    /// Posts with a nonce that wait for an answer. Sent several times, one answer does for all.
    marked: BTreeSet<(MemberId, String)>,
}

impl Model {
    /// What follows from `step`; `None` where it is not for the room.
    fn effects(&mut self, room: &mut Room, step: Step) -> Option<Vec<Effect>> {
        let input = match step {
            Step::Wait { milliseconds } => {
                self.now += milliseconds;
                return None;
            }
            Step::Join { id, user } => self.join(MemberId(id), format!("user{user}"))?,
            Step::Leave { id } => {
                let id = MemberId(id);
                self.present.remove(&id);
                // Who is gone is told nothing any more.
                self.plain.remove(&id);
                self.marked.retain(|(sender, _)| *sender != id);
                Input::Leave(id)
            }
            Step::Post { id, nonce } => {
                return Some(self.post(MemberId(id), nonce).given(room, self.now));
            }
            Step::Store { is_working: true } => self.store(),
            Step::Store { is_working: false } => {
                Input::NotStored(std::mem::take(&mut self.unstored))
            }
        };
        Some(room.apply(input, self.now))
    }

    fn join(&mut self, id: MemberId, name: String) -> Option<Input> {
        if self.present.contains_key(&id) {
            return None;
        }
        self.present.insert(id, name.clone());
        let author = Author {
            username: name.clone(),
            key: name.clone(),
            account: AccountId::named(&name),
            display_name: name,
            rank: Rank::User,
        };
        Some(Input::Join(Joining {
            id,
            author,
            created: 0,
            address: Address::UNKNOWN,
            capabilities: Capabilities::default(),
        }))
    }

    fn post(&mut self, id: MemberId, nonce: Option<u8>) -> Posting {
        let nonce = nonce.map(|number| Nonce::new(number.to_string()).unwrap());
        if self.present.contains_key(&id) {
            match &nonce {
                None => *self.plain.entry(id).or_default() += 1,
                Some(nonce) => {
                    self.marked.insert((id, nonce.as_str().to_owned()));
                }
            }
        }
        let post = PostMessage {
            content: DraftContent::new("x").unwrap(),
            nonce,
            reply_to: None,
        };
        (id, post, ReplyTarget::None, None)
    }

    fn store(&mut self) -> Input {
        let mut stored = Vec::new();
        for (sender, new) in std::mem::take(&mut self.unstored) {
            let entry = Entry {
                seq: Seq(self.log.len() as u64 + 1),
                time: new.time,
                body: new.body,
            };
            self.log.push(entry.clone());
            stored.push((sender, entry));
        }
        Input::Stored(stored)
    }

    fn observe(&mut self, effect: Effect) {
        match effect {
            Effect::Store(sender, entry) => self.unstored.push((sender, entry)),
            Effect::Deliver(senders, entry) => {
                assert_eq!(self.log[entry.seq.0 as usize - 1], entry);
                let nonce = entry.message().and_then(|posted| posted.nonce.as_ref());
                let nonce = nonce.map(Nonce::as_str);
                for id in BTreeSet::from_iter(senders) {
                    self.answered(id, nonce);
                }
            }
            Effect::Repeat(id, seq, nonce) => {
                let original = &self.log[seq.0 as usize - 1];
                let posted = original.message().unwrap();
                assert_eq!(posted.nonce, Some(nonce.clone()));
                assert_eq!(posted.author.key, self.present[&id]);
                assert!(self.now - original.time < MEMORY, "remembered for too long");
                self.answered(id, Some(nonce.as_str()));
            }
            Effect::Send(id, ServerEvent::Cerror(error)) => {
                assert_eq!(error.code, Code::Unavailable);
                self.answered(id, error.nonce.as_deref());
            }
            other => panic!("{other:?}"),
        }
    }

    /// One of the posts of `id` is answered. What is said to who has left reaches nobody.
    fn answered(&mut self, id: MemberId, nonce: Option<&str>) {
        match nonce {
            Some(nonce) => {
                self.marked.remove(&(id, nonce.to_owned()));
            }
            None => {
                if let Some(waiting) = self.plain.get_mut(&id) {
                    *waiting = waiting.saturating_sub(1);
                }
            }
        }
    }

    fn check_end(&self) {
        let unanswered: usize = self.plain.values().sum();
        assert_eq!(unanswered, 0, "a post was never answered");
        assert_eq!(self.marked, BTreeSet::new(), "a post was never answered");
        let mut last = BTreeMap::new();
        for entry in &self.log {
            if let Some(posted) = entry.message()
                && let Some(nonce) = &posted.nonce
                && let Some(before) = last.insert((&posted.author.key, nonce), entry.time)
            {
                assert!(entry.time - before >= MEMORY, "a retry was stored again");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_post_is_answered_and_no_retry_is_stored_again(steps in prop::collection::vec(step(), 1..80)) {
        let mut room = Room::new(Start::default());
        let mut model = Model::default();
        let last = Step::Store { is_working: true };
        for step in steps.into_iter().chain([last]) {
            let Some(effects) = model.effects(&mut room, step) else { continue };
            for effect in effects {
                model.observe(effect);
            }
            prop_assert_eq!(room.members.len(), model.present.len());
        }
        model.check_end();
    }
}
