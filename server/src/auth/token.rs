//! Resume tokens: signed, for 24 hours, good in any room, void once the account is signed out.
//!
//! A token is `base64url(expires ‖ begun ‖ key) "." base64url(HMAC-SHA256)`. The signature also covers
//! what the account says its tokens are good for, so that a changed password, signing out, or a new
//! account of the same name voids it without any list of tokens. Each login by a token gives the next
//! one; when the first of them was given for a password stands in all, and so long a chain may get.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chat_protocol::Secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::entry::UnixMillis;
use crate::files::create_whole;
use crate::store::accounts::Account;

/// The key's file in the data directory.
pub(super) const FILE_NAME: &str = "token.key";
const KEY_BYTES: usize = 32;
/// How long a token is good, in milliseconds: 24 hours.
const LIFETIME: u64 = 24 * 60 * 60 * 1000;

/// The token key can't be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file can't be read or made.
    #[error("cannot read or create the token key {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The system gives no randomness.
    #[error("cannot make a key")]
    NoRandomness(#[source] getrandom::Error),
    /// The file does not hold a key.
    #[error("the token key {} is damaged: it has {found} bytes and should have {KEY_BYTES}; remove it to have a new one made (everybody then logs in with the password once)", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Bytes it has.
        found: usize,
    },
}

/// Why a token is good for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// It was never good for this account, or has ended since.
    Invalid,
    /// Its time is over.
    Expired,
}

/// The key that signs tokens.
pub struct TokenKey {
    key: [u8; KEY_BYTES],
    /// How long one token may follow on another, in milliseconds.
    chain: u64,
}

/// A token, and how far it goes.
pub struct Token {
    /// What the client gets.
    pub text: Secret,
    /// When it ends, milliseconds since 1970, UTC.
    pub expires: UnixMillis,
}

impl TokenKey {
    /// Reads the key from `directory`, or makes one there (mode 0600). Whoever logs in by tokens alone
    /// may do so for `chain`, or for ever.
    pub fn load_or_create(directory: &Path, chain: Option<Duration>) -> Result<Self, KeyError> {
        let path = directory.join(FILE_NAME);
        let loaded = match std::fs::File::open(&path) {
            Ok(file) => read(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                tracing::info!(
                    path = %path.display(),
                    "made a new token key: earlier resume tokens are no longer valid"
                );
                create(&path)
            }
            Err(error) => Err(error),
        };
        let bytes = loaded.map_err(|source| KeyError::File {
            path: path.clone(),
            source,
        })?;
        let found = bytes.len();
        let key = bytes
            .try_into()
            .map_err(|_| KeyError::Damaged { path, found })?;
        let chain = chain.map(|chain| u64::try_from(chain.as_millis()).unwrap_or(u64::MAX));
        Ok(Self {
            key,
            chain: chain.unwrap_or(u64::MAX),
        })
    }

    /// Makes a new key in `directory`, so that no token that was ever given out is good any more.
    pub fn renew(directory: &Path) -> Result<(), KeyError> {
        let path = directory.join(FILE_NAME);
        create(&path)
            .map(drop)
            .map_err(|source| KeyError::File { path, source })
    }

    /// A token for `account`, whose password was shown at `begun`.
    pub fn issue(&self, account: &Account, begun: UnixMillis, now: UnixMillis) -> Token {
        let end = begun.saturating_add(self.chain);
        let expires = now.saturating_add(LIFETIME).min(end);
        let payload = [
            &expires.to_be_bytes(),
            &begun.to_be_bytes(),
            account.key.as_bytes(),
        ]
        .concat();
        let signature = self.signature(&payload, account).finalize().into_bytes();
        let token = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(&payload),
            URL_SAFE_NO_PAD.encode(signature)
        );
        Token {
            text: Secret::new(token),
            expires,
        }
    }

    /// When the password of `account` was shown, where `token` is good for it at `now`. Compares in
    /// constant time. One that a clock made which was ahead is good for no longer than any other, or by
    /// not much: a clock that is set back a little is to sign nobody out.
    pub fn verify(
        &self,
        token: &Secret,
        account: &Account,
        now: UnixMillis,
    ) -> Result<UnixMillis, TokenError> {
        let (expires, begun) = self.times(token, account).ok_or(TokenError::Invalid)?;
        // The chain may have been made shorter since the token was given.
        let is_good = now < expires && now < begun.saturating_add(self.chain);
        let is_ahead = expires > now.saturating_add(2 * LIFETIME);
        match (is_good, is_ahead) {
            (true, false) => Ok(begun.min(now)),
            (true, true) => Err(TokenError::Invalid),
            (false, _) => Err(TokenError::Expired),
        }
    }

    fn times(&self, token: &Secret, account: &Account) -> Option<(UnixMillis, UnixMillis)> {
        let (payload, signature) = token.expose().split_once('.')?;
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.signature(&payload, account)
            .verify_slice(&signature)
            .ok()?;
        let (expires, rest) = payload.split_first_chunk()?;
        let (begun, key) = rest.split_first_chunk()?;
        let times = (u64::from_be_bytes(*expires), u64::from_be_bytes(*begun));
        (key == account.key.as_bytes()).then_some(times)
    }

    fn signature(&self, payload: &[u8], account: &Account) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        // The payload's length keeps its end and what follows apart.
        mac.update(&(payload.len() as u64).to_be_bytes());
        mac.update(payload);
        mac.update(&account.id.0.to_be_bytes());
        mac.update(account.logins.as_bytes());
        mac
    }
}

