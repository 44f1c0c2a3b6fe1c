//! Accounts: made and admitted all or nothing, each name once, and gone with what belongs to them.

use chat_protocol::Username;

use super::*;
use crate::store::accounts::{Accounts, Admission, Admitted, Creation};
use crate::store::standing::Standings;

conforms!(
    a_name_is_taken_whatever_its_case,
    passwords_change_and_accounts_go,
    a_password_is_changed_only_where_the_account_is_what_it_was,
    a_renewed_hash_is_no_changed_password,
    nobody_comes_in_with_an_account_that_is_not_what_it_was,
    nobody_new_looks_like_another_where_it_could_deceive,
    only_the_first_who_ever_entered_a_room_is_its_administrator,
);

fn name(text: &str) -> Username {
    Username::new(text).unwrap()
}

pub(crate) fn account(text: &str, hash: &str, time: u64) -> Account {
    Account::new(&name(text), hash.to_owned(), time).unwrap()
}

pub(crate) fn beginning(founder: Founder) -> Option<Beginning> {
    Some(Beginning {
        room: RoomName::new("r").unwrap(),
        epoch: Epoch::new("e").unwrap(),
        founder,
        time: 9,
    })
}

async fn admit(
    accounts: &dyn Store,
    account: &Account,
    is_new: bool,
    room: Option<Beginning>,
) -> Admitted {
    let admission = Admission {
        account: account.clone(),
        is_new,
        room,
    };
    accounts.admit(admission).await.unwrap()
}

async fn admit_with_room(accounts: &dyn Store, account: &Account) -> Admitted {
    admit(accounts, account, true, beginning(Founder::Member)).await
}

async fn a_name_is_taken_whatever_its_case(store: &dyn Store) {
    let accounts: &dyn Accounts = store;
    accounts.create(account("Ann", "hash", 7)).await.unwrap();
    let again = accounts.create(account("ANN", "other", 8)).await.unwrap();
    let Creation::Exists(existing) = again else {
        panic!("one name became two accounts")
    };
    assert_eq!((existing.username.as_str(), existing.created), ("Ann", 7));
    assert_eq!(existing.password_hash, "hash");
}

async fn passwords_change_and_accounts_go(store: &dyn Store) {
    let accounts: &dyn Accounts = store;
    assert!(!accounts.set_password(&name("ann"), "x").await.unwrap());
    assert!(!accounts.sign_out(&name("ann")).await.unwrap());
    assert!(!accounts.remove(&name("ann"), 8).await.unwrap());
    accounts.create(account("ann", "hash", 7)).await.unwrap();
    let first = accounts.find(&name("ann")).await.unwrap().unwrap();
    assert!(accounts.set_password(&name("Ann"), "new").await.unwrap());
    let second = accounts.find(&name("ann")).await.unwrap().unwrap();
    assert_eq!(second.password_hash, "new");
    assert_ne!(second.logins, first.logins);
    assert!(accounts.sign_out(&name("Ann")).await.unwrap());
    let third = accounts.find(&name("ann")).await.unwrap().unwrap();
    assert_eq!(third.password_hash, "new");
    assert_ne!(third.logins, second.logins);
    assert!(accounts.remove(&name("ANN"), 9).await.unwrap());
    assert!(!accounts.remove(&name("ann"), 10).await.unwrap());
    // The name stays, and nothing that anybody could come in by.
    assert!(accounts.find(&name("ann")).await.unwrap().is_none());
    let gone = accounts.known(&name("ann")).await.unwrap().unwrap();
    assert_eq!((gone.removed, gone.password_hash.as_str()), (Some(9), ""));
    assert_ne!(gone.logins, third.logins);
    assert!(!accounts.set_password(&name("ann"), "x").await.unwrap());
    assert!(!accounts.sign_out(&name("ann")).await.unwrap());
    assert_eq!(admit(store, &gone, false, None).await, Admitted::SignedOut);
    let twin = account("Ann", "other", 11);
    assert_eq!(admit(store, &twin, true, None).await, Admitted::NameTaken);
    // An operator gives it to somebody else.
    assert!(matches!(
        accounts.create(twin.clone()).await,
        Ok(Creation::Created(_))
    ));
    let next = accounts.find(&name("ann")).await.unwrap().unwrap();
    assert!(next == twin && next.id != gone.id);
}

async fn a_password_is_changed_only_where_the_account_is_what_it_was(store: &dyn Store) {
    let accounts: &dyn Accounts = store;
    let first = account("ann", "hash", 7);
    assert!(
        accounts
            .change_password(&first, "x")
            .await
            .unwrap()
            .is_none()
    );
    accounts.create(first.clone()).await.unwrap();
    // The hash alone may have been renewed.
    accounts.renew_hash(&first, "better").await.unwrap();
    let second = accounts.change_password(&first, "new").await.unwrap();
    let second = second.unwrap();
    let stored = accounts.find(&name("ann")).await.unwrap().unwrap();
    assert!(stored == second && stored.id == first.id);
    assert_eq!(stored.password_hash, "new");
    assert_ne!(stored.logins, first.logins);
    // Who showed the password before that is too late, and so is who did before it was signed out.
    assert!(
        accounts
            .change_password(&first, "x")
            .await
            .unwrap()
            .is_none()
    );
    accounts.sign_out(&name("ann")).await.unwrap();
    assert!(
        accounts
            .change_password(&second, "x")
            .await
            .unwrap()
            .is_none()
    );
    let third = accounts.find(&name("ann")).await.unwrap().unwrap();
    accounts.remove(&name("ann"), 9).await.unwrap();
    assert!(
        accounts
            .change_password(&third, "x")
            .await
            .unwrap()
            .is_none()
    );
    let gone = accounts.known(&name("ann")).await.unwrap().unwrap();
    assert!(
        accounts
            .change_password(&gone, "x")
            .await
            .unwrap()
            .is_none()
    );
    let next = account("ann", "hash", 10);
    accounts.create(next.clone()).await.unwrap();
    assert!(
        accounts
            .change_password(&gone, "x")
            .await
            .unwrap()
            .is_none()
    );
    assert!(accounts.find(&name("ann")).await.unwrap().unwrap() == next);
}

