//! From an event that goes to the server back to the command that asks for it. Pure.

use chat_protocol::{ClientEvent, RoomChange};

/// The name of the command for an event, without its slash; for others the name that they go by.
pub(crate) fn typed_as(event: &ClientEvent) -> &'static str {
    match event {
        ClientEvent::SetRoom(change) => room_change(change),
        ClientEvent::SetMod { .. } => "mod",
        ClientEvent::SetVip { .. } => "vip",
        ClientEvent::DelMod { .. } => "unmod",
        ClientEvent::DeleteMessage { .. } => "delete",
        ClientEvent::AddFilter(_) => "filter",
        ClientEvent::RemoveFilter { .. } => "unfilter",
        ClientEvent::ChangePassword { .. } => "password",
        // The others are called on the line what they are called here.
        other => other.name(),
    }
}

fn room_change(change: &RoomChange) -> &'static str {
    match change {
        RoomChange {
            slow_mode: Some(_),
            members_only: Some(true),
            ..
        } => "lock",
        RoomChange {
            slow_mode: Some(_),
            members_only: Some(false),
            ..
        } => "unlock",
        RoomChange {
            slow_mode: Some(_), ..
        } => "slow",
        RoomChange {
            members_only: Some(_),
            ..
        } => "members",
        RoomChange { topic: Some(_), .. } => "topic",
        RoomChange {
            pinned: Some(None), ..
        } => "unpin",
        _ => "pin",
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Command, Order, Typed, parse};
    use super::*;

    #[test]
    fn what_a_command_sends_is_called_as_it_was_typed() {
        for typed in [
            "/kick bob",
            "/mute bob 10m",
            "/unmute bob",
            "/ban bob",
            "/unban bob",
            "/mod bob",
            "/unmod bob",
            "/vip bob",
            "/purge bob",
            "/slow 10",
            "/members on",
            "/topic any%",
            "/unpin",
            "/filters",
            "/filter bad",
            "/unfilter bad",
            "/held",
            "/audit",
            "/sanctions",
        ] {
            let Ok(Typed::Command(Command::Moderate(Order::Send(event)))) = parse(typed) else {
                panic!("{typed} sends nothing");
            };
            let name = typed.split(' ').next().unwrap();
            assert_eq!(format!("/{}", typed_as(&event)), name);
        }
    }

    #[test]
    fn a_lock_is_called_one() {
        let change = |members_only| RoomChange {
            slow_mode: Some(30),
            members_only: Some(members_only),
            ..RoomChange::default()
        };
        let called = |change| typed_as(&ClientEvent::SetRoom(change));
        assert_eq!(called(change(true)), "lock");
        assert_eq!(called(change(false)), "unlock");
    }
}
