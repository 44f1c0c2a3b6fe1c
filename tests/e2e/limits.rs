//! Floods: how fast a client may be, what it is told when it is too fast, and how many connections
//! there may be.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chat_tests::{Opcode, RawClient, RawSocket, Server, frame, handshake, password_of};
use serde_json::{Value, json};

use crate::support::{
    Over, connect_from, enter_from, entries, eventually, numbered, post_all, refused,
};

/// A room with its administrator, who counts as a moderator, and a user.
fn room_with_user(server: &Server) -> (RawClient, RawClient) {
    let owner = RawClient::join(server, "owner", "stream");
    let user = RawClient::join(server, "alice", "stream");
    (owner, user)
}

#[test]
fn a_user_posts_twenty_at_once_and_then_has_to_wait() {
    let server = Server::start();
    let (mut owner, mut alice) = room_with_user(&server);
    post_all(&mut alice, numbered(20));
    let last = json!({ "content": "one more", "nonce": "n-21" });
    alice.send("message", last.clone());
    let refusal = alice.expect_cerror(429, Some("message"));
    assert_eq!(
        (&refusal["nonce"], &refusal["retryAfter"]),
        (&json!("n-21"), &json!(1))
    );
    for content in numbered(20) {
        assert_eq!(owner.expect("message")["content"], content);
    }
    owner.expect_nothing();
    // After as long as it was told to wait, it goes through.
    let wait = refusal["retryAfter"].as_u64().unwrap();
    std::thread::sleep(Duration::from_secs(wait));
    alice.send("message", last);
    assert_eq!(alice.expect("message")["seq"], 21);
    assert_eq!(owner.expect("message")["content"], "one more");
}

#[test]
fn a_moderator_posts_ten_times_as_many() {
    let server = Server::start();
    let mut owner = RawClient::join(&server, "owner", "stream");
    post_all(&mut owner, numbered(200));
}

#[test]
fn a_user_is_one_user_on_every_connection_and_in_every_room() {
    let server = Server::start();
    let (_owner, mut alice) = room_with_user(&server);
    let _other = RawClient::join(&server, "other", "elsewhere");
    let mut again = RawClient::join(&server, "ALICE", "elsewhere");
    post_all(&mut alice, numbered(12));
    post_all(&mut again, numbered(8));
    refused(
        &mut alice,
        429,
        "message",
        json!({ "content": "x" }),
        "too fast",
    );
    let mut bob = RawClient::join(&server, "bob", "stream");
    post_all(&mut bob, numbered(20));
}

#[test]
fn what_else_is_wrong_with_a_message_is_said_first_and_a_retry_is_answered() {
    let server = Server::start_with(&["--message-burst", "1", "--message-rate", "1"]);
    let (_owner, mut alice) = room_with_user(&server);
    let first = json!({ "content": "first", "nonce": "n" });
    alice.send("message", first.clone());
    let stored = alice.expect("message");
    let unknown = json!({ "content": "x", "replyTo": "nothing-1" });
    refused(&mut alice, 404, "message", unknown, "replyTo");
    let long = json!({ "content": "x".repeat(501) });
    refused(&mut alice, 413, "message", long, "500");
    refused(
        &mut alice,
        429,
        "message",
        json!({ "content": "x" }),
        "too fast",
    );
    alice.send("message", first);
    assert_eq!(alice.expect("message"), stored);
}

#[test]
fn who_goes_on_regardless_is_closed_with_4105() {
    let server = Server::start();
    let (mut owner, mut alice) = room_with_user(&server);
    for number in 0..400 {
        if !alice.try_send("message", json!({ "content": number.to_string() })) {
            break;
        }
    }
    let mut refusals = 0;
    loop {
        match alice.next_event_or_end() {
            Ok((event, _)) if event == "message" => {}
            Ok((event, data)) => {
                assert_eq!((event.as_str(), &data["Code"]), ("cerror", &json!(429)));
                refusals += 1;
            }
            Err(code) => {
                assert_eq!(code, Some(4105));
                break;
            }
        }
    }
    assert!((100..=110).contains(&refusals), "{refusals} refusals");
    // Nobody else notices, and the flood is not in the log.
    owner.send("history", json!({ "limit": 200 }));
    let stored = loop {
        let (event, data) = owner.next_event();
        if event == "history" {
            break entries(&data).len();
        }
    };
    assert!((20..=25).contains(&stored), "{stored} stored");
    RawClient::join(&server, "alice", "stream").expect_nothing();
}

