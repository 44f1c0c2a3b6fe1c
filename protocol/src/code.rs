//! The numbers that say why: in a `cerror`, and when a connection is closed.

use serde::{Deserialize, Serialize};

/// The `Code` of a `cerror` (and 200 in `auth`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "u16", from = "u16")]
pub enum Code {
    /// 200: authenticated.
    Ok,
    /// 400: the frame or its parameters are not as the contract says.
    Syntax,
    /// 401: not authenticated, or the credentials are refused.
    Unauthenticated,
    /// 403: not allowed.
    Forbidden,
    /// 404: no such user or message.
    NotFound,
    /// 413: content too long.
    TooLong,
    /// 429: too fast; `retryAfter` says when.
    TooFast,
    /// 503: not stored, so not sent.
    Unavailable,
    /// A code that a newer server may send.
    Other(u16),
}

impl From<Code> for u16 {
    fn from(code: Code) -> u16 {
        match code {
            Code::Ok => 200,
            Code::Syntax => 400,
            Code::Unauthenticated => 401,
            Code::Forbidden => 403,
            Code::NotFound => 404,
            Code::TooLong => 413,
            Code::TooFast => 429,
            Code::Unavailable => 503,
            Code::Other(number) => number,
        }
    }
}

impl From<u16> for Code {
    fn from(number: u16) -> Code {
        match number {
            200 => Code::Ok,
            400 => Code::Syntax,
            401 => Code::Unauthenticated,
            403 => Code::Forbidden,
            404 => Code::NotFound,
            413 => Code::TooLong,
            429 => Code::TooFast,
            503 => Code::Unavailable,
            other => Code::Other(other),
        }
    }
}

/// Why a connection ended: the WebSocket close code (RFC 6455, section 7.4, and the contract's own).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// 1000: after `disconnect`.
    Normal,
    /// 1001: the server stops for good.
    GoingAway,
    /// 1002: broken framing.
    Protocol,
    /// 1007: text that is not UTF-8.
    InvalidText,
    /// 1009: a message over the size limit.
    TooBig,
    /// 1012: the server restarts.
    Restart,
    /// 4001: no `auth` in time.
    AuthTimeout,
    /// 4008: reads too slowly.
    SlowReader,
    /// 4103: kicked.
    Kicked,
    /// 4104: banned.
    Banned,
    /// 4105: flooding.
    Flooding,
    /// 4106: signed out; who is meant has to show anew who they are.
    SignedOut,
    /// A close code that the contract does not name.
    Other(u16),
}

/// How the server ends a connection: what its close frame says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// The close code.
    pub code: CloseCode,
    /// The reason beside it, for people.
    pub reason: &'static str,
}

const CLOSE_CODES: [(CloseCode, u16); 12] = [
    (CloseCode::Normal, 1000),
    (CloseCode::GoingAway, 1001),
    (CloseCode::Protocol, 1002),
    (CloseCode::InvalidText, 1007),
    (CloseCode::TooBig, 1009),
    (CloseCode::Restart, 1012),
    (CloseCode::AuthTimeout, 4001),
    (CloseCode::SlowReader, 4008),
    (CloseCode::Kicked, 4103),
    (CloseCode::Banned, 4104),
    (CloseCode::Flooding, 4105),
    (CloseCode::SignedOut, 4106),
];

impl CloseCode {
    /// False where a client must not come back by itself (4103, 4104, 4105), or not with what it logged
    /// in with before (4106).
    pub fn may_come_back(self) -> bool {
        !matches!(
            self,
            CloseCode::Kicked | CloseCode::Banned | CloseCode::Flooding | CloseCode::SignedOut
        )
    }
}

impl From<CloseCode> for u16 {
    fn from(code: CloseCode) -> u16 {
        if let CloseCode::Other(number) = code {
            return number;
        }
        CLOSE_CODES
            .iter()
            .find_map(|(named, number)| (*named == code).then_some(*number))
            .expect("every named close code is in the table")
    }
}

impl From<u16> for CloseCode {
    fn from(number: u16) -> CloseCode {
        CLOSE_CODES
            .iter()
            .find_map(|(named, known)| (*known == number).then_some(*named))
            .unwrap_or(CloseCode::Other(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_maps_to_itself() {
        for number in 0..=u16::MAX {
            assert_eq!(u16::from(Code::from(number)), number);
            assert_eq!(u16::from(CloseCode::from(number)), number);
        }
    }

    #[test]
    fn only_moderation_flooding_and_signing_out_forbid_coming_back() {
        let forbidden: Vec<u16> = (0..=u16::MAX)
            .filter(|number| !CloseCode::from(*number).may_come_back())
            .collect();
        assert_eq!(forbidden, [4103, 4104, 4105, 4106]);
    }
}
