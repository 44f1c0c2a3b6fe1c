//! A room in which many people speak all the time: the real server, a connection for each of them, and
//! an owner who sees and orders what a test needs.
//!
//! Owns who speaks, and what became of each message as the owner's connection tells it. Must not know
//! any screen.

use std::collections::HashMap;
use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::raw_socket::{Opcode, frame};
use crate::watched::{PATIENCE, Watched};
use crate::{RawClient, Server, password_of};

/// The room's name.
const ROOM: &str = "stream";
/// What is said, behind a message's number.
const WORDS: [&str; 12] = [
    "gg",
    "what a run",
    "he did it again, first try, no way",
    "lol",
    "did you see that jump? insane, completely insane, I have never seen anything like it before",
    "すごい、もう一回見たい",
    "🔥🔥🔥",
    "missed it by two seconds again",
    "song name please",
    "👍🏽 nice one",
    "is this live",
    "大家好",
];

/// A message that somebody in the room posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// The server's name for it.
    pub id: String,
    /// Who posted it.
    pub author: String,
}

#[derive(Debug, Default)]
struct Seen {
    /// By the number at its beginning.
    posted: HashMap<u32, Posted>,
    deleted: Vec<String>,
    /// What moderators did, as the server tells it.
    audit: Vec<Value>,
    /// Answers to what the owner asked, the oldest first.
    answers: Vec<(String, Value)>,
}

/// The people who can speak, by their names.
type Voices = Arc<Mutex<HashMap<String, TcpStream>>>;

/// The room.
pub struct BusyRoom {
    server: Server,
    seen: Arc<Watched<Seen>>,
    owner: TcpStream,
    voices: Voices,
    is_over: Arc<AtomicBool>,
    talk: Option<JoinHandle<()>>,
}

impl BusyRoom {
    /// A room with `people`, of whom `moderator` is none yet but may order; the owner is there too.
    #[track_caller]
    pub fn open(people: &[&str], moderator: &str) -> Self {
        let server = Server::start_without_limits();
        let mut owner = RawClient::connect(&server);
        owner.auth_with(json!({
            "username": "owner", "password": password_of("owner"), "room": ROOM,
            "capabilities": ["moderation"],
        }));
        RawClient::join(&server, moderator, ROOM);
        let seen = Arc::new(Watched::<Seen>::default());
        let room = Self {
            server,
            owner: owner.writer(),
            voices: Voices::default(),
            is_over: Arc::default(),
            talk: None,
            seen: Arc::clone(&seen),
        };
        std::thread::spawn(move || owner.follow(|text| note(&seen, text)));
        room.order("setMod", json!({ "username": moderator }), "setMod");
        for name in people {
            room.join(name);
        }
        room
    }

