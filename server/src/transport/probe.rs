//! What those ask who watch the server: whether it is alive, and whether it takes connections.
//!
//! `/healthz` is for whoever would start it anew, so a full server is well; `/readyz` is for whoever
//! would send clients elsewhere.

use http::StatusCode;

use super::TransportContext;
use super::answer::Answer;
use super::route::{Handler, Route};
use crate::session::SERVER_NAME;

pub(super) fn routes() -> [Route; 2] {
    [
        Route::read("/healthz", Handler::Watcher(health)),
        Route::read("/readyz", Handler::Watcher(readiness)),
    ]
}

/// Why a server is not well or not ready: a word for programs, and a reason for people.
type Trouble = (&'static str, String);

fn health(context: &TransportContext) -> Answer {
    answer("ok", store_trouble(context))
}

/// Who asks holds no permit any more, or never had one.
fn readiness(context: &TransportContext) -> Answer {
    let trouble = store_trouble(context).or_else(|| {
        if context.stopping.has_begun() {
            return Some(("stopping", "the server stops".to_owned()));
        }
        let full = context.limits.connection_permits().full()?;
        Some(("full", full.to_string()))
    });
    answer("ready", trouble)
}

fn store_trouble(context: &TransportContext) -> Option<Trouble> {
    let trouble = ("store failing", "nothing can be stored".to_owned());
    context.health.is_failing().then_some(trouble)
}

fn answer(well: &str, trouble: Option<Trouble>) -> Answer {
    let (status, body) = match trouble {
        None => (StatusCode::OK, format!("\"{well}\"")),
        Some((word, reason)) => {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            (status, format!("\"{word}\",\"reason\":\"{reason}\""))
        }
    };
    let body = format!("{{\"status\":{body},\"server\":\"{SERVER_NAME}\"}}\n");
    Answer::text(status, "application/json", body)
}
