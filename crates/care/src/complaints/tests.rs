//! Matters from their first word to their closing, on both engines.

use axum::Router;
use kernel::actor::{Actor, Role};
use kernel::http::{self, kernel_routes};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::org::{self, Org};
use kernel::platform::App;
use kernel::testing::{Client, TestDb, actor, databases, platform};
use kernel::time::Utc;
use serde_json::{Value, json};

use super::rules::{Act, State, Step, Told};
use super::service::{self, Owner, calendars, clock};

/// A platform with the city's authority and Yuzhong's below it.
pub(super) struct House {
    pub(super) app: App,
    pub(super) router: Router,
    pub(super) city: Actor,
    pub(super) district: Actor,
    _test: TestDb,
}

async fn add_org(app: &App, id: Id, name: &str, kind: &str, division: &str, parent: Option<Id>) {
    let (name, kind, division) = (name.to_owned(), kind.to_owned(), division.to_owned());
    let made = app.db.housekeeping(move |tx| {
        let org = Org {
            id,
            credit_code: None,
            name_zh: name.clone(),
            name_en: name.clone(),
            kind: kind.clone(),
            division: division.clone(),
            parent,
        };
        org::add(tx, &org, Utc::now())
    });
    made.await.expect("an organisation");
}

pub(super) async fn houses(name: &str) -> Vec<House> {
    let mut houses = Vec::new();
    for test in databases(name) {
        let schema = [kernel::MIGRATIONS, people::MIGRATIONS, super::MIGRATIONS];
        let app = platform(&test, &schema).await;
        let router = http::build(app.clone(), kernel_routes().merge(super::routes())).router;
        let city = Actor { division: "500000".to_owned(), ..actor(Role::MunicipalOfficer) };
        let district = Actor { division: "500103".to_owned(), ..actor(Role::DistrictOfficer) };
        let (above, below) = (city.org.expect("an org"), district.org.expect("an org"));
        add_org(&app, above, "市人力社保局", "hrss", "500000", None).await;
        add_org(&app, below, "渝中区人力社保局", "hrss", "500103", Some(above)).await;
        houses.push(House { app, router, city, district, _test: test });
    }
    houses
}

fn told(kind: &str) -> Told {
    Told {
        kind: kind.to_owned(),
        field: "outlet".to_owned(),
        division: "500103".to_owned(),
        body: "窗口无人接待".to_owned(),
        phone: "02312345678".to_owned(),
        ..Told::default()
    }
}

pub(super) fn answer() -> Step {
    Step { outcome: "resolved".to_owned(), ..Step::new(Act::Answer, "已增设窗口") }
}

pub(super) async fn count(app: &App, sql: &'static str) -> i64 {
    app.db.read(move |tx| tx.one(sql, &[])?.get(0)).await.expect("a count")
}

