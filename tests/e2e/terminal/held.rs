//! A message that waits for a moderator, through both binaries: from one terminal to the other.

use chat_tests::{Key, Server, Terminal};

use super::{hear, order};

#[test]
fn a_moderator_lets_a_message_through_and_its_authors_terminal_shows_it_as_sent() {
    let server = Server::start();
    let mut owner = Terminal::open(&server, "owner", &["stream"]);
    owner.wait_until_joined();
    let mut bob = Terminal::open(&server, "bob", &["stream"]);
    bob.wait_until_joined();
    order(&mut owner, "/filter -h link -- links wait");
    hear(&mut owner, "messages with `link` are held");
    owner.enter("/filters");
    owner.wait_for("the list", |screen| {
        screen.shows(" Blocked in stream: 1") && screen.shows("held        link (links wait)")
    });
    owner.key(Key::Escape);
    owner.wait_for("the room", |screen| !screen.shows(" Blocked in stream"));
    bob.enter("my link");
    bob.wait_for_text("a moderator must approve this first: links wait");
    hear(&mut owner, "held 1: bob: my link (link: links wait)");
    order(&mut owner, "/allow 1");
    hear(&mut owner, "bob's message was let through");
    bob.wait_for("the message as sent", |screen| {
        screen.shows("my link") && !screen.shows("must approve")
    });
    bob.enter("a second link");
    hear(&mut owner, "held 2: bob: a second link");
    order(&mut owner, "/deny not here");
    bob.wait_for_text("a moderator rejected your message");
    order(&mut owner, "/vip bob");
    owner.wait_for_text("bob is a VIP now");
}
