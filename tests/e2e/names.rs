//! Names and passwords in all their spellings, and names that would be taken for others.

use std::fs;

use chat_tests::{ClientSetup, RawClient, Server, password_of};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::{operate, operate_with, refused, said, said_no};

const COMPOSED: &str = "p\u{e4}sswort-gut";
const DECOMPOSED: &str = "pa\u{308}sswort-gut";

fn login(name: &str, password: &str) -> Value {
    json!({ "username": name, "password": password, "room": "stream" })
}

#[test]
fn a_password_is_one_on_every_keyboard() {
    let server = Server::start();
    RawClient::connect(&server).auth_with(login("alice", COMPOSED));
    RawClient::connect(&server).auth_with(login("alice", DECOMPOSED));
    let (syllable, parts) = ("\u{ac00}", "\u{1100}\u{1161}");
    RawClient::connect(&server).auth_with(login(syllable, &format!("{syllable}-secret")));
    let again = login(parts, &format!("{parts}-secret"));
    let again = RawClient::connect(&server).auth_with(again);
    assert_eq!(again["username"], syllable);
    let mut bob = RawClient::connect(&server);
    let odd = login("bob", "with\ta tab");
    refused(&mut bob, 400, "auth", odd, "can't contain U+0009");
    assert_eq!(said(&server, &["user", "list"]), "alice\n\u{ac00}");
    let file = server.data().join("password");
    fs::write(&file, format!("\u{feff}{DECOMPOSED}\r\n")).unwrap();
    let added = operate_with(
        &server,
        &["user", "add", "carol"],
        &format!("\u{feff}{COMPOSED}\r\n"),
    );
    assert_eq!(added.status.code(), Some(0), "{}", added.error);
    let mut carol = ClientSetup::new(server.address(), "carol", &["stream"])
        .without_password()
        .argument("--password-file")
        .argument(file.to_str().unwrap())
        .start();
    carol.wait_until_joined();
    carol.enter("here");
    let refused = operate_with(&server, &["user", "passwd", "carol"], "a\u{200b}b\n");
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.error.contains("U+200B"), "{}", refused.error);
}

#[test]
fn a_name_is_compared_as_a_whole_and_signs_of_ranks_are_not_taken() {
    let server = Server::start();
    let odysseus = "\u{39f}\u{394}\u{3a5}\u{3a3}\u{3a3}\u{395}\u{3a5}\u{3a3}";
    let small = "\u{3bf}\u{3b4}\u{3c5}\u{3c3}\u{3c3}\u{3b5}\u{3c5}\u{3c2}";
    RawClient::connect(&server).auth_with(login(odysseus, "a-secret-word"));
    let again = RawClient::connect(&server).auth_with(login(small, "a-secret-word"));
    assert_eq!(again["username"], odysseus);
    let mut client = RawClient::connect(&server);
    for name in [
        "bob@",
        "+bob",
        "bob\u{ff20}",
        "bob@\u{301}",
        "bob+\u{338}",
        "\u{323}@bob",
        "bob\u{1029b}",
    ] {
        let data = login(name, "a-secret-word");
        refused(&mut client, 403, "auth", data, "the sign of a rank");
    }
    client.auth_with(login("bob@example.org", "a-secret-word"));
}

#[test]
fn nobody_registers_a_name_that_looks_like_anothers() {
    let mut server = Server::start();
    let owner = RawClient::join(&server, "torn", "stream");
    let mut client = RawClient::connect(&server);
    let deceiving = ["t\u{43e}rn", "tom", "\u{422}ORN"];
    for name in deceiving {
        let data = login(name, "a-secret-word");
        refused(&mut client, 403, "auth", data, "looks like another user's");
    }
    // Of somebody who is a user everywhere, plain letters may look alike.
    RawClient::join(&server, "corn", "stream");
    client.auth_with(login("com", "a-secret-word"));
    drop(owner);
    let add = |server: &Server, name| {
        let added = operate_with(server, &["user", "add", name], "a-secret-word\n");
        assert_eq!(added.status.code(), Some(0), "{}", added.error);
    };
    add(&server, deceiving[0]);
    RawClient::connect(&server).auth_with(login(deceiving[0], "a-secret-word"));
    server.stop();
    add(&server, deceiving[1]);
    server.restart();
    RawClient::connect(&server).auth_with(login(deceiving[1], "a-secret-word"));
}

#[test]
fn spellings_of_a_rooms_name_are_one_room() {
    let mut server = Server::start();
    let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}");
    let mut alice = RawClient::join(&server, "alice", composed);
    let mut bob = RawClient::connect(&server);
    let spelled = format!(" {decomposed}\u{3000}");
    let entered = bob.auth("bob", &spelled);
    assert_eq!(entered["room"], composed);
    assert_eq!(entered["accessLevel"], 3);
    let message = bob.post("hello");
    assert_eq!(message["room"], composed);
    assert_eq!(alice.expect("message")["id"], message["id"]);
    said_no(
        &server,
        &["room", "add", decomposed],
        "there is already a room",
    );
    said(&server, &["mod", "add", &spelled, "bob"]);
    bob.expect("setMod");
    said(&server, &["filter", "add", decomposed, "bad"]);
    assert!(said(&server, &["filter", "list", &spelled]).contains("bad"));
    said(&server, &["ban", "add", decomposed, "bob"]);
    assert!(said(&server, &["ban", "list", decomposed]).contains("bob"));
    assert!(said(&server, &["mod", "list", decomposed]).contains("alice"));
    assert!(said(&server, &["audit", "--room", decomposed]).contains("ban bob"));
    assert!(said(&server, &["room", "export", decomposed]).contains("hello"));
    let mut nobody = RawClient::connect(&server);
    let data = json!({ "username": "dave", "password": password_of("dave"), "room": "\u{200b}" });
    refused(&mut nobody, 400, "auth", data, "`room` is empty");
    assert_eq!(
        operate(&server, &["room", "add", "\u{200b}"]).status.code(),
        Some(1)
    );
    server.stop();
    said_no(&server, &["room", "add", "\u{200b}"], "is empty");
    said(&server, &["filter", "add", decomposed, "worse"]);
    assert!(said(&server, &["filter", "list", composed]).contains("worse"));
    for spelled in [decomposed, " caf\u{e9}"] {
        let delete = ["room", "delete", spelled, "--yes"];
        said_no(&server, &delete, "did you mean \"caf\\u{e9}\"?");
    }
    said(&server, &["room", "delete", composed]);
    assert_eq!(said(&server, &["room", "list"]), "");
}

