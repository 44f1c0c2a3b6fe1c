//! A disk loses what was not synced, and nothing else.

use tempfile::TempDir;

use super::*;

/// The inode of the directory of a disk that holds nothing, and the disk.
fn empty() -> (u64, Disk) {
    let disk = Disk::read(TempDir::new().unwrap().path());
    let root = *disk.by_inode.keys().next().unwrap();
    (root, disk)
}

fn created(parent: u64, inode: u64, name: &str) -> Record {
    Record::Created {
        inode,
        parent,
        name: name.to_owned(),
        is_directory: false,
    }
}

fn write(inode: u64, offset: u64, text: &str) -> Record {
    Record::Write {
        inode,
        offset,
        bytes: text.as_bytes().to_vec(),
    }
}

fn synced(inode: u64, covers: usize) -> Record {
    Record::Synced { inode, covers }
}

/// What is in the directory after `records` and a power loss: names and texts.
fn after(disk: &mut Disk, records: Vec<Record>, survival: Survival) -> Vec<(String, String)> {
    let directory = TempDir::new().unwrap();
    disk.carry_out(records);
    disk.lose_power(survival, &mut rand::rng());
    disk.write(directory.path());
    let mut found: Vec<_> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let text = std::fs::read_to_string(entry.path()).unwrap();
            (entry.file_name().into_string().unwrap(), text)
        })
        .collect();
    found.sort();
    found
}

#[test]
fn what_was_synced_is_there_and_the_rest_may_be() {
    let mut seen = std::collections::BTreeSet::new();
    for round in 0..300 {
        let (root, mut disk) = empty();
        let records = vec![
            created(root, 7, "a"),
            write(7, 0, "one"),
            synced(7, 2),
            synced(root, 3),
            write(7, 3, "two"),
            write(7, 6, "six"),
        ];
        let survival = match round {
            0 => Survival::Nothing,
            _ => Survival::Chance,
        };
        let found = after(&mut disk, records, survival);
        assert_eq!(found.len(), 1);
        assert!(found[0].1.starts_with("one"), "{found:?}");
        if round == 0 {
            assert_eq!(found[0].1, "one");
        }
        seen.insert(found[0].1.clone());
    }
    let all: Vec<&str> = seen.iter().map(String::as_str).collect();
    assert_eq!(all, ["one", "one\0\0\0six", "onetwo", "onetwosix"]);
}

#[test]
fn a_sync_covers_what_was_there_when_it_began() {
    let (root, mut disk) = empty();
    let records = vec![
        created(root, 7, "a"),
        synced(root, 1),
        write(7, 0, "one"),
        write(7, 3, "two"),
        synced(7, 3),
    ];
    let found = after(&mut disk, records, Survival::Nothing);
    assert_eq!(found, [("a".to_owned(), "one".to_owned())]);
}

#[test]
fn a_name_needs_its_directory_synced_whatever_became_of_the_file() {
    let (root, mut disk) = empty();
    let records = vec![created(root, 7, "a"), write(7, 0, "one"), synced(7, 2)];
    assert_eq!(after(&mut disk, records, Survival::Nothing), []);
    // And so does the end of a name.
    let (root, mut disk) = empty();
    let unlink = Record::Unlink {
        parent: root,
        name: "a".to_owned(),
    };
    let records = vec![created(root, 7, "a"), synced(root, 1), unlink];
    let found = after(&mut disk, records, Survival::Nothing);
    assert_eq!(found, [("a".to_owned(), String::new())]);
}

#[test]
fn a_change_that_was_not_recorded_is_noticed() {
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("a"), "one").unwrap();
    let disk = Disk::read(directory.path());
    disk.expect_state_of(directory.path());
    std::fs::write(directory.path().join("a"), "two").unwrap();
    let noticed = std::panic::catch_unwind(|| disk.expect_state_of(directory.path()));
    assert!(noticed.is_err());
}
