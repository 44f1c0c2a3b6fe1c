//! A port for a server under test, which stays its own while it is down.
//!
//! Owns the choice of ports. Must not know who listens on them.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};

use socket2::{Domain, Socket, Type};

/// A port of this machine that is given to nobody else as long as this value lives, neither by the
/// system nor by other tests, of this process or of another that runs at the same time.
///
/// While a server is down, a client that connects somewhere may otherwise be given the very port of
/// that server and keep it from coming back; one that tries to reach it may even find itself there.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    /// Bound, and never listens: so the server may.
    _holder: Socket,
}

impl Port {
    /// A free one.
    pub(crate) fn take() -> Self {
        // The ports below 32,768 (Linux) or 49,152 (RFC 6335, section 6) are not given out.
        const FIRST: u16 = 16_384;
        static NEXT: OnceLock<AtomicU16> = OnceLock::new();
        let next = NEXT.get_or_init(|| AtomicU16::new(rand::random()));
        std::iter::repeat_with(|| FIRST + next.fetch_add(1, Ordering::Relaxed) % FIRST)
            .take(1_000)
            .find_map(|number| {
                let holder = hold(number).ok()?;
                Some(Self {
                    number,
                    _holder: holder,
                })
            })
            .expect("one port of a thousand is free")
    }

    pub(crate) fn number(&self) -> u16 {
        self.number
    }
}

/// Takes `number`, which fails where anybody has it, and then lets a server have it too: servers share
/// a port with whoever shares it and does not listen.
fn hold(number: u16) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, number)).into())?;
    socket.set_reuse_address(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_port_is_its_servers_alone_again_and_again() {
        let port = Port::take();
        for _ in 0..2 {
            let server = TcpListener::bind((Ipv4Addr::LOCALHOST, port.number())).unwrap();
            hold(port.number()).unwrap_err();
            drop(server);
            hold(port.number()).unwrap_err();
        }
    }
}
