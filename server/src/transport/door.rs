//! Connections for which there is no place: who watches the server is answered all the same, everybody
//! else is told to come back.
//!
//! A request has to be read for that, and whoever sends none holds a socket meanwhile. So there are few
//! at the door, for a moment, and the one that has been there for longest makes way: a probe sends its
//! request at once.

use std::collections::VecDeque;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Method, Request};
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::head::Head;
use super::{TransportContext, http as requests};
use crate::clock;

/// Connections whose request is waited for.
const WAITING: usize = 12;
/// The same with those that are being closed: as many files are kept open beyond the places.
const SOCKETS: usize = 16;
/// Bytes read at once.
const READ_BYTES: usize = 4 * 1024;
/// How long a request may take to come.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is answered to all others.
const NO_PLACE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Length: 24\r\nConnection: close\r\n\r\n\
    too many connections now";

/// Who is at the door.
pub struct Door {
    sockets: Arc<Semaphore>,
    queue: Mutex<Queue>,
}

/// Those who wait, the first one at the front.
#[derive(Default)]
struct Queue {
    waiting: VecDeque<(u64, CancellationToken)>,
    next: u64,
}

impl Default for Door {
    fn default() -> Self {
        Self {
            sockets: Arc::new(Semaphore::new(SOCKETS)),
            queue: Mutex::default(),
        }
    }
}

impl Door {
    /// A number among those who wait, and what is cancelled when it has to make way.
    fn enter(&self) -> (u64, CancellationToken) {
        let mut queue = self.queue.lock().expect("no holder of this lock panics");
        if queue.waiting.len() >= WAITING
            && let Some((_, way)) = queue.waiting.pop_front()
        {
            way.cancel();
        }
        let (number, way) = (queue.next, CancellationToken::new());
        queue.next += 1;
        queue.waiting.push_back((number, way.clone()));
        (number, way)
    }

    fn leave(&self, number: u64) {
        let mut queue = self.queue.lock().expect("no holder of this lock panics");
        queue.waiting.retain(|(waiting, _)| *waiting != number);
    }
}

/// Answers somebody for whom there is no place.
pub(super) fn answer(context: &Arc<TransportContext>, stream: TcpStream, peer: SocketAddr) {
    // Where many come at once, their requests are there before they are looked at.
    let mut head = Head::default();
    match read_at_once(&stream, &mut head) {
        Come::Request(request) => return write(context, &stream, Some(&request)),
        Come::Garbage => return write(context, &stream, None),
        Come::Nothing => {}
    }
    let Ok(socket) = Arc::clone(&context.door.sockets).try_acquire_owned() else {
        return write(context, &stream, None);
    };
    let (number, way) = context.door.enter();
    let at_door = Arc::clone(context);
    context.tasks.spawn(async move {
        let request = tokio::select! {
            request = tokio::time::timeout(PATIENCE, requests::read(&stream, head)) => request.ok(),
            () = way.cancelled() => None,
            () = at_door.stopping.begun() => None,
        };
        at_door.door.leave(number);
        match request {
            Some(Err(error)) => tracing::debug!(%peer, %error, "gone at the door"),
            Some(Ok(Ok(whole))) => write(&at_door, &stream, Some(&whole.request)),
            Some(Ok(Err(_))) | None => write(&at_door, &stream, None),
        }
        drop((stream, socket));
    });
}

/// What somebody had sent by the time they were looked at.
enum Come {
    Nothing,
    Request(Box<Request<()>>),
    Garbage,
}

/// Reads what is there, without asking the runtime, which does not know yet.
fn read_at_once(stream: &TcpStream, head: &mut Head) -> Come {
    let mut bytes = [0; READ_BYTES];
    match (&*SockRef::from(stream)).read(&mut bytes) {
        Ok(read) => match head.add(&bytes[..read]) {
            Ok(Some(whole)) => Come::Request(Box::new(whole.request)),
            Ok(None) => Come::Nothing,
            Err(_) => Come::Garbage,
        },
        Err(_) => Come::Nothing,
    }
}

/// Writes the answer to `request`: to most the same. Where the peer is gone already, nobody needs it.
fn write(context: &TransportContext, stream: &TcpStream, request: Option<&Request<()>>) {
    let watcher = request.and_then(|request| {
        let tell = context.router.watcher(request)?;
        let is_head_only = *request.method() == Method::HEAD;
        Some(tell(context).encode(clock::now(), is_head_only))
    });
    let answer = watcher.as_deref().unwrap_or(NO_PLACE);
    // It fits into a socket in which nothing else waits.
    let _ = SockRef::from(stream).send(answer);
}
