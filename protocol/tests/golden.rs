//! Every event in its exact spelling: one line each, read and written back.

#![allow(clippy::unwrap_used)] // a test that finds nothing to unwrap is to fail

use chat_protocol::{ClientEvent, Frame, ServerEvent};

fn check_client(line: &str) {
    let event = ClientEvent::from_frame(Frame::parse(line).unwrap())
        .unwrap_or_else(|error| panic!("{line}: {error}"));
    let written: serde_json::Value = serde_json::from_str(&event.encode()).unwrap();
    assert_eq!(
        written,
        serde_json::from_str::<serde_json::Value>(line).unwrap()
    );
}

fn check_server(line: &str) {
    let event = ServerEvent::decode(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    assert_eq!(event.encode(), line);
    assert!(line.starts_with(&format!(r#"{{"event":"{}""#, event.name())));
}

#[test]
fn client_events() {
    for line in [
        r#"{"event":"auth","data":{"username":"ann@example.org","password":"p","room":"stream1"}}"#,
        r#"{"event":"auth","data":{"username":"Ann","token":"t","room":"r","capabilities":["presence"],"since":{"epoch":"e","seq":0}}}"#,
        r#"{"event":"auth","data":{"username":"ann","password":"p","room":"r","register":false}}"#,
        r#"{"event":"message","data":{"content":"hello"}}"#,
        r#"{"event":"message","data":{"content":"a\nb","nonce":"n","replyTo":"e-1"}}"#,
        r#"{"event":"disconnect"}"#,
        r#"{"event":"setTestMode","data":{"value":true}}"#,
        r#"{"event":"resetSocket"}"#,
        r#"{"event":"history"}"#,
        r#"{"event":"history","data":{"before":9,"after":2,"limit":200}}"#,
        r#"{"event":"history","data":{"before":9,"limit":20,"username":"bob"}}"#,
        r#"{"event":"who"}"#,
        r#"{"event":"ping"}"#,
        r#"{"event":"kick","data":{"username":"bob","reason":"spam"}}"#,
        r#"{"event":"mute","data":{"username":"bob","duration":1209600,"reason":"spam"}}"#,
        r#"{"event":"unmute","data":{"username":"bob"}}"#,
        r#"{"event":"ban","data":{"username":"bob","duration":60,"reason":"spam"}}"#,
        r#"{"event":"ban","data":{"username":"bob"}}"#,
        r#"{"event":"unban","data":{"username":"bob"}}"#,
        r#"{"event":"setMod","data":{"username":"bob"}}"#,
        r#"{"event":"delMod","data":{"username":"bob"}}"#,
        r#"{"event":"deleteMessage","data":{"id":"e-1"}}"#,
        r#"{"event":"purge","data":{"username":"bob"}}"#,
        r#"{"event":"clear"}"#,
        r#"{"event":"setRoom","data":{"slowMode":10,"membersOnly":true,"topic":"t","pinned":"e-1"}}"#,
        r#"{"event":"setRoom","data":{"pinned":null}}"#,
        r#"{"event":"audit"}"#,
        r#"{"event":"audit","data":{"limit":200}}"#,
        r#"{"event":"audit","data":{"target":"bob","before":"120"}}"#,
        r#"{"event":"user","data":{"username":"bob"}}"#,
        r#"{"event":"sanctions"}"#,
        r#"{"event":"changePassword","data":{"password":"old","newPassword":"new"}}"#,
        r#"{"event":"setVip","data":{"username":"bob"}}"#,
        r#"{"event":"addFilter","data":{"pattern":"bad"}}"#,
        r#"{"event":"addFilter","data":{"pattern":"b+","kind":"regex","action":"hold","reason":"be kind"}}"#,
        r#"{"event":"removeFilter","data":{"pattern":"bad"}}"#,
        r#"{"event":"filters"}"#,
        r#"{"event":"held"}"#,
        r#"{"event":"allow","data":{"id":"7"}}"#,
        r#"{"event":"deny","data":{"id":"7","reason":"no"}}"#,
    ] {
        check_client(line);
    }
}

#[test]
fn server_events() {
    for line in [
        r#"{"event":"connection","data":{"server":"chat-server/0.1.0","protocol":1,"capabilities":["presence"],"limits":{"content":500,"frame":16384},"auth":["password","register"]}}"#,
        r#"{"event":"auth","data":{"Code":200,"message":"Authentification complete","username":"ann","displayName":"Ann","room":"r","accessLevel":3,"capabilities":[],"token":"t","tokenExpires":1,"created":true}}"#,
        r#"{"event":"message","data":{"username":"ann","content":"hi","id":"e-1","seq":1,"displayName":"Ann","rank":0,"time":1,"room":"r"}}"#,
        r#"{"event":"message","data":{"username":"ann","content":"hi","id":"e-2","seq":2,"displayName":"Ann","rank":0,"time":1,"room":"r","replyTo":"e-1","nonce":"n"}}"#,
        r#"{"event":"cerror","data":{"Code":401,"message":"Authentification required"}}"#,
        r#"{"event":"cerror","data":{"Code":429,"message":"too fast","event":"message","nonce":"n","retryAfter":2}}"#,
        r#"{"event":"cerror","data":{"Code":403,"message":"no","event":"auth","reason":"members-only"}}"#,
        r#"{"event":"history","data":{"epoch":"e","entries":[{"event":"deleteMessage","data":{"id":"e-1","seq":2,"by":"ann"}}],"complete":true,"recovered":false}}"#,
        r#"{"event":"history","data":{"epoch":"e","entries":[],"complete":true}}"#,
        r#"{"event":"pong","data":{"time":1}}"#,
        r#"{"event":"who","data":{"count":2,"members":[{"username":"ann","displayName":"Ann","rank":0}],"truncated":false}}"#,
        r#"{"event":"deleteMessage","data":{"id":"e-1","seq":2,"by":"ann"}}"#,
        r#"{"event":"kick","data":{"message":"Disconnected","reason":"spam"}}"#,
        r#"{"event":"mute","data":{"duration":60}}"#,
        r#"{"event":"ban","data":{"message":"Success","reason":"bob is banned"}}"#,
        r#"{"event":"setMod","data":{}}"#,
        r#"{"event":"delMod","data":{}}"#,
        r#"{"event":"join","data":{"username":"ann","displayName":"Ann","rank":3,"count":2}}"#,
        r#"{"event":"leave","data":{"username":"ann","displayName":"Ann","rank":3,"count":1}}"#,
        r#"{"event":"presence","data":{"count":100}}"#,
        r#"{"event":"room","data":{"slowMode":0,"membersOnly":false,"topic":"","pinned":null}}"#,
        r#"{"event":"audit","data":{"entries":[{"time":1,"actor":"ann","action":"kick","target":"bob"},{"id":"7","time":2,"actor":"ann","action":"ban","target":"bob","until":3,"reason":"spam"}],"live":false}}"#,
        r#"{"event":"audit","data":{"entries":[],"live":true}}"#,
        r#"{"event":"user","data":{"username":"bob","displayName":"Bob","rank":3,"created":1,"here":2,"messages":3,"audit":[]}}"#,
        r#"{"event":"user","data":{"username":"bob","displayName":"Bob","rank":3,"created":1,"here":0,"messages":0,"muted":{"until":5,"by":"ann","reason":"spam"},"banned":{"until":null,"by":"ann"},"audit":[{"id":"7","time":2,"actor":"ann","action":"ban","target":"bob"}]}}"#,
        r#"{"event":"sanctions","data":{"banned":[{"username":"bob","until":null,"by":"ann","reason":"spam"}],"muted":[{"username":"eve","until":5,"by":"ann"}],"appointed":[{"username":"ann","rank":0}],"truncated":false}}"#,
        r#"{"event":"changePassword","data":{"token":"t","tokenExpires":1}}"#,
        r#"{"event":"setVip","data":{"message":"Success","reason":"bob is a VIP now"}}"#,
        r#"{"event":"addFilter","data":{"message":"Success","reason":"`bad` is blocked"}}"#,
        r#"{"event":"removeFilter","data":{"message":"Success","reason":"`bad` is no longer blocked"}}"#,
        r#"{"event":"held","data":{"entries":[{"id":"7","time":1,"username":"bob","displayName":"Bob","content":"x","replyTo":"e-1","reason":"r","pattern":"x"}],"live":true}}"#,
        r#"{"event":"held","data":{"entries":[],"live":false}}"#,
        r#"{"event":"allow","data":{"message":"Success","reason":"done","id":"7"}}"#,
        r#"{"event":"deny","data":{"id":"7","by":"ann"}}"#,
        r#"{"event":"filters","data":{"entries":[{"pattern":"b+","kind":"regex","action":"hold","reason":"be kind"},{"pattern":"bad","kind":"word","action":"refuse"}]}}"#,
    ] {
        check_server(line);
    }
}

#[test]
fn data_may_be_missing_null_or_empty_where_there_are_no_parameters() {
    for line in [
        r#"{"event":"who"}"#,
        r#"{"event":"who","data":null}"#,
        r#"{"event":"who","data":{}}"#,
    ] {
        let frame = Frame::parse(line).unwrap();
        assert_eq!(ClientEvent::from_frame(frame), Ok(ClientEvent::Who));
    }
}

#[test]
fn a_room_may_be_an_integer() {
    let line = r#"{"event":"auth","data":{"username":"a","password":"p","room":42}}"#;
    let event = ClientEvent::from_frame(Frame::parse(line).unwrap()).unwrap();
    let ClientEvent::Auth(auth) = event else {
        panic!("an auth event was read as another")
    };
    assert_eq!(auth.room.as_str(), "42");
}

#[test]
fn what_an_older_server_does_not_say_counts_as_not_so() {
    let greeting = r#"{"event":"connection","data":{"server":"s","protocol":1,"capabilities":[],"limits":{"content":1,"frame":1}}}"#;
    let ServerEvent::Connection(connection) = ServerEvent::decode(greeting).unwrap() else {
        panic!("a connection event was read as another")
    };
    assert!(connection.auth.is_empty());
    let accepted = r#"{"event":"auth","data":{"Code":200,"message":"","username":"a","displayName":"a","room":"r","accessLevel":3,"capabilities":[],"token":"t","tokenExpires":1}}"#;
    let ServerEvent::Auth(accepted) = ServerEvent::decode(accepted).unwrap() else {
        panic!("an auth event was read as another")
    };
    assert!(!accepted.created);
}

#[test]
fn a_client_passes_over_what_a_newer_server_adds() {
    let pong = ServerEvent::decode(r#"{"event":"pong","data":{"time":1,"new":true}}"#);
    assert_eq!(
        pong.unwrap().encode(),
        r#"{"event":"pong","data":{"time":1}}"#
    );
    let reason = r#"{"event":"cerror","data":{"Code":403,"message":"no","reason":"tired"}}"#;
    assert_eq!(
        ServerEvent::decode(reason).unwrap().encode(),
        r#"{"event":"cerror","data":{"Code":403,"message":"no"}}"#
    );
    let unknown = ServerEvent::decode(r#"{"event":"poll","data":{}}"#).unwrap_err();
    assert_eq!(unknown.to_string(), "unknown event `poll`");
    let history = r#"{"event":"history","data":{"epoch":"e","entries":[{"event":"poll","data":{}}],"complete":true}}"#;
    let ServerEvent::History(history) = ServerEvent::decode(history).unwrap() else {
        panic!("a history event was read as another")
    };
    assert_eq!(history.entries, []);
}
