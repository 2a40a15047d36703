//! What is hidden stays hidden; each use is counted once, on both engines.

use std::sync::Arc;

use kernel::actor::{Actor, Role};
use kernel::db::Tx;
use kernel::id::Id;
use kernel::org::{self, Org};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{Client, TestDb, actor, databases, id, platform};
use kernel::time::Utc;
use proptest::prelude::*;

use super::rules::{By, Counted, Measure, Month, Report, protect};
use super::{gather, store};
use crate::rules::Terminal;
use crate::store::Use;

/// Every value that each hidden count may have: those that are at least 1 and sum up to what is missing.
fn possible(number: usize, missing: i64) -> Vec<std::collections::BTreeSet<i64>> {
    fn fill(
        made: &mut Vec<i64>,
        number: usize,
        missing: i64,
        seen: &mut [std::collections::BTreeSet<i64>],
    ) {
        if made.len() + 1 == number {
            made.push(missing);
            made.iter().zip(seen.iter_mut()).for_each(|(value, seen)| _ = seen.insert(*value));
            made.pop();
            return;
        }
        for value in 1..=missing - (number - made.len() - 1) as i64 {
            made.push(value);
            fill(made, number, missing - value, seen);
            made.pop();
        }
    }
    let mut seen = vec![std::collections::BTreeSet::new(); number];
    fill(&mut Vec::new(), number, missing, &mut seen);
    seen
}

proptest! {
    /// Art. 19: whoever subtracts all that is shown from the total learns of no hidden figure even whether
    /// it is below the least.
    #[test]
    fn what_is_hidden_cannot_be_computed_from_the_total(
        counts in prop::collection::vec(0i64..9, 0..6),
        least in 3i64..6,
    ) {
        let Some(hidden) = protect(&counts, least) else { return Ok(()) };
        let pairs = || counts.iter().zip(&hidden);
        prop_assert!(pairs().all(|(count, hidden)| *hidden || *count == 0 || *count >= least));
        prop_assert!(pairs().all(|(count, hidden)| !*hidden || *count > 0), "a 0 is no secret");
        let number = hidden.iter().filter(|hidden| **hidden).count();
        let missing = pairs().filter(|(_, hidden)| **hidden).map(|(count, _)| count).sum();
        if number > 0 {
            for values in possible(number, missing) {
                prop_assert!(values.contains(&1) && values.contains(&least), "{values:?}");
            }
        }
    }

    #[test]
    fn figures_that_are_all_great_enough_are_all_shown(
        counts in prop::collection::vec(10i64..1_000, 0..40),
    ) {
        prop_assert_eq!(protect(&counts, 10), Some(vec![false; counts.len()]));
    }

    /// Items are protected within their field, and those of a hidden field are not named.
    #[test]
    fn items_add_up_to_no_hidden_field(
        counts in prop::collection::vec((0usize..4, 1i64..40), 1..14),
    ) {
        let line = |(place, (field, n)): (usize, &(usize, i64))| {
            (format!("f{field}"), format!("f{field}-{place}"), *n)
        };
        let items = counts.iter().enumerate().map(line).collect();
        let report = Report::of(&Counted { items, ..Counted::default() }, 10);
        let cells = |by| report.tables.iter().filter(move |t| t.by == by).flat_map(|t| &t.cells);
        for item in cells(By::Item) {
            let field = cells(By::Field).find(|f| item.key.starts_with(&format!("{}-", f.key)));
            prop_assert!(field.is_some_and(|field| field.count.is_some()));
            prop_assert!(item.count.is_none_or(|n| n >= 10));
        }
        for field in cells(By::Field).filter(|field| field.count.is_some()) {
            let prefix = format!("{}-", field.key);
            let of_field: Vec<_> = cells(By::Item).filter(|i| i.key.starts_with(&prefix)).collect();
            let shown: i64 = of_field.iter().filter_map(|item| item.count).sum();
            let hidden = of_field.iter().filter(|item| item.count.is_none()).count() as i64;
            let missing = field.count.unwrap_or_default() - shown;
            prop_assert!(of_field.is_empty() || hidden == 0 || missing - hidden >= 9);
        }
    }
}

