//! A server whose wall clock a test sets, while it runs and over restarts.

use std::path::PathBuf;
use std::sync::OnceLock;

use chat_tests::{Server, ServerSetup};

use crate::preload;

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
    let compile = || {
        preload::compile(
            "wall-clock",
            "e2e/clock/wall.c",
            &["-ldl"],
            "the tests that set a server's clock",
        )
    };
    LIBRARY.get_or_init(compile).clone()
}
