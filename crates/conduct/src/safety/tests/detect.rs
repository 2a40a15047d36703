//! The rules on labelled days, and on the real streams of both engines.

use kernel::actor::Role;
use kernel::db::v;
use kernel::journal::{self, Entry};
use kernel::testing::actor;
use kernel::time::Utc;

use super::house::{ITEM, Town, code_of, terminal, towns};
use crate::safety::detect::measure::Labelled;
use crate::safety::detect::rules::{Kind, Rule, detect};
use crate::safety::detect::{queue, run};

/// Each rule finds most of its frauds and reports little else; a rule that is off finds nothing.
#[test]
fn each_rule_is_good_enough_on_labelled_days() {
    let rules: Vec<Rule> = Kind::ALL.into_iter().map(Rule::new).collect();
    for seed in [20, 21, 22] {
        let day = Labelled::day(seed, 3_000);
        for one in day.measure(&rules) {
            let least = if one.kind == Kind::AccountChange { 75 } else { 80 };
            assert!(one.precision() >= least, "seed {seed}: {one:?}");
            assert!(one.recall() >= 80, "seed {seed}: {one:?}");
        }
        let measured = day.measure(&rules);
        let imperfect = measured.iter().filter(|one| one.false_alarms + one.misses > 0);
        assert!(imperfect.count() >= 4, "the days are too easy");
        let off: Vec<Rule> =
            rules.iter().map(|rule| Rule { is_on: false, ..rule.clone() }).collect();
        assert!(detect(&off, &day.events, |_| true).is_empty());
    }
}

/// A stream that is looked at in two parts, with its memory read again, finds the same as in one.
#[test]
fn what_is_found_does_not_depend_on_where_the_cursor_stood() {
    let rules: Vec<Rule> = Kind::ALL.into_iter().map(Rule::new).collect();
    let day = Labelled::day(5, 800);
    let whole = detect(&rules, &day.events, |_| true);
    for cut in [10, 500, 1_500, day.events.len() / 2] {
        let at = day.events[cut].at;
        let before: Vec<_> = day.events[..cut].to_vec();
        let since = at.plus_seconds(-3_600);
        let after: Vec<_> = day.events.iter().filter(|one| one.at >= since).cloned().collect();
        let last = day.events[cut - 1].id;
        let mut parts = detect(&rules, &before, |_| true);
        parts.extend(detect(&rules, &after, |event| event.id > last));
        assert_eq!(parts, whole, "cut at {cut}");
    }
}

async fn used(town: &Town, terminal: kernel::id::Id, ago_s: i64) {
    let (id, person, item) = (town.app.id(), town.person, ITEM.to_owned());
    let at = Utc::now().plus_seconds(-ago_s);
    town.change(move |tx| {
        let sql = "INSERT INTO card_use (person_id, id, at, item_code, item_version, item_name_zh,
                       item_name_en, terminal_id, place, credential, result)
                   VALUES ($1, $2, $3, $4, 1, '', '', $5, '', $6, 'ok')";
        let none: &[u8] = &[];
        tx.execute(sql, &[v(person), v(id), v(at), v(&item), v(terminal), v(none)])
    })
    .await;
}

