//! Bytes of answers: a request of a few bytes may ask for hundreds of thousands, so they are counted
//! for what they ask for, by account and by address.
//!
//! How long an answer is, is known once it is there. So whoever has some left is answered, and what it
//! took is charged after that, all of it; whoever has nothing left is refused before anything is read.
//! A few of one network are under way at a time, and the others wait: asked for all at once, each would
//! find something left.

use std::num::NonZeroU32;

use super::block::{Block, BlockBuckets};
use super::bucket::Buckets;
use super::queue::{QueueTurn, Queues};
use super::{Rate, Source, TooFast};

/// Answers to one network that are under way at a time.
const AT_ONCE: usize = 4;

/// What may be answered, in bytes.
pub(super) struct Answers {
    by_user: Buckets<String>,
    by_source: BlockBuckets,
    under_way: Queues<Block>,
}

/// An answer's turn; the next one's comes when this is dropped.
pub struct AnswerTurn<'a> {
    _place: Option<QueueTurn<'a, Block>>,
}

impl Answers {
    /// Full buckets, of `rate` bytes for a user and for an address.
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            by_user: Buckets::new(rate),
            by_source: BlockBuckets::new(rate),
            under_way: Queues::default(),
        }
    }

    /// Waits for the turn of an answer that may be long, to somebody at `source`.
    pub(super) async fn turn(&self, source: Source) -> AnswerTurn<'_> {
        let widest = source.blocks().next_back().filter(|_| !source.is_exempt());
        AnswerTurn {
            _place: match widest {
                Some(counted) => Some(self.under_way.wait(counted.block, AT_ONCE).await),
                None => None,
            },
        }
    }

    /// Whether a user, where it is known who that is, at `source` may be answered.
    pub(super) fn look(&self, user: Option<&str>, source: Source) -> Result<(), TooFast> {
        let by_user = user.map(|user| self.by_user.look(&user.to_owned()));
        let refusals = [by_user, Some(self.by_source.look(source))];
        let longest = refusals.into_iter().flatten().filter_map(Result::err).max();
        longest.map_or(Ok(()), Err)
    }

    /// Counts an answer to `user` at `source`.
    pub(super) fn charge(&self, user: &str, source: Source, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        if let Some(bytes) = NonZeroU32::new(bytes) {
            self.by_user.charge(user.to_owned(), bytes);
            self.by_source.charge(source, bytes);
        }
    }
}
