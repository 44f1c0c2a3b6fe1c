//! A server that a test plays itself, to show the terminal client what no real server would send.
//!
//! Owns one listener and one connection. Must not grow into a server: the script is the test's.

use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;

use crate::RawClient;

/// A listener whose first connection is handed to a script.
#[derive(Debug)]
pub struct ScriptedServer {
    address: SocketAddr,
    script: JoinHandle<()>,
}

impl ScriptedServer {
    /// Listens, and runs `script` on a thread with the first connection, after its handshake.
    pub fn start(script: impl FnOnce(RawClient) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let script = std::thread::spawn(move || {
            let (stream, _) = listener.accept().expect("a listener accepts");
            script(RawClient::accept(stream));
        });
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
