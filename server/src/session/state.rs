//! What a client may do when: the contract's table, as pure decisions.

use chat_protocol::events::{self, BeforeAuth};
use chat_protocol::{
    AddFilter, AuditRequest, Auth, ChangePassword, ClientEvent, Code, HeldId, HistoryRequest, Kick,
    MessageId, PostMessage, RoomChange, Username,
};

use crate::domain::audit::LineId;
use crate::domain::filter::{Change, Pattern};
use crate::domain::held::Choice;
use crate::domain::moderation::BanScope;
use crate::rooms::{AuditQuery, Order};

use super::refusal::Refusal;

/// What an allowed event leads to.
#[derive(Debug, PartialEq)]
pub(super) enum Action {
    /// It has had its effect; there is no answer.
    Nothing,
    Authenticate(Box<Auth>),
    Post(PostMessage),
    Delete(MessageId),
    Moderate(Username, Order),
    Clear,
    Change(RoomChange),
    Filter(Change),
    Filters,
    Held,
    Decide(HeldId, Choice),
    Who,
    History(HistoryRequest),
    Audit(AuditQuery),
    User(Username),
    Sanctions,
    ChangePassword(ChangePassword),
    Pong,
    /// Back to the state just after `connection`.
    Reset,
    Disconnect,
}

impl Action {
    /// Whether its answer may be long, so that it counts by its bytes. What only moderators may read
    /// is left to the room, which looks at their rights first.
    pub(super) fn has_long_answer(&self) -> bool {
        matches!(self, Self::Who | Self::History(_))
    }

    /// Whether it takes its turn among what is read for one network.
    pub(super) fn takes_turn(&self) -> bool {
        self.has_long_answer() || matches!(self, Self::Audit(_) | Self::User(_) | Self::Sanctions)
    }
}

/// Where a client stands.
#[derive(Debug)]
pub(super) struct State {
    is_test_mode_allowed: bool,
    is_test_mode: bool,
    is_member: bool,
}

impl State {
    pub(super) fn new(is_test_mode_allowed: bool) -> Self {
        Self {
            is_test_mode_allowed,
            is_test_mode: false,
            is_member: false,
        }
    }

    /// The client came into a room.
    pub(super) fn entered(&mut self) {
        self.is_member = true;
    }

    /// The client left its room. Test mode is kept.
    pub(super) fn left(&mut self) {
        self.is_member = false;
    }

    /// Whether an event of this name is allowed before its parameters are looked at.
    pub(super) fn admit(&self, event: &str) -> Result<(), Refusal> {
        let is_allowed = self.is_member
            || match events::before_auth(event) {
                BeforeAuth::Yes => true,
                BeforeAuth::WithTestMode => self.is_test_mode_allowed,
                BeforeAuth::InTestMode => self.is_test_mode,
                BeforeAuth::No => false,
            };
        match is_allowed {
            true => Ok(()),
            false => Err(Refusal::unauthenticated()),
        }
    }

    /// What an admitted event with right parameters leads to.
    pub(super) fn decide(&mut self, event: ClientEvent) -> Result<Action, Refusal> {
        match event {
            ClientEvent::Auth(_) if self.is_member => {
                Err(Refusal::forbidden("already authenticated"))
            }
            ClientEvent::Auth(auth) => Ok(Action::Authenticate(auth)),
            ClientEvent::Message(post) => Ok(Action::Post(post)),
            ClientEvent::DeleteMessage { id } => Ok(Action::Delete(id)),
            ClientEvent::Disconnect => Ok(Action::Disconnect),
            ClientEvent::SetTestMode { value } => self.set_test_mode(value),
            ClientEvent::ResetSocket if self.is_test_mode => Ok(Action::Reset),
            ClientEvent::ResetSocket => {
                Err(Refusal::forbidden("`resetSocket` is for test mode only"))
            }
            ClientEvent::History(request) => Ok(Action::History(request)),
            ClientEvent::Who => Ok(Action::Who),
            ClientEvent::Ping => Ok(Action::Pong),
            ClientEvent::Kick(Kick { username, reason }) => {
                Ok(Action::Moderate(username, Order::Kick(reason)))
            }
            ClientEvent::Mute(mute) => Ok(Action::Moderate(
                mute.username,
                Order::Mute(mute.duration, mute.reason),
            )),
            ClientEvent::Unmute { username } => Ok(Action::Moderate(username, Order::Unmute)),
            ClientEvent::Ban(ban) => Ok(Action::Moderate(
                ban.username,
                Order::Ban(ban.duration, ban.reason, BanScope::Account),
            )),
            ClientEvent::Unban { username } => Ok(Action::Moderate(username, Order::Unban)),
            ClientEvent::SetMod { username } => Ok(Action::Moderate(username, Order::Appoint)),
            ClientEvent::SetVip { username } => Ok(Action::Moderate(username, Order::Honour)),
            ClientEvent::DelMod { username } => Ok(Action::Moderate(username, Order::Dismiss)),
            ClientEvent::Purge { username } => Ok(Action::Moderate(username, Order::Purge)),
            ClientEvent::Clear => Ok(Action::Clear),
            ClientEvent::SetRoom(change) => Ok(Action::Change(change)),
            ClientEvent::Audit(request) => audit(request),
            ClientEvent::User { username } => Ok(Action::User(username)),
            ClientEvent::Sanctions => Ok(Action::Sanctions),
            ClientEvent::ChangePassword(change) => Ok(Action::ChangePassword(change)),
            ClientEvent::AddFilter(filter) => add_filter(filter),
            ClientEvent::RemoveFilter { pattern } => Ok(Action::Filter(Change::Remove(pattern))),
            ClientEvent::Filters => Ok(Action::Filters),
            ClientEvent::Held => Ok(Action::Held),
            ClientEvent::Allow { id } => Ok(Action::Decide(id, Choice::Allow)),
            ClientEvent::Deny { id, reason } => Ok(Action::Decide(id, Choice::Deny(reason))),
        }
    }