#[tokio::test]
async fn a_complaint_by_phone_and_one_by_page_go_to_closure_through_the_api() {
    for house in houses("care_closure").await {
        let mut hotline =
            Client::program(&house.router, &house.app, &actor(Role::HotlineAgent)).await;
        let mut stranger = Client::new(&house.router);
        let new = json!({ "kind": "complaint", "field": "outlet", "division": "500103",
                          "text": "排队两小时", "phone": "02312345678" });
        let phoned = hotline.post_json("/api/v1/intake/complaints", &new).await.json();
        let paged = stranger.post_json("/api/v1/complaints", &new).await.json();
        assert_eq!(phoned["channel"], "hotline");
        let mut officer = Client::program(&house.router, &house.app, &house.district).await;
        for made in [phoned, paged] {
            assert_eq!(made["state"], "assigned", "the place's authority answers");
            let id = made["id"].as_str().expect("an id");
            let reference = made["reference"].as_str().expect("a reference");
            let acts = format!("/api/v1/office/complaints/{id}/acts");
            let step = json!({ "act": "answer", "note": "已增设窗口", "outcome": "resolved" });
            let done = officer.post_json(&acts, &step).await;
            assert_eq!(done.json()["state"], "answered", "{}", done.text());
            assert_eq!(done.json()["reference"], "", "the secret is not for handlers");
            let acts = format!("/api/v1/complaints/{reference}/acts");
            let bad = stranger.post_json(&acts, &json!({ "act": "rate", "score": 6 })).await;
            assert_eq!(bad.code(), "complaints/score");
            stranger.post_json(&acts, &json!({ "act": "rate", "score": 4, "note": "好" })).await;
            let seen = stranger.get(&format!("/api/v1/complaints/{reference}")).await.json();
            assert_eq!(
                (&seen["matter"]["state"], &seen["matter"]["score"]),
                (&json!("closed"), &json!(4))
            );
            let way: Vec<&Value> =
                seen["events"].as_array().expect("a way").iter().map(|e| &e["act"]).collect();
            assert_eq!(way, ["open", "answer", "rate"]);
        }
        // Received and answered, for each.
        assert_eq!(count(&house.app, "SELECT COUNT(*) FROM outbox").await, 4);
        let entries = "SELECT COUNT(*) FROM journal_entry WHERE act = 'complaint.answered'";
        assert_eq!(count(&house.app, entries).await, 2);
    }
}

#[tokio::test]
async fn pages_take_a_matter_in_and_show_its_way() {
    for house in houses("care_pages").await {
        let mut browser = Client::new(&house.router);
        let fields = [
            ("kind", "complaint"),
            ("field", "card"),
            ("division", "500103"),
            ("text", "卡读不出"),
        ];
        let page = browser.post_form("/complaints", &fields).await.text();
        let at = page.find("id=\"reference\">").expect("the reference is shown") + 15;
        let reference = &page[at..at + 13];
        let seen = browser.get(&format!("/complaints/follow?reference={reference}")).await;
        assert!(seen.text().contains("渝中区人力社保局"), "{}", seen.text());
        let none = browser.get("/complaints/follow?reference=nonsense").await;
        assert_eq!(none.status, 404);
        let kept =
            browser.post_form("/complaints", &[("kind", "complaint"), ("text", "留着")]).await;
        assert_eq!(kept.status, 422);
        assert!(kept.text().contains("留着"), "what was typed stays");
        let mut office = Client::signed_in(&house.router, &house.app, &house.district).await;
        assert!(office.get("/office/complaints").await.text().contains("卡读不出"));
        let holder = actor(Role::Holder);
        let mut holder = Client::signed_in(&house.router, &house.app, &holder).await;
        let form = holder.get("/me/complaints/new?about=payment:123").await.text();
        assert!(form.contains("value=\"payment:123\""));
        let made = holder.post_form("/me/complaints", &fields).await;
        assert_eq!(made.status, 303);
        let path = made.header("location").to_owned();
        assert!(holder.get(&path).await.text().contains("卡读不出"));
        let other = actor(Role::Holder);
        let mut other = Client::signed_in(&house.router, &house.app, &other).await;
        assert_eq!(other.get(&path).await.status, 404, "somebody else's");
        let mut clerk = Client::signed_in(&house.router, &house.app, &actor(Role::Clerk)).await;
        assert!(
            clerk.post_form("/desk/complaints", &fields).await.text().contains("id=\"reference\"")
        );
        let mut city = Client::signed_in(&house.router, &house.app, &house.city).await;
        assert!(city.get("/office/complaints/rules").await.text().contains("2026-10-10 work"));
    }
}