#[test]
fn a_small_figure_takes_the_smallest_great_one_with_it() {
    assert_eq!(protect(&[5, 300, 20], 10), Some(vec![true, false, true]));
    assert_eq!(protect(&[5, 0], 10), None, "alone it cannot be hidden");
    assert_eq!(protect(&[1; 10], 10), None, "ten ones with the sum ten are no secret");
    assert_eq!(protect(&[], 10), Some(Vec::new()));
}

#[test]
fn a_month_that_is_too_small_says_nothing() {
    let few = vec![("culture".to_owned(), "CQ-CU-001".to_owned(), 9)];
    let report = Report::of(&Counted { items: few, ..Counted::default() }, 10);
    assert_eq!((report.total, report.tables.len()), (None, 0));
}

struct House {
    app: App,
    terminals: [Id; 2],
    _db: TestDb,
}

async fn houses(name: &str) -> Vec<House> {
    let mut houses = Vec::new();
    for db in databases(name) {
        let schema = [
            kernel::MIGRATIONS,
            people::MIGRATIONS,
            cards::MIGRATIONS,
            items::MIGRATIONS,
            crate::MIGRATIONS,
            super::MIGRATIONS,
        ];
        let app = platform(&db, &schema).await;
        let (terminals, clock) = ([id(), id()], app.clone());
        let owner = id();
        let done = app.db.housekeeping(move |tx| {
            items::seed::seed(tx, &|| clock.id(), &|_| owner, Utc::now())?;
            for (terminal, division) in terminals.iter().zip(["500112", "500103"]) {
                add_terminal(tx, *terminal, division)?;
            }
            Ok::<_, Problem>(())
        });
        done.await.expect("made");
        houses.push(House { app, terminals, _db: db });
    }
    houses
}

fn add_terminal(tx: &mut Tx<'_>, terminal: Id, division: &str) -> Result<(), Problem> {
    let org = Org {
        id: id(),
        credit_code: None,
        name_zh: "图书馆".to_owned(),
        name_en: "Library".to_owned(),
        kind: "venue".to_owned(),
        division: division.to_owned(),
        parent: None,
    };
    org::add(tx, &org, Utc::now())?;
    let known = Terminal {
        channel: None,
        division: String::new(),
        place: "入口".to_owned(),
        items: Vec::new(),
        blocked: false,
    };
    Ok(crate::store::insert_terminal(tx, terminal, org.id, &known, Utc::now())?)
}

impl House {
    /// A use that is asked for now.
    async fn use_card(&self, item: &str, version: i64, terminal: usize, result: &str) {
        let used = Use {
            person: id(),
            id: self.app.id(),
            at: Utc::now(),
            item: item.to_owned(),
            item_version: version,
            item_zh: String::new(),
            item_en: String::new(),
            terminal: self.terminals[terminal],
            place: String::new(),
            credential: [1; 8],
            counter: None,
            result: result.to_owned(),
        };
        let done = self.app.db.housekeeping(move |tx| {
            crate::store::insert_uses(tx, std::slice::from_ref(&used)).map(drop)
        });
        done.await.expect("entered");
    }

    async fn gather(&self) -> usize {
        gather(&self.app, Utc::now().plus_seconds(1)).await.expect("counted")
    }

    async fn counted(&self, measure: Measure) -> Counted {
        let month = Month::of(Utc::now().day());
        let read =
            self.app.db.read(move |tx| Ok::<_, Problem>(store::counted(tx, month, measure)?));
        read.await.expect("read")
    }
}

fn sum(counted: &Counted) -> [i64; 4] {
    let of = |pairs: &[(String, i64)]| pairs.iter().map(|(_, n)| n).sum::<i64>();
    let items = counted.items.iter().map(|(_, _, n)| n).sum::<i64>();
    [items, of(&counted.districts), of(&counted.hours), of(&counted.days)]
}

