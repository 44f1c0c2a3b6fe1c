//! The configuration file (TOML), whose keys are the names of the settings. Must not decide between
//! sources: `config` merges what the file says with flags and variables.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::sources::{Reader, SettingSource, nearest};
use super::{ConfigError, Settings};

/// The settings in a file, and the line of each, for errors.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) settings: Settings,
    pub(super) places: BTreeMap<String, SettingSource>,
}

impl File {
    /// Reads the whole file. A wrong value is an error even if a flag overrides it.
    pub(super) fn read(
        named_by: SettingSource,
        path: &Path,
        reader: &Reader,
    ) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            place: named_by,
            path: path.to_owned(),
            source,
        })?;
        // Some editors begin a file with a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let wrong = |start, message| ConfigError::Parse {
            path: path.to_owned(),
            line: line_of(text, start),
            message,
        };
        let table = DeTable::parse(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            wrong(start, error.message().to_owned())
        })?;
        let mut lines: Vec<_> = table.get_ref().iter().collect();
        lines.sort_by_key(|(key, _)| key.span().start);
        let mut file = Self::default();
        for (spanned, value) in lines {
            let (key, start) = (spanned.get_ref().as_ref(), spanned.span().start);
            let Some(setting) = reader.setting(key) else {
                return Err(wrong(start, unknown(key, reader)));
            };
            let place = |start| SettingSource::File {
                path: path.to_owned(),
                line: line_of(text, start),
                key: key.to_owned(),
            };
            let values = match value.get_ref() {
                DeValue::Array(items) if setting.is_list => in_list(items),
                _ => vec![value],
            };
            let mut texts = Vec::new();
            for value in values {
                let place = place(value.span().start);
                let text = as_text(value, &place)?;
                // Checked alone first, so that the error names its line.
                let read = reader.read(key, std::slice::from_ref(&text));
                read.map_err(|problem| ConfigError::Value { place, problem })?;
                texts.push(text);
            }
            if !texts.is_empty() {
                let place = place(start);
                let read = reader.read(key, &texts);
                let read = read.map_err(|problem| ConfigError::Value {
                    place: place.clone(),
                    problem,
                })?;
                file.settings = file.settings.or(read);
                file.places.insert(key.to_owned(), place);
            }
        }
        Ok(file)
    }
}

/// The items of a list without the empty ones. A list of empty items alone keeps them, to be refused.
fn in_list<'a, 'text>(items: &'a DeArray<'text>) -> Vec<&'a Spanned<DeValue<'text>>> {
    let is_empty = |item: &&Spanned<DeValue<'_>>| {
        let text = item.get_ref().as_str();
        text.is_some_and(|text| text.trim().is_empty())
    };
    let is_all_empty = items.iter().all(|item| is_empty(&item));
    let items = items.iter();
    items
        .filter(|item| is_all_empty || !is_empty(item))
        .collect()
}

fn unknown(key: &str, reader: &Reader) -> String {
    let as_written = key.to_lowercase().replace('_', "-");
    match nearest(&as_written, reader.keys().map(|(key, _)| key)) {
        Some(near) => format!("there is no setting {key:?}: did you mean {near:?}?"),
        None => format!("there is no setting {key:?}"),
    }
}

fn as_text(value: &Spanned<DeValue<'_>>, place: &SettingSource) -> Result<OsString, ConfigError> {
    let wrong = |problem: &str| ConfigError::Value {
        place: place.clone(),
        problem: problem.to_owned(),
    };
    let text = match value.get_ref() {
        DeValue::String(text) if text.trim().is_empty() => {
            return Err(wrong("it is empty: remove it, or give it a value"));
        }
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => match i128::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => number.to_string(),
            Err(_) => number.to_string(),
        },
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(is_so) => is_so.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(_) => return Err(wrong("it takes one value, not a list")),
        DeValue::Table(_) => return Err(wrong("it takes a value, not a table")),
    };
    Ok(text.into())
}

fn line_of(text: &str, position: usize) -> usize {
    let before = text.as_bytes().iter().take(position);
    before.filter(|byte| **byte == b'\n').count() + 1
}