#[tokio::test]
async fn a_sensitive_matter_is_read_by_named_handlers_only_and_each_look_is_on_record() {
    for house in houses("care_sensitive").await {
        let made = service::open(&house.app, None, "page", told("report")).await.expect("open");
        let blind = service::look(&house.app, &house.district, made.id).await.expect("there");
        assert!(blind.matter.body.is_empty() && blind.matter.phone.is_empty());
        let listed =
            service::work(&house.app, &house.district, State::Assigned).await.expect("list");
        assert!(listed[0].body.is_empty());
        let refused = service::act(&house.app, &house.district, made.id, answer()).await;
        assert_eq!(refused.map(|m| m.state).map_err(|p| p.code), Err("complaints/unknown"));
        let name = Step { account: Some(house.district.account), ..Step::new(Act::Name, "") };
        service::act(&house.app, &house.city, made.id, name).await.expect("named");
        let seen = service::look(&house.app, &house.district, made.id).await.expect("seen");
        assert_eq!(seen.matter.body, "窗口无人接待");
        let looks = "SELECT COUNT(*) FROM journal_entry WHERE act = 'complaint.read'";
        assert_eq!(count(&house.app, looks).await, 2);
        service::act(&house.app, &house.district, made.id, answer()).await.expect("answered");
    }
}

#[tokio::test]
async fn an_objection_passes_over_the_accuser_s_opposite_and_needs_an_access_of_his_own() {
    for house in houses("care_objection").await {
        let holder = actor(Role::Holder);
        let entry =
            Entry::new(house.app.id(), Utc::now(), &house.district, "person.read", "Art. 19")
                .about(holder.person.expect("a person"));
        let about = format!("access:{}", entry.id);
        let kept = house.app.db.write(move |tx| journal::record(tx, &entry));
        kept.await.expect("an access");
        let objection = Told { about, field: "data".to_owned(), ..told("objection") };
        let made = service::open(&house.app, Some(&holder), "me", objection.clone()).await;
        let made = made.expect("open");
        assert_eq!(made.org, house.city.org, "not the one that looked");
        let own = service::look(&house.app, &house.district, made.id).await;
        assert_eq!(own.err().map(|problem| problem.code), Some("complaints/own"));
        let another = actor(Role::Holder);
        let other = service::open(&house.app, Some(&another), "me", objection.clone());
        assert_eq!(other.await.err().map(|problem| problem.code), Some("complaints/about"));
        let nobody = service::open(&house.app, None, "page", objection).await;
        assert_eq!(nobody.err().map(|problem| problem.code), Some("complaints/about"));
        service::act(&house.app, &house.city, made.id, answer()).await.expect("answered");
    }
}

#[tokio::test]
async fn what_is_against_an_authority_or_its_head_leaves_its_hands_and_its_sight() {
    for house in houses("care_against").await {
        let (app, district, city) = (&house.app, &house.district, &house.city);
        let third = Id(4_711);
        add_org(app, third, "市民政局", "civil-affairs", "500000", city.org).await;
        let made = service::open(app, None, "page", told("complaint")).await.expect("open");
        let to = |act, org| Step { org, ..Step::new(act, "反映本局负责人") };
        let nowhere = service::act(app, district, made.id, to(Act::Against, Some(Id(1)))).await;
        assert_eq!(nowhere.err().map(|problem| problem.code), Some("complaints/org"));
        let said = service::act(app, district, made.id, to(Act::Against, district.org)).await;
        assert_eq!(said.expect("said").against_org, district.org);
        let code = service::look(app, district, made.id).await.err().map(|problem| problem.code);
        assert_eq!(code, Some("complaints/unknown"));
        let listed = service::work(app, district, State::Received).await.expect("a list");
        assert!(listed.is_empty(), "{listed:?}");
        let taken = service::act(app, district, made.id, to(Act::Assign, district.org)).await;
        assert_eq!(taken.err().map(|problem| problem.code), Some("complaints/unknown"));
        let back = service::act(app, city, made.id, to(Act::Assign, district.org)).await;
        assert_eq!(back.err().map(|problem| problem.code), Some("complaints/own"));
        let given = service::act(app, city, made.id, to(Act::Assign, Some(third))).await;
        assert_eq!(given.expect("given away").org, Some(third));
        let entries = "SELECT COUNT(*) FROM journal_entry WHERE act = 'complaint.directed'";
        assert_eq!(count(app, entries).await, 1);
    }
}

