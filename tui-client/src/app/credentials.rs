//! One password for all rooms of the program: which room may try it, and what its answer means for the
//! others. A server counts wrong passwords by the account, so a password is tried by one room, and by
//! the others only once it was right. A token from an earlier run goes before it, in all rooms: those
//! are not guessed, so nobody counts them. Must not ask or connect.

use chat_protocol::{Credential, Secret};

use crate::link::RoomKey;

/// What a room that needs a password does.
#[derive(Debug, PartialEq)]
pub(super) enum Turn {
    /// It signs in with this.
    Go(Credential),
    /// It waits for what another room is told.
    Wait,
    /// There is none: the user is asked.
    Ask,
}

/// The password, and what is known of it.
#[derive(Debug, Default)]
pub(super) struct Credentials {
    password: Option<Secret>,
    /// From an earlier run, or a newer one in its place.
    token: Option<Secret>,
    /// The number of the password, from 1: an answer to an earlier one says nothing about this one.
    number: u64,
    /// The server let somebody in with it.
    is_proven: bool,
    /// The room that tries it for all.
    trying: Option<RoomKey>,
}

impl Credentials {
    pub(super) fn new(password: Option<Secret>, token: Option<Secret>) -> Self {
        let mut credentials = Self {
            token,
            ..Self::default()
        };
        password.into_iter().for_each(|one| credentials.offer(one));
        credentials
    }

    /// The number of the present password.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// True where there is something to sign in with.
    pub(super) fn is_there(&self) -> bool {
        self.password.is_some() || self.token.is_some()
    }

    /// The server gave a token: it takes the place of the one from an earlier run.
    pub(super) fn renew(&mut self, token: Secret) {
        if self.token.is_some() {
            self.token = Some(token);
        }
    }

    /// A token is worth nothing any more.
    pub(super) fn forget(&mut self, token: &Secret) {
        self.token = self.token.take().filter(|own| own != token);
    }

    /// The user gave another one.
    pub(super) fn offer(&mut self, password: Secret) {
        self.password = Some(password);
        self.number += 1;
        self.is_proven = false;
        self.trying = None;
    }

    /// The server took this one in place of the present one.
    pub(super) fn change(&mut self, password: Secret) {
        self.offer(password);
        self.is_proven = true;
    }

    /// What a room does now.
    pub(super) fn turn(&mut self, room: RoomKey) -> Turn {
        if let Some(token) = &self.token {
            return Turn::Go(Credential::Token(token.clone()));
        }
        let Some(password) = &self.password else {
            return Turn::Ask;
        };
        if !self.is_proven && *self.trying.get_or_insert(room) != room {
            return Turn::Wait;
        }
        Turn::Go(Credential::Password(password.clone()))
    }

    /// A room was let in; true where the others may go now.
    pub(super) fn let_in(&mut self, room: RoomKey) -> bool {
        let was_trying = self.give_up(room);
        self.is_proven |= was_trying;
        was_trying
    }

    /// A room's attempt ended and says nothing about the password; true where another
    /// one may try it now.
    pub(super) fn give_up(&mut self, room: RoomKey) -> bool {
        let was_trying = self.trying == Some(room);
        if was_trying {
            self.trying = None;
        }
        was_trying
    }

    /// The password with this number is worth nothing; true where that is the present one.
    pub(super) fn refuse(&mut self, number: u64) -> bool {
        if number != self.number || self.password.is_none() {
            return false;
        }
        self.password = None;
        self.is_proven = false;
        self.trying = None;
        true
    }

    /// Gives the password with this number up, to be asked about; `None` where it is not the present one.
    pub(super) fn take(&mut self, number: u64) -> Option<Secret> {
        let password = self.password.clone();
        password.filter(|_| self.refuse(number))
    }

