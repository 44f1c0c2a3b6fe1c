//! `--json`: one server event per line out, one client event per line in, for scripts. Owns that
//! format and its way to an exit code; must not draw, reconnect or keep anything.

use std::convert::Infallible;
use std::io::{self, BufRead, Write};
use std::time::Duration;

use chat_protocol::{
    Auth, ClientError, ClientEvent, ClientEventError, CloseCode, Credential, Frame, FrameError,
    Secret, ServerEvent,
};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval_at, timeout, timeout_at};
use tokio_tungstenite::tungstenite::{self, Bytes, Message};

use crate::cli::Options;
use crate::exit::Exit;
use crate::net::dial::{DialError, Socket, dial};
use crate::sanitize;

/// Lines read ahead of what was sent; full, the reader waits.
const LINES: usize = 64;
/// How long the server may take from one step of the handshake to the next.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// Between pings of the WebSocket's own, which bring no event.
const PING: Duration = Duration::from_secs(25);
/// A line on which nothing arrives for this long is dead.
const SILENCE: Duration = Duration::from_secs(75);
/// How long the server may take to close after a signal told this program to end.
const FAREWELL: Duration = Duration::from_secs(2);

/// Why it ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JsonError {
    /// No connection.
    #[error("the server is not reachable")]
    Dial(#[source] DialError),
    /// `auth` was refused.
    #[error("not let in: {}", .0.message)]
    Refused(ClientError),
    /// The connection broke.
    #[error("the connection was lost")]
    Broken(#[source] tungstenite::Error),
    /// The server closed without being asked.
    #[error("the server closed the connection{}", code_words(.0))]
    Closed(Option<CloseCode>),
    /// Nothing came for too long.
    #[error("the server does not answer")]
    Silent,
    /// Standard output can't be written to.
    #[error("standard output can't be written to")]
    Output(#[source] io::Error),
    /// Signals can't be waited for.
    #[error("signals can't be handled")]
    Signals(#[source] io::Error),
}

impl JsonError {
    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            JsonError::Refused(_) | JsonError::Closed(Some(CloseCode::SignedOut)) => Exit::Refused,
            JsonError::Output(_) | JsonError::Signals(_) => Exit::Failed,
            _ => Exit::Unreachable,
        }
    }
}

/// Nobody can be asked in this mode.
#[derive(Debug, thiserror::Error)]
#[error("--json needs the password in CHAT_PASSWORD or --password-file")]
pub(crate) struct NoPassword;

/// Why a line is not sent.
#[derive(Debug, thiserror::Error)]
enum LineError {
    #[error(transparent)]
    Input(io::Error),
    #[error(transparent)]
    Frame(FrameError),
    #[error(transparent)]
    Event(ClientEventError),
}

impl LineError {
    /// True where no further line can be read. A line that is not UTF-8 is only skipped.
    fn ends_input(&self) -> bool {
        matches!(self, LineError::Input(error) if error.kind() != io::ErrorKind::InvalidData)
    }
}

/// Runs until the input ends and the server has closed, or something fails.
pub(crate) async fn run(options: &Options, password: &Secret) -> Result<Exit, JsonError> {
    match talk(options, password).await {
        // Whoever read the output has read enough.
        Err(JsonError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Ok(Exit::Done)
        }
        other => other.map(|()| Exit::Done),
    }
}

async fn talk(options: &Options, password: &Secret) -> Result<(), JsonError> {
    let mut told = Told::new()?;
    let socket = tokio::select! {
        socket = dial(&options.url) => socket.map_err(JsonError::Dial)?,
        () = told.wait() => return Ok(()),
    };
    let (mut sink, mut stream) = socket.split();
    tokio::select! {
        entered = enter(&mut sink, &mut stream, options, password) => entered?,
        () = told.wait() => return Ok(()),
    }
    let mut lines = read_lines();
    let ended = tokio::select! {
        ended = read(&mut stream) => ended,
        ended = write(&mut sink, &mut lines) => match ended {},
        () = told.wait() => {
            // Told to end: the server gets a moment, and its absence is no failure.
            return timeout(FAREWELL, leave(&mut sink, &mut stream)).await.unwrap_or(Ok(()));
        }
    };
    match ended? {
        // 1000 answers a `disconnect`, whether this program's own or one among the lines. Any other
        // end, even after it, may have cost events.
        Some(CloseCode::Normal) => Ok(()),
        code => Err(JsonError::Closed(code)),
    }
}

/// Passes on what comes until the server closes; how it closed.
async fn read(stream: &mut Stream) -> Result<Option<CloseCode>, JsonError> {
    loop {
        let message = timeout(SILENCE, stream.next())
            .await
            .map_err(|_| JsonError::Silent)?;
        if let Some(code) = pass_on(message)? {
            return Ok(code);
        }
    }
}

/// Sends the lines, and `disconnect` after the last. Runs beside [`read`]: a server that waits for
/// its client to read must not wait for one that waits to write. A line that can't be sent ends the
/// writing; how the connection ended is for the reading to find out.
async fn write(sink: &mut Sink, lines: &mut mpsc::Receiver<String>) -> Infallible {
    let mut ping = interval_at(Instant::now() + PING, PING);
    let mut open = true;
    while open {
        let sent = tokio::select! {
            line = lines.recv() => match line {
                Some(line) => sink.send(Message::text(line)).await,
                None => {
                    open = false;
                    sink.send(Message::text(ClientEvent::Disconnect.encode())).await
                }
            },
            _ = ping.tick() => sink.send(Message::Ping(Bytes::new())).await,
        };
        open &= sent.is_ok();
    }
    std::future::pending().await
}

/// The signals that end the program.
struct Told([tokio::signal::unix::Signal; 3]);

impl Told {
    fn new() -> Result<Self, JsonError> {
        let on = |kind| signal(kind).map_err(JsonError::Signals);
        let signals = [
            SignalKind::terminate(),
            SignalKind::interrupt(),
            SignalKind::hangup(),
        ];
        let [terminate, interrupt, hang_up] = signals.map(on);
        Ok(Self([terminate?, interrupt?, hang_up?]))
    }

    async fn wait(&mut self) {
        let [terminate, interrupt, hang_up] = &mut self.0;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hang_up.recv() => {}
        }
    }
}

