//! HTTP on the chat's port: a page that says what this is, a health check, and the upgrade.
//!
//! One request a connection, without a body. It is read here and not by a library: the one for this
//! asks the clock by itself, and panics where that stands before 1970.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use http::header::{CONTENT_LENGTH, HeaderName, ORIGIN, TRANSFER_ENCODING};
use http::{HeaderValue, Method, Request, StatusCode};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::coop::consume_budget;

use super::answer::Answer;
use super::head::{BadHead, Head, NoHandshake, Whole, names_websocket, websocket_key};
use super::probe::Probe;
use super::{Accepted, TransportContext, linger, websocket};
use crate::clock;
use crate::limits::TooFast;
use crate::pulse;
use crate::session::SERVER_NAME;
use crate::transport::origin::AllowedOrigin;

/// The client's address as proxies tell it: each adds the one it was asked from.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Bytes read at once.
const READ_BUFFER: usize = 4 * 1024;

/// Serves one request: answers it, or hands the connection on to WebSocket.
pub(super) async fn serve(
    context: Arc<TransportContext>,
    mut stream: TcpStream,
    accepted: Accepted,
) {
    let peer = accepted.peer;
    let exchange = exchange(&context, &mut stream, accepted);
    let upgraded = tokio::select! {
        served = pulse::timeout(context.timeouts.handshake, exchange) => match served {
            Ok(Ok(upgraded)) => upgraded,
            Ok(Err(error)) => return tracing::debug!(%peer, %error, "a request was broken off"),
            Err(_) => return tracing::debug!(%peer, "a request took too long"),
        },
        () = context.stopping.begun() => return,
    };
    if let Some((accepted, rest)) = upgraded {
        let connection = websocket::connect(&context, stream, &rest, accepted);
        // A task of its own: with this one goes what only the upgrade needs.
        context.tasks.spawn(websocket::serve(connection));
    }
}

/// Reads a request and answers it; who the client is, and what it sent behind its request, where the
/// connection is a WebSocket from here on.
async fn exchange(
    context: &TransportContext,
    stream: &mut TcpStream,
    mut accepted: Accepted,
) -> io::Result<Option<(Accepted, Vec<u8>)>> {
    let Whole { request, rest } = match read(stream, Head::default()).await? {
        Ok(whole) => whole,
        Err(bad) => {
            let answer = Answer::plain(bad.status(), bad.to_string());
            stream
                .write_all(&answer.encode(clock::now(), false))
                .await?;
            linger::finish(stream).await;
            return Ok(None);
        }
    };
    if let Some(probe) = Probe::of(&request).filter(|_| !has_body(&request)) {
        // Who watches takes nobody's place, and without it has no time to linger.
        drop(accepted);
        let is_head_only = request.method() == Method::HEAD;
        let answer = probe.answer(context).encode(clock::now(), is_head_only);
        stream.write_all(&answer).await?;
        return Ok(None);
    }
    let answer = answer(context, &request, &mut accepted);
    let is_head_only = request.method() == Method::HEAD;
    let bytes = answer.encode(clock::now(), is_head_only);
    stream.write_all(&bytes).await?;
    if answer.is_switching() {
        return Ok(Some((accepted, rest)));
    }
    linger::finish(stream).await;
    Ok(None)
}

/// Whether more than its head belongs to the request.
fn has_body(request: &Request<()>) -> bool {
    let headers = request.headers();
    headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING)
}

/// Reads the rest of the head of a request.
pub(super) async fn read(stream: &TcpStream, mut head: Head) -> io::Result<Result<Whole, BadHead>> {
    loop {
        // Each byte may come by itself, and the next one is there already.
        consume_budget().await;
        stream.readable().await?;
        // Not kept across an await: it would be part of the task's memory.
        let mut buffer = [0; READ_BUFFER];
        match stream.try_read(&mut buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => match head.add(&buffer[..read]) {
                Ok(Some(whole)) => return Ok(Ok(whole)),
                Ok(None) => {}
                Err(bad) => return Ok(Err(bad)),
            },
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

fn answer(context: &TransportContext, request: &Request<()>, accepted: &mut Accepted) -> Answer {
    let is_upgrade = names_websocket(request.headers());
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let path = request.uri().path();
    match (path, is_read) {
        ("/" | "/ws", true) if is_upgrade => upgrade(context, request, accepted),
        ("/", true) => page(),
        ("/ws", true) => Answer::upgrade_required(),
        ("/" | "/ws", false) => Answer::method_not_allowed(),
        _ => match (Probe::at(path), is_read) {
            (Some(probe), true) => probe.answer(context),
            (Some(_), false) => Answer::method_not_allowed(),
            (None, _) => Answer::plain(
                StatusCode::NOT_FOUND,
                "there is nothing here: the chat is at / and /ws, the checks at /healthz and /readyz",
            ),
        },
    }
}

fn upgrade(context: &TransportContext, request: &Request<()>, accepted: &mut Accepted) -> Answer {
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
    request: &Request<()>,
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
fn refused_origin(allowed: &[AllowedOrigin], request: &Request<()>) -> Option<HeaderValue> {
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

fn page() -> Answer {
    const PAGE: &str = "\
This is a chat server: every stream gets its room, over WebSocket.

Connect to / or /ws on this port with a WebSocket client, or from a terminal:

    chat-tui --user NAME --room ROOM --server ws://HOST:PORT

GET /healthz tells whether the server is well, GET /readyz whether it takes connections.
";
    Answer::text(
        StatusCode::OK,
        "text/plain; charset=utf-8",
        format!("{SERVER_NAME}\n\n{PAGE}"),
    )
}
