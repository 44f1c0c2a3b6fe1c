//! A client that speaks the wire contract and nothing else: JSON values over a WebSocket.
//!
//! Owns one connection. Must not use the product's own types, and must not be lenient: what it is
//! not told to expect makes it panic.

use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use serde_json::{Map, Value, json};
use tungstenite::client::IntoClientRequest;
use tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};

use crate::watched::PATIENCE;
use crate::{Flood, Server};

/// The password that [`RawClient::join`] gives to `user`.
pub fn password_of(user: &str) -> String {
    format!("{}-has-a-secret", user.to_lowercase())
}

/// One connection to a server.
#[derive(Debug)]
pub struct RawClient {
    socket: WebSocket<TcpStream>,
}

/// What a connection brings next.
#[derive(Debug)]
enum Incoming {
    Text(String),
    Closed(Option<u16>),
}

impl RawClient {
    /// Connects to `server` and takes the `connection` event, which must come first.
    #[track_caller]
    pub fn connect(server: &Server) -> Self {
        let mut client = Self::open(server.address(), "/").expect("the server takes connections");
        client.expect("connection");
        client
    }

    /// The WebSocket handshake on `path` and nothing else.
    pub fn open(address: SocketAddr, path: &str) -> Result<Self, Error> {
        Self::open_from(address, path, None)
    }

    /// The same as a page of `origin`.
    pub fn open_from(address: SocketAddr, path: &str, origin: Option<&str>) -> Result<Self, Error> {
        Self::open_with(address, path, origin.map(|origin| ("Origin", origin)))
    }

    /// The same on `/` as a proxy does it for `client`, an address.
    pub fn open_for(address: SocketAddr, client: &str) -> Result<Self, Error> {
        Self::open_with(address, "/", Some(("X-Forwarded-For", client)))
    }

    fn open_with(
        address: SocketAddr,
        path: &str,
        header: Option<(&'static str, &str)>,
    ) -> Result<Self, Error> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut request = format!("ws://{address}{path}").into_client_request()?;
        if let Some((name, value)) = header {
            let value = value.parse().expect("a test's value is a header value");
            request.headers_mut().insert(name, value);
        }
        // Hundreds of these may live in one test.
        let config = WebSocketConfig::default().read_buffer_size(4096);
        match tungstenite::client::client_with_config(request, stream, Some(config)) {
            Ok((socket, _)) => Ok(Self { socket }),
            Err(tungstenite::HandshakeError::Failure(error)) => Err(error),
            Err(tungstenite::HandshakeError::Interrupted(_)) => {
                panic!("no answer to the handshake within {PATIENCE:?}")
            }
        }
    }

    /// The other end: takes a client's handshake on `stream`, for a test that plays the server.
    pub fn accept(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("a socket takes options");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a timeout that is not zero");
        let socket = tungstenite::accept(stream).expect("a client shakes hands");
        Self { socket }
    }

    /// Another way to write to the connection, for frames that are whole.
    pub(crate) fn writer(&self) -> TcpStream {
        let stream = self.socket.get_ref().try_clone();
        stream.expect("a socket can be shared")
    }

    /// Takes the text of each event until the connection ends, however long that takes.
    pub(crate) fn follow(mut self, mut take: impl FnMut(&str)) {
        let stream = self.socket.get_ref();
        stream
            .set_read_timeout(None)
            .expect("a socket takes options");
        while let Ok(message) = self.socket.read() {
            if let Message::Text(text) = message {
                take(text.as_str());
            }
        }
    }

    /// From here on it is only written to, and never waited for.
    pub fn begin_flood(self) -> Flood {
        let stream = self.socket.get_ref().try_clone();
        Flood::over(stream.expect("a socket can be shared"))
    }

    /// Connects and enters `room`, with the password that `user` always has.
    #[track_caller]
    pub fn join(server: &Server, user: &str, room: &str) -> Self {
        let mut client = Self::connect(server);
        client.auth(user, room);
        client
    }

    /// Authenticates with the password that `user` always has; gives the `auth` answer.
    #[track_caller]
    pub fn auth(&mut self, user: &str, room: &str) -> Value {
        self.auth_with(json!({
            "username": user, "password": password_of(user), "room": room,
        }))
    }

    /// Authenticates with `data`; gives the `auth` answer.
    #[track_caller]
    pub fn auth_with(&mut self, data: Value) -> Value {
        self.send("auth", data);
        self.expect("auth")
    }

    /// Posts `content` and waits until it comes back; gives what came.
    #[track_caller]
    pub fn post(&mut self, content: &str) -> Value {
        self.send("message", json!({ "content": content }));
        let message = self.expect("message");
        assert_eq!(message["content"], content);
        message
    }

    /// Asks for a part of the history; gives the answer.
    #[track_caller]
    pub fn history(&mut self, data: Value) -> Value {
        self.send("history", data);
        self.expect("history")
    }

    /// Sends an event; without `data` where it is null.
    #[track_caller]
    pub fn send(&mut self, event: &str, data: Value) {
        self.send_text(&text_of(event, data));
    }

    /// The same; false where the connection is gone.
    pub fn try_send(&mut self, event: &str, data: Value) -> bool {
        let message = Message::text(text_of(event, data));
        self.socket.send(message).is_ok()
    }

    /// Sends a text message as it is.
    #[track_caller]
    pub fn send_text(&mut self, text: &str) {
        self.send_message(Message::text(text));
    }

    /// Sends a binary message.
    #[track_caller]
    pub fn send_binary(&mut self, bytes: &[u8]) {
        self.send_message(Message::binary(bytes.to_vec()));
    }

