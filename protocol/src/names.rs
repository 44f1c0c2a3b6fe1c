//! The names of users and rooms: validated here once, taken as good everywhere else.

use std::fmt;
use std::hash::{Hash, Hasher};

use precis_core::profile::{Profile, Rules};
use precis_profiles::UsernameCaseMapped;
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::limits::{ROOM_NAME_CHARS, USERNAME_CHARS};
use crate::visible::{seen_ends, shows};

/// The signs that stand beside a name for its owner's rank, here and in other chats.
const RANK_SIGNS: [char; 3] = ['@', '+', '$'];

/// Why a text is not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing in it, or nothing that can be seen.
    #[error("is empty")]
    Empty,
    /// More characters than the limit.
    #[error("is too long: {chars} characters, the limit is {limit}")]
    TooLong {
        /// Characters it has.
        chars: usize,
        /// Characters it may have.
        limit: usize,
    },
    /// A character that this kind of name can't hold.
    #[error("can't contain {}", character_words(*.0))]
    Character(u32),
    /// The characters are allowed, their combination is not (RFC 8265, the Bidi rule of RFC 5893).
    #[error("is not a valid name: its characters can't be combined (RFC 8265)")]
    Combination,
    /// It could be taken for a name with the sign of a rank beside it.
    #[error("can't begin or end with `{0}`, the sign of a rank")]
    RankSign(char),
}

/// A user's name: as written, and as compared.
///
/// Compared, and so equal and hashed, by the PRECIS UsernameCaseMapped profile (RFC 8265, section
/// 3.3): width and case do not count. Case is mapped as the profile prefers it, by Unicode's
/// toLowerCase() of the whole string, which knows the sigma at the end of a word. E-mail addresses are
/// valid names.
#[derive(Clone)]
pub struct Username {
    text: String,
    key: String,
}

impl Username {
    /// Validates `text`: 1 to 64 characters, as written and as compared, all allowed by the profile.
    pub fn new(text: &str) -> Result<Self, NameError> {
        if text.trim().is_empty() {
            return Err(NameError::Empty);
        }
        check_length(text, USERNAME_CHARS)?;
        let key = compared(text).map_err(|error| match error {
            precis_core::Error::BadCodepoint(info) => NameError::Character(info.cp),
            _ => NameError::Combination,
        })?;
        check_length(&key, USERNAME_CHARS)?;
        Ok(Self {
            text: text.to_owned(),
            key,
        })
    }

    /// What speaks against giving this name to somebody new, though those who have it keep it: nothing
    /// of it can be seen.
    pub fn check_new(&self) -> Result<(), NameError> {
        match shows(&self.text) {
            true => Ok(()),
            false => Err(NameError::Empty),
        }
    }

    /// The same where anybody may take a name: it must not look like one with a rank's sign, either.
    pub fn check_taken_freely(&self) -> Result<(), NameError> {
        self.check_new()?;
        match rank_sign(&self.key) {
            Some(sign) => Err(NameError::RankSign(sign)),
            None => Ok(()),
        }
    }

    /// The name as its owner wrote it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name as it is compared: two names are the same user where their keys are equal.
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// The sign of a rank with which `text` begins or ends as it is seen, whatever marks are on it.
pub fn rank_sign(text: &str) -> Option<char> {
    let (first, last) = seen_ends(text)?;
    [first, last]
        .into_iter()
        .find(|end| RANK_SIGNS.contains(end))
}

impl PartialEq for Username {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Username {}

impl Hash for Username {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl fmt::Debug for Username {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Username({:?})", self.text)
    }
}

impl fmt::Display for Username {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// `text` as UsernameCaseMapped enforces it, in the order of RFC 8265, section 3.3.3.
fn compared(text: &str) -> Result<String, precis_core::Error> {
    let profile = UsernameCaseMapped::new();
    // Maps width and looks at each character. The parts of a Korean syllable are not allowed by
    // themselves, the syllable is.
    let prepared = profile.prepare(text).or_else(|error| {
        let composed: String = text.nfc().collect();
        profile.prepare(composed).map_err(|_| error)
    })?;
    let normal: String = prepared.to_lowercase().nfc().collect();
    Ok(profile.directionality_rule(normal)?.into_owned())
}

/// A room's name: 1 to 64 characters, something of which can be seen, none of them a control character.
///
/// Names that differ in their spelling alone are one room's, so a server goes by [`RoomName::plain`],
/// unless it has a room of exactly the name that is given, or only one of another spelling: rooms from
/// before spellings were one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomName(String);

impl RoomName {
    /// Validates `text`, as somebody spells it.
    pub fn new(text: &str) -> Result<Self, NameError> {
        if !shows(text) {
            return Err(NameError::Empty);
        }
        check_room(&plain(text))?;
        Ok(Self(text.to_owned()))
    }

