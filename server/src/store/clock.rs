//! Where it is kept what the wall clock showed last.

use crate::domain::settling::Settling;
use crate::store::StoreError;

/// What the wall clock showed, kept over restarts.
#[async_trait::async_trait]
pub trait ClockStore: Send + Sync {
    /// What was seen last; `None` where there is nothing yet that could be too old.
    async fn load(&self) -> Result<Option<Settling>, StoreError>;

    /// Keeps what is seen now.
    async fn save(&self, settling: &Settling) -> Result<(), StoreError>;
}
