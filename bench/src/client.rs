//! One connection to the server: the handshake, `auth`, and reading and writing events.
//!
//! Must stay cheap: what it costs is taken from the server's machine, and is part of each latency.

use std::borrow::Cow;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use chat_protocol::{
    Auth, AuthAccepted, ClientEvent, Code, Credential, DraftContent, PostMessage, RoomName,
    ServerEvent, Since, Username,
};
use futures_util::{FutureExt, SinkExt, StreamExt};
use serde::Deserialize;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::stamp::Stamp;

/// How long any one answer may take: far beyond what is measured, so that running out of it is a
/// fault and not a figure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes read at once: events are small, and thousands of connections share this program's memory.
const READ_BUFFER: usize = 2048;
/// How a message begins on the wire; anything else is read the slow way.
const MESSAGE: &str = r#"{"event":"message""#;

/// Why a connection can't be had or used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// No connection.
    #[error("cannot connect to {address}")]
    Connect {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The upgrade was answered with another HTTP status.
    #[error("the upgrade was refused with {0}")]
    Upgrade(u16),
    /// `auth` or a message was refused.
    #[error("refused with {code}: {message}")]
    Refused {
        /// The `Code`.
        code: u16,
        /// The server's sentence.
        message: String,
        /// Seconds after which it may be tried again, where told.
        retry_after: Option<u64>,
    },
    /// The connection was closed where it should not be.
    #[error("the connection was closed ({})", code.map_or("no code".to_owned(), |code| code.to_string()))]
    Closed {
        /// The close code.
        code: Option<u16>,
    },
    /// The connection broke.
    #[error("the connection broke")]
    Broken(#[source] Box<Error>),
    /// The server sent what is no event.
    #[error("the server sent something that is not an event: {0}")]
    Unreadable(String),
    /// No answer in time.
    #[error("no {0} in time")]
    Late(&'static str),
}

impl From<Error> for ClientError {
    fn from(error: Error) -> Self {
        match error {
            Error::Http(response) => ClientError::Upgrade(response.status().as_u16()),
            Error::ConnectionClosed | Error::AlreadyClosed => ClientError::Closed { code: None },
            other => ClientError::Broken(Box::new(other)),
        }
    }
}

impl ClientError {
    /// The number of a refusal for the moment (429 or 503), after which a client may try again.
    pub(crate) fn refused_for_now(&self) -> Option<u16> {
        match self {
            ClientError::Upgrade(code @ (429 | 503)) => Some(*code),
            ClientError::Refused {
                code: code @ (429 | 503),
                ..
            } => Some(*code),
            _ => None,
        }
    }
}

/// Who logs in, and how.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    /// The user.
    pub(crate) username: Username,
    /// Password or token.
    pub(crate) credential: Credential,
}

/// A message as far as a measurement needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Posted {
    /// Its position in the room's log.
    pub(crate) seq: u64,
    /// What it says about itself; `None` for one that this program did not send.
    pub(crate) stamp: Option<Stamp>,
    /// Bytes of its event, as the server wrote it.
    pub(crate) bytes: usize,
}

impl Posted {
    /// Its writer's number, and which of the writer's messages it is.
    pub(crate) fn origin(&self) -> (u64, u64) {
        let of_others = (u64::MAX, self.seq);
        self.stamp
            .map_or(of_others, |stamp| (stamp.writer, stamp.count))
    }
}

/// What a connection brings.
#[derive(Debug, PartialEq)]
pub(crate) enum Incoming {
    /// A message.
    Message(Posted),
    /// Any other event.
    Event(Box<ServerEvent>),
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Client {
    socket: WebSocketStream<TcpStream>,
}

impl Client {
    /// Connects and upgrades; takes `connection`, which comes first. `receive_buffer` is what the
    /// kernel may hold for this end, in bytes; its own choice where `None`.
    pub(crate) async fn connect(
        address: SocketAddr,
        receive_buffer: Option<u32>,
    ) -> Result<Self, ClientError> {
        timeout(PATIENCE, Self::open(address, receive_buffer, None))
            .await
            .unwrap_or(Err(ClientError::Late("connection")))
    }

    /// The same from the address `source`, where given.
    pub(crate) async fn connect_from(
        address: SocketAddr,
        source: Option<Ipv4Addr>,
    ) -> Result<Self, ClientError> {
        timeout(PATIENCE, Self::open(address, None, source))
            .await
            .unwrap_or(Err(ClientError::Late("connection")))
    }

    /// The connection itself, which does not block. What has come but was not asked for is gone:
    /// only for one to which nothing comes yet.
    pub(crate) fn into_stream(self) -> Result<std::net::TcpStream, ClientError> {
        let stream = self.socket.into_inner().into_std();
        stream.map_err(|error| ClientError::Broken(Box::new(Error::Io(error))))
    }

    async fn open(
        address: SocketAddr,
        receive_buffer: Option<u32>,
        source: Option<Ipv4Addr>,
    ) -> Result<Self, ClientError> {
        let stream = dial(address, receive_buffer, source)
            .await
            .map_err(|source| ClientError::Connect { address, source })?;
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
        let url = format!("ws://{address}/");
        let upgraded = tokio_tungstenite::client_async_with_config(url, stream, Some(config)).await;
        let (socket, _) = upgraded?;
        let mut client = Self { socket };
        match client.next().await? {
            Incoming::Event(event) if event.name() == "connection" => Ok(client),
            other => Err(ClientError::Unreadable(format!("{other:?} came first"))),
        }
    }

