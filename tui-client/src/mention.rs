//! Whether a text names a user. Pure.

/// True where `text` has one of `names` (in lower case) as a word of its own, with or without an `@`.
pub(crate) fn names_any(text: &str, names: &[String]) -> bool {
    let text = text.to_lowercase();
    names
        .iter()
        .any(|name| !name.is_empty() && has_word(&text, name))
}

fn has_word(text: &str, word: &str) -> bool {
    let joins = |character: char| character.is_alphanumeric() || character == '_';
    text.match_indices(word).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + word.len()..].chars().next();
        !before.is_some_and(joins) && !after.is_some_and(joins)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_word_of_its_own() {
        let check = |text: &str, expected: bool| {
            assert_eq!(names_any(text, &["alice".to_owned()]), expected, "{text:?}");
        };
        check("@alice can you?", true);
        check("hey ALICE", true);
        check("alice: look", true);
        check("malice", false);
        check("alice_2", false);
        check("malice, alice", true);
        check("", false);
    }
}
