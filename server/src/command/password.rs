//! A new password: asked for on a terminal or read from standard input, and hashed. Never printed, and
//! never kept.

use std::io::{BufRead, IsTerminal};

use anyhow::{Context, anyhow, bail};
use chat_protocol::{Secret, Username};

use crate::auth::{Errand, Passwords, prepared};
use crate::control::Hash;

/// Longest password line, in bytes, so that endless input is not read into memory.
const PASSWORD_BYTES: u64 = 8 * 1024;

/// Asks for a new password for `name`; answers with its hash.
pub fn ask(name: &Username) -> anyhow::Result<Hash> {
    hash(&typed(name)?).map(Hash)
}

fn hash(password: &Secret) -> anyhow::Result<String> {
    let password = prepared(password).map_err(|error| anyhow!("the password {error}"))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .context("cannot start the async runtime")?;
    Ok(runtime.block_on(Passwords::new().hash(password, Errand::Operator))?)
}

/// Asks twice on a terminal; otherwise the first line of standard input is the password.
fn typed(name: &Username) -> anyhow::Result<Secret> {
    let password = if std::io::stdin().is_terminal() {
        let first = rpassword::prompt_password(format!("password for {name}: "))?;
        if first != rpassword::prompt_password("again: ")? {
            bail!("the two passwords differ");
        }
        first
    } else {
        let input = std::io::Read::take(std::io::stdin().lock(), PASSWORD_BYTES + 1);
        first_line(input)?
    };
    if password.is_empty() {
        bail!(
            "the password is empty: pass it as one line on standard input, or run this in a terminal"
        );
    }
    Ok(Secret::new(password))
}

/// The first line of `input`. A byte order mark and the line end are not part of the password.
fn first_line(mut input: impl BufRead) -> anyhow::Result<String> {
    let mut line = String::new();
    input
        .read_line(&mut line)
        .context("cannot read the password from standard input")?;
    if line.len() as u64 > PASSWORD_BYTES {
        bail!("the password is longer than {PASSWORD_BYTES} bytes: choose a shorter one");
    }
    let line = line.strip_prefix('\u{feff}').unwrap_or(&line);
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_a_line_without_marks_and_ends() {
        for (input, expected) in [
            ("one\ntwo\n", "one"),
            ("one\r\n", "one"),
            ("\u{feff}one\r\n", "one"),
            ("one two ", "one two "),
            ("\u{feff}\r\n", ""),
            ("", ""),
        ] {
            assert_eq!(first_line(input.as_bytes()).unwrap(), expected);
        }
        let long = "x".repeat(usize::try_from(PASSWORD_BYTES).unwrap() + 1);
        let error = first_line(long.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("longer than 8192 bytes"), "{error}");
    }
}
