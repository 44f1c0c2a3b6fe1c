//! Events as clients of the first server read and write them, over Socket.IO: `["name", {...}]`, and
//! some fields under the names that those clients know.
//!
//! Owns the difference to the native form, and nothing of Socket.IO's packets around it: `code` beside
//! `Code`, `user` beside `username` in a message, and messages known by their position, an integer. A
//! client may name a message by either.

use serde_json::{Map, Value, json};

use crate::{Frame, FrameError, MessageId, Seq, ServerEvent, events};

/// What the mark of a message begins with that its sender gave none, where the answer is to be told
/// from others'. Nobody is shown it.
pub const NONCE_PREFIX: char = '\u{1}';

/// Where a client event names a message.
const NAMES_MESSAGE: [(&str, &str); 3] = [
    (events::DELETE_MESSAGE, "id"),
    (events::MESSAGE, "replyTo"),
    (events::SET_ROOM, "pinned"),
];

/// The arguments of a Socket.IO event packet for `event`.
pub fn encode(event: &ServerEvent) -> String {
    json!([event.name(), data(event)]).to_string()
}

/// The arguments of a Socket.IO acknowledgement that says `event`.
pub fn encode_answer(event: &ServerEvent) -> String {
    json!([{ "event": event.name(), "data": data(event) }]).to_string()
}

/// Reads the arguments of a Socket.IO event packet: the name, and at most one object.
pub fn parse(arguments: &str) -> Result<Frame, FrameError> {
    let value: Value =
        serde_json::from_str(arguments).map_err(|error| FrameError::Json(error.to_string()))?;
    let Value::Array(arguments) = value else {
        return Err(FrameError::NotAnArray);
    };
    let mut arguments = arguments.into_iter();
    let event = match arguments.next() {
        None => return Err(FrameError::EventMissing),
        Some(Value::String(event)) => event,
        Some(_) => return Err(FrameError::EventNotAString),
    };
    let mut data = match arguments.next() {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(data)) => data,
        Some(_) => return Err(FrameError::DataNotAnObject { event }),
    };
    if arguments.next().is_some() {
        return Err(FrameError::TooManyArguments { event });
    }
    for (_, parameter) in NAMES_MESSAGE.iter().filter(|(named, _)| *named == event) {
        if let Some(value) = data.get_mut(*parameter) {
            name_by_position(value);
        }
    }
    Ok(Frame { event, data })
}

/// A position, as a number or in digits, names the message there.
fn name_by_position(value: &mut Value) {
    let seq = match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    };
    if let Some(seq) = seq {
        *value = Value::String(MessageId::of_position(Seq(seq)).as_str().to_owned());
    }
}

fn data(event: &ServerEvent) -> Value {
    let mut written = serde_json::to_value(event).expect("an event can always be written");
    let mut data = written["data"].take();
    adapt(event.name(), &mut data);
    data
}

/// Gives the data of the event `name` the names that the clients know.
fn adapt(name: &str, data: &mut Value) {
    let Value::Object(members) = data else {
        return;
    };
    let nonce = members.get("nonce").and_then(Value::as_str);
    if nonce.is_some_and(|nonce| nonce.starts_with(NONCE_PREFIX)) {
        members.remove("nonce");
    }
    match name {
        events::AUTH | events::CERROR => copy(members, "Code", "code"),
        events::MESSAGE => {
            copy(members, "username", "user");
            number(members, "id");
            number(members, "replyTo");
        }
        events::DELETE_MESSAGE => number(members, "id"),
        events::ROOM => number(members, "pinned"),
        events::HELD => each(members, |_, entry| {
            if let Value::Object(entry) = entry {
                number(entry, "replyTo");
            }
        }),
        events::HISTORY => each(members, adapt),
        _ => {}
    }
}

/// Goes through what is in `entries`: of events their names and data, of others all.
fn each(members: &mut Map<String, Value>, adapt: impl Fn(&str, &mut Value)) {
    let Some(Value::Array(entries)) = members.get_mut("entries") else {
        return;
    };
    for entry in entries {
        let name = entry["event"].as_str().map(str::to_owned);
        match name {
            Some(name) => adapt(&name, &mut entry["data"]),
            None => adapt("", entry),
        }
    }
}

fn copy(members: &mut Map<String, Value>, from: &str, to: &str) {
    if let Some(value) = members.get(from).cloned() {
        members.insert(to.to_owned(), value);
    }
}