#[tokio::test]
async fn the_page_of_a_matter_lets_its_handler_say_whom_it_is_against() {
    for house in houses("care_against_page").await {
        let made = service::open(&house.app, None, "page", told("complaint")).await.expect("open");
        let mut office = Client::signed_in(&house.router, &house.app, &house.district).await;
        let path = format!("/office/complaints/{}", made.id);
        assert!(office.get(&path).await.text().contains("标明被反映的单位或人员"));
        let own = house.district.org.expect("an org").to_string();
        let form = [("act", "against"), ("org", own.as_str()), ("note", "反映负责人")];
        assert_eq!(office.post_form(&path, &form).await.status, 303);
        assert_eq!(office.get(&path).await.status, 404, "out of its sight");
    }
}

#[tokio::test]
async fn a_route_leads_from_a_place_that_is_in_force() {
    for house in houses("care_route_place").await {
        let (city, to) = (&house.city, house.district.org.expect("an org"));
        for wrong in ["500112", "510100", "nonsense"] {
            let set =
                service::set_route(&house.app, city, String::new(), wrong.to_owned(), to).await;
            assert_eq!(set.err().map(|problem| problem.code), Some("complaints/class"), "{wrong}");
        }
        let here = "500103".to_owned();
        service::set_route(&house.app, city, String::new(), here, to).await.expect("set");
    }
}

#[tokio::test]
async fn one_answer_goes_to_all_that_were_merged_and_an_appeal_goes_up() {
    for house in houses("care_merge").await {
        let first = service::open(&house.app, None, "page", told("complaint")).await.expect("one");
        let second = service::open(&house.app, None, "page", told("complaint")).await.expect("two");
        let merge = Step { into: Some(first.id), ..Step::new(Act::Merge, "") };
        service::act(&house.app, &house.district, second.id, merge).await.expect("merged");
        service::act(&house.app, &house.district, first.id, answer()).await.expect("answered");
        let owner = Owner::Reference(second.reference.clone());
        let seen = service::follow(&house.app, owner.clone(), None).await.expect("seen");
        assert_eq!(
            (seen.matter.state, seen.matter.answer.as_str()),
            (State::Answered, "已增设窗口")
        );
        let appeal = Step::new(Act::Appeal, "窗口还是没人");
        let up = service::act_as_owner(&house.app, owner, None, appeal).await.expect("appealed");
        assert_eq!(up.org, house.city.org);
    }
}

#[tokio::test]
async fn the_clock_reminds_once_takes_late_matters_up_once_and_closes_what_is_silent() {
    for house in houses("care_clock").await {
        let made = service::open(&house.app, None, "page", told("complaint")).await.expect("open");
        let soon = Utc::start_of(made.due);
        let said = clock::round(&house.app, soon).await.expect("a round");
        assert_eq!(said, "1 reminded, 0 escalated, 0 closed");
        let late = soon.plus_seconds(86_400);
        let said = clock::round(&house.app, late).await.expect("a round");
        assert_eq!(said, "0 reminded, 1 escalated, 0 closed");
        assert_eq!(
            clock::round(&house.app, late).await.expect("a round"),
            "0 reminded, 0 escalated, 0 closed"
        );
        let seen = service::look(&house.app, &house.city, made.id).await.expect("seen");
        assert_eq!(seen.matter.org, house.city.org);
        service::act(&house.app, &house.city, made.id, answer()).await.expect("answered");
        let silent = Utc::now().plus_seconds(12 * 86_400);
        let said = clock::round(&house.app, silent).await.expect("a round");
        assert_eq!(said, "0 reminded, 0 escalated, 1 closed");
    }
}

