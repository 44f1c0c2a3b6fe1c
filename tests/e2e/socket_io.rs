//! Clients that were written for the first server: real ones of each version, by each way in.

use std::rc::Rc;

use chat_tests::{RawClient, RawSocket, Server, SocketIo, SocketIoClient};
use serde_json::{Value, json};

use crate::support::skip;

const VERSIONS: [&str; 3] = ["1", "2", "4"];
const POLLING: &[&str] = &["polling"];
const WEBSOCKET: &[&str] = &["websocket"];
const UPGRADE: &[&str] = &["polling", "websocket"];

/// Runs `test` with the clients, or says why not.
fn with_clients(what: &str, test: impl FnOnce(&Rc<SocketIo>)) {
    match SocketIo::start() {
        Ok(driver) => test(&driver),
        Err(why) => skip(what, &why),
    }
}

#[test]
fn every_version_comes_in_every_way_and_reads_the_names_that_it_knows() {
    with_clients("Socket.IO in every version", |driver| {
        let server = Server::start_without_limits();
        let mut native = RawClient::join(&server, "native", "42");
        for version in VERSIONS {
            for transports in [POLLING, WEBSOCKET, UPGRADE] {
                let user = format!("user{version}{}", transports.concat());
                let mut client = SocketIoClient::connect(driver, &server, version, transports);
                if transports == UPGRADE {
                    client.upgraded();
                }
                client.emit("message", &json!({ "content": "too early" }));
                let refused = client.expect("cerror");
                assert_eq!(
                    (&refused["Code"], &refused["code"]),
                    (&json!(401), &json!(401))
                );
                assert_eq!(refused["message"], "Authentification required");

                let auth = client.join(&user, &json!(42));
                assert_eq!((&auth["Code"], &auth["code"]), (&json!(200), &json!(200)));
                assert_eq!(auth["accessLevel"], 3);
                // Beyond the BMP, and what JSON escapes.
                let text = "grüße 😀 さくら \"\\ e\u{301}";
                client.emit("message", &json!({ "content": text }));
                let message = client.expect("message");
                let seen = native.expect("message");
                for told in [&message["user"], &message["username"], &seen["username"]] {
                    assert_eq!(*told, user);
                }
                assert_eq!(
                    (&message["content"], &seen["content"]),
                    (&json!(text), &json!(text))
                );
                assert_eq!(
                    (&message["id"], &message["seq"]),
                    (&seen["seq"], &seen["seq"])
                );
                assert_eq!(message["displayName"], user);
                assert!(seen.get("user").is_none(), "{seen}");
                assert!(seen["id"].is_string(), "{seen}");

                client.emit("deleteMessage", &json!({ "id": message["id"] }));
                assert_eq!(client.expect("deleteMessage")["id"], message["id"]);
                assert_eq!(native.expect("deleteMessage")["id"], seen["id"]);
                native.post("from outside");
                assert_eq!(client.expect("message")["content"], "from outside");
                client.close();
            }
        }
    });
}

#[test]
fn a_callback_is_called_with_what_answers_the_event() {
    with_clients("callbacks of Socket.IO", |driver| {
        let server = Server::start_with(&["--no-limits", "--test-mode"]);
        for version in VERSIONS {
            for transports in [POLLING, WEBSOCKET] {
                let mut client = SocketIoClient::connect(driver, &server, version, transports);
                let refused = client.ask("message", &json!({ "content": "too early" }));
                assert_eq!(refused["event"], "cerror");
                assert_eq!(refused["data"]["code"], 401);
                assert_eq!(client.expect("cerror")["code"], 401);
                assert_eq!(
                    client.ask("setTestMode", &json!({ "value": true })),
                    json!({})
                );
                client.join("alice", &json!("stream"));
                let answer = client.ask("message", &json!({ "content": "hi" }));
                let message = client.expect("message");
                assert_eq!(answer, json!({ "event": "message", "data": message }));
                assert!(message.get("nonce").is_none(), "{message}");
                let id = &message["id"];
                let answer = client.ask("deleteMessage", &json!({ "id": id }));
                assert_eq!(
                    (&answer["event"], &answer["data"]["id"]),
                    (&json!("deleteMessage"), id)
                );
                client.expect("deleteMessage");
                let answer = client.ask("kick", &json!({ "username": "nobody" }));
                assert_eq!(answer["data"]["code"], 404, "{answer}");
                client.expect("cerror");
                let answer = client.ask("mute", &Value::Null);
                assert_eq!(answer["data"]["code"], 400, "{answer}");
                client.expect("cerror");
                assert_eq!(client.ask("resetSocket", &Value::Null), json!({}));
                client.emit("who", &Value::Null);
                assert_eq!(client.expect("cerror")["code"], 401);
                client.join("alice", &json!("stream"));
                client.close();
            }
        }
    });
}

