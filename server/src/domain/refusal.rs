//! Why something is refused, for programs.

use chat_protocol::{Code, Reason};

/// A code, and the word for the cause where it has several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Why {
    /// The code.
    pub code: Code,
    /// The word; `None` where no word fits.
    pub reason: Option<Reason>,
}

impl From<Code> for Why {
    fn from(code: Code) -> Self {
        Self { code, reason: None }
    }
}

impl From<Reason> for Why {
    fn from(reason: Reason) -> Self {
        Self {
            code: reason.code(),
            reason: Some(reason),
        }
    }
}
