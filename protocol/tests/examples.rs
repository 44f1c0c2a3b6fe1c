//! Every example in `docs/protocol.md` is an event, and every event has an example.

#![allow(clippy::unwrap_used)] // a page that cannot be read is to fail the test

use std::collections::BTreeSet;

use chat_protocol::events::{CLIENT_EVENTS, SERVER_EVENTS};
use chat_protocol::{ClientEvent, Frame, ServerEvent};

const PAGE: &str = include_str!("../../docs/protocol.md");

/// The lines of the JSON examples in the section under `heading`.
fn examples(heading: &str) -> Vec<&'static str> {
    let section = PAGE
        .split("\n## ")
        .find(|section| section.starts_with(heading));
    let mut is_example = false;
    let lines = section.unwrap().lines().filter(move |line| {
        let was_example = is_example;
        is_example = match *line {
            "```json" => true,
            "```" => false,
            _ => is_example,
        };
        was_example && is_example
    });
    lines.collect()
}

#[test]
fn client_examples_are_events_and_all_events_have_one() {
    let mut names = BTreeSet::new();
    for line in examples("Client to server") {
        let event = Frame::parse(line).map(ClientEvent::from_frame).unwrap();
        names.insert(
            event
                .unwrap_or_else(|error| panic!("{line}: {error}"))
                .name(),
        );
    }
    let expected = CLIENT_EVENTS.iter().map(|event| event.name);
    assert_eq!(names, expected.collect());
}

#[test]
fn server_examples_are_written_as_the_server_writes_them() {
    let mut names = BTreeSet::new();
    for line in examples("Server to client") {
        let event = ServerEvent::decode(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(event.encode(), line);
        names.insert(event.name());
    }
    assert_eq!(names, SERVER_EVENTS.iter().copied().collect());
}
