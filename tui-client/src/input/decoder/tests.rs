//! What terminals send, whole and in pieces.

use super::*;

const MS: Duration = Duration::from_millis(1);

/// A terminal that says something now and then.
struct Line {
    decoder: Decoder,
    now: Duration,
    said: Vec<String>,
}

impl Line {
    fn new() -> Self {
        Self {
            decoder: Decoder::new(50 * MS),
            now: Duration::from_secs(9),
            said: Vec::new(),
        }
    }

    fn read(&mut self, bytes: &[u8]) {
        let inputs = self.decoder.take(bytes, self.now);
        self.said.extend(inputs.iter().map(name));
    }

    /// Time passes, as the loop lets it pass: it wakes the parser when that asked for it.
    fn pause(&mut self, millis: u32) {
        let end = self.now + millis * MS;
        while let Some(at) = self.decoder.wake_at().filter(|at| *at <= end) {
            self.now = at.max(self.now);
            let inputs = self.decoder.wake(self.now);
            self.said.extend(inputs.iter().map(name));
        }
        self.now = end;
    }

    fn said(&mut self) -> String {
        std::mem::take(&mut self.said).join(" ")
    }
}

/// `C-c`, `M-Left`, `x`, `<pasted text>`; `Esc+b` where ESC and `b` came at once.
fn name(input: &Input) -> String {
    let key = match input {
        Input::Key(key) => key,
        Input::Prefixed(key) => {
            let [_, without] = key.apart();
            return format!("Esc+{}", name(&Input::Key(without)));
        }
        Input::Wheel { up, rows } => {
            return format!("{}{rows}", if *up { "WheelUp" } else { "WheelDown" });
        }
        Input::Focus(has_focus) => return format!("Focus({has_focus})"),
        Input::Paste(text) => return format!("<{text}>"),
        Input::Reply(reply) => return format!("{reply:?}"),
    };
    let of = |set, sign: &'static str| if set { sign } else { "" };
    let code = match key.code {
        Code::Char(character) => character.to_string(),
        Code::F(number) => format!("F{number}"),
        other => format!("{other:?}"),
    };
    let (control, alt, shift) = (
        of(key.control, "C-"),
        of(key.alt, "M-"),
        of(key.shift, "S-"),
    );
    format!("{control}{alt}{shift}{code}")
}

/// What comes of `bytes` in one read, and in single bytes 2 ms apart, once all has been waited for.
#[track_caller]
fn check(bytes: impl AsRef<[u8]>, expected: &str) {
    let bytes = bytes.as_ref();
    let mut line = Line::new();
    line.read(bytes);
    line.pause(5_000);
    assert_eq!(
        line.said(),
        expected,
        "{:?}",
        bytes.escape_ascii().to_string()
    );
    for byte in bytes {
        line.read(&[*byte]);
        line.pause(20);
    }
    line.pause(5_000);
    let shown = bytes.escape_ascii().to_string();
    assert_eq!(line.said(), expected, "{shown:?} in pieces");
    line.read(b"\x03");
    assert_eq!(line.said(), "C-c", "{shown:?} makes it deaf");
}

