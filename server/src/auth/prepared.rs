//! Passwords as they are hashed: prepared by OpaqueString (RFC 8265, section 4), so that one password is
//! the same on every keyboard, composed or not.

use chat_protocol::Secret;
use precis_core::profile::Profile;
use precis_core::{DerivedPropertyValue, Error, FreeformClass, StringClass};
use precis_profiles::OpaqueString;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// Why a text can't be a new password. Its text completes "the password ...".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Nothing in it.
    #[error("is empty")]
    Empty,
    /// A character that no password holds: a control character, one that can't be seen, or one that
    /// is not assigned.
    #[error("can't contain U+{0:04X} (RFC 8265)")]
    Character(u32),
    /// Two characters that do not go together.
    #[error("holds characters that do not go together (RFC 8265)")]
    Combination,
}

/// A password as somebody typed it, and as it is compared.
#[derive(Clone)]
pub(super) struct Typed {
    typed: Secret,
    prepared: Result<Secret, PasswordError>,
}

impl Typed {
    pub(super) fn new(typed: Secret) -> Self {
        let prepared = prepared(&typed);
        Self { typed, prepared }
    }

    /// As it is compared: prepared, or as it was typed where it can't be.
    pub(super) fn compared(&self) -> &Secret {
        self.prepared.as_ref().unwrap_or(&self.typed)
    }

    /// Whatever else it may have been hashed as, before passwords were prepared: as it is typed here, or
    /// on a keyboard that composes otherwise.
    pub(super) fn others(&self) -> Vec<Secret> {
        let typed = self.typed.expose();
        let (composed, apart): (String, String) = (typed.nfc().collect(), typed.nfd().collect());
        let forms = [
            Secret::new(typed),
            Secret::new(composed),
            Secret::new(apart),
        ];
        let mut others: Vec<Secret> = Vec::new();
        for form in forms {
            if form != *self.compared() && !others.contains(&form) {
                others.push(form);
            }
        }
        others
    }

    /// As that of a new account.
    pub(super) fn new_one(&self) -> Result<&Secret, PasswordError> {
        self.prepared.as_ref().map_err(|error| *error)
    }
}

/// `password` as it is hashed, by OpaqueString; or why it can't be somebody's new one.
pub fn prepared(password: &Secret) -> Result<Secret, PasswordError> {
    let text = password.expose();
    if text.is_empty() {
        return Err(PasswordError::Empty);
    }
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Ok(password.clone());
    }
    // The library knows the characters of Unicode 6.3. What was added since is taken for a letter.
    let known: String = text
        .chars()
        .map(|one| if is_newer(one) { 'x' } else { one })
        .collect();
    let profile = OpaqueString::new();
    if let Err(error) = profile.prepare(known.as_str()) {
        // The parts of a Korean syllable are not allowed by themselves, the syllable is.
        let composed: String = known.nfc().collect();
        profile
            .prepare(composed.as_str())
            .map_err(|_| match error {
                Error::BadCodepoint(info) => PasswordError::Character(info.cp),
                _ => PasswordError::Combination,
            })?;
    }
    let is_blank = |one: char| one.general_category_group() == GeneralCategoryGroup::Separator;
    let mapped = text.chars().map(|one| match is_blank(one) {
        true => ' ',
        false => one,
    });
    Ok(Secret::new(mapped.nfc().collect::<String>()))
}

/// Whether `character` came after the library's Unicode, as something that passwords may hold.
fn is_newer(character: char) -> bool {
    use GeneralCategoryGroup::{Letter, Mark, Number, Punctuation, Symbol};
    let value = FreeformClass::default().get_value_from_char(character);
    value == DerivedPropertyValue::Unassigned
        && matches!(
            character.general_category_group(),
            Letter | Mark | Number | Punctuation | Symbol
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<String, PasswordError> {
        prepared(&Secret::new(text)).map(|secret| secret.expose().to_owned())
    }

    /// RFC 8265, section 4.3.
    #[test]
    fn the_examples_of_the_rfc_hold() {
        for same in [
            "correct horse battery staple",
            "Correct Horse Battery Staple",
            "\u{3c0}\u{df}\u{e5}",
            "Jack of \u{2666}s",
        ] {
            assert_eq!(check(same), Ok(same.to_owned()));
        }
        assert_eq!(check("foo\u{1680}bar"), Ok("foo bar".to_owned()));
        assert_eq!(check(""), Err(PasswordError::Empty));
        let tab = check("my cat is a \u{9}by");
        assert_eq!(tab, Err(PasswordError::Character(9)));
    }

    #[test]
    fn spellings_are_one_and_nothing_else_is() {
        assert_eq!(check("pa\u{df}wo\u{308}rt"), check("pa\u{df}w\u{f6}rt"));
        assert_eq!(check("a\u{a0}b\u{3000}c"), Ok("a b c".to_owned()));
        let apart = "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}";
        assert_eq!(check(apart), Ok("\u{d55c}\u{ae00}".to_owned()));
        assert_eq!(check("\u{1100}"), Err(PasswordError::Character(0x1100)));
        // Once composed it is a dot that may not stand there, but it was always taken.
        assert_eq!(check("a\u{387}"), Ok("a\u{b7}".to_owned()));
        assert_ne!(check("\u{ff21}"), check("A"));
        assert_ne!(check("A"), check("a"));
        assert_eq!(check(" a "), Ok(" a ".to_owned()));
        // Newer than the library.
        assert_eq!(
            check("\u{1f914}\u{1fae0}"),
            Ok("\u{1f914}\u{1fae0}".to_owned())
        );
    }

    #[test]
    fn what_no_password_holds_is_named() {
        for bad in [
            "\u{feff}a",
            "a\u{200b}",
            "a\u{0}",
            "a\u{378}",
            "a\u{fdd0}",
            "\u{e000}",
        ] {
            let refused = check(bad).unwrap_err();
            assert!(matches!(refused, PasswordError::Character(_)), "{refused}");
        }
    }

    #[test]
    fn no_text_is_a_panic_and_what_is_prepared_stays_as_it_is() {
        let mut state = 1_u32;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..4 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let range = [0x100, 0x3000, 0x11_0000, 0x2100][(state >> 30) as usize];
                text.extend(char::from_u32((state >> 8) % range));
            }
            // What is made of a Greek dot may not stand where the dot may.
            if let Ok(once) = check(&text)
                && let Ok(twice) = check(&once)
            {
                assert_eq!(twice, once);
            }
        }
    }
}