#[test]
fn who_asks_for_nothing_hears_only_what_the_first_server_said() {
    with_clients("what Socket.IO clients are told", |driver| {
        let server = Server::start_without_limits();
        let mut admin = RawClient::join(&server, "admin", "stream");
        let mut old = SocketIoClient::connect(driver, &server, "1", WEBSOCKET);
        old.join("old", &json!("stream"));
        let mut new = SocketIoClient::connect(driver, &server, "4", POLLING);
        let auth = json!({
            "username": "new", "password": chat_tests::password_of("new"), "room": "stream",
            "capabilities": ["presence", "room"],
        });
        new.emit("auth", &auth);
        new.expect("auth");
        new.expect("room");
        admin.send("setRoom", json!({ "topic": "a topic" }));
        assert_eq!(new.expect("room")["topic"], "a topic");
        let mut mallory = RawClient::join(&server, "mallory", "stream");
        assert_eq!(new.expect("join")["username"], "mallory");
        let mut ids = Vec::new();
        for text in ["one", "two"] {
            mallory.post(text);
            ids.push(old.expect("message")["id"].clone());
            new.expect("message");
            admin.expect("message");
        }
        admin.post("mine");
        let mine = old.expect("message")["id"].clone();
        new.expect("message");
        admin.send("purge", json!({ "username": "mallory" }));
        for id in ids {
            assert_eq!(old.expect("deleteMessage")["id"], id);
        }
        assert_eq!(new.expect("purge")["username"], "mallory");
        admin.send("clear", json!({}));
        assert_eq!(old.expect("deleteMessage")["id"], mine);
        new.expect("clear");
        // Somebody who comes later may still show what was there before.
        admin.send("setVip", json!({ "username": "old" }));
        old.expect_nothing();
    });
}

#[test]
fn who_is_put_out_stays_away_and_who_is_left_by_a_restart_comes_back() {
    with_clients("Socket.IO over kicks and restarts", |driver| {
        for (version, transports) in [
            ("1", WEBSOCKET),
            ("2", UPGRADE),
            ("4", WEBSOCKET),
            ("4", POLLING),
        ] {
            let mut server = Server::start_without_limits();
            let mut admin = RawClient::join(&server, "admin", "stream");
            let mut client = SocketIoClient::connect_for_good(driver, &server, version, transports);
            if transports == UPGRADE {
                client.upgraded();
            }
            client.join("bob", &json!("stream"));
            admin.send("kick", json!({ "username": "bob", "reason": "enough" }));
            let kicked = client.expect("kick");
            assert_eq!(
                (&kicked["message"], &kicked["reason"]),
                (&json!("Disconnected"), &json!("enough"))
            );
            let reason = client.happens("disconnect")["reason"].clone();
            assert_eq!(reason, "io server disconnect", "version {version}");

            let mut other = SocketIoClient::connect_for_good(driver, &server, version, transports);
            other.join("carol", &json!("stream"));
            server.restart();
            let reason = other.happens("disconnect")["reason"].clone();
            assert_ne!(reason, "io server disconnect", "version {version}");
            other.happens_at_last("connect");
            other.join("carol", &json!("stream"));
        }
    });
}