type Sink = SplitSink<Socket, Message>;
type Stream = SplitStream<Socket>;

/// Authenticates, passing on what comes meanwhile.
async fn enter(
    sink: &mut Sink,
    stream: &mut Stream,
    options: &Options,
    password: &Secret,
) -> Result<(), JsonError> {
    // Only a step moves it on: what else may come without end does not.
    let mut deadline = Instant::now() + HANDSHAKE;
    let mut is_greeted = false;
    loop {
        let message = timeout_at(deadline, stream.next())
            .await
            .map_err(|_| JsonError::Silent)?;
        let event = match &message {
            Some(Ok(Message::Text(text))) => ServerEvent::decode(text).ok(),
            _ => None,
        };
        if let Some(code) = pass_on(message)? {
            return Err(JsonError::Closed(code));
        }
        match event {
            Some(ServerEvent::Connection(_)) if !is_greeted => {
                is_greeted = true;
                deadline = Instant::now() + HANDSHAKE;
                let auth = ClientEvent::Auth(Box::new(Auth {
                    username: options.username.clone(),
                    credential: Credential::Password(password.clone()),
                    room: options.rooms[0].clone(),
                    capabilities: Vec::new(),
                    since: None,
                }));
                let auth = Message::text(auth.encode());
                sink.send(auth).await.map_err(JsonError::Broken)?;
            }
            Some(ServerEvent::Auth(_)) => return Ok(()),
            Some(ServerEvent::Cerror(error)) => return Err(JsonError::Refused(error)),
            _ => {}
        }
    }
}

/// Says `disconnect` and passes on what comes until the server closes.
async fn leave(sink: &mut Sink, stream: &mut Stream) -> Result<(), JsonError> {
    let disconnect = Message::text(ClientEvent::Disconnect.encode());
    sink.send(disconnect).await.map_err(JsonError::Broken)?;
    read(stream).await.map(|_| ())
}

/// Writes a message's text as one line; the close code where it was the end.
fn pass_on(
    message: Option<Result<Message, tungstenite::Error>>,
) -> Result<Option<Option<CloseCode>>, JsonError> {
    match message {
        Some(Ok(Message::Text(text))) => {
            // Outside of strings JSON may hold newlines, inside it does not.
            let line = text.replace(['\n', '\r'], " ");
            let mut out = io::stdout().lock();
            let written = writeln!(out, "{line}").and_then(|()| out.flush());
            written.map(|()| None).map_err(JsonError::Output)
        }
        Some(Ok(Message::Close(frame))) => Ok(Some(
            frame.map(|frame| CloseCode::from(u16::from(frame.code))),
        )),
        Some(Ok(_)) => Ok(None),
        Some(Err(error)) => Err(JsonError::Broken(error)),
        None => Ok(Some(None)),
    }
}

/// Reads standard input on a thread of its own, because a read can't be given up; the lines that are
/// events come out.
fn read_lines() -> mpsc::Receiver<String> {
    let (lines, received) = mpsc::channel(LINES);
    std::thread::spawn(move || {
        for (number, line) in (1..).zip(io::stdin().lock().lines()) {
            let error = match check_line(line) {
                Ok(line) => {
                    if lines.blocking_send(line).is_err() {
                        // Without a receiver the program is ending.
                        return;
                    }
                    continue;
                }
                Err(error) => error,
            };
            let words = sanitize::line(&error.to_string());
            // Without standard error there is nowhere to say it.
            writeln!(io::stderr(), "chat-tui: line {number} is not sent: {words}").ok();
            if error.ends_input() {
                return;
            }
        }
    });
    received
}

/// A line that is a client event, as it is.
fn check_line(line: io::Result<String>) -> Result<String, LineError> {
    let line = line.map_err(LineError::Input)?;
    let frame = Frame::parse(&line).map_err(LineError::Frame)?;
    ClientEvent::from_frame(frame).map_err(LineError::Event)?;
    Ok(line)
}

fn code_words(code: &Option<CloseCode>) -> String {
    code.map_or_else(String::new, |code| format!(" with {}", u16::from(code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_client_events_are_sent_and_as_they_are() {
        let line = r#" {"event": "message", "data": {"content": "hi"}} "#;
        assert_eq!(check_line(Ok(line.to_owned())).unwrap(), line);
        let problem = |line: &str| check_line(Ok(line.to_owned())).unwrap_err().to_string();
        assert!(problem("hi").contains("not valid JSON"));
        assert!(problem("").contains("not valid JSON"));
        assert!(problem(r#"{"event":"nope"}"#).contains("unknown event"));
        assert!(problem(r#"{"event":"message"}"#).contains("`content`"));
    }
}
