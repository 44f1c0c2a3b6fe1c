//! What `chat-server` prints about its own command line: completions and the manual page.

use chat_tests::Server;

#[test]
fn completions_are_printed_for_each_shell_without_settings() {
    for (shell, part) in [
        ("bash", "complete -F _chat__server"),
        ("zsh", "#compdef chat-server"),
        ("fish", "complete -c chat-server"),
        ("elvish", "edit:completion"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let arguments = ["completions", shell, "--config", "/there/is/none"];
        let printed = Server::run(&arguments, "");
        assert_eq!(printed.status.code(), Some(0), "{}", printed.error);
        for known in [part, "retention-days", "backup"] {
            assert!(printed.out.contains(known), "{shell}: no {known}");
        }
        assert_eq!(printed.error, "");
    }
    let unknown = Server::run(&["completions", "cmd"], "");
    assert_eq!(unknown.status.code(), Some(2));
    assert!(unknown.error.contains("bash"), "{}", unknown.error);
}

#[test]
fn the_manual_page_has_every_subcommand_and_setting() {
    let page = Server::run(&["man"], "");
    assert_eq!((page.status.code(), page.error.as_str()), (Some(0), ""));
    assert!(page.out.contains("\n.TH chat-server 8 "), "{}", page.out);
    for heading in [
        ".SH NAME",
        ".SH SYNOPSIS",
        ".SH \"USER PASSWD\"",
        ".SH \"BAN ADD\"",
        ".SH \"MOD ADD\"",
        ".SH \"COMPLETIONS\"",
        ".SH OPTIONS",
    ] {
        let count = page.out.lines().filter(|line| *line == heading).count();
        assert_eq!(count, 1, "{heading}");
    }
    for text in ["chat\\-server ban add", "retention\\-days", "10m, 2h, 7d"] {
        assert!(page.out.contains(text), "{text}");
    }
}

#[test]
fn a_ban_lasts_as_long_as_it_is_written() {
    let mut server = Server::start();
    drop(chat_tests::RawClient::join(&server, "bob", "stream"));
    for (duration, said) in [
        ("90", "bob is banned for 90 s"),
        ("10m", "bob is banned for 10 min"),
        ("2h", "bob is banned for 2 h"),
        ("7d", "bob is banned for 7 days"),
    ] {
        let arguments = ["ban", "add", "stream", "bob", "--duration", duration];
        let done = crate::support::said(&server, &arguments);
        assert!(done.starts_with(said), "{done}");
    }
    for wrong in ["0", "soon", "10min", "-5", "40000d", ""] {
        let duration = format!("--duration={wrong}");
        let arguments = ["ban", "add", "stream", "bob", &duration];
        let refused = crate::support::operate(&server, &arguments);
        assert_eq!(refused.status.code(), Some(2), "{wrong}: {}", refused.out);
        assert!(refused.error.contains("--duration"), "{}", refused.error);
    }
    server.stop();
}
