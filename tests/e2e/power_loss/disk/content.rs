//! Changes to a file's bytes and to a directory's names: making them, and which of them survive.

use std::collections::BTreeMap;

use rand::RngExt;
use rand::rngs::ThreadRng;

use super::{Id, Survival};

/// Bytes that a disk writes as one.
const SECTOR: usize = 512;

pub(super) type Names = BTreeMap<String, Id>;

#[derive(Clone, Debug)]
pub(super) enum FileChange {
    /// From this offset on.
    Write(usize, Vec<u8>),
    /// To this length.
    Truncate(usize),
}

#[derive(Clone, Debug)]
pub(super) enum NameChange {
    Add(String, Id),
    Remove(String),
    /// From the one name to the other, which may be taken.
    Move(String, String),
}

pub(super) fn change(bytes: &mut Vec<u8>, change: FileChange) {
    match change {
        FileChange::Truncate(length) => bytes.resize(length, 0),
        FileChange::Write(offset, written) => {
            let end = offset + written.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[offset..end].copy_from_slice(&written);
        }
    }
}

pub(super) fn rename(names: &mut Names, change: NameChange) {
    match change {
        NameChange::Add(name, id) => drop(names.insert(name, id)),
        NameChange::Remove(name) => drop(names.remove(&name)),
        NameChange::Move(from, to) => {
            if let Some(id) = names.remove(&from) {
                names.insert(to, id);
            }
        }
    }
}

/// The changes that got to the disk although nobody asked for it.
pub(super) fn survivors(
    mut changes: Vec<FileChange>,
    survival: Survival,
    chance: &mut ThreadRng,
) -> Vec<FileChange> {
    match survival {
        Survival::Nothing => return Vec::new(),
        Survival::Everything => return changes,
        Survival::Chance => {}
    }
    match chance.random_range(0..5) {
        0 => changes.clear(),
        1 => {}
        2 => changes.truncate(chance.random_range(0..=changes.len())),
        3 => changes.retain(|_| chance.random_bool(0.5)),
        _ => {
            let sectors = changes.into_iter().flat_map(sectors);
            return sectors.filter(|_| chance.random_bool(0.7)).collect();
        }
    }
    changes
}

/// A write, cut where the disk's sectors begin.
fn sectors(change: FileChange) -> Vec<FileChange> {
    let FileChange::Write(offset, bytes) = change else {
        return vec![change];
    };
    let first = (SECTOR - offset % SECTOR).min(bytes.len());
    let (head, rest) = bytes.split_at(first);
    let mut parts = vec![FileChange::Write(offset, head.to_vec())];
    for (part, number) in rest.chunks(SECTOR).zip(0..) {
        let at = offset + first + number * SECTOR;
        parts.push(FileChange::Write(at, part.to_vec()));
    }
    parts
}
