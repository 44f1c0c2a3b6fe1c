use std::collections::BTreeMap;

use chat_protocol::Pong;
use futures_util::FutureExt;
use proptest::prelude::*;

use super::*;
use crate::wire::outbox::OutboxReader;
use crate::wire::outbox::tests::{Drained, queue};

fn event(time: u64) -> ServerEvent {
    ServerEvent::Pong(Pong { time })
}

fn connection() -> (MemberConnection, OutboxReader) {
    let (outbox, reader) = queue();
    let allowance = Allowance::unlimited();
    (MemberConnection { outbox, allowance }, reader)
}

fn received(reader: &mut OutboxReader) -> Vec<String> {
    let mut events = Vec::new();
    while let Some(Drained::Events) = reader.drain(&mut events).now_or_never() {}
    events
}

/// Longer than any test takes.
const WINDOW: Duration = Duration::from_secs(600);

fn delivery(window: Duration, members: usize) -> (Delivery, Vec<OutboxReader>) {
    let mut delivery = Delivery::new(FlushWindow::everywhere(window));
    let enter = |number| {
        let (connection, reader) = connection();
        delivery.enter(MemberId(number), connection);
        reader
    };
    let readers = (0..members as u64).map(enter).collect();
    (delivery, readers)
}

#[test]
fn the_pause_between_writes_grows_with_the_room() {
    let millis = Duration::from_millis;
    let pause = |longest, members| FlushWindow::new(millis(longest)).pause(members);
    assert_eq!(pause(50, 0), Duration::ZERO);
    assert_eq!(pause(50, 49), Duration::ZERO);
    assert_eq!(pause(50, 50), millis(2));
    assert_eq!(pause(50, 1000), millis(40));
    assert_eq!(pause(50, 5000), millis(50));
    assert_eq!(pause(50, usize::MAX), millis(50));
    assert_eq!(pause(0, 5000), Duration::ZERO);
}

#[tokio::test]
async fn the_first_after_a_pause_goes_at_once_and_the_next_share_a_write() {
    let (mut delivery, mut readers) = delivery(WINDOW, 3);
    assert_eq!(delivery.due(), None);
    delivery.add(Outgoing::new(event(1)), None);
    delivery.flush_due().await;
    assert_eq!(received(&mut readers[0]).len(), 1);
    for time in 2..5 {
        delivery.add(Outgoing::new(event(time)), None);
        delivery.flush_due().await;
        assert_eq!(received(&mut readers[0]).len(), 0);
        assert_eq!(delivery.due(), delivery.began.map(|began| began + WINDOW));
    }
    let long_ago = Instant::now() - WINDOW;
    delivery.began = Some(long_ago);
    delivery.flush_due().await;
    for reader in &mut readers[1..] {
        assert_eq!(
            received(reader),
            [1, 2, 3, 4].map(|time| event(time).encode())
        );
    }
    assert_eq!(delivery.due(), None);
    delivery.began = Some(long_ago);
    delivery.add(Outgoing::new(event(5)), None);
    delivery.flush_due().await;
    assert_eq!(received(&mut readers[0]).len(), 4);
}

#[tokio::test]
async fn what_is_much_does_not_wait() {
    let (mut delivery, mut readers) = delivery(WINDOW, 3);
    delivery.add(Outgoing::new(event(0)), None);
    delivery.flush_due().await;
    for time in 0..BATCH_EVENTS as u64 {
        assert_eq!(received(&mut readers[0]).len(), usize::from(time == 0));
        delivery.add(Outgoing::new(event(time)), None);
        delivery.flush_due().await;
    }
    assert_eq!(received(&mut readers[0]).len(), BATCH_EVENTS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_huge_room_is_written_to_on_several_threads_and_nobody_is_left_out() {
    let (mut delivery, mut readers) = delivery(Duration::ZERO, 2 * PART + 77);
    let own = Outgoing::new(event(99));
    for time in 0..20 {
        let to_one = [MemberId(5)];
        let own = (time == 7).then_some((&to_one[..], &own));
        delivery.add(Outgoing::new(event(time)), own);
        delivery.flush().await;
    }
    for (number, reader) in readers.iter_mut().enumerate() {
        let mut expected: Vec<u64> = (0..20).collect();
        if number == 5 {
            expected[7] = 99;
        }
        let expected: Vec<_> = expected.iter().map(|time| event(*time).encode()).collect();
        assert_eq!(received(reader), expected, "{number}");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Enter(u64),
    Leave(u64),
    Add(Vec<u64>),
    Send(u64),
    Announce(Vec<u64>),
    Flush,
}

const MEMBERS: u64 = 4;

fn step() -> impl Strategy<Value = Step> {
    let member = 0..MEMBERS;
    let members = proptest::collection::vec(0..MEMBERS, 0..3);
    prop_oneof![
        2 => member.clone().prop_map(Step::Enter),
        1 => member.clone().prop_map(Step::Leave),
        6 => members.clone().prop_map(Step::Add),
        2 => member.prop_map(Step::Send),
        1 => members.prop_map(Step::Announce),
        1 => Just(Step::Flush),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn everybody_gets_what_is_theirs_in_order(steps in proptest::collection::vec(step(), 0..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(play(steps))?;
    }
}

/// Against what is too simple to be wrong: a list for each member.
async fn play(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut delivery = Delivery::new(FlushWindow::new(Duration::ZERO));
    let mut expected: BTreeMap<u64, (OutboxReader, Vec<String>)> = BTreeMap::new();
    let mut time = 0;
    for step in steps {
        time += 2;
        match step {
            Step::Enter(id) if !expected.contains_key(&id) => {
                let (connection, reader) = connection();
                delivery.enter(MemberId(id), connection);
                expected.insert(id, (reader, Vec::new()));
            }
            Step::Enter(_) => {}
            Step::Leave(id) => {
                delivery.leave(MemberId(id));
                if let Some((mut reader, list)) = expected.remove(&id) {
                    prop_assert_eq!(received(&mut reader), list);
                }
            }
            Step::Add(own) => {
                let members: Vec<_> = own.iter().copied().map(MemberId).collect();
                let copy = Outgoing::new(event(time + 1));
                delivery.add(Outgoing::new(event(time)), Some((&members[..], &copy)));
                for (id, (_, list)) in &mut expected {
                    list.push(event(time + u64::from(own.contains(id))).encode());
                }
            }
            Step::Send(id) => {
                delivery.send(MemberId(id), &Outgoing::new(event(time)));
                if let Some((_, list)) = expected.get_mut(&id) {
                    list.push(event(time).encode());
                }
            }
            Step::Announce(mut to) => {
                to.sort_unstable();
                to.dedup();
                let members: Vec<_> = to.iter().copied().map(MemberId).collect();
                delivery.announce(&members, event(time)).await;
                for id in to {
                    if let Some((_, list)) = expected.get_mut(&id) {
                        list.push(event(time).encode());
                    }
                }
            }
            Step::Flush => delivery.flush().await,
        }
    }
    delivery.flush().await;
    for (mut reader, list) in expected.into_values() {
        prop_assert_eq!(received(&mut reader), list);
    }
    Ok(())
}
