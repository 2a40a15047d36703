use kernel::actor::{Actor, Role};
use kernel::db::{DbError, v};
use kernel::http::{Built, build};
use kernel::journal::{self, Entry};
use kernel::law::Refusal;
use kernel::platform::App;
use kernel::testing::{Client, actor, databases, id, platform};
use kernel::time::Utc;

use super::rules::{Refused, Version, check_proposal};
use super::service::{self, Proposal};
use super::{demo, kinds, rules, store};

async fn fresh(test: &kernel::testing::TestDb) -> App {
    platform(test, &[kernel::MIGRATIONS, crate::MIGRATIONS]).await
}

fn proposal(code: &str) -> Proposal {
    let (_, _, body) = demo::bodies().remove(0);
    Proposal { code: code.to_owned(), from: Utc::now().day(), closes: false, body }
}

async fn seeded(app: &App) {
    let (shared, entry) =
        (app.clone(), Entry::new(app.id(), Utc::now(), &Actor::system(), "demo.made", ""));
    let work = move |tx: &mut kernel::db::Tx<'_>| {
        demo(tx, &|| shared.id(), &|_| kernel::id::Id(7), Utc::now())?;
        journal::record(tx, &entry)
    };
    app.db.write::<(), DbError>(work).await.expect("the first list");
}

#[test]
fn each_programme_of_the_first_list_is_as_it_must_be_and_all_but_two_kinds_are_there() {
    let today = Utc::now().day();
    let maker = actor(Role::DepartmentOfficer);
    let bodies = demo::bodies();
    assert!(bodies.len() >= 25, "{}", bodies.len());
    for (code, _, body) in &bodies {
        let department = maker.org.expect("staff");
        let (code, body) = (code.clone(), body.clone());
        let version =
            Version { id: id(), code, version: 1, department, from: today, closes: false, body };
        assert_eq!(check_proposal(&version, None, &maker, today), Ok(()), "{}", version.code);
        let known = |other: &String| bodies.iter().any(|(code, ..)| code == other);
        assert!(version.body.conflicts.iter().all(known), "{}", version.code);
    }
    let kinds = kinds::Kind::ALL.iter().filter(|k| bodies.iter().any(|(.., b)| b.kind == k.code()));
    assert_eq!(kinds.count(), 7);
}

#[test]
fn refusals_have_an_article_and_each_its_own_code() {
    let mut codes: Vec<_> = Refused::ALL.iter().map(|r| r.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Refused::ALL.len());
    for refused in Refused::ALL {
        assert!(refused.article().is_some(), "{refused:?}");
        assert!(!refused.advice().zh.is_empty() && !refused.reason().en.is_empty());
    }
}

#[test]
fn a_proposal_is_refused_for_other_departments_past_days_and_wild_amounts() {
    let (today, maker) = (Utc::now().day(), actor(Role::DepartmentOfficer));
    let mut version = Version {
        id: id(),
        code: "BT-1".to_owned(),
        version: 1,
        department: maker.org.expect("staff"),
        from: today,
        closes: false,
        body: proposal("BT-1").body,
    };
    let check = |version: &Version| check_proposal(version, None, &maker, today);
    assert_eq!(check(&version), Ok(()));
    version.body.max_line_fen = 0;
    assert_eq!(check(&version), Err(Refused::Amounts));
    version.body.max_line_fen = rules::MOST_FEN + 1;
    assert_eq!(check(&version), Err(Refused::Amounts));
    version.body = proposal("BT-1").body;
    version.body.conflicts = vec!["BT-1".to_owned()];
    assert_eq!(check(&version), Err(Refused::Code));
    version.body.conflicts.clear();
    version.from = today.previous_day().expect("not the first day");
    assert_eq!(check(&version), Err(Refused::InThePast));
    version.from = today;
    let other = actor(Role::DepartmentOfficer);
    assert_eq!(check_proposal(&version, None, &other, today), Err(Refused::NotYours));
}

