//! A message that waits for a moderator, through both binaries: from one terminal to the other.

use chat_tests::{Server, Terminal};

#[test]
fn a_moderator_lets_a_message_through_and_its_authors_terminal_shows_it_as_sent() {
    let server = Server::start();
    let mut owner = Terminal::open(&server, "owner", &["stream"]);
    owner.wait_until_joined();
    let mut bob = Terminal::open(&server, "bob", &["stream"]);
    bob.wait_until_joined();
    owner.enter("/filter -h link -- links wait");
    owner.wait_for_text("- messages with `link` are held");
    owner.enter("/filters");
    owner.wait_for_text("- held: link (links wait)");
    bob.enter("my link");
    bob.wait_for_text("a moderator must approve this first: links wait");
    owner.wait_for_text("held 1: bob: my link (link: links wait)");
    owner.enter("/allow 1");
    owner.wait_for_text("bob's message was let through");
    bob.wait_for("the message as sent", |screen| {
        screen.shows("my link") && !screen.shows("must approve")
    });
    bob.enter("a second link");
    owner.wait_for_text("held 2: bob: a second link");
    owner.enter("/deny not here");
    bob.wait_for_text("a moderator rejected your message");
    owner.enter("/vip bob");
    owner.wait_for_text("- bob is a VIP now");
}
