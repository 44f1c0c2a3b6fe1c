//! How the terminal client starts: from what it remembers, from its configuration, with a password from
//! another program; and what it leaves on the machine.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use chat_tests::{ClientSetup, Key, RawClient, Server, Signal, password_of};
use serde_json::{Value, json};

use crate::support::eventually;

/// What the masked prompt asks for.
const PROMPT: &str = "assword";

/// The files of what is remembered that end in `ending`.
fn remembered(setup: &ClientSetup, ending: &str) -> Vec<PathBuf> {
    let folder = setup.home().join("state/chat-tui");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect()
}

/// A session that ended with a draft, in the second of two rooms.
#[track_caller]
fn earlier_session(server: &Server) -> ClientSetup {
    let setup = ClientSetup::new(server.address(), "alice", &["stream", "mods"]);
    let mut alice = setup.start();
    alice.wait_until_joined();
    alice.key(Key::Alt('2'));
    alice.wait_for("the second room's state", |screen| {
        screen.rows.iter().any(|row| row.starts_with(" connected"))
    });
    alice.type_text("half a sentence");
    alice.wait_for_text("half a sentence");
    alice.signal(Signal::TERM);
    assert_eq!(alice.exit_status().exit_code(), 0);
    setup
}

#[test]
fn alone_it_goes_on_where_it_was_left_without_a_password() {
    let server = Server::start();
    let setup = earlier_session(&server);
    let [token] = &remembered(&setup, ".token")[..] else {
        panic!("one token is kept")
    };
    let mode = fs::metadata(token).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut alice = setup.bare(&[]).start();
    let screen = alice.wait_until_joined();
    assert!(screen.shows("half a sentence"), "{screen:?}");
    assert!(
        screen.shows("1:stream") && screen.shows("2:mods"),
        "{screen:?}"
    );
    let mut bob = RawClient::join(&server, "bob", "mods");
    alice.enter(", and the rest");
    assert_eq!(
        bob.expect("message")["content"],
        "half a sentence, and the rest"
    );
    let transcript = alice.transcript();
    assert!(!transcript.contains(PROMPT), "{transcript}");
}

#[test]
fn a_kept_login_goes_to_its_own_server_and_user_only() {
    let (first, second) = (Server::start(), Server::start());
    let setup = earlier_session(&first);
    let other = format!("ws://{}", second.address());
    let elsewhere = ["--server", &other, "--user", "alice", "--room", "stream"];
    setup.bare(&elsewhere).start().wait_for_text(PROMPT);
    let bob = setup.bare(&["--user", "bob", "--room", "stream"]);
    bob.start().wait_for_text(PROMPT);
    // And the session of the first is still there to go on with.
    setup.bare(&[]).start().wait_until_joined();
}

#[test]
fn a_login_that_is_refused_is_forgotten_and_the_password_asked_for() {
    let server = Server::start();
    let setup = earlier_session(&server);
    let token = remembered(&setup, ".token").remove(0);
    let kept: Value = serde_json::from_str(&fs::read_to_string(&token).unwrap()).unwrap();
    let mut forged = kept.clone();
    forged["token"] = json!("AAAA.forged");
    fs::write(&token, forged.to_string()).unwrap();
    let mut alice = setup.bare(&[]).start();
    alice.wait_for_text(PROMPT);
    eventually(|| (!token.exists()).then_some(()));
    alice.enter(&password_of("alice"));
    alice.wait_until_joined();
    eventually(|| token.exists().then_some(()));
}

