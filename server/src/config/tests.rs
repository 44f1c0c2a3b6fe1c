use std::num::NonZeroU32;
use std::path::Path;

use clap::{Args, Command, FromArgMatches};

use super::*;
use crate::limits::{LimitSettings, Rate};

/// What comes of flags, variables and a file, which has the name FILE in what is wrong.
fn load_all(flags: &[&str], variables: &[(&str, &str)], file: &str) -> Result<Config, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("chat.toml");
    std::fs::write(&path, file).unwrap();
    let command = Settings::augment_args(Command::new("settings").no_binary_name(true));
    let matches = without_variables(command).try_get_matches_from(flags);
    let matches = matches.map_err(|error| match wrong_flag(&error) {
        Some(error) => error.to_string(),
        None => error.to_string(),
    })?;
    let settings = Settings::from_arg_matches(&matches).unwrap();
    let flags = Flags::new(settings, Some(path.clone()), &matches);
    let variables = variables
        .iter()
        .map(|(name, value)| (name.into(), value.into()));
    Config::load(flags, variables).map_err(|error| {
        let shown = path.display().to_string();
        error.to_string().replace(&shown, "FILE")
    })
}

fn load(file: &str) -> Result<Config, String> {
    load_all(&[], &[], file)
}

#[test]
fn a_flag_goes_before_a_variable_that_before_the_file_and_that_before_the_default() {
    let file = "port = 3\nauth-timeout = 3\nidle-timeout = 300\nbind = \"::1\"\ntest-mode = true\n\
        data = \"/d\"\nlog-format = \"json\"";
    let variables = [
        ("CHAT_SERVER_PORT", "2"),
        ("CHAT_SERVER_AUTH_TIMEOUT", " 2 "),
    ];
    let config = load_all(&["--port", "1"], &variables, file).unwrap();
    assert_eq!(config.port, 1);
    let timeouts = config.server.timeouts;
    assert_eq!(timeouts.auth, Duration::from_secs(2));
    assert_eq!(timeouts.idle, Duration::from_secs(300));
    assert_eq!(timeouts.ping, Duration::from_secs(30));
    assert_eq!(config.bind, "::1".parse::<IpAddr>().unwrap());
    assert_eq!(config.log_format, LogFormat::Json);
    assert!(config.server.is_test_mode_allowed);
    assert_eq!(config.server.data, Path::new("/d"));
    assert_eq!(config.server.registration, Registration::Open);
    assert_eq!(config.warnings, [""; 0]);
}

#[test]
fn all_three_read_a_value_alike() {
    let check = |key: &str, text: &str, expected: &str| {
        let name = format!("CHAT_SERVER_{}", key.to_uppercase().replace('-', "_"));
        let flag = format!("--{key}={text}");
        let file = format!("{key} = {text:?}");
        let found = [
            load_all(&[&flag], &[], ""),
            load_all(&[], &[(&name, text)], ""),
            load(&file),
        ];
        let places = [
            format!("--{key}"),
            name,
            format!("configuration file FILE, line 1: {key}"),
        ];
        for (found, place) in found.into_iter().zip(places) {
            match found {
                Ok(config) => assert!(format!("{config:?}").contains(expected), "{config:?}"),
                Err(error) => assert_eq!(error, format!("{place}: {expected}")),
            }
        }
    };
    check("port", " 8081 ", "port: 8081");
    check(
        "port",
        "many",
        "\"many\" is not a whole number from 0 to 65535",
    );
    check("log-level", "DEBUG", "log_level: Debug");
    check("registration", "no", "\"no\" is not one of open, closed");
    check("test-mode", "yes", "is_test_mode_allowed: true");
    check("test-mode", "maybe", "\"maybe\" is neither true nor false");
    check(
        "flush-window",
        "1001",
        "\"1001\" is not a whole number from 0 to 1000",
    );
    check(
        "message-burst",
        "0",
        "\"0\" is not a whole number from 1 to 4294967295",
    );
    check(
        "trusted-proxy",
        "::1, 10.0.0.0/8 ,",
        "TrustedProxies([::1/128, 10.0.0.0/8])",
    );
    check(
        "trusted-proxy",
        "10.0.0.1, me:secret@proxy",
        "\"…@proxy\" is neither an address nor a network: it should look like 10.0.0.7 or 10.0.0.0/8; \
         host names are not looked up",
    );
    check("allowed-origin", "https://a, https://B:443/", "host: \"b\"");
    check(
        "allowed-origin",
        "https://a, wss://b",
        "\"wss://b\" is the address of a WebSocket: name the page's, which begins with https://",
    );
    check(
        "bind",
        "localhost",
        "\"localhost\" is not an IP address without a port: \
        127.0.0.1 and ::1 are this machine, 0.0.0.0 and :: are all its addresses; host names are not looked up",
    );
    check(
        "data",
        "~/chat",
        "\"~/chat\" begins with ~, which no shell expanded: write the full path",
    );
}