    /// Authenticates and enters `room`; after the entry `since`, where given.
    pub(crate) async fn enter(
        &mut self,
        login: &Login,
        room: &RoomName,
        since: Option<Since>,
        patience: Duration,
    ) -> Result<AuthAccepted, ClientError> {
        let auth = ClientEvent::Auth(Box::new(Auth {
            username: login.username.clone(),
            credential: login.credential.clone(),
            room: room.clone(),
            capabilities: Vec::new(),
            since,
            register: true,
        }));
        self.send(&auth).await?;
        let answer = async {
            loop {
                match self.next().await? {
                    Incoming::Event(event) => match *event {
                        ServerEvent::Auth(accepted) => return Ok(*accepted),
                        other => drop(other),
                    },
                    Incoming::Message(_) => {}
                }
            }
        };
        timeout(patience, answer)
            .await
            .unwrap_or(Err(ClientError::Late("answer to auth")))
    }

    /// Sends an event at once.
    pub(crate) async fn send(&mut self, event: &ClientEvent) -> Result<(), ClientError> {
        Ok(self.socket.send(Message::text(event.encode())).await?)
    }

    /// Sends a message that says `stamp`, in `bytes` bytes of content, with the next flush.
    pub(crate) async fn post(&mut self, stamp: &Stamp, bytes: usize) -> Result<(), ClientError> {
        let content = DraftContent::new(&stamp.content(bytes)).expect("a stamp is not empty");
        let event = ClientEvent::Message(PostMessage {
            content,
            nonce: None,
            reply_to: None,
        });
        Ok(self.socket.feed(Message::text(event.encode())).await?)
    }

    /// Writes what was fed.
    pub(crate) async fn flush(&mut self) -> Result<(), ClientError> {
        Ok(self.socket.flush().await?)
    }

    /// What comes next. A refusal and a close are errors. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Result<Incoming, ClientError> {
        loop {
            let frame = self.socket.next().await;
            if let Some(incoming) = read(frame)? {
                return Ok(incoming);
            }
        }
    }

    /// What has already arrived; `None` where nothing has.
    pub(crate) fn arrived(&mut self) -> Option<Result<Incoming, ClientError>> {
        self.next().now_or_never()
    }
}

async fn dial(
    address: SocketAddr,
    receive_buffer: Option<u32>,
    source: Option<Ipv4Addr>,
) -> std::io::Result<TcpStream> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if let Some(bytes) = receive_buffer {
        // Before the connection is made: the window that it may grow to is agreed on then.
        socket.set_recv_buffer_size(bytes)?;
    }
    if let Some(source) = source {
        socket.bind((source, 0).into())?;
    }
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The event of a frame; `None` where the frame is none of the chat's.
fn read(frame: Option<Result<Message, Error>>) -> Result<Option<Incoming>, ClientError> {
    match frame {
        None => Err(ClientError::Closed { code: None }),
        Some(Err(error)) => Err(error.into()),
        Some(Ok(Message::Text(text))) => parse(text.as_str()).map(Some),
        Some(Ok(Message::Close(close))) => Err(ClientError::Closed {
            code: close.map(|close| close.code.into()),
        }),
        Some(Ok(_)) => Ok(None),
    }
}

#[derive(Deserialize)]
struct MessageFrame<'a> {
    #[serde(borrow)]
    data: MessageData<'a>,
}

#[derive(Deserialize)]
struct MessageData<'a> {
    seq: u64,
    #[serde(borrow)]
    content: Cow<'a, str>,
}

/// Reads an event; a refusal is an error.
pub(crate) fn parse(text: &str) -> Result<Incoming, ClientError> {
    let unreadable = || ClientError::Unreadable(text.chars().take(200).collect());
    if text.starts_with(MESSAGE) {
        let frame: MessageFrame<'_> = serde_json::from_str(text).map_err(|_| unreadable())?;
        return Ok(Incoming::Message(Posted {
            seq: frame.data.seq,
            stamp: Stamp::read(&frame.data.content),
            bytes: text.len(),
        }));
    }
    match ServerEvent::decode(text) {
        Ok(ServerEvent::Cerror(error)) => Err(ClientError::Refused {
            code: number(error.code),
            message: error.message,
            retry_after: error.retry_after,
        }),
        Ok(event) => Ok(Incoming::Event(Box::new(event))),
        Err(_) => Err(unreadable()),
    }
}

fn number(code: Code) -> u16 {
    code.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_for_its_position_and_stamp() {
        let text = r#"{"event":"message","data":{"username":"a","content":"3 7 1 99 xx","id":"e-5","seq":5,"displayName":"a","rank":3,"time":1,"room":"r"}}"#;
        let Incoming::Message(posted) = parse(text).unwrap() else {
            panic!("not a message");
        };
        assert_eq!((posted.seq, posted.bytes), (5, text.len()));
        let stamp = posted.stamp.unwrap();
        assert_eq!(
            (stamp.writer, stamp.count, stamp.phase, stamp.sent),
            (3, 7, 1, 99)
        );
        assert!(matches!(
            parse(r#"{"event":"message","data":{}}"#),
            Err(ClientError::Unreadable(_))
        ));
    }

    #[test]
    fn refusals_are_told_apart() {
        let refusal = |code: u16| {
            let text = format!(
                r#"{{"event":"cerror","data":{{"Code":{code},"message":"m","retryAfter":2}}}}"#
            );
            parse(&text).unwrap_err()
        };
        assert_eq!(refusal(429).refused_for_now(), Some(429));
        assert_eq!(refusal(503).refused_for_now(), Some(503));
        assert_eq!(refusal(401).refused_for_now(), None);
        assert_eq!(ClientError::Upgrade(503).refused_for_now(), Some(503));
        assert_eq!(ClientError::Upgrade(404).refused_for_now(), None);
    }
}