#[test]
fn keys_of_all_kinds_of_terminals() {
    for (bytes, expected) in [
        ("x", "x"),
        ("é日👍", "é 日 👍"),
        ("\r", "Enter"),
        ("\t\x7f\x08", "Tab Backspace C-h"),
        ("\x01\x1a\x1f\0", "C-a C-z C-_ C- "),
        (
            "\x1b[A\x1b[B\x1b[C\x1b[D\x1b[H\x1b[F",
            "Up Down Right Left Home End",
        ),
        (
            "\x1bOA\x1bOB\x1bOH\x1bOF\x1bOP\x1bOS",
            "Up Down Home End F1 F4",
        ),
        (
            "\x1b[1~\x1b[2~\x1b[3~\x1b[4~\x1b[5~\x1b[6~",
            "Home Insert Delete End PageUp PageDown",
        ),
        (
            "\x1b[7~\x1b[8~\x1b[7^\x1b[7$\x1b[3@",
            "Home End C-Home S-Home C-S-Delete",
        ),
        (
            "\x1b[11~\x1b[15~\x1b[17~\x1b[24~\x1b[34~",
            "F1 F5 F6 F12 F20",
        ),
        ("\x1b[[A\x1b[[E", "F1 F5"),
        (
            "\x1b[1;5C\x1b[1;3D\x1b[1;2A\x1b[1;6H\x1b[3;5~",
            "C-Right M-Left S-Up C-S-Home C-Delete",
        ),
        ("\x1b[5C\x1bO5D\x1bO1;5A", "C-Right C-Left C-Up"),
        ("\x1bOa\x1bOd\x1b[b", "C-Up C-Left S-Down"),
        ("\x1b[1;2P\x1b[1;5S\x1b[15;3~", "S-F1 C-F4 M-F5"),
        ("\x1b[Z\x1b[1;2Z\x1b\t", "S-BackTab S-BackTab S-BackTab"),
        ("\x1b[P\x1bOR\x1b[R\x1b[13~\x1b[[C", "F1 F3 F3 F3 F3"),
        (
            "\x1bb\x1bB\x1b1\x1b\r\x1b\x7f\x1b\x08\x1bé",
            "Esc+b Esc+B Esc+1 M-Enter M-Backspace M-Backspace Esc+é",
        ),
        ("\x1bOp\x1bOy\x1bOj\x1bOM", "0 9 * Enter"),
        // rxvt's Alt, as one ESC more.
        ("\x1b\x1b[A\x1b\x1bOd\x1b\x1b[3~", "M-Up C-M-Left M-Delete"),
        // Another program left eight-bit controls on.
        ("\u{9b}A\u{9b}5~", "Up PageUp"),
    ] {
        check(bytes, expected);
    }
    check(b"\x9bA\x9b1;5C", "Up C-Right");
}

#[test]
fn keys_of_kittys_protocol_and_of_modify_other_keys() {
    for (bytes, expected) in [
        ("\x1b[97u\x1b[97;1u", "a a"),
        (
            "\x1b[27u\x1b[13;2u\x1b[9;2u\x1b[127;3u",
            "Escape S-Enter S-BackTab M-Backspace",
        ),
        ("\x1b[99;5u\x1b[99;6u\x1b[122;3u", "C-c C-S-c M-z"),
        // Pressed, repeated, let go.
        ("\x1b[97;1:1u\x1b[97;1:2u\x1b[97;1:3u", "a a"),
        ("\x1b[1;1:3A\x1b[1;5:2A\x1b[3;1:3~", "C-Up"),
        // Cyrillic and German keyboards.
        ("\x1b[1089::99;5u\x1b[1092::97;3u", "C-c M-a"),
        ("\x1b[45:95;6u\x1b[97:65;2u\x1b[228;2u", "C-_ S-A S-Ä"),
        // Caps lock and num lock are no modifiers; with Super it is the desktop's.
        ("\x1b[99;69u\x1b[99;197u\x1b[97;9u", "C-c C-c"),
        (
            "\x1b[57399u\x1b[57414u\x1b[57417;5u\x1b[57441u",
            "0 Enter C-Left",
        ),
        ("\x1b[97;;229u", "å"),
        (
            "\x1b[27;5;99~\x1b[27;6;67~\x1b[27;5;13~\x1b[27;2;13~",
            "C-c C-S-c C-Enter S-Enter",
        ),
        ("\x1b[?5u\x1b[?62;4c", "KeyboardProtocol Attributes"),
        ("\x1b[0n\x1b[3n\x1b[5n", "Ready Ready"),
        ("\x1b[I\x1b[O", "Focus(true) Focus(false)"),
        // Signs that need Shift say so themselves.
        ("\x1b[27;6;95~\x1b[32;5u\x1b[49:33;4u", "C-_ C-  M-!"),
    ] {
        check(bytes, expected);
    }
}

#[test]
fn what_nobody_knows_is_swallowed_whole() {
    let replies = [
        "\x1b[?997;1n",
        "\x1b[?2026;2$y",
        "\x1b[>1;10;0c",
        "\x1b[=1;2c",
        "\x1b[12;40R",
        "\x1b[?12;40R",
        "\x1b[1;1R",
        "\x1b[1;2R",
        "\x1b[8;24;80t",
        "\x1b[?1;0;65535S",
        "\x1b[?0;1;2:3 q",
        "\x1b[<0;10;12M\x1b[<0;10;12m",
        "\x1b[M !!",
        "\x1b[32;10;12M",
        "\x1b]11;rgb:1111/2222/3333\x07",
        "\x1b]11;rgb:1111/2222/3333\x1b\\",
        "\x1b]52;c;aGVsbG8=\x1b\\",
        "\x1b]Licon\u{9c}",
        "\x1bP1$r0m\x1b\\",
        "\x1bP>|XTerm(388)\x1b\\",
        "\x1bP!|00000000\x1b\\",
        "\x1b_Gi=31;OK\x1b\\",
        "\x1b^private\x1b\\",
        "\x1bXstring of 日本\x1b\\",
        "\u{9d}11;rgb:0/0/0\u{9c}",
        "\x1b\\",
        "\u{85}",
    ];
    for reply in replies {
        check(format!("a{reply}b"), "a b");
        check(format!("{reply}{reply}\x1b[A{reply}"), "Up");
    }
    check(format!("a{}b", replies.concat()), "a b");
    // Escape was pressed just before.
    check("\x1b\x1b[?997;1n", "Escape");
}

