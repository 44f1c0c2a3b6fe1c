//! A running room's patterns: what can't be used of those that are stored, and one budget for all
//! rooms.

use rusqlite::params;

use super::*;
use crate::domain::filter::{Action, FilterError, Kind, PATTERN_CHARS, PATTERNS, REGEXES};
use crate::store::conformance::change_filter;
use crate::store::rounds::Rounds;
use crate::store::sqlite::SqliteStore;
use crate::store::sqlite::database::{Database, Durability};

struct Bench {
    database: Arc<Database>,
    store: Arc<SqliteStore>,
    _directory: tempfile::TempDir,
}

fn bench() -> Bench {
    let directory = tempfile::tempdir().unwrap();
    let database = Arc::new(Database::open(directory.path(), Durability::Full).unwrap());
    Bench {
        store: Arc::new(SqliteStore::new(Arc::clone(&database))),
        database,
        _directory: directory,
    }
}

fn room(number: usize) -> RoomName {
    RoomName::new(&format!("room{number}")).unwrap()
}

fn pattern(text: &str, kind: Kind) -> Pattern {
    Pattern {
        text: text.to_owned(),
        kind,
        action: Action::Refuse,
        reason: None,
        flaw: None,
    }
}

impl Bench {
    /// Writes what no server would.
    async fn write(&self, rows: Vec<(String, &'static str, &'static str)>) {
        let write = move |connection: &rusqlite::Connection| {
            connection.execute_batch("DROP TRIGGER IF EXISTS filters_inserted")?;
            rows.iter().try_for_each(|(pattern, kind, action)| {
                let insert = "INSERT INTO filters (room, pattern, kind, action)
                     VALUES ('room0', ?1, ?2, ?3)";
                connection
                    .execute(insert, params![pattern, kind, action])
                    .map(drop)
            })
        };
        self.database.write(write).await.unwrap();
    }

    async fn open(&self) -> RoomFilter {
        let filters = RoomFilters::new(self.store.clone());
        filters.open(&room(0)).await.unwrap()
    }
}

impl RoomFilter {
    /// Stores a change by `by` at `now`, and lets it hold, as a room does.
    pub(crate) async fn change(
        &mut self,
        store: &dyn Rounds,
        change: &Change,
        by: &str,
        now: u64,
    ) -> Result<(), FiltersError> {
        let prepared = self.prepare(change).await?;
        change_filter(store, &self.room, change, by, now).await?;
        self.put_in_effect(prepared);
        Ok(())
    }
}

async fn flaws(filter: &mut RoomFilter) -> Vec<(String, FilterError)> {
    let patterns = filter.list().await.unwrap().into_iter();
    patterns
        .filter_map(|one| Some((one.text, one.flaw?)))
        .collect()
}

async fn finds(filter: &mut RoomFilter, text: &str) -> Option<String> {
    filter.find(text).await.unwrap().map(|found| found.text)
}

#[tokio::test]
async fn what_cannot_be_used_any_more_is_out_of_force_and_all_else_holds() {
    let bench = bench();
    let long = "x".repeat(PATTERN_CHARS + 1);
    bench
        .write(vec![
            ("bad".to_owned(), "word", "refuse"),
            ("wa+it".to_owned(), "regex", "hold"),
            ("odd".to_owned(), "word", "shout"),
            ("(".to_owned(), "regex", "refuse"),
            (r"(a)\1".to_owned(), "regex", "refuse"),
            ("x*".to_owned(), "regex", "refuse"),
            (r"(\w{90}){90}".to_owned(), "regex", "refuse"),
            ("b*d".to_owned(), "glob", "refuse"),
            ("a\tb".to_owned(), "word", "refuse"),
            ("\u{200b}".to_owned(), "word", "refuse"),
            (long.clone(), "word", "refuse"),
        ])
        .await;
    let mut filter = bench.open().await;
    for (text, expected) in [
        ("so bad", Some("bad")),
        ("waaait", Some("wa+it")),
        // What becomes of it is not known, so it does not pass.
        ("odd", Some("odd")),
        ("fine (aa) x b*d a b", None),
        (&long, None),
    ] {
        let found = finds(&mut filter, text).await;
        assert_eq!(found.as_deref(), expected, "{text}");
    }
    let broken = flaws(&mut filter).await;
    let mut texts: Vec<&str> = broken.iter().map(|(text, _)| text.as_str()).collect();
    texts.sort_unstable();
    let mut expected = [
        "(",
        r"(a)\1",
        "x*",
        r"(\w{90}){90}",
        "b*d",
        "a\tb",
        "\u{200b}",
        &long,
    ];
    expected.sort_unstable();
    assert_eq!(texts, expected);
    // They hinder no change, and can be removed and replaced.
    let add = Change::Add(pattern("worse", Kind::Word));
    filter.change(&*bench.store, &add, "ann", 1).await.unwrap();
    let again = Change::Add(pattern("(", Kind::Word));
    filter
        .change(&*bench.store, &again, "ann", 1)
        .await
        .unwrap();
    for text in ["x*", "b*d", &long] {
        let remove = Change::Remove(text.to_owned());
        filter
            .change(&*bench.store, &remove, "ann", 1)
            .await
            .unwrap();
    }
    for mut filter in [filter, bench.open().await] {
        assert_eq!(finds(&mut filter, "worse").await.as_deref(), Some("worse"));
        assert_eq!(finds(&mut filter, "oh (").await.as_deref(), Some("("));
        assert_eq!(flaws(&mut filter).await.len(), 4);
    }
}

