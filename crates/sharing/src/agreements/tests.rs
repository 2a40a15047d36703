//! Agreements on both engines, by rule, service, page and open data.

use kernel::actor::{Actor, Role};
use kernel::http::build;
use kernel::id::Id;
use kernel::law::Refusal;
use kernel::org::{self, Org};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{Client, TestDb, actor, databases, platform};
use kernel::time::Utc;
use time::Duration;

use super::catalogue::{SharedField, from_codes};
use super::rules::{Refused, Terms, check};
use super::service;

pub(crate) struct House {
    pub app: App,
    pub officer: Actor,
    _test: TestDb,
}

pub(crate) fn code_of<T>(result: Result<T, Problem>) -> &'static str {
    result.err().map_or("ok", |problem| problem.code)
}

/// An officer of a department of his own.
pub(crate) async fn department(app: &App) -> Actor {
    let officer = actor(Role::DepartmentOfficer);
    let org = Org {
        id: officer.org.expect("staff"),
        credit_code: None,
        name_zh: format!("某部门{}", officer.account),
        name_en: "A department".to_owned(),
        kind: "department".to_owned(),
        division: "500000".to_owned(),
        parent: None,
    };
    let added = app.db.housekeeping(move |tx| org::add(tx, &org, Utc::now())).await;
    added.expect("an organisation");
    officer
}

pub(crate) async fn houses(name: &str) -> Vec<House> {
    let mut houses = Vec::new();
    for test in databases(name) {
        let own = crate::migrations();
        let schema = [
            kernel::MIGRATIONS,
            people::MIGRATIONS,
            banks::MIGRATIONS,
            items::MIGRATIONS,
            cards::MIGRATIONS,
            &own,
        ];
        let app = platform(&test, &schema).await;
        let officer = department(&app).await;
        houses.push(House { app, officer, _test: test });
    }
    houses
}

pub(crate) fn terms(fields: &str) -> Terms {
    let today = Utc::now().day();
    Terms {
        item: String::new(),
        matter: "养老待遇资格核验".to_owned(),
        purpose_code: "PENSION-CHECK".to_owned(),
        purpose: "核验养老待遇领取资格".to_owned(),
        basis: "社会保险法第七十四条".to_owned(),
        by_consent: false,
        fields: from_codes(fields).expect("codes of the catalogue"),
        from: today,
        until: today.saturating_add(Duration::days(200)),
        per_day: 500,
        keep_days: 30,
        level: 4,
        recipient_key: None,
        push_url: String::new(),
    }
}

const PDF: &[u8] = b"%PDF-1.7 assessment";

/// An agreement that went through all hands, by the id of its version.
pub(crate) async fn publish(app: &App, officer: &Actor, terms: Terms) -> Id {
    let version = service::request(app, officer, None, terms).await.expect("requested");
    finish(app, version).await;
    version
}

async fn finish(app: &App, version: Id) {
    let assessor = actor(Role::MunicipalOfficer);
    service::assess(app, &assessor, version, "风险可控", PDF.to_vec()).await.expect("assessed");
    for _ in 0..2 {
        let approver = actor(Role::MunicipalApprover);
        service::approve(app, &approver, version, "").await.expect("approved");
    }
}

/// The agreement behind a version.
pub(crate) async fn agreement_id(app: &App, officer: &Actor, version: Id) -> Id {
    service::told(app, officer, version).await.expect("own").agreement.id
}

