//! Holds the sources against the table of parts in `docs/architecture.md`: who may use whom, and which
//! words a part must not contain. Reads every path that begins with `crate::`.

#![allow(clippy::unwrap_used)] // a file that cannot be read is to fail the test

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const PAGE: &str = include_str!("../../docs/architecture.md");
/// The first line of the table.
const HEAD: &str = "| part | owns | may use | never |";
/// What declares the parts and starts them.
const ROOTS: [&str; 2] = ["lib", "main"];

/// A row of the table.
struct Part {
    /// A path below `src`, without its ending.
    name: String,
    may_use: BTreeSet<String>,
    /// Words that must not stand in its code.
    never: Vec<String>,
}

/// All parts, in the order of the page: from the ground up.
fn parts() -> Vec<Part> {
    let rows = PAGE.lines().skip_while(|line| *line != HEAD).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let mut parts = Vec::new();
    for row in rows {
        let cells: Vec<&str> = row.split('|').collect();
        let [_, names, _, may_use, never, _] = cells[..] else {
            panic!("a row of four cells: {row}");
        };
        for name in quoted(names) {
            parts.push(Part {
                name,
                may_use: quoted(may_use).into_iter().collect(),
                never: quoted(never),
            });
        }
    }
    assert!(parts.len() > 15, "the table was not found");
    parts
}

/// What stands in backticks.
fn quoted(cell: &str) -> Vec<String> {
    let every_second = cell.split('`').skip(1).step_by(2);
    every_second.map(str::to_owned).collect()
}

struct Source {
    /// The path below `src` without its ending.
    path: String,
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, &root, &mut found);
    assert!(found.len() > 100, "no sources in {}", root.display());
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
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let name = path.strip_prefix(root).unwrap().with_extension("");
            let name = name.to_string_lossy().into_owned();
            if !is_test(&name) {
                found.push(Source {
                    path: name,
                    code: code_only(&fs::read_to_string(&path).unwrap()),
                });
            }
        }
    }
}

/// Tests may use what they need.
fn is_test(path: &str) -> bool {
    let tests = ["tests", "model", "fuzz", "conformance", "memory"];
    path.split('/').any(|name| tests.contains(&name))
}

/// Without comments, and without the tests at a file's end.
fn code_only(text: &str) -> String {
    let code = text.split("#[cfg(test)]").next().unwrap_or(text);
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The paths that follow `crate::` in `code`, with `/` between their names, those of `crate::{a, b}`
/// among them.
fn used_paths(code: &str) -> BTreeSet<String> {
    let path = |text: &str| -> String {
        let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
        let path = &text[..end.unwrap_or(text.len())];
        path.trim_end_matches(':').replace("::", "/")
    };
    let mut used = BTreeSet::new();
    for (at, found) in code.match_indices("crate::") {
        let rest = &code[at + found.len()..];
        match rest.strip_prefix('{') {
            None => drop(used.insert(path(rest))),
            Some(list) => {
                let list = list.split('}').next().unwrap_or(list);
                used.extend(list.split(',').map(|item| path(item.trim())));
            }
        }
    }
    used
}

/// The innermost part that `path` belongs to.
fn part_of<'a>(parts: &'a [Part], path: &str) -> Option<&'a Part> {
    let is_within =
        |part: &&Part| path == part.name || path.starts_with(&format!("{}/", part.name));
    parts
        .iter()
        .filter(is_within)
        .max_by_key(|part| part.name.len())
}

#[test]
fn parts_use_only_what_the_page_allows() {
    let parts = parts();
    let mut broken = Vec::new();
    for source in sources() {
        if ROOTS.contains(&source.path.as_str()) {
            continue;
        }
        let Some(part) = part_of(&parts, &source.path) else {
            broken.push(format!(
                "{}.rs belongs to no part of the table",
                source.path
            ));
            continue;
        };
        for path in used_paths(&source.code) {
            let used = part_of(&parts, &path).map_or(path.as_str(), |used| &used.name);
            if used != part.name && !part.may_use.contains(used) {
                let Source { path, .. } = &source;
                broken.push(format!(
                    "{path}.rs uses {used}, which {} may not",
                    part.name
                ));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_page_allows_nothing_that_is_not_used() {
    let parts = parts();
    let mut used: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for source in sources() {
        if let Some(part) = part_of(&parts, &source.path) {
            let paths = used_paths(&source.code).into_iter();
            let names = paths.filter_map(|path| Some(part_of(&parts, &path)?.name.clone()));
            used.entry(&part.name).or_default().extend(names);
        }
    }
    let mut unused = Vec::new();
    for part in &parts {
        match used.get(part.name.as_str()) {
            None => unused.push(format!("{} has no sources", part.name)),
            Some(used) => {
                let names = part.may_use.difference(used);
                unused.extend(names.map(|name| format!("{} does not use {name}", part.name)));
            }
        }
    }
    assert!(unused.is_empty(), "{}", unused.join("\n"));
}

/// So nothing reaches itself through others.
#[test]
fn every_part_stands_on_those_above_it() {
    let mut above = BTreeSet::new();
    for part in parts() {
        let below: Vec<_> = part.may_use.difference(&above).collect();
        assert!(below.is_empty(), "{} comes before {below:?}", part.name);
        above.insert(part.name);
    }
}

#[test]
fn parts_know_nothing_of_what_is_not_theirs() {
    let parts = parts();
    let mut broken = Vec::new();
    for source in sources() {
        let never = part_of(&parts, &source.path).map(|part| &part.never);
        for word in never.into_iter().flatten() {
            if source.code.contains(word.as_str()) {
                broken.push(format!("{}.rs knows of {word}", source.path));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn only_an_engine_knows_its_database() {
    for source in sources() {
        assert!(
            source.path.starts_with("store/sqlite") || !source.code.contains("rusqlite"),
            "{}.rs knows of rusqlite",
            source.path
        );
    }
}

#[test]
fn paths_are_found_in_all_their_spellings() {
    let code = "use crate::auth::A;\nuse crate::{exit, store::log};\nlet x = crate::log::y();";
    let expected = ["auth/A", "exit", "log/y", "store/log"].map(str::to_owned);
    assert_eq!(used_paths(code), BTreeSet::from(expected));
}

/// The places that the page names in backticks, `path.rs` or `path.rs::item`, below the workspace or
/// below `server/src`.
#[test]
fn every_place_that_the_page_names_is_there() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let roots = [workspace.clone(), workspace.join("server/src")];
    let mut lost = Vec::new();
    let mut seen = 0;
    // A page of three backticks holds none of its own; what is quoted is every second piece.
    for place in quoted(&PAGE.replace("```", "")) {
        let (path, item) = match place.split_once(".rs::") {
            Some((path, item)) => (format!("{path}.rs"), Some(item)),
            None if place.ends_with(".rs") => (place.clone(), None),
            None => continue,
        };
        seen += 1;
        let texts = roots
            .iter()
            .map(|root| fs::read_to_string(root.join(&path)));
        let is_there = |text: &String| item.is_none_or(|item| defines(text, item));
        if !texts.flatten().any(|text| is_there(&text)) {
            lost.push(place);
        }
    }
    assert!(seen > 30, "only {seen} places were found");
    assert!(lost.is_empty(), "not there: {lost:?}");
}

fn defines(text: &str, item: &str) -> bool {
    let words = ["fn", "struct", "enum", "trait", "const"];
    let is_end = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    words.iter().any(|word| {
        let start = format!("{word} {item}");
        let mut found = text.match_indices(&start);
        found.any(|(at, _)| text[at + start.len()..].starts_with(is_end))
    })
}
