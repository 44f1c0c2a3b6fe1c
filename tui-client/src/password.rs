//! Where the password comes from when nobody is asked: the environment, a file, or another program.
//! Never the command line, which every user of the machine can read.

mod command;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use chat_protocol::Secret;

pub(crate) use command::{CommandError, PasswordCommand};

/// The environment variable.
pub(crate) const VARIABLE: &str = "CHAT_PASSWORD";
/// Bytes of a file that are read, of which only the first line is a password.
const FILE_BYTES: u64 = 64 << 10;

/// Where to look, past the variable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) file: Option<PathBuf>,
    pub(crate) command: Option<PasswordCommand>,
}

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
    /// The command gave none.
    #[error(transparent)]
    Command(#[from] CommandError),
}

/// The password from the variable's value, else from the file, else from the command; `None` where none
/// of them is given.
pub(crate) fn find(
    variable: Option<OsString>,
    source: &Source,
) -> Result<Option<Secret>, PasswordError> {
    if let Some(value) = variable.filter(|value| !value.is_empty()) {
        let value = value.into_string().map_err(|_| PasswordError::Variable)?;
        match bare(&value) {
            "" => {}
            value => return Ok(Some(Secret::new(value))),
        }
    }
    if let Some(path) = &source.file {
        return of_file(path).map(Some);
    }
    match &source.command {
        Some(command) => Ok(Some(command.run()?)),
        None => Ok(None),
    }
}

fn of_file(path: &Path) -> Result<Secret, PasswordError> {
    let read = || {
        let mut bytes = Vec::new();
        File::open(path)?.take(FILE_BYTES).read_to_end(&mut bytes)?;
        // Only the first line matters, whatever follows it.
        let line = bytes
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        String::from_utf8(line.to_vec())
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not valid UTF-8"))
    };
    let text = read().map_err(|source| PasswordError::File {
        path: path.to_owned(),
        source,
    })?;
    match bare(&text) {
        "" => Err(PasswordError::Empty(path.to_owned())),
        line => Ok(Secret::new(line)),
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
    use std::fs;

    use super::*;

    fn exposed(variable: Option<&str>, file: Option<&Path>) -> Result<Option<String>, String> {
        let source = Source {
            file: file.map(Path::to_owned),
            command: file.is_none().then(|| {
                let text = "echo from command".to_owned();
                PasswordCommand::new(text, "--password-command".to_owned())
            }),
        };
        let found =
            find(variable.map(OsString::from), &source).map_err(|error| error.to_string())?;
        Ok(found.map(|secret| secret.expose().to_owned()))
    }

    #[test]
    fn the_variable_comes_before_the_file_and_that_before_the_command() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        fs::write(&path, "from file\r\nsecond line\n").unwrap();
        let check = |variable: Option<&str>, file: Option<&Path>, expected: &str| {
            assert_eq!(exposed(variable, file), Ok(Some(expected.to_owned())));
        };
        check(Some("set"), Some(&path), "set");
        check(Some(""), Some(&path), "from file");
        check(None, Some(&path), "from file");
        check(Some("set"), None, "set");
        check(Some("\n"), None, "from command");
        check(None, None, "from command");
        let none = find(None, &Source::default());
        assert!(none.unwrap().is_none());
    }

    #[test]
    fn marks_and_ends_of_lines_are_no_part_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        fs::write(&path, b"\xef\xbb\xbffrom file\r\n\r\n\xff").unwrap();
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
        let error = || exposed(None, Some(&path)).unwrap_err();
        assert!(error().contains("can't be read"));
        fs::write(&path, "\nx").unwrap();
        assert!(error().contains("empty line"));
        fs::write(&path, b"\xff\n").unwrap();
        assert!(error().contains("can't be read"));
    }
}