    /// A login that the password once got was refused: it may have been changed since.
    pub(super) fn doubt(&mut self) {
        self.is_proven = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Turn {
        Turn::Go(Credential::Password(Secret::new(text)))
    }

    #[test]
    fn a_token_from_an_earlier_run_goes_before_the_password() {
        let token = |text: &str| Turn::Go(Credential::Token(Secret::new(text)));
        let mut credentials = Credentials::new(Some(Secret::new("a")), Some(Secret::new("t1")));
        assert_eq!(credentials.turn(RoomKey(0)), token("t1"));
        assert_eq!(credentials.turn(RoomKey(1)), token("t1"));
        credentials.renew(Secret::new("t2"));
        credentials.forget(&Secret::new("t1"));
        assert_eq!(
            credentials.turn(RoomKey(2)),
            token("t2"),
            "the newer one holds"
        );
        credentials.forget(&Secret::new("t2"));
        assert_eq!(credentials.turn(RoomKey(2)), secret("a"));
        assert_eq!(credentials.turn(RoomKey(0)), Turn::Wait);
        credentials.renew(Secret::new("t3"));
        assert_eq!(
            credentials.turn(RoomKey(0)),
            Turn::Wait,
            "the password is used now"
        );
        let mut credentials = Credentials::new(None, Some(Secret::new("t1")));
        assert!(credentials.is_there());
        credentials.forget(&Secret::new("t1"));
        assert_eq!(credentials.turn(RoomKey(0)), Turn::Ask);
    }

    #[test]
    fn a_password_that_the_server_took_need_not_be_tried() {
        let mut credentials = Credentials::new(Some(Secret::new("a")), None);
        credentials.turn(RoomKey(0));
        credentials.change(Secret::new("b"));
        assert!(!credentials.refuse(1), "the one before");
        assert_eq!(credentials.turn(RoomKey(0)), secret("b"));
        assert_eq!(credentials.turn(RoomKey(1)), secret("b"));
    }

    #[test]
    fn one_room_tries_for_all() {
        let mut credentials = Credentials::new(Some(Secret::new("a")), None);
        assert_eq!(credentials.turn(RoomKey(1)), secret("a"));
        assert_eq!(credentials.turn(RoomKey(0)), Turn::Wait);
        assert_eq!(
            credentials.turn(RoomKey(1)),
            secret("a"),
            "again, after a lost line"
        );
        assert!(!credentials.let_in(RoomKey(0)), "by a login of its own");
        assert_eq!(credentials.turn(RoomKey(0)), Turn::Wait);
        assert!(credentials.let_in(RoomKey(1)));
        assert_eq!(credentials.turn(RoomKey(0)), secret("a"));
        assert_eq!(credentials.turn(RoomKey(2)), secret("a"));
    }

    #[test]
    fn a_refused_password_is_used_by_nobody() {
        let mut credentials = Credentials::new(Some(Secret::new("a")), None);
        credentials.turn(RoomKey(0));
        assert!(credentials.refuse(1));
        assert_eq!(credentials.turn(RoomKey(0)), Turn::Ask);
        assert_eq!(credentials.turn(RoomKey(1)), Turn::Ask);
        assert!(!credentials.refuse(1), "asked for already");
        credentials.offer(Secret::new("b"));
        assert!(!credentials.refuse(1), "an answer to the one before");
        assert_eq!(credentials.turn(RoomKey(1)), secret("b"));
        assert_eq!(credentials.turn(RoomKey(0)), Turn::Wait);
    }

    #[test]
    fn a_room_that_is_refused_for_something_else_makes_way() {
        let mut credentials = Credentials::new(Some(Secret::new("a")), None);
        credentials.turn(RoomKey(0));
        assert!(!credentials.give_up(RoomKey(1)));
        assert!(credentials.give_up(RoomKey(0)));
        assert_eq!(credentials.turn(RoomKey(1)), secret("a"));
        assert_eq!(credentials.turn(RoomKey(0)), Turn::Wait);
    }

    #[test]
    fn a_refused_login_makes_one_room_try_again() {
        let mut credentials = Credentials::new(Some(Secret::new("a")), None);
        credentials.turn(RoomKey(0));
        credentials.let_in(RoomKey(0));
        credentials.doubt();
        assert_eq!(credentials.turn(RoomKey(2)), secret("a"));
        credentials.doubt();
        assert_eq!(credentials.turn(RoomKey(1)), Turn::Wait);
        assert!(credentials.let_in(RoomKey(2)));
        assert_eq!(credentials.turn(RoomKey(1)), secret("a"));
    }
}
