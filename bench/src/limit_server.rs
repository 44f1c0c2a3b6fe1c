//! The limit: a server that does nothing but write the same frame to each member, one system call
//! each. A process of its own, so that its CPU time can be told apart like the real server's.
//!
//! Reads, parses, stores and orders nothing: no chat server is cheaper that writes to each member
//! by itself. Its frames are messages as far as its readers look at them, so that they have the
//! same to do as with the real server.

mod order;

use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::clock;
use crate::exit;
use crate::measure::Latencies;
use crate::raw::{server_text, text_header_bytes, wait_until, write_whole};
use crate::stamp::Stamp;
pub(crate) use order::Order;

/// What it is told at its start; what to write comes on standard input, see [`Order`].
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct LimitServerOptions {
    /// Rooms.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) rooms: u32,
    /// Connections in each.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_001))]
    pub(crate) members: u32,
    /// Bytes of a frame.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(crate) bytes: u32,
}

/// What it tells after each order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Written {
    /// Messages, each of which went to all of one room.
    pub(crate) messages: u64,
    /// How late it was with them, in milliseconds, at the 99th percentile.
    pub(crate) late_p99_ms: f64,
}

/// Says on standard output where it listens; waits for all connections; does what standard input
/// says, and tells what it did, until that ends.
pub(crate) fn serve(options: &LimitServerOptions) -> ExitCode {
    match deliver(options) {
        Ok(()) => ExitCode::from(exit::DONE),
        Err(error) => exit::fail(exit::FAILED, &error),
    }
}

fn deliver(options: &LimitServerOptions) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    say(&listener.local_addr()?.to_string())?;
    let orders = order::listen();
    let count = u64::from(options.rooms) * u64::from(options.members);
    let mut rooms = Rooms::new(accept(&listener, count)?, options);
    while let Ok(order) = orders.recv() {
        let written = match order {
            Order::Send {
                phase,
                messages,
                rate,
            } => rooms.send(phase, messages, rate)?,
            Order::Flood { phase } => rooms.flood(phase, &orders)?,
            Order::Stop => continue,
        };
        say(&serde_json::to_string(&written)?)?;
    }
    Ok(())
}

fn say(line: &str) -> io::Result<()> {
    let mut output = io::stdout();
    writeln!(output, "{line}")?;
    output.flush()
}

/// Waits for all of them. Where its starter is gone, so are those that would come, and this process
/// with it: standard input tells, see [`order::listen`].
fn accept(listener: &TcpListener, count: u64) -> io::Result<Vec<TcpStream>> {
    let mut members = Vec::new();
    while (members.len() as u64) < count {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        members.push(stream);
    }
    Ok(members)
}

/// The rooms, and what was written to them.
struct Rooms {
    members: Vec<TcpStream>,
    /// Members of each.
    size: usize,
    /// Bytes of a frame.
    bytes: usize,
    /// Messages so far, each to the next room.
    messages: u64,
    frame: Vec<u8>,
}

impl Rooms {
    fn new(members: Vec<TcpStream>, options: &LimitServerOptions) -> Self {
        Self {
            members,
            size: options.members as usize,
            bytes: options.bytes as usize,
            messages: 0,
            frame: Vec::new(),
        }
    }

    /// Messages at a fixed rate, each when it is due.
    fn send(&mut self, phase: u64, messages: u64, rate: f64) -> io::Result<Written> {
        let mut late = Latencies::default();
        let began = Instant::now();
        for number in 0..messages {
            let due = began + Duration::from_secs_f64(number as f64 / rate);
            wait_until(due);
            late.record(due.elapsed());
            self.write_one(phase)?;
        }
        Ok(Written {
            messages,
            late_p99_ms: late.percentile(99.0),
        })
    }

    /// Messages as fast as the sockets take them, until the next order or the end of all orders.
    fn flood(&mut self, phase: u64, orders: &Receiver<Order>) -> io::Result<Written> {
        let mut messages = 0;
        while let Err(TryRecvError::Empty) = orders.try_recv() {
            self.write_one(phase)?;
            messages += 1;
        }
        Ok(Written {
            messages,
            late_p99_ms: 0.0,
        })
    }

    /// One message to all of the next room: a frame that is prepared once and written to each with
    /// one system call.
    fn write_one(&mut self, phase: u64) -> io::Result<()> {
        let rooms = (self.members.len() / self.size) as u64;
        let room = usize::try_from(self.messages % rooms).unwrap_or(0);
        let seq = self.messages / rooms + 1;
        self.messages += 1;
        let text = message(seq, phase, self.bytes);
        server_text(&mut self.frame, &text);
        let of_room = self.members.iter().skip(room * self.size).take(self.size);
        for member in of_room {
            write_whole(member, &self.frame)?;
        }
        Ok(())
    }
}

/// A message whose frame has `bytes` bytes (more where it does not fit).
fn message(seq: u64, phase: u64, bytes: usize) -> String {
    let stamp = Stamp {
        writer: 0,
        count: seq,
        phase,
        sent: clock::nanos(),
    };
    let with = |content: &str| {
        format!(
            r#"{{"event":"message","data":{{"username":"load0","content":"{content}","id":"0-{seq}","seq":{seq}}}}}"#
        )
    };
    let around = with("").len();
    let content = bytes.saturating_sub(around + text_header_bytes(bytes));
    with(&stamp.content(content))
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    fn rooms(count: u32, members: u32, bytes: u32) -> (Rooms, Vec<TcpStream>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let readers = (0..count * members).map(|_| TcpStream::connect(address).unwrap());
        let readers: Vec<_> = readers.collect();
        let options = LimitServerOptions {
            rooms: count,
            members,
            bytes,
        };
        let accepted = accept(&listener, readers.len() as u64).unwrap();
        (Rooms::new(accepted, &options), readers)
    }

    #[test]
    fn a_frame_is_as_long_as_asked_for() {
        for bytes in [200, 300, 1000] {
            let mut frame = Vec::new();
            server_text(&mut frame, &message(12_345, 1, bytes));
            assert_eq!(frame.len(), bytes);
        }
    }

    #[test]
    fn each_room_has_its_turn() {
        let (mut rooms, mut readers) = rooms(2, 2, 200);
        let written = rooms.send(1, 3, 1000.0).unwrap();
        assert_eq!(written.messages, 3);
        drop(rooms);
        let mut lengths = readers.iter_mut().map(|reader| {
            let mut all = Vec::new();
            reader.read_to_end(&mut all).unwrap();
            all.len()
        });
        assert_eq!(lengths.next(), Some(400));
        assert_eq!(lengths.next(), Some(400));
        assert_eq!(lengths.next(), Some(200));
    }

    #[test]
    fn a_flood_ends_when_it_is_told_to() {
        let (mut rooms, mut readers) = rooms(1, 1, 200);
        let (order, orders) = mpsc::channel();
        thread::scope(|scope| {
            let flooding = scope.spawn(move || rooms.flood(1, &orders));
            let mut got = [0; 100 * 200];
            readers[0].read_exact(&mut got).unwrap();
            order.send(Order::Stop).unwrap();
            let mut rest = Vec::new();
            readers[0].read_to_end(&mut rest).unwrap();
            let written = flooding.join().unwrap().unwrap();
            assert_eq!(written.messages * 200, (got.len() + rest.len()) as u64);
        });
    }
}
