//! `--json`: one server event per line out, one client event per line in, for scripts. Owns that
//! format and its way to an exit code; must not draw, reconnect or keep anything.

mod lines;
mod output;
mod sending;
mod tally;

use std::io::{self, Write};
use std::time::Duration;

use chat_protocol::{
    Auth, ClientError, ClientEvent, CloseCode, Credential, Secret, ServerEvent, limits::FRAME_BYTES,
};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::{self, Message};

use crate::cli::Options;
use crate::exit::Exit;
use crate::line_io::{self, StopSignals, Written};
use crate::net::dial::{DialError, Socket, dial};
use crate::sanitize;
use sending::Sending;
use tally::Tally;

/// How long the server may take from one step of the handshake to the next.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// A line on which nothing arrives for this long is dead.
const SILENCE: Duration = Duration::from_secs(75);
/// How long the server may take to close after a signal told this program to end.
const FAREWELL: Duration = Duration::from_secs(2);

/// Why it ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JsonError {
    /// No connection.
    #[error("can't reach the server")]
    Dial(#[source] DialError),
    /// `auth` was refused.
    #[error("couldn't join: {}", .0.message)]
    Refused(ClientError),
    /// The connection broke.
    #[error("the connection was lost")]
    Broken(#[source] tungstenite::Error),
    /// The server closed without being asked.
    #[error("the server closed the connection{}", code_words(.0))]
    Closed(Option<CloseCode>),
    /// Nothing came for too long.
    #[error("the server is not answering")]
    Silent,
    /// Standard output can't be written to.
    #[error("can't write to standard output")]
    Output(#[source] io::Error),
    /// Signals can't be waited for.
    #[error("can't handle signals")]
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
#[error("--json needs the password in CHAT_PASSWORD, --password-file or --password-command")]
pub(crate) struct NoPassword;

/// Runs until the input ends and the server has closed, or something fails.
pub(crate) async fn run(options: &Options, password: &Secret) -> Result<Exit, JsonError> {
    let tally = Tally::new(&options.username);
    match talk(options, password, &tally).await {
        // Whoever read the output has read enough.
        Err(JsonError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Ok(Exit::Done)
        }
        Ok(()) if tally.is_incomplete() => Ok(Exit::NotAll),
        other => other.map(|()| Exit::Done),
    }
}

async fn talk(options: &Options, password: &Secret, tally: &Tally) -> Result<(), JsonError> {
    let mut stop_signals = StopSignals::open().map_err(JsonError::Signals)?;
    let (socket, _) = tokio::select! {
        dialled = dial(&options.url, None) => dialled.map_err(JsonError::Dial)?,
        () = stop_signals.wait() => return Ok(()),
    };
    let (mut sink, stream) = socket.split();
    let (out, mut written) = line_io::write_lines();
    let mut stream = Incoming { stream, out };
    let limit = tokio::select! {
        entered = enter(&mut sink, &mut stream, options, password) => entered,
        // It has ended: nobody may ask it again.
        error = &mut written => return Err(output_error(error)),
        () = stop_signals.wait() => return Ok(()),
    };
    let limit = match limit {
        Ok(limit) => limit,
        Err(error) => {
            // What came before the refusal is shown all the same.
            finish_output(stream, written, &mut stop_signals).await?;
            return Err(error);
        }
    };
    let mut sending = Sending::new(lines::read_lines(limit), stream.out.clone());
    let ended = tokio::select! {
        ended = stream.read(tally) => ended,
        ended = sending.run(&mut sink, tally) => match ended {},
        error = &mut written => return Err(output_error(error)),
        () = stop_signals.wait() => {
            // Told to end: the server and the reader get a moment, and their absence is no failure.
            let farewell = async {
                leave(&mut sink, &mut stream, tally).await?;
                drop((stream, sending));
                written.await.map_or(Ok(()), |ended| ended.map_err(JsonError::Output))
            };
            return timeout(FAREWELL, farewell).await.unwrap_or(Ok(()));
        }
    };
    if matches!(ended, Ok(Some(CloseCode::Normal))) {
        tokio::select! {
            () = sending.skip_rest(tally) => {}
            () = stop_signals.wait() => return Ok(()),
        }
    } else {
        drop(sending);
    }
    finish_output(stream, written, &mut stop_signals).await?;
    match ended? {
        // 1000 answers a `disconnect`, whether this program's own or one among the lines. Any other
        // end, even after it, may have cost events.
        Some(CloseCode::Normal) => Ok(()),
        code => Err(JsonError::Closed(code)),
    }
}

/// Waits until all that came is written, or until the program is told to end.
async fn finish_output(
    stream: Incoming,
    written: Written,
    stop_signals: &mut StopSignals,
) -> Result<(), JsonError> {
    drop(stream);
    tokio::select! {
        ended = written => ended.map_or(Ok(()), |ended| ended.map_err(JsonError::Output)),
        () = stop_signals.wait() => Ok(()),
    }
}

/// The writing ended although there may be more to write.
fn output_error(ended: Result<io::Result<()>, impl std::error::Error>) -> JsonError {
    match ended {
        Ok(Err(error)) => JsonError::Output(error),
        Ok(Ok(())) | Err(_) => JsonError::Output(io::ErrorKind::Other.into()),
    }
}

type Sink = SplitSink<Socket, Message>;

/// What comes from the server, and where it goes.
struct Incoming {
    stream: SplitStream<Socket>,
    out: mpsc::Sender<String>,
}

impl Incoming {
    /// Passes on what comes until the server closes; how it closed.
    async fn read(&mut self, tally: &Tally) -> Result<Option<CloseCode>, JsonError> {
        loop {
            let message = timeout(SILENCE, self.stream.next())
                .await
                .map_err(|_| JsonError::Silent)?;
            match self.pass_on(message).await? {
                Received::Event(event) => tally.on_event(&event),
                Received::Other => {}
                Received::Close(code) => return Ok(code),
            }
        }
    }

    /// Hands a message's text on as one line.
    async fn pass_on(
        &mut self,
        message: Option<Result<Message, tungstenite::Error>>,
    ) -> Result<Received, JsonError> {
        Ok(match message {
            Some(Ok(Message::Text(text))) => {
                let Some((line, event)) = output::line_of(&text) else {
                    let words = "chat-tui: skipped a message from the server that is not an event";
                    // Without standard error there is nowhere to say it.
                    writeln!(io::stderr(), "{words}").ok();
                    return Ok(Received::Other);
                };
                // Where nobody writes any more, how that ended is looked at elsewhere.
                self.out.send(line).await.ok();
                Received::Event(event)
            }
            Some(Ok(Message::Close(frame))) => {
                Received::Close(frame.map(|frame| CloseCode::from(u16::from(frame.code))))
            }
            Some(Ok(_)) => Received::Other,
            Some(Err(error)) => return Err(JsonError::Broken(error)),
            None => Received::Close(None),
        })
    }
}

/// What a message was.
enum Received {
    Event(Value),
    /// Nothing to look at.
    Other,
    Close(Option<CloseCode>),
}

/// Authenticates, passing on what comes meanwhile; bytes that the server takes in a frame.
async fn enter(
    sink: &mut Sink,
    stream: &mut Incoming,
    options: &Options,
    password: &Secret,
) -> Result<usize, JsonError> {
    // Only a step moves it on: what else may come without end does not.
    let mut deadline = Instant::now() + HANDSHAKE;
    let mut limit = None;
    loop {
        let message = timeout_at(deadline, stream.stream.next())
            .await
            .map_err(|_| JsonError::Silent)?;
        let event = match &message {
            Some(Ok(Message::Text(text))) => ServerEvent::decode(text).ok(),
            _ => None,
        };
        if let Received::Close(code) = stream.pass_on(message).await? {
            return Err(JsonError::Closed(code));
        }
        match event {
            Some(ServerEvent::Connection(connection)) if limit.is_none() => {
                limit = Some(connection.limits.frame);
                name_unknown(&options.capabilities, &connection.capabilities);
                deadline = Instant::now() + HANDSHAKE;
                let auth = ClientEvent::Auth(Box::new(Auth {
                    username: options.username.clone(),
                    credential: Credential::Password(password.clone()),
                    room: options.rooms[0].clone(),
                    capabilities: options.capabilities.clone(),
                    since: None,
                    register: true,
                }));
                let auth = Message::text(auth.encode());
                sink.send(auth).await.map_err(JsonError::Broken)?;
            }
            Some(ServerEvent::Auth(_)) => return Ok(limit.unwrap_or(FRAME_BYTES)),
            Some(ServerEvent::Cerror(error)) => return Err(JsonError::Refused(error)),
            _ => {}
        }
    }
}

/// Says which of the capabilities that were asked for the server does not have: a misspelt one would
/// only bring silence.
fn name_unknown(asked: &[String], offered: &[String]) {
    for name in asked.iter().filter(|name| !offered.contains(name)) {
        let words = format!(
            "the server has no capability `{name}` (it has: {})",
            offered.join(", ")
        );
        // Without standard error there is nowhere to say it.
        writeln!(io::stderr(), "chat-tui: {}", sanitize::brief(&words, 500)).ok();
    }
}

/// Says `disconnect` and passes on what comes until the server closes.
async fn leave(sink: &mut Sink, stream: &mut Incoming, tally: &Tally) -> Result<(), JsonError> {
    let disconnect = Message::text(ClientEvent::Disconnect.encode());
    sink.send(disconnect).await.map_err(JsonError::Broken)?;
    stream.read(tally).await.map(|_| ())
}

fn code_words(code: &Option<CloseCode>) -> String {
    code.map_or_else(String::new, |code| format!(" with {}", u16::from(code)))
}
