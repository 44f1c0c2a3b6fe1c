//! What proxies make of the server's answer to the handshake.

use chat_tests::{ClientSetup, ScriptedServer, Stream, binaries};
use tungstenite::handshake::derive_accept_key;

/// A frame of text, as a server sends it.
fn frame(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    let mut bytes = vec![0x81, 126];
    bytes.extend(length.to_be_bytes());
    bytes.extend(text.as_bytes());
    bytes
}

/// The client at a server that answers its handshake with these lines as well, and goes on at once.
#[track_caller]
fn goes_on_after(lines: &'static str) {
    binaries();
    let server = ScriptedServer::start(move |door| {
        let mut socket = door.accept_raw();
        let request = socket.read_head();
        let key = request
            .lines()
            .find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("Sec-WebSocket-Key")
                    .then_some(value)
            })
            .unwrap();
        let accept = derive_accept_key(key.as_bytes());
        let head = format!(
            "HTTP/1.1 101 Switching Protocols\r\n{lines}Sec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        let first = r#"{"event":"connection","data":{"server":"scripted/1","protocol":1,
            "capabilities":[],"limits":{"content":500,"frame":16384}}}"#;
        let refusal = r#"{"event":"cerror","data":{"Code":403,"message":"seen","event":"auth"}}"#;
        let mut answer = head.into_bytes();
        answer.extend(frame(first));
        answer.extend(frame(refusal));
        socket.write(&answer);
        socket.drain();
    });
    let setup = ClientSetup::new(server.address(), "alice", &["stream"]);
    let mut alice = setup.start_json();
    alice.wait_for_line(Stream::Out, "refusal", |line| {
        line.contains("seen").then_some(())
    });
    assert_eq!(alice.finish().status.code(), Some(3), "{lines}");
    server.finish();
}

#[test]
fn a_proxy_may_write_the_lists_of_the_handshake_as_it_likes() {
    for lines in [
        "connection: keep-alive, Upgrade\r\nupgrade: WebSocket\r\n",
        "Upgrade: websocket\r\nConnection: keep-alive\r\nConnection: upgrade\r\n",
        "Upgrade: , websocket\r\nConnection: ,Upgrade,\r\nSec-WebSocket-Extensions:\r\n",
    ] {
        goes_on_after(lines);
    }
}
