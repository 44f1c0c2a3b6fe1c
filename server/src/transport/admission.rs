//! Who may connect: from which pages, and from where. The same for everything that begins a session.

use std::net::SocketAddr;

use http::header::{HeaderName, ORIGIN};
use http::{HeaderValue, Request, StatusCode};

use super::answer::Answer;
use super::{Accepted, TransportContext};
use crate::limits::TooFast;

/// The client's address as proxies tell it: each adds the one it was asked from.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What is said to pages that are not on the list.
pub(super) const ORIGIN_REFUSED: &str = "this chat may not be used from pages of this origin";

/// What is answered where the client's address, which is known only now, may not have one more
/// connection.
pub(super) fn refuse_address(
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
    let Accepted { peer, client, .. } = accepted;
    client.source = proxies.client(peer.ip(), values());
    client.address = proxies.address(peer.ip(), values());
    let source = client.source;
    if let Err(no_permit) = client.permit.count_for(source) {
        if let Some(left_out) = context.limits.notices().next() {
            tracing::info!(%source, reason = %no_permit, left_out, "connection refused");
        }
        let unavailable = Answer::plain(StatusCode::SERVICE_UNAVAILABLE, no_permit.to_string());
        return Some(unavailable);
    }
    let TooFast { retry_after } = context.limits.connection(source).err()?;
    if let Some(left_out) = context.limits.notices().next() {
        tracing::info!(%source, left_out, "connection refused: too many new connections");
    }
    let text = format!("too many new connections from your address: wait {retry_after} s");
    let answer = Answer::plain(StatusCode::TOO_MANY_REQUESTS, text);
    Some(answer.retry_after(retry_after))
}

/// Whether the request comes from a page whose origin is on the list, where there is a list. Who sends
/// none is not a browser, and no page's script can leave it out.
pub(super) fn allows_origin<T>(
    context: &TransportContext,
    request: &Request<T>,
    peer: SocketAddr,
) -> bool {
    let allowed = &context.allowed_origins;
    let is_allowed = |origin: &HeaderValue| {
        let mut allowed = allowed.iter();
        allowed.any(|allowed| allowed.matches(origin.as_bytes()))
    };
    let mut origins = request.headers().get_all(ORIGIN).iter();
    let refused = origins.find(|origin| !allowed.is_empty() && !is_allowed(origin));
    if let Some(origin) = refused
        && let Some(left_out) = context.limits.notices().next()
    {
        let origin = shown(origin);
        tracing::info!(%peer, origin, left_out, "connection refused: origin not allowed");
    }
    refused.is_none()
}

/// What a client wrote, as the log shows it: its beginning.
fn shown(value: &HeaderValue) -> String {
    const SHOWN: usize = 100;
    let bytes = value.as_bytes();
    let beginning = &bytes[..bytes.len().min(SHOWN)];
    beginning.escape_ascii().to_string()
}
