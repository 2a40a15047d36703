use kernel::actor::{Actor, Role};
use kernel::db::v;
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{Client, TestDb, actor, databases, platform};
use kernel::time::Utc;
use people::service::{Registration, register};
use serde_json::json;

use super::rules::{HOLDINGS, Kind, Refused, State, may_ask};
use super::service::{self, Asking, Behalf, Section, Step};
use super::store;

fn code<T>(result: Result<T, Problem>) -> &'static str {
    result.err().map_or("ok", |problem| problem.code)
}

#[test]
fn only_what_the_law_does_not_make_us_keep_may_be_deleted() {
    for holding in HOLDINGS {
        let asked = may_ask(Kind::Deletion, holding.key, "", false);
        assert_eq!(asked.is_ok(), holding.deletable, "{}", holding.key);
    }
    assert_eq!(may_ask(Kind::Deletion, "everything", "x", false), Err(Refused::Unclear));
    assert_eq!(may_ask(Kind::Correction, "identity", " ", false), Err(Refused::Unclear));
    assert_eq!(may_ask(Kind::Restriction, "uses", "x", true), Err(Refused::Open));
}

#[test]
fn the_month_before_is_that_of_the_calendar() {
    let on = |day| service::month_before(Utc::start_of(day));
    assert_eq!(on(time::macros::date!(2026 - 01 - 15)), "2025-12");
    assert_eq!(on(time::macros::date!(2026 - 03 - 01)), "2026-02");
}

struct House {
    app: App,
    holder: Actor,
    officer: Actor,
    person: Id,
    test: TestDb,
}

async fn houses(name: &str) -> Vec<House> {
    let mut made = Vec::new();
    for test in databases(name) {
        let migrations: [&[_]; 7] = [
            kernel::MIGRATIONS,
            people::MIGRATIONS,
            cards::MIGRATIONS,
            items::MIGRATIONS,
            codes::MIGRATIONS,
            super::MIGRATIONS,
            &[],
        ];
        let app = platform(&test, &migrations).await;
        let one = people::generate::person(5, 12).expect("somebody");
        let form = Registration {
            number: one.number.as_str().to_owned(),
            document: one.document.code().to_owned(),
            name: one.name,
            sex: one.sex.code().to_owned(),
            birth: kernel::time::day_text(one.birth),
            phone: "13900000000".to_owned(),
            address: "渝中区示范路1号".to_owned(),
            ground: "employment".to_owned(),
            ground_until: "2090-12-31".to_owned(),
            ..Registration::default()
        };
        let person = register(&app, &actor(Role::Clerk), form).await.expect("registered").id;
        let holder = Actor { person: Some(person), ..actor(Role::Holder) };
        made.push(House { app, holder, officer: actor(Role::MunicipalOfficer), person, test });
    }
    made
}

fn asking(kind: &str, about: &str, words: &str) -> Asking {
    Asking { kind: kind.to_owned(), about: about.to_owned(), words: words.to_owned() }
}

/// PIPL 47: granted, the phone is gone, on record, and the request tells what was done.
#[tokio::test]
async fn a_granted_deletion_is_carried_out_and_a_refusal_names_its_ground() {
    for house in houses("rights_deletion").await {
        let (app, person) = (&house.app, house.person);
        let kept = service::ask(app, &house.holder, &asking("deletion", "cards", "")).await;
        assert_eq!(code(kept), "rights/kept-by-law", "{}", house.test.engine);
        let id = service::ask(app, &house.holder, &asking("deletion", "phone", ""))
            .await
            .expect("asked");
        let again = service::ask(app, &house.holder, &asking("deletion", "phone", "")).await;
        assert_eq!(code(again), "rights/open-already");
        let own = Actor { person: Some(person), ..house.officer.clone() };
        let grant = || Step::Grant("已删除手机号码".to_owned());
        assert_eq!(code(service::answer(app, &own, id, grant()).await), "rights/own-request");
        service::answer(app, &house.officer, id, Step::Take).await.expect("taken");
        service::answer(app, &house.officer, id, grant()).await.expect("granted");
        let record = app.db.read(move |tx| people::store::by_id(tx, person)).await.expect("read");
        assert_eq!(record.expect("registered").phone, "");
        assert_eq!(code(service::answer(app, &house.officer, id, grant()).await), "rights/over");
        let id =
            service::ask(app, &house.holder, &asking("restriction", "uses", "不要用于统计")).await;
        let id = id.expect("asked");
        let bare = Step::Refuse("不能".to_owned(), " ".to_owned());
        assert_eq!(
            code(service::answer(app, &house.officer, id, bare).await),
            "rights/ground-missing"
        );
        let ground = Step::Refuse("统计依法开展".to_owned(), "统计法第七条".to_owned());
        service::answer(app, &house.officer, id, ground).await.expect("refused");
        let all = app.db.read(move |tx| store::of(tx, person)).await.expect("read");
        assert_eq!((all[0].state, all[0].ground.as_str()), (State::Refused, "统计法第七条"));
        let acts =
            app.db.read(move |tx| kernel::journal::about(tx, person, Id(i64::MAX), 50)).await;
        let acts = acts.expect("read");
        assert!(acts.iter().any(|one| one.act == "rights.granted" && one.fields == "phone"));
    }
}

