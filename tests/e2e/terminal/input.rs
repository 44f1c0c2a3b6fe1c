//! What a terminal sends besides keys, and what is typed and pasted.

use chat_tests::{ClientSetup, Key, RawClient, Server, Terminal};

/// Answers that nobody asked for, or that come late.
const REPLIES: [&str; 14] = [
    "\x1b[?997;1n",
    "\x1b[?2026;2$y",
    "\x1b[>1;10;0c",
    "\x1b[?62;4c",
    "\x1b[?5u",
    "\x1b[I",
    "\x1b[<0;10;12M",
    "\x1b]11;rgb:1111/2222/3333\x07",
    "\x1b]11;rgb:1111/2222/3333\x1b\\",
    "\x1bP1$r0m\x1b\\",
    "\x1bP>|tmux 3.4\x1b\\",
    "\x1b_Gi=31;OK\x1b\\",
    "\x1b^private\x1b\\",
    "\x1bXstring\x1b\\",
];

#[track_caller]
fn hears(terminal: &mut Terminal, what: &str) {
    terminal.type_text("x");
    terminal.wait_for(what, |screen| {
        screen.rows.iter().any(|row| is_box(row, "x"))
    });
    terminal.key(Key::Control('c'));
    terminal.wait_for(what, |screen| screen.rows.iter().any(|row| row == "alice>"));
}

/// The input box with exactly `text` in it.
fn is_box(row: &str, text: &str) -> bool {
    let typed = row.strip_prefix("alice> ").unwrap_or_default();
    typed.split("  ").next() == Some(text)
}

#[test]
fn replies_of_the_terminal_are_no_keys_and_take_none() {
    let server = Server::start();
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    for reply in REPLIES {
        alice.type_text(reply);
        hears(&mut alice, reply);
        // In pieces: what was begun waits for the rest, but an ESC alone not for long.
        for at in 2..reply.len() {
            alice.type_text(&reply[..at]);
            alice.wait_until_read();
            alice.type_text(&reply[at..]);
        }
        hears(&mut alice, reply);
    }
    for unfinished in [
        "\x1b[?99",
        "\x1b]11;rgb",
        "\x1bP1$",
        "\x1b_G",
        "\x1b[[",
        "\x1bO",
    ] {
        alice.type_text("draft");
        alice.wait_for(unfinished, |screen| screen.shows("alice> draft"));
        alice.type_text(unfinished);
        alice.key(Key::Control('c'));
        alice.wait_for(unfinished, |screen| {
            screen.rows.iter().any(|row| row == "alice>")
        });
    }
    alice.key(Key::Control('d'));
    assert!(alice.exit_status().success());
    alice.expect_restored();
}

#[test]
fn the_keyboard_protocol_is_used_where_there_is_one_and_put_back() {
    let server = Server::start();
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    let asked = alice.transcript();
    assert!(asked.contains("\x1b[?u\x1b[c"), "asked for");
    assert!(!asked.contains("\x1b[>5u"), "not set unasked");
    alice.type_text("\x1b[?0u\x1b[?62c");
    // As a Cyrillic keyboard types it: text, then Ctrl+C, each with the end of the key.
    alice.type_text("x\x1b[120;1:3u");
    alice.wait_for_text("alice> x");
    alice.type_text("\x1b[1089::99;5u\x1b[1089::99;5:3u");
    alice.wait_for("an empty box", |screen| {
        screen.rows.iter().any(|row| row == "alice>")
    });
    assert!(alice.transcript().contains("\x1b[>5u"));
    alice.type_text("\x1b[100;5u");
    assert!(alice.exit_status().success());
    let transcript = alice.transcript();
    let (_, end) = transcript.rsplit_once("\x1b[>5u").unwrap();
    let (pop, leave) = (end.find("\x1b[<u"), end.find("\x1b[?1049l"));
    assert!(pop.is_some() && pop < leave, "{end:?}");
    alice.expect_restored();
}

