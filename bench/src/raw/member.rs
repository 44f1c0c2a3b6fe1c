//! One member: what it reads, whether that is right, and what it says to it.

use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;

use super::frame::{self, CLOSE, Frame, PING, PONG, TEXT};
use super::message;
use super::message_writer::{MessageWriter, write_whole};
use super::observed::Observed;
use super::tally::Tally;
use crate::check::{Checker, Findings};
use crate::client::{Incoming, Posted, parse};
use crate::clock;

/// A connection that is in its room.
#[derive(Debug)]
pub(crate) struct Member {
    stream: TcpStream,
    room: usize,
    checker: Checker,
    /// The beginning of a frame of which the rest has not come yet.
    tail: Vec<u8>,
    /// Where it says something as soon as its last word is back.
    writer: Option<MessageWriter>,
}

impl Member {
    /// A member of the room with this number, whose `stream` does not block.
    pub(crate) fn new(stream: TcpStream, room: usize) -> Self {
        Self {
            stream,
            room,
            checker: Checker::from_start(),
            tail: Vec::new(),
            writer: None,
        }
    }

    /// Lets it say something as soon as its last word is back.
    pub(crate) fn with_writer(mut self, writer: MessageWriter) -> Self {
        self.writer = Some(writer);
        self
    }

    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    pub(super) fn room(&self) -> usize {
        self.room
    }

    /// Sends the first message, if it has a writer.
    pub(super) fn begin(&mut self, tally: &Tally) -> io::Result<()> {
        let Some(writer) = self.writer.as_mut().filter(|_| !tally.is_closed()) else {
            return Ok(());
        };
        tally.count_sent(1);
        writer.post(&self.stream, tally.phase())
    }

    /// Reads once and takes what came; gives the messages among it. The buffer is one for all
    /// members.
    pub(super) fn read(
        &mut self,
        buffer: &mut [u8],
        tally: &Tally,
        observed: &mut Observed,
    ) -> Result<u64, String> {
        let kept = self.tail.len();
        buffer
            .get_mut(..kept)
            .ok_or("a frame is longer than any message")?
            .copy_from_slice(&self.tail);
        let bytes = match self.stream.read(&mut buffer[kept..]) {
            Ok(0) => return Err("the connection was closed".to_owned()),
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(0),
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(0),
            Err(error) => return Err(error.to_string()),
        };
        let now = clock::nanos();
        let mut messages = 0;
        let mut rest = &buffer[..kept + bytes];
        let split = |bytes| frame::split(bytes).map_err(|_| "broken framing".to_owned());
        while let Some((frame, behind)) = split(rest)? {
            rest = behind;
            if let Some(posted) = self.take(&frame, tally)? {
                messages += 1;
                observed.see(self.room, &posted, now);
                self.check(&posted, tally)?;
            }
        }
        self.tail.clear();
        self.tail.extend_from_slice(rest);
        Ok(messages)
    }

    /// The message in the frame; `None` where it is something else that may come.
    #[inline]
    fn take(&mut self, frame: &Frame<'_>, tally: &Tally) -> Result<Option<Posted>, String> {
        match frame.kind {
            TEXT => match message::scan(frame.payload) {
                Some(posted) => Ok(Some(posted)),
                None => other(frame.payload),
            },
            PING => {
                tally.count_ping();
                let mut pong = Vec::new();
                frame::client(&mut pong, PONG, frame.payload);
                let written = write_whole(&self.stream, &pong);
                written.map(|()| None).map_err(|error| error.to_string())
            }
            CLOSE => Err(closed(frame.payload)),
            PONG => Ok(None),
            kind => Err(format!("a frame of kind {kind} came")),
        }
    }

    fn check(&mut self, posted: &Posted, tally: &Tally) -> Result<(), String> {
        let (number, count) = posted.origin();
        self.checker.observe(posted.seq, number, count);
        match &self.writer {
            Some(writer) if writer.number() == number => {
                self.begin(tally).map_err(|error| error.to_string())
            }
            _ => Ok(()),
        }
    }

    /// What was wrong, where its room got so many messages.
    pub(super) fn finish(self, sent: u64) -> Findings {
        self.checker.finish(sent)
    }
}

fn other(payload: &[u8]) -> Result<Option<Posted>, String> {
    let text = str::from_utf8(payload).map_err(|error| error.to_string())?;
    match parse(text) {
        Ok(Incoming::Message(posted)) => Ok(Some(posted)),
        Ok(Incoming::Event(_)) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

fn closed(payload: &[u8]) -> String {
    match payload {
        [high, low, ..] => format!("closed with {}", u16::from_be_bytes([*high, *low])),
        _ => "closed without a code".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    fn message(seq: u64) -> Vec<u8> {
        let text = format!(
            r#"{{"event":"message","data":{{"username":"a","content":"0 {seq} 1 5 xx","id":"e-5","seq":{seq}}}}}"#
        );
        let mut bytes = Vec::new();
        frame::server_text(&mut bytes, &text);
        bytes
    }

    fn pair() -> (Member, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        (Member::new(stream, 0), server)
    }

    #[test]
    fn frames_are_taken_however_they_are_cut() {
        let (mut member, mut server) = pair();
        let tally = Tally::new(1, 1);
        let mut observed = Observed::of(1);
        let mut buffer = vec![0; 1024];
        let all: Vec<u8> = (1..=3).flat_map(message).collect();
        let mut messages = 0;
        for part in all.chunks(37) {
            server.write_all(part).unwrap();
            messages += member.read(&mut buffer, &tally, &mut observed).unwrap();
        }
        assert_eq!(messages, 3);
        assert_eq!(observed.latencies.count(), 3);
        assert!(member.finish(3).is_clean());
    }

    #[test]
    fn what_is_lost_is_found_and_an_end_is_told() {
        let (mut member, mut server) = pair();
        let tally = Tally::new(1, 1);
        let mut observed = Observed::of(1);
        let mut buffer = vec![0; 1024];
        server.write_all(&message(2)).unwrap();
        assert_eq!(member.read(&mut buffer, &tally, &mut observed), Ok(1));
        server.write_all(&[0x88, 2, 0x0f, 0xa8]).unwrap();
        let end = member.read(&mut buffer, &tally, &mut observed);
        assert_eq!(end, Err("closed with 4008".to_owned()));
        assert_eq!(member.finish(2).lost, 1);
    }

    #[test]
    fn a_ping_is_answered_and_a_refusal_is_a_failure() {
        let (mut member, mut server) = pair();
        let tally = Tally::new(1, 1);
        let mut observed = Observed::of(1);
        let mut buffer = vec![0; 1024];
        server.write_all(&[0x89, 1, b'p']).unwrap();
        assert_eq!(member.read(&mut buffer, &tally, &mut observed), Ok(0));
        let mut pong = [0; 7];
        server.read_exact(&mut pong).unwrap();
        assert_eq!(pong[..2], [0x8a, 0x81]);
        assert_eq!(tally.pings(), 1);
        let mut refusal = Vec::new();
        let text = r#"{"event":"cerror","data":{"Code":429,"message":"m","retryAfter":2}}"#;
        frame::server_text(&mut refusal, text);
        server.write_all(&refusal).unwrap();
        let failure = member.read(&mut buffer, &tally, &mut observed).unwrap_err();
        assert!(failure.contains("429"), "{failure}");
    }
}
