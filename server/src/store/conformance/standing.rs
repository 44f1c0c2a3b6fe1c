//! Standing: ranks, bans and mutes of a room, server administrators, and what is told of them.

use super::*;
use crate::domain::moderation::{Height, Sanction, Standing, Verdicts};
use crate::store::accounts::Accounts;
use crate::store::standing::Standings;

conforms!(
    what_is_stored_is_what_a_running_room_has,
    nothing_is_decided_on_an_account_that_is_another_by_now,
    server_administrators_are_made_and_unmade,
    it_is_known_where_somebody_is_banned_and_muted,
);

async fn what_is_stored_is_what_a_running_room_has(store: &dyn Store) {
    store.create(Account::named("Bob", 7)).await.unwrap();
    let standings: &dyn Standings = store;
    let room = RoomName::new("r").unwrap();
    let sanction = |until| Sanction {
        until,
        ends: until,
        reason: Some("spam".to_owned()),
        networks: Vec::new(),
        height: match until {
            None => Height::Server,
            Some(_) => Height::Moderator,
        },
        by: "ann".to_owned(),
    };
    // In the order in which they are read.
    let with_addresses = |until, networks: &[&str]| Sanction {
        networks: networks.iter().map(|text| text.parse().unwrap()).collect(),
        ..sanction(until)
    };
    let mut running = Standing::default();
    for decision in [
        Decision::Kick,
        Decision::Ban(sanction(None)),
        Decision::Ban(sanction(Some(900))),
        Decision::Ban(with_addresses(None, &["192.0.2.1", "2001:db8::/64"])),
        Decision::Ban(with_addresses(Some(900), &["192.0.2.2"])),
        Decision::Mute(sanction(Some(500))),
        Decision::Rank(Rank::Moderator),
        Decision::Unban,
        Decision::Unmute,
        Decision::Mute(sanction(Some(300))),
        Decision::Rank(Rank::User),
    ] {
        let verdict = verdict(decision, "bob");
        judge(store, &room, &verdict).await.unwrap();
        running.carry_out(&verdict);
        let stored = standings.load(&room, 200.into()).await.unwrap();
        assert_eq!(stored, running, "{:?}", verdict.decision);
    }
    let later = standings.load(&room, 300.into()).await.unwrap();
    assert_eq!(later, Standing::default());
    let elsewhere = RoomName::new("s").unwrap();
    let standing = standings.load(&elsewhere, 200.into()).await.unwrap();
    assert_eq!(standing, Standing::default());
    assert_eq!(audit(store, Some(&room)).await.len(), 11);
}

async fn nothing_is_decided_on_an_account_that_is_another_by_now(store: &dyn Store) {
    let room = room("r");
    accounts(store, &["bob"]).await;
    let ban = || Decision::Ban(Sanction::for_seconds(None, None, 0.into()));
    let mut on_another = verdict(ban(), "bob");
    on_another.target.account = AccountId::named("another");
    let refused = judge(store, &room, &on_another).await;
    assert!(refused.is_err(), "{refused:?}");
    let name = chat_protocol::Username::new("bob").unwrap();
    Accounts::remove(store, &name, 9).await.unwrap();
    // Who was removed can be banned, and not be appointed.
    let rank = verdict(Decision::Rank(Rank::Vip), "bob");
    let refused = judge(store, &room, &rank).await;
    assert!(refused.is_err(), "{refused:?}");
    let banned = verdict(ban(), "bob");
    judge(store, &room, &banned).await.unwrap();
    let standing = Standings::load(store, &room, 200.into()).await.unwrap();
    assert!(standing.ban("bob", 200.into()).is_some());
    assert_eq!(audit(store, None).await, ["ban bob"]);
}

async fn server_administrators_are_made_and_unmade(store: &dyn Store) {
    for name in ["Zoe", "Bob"] {
        store.create(Account::named(name, 1)).await.unwrap();
    }
    let person = |name: &str| Person::from(Account::named(name, 1));
    for name in ["Zoe", "Bob", "Zoe"] {
        store.administer(&person(name), true, 5).await.unwrap();
    }
    assert_eq!(store.administrators().await.unwrap(), ["Bob", "Zoe"]);
    let elsewhere = Standings::load(store, &room("r"), 5.into()).await.unwrap();
    assert!(elsewhere.admins.contains("zoe"));
    store.administer(&person("Zoe"), false, 6).await.unwrap();
    assert_eq!(store.administrators().await.unwrap(), ["Bob"]);
    let told = [
        "grantAdmin Zoe",
        "grantAdmin Bob",
        "grantAdmin Zoe",
        "revokeAdmin Zoe",
    ];
    assert_eq!(audit(store, Some(&room("r"))).await, [] as [String; 0]);
    assert_eq!(audit(store, None).await, told);
    let refused = store.administer(&person("carl"), true, 7).await;
    assert!(refused.is_err(), "{refused:?}");
    let name = chat_protocol::Username::new("bob").unwrap();
    Accounts::remove(store, &name, 9).await.unwrap();
    assert_eq!(store.administrators().await.unwrap(), [] as [String; 0]);
}

async fn it_is_known_where_somebody_is_banned_and_muted(store: &dyn Store) {
    accounts(store, &["bob"]).await;
    let until = |until| Sanction {
        until,
        ends: until,
        ..Sanction::for_seconds(None, None, 0.into())
    };
    for (name, decision) in [
        ("b", Decision::Ban(until(None))),
        ("a", Decision::Ban(until(Some(500)))),
        ("a", Decision::Mute(until(Some(300)))),
        ("c", Decision::Rank(Rank::Vip)),
    ] {
        let verdict = verdict(decision, "bob");
        judge(store, &room(name), &verdict).await.unwrap();
    }
    let expected = |banned: &[&str], muted: &[&str]| Verdicts {
        banned: banned.iter().map(|&room| room.to_owned()).collect(),
        muted: muted.iter().map(|&room| room.to_owned()).collect(),
    };
    let on = async |now| store.verdicts_on("bob", now).await.unwrap();
    assert_eq!(on(299).await, expected(&["a", "b"], &["a"]));
    assert_eq!(on(300).await, expected(&["a", "b"], &[]));
    assert_eq!(on(500).await, expected(&["b"], &[]));
    assert_eq!(
        store.verdicts_on("ann", 1).await.unwrap(),
        Verdicts::default()
    );
}
