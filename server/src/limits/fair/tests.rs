//! Who waits how long, and who has to go.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use super::*;

fn source(text: &str) -> Source {
    Source::of(text.parse().unwrap())
}

/// The order in which errands, pushed in this order, have their turns.
fn order(errands: &[(Errand, u32)]) -> Vec<u32> {
    let mut branch = Branch::default();
    for (errand, number) in errands {
        branch.push(&errand.path(), *number);
    }
    let order: Vec<u32> = std::iter::from_fn(|| branch.take_next()).collect();
    assert_eq!((branch.len, branch.turns.len()), (0, 0));
    assert!(branch.branches.is_empty());
    order
}

/// Errands from each of so many networks of a block, of which `{}` stands for the network.
fn many(pattern: &str, count: u32) -> Vec<(Errand, u32)> {
    let errand = |number: u32| {
        let address = pattern.replace("{}", &format!("{number:x}"));
        (Errand::Login(source(&address)), number)
    };
    (0..count).map(errand).collect()
}

const HONEST: u32 = 1_000_000;

#[test]
fn a_network_waits_for_one_errand_of_each_other_however_many_those_have() {
    let honest = (Errand::Login(source("203.0.113.7")), HONEST);
    for attackers in [
        many("2001:db8:1:{}::1", 2000),
        many("2001:db8:1:1::{}", 2000),
        many("198.51.100.1", 2000),
        many("127.0.0.1", 2000),
    ] {
        let turns = order(&[attackers, vec![honest]].concat());
        assert_eq!(turns.len(), 2001);
        assert_eq!(turns[1], HONEST);
    }
    let three = [1, 2, 3].map(|network| many(&format!("2001:db8:{network}:{{}}::1"), 500));
    let turns = order(&[three.concat(), vec![honest]].concat());
    assert_eq!(turns[3], HONEST);
}

#[test]
fn within_a_network_its_parts_take_turns_too() {
    let crowd = many("2001:db8:1:1::{}", 100);
    let neighbour = (Errand::Login(source("2001:db8:1:2::1")), HONEST);
    let farther = (Errand::Login(source("2001:db8:1:ff00::1")), HONEST + 1);
    let turns = order(&[crowd, vec![neighbour, farther]].concat());
    // Both /56 in turn, and in the first of them both /64.
    assert_eq!(turns[..4], [0, HONEST + 1, HONEST, 1]);
    // One address is served in order.
    let one = order(&many("192.0.2.1", 50));
    assert_eq!(one, (0..50).collect::<Vec<_>>());
}

#[test]
fn many_who_register_do_not_keep_those_waiting_who_are_somebody() {
    let register = |number: u32| {
        let address = format!("{}.0.2.1", number % 200 + 1);
        (Errand::Registration(source(&address)), number)
    };
    let storm: Vec<_> = (0..1000).map(register).collect();
    let login = (Errand::Login(source("203.0.113.7")), HONEST);
    let operator = (Errand::Operator, HONEST + 1);
    let turns = order(&[storm, vec![login, operator]].concat());
    assert_eq!(turns[1..3], [HONEST, HONEST + 1]);
}

#[test]
fn who_has_most_waiting_makes_place() {
    let mut branch = Branch::default();
    for (errand, number) in many("2001:db8:1:{}::1", 100) {
        branch.push(&errand.path(), number);
    }
    let honest = Errand::Login(source("203.0.113.7"));
    branch.push(&honest.path(), HONEST);
    for _ in 0..99 {
        assert_ne!(branch.take_newest_of_most(), Some(HONEST));
    }
    assert_eq!(branch.len, 2);
    assert!(
        branch
            .take(&honest.path(), |item| *item == HONEST)
            .is_some()
    );
    assert!(
        branch
            .take(&honest.path(), |item| *item == HONEST)
            .is_none()
    );
    assert_eq!(branch.len, 1);
}

/// What has to come, and would be waited for in vain where it does not.
async fn soon<T>(outcome: impl Future<Output = T>) -> T {
    let outcome = timeout(Duration::from_secs(10), outcome);
    outcome.await.expect("nothing comes")
}

#[tokio::test]
async fn a_full_line_refuses_who_has_most_and_nobody_else() {
    let line = FairLine::new(1, 4);
    let running = line.wait(Errand::Operator).await.unwrap();
    let mut crowd = JoinSet::new();
    for number in 0..20 {
        let line = Arc::clone(&line);
        let errand = Errand::Login(source(&format!("2001:db8:1:{number:x}::1")));
        crowd.spawn(async move { line.wait(errand).await.map(drop) });
    }
    // Sixteen of them find the line full.
    for _ in 0..16 {
        assert_eq!(
            soon(crowd.join_next()).await.unwrap().unwrap(),
            Err(LineFull)
        );
    }
    assert_eq!(line.len(), 4);
    let honest = {
        let line = Arc::clone(&line);
        let errand = Errand::Login(source("203.0.113.7"));
        tokio::spawn(async move { line.wait(errand).await.map(drop) })
    };
    // One of the crowd has to go for it.
    assert_eq!(
        soon(crowd.join_next()).await.unwrap().unwrap(),
        Err(LineFull)
    );
    drop(running);
    soon(honest).await.unwrap().unwrap();
    while let Some(outcome) = soon(crowd.join_next()).await {
        outcome.unwrap().unwrap();
    }
    soon(line.wait(Errand::Operator)).await.unwrap();
}

#[tokio::test]
async fn who_gives_up_leaves_the_line_and_a_turn_that_nobody_takes_goes_on() {
    let line = FairLine::new(1, 10);
    let running = line.wait(Errand::Operator).await.unwrap();
    let here = Errand::Login(source("192.0.2.1"));
    assert!(timeout(Duration::ZERO, line.wait(here)).await.is_err());
    assert_eq!(line.len(), 0);
    // One that is given up once its turn has come, before it is looked at.
    let mut given_up = Box::pin(line.wait(here));
    assert!(timeout(Duration::ZERO, &mut given_up).await.is_err());
    drop(running);
    drop(given_up);
    soon(line.wait(here)).await.unwrap();
}