#[tokio::test]
async fn a_version_counts_once_somebody_else_has_confirmed_it() {
    for test in databases("programmes") {
        let app = fresh(&test).await;
        let (maker, checker) = (actor(Role::DepartmentOfficer), actor(Role::MunicipalApprover));
        let one = service::propose(&app, &maker, proposal("BT-1")).await.expect("proposed");
        let again = service::propose(&app, &maker, proposal("BT-1")).await;
        assert_eq!(again.expect_err("waits").code, "funds/programme-waiting", "{}", test.engine);
        let own = service::decide(&app, &maker, one, true, "").await.expect_err("own work");
        assert_eq!(own.code, "funds/programme-own-work");
        let sneaky = maker.account;
        let forced = app
            .db
            .housekeeping(move |tx| {
                let sql = "UPDATE programme_version SET state = 'confirmed', decided_by = $1";
                tx.execute(sql, &[v(sneaky)])
            })
            .await;
        assert!(matches!(forced, Err(DbError::Forbidden(_))), "{}: {forced:?}", test.engine);
        assert!(service::all(&app).await.expect("read").is_empty());
        service::decide(&app, &checker, one, true, "").await.expect("confirmed");
        let all = service::all(&app).await.expect("read");
        assert_eq!((all.len(), all[0].current.version, all[0].state.as_str()), (1, 1, "open"));
    }
}

#[tokio::test]
async fn a_later_version_begins_on_its_day_and_keeps_the_programmes_id() {
    for test in databases("programmes_due") {
        let app = fresh(&test).await;
        let (maker, checker) = (actor(Role::DepartmentOfficer), actor(Role::MunicipalApprover));
        let first = service::propose(&app, &maker, proposal("BT-1")).await.expect("proposed");
        service::decide(&app, &checker, first, true, "").await.expect("confirmed");
        let before = service::one(&app, "BT-1".to_owned()).await.expect("there");
        let mut next = proposal("BT-1");
        next.from = next.from.next_day().expect("not the last day");
        next.closes = true;
        let second = service::propose(&app, &maker, next).await.expect("proposed");
        service::decide(&app, &checker, second, true, "").await.expect("confirmed");
        let still = service::one(&app, "BT-1".to_owned()).await.expect("there");
        assert_eq!(still.current.version, 1, "{}", test.engine);
        let tomorrow = Utc(Utc::now().0 + Utc::DAY);
        assert_eq!(service::apply_due(&app, tomorrow).await.expect("applied"), 1);
        assert_eq!(service::apply_due(&app, tomorrow).await.expect("applied"), 0);
        let now = service::one(&app, "BT-1".to_owned()).await.expect("there");
        assert_eq!((now.current.version, now.state.as_str()), (2, "closed"));
        assert_eq!(now.id, before.id, "{}", test.engine);
    }
}

#[tokio::test]
async fn a_kind_that_is_not_open_yet_cannot_be_published() {
    for test in databases("programmes_kind") {
        let app = fresh(&test).await;
        let (maker, checker) = (actor(Role::DepartmentOfficer), actor(Role::MunicipalApprover));
        let mut wages = proposal("GZ-1");
        wages.body.kind = kinds::Kind::MigrantWages.code().to_owned();
        let one = service::propose(&app, &maker, wages).await.expect("proposed");
        let refused = service::decide(&app, &checker, one, true, "").await.expect_err("closed");
        assert_eq!(refused.code, "funds/kind-not-open");
        assert_eq!(refused.article, Some(kernel::law::Article(8)));
        let open = |tx: &mut kernel::db::Tx<'_>| {
            let sql = "INSERT INTO setting (name, from_at, value) VALUES ($1, 0, 1)";
            tx.execute(sql, &[v("funds.open-migrant-wages")])
        };
        app.db.housekeeping::<u64, DbError>(open).await.expect("opened");
        service::decide(&app, &checker, one, true, "").await.expect("now it is open");
        let found = app.db.read(|tx| store::ids_of(tx, &["GZ-1".to_owned()])).await;
        assert_eq!(found.expect("read").len(), 1);
    }
}

