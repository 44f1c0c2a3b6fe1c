//! Resume tokens: each in a file of its own, for one server and one user. A token is given for exactly
//! that server and that user, and for nobody else, whatever the file is called.

use std::fs;

use chat_protocol::{Secret, Username};
use serde::{Deserialize, Serialize};

use super::{Session, StateError, at, format, read_or_set_aside};
use crate::private_files;

/// Bytes of a token's file.
const TOKEN_BYTES: u64 = 64 << 10;

/// What gets in without the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) secret: Secret,
    /// When it ends, in milliseconds since 1970, UTC.
    pub(crate) expires: u64,
}

#[derive(Serialize, Deserialize)]
struct TokenFile {
    version: u64,
    server: String,
    user: String,
    token: String,
    expires: u64,
}

impl Session {
    /// The token of this user on this server, where there is one that holds at `now` (milliseconds since
    /// 1970, UTC); else what is to be said about it.
    pub(crate) fn token(&self, now: u64) -> Result<Option<Token>, String> {
        let read = |text: &str| self.read_token(text);
        let token = read_or_set_aside(&self.token_path(), TOKEN_BYTES, read);
        let token = token.map_err(|unusable| unusable.to_string())?;
        Ok(token.filter(|token| token.expires > now))
    }

    /// Keeps a token in place of an earlier one.
    pub(crate) fn keep_token(&self, token: &Token) -> Result<(), StateError> {
        let file = TokenFile {
            version: format::version(),
            server: self.server.clone(),
            user: self.username.as_str().to_owned(),
            token: token.secret.expose().to_owned(),
            expires: token.expires,
        };
        let path = self.token_path();
        private_files::replace(&path, format::written(&file).as_bytes()).map_err(at(&path))
    }

    /// Removes a token that the server refused, unless another client has got another one since.
    pub(crate) fn forget_token(&self, refused: &Secret) -> Result<(), StateError> {
        let path = self.token_path();
        let kept = self.token(0);
        if !matches!(kept, Ok(Some(kept)) if kept.secret == *refused) {
            return Ok(());
        }
        fs::remove_file(&path).map_err(at(&path))
    }

    fn read_token(&self, text: &str) -> Result<Token, String> {
        let file: TokenFile = format::parse(text)?;
        let is_own = Username::new(&file.user).is_ok_and(|user| user.key() == self.username.key());
        if file.server != self.server || !is_own {
            return Err("it belongs to another server or user".to_owned());
        }
        Ok(Token {
            secret: Secret::new(file.token),
            expires: file.expires,
        })
    }

    pub(super) fn token_path(&self) -> std::path::PathBuf {
        self.folder.join(format!("{}.token", self.name))
    }
}
