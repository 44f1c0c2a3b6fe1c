//! HTTP on the chat's port: one request after the other, each answered before the next is read.
//!
//! Owns how requests are read and answers written, and how long a connection may take for it; what is
//! answered is the routes' business. It is done here and not by a library: the one for this asks the
//! clock by itself, and panics where that stands before 1970.
//!
//! Nobody holds a connection for nothing. It has its permit for as long as it lasts, and is one of
//! those in no room; a request has to come whole within the handshake's time, the next one to begin
//! within [`IDLE`], and after [`REQUESTS`] the connection ends. It ends as well behind every refusal,
//! and behind a body that nobody reads: what comes then is never taken for a request.

mod body;

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::coop::consume_budget;

use super::answer::Answer;
use super::head::{BadHead, Head, Whole, may_stay};
use super::route::{Handle, Handler, Route};
use super::websocket::Dialect;
use super::{Accepted, Becomes, TransportContext, linger, socketio, websocket};
use crate::clock;
use crate::pulse;

/// Bytes read at once.
const READ_BUFFER: usize = 4 * 1024;
/// Requests of one connection at most.
const REQUESTS: usize = 100;
/// How long a connection may wait for its next request to begin; less where the handshake has less.
const IDLE: Duration = Duration::from_secs(5);

/// Serves a connection: answers its requests, or hands it on to WebSocket.
pub(super) async fn serve(context: Arc<TransportContext>, stream: TcpStream, accepted: Accepted) {
    let peer = accepted.peer;
    let mut exchanges = Exchanges {
        context: &context,
        stream,
        come: Vec::new(),
    };
    let upgraded = tokio::select! {
        served = exchanges.run(accepted) => match served {
            Ok(upgraded) => upgraded,
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                return tracing::debug!(%peer, "a request took too long");
            }
            Err(error) => return tracing::debug!(%peer, %error, "a request was broken off"),
        },
        () = context.stopping.begun() => return,
    };
    let Exchanges { stream, come, .. } = exchanges;
    if let Some(mut accepted) = upgraded {
        // A task of its own: with this one goes what only the upgrade needs.
        let dialect = match std::mem::replace(&mut accepted.becomes, Becomes::Native) {
            Becomes::Native => Dialect::Native,
            Becomes::EngineIo(engine) => Dialect::EngineIo(engine),
            Becomes::Upgrading(session) => {
                let upgrade =
                    socketio::upgrade(Arc::clone(&context), stream, come, accepted, session);
                context.tasks.spawn(upgrade);
                return;
            }
        };
        let connection = websocket::connect(&context, stream, &come, accepted, dialect);
        context.tasks.spawn(websocket::serve(connection));
    }
}

/// One connection's requests.
struct Exchanges<'a> {
    context: &'a TransportContext,
    stream: TcpStream,
    /// What came behind the request that was read last: less than one read, and a body.
    come: Vec<u8>,
}

/// A request that was read.
enum Read<'a> {
    /// It has a route.
    Request(Request<Vec<u8>>, &'a Route),
    /// It has none, or is none that can be read to its end.
    Refused(Answer, IsHeadOnly),
}

/// Whether an answer goes without its body.
type IsHeadOnly = bool;

/// What becomes of a connection after an answer.
enum Then {
    /// It stays for another request.
    Stay(Accepted),
    /// It is a WebSocket from here on.
    Upgrade(Accepted),
    /// It has ended.
    End,
}