    /// A name that may be a room's, among them those that can't be given to a new one any more.
    pub fn stored(text: &str) -> Result<Self, NameError> {
        if text.trim().is_empty() {
            return Err(NameError::Empty);
        }
        check_room(text)?;
        Ok(Self(text.to_owned()))
    }

    /// A name as an operator spells it, for a room of now or from before.
    pub fn any(text: &str) -> Result<Self, NameError> {
        Self::new(text).or_else(|error| Self::stored(text).map_err(|_| error))
    }

    /// The same name in its plain spelling: composed (NFC), without white space around it.
    pub fn plain(&self) -> Self {
        Self(plain(&self.0))
    }

    /// Whether this is the plain spelling.
    pub fn is_plain(&self) -> bool {
        self.0.trim().len() == self.0.len() && is_nfc(&self.0)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn plain(text: &str) -> String {
    text.trim().nfc().collect()
}

fn check_room(text: &str) -> Result<(), NameError> {
    check_length(text, ROOM_NAME_CHARS)?;
    match text.chars().find(|character| character.is_control()) {
        Some(control) => Err(NameError::Character(control.into())),
        None => Ok(()),
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A character that a name can't contain, by its code point.
fn character_words(code_point: u32) -> String {
    match char::from_u32(code_point) {
        Some(' ') => "a space".to_owned(),
        Some(control) if control.is_control() => {
            format!("a control character (U+{code_point:04X})")
        }
        Some(seen) if shows(seen.encode_utf8(&mut [0; 4])) => {
            format!("`{seen}` (U+{code_point:04X})")
        }
        _ => format!("the character U+{code_point:04X}"),
    }
}

fn check_length(text: &str, limit: usize) -> Result<(), NameError> {
    let chars = text.chars().count();
    if chars > limit {
        return Err(NameError::TooLong { chars, limit });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> String {
        Username::new(text).unwrap().key().to_owned()
    }

    #[test]
    fn user_names_compare_without_case_and_width() {
        assert_eq!(Username::new("Alice"), Username::new("aLICE"));
        assert_eq!(key("Ａlice"), "alice");
        assert_eq!(key("ÉMILE"), key("e\u{301}mile"));
        assert_eq!(key("\u{1100}\u{1161}"), "\u{ac00}");
        assert_eq!(key("\u{1112}\u{1161}\u{11ab}a"), key("\u{d55c}A"));
        assert_eq!(
            Username::new("x\u{1100}"),
            Err(NameError::Character(0x1100))
        );
        // The sign that is made of them is not allowed, and they were.
        assert_eq!(key("=\u{338}"), "\u{2260}");
        assert_ne!(Username::new("alice"), Username::new("alicia"));
        assert_eq!(Username::new("Alice").unwrap().as_str(), "Alice");
    }

    #[test]
    fn case_is_mapped_over_the_whole_name() {
        let odysseus = Username::new("ΟΔΥΣΣΕΥΣ").unwrap();
        assert_eq!(Ok(&odysseus), Username::new("Οδυσσευς").as_ref());
        assert_eq!(odysseus.key(), "οδυσσευς");
        assert_eq!(key("ΝΙΚΟΣ@EXAMPLE.ORG"), "νικος@example.org");
        assert_eq!(key("ΣΑΣ.ΣΑΣ"), "σασ.σας");
        // RFC 8265, section 3.5, examples 7 to 9.
        assert_eq!(key("\u{3a3}"), "\u{3c3}");
        assert_ne!(key("\u{3c2}"), "\u{3c3}");
        assert_eq!(key("İ"), "i\u{307}");
        // Widths come first, composition comes last.
        assert_eq!(key("ＡＬＩＣＥ"), "alice");
        assert_eq!(key("\u{ff76}\u{ff9e}"), "\u{30ac}");
        assert_eq!(key("A\u{30a}NN"), "ånn");
    }

    /// RFC 8265, section 3.5.
    #[test]
    fn the_examples_of_the_rfc_hold() {
        for (name, expected) in [
            ("juliet@example.com", "juliet@example.com"),
            ("fussball", "fussball"),
            ("fu\u{df}ball", "fu\u{df}ball"),
            ("\u{3c0}", "\u{3c0}"),
            ("\u{3a3}", "\u{3c3}"),
            ("\u{3c3}", "\u{3c3}"),
            ("\u{3c2}", "\u{3c2}"),
        ] {
            assert_eq!(key(name), expected);
        }
        for none in ["foo bar", "", "henry\u{2163}", "\u{265a}"] {
            assert!(Username::new(none).is_err(), "{none:?}");
        }
    }

    /// RFC 5893, section 2.
    #[test]
    fn directions_are_not_mixed() {
        for (name, is_one) in [
            ("\u{5d0}\u{5d1}", true),
            ("\u{5d0}1", true),
            ("\u{5d0}\u{5b0}", true),
            ("\u{628}\u{661}", true),
            ("\u{661}\u{628}", false),
            ("\u{628}\u{661}1", false),
            ("a\u{5d0}", false),
            ("\u{5d0}a", false),
            ("1\u{5d0}", false),
            ("\u{5d0}.", false),
            ("\u{5d0}.\u{5d1}", true),
        ] {
            let name_is_one = Username::new(name).is_ok();
            assert_eq!(name_is_one, is_one, "{}", name.escape_unicode());
        }
    }

    #[test]
    fn names_that_look_ranked_are_not_taken_freely() {
        for name in [
            "bob@",
            "@bob",
            "bob+",
            "$bob",
            "bob\u{ff20}",
            "bob@\u{301}",
            "bob@\u{323}",
            "bob+\u{338}",
            "\u{323}@bob",
            "bob$\u{94d}\u{200d}",
        ] {
            let name = Username::new(name).unwrap();
            let refused = name.check_taken_freely().unwrap_err();
            assert!(matches!(refused, NameError::RankSign(_)), "{name}");
            assert_eq!(name.check_new(), Ok(()));
        }
        for name in ["bob", "bob@example.org", "a+b", "b$b", "bob!"] {
            assert_eq!(Username::new(name).unwrap().check_taken_freely(), Ok(()));
        }
        for mark in ["\u{301}", "\u{e34}", "\u{941}"] {
            let mark = Username::new(mark).unwrap();
            assert_eq!(mark.check_new(), Err(NameError::Empty));
        }
    }

    #[test]
    fn e_mail_addresses_are_user_names() {
        assert_eq!(key("Ann.Lee+chat@Example.org"), "ann.lee+chat@example.org");
    }

    #[test]
    fn what_is_no_user_name_says_why() {
        let check = |text: &str, expected: NameError| {
            assert_eq!(Username::new(text).unwrap_err(), expected, "{text:?}");
        };
        check("", NameError::Empty);
        check(" \t", NameError::Empty);
        check("ann lee", NameError::Character(0x20));
        check("ann\u{7}", NameError::Character(7));
        check("a\u{202e}b", NameError::Character(0x202e));
        let chars = 65;
        check(&"x".repeat(chars), NameError::TooLong { chars, limit: 64 });
        assert!(Username::new(&"é".repeat(64)).is_ok());
    }

    #[test]
    fn room_names_are_exact_and_hold_no_control_characters() {
        assert_ne!(RoomName::new("Stream"), RoomName::new("stream"));
        assert!(RoomName::new("émile's room №1").is_ok());
        assert_eq!(RoomName::new(""), Err(NameError::Empty));
        assert_eq!(RoomName::new("a\nb"), Err(NameError::Character(10)));
        assert!(RoomName::new(&"x".repeat(64)).is_ok());
        assert!(RoomName::new(&"x".repeat(65)).is_err());
    }

    #[test]
    fn spellings_of_a_room_name_are_one() {
        let plain = |text: &str| RoomName::new(text).unwrap().plain().as_str().to_owned();
        for (text, expected) in [
            ("café", "café"),
            ("cafe\u{301}", "café"),
            (" live ", "live"),
            ("\u{3000}live\u{a0}\n", "live"),
            ("a  b", "a  b"),
            ("Live", "Live"),
            ("ｌｉｖｅ", "ｌｉｖｅ"),
            ("\u{212b}", "\u{c5}"),
        ] {
            assert_eq!(plain(text), expected, "{text:?}");
            let is_plain = RoomName::new(text).unwrap().is_plain();
            assert_eq!(is_plain, text == expected, "{text:?}");
        }
        assert!(RoomName::new(&"e\u{301}".repeat(64)).is_ok());
        for nothing in ["\u{200b}", " \u{2800}\u{3164}", "\u{301}", "\u{e34}"] {
            assert_eq!(RoomName::new(nothing), Err(NameError::Empty));
            assert!(RoomName::stored(nothing).is_ok());
        }
    }
}