/// An id becomes the position that it names.
fn number(members: &mut Map<String, Value>, id: &str) {
    let Some(value) = members.get_mut(id) else {
        return;
    };
    let seq = value.as_str().and_then(MessageId::position_in);
    if let Some(Seq(seq)) = seq {
        *value = seq.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ClientError, ClientEvent, Code, History, Message, MessageDeleted, Rank, RoomState,
    };

    fn message() -> Message {
        Message {
            username: "alice".to_owned(),
            content: "hi".to_owned(),
            id: MessageId::new("ab-3-17").unwrap(),
            seq: Seq(17),
            display_name: "Alice".to_owned(),
            rank: Rank::User,
            time: 5,
            room: "42".to_owned(),
            reply_to: MessageId::new("ab-3-9").ok(),
            nonce: None,
        }
    }

    fn read(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_message_has_the_names_of_before_and_a_number_for_its_id() {
        let expected = json!({
            "username": "alice", "user": "alice", "content": "hi", "id": 17, "seq": 17,
            "displayName": "Alice", "rank": 3, "time": 5, "room": "42", "replyTo": 9,
        });
        let event = ServerEvent::Message(message());
        assert_eq!(read(&encode(&event)), json!(["message", expected]));
        let answer = json!([{ "event": "message", "data": expected }]);
        assert_eq!(read(&encode_answer(&event)), answer);
        let marked = ServerEvent::Message(Message {
            nonce: crate::Nonce::new(format!("{NONCE_PREFIX}7")).ok(),
            ..message()
        });
        assert_eq!(read(&encode(&marked)), json!(["message", expected]));
        let history = ServerEvent::History(History {
            epoch: crate::Epoch::new("ab-3").unwrap(),
            entries: vec![event],
            complete: true,
            recovered: None,
        });
        let entries = &read(&encode(&history))[1]["entries"];
        assert_eq!(*entries, json!([{ "event": "message", "data": expected }]));
    }

    #[test]
    fn other_events_differ_where_the_clients_need_it() {
        let error = ServerEvent::Cerror(ClientError {
            code: Code::Unauthenticated,
            message: "Authentification required".to_owned(),
            event: Some("message".to_owned()),
            nonce: None,
            retry_after: None,
            reason: None,
        });
        let data = &read(&encode(&error))[1];
        assert_eq!((&data["Code"], &data["code"]), (&json!(401), &json!(401)));
        let deleted = ServerEvent::DeleteMessage(MessageDeleted {
            id: MessageId::new("e-17").unwrap(),
            seq: Seq(20),
            by: "bob".to_owned(),
        });
        assert_eq!(
            read(&encode(&deleted)),
            json!(["deleteMessage", { "id": 17, "seq": 20, "by": "bob" }])
        );
        let state = ServerEvent::Room(RoomState {
            pinned: MessageId::new("e-4").ok(),
            ..RoomState::default()
        });
        assert_eq!(read(&encode(&state))[1]["pinned"], json!(4));
    }

    #[test]
    fn a_message_is_named_by_its_number_or_its_id() {
        for (id, expected) in [
            (json!(17), MessageId::of_position(Seq(17))),
            (json!("17"), MessageId::of_position(Seq(17))),
            (json!("ab-17"), MessageId::new("ab-17").unwrap()),
        ] {
            let frame = parse(&json!(["deleteMessage", { "id": id }]).to_string()).unwrap();
            let event = ClientEvent::from_frame(frame).unwrap();
            assert_eq!(event, ClientEvent::DeleteMessage { id: expected });
        }
        for wrong in [json!(-1), json!(1.5), json!(true), json!("")] {
            let frame = parse(&json!(["deleteMessage", { "id": wrong }]).to_string()).unwrap();
            assert!(ClientEvent::from_frame(frame).is_err(), "{wrong}");
        }
        let other = parse(r#"["mute", {"username": 17}]"#).unwrap();
        assert_eq!(other.data["username"], json!(17));
    }

    #[test]
    fn an_event_is_a_name_and_at_most_one_object() {
        for text in [r#"["who"]"#, r#"["who", null]"#, r#"["who", {}]"#] {
            let frame = parse(text).unwrap();
            assert_eq!((frame.event.as_str(), frame.data.len()), ("who", 0));
        }
        for (text, event) in [
            ("", None),
            ("{}", None),
            ("[]", None),
            ("[7]", None),
            (r#"["who", 7]"#, Some("who")),
            (r#"["who", {}, {}]"#, Some("who")),
        ] {
            assert_eq!(parse(text).unwrap_err().event(), event, "{text}");
        }
    }
}