/// From two uses far apart to an alert, once; a rule that may freezes for a time, and an officer's word
/// becomes the rule's precision.
#[tokio::test]
async fn an_alert_is_raised_once_frozen_if_allowed_and_closed_with_a_word() {
    for town in towns("safety_detect").await {
        let (app, officer) = (&town.app, actor(Role::MunicipalOfficer));
        let far = terminal(app, "500230").await;
        let params = [("urban_minutes", 10), ("far_minutes", 40)];
        let params: std::collections::BTreeMap<String, i64> =
            params.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let kind = Kind::ImpossibleTravel;
        let wrong = queue::tune(app, &officer, kind, (true, true), Default::default()).await;
        assert_eq!(code_of(wrong), "alerts/bad-number");
        queue::tune(app, &officer, kind, (true, true), params).await.expect("tuned");
        used(&town, town.terminal.account, 600).await;
        used(&town, far.account, 300).await;
        let until = || Utc::now().plus_seconds(1);
        assert_eq!(run::round_at(app, until()).await.expect("a round"), 1, "{}", town.engine);
        assert_eq!(run::round_at(app, until()).await.expect("a round"), 0, "each once");
        assert_eq!(town.read_card().await, "codes/frozen", "the rule was allowed to");
        let alerts = queue::list(app, &officer, true).await.expect("read");
        let [alert] = alerts.as_slice() else { panic!("{alerts:?}") };
        assert_eq!((alert.kind, alert.rule_version, alert.person), (kind, 1, Some(town.person)));
        let mut desk = town.browser(&officer).await;
        let page = desk.get(&format!("/office/alerts/{}", alert.id)).await.text();
        assert!(page.contains(&format!("/office/cases/new?from=alert:{}", alert.id)));
        assert!(page.contains(&format!("/office/freezes?person={}", town.person)));
        let path = format!("/office/alerts/{}/close", alert.id);
        let form = [("disposition", "false"), ("note", "本人乘高铁出行")];
        assert_eq!(desk.post_form(&path, &form).await.status, 303);
        assert_eq!(desk.post_form(&path, &form).await.status, 409, "closed is closed");
        let rules = queue::rules(app).await.expect("read");
        let (_, record) = rules.iter().find(|(rule, _)| rule.kind == kind).expect("there");
        assert_eq!((record.precision(), record.open), (Some(0), 0));
        assert!(desk.get("/office/alert-rules").await.text().contains("异地连续用卡"));
        assert_eq!(desk.get("/office/alert-rules/impossible-travel").await.status, 200);
        assert_eq!(desk.get("/office/alert-rules/nonsense").await.status, 404);
        assert_eq!(desk.get("/office/alerts?view=all").await.status, 200);
    }
}

/// Nobody handles an alert about himself (Art. 25).
#[tokio::test]
async fn staff_who_read_at_night_do_not_close_their_own_alert() {
    for town in towns("safety_night").await {
        let (app, officer) = (&town.app, actor(Role::MunicipalOfficer));
        let hours = [("reads", 2), ("from_hour", 0), ("to_hour", 0)];
        let mut params: std::collections::BTreeMap<String, i64> =
            hours.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let now = (Utc::now().seconds() + 8 * 3_600).rem_euclid(86_400) / 3_600;
        params.insert("from_hour".to_owned(), now);
        params.insert("to_hour".to_owned(), (now + 2) % 24);
        queue::tune(app, &officer, Kind::OffHours, (true, false), params).await.expect("tuned");
        for _ in 0..3 {
            let entry = Entry::new(app.id(), Utc::now(), &officer, "person.read", "Art. 11");
            town.change(move |tx| journal::record(tx, &entry)).await;
        }
        run::round_at(app, Utc::now().plus_seconds(1)).await.expect("a round");
        let alerts = queue::list(app, &officer, true).await.expect("read");
        let [alert] = alerts.as_slice() else { panic!("{alerts:?}") };
        assert_eq!((alert.kind, alert.times), (Kind::OffHours, 2), "{}", town.engine);
        let own = queue::close(app, &officer, alert.id, "false", "正常工作").await;
        assert_eq!(code_of(own), "alerts/about-self");
        let other = actor(Role::MunicipalApprover);
        let done = queue::close(app, &other, alert.id, "unclear", "待核实").await;
        assert_eq!(code_of(done), "ok");
    }
}

/// The table in `docs/safety.md`; run with `--nocapture` to see it.
#[test]
fn the_documents_tell_what_is_measured() {
    let rules: Vec<Rule> = Kind::ALL.into_iter().map(Rule::new).collect();
    let mut lacking = Vec::new();
    let document = include_str!("../../../../../docs/safety.md");
    for one in crate::safety::detect::measure::report(&rules) {
        let (code, hits) = (one.kind.code(), one.hits);
        let (precision, recall) = (one.precision(), one.recall());
        let (wrong, missed) = (one.false_alarms, one.misses);
        let row =
            format!("| `{code}` | {precision} % | {recall} % | {hits} | {wrong} | {missed} |");
        println!("{row}");
        lacking.extend((!document.contains(&row)).then_some(row));
    }
    assert!(lacking.is_empty(), "docs/safety.md lacks {lacking:#?}");
}
