//! The way from HTTP to a WebSocket.

use http::{Request, StatusCode};

use super::super::admission;
use super::super::answer::Answer;
use super::super::head::{NoHandshake, websocket_key};
use super::super::route::{Handle, Handler, Route};
use super::super::{Accepted, TransportContext};

/// The paths that accept the upgrade; at `/` is something to be read as well.
pub(in crate::transport) fn routes() -> [Route; 3] {
    [
        Route::upgrade("/", Upgrade),
        Route::upgrade("/ws", Upgrade),
        Route::read("/ws", Handler::Client(Box::new(UpgradeRequired))),
    ]
}

/// The connection becomes a WebSocket, or is refused.
struct Upgrade;

#[async_trait::async_trait]
impl Handle for Upgrade {
    async fn answer(
        &self,
        context: &TransportContext,
        request: &Request<Vec<u8>>,
        accepted: &mut Accepted,
    ) -> Answer {
        upgrade(context, request, accepted)
    }
}

/// There is nothing to be read.
struct UpgradeRequired;

#[async_trait::async_trait]
impl Handle for UpgradeRequired {
    async fn answer(&self, _: &TransportContext, _: &Request<Vec<u8>>, _: &mut Accepted) -> Answer {
        Answer::upgrade_required()
    }
}

fn upgrade(
    context: &TransportContext,
    request: &Request<Vec<u8>>,
    accepted: &mut Accepted,
) -> Answer {
    let key = match websocket_key(request) {
        Ok(key) => key,
        Err(NoHandshake::Version) => return Answer::upgrade_required(),
        Err(NoHandshake::Invalid(what)) => {
            let line = format!("not a WebSocket handshake: {what}");
            return Answer::plain(StatusCode::BAD_REQUEST, line);
        }
    };
    if !admission::allows_origin(context, request, accepted.peer) {
        return Answer::plain(StatusCode::FORBIDDEN, admission::ORIGIN_REFUSED);
    }
    match admission::refuse_address(context, request, accepted) {
        Some(refusal) => refusal,
        None => Answer::switching(key),
    }
}
