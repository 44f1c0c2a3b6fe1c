//! Writers that retry and readers that resume, while the server is killed again and again.
//!
//! Afterwards: every acknowledged message is in the log exactly once, whatever was shown is in the
//! log as it was shown, every reader's stream is the log without hole or double. Three kills by
//! default; `CHAT_CRASH_KILLS=50` for a long run.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use chat_tests::{RawClient, Server, password_of};
use serde_json::{Value, json};

use crate::support::{entries, eventually, whole_log};

const WRITERS: usize = 4;
const READERS: usize = 3;
const ROOM: &str = "stream";
/// What the last message of a run says: readers stop at it.
const THE_END: &str = "the end";

/// What all threads of a run know.
struct Run {
    address: SocketAddr,
    acknowledged: AtomicUsize,
    is_over: AtomicBool,
}

impl Run {
    /// Connects and authenticates, as often as it takes.
    fn enter(&self, user: &str, since: Option<Value>) -> RawClient {
        eventually(|| {
            let mut client = RawClient::open(self.address, "/").ok()?;
            let mut data = json!({
                "username": user, "password": password_of(user), "room": ROOM,
            });
            if let Some(since) = &since {
                data["since"] = since.clone();
            }
            client
                .try_next_event()
                .filter(|(event, _)| event == "connection")?;
            if !client.try_send("auth", data) {
                return None;
            }
            let (event, data) = client.try_next_event()?;
            assert_eq!(event, "auth", "{data}");
            Some(client)
        })
    }
}

/// Posts one message after the other, each with a nonce and until it is acknowledged; gives the
/// nonces with their positions.
fn write(run: &Run, user: &str) -> BTreeMap<String, u64> {
    let mut acknowledged = BTreeMap::new();
    let mut client = run.enter(user, None);
    for number in 0.. {
        let nonce = format!("{user}-{number}");
        let seq = loop {
            match post(&mut client, &nonce) {
                Some(seq) => break seq,
                None => client = run.enter(user, None),
            }
        };
        acknowledged.insert(nonce, seq);
        run.acknowledged.fetch_add(1, Ordering::Relaxed);
        if run.is_over.load(Ordering::Relaxed) {
            break;
        }
    }
    acknowledged
}

/// Posts `nonce` as a message and waits for its own copy; `None` where the connection ended.
fn post(client: &mut RawClient, nonce: &str) -> Option<u64> {
    if !client.try_send("message", json!({ "content": nonce, "nonce": nonce })) {
        return None;
    }
    loop {
        let (event, data) = client.try_next_event()?;
        assert_eq!(event, "message", "{data}");
        if data["nonce"] == nonce {
            return data["seq"].as_u64();
        }
    }
}

/// Follows the room from its start to the end of the run; gives every entry it was shown.
fn read(run: &Run, user: &str, epoch: &Value) -> Vec<Value> {
    let mut shown: Vec<Value> = Vec::new();
    loop {
        let since = json!({ "epoch": epoch, "seq": shown.len() });
        let mut client = run.enter(user, Some(since));
        while let Some((event, data)) = client.try_next_event() {
            if event == "history" {
                assert_eq!(data["recovered"], true, "the gap is small enough");
                shown.extend_from_slice(entries(&data));
            } else {
                shown.push(json!({ "event": event, "data": data }));
            }
            for (index, entry) in shown.iter().enumerate().rev().take(2) {
                assert_eq!(entry["data"]["seq"], index + 1, "a hole or a double");
            }
            if shown
                .last()
                .is_some_and(|last| last["data"]["content"] == THE_END)
            {
                return shown;
            }
        }
    }
}

/// Kills the server after a random number of further messages, again and again.
fn kill_again_and_again(server: &mut Server, run: &Run) {
    let kills: u64 = std::env::var("CHAT_CRASH_KILLS").map_or(3, |text| {
        text.parse().expect("CHAT_CRASH_KILLS is a number")
    });
    for _ in 0..kills {
        let more = 10 + RandomState::new().build_hasher().finish() % 150;
        let goal = run.acknowledged.load(Ordering::Relaxed) + more as usize;
        eventually(|| (run.acknowledged.load(Ordering::Relaxed) >= goal).then_some(()));
        server.kill();
        server.restart();
    }
}

#[test]
fn nothing_acknowledged_or_shown_is_lost_or_doubled_by_kills() {
    let mut server = Server::start_without_limits();
    let mut first = RawClient::join(&server, "first", ROOM);
    let epoch = first.history(json!({}))["epoch"].clone();
    let run = Arc::new(Run {
        address: server.address(),
        acknowledged: AtomicUsize::new(0),
        is_over: AtomicBool::new(false),
    });
    let spawn_writer = |number: usize| -> JoinHandle<_> {
        let run = Arc::clone(&run);
        std::thread::spawn(move || write(&run, &format!("writer{number}")))
    };
    let spawn_reader = |number: usize| -> JoinHandle<_> {
        let (run, epoch) = (Arc::clone(&run), epoch.clone());
        std::thread::spawn(move || read(&run, &format!("reader{number}"), &epoch))
    };
    let writers: Vec<_> = (0..WRITERS).map(spawn_writer).collect();
    let readers: Vec<_> = (0..READERS).map(spawn_reader).collect();

    kill_again_and_again(&mut server, &run);
    run.is_over.store(true, Ordering::Relaxed);
    let acknowledged: Vec<_> = writers
        .into_iter()
        .map(|writer| writer.join().unwrap())
        .collect();
    let mut last = RawClient::join(&server, "last", ROOM);
    last.post(THE_END);
    let log = whole_log(&mut last);

    for reader in readers {
        assert_eq!(
            reader.join().unwrap(),
            log,
            "what was shown is what is stored"
        );
    }
    for (nonce, seq) in acknowledged.into_iter().flatten() {
        let places: Vec<usize> = (0..log.len())
            .filter(|index| log[*index]["data"]["content"] == nonce)
            .collect();
        assert_eq!(places, [seq as usize - 1], "{nonce} is in the log once");
    }
}
