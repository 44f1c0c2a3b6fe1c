//! Writes lines into the files of their rooms and days. Owns names and content of the files; runs in a
//! thread of its own.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;

use chat_protocol::RoomName;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use super::Line;
use crate::private_files;
use crate::sanitize;
use crate::warnings::Warnings;

/// Lines that are written at once at most.
const BATCH: usize = 1_024;
/// Bytes of a room in the name of a file, which may have 255.
const NAME_BYTES: usize = 160;

/// The thread's state.
pub(super) struct Writer {
    folder: PathBuf,
    zone: TimeZone,
    warnings: Warnings,
    is_failing: bool,
    /// Lines that could not be written, by file: said in the file once that works again.
    lost: BTreeMap<PathBuf, u64>,
}

impl Writer {
    pub(super) fn new(folder: PathBuf, zone: TimeZone, warnings: Warnings) -> Self {
        Self {
            folder,
            zone,
            warnings,
            is_failing: false,
            lost: BTreeMap::new(),
        }
    }

    /// Writes until nobody is there any more who could send lines.
    pub(super) fn run(mut self, lines: &Receiver<Line>) {
        while let Ok(first) = lines.recv() {
            let rest = lines.try_iter().take(BATCH - 1);
            let batch: Vec<Line> = std::iter::once(first).chain(rest).collect();
            self.write(&batch);
        }
    }

    /// Writes a batch, each file's lines at once.
    pub(super) fn write(&mut self, batch: &[Line]) {
        let mut files: BTreeMap<PathBuf, (String, u64)> = BTreeMap::new();
        for line in batch {
            let (day, time) = self.day_and_time(line.time);
            let name = format!("{}.{day}.txt", file_name(&line.room));
            let (text, count) = files.entry(self.folder.join(name)).or_default();
            if line.left_out > 0 {
                text.push_str(&missing(line.left_out));
            }
            text.push_str(&written(&time, &line.text));
            *count += 1;
        }
        for (path, (text, count)) in files {
            match self.append(&path, &text) {
                Ok(()) => self.is_failing = false,
                Err(error) => {
                    *self.lost.entry(path.clone()).or_default() += count;
                    if !std::mem::replace(&mut self.is_failing, true) {
                        self.warnings
                            .say(format!("can't write the log {path:?}: {error}"));
                    }
                }
            }
        }
    }

    fn append(&mut self, path: &Path, text: &str) -> io::Result<()> {
        private_files::make_folder(&self.folder)?;
        let mut file = private_files::append(path)?;
        if let Some(lost) = self.lost.get(path) {
            // A disk that was full may have taken a part of a line.
            file.write_all(format!("\n{}", missing(*lost)).as_bytes())?;
            self.lost.remove(path);
        }
        file.write_all(text.as_bytes())
    }

    fn day_and_time(&self, time: i64) -> (String, String) {
        // What no calendar has is the beginning of 1970, which is as wrong as the time that was given.
        let stamp = Timestamp::from_millisecond(time).unwrap_or_default();
        let zoned = stamp.to_zoned(self.zone.clone());
        let day = zoned.strftime("%Y-%m-%d").to_string();
        (day, zoned.strftime("%H:%M:%S").to_string())
    }
}

/// A line as it is written: harmless for a terminal that shows the file, further rows indented.
fn written(time: &str, text: &str) -> String {
    let text = sanitize::text(text).replace('\n', "\n         ");
    format!("{time} {text}\n")
}

fn missing(lines: u64) -> String {
    let plural = if lines == 1 { " is" } else { "s are" };
    format!("[{lines} line{plural} missing here]\n")
}

/// The name of a room as that of a file: letters and digits as they are, everything else as `%` and the
/// bytes, as in an address. One that is too long ends in a hash of the whole.
pub(super) fn file_name(room: &RoomName) -> String {
    let plain = room.plain();
    let mut name = String::new();
    for (place, one) in plain.as_str().chars().enumerate() {
        // A dot in front hides the file.
        let is_kept =
            one.is_alphanumeric() || matches!(one, '-' | '_') || (one == '.' && place > 0);
        let mut bytes = [0; 4];
        let bytes = one.encode_utf8(&mut bytes);
        if is_kept {
            name.push_str(bytes);
        } else {
            bytes
                .bytes()
                .for_each(|byte| name.push_str(&format!("%{byte:02X}")));
        }
    }
    if name.len() <= NAME_BYTES {
        return name;
    }
    let mut end = NAME_BYTES;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    let digest = Sha256::digest(plain.as_str());
    let hash: String = digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{name}~{hash}")
}
