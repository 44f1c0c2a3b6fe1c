//! How a client comes into a room: credentials first, then the room itself.

use std::sync::Arc;

use chat_protocol::{
    Auth, AuthAccepted, Capabilities, Code, Rank, Reason, RoomName, Username, durations, sentences,
};

use super::refusal::{Refusal, refusal, unavailable};
use super::{Member, Session};
use crate::auth::{AuthError, HashError, Identity, Newcomer};
use crate::limits::{Allowance, Notices};
use crate::rooms::{EnterError, Entrance, RoomError};

/// How often a login is looked at anew whose account changes meanwhile.
const ATTEMPTS: usize = 3;

impl Session {
    pub(super) async fn authenticate(&mut self, auth: Auth) -> Result<(), Refusal> {
        for _ in 0..ATTEMPTS {
            match self.log_in(&auth).await {
                // What was looked at is not what is there any more.
                Err(LoginError::Room(RoomError::Enter(EnterError::SignedOut))) => {}
                outcome => {
                    let notices = self.context.limits.notices();
                    return outcome.map_err(|error| refused_login(&auth.username, error, notices));
                }
            }
        }
        let text = "the account is being changed: try again";
        Err(Refusal::new(Reason::Busy, text))
    }

    /// One attempt to come in.
    async fn log_in(&mut self, auth: &Auth) -> Result<(), LoginError> {
        let rooms = &self.context.rooms;
        rooms
            .admit_address(&self.client.address, &auth.username)
            .await?;
        // What a resume brings is long. Who is refused it here has made no account.
        if auth.since.is_some() {
            self.look_for_answers(None)?;
        }
        // Before the account is looked at: what becomes of it from here on is known at the door.
        let login = rooms.log_in(&auth.username);
        let authenticator = &self.context.authenticator;
        let newcomer = match auth.register {
            true => Newcomer::Registers,
            false => Newcomer::Asks,
        };
        let identity = authenticator
            .authenticate(
                &auth.username,
                auth.credential.clone(),
                newcomer,
                self.caller(),
            )
            .await?;
        let limits = Arc::clone(&self.context.limits);
        let _turn = match auth.since.is_some() {
            true => limits.answer_turn(self.client.source).await,
            false => None,
        };
        if auth.since.is_some() {
            // By the address once more: others may have had their turn before.
            self.look_for_answers(Some(&identity.account.key))?;
        }
        let capabilities = Capabilities::named(auth.capabilities.iter().map(String::as_str));
        let key = identity.account.key.clone();
        let account = identity.account.id;
        let room = rooms.called(&auth.room).await?;
        let entrance = Entrance {
            welcome: welcome(&identity, &room, capabilities.names()),
            account: identity.account,
            is_new: identity.is_new,
            login,
            address: self.client.address,
            capabilities,
            since: auth.since.clone(),
            outbox: self.outbox.of_member(!auth.capabilities.is_empty()),
            allowance: Allowance {
                user: key.as_str().into(),
                limits: Arc::clone(&self.context.limits),
                pace: Arc::clone(&self.pace),
                source: self.client.source,
            },
        };
        let membership = rooms.enter(room, entrance).await?;
        self.member = Some(Member {
            membership,
            username: auth.username.clone(),
            key,
            account,
            capabilities,
        });
        self.state.entered();
        self.lobby_guard = None;
        Ok(())
    }
}

/// What is said to whom is let in; the room adds how they stand there.
fn welcome(identity: &Identity, room: &RoomName, capabilities: Vec<String>) -> Box<AuthAccepted> {
    let Identity {
        account,
        token,
        is_new,
    } = identity;
    Box::new(AuthAccepted {
        code: Code::Ok,
        message: sentences::AUTHENTICATED.to_owned(),
        username: account.username.clone(),
        display_name: account.username.clone(),
        room: room.as_str().to_owned(),
        access_level: Rank::User,
        capabilities,
        token: token.text.expose().to_owned(),
        token_expires: token.expires,
        created: *is_new,
    })
}

/// Why somebody did not come in.
pub(super) enum LoginError {
    Auth(AuthError),
    Room(RoomError),
    Refused(Refusal),
}

impl From<Refusal> for LoginError {
    fn from(refusal: Refusal) -> Self {
        LoginError::Refused(refusal)
    }
}

impl From<AuthError> for LoginError {
    fn from(error: AuthError) -> Self {
        LoginError::Auth(error)
    }
}

impl From<RoomError> for LoginError {
    fn from(error: RoomError) -> Self {
        LoginError::Room(error)
    }
}

pub(super) fn refused_login(username: &Username, error: LoginError, notices: &Notices) -> Refusal {
    let error = match error {
        LoginError::Auth(error) => error,
        LoginError::Room(error) => return refusal(error),
        LoginError::Refused(refusal) => return refusal,
    };
    let note = |error: &AuthError| {
        if let Some(left_out) = notices.next() {
            tracing::info!(%username, reason = %error, left_out, "login refused");
        }
    };
    match error {
        AuthError::WrongPassword | AuthError::WrongToken => {
            note(&error);
            Refusal::new(Reason::Invalid, error.to_string())
        }
        AuthError::ExpiredToken => Refusal::new(Reason::Expired, error.to_string()),
        AuthError::UnknownName => Refusal::new(Reason::Unknown, error.to_string()),
        AuthError::Name(_) => Refusal::new(Reason::Name, error.to_string()),
        AuthError::Password(_) => Refusal::new(Code::Syntax, error.to_string()),
        AuthError::TooManyFailures(too_fast)
        | AuthError::TooManyAccounts(too_fast)
        | AuthError::TooManyUnknown(too_fast) => {
            note(&error);
            Refusal {
                message: format!("{error}: wait {}", durations::left(too_fast.retry_after)),
                ..Refusal::too_fast(too_fast)
            }
        }
        AuthError::Hash(HashError::Busy) => Refusal::new(Reason::Busy, error.to_string()),
        AuthError::Hash(HashError::Stopped) => Refusal::new(Code::Unavailable, error.to_string()),
        AuthError::Accounts(_) | AuthError::Hash(_) => unavailable(&error),
    }
}
