//! Where the program's files lie on this machine. Must not open them.

use std::path::PathBuf;

use etcetera::BaseStrategy;

/// The program's name in the folders that all programs share.
const NAME: &str = "chat-tui";

/// The folders, after the XDG Base Directory Specification.
#[derive(Clone, Debug)]
pub(crate) struct Folders {
    pub(crate) home: PathBuf,
    /// The configuration's file.
    pub(crate) config: PathBuf,
    /// The folder of what is remembered.
    pub(crate) state: PathBuf,
}

impl Folders {
    /// Reads the environment; `None` for a user without a home.
    pub(crate) fn find() -> Option<Self> {
        let strategy = etcetera::choose_base_strategy().ok()?;
        let state = strategy.state_dir().unwrap_or_else(|| strategy.data_dir());
        Some(Self {
            home: strategy.home_dir().to_owned(),
            config: strategy.config_dir().join(NAME).join("config.toml"),
            state: state.join(NAME),
        })
    }
}