#[tokio::test]
async fn it_takes_four_people_to_publish_and_none_twice() {
    for house in houses("agreements").await {
        let app = &house.app;
        let version =
            service::request(app, &house.officer, None, terms("name,alive")).await.expect("asked");
        let (assessor, first) = (actor(Role::MunicipalOfficer), actor(Role::MunicipalApprover));
        let early = service::approve(app, &first, version, "").await;
        assert_eq!(code_of(early), "sharing/not-now");
        let own = service::assess(app, &house.officer, version, "", PDF.to_vec()).await;
        assert_eq!(code_of(own), "sharing/own-work");
        let text = service::assess(app, &assessor, version, "", b"plain".to_vec()).await;
        assert_eq!(code_of(text), "sharing/assessment");
        service::assess(app, &assessor, version, "", PDF.to_vec()).await.expect("assessed");
        let kept = service::assessment(app, &first, version).await.expect("on file");
        assert_eq!(kept, PDF);
        for hand in [&house.officer, &assessor] {
            assert_eq!(code_of(service::approve(app, hand, version, "").await), "sharing/own-work");
        }
        service::approve(app, &first, version, "").await.expect("the first");
        assert_eq!(code_of(service::approve(app, &first, version, "").await), "sharing/own-work");
        assert!(service::register(app).await.expect("read").is_empty(), "one is not enough");
        let second = actor(Role::MunicipalApprover);
        service::approve(app, &second, version, "").await.expect("the second");
        assert_eq!(service::register(app).await.expect("read").len(), 1);
        let told = service::told(app, &house.officer, version).await.expect("own");
        let steps: Vec<&str> = told.steps.iter().map(|step| step.step.as_str()).collect();
        assert_eq!(steps, ["requested", "assessed", "approved", "approved"]);
        assert!(told.agreement.review_on.is_some());
    }
}

#[tokio::test]
async fn the_newest_version_that_has_begun_counts_and_revoking_ends_all_at_once() {
    for house in houses("versions").await {
        let app = &house.app;
        let version = publish(app, &house.officer, terms("name,alive")).await;
        let id = agreement_id(app, &house.officer, version).await;
        let token = service::credential(app, &house.officer, version).await.expect("issued");
        assert!(token.len() > 20);
        let stranger = department(app).await;
        let theirs = service::credential(app, &stranger, version).await;
        assert_eq!(code_of(theirs), "platform/not-found");
        let today = Utc::now().day();
        let later = Terms { from: today.saturating_add(Duration::days(9)), ..terms("alive") };
        let next = service::request(app, &house.officer, Some(id), later).await.expect("asked");
        let third = service::request(app, &house.officer, Some(id), terms("alive")).await;
        assert_eq!(code_of(third), "sharing/waiting");
        finish(app, next).await;
        let counts = move |now: Utc| app.db.read(move |tx| service::in_force(tx, id, now));
        let now = Utc::now();
        assert_eq!(counts(now).await.expect("in force").number, 1);
        assert_eq!(counts(Utc(now.0 + 10 * Utc::DAY)).await.expect("in force").number, 2);
        let late = counts(Utc(now.0 + 201 * Utc::DAY)).await;
        assert_eq!(code_of(late), "sharing/not-in-force");
        let chief = actor(Role::MunicipalApprover);
        assert_eq!(code_of(service::revoke(app, &chief, next, " ").await), "sharing/no-reason");
        assert_eq!(code_of(service::revoke(app, &stranger, next, "x").await), "platform/not-found");
        service::revoke(app, &chief, next, "用途偏离").await.expect("revoked");
        assert_eq!(code_of(counts(now).await), "sharing/revoked");
        let again = service::request(app, &house.officer, Some(id), terms("alive")).await;
        assert_eq!(code_of(again), "sharing/revoked");
    }
}

#[tokio::test]
async fn an_agreement_whose_review_is_overdue_no_longer_counts() {
    for house in houses("review").await {
        let app = &house.app;
        let today = Utc::now().day();
        let long = Terms { until: today.saturating_add(Duration::days(900)), ..terms("alive") };
        let version = publish(app, &house.officer, long).await;
        let id = agreement_id(app, &house.officer, version).await;
        let after = |days: i64| Utc(Utc::now().0 + days * Utc::DAY);
        let counts = |at: Utc| app.db.read(move |tx| service::in_force(tx, id, at));
        assert_eq!(code_of(counts(after(390)).await), "ok");
        assert_eq!(code_of(counts(after(400)).await), "sharing/review-overdue");
    }
}

