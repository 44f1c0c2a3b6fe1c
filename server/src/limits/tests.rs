//! Buckets as sessions use them.

use super::*;

fn number(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

fn rate(burst: u32, per_minute: u32) -> Rate {
    Rate::per_minute(number(burst), number(per_minute))
}

fn source(text: &str) -> Source {
    Source::of(text.parse().unwrap())
}

fn limits() -> Limits {
    Limits::new(LimitSettings {
        messages: Some(rate(20, 1)),
        moderator_factor: number(10),
        address_factor: Some(number(5)),
        events: Some(rate(50, 1)),
        refusals: Some(number(3)),
        connections: Some(rate(20, 1)),
        answers: Some(rate(1000, 1)),
        failed_logins: None,
        accounts: None,
        rooms: None,
        caps: Caps::default(),
    })
}

/// How many of many at once are let through.
fn at_once(mut take: impl FnMut() -> Result<(), TooFast>) -> usize {
    let mut taken = 0;
    while taken < 1000 {
        match take() {
            Ok(()) => taken += 1,
            Err(refused) => {
                assert!(refused.retry_after >= 1);
                break;
            }
        }
    }
    taken
}

#[test]
fn a_user_posts_twenty_at_once_and_a_moderator_ten_times_as_many() {
    let limits = limits();
    assert_eq!(
        at_once(|| limits.message("ann", source("192.0.2.1"), Privilege::None)),
        20
    );
    assert_eq!(
        at_once(|| limits.message("bob", source("192.0.2.1"), Privilege::None)),
        20
    );
    assert_eq!(
        at_once(|| limits.message("cat", source("192.0.2.1"), Privilege::Appointed)),
        200
    );
    assert_eq!(
        at_once(|| limits.message("dan", source("192.0.2.1"), Privilege::Vouched)),
        200
    );
    // Wherever they come from.
    assert_eq!(
        at_once(|| limits.message("ann", source("192.0.2.1"), Privilege::None)),
        0
    );
}

#[test]
fn an_address_connects_twenty_times_at_once_and_loopback_any_number_of_times() {
    let limits = limits();
    let connect = |text: &str| at_once(|| limits.connection(source(text)));
    assert_eq!(connect("192.0.2.1"), 20);
    assert_eq!(connect("2001:db8::1"), 20);
    assert_eq!(connect("2001:db8::2"), 0);
    assert_eq!(connect("127.0.0.1"), 1000);
}

#[test]
fn costly_events_count_more_and_a_small_bucket_is_taken_whole() {
    let pace = limits().pace();
    assert_eq!(at_once(|| pace.event(number(10))), 5);
    let bucket = Bucket::new(rate(5, 1));
    bucket.take(number(10)).unwrap();
    assert!(bucket.take(number(1)).is_err());
}

#[test]
fn who_goes_on_regardless_is_known_by_refusals() {
    let pace = limits().pace();
    let refusals = [(); 5].map(|()| pace.goes_on_regardless());
    assert_eq!(refusals, [false, false, false, true, true]);
}

#[test]
fn full_buckets_are_forgotten() {
    // A million a minute: full again after 60 microseconds.
    let buckets = Buckets::new(rate(1, 1_000_000));
    for key in 0..100_000 {
        buckets.take(key).unwrap();
    }
    assert!(buckets.len() < 20_000, "{}", buckets.len());
}

#[test]
fn no_limit_lets_everything_through() {
    let limits = Limits::new(LimitSettings::NONE);
    assert_eq!(
        at_once(|| limits.message("ann", source("192.0.2.1"), Privilege::None)),
        1000
    );
    assert_eq!(at_once(|| limits.connection(source("192.0.2.1"))), 1000);
    assert_eq!(
        at_once(|| limits.pace().event(chat_protocol::events::COSTLY)),
        1000
    );
    assert!(!limits.pace().goes_on_regardless());
}

#[test]
fn the_users_of_one_address_post_five_times_as_much_together() {
    let limits = limits();
    let post = |user: &str, address: &str| {
        at_once(|| limits.message(user, source(address), Privilege::None))
    };
    for number in 0..5 {
        assert_eq!(post(&format!("user{number}"), "192.0.2.1"), 20);
    }
    assert_eq!(post("one more", "192.0.2.1"), 0);
    assert_eq!(post("somebody", "192.0.2.2"), 20);
    let moderator = limits.message("mod", source("192.0.2.1"), Privilege::Appointed);
    moderator.unwrap();
    for number in 0..10 {
        assert_eq!(post(&format!("local{number}"), "127.0.0.1"), 20);
    }
}

#[test]
fn moderators_of_one_address_post_as_much_as_one_unless_an_operator_stands_behind_them() {
    let limits = limits();
    let (here, elsewhere) = (source("192.0.2.1"), source("192.0.2.2"));
    let post = |user: &str, at, privilege| at_once(|| limits.message(user, at, privilege));
    assert_eq!(post("ann", here, Privilege::Appointed), 200);
    assert_eq!(post("bob", here, Privilege::Appointed), 0);
    assert_eq!(post("bob", elsewhere, Privilege::Appointed), 200);
    assert_eq!(post("cat", here, Privilege::Vouched), 200);
    assert_eq!(post("dan", here, Privilege::None), 20);
}

#[test]
fn founders_of_rooms_count_for_their_address_like_everybody() {
    let limits = limits();
    let (here, loopback) = (source("192.0.2.1"), source("127.0.0.1"));
    let post = |user: &str, at| at_once(|| limits.message(user, at, Privilege::Founder));
    assert_eq!(post("ann", here), 100);
    assert_eq!(post("bob", here), 0);
    assert_eq!(post("cat", loopback), 200);
}

#[test]
fn what_is_done_and_stored_is_counted_like_a_moderators_messages_and_apart_from_them() {
    let limits = limits();
    let here = source("192.0.2.1");
    let act = |user: &str, privilege| at_once(|| limits.action(user, here, privilege));
    assert_eq!(act("founder", Privilege::None), 200);
    assert_eq!(act("another", Privilege::Appointed), 0);
    assert_eq!(act("trusted", Privilege::Vouched), 1000);
    limits.message("founder", here, Privilege::None).unwrap();
}

#[test]
fn answers_are_charged_by_user_and_by_address_once_they_are_there() {
    let limits = Arc::new(limits());
    let allowance = |user: &str, address: &str| Allowance {
        user: user.into(),
        limits: Arc::clone(&limits),
        pace: Arc::new(limits.pace()),
        source: source(address),
    };
    let ann = allowance("ann", "192.0.2.1");
    ann.charge(999);
    ann.answer().unwrap();
    // What there is left is less than this takes, so it waits the longer for the next.
    ann.charge(60);
    assert_eq!(ann.answer().unwrap_err().retry_after, 60 * 60);
    assert!(allowance("bob", "192.0.2.1").answer().is_err());
    assert!(allowance("ann", "192.0.2.2").answer().is_err());
    allowance("bob", "192.0.2.2").answer().unwrap();
    limits.answer(None, source("192.0.2.2")).unwrap();
    // A user on loopback has no more than others, and takes nothing from them.
    allowance("cat", "127.0.0.1").charge(5000);
    assert!(allowance("cat", "127.0.0.1").answer().is_err());
    allowance("dan", "127.0.0.1").answer().unwrap();
    // Nor has a network that has many addresses.
    for subnet in 0..8 {
        let user = format!("user{subnet}");
        let member = allowance(&user, &format!("2001:db8:0:{subnet}00::1"));
        member.answer().unwrap();
        member.charge(1000);
    }
    assert!(allowance("eve", "2001:db8:0:ff00::1").answer().is_err());
    allowance("eve", "2001:db8:1::1").answer().unwrap();
}