    /// The server.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The room's name.
    pub fn name(&self) -> &'static str {
        ROOM
    }

    /// Lets one more in, who speaks only when told to.
    #[track_caller]
    pub fn join(&self, name: &str) {
        let client = RawClient::join(&self.server, name, ROOM);
        self.voices().insert(name.to_owned(), client.writer());
        std::thread::spawn(move || client.follow(|_| ()));
    }

    /// From now on, those who are here speak in turn, `rate` messages a second in all, each beginning
    /// with a number of its own.
    pub fn begin_talk(&mut self, rate: u32) {
        let names: Vec<String> = self.voices().keys().cloned().collect();
        let (voices, is_over) = (Arc::clone(&self.voices), Arc::clone(&self.is_over));
        let pause = Duration::from_secs(1) / rate;
        self.talk = Some(std::thread::spawn(move || {
            let began = Instant::now();
            for number in 0.. {
                let due = began + pause * number;
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                if is_over.load(Ordering::Acquire) {
                    return;
                }
                let name = &names[number as usize % names.len()];
                let words = WORDS[number as usize * 5 % WORDS.len()];
                say(&voices, name, &format!("{} {words}", numbered(number)));
            }
        }));
    }

    /// `name` says `text`.
    pub fn say(&self, name: &str, text: &str) {
        say(&self.voices, name, text);
    }

    /// The message that begins with this number; waits until the owner has seen it.
    #[track_caller]
    pub fn posted(&self, number: u32) -> Posted {
        let found = self
            .seen
            .wait(PATIENCE, |seen| seen.posted.get(&number).cloned());
        match found {
            Some(posted) => posted,
            None => panic!("nobody posted number {number}"),
        }
    }

    /// How many messages have been posted.
    pub fn posted_count(&self) -> usize {
        self.seen.lock().posted.len()
    }

    /// Messages that were deleted so far, by their ids, the first first.
    pub fn deleted(&self) -> Vec<String> {
        self.seen.lock().deleted.clone()
    }

    /// Waits until `count` messages have been deleted; gives them all.
    #[track_caller]
    pub fn wait_for_deletions(&self, count: usize) -> Vec<String> {
        let deleted = self.seen.wait(PATIENCE, |seen| {
            (seen.deleted.len() >= count).then(|| seen.deleted.clone())
        });
        deleted.unwrap_or_else(|| panic!("no {count} messages were deleted: {:?}", self.deleted()))
    }

    /// The owner sends `event`.
    #[track_caller]
    pub fn send(&self, event: &str, data: Value) {
        let text = json!({ "event": event, "data": data }).to_string();
        let written = { &self.owner }.write_all(&frame(Opcode::TEXT, text.as_bytes()));
        written.expect("the owner is connected");
    }

    /// The owner sends `event`, and gets the answer called `answer`.
    #[track_caller]
    pub fn order(&self, event: &str, data: Value, answer: &str) -> Value {
        self.seen.update(|seen| seen.answers.clear());
        self.send(event, data);
        let found = self.seen.wait(PATIENCE, |seen| {
            let mut answers = seen.answers.iter();
            answers
                .find(|(name, _)| name == answer || name == "cerror")
                .cloned()
        });
        match found {
            Some((name, data)) if name == answer => data,
            other => panic!("{event} was answered by {other:?}"),
        }
    }

    /// What moderators did until now: the server's lines, the first first.
    pub fn audit(&self) -> Vec<Value> {
        self.seen.lock().audit.clone()
    }

    /// Waits for lines behind the first `known`; gives them once `is_enough`.
    #[track_caller]
    pub fn wait_for_audit(&self, known: usize, is_enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let lines = self.seen.wait(PATIENCE, |seen| {
            let new = seen.audit.get(known..).unwrap_or_default();
            is_enough(new).then(|| new.to_vec())
        });
        lines.unwrap_or_else(|| {
            let audit = self.audit();
            panic!("too few lines of the audit: {:?}", audit.get(known..))
        })
    }

    fn voices(&self) -> std::sync::MutexGuard<'_, HashMap<String, TcpStream>> {
        self.voices.lock().expect("no holder of this lock panics")
    }
}

impl Drop for BusyRoom {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        if let Some(talk) = self.talk.take() {
            // A panic there was reported there.
            let _ = talk.join();
        }
        for voice in self.voices().values().chain([&self.owner]) {
            // It may be closed already.
            let _ = voice.shutdown(Shutdown::Both);
        }
    }
}

/// How a message with this number begins.
pub fn numbered(number: u32) -> String {
    format!("n{number:05}")
}

/// The number in a text that holds a message with one.
pub fn number_in(text: &str) -> Option<u32> {
    let mut words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.find_map(|word| match word.strip_prefix('n') {
        Some(digits) if digits.len() == 5 => digits.parse().ok(),
        _ => None,
    })
}

/// Who has left, or was thrown out, says nothing.
fn say(voices: &Voices, name: &str, text: &str) {
    let text = json!({ "event": "message", "data": { "content": text } }).to_string();
    let mut voices = voices.lock().expect("no holder of this lock panics");
    let written = voices
        .get(name)
        .map(|mut voice| voice.write_all(&frame(Opcode::TEXT, text.as_bytes())));
    if let Some(Err(_)) = written {
        voices.remove(name);
    }
}

/// What the owner sees.
fn note(seen: &Watched<Seen>, text: &str) {
    let Ok(Value::Object(mut event)) = serde_json::from_str(text) else {
        return;
    };
    let data = event.remove("data").unwrap_or_default();
    let name = event
        .get("event")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let text_of = |field: &str| data[field].as_str().unwrap_or_default().to_owned();
    seen.update(|seen| match name {
        "message" => {
            if let Some(number) = number_in(&text_of("content")) {
                let (id, author) = (text_of("id"), text_of("username"));
                seen.posted.insert(number, Posted { id, author });
            }
        }
        "audit" if data["live"] == true => {
            let entries = data["entries"].as_array();
            seen.audit.extend(entries.into_iter().flatten().cloned());
        }
        "deleteMessage" => seen.deleted.push(text_of("id")),
        other => seen.answers.push((other.to_owned(), data.clone())),
    });
}
