//! Where the programs under test come from.
//!
//! Owns building them: `cargo test` builds no other package's binaries, and a stale binary would
//! make every test lie. Must not be asked for more than the two paths.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The programs under test, freshly built.
#[derive(Debug)]
pub struct Binaries {
    /// `chat-server`.
    pub server: PathBuf,
    /// `chat-tui`.
    pub client: PathBuf,
}

/// Builds both programs once per test run, with the profile and into the target directory of the
/// tests themselves.
pub fn binaries() -> &'static Binaries {
    static BINARIES: OnceLock<Binaries> = OnceLock::new();
    BINARIES.get_or_init(build)
}

fn build() -> Binaries {
    let tests = std::env::current_exe().expect("a test knows its own path");
    // TARGET/PROFILE/deps/e2e-HASH
    let profile_directory = ancestor(&tests, 2);
    let target_directory = ancestor(&tests, 3);
    let profile = match profile_directory.file_name().and_then(|name| name.to_str()) {
        Some("debug") => "dev",
        Some(name) => name,
        None => panic!("{} names no profile", profile_directory.display()),
    };
    let output = Command::new(env!("CARGO"))
        .args(["build", "--package", "chat-server", "--package", "chat-tui"])
        .args(["--profile", profile, "--target-dir"])
        .arg(target_directory)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "the programs under test do not build:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let program = |name: &str| {
        let path = profile_directory.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        assert!(path.is_file(), "cargo built no {}", path.display());
        path
    };
    Binaries {
        server: program("chat-server"),
        client: program("chat-tui"),
    }
}

fn ancestor(path: &Path, steps: usize) -> &Path {
    path.ancestors()
        .nth(steps)
        .expect("tests lie within a target directory")
}