#[tokio::test]
async fn a_calendar_counts_when_another_official_has_confirmed_it() {
    for house in houses("care_calendar").await {
        let text = "2031-01-01 holiday\n".to_owned();
        let bad = calendars::propose(&house.app, &house.city, "tomorrow holiday".to_owned()).await;
        assert_eq!(bad.err().map(|problem| problem.code), Some("complaints/calendar"));
        let id = calendars::propose(&house.app, &house.city, text).await.expect("proposed");
        let own = calendars::decide(&house.app, &house.city, id, true).await;
        assert_eq!(own.err().map(|problem| problem.code), Some("approval/own-work"));
        let checker = actor(Role::MunicipalApprover);
        calendars::decide(&house.app, &checker, id, true).await.expect("confirmed");
        let (version, calendar, waiting) = calendars::state(&house.app).await.expect("read");
        assert_eq!((version, waiting.len()), (1, 0));
        assert_eq!(calendar.text(), "2031-01-01 holiday\n");
    }
}

#[tokio::test]
async fn an_answer_is_published_by_another_found_by_everybody_and_suggested_to_handlers() {
    for house in houses("care_knowledge").await {
        let checker = Actor { division: "500000".to_owned(), ..actor(Role::MunicipalApprover) };
        let mut maker = Client::signed_in(&house.router, &house.app, &house.city).await;
        let mut checks = Client::signed_in(&house.router, &house.app, &checker).await;
        let mut stranger = Client::new(&house.router);
        let draft = [
            ("what", "draft"),
            ("topic", "outlet"),
            ("question", "窗口无人接待怎么办"),
            ("answer", "请按呼叫铃"),
            ("review_on", "2099-01-01"),
        ];
        assert_eq!(maker.post_form("/office/help", &draft).await.status, 200);
        assert_eq!(stranger.get("/api/v1/help").await.json(), json!([]), "a draft is nobody's");
        let waiting = super::knowledge::waiting(&house.app).await.expect("read");
        let id = waiting[0].approval.to_string();
        let yes = [("what", "yes"), ("id", id.as_str())];
        assert_eq!(maker.post_form("/office/help", &yes).await.status, 403, "own work");
        assert_eq!(checks.post_form("/office/help", &yes).await.status, 200);
        let found = stranger.get("/help?q=ckwr").await.text();
        assert!(found.contains("请按呼叫铃"), "by initials: {found}");
        let shown = stranger.get("/help?topic=outlet").await.text();
        assert!(shown.contains("请按呼叫铃") && shown.contains("/complaints?kind=consultation"));
        assert!(!stranger.get("/help?topic=money").await.text().contains("请按呼叫铃"));
        let none = stranger.get("/help?q=%E5%A4%A9%E6%B0%94").await.text();
        assert!(none.contains("text=%E5%A4%A9%E6%B0%94"), "the question goes along: {none}");
        let code = waiting[0].code.to_string();
        let voice = [("code", code.as_str()), ("helpful", "1")];
        assert_eq!(stranger.post_form("/help", &voice).await.status, 303);
        assert_eq!(count(&house.app, "SELECT helpful FROM knowledge_voice").await, 1);
        let made = service::open(&house.app, None, "page", told("complaint")).await.expect("open");
        let page = maker.get(&format!("/office/complaints/{}", made.id)).await.text();
        assert!(page.contains("请按呼叫铃"), "suggested to the handler");
    }
}

#[tokio::test]
async fn figures_count_and_the_public_file_shows_no_small_cell() {
    for house in houses("care_figures").await {
        for _ in 0..3 {
            service::open(&house.app, None, "page", told("complaint")).await.expect("open");
        }
        let mut city = Client::signed_in(&house.router, &house.app, &house.city).await;
        let page = city.get("/office/complaints/figures").await.text();
        assert!(
            page.contains("窗口") && page.contains("网点服务"),
            "hot topics and fields: {page}"
        );
        let table = city.get("/office/complaints/figures.csv").await.text();
        assert!(table.contains("field,outlet,3,0,0,0,"), "{table}");
        let open = Client::new(&house.router).get("/open/complaints.csv").await;
        assert_eq!(open.status, 200);
        assert!(open.text().contains("group,code,opened"));
        assert!(!open.text().contains("outlet"), "this month is not shown yet");
    }
}