#[test]
fn a_request_must_say_what_for_and_protect_what_it_asks() {
    let today = Utc::now().day();
    let no = |change: fn(&mut Terms)| {
        let mut bent = terms("name,alive");
        change(&mut bent);
        check(&bent, today).err()
    };
    assert_eq!(no(|_| ()), None);
    assert_eq!(no(|t| t.purpose_code = "pension".to_owned()), Some(Refused::PurposeCode));
    assert_eq!(no(|t| t.basis.clear()), Some(Refused::Words));
    assert_eq!(no(|t| t.matter.clear()), Some(Refused::Words));
    assert_eq!(no(|t| t.fields.clear()), Some(Refused::NoFields));
    assert_eq!(no(|t| t.level = 1), Some(Refused::LevelTooLow));
    assert_eq!(no(|t| t.until = t.from.saturating_sub(Duration::DAY)), Some(Refused::Period));
    assert_eq!(
        no(|t| t.until = t.from.saturating_add(Duration::days(4_000))),
        Some(Refused::Period)
    );
    assert_eq!(no(|t| t.per_day = 0), Some(Refused::Volume));
    assert_eq!(no(|t| t.recipient_key = Some(vec![4; 65])), Some(Refused::RecipientKey));
    assert_eq!(no(|t| t.push_url = "http://example.org/x".to_owned()), Some(Refused::PushAddress));
    let disguised = "http://127.0.0.1@example.org/".to_owned();
    let mut bent = terms("alive");
    bent.push_url = disguised;
    assert_eq!(check(&bent, today), Err(Refused::PushAddress));
}

#[test]
fn fields_and_refusals_are_found_by_codes_that_differ() {
    for field in SharedField::ALL {
        assert_eq!(SharedField::from_code(field.code()), Some(field));
    }
    let codes: std::collections::BTreeSet<_> = Refused::ALL.iter().map(Refusal::code).collect();
    assert_eq!(codes.len(), Refused::ALL.len());
    assert!(Refused::ALL.iter().all(|no| !no.reason().zh.is_empty() && !no.advice().en.is_empty()));
}

#[tokio::test]
async fn the_desk_and_the_public_register_show_the_same_agreement() {
    for house in houses("desk").await {
        let app = &house.app;
        let router = build(app.clone(), super::routes()).router;
        let mut desk = Client::signed_in(&router, app, &house.officer).await;
        let until = kernel::time::day_text(terms("alive").until);
        let from = kernel::time::day_text(terms("alive").from);
        let mut form = vec![
            ("item", ""),
            ("matter", "老年优待"),
            ("purpose_code", "SENIOR"),
            ("purpose", "办理老年优待"),
            ("basis", "老年人权益保障法"),
            ("from", from.as_str()),
            ("until", until.as_str()),
            ("per_day", "20"),
            ("keep_days", "5"),
            ("level", "2"),
        ];
        let refused = desk.post_form("/office/sharing/new", &form).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text().contains("办理老年优待"), "what was typed stays");
        form.extend([("field.over_60", "1"), ("field.alive", "1")]);
        let asked = desk.post_form("/office/sharing/new", &form).await;
        assert_eq!(asked.status, 303, "{}", asked.text());
        let path = asked.header("location").to_owned();
        let version = path.rsplit('/').next().and_then(|id| id.parse().ok()).expect("an id");
        finish(app, version).await;
        let issued = desk.post_form(&format!("{path}/credential"), &[]).await;
        assert!(issued.text().contains("id=\"token\""));
        assert!(!desk.get(&path).await.text().contains("id=\"token\""), "shown once");
        let mut stranger = Client::new(&router);
        let page = stranger.get("/sharing").await.text();
        assert!(page.contains("办理老年优待") && page.contains("是否年满60周岁"));
        let open = stranger.get("/api/v1/sharing/agreements").await.json();
        assert_eq!(open[0]["fields"], serde_json::json!(["over_60", "alive"]));
        assert!(stranger.get("/sharing.csv").await.text().contains("SENIOR"));
        let mut chief = Client::signed_in(&router, app, &actor(Role::MunicipalApprover)).await;
        let ended = chief.post_form(&format!("{path}/revoke"), &[("comment", "不再需要")]).await;
        assert_eq!(ended.status, 303);
        assert_eq!(stranger.get("/api/v1/sharing/agreements").await.json()[0]["state"], "revoked");
    }
}