/// PIPL 49: the dead have close relatives, the living have agents; nobody else asks for another.
#[tokio::test]
async fn only_agents_and_close_relatives_of_the_deceased_ask_for_somebody_else() {
    for house in houses("rights_behalf").await {
        let (app, person, clerk) = (&house.app, house.person, actor(Role::Clerk));
        let stranger = people::generate::person(5, 77).expect("somebody").number;
        let nobody = Behalf { number: stranger.as_str().to_owned(), ..Behalf::default() };
        let ask = asking("copy", "identity", "");
        let refused = service::ask_for(app, &clerk, person, &ask, &nobody).await;
        assert_ne!(code(refused), "ok", "{}", house.test.engine);
        let daughter = Behalf {
            number: String::new(),
            relation: "女儿".to_owned(),
            proof: "户口簿".to_owned(),
        };
        let alive = service::ask_for(app, &clerk, person, &ask, &daughter).await;
        assert_eq!(code(alive), "rights/not-entitled");
        let died = "UPDATE person SET deceased_on = '2026-11-01' WHERE id = $1";
        app.db
            .housekeeping(move |tx| tx.execute(died, &[v(person)]).map(drop))
            .await
            .expect("deceased");
        let bare = Behalf { proof: String::new(), ..daughter.clone() };
        let refused = service::ask_for(app, &clerk, person, &ask, &bare).await;
        assert_eq!(code(refused), "rights/not-entitled");
        let id = service::ask_for(app, &clerk, person, &ask, &daughter).await.expect("asked");
        let request =
            app.db.read(move |tx| store::one(tx, id)).await.expect("read").expect("there");
        assert_eq!(request.asked_as, "relative: 女儿, 户口簿");
        let own = service::answer(app, &clerk, id, Step::Take).await;
        assert_eq!(code(own), "rights/own-request", "the clerk who entered it does not answer it");
        let early = service::copy_for(app, &house.officer, id, SECTIONS).await;
        assert_eq!(code(early), "rights/over", "nobody has taken it");
        service::answer(app, &house.officer, id, Step::Take).await.expect("taken");
        let own = service::copy_for(app, &clerk, id, SECTIONS).await;
        assert_eq!(code(own), "rights/own-request");
        let routes = kernel::http::kernel_routes().merge(super::routes(SECTIONS));
        let router = kernel::http::build(app.clone(), routes).router;
        let mut office = Client::signed_in(&router, app, &house.officer).await;
        assert!(office.get("/office/rights").await.text().contains(&format!("{id}/copy")));
        let copy = office.post_form(&format!("/office/rights/{id}/copy"), &[]).await;
        assert!(copy.body.starts_with(b"%PDF-1.7"), "{}", copy.text());
        let acts = app.db.read(move |tx| kernel::journal::about(tx, person, Id(i64::MAX), 50));
        let acts = acts.await.expect("read");
        assert!(acts.iter().any(|one| one.act == "rights.copied" && one.purpose.contains("女儿")));
    }
}

static SECTIONS: &[Section] =
    &[Section { key: "payments", collect: |_, people| Ok(json!(people.len())) }];