#[test]
fn events_of_every_kind_have_a_pace_and_garbage_too() {
    let server = Server::start_with(&["--event-burst", "30", "--event-rate", "60"]);
    let mut client = RawClient::connect(&server);
    for _ in 0..30 {
        client.send_text("garbage");
        client.expect_cerror(400, None);
    }
    client.send_binary(b"garbage");
    client.expect_cerror(429, None);
    client.send_text("garbage");
    client.expect_cerror(429, None);
    refused(&mut client, 429, "ping", Value::Null, "too fast");
    // Entering costs ten, and so does asking for the history.
    let mut member = RawClient::join(&server, "alice", "stream");
    member.history(json!({}));
    member.send("who", Value::Null);
    member.expect("who");
    refused(&mut member, 429, "who", Value::Null, "too fast");
}

#[test]
fn retries_and_what_is_wrong_anyway_take_nothing_from_what_may_be_posted() {
    let server = Server::start_with(&["--flood-refusals", "5"]);
    let (_owner, mut alice) = room_with_user(&server);
    let posted = |number: usize| json!({ "content": "x", "nonce": number.to_string() });
    for number in 0..19 {
        alice.send("message", posted(number));
        alice.expect("message");
    }
    for round in 0..30 {
        alice.send("message", posted(round % 19));
        alice.expect("message");
        let long = json!({ "content": "x".repeat(501) });
        refused(&mut alice, 413, "message", long, "500");
    }
    alice.post("the twentieth");
    refused(&mut alice, 429, "message", posted(20), "too fast");
}

#[test]
fn pings_of_the_websocket_have_a_pace_too() {
    let server = Server::start_with(&["--event-burst", "50", "--event-rate", "60"]);
    let mut flooder = RawSocket::upgrade(server.address());
    // Pongs are not answered, so nothing but the flood itself can end this.
    let pong = frame(Opcode::PONG, b"");
    flooder.write(&pong.repeat(300));
    flooder.expect_close(4105);
}

#[test]
fn the_users_of_one_address_share_what_five_of_them_may_post() {
    let server = Server::start_with(&[
        "--trusted-proxy",
        "127.0.0.1",
        "--message-burst",
        "2",
        "--message-rate",
        "1",
    ]);
    let _owner = RawClient::join(&server, "owner", "stream");
    let enter = |user: &str, address: &str| enter_from(&server, user, address);
    // One after the other, so that nobody hears the others.
    for number in 0..5 {
        let mut client = enter(&format!("user{number}"), "203.0.113.5");
        post_all(&mut client, numbered(2));
    }
    let mut sixth = enter("user5", "203.0.113.5");
    refused(
        &mut sixth,
        429,
        "message",
        json!({ "content": "x" }),
        "too fast",
    );
    let mut elsewhere = enter("somebody", "203.0.113.6");
    elsewhere.post("hi");
}

#[test]
fn failed_logins_are_counted_by_name_and_address() {
    let server = Server::start_with(&["--trusted-proxy", "127.0.0.1"]);
    RawClient::join(&server, "alice", "stream").expect_nothing();
    let guess = json!({ "username": "alice", "password": "guess", "room": "stream" });
    let right = json!({
        "username": "alice", "password": password_of("alice"), "room": "stream",
    });
    let mut guesser = RawClient::connect(&server);
    for _ in 0..5 {
        refused(
            &mut guesser,
            401,
            "auth",
            guess.clone(),
            "wrong name or password",
        );
    }
    // The right password is no way to find out either.
    for data in [guess, right.clone()] {
        guesser.send("auth", data);
        let refusal = guesser.expect_cerror(429, Some("auth"));
        let wait = refusal["retryAfter"].as_u64().unwrap();
        assert!((1..=12).contains(&wait), "{wait}");
    }
    guesser.auth("bob", "stream");
    // Somebody else's failures do not lock alice out.
    let mut elsewhere = connect_from(&server, "203.0.113.5");
    elsewhere.auth_with(right);
}

