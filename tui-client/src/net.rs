//! One connection per room: connect, authenticate, resume, keep alive, back off and come back. Owns
//! the socket and its timers; must not know what the app does with the events.

mod backoff;
pub(crate) mod dial;
mod handshake;
mod heartbeat;
mod paced;
mod race;
mod tls;
mod upgrade;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chat_protocol::{
    ClientError, ClientEvent, CloseCode, Credential, DecodeError, RoomName, Secret, ServerEvent,
    Username,
};
use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc;
use tokio::time::{sleep, sleep_until, timeout, timeout_at};
use tokio_tungstenite::tungstenite::{self, Message};

use crate::cursor::Cursor;
use crate::link::{ConnectionId, LinkCommand, LinkEvent, Problem, Rests};
use crate::server_url::ServerUrl;
use dial::{Socket, dial, io_words, paced};
use handshake::{Handshake, Identity, Step};
use heartbeat::{Beat, Heartbeat};

/// How long the server may take from one step of the handshake to the next.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// How long a frame may take to be handed to the network.
const SEND: Duration = Duration::from_secs(20);
/// How long the server may take to close after `disconnect`.
const FAREWELL: Duration = Duration::from_millis(300);
/// After something was sent, what comes is read at once: it may be the answer.
const AWAKE: Duration = Duration::from_millis(500);
/// A line that was live for this long makes earlier failures forgotten.
const STABLE: Duration = Duration::from_secs(5);

/// Whom to connect where.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) url: ServerUrl,
    pub(crate) username: Username,
    pub(crate) room: RoomName,
    /// The password, or a token from an earlier run.
    pub(crate) credential: Credential,
    /// A name that nobody has becomes an account.
    pub(crate) may_register: bool,
    /// Where an earlier connection ended.
    pub(crate) cursor: Cursor,
}

/// Why one connection ended.
#[derive(Debug)]
enum Ending {
    /// The app said so, or is gone.
    Disconnected,
    Refused(ClientError),
    TokenRefused,
    Ended(CloseCode, String),
    Lost(Problem),
    /// Not let in for now; at least so long.
    Busy(Problem, Duration),
}

impl From<Problem> for Ending {
    fn from(problem: Problem) -> Self {
        Ending::Lost(problem)
    }
}

/// A room's connection over its whole life.
#[derive(Debug)]
struct Link {
    id: ConnectionId,
    url: ServerUrl,
    identity: Identity,
    cursor: Cursor,
    /// The address of the newest connection where that did not become live: others go first.
    avoid: Option<SocketAddr>,
    /// When the present connection became live.
    live_since: Option<Instant>,
    commands: mpsc::Receiver<LinkCommand>,
    rests: Rests,
    events: mpsc::Sender<(ConnectionId, LinkEvent)>,
}

/// Keeps a room connected until it is told to end, or must not come back by itself. Its events carry
/// `id`.
pub(crate) async fn run(
    id: ConnectionId,
    target: Target,
    commands: mpsc::Receiver<LinkCommand>,
    events: mpsc::Sender<(ConnectionId, LinkEvent)>,
) {
    let identity = Identity {
        username: target.username,
        room: target.room,
        credential: target.credential,
        token: None,
        may_register: target.may_register,
    };
    let mut link = Link {
        id,
        url: target.url,
        identity,
        cursor: target.cursor,
        avoid: None,
        live_since: None,
        commands,
        rests: Rests::None,
        events,
    };
    let ending = link.keep_up().await;
    let is_signed_out = matches!(
        ending,
        Ending::TokenRefused | Ending::Ended(CloseCode::SignedOut, _)
    );
    if let Some(token) = link.identity.token().filter(|_| is_signed_out) {
        link.emit(LinkEvent::TokenEnded(token.clone())).await;
    }
    // The app is told how it ended; where the app itself wanted it, nobody has to be.
    let last = match ending {
        Ending::Refused(error) => LinkEvent::Refused(error),
        Ending::TokenRefused => LinkEvent::TokenRefused,
        Ending::Ended(code, reason) => LinkEvent::Ended { code, reason },
        Ending::Disconnected | Ending::Lost(_) | Ending::Busy(..) => return,
    };
    link.emit(last).await;
}

