//! `chat-server completions` and `chat-server man`: what is made of the command line's own description.
//! Needs no settings and no data.

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::command::console;

/// Prints the completions of `command` for a shell.
pub fn completions(command: &mut Command, shell: Shell) -> anyhow::Result<()> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, command, name, &mut script);
    print(&script)
}

/// Prints the manual page of `command` (man(7)), with all its subcommands.
pub fn man(command: &Command) -> anyhow::Result<()> {
    print(page(command)?.as_bytes())
}

/// The page, as text. Each part that the library makes begins with the same definitions, of which the
/// first is enough.
fn page(command: &Command) -> anyhow::Result<String> {
    let man = Man::new(command.clone()).section("8");
    let mut parts = Vec::new();
    man.render_title(&mut parts)?;
    man.render_name_section(&mut parts)?;
    man.render_synopsis_section(&mut parts)?;
    man.render_description_section(&mut parts)?;
    for (names, subcommand) in subcommands(command) {
        parts.extend(section(&names, subcommand)?.bytes());
    }
    man.render_options_section(&mut parts)?;
    let mut is_defined = false;
    let text = String::from_utf8(parts)?;
    let lines = text.lines().filter(|line| {
        let is_definition = line.contains(".ds Aq");
        let is_again = is_definition && is_defined;
        is_defined |= line.starts_with(".el .ds Aq");
        !is_again
    });
    Ok(lines.map(|line| format!("{line}\n")).collect())
}

/// All subcommands that do something, each with its full name.
fn subcommands(command: &Command) -> Vec<(String, &Command)> {
    let mut found = Vec::new();
    for subcommand in command.get_subcommands().filter(|one| !one.is_hide_set()) {
        let name = subcommand.get_name();
        match subcommand.has_subcommands() {
            false => found.push((name.to_owned(), subcommand)),
            true => {
                let inner = subcommands(subcommand).into_iter();
                found.extend(inner.map(|(names, inner)| (format!("{name} {names}"), inner)));
            }
        }
    }
    found
}

/// A subcommand as a section of the page: what the library makes sections of is below that.
fn section(names: &str, subcommand: &Command) -> anyhow::Result<String> {
    let named = subcommand
        .clone()
        .bin_name(format!("chat-server {names}"))
        .disable_help_flag(true);
    let man = Man::new(named);
    let mut parts = Vec::new();
    man.render_synopsis_section(&mut parts)?;
    man.render_description_section(&mut parts)?;
    man.render_options_section(&mut parts)?;
    let parts = String::from_utf8(parts)?;
    let lines = parts.lines().map(|line| match line.strip_prefix(".SH ") {
        Some(heading) => format!(".SS {heading}\n"),
        None => format!("{line}\n"),
    });
    let body: String = lines.collect();
    Ok(format!(".SH \"{}\"\n{body}", names.to_uppercase()))
}

fn print(text: &[u8]) -> anyhow::Result<()> {
    let text = String::from_utf8_lossy(text);
    console::answer(text.trim_end().to_owned())
}
