//! `chat-server backup` and `restore`: copies the database, whether a server is running or not, and
//! replaces it with a copy while none is. How a copy is made belongs to the store.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::auth::TokenKey;
use crate::clock;
use crate::command::{access, console};
use crate::server::ServerConfig;
use crate::store::sqlite::database::{self, Restored};

/// The arguments of `backup` and `restore`.
#[derive(Args)]
pub struct CopyArguments {
    /// Backup file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Copies the database of `server` to a new file. A signal that ends the program removes the unfinished
/// copy first.
pub fn back_up(arguments: &CopyArguments, server: &ServerConfig) -> anyhow::Result<()> {
    let (data, file) = (server.data.clone(), arguments.file.clone());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")?;
    let shown = file.display().to_string();
    let bytes = runtime.block_on(async {
        let stop = Arc::new(AtomicBool::new(false));
        let mut kinds = Vec::new();
        for kind in [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
        ] {
            kinds.push(signal(kind)?);
        }
        let [interrupt, terminate, hangup] = &mut kinds[..] else {
            unreachable!("three kinds were asked for");
        };
        let told = Arc::clone(&stop);
        let mut copying =
            tokio::task::spawn_blocking(move || database::back_up(&data, &file, &told));
        let copied = tokio::select! {
            copied = &mut copying => copied,
            _ = async {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    _ = hangup.recv() => {}
                }
            } => {
                stop.store(true, Ordering::Relaxed);
                copying.await
            }
        };
        anyhow::Ok(copied??)
    })?;
    let megabytes = bytes as f64 / 1e6;
    console::answer(format!("{shown} written: {megabytes:.1} MB"))
}

/// Replaces the database of `server` with a backup, and says what that undid. Fails while a server is
/// running.
pub fn restore(arguments: &CopyArguments, server: &ServerConfig) -> anyhow::Result<()> {
    let data = &server.data;
    database::create_directory(data)?;
    let _lock = access::lock(data)?;
    let now = clock::now();
    let millis = i64::try_from(now).unwrap_or(i64::MAX);
    let label = jiff::Timestamp::from_millisecond(millis).unwrap_or_default();
    let label = label.strftime("%Y%m%dT%H%M%SZ").to_string();
    let Restored { kept, undone } = database::restore(data, &arguments.file, &label, now)?;
    TokenKey::renew(data)?;
    let mut lines = vec![format!(
        "{} restored. All rooms have new epochs, and everybody has to log in with the password once",
        arguments.file.display()
    )];
    if let Some(kept) = &kept {
        lines.push(format!(
            "the database that was there before is kept as {}",
            kept.display()
        ));
    }
    match undone {
        Some(undone) if undone.is_empty() => {
            lines.push("it undid no ban, mute, removal, appointment or new password".to_owned());
        }
        Some(undone) => {
            lines.push("undone, because it happened after the backup:".to_owned());
            let undone = undone.iter().map(|line| format!("  {}", console::plain(line)));
            lines.extend(undone);
        }
        None if kept.is_some() => lines.push(
            "the database that was there before can't be read, so there is no list of the bans, mutes, \
             removals of accounts, appointments and new passwords that were undone: check them"
                .to_owned(),
        ),
        None => {}
    }
    console::say(lines).map(drop)
}
