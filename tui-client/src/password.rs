//! Where the password comes from when nobody is asked: the environment, then a file. Never the
//! command line, which every user of the machine can read.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chat_protocol::Secret;

/// The environment variable.
pub(crate) const VARIABLE: &str = "CHAT_PASSWORD";

/// Why there is no password although one was to be found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordError {
    /// The variable holds something else than text.
    #[error("{VARIABLE} is not valid UTF-8")]
    Variable,
    /// The file can't be read.
    #[error("--password-file {path:?} can't be read")]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The file's first line is empty.
    #[error("--password-file {0:?} begins with an empty line")]
    Empty(PathBuf),
}

/// The password from the variable's value, else from the file; `None` where neither is given.
pub(crate) fn find(
    variable: Option<OsString>,
    file: Option<&Path>,
) -> Result<Option<Secret>, PasswordError> {
    if let Some(value) = variable.filter(|value| !value.is_empty()) {
        let value = value.into_string().map_err(|_| PasswordError::Variable)?;
        return match bare(&value) {
            "" => Ok(None),
            value => Ok(Some(Secret::new(value))),
        };
    }
    let Some(path) = file else {
        return Ok(None);
    };
    let text = fs::read_to_string(path).map_err(|source| PasswordError::File {
        path: path.to_owned(),
        source,
    })?;
    match bare(&text).lines().next().map(bare) {
        Some(line) if !line.is_empty() => Ok(Some(Secret::new(line))),
        _ => Err(PasswordError::Empty(path.to_owned())),
    }
}

/// Without the byte order mark that some editors begin a file with, and without the ends of its last
/// line.
fn bare(text: &str) -> &str {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.trim_end_matches(['\r', '\n'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exposed(variable: Option<&str>, file: Option<&Path>) -> Result<Option<String>, String> {
        let found = find(variable.map(OsString::from), file).map_err(|error| error.to_string())?;
        Ok(found.map(|secret| secret.expose().to_owned()))
    }

    #[test]
    fn the_variable_comes_before_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        fs::write(&path, "from file\r\nsecond line\n").unwrap();
        assert_eq!(
            exposed(Some("set"), Some(&path)),
            Ok(Some("set".to_owned()))
        );
        assert_eq!(
            exposed(Some(""), Some(&path)),
            Ok(Some("from file".to_owned()))
        );
        assert_eq!(exposed(None, Some(&path)), Ok(Some("from file".to_owned())));
        assert_eq!(exposed(None, None), Ok(None));
    }

    #[test]
    fn marks_and_ends_of_lines_are_no_part_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        fs::write(&path, "\u{feff}from file\r\n\r\n").unwrap();
        assert_eq!(exposed(None, Some(&path)), Ok(Some("from file".to_owned())));
        assert_eq!(
            exposed(Some("\u{feff}set\r\n"), None),
            Ok(Some("set".to_owned()))
        );
        fs::write(&path, "\u{feff}\r\n").unwrap();
        assert!(exposed(None, Some(&path)).is_err());
    }

    #[test]
    fn a_file_without_a_password_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        assert!(
            exposed(None, Some(&path))
                .unwrap_err()
                .contains("can't be read")
        );
        fs::write(&path, "\nx").unwrap();
        assert!(
            exposed(None, Some(&path))
                .unwrap_err()
                .contains("empty line")
        );
    }
}