#[test]
fn lines_that_are_pasted_unmarked_are_not_sent_one_by_one() {
    let server = Server::start();
    let mut bob = RawClient::join(&server, "bob", "stream");
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    let lines: Vec<String> = (1..=12).map(|number| format!("line\t{number}")).collect();
    let paste = lines.join("\r") + "\r";
    alice.type_text(&paste);
    alice.wait_for_text("paste 12 lines? line 1");
    alice.key(Key::Escape);
    alice.wait_for("the input box again", |screen| screen.shows("alice>"));
    alice.type_text("one\rtwo\r");
    alice.wait_for("both rows", |screen| {
        screen.shows("alice> one") && screen.shows("two")
    });
    // A slow line may bring a key at a time.
    alice.key(Key::Enter);
    assert_eq!(bob.expect("message")["content"], "one\ntwo");
    alice.type_text("typed at once\r");
    assert_eq!(bob.expect("message")["content"], "typed at once");
    bob.expect_nothing();
}

#[test]
fn a_paste_whose_end_is_lost_ends_with_a_pause() {
    let server = Server::start();
    let mut bob = RawClient::join(&server, "bob", "stream");
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    alice.type_text("\x1b[200~lost");
    alice.wait_for_text("alice> lost");
    alice.enter(" and found");
    assert_eq!(bob.expect("message")["content"], "lost and found");
    alice.type_text("\x1b[200~lost");
    alice.wait_until_read();
    alice.key(Key::Control('c'));
    alice.wait_for("an empty box", |screen| {
        screen.rows.iter().any(|row| row == "alice>")
    });
    bob.expect_nothing();
}

#[test]
fn what_is_sent_is_what_was_typed() {
    let server = Server::start();
    let mut bob = RawClient::join(&server, "bob", "stream");
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    let texts = [
        "می\u{200c}خواهم",
        "क्\u{200d}ष और क्\u{200c}ष",
        "\u{200f}שלום\u{200e} x\u{61c}y",
        "\u{2067}بله\u{2069} \u{202b}no\u{202c}",
        "👩\u{200d}🚀 🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
        "so\u{ad}ft 葛\u{e0100} ᠠ\u{180b}ᠨ",
    ];
    for (number, text) in texts.into_iter().enumerate() {
        alice.enter(text);
        assert_eq!(bob.expect("message")["content"], text);
        if number > 1 {
            continue;
        }
        alice.type_text(&format!("\x1b[200~{text}\x1b[201~"));
        alice.enter("");
        assert_eq!(bob.expect("message")["content"], text);
    }
    alice.wait_for("the scripts as they are", |screen| {
        screen.shows("می\u{200c}خواهم") && screen.shows("שלום x")
    });
    let transcript = alice.transcript();
    for hidden in ['\u{fffd}', '\u{200f}', '\u{202b}', '\u{2067}', '\u{ad}'] {
        assert!(!transcript.contains(hidden), "{hidden:?} was written");
    }
}

#[test]
fn nothing_that_is_typed_while_the_client_starts_is_lost() {
    let server = Server::start();
    let mut alice = ClientSetup::new(server.address(), "alice", &["stream"]).start();
    alice.type_text("early");
    alice.wait_for_text("alice> early");
}

#[test]
fn escape_and_a_character_at_once_are_both_heard() {
    let server = Server::start();
    let mut bob = RawClient::join(&server, "bob", "stream");
    let mut alice = Terminal::open(&server, "alice", &["stream"]);
    // Neither is a slash lost, so that a command is posted, nor a letter beyond ASCII.
    alice.type_text("\x1b/nosuch é");
    alice.wait_for_text("alice> /nosuch é");
    alice.key(Key::Enter);
    alice.key(Key::Control('u'));
    alice.type_text("\x1bö");
    alice.wait_for_text("alice> ö");
    alice.enter("k");
    assert_eq!(bob.expect("message")["content"], "ök");
}