#[test]
fn nothing_is_kept_where_nothing_is_to_be_remembered() {
    let server = Server::start();
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    let setup = setup.argument("--no-remember");
    let mut alice = setup.start();
    alice.wait_until_joined();
    alice.signal(Signal::TERM);
    alice.exit_status();
    let left: Vec<_> = fs::read_dir(setup.home()).unwrap().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn two_clients_at_once_keep_their_own_drafts() {
    let server = Server::start();
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    let (mut first, mut second) = (setup.start(), setup.start());
    for (client, text) in [(&mut first, "the first"), (&mut second, "the second")] {
        client.wait_until_joined();
        client.type_text(text);
        client.wait_for_text(text);
        client.signal(Signal::TERM);
        client.exit_status();
    }
    let mut alice = setup.bare(&[]).start();
    alice.wait_until_joined();
    alice.wait_for_text("the first");
    alice.press_until(Key::Down, "the other draft", |screen| {
        screen.shows("the second")
    });
}

#[test]
fn a_broken_configuration_ends_the_start_and_leaves_the_terminal_alone() {
    let setup = ClientSetup::new(super::nobodys_address(), "alice", &["stream"]);
    setup.configure("log = true\n\n[theme]\ncolor = \"safe\"\n");
    let mut alice = setup.start();
    assert_eq!(alice.exit_status().exit_code(), 2);
    let transcript = alice.transcript();
    let expected = "config.toml:4: theme.color: there is no such setting: did you mean `colours`?";
    let unfolded = transcript.replace("\r\n", "");
    assert!(unfolded.contains(expected), "{transcript}");
    assert!(!transcript.contains('\u{1b}'), "{transcript:?}");
}

#[test]
fn a_configuration_is_printed_and_checked() {
    let setup = ClientSetup::new(super::nobodys_address(), "alice", &[]);
    let checked = setup.bare(&["--check-config"]).run("");
    assert_eq!(checked.status.code(), Some(0), "{}", checked.error);
    assert!(
        checked.out.contains("nothing is configured"),
        "{}",
        checked.out
    );
    let printed = setup.bare(&["--print-config"]).run("");
    assert_eq!(printed.status.code(), Some(0));
    let checked = setup.bare(&["--check-config", "-"]).run(&printed.out);
    assert_eq!(checked.status.code(), Some(0), "{}", checked.out);
    setup.configure(&printed.out);
    let checked = setup.bare(&["--check-config"]).run("");
    assert_eq!(checked.status.code(), Some(0), "{}", checked.out);
    let wrong = printed.out.replace("find = \"ctrl+f\"", "find = \"cmd+f\"");
    let line = wrong
        .lines()
        .position(|line| line.starts_with("find ="))
        .unwrap()
        + 1;
    let wrong = format!("{wrong}\nnonsense = \"q\"\n");
    setup.configure(&wrong);
    let checked = setup.bare(&["--check-config"]).run("");
    assert_eq!(checked.status.code(), Some(2));
    let path = setup.home().join("config/chat-tui/config.toml");
    let (path, last) = (path.display(), wrong.lines().count());
    let problems: Vec<&str> = checked.out.lines().collect();
    let [first, second] = problems[..] else {
        panic!("{}", checked.out)
    };
    let expected = format!("{path}:{line}: keys.find: `cmd+f` is no key: ");
    assert!(first.starts_with(&expected), "{first}");
    let expected = format!("{path}:{last}: keys.selected.nonsense: there is no action");
    assert!(second.starts_with(&expected), "{second}");
}

#[test]
fn keys_are_what_the_configuration_says() {
    let server = Server::start();
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    setup.configure("[keys]\nhelp = \"alt+h\"\nproblems = [\"ctrl+x\", \"f2\"]\n");
    let mut alice = setup.start();
    alice.wait_until_joined();
    alice.key(Key::Alt('h'));
    alice.wait_for_text("Alt+H");
    alice.key(Key::Escape);
    alice.type_text("and \u{1b}q");
    // Bound to nothing: Escape, and the letter.
    alice.wait_for_text("and q");
}

#[test]
fn a_password_comes_from_another_program() {
    let server = Server::start();
    drop(RawClient::join(&server, "alice", "stream"));
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    let secret = setup.home().join("secret");
    fs::write(&secret, format!("{}\nlogin: alice\n", password_of("alice"))).unwrap();
    setup.configure(&format!(
        "[profile.work]\nserver = \"{}\"\nuser = \"alice\"\nrooms = [\"stream\"]\n\
         password-command = \"cat {}; echo told >&2\"\n",
        server.address(),
        secret.display()
    ));
    let alice = setup.bare(&["--profile", "work"]).start();
    alice.wait_until_joined();
    assert!(alice.transcript().contains("told"), "its errors are shown");
    assert!(!alice.transcript().contains(&password_of("alice")));
    let failing = setup.bare(&[
        "--no-remember",
        "--profile",
        "work",
        "--password-command",
        "echo hunter2; exit 7",
    ]);
    let mut failing = failing.start();
    assert_eq!(failing.exit_status().exit_code(), 2);
    let transcript = failing.transcript();
    assert!(transcript.contains("exit status: 7"), "{transcript}");
    assert!(!transcript.contains("hunter2"), "{transcript}");
}

#[test]
fn a_password_command_leaves_the_lines_on_standard_input_alone() {
    let server = Server::start();
    let address = format!("ws://{}", server.address());
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    let command = format!("cat >/dev/null; echo {}", password_of("alice"));
    let who = ["--server", &address, "--user", "alice", "--room", "stream"];
    let all = [&who[..], &["--json", "--password-command", &command]].concat();
    let line = json!({ "event": "message", "data": { "content": "hello" } });
    let finished = setup.bare(&all).run(&format!("{line}\n"));
    assert_eq!(finished.status.code(), Some(0), "{}", finished.error);
    assert!(finished.out.contains("hello"), "{}", finished.out);
}

#[test]
fn completions_and_the_manual_are_printed() {
    let setup = ClientSetup::new(super::nobodys_address(), "alice", &[]);
    for (shell, part) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef chat-tui"),
        ("fish", "complete -c chat-tui"),
    ] {
        let printed = setup.bare(&["completions", shell]).run("");
        assert_eq!(printed.status.code(), Some(0), "{}", printed.error);
        assert!(printed.out.contains(part), "{shell}: {}", printed.out);
        assert!(printed.out.contains("password-command"), "{shell}");
    }
    let manual = setup.bare(&["man"]).run("");
    assert_eq!(manual.status.code(), Some(0), "{}", manual.error);
    assert!(manual.out.contains(".TH chat-tui 1"), "{}", manual.out);
    let left: Vec<_> = fs::read_dir(setup.home()).unwrap().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_log_is_kept_and_mentions_run_a_command() {
    let server = Server::start();
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    let (logs, mentions) = (setup.home().join("logs"), setup.home().join("mentions"));
    setup.configure(&format!(
        "log = true\nlog-folder = \"{}\"\non-mention = \"cat >> {}\"\n",
        logs.display(),
        mentions.display()
    ));
    let mut alice = setup.start();
    alice.wait_until_joined();
    let mut bob = RawClient::join(&server, "bob", "stream");
    bob.post("@alice $(touch hurt) `touch hurt` ' \" ; touch hurt");
    alice.wait_for_text("touch hurt");
    eventually(|| {
        let text = fs::read_to_string(&mentions).unwrap_or_default();
        let event: Option<Value> = serde_json::from_str(&text).ok();
        event.filter(|event| event["data"]["username"] == "bob")
    });
    alice.signal(Signal::TERM);
    alice.exit_status();
    let files = files_below(&logs);
    let [file] = &files[..] else {
        panic!("{files:?}")
    };
    let name = file.file_name().unwrap().to_string_lossy();
    assert!(
        name.starts_with("stream.20") && name.ends_with(".txt"),
        "{name}"
    );
    let mode = fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(" bob: @alice $(touch hurt)"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text:?}");
    assert!(!setup.home().join("hurt").exists());
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => files_below(&path),
            false => vec![path],
        })
        .collect()
}

#[test]
fn a_terminal_that_can_only_do_lines_gets_lines() {
    let server = Server::start();
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    let mut alice = setup.variable("TERM", "dumb").start();
    let mut bob = RawClient::join(&server, "bob", "stream");
    alice.wait_for_text("stream");
    bob.post("hello there");
    alice.wait_for_text(": hello there");
    assert!(
        !alice.transcript().contains('\u{1b}'),
        "{:?}",
        alice.transcript()
    );
    alice.signal(Signal::TERM);
    alice.exit_status();
}
