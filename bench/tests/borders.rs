//! No module of chat-bench reaches itself through others: neither those of the crate nor those that
//! lie in one folder. Reads every path that begins with `crate::` or `super::` in the sources.

#![allow(clippy::unwrap_used)] // a file that cannot be read is to fail the test

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Who uses whom.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// The code of all files below `folder`, tests left out.
fn code(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            code(&path, into);
        } else {
            into.push_str(&code_of(&path));
        }
    }
}

/// A file's code, without its comments and without its tests.
fn code_of(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("\n#[cfg(test)]\nmod tests").next().unwrap();
    let lines = code.lines().map(|line| line.split("//").next().unwrap());
    lines.map(|line| format!("{line}\n")).collect()
}

/// The names that follow `prefix`, those between braces too.
fn named(code: &str, prefix: &str) -> BTreeSet<String> {
    let name = |text: &str| -> String {
        let text = text.trim_start();
        let end = text.find(|one: char| !one.is_alphanumeric() && one != '_');
        text[..end.unwrap_or(text.len())].to_owned()
    };
    let mut names = BTreeSet::new();
    for rest in code.split(prefix).skip(1) {
        match rest.strip_prefix('{') {
            Some(list) => names.extend(list.split('}').next().unwrap().split(',').map(name)),
            None => drop(names.insert(name(rest))),
        }
    }
    names
}

/// The modules whose files lie in `folder`, each with its code and that of its own folder.
fn modules(folder: &Path) -> BTreeMap<String, String> {
    let mut modules: BTreeMap<String, String> = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = modules.entry(name).or_default();
        match path.is_dir() {
            true => code(&path, text),
            false => text.push_str(&code_of(&path)),
        }
    }
    modules
}

fn check_no_circle(uses: &Uses) {
    for module in uses.keys() {
        let mut reached = BTreeSet::new();
        let mut open: Vec<&String> = uses[module].iter().collect();
        while let Some(next) = open.pop() {
            if reached.insert(next) {
                open.extend(&uses[next]);
            }
        }
        assert!(
            !reached.contains(module),
            "{module} reaches itself: {reached:?}"
        );
    }
}

/// Who of `modules` names whom of them, behind `prefix`.
fn uses(modules: &BTreeMap<String, String>, prefix: &str) -> Uses {
    let others = |(module, code): (&String, &String)| {
        let mut others = named(code, prefix);
        others.retain(|other| other != module && modules.contains_key(other));
        (module.clone(), others)
    };
    modules.iter().map(others).collect()
}

fn check_folders(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            check_no_circle(&uses(&modules(&path), "super::"));
            check_folders(&path);
        }
    }
}

#[test]
fn no_module_reaches_itself_through_others() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let found = uses(&modules(&sources), "crate::");
    assert!(found["cli"].contains("scenario"), "{found:?}");
    check_no_circle(&found);
    check_folders(&sources);
}

#[test]
#[should_panic(expected = "a reaches itself")]
fn a_circle_is_found() {
    let module = |name: &str, code: &str| (name.to_owned(), code.to_owned());
    let modules = BTreeMap::from([
        module("a", "use super::{b, x};"),
        module("b", "let y = super::c::d();"),
        module("c", "use super::a::A;"),
    ]);
    check_no_circle(&uses(&modules, "super::"));
}
