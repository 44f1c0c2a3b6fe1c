//! Pages about the command line: completions and the manual. Pure.

use clap::CommandFactory;
use clap_complete::Shell;

use super::Arguments;

/// What stands behind the arguments in the long help and in the manual.
pub(super) const AFTER: &str = "\
Files:
  chat-tui/config.toml in $XDG_CONFIG_HOME, or in ~/.config: the configuration. --print-config writes \
  one, --check-config says what is wrong in it.
  chat-tui in $XDG_STATE_HOME, or in ~/.local/state: what is remembered of sessions, readable by you \
  alone: server, name, rooms, what you have read, drafts, and what signs you in without the password. \
  Delete it to forget all of that.

Environment:
  CHAT_SERVER_URL  the server, where neither --server nor a profile names one
  CHAT_PASSWORD    the password
  NO_COLOR         no colours
  TERM             dumb is the same as --plain

Which server: --server, then the profile, CHAT_SERVER_URL, the last session, ws://127.0.0.1:8080. \
Which password: CHAT_PASSWORD, then --password-file or --password-command, then that of the profile.";

/// Completions for a shell.
pub(crate) fn completions(shell: Shell) -> Vec<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "chat-tui", &mut text);
    text
}

/// The manual page, in roff.
pub(crate) fn manual() -> Vec<u8> {
    let mut text = Vec::new();
    let manual = clap_mangen::Man::new(Arguments::command());
    manual.render(&mut text).expect("a Vec takes any bytes");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn pages_name_every_argument() {
        let manual = String::from_utf8(manual()).unwrap();
        let manual = manual.replace("\\-", "-");
        for page in [
            manual.clone(),
            String::from_utf8(completions(Shell::Bash)).unwrap(),
            String::from_utf8(completions(Shell::Zsh)).unwrap(),
            String::from_utf8(completions(Shell::Fish)).unwrap(),
        ] {
            let command = Arguments::command();
            let shown = command.get_arguments().filter(|one| !one.is_hide_set());
            for long in shown.filter_map(clap::Arg::get_long) {
                assert!(page.contains(long), "{long}");
            }
        }
        assert!(manual.contains(".TH chat-tui 1"), "{manual}");
        assert!(manual.contains("CHAT_SERVER_URL"));
    }
}
