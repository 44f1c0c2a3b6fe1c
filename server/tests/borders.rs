//! Holds the module borders of `docs/architecture.md`: who may use whom, and who must not touch
//! what. Reads every path that begins with `crate::` in the sources.

#![allow(clippy::unwrap_used)] // a file that cannot be read is to fail the test

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each module with those that it may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("auth", &["clock", "domain", "files", "limits", "store"]),
    ("clock", &["domain"]),
    (
        "command",
        &[
            "auth",
            "clock",
            "config",
            "control",
            "data_lock",
            "domain",
            "limits",
            "server",
            "store",
        ],
    ),
    (
        "config",
        &[
            "auth",
            "domain",
            "limits",
            "rooms",
            "server",
            "store",
            "transport",
        ],
    ),
    (
        "control",
        &[
            "auth", "clock", "domain", "pulse", "rooms", "stopping", "store",
        ],
    ),
    ("data_lock", &["files"]),
    ("domain", &[]),
    ("files", &[]),
    ("health", &[]),
    ("lib", &[]),
    ("limits", &["domain", "store"]),
    ("main", &[]),
    ("pulse", &[]),
    (
        "rooms",
        &["clock", "domain", "limits", "stopping", "store", "wire"],
    ),
    (
        "server",
        &[
            "auth",
            "clock",
            "control",
            "data_lock",
            "domain",
            "limits",
            "pulse",
            "rooms",
            "session",
            "stopping",
            "store",
            "transport",
        ],
    ),
    (
        "session",
        &["auth", "clock", "domain", "limits", "rooms", "wire"],
    ),
    ("stopping", &[]),
    ("store", &["clock", "domain", "files", "health"]),
    (
        "transport",
        &[
            "clock", "domain", "health", "limits", "pulse", "session", "stopping", "wire",
        ],
    ),
    ("wire", &[]),
];

/// Words that must not stand in a module's code: what it must know nothing of.
const NEVER: &[(&str, &[&str])] = &[
    (
        "domain/room",
        &[
            "tokio",
            "serde_json",
            "std::time",
            "std::io",
            "rusqlite",
            "async ",
        ],
    ),
    ("rooms/task", &["tungstenite", "rusqlite", "hyper"]),
    ("rooms", &["tungstenite", "rusqlite", "hyper"]),
    (
        "session",
        &["tungstenite", "rusqlite", "hyper", "std::net", "tokio::net"],
    ),
    ("session/state", &["tokio", "async "]),
    ("transport", &["rusqlite", "serde_json"]),
    ("auth", &["rusqlite", "tungstenite"]),
    (
        "limits",
        &["tokio::net", "tungstenite", "hyper", "rusqlite"],
    ),
    ("accounts", &["tungstenite", "hyper"]),
    ("log", &["tungstenite", "hyper"]),
    ("domain/entry", &["tokio", "rusqlite", "serde"]),
    (
        "domain/address",
        &["tokio", "rusqlite", "std::io", "std::time", "async "],
    ),
    ("addresses", &["tungstenite", "hyper"]),
    (
        "domain/filter",
        &["tokio", "rusqlite", "std::io", "std::time", "async "],
    ),
];

struct Source {
    /// The path below `src` without its ending.
    path: String,
    code: String,
}

impl Source {
    fn module(&self) -> &str {
        self.path.split('/').next().unwrap_or(&self.path)
    }

    fn is_within(&self, module: &str) -> bool {
        self.path == module || self.path.starts_with(&format!("{module}/"))
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, &root, &mut found);
    assert!(
        found.len() > 20,
        "the sources were not found in {}",
        root.display()
    );
    found
}

fn collect(root: &Path, directory: &Path, found: &mut Vec<Source>) {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs")
            && path
                .file_stem()
                .is_some_and(|stem| !["tests", "model", "fuzz"].iter().any(|test| stem == *test))
        {
            let name = path.strip_prefix(root).unwrap().with_extension("");
            found.push(Source {
                path: name.to_string_lossy().into_owned(),
                code: code_only(&fs::read_to_string(&path).unwrap()),
            });
        }
    }
}

/// Without comments, and without the tests at a file's end: those may use what they need.
fn code_only(text: &str) -> String {
    let code = text.split("#[cfg(test)]").next().unwrap_or(text);
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The modules that follow `crate::` in `code`, those of `crate::{a, b}` among them.
fn used_modules(code: &str) -> BTreeSet<String> {
    let name = |text: &str| -> String {
        text.chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect()
    };
    let mut used = BTreeSet::new();
    for (_, rest) in code
        .match_indices("crate::")
        .map(|(at, found)| (at, &code[at + found.len()..]))
    {
        match rest.strip_prefix('{') {
            None => used.insert(name(rest)),
            Some(list) => {
                let list = list.split('}').next().unwrap_or(list);
                used.extend(list.split(',').map(|item| name(item.trim())));
                true
            }
        };
    }
    used.remove("");
    used
}

#[test]
fn modules_use_only_what_they_may() {
    let table: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let mut broken = Vec::new();
    for source in sources() {
        let module = source.module();
        let Some(allowed) = table.get(module) else {
            broken.push(format!("{module} is not in the table of borders"));
            continue;
        };
        for used in used_modules(&source.code) {
            if used != module && !allowed.contains(&used.as_str()) {
                broken.push(format!(
                    "{}.rs uses {used}, which {module} may not",
                    source.path
                ));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_table_allows_nothing_that_is_not_used() {
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources() {
        let modules = used.entry(source.module().to_owned()).or_default();
        modules.extend(used_modules(&source.code));
    }
    for (module, allowed) in MAY_USE {
        for name in *allowed {
            assert!(
                used[*module].contains(*name),
                "{module} does not use {name}"
            );
        }
    }
}

#[test]
fn no_module_reaches_itself_through_others() {
    let table: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    for (module, allowed) in MAY_USE {
        let mut reached = BTreeSet::new();
        let mut open: Vec<&str> = allowed.to_vec();
        while let Some(next) = open.pop() {
            if reached.insert(next) {
                open.extend(table[next]);
            }
        }
        assert!(!reached.contains(module), "{module} reaches itself");
    }
}

#[test]
fn modules_know_nothing_of_what_is_not_theirs() {
    let mut broken = Vec::new();
    for source in sources() {
        let rules = NEVER.iter().filter(|(module, _)| source.is_within(module));
        for word in rules.flat_map(|(_, words)| *words) {
            if source.code.contains(word) {
                broken.push(format!("{}.rs knows of {word}", source.path));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn only_the_sqlite_backends_know_the_database() {
    for source in sources() {
        let is_backend = source.path.contains("/sqlite") || source.is_within("database");
        assert!(
            is_backend || !source.code.contains("rusqlite"),
            "{}.rs knows of rusqlite",
            source.path
        );
    }
}

#[test]
fn paths_are_found_in_all_their_spellings() {
    let code = "use crate::auth::A;\nuse crate::{exit, logging};\nlet x = crate::log::y();";
    let expected = ["auth", "exit", "log", "logging"].map(str::to_owned);
    assert_eq!(used_modules(code), BTreeSet::from(expected));
}