async fn a_renewed_hash_is_no_changed_password(store: &dyn Store) {
    let accounts: &dyn Accounts = store;
    let ann = account("ann", "hash", 7);
    accounts.create(ann.clone()).await.unwrap();
    accounts.renew_hash(&ann, "better").await.unwrap();
    let renewed = accounts.find(&name("ann")).await.unwrap().unwrap();
    assert_eq!(renewed.password_hash, "better");
    assert_eq!((renewed.id, &renewed.logins), (ann.id, &ann.logins));
    // One of a password that was changed meanwhile stays.
    accounts.set_password(&name("ann"), "other").await.unwrap();
    accounts.renew_hash(&renewed, "even better").await.unwrap();
    let changed = accounts.find(&name("ann")).await.unwrap().unwrap();
    assert_eq!(changed.password_hash, "other");
}

async fn nobody_comes_in_with_an_account_that_is_not_what_it_was(store: &dyn Store) {
    let accounts: &dyn Accounts = store;
    let ann = account("ann", "hash", 7);
    let room = RoomName::new("r").unwrap();
    let founding = || beginning(Founder::Member);
    let admitted = admit(store, &ann, false, founding()).await;
    assert_eq!(admitted, Admitted::SignedOut);
    accounts.create(ann.clone()).await.unwrap();
    let twin = account("Ann", "other", 8);
    let admitted = admit(store, &twin, true, founding()).await;
    assert_eq!(admitted, Admitted::NameTaken);
    let admitted = admit(store, &twin, false, founding()).await;
    assert_eq!(admitted, Admitted::SignedOut);
    accounts.sign_out(&name("ann")).await.unwrap();
    let admitted = admit(store, &ann, false, founding()).await;
    assert_eq!(admitted, Admitted::SignedOut);
    assert!(!store.is_founded(&room).await.unwrap());
    assert!(found(store, &room, epoch("e"), 9).await);
    assert!(!found(store, &room, epoch("e"), 9).await);
}

async fn nobody_new_looks_like_another_where_it_could_deceive(store: &dyn Store) {
    let accounts: &dyn Accounts = store;
    let admit = async |name: &str| {
        let account = account(name, "hash", 7);
        admit(store, &account, true, None).await
    };
    assert_eq!(admit("tom").await, Admitted::Done);
    assert_eq!(admit("torn").await, Admitted::Done);
    assert_eq!(admit("t\u{43e}m").await, Admitted::LooksLikeAnother);
    assert_eq!(admit("\u{430}nn").await, Admitted::Done);
    // It is there by now, so it is the other one that deceives.
    assert_eq!(admit("ann").await, Admitted::LooksLikeAnother);
    assert_eq!(admit("emile").await, Admitted::Done);
    assert_eq!(admit("\u{e9}mile").await, Admitted::Done);
    // An operator may.
    let made = accounts.create(account("t\u{43e}m", "hash", 8)).await;
    assert!(matches!(made, Ok(Creation::Created(_))));
    // A room's administrator.
    let corn = account("corn", "hash", 9);
    let founded = admit_with_room(store, &corn).await;
    assert_eq!(founded, Admitted::Done);
    assert_eq!(admit("com").await, Admitted::LooksLikeAnother);
    // Gone with the account.
    accounts.remove(&name("corn"), 10).await.unwrap();
    assert_eq!(admit("com").await, Admitted::Done);
}

async fn only_the_first_who_ever_entered_a_room_is_its_administrator(store: &dyn Store) {
    let accounts: &dyn Accounts = store;
    let standings: &dyn Standings = store;
    let room = RoomName::new("r").unwrap();
    let rank = |key: &'static str| {
        let room = &room;
        async move { standings.load(room, 0.into()).await.unwrap().rank(key) }
    };
    let [ann, bob] = ["ann", "bob"].map(|name| account(name, "hash", 7));
    let first = admit(store, &ann, true, beginning(Founder::Nobody)).await;
    assert_eq!(first, Admitted::Done);
    assert_eq!(rank("ann").await, Rank::User);
    assert!(!store.is_founded(&room).await.unwrap());
    for account in [&ann, &bob] {
        let is_new = account.key == "bob";
        let admitted = admit(store, account, is_new, beginning(Founder::Member)).await;
        assert_eq!(admitted, Admitted::Done);
    }
    assert_eq!(rank("ann").await, Rank::Administrator);
    assert_eq!(rank("bob").await, Rank::User);
    assert!(store.is_founded(&room).await.unwrap());

    store.forget_room(&room).await.unwrap();
    admit(store, &bob, false, beginning(Founder::Member)).await;
    assert_eq!(rank("bob").await, Rank::Administrator);
    store.forget_room(&room).await.unwrap();
    admit(store, &ann, false, beginning(Founder::Member)).await;

    // A name that comes back after its account was removed does not get the room back, and
    // nobody else inherits it.
    accounts.remove(&name("ann"), 8).await.unwrap();
    let ann = account("ann", "hash", 9);
    accounts.create(ann.clone()).await.unwrap();
    admit(store, &ann, false, beginning(Founder::Member)).await;
    admit(store, &bob, false, beginning(Founder::Member)).await;
    assert_eq!(rank("ann").await, Rank::User);
    assert_eq!(rank("bob").await, Rank::User);
}
