//! How people stand in rooms: the trait that a room's task uses to load it and to store what
//! moderators decide, each with a line of who decided it.

use chat_protocol::RoomName;

use crate::domain::entry::{Moment, UnixMillis};
use crate::domain::moderation::{Person, Standing, Verdict, Verdicts};

pub use crate::domain::audit::AuditLine;

/// The standing could not be read or written; nothing was changed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the standing of people in rooms is not available")]
pub struct StandingError(#[source] std::sync::Arc<dyn std::error::Error + Send + Sync>);

impl StandingError {
    /// Wraps what the backend says.
    pub fn new(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(std::sync::Arc::new(source))
    }
}

/// The standing of people in all rooms.
#[async_trait::async_trait]
pub trait Standings: Send + Sync {
    /// Everybody in `room` who is not simply a user: ranks, and the bans and mutes that hold at `now`.
    async fn load(&self, room: &RoomName, now: Moment) -> Result<Standing, StandingError>;

    /// The newest `limit` lines of who decided what, of one room or of all, the oldest of them first.
    async fn audit(
        &self,
        room: Option<RoomName>,
        limit: u32,
    ) -> Result<Vec<AuditLine>, StandingError>;

    /// Makes `person` a server administrator, or ends that; answers once it is on disk.
    async fn administer(
        &self,
        person: &Person,
        is_admin: bool,
        now: UnixMillis,
    ) -> Result<(), StandingError>;

    /// The server administrators, by name as registered.
    async fn administrators(&self) -> Result<Vec<String>, StandingError>;

    /// In which rooms the user `key` (a name as compared) is banned and muted at `now`.
    async fn verdicts_on(&self, key: &str, now: UnixMillis) -> Result<Verdicts, StandingError>;

    /// Stores a verdict; answers once it is on disk.
    async fn save(&self, room: &RoomName, verdict: &Verdict) -> Result<(), StandingError>;
}
