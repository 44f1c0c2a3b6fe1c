//! An evening in a room, through the real programs: who owns it, who keeps it in order, who comes
//! for trouble, and a restart in between.

use chat_tests::{Key, RawClient, Server, Terminal, password_of};
use serde_json::json;

use super::{hear, order, read_up_to};
use crate::support::{contents, refused};

fn sit_down(server: &Server, user: &str) -> Terminal {
    let terminal = Terminal::open(server, user, &["stream"]);
    terminal.wait_until_joined();
    terminal
}

#[test]
fn an_evening_in_order() {
    let mut server = Server::start();
    let mut alice = sit_down(&server, "alice");
    let mut carol = sit_down(&server, "carol");
    let mut troll = sit_down(&server, "troll");
    let mut dave = RawClient::join(&server, "dave", "stream");
    order(&mut alice, "/mod carol");
    hear(&mut carol, "you are a moderator now");

    troll.enter("buy followers");
    dave.expect("message");
    carol.wait_for_text("buy followers");
    troll.enter("/ban carol");
    hear(&mut troll, "/ban: only moderators can do that here");
    // It is not lost, and theirs to take out.
    troll.wait_for_text("troll> /ban carol");
    troll.key(Key::Control('u'));
    order(&mut carol, "/mute troll 10m calm down");
    troll.wait_for_text("you are muted for 10 min: calm down");
    troll.enter("you can't stop me");
    // It waits for the end of the mute.
    troll.wait_for_text("troll… you can't stop me");
    order(&mut carol, "/purge troll");
    assert_eq!(dave.expect("purge")["by"], "carol");
    for terminal in [&alice, &carol, &troll] {
        terminal.wait_for_text("[deleted by carol]");
    }
    order(&mut carol, "/ban troll 2h spam");
    troll.wait_for_text("not connected: banned: spam");
    read_up_to(&mut troll, "you were banned: spam");

    order(&mut alice, "/slow 100");
    alice.enter("good evening");
    assert_eq!(dave.expect("message")["content"], "good evening");
    dave.post("good evening, alice");
    refused(
        &mut dave,
        429,
        "message",
        json!({ "content": "and all" }),
        "slow",
    );
    server.stop();
    server.restart();
    let auth = json!({ "username": "troll", "password": password_of("troll"), "room": "stream" });
    let mut again = RawClient::connect(&server);
    refused(&mut again, 403, "auth", auth, "spam");

    carol.wait_until_joined();
    carol.enter("still here");
    alice.wait_for_text("still here");
    order(&mut carol, "/unban troll");
    read_up_to(&mut carol, "troll is no longer banned");
    let mut troll = RawClient::join(&server, "troll", "stream");
    troll.send("message", json!({ "content": "I am back" }));
    let mute = troll.expect("mute");
    assert_eq!(mute["reason"], "calm down", "a mute outlasts a ban");
    let said = ["good evening", "good evening, alice", "still here"];
    assert_eq!(contents(&troll.history(json!({}))), said);

    let data = server.data();
    let audit = Server::run(&["audit", "--data", data.to_str().unwrap()], "");
    let lines: Vec<&str> = audit.out.lines().collect();
    let ends = [
        "\talice\tsetMod carol",
        ": calm down",
        "\tcarol\tpurge troll",
        ": spam",
        "\talice\tsetRoom: slow mode 100 s",
        "\tcarol\tunban troll",
    ];
    assert_eq!(lines.len(), ends.len(), "{}", audit.out);
    for (line, end) in lines.into_iter().zip(ends) {
        assert!(line.ends_with(end), "{line:?} does not end with {end:?}");
    }
}
