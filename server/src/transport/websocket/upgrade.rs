//! The way from HTTP to a WebSocket: who may take it.

use http::header::{HeaderName, ORIGIN};
use http::{HeaderValue, Request, StatusCode};

use super::super::answer::Answer;
use super::super::head::{NoHandshake, websocket_key};
use super::super::route::{Handle, Handler, Route};
use super::super::{Accepted, TransportContext};
use crate::limits::TooFast;
use crate::transport::origin::AllowedOrigin;

/// The client's address as proxies tell it: each adds the one it was asked from.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

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
    let peer = accepted.peer;
    let key = match websocket_key(request) {
        Ok(key) => key,
        Err(NoHandshake::Version) => return Answer::upgrade_required(),
        Err(NoHandshake::Invalid(what)) => {
            let line = format!("not a WebSocket handshake: {what}");
            return Answer::plain(StatusCode::BAD_REQUEST, line);
        }
    };
    if let Some(origin) = refused_origin(&context.allowed_origins, request) {
        if let Some(left_out) = context.limits.notices().next() {
            let origin = shown(&origin);
            tracing::info!(%peer, origin, left_out, "upgrade refused: origin not allowed");
        }
        return Answer::plain(
            StatusCode::FORBIDDEN,
            "this chat may not be used from pages of this origin",
        );
    }
    match refused_address(context, request, accepted) {
        Some(refusal) => refusal,
        None => Answer::switching(key),
    }
}

/// What is answered where the client's address, which is known only now, may not have one more
/// connection.
fn refused_address(
    context: &TransportContext,
    request: &Request<Vec<u8>>,
    accepted: &mut Accepted,
) -> Option<Answer> {
    let proxies = &context.trusted_proxies;
    if request.headers().contains_key(X_FORWARDED_FOR) && !proxies.contain(accepted.peer.ip()) {
        context.warn_of_proxy(accepted.peer);
    }
    let forwarded_for = request.headers().get_all(X_FORWARDED_FOR);
    let values = || forwarded_for.iter().map(HeaderValue::as_bytes);
    let Accepted { peer, client } = accepted;
    client.source = proxies.client(peer.ip(), values());
    client.address = proxies.address(peer.ip(), values());
    let source = client.source;
    if let Err(no_permit) = client.permit.count_for(source) {
        if let Some(left_out) = context.limits.notices().next() {
            tracing::info!(%source, reason = %no_permit, left_out, "upgrade refused");
        }
        let unavailable = Answer::plain(StatusCode::SERVICE_UNAVAILABLE, no_permit.to_string());
        return Some(unavailable);
    }
    let TooFast { retry_after } = context.limits.connection(source).err()?;
    if let Some(left_out) = context.limits.notices().next() {
        tracing::info!(%source, left_out, "upgrade refused: too many new connections");
    }
    let text = format!("too many new connections from your address: wait {retry_after} s");
    let answer = Answer::plain(StatusCode::TOO_MANY_REQUESTS, text);
    Some(answer.retry_after(retry_after))
}

/// An origin of the request that is not on the list, where there is a list. Who sends none is not a
/// browser, and no page's script can leave it out.
fn refused_origin(allowed: &[AllowedOrigin], request: &Request<Vec<u8>>) -> Option<HeaderValue> {
    let is_allowed = |origin: &HeaderValue| {
        let mut allowed = allowed.iter();
        allowed.any(|allowed| allowed.matches(origin.as_bytes()))
    };
    let mut origins = request.headers().get_all(ORIGIN).iter();
    origins
        .find(|origin| !allowed.is_empty() && !is_allowed(origin))
        .cloned()
}

/// What a client wrote, as the log shows it: its beginning.
fn shown(value: &HeaderValue) -> String {
    const SHOWN: usize = 100;
    let bytes = value.as_bytes();
    let beginning = &bytes[..bytes.len().min(SHOWN)];
    beginning.escape_ascii().to_string()
}
