//! The names of users and rooms: validated here once, taken as good everywhere else.

use std::fmt;
use std::hash::{Hash, Hasher};

use precis_core::profile::PrecisFastInvocation;
use precis_profiles::UsernameCaseMapped;

use crate::limits::{ROOM_NAME_CHARS, USERNAME_CHARS};

/// Why a text is not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing in it, or nothing but white space.
    #[error("is empty")]
    Empty,
    /// More characters than the limit.
    #[error("is too long: {chars} characters, at most {limit} are allowed")]
    TooLong {
        /// Characters it has.
        chars: usize,
        /// Characters it may have.
        limit: usize,
    },
    /// A character that this kind of name can't hold.
    #[error("must not contain U+{0:04X}")]
    Character(u32),
    /// The characters are allowed, their combination is not (RFC 8265, the Bidi rule of RFC 5893).
    #[error("is not a valid name (RFC 8265)")]
    Combination,
}

/// A user's name: as written, and as compared.
///
/// Compared, and so equal and hashed, by the PRECIS UsernameCaseMapped profile (RFC 8265, section
/// 3.3): width and case do not count. E-mail addresses are valid names.
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
        let key = UsernameCaseMapped::enforce(text).map_err(|error| match error {
            precis_core::Error::BadCodepoint(info) => NameError::Character(info.cp),
            _ => NameError::Combination,
        })?;
        check_length(&key, USERNAME_CHARS)?;
        Ok(Self {
            text: text.to_owned(),
            key: key.into_owned(),
        })
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

/// A room's name: 1 to 64 characters, none of them a control character; compared exactly.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomName(String);

impl RoomName {
    /// Validates `text`.
    pub fn new(text: &str) -> Result<Self, NameError> {
        if text.trim().is_empty() {
            return Err(NameError::Empty);
        }
        check_length(text, ROOM_NAME_CHARS)?;
        match text.chars().find(|character| character.is_control()) {
            Some(control) => Err(NameError::Character(control.into())),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
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
        assert_ne!(Username::new("alice"), Username::new("alicia"));
        assert_eq!(Username::new("Alice").unwrap().as_str(), "Alice");
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
}
