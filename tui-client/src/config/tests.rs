//! What a configuration file may say, what is said about one that is wrong, and what is printed.

use std::path::Path;

use super::*;

fn read(text: &str) -> Result<Config, String> {
    let home = Path::new("/home/alice");
    let config = Config::of_bytes(Path::new("c.toml"), text.as_bytes(), Some(home));
    config.map_err(|error| error.to_string())
}

#[track_caller]
fn wrong(text: &str, expected: &[&str]) {
    let error = read(text).unwrap_err();
    assert_eq!(error.lines().collect::<Vec<_>>(), expected, "{text}");
}

#[test]
fn what_is_printed_is_what_stands_where_nothing_is_said() {
    let printed = print(Some(Path::new("/home/alice/.config/chat-tui/config.toml")));
    assert_eq!(read(&printed), Ok(Config::default()));
    assert_eq!(read(""), Ok(Config::default()));
    assert_eq!(read(&print(None)), Ok(Config::default()));
    assert_eq!(
        read(&print(Some(Path::new("/a\n[b")))),
        Ok(Config::default())
    );
    for line in printed.lines() {
        assert!(line.chars().count() <= 120, "{line}");
    }
}

#[test]
fn the_examples_can_be_uncommented() {
    let printed = print(None);
    let uncommented: Vec<&str> = printed
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(example) if !example.starts_with(' ') => example,
            _ => line,
        })
        .collect();
    let config = read(&uncommented.join("\n")).unwrap();
    let work = &config.profiles["work"];
    assert_eq!(
        work.server.as_ref().unwrap().shown(),
        "wss://chat.example.org"
    );
    assert_eq!(work.username.as_ref().unwrap().as_str(), "alice");
    assert_eq!(work.rooms.len(), 2);
    assert_eq!(work.password_command.as_deref(), Some("pass show chat"));
    assert_eq!(config.log_folder, Some("/home/alice/chat-logs".into()));
    assert!(config.on_mention.unwrap().starts_with("notify-send"));
}

#[test]
fn every_setting_is_read() {
    let config = read(
        "\u{feff}log = true\nmouse = true\nonly = \"Mentions\"\n\
        theme.colours = 16\n[notifications]\nbell = false\ndesktop = \"osc777\"\n\
        only-unfocused = false\n[keys]\nfind = [\"ctrl+s\", \"f5\"]\nlog = \"none\"\n\
        [keys.selected]\nreply = \"R\"\n",
    )
    .unwrap();
    let notifications = Notifications {
        bell: false,
        desktop: Desktop::Osc777,
        only_unfocused: false,
    };
    assert!(config.log && config.mouse && config.only_mentions);
    assert_eq!(Some(config.colours), Wish::named("16"));
    assert_eq!(config.notifications, notifications);
    let keys = |action| config.keymap.keys_of(&action);
    assert_eq!(keys(crate::keymap::Action::Find), ["F5", "Ctrl+S"]);
    assert!(keys(crate::keymap::Action::Log).is_empty());
}

#[test]
fn all_that_is_wrong_is_said_with_line_and_key() {
    wrong(
        "log = \"yes\"\nlogg = true\non-mention = ''\nonly = 3\ncolours = 'none'\n\
        [theme]\ncolours = 'blue'\nlog = true\nwhatever = 1\n[notifications]\nbel = true\n\
        desktop = []\n[keys]\nfind = 'cmd+f'\nfined = 'f5'\nlog = ''\nheld = []\n\
        help = 'f9'\nproblems = 'f9'\n[keys.selected]\nban = 'ctrl+b'\nx = { a = 1 }\n",
        &[
            "c.toml:1: log: \"yes\" should be true or false, without quotes",
            "c.toml:2: logg: there is no such setting: did you mean `log`?",
            "c.toml:3: on-mention: it is empty: it should be a command for the shell, like \
             \"notify-send chat\"",
            "c.toml:4: only: 3 should be one of \"all\", \"mentions\"",
            "c.toml:5: colours: there is no such setting here: `colours` belongs below [theme]",
            "c.toml:7: theme.colours: \"blue\" should be one of \"auto\", \"safe\", \"256\", \
             \"16\", \"none\"",
            "c.toml:8: theme.log: there is no such setting here: `log` belongs before the first \
             section",
            "c.toml:9: theme.whatever: there is no such setting: here are colours",
            "c.toml:11: notifications.bel: there is no such setting: did you mean `bell`?",
            "c.toml:12: notifications.desktop: this list should be one of \"auto\", \"osc9\", \
             \"osc777\", \"off\"",
            "c.toml:14: keys.find: `cmd+f` is no key: write one like ctrl+g, alt+1, shift+tab, \
             f3, pgup or x",
            "c.toml:15: keys.fined: there is no action `fined`: did you mean `find`?",
            "c.toml:16: keys.log: it is empty: it should be a key like \"ctrl+g\", a list of \
             keys, or \"none\"",
            "c.toml:17: keys.held: it is empty: it should be a key like \"ctrl+g\", a list of \
             keys, or \"none\"",
            "c.toml:19: keys.problems: F9 is bound to `help` and to `problems`: bind one of them \
             to another key, or to \"none\"",
            "c.toml:22: keys.selected.x: it is not a text: it should be a key like \"ctrl+g\", a \
             list of keys, or \"none\"",
            "c.toml:22: keys.selected.x: there is no action `x` (chat-tui --print-config lists \
             them all)",
        ],
    );
    // A key that means something everywhere is free for nothing else.
    wrong(
        "[keys.selected]\nkick = \"Space\"\nmark = 'space'\nban = 'F1'\npin = ['ctrl+x', 'f6', 'what']\n",
        &[
            "c.toml:2: keys.selected.kick: Space is bound to `mark` and to `kick`: bind one of them \
             to another key, or to \"none\"",
            "c.toml:4: keys.selected.ban: F1 is bound to `help` wherever you are: bind `ban` to \
             another key, or `help` to \"none\"",
            "c.toml:5: keys.selected.pin: `what` is no key: write one like ctrl+g, alt+1, \
             shift+tab, f3, pgup or x",
        ],
    );
}

