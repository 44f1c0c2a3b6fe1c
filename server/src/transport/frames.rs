//! The frames that a client sends, put together to messages (RFC 6455, section 5).
//!
//! Owns the bytes of which nothing is made yet. It reads nothing by itself and never goes on by itself:
//! each call takes at most one frame, and costs no more than the bytes that are there. Whatever a
//! client sends, so much of it is kept and no more.

use chat_protocol::limits::FRAME_BYTES;
use tungstenite::protocol::frame::coding::CloseCode;

/// Frames in which a message may come: with their heads, of 14 bytes at most, it takes no more than
/// 18,176 bytes.
pub(super) const MESSAGE_FRAMES: u32 = 128;
/// Bytes that a control frame may hold.
const CONTROL_BYTES: u64 = 125;

/// The kinds of frames.
const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// What a frame brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// A whole text.
    Text(String),
    /// A whole binary message, of which nothing is kept.
    Binary,
    /// A part of a message that goes on.
    Part,
    /// A ping, and what its answer has to hold.
    Ping(Vec<u8>),
    /// An answer to a ping.
    Pong,
    /// The client closes; this is what the answer has to hold.
    Close(Vec<u8>),
}

/// Why a client can't be followed any more.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    /// A message over [`FRAME_BYTES`].
    #[error("the message is too large")]
    TooLarge,
    /// A message in more than [`MESSAGE_FRAMES`] frames.
    #[error("the message is in too many pieces")]
    TooManyPieces,
    /// A text, or the reason of a close frame, that is not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// A frame that may not be, or not here; which rule it breaks.
    #[error("{0}")]
    Framing(&'static str),
}

/// The head of a frame.
#[derive(Clone, Copy, Debug)]
struct Head {
    /// Bytes of the head itself.
    bytes: usize,
    opcode: u8,
    is_final: bool,
    mask: [u8; 4],
    /// Bytes of what the frame holds.
    length: u64,
}

impl Head {
    /// Reads the head at the beginning of `bytes`; `None` while a part of it is missing. What its
    /// first two bytes rule out is not waited for. A length that could be written shorter is
    /// taken: it does no harm.
    fn read(bytes: &[u8]) -> Result<Option<Self>, Broken> {
        let [first, second, rest @ ..] = bytes else {
            return Ok(None);
        };
        let (opcode, short) = (first & 0x0f, second & 0x7f);
        let is_final = first & 0x80 != 0;
        let is_control = opcode & 0x08 != 0;
        if first & 0x70 != 0 {
            return Err(Broken::Framing("a reserved bit is set"));
        }
        if !matches!(opcode, CONTINUATION..=BINARY | CLOSE..=PONG) {
            return Err(Broken::Framing("a reserved opcode"));
        }
        if second & 0x80 == 0 {
            return Err(Broken::Framing("a frame without a mask"));
        }
        if is_control && (!is_final || u64::from(short) > CONTROL_BYTES) {
            return Err(Broken::Framing(
                "a control frame in parts, or over 125 bytes",
            ));
        }
        let (length, rest) = match short {
            126 => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from(u16::from_be_bytes(*length)), rest),
                None => return Ok(None),
            },
            127 => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from_be_bytes(*length), rest),
                None => return Ok(None),
            },
            short => (u64::from(short), rest),
        };
        if length >> 63 != 0 {
            return Err(Broken::Framing("the highest bit of a length is set"));
        }
        Ok(rest.split_first_chunk().map(|(mask, rest)| Self {
            bytes: bytes.len() - rest.len(),
            opcode,
            is_final,
            mask: *mask,
            length,
        }))
    }
}

/// A message that is not whole.
#[derive(Debug)]
struct Message {
    is_text: bool,
    frames: u32,
    /// Bytes that its frames hold, as far as their heads have come.
    length: u64,
    text: Vec<u8>,
    /// So many bytes of `text` are UTF-8.
    checked: usize,
}

impl Message {
    fn new(is_text: bool) -> Self {
        Self {
            is_text,
            frames: 0,
            length: 0,
            text: Vec::new(),
            checked: 0,
        }
    }

    /// Counts a frame, before what it holds is taken.
    fn announce(&mut self, length: u64) -> Result<(), Broken> {
        self.frames += 1;
        self.length = self.length.saturating_add(length);
        if self.length > FRAME_BYTES as u64 {
            return Err(Broken::TooLarge);
        }
        if self.frames > MESSAGE_FRAMES {
            return Err(Broken::TooManyPieces);
        }
        Ok(())
    }

    /// What has come of a text that goes on must be able to become UTF-8.
    fn check(&mut self) -> Result<(), Broken> {
        match str::from_utf8(&self.text[self.checked..]) {
            Ok(checked) => self.checked += checked.len(),
            Err(error) if error.error_len().is_some() => return Err(Broken::NotUtf8),
            Err(error) => self.checked += error.valid_up_to(),
        }
        Ok(())
    }