#[tokio::test]
async fn of_too_many_stored_patterns_the_first_ones_hold() {
    let bench = bench();
    let rows = (0..=PATTERNS).map(|number| (format!("w{number:03}"), "word", "refuse"));
    let expressions = (0..=REGEXES).map(|number| (format!("a{number:02}+"), "regex", "refuse"));
    bench.write(expressions.chain(rows).collect()).await;
    let mut filter = bench.open().await;
    assert_eq!(finds(&mut filter, "a00").await.as_deref(), Some("a00+"));
    assert_eq!(finds(&mut filter, "a50").await, None);
    assert_eq!(finds(&mut filter, "w448").await.as_deref(), Some("w448"));
    assert_eq!(finds(&mut filter, "w449").await, None);
    let broken = flaws(&mut filter).await;
    assert_eq!(broken.len(), 2 + PATTERNS - 449);
    assert_eq!(broken[0], ("a50+".to_owned(), FilterError::TooManyRegexes));
    let more = Change::Add(pattern("more", Kind::Word));
    let refused = filter
        .change(&*bench.store, &more, "ann", 1)
        .await
        .unwrap_err();
    assert!(matches!(
        refused,
        FiltersError::Refused(FilterError::TooMany)
    ));
    let fewer = Change::Remove("a50+".to_owned());
    filter
        .change(&*bench.store, &fewer, "ann", 1)
        .await
        .unwrap();
}

#[tokio::test]
async fn of_expressions_that_are_too_large_together_the_first_ones_hold() {
    let bench = bench();
    let rows = (1..REGEXES).map(|number| (format!("x{number:02}[a-z]{{190}}"), "regex", "refuse"));
    bench.write(rows.collect()).await;
    let mut filter = bench.open().await;
    let long = format!("x01{}", "q".repeat(190));
    assert!(finds(&mut filter, &long).await.is_some());
    let broken = flaws(&mut filter).await;
    assert!((1..REGEXES - 1).contains(&broken.len()), "{}", broken.len());
    assert_eq!(broken.last().unwrap().1, FilterError::TooLarge);
    let more = Change::Add(pattern("a+b", Kind::Regex));
    let refused = filter
        .change(&*bench.store, &more, "ann", 1)
        .await
        .unwrap_err();
    assert!(matches!(
        refused,
        FiltersError::Refused(FilterError::TooLarge)
    ));
}

#[tokio::test]
async fn all_rooms_share_one_budget_and_every_message_is_looked_at() {
    const ROOMS: usize = 12;
    let bench = bench();
    let add = |number| Change::Add(pattern(&format!("bad{number}"), Kind::Word));
    let for_one = Filter::compile(vec![pattern("bad00", Kind::Word)]).unwrap();
    let budget = 4 * for_one.bytes();
    let filters = RoomFilters::within(bench.store.clone(), budget);
    let cache = &filters.workers.for_compiling(Outline::default()).cache;
    let mut rooms = Vec::new();
    for number in 0..ROOMS {
        let mut filter = filters.open(&room(number)).await.unwrap();
        filter
            .change(&*bench.store, &add(number), "ann", 1)
            .await
            .unwrap();
        rooms.push(filter);
        assert!(cache.bytes() <= budget);
    }
    for _ in 0..3 {
        for (number, filter) in rooms.iter_mut().enumerate() {
            let bad = format!("bad{number}");
            assert_eq!(finds(filter, &bad).await, Some(bad));
            assert_eq!(finds(filter, "fine").await, None);
            assert_eq!(filter.list().await.unwrap().len(), 1);
            assert!(cache.bytes() <= budget);
        }
    }
    assert!(cache.bytes() > 0);
    drop(rooms);
    assert_eq!(cache.bytes(), 0);
}

#[tokio::test]
async fn a_look_that_takes_long_is_taken_elsewhere_and_finds_the_same() {
    let bench = bench();
    let mut filter = bench.open().await;
    for text in ["(a?b?){200}(c|d){20}", r"[ab]*a[ab]{18}e"] {
        let add = Change::Add(pattern(text, Kind::Regex));
        filter.change(&*bench.store, &add, "ann", 1).await.unwrap();
    }
    for length in [10, 400, 499] {
        let text = "ab".repeat(length / 2);
        let workers = Arc::clone(&filter.all.workers);
        let both = [workers.for_matching(1), workers.for_matching(usize::MAX)];
        assert_eq!(finds(&mut filter, &text).await, None);
        let found = finds(&mut filter, &format!("{text}{}", "c".repeat(20))).await;
        assert_eq!(found.as_deref(), Some("(a?b?){200}(c|d){20}"));
        assert!(!std::ptr::eq(both[0], both[1]));
    }
}

#[tokio::test]
async fn where_the_store_fails_nothing_passes_unseen() {
    let bench = bench();
    let mut filter = bench.open().await;
    let add = Change::Add(pattern("bad", Kind::Word));
    filter.change(&*bench.store, &add, "ann", 1).await.unwrap();
    let mut filter = bench.open().await;
    bench.database.close();
    let failed = filter.find("bad").await;
    assert!(matches!(failed, Err(FiltersError::Unavailable(_))));
}
