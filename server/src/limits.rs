//! How much clients may do, and how fast: token buckets and caps.
//!
//! Owns all counting that protects the server and its rooms from floods. It knows no sockets, no
//! rooms and no accounts: whoever asks says who is asking, and refuses in its own words. What is
//! kept per user or address is forgotten once its bucket is full again.

pub mod addresses;
mod answers;
mod block;
mod bucket;
mod connections;
mod fair;
mod logins;
mod newcomers;
mod notices;
mod queue;
mod source;
mod stack;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

pub use answers::AnswerTurn;
use answers::Answers;
use bucket::{Bucket, Buckets};
use newcomers::take_both;

pub use block::BlockBuckets;
pub use connections::{Caps, ConnectionPermit, ConnectionPermits, NoPermit};
pub use fair::{Errand, FairLine, FairTurn, LineFull};
pub use logins::{Logins, Refused, Turn};
pub use newcomers::Newcomers;
pub use notices::Notices;
pub use source::{Source, TrustedProxies};

/// Tokens: so many at once, and how fast they come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Tokens that a full bucket holds.
    pub burst: NonZeroU32,
    /// Tokens that come back in each `period`, one after the other.
    pub refill: NonZeroU32,
    /// How long that takes.
    pub period: Duration,
}

impl Rate {
    /// `refill` tokens come back in a minute.
    pub const fn per_minute(burst: NonZeroU32, refill: NonZeroU32) -> Self {
        Self {
            burst,
            refill,
            period: Duration::from_secs(60),
        }
    }

    /// `refill` tokens come back in an hour.
    pub const fn per_hour(burst: NonZeroU32, refill: NonZeroU32) -> Self {
        Self {
            burst,
            refill,
            period: Duration::from_secs(60 * 60),
        }
    }

    /// So many times as many at once, and as many times as fast.
    pub const fn times(self, factor: NonZeroU32) -> Self {
        Self {
            burst: self.burst.saturating_mul(factor),
            refill: self.refill.saturating_mul(factor),
            ..self
        }
    }
}

/// The bucket is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TooFast {
    /// Seconds until there is a token again; at least 1.
    pub retry_after: u64,
}

impl TooFast {
    /// Rounded up, and at least 1: who waits so long is not too fast any more.
    fn after(wait: Duration) -> Self {
        let up = u64::from(wait.subsec_nanos() > 0);
        Self {
            retry_after: (wait.as_secs() + up).max(1),
        }
    }
}

/// All limits; `None` is no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitSettings {
    /// Messages of one user, over all connections and rooms.
    pub messages: Option<Rate>,
    /// How many times that a moderator may post.
    pub moderator_factor: NonZeroU32,
    /// How many times that all users of one address may post together, moderators apart who were
    /// appointed.
    pub address_factor: Option<NonZeroU32>,
    /// Events of one connection. What each counts is in [`chat_protocol::events`].
    pub events: Option<Rate>,
    /// Refusals for being too fast that one connection may draw at once before it is closed.
    pub refusals: Option<NonZeroU32>,
    /// New connections of one address.
    pub connections: Option<Rate>,
    /// Bytes of answers to one user, and to one address.
    pub answers: Option<Rate>,
    /// Failed logins in a minute for one name from one address.
    pub failed_logins: Option<NonZeroU32>,
    /// New accounts of one address.
    pub accounts: Option<Rate>,
    /// New rooms of one account, and of one address.
    pub rooms: Option<Rate>,
    /// Connections at the same time.
    pub caps: Caps,
}

impl LimitSettings {
    /// No limits at all.
    pub const NONE: LimitSettings = LimitSettings {
        messages: None,
        moderator_factor: NonZeroU32::MIN,
        address_factor: None,
        events: None,
        refusals: None,
        connections: None,
        answers: None,
        failed_logins: None,
        accounts: None,
        rooms: None,
        caps: Caps {
            total: None,
            unauthenticated: None,
            per_address: None,
        },
    };
}

/// What a connection is told that is closed for going on regardless.
pub const FLOODING: &str = "flooding";

/// Refusals that are forgotten in a minute.
const REFUSALS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(60).unwrap();

/// What stands behind somebody in the room where they act. Founding a room, and appointing people in
/// it, is free for all, so it must not lift what protects everybody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privilege {
    /// They are a user there.
    None,
    /// They are its administrator because they founded it.
    Founder,
    /// They are a moderator there whom somebody appointed.
    Appointed,
    /// And an operator stands behind that.
    Vouched,
}

/// The limits that all connections share.
pub struct Limits {
    settings: LimitSettings,
    users: Option<Buckets<String>>,
    addresses: Option<BlockBuckets>,
    moderators: Option<Moderators>,
    newcomers: Newcomers,
    notices: Notices,
    connections: Option<BlockBuckets>,
    answers: Option<Answers>,
    logins: Logins,
    connection_permits: ConnectionPermits,
}

impl Limits {
    /// Full buckets, and all permits free.
    pub fn new(settings: LimitSettings) -> Self {
        let messages = settings.messages;
        let times = |factor: NonZeroU32| messages.map(|rate| rate.times(factor));
        Self {
            users: messages.map(Buckets::new),
            moderators: times(settings.moderator_factor).map(Moderators::new),
            newcomers: Newcomers::new(settings.accounts, settings.rooms),
            notices: Notices::default(),
            addresses: settings
                .address_factor
                .and_then(times)
                .map(BlockBuckets::new),
            connections: settings.connections.map(BlockBuckets::new),
            answers: settings.answers.map(Answers::new),
            logins: Logins::new(settings.failed_logins),
            connection_permits: ConnectionPermits::new(settings.caps),
            settings,
        }
    }