#[tokio::test]
async fn everybody_reads_the_list_and_finds_by_word_and_kind() {
    for test in databases("programmes_pages") {
        let app = fresh(&test).await;
        seeded(&app).await;
        let Built { router, .. } = build(app.clone(), crate::programmes::routes());
        let mut anyone = Client::new(&router);
        let list = anyone.get("/funds").await.text();
        assert!(list.contains("耕地地力保护补贴") && list.contains("失业保险金"));
        let found = anyone.get("/funds?q=%E9%AB%98%E9%BE%84").await.text();
        assert!(found.contains("高龄津贴") && !found.contains("失业保险金"));
        let kind = anyone.get("/funds?kind=insurance").await.text();
        assert!(!kind.contains("高龄津贴") && kind.contains("失业保险金"));
        let one = anyone.get("/funds/programmes/BT-NY-001").await.text();
        assert!(one.contains("90.00 元") && one.contains("户主的社会保障卡"), "{one}");
        assert_eq!(anyone.get("/funds/programmes/NONE").await.status, 404);
        let json = anyone.get("/open/programmes.json").await.json();
        assert_eq!(json.as_array().map(Vec::len), Some(demo::bodies().len()));
        assert!(anyone.get("/open/programmes.csv").await.text().contains("BT-MZ-004"));
        let api = anyone.get("/api/v1/programmes/BT-NY-001").await.json();
        assert_eq!(api["body"]["formula"]["rate"], 900_000);
        assert_ne!(anyone.get("/office/programmes").await.status, 200);
    }
}

#[tokio::test]
async fn a_department_proposes_by_form_and_the_approver_decides_on_the_page() {
    for test in databases("programmes_form") {
        let app = fresh(&test).await;
        let Built { router, .. } = build(app.clone(), crate::programmes::routes());
        let (officer, approver) = (actor(Role::DepartmentOfficer), actor(Role::MunicipalApprover));
        let mut maker = Client::signed_in(&router, &app, &officer).await;
        assert_eq!(maker.get("/office/programmes/propose").await.status, 200);
        let today = kernel::time::day_text(Utc::now().day());
        let mut fields = vec![
            ("code", "BT-9"),
            ("from", today.as_str()),
            ("name_zh", "示例补贴"),
            ("name_en", "Sample"),
            ("kind", "subsidy"),
            ("target_zh", "农户"),
            ("standard_zh", "每亩 10 元"),
            ("basis", "规定"),
            ("frequency", "每年"),
            ("guide", "申请"),
            ("phones", "12333"),
            ("budget", "1"),
            ("rate", "10"),
            ("unit_zh", "亩"),
            ("max_line", "100"),
            ("two_above", "0"),
            ("public_days", "many"),
        ];
        let wrong = maker.post_form("/office/programmes/propose", &fields).await;
        assert_eq!(wrong.status, 422);
        assert!(wrong.text().contains("请填写天数") && wrong.text().contains("示例补贴"));
        fields.pop();
        fields.push(("public_days", "7"));
        let sent = maker.post_form("/office/programmes/propose", &fields).await;
        assert_eq!(sent.status, 303, "{}", sent.text());
        let waiting = app.db.read(store::waiting).await.expect("read");
        let id = waiting[0].version.id.to_string();
        let decide = [("id", id.as_str()), ("decision", "yes")];
        assert_eq!(maker.post_form("/office/programmes/decide", &decide).await.status, 403);
        let mut checker = Client::signed_in(&router, &app, &approver).await;
        assert!(checker.get("/office/programmes").await.text().contains("示例补贴"));
        assert_eq!(checker.post_form("/office/programmes/decide", &decide).await.status, 303);
        assert!(checker.get("/funds").await.text().contains("示例补贴"));
    }
}
