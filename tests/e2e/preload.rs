//! Libraries that are preloaded into a server: compiled here, from C.
//!
//! Must not fail where there is no compiler, or no way to preload a library: then it says so, and
//! there is nothing to test with.

use std::path::PathBuf;
use std::process::Command;

use crate::support::skip;

/// Compiles `source`, a path below this crate, to the library `name`, with `libraries` linked; `None`,
/// with what is `skipped` said on standard error, where that can't be.
pub(crate) fn compile(
    name: &str,
    source: &str,
    libraries: &[&str],
    skipped: &str,
) -> Option<PathBuf> {
    if !cfg!(target_os = "linux") {
        skip(skipped, "a library is preloaded the way Linux does it");
        return None;
    }
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    // Another run may be using the library of this name: it is put in place as a whole.
    let draft = target.join(format!("{name}-{}.so", std::process::id()));
    let library = target.join(format!("{name}.so"));
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(source);
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror"])
        .arg("-o")
        .args([&draft, &source])
        .args(libraries)
        .output();
    match compiled {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            skip(skipped, "there is no C compiler (`cc`)");
            None
        }
        Err(error) => panic!("cc does not start: {error}"),
        Ok(output) => {
            let complaint = String::from_utf8_lossy(&output.stderr);
            let source = source.display();
            assert!(output.status.success(), "{source}:\n{complaint}");
            std::fs::rename(&draft, &library).unwrap();
            Some(library)
        }
    }
}