#[tokio::test]
async fn each_use_is_counted_once_however_often_and_by_how_many_it_is_gathered() {
    for house in houses("figures_once").await {
        for _ in 0..7 {
            house.use_card("CQ-CU-001", 1, 0, "ok").await;
        }
        house.use_card("CQ-CU-001", 1, 1, "codes/expired").await;
        house.use_card("any words at all", 0, 1, "codes/item-not-listed").await;
        let (one, other) = tokio::join!(house.gather(), house.gather());
        assert_eq!(one + other, 9);
        assert_eq!(house.gather().await, 0);
        house.use_card("CQ-TR-001", 1, 1, "ok").await;
        assert_eq!(house.gather().await, 1);
        let accepted = house.counted(Measure::Accepted).await;
        assert_eq!(sum(&accepted), [8; 4], "every division has the same total");
        assert_eq!(accepted.districts, [("500103".to_owned(), 1), ("500112".to_owned(), 7)]);
        let line = |field: &str, item: &str, n| (field.to_owned(), item.to_owned(), n);
        let items = [line("culture", "CQ-CU-001", 7), line("transport", "CQ-TR-001", 1)];
        assert_eq!(accepted.items, items);
        let refused = house.counted(Measure::Refused).await;
        let items = [line("", "", 1), line("culture", "CQ-CU-001", 1)];
        assert_eq!(refused.items, items, "what a terminal invents is no line of its own");
    }
}

#[tokio::test]
async fn a_use_that_may_not_be_durable_yet_waits() {
    for house in houses("figures_settled").await {
        house.use_card("CQ-CU-001", 1, 0, "ok").await;
        let settled = Utc::now().plus_seconds(-60);
        assert_eq!(gather(&house.app, settled).await.expect("counted"), 0);
        assert_eq!(house.gather().await, 1);
    }
}

fn router(house: &House) -> axum::Router {
    kernel::http::build(house.app.clone(), super::routes().share(Arc::new(()))).router
}

#[tokio::test]
async fn the_office_sees_months_with_small_figures_hidden_in_page_and_files() {
    for house in houses("figures_pages").await {
        for (item, times) in [("CQ-CU-001", 40), ("CQ-TR-001", 12), ("CQ-HE-001", 3)] {
            for _ in 0..times {
                house.use_card(item, 1, 0, "ok").await;
            }
        }
        house.gather().await;
        let router = router(&house);
        let reader: Actor = actor(Role::MunicipalOfficer);
        let mut office = Client::signed_in(&router, &house.app, &reader).await;
        let page = office.get("/office/uses").await.text();
        assert!(page.contains("id=\"total\">55<") && page.contains("<svg"), "{page}");
        assert!(page.contains(">40<") && page.contains("不显示 (&#60;10*)"), "{page}");
        let json = office.get("/office/uses.json").await.json();
        let fields = json["tables"][0]["lines"].as_array().expect("lines").clone();
        let count = |key: &str| fields.iter().find(|f| f["key"] == key).map(|f| f["count"].clone());
        assert_eq!(count("culture"), Some(40.into()));
        assert_eq!(count("health"), Some(serde_json::Value::Null), "too small");
        assert_eq!(count("transport"), Some(serde_json::Value::Null), "would give it away");
        let csv = office.get("/office/uses.csv").await.text();
        assert!(csv.contains(",total,,") && csv.contains("55") && !csv.contains("CQ-HE-001"));
        assert_eq!(office.get("/office/uses?month=soon").await.status, 422);
        let mut stranger = Client::new(&router);
        assert_eq!(stranger.get("/office/uses.json").await.status, 303);
        let month = Month::of(Utc::now().day());
        let running = stranger.get(&format!("/uses?month={month}")).await;
        assert_eq!(running.status, 404, "everybody sees months that are over");
        let open = stranger.get("/open/uses.json").await.json();
        assert!(open["total"].is_null() && open["tables"] == serde_json::json!([]));
        assert!(stranger.get("/uses").await.text().contains("不显示"));
    }
}
