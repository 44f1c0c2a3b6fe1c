//! Retries: a message sent again with the same nonce by the same user is known for five minutes.

use std::collections::{HashMap, VecDeque};

use chat_protocol::limits::NONCE_MINUTES;
use chat_protocol::{Nonce, Seq};

use super::{AgedNonce, MemberId};
use crate::domain::entry::{AccountId, StoredNonce};

/// How long a nonce is remembered, in milliseconds.
pub(crate) const MEMORY: u64 = NONCE_MINUTES * 60 * 1000;

type Key = (AccountId, Nonce);

/// What became of the message that a nonce marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NonceState {
    /// It is on its way into the log.
    Waiting,
    /// It is in the log, here.
    Stored(Seq),
}

struct Known {
    seq: Option<Seq>,
    /// Connections that sent it again before it was stored, each once.
    retries: Vec<MemberId>,
}

/// The nonces of the last five minutes, by a clock that nobody sets, in milliseconds. Their number is
/// bounded by what the log takes in that time.
pub(super) struct Nonces {
    known: HashMap<Key, Known>,
    by_age: VecDeque<(u64, Key)>,
}

impl Nonces {
    /// Remembers what the log still knew.
    pub(super) fn new(mut stored: Vec<AgedNonce>) -> Self {
        stored.sort_by_key(|(_, time)| *time);
        let mut nonces = Self {
            known: HashMap::new(),
            by_age: VecDeque::new(),
        };
        for (nonce, time) in stored {
            let StoredNonce {
                author, nonce, seq, ..
            } = nonce;
            nonces.begin(author, &nonce, time);
            nonces.stored(author, &nonce, seq);
        }
        nonces
    }

    pub(super) fn find(&self, author: AccountId, nonce: &Nonce) -> Option<NonceState> {
        let known = self.known.get(&key(author, nonce))?;
        Some(known.seq.map_or(NonceState::Waiting, NonceState::Stored))
    }

    /// A message with this nonce is on its way into the log.
    pub(super) fn begin(&mut self, author: AccountId, nonce: &Nonce, now: u64) {
        let key = key(author, nonce);
        let known = Known {
            seq: None,
            retries: Vec::new(),
        };
        self.known.insert(key.clone(), known);
        self.by_age.push_back((now, key));
    }

    /// `id` sent it again while it is on its way.
    pub(super) fn wait(&mut self, author: AccountId, nonce: &Nonce, id: MemberId) {
        if let Some(known) = self.known.get_mut(&key(author, nonce))
            && !known.retries.contains(&id)
        {
            known.retries.push(id);
        }
    }

    /// It is in the log; answers with who sent it again meanwhile.
    pub(super) fn stored(&mut self, author: AccountId, nonce: &Nonce, seq: Seq) -> Vec<MemberId> {
        match self.known.get_mut(&key(author, nonce)) {
            None => Vec::new(),
            Some(known) => {
                known.seq = Some(seq);
                std::mem::take(&mut known.retries)
            }
        }
    }

    /// It did not get into the log; answers with who sent it again meanwhile.
    pub(super) fn lost(&mut self, author: AccountId, nonce: &Nonce) -> Vec<MemberId> {
        let key = key(author, nonce);
        self.by_age.retain(|(_, old)| *old != key);
        self.known
            .remove(&key)
            .map_or_else(Vec::new, |known| known.retries)
    }

    /// Forgets those of five minutes ago and more. One that is still on its way into the log is kept
    /// until that is decided: others may wait for it.
    pub(super) fn forget_old(&mut self, now: u64) {
        while let Some((time, key)) = self.by_age.front()
            && time.saturating_add(MEMORY) <= now
            && self.known.get(key).is_none_or(|known| known.seq.is_some())
        {
            self.known.remove(key);
            self.by_age.pop_front();
        }
    }
}

fn key(author: AccountId, nonce: &Nonce) -> Key {
    (author, nonce.clone())
}