    /// Ends the connection with `code`.
    #[track_caller]
    pub fn close(&mut self, code: u16) {
        let frame = CloseFrame {
            code: code.into(),
            reason: "".into(),
        };
        self.send_message(Message::Close(Some(frame)));
    }

    #[track_caller]
    fn send_message(&mut self, message: Message) {
        if let Err(error) = self.socket.send(message) {
            panic!("the connection can't be written: {error}");
        }
    }

    /// The next event, whatever it is: its name and its data.
    #[track_caller]
    pub fn next_event(&mut self) -> (String, Value) {
        match self.read() {
            Incoming::Text(text) => event_of(&text),
            Incoming::Closed(code) => panic!("the connection was closed ({code:?})"),
        }
    }

    /// The next event; `None` where the connection ended.
    #[track_caller]
    pub fn try_next_event(&mut self) -> Option<(String, Value)> {
        self.next_event_or_end().ok()
    }

    /// The next event, or the code with which the connection ended.
    #[track_caller]
    pub fn next_event_or_end(&mut self) -> Result<(String, Value), Option<u16>> {
        match self.read() {
            Incoming::Text(text) => Ok(event_of(&text)),
            Incoming::Closed(code) => Err(code),
        }
    }

    /// The next event, which must be `event`; gives its data.
    #[track_caller]
    pub fn expect(&mut self, event: &str) -> Value {
        let (name, data) = self.next_event();
        assert_eq!(name, event, "with data {data}");
        data
    }

    /// The next event must be a refusal of `event` with `code`; gives its data, whose fields are
    /// checked to be the contract's.
    #[track_caller]
    pub fn expect_cerror(&mut self, code: u16, event: Option<&str>) -> Value {
        let data = self.expect("cerror");
        assert_eq!(data["Code"], code, "{data}");
        assert_eq!(data["event"].as_str(), event, "{data}");
        let message = data["message"].as_str().unwrap_or_default();
        assert!(!message.is_empty(), "a cerror without words: {data}");
        let known = ["Code", "message", "event", "nonce", "retryAfter", "reason"];
        for name in fields(&data).keys() {
            assert!(known.contains(&name.as_str()), "`{name}` in {data}");
        }
        assert_eq!(data.get("retryAfter").is_some(), code == 429, "{data}");
        if let Some(reason) = data.get("reason") {
            let is_known = reasons(code).iter().any(|known| reason == known);
            assert!(is_known, "a reason that is not {code}'s: {data}");
        }
        data
    }

    /// The connection must end now, with `code`.
    #[track_caller]
    pub fn expect_close(&mut self, code: u16) {
        match self.read() {
            Incoming::Closed(closed) => assert_eq!(closed, Some(code), "the close code"),
            Incoming::Text(text) => panic!("{text} came, not the end"),
        }
    }

    /// Nothing may have been sent to this client: an answer to a question asked now is next.
    #[track_caller]
    pub fn expect_nothing(&mut self) {
        self.send("ping", Value::Null);
        self.expect("pong");
    }

    /// All events until the connection ends, however it ends.
    #[track_caller]
    pub fn drain(&mut self) -> Vec<(String, Value)> {
        std::iter::from_fn(|| self.try_next_event()).collect()
    }

    #[track_caller]
    fn read(&mut self) -> Incoming {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "nothing came within {PATIENCE:?}");
            self.socket
                .get_ref()
                .set_read_timeout(Some(left))
                .expect("a timeout that is not zero");
            match self.socket.read() {
                Ok(Message::Text(text)) => return Incoming::Text(text.as_str().to_owned()),
                Ok(Message::Close(frame)) => {
                    // The answer to the close frame; the server may be gone already.
                    let _ = self.socket.flush();
                    return Incoming::Closed(frame.map(|frame| frame.code.into()));
                }
                Ok(Message::Binary(_)) => panic!("a binary message from the server"),
                Ok(_) => {}
                Err(Error::Io(error)) if is_timeout(&error) => {
                    panic!("nothing came within {PATIENCE:?}")
                }
                Err(_) => return Incoming::Closed(None),
            }
        }
    }
}

/// The words for programs that the contract has for `code`.
fn reasons(code: u16) -> &'static [&'static str] {
    match code {
        401 => &["unknown", "invalid", "expired"],
        403 => &[
            "banned",
            "members-only",
            "filter",
            "held",
            "denied",
            "rank",
            "name",
        ],
        404 => &["user", "message", "room"],
        429 => &["slow-mode", "pace"],
        503 => &["store", "busy"],
        _ => &[],
    }
}

fn text_of(event: &str, data: Value) -> String {
    let frame = match data {
        Value::Null => json!({ "event": event }),
        data => json!({ "event": event, "data": data }),
    };
    frame.to_string()
}

fn is_timeout(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{TimedOut, WouldBlock};
    matches!(error.kind(), TimedOut | WouldBlock)
}

#[track_caller]
fn event_of(text: &str) -> (String, Value) {
    let frame: Value = match serde_json::from_str(text) {
        Ok(frame) => frame,
        Err(error) => panic!("{text} is not JSON: {error}"),
    };
    let mut members = fields(&frame).clone();
    let name = members.remove("event");
    let data = members.remove("data").unwrap_or_default();
    assert!(members.is_empty(), "unknown members in {text}");
    match name {
        Some(Value::String(name)) => (name, data),
        other => panic!("the event of {text} is {other:?}"),
    }
}

#[track_caller]
fn fields(value: &Value) -> &Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is not an object"),
    }
}
