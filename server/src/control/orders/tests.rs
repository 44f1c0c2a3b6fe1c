//! Requests on a store that no server uses, and what each answers.

use super::*;
use crate::control::{Offline, OperatorAction};
use crate::domain::filter::{Action, Kind, Pattern};
use crate::domain::moderation::BanScope;
use crate::store::memory::{Fault, MemoryStore, Takes};

const HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

async fn answer(store: &MemoryStore, request: Request) -> Result<String, String> {
    let offline = Offline::new(store, BanScope::Account);
    let done = carry_out(&offline, &request).await;
    done.map_err(|error| error.to_string())
}

#[track_caller]
fn begins(answer: &Result<String, String>, expected: Result<&str, &str>) {
    let is_so = match (answer, expected) {
        (Ok(text), Ok(start)) | (Err(text), Err(start)) => text.starts_with(start),
        _ => false,
    };
    assert!(is_so, "{answer:?}, expected {expected:?}");
}

fn add_user(name: &str) -> Request {
    Request::AddUser(name.to_owned(), Hash(HASH.to_owned()))
}

fn act(room: &str, username: &str, action: OperatorAction, creates: bool) -> Request {
    Request::act(Task {
        room: room.to_owned(),
        username: username.to_owned(),
        action,
        creates,
    })
}

fn block(text: &str) -> Change {
    Change::Add(Pattern {
        text: text.to_owned(),
        kind: Kind::Word,
        action: Action::Refuse,
        reason: None,
        flaw: None,
    })
}

/// A store with the room `lobby` and the user `Ann`.
async fn store() -> MemoryStore {
    let store = MemoryStore::default();
    let room = answer(&store, Request::AddRoom("lobby".to_owned())).await;
    begins(&room, Ok("room lobby added"));
    begins(&answer(&store, add_user("Ann")).await, Ok("user Ann added"));
    store
}

#[tokio::test]
async fn whom_and_what_a_request_means_has_to_be_there() {
    let store = store().await;
    let ban = || OperatorAction::Ban(None, None, BanScope::Account);
    let filter = |room: &str| Request::Filter(room.to_owned(), block("spam"));
    for (request, expected) in [
        (
            Request::AddRoom("lobby".to_owned()),
            "there is already a room lobby",
        ),
        (add_user("ann"), "there is already a user ann"),
        (act("lobby", "bob", ban(), false), "there is no user bob"),
        (act("nix", "ann", ban(), false), "there is no room nix"),
        (filter("nix"), "there is no room nix"),
        (
            act("lobby", "ann", OperatorAction::Unban, false),
            "Ann is not banned from this room",
        ),
        (
            Request::Administer("ann".to_owned(), false),
            "Ann is not an administrator of this server",
        ),
        (
            Request::SetPassword("bob".to_owned(), Hash(HASH.to_owned())),
            "there is no user bob",
        ),
        (
            Request::SetPassword("ann".to_owned(), Hash("plain".to_owned())),
            "this is no argon2id hash of a password",
        ),
        (
            Request::PurgeUser("ann".to_owned(), None),
            "Ann has not been removed",
        ),
        (
            Request::LiftNetwork("203.0.113.0/24".to_owned()),
            "203.0.113.0/24 is not banned",
        ),
    ] {
        begins(&answer(&store, request).await, Err(expected));
    }
}

#[tokio::test]
async fn a_room_is_created_only_when_nothing_is_refused_any_more() {
    let store = store().await;
    let dismiss = act("den", "ann", OperatorAction::Dismiss, true);
    begins(
        &answer(&store, dismiss).await,
        Err("Ann has no rank in this room"),
    );
    let appoint = |creates| act("den", "ann", OperatorAction::Appoint, creates);
    begins(
        &answer(&store, appoint(false)).await,
        Err("there is no room den"),
    );
    begins(
        &answer(&store, appoint(true)).await,
        Ok("Ann is a moderator now"),
    );
    begins(
        &answer(&store, appoint(false)).await,
        Ok("Ann is a moderator now"),
    );
    let filter = Request::FilterNew("attic".to_owned(), block("spam"));
    begins(&answer(&store, filter).await, Ok("`spam` is blocked"));
    let again = answer(&store, Request::AddRoom("attic".to_owned())).await;
    begins(&again, Err("there is already a room attic"));
}

#[tokio::test]
async fn a_removed_user_can_be_banned_but_not_appointed() {
    let store = store().await;
    let removed = answer(&store, Request::RemoveUser("ann".to_owned())).await;
    assert_eq!(removed, Ok("user ann removed".to_owned()));
    let appoint = act("lobby", "ann", OperatorAction::Appoint, false);
    let refused = Err("there is no user ann: the account was removed");
    begins(&answer(&store, appoint).await, refused);
    let ban = OperatorAction::Ban(None, None, BanScope::Account);
    let banned = answer(&store, act("lobby", "ann", ban, false)).await;
    begins(&banned, Ok("Ann is banned"));
    let purged = answer(&store, Request::PurgeUser("ann".to_owned(), None)).await;
    begins(&purged, Ok(r#"{"messages":0,"rooms":0"#));
    let added = answer(&store, add_user("ann")).await;
    begins(
        &added,
        Ok("user ann added; the name is still banned from lobby"),
    );
}

#[tokio::test]
async fn what_can_not_be_stored_is_not_said_to_be_done() {
    let store = store().await;
    store.take(Takes::Reads);
    let request = act("lobby", "ann", OperatorAction::Appoint, false);
    begins(
        &answer(&store, request).await,
        Err("the standing of people in rooms is not available"),
    );
}

#[tokio::test]
async fn a_room_is_made_with_what_makes_it_or_not_at_all() {
    let store = store().await;
    let add = || Request::AddRoom("den".to_owned());
    let appoint = || act("den", "ann", OperatorAction::Appoint, true);
    let filter = || Request::FilterNew("den".to_owned(), block("spam"));
    for (request, part) in [
        (add(), "the list of rooms is not available"),
        (
            appoint(),
            "the standing of people in rooms is not available",
        ),
        (filter(), "the rooms' patterns are not available"),
    ] {
        store.fail([Fault::Refused]);
        assert_eq!(answer(&store, request).await, Err(part.to_owned()));
    }
    for request in [add(), appoint(), filter()] {
        store.fail([Fault::UnknownAndNot]);
        let unknown = Err("it is not known whether this was done");
        begins(&answer(&store, request).await, unknown);
    }
    begins(&answer(&store, add()).await, Ok("room den added"));
    store.fail([Fault::UnknownAndStored]);
    let appointed = answer(&store, act("attic", "ann", OperatorAction::Appoint, true)).await;
    begins(&appointed, Err("it is not known whether this was done"));
    let again = answer(&store, Request::AddRoom("attic".to_owned())).await;
    begins(&again, Err("there is already a room attic"));
}
