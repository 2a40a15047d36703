//! From a refusal at a counter to its closed case, on both engines.

use std::sync::Arc;

use kernel::actor::{Actor, Role};
use kernel::db::v;
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{Client, TestDb, actor, databases, id, platform};
use kernel::time::{Utc, day_text};
use proptest::prelude::*;
use time::Duration;

use super::rules::{self, Act, State, Telling};
use super::store::{self, Filter, Report};
use super::{act, find_unserved, tell};

struct House {
    app: App,
    router: axum::Router,
    engine: &'static str,
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
            crate::figures::MIGRATIONS,
            super::MIGRATIONS,
        ];
        let app = platform(&db, &schema).await;
        let (clock, owner) = (app.clone(), id());
        let seeded = app
            .db
            .housekeeping(move |tx| items::seed::seed(tx, &|| clock.id(), &|_| owner, Utc::now()));
        seeded.await.expect("seeded");
        let routes = super::routes().share(Arc::new(()));
        let router = kernel::http::build(app.clone(), routes).router;
        houses.push(House { app, router, engine: db.engine, _db: db });
    }
    houses
}

fn refused_in_yubei() -> Telling {
    Telling {
        kind: "refused".to_owned(),
        item: "CQ-CU-001".to_owned(),
        place: "渝北区图书馆".to_owned(),
        division: "500112".to_owned(),
        day: day_text(Utc::now().day()),
        reason: "要求另办借书证".to_owned(),
    }
}

impl House {
    async fn reports(&self) -> Vec<Report> {
        let all = self
            .app
            .db
            .read(|tx| Ok::<_, Problem>(store::list(tx, &Filter::default(), Id(i64::MAX), 500)?));
        all.await.expect("read")
    }

    async fn act(&self, actor: &Actor, id: Id, what: Act) -> &'static str {
        act(&self.app, actor, id, what).await.err().map_or("ok", |problem| problem.code)
    }
}

fn answer(text: &str) -> Act {
    Act::Answer(text.to_owned())
}

/// Art. 25: a report is answered by whoever took it up, and closed by somebody else.
#[tokio::test]
async fn a_report_goes_its_way_and_nobody_closes_his_own_answer() {
    for house in houses("refusals_way").await {
        let holder = actor(Role::Holder);
        let id = tell(&house.app, Some(&holder), &refused_in_yubei()).await.expect("told");
        let (officer, approver) = (actor(Role::DistrictOfficer), actor(Role::MunicipalApprover));
        let elsewhere = Actor { division: "500103".to_owned(), ..actor(Role::DistrictOfficer) };
        assert_eq!(house.act(&elsewhere, id, Act::Take).await, "codes/report-of-another-district");
        assert_eq!(house.act(&officer, id, Act::Close).await, "codes/report-not-in-this-state");
        assert_eq!(house.act(&officer, id, Act::Take).await, "ok");
        assert_eq!(house.act(&approver, id, answer("x")).await, "codes/report-taken-by-another");
        assert_eq!(house.act(&officer, id, answer("  ")).await, "codes/report-answer-missing");
        assert_eq!(house.act(&officer, id, answer("已责令改正")).await, "ok");
        assert_eq!(house.act(&officer, id, Act::Close).await, "codes/report-own-answer");
        assert_eq!(house.act(&approver, id, Act::Return).await, "ok");
        assert_eq!(house.act(&officer, id, answer("已整改")).await, "ok");
        assert_eq!(house.act(&approver, id, Act::Close).await, "ok");
        let report = &house.reports().await[0];
        assert_eq!((report.state, report.answer.as_str()), (State::Closed, "已整改"));
        assert!(report.closed_at.is_some() && !report.overdue(report.due), "{}", house.engine);
    }
}

#[tokio::test]
async fn of_two_who_take_a_report_one_has_it() {
    for house in houses("refusals_race").await {
        let id = tell(&house.app, None, &refused_in_yubei()).await.expect("told");
        let (one, other) = (actor(Role::MunicipalOfficer), actor(Role::MunicipalOfficer));
        let both = tokio::join!(house.act(&one, id, Act::Take), house.act(&other, id, Act::Take));
        let mut codes = [both.0, both.1];
        codes.sort_unstable();
        assert_eq!(codes, ["codes/report-not-in-this-state", "ok"], "{}", house.engine);
    }
}

#[tokio::test]
async fn what_is_told_is_checked_by_field_and_nothing_is_kept_of_a_wrong_one() {
    for house in houses("refusals_fields").await {
        let clerk = actor(Role::Clerk);
        let tomorrow = day_text(Utc::now().day().saturating_add(Duration::days(1)));
        let good = refused_in_yubei;
        let wrong = [
            ("kind", Telling { kind: "unserved".to_owned(), ..good() }),
            ("item", Telling { item: "CQ-XX-404".to_owned(), ..good() }),
            ("place", Telling { place: " ".to_owned(), ..good() }),
            ("division", Telling { division: "999999".to_owned(), ..good() }),
            ("day", Telling { day: tomorrow, ..good() }),
            ("reason", Telling { reason: "长".repeat(501), ..good() }),
        ];
        for (field, telling) in wrong {
            let problem = tell(&house.app, Some(&clerk), &telling).await.expect_err(field);
            assert_eq!((problem.status, problem.fields[0].field.as_str()), (422, field));
        }
        let without = Telling { kind: "without-card".to_owned(), ..good() };
        let holder = actor(Role::Holder);
        assert!(tell(&house.app, Some(&holder), &without).await.is_err(), "only those who serve");
        assert!(house.reports().await.is_empty());
        tell(&house.app, Some(&clerk), &without).await.expect("the clerk may");
    }
}

