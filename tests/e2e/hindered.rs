//! A database that can't be written to for a while: what happens meanwhile, and that the server
//! recovers by itself, also where nobody comes to post.

use chat_tests::{RawClient, Server};
use rusqlite::Connection;
use serde_json::json;

use crate::rig;
use crate::support::{eventually, is_well, whole_log};

/// Hinders a server, sees that it refuses and shows nothing, and lets it go. From then on nobody
/// posts until it says that it is well.
#[track_caller]
fn recovers_from<H>(hinder: impl FnOnce(&Server) -> H, release: impl FnOnce(&Server, H)) {
    let server = Server::start_as(rig::setup(&[]).outliving_file_limit());
    let mut alice = RawClient::join(&server, "alice", "stream");
    let mut bob = RawClient::join(&server, "bob", "stream");
    alice.post("before");
    bob.expect("message");
    assert!(is_well(&server));

    let hindrance = hinder(&server);
    alice.send("message", json!({ "content": "now", "nonce": "n" }));
    let refusal = alice.expect_cerror(503, Some("message"));
    assert_eq!(refusal["nonce"], "n");
    assert!(!is_well(&server));
    // What is stored can still be read.
    assert_eq!(whole_log(&mut bob).len(), 1);

    release(&server, hindrance);
    eventually(|| is_well(&server).then_some(()));
    bob.expect_nothing();
    // It was not stored, so it is no retry: it gets the next position.
    alice.send("message", json!({ "content": "now", "nonce": "n" }));
    assert_eq!(alice.expect("message")["seq"], 2);
    assert_eq!(bob.expect("message")["content"], "now");
    assert_eq!(whole_log(&mut bob).len(), 2);
}

#[test]
fn a_full_disk_that_has_room_again_is_noticed_without_a_message() {
    recovers_from(
        |server| server.limit_files(Some(4096)),
        |server, ()| server.limit_files(None),
    );
}

#[test]
fn the_end_of_another_process_lock_is_noticed_without_a_message() {
    recovers_from(
        |server| {
            let connection = Connection::open(server.database()).unwrap();
            connection.execute_batch("BEGIN IMMEDIATE").unwrap();
            connection
        },
        |_, connection| connection.execute_batch("ROLLBACK").unwrap(),
    );
}