#[test]
fn order_holds_for_many_clients_under_load() {
    with_clients("200 clients of Socket.IO", |driver| {
        let server = Server::start_without_limits();
        let mut native = RawClient::join(&server, "native", "crowd");
        let ways = [
            ("1", WEBSOCKET),
            ("2", WEBSOCKET),
            ("4", WEBSOCKET),
            ("4", POLLING),
        ];
        let mut clients: Vec<SocketIoClient> = (0..200)
            .map(|number| {
                let (version, transports) = ways[number % ways.len()];
                SocketIoClient::open(driver, &server, version, transports, false)
            })
            .collect();
        for (number, client) in clients.iter_mut().enumerate() {
            client.happens("connect");
            // Few names: what is tested is not how passwords are hashed.
            client.join(&format!("user{}", number % 4), &json!("crowd"));
        }
        for number in 0..20 {
            clients[0].emit("message", &json!({ "content": format!("first {number}") }));
            clients[3].emit("message", &json!({ "content": format!("second {number}") }));
        }
        let order: Vec<Value> = (0..40)
            .map(|_| native.expect("message")["content"].clone())
            .collect();
        for client in &mut clients {
            let seen: Vec<Value> = (0..40)
                .map(|_| client.expect("message")["content"].clone())
                .collect();
            assert_eq!(seen, order);
        }
        for own in ["first", "second"] {
            let sent: Vec<String> = (0..20).map(|number| format!("{own} {number}")).collect();
            let seen = order
                .iter()
                .filter_map(|text| text.as_str()?.starts_with(own).then_some(text));
            assert_eq!(seen.collect::<Vec<_>>(), sent.iter().collect::<Vec<_>>());
        }
    });
}

/// The status and the body of the answer to a request.
#[track_caller]
fn ask(
    server: &Server,
    method: &str,
    query: &str,
    headers: &str,
    body: &str,
) -> (u16, String, String) {
    let length = body.len();
    let request = format!(
        "{method} /socket.io/?{query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Length: {length}\r\n{headers}\r\n{body}"
    );
    let answer = RawSocket::request(server.address(), &request);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    (status.unwrap_or_default(), body.to_owned(), head.to_owned())
}

