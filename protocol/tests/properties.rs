//! What is encoded decodes to itself, and no input makes a decoder panic.

#![allow(clippy::unwrap_used)] // a test that finds nothing to unwrap is to fail

use chat_protocol::{
    AuditId, AuditRequest, Auth, Ban, ChangePassword, ClientEvent, Credential, DraftContent, Epoch,
    Frame, HistoryRequest, Kick, MessageId, Mute, Nonce, PostMessage, RoomChange, RoomName, Secret,
    Seq, ServerEvent, Since, Username,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn username() -> impl Strategy<Value = Username> {
    "[a-zA-Z0-9._@é-]{1,64}".prop_filter_map("no user name", |text| Username::new(&text).ok())
}

fn room() -> impl Strategy<Value = RoomName> {
    "\\PC{1,64}".prop_filter_map("no room name", |text| RoomName::new(&text).ok())
}

fn content() -> impl Strategy<Value = DraftContent> {
    any::<String>().prop_filter_map("no content", |text| DraftContent::new(&text).ok())
}

fn message_id() -> impl Strategy<Value = MessageId> {
    "[!-~]{1,64}".prop_map(|text| MessageId::new(text).unwrap())
}

fn seq() -> impl Strategy<Value = Seq> {
    any::<u64>().prop_map(Seq)
}

fn credential() -> impl Strategy<Value = Credential> {
    (any::<bool>(), "\\PC{1,80}").prop_map(|(is_token, text)| match is_token {
        true => Credential::Token(Secret::new(text)),
        false => Credential::Password(Secret::new(text)),
    })
}

fn auth() -> impl Strategy<Value = ClientEvent> {
    let since = ("[a-f0-9]{0,16}", seq()).prop_map(|(epoch, seq)| Since {
        epoch: Epoch::new(epoch).ok(),
        seq,
    });
    let capabilities = vec("[a-z]{1,10}", 0..4);
    (
        username(),
        credential(),
        room(),
        capabilities,
        option::of(since),
        any::<bool>(),
    )
        .prop_map(
            |(username, credential, room, capabilities, since, register)| {
                ClientEvent::Auth(Box::new(Auth {
                    username,
                    credential,
                    room,
                    capabilities,
                    since,
                    register,
                }))
            },
        )
}

fn post() -> impl Strategy<Value = ClientEvent> {
    let nonce = "[!-~]{1,64}".prop_map(|text| Nonce::new(text).unwrap());
    (content(), option::of(nonce), option::of(message_id())).prop_map(
        |(content, nonce, reply_to)| {
            ClientEvent::Message(PostMessage {
                content,
                nonce,
                reply_to,
            })
        },
    )
}

fn history() -> impl Strategy<Value = ClientEvent> {
    (
        option::of(seq()),
        option::of(seq()),
        option::of(1..=200u64),
        option::of(username()),
    )
        .prop_map(|(before, after, limit, username)| {
            ClientEvent::History(HistoryRequest {
                before,
                after,
                limit,
                username,
            })
        })
}

fn audit() -> impl Strategy<Value = ClientEvent> {
    let before = option::of("[!-~]{1,64}".prop_map(|text| AuditId::new(text).unwrap()));
    (option::of(1..=200u64), option::of(username()), before).prop_map(|(limit, target, before)| {
        ClientEvent::Audit(AuditRequest {
            limit,
            target,
            before,
        })
    })
}

fn change_password() -> impl Strategy<Value = ClientEvent> {
    ("\\PC{1,80}", "\\PC{1,80}").prop_map(|(password, new_password)| {
        ClientEvent::ChangePassword(ChangePassword {
            password: Secret::new(password),
            new_password: Secret::new(new_password),
        })
    })
}

fn moderation() -> impl Strategy<Value = ClientEvent> {
    let reason = option::of("\\PC{0,100}".prop_map(|text| chat_protocol::line(&text)));
    let reason = reason.prop_map(|reason| reason.filter(|reason| !reason.is_empty()));
    (0..8u8, username(), 1..=1_209_600u64, reason).prop_map(|(kind, username, duration, reason)| {
        match kind {
            0 => ClientEvent::Kick(Kick { username, reason }),
            1 => ClientEvent::Mute(Mute {
                username,
                duration,
                reason,
            }),
            2 => ClientEvent::Ban(Ban {
                username,
                duration: Some(duration),
                reason,
            }),
            3 => ClientEvent::Unmute { username },
            4 => ClientEvent::Unban { username },
            5 => ClientEvent::SetMod { username },
            6 => ClientEvent::DelMod { username },
            _ => ClientEvent::Purge { username },
        }
    })
}

fn room_change() -> impl Strategy<Value = ClientEvent> {
    (
        0..=120u64,
        option::of(any::<bool>()),
        option::of("\\PC{0,100}".prop_map(|text| chat_protocol::line(&text))),
        option::of(option::of(message_id())),
    )
        .prop_map(|(slow_mode, members_only, topic, pinned)| {
            ClientEvent::SetRoom(RoomChange {
                slow_mode: Some(slow_mode),
                members_only,
                topic,
                pinned,
            })
        })
}

fn client_event() -> impl Strategy<Value = ClientEvent> {
    prop_oneof![
        auth(),
        post(),
        history(),
        moderation(),
        room_change(),
        audit(),
        change_password(),
        username().prop_map(|username| ClientEvent::User { username }),
        Just(ClientEvent::Sanctions),
        message_id().prop_map(|id| ClientEvent::DeleteMessage { id }),
        any::<bool>().prop_map(|value| ClientEvent::SetTestMode { value }),
        Just(ClientEvent::Disconnect),
        Just(ClientEvent::ResetSocket),
        Just(ClientEvent::Who),
        Just(ClientEvent::Ping),
        Just(ClientEvent::Clear),
    ]
}

/// Frames that are nearly right: a known event, known and unknown parameters, values of all types.
fn near_frame() -> impl Strategy<Value = String> {
    const EVENTS: &str = "auth|message|disconnect|setTestMode|history|who|mute|ban|kick|setRoom|\
                          deleteMessage|audit|user|sanctions|changePassword|cerror|connection|join|pong|x";
    const NAMES: &str = "username|password|room|content|nonce|limit|before|value|duration|since|\
                         token|target|newPassword|register|reason|banned|entries|id|seq|time|Code|pinned";
    const VALUES: &str = "0|-1|1\\.5|1e400|99999999999999999999|null|true|\"\"|\"a\"|\"\\\\ud800\"|\
                          \\[\\]|\\[1\\]|\\{\\}|\\{\"epoch\":\"e\",\"seq\":1\\}";
    let member = (NAMES, VALUES).prop_map(|(name, value)| format!("\"{name}\":{value}"));
    (EVENTS, vec(member, 0..5)).prop_map(|(event, members)| {
        format!(r#"{{"event":"{event}","data":{{{}}}}}"#, members.join(","))
    })
}

/// Both decoders, on anything: what they answer does not matter, that they answer does.
fn decode_both_ways(text: &str) {
    if let Ok(frame) = Frame::parse(text) {
        let _ = frame.nonce();
        if let Err(error) = ClientEvent::from_frame(frame) {
            assert!(!error.to_string().is_empty());
        }
    }
    if let Err(error) = ServerEvent::decode(text) {
        assert!(!error.to_string().is_empty());
    }
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_itself(event in client_event()) {
        let frame = Frame::parse(&event.encode()).unwrap();
        prop_assert_eq!(ClientEvent::from_frame(frame), Ok(event));
    }

    #[test]
    fn no_text_makes_a_decoder_panic(text in any::<String>()) {
        decode_both_ways(&text);
    }

    #[test]
    fn no_near_frame_makes_a_decoder_panic(text in near_frame()) {
        decode_both_ways(&text);
    }

    #[test]
    fn a_user_name_is_never_a_panic_and_compares_with_itself(text in any::<String>()) {
        if let Ok(name) = Username::new(&text) {
            prop_assert_eq!(Username::new(&text), Ok(name));
        }
    }

    #[test]
    fn content_is_clean_whatever_comes_in(text in any::<String>()) {
        if let Ok(draft) = DraftContent::new(&text) {
            let clean = draft.as_str();
            prop_assert_eq!(clean.trim(), clean);
            prop_assert!(!clean.chars().any(|c| c.is_control() && c != '\n'));
        }
    }
}
