//! Clients of the first server, who speak Socket.IO over Engine.IO: by WebSocket, by long polling, and
//! from the one to the other.

mod engine;
mod payload;
mod polling;
mod query;
mod upgrading;

use http::header::{CONTENT_TYPE, ORIGIN};
use http::{HeaderValue, Method, Request, StatusCode};

use super::admission::{allows_origin, refuse_address};
use super::answer::Answer;
use super::head::{NoHandshake, websocket_key};
use super::route::{Handle, Handler, Route};
use super::{Accepted, Becomes, Timeouts, TransportContext};
pub(super) use engine::{Beat, Engine, Said};
pub(super) use polling::Session;
pub use polling::Sessions;
use polling::{Polled, Posted};
use query::{Carrier, Query, Version, Wrong};
pub(super) use upgrading::upgrade;

/// Bytes of a body at most: several packets.
const BODY_BYTES: usize = 64 * 1024;
/// What a body of bytes is called.
const BINARY: &[u8] = b"application/octet-stream";

/// With and without the slash at its end: clients of both kinds are there.
const PATHS: [&str; 2] = ["/socket.io/", "/socket.io"];

pub(super) fn routes() -> impl Iterator<Item = Route> {
    PATHS.into_iter().flat_map(|path| {
        [
            Route::upgrade(path, ByWebSocket),
            Route::read(path, Handler::Client(Box::new(ByPolling))),
            Route::post(path, BODY_BYTES, ByPolling),
            Route::options(path, ByPolling),
        ]
    })
}

impl From<Timeouts> for Beat {
    /// A client is asked as often as others; what it may take to answer is what is left until it is
    /// taken for gone.
    fn from(timeouts: Timeouts) -> Self {
        Self {
            ping: timeouts.ping,
            patience: timeouts.idle.saturating_sub(timeouts.ping),
        }
    }
}

/// A session begins on a WebSocket, or goes on there that polled before.
struct ByWebSocket;

#[async_trait::async_trait]
impl Handle for ByWebSocket {
    async fn answer(
        &self,
        context: &TransportContext,
        request: &Request<Vec<u8>>,
        accepted: &mut Accepted,
    ) -> Answer {
        by_websocket(context, request, accepted).unwrap_or_else(|refused| refused)
    }
}

fn by_websocket(
    context: &TransportContext,
    request: &Request<Vec<u8>>,
    accepted: &mut Accepted,
) -> Result<Answer, Answer> {
    let query = Query::of(request).map_err(refusal)?;
    if query.carrier != Carrier::WebSocket {
        return Err(refusal(Wrong::REQUEST));
    }
    let key = websocket_key(request).map_err(|no_handshake| match no_handshake {
        NoHandshake::Version => Answer::upgrade_required(),
        NoHandshake::Invalid(_) => refusal(Wrong::REQUEST),
    })?;
    if !allows_origin(context, request, accepted.peer) {
        return Err(refusal(Wrong::FORBIDDEN));
    }
    accepted.becomes = match &query.sid {
        Some(sid) => {
            let session = context.socketio.find(sid, query.version);
            Becomes::Upgrading(session.ok_or_else(|| refusal(Wrong::SESSION))?)
        }
        None => {
            if let Some(refused) = refuse_address(context, request, accepted) {
                return Err(refused);
            }
            let engine = Engine::new(query.version).map_err(|_| no_chance())?;
            Becomes::EngineIo(Box::new(engine))
        }
    };
    Ok(Answer::switching(key))
}

/// A session begins, or goes on, by polling.
struct ByPolling;

#[async_trait::async_trait]
impl Handle for ByPolling {
    async fn answer(
        &self,
        context: &TransportContext,
        request: &Request<Vec<u8>>,
        accepted: &mut Accepted,
    ) -> Answer {
        let answer = by_polling(context, request, accepted).await;
        shared(answer.unwrap_or_else(|refused| refused), request)
    }
}

async fn by_polling(
    context: &TransportContext,
    request: &Request<Vec<u8>>,
    accepted: &mut Accepted,
) -> Result<Answer, Answer> {
    if !allows_origin(context, request, accepted.peer) {
        return Err(refusal(Wrong::FORBIDDEN));
    }
    if request.method() == Method::OPTIONS {
        return Ok(Answer::no_content());
    }
    let query = Query::of(request).map_err(refusal)?;
    if query.carrier != Carrier::Polling {
        return Err(refusal(Wrong::REQUEST));
    }
    let Some(sid) = &query.sid else {
        if request.method() != Method::GET {
            return Err(refusal(Wrong::HANDSHAKE));
        }
        if let Some(refused) = refuse_address(context, request, accepted) {
            return Err(refused);
        }
        return polling::begin(context, query.version, accepted);
    };
    let session = context.socketio.find(sid, query.version);
    let session = session.ok_or_else(|| refusal(Wrong::SESSION))?;
    // One client has a place for its session, and none besides for each of its requests.
    accepted.client.permit.lend(session.is_member());
    // Nothing is taken out of a session that is not told.
    if request.method() == Method::HEAD {
        return Err(refusal(Wrong::REQUEST));
    }
    if request.method() == Method::POST {
        let content_type = request.headers().get(CONTENT_TYPE);
        let is_binary = content_type.is_some_and(|value| value.as_bytes().starts_with(BINARY));
        return match session.post(is_binary, request.body()).await {
            Posted::Taken => Ok(Answer::text(StatusCode::OK, "text/html", "ok".to_owned())),
            Posted::Refused => Err(refusal(Wrong::REQUEST)),
        };
    }
    match session.poll().await {
        Polled::Packets(packets) => Ok(packets_of(query.version, &packets)),
        Polled::Refused => Err(refusal(Wrong::REQUEST)),
    }
}

fn packets_of(version: Version, packets: &[String]) -> Answer {
    let body = payload::encode(version, packets.iter().map(String::as_str));
    Answer::text(StatusCode::OK, "text/plain; charset=UTF-8", body)
}

/// In the words of Engine.IO, which its clients read.
fn refusal(Wrong(code, words): Wrong) -> Answer {
    let status = match code {
        4 => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_REQUEST,
    };
    let body = format!("{{\"code\":{code},\"message\":\"{words}\"}}");
    Answer::text(status, "application/json", body)
}

fn no_chance() -> Answer {
    let line = "no session id can be made right now: try again";
    Answer::plain(StatusCode::SERVICE_UNAVAILABLE, line)
}

/// The same, for pages of the request's origin to read: that it is one of those that may was looked at.
/// Clients of 1.x always ask with credentials, and then `*` is not enough; there are none here.
fn shared<T>(answer: Answer, request: &Request<T>) -> Answer {
    let origin = request.headers().get(ORIGIN).map(HeaderValue::to_str);
    match origin {
        Some(Ok(origin)) => answer.shared_with(origin),
        _ => answer,
    }
}
