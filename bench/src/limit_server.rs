//! The limit: a server that does nothing but write the same frame to each member, one system call
//! each. A process of its own, so that its CPU time can be told apart like the real server's.
//!
//! Reads, parses, stores and orders nothing: no chat server is cheaper that writes to each member
//! by itself.

use std::io::{self, ErrorKind, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, park_timeout};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::exit;
use crate::measure::Latencies;

/// What it is told.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct LimitServerOptions {
    /// Rooms.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) rooms: u32,
    /// Connections in each.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_001))]
    pub(crate) members: u32,
    /// Frames a second that each goes to all of one room.
    #[arg(long, value_parser = crate::cli::positive)]
    pub(crate) rate: f64,
    /// Bytes of a frame.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(crate) bytes: u32,
}

/// What it tells when it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Written {
    /// Frames that went out whole.
    pub(crate) frames: u64,
    /// Frames for which a socket had no room, or that broke.
    pub(crate) skipped: u64,
    /// How late it was with a room's frames, in milliseconds, at the 99th percentile.
    pub(crate) late_p99_ms: f64,
}

/// Says on standard output where it listens; waits for all connections; writes until standard
/// input ends; then says what it wrote.
pub(crate) fn serve(options: &LimitServerOptions) -> ExitCode {
    match deliver(options) {
        Ok(()) => ExitCode::from(exit::DONE),
        Err(error) => exit::fail(exit::FAILED, &error),
    }
}

fn deliver(options: &LimitServerOptions) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    say(&address.to_string())?;
    let is_over = watch_for_end(address);
    let count = u64::from(options.rooms) * u64::from(options.members);
    let members = accept(&listener, count, &is_over)?;
    let written = write_until(options, &members, &is_over);
    say(&serde_json::to_string(&written)?)
}

fn say(line: &str) -> io::Result<()> {
    let mut output = io::stdout();
    writeln!(output, "{line}")?;
    output.flush()
}

/// True from when standard input has ended: its starter wants no more, or is gone.
fn watch_for_end(address: SocketAddr) -> Arc<AtomicBool> {
    let is_over = Arc::<AtomicBool>::default();
    let over = Arc::clone(&is_over);
    let writing = thread::current();
    thread::spawn(move || {
        // An error is an end as well.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        over.store(true, Ordering::Relaxed);
        writing.unpark();
        // It may wait for a connection.
        let _ = TcpStream::connect(address);
    });
    is_over
}

fn accept(listener: &TcpListener, count: u64, over: &AtomicBool) -> io::Result<Vec<TcpStream>> {
    let mut members = Vec::new();
    while (members.len() as u64) < count && !over.load(Ordering::Relaxed) {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        members.push(stream);
    }
    Ok(members)
}

/// One room after the other gets a frame, each when it is due.
fn write_until(options: &LimitServerOptions, members: &[TcpStream], over: &AtomicBool) -> Written {
    let frame = vec![b'x'; options.bytes as usize];
    let rooms: Vec<_> = members.chunks(options.members as usize).collect();
    let mut written = Written::default();
    let mut late = Latencies::default();
    let began = Instant::now();
    for (count, room) in rooms.iter().cycle().enumerate() {
        let due = began + Duration::from_secs_f64(count as f64 / options.rate);
        while !over.load(Ordering::Relaxed) && Instant::now() < due {
            park_timeout(due.saturating_duration_since(Instant::now()));
        }
        if over.load(Ordering::Relaxed) {
            break;
        }
        late.record(due.elapsed());
        for member in *room {
            match write_frame(member, &frame, over) {
                true => written.frames += 1,
                false => written.skipped += 1,
            }
        }
    }
    written.late_p99_ms = late.percentile(99.0);
    written
}

/// One system call, unless the socket takes only a part: what was begun is completed, so that the
/// reader can count frames by their bytes.
fn write_frame(mut member: &TcpStream, frame: &[u8], over: &AtomicBool) -> bool {
    let mut rest = frame;
    while !rest.is_empty() {
        match member.write(rest) {
            Ok(0) => return false,
            Ok(bytes) => rest = rest.get(bytes..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error)
                if error.kind() == ErrorKind::WouldBlock
                    && rest.len() < frame.len()
                    && !over.load(Ordering::Relaxed) =>
            {
                thread::yield_now();
            }
            Err(_) => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let reader = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let over = AtomicBool::new(false);
        let mut accepted = accept(&listener, 1, &over).unwrap();
        (accepted.pop().unwrap(), reader)
    }

    #[test]
    fn a_frame_goes_out_whole_or_not_at_all() {
        let (member, mut reader) = pair();
        let over = AtomicBool::new(false);
        assert!(write_frame(&member, &[b'x'; 100], &over));
        let mut got = [0; 100];
        reader.read_exact(&mut got).unwrap();
        assert_eq!(got, [b'x'; 100]);
        // Nobody reads: whatever the socket takes, at last it is full, and says so at once.
        let over = AtomicBool::new(true);
        let mut taken = 0;
        while write_frame(&member, &[b'x'; 65_536], &over) {
            taken += 1;
        }
        assert!(taken > 0);
        assert!(!write_frame(&member, &[b'x'; 65_536], &over));
    }

    #[test]
    fn each_room_has_its_turn_until_it_is_over() {
        let (member, mut reader) = pair();
        let options = LimitServerOptions {
            rooms: 1,
            members: 1,
            rate: 1000.0,
            bytes: 10,
        };
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let writing = scope.spawn(|| write_until(&options, &[member], &over));
            let mut got = [0; 30];
            reader.read_exact(&mut got).unwrap();
            over.store(true, Ordering::Relaxed);
            let written = writing.join().unwrap();
            assert!(written.frames >= 3);
            assert_eq!(written.skipped, 0);
        });
    }
}
