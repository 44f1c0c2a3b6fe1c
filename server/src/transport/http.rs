//! HTTP on the chat's port: a page that says what this is, a health check, and the upgrade.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    ALLOW, CONNECTION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, ORIGIN, RETRY_AFTER,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::{OnUpgrade, Parts, Upgraded};
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tungstenite::handshake::server::create_response_with_body;

use super::{Client, TransportContext, websocket};
use crate::health::Health;
use crate::limits::TooFast;
use crate::session::SERVER_NAME;

/// The client's address as proxies tell it: each adds the one it was asked from.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Bytes of a request's head at most.
const HEAD_BYTES: usize = 16 * 1024;

type Answer = Response<Full<Bytes>>;

/// Serves one request: answers it, or hands the connection on to WebSocket.
pub(super) async fn serve(context: Arc<TransportContext>, stream: TcpStream, client: Client) {
    let timeout = context.timeouts.handshake;
    let stopping = context.stopping.clone();
    let peer = client.peer;
    // One request a connection: the first takes it.
    let client = Mutex::new(Some(client));
    let service = service_fn(move |request| {
        let client = client.lock().expect("no holder of this lock panics").take();
        let answer = match client {
            Some(client) => answer(&context, request, client),
            None => plain(StatusCode::BAD_REQUEST, "one request a connection"),
        };
        async move { Ok::<_, Infallible>(answer) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(timeout)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::select! {
        served = tokio::time::timeout(timeout, connection) => match served {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%peer, %error, "a request was broken off"),
            Err(_) => tracing::debug!(%peer, "a request took too long"),
        },
        () = stopping.begun() => {}
    }
}

fn answer(context: &Arc<TransportContext>, request: Request<Incoming>, client: Client) -> Answer {
    if request.version() == Version::HTTP_11 && !request.headers().contains_key(HOST) {
        // RFC 9112, section 3.2.
        return plain(StatusCode::BAD_REQUEST, "the Host header is missing");
    }
    let is_upgrade = names_websocket(&request);
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    match (request.uri().path(), is_read) {
        ("/" | "/ws", true) if is_upgrade => upgrade(context, request, client),
        ("/", true) => page(),
        ("/ws", true) => upgrade_required(),
        ("/healthz", true) => healthz(&context.health),
        ("/" | "/ws" | "/healthz", false) => method_not_allowed(),
        _ => plain(
            StatusCode::NOT_FOUND,
            "there is nothing here: the chat is at / and /ws, the health check at /healthz",
        ),
    }
}

fn upgrade(
    context: &Arc<TransportContext>,
    mut request: Request<Incoming>,
    mut client: Client,
) -> Answer {
    let peer = client.peer;
    if let Some(origin) = refused_origin(&context.allowed_origins, &request) {
        tracing::info!(%peer, ?origin, "upgrade refused: origin not allowed");
        return plain(
            StatusCode::FORBIDDEN,
            "this chat may not be used from pages of this origin",
        );
    }
    let accepted = match create_response_with_body(&request, Full::default) {
        Ok(accepted) => accepted,
        Err(error) => {
            let version = request.headers().get(SEC_WEBSOCKET_VERSION);
            return match version.is_some_and(|version| version != "13") {
                true => upgrade_required(),
                false => plain(
                    StatusCode::BAD_REQUEST,
                    format!("not a WebSocket handshake: {error}"),
                ),
            };
        }
    };
    if let Some(refusal) = refused_address(context, &request, &mut client) {
        return refusal;
    }
    let upgraded = hyper::upgrade::on(&mut request);
    let tasks = context.tasks.clone();
    tasks.spawn(go_on(Arc::clone(context), upgraded, client));
    accepted
}

/// What is answered where the client's address, which is known only now, may not have one more
/// connection.
fn refused_address(
    context: &TransportContext,
    request: &Request<Incoming>,
    client: &mut Client,
) -> Option<Answer> {
    let proxies = &context.trusted_proxies;
    if request.headers().contains_key(X_FORWARDED_FOR) && !proxies.contain(client.peer.ip()) {
        context.warn_of_proxy(client.peer);
    }
    let forwarded_for = request.headers().get_all(X_FORWARDED_FOR);
    let values = || forwarded_for.iter().map(HeaderValue::as_bytes);
    client.source = proxies.client(client.peer.ip(), values());
    client.address = proxies.address(client.peer.ip(), values());
    let source = client.source;
    if let Err(no_place) = client.place.count_for(source) {
        tracing::info!(%source, reason = %no_place, "upgrade refused");
        let unavailable = plain(StatusCode::SERVICE_UNAVAILABLE, no_place.to_string());
        return Some(unavailable);
    }
    let TooFast { retry_after } = context.limits.connection(source).err()?;
    tracing::info!(%source, "upgrade refused: too many new connections");
    let text = format!("too many new connections from your address: wait {retry_after} s");
    let mut answer = plain(StatusCode::TOO_MANY_REQUESTS, text);
    answer.headers_mut().insert(RETRY_AFTER, retry_after.into());
    Some(answer)
}

/// Serves the connection once it is upgraded.
async fn go_on(context: Arc<TransportContext>, upgraded: OnUpgrade, client: Client) {
    let peer = client.peer;
    match upgraded.await.map(Upgraded::downcast::<TokioIo<TcpStream>>) {
        Ok(Ok(Parts { io, read_buf, .. })) => {
            let stream = io.into_inner();
            let connection = websocket::connect(&context, stream, &read_buf, client);
            // A task of its own: with this one goes what only the upgrade needs.
            context.tasks.spawn(websocket::serve(connection));
        }
        Ok(Err(_)) => tracing::error!(%peer, "an upgraded connection is not the one accepted"),
        Err(error) => tracing::debug!(%peer, %error, "an upgrade was broken off"),
    }
}

/// Whether the request asks for WebSocket: what else it may offer to upgrade to is passed over
/// (RFC 9110, section 7.8).
fn names_websocket(request: &Request<Incoming>) -> bool {
    let offers = request.headers().get_all(UPGRADE).iter();
    offers
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|offer| offer.trim().eq_ignore_ascii_case("websocket"))
}

/// An origin of the request that is not on the list, where there is a list. Who sends none is not a
/// browser, and no page's script can leave it out.
fn refused_origin(allowed: &[String], request: &Request<Incoming>) -> Option<HeaderValue> {
    let is_allowed = |origin: &HeaderValue| {
        allowed
            .iter()
            .any(|allowed| origin.as_bytes().eq_ignore_ascii_case(allowed.as_bytes()))
    };
    let mut origins = request.headers().get_all(ORIGIN).iter();
    origins
        .find(|origin| !allowed.is_empty() && !is_allowed(origin))
        .cloned()
}

fn healthz(health: &Health) -> Answer {
    let (status, word) = match health.is_failing() {
        false => (StatusCode::OK, "ok"),
        true => (StatusCode::SERVICE_UNAVAILABLE, "store failing"),
    };
    let body = format!("{{\"status\":\"{word}\",\"server\":\"{SERVER_NAME}\"}}\n");
    text(status, "application/json", body)
}

fn page() -> Answer {
    const PAGE: &str = "\
This is a chat server: every stream gets its room, over WebSocket.

Connect to / or /ws on this port with a WebSocket client, or from a terminal:

    chat-tui --user NAME --room ROOM --server ws://HOST:PORT

GET /healthz tells whether the server is well.
";
    text(
        StatusCode::OK,
        "text/plain; charset=utf-8",
        format!("{SERVER_NAME}\n\n{PAGE}"),
    )
}

fn upgrade_required() -> Answer {
    let mut answer = plain(
        StatusCode::UPGRADE_REQUIRED,
        "this is a WebSocket endpoint (RFC 6455, version 13)",
    );
    let headers = answer.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    answer
}

fn method_not_allowed() -> Answer {
    let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET is served here");
    let allowed = HeaderValue::from_static("GET, HEAD");
    answer.headers_mut().insert(ALLOW, allowed);
    answer
}

fn plain(status: StatusCode, body: impl Into<String>) -> Answer {
    text(status, "text/plain; charset=utf-8", body.into() + "\n")
}

fn text(status: StatusCode, content_type: &'static str, body: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    // One request a connection. Said here and not by a switch for all answers, which would also
    // spoil the `Connection: Upgrade` of the upgrade's.
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}
