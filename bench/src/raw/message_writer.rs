//! Who sends: the frames of one writer's messages, written to its connection.

use std::io::{self, ErrorKind, Write};
use std::net::TcpStream;

use chat_protocol::{ClientEvent, DraftContent, PostMessage};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::frame;
use crate::clock;
use crate::stamp::Stamp;

/// How long a connection may take nothing, in seconds.
const STUCK: i64 = 20;

/// One writer.
#[derive(Debug)]
pub(crate) struct MessageWriter {
    writer: u64,
    count: u64,
    /// Bytes of a message's content.
    content: usize,
    frame: Vec<u8>,
}

impl MessageWriter {
    /// The writer with this number; its messages have `content` bytes of content.
    pub(crate) fn new(writer: u64, content: usize) -> Self {
        Self {
            writer,
            count: 0,
            content,
            frame: Vec::new(),
        }
    }

    /// The number that its stamps carry.
    pub(super) fn number(&self) -> u64 {
        self.writer
    }

    /// Sends the next message, which counts for `phase`.
    pub(super) fn post(&mut self, stream: &TcpStream, phase: u64) -> io::Result<()> {
        self.count += 1;
        let stamp = Stamp {
            writer: self.writer,
            count: self.count,
            phase,
            sent: clock::nanos(),
        };
        post_text(stream, &mut self.frame, &stamp.content(self.content))
    }
}

/// Sends a message with this content; `frame` is a buffer.
pub(crate) fn post_text(stream: &TcpStream, frame: &mut Vec<u8>, content: &str) -> io::Result<()> {
    let content = DraftContent::new(content).map_err(io::Error::other)?;
    let event = ClientEvent::Message(PostMessage {
        content,
        nonce: None,
        reply_to: None,
    });
    frame::client(frame, frame::TEXT, event.encode().as_bytes());
    write_whole(stream, frame)
}

/// One system call, unless the socket takes only a part or nothing: then it waits for it.
pub(crate) fn write_whole(mut stream: &TcpStream, bytes: &[u8]) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        match stream.write(rest) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => rest = rest.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => wait_for_room(stream)?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn wait_for_room(stream: &TcpStream) -> io::Result<()> {
    let limit = Timespec {
        tv_sec: STUCK,
        tv_nsec: 0,
    };
    match poll(&mut [PollFd::new(stream, PollFlags::OUT)], Some(&limit)) {
        Ok(0) => Err(ErrorKind::TimedOut.into()),
        Ok(_) => Ok(()),
        Err(error) if error == rustix::io::Errno::INTR => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    #[test]
    fn a_full_socket_is_waited_for() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut reader = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        let bytes = vec![b'x'; 32 << 20];
        std::thread::scope(|scope| {
            let writing = scope.spawn(|| write_whole(&stream, &bytes));
            let mut got = vec![0; bytes.len()];
            reader.read_exact(&mut got).unwrap();
            writing.join().unwrap().unwrap();
        });
    }
}
