//! Who decides what, and what is said about arguments that can't be right.

use std::ffi::OsString;
use std::path::Path;

use super::*;

/// What decides beside the arguments.
#[derive(Clone, Default)]
struct Given<'a> {
    variable: Option<&'a str>,
    config: &'a str,
    /// Server and user, the newest first.
    recent: &'a [(&'a str, &'a str)],
    is_dumb: bool,
}

fn choose(arguments: &[&str], given: &Given<'_>) -> Result<Choices, String> {
    let config = Config::of_bytes(Path::new("c"), given.config.as_bytes(), None).unwrap();
    let recent: Vec<Recent> = given
        .recent
        .iter()
        .map(|(server, user)| Recent {
            server: (*server).to_owned(),
            username: Username::new(user).unwrap(),
        })
        .collect();
    let all = [&["chat-tui"], arguments].concat();
    let parsed = Arguments::read(all.iter().map(OsString::from));
    let around = Surroundings {
        server: given.variable,
        is_dumb: given.is_dumb,
        config: &config,
        recent: &recent,
    };
    let chosen = parsed.map_err(|error| error.to_string())?.choose(around);
    chosen.map_err(|error| error.to_string())
}

/// Server, user and rooms in a line.
fn words(arguments: &[&str], given: &Given<'_>) -> String {
    let chosen = match choose(arguments, given) {
        Ok(chosen) => chosen,
        Err(error) => return error,
    };
    let user = chosen.username.as_ref().map_or("?", Username::as_str);
    let rooms: Vec<&str> = chosen.rooms.iter().map(RoomName::as_str).collect();
    format!("{} {user} [{}]", chosen.url.shown(), rooms.join(" "))
}

const PROFILES: &str = "[profile.work]\nserver = 'work.example.org'\nuser = 'worker'\n\
    rooms = ['a', 'b']\npassword-command = 'echo x'\n[profile.nick]\nuser = 'nick'\n";
const RECENT: &[(&str, &str)] = &[
    ("wss://last.example.org:443/", "alice"),
    ("wss://other.example.org:443/", "bob"),
    ("wss://last.example.org:443/", "carol"),
];

#[test]
fn what_is_not_said_is_as_the_last_time() {
    let given = Given {
        recent: RECENT,
        ..Given::default()
    };
    let check = |arguments: &[&str], expected: &str| {
        assert_eq!(words(arguments, &given), expected, "{arguments:?}");
    };
    check(&[], "wss://last.example.org:443 alice []");
    check(&["--user", "BOB"], "wss://other.example.org:443 BOB []");
    check(&["--user", "dave"], "wss://last.example.org:443 dave []");
    check(&["--room", "x"], "wss://last.example.org:443 alice [x]");
    check(
        &["--server", "OTHER.example.org"],
        "wss://OTHER.example.org bob []",
    );
    check(&["--server", "new:8080"], "wss://new:8080 ? []");
    check(&["--no-remember"], "ws://127.0.0.1:8080 ? []");
    check(
        &["--json", "--user", "a", "--room", "r"],
        "ws://127.0.0.1:8080 a [r]",
    );
    check(&["--plain"], "wss://last.example.org:443 alice []");
    assert_eq!(words(&[], &Given::default()), "ws://127.0.0.1:8080 ? []");
    let damaged = Given {
        recent: &[("nonsense://", "alice")],
        ..Given::default()
    };
    assert_eq!(words(&[], &damaged), "ws://127.0.0.1:8080 ? []");
}

#[test]
fn an_argument_goes_before_the_profile_and_that_before_the_variable() {
    let given = Given {
        recent: RECENT,
        config: PROFILES,
        variable: Some(" variable.example.org "),
        ..Given::default()
    };
    let check = |arguments: &[&str], expected: &str| {
        assert_eq!(words(arguments, &given), expected, "{arguments:?}");
    };
    check(&[], "wss://variable.example.org ? []");
    check(
        &["--profile", "work"],
        "wss://work.example.org worker [a b]",
    );
    check(&["--profile", "nick"], "wss://variable.example.org nick []");
    let all = [
        "--profile",
        "work",
        "--user",
        "a",
        "--room",
        "r",
        "--server",
        "h:1",
    ];
    check(&all, "wss://h:1 a [r]");
    let wrong = Given {
        variable: Some("http://h"),
        ..given.clone()
    };
    let error = words(&[], &wrong);
    assert!(
        error.starts_with("CHAT_SERVER_URL \"http://h\" must"),
        "{error}"
    );
    let server = ["--server", "localhost:1"];
    assert_eq!(words(&server, &wrong), "ws://localhost:1 ? []");
    for empty in ["", " ", "\n"] {
        let given = Given {
            variable: Some(empty),
            ..given.clone()
        };
        assert_eq!(words(&[], &given), "wss://last.example.org:443 alice []");
    }
}