    /// Takes a token for a message of the user `key` at `source`.
    pub fn message(&self, key: &str, source: Source, privilege: Privilege) -> Result<(), TooFast> {
        let (Some(users), Some(moderators)) = (&self.users, &self.moderators) else {
            return Ok(());
        };
        let key = key.to_owned();
        let Moderators { messages, .. } = moderators;
        match privilege {
            Privilege::None => users.take(key)?,
            Privilege::Founder | Privilege::Vouched => messages.each.take(key)?,
            Privilege::Appointed => return messages.take(key, source),
        }
        match privilege {
            Privilege::Vouched => Ok(()),
            _ => take_at(&self.addresses, source),
        }
    }

    /// Takes a token for something that a moderator does and that is stored, other than a message.
    pub fn action(&self, key: &str, source: Source, privilege: Privilege) -> Result<(), TooFast> {
        match &self.moderators {
            Some(moderators) if privilege != Privilege::Vouched => {
                moderators.actions.take(key.to_owned(), source)
            }
            _ => Ok(()),
        }
    }

    /// How many accounts and rooms may be made.
    pub fn newcomers(&self) -> &Newcomers {
        &self.newcomers
    }

    /// Takes a token for a new connection from `source`.
    pub fn connection(&self, source: Source) -> Result<(), TooFast> {
        take_at(&self.connections, source)
    }

    /// Waits for the turn of an answer that may be long, to somebody at `source`: to be held until it
    /// is there. `None` where there is no limit.
    pub async fn answer_turn(&self, source: Source) -> Option<AnswerTurn<'_>> {
        match &self.answers {
            Some(answers) => Some(answers.turn(source).await),
            None => None,
        }
    }

    /// Whether `user`, where it is known who that is, at `source` may ask for what may be long.
    pub fn answer(&self, user: Option<&str>, source: Source) -> Result<(), TooFast> {
        let answers = self.answers.as_ref();
        answers.map_or(Ok(()), |answers| answers.look(user, source))
    }

    /// Whether one more refusal may stand in the log.
    pub fn notices(&self) -> &Notices {
        &self.notices
    }

    /// The failed logins.
    pub fn logins(&self) -> &Logins {
        &self.logins
    }

    /// The connections at the same time.
    pub fn connection_permits(&self) -> &ConnectionPermits {
        &self.connection_permits
    }

    /// The pace of a new connection.
    pub fn pace(&self) -> Pace {
        let refusals = |burst| Rate::per_minute(burst, REFUSALS_PER_MINUTE);
        Pace {
            events: self.settings.events.map(Bucket::new),
            refusals: self.settings.refusals.map(refusals).map(Bucket::new),
        }
    }
}

/// The pace of moderators: of each, and of those together who are at one address, unless an operator
/// stands behind them.
struct Moderators {
    messages: Crowd,
    actions: Crowd,
}

impl Moderators {
    fn new(rate: Rate) -> Self {
        Self {
            messages: Crowd::new(rate),
            actions: Crowd::new(rate),
        }
    }
}

struct Crowd {
    each: Buckets<String>,
    at_one_address: BlockBuckets,
}

impl Crowd {
    fn new(rate: Rate) -> Self {
        Self {
            each: Buckets::new(rate),
            at_one_address: BlockBuckets::new(rate),
        }
    }

    fn take(&self, key: String, source: Source) -> Result<(), TooFast> {
        take_both(&self.each, key, &self.at_one_address, source)
    }
}

fn take_at(buckets: &Option<BlockBuckets>, source: Source) -> Result<(), TooFast> {
    buckets
        .as_ref()
        .map_or(Ok(()), |buckets| buckets.take(source))
}

/// What a connection's messages are measured by in its room.
#[derive(Clone)]
pub struct Allowance {
    /// The user, as compared.
    pub user: Box<str>,
    /// The limits that all share.
    pub limits: Arc<Limits>,
    /// The connection's pace.
    pub pace: Arc<Pace>,
    /// Where it comes from.
    pub source: Source,
}

impl Allowance {
    /// Whether it may ask for what may be long.
    pub fn answer(&self) -> Result<(), TooFast> {
        self.limits.answer(Some(&self.user), self.source)
    }

    /// Counts what was answered.
    pub fn charge(&self, bytes: usize) {
        if let Some(answers) = &self.limits.answers {
            answers.charge(&self.user, self.source, bytes);
        }
    }
}

#[cfg(test)]
impl Allowance {
    /// For tests that are about something else.
    pub(crate) fn unlimited() -> Self {
        let limits = Limits::new(LimitSettings::NONE);
        Self {
            user: "".into(),
            pace: Arc::new(limits.pace()),
            limits: Arc::new(limits),
            source: Source::of([127, 0, 0, 1].into()),
        }
    }
}

/// The pace of one connection.
pub struct Pace {
    events: Option<Bucket>,
    refusals: Option<Bucket>,
}

impl Pace {
    /// Takes `cost` tokens for an event.
    pub fn event(&self, cost: NonZeroU32) -> Result<(), TooFast> {
        match &self.events {
            Some(bucket) => bucket.take(cost),
            None => Ok(()),
        }
    }

    /// Counts a refusal for being too fast. True once there were too many: whoever goes on
    /// regardless is to be closed.
    pub fn goes_on_regardless(&self) -> bool {
        let one = NonZeroU32::MIN;
        matches!(&self.refusals, Some(bucket) if bucket.take(one).is_err())
    }
}

#[cfg(test)]
mod tests;