impl Link {
    /// Connects again and again; how the last connection ended.
    async fn keep_up(&mut self) -> Ending {
        let mut failures = 0;
        let mut attempt = 1;
        loop {
            self.live_since = None;
            self.emit(LinkEvent::Connecting { attempt }).await;
            let (problem, at_least) = match self.connect().await {
                Err(Ending::Lost(problem)) => (problem, Duration::ZERO),
                Err(Ending::Busy(problem, at_least)) => (problem, at_least),
                Err(ending) => return ending,
                Ok(never) => match never {},
            };
            if self.live_since.is_some() {
                attempt = 0;
            }
            if self
                .live_since
                .is_some_and(|since| since.elapsed() >= STABLE)
            {
                failures = 0;
            }
            failures += 1;
            attempt += 1;
            let retry_in = at_least + backoff::pause(failures, rand::random());
            let lost = LinkEvent::Lost {
                problem,
                retry_in,
                attempt,
            };
            self.emit(lost).await;
            if let Err(ending) = self.pause(retry_in).await {
                return ending;
            }
        }
    }

    /// One connection, from dialling to its end.
    async fn connect(&mut self) -> Result<std::convert::Infallible, Ending> {
        let url = self.url.clone();
        let dialled = tokio::select! {
            dialled = dial(&url, self.avoid) => dialled,
            ending = told(&mut self.commands, &mut self.rests) => return Err(ending),
        };
        let (mut socket, address) =
            dialled.map_err(|error| Problem::Unreachable(error.to_string()))?;
        self.avoid = Some(address);
        let live = self.shake_hands(&mut socket).await?;
        self.avoid = None;
        self.live_since = Some(Instant::now());
        if let LinkEvent::Live { accepted, .. } = &live {
            let (token, expires) = (Secret::new(accepted.token.as_str()), accepted.token_expires);
            self.emit(LinkEvent::Token { token, expires }).await;
        }
        self.emit(live).await;
        self.relay(&mut socket).await
    }

    /// Authenticates; the event that says that the line is live.
    async fn shake_hands(&mut self, socket: &mut Socket) -> Result<LinkEvent, Ending> {
        let mut handshake = Handshake::new(&mut self.identity, self.cursor.since());
        // Only a step moves it on: what else may come without end does not.
        let mut deadline = Instant::now() + HANDSHAKE;
        loop {
            let next = timeout_at(deadline.into(), socket.next());
            let message = tokio::select! {
                message = next => message.map_err(|_| Problem::Silent)?,
                ending = told(&mut self.commands, &mut self.rests) => return Err(ending),
            };
            let Some(text) = text_of(message)? else {
                continue;
            };
            let event = match ServerEvent::decode(&text) {
                Ok(event) => event,
                Err(DecodeError::UnknownEvent(_)) => continue,
                Err(error) => {
                    let words = format!("this is not a chat server: {error}");
                    return Err(Problem::Unreachable(words).into());
                }
            };
            match handshake.on(event) {
                Step::Wait => {}
                Step::Send(event) => {
                    send(socket, &event).await?;
                    deadline = Instant::now() + HANDSHAKE;
                }
                Step::Refused(error) => return Err(Ending::Refused(error)),
                Step::TokenRefused => return Err(Ending::TokenRefused),
                Step::Busy(error) => {
                    let at_least = Duration::from_secs(error.retry_after.unwrap_or(0).min(3_600));
                    return Err(Ending::Busy(Problem::Busy(error.message), at_least));
                }
                Step::Live {
                    accepted,
                    resumed,
                    content_limit,
                } => {
                    return Ok(LinkEvent::Live {
                        accepted,
                        resumed,
                        content_limit,
                    });
                }
            }
        }
    }

    /// Passes events both ways until the line is down.
    async fn relay(&mut self, socket: &mut Socket) -> Result<std::convert::Infallible, Ending> {
        let mut heartbeat = Heartbeat::new(Instant::now());
        self.rest(socket);
        loop {
            let wake_at = heartbeat.wake_at();
            tokio::select! {
                message = socket.next() => {
                    heartbeat.hear(Instant::now());
                    if let Some(text) = text_of(message)? {
                        self.receive(&text, &mut heartbeat).await;
                    }
                }
                command = self.commands.recv() => match command {
                    Some(LinkCommand::Send(event)) => send(socket, &event).await?,
                    Some(LinkCommand::Retry) => {}
                    Some(LinkCommand::Rest(rests)) => {
                        self.rests = rests;
                        self.rest(socket);
                    }
                    Some(LinkCommand::Disconnect) | None => {
                        say_farewell(socket).await;
                        return Err(Ending::Disconnected);
                    }
                },
                () = sleep_until(wake_at.into()) => match heartbeat.beat(Instant::now()) {
                    Beat::Nothing => {}
                    Beat::Ping => send(socket, &ClientEvent::Ping).await?,
                    Beat::Dead => return Err(Problem::Silent.into()),
                },
            }
        }
    }