#[test]
fn behind_a_proxy_that_is_not_named_nobody_is_locked_out_by_who_guesses() {
    let mut server = Server::start();
    RawClient::join(&server, "alice", "stream").expect_nothing();
    // A password that was right a moment ago is known, until the server's end.
    server.restart();
    let guess = json!({ "username": "alice", "password": "guess", "room": "stream" });
    let is_over = AtomicBool::new(false);
    let begun = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let _over = Over(&is_over);
        for client in 0..3 {
            let (server, guess, is_over, begun) = (&server, &guess, &is_over, &begun);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let mut guesser = connect_from(server, &format!("203.0.113.{client}"));
                    for _ in 0..3 {
                        refused(&mut guesser, 401, "auth", guess.clone(), "wrong name");
                        begun.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        eventually(|| (begun.load(Ordering::Relaxed) >= 10).then_some(()));
        for client in ["203.0.113.1", "198.51.100.1"] {
            let mut alice = connect_from(&server, client);
            let began = Instant::now();
            alice.auth("alice", "stream");
            assert!(began.elapsed() < Duration::from_secs(10));
        }
    });
}

#[test]
fn an_address_opens_twenty_connections_at_once() {
    let server = Server::start_with(&["--trusted-proxy", "127.0.0.0/8"]);
    let status = |client: &str| upgrade_from(&server, client);
    let mut open = Vec::new();
    for _ in 0..20 {
        let (answer, socket) = status("203.0.113.5");
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
        open.push(socket);
    }
    let (answer, _) = status("203.0.113.5");
    assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
    assert!(
        answer.to_lowercase().contains("\r\nretry-after: 1\r\n"),
        "{answer}"
    );
    // So does what a proxy adds in a line of its own, and what is empty is nothing.
    for lines in [
        "198.51.100.1\r\nX-Forwarded-For: 203.0.113.5",
        "203.0.113.5, ,",
    ] {
        let (answer, _) = status(lines);
        assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
    }
    // What a client writes itself stands before what the proxy adds, and does not count.
    let (answer, _) = status("198.51.100.1, 203.0.113.5");
    assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
    let (answer, _) = status("203.0.113.6");
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    // IPv6 by /64.
    for number in 0..20 {
        let (answer, _) = status(&format!("2001:db8:0:1::{number:x}"));
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    }
    let (answer, _) = status("2001:db8:0:1:ffff::1");
    assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
    let (answer, _) = status("2001:db8:0:2::1");
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
}

#[test]
fn only_a_trusted_proxy_speaks_for_others_and_loopback_is_exempt() {
    let mut server = Server::start();
    for _ in 0..40 {
        let (answer, _) = upgrade_from(&server, "203.0.113.5");
        assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    }
    // The operator is told once that there may be a proxy.
    let log = server.stop_and_log();
    assert_eq!(log.matches("--trusted-proxy").count(), 1, "{log}");
}

#[test]
fn connections_are_capped_and_places_become_free() {
    let caps = ["--max-connections", "3", "--max-unauthenticated", "2"];
    let server = Server::start_with(&caps);
    let first = RawClient::connect(&server);
    let mut second = RawClient::connect(&server);
    refused_at_the_door(&server);
    second.auth("alice", "stream");
    // She is told that she is in before her place among those who are not is free.
    let third = eventually(|| RawClient::open(server.address(), "/").ok());
    refused_at_the_door(&server);
    drop(first);
    let fourth = eventually(|| RawClient::open(server.address(), "/").ok());
    drop((third, fourth));
    second.post("still here");
}

#[test]
fn an_address_has_so_many_connections_at_the_same_time() {
    let server = Server::start_with(&[
        "--trusted-proxy",
        "127.0.0.1",
        "--max-connections-per-address",
        "2",
    ]);
    let open = |client: &str| RawClient::open_for(server.address(), client);
    let first = open("203.0.113.5").unwrap();
    let _second = open("203.0.113.5").unwrap();
    assert_eq!(http_status(open("203.0.113.5")), 503);
    let _other = open("203.0.113.6").unwrap();
    drop(first);
    eventually(|| open("203.0.113.5").ok());
    // However many came and went before, through a proxy or not.
    for _ in 0..6 {
        drop(eventually(|| open("203.0.113.7").ok()));
    }
    eventually(|| open("203.0.113.7").ok());
}