#[test]
fn a_reply_may_come_in_pieces_with_pauses() {
    let reply = b"\x1b]11;rgb:1111/2222/3333\x1b\\";
    for reply in [
        &reply[..],
        b"\x1b[?997;1n",
        b"\x1bP>|tmux 3.4\x1b\\",
        b"\x1b_Gi=1;OK\x1b\\",
    ] {
        // An ESC alone is the key after 50 ms.
        for at in 2..reply.len() {
            let mut line = Line::new();
            line.read(&reply[..at]);
            line.pause(300);
            line.read(&reply[at..]);
            line.pause(5_000);
            assert_eq!(line.said(), "", "{at}");
        }
    }
    let mut line = Line::new();
    line.read(b"\x1b");
    line.pause(200);
    line.read(b"[?997;1n");
    line.pause(200);
    assert_eq!(line.said(), "Escape");
    line.read(b"[?");
    assert_eq!(line.said(), "[ ?");
}

#[test]
fn what_has_no_end_is_given_up() {
    for begun in [
        "\x1b[",
        "\x1b[1;",
        "\x1b[?",
        "\x1b[[",
        "\x1bO",
        "\x1bO1",
        "\x1b]11;rgb",
        "\x1bP1$",
        "\x1b_G",
        "\x1b[M",
    ] {
        let mut line = Line::new();
        line.read(begun.as_bytes());
        line.pause(600);
        line.said();
        line.read(b"hi\r");
        line.pause(100);
        assert_eq!(line.said(), "h i Enter", "{begun:?}");
        // These are keys at once.
        for (key, name) in [("\x03", "C-c"), ("\x04", "C-d"), ("\x1b[A", "Up")] {
            line.read(begun.as_bytes());
            line.read(key.as_bytes());
            line.pause(5);
            let said = line.said();
            assert_eq!(said.split(' ').next_back(), Some(name), "{begun:?}: {said}");
        }
        line.read(format!("{begun}\x1b").as_bytes());
        line.pause(600);
        line.read(b"\x03");
        let said = line.said();
        assert!(said.ends_with("C-c"), "{begun:?}: {said}");
    }
    let mut line = Line::new();
    line.read(b"\x1b]");
    for _ in 0..40 {
        line.read(b"x");
        line.pause(100);
    }
    assert!(line.said().starts_with("Esc+] x x x"), "somebody types");
    line.read(&[b"\x1b[", &[b'1'; 5_000][..], b"\x03"].concat());
    assert!(line.said().ends_with(" C-c"));
    line.read(&[b"\x1bP", &vec![b'1'; STRING_BYTES + 1][..]].concat());
    line.read(b"x\x03");
    assert!(line.said().ends_with("x C-c"));
}

#[test]
fn a_lone_escape_waits_for_an_alt_key() {
    let mut line = Line::new();
    line.read(b"\x1b");
    line.pause(49);
    assert_eq!(line.said(), "");
    line.pause(1);
    assert_eq!(line.said(), "Escape");
    line.read(b"\x1b");
    line.pause(30);
    line.read(b"b\x1b\x1b");
    line.pause(50);
    assert_eq!(line.said(), "Esc+b Escape Escape");
    line.read(b"\x1b\x03");
    assert_eq!(line.said(), "C-c");
}

