//! Names that look alike, by their skeletons (UTS #39, section 4). Pure.

use std::collections::BTreeSet;

use unicode_security::confusable_detection::skeleton;

use crate::rank_sign;

/// What a name looks like as it is written, and as it is compared: two names look alike where they
/// share one of theirs. Case does not count, but how a capital looks does: `Ι` is an `l` as well.
pub fn skeletons(written: &str, key: &str) -> BTreeSet<String> {
    [written, key].into_iter().map(folded).collect()
}

/// The sign of a rank with which `name` seems to begin or to end.
pub fn seeming_rank_sign(name: &str) -> Option<char> {
    rank_sign(&skeleton(name).collect::<String>())
}

/// A capital may look like another letter than its small one, and that one like a third.
fn folded(text: &str) -> String {
    let looks: String = skeleton(text).collect();
    skeleton(&looks.to_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Username;

    #[test]
    fn what_looks_like_the_sign_of_a_rank_is_one() {
        for (name, expected) in [
            ("bob\u{1029b}", Some('+')),
            ("\u{1029b}\u{301}bob", Some('+')),
            ("bob\u{1029b}\u{338}", Some('+')),
            ("bob@", Some('@')),
            ("b\u{1029b}b", None),
            ("bob", None),
        ] {
            assert_eq!(seeming_rank_sign(name), expected, "{name}");
        }
    }

    fn of(name: &str) -> BTreeSet<String> {
        skeletons(name, Username::new(name).unwrap().key())
    }

    #[test]
    fn names_that_look_alike_share_a_skeleton() {
        for (one, other) in [
            ("alice", "\u{430}lice"),
            ("alice", "\u{410}LI\u{421}E"),
            ("alice", "alıce"),
            ("Alice", "AIice"),
            ("bob", "\u{392}OB"),
            ("tom", "torn"),
            ("tom", "\u{422}\u{41e}\u{41c}"),
            ("root", "r00t"),
            ("\u{441}\u{43e}\u{440}", "cop"),
        ] {
            assert!(!of(one).is_disjoint(&of(other)), "{one} {other}");
        }
        for (one, other) in [
            ("alice", "alicia"),
            ("emile", "\u{e9}mile"),
            ("bob", "rob"),
            ("anna", "ann"),
            ("\u{430}\u{43d}\u{43d}\u{430}", "anna"),
        ] {
            assert!(of(one).is_disjoint(&of(other)), "{one} {other}");
        }
    }
}