#[test]
fn a_network_of_many_addresses_leaves_places_to_others() {
    let server = Server::start_with(&[
        "--trusted-proxy",
        "127.0.0.1",
        "--max-unauthenticated",
        "40",
    ]);
    let open = |client: &str| RawClient::open_for(server.address(), client);
    let attack = |held: &mut Vec<RawClient>| {
        for subnet in 0..60 {
            match open(&format!("2001:db8:7:{subnet:x}00::1")) {
                Ok(client) => held.push(client),
                refused => assert_eq!(http_status(refused), 503),
            }
        }
    };
    let mut held = Vec::new();
    attack(&mut held);
    // As many as it leaves to all others, one of which may be leaving.
    assert!((19..=20).contains(&held.len()), "{}", held.len());
    // Behind the one address of a carrier, and from anywhere.
    for number in 0..8 {
        for address in ["198.51.100.1", &format!("203.0.{number}.7")] {
            let mut client = open(address).unwrap();
            client.expect("connection");
            client.auth(&format!("user-{number}-{address}"), "stream");
        }
        attack(&mut held);
    }
    assert!(held.len() <= 20, "{}", held.len());
}

#[test]
fn guesses_from_many_addresses_are_few_and_the_owner_comes_in() {
    let server = Server::start_with(&["--trusted-proxy", "127.0.0.1", "--failed-logins", "1"]);
    let login = |address: &str, password: String| {
        let mut client = connect_from(&server, address);
        let data = json!({ "username": "alice", "password": password, "room": "stream" });
        client.send("auth", data);
        client
    };
    let home = "203.0.113.7";
    login(home, password_of("alice")).expect("auth");
    let mut guesses = 0;
    let refused_at = (0..100u32).find(|network| {
        let address = format!("2001:db8:7:{network:x}::1");
        let mut client = login(&address, "guess".to_owned());
        let (event, data) = client.next_event();
        assert_eq!(event, "cerror");
        guesses += u32::from(data["Code"] == 401);
        data["Code"] == 429
    });
    assert!(
        refused_at.is_some() && (10..=50).contains(&guesses),
        "{guesses}"
    );
    login(home, password_of("alice")).expect("auth");
    // Through a proxy that is not named nobody is locked out by strangers either.
    login("127.0.0.1", password_of("alice")).expect("auth");
}

#[test]
fn logins_elsewhere_do_not_wait_for_a_network_that_asks_for_many() {
    let server = Server::start_with(&["--trusted-proxy", "127.0.0.1"]);
    let open = |address: &str| connect_from(&server, address);
    let crowd = (0..80).map(|subnet| open(&format!("2001:db8:7:{subnet:x}00::1")));
    let mut crowd: Vec<RawClient> = crowd.collect();
    let mut alice = open("203.0.113.7");
    let login = |client: &mut RawClient, user: &str| {
        let data = json!({
            "username": user, "password": password_of(user), "room": "stream",
        });
        client.send("auth", data);
    };
    for (number, client) in crowd.iter_mut().enumerate() {
        login(client, &format!("crowd{number}"));
    }
    login(&mut alice, "alice");
    alice.expect("auth");
    alice.send("who", Value::Null);
    let came_first = alice.expect("who")["count"].as_u64().unwrap() - 1;
    // One, were there no others before she asked, and no second processor.
    assert!(came_first < 40, "{came_first} of the crowd came first");
}

