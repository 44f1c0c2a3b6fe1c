//! The table of events holds: the page opens with it, and the decoder does as it says.

#![allow(clippy::unwrap_used)] // a page that cannot be read is to fail the test

use chat_protocol::events::{self, CLIENT_EVENTS, ClientEventRow, Need, SERVER_EVENTS};
use chat_protocol::{ClientEvent, Frame, Problem};
use serde_json::{Map, Value, json};

const PAGE: &str = include_str!("../../docs/protocol.md");

/// The first table of the page.
fn table() -> String {
    let lines = PAGE.lines().skip_while(|line| !line.starts_with('|'));
    let rows = lines.take_while(|line| line.starts_with('|'));
    rows.map(|row| format!("{row}\n")).collect()
}

#[test]
fn the_page_opens_with_the_table() {
    let expected = events::documentation();
    assert!(
        table() == expected,
        "docs/protocol.md has to open with:\n{expected}"
    );
}

#[test]
fn no_event_is_in_the_table_twice() {
    let client: Vec<&str> = CLIENT_EVENTS.iter().map(|event| event.name).collect();
    for names in [&client[..], SERVER_EVENTS] {
        for name in names {
            let same = names.iter().filter(|other| *other == name);
            assert_eq!(same.count(), 1, "{name}");
        }
    }
}

/// A value that the parameter takes, whatever the event.
fn value(event: &str, parameter: &str) -> Value {
    match parameter {
        "before" if event == events::AUDIT => json!("7"),
        "capabilities" => json!([]),
        "since" => json!({ "epoch": "e", "seq": 1 }),
        "before" | "after" | "limit" | "duration" | "slowMode" => json!(1),
        "membersOnly" | "value" | "register" => json!(true),
        "kind" => json!("word"),
        "action" => json!("hold"),
        _ => json!(format!("{event}-1")),
    }
}

fn read(event: &ClientEventRow, data: &Map<String, Value>) -> Result<&'static str, Problem> {
    let frame = Frame {
        event: event.name.to_owned(),
        data: data.clone(),
    };
    let read = ClientEvent::from_frame(frame);
    read.map(|event| event.name()).map_err(|error| match error {
        chat_protocol::ClientEventError::Parameter(error) => error.problem,
        other => panic!("{other}"),
    })
}

/// Every parameter that an event may have at once: of several alternatives the first.
fn all(event: &ClientEventRow) -> Map<String, Value> {
    let mut has_alternative = false;
    let fitting = event.parameters.iter().filter(|parameter| {
        parameter.need != Need::Either || !std::mem::replace(&mut has_alternative, true)
    });
    fitting
        .map(|one| (one.name.to_owned(), value(event.name, one.name)))
        .collect()
}

#[test]
fn the_decoder_reads_every_event_with_all_its_parameters() {
    for event in CLIENT_EVENTS {
        assert_eq!(read(event, &all(event)), Ok(event.name));
        let mut more = all(event);
        more.insert("colour".to_owned(), json!("red"));
        assert_eq!(read(event, &more), Err(Problem::Unknown), "{}", event.name);
    }
}

#[test]
fn the_decoder_misses_what_the_table_requires() {
    for event in CLIENT_EVENTS {
        for parameter in event.parameters {
            let mut data = all(event);
            if data.remove(parameter.name).is_none() {
                // An alternative, read in place of the first one.
                data.retain(|name, _| {
                    let is_other = |known: &&events::Parameter| known.name == name;
                    let known = event.parameters.iter().find(is_other).unwrap();
                    known.need != Need::Either
                });
                let value = value(event.name, parameter.name);
                data.insert(parameter.name.to_owned(), value);
                assert_eq!(read(event, &data), Ok(event.name));
                continue;
            }
            let expected = match parameter.need {
                Need::Required | Need::Either => Err(Problem::Missing),
                Need::Optional | Need::AtLeastOne => Ok(event.name),
            };
            let what = format!("{} without {}", event.name, parameter.name);
            assert_eq!(read(event, &data), expected, "{what}");
        }
        if event
            .parameters
            .iter()
            .any(|one| one.need == Need::AtLeastOne)
        {
            assert_eq!(read(event, &Map::new()), Err(Problem::AllMissing));
        }
    }
}