#[tokio::test]
async fn an_item_that_nobody_serves_gets_one_case() {
    for house in houses("refusals_unserved").await {
        assert_eq!(find_unserved(&house.app).await.expect("looked"), 0, "they are new");
        let long_ago = day_text(Utc::now().day().saturating_add(Duration::days(-100)));
        let today = day_text(Utc::now().day());
        let age = house.app.db.housekeeping(move |tx| {
            let sql = "UPDATE item_version SET from_day = $1, published_at = 0
                       WHERE code IN ('CQ-CU-001', 'CQ-TR-001')";
            tx.execute(sql, &[v(&long_ago)])?;
            let sql =
                "INSERT INTO use_hour (day, hour, item_code, field, division, accepted, refused)
                       VALUES ($1, 9, 'CQ-TR-001', 'transport', '', 1, 0)";
            tx.execute(sql, &[v(&today)]).map(drop)
        });
        age.await.expect("made old");
        let newly = {
            let before = find_unserved(&house.app).await.expect("looked");
            (before, find_unserved(&house.app).await.expect("looked"))
        };
        assert_eq!(newly, (1, 0), "{}", house.engine);
        let reports = house.reports().await;
        assert_eq!((reports.len(), reports[0].item.as_str()), (1, "CQ-CU-001"));
    }
}

proptest! {
    /// Art. 25: whatever is tried in whatever order, nothing is closed without an answer by somebody else.
    #[test]
    fn no_way_leads_to_closed_without_anothers_answer(tried in prop::collection::vec((0u8..4, 0usize..3), 0..12)) {
        let people: Vec<Actor> = (0..3).map(|_| actor(Role::MunicipalOfficer)).collect();
        let (mut state, mut taken, mut answered) = (State::Open, None, None);
        for (what, who) in tried {
            let who = &people[who];
            let act = [Act::Take, answer("已改正"), Act::Close, Act::Return][usize::from(what)].clone();
            let Ok(next) = rules::follow(state, &act, who, taken, answered) else { continue };
            match act {
                Act::Take => taken = Some(who.account),
                Act::Answer(_) => answered = Some(who.account),
                Act::Close => prop_assert!(answered.is_some() && answered != Some(who.account)),
                Act::Return => answered = None,
            }
            state = next;
        }
    }
}

#[tokio::test]
async fn the_forms_and_the_page_of_supervision_work_without_script() {
    for house in houses("refusals_pages").await {
        let mut stranger = Client::new(&house.router);
        let told = refused_in_yubei();
        let form = |reason| {
            [
                ("kind", "refused"),
                ("item", "CQ-CU-001"),
                ("place", "渝北区图书馆"),
                ("division", "500112"),
                ("day", told.day.as_str()),
                ("reason", reason),
            ]
        };
        let sent = stranger.post_form("/refused", &form("要求另办借书证")).await;
        assert!(sent.status == 200 && sent.text().contains("已收到"), "{}", sent.text());
        let bad = stranger.post_form("/refused", &form("")).await;
        assert!(bad.status == 422 && bad.text().contains("reason-error"));
        let holder = actor(Role::Holder);
        let mut phone = Client::signed_in(&house.router, &house.app, &holder).await;
        let sent = phone.post_form("/me/refused", &form("不让刷卡")).await;
        assert!(sent.text().contains("我的反映") && sent.text().contains("不让刷卡"));
        let officer = actor(Role::DistrictOfficer);
        let mut office = Client::signed_in(&house.router, &house.app, &officer).await;
        let page = office.get("/office/refusals").await.text();
        assert!(page.contains("要求另办借书证") && page.contains("匿名"), "{page}");
        let open = house.reports().await[0].id;
        let path = format!("/office/refusals/{open}");
        assert_eq!(office.post_form(&path, &[("act", "shout")]).await.status, 422);
        assert_eq!(office.post_form(&path, &[("act", "take")]).await.status, 303);
        assert_eq!(office.post_form(&path, &[("act", "take")]).await.status, 409);
        let taken = office.get("/office/refusals?state=taken").await.text();
        assert!(taken.contains("不让刷卡") && !taken.contains("要求另办借书证"));
        let csv = office.get("/office/refusals.csv?kind=refused").await.text();
        assert_eq!(csv.matches("CQ-CU-001").count(), 2);
        let other = Actor { division: "500103".to_owned(), ..actor(Role::DistrictOfficer) };
        let mut elsewhere = Client::signed_in(&house.router, &house.app, &other).await;
        let list = elsewhere.get("/office/refusals?division=500112").await.text();
        assert!(!list.contains("不让刷卡"), "a district sees its own");
    }
}
