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
    // A failure is kept as well: to build again for every test would find the same.
    static BINARIES: OnceLock<Result<Binaries, String>> = OnceLock::new();
    match BINARIES.get_or_init(build) {
        Ok(binaries) => binaries,
        Err(error) => panic!("the programs under test do not build:\n{error}"),
    }
}

fn build() -> Result<Binaries, String> {
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
        // The whole workspace, as other commands build it: one package alone would choose other
        // features of what all depend on, and compile that anew.
        .args(["build", "--workspace", "--bins"])
        .args(["--profile", profile, "--target-dir"])
        .arg(target_directory)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(Binaries {
        server: profile_directory.join("chat-server"),
        client: profile_directory.join("chat-tui"),
    })
}

fn ancestor(path: &Path, steps: usize) -> &Path {
    path.ancestors()
        .nth(steps)
        .expect("tests lie within a target directory")
}
