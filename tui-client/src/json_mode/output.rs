//! What the server says as lines for standard output, the resume token left out. Must not know what
//! an event does.

use chat_protocol::events;
use serde_json::Value;

/// Events that hold a resume token, which lets in whoever has it.
const WITH_TOKEN: [&str; 2] = [events::AUTH, events::CHANGE_PASSWORD];

/// A server's text as one line, and as what it says; `None` where it is no JSON object. A resume token
/// is left out.
pub(super) fn line_of(text: &str) -> Option<(String, Value)> {
    let mut event: Value = serde_json::from_str(text).ok()?;
    if !event.is_object() {
        return None;
    }
    let has_token = event["event"]
        .as_str()
        .is_some_and(|name| WITH_TOKEN.contains(&name));
    if has_token {
        if let Some(data) = event.get_mut("data").and_then(Value::as_object_mut) {
            data.remove("token");
        }
        return Some((event.to_string(), event));
    }
    // Outside of strings JSON may hold newlines, inside it does not.
    Some((text.replace(['\n', '\r'], " "), event))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Option<String> {
        line_of(text).map(|(line, _)| line)
    }

    #[test]
    fn an_event_is_one_line_as_it_came() {
        let text = "{\"event\":\n \"message\", \"data\": {\"content\": \"token\"}}\r\n";
        let expected = "{\"event\":  \"message\", \"data\": {\"content\": \"token\"}}  ";
        assert_eq!(line(text).as_deref(), Some(expected));
        for other in ["", "hello", "[1]", "\"x\"", "{", "null"] {
            assert_eq!(line(other), None, "{other}");
        }
    }

    #[test]
    fn a_resume_token_is_left_out() {
        for name in WITH_TOKEN {
            let text = format!(r#"{{"event":"{name}","data":{{"Code":200,"token":"secret"}}}}"#);
            let expected = format!(r#"{{"data":{{"Code":200}},"event":"{name}"}}"#);
            assert_eq!(line(&text), Some(expected));
        }
        let spelled = r#"{"event":"a\u0075th","data":{"t\u006fken":"secret"}}"#;
        assert!(!line(spelled).unwrap().contains("secret"));
        assert!(line(r#"{"event":"auth","data":null}"#).is_some());
    }
}
