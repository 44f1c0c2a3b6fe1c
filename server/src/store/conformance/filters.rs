//! Patterns: stored as they are changed, each room's for itself.

use super::*;
use crate::domain::filter::{Action, Change, Kind, Pattern};
use crate::store::filters::{Filters, Outline};

conforms!(what_is_changed_is_what_is_loaded);

async fn what_is_changed_is_what_is_loaded(store: &dyn Store) {
    let filters: &dyn Filters = store;
    let room = room("r");
    let pattern = |text: &str, kind, reason: Option<&str>| Pattern {
        text: text.to_owned(),
        kind,
        action: match reason {
            Some(_) => Action::Hold,
            None => Action::Refuse,
        },
        reason: reason.map(str::to_owned),
        flaw: None,
    };
    let mut expected = Vec::new();
    for change in [
        Change::Add(pattern("bad", Kind::Word, None)),
        Change::Add(pattern("a+b", Kind::Regex, Some("no sums"))),
        Change::Add(pattern("bad", Kind::Regex, Some("it is bad"))),
        Change::Remove("a+b".to_owned()),
    ] {
        change_filter(store, &room, &change, "ann", 5)
            .await
            .unwrap();
        expected = change.apply(expected).unwrap();
        expected.sort_by(|one, other| one.text.cmp(&other.text));
        assert_eq!(filters.load(&room).await.unwrap(), expected, "{change:?}");
        let outline = filters.outline(&room).await.unwrap();
        assert_eq!(outline, Outline::of(&expected), "{change:?}");
    }
    let elsewhere = super::room("s");
    assert_eq!(filters.load(&elsewhere).await.unwrap(), []);
    let told = [
        "addFilter bad",
        "addFilter a+b",
        "addFilter bad",
        "removeFilter a+b",
    ];
    assert_eq!(audit(store, Some(&room)).await, told);
}
