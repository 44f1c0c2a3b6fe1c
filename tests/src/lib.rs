//! The harness of the end-to-end tests: it starts the real programs and looks at them from outside.
//!
//! Owns processes, sockets and terminals. Must not use the product's own crates: what is expected
//! comes from the wire contract, so that an error in a shared type can't hide itself.
//!
//! Whatever goes wrong here panics with what was seen: a harness has no one to hand an error to but
//! the test that called it. Nothing sleeps for a fixed time, but fingers between two lines; everything
//! waits for a state, with [`PATIENCE`] as its deadline.

mod binaries;
mod busy_room;
mod port;
mod program;
mod raw_client;
mod raw_socket;
mod scripted_server;
mod server;
mod server_setup;
mod socket_io;
mod terminal;
mod watched;

pub use binaries::{Binaries, binaries};
pub use busy_room::{BusyRoom, Posted, number_in, numbered};
pub use program::{Finished, Program, Stream};
pub use raw_client::{RawClient, password_of};
pub use raw_socket::{Flood, Frame, Opcode, RawSocket, frame, handshake, not_final};
pub use rustix::process::Signal;
pub use scripted_server::{Door, ScriptedServer};
pub use server::Server;
pub use server_setup::ServerSetup;
pub use socket_io::{SocketIo, SocketIoClient};
pub use terminal::{BareTerminal, ClientSetup, Key, Screen, Terminal};
pub use watched::PATIENCE;
