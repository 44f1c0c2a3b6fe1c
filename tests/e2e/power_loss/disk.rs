//! A disk that loses its power: what must be on it then, and what may be.
//!
//! What is taken for granted is what ext4 and xfs promise with their default options, and no more:
//!
//! - Of a file, all is there that had been written when the last `fsync` or `fdatasync` that came
//!   back began. Of what was written or cut later, all, nothing, the first part, or any part may be
//!   there, and of a write any of its sectors of 512 bytes; between them lie zeros, where the file
//!   was shorter. Bytes that were not written to are not harmed (SQLite's "powersafe overwrite").
//! - Of a directory, all names are there, and gone, that were when its last `fsync` that came back
//!   began. Of later changes the first so many are made: both file systems keep their order. A
//!   rename is made or not. That a new file's own `fsync` takes its name along is true of both, but
//!   documented nowhere (`fsync(2)` says the opposite), and not taken for granted.
//! - SQLite's `-shm` file is memory that processes share: it comes back as garbage.
//!
//! Not modelled: sectors that become unreadable, syncs that fail, modes and owners of files.

mod content;
mod tree;

use std::collections::HashMap;
use std::path::Path;

use rand::RngExt;
use rand::rngs::ThreadRng;

use super::journal::Record;
use content::{FileChange, NameChange, Names};
use tree::Tree;

/// What is left of that which was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Survival {
    /// Nothing at all.
    Nothing,
    /// All of it, as if the server alone had been killed.
    Everything,
    /// What chance says, for each file and directory on its own.
    Chance,
}

/// What stands for a file or directory; an inode's number may be given again.
type Id = usize;

/// Something that is partly on the disk and partly in memory.
#[derive(Clone, Debug)]
struct Cached<T, C> {
    on_disk: T,
    /// Later changes, each with the position of its record.
    in_memory: Vec<(usize, C)>,
}

#[derive(Clone, Debug)]
enum Node {
    File(Cached<Vec<u8>, FileChange>),
    Directory(Cached<Names, NameChange>),
    /// Shared memory; its contents are not looked at.
    Shared,
}

/// A directory and all that is below it.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    /// The first of them is the directory itself.
    nodes: Vec<Node>,
    by_inode: HashMap<u64, Id>,
    /// The position of the last record.
    last: usize,
}

impl<T, C> Cached<T, C> {
    fn new(on_disk: T) -> Self {
        let in_memory = Vec::new();
        Self { on_disk, in_memory }
    }

    /// The changes whose records are among the first `covers` get to the disk.
    fn sync(&mut self, covers: usize, apply: impl Fn(&mut T, C)) {
        let later = self.in_memory.partition_point(|(at, _)| *at < covers);
        for (_, change) in self.in_memory.drain(..later) {
            apply(&mut self.on_disk, change);
        }
    }
}

impl Disk {
    /// What is in `directory` now, all of it on the disk.
    pub(super) fn read(directory: &Path) -> Self {
        let mut disk = Self {
            nodes: Vec::new(),
            by_inode: HashMap::new(),
            last: 0,
        };
        tree::read(directory, &mut disk);
        disk
    }

    /// Adds something that is all on the disk.
    fn add(&mut self, inode: u64, node: Node) -> Id {
        self.nodes.push(node);
        self.by_inode.insert(inode, self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    /// Does what the journal tells.
    pub(super) fn carry_out(&mut self, records: Vec<Record>) {
        self.last = records.len().saturating_sub(1);
        for (at, record) in records.into_iter().enumerate() {
            self.do_one(at, record);
        }
    }

    fn do_one(&mut self, at: usize, record: Record) {
        match record {
            Record::Nothing => {}
            Record::Created {
                inode,
                parent,
                name,
                is_directory,
            } => {
                let id = self.add(inode, Node::new(&name, is_directory));
                self.change_names(at, parent, NameChange::Add(name, id));
            }
            Record::Write {
                inode,
                offset,
                bytes,
            } => self.change_file(at, inode, FileChange::Write(offset as usize, bytes)),
            Record::Truncate { inode, length } => {
                self.change_file(at, inode, FileChange::Truncate(length as usize));
            }
            Record::Unlink { parent, name } => {
                self.change_names(at, parent, NameChange::Remove(name));
            }
            Record::Rename {
                parent,
                name,
                new_parent,
                new_name,
            } => {
                assert_eq!(
                    parent, new_parent,
                    "moves between directories are not modelled"
                );
                self.change_names(at, parent, NameChange::Move(name, new_name));
            }
            Record::Synced { inode, covers } => match self.node(inode) {
                Node::File(file) => file.sync(covers, content::change),
                Node::Directory(names) => names.sync(covers, content::rename),
                Node::Shared => {}
            },
        }
    }

    fn node(&mut self, inode: u64) -> &mut Node {
        match self.by_inode.get(&inode) {
            Some(id) => &mut self.nodes[*id],
            None => panic!("inode {inode} was never recorded"),
        }
    }

    fn change_file(&mut self, at: usize, inode: u64, change: FileChange) {
        match self.node(inode) {
            Node::File(file) => file.in_memory.push((at, change)),
            Node::Shared => {}
            Node::Directory(_) => panic!("{change:?} to a directory"),
        }
    }

    fn change_names(&mut self, at: usize, inode: u64, change: NameChange) {
        match self.node(inode) {
            Node::Directory(names) => names.in_memory.push((at, change)),
            _ => panic!("{change:?} in a file"),
        }
    }

    /// The journal must tell all that was done: `directory` has to be as it says, with or without
    /// the last change, or with a part of it, since the server was killed.
    #[track_caller]
    pub(super) fn expect_state_of(&self, directory: &Path) {
        let now = Tree::of(&Disk::read(directory), usize::MAX);
        now.expect_between(&Tree::of(self, self.last), &Tree::of(self, usize::MAX));
    }

    /// The power fails: what was in memory is gone, or a part of it.
    pub(super) fn lose_power(&mut self, survival: Survival, chance: &mut ThreadRng) {
        for node in &mut self.nodes {
            match node {
                Node::Shared => {}
                Node::File(file) => {
                    let changes = file.in_memory.drain(..).map(|(_, change)| change);
                    for change in content::survivors(changes.collect(), survival, chance) {
                        content::change(&mut file.on_disk, change);
                    }
                }
                Node::Directory(names) => {
                    let kept = match survival {
                        Survival::Nothing => 0,
                        Survival::Everything => names.in_memory.len(),
                        Survival::Chance => chance.random_range(0..=names.in_memory.len()),
                    };
                    for (_, change) in names.in_memory.drain(..).take(kept) {
                        content::rename(&mut names.on_disk, change);
                    }
                }
            }
        }
    }

    /// Makes `directory` hold what is on the disk and nothing else.
    pub(super) fn write(&self, directory: &Path) {
        Tree::of(self, 0).write(directory);
    }
}

impl Node {
    /// Something new.
    fn new(name: &str, is_directory: bool) -> Self {
        match is_directory {
            true => Node::Directory(Cached::new(Names::new())),
            false if name.ends_with("-shm") => Node::Shared,
            false => Node::File(Cached::new(Vec::new())),
        }
    }
}

#[cfg(test)]
mod tests;
