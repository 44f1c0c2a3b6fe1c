//! A server whose wall clock a test sets, while it runs and over restarts.
//!
//! Must not fail where there is no compiler, or no way to preload a library: then it says so, and
//! there is nothing to test with.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use chat_tests::{Server, ServerSetup};

/// The clock of one server.
pub(super) struct WallClock {
    file: PathBuf,
}

impl WallClock {
    /// A server with `arguments` whose clock is right at first; `None`, said on standard error, where
    /// it can't be set.
    pub(super) fn start(arguments: &[&str]) -> Option<(Self, Server)> {
        let setup = ServerSetup::new(arguments);
        let clock = Self {
            file: setup.directory().join("clock"),
        };
        let library = library()?;
        clock.set(0);
        let setup = setup
            .with_environment("LD_PRELOAD", library)
            .with_environment("CHAT_CLOCK", clock.file.clone());
        Some((clock, Server::start_as(setup)))
    }

    /// Sets it to so many seconds ahead of the right time.
    pub(super) fn set(&self, ahead: i64) {
        // As a whole: it may be read at any moment.
        let draft = self.file.with_extension("draft");
        std::fs::write(&draft, ahead.to_string()).unwrap();
        std::fs::rename(&draft, &self.file).unwrap();
    }
}

/// The library, compiled once per test run.
fn library() -> Option<PathBuf> {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    LIBRARY.get_or_init(compile).clone()
}

fn compile() -> Option<PathBuf> {
    if !cfg!(target_os = "linux") {
        return skip("they preload a library the way Linux does");
    }
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    // Another run may be using the library of this name: it is put in place as a whole.
    let draft = target.join(format!("wall-clock-{}.so", std::process::id()));
    let library = target.join("wall-clock.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/e2e/clock/wall.c");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror"])
        .arg("-o")
        .args([draft.as_os_str(), source.as_ref()])
        .arg("-ldl")
        .output();
    match compiled {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            skip("there is no C compiler (`cc`) for what sets a server's clock")
        }
        Err(error) => panic!("cc does not start: {error}"),
        Ok(output) => {
            let complaint = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{source}:\n{complaint}");
            std::fs::rename(&draft, &library).unwrap();
            Some(library)
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "a test that was not made must not look like one that passed"
)]
fn skip(why: &str) -> Option<PathBuf> {
    eprintln!("skipped: the tests that set a server's clock, because {why}");
    None
}
