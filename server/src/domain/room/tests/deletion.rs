//! Who may delete what.

use super::*;

fn of_rank(name: &str, rank: Rank) -> Author {
    Author {
        rank,
        ..author(name)
    }
}

#[test]
fn authors_delete_their_own_and_moderators_what_lower_standing_wrote() {
    const RANKS: [Rank; 4] = [Rank::Administrator, Rank::Moderator, Rank::Vip, Rank::User];
    for (mine, theirs) in RANKS
        .into_iter()
        .flat_map(|mine| RANKS.map(|theirs| (mine, theirs)))
    {
        let mut room = room_where(&[("ann", mine), ("bob", theirs)]);
        let member = of_rank("ann", mine);
        apply(
            &mut room,
            Input::Join(Joining {
                id: ANN,
                author: member.clone(),
                created: 0,
                address: Address::UNKNOWN,
                capabilities: Capabilities::default(),
            }),
            0,
        );
        let own = Input::Delete(ANN, target(of_rank("ann", theirs)));
        let stored = |of: Option<&str>| {
            let deletion = MessageDeleted {
                target: Seq(7),
                of: of.map(str::to_owned),
                by: member.clone(),
            };
            let body = EntryBody::MessageDeleted(deletion);
            [Effect::Store(ANN, NewEntry { time: 1, body })]
        };
        check(&mut room, own, 1, &stored(None));
        let other = apply(
            &mut room,
            Input::Delete(ANN, target(of_rank("bob", theirs))),
            1,
        );
        let may = u8::from(mine) <= 1 && u8::from(mine) < u8::from(theirs);
        match may {
            true => assert_eq!(other, stored(Some("bob")), "{mine:?} {theirs:?}"),
            false => check_refused(&other, ANN, Code::Forbidden, None),
        }
        let unknown = apply(&mut room, Input::Delete(ANN, None), 1);
        check_refused(&unknown, ANN, Code::NotFound, None);
    }
}

#[test]
fn a_deletion_that_was_not_stored_is_refused() {
    let mut room = room_with_ann_and_bob();
    let effects = apply(&mut room, Input::Delete(ANN, target(author("ann"))), 1);
    let [Effect::Store(ANN, deletion)] = &effects[..] else {
        panic!("{effects:?}")
    };
    let lost = Input::NotStored(vec![(ANN, deletion.clone())]);
    check_refused(&apply(&mut room, lost, 2), ANN, Code::Unavailable, None);
    let stored = placed(deletion.clone(), 8);
    let input = Input::Stored(vec![(ANN, stored.clone())]);
    check(&mut room, input, 3, &[Effect::Deliver(vec![], stored)]);
}