#[test]
fn marked_pastes_are_raw_and_end() {
    check(
        "\x1b[200~one\rtwo\x1b[A\x1b[20\x1b[201~x",
        "<one\rtwo\x1b[A\x1b[20> x",
    );
    check("\x1b[201~x", "x");
    // What the terminal says meanwhile is no part of it.
    check(
        "\x1b[200~one\x1b[0n two\x1b[I\x1b[?62;4c [0n\x1b[5n\x1b[201~",
        "Ready Focus(true) Attributes <one two [0n\x1b[5n>",
    );
    let mut line = Line::new();
    line.read(b"\x1b[200~lost");
    line.pause(900);
    line.read(b" end\x1b[2");
    assert_eq!(line.said(), "");
    line.pause(1_000);
    line.read(b"x");
    assert_eq!(line.said(), "<lost end\x1b[2> x");
    line.read(b"\x1b[200~lost");
    line.read(b"\x03");
    assert_eq!(line.said(), "<lost> C-c");
    line.read(b"\x1b[200~");
    for _ in 0..300 {
        line.read(&[b'x'; 4_096]);
    }
    line.read(b"\x1b[201~");
    assert_eq!(line.said().len(), PASTE_BYTES + 2);
}

#[test]
fn what_is_no_utf_8_is_seen_as_such() {
    check(b"a\xffb\xc3\xe2\x82(", "a \u{fffd} b \u{fffd} \u{fffd} (");
    check(b"\xe2\x82\x03", "\u{fffd} C-c");
    check(b"\x80\x9c\x9dtext", "t e x t");
    check(b"\xf0\x9f", "\u{fffd}");
}

#[test]
fn lines_that_come_at_once_are_a_paste() {
    let mut line = Line::new();
    line.read(b"one\rtwo\tx\r\nthree\r");
    assert_eq!(line.said(), "");
    line.pause(100);
    assert_eq!(line.said(), "<one\rtwo\tx\r\nthree\r>");
    // In pieces of any size, as a slow line brings them, also where one ends behind Enter.
    line.pause(2_000);
    for piece in ["on", "e\r", "two\rthr", "ee", "\r"] {
        line.read(piece.as_bytes());
        line.pause(10);
    }
    line.pause(500);
    line.read(b"four\r");
    line.pause(500);
    assert_eq!(line.said(), "o n e <\rtwo\rthree\r> <four\r>");
    // A key of its own is one again.
    line.read(b"\r");
    line.pause(50);
    line.read(b"five\r");
    line.pause(50);
    assert_eq!(line.said(), "Enter f i v e Enter");
}

#[test]
fn what_somebody_types_is_no_paste() {
    let mut line = Line::new();
    line.read(b"hello\r");
    line.pause(15);
    assert_eq!(line.said(), "h e l l o Enter");
    line.read(b"h");
    line.pause(60);
    line.read(b"\r");
    assert_eq!(line.said(), "h Enter", "at once");
    line.pause(30);
    line.read(b"next\r");
    line.pause(30);
    line.read(b"\x1b[A\r");
    assert_eq!(line.said(), "n e x t Enter Up Enter");
    // Held for a moment, but another key says that it is over.
    line.read(b"x\r\x03");
    assert_eq!(line.said(), "x Enter C-c");
}

#[test]
fn an_alt_key_by_which_strings_begin_takes_nothing_that_is_typed() {
    for letter in ["P", "X", "]", "^", "_"] {
        let mut line = Line::new();
        let typed = |text: &str| text.chars().map(String::from).collect::<Vec<_>>().join(" ");
        line.read(format!("\x1b{letter}").as_bytes());
        line.pause(250);
        for key in ["h", "e", "y", "ä", "\r"] {
            line.read(key.as_bytes());
            line.pause(110);
        }
        assert_eq!(line.said(), format!("Esc+{letter} {} Enter", typed("heyä")));
        line.read(format!("\x1b{letter}").as_bytes());
        line.pause(600);
        assert_eq!(line.said(), format!("Esc+{letter}"));
        line.read(format!("\x1b{letter}").as_bytes());
        line.read(b"\x1b[A");
        line.pause(10);
        assert_eq!(line.said(), format!("Esc+{letter} Up"));
        // A reply that is cut there.
        line.read(format!("\x1b{letter}").as_bytes());
        line.pause(90);
        line.read(b"11;rgb:0/0/0");
        line.pause(90);
        line.read(b"\x1b\\x");
        assert_eq!(line.said(), "x");
    }
}

#[test]
fn more_at_once_than_any_message_has_is_a_paste() {
    let mut line = Line::new();
    let text = "a".repeat(20_000);
    line.read(&text.as_bytes()[..9_000]);
    line.read(&text.as_bytes()[9_000..]);
    line.pause(200);
    assert_eq!(line.said(), format!("<{text}>"));
}

