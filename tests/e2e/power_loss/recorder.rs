//! The library that records what the server does to its files: compiled from `recorder.c`.

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::preload;

/// The library, compiled once per test run; `None`, said on standard error, where that can't be.
pub(super) fn library() -> Option<PathBuf> {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let compile = || {
        preload::compile(
            "power-loss-recorder",
            "e2e/power_loss/recorder.c",
            &["-ldl", "-lpthread"],
            "the power loss tests",
        )
    };
    LIBRARY.get_or_init(compile).clone()
}