/// Begins a session by polling; its id.
#[track_caller]
fn begin(server: &Server, version: u8) -> String {
    let (status, body, _) = ask(
        server,
        "GET",
        &format!("EIO={version}&transport=polling"),
        "",
        "",
    );
    assert_eq!(status, 200, "{body}");
    let open = &body[body.find('{').unwrap()..];
    let open = open.split_once('}').unwrap().0.to_owned() + "}";
    let open: Value = serde_json::from_str(&open).unwrap();
    open["sid"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_no_session_is_refused_in_engine_ios_words() {
    let server = Server::start();
    let check = |method: &str, query: &str, status: u16, code: u8| {
        let (answered, body, _) = ask(&server, method, query, "", "");
        assert_eq!(answered, status, "{query}: {body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["code"], code, "{query}: {body}");
    };
    check("GET", "EIO=4&transport=flash", 400, 0);
    check("GET", "EIO=4&transport=polling&sid=nobody", 400, 1);
    check("POST", "EIO=4&transport=polling&sid=nobody", 400, 1);
    check("POST", "EIO=4&transport=polling", 400, 2);
    check("GET", "EIO=4&transport=websocket", 400, 3);
    check("GET", "EIO=3&transport=polling&j=0", 400, 3);
    check("GET", "EIO=2&transport=polling", 400, 5);
    // A session of the other version.
    let sid = begin(&server, 4);
    check("GET", &format!("EIO=3&transport=polling&sid={sid}"), 400, 1);
}

#[test]
fn a_body_that_is_broken_or_too_large_ends_the_session_and_nothing_else() {
    let server = Server::start();
    let mut other = RawClient::join(&server, "alice", "stream");
    // Whether the session goes on behind a body that is answered so.
    let session = |body: &str, status: u16| {
        let sid = begin(&server, 4);
        let query = format!("EIO=4&transport=polling&sid={sid}");
        let (answered, text, _) = ask(&server, "POST", &query, "", body);
        assert_eq!(answered, status, "{text}");
        ask(&server, "POST", &query, "", "3").0
    };
    assert_eq!(session("nonsense", 400), 400);
    assert_eq!(session(&format!("4{}", "x".repeat(20_000)), 400), 400);
    // Not looked at, so the session does not suffer.
    assert_eq!(session(&"x".repeat(70_000), 413), 200);
    assert_eq!(session("40", 200), 200);
    other.post("unharmed");
}

#[test]
fn two_polls_at_once_end_the_session() {
    let server = Server::start();
    let sid = begin(&server, 4);
    let query = format!("/socket.io/?EIO=4&transport=polling&sid={sid}");
    let request = format!("GET {query} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut first = RawSocket::open(server.address());
    first.write(request.as_bytes());
    let mut second = RawSocket::open(server.address());
    second.write(request.as_bytes());
    let heads = [first.read_head(), second.read_head()];
    let refused = heads.iter().filter(|head| head.starts_with("HTTP/1.1 400"));
    assert_eq!(refused.count(), 1, "{heads:?}");
    let (status, _, _) = ask(&server, "GET", query.split_once('?').unwrap().1, "", "");
    assert_eq!(status, 400);
}

#[test]
fn pages_of_allowed_origins_may_read_the_answers_and_others_may_not() {
    let server = Server::start_with(&["--allowed-origin", "https://example.org"]);
    let query = "EIO=3&transport=polling";
    let origin = |origin: &str| format!("Origin: {origin}\r\n");
    let (status, _, head) = ask(&server, "GET", query, &origin("https://example.org"), "");
    assert_eq!(status, 200);
    for header in [
        "access-control-allow-origin: https://example.org",
        "access-control-allow-credentials: true",
    ] {
        assert!(head.contains(header), "{head}");
    }
    // An answer that says it twice is read by no page.
    let allowed = origin("https://example.org");
    let unknown = format!("{query}&sid=nobody");
    let (status, _, head) = ask(&server, "GET", &unknown, &allowed, "");
    let said = head.matches("access-control-allow-origin").count();
    assert_eq!((status, said), (400, 1), "{head}");
    let (status, body, _) = ask(&server, "GET", query, &origin("https://evil.example"), "");
    assert_eq!((status, body.contains("\"code\":4")), (403, true), "{body}");
    let (status, _, head) = ask(
        &server,
        "OPTIONS",
        query,
        &origin("https://example.org"),
        "",
    );
    assert_eq!(status, 204);
    assert!(!head.contains("content-length"), "{head}");
    assert!(
        head.contains("access-control-allow-methods: GET, POST"),
        "{head}"
    );
}

#[test]
fn a_polling_client_that_vanishes_is_noticed() {
    with_clients("a polling client that vanishes", |driver| {
        let arguments = ["--no-limits", "--ping-interval=1", "--idle-timeout=2"];
        let server = Server::start_with(&arguments);
        let mut watcher = RawClient::connect(&server);
        watcher.send(
            "auth",
            json!({
                "username": "watcher", "password": chat_tests::password_of("watcher"),
                "room": "stream", "capabilities": ["presence"],
            }),
        );
        watcher.expect("auth");
        let mut stays = SocketIoClient::connect(driver, &server, "1", POLLING);
        stays.join("carol", &json!("stream"));
        assert_eq!(watcher.expect("join")["username"], "carol");
        {
            let process = SocketIo::start().expect("it started before");
            let mut gone = SocketIoClient::connect(&process, &server, "4", POLLING);
            gone.join("bob", &json!("stream"));
            assert_eq!(watcher.expect("join")["username"], "bob");
        }
        assert_eq!(watcher.expect("leave")["username"], "bob");
        // For longer than that nobody has heard of her but in polls.
        stays.expect_nothing();
    });
}

#[test]
fn every_refusal_has_its_code_under_both_names() {
    with_clients("the codes of Socket.IO's refusals", |driver| {
        let server = Server::start();
        let mut admin = RawClient::join(&server, "admin", "stream");
        let mut client = SocketIoClient::connect(driver, &server, "1", UPGRADE);
        let refused = |client: &mut SocketIoClient, event: &str, data: Value, code: u16| {
            client.emit(event, &data);
            let refusal = client.expect("cerror");
            assert_eq!(
                (&refusal["Code"], &refusal["code"]),
                (&json!(code), &json!(code))
            );
            assert_eq!(refusal["event"], event, "{refusal}");
        };
        let nobody = json!({ "username": "nobody" });
        refused(&mut client, "kick", nobody.clone(), 401);
        refused(&mut client, "auth", json!({ "username": "bob" }), 400);
        client.join("bob", &json!("stream"));
        let message = |text: &str| json!({ "content": text });
        refused(
            &mut client,
            "message",
            json!({ "content": "a", "user": "b" }),
            400,
        );
        refused(&mut client, "message", message(&"x".repeat(501)), 413);
        refused(&mut client, "kick", json!({ "username": "admin" }), 403);
        refused(&mut client, "deleteMessage", json!({ "id": 12 }), 404);
        refused(&mut client, "testRoom", Value::Null, 400);
        admin.send("setRoom", json!({ "slowMode": 60 }));
        admin.expect_nothing();
        client.emit("message", &message("first"));
        client.expect("message");
        refused(&mut client, "message", message("second"), 429);
        admin.expect("message");
        admin.send("ban", json!({ "username": "bob", "reason": "spam" }));
        admin.expect("ban");
        assert_eq!(client.expect("ban")["reason"], "spam");
        client.happens("disconnect");
        let mut again = SocketIoClient::connect(driver, &server, "4", POLLING);
        let auth = json!({
            "username": "bob", "password": chat_tests::password_of("bob"), "room": "stream",
        });
        refused(&mut again, "auth", auth, 403);
    });
}

#[test]
fn a_probe_that_never_finishes_disturbs_nobody() {
    let server = Server::start();
    let sid = begin(&server, 4);
    let query = format!("EIO=4&transport=polling&sid={sid}");
    let post = |body: &str| assert_eq!(ask(&server, "POST", &query, "", body).0, 200);
    let poll = || ask(&server, "GET", &query, "", "").1;
    post("40");
    assert!(poll().starts_with("40{"), "the main namespace is entered");
    let url = format!(
        "ws://{}/socket.io/?EIO=4&transport=websocket&sid={sid}",
        server.address()
    );
    let (mut probe, _) = tungstenite::connect(&url).unwrap();
    probe.send("2probe".into()).unwrap();
    assert_eq!(
        probe.read().unwrap().into_text().unwrap().as_str(),
        "3probe"
    );
    // While it is tried, polls do not wait.
    assert_eq!(poll(), "6");
    post("42[\"who\"]");
    assert!(poll().contains("Authentification required"));
    drop(probe);
    // And once it is given up, they bring what there is.
    let auth = json!(["auth", { "username": "bob", "password": "a long password", "room": "r" }]);
    post(&format!("42{auth}"));
    let mut seen = poll();
    while seen == "6" {
        seen = poll();
    }
    assert!(seen.contains("Authentification complete"), "{seen}");
    // An upgrade of a session that nobody knows is refused before it begins.
    let url = format!(
        "ws://{}/socket.io/?EIO=4&transport=websocket&sid=nobody",
        server.address()
    );
    match tungstenite::connect(&url) {
        Err(tungstenite::Error::Http(answer)) => assert_eq!(answer.status(), 400),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_said_before_an_upgrade_comes_before_what_is_said_after_it() {
    with_clients("order over an upgrade", |driver| {
        let server = Server::start_without_limits();
        let mut native = RawClient::join(&server, "native", "stream");
        for (number, version) in VERSIONS.into_iter().cycle().take(12).enumerate() {
            let mut client = SocketIoClient::connect(driver, &server, version, UPGRADE);
            let user = format!("user{}", number % 3);
            let password = chat_tests::password_of(&user);
            let auth = json!({ "username": user, "password": password, "room": "stream" });
            client.emit("auth", &auth);
            for count in 0..30 {
                client.emit(
                    "message",
                    &json!({ "content": format!("{number} {count}") }),
                );
            }
            client.expect("auth");
            for count in 0..30 {
                let expected = format!("{number} {count}");
                assert_eq!(client.expect("message")["content"], expected);
                assert_eq!(native.expect("message")["content"], expected);
            }
            client.close();
        }
    });
}