#[test]
fn a_room_of_exactly_the_name_that_is_given_wins() {
    let mut server = Server::start();
    let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}");
    RawClient::join(&server, "alice", composed).post("first");
    server.stop();
    // As an older server made them.
    let connection = Connection::open(server.database()).unwrap();
    let rename = format!(
        "UPDATE rooms SET name = '{decomposed}'; UPDATE ranks SET room = '{decomposed}';
         UPDATE founded_rooms SET room = '{decomposed}';
         INSERT INTO rooms (name, epoch, last_seq) VALUES ('\u{200b}', 'e', 0);"
    );
    connection.execute_batch(&rename).unwrap();
    connection.close().unwrap();
    server.restart();
    let mut alice = RawClient::connect(&server);
    let entered = alice.auth("alice", decomposed);
    assert_eq!(
        (&entered["room"], &entered["accessLevel"]),
        (&decomposed.into(), &0.into())
    );
    let mut bob = RawClient::join(&server, "bob", composed);
    assert_eq!(bob.post("second")["room"], composed);
    alice.expect_nothing();
    assert_eq!(said(&server, &["room", "list"]).lines().count(), 3);
    assert!(said(&server, &["room", "export", decomposed]).contains("first"));
    assert!(said(&server, &["room", "export", composed]).contains("second"));
    server.stop();
    for room in [decomposed, "\u{200b}"] {
        said(&server, &["room", "delete", room]);
    }
    assert!(said(&server, &["room", "list"]).ends_with(composed));
}

#[test]
fn a_room_from_before_spellings_were_one_is_found_by_all_of_them() {
    let mut server = Server::start();
    RawClient::join(&server, "alice", "live").post("first");
    server.stop();
    // As an older server made it, and the migration noted it.
    let connection = Connection::open(server.database()).unwrap();
    let rename = "UPDATE rooms SET name = 'live '; UPDATE ranks SET room = 'live ';
         UPDATE founded_rooms SET room = 'live ';
         INSERT INTO odd_rooms (room, plain) VALUES ('live ', 'live');";
    connection.execute_batch(rename).unwrap();
    connection.close().unwrap();
    server.restart();
    for (user, spelled) in [("bob", "live"), ("carl", " live"), ("dan", "live ")] {
        let entered = RawClient::connect(&server).auth(user, spelled);
        let place = (&entered["room"], &entered["accessLevel"]);
        assert_eq!(place, (&"live ".into(), &3.into()));
    }
    for stopped in [false, true] {
        if stopped {
            server.stop();
        }
        for spelled in ["live", "live ", " live"] {
            said_no(&server, &["room", "add", spelled], "there is already");
            assert!(said(&server, &["room", "export", spelled]).contains("first"));
            assert!(said(&server, &["mod", "list", spelled]).contains("alice"));
        }
    }
    assert_eq!(said(&server, &["room", "list"]).lines().count(), 1);
    said_no(
        &server,
        &["room", "delete", "live", "--yes"],
        "did you mean \"live \"?",
    );
    said(&server, &["room", "delete", "live ", "--yes"]);
    assert_eq!(said(&server, &["room", "list"]), "");
}

#[test]
fn what_shows_nothing_is_empty_and_white_space_stays() {
    let server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    for nothing in [
        "\u{200b}",
        "\u{3164}\u{2800}",
        " \u{fe0f}\u{e0041} ",
        "\u{301}",
        "\u{e34}",
        "\u{20dd}",
    ] {
        refused(
            &mut alice,
            400,
            "message",
            json!({ "content": nothing }),
            "`content` is empty",
        );
    }
    let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}";
    assert_eq!(alice.post(family)["content"], family);
    alice.send(
        "message",
        json!({ "content": "one\ttwo\r\nthree\u{2028}four" }),
    );
    assert_eq!(alice.expect("message")["content"], "one two\nthree\nfour");
    RawClient::join(&server, "bob", "stream");
    alice.send("ban", json!({ "username": "bob", "reason": "\u{200b}" }));
    alice.expect("ban");
    let mut bob = RawClient::connect(&server);
    let data = json!({ "username": "bob", "password": password_of("bob"), "room": "stream" });
    bob.send("auth", data);
    let words = bob.expect_cerror(403, Some("auth"));
    assert_eq!(words["message"], "you are banned from this room");
}

#[test]
fn a_word_is_blocked_where_no_blanks_part_words() {
    let server = Server::start();
    let mut alice = RawClient::join(&server, "alice", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    for word in ["\u{5fae}\u{4fe1}", "iPhone"] {
        alice.send("addFilter", json!({ "pattern": word }));
        alice.expect("addFilter");
    }
    for content in [
        "\u{52a0}\u{5fae}\u{4fe1}\u{53f7}",
        "\u{4e70}iphone\u{624b}\u{673a}",
    ] {
        bob.send("message", json!({ "content": content }));
        bob.expect_cerror(403, Some("message"));
    }
    bob.post("\u{4e70}iPhones");
}
