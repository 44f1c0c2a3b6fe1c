//! Strict reading of an event's parameters: missing, unknown and ill-typed ones are told apart.

use serde_json::{Map, Value};

use crate::events::{ClientEventRow, Parameter};

/// What is wrong with a parameter. The text completes "`name` …".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A required parameter is not there.
    #[error("is missing")]
    Missing,
    /// The event has no such parameter.
    #[error("is unknown")]
    Unknown,
    /// None of the event's parameters is there, and it needs at least one.
    #[error("is missing")]
    AllMissing,
    /// Another JSON type than the contract's.
    #[error("must be {0}")]
    IllTyped(&'static str),
    /// The right type with a value that is not allowed.
    #[error("{0}")]
    Invalid(String),
}

/// An event's parameters are not as the contract says. Its text names the parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterError {
    /// The parameter's name; of a parameter within a parameter, both, joined by a full stop.
    pub parameter: String,
    /// What is wrong with it.
    pub problem: Problem,
    /// What has parameters: the event, or the parameter that this one is within.
    pub owner: &'static str,
    /// The parameters that the owner has.
    pub known: &'static [Parameter],
}

impl std::fmt::Display for ParameterError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let owner = quoted(self.owner);
        match (&self.problem, self.known) {
            (Problem::Unknown, []) => write!(
                formatter,
                "unknown parameter {}: {owner} has no parameters",
                quoted(&self.parameter)
            ),
            (Problem::Unknown, known) => write!(
                formatter,
                "unknown parameter {}: {owner} has {}",
                quoted(&self.parameter),
                names(known)
            ),
            (Problem::AllMissing, known) => {
                write!(formatter, "{owner} needs at least one of {}", names(known))
            }
            (problem, _) => write!(formatter, "parameter `{}` {problem}", self.parameter),
        }
    }
}

impl std::error::Error for ParameterError {}

fn names(parameters: &[Parameter]) -> String {
    let names: Vec<&str> = parameters.iter().map(|known| known.name).collect();
    names.join(", ")
}

/// `text` between backquotes, made harmless and short: it came from outside and goes into a message.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN: usize = 40;
    let mut shown: String = text
        .chars()
        .filter(|character| !character.is_control())
        .take(SHOWN)
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// Reads one value, or says what is wrong with it.
pub(crate) type Reader<T> = fn(Value) -> Result<T, Problem>;

/// The parameters of one event, taken out one by one.
pub(crate) struct Parameters {
    owner: &'static str,
    known: &'static [Parameter],
    prefix: &'static str,
    data: Map<String, Value>,
}

impl Parameters {
    /// The parameters of an event. Refuses those that it does not have.
    pub(crate) fn new(
        event: &'static ClientEventRow,
        data: Map<String, Value>,
    ) -> Result<Self, ParameterError> {
        Self::checked(Self {
            owner: event.name,
            known: event.parameters,
            prefix: "",
            data,
        })
    }

    /// The members of `owner`, an object that is itself a parameter; `prefix` goes before their
    /// names.
    pub(crate) fn within(
        owner: &'static str,
        prefix: &'static str,
        data: Map<String, Value>,
        known: &'static [Parameter],
    ) -> Result<Self, ParameterError> {
        Self::checked(Self {
            owner,
            known,
            prefix,
            data,
        })
    }

    fn checked(parameters: Self) -> Result<Self, ParameterError> {
        let unknown = parameters
            .data
            .keys()
            .find(|name| parameters.known.iter().all(|known| known.name != **name));
        match unknown {
            Some(name) => Err(ParameterError {
                parameter: name.clone(),
                ..parameters.error(name, Problem::Unknown)
            }),
            None => Ok(parameters),
        }
    }

    /// The event's name.
    pub(crate) fn event(&self) -> &'static str {
        self.owner
    }

    /// True where none is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// Takes a parameter that must be there.
    pub(crate) fn required<T>(&mut self, name: &str, read: Reader<T>) -> Result<T, ParameterError> {
        self.optional(name, read)?
            .ok_or_else(|| self.error(name, Problem::Missing))
    }

    /// Takes a parameter that may be there.
    pub(crate) fn optional<T>(
        &mut self,
        name: &str,
        read: Reader<T>,
    ) -> Result<Option<T>, ParameterError> {
        let Some(value) = self.data.remove(name) else {
            return Ok(None);
        };
        read(value)
            .map(Some)
            .map_err(|problem| self.error(name, problem))
    }

    /// An error about the parameter `name`.
    pub(crate) fn error(&self, name: &str, problem: Problem) -> ParameterError {
        ParameterError {
            parameter: format!("{}{name}", self.prefix),
            problem,
            owner: self.owner,
            known: self.known,
        }
    }
}

/// The readers of the contract's plain types.
pub(crate) mod read {
    use super::Problem;
    use serde_json::{Map, Value};

    pub(crate) fn string(value: Value) -> Result<String, Problem> {
        match value {
            Value::String(text) => Ok(text),
            _ => Err(Problem::IllTyped("a string")),
        }
    }

    pub(crate) fn boolean(value: Value) -> Result<bool, Problem> {
        value.as_bool().ok_or(Problem::IllTyped("true or false"))
    }

    pub(crate) fn object(value: Value) -> Result<Map<String, Value>, Problem> {
        match value {
            Value::Object(members) => Ok(members),
            _ => Err(Problem::IllTyped("an object")),
        }
    }

    /// An integer that is not negative.
    pub(crate) fn natural(value: Value) -> Result<u64, Problem> {
        value
            .as_u64()
            .ok_or(Problem::IllTyped("an integer, 0 or more"))
    }

    /// An integer from `least` to `most`, both included.
    pub(crate) fn between(value: Value, least: u64, most: u64) -> Result<u64, Problem> {
        if !value.is_i64() && !value.is_u64() {
            return Err(Problem::IllTyped("an integer"));
        }
        match value.as_u64() {
            Some(number) if (least..=most).contains(&number) => Ok(number),
            _ => Err(Problem::Invalid(format!("must be from {least} to {most}"))),
        }
    }

    /// A line of at most `most` characters: control characters, line breaks among them, become
    /// spaces. Empty where nothing of it can be seen.
    pub(crate) fn short_text(value: Value, most: usize) -> Result<String, Problem> {
        let text = crate::visible::line(&string(value)?);
        let chars = text.chars().count();
        if chars > most {
            return Err(Problem::Invalid(format!(
                "is too long: {chars} characters, the limit is {most}"
            )));
        }
        Ok(text)
    }
}
