//! What those ask who watch the server: whether it is alive, and whether it takes connections.
//!
//! `/healthz` is for whoever would start it anew, so a full server is well; `/readyz` is for whoever
//! would send clients elsewhere.

use http::{Method, Request, StatusCode};

use super::TransportContext;
use super::answer::Answer;
use crate::session::SERVER_NAME;

/// A question about the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Probe {
    Health,
    Readiness,
}

impl Probe {
    /// The question that `path` is.
    pub(super) fn at(path: &str) -> Option<Self> {
        match path {
            "/healthz" => Some(Probe::Health),
            "/readyz" => Some(Probe::Readiness),
            _ => None,
        }
    }

    /// The question that `request` asks.
    pub(super) fn of(request: &Request<()>) -> Option<Self> {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        Self::at(request.uri().path()).filter(|_| is_read)
    }

    /// The answer now. Who asks has no place any more, or never had one.
    pub(super) fn answer(self, context: &TransportContext) -> Answer {
        let trouble = match (context.health.is_failing(), self) {
            (true, _) => Some(("store failing", "nothing can be stored".to_owned())),
            (false, Probe::Health) => None,
            (false, Probe::Readiness) if context.stopping.has_begun() => {
                Some(("stopping", "the server stops".to_owned()))
            }
            (false, Probe::Readiness) => {
                let full = context.limits.places().full();
                full.map(|full| ("full", full.to_string()))
            }
        };
        let (status, body) = match (trouble, self) {
            (Some((word, reason)), _) => {
                let status = StatusCode::SERVICE_UNAVAILABLE;
                (status, format!("\"{word}\",\"reason\":\"{reason}\""))
            }
            (None, Probe::Health) => (StatusCode::OK, "\"ok\"".to_owned()),
            (None, Probe::Readiness) => (StatusCode::OK, "\"ready\"".to_owned()),
        };
        let body = format!("{{\"status\":{body},\"server\":\"{SERVER_NAME}\"}}\n");
        Answer::text(status, "application/json", body)
    }
}
