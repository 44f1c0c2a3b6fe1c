//! Holds the crate's module borders: who may use whom, and what the pure modules must know nothing
//! of. Reads every path that begins with `crate::` in the sources.

#![allow(clippy::unwrap_used)] // a file that cannot be read is to fail the test

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Each module with those that it may use, which are also those that it does use.
const USES: &[(&str, &[&str])] = &[
    (
        "app",
        &[
            "command",
            "cursor",
            "keymap",
            "layout",
            "link",
            "sanitize",
            "session_state",
            "wrap",
        ],
    ),
    ("chat_log", &["warnings", "private_files", "sanitize"]),
    (
        "cli",
        &["config", "keymap", "password", "server_url", "state"],
    ),
    ("command", &["keymap"]),
    (
        "config",
        &["keymap", "private_files", "server_url", "theme"],
    ),
    ("cursor", &[]),
    ("exit", &[]),
    ("folders", &[]),
    ("fuzz", &["input", "keymap"]),
    ("hooks", &["warnings", "password"]),
    ("input", &[]),
    ("json_mode", &["cli", "exit", "line_io", "net", "sanitize"]),
    ("keymap", &["input"]),
    ("layout", &[]),
    ("lib", &[]),
    ("line_io", &[]),
    ("link", &[]),
    ("links", &[]),
    ("main", &[]),
    ("net", &["cursor", "link", "server_url"]),
    ("warnings", &[]),
    ("password", &[]),
    ("private_files", &[]),
    (
        "plain_mode",
        &[
            "app",
            "cli",
            "command",
            "cursor",
            "exit",
            "line_io",
            "link",
            "net",
            "sanitize",
            "server_url",
            "session_state",
            "state",
            "warnings",
        ],
    ),
    (
        "runner",
        &[
            "app",
            "chat_log",
            "config",
            "exit",
            "hooks",
            "input",
            "keymap",
            "link",
            "net",
            "sanitize",
            "server_url",
            "session_state",
            "state",
            "terminal",
            "theme",
            "ui",
            "warnings",
        ],
    ),
    ("sanitize", &[]),
    ("server_url", &[]),
    ("session_state", &[]),
    (
        "starting",
        &[
            "app",
            "cli",
            "config",
            "exit",
            "folders",
            "json_mode",
            "password",
            "plain_mode",
            "runner",
            "server_url",
            "session_state",
            "state",
            "terminal",
            "theme",
        ],
    ),
    (
        "state",
        &["warnings", "private_files", "server_url", "session_state"],
    ),
    ("terminal", &["links", "sanitize"]),
    ("theme", &["app"]),
    (
        "ui",
        &[
            "app", "command", "keymap", "layout", "links", "theme", "wrap",
        ],
    ),
    ("wrap", &[]),
];

/// Words that must not stand in a module's code.
const NEVER: &[(&str, &[&str])] = &[
    (
        "app",
        &[
            "tokio",
            "ratatui",
            "crossterm",
            "tungstenite",
            "std::io",
            "std::env",
            "Instant",
            "SystemTime",
            "rand::",
            "async ",
        ],
    ),
    ("command", &["tokio", "ratatui", "crossterm", "std::io"]),
    (
        "input/decoder",
        &["tokio", "std::io", "Instant", "now()", "async "],
    ),
    (
        "input/burst",
        &["tokio", "std::io", "Instant", "now()", "async "],
    ),
    ("input/sequence", &["tokio", "std::io", "Duration"]),
    (
        "input/wheel",
        &["tokio", "std::io", "Instant", "now()", "async "],
    ),
    ("terminal/beside", &["tokio", "std::io", "std::env"]),
    ("terminal/pace", &["tokio", "std::io", "now()", "async "]),
    ("terminal/shift", &["tokio", "std::io"]),
    ("keymap", &["tokio", "ratatui", "std::io"]),
    ("layout", &["ratatui", "crossterm"]),
    ("link", &["tokio", "tungstenite"]),
    ("net", &["ratatui", "crossterm"]),
    ("session_state", &["tokio", "std::io", "std::fs", "async "]),
    ("state/format", &["std::io", "std::fs"]),
    ("net/backoff", &["tokio", "rand::", "async "]),
    ("cursor", &["tokio", "async "]),
    ("net/handshake", &["tokio", "tungstenite", "async "]),
    ("net/heartbeat", &["tokio", "now()", "async "]),
    ("json_mode", &["ratatui", "crossterm"]),
    ("line_io", &["ratatui", "crossterm", "serde_json"]),
    ("plain_mode", &["ratatui", "crossterm"]),
    (
        "plain_mode/session",
        &[
            "tokio",
            "std::io",
            "std::env",
            "Instant",
            "SystemTime",
            "rand::",
            "async ",
        ],
    ),
    ("plain_mode/typed", &["tokio", "std::io"]),
    ("plain_mode/queue", &["tokio", "std::io", "Instant"]),
    ("plain_mode/numbers", &["tokio", "std::io"]),
    ("plain_mode/words", &["tokio", "std::io", "now()"]),
    (
        "ui",
        &[
            "tokio",
            "crossterm",
            "std::io",
            "Instant",
            "SystemTime",
            "async ",
        ],
    ),
];

/// The sources by their path below `src`, without comments and tests.
fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    let mut directories = vec![root.clone()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if !path
                .components()
                .any(|part| part.as_os_str().to_string_lossy().starts_with("tests"))
            {
                let name = path.strip_prefix(&root).unwrap().with_extension("");
                let text = fs::read_to_string(&path).unwrap();
                found.insert(name.to_string_lossy().into_owned(), code_only(&text));
            }
        }
    }
    assert!(
        found.len() > 30,
        "the sources were not found in {}",
        root.display()
    );
    found
}

fn code_only(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text);
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn module(path: &str) -> String {
    path.split('/').next().unwrap_or(path).to_owned()
}

/// The modules that the code names behind `crate::`.
fn used(code: &str) -> BTreeSet<String> {
    let name = |text: &str| {
        text.chars()
            .take_while(|c| c.is_ascii_lowercase() || *c == '_')
            .collect()
    };
    code.split("crate::").skip(1).map(name).collect()
}

#[test]
fn modules_use_what_the_table_says() {
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, code) in sources() {
        let own = module(&path);
        let others = used(&code)
            .into_iter()
            .filter(|other| *other != own && !other.is_empty());
        uses.entry(own.clone()).or_default().extend(others);
    }
    let table: BTreeMap<String, BTreeSet<String>> = USES
        .iter()
        .map(|(module, others)| {
            let others = others.iter().map(|other| (*other).to_owned());
            ((*module).to_owned(), others.collect())
        })
        .collect();
    assert_eq!(uses, table);
}

#[test]
fn modules_know_nothing_of_what_is_not_theirs() {
    let sources = sources();
    for (module, words) in NEVER {
        let inside = |path: &str| path == *module || path.starts_with(&format!("{module}/"));
        let files: Vec<_> = sources.iter().filter(|(path, _)| inside(path)).collect();
        assert!(!files.is_empty(), "there is no module {module}");
        for (path, code) in files {
            for word in *words {
                assert!(!code.contains(word), "{path}.rs names `{word}`");
            }
        }
    }
}
