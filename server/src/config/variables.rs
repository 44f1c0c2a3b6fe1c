//! The environment: which variables are settings, which are misspelt settings, and which belong to
//! another program. Must never show the value of a variable that is not a setting.

use std::ffi::OsString;

use super::sources::{Reader, nearest};

/// The prefix of all settings' variables.
const PREFIX: &str = "CHAT_SERVER_";
/// The terminal client's variable, which is no misspelt setting.
const CLIENTS: &str = "CHAT_SERVER_URL";
/// Names the configuration file, so it can't be a key in that file.
const CONFIG: &str = "CHAT_SERVER_CONFIG";
/// Wrong characters, at most, in a variable with another prefix that still counts as misspelt.
const SLIPS: usize = 2;
/// How many service variables a warning names at most.
const SHOWN: usize = 4;

/// The variables that concern the server.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Variables {
    /// Key of the setting, name and value of the variable.
    pub(super) settings: Vec<(String, String, OsString)>,
    /// Name and value of the variable that names the configuration file.
    pub(super) config: Option<(String, OsString)>,
    /// Variables that Kubernetes or Docker set for a service named chat-server.
    links: Vec<String>,
    /// Misspelt variables, each with the setting that was probably meant.
    unknown: Vec<(String, Option<String>)>,
}

impl Variables {
    /// Sorts `environment`. An empty or blank variable counts as not set.
    pub(super) fn sort(
        reader: &Reader,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Self {
        let mut sorted = Self::default();
        for (name, value) in environment {
            let name = name.to_string_lossy().into_owned();
            let text = value.to_string_lossy();
            if text.trim().is_empty() || name == CLIENTS {
                continue;
            }
            let known = reader.keys().find(|(_, setting)| setting.variable == name);
            match known {
                _ if is_link(&name, text.trim()) => sorted.links.push(name),
                Some((key, _)) => sorted.settings.push((key.to_owned(), name, value)),
                None if name == CONFIG => sorted.config = Some((name, value)),
                None => {
                    let unknown = meant(reader, &name).map(|meant| (name, meant));
                    sorted.unknown.extend(unknown);
                }
            }
        }
        sorted.links.sort();
        sorted.unknown.sort();
        sorted
    }

    /// One sentence for each thing that an operator should look at.
    pub(super) fn warnings(&self) -> impl Iterator<Item = String> + '_ {
        let links = (!self.links.is_empty()).then(|| {
            let more = match self.links.len().saturating_sub(SHOWN) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let names = &self.links[..self.links.len().min(SHOWN)];
            format!(
                "{}{more} ignored: Kubernetes or Docker sets these variables for a service with that \
                 name, and they are not settings (enableServiceLinks: false turns them off)",
                names.join(", ")
            )
        });
        let unknown = self.unknown.iter().map(|(name, meant)| match meant {
            Some(meant) => format!("there is no setting {name}: did you mean {meant}?"),
            None => format!("there is no setting {name}"),
        });
        links.into_iter().chain(unknown)
    }
}

/// Whether `name` looks like a misspelt setting, and if so, the setting that was probably meant.
fn meant(reader: &Reader, name: &str) -> Option<Option<String>> {
    let upper = name.to_uppercase().replace('-', "_");
    let names = || {
        let names = reader.keys().map(|(_, setting)| setting.variable.as_str());
        names.chain([CONFIG])
    };
    match upper.strip_prefix(PREFIX) {
        Some(wrong) => {
            let keys = names().filter_map(|name| name.strip_prefix(PREFIX));
            let near = nearest(wrong, keys);
            Some(near.map(|near| PREFIX.to_owned() + near))
        }
        None if upper.starts_with("CHAT") => names()
            .find(|name| strsim::osa_distance(name, &upper) <= SLIPS)
            .map(|name| Some(name.to_owned())),
        None => None,
    }
}

/// Whether Kubernetes or Docker set the variable for a service or container whose name is or begins
/// with `chat-server`. Kubernetes: "Discovering services", environment variables; Docker: "Legacy container
/// links", environment variables.
fn is_link(name: &str, value: &str) -> bool {
    let Some(rest) = name.strip_prefix(PREFIX) else {
        return false;
    };
    let rest = format!("_{rest}");
    let is_url = ["tcp://", "udp://", "sctp://"]
        .iter()
        .any(|scheme| value.starts_with(scheme));
    (rest.ends_with("_PORT") && is_url)
        || rest.ends_with("_SERVICE_HOST")
        || rest.ends_with("_SERVICE_PORT")
        || rest.contains("_SERVICE_PORT_")
        || holds_port(&rest)
        || (rest.ends_with("_NAME") && value.starts_with('/'))
        || rest.contains("_ENV_")
}