    fn finish(self) -> Result<Received, Broken> {
        if !self.is_text {
            return Ok(Received::Binary);
        }
        let text = String::from_utf8(self.text);
        text.map(Received::Text).map_err(|_| Broken::NotUtf8)
    }
}

/// A data frame whose head was taken.
#[derive(Debug)]
struct Payload {
    is_final: bool,
    /// Turned so that the next byte's is first.
    mask: [u8; 4],
    left: usize,
}

/// What a client sent, up to where it is made into messages.
#[derive(Debug, Default)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    /// So many of `bytes` are taken.
    taken: usize,
    payload: Option<Payload>,
    message: Option<Message>,
}

impl Frames {
    /// Takes in what came. Most of the time there is nothing, and then nothing is kept.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// Whether a message is begun that is not whole.
    pub(super) fn is_in_message(&self) -> bool {
        self.message.is_some()
    }

    /// Whether something is begun that is not whole: a frame, or a message.
    pub(super) fn is_begun(&self) -> bool {
        self.is_in_message() || !self.rest().is_empty()
    }

    /// Takes the next frame; `None` where more of it has to come. After an error there is no next.
    pub(super) fn next(&mut self) -> Result<Option<Received>, Broken> {
        if self.payload.is_none() {
            let Some(head) = Head::read(self.rest())? else {
                return Ok(None);
            };
            match head.opcode {
                CLOSE | PING | PONG => return self.take_control(&head),
                _ => self.begin(&head)?,
            }
        }
        self.take_payload()
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }

    fn take(&mut self, bytes: usize) {
        self.taken += bytes;
        if self.taken == self.bytes.len() {
            self.bytes = Vec::new();
            self.taken = 0;
        }
    }

    /// Takes a control frame once all of it is there, which is little.
    fn take_control(&mut self, head: &Head) -> Result<Option<Received>, Broken> {
        let end = head.bytes + head.length as usize;
        let Some(masked) = self.rest().get(head.bytes..end) else {
            return Ok(None);
        };
        let mut payload = masked.to_vec();
        unmask(&mut payload, head.mask);
        self.take(end);
        Ok(Some(match head.opcode {
            CLOSE => {
                check_close(&payload)?;
                Received::Close(payload)
            }
            PING => Received::Ping(payload),
            _ => Received::Pong,
        }))
    }

    fn begin(&mut self, head: &Head) -> Result<(), Broken> {
        let message = match (head.opcode, &mut self.message) {
            (CONTINUATION, Some(message)) => message,
            (CONTINUATION, None) => return Err(Broken::Framing("a continuation of nothing")),
            (_, Some(_)) => return Err(Broken::Framing("a message within another")),
            (opcode, none) => none.insert(Message::new(opcode == TEXT)),
        };
        message.announce(head.length)?;
        self.payload = Some(Payload {
            is_final: head.is_final,
            mask: head.mask,
            left: head.length as usize,
        });
        self.take(head.bytes);
        Ok(())
    }

    /// Takes what has come of the data frame that is begun.
    fn take_payload(&mut self) -> Result<Option<Received>, Broken> {
        let (Some(payload), Some(message)) = (&mut self.payload, &mut self.message) else {
            return Ok(None);
        };
        let masked = &self.bytes[self.taken..];
        let masked = &masked[..payload.left.min(masked.len())];
        let come = masked.len();
        payload.left -= come;
        let is_whole = payload.left == 0;
        let is_last = is_whole && payload.is_final;
        if message.is_text {
            let before = message.text.len();
            message.text.extend_from_slice(masked);
            unmask(&mut message.text[before..], payload.mask);
            payload.mask.rotate_left(come % 4);
            // All of it is checked when it is whole.
            if !is_last {
                message.check()?;
            }
        }
        self.take(come);
        if !is_whole {
            return Ok(None);
        }
        self.payload = None;
        match self.message.take_if(|_| is_last) {
            Some(message) => message.finish().map(Some),
            None => Ok(Some(Received::Part)),
        }
    }
}

/// Takes the mask off (RFC 6455, section 5.3).
fn unmask(bytes: &mut [u8], mask: [u8; 4]) {
    let (fours, rest) = bytes.as_chunks_mut::<4>();
    for four in fours {
        *four = (u32::from_ne_bytes(*four) ^ u32::from_ne_bytes(mask)).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

/// What a close frame may hold: nothing, or a code that may be sent and a reason in UTF-8 (RFC 6455,
/// sections 5.5.1 and 7.4).
fn check_close(payload: &[u8]) -> Result<(), Broken> {
    let (code, reason) = match payload {
        [] => return Ok(()),
        [_] => return Err(Broken::Framing("half a close code")),
        [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
    };
    if !CloseCode::from(code).is_allowed() {
        return Err(Broken::Framing("a close code that is never sent"));
    }
    match str::from_utf8(reason) {
        Ok(_) => Ok(()),
        Err(_) => Err(Broken::NotUtf8),
    }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
