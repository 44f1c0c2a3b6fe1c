//! Whose name looks like that of the reader or of somebody with a rank. Must not decide how that is
//! said.

use std::collections::HashMap;

use chat_protocol::{Username, skeletons};

/// Looks that are remembered; further ones are not learnt.
const LOOKS: usize = 10_000;
/// Bytes of a name at most: longer ones no contract allows.
const NAME_BYTES: usize = 1_024;

/// The names that others must not pass for, by what they look like (UTS #39).
#[derive(Debug, Default)]
pub(super) struct Likeness {
    looks: HashMap<Box<str>, Known>,
}

#[derive(Debug)]
struct Known {
    key: Box<str>,
    shown: Box<str>,
}

impl Likeness {
    /// Remembers a name to be told from others.
    pub(super) fn learn(&mut self, shown: &str, username: &str) {
        let key = key_of(username);
        if shown.len() + key.len() > NAME_BYTES {
            return;
        }
        for look in skeletons(shown, &key) {
            if self.looks.len() < LOOKS {
                let known = Known {
                    key: key.as_str().into(),
                    shown: shown.into(),
                };
                self.looks.entry(look.into()).or_insert(known);
            }
        }
    }

    /// The name that another user's looks like.
    pub(super) fn other(&self, shown: &str, username: &str) -> Option<&str> {
        let key = key_of(username);
        if shown.len() + key.len() > NAME_BYTES {
            return None;
        }
        let looks = skeletons(shown, &key);
        let same = looks
            .iter()
            .filter_map(|look| self.looks.get(look.as_str()));
        let mut others = same.filter(|known| *known.key != *key);
        others.next().map(|known| &*known.shown)
    }
}

/// What a user name is compared by, as the server does it where the contract allows the name.
fn key_of(username: &str) -> String {
    match Username::new(username) {
        Ok(username) => username.key().to_owned(),
        Err(_) => username.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_looks_like_another_is_found() {
        let mut likeness = Likeness::default();
        likeness.learn("alice", "alice");
        likeness.learn("Erin", "erin");
        let check = |name: &str, expected: Option<&str>| {
            assert_eq!(likeness.other(name, name), expected, "{name}");
        };
        check("alice", None);
        check("ALICE", None);
        check("al\u{456}ce", Some("alice"));
        check("a1ice", Some("alice"));
        check("er\u{456}n", Some("Erin"));
        check("bob", None);
        check(&"x".repeat(2_000), None);
        assert_eq!(
            likeness.other("alice", "malory"),
            Some("alice"),
            "by its display name"
        );
    }
}
