//! Whom or what an action is for, fixed when it is asked about: never a row or "the newest of
//! somebody", which is another one a moment later.

use chat_protocol::{MessageId, Username};

/// A person, and perhaps a message of theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The name that the server takes.
    pub(crate) username: Username,
    /// The name as shown, harmless.
    pub(crate) name: String,
    /// The message, where one is meant.
    pub(crate) message: Option<TargetMessage>,
}

/// A message that an action is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TargetMessage {
    pub(crate) id: MessageId,
    /// The start of its text, harmless.
    pub(crate) text: String,
    /// When it was posted, milliseconds since 1970, UTC.
    pub(crate) unix_millis: i64,
}

impl Target {
    /// A person, without any of their messages.
    pub(crate) fn person(username: Username) -> Self {
        Self {
            name: crate::sanitize::line(username.as_str()),
            username,
            message: None,
        }
    }

    /// The same, from a name that a server gave; `None` where no command can name it.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Username::new(name).ok().map(Self::person)
    }
}

/// Those whom targets are about, each once, in order.
pub(crate) fn people(targets: &[Target]) -> Vec<&Target> {
    let mut people: Vec<&Target> = Vec::new();
    for target in targets {
        if people.iter().all(|other| other.username != target.username) {
            people.push(target);
        }
    }
    people
}