#[test]
fn answers_count_by_their_bytes_for_a_user_and_an_address() {
    let server = Server::start_with(&[
        "--trusted-proxy",
        "127.0.0.1",
        "--answer-burst",
        "64",
        "--answer-rate",
        "1",
    ]);
    let enter = |user: &str, address: &str| enter_from(&server, user, address);
    let mut owner = enter("owner", "198.51.100.1");
    post_all(&mut owner, (0..50).map(|_| "x".repeat(500)));
    let mut alice = enter("alice", "203.0.113.5");
    let mut asked = 0;
    let refusal = loop {
        alice.send("history", json!({}));
        match alice.next_event() {
            (event, _) if event == "history" => asked += 1,
            (_, refusal) => break refusal,
        }
    };
    assert!((1..=4).contains(&asked), "{asked}");
    assert_eq!(
        (&refusal["Code"], &refusal["event"]),
        (&json!(429), &json!("history"))
    );
    assert!(refusal["retryAfter"].as_u64().unwrap() >= 1);
    // On every connection, for everybody at the address, and whatever is long.
    let mut again = enter("alice", "203.0.113.6");
    refused(&mut again, 429, "history", json!({}), "too fast");
    let mut neighbour = enter("bob", "203.0.113.5");
    refused(&mut neighbour, 429, "who", Value::Null, "too fast");
    // Rights come first: who has none is not told to come again.
    for event in ["audit", "filters", "held"] {
        refused(&mut neighbour, 403, event, Value::Null, "");
    }
    // A retry is answered with the message it repeats, which may be longer.
    let long = json!({ "content": "x".repeat(500), "nonce": "n" });
    neighbour.send("message", long);
    neighbour.expect("message");
    let retry = json!({ "content": "x", "nonce": "n" });
    refused(&mut neighbour, 429, "message", retry, "too fast");
    owner.expect("message");
    // Neither do moderators read without end.
    let refusal = loop {
        owner.send("audit", json!({}));
        owner.send("filters", json!({}));
        owner.send("history", json!({}));
        let answers = [(); 3].map(|()| owner.next_event());
        if answers.iter().all(|(event, _)| event == "cerror") {
            break answers.map(|(_, data)| data["Code"].clone());
        }
    };
    assert_eq!(refusal, [429, 429, 429].map(|code| json!(code)));
    // Nor by coming back: who asks for what they missed waits, and has no hole; who does not comes in.
    let mut back = connect_from(&server, "203.0.113.5");
    let resume = json!({
        "username": "bob", "password": password_of("bob"), "room": "stream",
        "since": { "epoch": "e", "seq": 0 },
    });
    refused(&mut back, 429, "auth", resume, "too fast");
    back.auth("bob", "stream");
    // What everybody gets is not counted, nor is anybody else.
    owner.post("hi");
    let mut other = enter("carol", "203.0.114.5");
    other.history(json!({}));
}

#[test]
fn a_server_without_limits_says_so() {
    let server = Server::start_without_limits();
    server.wait_for_log("all limits are off");
    let (_owner, mut alice) = room_with_user(&server);
    post_all(&mut alice, numbered(300));
    let mut guesser = RawClient::connect(&server);
    let guess = json!({ "username": "alice", "password": "guess", "room": "stream" });
    for _ in 0..8 {
        refused(
            &mut guesser,
            401,
            "auth",
            guess.clone(),
            "wrong name or password",
        );
    }
}

/// Asks for the upgrade through a proxy that says it comes from `client`.
fn upgrade_from(server: &Server, client: &str) -> (String, RawSocket) {
    let mut socket = RawSocket::open(server.address());
    let header = format!("X-Forwarded-For: {client}\r\n");
    socket.write(handshake("/", &header).as_bytes());
    (socket.read_head(), socket)
}

#[track_caller]
fn refused_at_the_door(server: &Server) {
    let mut socket = RawSocket::open(server.address());
    let head = socket.read_head();
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
}

#[track_caller]
fn http_status<T: std::fmt::Debug>(outcome: Result<T, tungstenite::Error>) -> u16 {
    match outcome {
        Err(tungstenite::Error::Http(answer)) => answer.status().as_u16(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn answers_that_are_asked_for_all_at_once_count_as_if_they_were_not() {
    let server = Server::start_with(&[
        "--trusted-proxy",
        "127.0.0.1",
        "--connection-burst",
        "100",
        "--message-burst",
        "500",
        "--event-burst",
        "9000",
        "--answer-burst",
        "256",
        "--answer-rate",
        "1",
    ]);
    let enter = |user: &str, address: &str| enter_from(&server, user, address);
    let mut owner = enter("owner", "198.51.100.1");
    post_all(&mut owner, (0..50).map(|_| "x".repeat(500)));
    let mut crowd: Vec<RawClient> = (0..60).map(|_| enter("alice", "203.0.113.5")).collect();
    for client in &mut crowd {
        client.send("history", json!({ "limit": 50 }));
    }
    let answered = crowd
        .iter_mut()
        .map(RawClient::next_event)
        .filter(|(event, _)| event == "history")
        .count();
    // 256 KiB of answers of 34 KB each, and as many as are under way at a time.
    assert!((6..=12).contains(&answered), "{answered}");
}
