//! Bytes on a TCP connection: broken frames, broken HTTP, and peers that say nothing.
//!
//! Owns one connection. Must not repair what a test sends: that is what it is for.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::watched::PATIENCE;

/// What a WebSocket frame is (RFC 6455, section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opcode(pub u8);

impl Opcode {
    /// The rest of a message that came in parts.
    pub const CONTINUATION: Opcode = Opcode(0);
    /// Text.
    pub const TEXT: Opcode = Opcode(1);
    /// Close.
    pub const CLOSE: Opcode = Opcode(8);
    /// Ping.
    pub const PING: Opcode = Opcode(9);
    /// Pong.
    pub const PONG: Opcode = Opcode(10);
}

/// A frame from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its kind.
    pub opcode: Opcode,
    /// What it holds.
    pub payload: Vec<u8>,
}

impl Frame {
    /// The code of a close frame.
    pub fn close_code(&self) -> Option<u16> {
        match (self.opcode, self.payload.as_slice()) {
            (Opcode::CLOSE, [high, low, ..]) => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        }
    }
}

/// A connection on which something is written again and again, and nothing is read.
#[derive(Debug)]
pub struct Flood {
    stream: TcpStream,
    at: usize,
}

impl Flood {
    pub(crate) fn over(stream: TcpStream) -> Self {
        stream
            .set_nonblocking(true)
            .expect("a socket can be made not to block");
        Self { stream, at: 0 }
    }

    /// Writes `bytes` again and again until the other end has had enough.
    #[track_caller]
    pub fn write_until_end(&mut self, bytes: &[u8]) {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            match self.write(bytes) {
                Ok(0) => std::thread::sleep(Duration::from_millis(1)),
                Ok(_) => {}
                Err(_) => return,
            }
        }
        panic!("the connection does not end within {PATIENCE:?}");
    }

    /// What is written from here on begins at its beginning.
    pub fn begin_anew(&mut self) {
        self.at = 0;
    }

    /// Writes as much of `bytes`, again and again, as the connection takes now, but no more than all
    /// of it; how much that was. An error is its end.
    pub fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self.stream.write(&bytes[self.at..]) {
            Ok(written) => {
                self.at = (self.at + written) % bytes.len();
                Ok(written)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(error),
        }
    }
}

