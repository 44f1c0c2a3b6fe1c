//! A server that a test plays itself, to show the terminal client what no real server would send.
//!
//! Owns one listener. Must not grow into a server: the script is the test's.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::watched::PATIENCE;
use crate::{RawClient, RawSocket};

/// A listener, and a script that takes its connections.
#[derive(Debug)]
pub struct ScriptedServer {
    address: SocketAddr,
    script: JoinHandle<()>,
}

/// Where a script's clients come in.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
}

impl ScriptedServer {
    /// Listens, and runs `script` on a thread.
    pub fn start(script: impl FnOnce(&Door) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let script = std::thread::spawn(move || script(&Door { listener }));
        Self { address, script }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for the script's end, and fails where the script failed.
    #[track_caller]
    pub fn finish(self) {
        if let Err(panic) = self.script.join() {
            std::panic::resume_unwind(panic);
        }
    }
}

impl Door {
    /// The next client, after its handshake.
    #[track_caller]
    pub fn accept(&self) -> RawClient {
        RawClient::accept(self.next_stream())
    }

    /// The next client, before its handshake.
    #[track_caller]
    pub fn accept_raw(&self) -> RawSocket {
        RawSocket::over(self.next_stream())
    }

    #[track_caller]
    fn next_stream(&self) -> TcpStream {
        let mut waiting = [PollFd::new(&self.listener, PollFlags::IN)];
        let patience = Timespec {
            tv_sec: PATIENCE.as_secs().cast_signed(),
            tv_nsec: 0,
        };
        let ready = poll(&mut waiting, Some(&patience)).expect("a listener can be polled");
        assert_eq!(ready, 1, "no client came within {PATIENCE:?}");
        let (stream, _) = self.listener.accept().expect("somebody is at the door");
        stream
    }
}
