//! Queries against messages.

use super::*;

fn candidate(text: &str) -> Candidate<'_> {
    Candidate {
        text,
        author: "bob",
        rank: Rank::User,
        is_own: false,
        is_mention: false,
        is_deleted: false,
        is_reply: false,
    }
}

#[track_caller]
fn check(query: &str, candidate: &Candidate<'_>, expected: bool) {
    let mut parsed = Query::parse(query).unwrap();
    assert_eq!(
        parsed.matches(candidate),
        expected,
        "{query} in {candidate:?}"
    );
}

#[test]
fn all_words_must_occur_folded() {
    let message = candidate("That JUMP was\ninsane, Zoë – ｆｒｅｅ money");
    for (query, expected) in [
        ("jump", true),
        ("jump insane", true),
        ("jump slow", false),
        ("zoe", true),
        ("ZÖE", true),
        ("free", true),
        ("ree", true),
        ("\"jump was insane\"", true),
        ("\"was jump\"", false),
        ("\"jump was", true),
        ("“jump  was” insane", true),
        ("\"jump\"insane", true),
        ("-jump", false),
        ("-slow", true),
        ("jump -slow", true),
        ("jump -insane", false),
        ("-\"was jump\"", true),
        ("\"-\"", false),
        ("12:30", false),
        ("http://x", false),
    ] {
        check(query, &message, expected);
    }
    check("раураl", &candidate("paypal"), false);
}

#[test]
fn people_and_states() {
    let mut message = candidate("see cheap.shop");
    for (query, expected) in [
        ("from:bob", true),
        ("FROM:@Bob", true),
        ("from:ＢＯＢ see", true),
        ("from:eve", false),
        ("-from:bob", false),
        ("-from:eve", true),
        ("has:link", true),
        ("-has:link", false),
        ("is:mod", false),
        ("is:vip", false),
        ("is:me", false),
        ("is:mention", false),
        ("is:deleted", false),
        ("-is:deleted", true),
        ("is:reply", false),
    ] {
        check(query, &message, expected);
    }
    message.rank = Rank::Administrator;
    message.is_own = true;
    message.is_mention = true;
    message.is_deleted = true;
    message.is_reply = true;
    check(
        "is:mod is:me is:mention is:deleted is:reply",
        &message,
        true,
    );
    check("is:vip", &message, false);
    message.rank = Rank::Vip;
    check("is:vip -is:mod", &message, true);
}

#[test]
fn expressions_are_between_slashes() {
    let message = candidate("see example.org/a/b now");
    check(r"/ex\w+\.ORG/", &message, true);
    check(r"/org\/a\/b now/", &message, true);
    check("/a/b/ see", &message, true);
    check("-/zzz/ see", &message, true);
    check("/^see/ /now$/", &message, true);
    check("/^now/", &message, false);
}

#[test]
fn what_is_no_query_says_what_would_be_right() {
    let all = "is:mod, is:vip, is:me, is:mention, is:deleted, is:reply";
    for (query, expected) in [
        (
            "  ",
            "what to look for? words, from:NAME, is:mod, has:link, /regex/, -not".to_owned(),
        ),
        ("from:", "whose messages? write from:NAME".to_owned()),
        ("from:a\u{7}b", "a\u{fffd}b can't contain a control character (U+0007)".to_owned()),
        ("is:modd", format!("is:modd is not known; there are {all}")),
        ("gg is:", format!("is: is not known; there are {all}")),
        ("has:video", "has:video is not known; there is has:link".to_owned()),
        (
            "a - b",
            "`-` leaves nothing out: write -word, or \"-\" for the sign itself".to_owned(),
        ),
        ("\" \"", "there is nothing between the quotation marks".to_owned()),
        (
            "/who x",
            "the regular expression has no end: write /regex/, or \"/who\" for the text itself"
                .to_owned(),
        ),
        (
            "gg /a(b/",
            r"the regular expression is wrong at its character 2: the group is not closed; \( is the sign itself"
                .to_owned(),
        ),
        ("\u{200b}", "nothing of U+200B can be seen".to_owned()),
    ] {
        assert_eq!(Query::parse(query).unwrap_err(), expected, "{query:?}");
    }
    assert!(Query::parse(&"a ".repeat(31)).unwrap_err().contains("30"));
    assert!(Query::parse(&"a".repeat(501)).unwrap_err().contains("500"));
}

#[test]
fn one_author_is_known() {
    let author = |query: &str| {
        let query = Query::parse(query).unwrap();
        query.author().map(|author| author.key().to_owned())
    };
    assert_eq!(author("gg from:Bob -from:eve"), Some("bob".to_owned()));
    assert_eq!(author("gg -from:eve"), None);
}

proptest::proptest! {
    #[test]
    fn nothing_that_is_typed_breaks_it(query in r#"[ "“/\\()\[*a-é:0-is fromhaslink-]{0,40}"#, text in "\\PC{0,60}") {
        if let Ok(mut query) = Query::parse(&query) {
            query.matches(&candidate(&text));
        }
    }
}