/// A frame as a client has to send it, final and masked (with a mask of zeros, which changes
/// nothing): a test breaks what it wants broken.
pub fn frame(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80 | opcode.0];
    match payload.len() {
        short @ 0..=125 => bytes.push(0x80 | short as u8),
        medium @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend((medium as u16).to_be_bytes());
        }
        long => {
            bytes.push(0x80 | 127);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

/// A connection without any manners.
#[derive(Debug)]
pub struct RawSocket {
    stream: TcpStream,
}

impl RawSocket {
    /// Connects, and sends nothing.
    pub fn open(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).expect("the server takes connections"))
    }

    pub(crate) fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("a socket takes options");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a timeout that is not zero");
        Self { stream }
    }

    /// Connects and becomes a WebSocket, and takes the `connection` event.
    #[track_caller]
    pub fn upgrade(address: SocketAddr) -> Self {
        let mut socket = Self::open(address);
        socket.write(handshake("/", "").as_bytes());
        let head = socket.read_head();
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        let first = socket.read_frame();
        assert_eq!(first.opcode, Opcode::TEXT);
        socket
    }

    /// Sends one HTTP request and gives the whole answer, up to where the server ends it.
    #[track_caller]
    pub fn request(address: SocketAddr, request: &str) -> String {
        let mut socket = Self::open(address);
        socket.write(request.as_bytes());
        let mut answer = Vec::new();
        if let Err(error) = socket.stream.read_to_end(&mut answer) {
            panic!("the answer does not end ({error}): {answer:?}");
        }
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The same, where the server may end the connection over the rest of the request.
    pub fn try_request(address: SocketAddr, request: &str) -> String {
        let mut socket = Self::open(address);
        let mut answer = Vec::new();
        // What is not taken and what is not answered shows in the answer that there is.
        let _ = socket.stream.write_all(request.as_bytes());
        let _ = socket.stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Writes all of `bytes`.
    #[track_caller]
    pub fn write(&mut self, bytes: &[u8]) {
        if let Err(error) = self.stream.write_all(bytes) {
            panic!("the connection can't be written: {error}");
        }
    }

    /// Reads the head of an HTTP answer, its empty line included.
    #[track_caller]
    pub fn read_head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if let Err(error) = self.stream.read_exact(&mut byte) {
                panic!("{error} in the head {:?}", String::from_utf8_lossy(&head));
            }
            head.push(byte[0]);
        }
        String::from_utf8_lossy(&head).into_owned()
    }

    /// Reads one frame, whatever it is.
    #[track_caller]
    pub fn read_frame(&mut self) -> Frame {
        let [first, second] = self.read_array();
        assert_eq!(first & 0xf0, 0x80, "final, and no reserved bits");
        let length = match second {
            126 => u64::from(u16::from_be_bytes(self.read_array())),
            127 => u64::from_be_bytes(self.read_array()),
            short @ 0..=125 => u64::from(short),
            masked => panic!("a server must not mask its frames ({masked:#x})"),
        };
        let mut payload = vec![0; length as usize];
        self.read_exact(&mut payload);
        Frame {
            opcode: Opcode(first & 0x0f),
            payload,
        }
    }

    /// The connection must end now: a close frame with `code`, then nothing.
    #[track_caller]
    pub fn expect_close(&mut self, code: u16) {
        let last = self.read_frame();
        self.end_with(&last, code);
    }

    /// The connection must end with `code`, whatever comes before.
    #[track_caller]
    pub fn expect_close_in_the_end(&mut self, code: u16) {
        loop {
            let frame = self.read_frame();
            if frame.opcode == Opcode::CLOSE {
                return self.end_with(&frame, code);
            }
        }
    }

    #[track_caller]
    fn end_with(&mut self, last: &Frame, code: u16) {
        assert_eq!(last.close_code(), Some(code), "{last:?}");
        // Half of the close handshake is ours; the server need not wait for it.
        let answer = frame(Opcode::CLOSE, &last.payload[..2]);
        let _ = self.stream.write_all(&answer);
        self.expect_end();
    }

    /// The connection must end now, with nothing more on it.
    #[track_caller]
    pub fn expect_end(&mut self) {
        let mut byte = [0];
        match self.stream.read(&mut byte) {
            Ok(0) => {}
            Ok(_) => panic!("more bytes, {byte:?} and on, where the end was expected"),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => panic!("the connection does not end: {error}"),
        }
    }

    /// From here on it is only written to, and never waited for.
    pub fn begin_flood(self) -> Flood {
        Flood::over(self.stream)
    }

    /// Writes `bytes` again and again, ten times a second at most, until the connection ends; gives
    /// what came.
    #[track_caller]
    pub fn drip_until_end(&mut self, bytes: &[u8]) -> Vec<u8> {
        let (mut come, mut buffer) = (Vec::new(), [0; 1024]);
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let next = Instant::now() + Duration::from_millis(100);
            // The end shows in a write as well as in a read.
            if self.stream.write_all(bytes).is_err() {
                return come;
            }
            while let Some(pause @ 1..) = millis_until(next) {
                self.stream
                    .set_read_timeout(Some(Duration::from_millis(pause)))
                    .expect("a timeout that is not zero");
                match self.stream.read(&mut buffer) {
                    Ok(0) => return come,
                    Ok(read) => come.extend(&buffer[..read]),
                    Err(error) if error.kind() == ErrorKind::ConnectionReset => return come,
                    Err(_) => {}
                }
            }
        }
        panic!("the connection does not end within {PATIENCE:?}");
    }

    /// Reads and drops everything until the connection ends.
    #[track_caller]
    pub fn drain(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        let mut bytes = [0; 1024];
        while Instant::now() < deadline {
            match self.stream.read(&mut bytes) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return,
                Err(error) => panic!("the connection does not end: {error}"),
            }
        }
        panic!("the connection does not end within {PATIENCE:?}");
    }

    fn read_array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.read_exact(&mut bytes);
        bytes
    }

    #[track_caller]
    fn read_exact(&mut self, bytes: &mut [u8]) {
        if let Err(error) = self.stream.read_exact(bytes) {
            panic!("no whole frame came: {error}");
        }
    }
}

fn millis_until(time: Instant) -> Option<u64> {
    let left = time.checked_duration_since(Instant::now())?;
    u64::try_from(left.as_millis()).ok()
}

/// The same frame as a part of a message that goes on.
pub fn not_final(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes[0] &= 0x7f;
    bytes
}

/// A client's half of the WebSocket handshake, with further header lines.
pub fn handshake(path: &str, headers: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    )
}