fn read(file: std::fs::File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more than a key shows a file that is too long without reading all of it.
    file.take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn create(path: &Path) -> io::Result<Vec<u8>> {
    let mut key = vec![0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(io::Error::from)?;
    create_whole(path, &key)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::tests::account;
    use crate::domain::entry::AccountId;

    const DAY: u64 = 24 * 60 * 60 * 1000;

    fn token_key(byte: u8) -> TokenKey {
        TokenKey {
            key: [byte; KEY_BYTES],
            chain: 30 * DAY,
        }
    }

    #[test]
    fn a_token_is_good_for_its_user_until_it_ends() {
        let key = token_key(7);
        let ann = account("ann", "logins");
        let Token { text, expires } = key.issue(&ann, 500, 1_000);
        assert_eq!(expires, 1_000 + LIFETIME);
        assert_eq!(key.verify(&text, &ann, expires - 1), Ok(500));
        assert_eq!(key.verify(&text, &ann, expires), Err(TokenError::Expired));
        let others = [
            account("bob", "logins"),
            account("ann", "changed"),
            Account {
                id: AccountId(99),
                ..ann.clone()
            },
        ];
        for other in &others {
            for now in [1_000, expires] {
                assert_eq!(key.verify(&text, other, now), Err(TokenError::Invalid));
            }
        }
        let other_key = token_key(8).verify(&text, &ann, 1_000);
        assert_eq!(other_key, Err(TokenError::Invalid));
        // A hash that is only renewed is no changed password.
        let renewed = Account {
            password_hash: "better".to_owned(),
            ..ann
        };
        assert_eq!(key.verify(&text, &renewed, 1_000), Ok(500));
    }

    #[test]
    fn a_chain_of_tokens_ends() {
        let key = token_key(7);
        let ann = account("ann", "logins");
        let mut token = key.issue(&ann, 0, 0);
        let mut now = 0;
        while let Ok(begun) = key.verify(&token.text, &ann, now) {
            token = key.issue(&ann, begun, now);
            now += DAY / 2;
        }
        assert_eq!(now, 30 * DAY);
        assert_eq!(token.expires, 30 * DAY);
        // Also where it may be shorter by now.
        let token = key.issue(&ann, 0, 20 * DAY);
        let strict = TokenKey {
            chain: 10 * DAY,
            ..key
        };
        let verified = strict.verify(&token.text, &ann, 20 * DAY);
        assert_eq!(verified, Err(TokenError::Expired));
    }

    #[test]
    fn a_clock_that_was_ahead_makes_no_token_that_lasts_longer() {
        let key = token_key(7);
        let ann = account("ann", "logins");
        let ahead = key.issue(&ann, 91 * DAY, 91 * DAY).text;
        assert_eq!(key.verify(&ahead, &ann, DAY), Err(TokenError::Invalid));
        // By half an hour, which is set right: its chain begins at the latest now.
        let ahead = key.issue(&ann, 2 * DAY + DAY / 48, 2 * DAY + DAY / 48).text;
        assert_eq!(key.verify(&ahead, &ann, 2 * DAY), Ok(2 * DAY));
    }

    #[test]
    fn no_change_to_a_token_goes_unnoticed() {
        let key = token_key(7);
        let ann = account("ann", "logins");
        let token = key.issue(&ann, 500, 1_000).text;
        let text = token.expose();
        for at in 0..text.len() {
            let mut changed = text.as_bytes().to_vec();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = Secret::new(String::from_utf8(changed).unwrap());
            let verified = key.verify(&changed, &ann, 1_000);
            assert_eq!(verified, Err(TokenError::Invalid), "{changed:?}");
        }
        for garbage in ["", ".", "a.b", "....", "é.é", &text[..text.len() - 1]] {
            let found = key.verify(&Secret::new(garbage), &ann, 1_000);
            assert_eq!(found, Err(TokenError::Invalid), "{garbage}");
        }
    }

    #[test]
    fn the_key_is_made_once_and_a_damaged_one_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let first = TokenKey::load_or_create(directory.path(), None).unwrap();
        let second = TokenKey::load_or_create(directory.path(), None).unwrap();
        assert_eq!(first.key, second.key);
        std::fs::write(directory.path().join(FILE_NAME), "short").unwrap();
        let error = TokenKey::load_or_create(directory.path(), None)
            .map(drop)
            .unwrap_err();
        assert!(matches!(error, KeyError::Damaged { found: 5, .. }));
    }
}
