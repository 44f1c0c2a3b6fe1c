//! The server's end: whether it has begun, and what clients are told of it.

use std::sync::{Arc, OnceLock};

use chat_protocol::{CloseCode, Closing};
use tokio_util::sync::CancellationToken;

/// Why the server stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It will be back: clients are to come back by themselves.
    Restart,
    /// It was ended for good, as far as it knows.
    ForGood,
}

impl Stop {
    /// What clients are told.
    pub fn closing(self) -> Closing {
        match self {
            Stop::Restart => Closing {
                code: CloseCode::Restart,
                reason: "the server restarts",
            },
            Stop::ForGood => Closing {
                code: CloseCode::GoingAway,
                reason: "the server stops",
            },
        }
    }
}

/// Tells everybody who holds a clone that the server stops, and why.
#[derive(Clone, Default)]
pub struct Stopping {
    token: CancellationToken,
    stop: Arc<OnceLock<Stop>>,
}

impl Stopping {
    /// Begins the end. The first reason counts.
    pub fn begin(&self, stop: Stop) {
        self.stop.get_or_init(|| stop);
        self.token.cancel();
    }

    /// Whether it has begun.
    pub fn has_begun(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Ends once it has begun.
    pub async fn begun(&self) {
        self.token.cancelled().await;
    }

    /// What clients are told.
    pub fn closing(&self) -> Closing {
        self.stop.get().copied().unwrap_or(Stop::ForGood).closing()
    }
}
