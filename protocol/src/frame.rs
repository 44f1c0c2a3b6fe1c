//! The envelope: one JSON object `{"event": NAME, "data": {...}}` per text frame.

use serde_json::{Map, Value};

use crate::parameters::quoted;

/// Why a text is not a frame.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Not JSON at all.
    #[error("the frame is not valid JSON ({0}); send {{\"event\": name, \"data\": {{...}}}}")]
    Json(String),
    /// JSON, but not an object.
    #[error("the frame must be a JSON object {{\"event\": name, \"data\": {{...}}}}")]
    NotAnObject,
    /// JSON, but not an array, where that is what events are written as.
    #[error("an event must be a JSON array [name, {{...}}]")]
    NotAnArray,
    /// More than a name and an object, in an array.
    #[error("an event has one argument: an object")]
    TooManyArguments {
        /// The event that the array names.
        event: String,
    },
    /// No `event`.
    #[error("`event` is missing from the frame")]
    EventMissing,
    /// `event` is not a string.
    #[error("`event` must be a string")]
    EventNotAString,
    /// `data` is neither an object nor null.
    #[error("`data` must be an object")]
    DataNotAnObject {
        /// The event that the frame names.
        event: String,
    },
    /// A member of the frame that is neither `event` nor `data`.
    #[error("unknown member {} in the frame: a frame has only `event` and `data`", quoted(.member))]
    UnknownMember {
        /// The event that the frame names.
        event: String,
        /// The unknown member.
        member: String,
    },
}

impl FrameError {
    /// The event that the broken frame names, where it names one.
    pub fn event(&self) -> Option<&str> {
        match self {
            FrameError::DataNotAnObject { event }
            | FrameError::TooManyArguments { event }
            | FrameError::UnknownMember { event, .. } => Some(event),
            _ => None,
        }
    }
}

/// A frame whose syntax is right. Whether its event exists, is allowed, and has the right
/// parameters is asked later.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// The event's name.
    pub event: String,
    /// Its parameters; empty where the frame has none.
    pub data: Map<String, Value>,
}

impl Frame {
    /// Reads a frame from the text of one WebSocket message.
    pub fn parse(text: &str) -> Result<Self, FrameError> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| FrameError::Json(error.to_string()))?;
        let Value::Object(mut members) = value else {
            return Err(FrameError::NotAnObject);
        };
        let event = match members.remove("event") {
            None => return Err(FrameError::EventMissing),
            Some(Value::String(event)) => event,
            Some(_) => return Err(FrameError::EventNotAString),
        };
        let data = match members.remove("data") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(data)) => data,
            Some(_) => return Err(FrameError::DataNotAnObject { event }),
        };
        match members.into_iter().next() {
            Some((member, _)) => Err(FrameError::UnknownMember { event, member }),
            None => Ok(Self { event, data }),
        }
    }

    /// The `nonce` that the frame carries, whatever else is wrong with it: a refusal repeats it, so
    /// that its sender knows which message was refused.
    pub fn nonce(&self) -> Option<&str> {
        let nonce = self.data.get("nonce")?.as_str()?;
        (nonce.len() <= crate::limits::NONCE_BYTES).then_some(nonce)
    }

    /// Gives a frame a nonce that has none of its sender's.
    pub fn mark(&mut self, nonce: String) {
        self.data.insert("nonce".to_owned(), Value::String(nonce));
    }

    /// The parameter `name`, where that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.data.get(name)?.as_str()
    }

    /// Writes the frame.
    pub fn encode(&self) -> String {
        if self.data.is_empty() {
            return serde_json::json!({ "event": self.event }).to_string();
        }
        serde_json::json!({ "event": self.event, "data": self.data }).to_string()
    }
}
