//! Who writes in a room, each once, and whose name looks like whose. Must not know what they write.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use chat_protocol::{Message, Rank, skeletons};

use super::Reader;
use super::entry::Author;

/// Bytes of an author's names that are remembered; longer ones no contract allows.
const NAMES_BYTES: usize = 1_024;
/// Authors remembered; the memory begins anew when there are more.
const AUTHORS: usize = 10_000;
/// People of one look that a new one is compared with. Those of rank are among them.
const ALIKE: usize = 16;

/// A username, a display name and a rank, as they came.
type Named = (Box<str>, Box<str>, u8);

/// Those who wrote.
#[derive(Debug, Default)]
pub(super) struct People {
    authors: HashMap<Named, Rc<Author>>,
    /// By what their names look like (UTS #39).
    looks: HashMap<Box<str>, Vec<Rc<Author>>>,
    /// By which names the reader was known when the looks were made.
    reader: Vec<String>,
}

impl People {
    /// The author of a message; and whether somebody who wrote before looks like another by now.
    pub(super) fn author(&mut self, message: &Message, reader: &Reader) -> (Rc<Author>, bool) {
        let anew = || Author::new(&message.username, &message.display_name, message.rank);
        if self.reader != reader.names {
            self.meet_reader(reader);
        }
        if message.username.len() + message.display_name.len() > NAMES_BYTES {
            let author = Rc::new(anew());
            let changed = self.meet(&author, reader);
            return (author, changed);
        }
        let named = (
            message.username.as_str().into(),
            message.display_name.as_str().into(),
            message.rank.into(),
        );
        if let Some(author) = self.authors.get(&named) {
            return (Rc::clone(author), false);
        }
        if self.authors.len() >= AUTHORS {
            self.authors.clear();
            self.meet_reader(reader);
        }
        let author = Rc::new(anew());
        self.authors.insert(named, Rc::clone(&author));
        let changed = self.meet(&author, reader);
        (author, changed)
    }

    /// The looks of all, the reader's among them.
    fn meet_reader(&mut self, reader: &Reader) {
        self.reader.clone_from(&reader.names);
        self.looks.clear();
        for name in &reader.names {
            let author = Author::new(&reader.key, name, Rank::User);
            self.meet(&Rc::new(author), reader);
        }
        let known: Vec<Rc<Author>> = self.authors.values().cloned().collect();
        for author in known {
            self.meet(&author, reader);
        }
    }

    /// Compares somebody with those who look the same; true where that changed another one.
    fn meet(&mut self, author: &Rc<Author>, reader: &Reader) -> bool {
        let mut changed = false;
        for look in looks(author) {
            let same = self.looks.entry(look).or_default();
            for other in same.iter().filter(|other| other.key != author.key) {
                if let Some(taken) = taken_for_the_other(author, other, &reader.key)
                    && !taken.is_alike.replace(true)
                {
                    changed |= !Rc::ptr_eq(taken, author);
                }
            }
            if same.len() < ALIKE {
                same.push(Rc::clone(author));
            } else if author.rank < Rank::User
                && let Some(place) = same.iter().position(|one| one.rank == Rank::User)
            {
                same[place] = Rc::clone(author);
            }
        }
        changed
    }
}

/// What somebody's names look like. On a screen of cells `i` is taken for `l` as well, which the table of
/// UTS #39 leaves apart.
fn looks(author: &Author) -> BTreeSet<Box<str>> {
    let looks = skeletons(&author.name, &author.key);
    let folded = looks.into_iter().map(|look| look.replace('i', "l"));
    folded.map(Into::into).collect()
}

/// Which of two who look alike is to be told apart: who looks like the reader, or like somebody of
/// higher rank.
fn taken_for_the_other<'author>(
    one: &'author Rc<Author>,
    other: &'author Rc<Author>,
    reader_key: &str,
) -> Option<&'author Rc<Author>> {
    let is_reader = |author: &Author| *author.key == *reader_key;
    match (is_reader(one), is_reader(other)) {
        (true, _) => Some(other),
        (_, true) => Some(one),
        _ if one.rank < other.rank => Some(other),
        _ if other.rank < one.rank => Some(one),
        _ => None,
    }
}