#[test]
fn a_wrong_variable_that_is_not_needed_is_warned_about() {
    let variables = [("CHAT_SERVER_PORT", "many")];
    assert!(load_all(&[], &variables, "port = 1").is_err());
    let config = load_all(&["--port", "1"], &variables, "").unwrap();
    let expected = "CHAT_SERVER_PORT: \"many\" is not a whole number from 0 to 65535 \
        (--port is used instead)";
    assert_eq!(config.warnings, [expected]);
    let lifted = load("no-limits = true\nroom-rate = 5").unwrap();
    assert!(
        lifted.warnings[0]
            .ends_with("room-rate: it has no effect, because --no-limits turns off all limits")
    );
}

#[cfg(unix)]
#[test]
fn what_is_no_text_is_a_path_or_nothing() {
    use std::os::unix::ffi::OsStringExt;
    let load = |name: &str| {
        let value = OsString::from_vec(b"/d\xff".to_vec());
        Config::load(Flags::default(), [(name.into(), value)])
    };
    let error = load("CHAT_SERVER_BIND").unwrap_err().to_string();
    assert_eq!(error, "CHAT_SERVER_BIND: it is not UTF-8");
    let data = load("CHAT_SERVER_DATA").unwrap().server.data;
    assert_eq!(data.into_os_string().into_vec(), b"/d\xff");
}

#[test]
fn what_is_wrong_in_the_file_is_said_in_one_line() {
    let check = |file: &str, expected: &str| {
        let error = load(file).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
        assert!(!error.contains('\n'), "{error}");
    };
    let said = |line: usize, what: &str| format!("configuration file FILE, line {line}: {what}");
    check(
        "\nprot = 1",
        &said(2, "there is no setting \"prot\": did you mean \"port\"?"),
    );
    check(
        "Max_Connections = 1",
        &said(
            1,
            "there is no setting \"Max_Connections\": did you mean \"max-connections\"?",
        ),
    );
    check("colour = 1", &said(1, "there is no setting \"colour\""));
    check(
        "[server]\nport = 1",
        &said(1, "there is no setting \"server\""),
    );
    check(
        "port = 99999",
        &said(1, "port: \"99999\" is not a whole number"),
    );
    check("port = 80.5", &said(1, "port: \"80.5\" is not"));
    check(
        "port = [1]",
        &said(1, "port: it takes one value, not a list"),
    );
    check(
        "port = { a = 1 }",
        &said(1, "port: it takes a value, not a table"),
    );
    check("bind = \"\"", &said(1, "bind: it is empty"));
    check("data = [", &said(1, ""));
    check("port = 1\nport = 2", &said(2, ""));
    check("auth-timeout = 0", &said(1, "auth-timeout: \"0\" is not"));
    check(
        "\nping-interval = 75",
        &said(
            2,
            "ping-interval (75 s) must be shorter than idle-timeout (75 s)",
        ),
    );
    check(
        "allowed-origin = [\n\"https://a\",\n\"example.org\"]",
        &said(3, "allowed-origin: \"example.org\" is not an origin"),
    );
    check(
        "allowed-origin = [\"\"]",
        &said(1, "allowed-origin: it is empty"),
    );
    check(
        "allowed-origin = [[\"https://a\"]]",
        &said(1, "allowed-origin: it takes one value"),
    );
}

#[test]
fn numbers_and_lists_are_taken_as_toml_writes_them() {
    let config = load("port = 0x1F90\nmax-connections = 20_000\nallowed-origin = []").unwrap();
    assert_eq!(
        (config.port, config.server.allowed_origins.len()),
        (8080, 0)
    );
    assert_eq!(config.server.limits.caps.total, Some(20_000));
    let two = load("allowed-origin = [\"https://a\", \"\", \"https://b, https://c\"]").unwrap();
    assert_eq!(two.server.allowed_origins.len(), 3);
}