    fn rest(&self, socket: &mut Socket) {
        if let Some(paced) = paced(socket) {
            paced.rest(self.rests);
        }
    }

    async fn receive(&mut self, text: &str, heartbeat: &mut Heartbeat) {
        let event = match ServerEvent::decode(text) {
            Ok(ServerEvent::Pong(_)) => {
                let Some(latency) = heartbeat.answer(Instant::now()) else {
                    return;
                };
                LinkEvent::Latency(latency)
            }
            Ok(event) => {
                self.cursor.observe(&event);
                self.take_new_token(&event).await;
                LinkEvent::Received(event)
            }
            // The contract lets a server grow.
            Err(DecodeError::UnknownEvent(_)) => return,
            Err(error) => LinkEvent::Fault(format!(
                "the server sent something that is not an event: {error}"
            )),
        };
        self.emit(event).await;
    }

    /// With a new password the old token has ended; the answer brings another one.
    async fn take_new_token(&mut self, event: &ServerEvent) {
        if let ServerEvent::ChangePassword(changed) = event {
            let (token, expires) = (Secret::new(changed.token.as_str()), changed.token_expires);
            self.identity.token = Some(token.clone());
            self.emit(LinkEvent::Token { token, expires }).await;
        }
    }

    /// Waits for the next attempt.
    async fn pause(&mut self, pause: Duration) -> Result<(), Ending> {
        let end = sleep(pause);
        tokio::pin!(end);
        loop {
            tokio::select! {
                () = &mut end => return Ok(()),
                command = self.commands.recv() => match command {
                    Some(LinkCommand::Retry) => return Ok(()),
                    Some(LinkCommand::Disconnect) | None => return Err(Ending::Disconnected),
                    // The app sends on live lines only; this one went down meanwhile, which the app
                    // has been told.
                    Some(LinkCommand::Send(_)) => {}
                    Some(LinkCommand::Rest(rests)) => self.rests = rests,
                },
            }
        }
    }

    /// Tells the app. Waits while the app has a full queue: the server's side of the line then fills.
    async fn emit(&self, event: LinkEvent) {
        // Without a receiver the app is gone, which the commands' channel says as well.
        self.events.send((self.id, event)).await.ok();
    }
}

/// Waits until the app wants the connection to end.
async fn told(commands: &mut mpsc::Receiver<LinkCommand>, rests: &mut Rests) -> Ending {
    loop {
        match commands.recv().await {
            Some(LinkCommand::Disconnect) | None => return Ending::Disconnected,
            Some(LinkCommand::Rest(told)) => *rests = told,
            Some(LinkCommand::Send(_) | LinkCommand::Retry) => {}
        }
    }
}

/// The text of a message; `None` for frames that carry none.
fn text_of(message: Option<Result<Message, tungstenite::Error>>) -> Result<Option<String>, Ending> {
    match message {
        Some(Ok(Message::Text(text))) => Ok(Some(text.to_string())),
        Some(Ok(Message::Close(frame))) => {
            let Some(frame) = frame else {
                return Err(Problem::Broken("closed without a reason".to_owned()).into());
            };
            let code = CloseCode::from(u16::from(frame.code));
            let reason = frame.reason.to_string();
            if code.may_come_back() {
                return Err(Problem::Closed { code, reason }.into());
            }
            Err(Ending::Ended(code, reason))
        }
        Some(Ok(_)) => Ok(None),
        Some(Err(error)) => Err(broken(&error).into()),
        None => Err(Problem::Broken("the server went away".to_owned()).into()),
    }
}

fn broken(error: &tungstenite::Error) -> Problem {
    Problem::Broken(match error {
        tungstenite::Error::Io(error) => io_words(error),
        tungstenite::Error::Protocol(
            tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
        ) => "the server went away".to_owned(),
        other => other.to_string(),
    })
}

async fn send(socket: &mut Socket, event: &ClientEvent) -> Result<(), Ending> {
    if let Some(paced) = paced(socket) {
        paced.stay_awake((Instant::now() + AWAKE).into());
    }
    let message = Message::text(event.encode());
    match timeout(SEND, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(broken(&error).into()),
        Err(_) => Err(Problem::Silent.into()),
    }
}

/// Says `disconnect`, and gives the server a moment to close.
async fn say_farewell(socket: &mut Socket) {
    let farewell = async {
        send(socket, &ClientEvent::Disconnect).await?;
        while text_of(socket.next().await)?.is_some() {}
        Ok::<(), Ending>(())
    };
    // However it ends, the connection is over and nobody waits for more of it.
    timeout(FAREWELL, farewell).await.ok();
}
