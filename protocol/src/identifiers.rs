//! What entries and requests are known by: positions, epochs, message ids, nonces.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits::{IDENTIFIER_BYTES, NONCE_BYTES};

/// An entry's position in its room's log: 1 for the first, without holes; 0 is before the first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// The position after this one.
    pub fn next(self) -> Seq {
        Seq(self.0.saturating_add(1))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// What the name of a position begins with; no id does.
const POSITION: char = '#';

/// Why a text is not an identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// Nothing in it.
    #[error("is empty")]
    Empty,
    /// More bytes than the limit.
    #[error("is too long: {bytes} bytes, the limit is {limit}")]
    TooLong {
        /// Bytes it has.
        bytes: usize,
        /// Bytes it may have.
        limit: usize,
    },
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $limit:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Checks that `text` is not empty and within its limit of bytes.
            pub fn new(text: impl Into<String>) -> Result<Self, IdentifierError> {
                let text = text.into();
                let bytes = text.len();
                if bytes == 0 {
                    return Err(IdentifierError::Empty);
                }
                if bytes > $limit {
                    return Err(IdentifierError::TooLong { bytes, limit: $limit });
                }
                Ok(Self(text))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

identifier!(
    /// Which life of a room's log a position belongs to: positions of different epochs do not
    /// compare. Opaque to clients.
    Epoch,
    IDENTIFIER_BYTES
);
identifier!(
    /// A message's id, unique over all rooms. Opaque to clients.
    MessageId,
    IDENTIFIER_BYTES
);
identifier!(
    /// A sender's own mark on a message: the same mark within five minutes is the same message.
    Nonce,
    NONCE_BYTES
);

identifier!(
    /// What a message is known by while it waits for a moderator. Opaque to clients.
    HeldId,
    IDENTIFIER_BYTES
);

identifier!(
    /// What a line of a room's audit is known by. Opaque to clients.
    AuditId,
    IDENTIFIER_BYTES
);

impl MessageId {
    /// The id of the message at `seq` in the log's life `epoch`.
    pub fn at(epoch: &Epoch, seq: Seq) -> Self {
        Self(format!("{epoch}-{seq}"))
    }

    /// What names the message at `seq` whatever the log's life: for clients that know messages by
    /// their positions alone.
    pub fn of_position(seq: Seq) -> Self {
        Self(format!("{POSITION}{seq}"))
    }

    /// The position that this is the name of, by [`MessageId::of_position`].
    pub fn position(&self) -> Option<Seq> {
        let digits = self.0.strip_prefix(POSITION)?;
        let seq = Seq(digits.parse().ok()?);
        (Self::of_position(seq) == *self).then_some(seq)
    }

    /// The position in the text of an id, whatever the log's life.
    pub fn position_in(id: &str) -> Option<Seq> {
        let (_, digits) = id.rsplit_once('-')?;
        digits.parse().ok().map(Seq)
    }

    /// The position that an id of `epoch` names; `None` where it is no id of that epoch.
    pub fn seq_in(&self, epoch: &Epoch) -> Option<Seq> {
        let digits = self.0.strip_prefix(epoch.as_str())?.strip_prefix('-')?;
        let seq: u64 = digits.parse().ok()?;
        (Self::at(epoch, Seq(seq)) == *self).then_some(Seq(seq))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_bounds() {
        assert_eq!(Nonce::new(""), Err(IdentifierError::Empty));
        assert!(Nonce::new("n".repeat(64)).is_ok());
        let over = IdentifierError::TooLong {
            bytes: 66,
            limit: 64,
        };
        assert_eq!(Nonce::new("é".repeat(33)), Err(over));
    }

    #[test]
    fn a_message_id_names_its_position_in_its_own_epoch_only() {
        let epoch = Epoch::new("aa-1").unwrap();
        let id = MessageId::at(&epoch, Seq(7));
        assert_eq!(id.seq_in(&epoch), Some(Seq(7)));
        assert_eq!(id.seq_in(&Epoch::new("bb").unwrap()), None);
        for text in ["aa-1", "aa-1-", "aa-1-x", "aa-1-07", "aa-1-+7", "aa-1--7"] {
            assert_eq!(MessageId::new(text).unwrap().seq_in(&epoch), None, "{text}");
        }
        assert_eq!(MessageId::position_in(id.as_str()), Some(Seq(7)));
    }

    #[test]
    fn a_position_names_a_message_in_any_epoch() {
        let named = MessageId::of_position(Seq(7));
        assert_eq!(named.position(), Some(Seq(7)));
        assert_eq!(named.seq_in(&Epoch::new("aa").unwrap()), None);
        for text in ["#", "#07", "#+7", "7", "aa-7", "#7 "] {
            assert_eq!(MessageId::new(text).unwrap().position(), None, "{text}");
        }
    }
}
