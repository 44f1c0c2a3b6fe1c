//! The library that records what the server does to its files: compiled here, from `recorder.c`.
//!
//! Must not fail where there is no compiler, or no way to preload a library: then it says so, and
//! there is nothing to test with.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The library, compiled once per test run; `None`, said on standard error, where that can't be.
pub(super) fn library() -> Option<PathBuf> {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    LIBRARY.get_or_init(compile).clone()
}

fn compile() -> Option<PathBuf> {
    if !cfg!(target_os = "linux") {
        return skip("it preloads a library the way Linux does");
    }
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    // Another run may be using the library of this name: it is put in place as a whole.
    let draft = target.join(format!("power-loss-recorder-{}.so", std::process::id()));
    let library = target.join("power-loss-recorder.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/e2e/power_loss/recorder.c");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror"])
        .arg("-o")
        .args([draft.as_os_str(), source.as_ref()])
        .args(["-ldl", "-lpthread"])
        .output();
    match compiled {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            skip("there is no C compiler (`cc`) to compile its recorder with")
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
    eprintln!("skipped: the power loss tests, because {why}");
    None
}
