//! How a member changes its password: who it is is shown anew, and every other connection of the account
//! ends.

use chat_protocol::{ChangePassword, PasswordChanged, Reason, ServerEvent};

use super::Session;
use super::login::{LoginError, refused_login};
use super::refusal::{Refusal, refusal};
use crate::auth::{AuthError, Changing};
use crate::limits::Privilege;

/// What a client is told whose password is not the account's.
const WRONG: &str = "the present password is wrong";

impl Session {
    /// The order of checks: whether the new password may be one (400), the present one (401), pace (429).
    pub(super) async fn change_password(&self, change: ChangePassword) -> Result<(), Refusal> {
        let member = self.member()?;
        let changing = self.shown(change).await?;
        let limits = &self.context.limits;
        let taken = limits.action(&member.key, self.client.source, Privilege::None);
        taken.map_err(Refusal::too_fast)?;
        let authenticator = &self.context.authenticator;
        let hash = authenticator.new_hash(&changing, self.caller()).await;
        let hash = hash.map_err(|error| self.refused(error))?;
        let account = changing.account.clone();
        let rooms = &self.context.rooms;
        let changed = rooms.change_password(account, hash, &member.membership);
        // Somebody else was quicker: what was shown is not the password any more.
        let Some(account) = changed.await.map_err(refusal)? else {
            return Err(Refusal::new(Reason::Invalid, WRONG));
        };
        let token = authenticator.changed(&changing, &account);
        tracing::info!(username = %account.username, "password changed by its user");
        self.send(ServerEvent::ChangePassword(PasswordChanged {
            token: token.text.expose().to_owned(),
            token_expires: token.expires,
        }));
        Ok(())
    }

    async fn shown(&self, change: ChangePassword) -> Result<Changing, Refusal> {
        let member = self.member()?;
        let authenticator = &self.context.authenticator;
        let (username, caller) = (&member.username, self.caller());
        let shown = authenticator.begin_change(member.account, username, change, caller);
        shown.await.map_err(|error| self.refused(error))
    }

    fn refused(&self, error: AuthError) -> Refusal {
        let is_wrong = matches!(error, AuthError::WrongPassword);
        let notices = self.context.limits.notices();
        let username = match self.member() {
            Ok(member) => &member.username,
            Err(refusal) => return refusal,
        };
        let refusal = refused_login(username, LoginError::Auth(error), notices);
        match is_wrong {
            true => Refusal {
                message: WRONG.to_owned(),
                ..refusal
            },
            false => refusal,
        }
    }
}
