//! The clients that websites have deployed: socket.io-client in three versions, driven in one Node
//! process by a line a command (`tests/socketio/driver.js`).
//!
//! Owns that process. Knows what its lines say, and nothing of Socket.IO's packets.

use std::cell::{Cell, RefCell};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::rc::Rc;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::Server;
use crate::watched::{PATIENCE, Watched};

/// The process, and all that its clients said so far.
#[derive(Debug)]
pub struct SocketIo {
    child: RefCell<Child>,
    input: RefCell<ChildStdin>,
    lines: Arc<Watched<Vec<Value>>>,
    clients: Cell<usize>,
}

/// One client: what happened to it comes out in order, each time once.
#[derive(Debug)]
pub struct SocketIoClient {
    driver: Rc<SocketIo>,
    number: usize,
    read: usize,
    callbacks: usize,
}

impl SocketIo {
    /// Starts the process; why there is none, where Node or its packages are missing.
    pub fn start() -> Result<Rc<Self>, String> {
        let folder = folder();
        if !folder.join("node_modules").is_dir() {
            return Err("its clients are missing: run npm ci --prefix tests/socketio".to_owned());
        }
        let child = Command::new("node")
            .arg("driver.js")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = child.map_err(|error| format!("Node does not start: {error}"))?;
        let input = child.stdin.take().expect("the input is a pipe");
        let out = child.stdout.take().expect("the output is a pipe");
        let lines = Arc::new(Watched::new(Vec::new()));
        let watched = Arc::clone(&lines);
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let said = serde_json::from_str(&line).expect("the driver writes JSON");
                watched.update(|lines| lines.push(said));
            }
        });
        Ok(Rc::new(Self {
            child: RefCell::new(child),
            input: RefCell::new(input),
            lines,
            clients: Cell::new(0),
        }))
    }

    fn command(&self, command: &Value) {
        let written = writeln!(self.input.borrow_mut(), "{command}");
        written.expect("the driver reads its commands");
    }
}

impl Drop for SocketIo {
    fn drop(&mut self) {
        let child = self.child.get_mut();
        // It may have ended by itself, and then there is nobody to kill.
        child.kill().ok();
        child.wait().ok();
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("socketio")
}

impl SocketIoClient {
    /// A client of `version` ("1", "2" or "4") by `transports` that connects to `server`, and does not
    /// come back by itself.
    pub fn connect(
        driver: &Rc<SocketIo>,
        server: &Server,
        version: &str,
        transports: &[&str],
    ) -> Self {
        let client = Self::open(driver, server, version, transports, false);
        client.connected()
    }

    /// The same that comes back by itself.
    pub fn connect_for_good(
        driver: &Rc<SocketIo>,
        server: &Server,
        version: &str,
        transports: &[&str],
    ) -> Self {
        Self::open(driver, server, version, transports, true).connected()
    }

    /// The same that need not come in.
    pub fn open(
        driver: &Rc<SocketIo>,
        server: &Server,
        version: &str,
        transports: &[&str],
        reconnects: bool,
    ) -> Self {
        let number = driver.clients.get();
        driver.clients.set(number + 1);
        driver.command(&json!({
            "client": number,
            "open": format!("http://{}", server.address()),
            "version": version,
            "transports": transports,
            "reconnects": reconnects,
        }));
        Self {
            driver: Rc::clone(driver),
            number,
            read: 0,
            callbacks: 0,
        }
    }

    #[track_caller]
    fn connected(mut self) -> Self {
        self.happens("connect");
        self
    }

    /// Sends an event; without data where it is null.
    pub fn emit(&self, event: &str, data: &Value) {
        let arguments = if data.is_null() {
            json!([])
        } else {
            json!([data])
        };
        self.driver
            .command(&json!({ "client": self.number, "emit": event, "arguments": arguments }));
    }

    /// Sends an event with a callback; gives what that is called with.
    #[track_caller]
    pub fn ask(&mut self, event: &str, data: &Value) -> Value {
        self.callbacks += 1;
        let callback = self.callbacks;
        let arguments = if data.is_null() {
            json!([])
        } else {
            json!([data])
        };
        self.driver.command(&json!({
            "client": self.number, "emit": event, "arguments": arguments, "callback": callback,
        }));
        let answered = self.find("an answer", |said| {
            said["happened"] == "answered" && said["callback"] == callback
        });
        answered["arguments"][0].clone()
    }

    /// Enters `room` as `user`, with no capabilities; gives the answer.
    #[track_caller]
    pub fn join(&mut self, user: &str, room: &Value) -> Value {
        let password = crate::password_of(user);
        let auth = json!({ "username": user, "password": password, "room": room });
        self.emit("auth", &auth);
        self.expect("auth")
    }

    /// Leaves.
    pub fn close(&self) {
        self.driver
            .command(&json!({ "client": self.number, "close": true }));
    }

    /// What happens next must be an event called `name`; gives its data.
    #[track_caller]
    pub fn expect(&mut self, name: &str) -> Value {
        let said = self.next();
        assert_eq!(said["happened"], "event", "{said}");
        assert_eq!(said["name"], name, "{said}");
        said["arguments"][0].clone()
    }

    /// What happens next, of what is no upgrade, must be this; gives all that is said of it.
    #[track_caller]
    pub fn happens(&mut self, what: &str) -> Value {
        let said = self.next();
        assert_eq!(said["happened"], what, "{said}");
        said
    }

    /// The next of what happens that is so; what comes before it is passed over.
    #[track_caller]
    pub fn happens_at_last(&mut self, what: &str) -> Value {
        self.find(what, |said| said["happened"] == what)
    }

    /// Waits until the client goes on by WebSocket, whatever else happened or happens.
    #[track_caller]
    pub fn upgraded(&mut self) {
        let number = self.number;
        let lines = &self.driver.lines;
        let upgraded = lines.wait(PATIENCE, |lines| {
            let mut lines = lines.iter();
            lines.find_map(|said| {
                (said["client"] == number && said["happened"] == "upgraded").then_some(())
            })
        });
        assert!(upgraded.is_some(), "no upgrade within {PATIENCE:?}");
    }

    /// Nothing may have been sent to this client: an answer to a question asked now is next.
    #[track_caller]
    pub fn expect_nothing(&mut self) {
        // Not a ping, which the older clients keep for themselves.
        self.emit("who", &Value::Null);
        self.expect("who");
    }

    #[track_caller]
    fn next(&mut self) -> Value {
        self.find("anything", |said| said["happened"] != "answered")
    }

    /// The next line of this client that is so; those before it are passed over.
    #[track_caller]
    fn find(&mut self, what: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let (number, read) = (self.number, self.read);
        let found = self.driver.lines.wait(PATIENCE, |lines| {
            let mut unread = lines.iter().enumerate().skip(read);
            unread.find_map(|(place, said)| {
                let is_own = said["client"] == number && said["happened"] != "upgraded";
                (is_own && is_wanted(said)).then(|| (place, said.clone()))
            })
        });
        let Some((place, said)) = found else {
            panic!("{what} did not come to client {number} within {PATIENCE:?}");
        };
        if said["happened"] != "answered" {
            self.read = place + 1;
        }
        said
    }
}