/// Whether the name contains something like `_PORT_8080_TCP`.
fn holds_port(rest: &str) -> bool {
    rest.split("_PORT_").skip(1).any(|after| {
        let (number, protocol) = after.split_once('_').unwrap_or((after, ""));
        let protocol = protocol.split('_').next();
        !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && matches!(protocol, Some("TCP" | "UDP" | "SCTP"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sort(variables: &[(&str, &str)]) -> Variables {
        let pairs = variables
            .iter()
            .map(|(name, value)| (name.into(), value.into()));
        Variables::sort(&Reader::new(), pairs)
    }

    #[test]
    fn what_is_empty_is_not_set() {
        for value in ["", " ", "\t\n"] {
            let found = sort(&[
                ("CHAT_SERVER_PORT", value),
                ("CHAT_SERVER_CONFIG", value),
                ("CHAT_SERVER_TEST_MODE", value),
                ("CHAT_SERVER_REGISTRATON", value),
            ]);
            assert_eq!(found, Variables::default());
        }
    }

    #[test]
    fn links_of_services_are_no_settings() {
        let links = [
            ("CHAT_SERVER_PORT", "tcp://10.96.0.12:8080"),
            ("CHAT_SERVER_PORT_8080_TCP", "tcp://10.96.0.12:8080"),
            ("CHAT_SERVER_PORT_8080_TCP_ADDR", "10.96.0.12"),
            ("CHAT_SERVER_PORT_8080_TCP_PORT", "8080"),
            ("CHAT_SERVER_PORT_8080_TCP_PROTO", "tcp"),
            ("CHAT_SERVER_PORT_53_UDP_PORT_START", "53"),
            ("CHAT_SERVER_SERVICE_HOST", "10.96.0.12"),
            ("CHAT_SERVER_SERVICE_PORT", "8080"),
            ("CHAT_SERVER_SERVICE_PORT_HTTP", "8080"),
            ("CHAT_SERVER_NAME", "/web/chat-server"),
            ("CHAT_SERVER_ENV_SECRET", "hunter2"),
            // Of a service whose name goes on.
            ("CHAT_SERVER_DATA_PORT", "udp://[fd00::1]:53"),
            ("CHAT_SERVER_DATA_SERVICE_HOST", "fd00::1"),
            ("CHAT_SERVER_DATA_PORT_53_UDP", "udp://[fd00::1]:53"),
        ];
        let found = sort(&links);
        assert_eq!(found.links.len(), links.len());
        assert!(found.settings.is_empty() && found.unknown.is_empty());
        let [warning] = &found.warnings().collect::<Vec<_>>()[..] else {
            panic!("not one warning");
        };
        assert!(warning.contains("and 10 more ignored"), "{warning}");
        assert!(!warning.contains("hunter2"), "{warning}");
        let found = sort(&[("CHAT_SERVER_PORT", "8080")]);
        assert_eq!(found.settings.len(), 1);
    }

    #[test]
    fn what_was_meant_to_be_a_setting_is_told() {
        for (name, expected) in [
            ("CHAT_SERVER_REGISTRATON", Some("CHAT_SERVER_REGISTRATION")),
            (
                "CHAT_SERVER_ALLOWED_ORIGINS",
                Some("CHAT_SERVER_ALLOWED_ORIGIN"),
            ),
            ("CHAT_SERVER_ORIGIN", Some("CHAT_SERVER_ALLOWED_ORIGIN")),
            ("CHAT_SERVER_PROT", Some("CHAT_SERVER_PORT")),
            (
                "CHAT_SERVER_MAX-CONNECTIONS",
                Some("CHAT_SERVER_MAX_CONNECTIONS"),
            ),
            ("CHAT_SERVER_CONFIGS", Some("CHAT_SERVER_CONFIG")),
            ("chat_server_registration", Some("CHAT_SERVER_REGISTRATION")),
            ("CHATSERVER_REGISTRATION", Some("CHAT_SERVER_REGISTRATION")),
            ("CHAT_SEVER_BIND", Some("CHAT_SERVER_BIND")),
            ("CHAT_SERVER_COLOUR", None),
            ("CHAT_SERVER_", None),
        ] {
            let found = sort(&[(name, "x")]);
            let expected = expected.map(str::to_owned);
            assert_eq!(found.unknown, [(name.to_owned(), expected)]);
        }
        for others in [
            "CHAT_SERVER_URL",
            "CHAT_PASSWORD",
            "CHAT_TUI",
            "PATH",
            "SERVER_PORT",
        ] {
            assert_eq!(sort(&[(others, "x")]), Variables::default());
        }
    }
}
