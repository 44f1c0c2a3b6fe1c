//! How the terminal client lets its user in, and what it does with secrets.

use std::os::unix::fs::PermissionsExt;

use std::io::Read;
use std::net::{Ipv6Addr, TcpListener, TcpStream, ToSocketAddrs};

use chat_tests::{ClientSetup, Key, RawClient, Server, password_of};
use serde_json::json;

use crate::support::operate_with;

/// What the masked prompt asks for.
const PROMPT: &str = "assword";

/// The server's own words for a wrong password.
fn words_of_refusal(server: &Server) -> String {
    let mut client = RawClient::connect(server);
    let wrong = json!({ "username": "alice", "password": "guess", "room": "stream" });
    client.send("auth", wrong);
    let refusal = client.expect_cerror(401, Some("auth"));
    refusal["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_wrong_password_returns_to_the_prompt_with_the_servers_words() {
    let server = Server::start();
    drop(RawClient::join(&server, "alice", "stream"));
    let words = words_of_refusal(&server);
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]).without_password();
    let mut alice = setup.start();
    alice.wait_for_text(PROMPT);
    alice.enter("wrong-guess");
    let screen = alice.wait_for_text(&words);
    assert!(screen.shows(PROMPT), "{screen:?}");
    alice.enter(&password_of("alice"));
    alice.wait_until_joined();
    let transcript = alice.transcript();
    for secret in ["wrong-guess", &password_of("alice")] {
        assert!(!transcript.contains(secret), "{secret} was on the screen");
    }
    // And what is typed from now on is talk again.
    let mut bob = RawClient::join(&server, "bob", "stream");
    alice.enter("let in");
    assert_eq!(bob.expect("message")["content"], "let in");
}

#[test]
fn a_wrong_password_from_the_environment_leads_to_the_prompt_too() {
    let server = Server::start();
    drop(RawClient::join(&server, "alice", "stream"));
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]).password("guess");
    let mut alice = setup.start();
    let words = words_of_refusal(&server);
    let screen = alice.wait_for_text(&words);
    assert!(screen.shows(PROMPT), "{screen:?}");
    alice.enter(&password_of("alice"));
    alice.wait_until_joined();
}

#[test]
fn a_password_being_typed_is_masked() {
    let server = Server::start();
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]).without_password();
    let mut alice = setup.start();
    let empty = alice.wait_for_text(PROMPT);
    alice.type_text("zqxj");
    alice.wait_for("a trace of what was typed", |screen| *screen != empty);
    alice.type_text("vwk");
    alice.enter("");
    // The name is new, and one of the two may be misspelt.
    alice.wait_for_text("Password again");
    alice.enter("zqxjvwk");
    alice.wait_until_joined();
    for secret in ["zqxj", "vwk"] {
        assert!(!alice.transcript().contains(secret));
    }
}

#[test]
fn a_password_file_lets_its_user_in() {
    let server = Server::start();
    drop(RawClient::join(&server, "alice", "stream"));
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]).without_password();
    let file = setup.home().join("password");
    std::fs::write(&file, format!("{}\n", password_of("alice"))).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let setup = setup
        .argument("--password-file")
        .argument(file.to_str().unwrap());
    setup.start().wait_until_joined();
}

#[test]
fn a_password_changed_elsewhere_is_asked_for_once_for_all_rooms() {
    let server = Server::start();
    let rooms = ["one", "two", "three", "four", "five", "six"];
    let setup = ClientSetup::new(server.address(), "alice", &rooms);
    let mut alice = setup.start();
    for place in '1'..='6' {
        alice.key(Key::Alt(place));
        alice.wait_until_joined();
    }
    let changed = operate_with(&server, &["user", "passwd", "alice"], "changed\n");
    assert_eq!(changed.status.code(), Some(0), "{}", changed.error);
    alice.wait_for_text(PROMPT);
    // Six rooms with a wrong one would be more than the server takes in a minute.
    alice.enter("wrong-guess");
    alice.wait_for_text(&words_of_refusal(&server));
    alice.enter("changed");
    for place in '1'..='6' {
        alice.key(Key::Alt(place));
        alice.wait_until_joined();
    }
}

#[test]
fn a_server_that_takes_no_password_for_now_is_waited_for() {
    // So that this machine has an address of its own, which is locked out.
    let server = Server::start_with(&["--trusted-proxy", "127.0.0.1"]);
    drop(RawClient::join(&server, "alice", "stream"));
    let is_refused = || {
        let mut client = RawClient::connect(&server);
        let wrong = json!({ "username": "alice", "password": "guess", "room": "stream" });
        client.send("auth", wrong);
        client.expect("cerror")["Code"] == 429
    };
    assert!((0..10).any(|_| is_refused()));
    let alice = ClientSetup::new(server.address(), "alice", &["stream"]).start();
    let screen = alice.wait_for_text("reconnecting in");
    assert!(screen.shows("couldn't join yet"), "{screen:?}");
    assert!(!screen.shows(PROMPT), "{screen:?}");
}

/// `localhost` is two addresses on most machines. Where it is one, this has nothing to show.
#[test]
fn an_address_that_takes_nobody_does_not_keep_the_user_out() {
    let server = Server::start();
    let port = server.address().port();
    let mut found = ("localhost", port).to_socket_addrs().unwrap();
    if !found.any(|address| address.ip() == Ipv6Addr::LOCALHOST) {
        let why = "localhost has no IPv6 address";
        crate::support::skip("the test of several addresses", why);
        return;
    }
    // Takes connections and says nothing.
    let silent = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).unwrap();
    let visitor = std::thread::spawn(move || silent.accept().map(|(stream, _)| stream));
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    let alice = setup.server(&format!("ws://localhost:{port}")).start();
    alice.wait_until_joined();
    // It may have come in second; then nobody visited the silent one.
    drop(TcpStream::connect((Ipv6Addr::LOCALHOST, port)));
    let mut begun = visitor.join().unwrap().unwrap();
    begun.read_to_end(&mut Vec::new()).ok();
}
