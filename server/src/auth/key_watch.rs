//! Whether the token key's file is still as the server read it: what else is there at the next start
//! makes all tokens void, which is better known before.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::token::FILE_NAME;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(5);

/// Bytes that are read: more than a key has.
const MOST: u64 = 64;

/// Warns, once each time, where the key in `directory` is removed or changed, or is back: it is held
/// against what is there at the call, which reads it. A key is never written anew here: removing it
/// may be meant. Never ends.
pub fn watch_key(directory: &Path) -> impl Future<Output = ()> + use<> {
    let path = directory.join(FILE_NAME);
    let first = read(&path).ok();
    watch(path, first)
}

async fn watch(path: PathBuf, first: Option<Vec<u8>>) {
    let mut was_there = true;
    loop {
        sleep(LOOK).await;
        let reading = path.clone();
        let found = spawn_blocking(move || read(&reading).ok()).await;
        let is_there = found.is_ok_and(|found| found == first);
        if is_there != was_there {
            tell(&path, is_there);
            was_there = is_there;
        }
    }
}

fn tell(path: &Path, is_there: bool) {
    let path = path.display();
    match is_there {
        true => tracing::info!(%path, "the token key is back"),
        false => tracing::warn!(
            %path,
            "the token key was removed or changed: after the next start everybody has to log in with \
             the password; put the key back if you do not want that"
        ),
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    // Anything may be there by now.
    if !path.metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST).read_to_end(&mut bytes)?;
    Ok(bytes)
}