#[test]
fn profiles_are_checked_too() {
    wrong(
        "[profile.a]\nserver = 'http://h'\nuser = 'a b'\nrooms = ['x', '', 7]\n\
        [profile.b]\nserver = 'ws://u:hunter2@h'\nrooms = 'x'\nroom = 'x'\n\
        password-command = ''\n",
        &[
            "c.toml:2: profile.a.server: \"http://h\" must begin with ws:// or wss://",
            "c.toml:3: profile.a.user: \"a b\" can't contain a space",
            "c.toml:4: profile.a.rooms: it is empty: it should be a list like [\"stream1\", \
             \"mods\"]",
            "c.toml:4: profile.a.rooms: it is not a text: it should be a list like [\"stream1\", \
             \"mods\"]",
            "c.toml:6: profile.b.server: \"ws://...\" can't contain a user name or password (not \
             shown here): use --user, and CHAT_PASSWORD or --password-file",
            "c.toml:7: profile.b.rooms: it is not a list: it should be a list like [\"stream1\", \
             \"mods\"]",
            "c.toml:8: profile.b.room: there is no such setting: did you mean `rooms`?",
            "c.toml:9: profile.b.password-command: it is empty: it should be a command for the \
             shell, like \"pass show chat\"",
        ],
    );
    wrong(
        "[profile]\nserver = 'h'\n",
        &["c.toml:2: profile.server: a profile has a name: server belongs below [profile.NAME]"],
    );
    wrong(
        "profile = 1\ntheme = 2\nkeys = 3\n",
        &[
            "c.toml:1: profile: a profile has a name: write [profile.NAME] on a line, its \
             settings below",
            "c.toml:2: theme: it is a section: write [theme] on a line, its settings below",
            "c.toml:3: keys: it is a section: write [keys] on a line, its settings below",
        ],
    );
}

#[test]
fn what_is_no_toml_is_named_by_its_line() {
    let check = |text: &str, expected: &str| {
        let error = read(text).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    };
    check("log = true\nmouse = tru\n", "c.toml:2: mouse: ");
    check("log = true\nlog = false\n", "c.toml:2: log: duplicate key");
    check("\n[theme\n", "c.toml:2: ");
    check("log\n", "c.toml:1: log: ");
    check(&"a.".repeat(100_000), "c.toml:1: ");
    check(&format!("a = {}", "[".repeat(100_000)), "c.toml:1: ");
    let config = Config::of_bytes(Path::new("c"), b"log = true\n\n\xff", None);
    assert_eq!(
        config.unwrap_err().to_string(),
        "c:3: this is not valid UTF-8"
    );
}

#[test]
fn problems_are_bounded() {
    let many: String = (0..10_000)
        .map(|number| format!("k{number} = 1\n"))
        .collect();
    assert_eq!(read(&many).unwrap_err().lines().count(), 50);
}

#[test]
fn a_file_that_is_not_there_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    assert_eq!(Config::load(&path, None).unwrap(), Config::default());
    std::fs::write(&path, "log-folder = '~/x'").unwrap();
    let error = Config::load(&path, None).unwrap_err().to_string();
    assert!(
        error.ends_with(":1: log-folder: \"~/x\" should begin with / or ~/"),
        "{error}"
    );
    let error = Config::load(folder.path(), None).unwrap_err().to_string();
    assert!(error.starts_with("can't read the configuration"), "{error}");
}
