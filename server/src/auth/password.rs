//! Passwords: argon2id with OWASP's parameters, off the async workers, few at once.

use std::sync::Arc;
use std::thread::available_parallelism;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use chat_protocol::Secret;
use tokio::sync::Semaphore;

/// KiB of memory per hash (OWASP Password Storage Cheat Sheet, argon2id: 19 MiB, 2 passes, 1 lane).
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// A hash of no password that anybody has, made with the same parameters.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password could not be hashed or compared.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// The stored hash is none, or the system gives no randomness.
    #[error("the password cannot be hashed")]
    Argon2(#[source] argon2::password_hash::Error),
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopped,
}

/// Hashes and compares passwords. As many at once as leave a core for everything else; who comes
/// later waits in line, in order.
pub struct Passwords {
    permits: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

impl Passwords {
    /// A bound fit for this machine.
    pub fn new() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self {
            permits: Arc::new(Semaphore::new(cores.saturating_sub(1).max(1))),
        }
    }

    /// Hashes `password` with a fresh salt, to a PHC string.
    pub async fn hash(&self, password: Secret) -> Result<String, HashError> {
        self.run(move || {
            argon2()
                .hash_password(password.expose().as_bytes())
                .map(|hash| hash.to_string())
        })
        .await?
        .map_err(HashError::Argon2)
    }

    /// Whether `password` is the one that `hash` was made of. Compares in constant time.
    pub async fn verify(&self, password: Secret, hash: String) -> Result<bool, HashError> {
        self.run(move || {
            let parsed = PasswordHash::new(&hash).map_err(argon2::password_hash::Error::from)?;
            match argon2().verify_password(password.expose().as_bytes(), &parsed) {
                Ok(()) => Ok(true),
                Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(error),
            }
        })
        .await?
        .map_err(HashError::Argon2)
    }

    /// Takes as long as [`Passwords::verify`] takes, for a name that nobody has.
    pub async fn verify_nobody(&self, password: Secret) -> Result<(), HashError> {
        self.verify(password, NOBODY.to_owned()).await.map(drop)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| HashError::Stopped)?;
        let task = tokio::task::spawn_blocking(move || {
            // Held here and not by the caller: a caller that goes away does not free the core.
            let _permit = permit;
            work()
        });
        task.await.map_err(|_| HashError::Stopped)
    }
}

fn argon2() -> Argon2<'static> {
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, None).expect("OWASP's parameters are valid");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash() {
        let passwords = Passwords::new();
        let hash = passwords.hash(Secret::new("hunter2")).await.unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(
            passwords
                .verify(Secret::new("hunter2"), hash.clone())
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify(Secret::new("hunter3"), hash)
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn nobody_costs_what_somebody_costs() {
        let passwords = Passwords::new();
        passwords.verify_nobody(Secret::new("")).await.unwrap();
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let hash = passwords.hash(Secret::new("x")).await.unwrap();
        let somebody = PasswordHash::new(&hash).unwrap();
        assert_eq!(nobody.params.to_string(), somebody.params.to_string());
        assert_eq!(nobody.algorithm, somebody.algorithm);
        let length = |hash: &PasswordHash| hash.hash.as_ref().map(|output| output.len());
        assert_eq!(length(&nobody), length(&somebody));
    }
}
