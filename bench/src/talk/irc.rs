//! As much of an IRC server as irssi and WeeChat need to join rooms and hear people speak (RFC 2812).
//!
//! Serves one client at a time, the newest, on the loopback. Must not be taken for a server.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::Speaker;
use super::words::PEOPLE;

/// How the server calls itself.
const SERVER: &str = "bench";
/// Bytes of a client's line that are read.
const LINE: u64 = 4096;
/// How long a client may take nothing.
const STUCK: Duration = Duration::from_secs(20);

/// What is known of the client.
#[derive(Debug, Default)]
struct Session {
    stream: Option<TcpStream>,
    nick: Option<String>,
    user: bool,
    joined: BTreeSet<String>,
}

/// A running server. Its threads end with the program.
#[derive(Clone, Debug)]
pub(crate) struct IrcServer {
    address: SocketAddr,
    session: Arc<Mutex<Session>>,
}

/// Some of its rooms, with people who speak there.
#[derive(Debug)]
pub(crate) struct IrcRooms {
    server: IrcServer,
    rooms: Vec<String>,
    people: usize,
}

impl IrcServer {
    /// Starts it on a free port.
    pub(crate) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let server = Self {
            address: listener.local_addr()?,
            session: Arc::default(),
        };
        let accepting = server.clone();
        let thread = std::thread::Builder::new().name("irc".to_owned());
        thread.spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let server = accepting.clone();
                std::thread::spawn(move || server.serve(&stream));
            }
        })?;
        Ok(server)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether the client is in all of `rooms`.
    pub(crate) fn has_joined(&self, rooms: &[String]) -> bool {
        let session = self.session();
        rooms.iter().all(|room| session.joined.contains(room))
    }

    /// So many people in these rooms.
    pub(crate) fn rooms(&self, rooms: Vec<String>, people: usize) -> IrcRooms {
        IrcRooms {
            server: self.clone(),
            rooms,
            people,
        }
    }

    /// Reads what a client sends until it ends.
    fn serve(&self, stream: &TcpStream) {
        // Where these fail, reading or writing does as well.
        let _ = stream.set_nodelay(true);
        let _ = stream.set_write_timeout(Some(STUCK));
        *self.session() = Session {
            stream: stream.try_clone().ok(),
            ..Session::default()
        };
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while { &mut reader }
            .take(LINE)
            .read_until(b'\n', &mut line)
            .is_ok_and(|count| count > 0)
        {
            let text = String::from_utf8_lossy(&line).trim().to_owned();
            let answer = answer(&mut self.session(), &text);
            if self.write(&answer).is_err() {
                return;
            }
            line.clear();
        }
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let session = self.session();
        let mut stream = session.stream.as_ref();
        let stream = stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        stream.write_all(text.as_bytes())
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().expect("no holder of this lock panics")
    }
}

impl Speaker for IrcRooms {
    fn say(&mut self, room: usize, number: usize, text: &str) -> io::Result<()> {
        let name = PEOPLE[number % PEOPLE.len()];
        let room = self.rooms.get(room).ok_or(io::ErrorKind::NotFound)?;
        let line = format!(":{name}!user@{SERVER} PRIVMSG {room} :{text}\r\n");
        self.server.write(&line)
    }

    fn rooms(&self) -> usize {
        self.rooms.len()
    }

    fn people(&self) -> usize {
        self.people
    }
}

/// What the server says to a client's line; nothing to what it does not know.
fn answer(session: &mut Session, line: &str) -> String {
    let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
    let first = rest.split(' ').next().unwrap_or_default();
    let nick = session.nick.clone().unwrap_or_else(|| "*".to_owned());
    match command.to_ascii_uppercase().as_str() {
        "NICK" => {
            session.nick = Some(first.trim_start_matches(':').to_owned());
            welcome(session)
        }
        "USER" => {
            session.user = true;
            welcome(session)
        }
        "CAP" if first == "LS" => format!(":{SERVER} CAP * LS :\r\n"),
        "PING" => format!(":{SERVER} PONG {SERVER} {rest}\r\n"),
        "JOIN" => first.split(',').map(|room| join(session, room)).collect(),
        "MODE" if first.starts_with('#') && rest.contains(' ') => {
            format!(":{SERVER} 368 {nick} {first} :End of channel ban list\r\n")
        }
        "MODE" if first.starts_with('#') => format!(":{SERVER} 324 {nick} {first} +nt\r\n"),
        "WHO" => format!(":{SERVER} 315 {nick} {first} :End of WHO list\r\n"),
        _ => String::new(),
    }
}

/// Once both the name and the user are known.
fn welcome(session: &Session) -> String {
    match &session.nick {
        Some(nick) if session.user => format!(
            ":{SERVER} 001 {nick} :Welcome\r\n\
             :{SERVER} 002 {nick} :Your host is {SERVER}\r\n\
             :{SERVER} 003 {nick} :This server was created today\r\n\
             :{SERVER} 004 {nick} {SERVER} 1 i nt\r\n\
             :{SERVER} 005 {nick} CHANTYPES=# NICKLEN=30 PREFIX=(ov)@+ :are supported\r\n\
             :{SERVER} 422 {nick} :No message of the day\r\n"
        ),
        _ => String::new(),
    }
}

fn join(session: &mut Session, room: &str) -> String {
    let nick = session.nick.clone().unwrap_or_default();
    session.joined.insert(room.to_owned());
    format!(
        ":{nick}!user@{SERVER} JOIN {room}\r\n\
         :{SERVER} 353 {nick} = {room} :{nick} {}\r\n\
         :{SERVER} 366 {nick} {room} :End of NAMES list\r\n",
        PEOPLE.join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_welcomed_joins_and_hears() {
        let server = IrcServer::start().unwrap();
        let mut client = TcpStream::connect(server.address()).unwrap();
        let mut lines = BufReader::new(client.try_clone().unwrap()).lines();
        let mut next = || lines.next().unwrap().unwrap();
        client
            .write_all(b"CAP LS 302\r\nNICK alice\r\nUSER a 0 * :a\r\nJOIN #one,#two\r\nPING x\r\n")
            .unwrap();
        assert_eq!(next(), ":bench CAP * LS :");
        assert_eq!(next(), ":bench 001 alice :Welcome");
        while next() != ":bench PONG bench x" {}
        let rooms = vec!["#one".to_owned(), "#two".to_owned()];
        assert!(server.has_joined(&rooms));
        assert!(!server.has_joined(&["#three".to_owned()]));
        server.rooms(rooms, 30).say(1, 0, "hello there").unwrap();
        assert_eq!(next(), ":bob!user@bench PRIVMSG #two :hello there");
    }

    #[test]
    fn what_clients_ask_about_a_room_is_answered() {
        let mut session = Session {
            nick: Some("alice".to_owned()),
            ..Session::default()
        };
        for (line, expected) in [
            ("MODE #one", ":bench 324 alice #one +nt\r\n"),
            (
                "MODE #one b",
                ":bench 368 alice #one :End of channel ban list\r\n",
            ),
            ("WHO #one", ":bench 315 alice #one :End of WHO list\r\n"),
            ("MODE alice +i", ""),
            ("CAP END", ""),
            ("", ""),
        ] {
            assert_eq!(answer(&mut session, line), expected, "{line}");
        }
    }
}
