//! Resume tokens: signed, for 24 hours, good in any room, void once the password changes.
//!
//! A token is `base64url(expires ‖ key) "." base64url(HMAC-SHA256)`. The signature also covers the
//! account's password hash, so that a changed password or a new account of the same name voids it
//! without any list of tokens.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chat_protocol::Secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::accounts::Account;
use crate::entry::UnixMillis;
use crate::files::create_whole;

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

/// The key that signs tokens.
pub struct TokenKey([u8; KEY_BYTES]);

impl TokenKey {
    /// Reads the key from `directory`, or makes one there (mode 0600).
    pub fn load_or_create(directory: &Path) -> Result<Self, KeyError> {
        let path = directory.join(FILE_NAME);
        let loaded = match std::fs::File::open(&path) {
            Ok(file) => read(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => create(&path),
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
        Ok(Self(key))
    }

    /// A token for `account`, and when it ends.
    pub fn issue(&self, account: &Account, now: UnixMillis) -> (Secret, UnixMillis) {
        let expires = now.saturating_add(LIFETIME);
        let payload = [&expires.to_be_bytes(), account.key.as_bytes()].concat();
        let signature = self.signature(&payload, account).finalize().into_bytes();
        let token = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(&payload),
            URL_SAFE_NO_PAD.encode(signature)
        );
        (Secret::new(token), expires)
    }

    /// Whether `token` is good for `account` at `now`. Compares in constant time.
    pub fn verify(&self, token: &Secret, account: &Account, now: UnixMillis) -> bool {
        self.expiry(token, account)
            .is_some_and(|expires| now < expires)
    }

    fn expiry(&self, token: &Secret, account: &Account) -> Option<UnixMillis> {
        let (payload, signature) = token.expose().split_once('.')?;
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.signature(&payload, account)
            .verify_slice(&signature)
            .ok()?;
        let (expires, key) = payload.split_first_chunk()?;
        (key == account.key.as_bytes()).then_some(u64::from_be_bytes(*expires))
    }

    fn signature(&self, payload: &[u8], account: &Account) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        // The payload's length keeps its end and the hash's beginning apart.
        mac.update(&(payload.len() as u64).to_be_bytes());
        mac.update(payload);
        mac.update(account.password_hash.as_bytes());
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

    #[test]
    fn a_token_is_good_for_its_user_until_it_ends() {
        let key = TokenKey([7; KEY_BYTES]);
        let ann = account("ann", "hash");
        let (token, expires) = key.issue(&ann, 1_000);
        assert_eq!(expires, 1_000 + LIFETIME);
        assert!(key.verify(&token, &ann, expires - 1));
        assert!(!key.verify(&token, &ann, expires));
        assert!(!key.verify(&token, &account("bob", "hash"), 1_000));
        assert!(!key.verify(&token, &account("ann", "changed"), 1_000));
        assert!(!TokenKey([8; KEY_BYTES]).verify(&token, &ann, 1_000));
    }

    #[test]
    fn no_change_to_a_token_goes_unnoticed() {
        let key = TokenKey([7; KEY_BYTES]);
        let ann = account("ann", "hash");
        let (token, _) = key.issue(&ann, 1_000);
        let text = token.expose();
        for at in 0..text.len() {
            let mut changed = text.as_bytes().to_vec();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = Secret::new(String::from_utf8(changed).unwrap());
            assert!(!key.verify(&changed, &ann, 1_000), "{changed:?}");
        }
        for garbage in ["", ".", "a.b", "....", "é.é", &text[..text.len() - 1]] {
            assert!(!key.verify(&Secret::new(garbage), &ann, 1_000), "{garbage}");
        }
    }

    #[test]
    fn the_key_is_made_once_and_a_damaged_one_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let first = TokenKey::load_or_create(directory.path()).unwrap();
        let second = TokenKey::load_or_create(directory.path()).unwrap();
        assert_eq!(first.0, second.0);
        std::fs::write(directory.path().join(FILE_NAME), "short").unwrap();
        let error = TokenKey::load_or_create(directory.path())
            .map(drop)
            .unwrap_err();
        assert!(matches!(error, KeyError::Damaged { found: 5, .. }));
    }
}
