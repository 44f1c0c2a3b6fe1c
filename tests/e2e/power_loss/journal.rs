//! The journal of what a server did to its files, as `recorder.c` writes it.
//!
//! Owns its format. Must not know what it means for a disk.

use std::io::ErrorKind;
use std::path::Path;

/// Bytes of a record before its name and data: two numbers of 4 bytes and five of 8.
const HEAD: usize = 48;

/// What was done, in the order in which it was done. Files and directories go by their inodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Record {
    Created {
        inode: u64,
        parent: u64,
        name: String,
        is_directory: bool,
    },
    Write {
        inode: u64,
        offset: u64,
        bytes: Vec<u8>,
    },
    Truncate {
        inode: u64,
        length: u64,
    },
    Unlink {
        parent: u64,
        name: String,
    },
    Rename {
        parent: u64,
        name: String,
        new_parent: u64,
        new_name: String,
    },
    /// A sync came back that covers the first so many records.
    Synced {
        inode: u64,
        covers: usize,
    },
    /// Keeps the count of records right where there is nothing to do.
    Nothing,
}

/// Reads the journal at `path` and removes it: the next start begins a new one. There is none where
/// the server was killed before it did anything.
pub(super) fn take(path: &Path) -> Vec<Record> {
    let bytes = match std::fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Vec::new(),
        read => read.unwrap(),
    };
    std::fs::remove_file(path).unwrap();
    let mut reader = Reader { bytes: &bytes };
    let mut records = Vec::new();
    while let Some(record) = reader.record(&mut records) {
        records.push(record);
    }
    records
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl Reader<'_> {
    /// The next record; `None` at the end, also where the last one is torn: what it announces was
    /// not done any more.
    fn record(&mut self, earlier: &mut [Record]) -> Option<Record> {
        let (head, rest) = self.bytes.split_at_checked(HEAD)?;
        let small = |at: usize| u32::from_ne_bytes(head[at..at + 4].try_into().unwrap());
        let large = |at: usize| u64::from_ne_bytes(head[at..at + 8].try_into().unwrap());
        let (name, rest) = rest.split_at_checked(small(4) as usize)?;
        let (data, rest) = rest.split_at_checked(large(40) as usize)?;
        self.bytes = rest;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (inode, parent, offset, length) = (large(8), large(16), large(24), large(32));
        Some(match small(0) {
            1 => Record::Nothing,
            2 => Record::Created {
                inode,
                parent,
                name: text(name),
                is_directory: length == 1,
            },
            3 => Record::Write {
                inode,
                offset,
                bytes: data.to_vec(),
            },
            4 => Record::Truncate { inode, length },
            5 => Record::Unlink {
                parent,
                name: text(name),
            },
            6 => Record::Rename {
                parent,
                name: text(name),
                new_parent: inode,
                new_name: text(data),
            },
            7 => Record::Synced {
                inode,
                covers: offset as usize,
            },
            8 => {
                amend(earlier.last_mut().unwrap(), offset == 1, length as usize);
                Record::Nothing
            }
            kind => panic!("a record of kind {kind}"),
        })
    }
}

/// The last change failed, or was a write that took no more than `length` bytes.
fn amend(last: &mut Record, failed: bool, length: usize) {
    match last {
        _ if failed => *last = Record::Nothing,
        Record::Write { bytes, .. } => bytes.truncate(length),
        other => panic!("{other:?} was done in part"),
    }
}
