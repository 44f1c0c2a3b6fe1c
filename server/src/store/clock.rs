//! Where it is kept what the wall clock showed last.

use std::sync::Arc;

use crate::domain::settling::Settling;

/// What the clock showed could not be read or stored.
#[derive(Clone, Debug, thiserror::Error)]
#[error("what the clock showed is not available")]
pub struct ClockError(#[source] Arc<dyn std::error::Error + Send + Sync>);

impl ClockError {
    /// Wraps what the backend says.
    pub fn new(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }
}

/// What the wall clock showed, kept over restarts.
#[async_trait::async_trait]
pub trait ClockStore: Send + Sync {
    /// What was seen last; `None` where there is nothing yet that could be too old.
    async fn load(&self) -> Result<Option<Settling>, ClockError>;

    /// Keeps what is seen now.
    async fn save(&self, settling: &Settling) -> Result<(), ClockError>;
}
