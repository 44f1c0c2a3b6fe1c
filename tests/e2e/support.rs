//! What several topics need: readings of the contract's data.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chat_tests::{Finished, PATIENCE, RawClient, RawSocket, Server, password_of};
use serde_json::{Value, json};

/// Says on standard error that the test of `what` was not made, and why.
#[expect(
    clippy::print_stderr,
    reason = "a test that was not made must not look like one that passed"
)]
pub(crate) fn skip(what: &str, why: &str) {
    eprintln!("skipped: {what}, because {why}");
}

/// Sends `event` with `data`, and expects it to be refused with `code`, in words that hold `names`.
#[track_caller]
pub(crate) fn refused(client: &mut RawClient, code: u16, event: &str, data: Value, names: &str) {
    let sent = data.to_string();
    client.send(event, data);
    let refusal = client.expect_cerror(code, Some(event));
    let message = refusal["message"].as_str().unwrap();
    assert!(
        message.contains(names),
        "`{message}` does not name `{names}`: {event} {sent}"
    );
}

/// Runs `chat-server` with `arguments` for the data of `server`, to its end.
#[track_caller]
pub(crate) fn operate(server: &Server, arguments: &[&str]) -> Finished {
    operate_with(server, arguments, "")
}

/// The same with `input`.
#[track_caller]
pub(crate) fn operate_with(server: &Server, arguments: &[&str], input: &str) -> Finished {
    let data = server.data();
    let mut all = arguments.to_vec();
    all.extend(["--data", data.to_str().unwrap()]);
    Server::run(&all, input)
}

/// The same, which must succeed; gives what it said.
#[track_caller]
pub(crate) fn said(server: &Server, arguments: &[&str]) -> String {
    let finished = operate(server, arguments);
    assert_eq!(finished.status.code(), Some(0), "{}", finished.error);
    finished.out
}

/// Gives the name of a removed account to another one with the same password, as operators do.
#[track_caller]
pub(crate) fn hand_out(server: &Server, user: &str) {
    let typed = format!("{}\n", password_of(user));
    let added = operate_with(server, &["user", "add", user], &typed);
    assert_eq!(added.status.code(), Some(0), "{}", added.error);
}

/// The same, which must fail, in words that hold `names`.
#[track_caller]
pub(crate) fn said_no(server: &Server, arguments: &[&str], names: &str) {
    let finished = operate(server, arguments);
    assert_eq!(finished.status.code(), Some(1), "{}", finished.out);
    let error = finished.error;
    assert!(error.contains(names), "`{error}` does not name `{names}`");
}

/// A connection as a proxy makes it for a client at `address`.
#[track_caller]
pub(crate) fn connect_from(server: &Server, address: &str) -> RawClient {
    let mut client = RawClient::open_for(server.address(), address).unwrap();
    client.expect("connection");
    client
}

/// The same, once `user` is in the room `stream`.
#[track_caller]
pub(crate) fn enter_from(server: &Server, user: &str, address: &str) -> RawClient {
    let mut client = connect_from(server, address);
    client.auth(user, "stream");
    client
}

/// The names of an object's members, sorted.
#[track_caller]
pub(crate) fn names(data: &Value) -> Vec<&str> {
    data.as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

/// Milliseconds since 1970, UTC.
pub(crate) fn now() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since_1970.as_millis()).unwrap()
}

/// Posts `contents` without waiting in between; gives what came back, in order.
#[track_caller]
pub(crate) fn post_all(
    client: &mut RawClient,
    contents: impl IntoIterator<Item = String>,
) -> Vec<Value> {
    let contents: Vec<String> = contents.into_iter().collect();
    for content in &contents {
        client.send("message", json!({ "content": content }));
    }
    let answers: Vec<Value> = contents.iter().map(|_| client.expect("message")).collect();
    for (content, answer) in contents.iter().zip(&answers) {
        assert_eq!(answer["content"], content.as_str());
    }
    answers
}

/// `message 1` to `message N`.
pub(crate) fn numbered(count: usize) -> impl Iterator<Item = String> {
    (1..=count).map(|number| format!("message {number}"))
}

/// The entries of a `history` answer.
#[track_caller]
pub(crate) fn entries(history: &Value) -> &[Value] {
    history["entries"].as_array().unwrap()
}

/// The positions of a `history` answer's entries.
#[track_caller]
pub(crate) fn seqs(history: &Value) -> Vec<u64> {
    let entries = entries(history).iter();
    entries
        .map(|entry| entry["data"]["seq"].as_u64().unwrap())
        .collect()
}

/// The texts of a `history` answer's messages.
#[track_caller]
pub(crate) fn contents(history: &Value) -> Vec<&str> {
    let entries = entries(history).iter();
    entries
        .filter_map(|entry| entry["data"]["content"].as_str())
        .collect()
}

/// Reads the whole log, oldest first, by asking for one page after the other.
#[track_caller]
pub(crate) fn whole_log(client: &mut RawClient) -> Vec<Value> {
    let mut log = Vec::new();
    let mut after = 0;
    loop {
        let page = client.history(json!({ "after": after, "limit": 200 }));
        log.extend_from_slice(entries(&page));
        if page["complete"] == true {
            return log;
        }
        after = *seqs(&page).last().unwrap();
    }
}

/// Whether the server says that it is well; what it says otherwise is 503.
#[track_caller]
pub(crate) fn is_well(server: &Server) -> bool {
    let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = RawSocket::try_request(server.address(), request);
    match answer.get(..13) {
        Some("HTTP/1.1 200 ") => true,
        Some("HTTP/1.1 503 ") => false,
        _ => panic!("no health in {answer:?}"),
    }
}

/// Asks until there is an answer, and fails where none comes in time. For states that nothing
/// announces.
#[track_caller]
pub(crate) fn eventually<T>(ask: impl FnMut() -> Option<T>) -> T {
    eventually_within(PATIENCE, ask)
}

/// The same with a deadline of its own.
#[track_caller]
pub(crate) fn eventually_within<T>(patience: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(
            Instant::now() < deadline,
            "what was waited for did not come"
        );
        // What is asked needs the processor more than who asks.
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Tells threads that it is over, also where the test fails: a scope waits for them.
pub(crate) struct Over<'a>(pub(crate) &'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
