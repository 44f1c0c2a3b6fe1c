//! Passwords: argon2id with OWASP's parameters, off the async workers, few at once.

use std::sync::Arc;
use std::thread::available_parallelism;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::password_hash::{Error, try_generate_salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use chat_protocol::Secret;

use crate::limits::{Errand, FairLine, LineFull};

/// KiB of memory per hash (OWASP Password Storage Cheat Sheet, argon2id: 19 MiB, 2 passes, 1 lane).
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Blocks (KiB) that are reserved for a hash, of which it touches [`MEMORY_KIB`]. glibc gives what
/// is larger than 32 MiB (M_MMAP_THRESHOLD_MAX, mallopt(3)) back to the system at once; anything
/// smaller it keeps per thread after the first time, which was 60 MiB after a few logins.
const RESERVED_BLOCKS: usize = 33 * 1024;

/// Hashes that may wait. At some 25 ms each the last of them waits for most of a minute, where all
/// come from one network.
const LINE: usize = 2048;

/// A hash of no password that anybody has, made with the same parameters.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password could not be hashed or compared.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// The stored hash is none, or the system gives no randomness.
    #[error("the password cannot be hashed")]
    Argon2(#[source] Error),
    /// The line is full.
    #[error("too many people are logging in at once: try again in a moment")]
    Busy,
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopped,
}

/// Hashes and compares passwords. As many at once as leave a core for everything else; who comes
/// later waits in a line in which networks take turns. Where it is full, whoever has most in it is
/// refused.
pub struct Passwords {
    line: Arc<FairLine>,
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
            line: FairLine::new(cores.saturating_sub(1).max(1), LINE),
        }
    }

    /// Hashes `password` with a fresh salt, to a PHC string.
    pub async fn hash(&self, password: Secret, errand: Errand) -> Result<String, HashError> {
        self.run(errand, move || hash(password.expose().as_bytes()))
            .await?
            .map_err(HashError::Argon2)
    }

    /// Whether `password` is the one that `hash` was made of. Compares in constant time.
    pub async fn verify(
        &self,
        password: Secret,
        hash: String,
        errand: Errand,
    ) -> Result<bool, HashError> {
        self.run(errand, move || verify(password.expose().as_bytes(), &hash))
            .await?
            .map_err(HashError::Argon2)
    }

    /// Takes as long as [`Passwords::verify`] takes, for a name that nobody has.
    pub async fn verify_nobody(&self, password: Secret, errand: Errand) -> Result<(), HashError> {
        let verified = self.verify(password, NOBODY.to_owned(), errand);
        verified.await.map(drop)
    }

    async fn run<T: Send + 'static>(
        &self,
        errand: Errand,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let turn = self.line.wait(errand).await;
        let turn = turn.map_err(|LineFull| HashError::Busy)?;
        let task = tokio::task::spawn_blocking(move || {
            // Held here and not by the caller: a caller that goes away does not free the core.
            let _turn = turn;
            work()
        });
        task.await.map_err(|_| HashError::Stopped)
    }
}

fn hash(password: &[u8]) -> Result<String, Error> {
    hash_with(password, MEMORY_KIB, PASSES)
}

pub(super) fn hash_with(password: &[u8], memory: u32, passes: u32) -> Result<String, Error> {
    let output_bytes = Some(Params::DEFAULT_OUTPUT_LEN);
    let params = Params::new(memory, passes, LANES, output_bytes)?;
    let salt = Salt::new(&try_generate_salt()?)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        hash: Some(digest(password, &salt, &params)?),
        params: ParamsString::try_from(&params)?,
        salt: Some(salt),
    };
    Ok(hash.to_string())
}

/// Whether `hash` was made with less work than hashes are made with today.
pub(super) fn is_weak(hash: &str) -> bool {
    let params = PasswordHash::new(hash)
        .ok()
        .and_then(|hash| Params::try_from(&hash).ok());
    params.is_some_and(|params| {
        params.m_cost() < MEMORY_KIB || params.t_cost() < PASSES || params.p_cost() < LANES
    })
}

/// Whether `hash` is one that [`Passwords::verify`] can compare with.
pub fn is_hash(hash: &str) -> bool {
    let is_argon2id = |hash: &PasswordHash| hash.algorithm == Algorithm::Argon2id.ident();
    PasswordHash::new(hash).is_ok_and(|hash| is_argon2id(&hash))
}

/// By the parameters that `hash` was made with, so that hashes outlive a change of ours.
fn verify(password: &[u8], hash: &str) -> Result<bool, Error> {
    let stored = PasswordHash::new(hash)?;
    let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else {
        return Err(Error::PasswordInvalid);
    };
    if stored.algorithm != Algorithm::Argon2id.ident() {
        return Err(Error::Algorithm);
    }
    let params = Params::try_from(&stored)?;
    // Outputs compare in constant time.
    Ok(digest(password, salt, &params)? == *expected)
}

fn digest(password: &[u8], salt: &Salt, params: &Params) -> Result<Output, Error> {
    let blocks = params.block_count();
    let mut memory: Vec<Block> = Vec::with_capacity(blocks.max(RESERVED_BLOCKS));
    memory.resize(blocks, Block::default());
    let mut output = [0; Output::MAX_LENGTH];
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let output = output.get_mut(..length).ok_or(Error::OutputSize)?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
        .hash_password_into_with_memory(password, salt, output, &mut memory)?;
    Ok(Output::new(output)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash() {
        let passwords = Passwords::new();
        let hash = passwords
            .hash(Secret::new("hunter2"), Errand::Operator)
            .await
            .unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(
            passwords
                .verify(Secret::new("hunter2"), hash.clone(), Errand::Operator)
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify(Secret::new("hunter3"), hash, Errand::Operator)
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn nobody_costs_what_somebody_costs() {
        let passwords = Passwords::new();
        passwords
            .verify_nobody(Secret::new(""), Errand::Operator)
            .await
            .unwrap();
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let hash = passwords
            .hash(Secret::new("x"), Errand::Operator)
            .await
            .unwrap();
        let somebody = PasswordHash::new(&hash).unwrap();
        assert_eq!(nobody.params.to_string(), somebody.params.to_string());
        assert_eq!(nobody.algorithm, somebody.algorithm);
        let length = |hash: &PasswordHash| hash.hash.as_ref().map(|output| output.len());
        assert_eq!(length(&nobody), length(&somebody));
    }
}