    fn set_test_mode(&mut self, value: bool) -> Result<Action, Refusal> {
        if !self.is_test_mode_allowed {
            let text = "this server does not allow test mode";
            return Err(Refusal::forbidden(text));
        }
        self.is_test_mode = value;
        Ok(Action::Nothing)
    }
}

fn audit(request: AuditRequest) -> Result<Action, Refusal> {
    let AuditRequest {
        limit,
        target,
        before,
    } = request;
    let before = before.map(|id| {
        let text = "Syntax error: parameter `before` must be the id of a line";
        LineId::named(&id).ok_or_else(|| Refusal::new(Code::Syntax, text))
    });
    Ok(Action::Audit(AuditQuery {
        limit,
        target,
        before: before.transpose()?,
    }))
}

fn add_filter(filter: AddFilter) -> Result<Action, Refusal> {
    let pattern = Pattern {
        text: filter.pattern,
        kind: filter.kind,
        action: filter.action,
        reason: filter.reason,
        flaw: None,
    };
    match pattern.check() {
        Ok(()) => Ok(Action::Filter(Change::Add(pattern))),
        Err(error) => Err(Refusal::new(Code::Syntax, format!("Syntax error: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&str; 31] = [
        "auth",
        "message",
        "disconnect",
        "setTestMode",
        "resetSocket",
        "history",
        "who",
        "ping",
        "kick",
        "mute",
        "unmute",
        "ban",
        "unban",
        "setMod",
        "delMod",
        "deleteMessage",
        "purge",
        "clear",
        "setRoom",
        "audit",
        "user",
        "sanctions",
        "changePassword",
        "setVip",
        "addFilter",
        "removeFilter",
        "filters",
        "held",
        "allow",
        "deny",
        "anything",
    ];

    fn check_admitted(state: &State, expected: &[&str]) {
        let admitted: Vec<&str> = ALL
            .into_iter()
            .filter(|event| state.admit(event).is_ok())
            .collect();
        assert_eq!(admitted, expected);
    }

    #[test]
    fn before_auth_little_is_allowed() {
        let mut state = State::new(false);
        check_admitted(&state, &["auth", "disconnect", "ping"]);
        let refusal = state.admit("message").unwrap_err();
        assert_eq!(refusal.message, "Authentification required");
        state.entered();
        check_admitted(&state, &ALL);
        state.left();
        check_admitted(&state, &["auth", "disconnect", "ping"]);
    }

    #[test]
    fn test_mode_is_allowed_where_the_server_allows_it() {
        let mut state = State::new(true);
        check_admitted(&state, &["auth", "disconnect", "setTestMode", "ping"]);
        let on = ClientEvent::SetTestMode { value: true };
        assert_eq!(state.decide(on), Ok(Action::Nothing));
        let with_reset = ["auth", "disconnect", "setTestMode", "resetSocket", "ping"];
        check_admitted(&state, &with_reset);
        assert_eq!(state.decide(ClientEvent::ResetSocket), Ok(Action::Reset));
        state.left();
        check_admitted(&state, &with_reset);
        let off = ClientEvent::SetTestMode { value: false };
        assert_eq!(state.decide(off), Ok(Action::Nothing));
        check_admitted(&state, &["auth", "disconnect", "setTestMode", "ping"]);
    }

    #[test]
    fn members_get_403_for_what_the_server_does_not_allow() {
        let mut state = State::new(false);
        state.entered();
        for event in [
            ClientEvent::SetTestMode { value: true },
            ClientEvent::ResetSocket,
        ] {
            assert_eq!(state.decide(event).unwrap_err().code, Code::Forbidden);
        }
    }
}