#[test]
fn a_profile_that_there_is_not_is_said_with_those_that_there_are() {
    let check = |config, name: &str, expected: &str| {
        let given = Given {
            config,
            ..Given::default()
        };
        assert_eq!(words(&["--profile", name], &given), expected);
    };
    check(
        PROFILES,
        "wrok",
        "--profile \"wrok\": there is no such profile: did you mean \"work\"?",
    );
    check(
        PROFILES,
        "zzzz",
        "--profile \"zzzz\": there is no such profile: there are nick, work",
    );
    check(
        "",
        "work",
        "--profile \"work\": the configuration has no profiles (--print-config shows one)",
    );
}

#[test]
fn the_password_command_of_a_profile_goes_with_that_profile_alone() {
    let given = Given {
        config: PROFILES,
        ..Given::default()
    };
    let command = |arguments: &[&str]| choose(arguments, &given).unwrap().password.command;
    assert_eq!(command(&[]), None);
    assert_eq!(command(&["--profile", "nick"]), None);
    let own = PasswordCommand::new(
        "echo x".to_owned(),
        "the password-command of profile \"work\"".to_owned(),
    );
    assert_eq!(command(&["--profile", "work"]), Some(own));
    let named = ["--profile", "work", "--password-command", "echo y"];
    let given_one = PasswordCommand::new("echo y".to_owned(), "--password-command".to_owned());
    assert_eq!(command(&named), Some(given_one));
    let empty = choose(&["--password-command", " "], &given).unwrap_err();
    assert!(empty.starts_with("--password-command is empty"), "{empty}");
}

#[test]
fn the_mode_decides_what_is_needed() {
    let check = |arguments: &[&str], is_dumb, expected| {
        let given = Given {
            is_dumb,
            ..Given::default()
        };
        let chosen = choose(arguments, &given).unwrap();
        assert_eq!(chosen.mode, expected, "{arguments:?}");
    };
    check(&[], false, Mode::Screen);
    check(&["--plain"], false, Mode::Plain);
    check(&[], true, Mode::Plain);
    check(&["--json"], true, Mode::Json);
    let needed = |arguments: &[&str]| {
        let chosen = choose(arguments, &Given::default()).unwrap();
        chosen
            .complete()
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    assert_eq!(needed(&["--json", "--user", "a", "--room", "r"]), Ok(()));
    let words = |name| {
        Err(format!(
            "{name} is needed: there is no earlier session to go on with"
        ))
    };
    assert_eq!(needed(&["--plain", "--user", "a"]), words("--room"));
    assert_eq!(needed(&["--plain", "--room", "r"]), words("--user"));
}

#[test]
fn rooms_keep_their_order_and_count_once() {
    let rooms = ["--room", "b", "--room", "a", "--room", "b"];
    assert!(words(&rooms, &Given::default()).ends_with("[b a]"));
    let spelt = choose(
        &["--room", "cafe\u{301}", "--room", " café "],
        &Given::default(),
    );
    assert_eq!(spelt.unwrap().rooms.len(), 1);
}

#[test]
fn wrong_values_are_named() {
    let fails = |arguments: &[&str], expected: &str| {
        let error = choose(arguments, &Given::default()).unwrap_err();
        assert!(error.contains(expected), "{error}");
    };
    fails(&["--user", "a b"], "--user \"a b\" can't contain a space");
    fails(&["--room", ""], "--room \"\" is empty");
    fails(&["--server", "http://h"], "must begin with ws://");
    fails(&["--server", ""], "--server \"\" is not an address");
    fails(
        &["--room", "r", "--room", "s", "--json"],
        "exactly one --room",
    );
    fails(&["--capabilities", "room"], "--json");
    fails(&["--times"], "--plain");
    fails(&["--plain", "--json"], "cannot be used with");
    fails(
        &["--password-file", "f", "--password-command", "c"],
        "cannot be used with",
    );
    fails(&["--print-config", "--check-config"], "cannot be used with");
    fails(&["--user", "a", "man"], "cannot be used with");
    fails(&["nonsense"], "nonsense");
    let many: Vec<String> = (0..33).map(|number| format!("--room={number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    fails(&many, "at most 32 rooms");
    for secret in [
        "ws://a:hunter2@h",
        "hunter2@h",
        "http://h?t=hunter2",
        "ws://h:x?hunter2",
    ] {
        let error = choose(&["--server", secret], &Given::default()).unwrap_err();
        assert!(error.starts_with("--server "), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