#[test]
fn alt_and_a_bracket_takes_nothing_that_is_typed() {
    for letter in ["[", "O"] {
        let mut line = Line::new();
        let begin = |line: &mut Line| {
            line.read(format!("\x1b{letter}").as_bytes());
            line.pause(120);
        };
        begin(&mut line);
        line.read(b"w");
        assert_eq!(line.said(), format!("Esc+{letter} w"));
        begin(&mut line);
        for key in ["1", "2", "ä"] {
            line.read(key.as_bytes());
            line.pause(120);
        }
        line.read(b"x");
        assert!(line.said().ends_with("1 2 ä x"), "{letter}");
        begin(&mut line);
        line.pause(600);
        assert_eq!(line.said(), format!("Esc+{letter}"));
        begin(&mut line);
        line.read(b"\x1b[A");
        line.pause(10);
        assert_eq!(line.said(), format!("Esc+{letter} Up"));
        // A sequence that is cut there is one.
        for (rest, expected) in [("A", "Up"), ("1;5C", "C-Right")] {
            begin(&mut line);
            line.read(rest.as_bytes());
            line.pause(10);
            assert_eq!(line.said(), expected, "{letter}");
        }
    }
    let mut line = Line::new();
    line.read(b"\x1b[");
    line.pause(120);
    line.read(b"0n");
    line.read(b"\x1b[");
    line.pause(120);
    line.read(b"?997;1n");
    assert_eq!(line.said(), "Ready");
}

#[test]
fn three_arrows_at_once_are_the_wheel() {
    let mut line = Line::new();
    let (up, down) = ("\x1b[A", "\x1bOB");
    let mut read = |text: &str, pause| {
        line.read(text.as_bytes());
        line.pause(pause);
        line.said()
    };
    assert_eq!(read(&up.repeat(3), 4), "WheelUp3");
    assert_eq!(read(&down.repeat(5), 4), "WheelDown5");
    // Some terminals write each by itself.
    assert_eq!(read(up, 1) + &read(up, 1) + &read(up, 10), "WheelUp3");
    assert_eq!(
        read(&(up.repeat(3) + "\x1b[0n" + &up.repeat(3) + "x"), 4),
        "Ready WheelUp6 x"
    );
    assert_eq!(
        read(&(up.repeat(3) + &down.repeat(3)), 900),
        "WheelUp3 WheelDown3"
    );
    // Pressed.
    assert_eq!(read(&up.repeat(2), 900), "Up Up");
    // Held down, on a line that brings many at once.
    assert_eq!(read(up, 500), "Up");
    for _ in 0..5 {
        assert_eq!(read(&up.repeat(6), 200), "Up Up Up Up Up Up");
    }
    // The other way that is the wheel all the same.
    assert_eq!(read(&down.repeat(3), 1_000), "WheelDown3");
    assert_eq!(read(&up.repeat(3), 10), "WheelUp3");
    assert_eq!(read("\x1b[1;5A\x1b[1;5A\x1b[1;5A", 10), "C-Up C-Up C-Up");
}

#[test]
fn of_the_mouse_only_the_wheel_means_anything() {
    let mut line = Line::new();
    let check = |line: &mut Line, bytes: &[u8], expected: &str| {
        line.read(bytes);
        line.pause(5_000);
        assert_eq!(
            line.said(),
            expected,
            "{:?}",
            String::from_utf8_lossy(bytes)
        );
    };
    check(&mut line, b"\x1b[<64;10;5M", "WheelUp3");
    check(
        &mut line,
        b"\x1b[<65;10;5M\x1b[<65;10;5M",
        "WheelDown3 WheelDown3",
    );
    check(
        &mut line,
        b"\x1b[<68;10;5M\x1b[<81;1;1M",
        "WheelUp3 WheelDown3",
    );
    // Buttons, moves, wheels to the side, what is let go, and other ways to report.
    let others =
        b"\x1b[<0;10;5M\x1b[<0;10;5m\x1b[<35;1;1M\x1b[<66;1;1M\x1b[<64;1;1m\x1b[<M\x1b[M`!!x";
    check(&mut line, others, "x");
    // In pieces.
    line.read(b"\x1b[<6");
    line.read(b"4;10");
    line.pause(100);
    check(&mut line, b";5Mx", "WheelUp3 x");
}