#[tokio::test]
async fn a_holder_copies_everything_with_his_password_and_asks_on_the_page() {
    for house in houses("rights_copy").await {
        let (app, person) = (house.app.clone(), house.person);
        let routes = kernel::http::kernel_routes().merge(super::routes(SECTIONS));
        let router = kernel::http::build(app.clone(), routes).router;
        let mut holder = Client::signed_in(&router, &app, &house.holder).await;
        let account = house.holder.account;
        let hash = seal::password::hash("correct horse 9", &[7; 16]);
        app.db
            .housekeeping(move |tx| kernel::auth::set_password(tx, account, &hash))
            .await
            .expect("a password");
        let wrong = [("password", "wrong"), ("form", "file")];
        let refused = holder.post_form("/me/rights/copy", &wrong).await;
        assert_eq!(refused.status, 401, "{}", house.test.engine);
        let fields = [("password", "correct horse 9"), ("form", "file")];
        let copy = holder.post_form("/me/rights/copy", &fields).await;
        assert_eq!(copy.status, 200, "{}", copy.text());
        let copy = copy.json();
        assert_eq!(copy["person"]["phone"], "13900000000");
        assert_eq!(copy["payments"], 1, "what other capabilities hold is in it");
        assert_eq!(copy["held"].as_array().map(Vec::len), Some(HOLDINGS.len()));
        let seen = copy["accesses"].as_array().expect("a list");
        assert!(seen.iter().any(|one| one["act"] == "person.registered"), "{seen:?}");
        let acts =
            app.db.read(move |tx| kernel::journal::about(tx, person, Id(i64::MAX), 50)).await;
        assert!(acts.expect("read").iter().any(|one| one.act == "rights.copied"));
        let print = [("password", "correct horse 9"), ("form", "print")];
        assert!(holder.post_form("/me/rights/copy", &print).await.text().contains("13900000000"));
        let pdf = [("password", "correct horse 9"), ("form", "pdf")];
        let pdf = holder.post_form("/me/rights/copy", &pdf).await;
        assert_eq!(pdf.header("content-type"), "application/pdf");
        let phone: String = "13900000000".bytes().map(|digit| format!("{digit:04X}")).collect();
        assert!(pdf.body.starts_with(b"%PDF-1.7") && pdf.text().contains(&phone));
        let ask = [("kind", "correction"), ("about", "identity"), ("words", "民族有误")];
        assert_eq!(holder.post_form("/me/rights", &ask).await.status, 303);
        let page = holder.get("/me/rights").await.text();
        assert!(page.contains("民族有误") && page.contains("最迟答复"));
        let bad = holder.post_form("/me/rights", &[("kind", "deletion"), ("about", "cards")]).await;
        assert_eq!(bad.status, 409);
        assert!(bad.text().contains("依法须保存"));
        let mut office = Client::program(&router, &app, &house.officer).await;
        let open = office.get("/api/v1/rights").await.json();
        let id = open[0]["id"].as_str().expect("an id").to_owned();
        let step = json!({"step": "grant", "words": "已更正"});
        let done = office.post_json(&format!("/api/v1/rights/{id}/steps"), &step).await;
        assert_eq!(done.status, 204, "{}", done.text());
        assert!(holder.get("/me/rights").await.text().contains("已更正"));
    }
}

#[tokio::test]
async fn who_wants_it_is_told_each_month_once_how_often_his_data_was_seen() {
    for house in houses("rights_digest").await {
        let app = &house.app;
        service::set_digest(app, &house.holder, true).await.expect("on");
        service::digest_on(app, Utc::now()).await.expect("a round");
        let count = |app: &App| {
            let app = app.clone();
            async move {
                let sql = "SELECT COUNT(*) FROM outbox";
                app.db.read(|tx| tx.one(sql, &[])?.get::<i64>(0)).await.expect("counted")
            }
        };
        assert_eq!(count(app).await, 0, "{}: this month is not over", house.test.engine);
        let next = Utc::now().plus_seconds(31 * 86_400);
        for _ in 0..2 {
            service::digest_on(app, next).await.expect("a round");
        }
        assert_eq!(count(app).await, 1);
        service::set_digest(app, &house.holder, false).await.expect("off");
        service::digest_on(app, next.plus_seconds(40 * 86_400)).await.expect("a round");
        assert_eq!(count(app).await, 1);
    }
}
