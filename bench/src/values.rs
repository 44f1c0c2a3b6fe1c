//! Values on the command line that clap can't check by itself. Owns no option.

use std::net::SocketAddr;

/// The address in a URL. Only this machine's own: this program is a load that nobody else asked
/// for.
pub(crate) fn address(url: &str) -> Result<SocketAddr, String> {
    let rest = url.strip_prefix("ws://").ok_or("must begin with ws://")?;
    let address: SocketAddr = rest
        .trim_end_matches('/')
        .parse()
        .map_err(|_| "must be ws:// and an address with a port, like ws://127.0.0.1:8080")?;
    match address.ip().is_loopback() {
        true => Ok(address),
        false => Err("must be on this machine (a loopback address)".to_owned()),
    }
}

/// A number of something that there has to be some of: seconds, messages a second.
pub(crate) fn positive(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if (0.001..=1_000_000.0).contains(&number) => Ok(number),
        _ => Err("must be a number from 0.001 to 1000000".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_waited_for_is_a_length_or_a_rate() {
        assert_eq!(positive("0.5"), Ok(0.5));
        for wrong in ["0", "-1", "inf", "NaN", "1e300", "many"] {
            assert!(positive(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_this_machine_may_be_loaded() {
        assert_eq!(
            address("ws://127.0.0.1:80"),
            Ok(([127, 0, 0, 1], 80).into())
        );
        assert!(address("ws://[::1]:80/").is_ok());
        for wrong in [
            "ws://10.0.0.1:80",
            "http://127.0.0.1:80",
            "ws://example.org:80",
        ] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }
}