impl<'a> Exchanges<'a> {
    /// Answers requests until the connection ends; who the client is, where it is a WebSocket from
    /// here on.
    async fn run(&mut self, mut accepted: Accepted) -> io::Result<Option<Accepted>> {
        for left in (0..REQUESTS).rev() {
            let handshake = self.context.timeouts.handshake;
            let read = in_time(handshake, self.read()).await?;
            let then = match read {
                Read::Refused(answer, is_head_only) => {
                    self.write_last(&answer, is_head_only).await?;
                    Then::End
                }
                Read::Request(request, route) => match route.handler() {
                    Handler::Watcher(tell) => self.tell(*tell, &request, accepted).await?,
                    Handler::Client(handle) => {
                        let is_last =
                            left == 0 || !may_stay(&request) || self.has_rest(&request, route);
                        self.answer(&**handle, &request, accepted, is_last).await?
                    }
                },
            };
            match then {
                Then::Stay(stays) if self.another_begins().await => accepted = stays,
                Then::Upgrade(upgraded) => return Ok(Some(upgraded)),
                Then::Stay(_) | Then::End => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Reads a request to the end of its body, where its route reads one.
    async fn read(&mut self) -> io::Result<Read<'a>> {
        let mut head = Head::default();
        let come = std::mem::take(&mut self.come);
        // Those of a client that sends several at once are there already.
        let begun = match come.is_empty() {
            true => Ok(None),
            false => head.add(&come),
        };
        drop(come);
        let whole = match begun {
            Ok(None) => read(&self.stream, head).await?,
            Ok(Some(whole)) => Ok(whole),
            Err(bad) => Err(bad),
        };
        let Whole { request, rest } = match whole {
            Ok(whole) => whole,
            Err(bad) => {
                let answer = Answer::plain(bad.status(), bad.to_string());
                return Ok(Read::Refused(answer, false));
            }
        };
        self.come = rest;
        let is_head_only = request.method() == Method::HEAD;
        let context = self.context;
        let route = match context.router.choose(&request) {
            Ok(route) => route,
            Err(answer) => return Ok(Read::Refused(answer, is_head_only)),
        };
        let announced = match route.body() {
            0 => Ok(0),
            most => body::announced(request.headers(), most),
        };
        match announced {
            Ok(length) => {
                let body = self.read_body(&request, length).await?;
                Ok(Read::Request(request.map(|()| body), route))
            }
            Err(answer) => Ok(Read::Refused(answer, is_head_only)),
        }
    }

    /// Reads a body of so many bytes, which a client may want to be asked for (RFC 9110, section
    /// 10.1.1).
    async fn read_body(&mut self, request: &Request<()>, length: usize) -> io::Result<Vec<u8>> {
        if self.come.len() < length && body::waits_to_be_asked(request) {
            self.stream.write_all(body::CONTINUE).await?;
        }
        while self.come.len() < length {
            let come = &mut self.come;
            read_some(&self.stream, |bytes| come.extend_from_slice(bytes)).await?;
        }
        let rest = self.come.split_off(length);
        Ok(std::mem::replace(&mut self.come, rest))
    }

    /// Whether more belongs to the request than its route reads.
    fn has_rest(&self, request: &Request<Vec<u8>>, route: &Route) -> bool {
        route.body() == 0 && body::is_there(request.headers())
    }

    /// Answers somebody who watches the server. They hold nobody's permit up meanwhile, and without
    /// it have no time to linger.
    async fn tell(
        &mut self,
        tell: fn(&TransportContext) -> Answer,
        request: &Request<Vec<u8>>,
        accepted: Accepted,
    ) -> io::Result<Then> {
        let is_head_only = request.method() == Method::HEAD;
        if body::is_there(request.headers()) {
            self.write_last(&tell(self.context), is_head_only).await?;
            return Ok(Then::End);
        }
        drop(accepted);
        self.write(&tell(self.context), is_head_only).await?;
        Ok(Then::End)
    }

    async fn answer(
        &mut self,
        handle: &dyn Handle,
        request: &Request<Vec<u8>>,
        mut accepted: Accepted,
        is_last: bool,
    ) -> io::Result<Then> {
        let is_head_only = request.method() == Method::HEAD;
        let mut answer = handle.answer(self.context, request, &mut accepted).await;
        if !is_last {
            answer = answer.keep_alive();
        }
        if answer.is_last() {
            self.write_last(&answer, is_head_only).await?;
            return Ok(Then::End);
        }
        self.write(&answer, is_head_only).await?;
        Ok(match answer.is_switching() {
            true => Then::Upgrade(accepted),
            false => Then::Stay(accepted),
        })
    }

    async fn write(&mut self, answer: &Answer, is_head_only: IsHeadOnly) -> io::Result<()> {
        let bytes = answer.encode(clock::now(), is_head_only);
        let write = self.stream.write_all(&bytes);
        in_time(self.context.timeouts.handshake, write).await
    }

    /// Writes the last answer, and lets it arrive.
    async fn write_last(&mut self, answer: &Answer, is_head_only: IsHeadOnly) -> io::Result<()> {
        self.write(answer, is_head_only).await?;
        linger::finish(&self.stream).await;
        Ok(())
    }

    /// Whether another request begins in time.
    async fn another_begins(&self) -> bool {
        if !self.come.is_empty() {
            return true;
        }
        let patience = IDLE.min(self.context.timeouts.handshake);
        let begins = async {
            self.stream.readable().await?;
            let mut first = [0];
            self.stream.peek(&mut first).await
        };
        matches!(pulse::timeout(patience, begins).await, Ok(Ok(1..)))
    }
}

/// Reads the rest of the head of a request.
pub(super) async fn read(stream: &TcpStream, mut head: Head) -> io::Result<Result<Whole, BadHead>> {
    loop {
        let mut looked = Ok(None);
        read_some(stream, |bytes| looked = head.add(bytes)).await?;
        match looked {
            Ok(Some(whole)) => return Ok(Ok(whole)),
            Ok(None) => {}
            Err(bad) => return Ok(Err(bad)),
        }
    }
}

/// Reads what is there, or waits until something is.
async fn read_some(stream: &TcpStream, take: impl FnOnce(&[u8])) -> io::Result<()> {
    loop {
        // Each byte may come by itself, and the next one is there already.
        consume_budget().await;
        stream.readable().await?;
        // Not kept across an await: it would be part of the task's memory.
        let mut buffer = [0; READ_BUFFER];
        match stream.try_read(&mut buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                take(&buffer[..read]);
                return Ok(());
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// What a client does within `limit`; `TimedOut` where it does not.
async fn in_time<T>(limit: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let done = pulse::timeout(limit, work).await;
    done.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
}

#[cfg(test)]
mod tests;