#[test]
fn rooms_keep_90_days_and_10_000_entries_unless_told_otherwise() {
    let check = |file: &str, entries, days: Option<u64>| {
        let retention = load(file).unwrap().server.retention;
        let age = days.map(|days| Duration::from_secs(days * 86_400));
        assert_eq!(retention, Retention { entries, age });
    };
    check("", Some(10_000), Some(90));
    check("retention-entries = 0\nretention-days = 0", None, None);
    check(
        "retention-entries = 5\nretention-days = 1",
        Some(5),
        Some(1),
    );
}

#[test]
fn limits_have_defaults_and_can_be_lifted_one_by_one_or_all() {
    let limits = |file| load(file).unwrap().server.limits;
    let rate = |burst, per_minute| {
        Some(Rate::per_minute(
            NonZeroU32::new(burst).unwrap(),
            NonZeroU32::new(per_minute).unwrap(),
        ))
    };
    let default = limits("");
    assert_eq!(default.messages, rate(20, 60));
    assert_eq!(default.connections, rate(20, 60));
    assert_eq!(default.failed_logins, NonZeroU32::new(5));
    assert_eq!(default.answers, rate(16 << 20, 60 << 20));
    assert_eq!(default.moderator_factor.get(), 10);
    assert_eq!(default.caps.per_address, Some(200));
    let changed = limits("message-rate = 0\nmax-connections-per-address = 0");
    assert_eq!((changed.messages, changed.caps.per_address), (None, None));
    assert_eq!(changed.connections, rate(20, 60));
    assert_eq!(limits("no-limits = true"), LimitSettings::NONE);
}

#[test]
fn a_missing_file_is_an_error_and_a_variable_may_name_it() {
    let missing = [("CHAT_SERVER_CONFIG".into(), "/none".into())];
    let error = Config::load(Flags::default(), missing).unwrap_err();
    let expected = "CHAT_SERVER_CONFIG: cannot read the configuration file /none";
    assert_eq!(error.to_string(), expected);
    for empty in ["", " "] {
        let empty = [("CHAT_SERVER_CONFIG".into(), empty.into())];
        assert!(Config::load(Flags::default(), empty).is_ok());
    }
}

/// The tables of settings in `docs/server.md`: flag, variable, default.
fn documented() -> Vec<(&'static str, &'static str, &'static str)> {
    let page = include_str!("../../../docs/server.md");
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let bare = |cell: &'static str| cell.trim_matches('`');
        let flag = cells.next()?.strip_prefix("`--")?.strip_suffix('`')?;
        Some((flag, bare(cells.next()?), bare(cells.next()?)))
    });
    rows.collect()
}

#[test]
fn the_page_about_the_server_has_every_setting_with_its_variable_and_default() {
    let command = Settings::augment_args(Command::new("settings"));
    let mut settings = vec![(
        "config".to_owned(),
        "CHAT_SERVER_CONFIG".to_owned(),
        "none".to_owned(),
    )];
    settings.extend(command.get_arguments().map(|arg| {
        let help = arg.get_help().unwrap().to_string();
        let (_, default) = help.split_once("[default: ").unwrap();
        let default = default.split(']').next().unwrap();
        // The page marks the program's name as code.
        let default = default.replace("chat-server in", "chat-server` in");
        let variable = arg.get_env().unwrap().to_str().unwrap();
        (
            arg.get_long().unwrap().to_owned(),
            variable.to_owned(),
            default,
        )
    }));
    let mut page: Vec<_> = documented()
        .into_iter()
        .map(|(flag, variable, default)| (flag.to_owned(), variable.to_owned(), default.to_owned()))
        .collect();
    page.sort();
    settings.sort();
    assert_eq!(page, settings);
}

#[test]
fn the_defaults_in_the_page_about_the_server_are_those_of_the_code() {
    let shown = |file: &str| format!("{:?}", load(file).unwrap());
    let no_default = ["config", "data", "allowed-origin", "trusted-proxy"];
    let mut checked = 0;
    for (flag, _, default) in documented() {
        if !no_default.contains(&flag) {
            assert_eq!(shown(&format!("{flag} = {default:?}")), shown(""), "{flag}");
            checked += 1;
        }
    }
    assert!(checked > 30, "only {checked} settings were checked");
}
