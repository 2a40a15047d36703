use kernel::actor::{Actor, Role};
use kernel::http::{self, kernel_routes};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::org::{self, Org};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{Client, TestDb, actor, databases};
use kernel::time::Utc;
use people::service::Registration;

use super::service;
use crate::service::tests::office;

struct House {
    app: App,
    _test: TestDb,
}

async fn houses(name: &str) -> Vec<House> {
    let mut houses = Vec::new();
    for test in databases(name) {
        let (app, _) = office(&test).await;
        houses.push(House { app, _test: test });
    }
    houses
}

fn code_of<T>(result: Result<T, Problem>) -> &'static str {
    result.err().map_or("ok", |problem| problem.code)
}

/// The form of a generated adult or child registered in the city.
fn form(adult: bool, nth: usize) -> Registration {
    let today = Utc::now().day();
    let fits = |made: &people::generate::GeneratedPerson| {
        let here = made.household.is_some_and(|d| d.code.starts_with("50"));
        let years = today.year() - made.birth.year();
        here && made.ground == people::rules::Ground::Household
            && if adult { (20..90).contains(&years) } else { years < 15 }
    };
    let made =
        (0..500).filter_map(|index| people::generate::person(23, index)).filter(fits).nth(nth);
    let made = made.expect("somebody of that age");
    Registration {
        number: made.number.as_str().to_owned(),
        document: made.document.code().to_owned(),
        name: made.name,
        phone: made.phone,
        address: made.address,
        household: made.household.map(|d| d.code.to_owned()).unwrap_or_default(),
        ground: made.ground.code().to_owned(),
        ..Registration::default()
    }
}

/// A clerk whose outlet is an organisation that applicants can choose.
async fn clerk(app: &App) -> (Actor, Id) {
    let clerk = actor(Role::Clerk);
    let outlet = clerk.org.expect("an outlet");
    let entry = Entry::new(app.id(), Utc::now(), &clerk, "test.made", "");
    let made = app.db.write(move |tx| {
        let org = Org {
            id: outlet,
            credit_code: None,
            name_zh: "示范网点".to_owned(),
            name_en: "Model outlet".to_owned(),
            kind: "outlet".to_owned(),
            division: "500103".to_owned(),
            parent: None,
        };
        org::add(tx, &org, Utc::now())?;
        journal::record(tx, &entry)
    });
    made.await.expect("an outlet");
    (clerk, outlet)
}

/// The code of the last message, as the applicant reads it on his phone.
async fn code(app: &App) -> String {
    let body: String = app
        .db
        .read(|tx| {
            let sql = "SELECT body FROM outbox ORDER BY id DESC LIMIT 1";
            tx.one(sql, &[])?.get::<String>(0)
        })
        .await
        .expect("a message");
    let at = body.find("验证码 ").expect("a code") + "验证码 ".len();
    body[at..at + 6].to_owned()
}

#[tokio::test]
async fn an_adult_applies_from_his_phone_and_has_both_cards_ordered_after_the_document_was_seen() {
    for house in houses("online_whole").await {
        let app = &house.app;
        let (clerk, outlet) = clerk(app).await;
        let form = form(true, 0);
        let reference = service::send(app, &form, outlet).await.expect("sent");
        let sent = code(app).await;
        assert!(service::waiting(app, &clerk).await.expect("read").is_empty(), "not confirmed");
        let other = if sent == "000000" { "000001" } else { "000000" };
        assert_eq!(code_of(service::confirm(app, &reference, other).await), "online/wrong-code");
        service::confirm(app, &reference, &sent).await.expect("confirmed");
        let listed = service::waiting(app, &clerk).await.expect("read");
        assert_eq!(listed[0].form.number, form.number);
        let elsewhere = actor(Role::Clerk);
        let foreign = service::accept(app, &elsewhere, listed[0].id).await;
        assert_eq!(code_of(foreign), "online/unknown", "another outlet's");
        let person = service::accept(app, &clerk, listed[0].id).await.expect("accepted");
        let holder = Actor { person: Some(person.id), ..actor(Role::Holder) };
        let held = crate::service::holdings(app, &holder).await.expect("read");
        assert!(held.card.is_some());
        let status = service::status(app, &reference.to_lowercase()).await.expect("found");
        assert_eq!((status.state.as_str(), status.progress.is_empty()), ("accepted", false));
        assert_eq!(code_of(service::accept(app, &clerk, listed[0].id).await), "online/decided");
        let left: Vec<u8> = app
            .db
            .read(|tx| tx.one("SELECT sealed FROM online_application", &[])?.get::<Vec<u8>>(0))
            .await
            .expect("read");
        assert!(left.is_empty(), "what was written is erased");
    }
}

#[tokio::test]
async fn a_second_application_of_a_holder_is_refused_at_the_counter_and_waits_on() {
    for house in houses("online_second").await {
        let app = &house.app;
        let (clerk, outlet) = clerk(app).await;
        let form = form(true, 1);
        for round in 0..2 {
            let reference = service::send(app, &form, outlet).await.expect("sent");
            service::confirm(app, &reference, &code(app).await).await.expect("confirmed");
            let id = service::waiting(app, &clerk).await.expect("read")[0].id;
            let done = service::accept(app, &clerk, id).await;
            let expected = if round == 0 { "ok" } else { "cards/one-person-one-card" };
            assert_eq!(code_of(done), expected);
        }
        let id = service::waiting(app, &clerk).await.expect("read")[0].id;
        assert_eq!(code_of(service::refuse(app, &clerk, id, " ").await), "online/no-reason");
        service::refuse(app, &clerk, id, "您已有社会保障卡").await.expect("refused");
        assert!(service::waiting(app, &clerk).await.expect("read").is_empty());
    }
}

#[tokio::test]
async fn children_codes_without_end_and_guessing_are_stopped() {
    for house in houses("online_limits").await {
        let app = &house.app;
        let (_, outlet) = clerk(app).await;
        let child = service::send(app, &form(false, 0), outlet).await;
        assert_eq!(code_of(child), "online/child");
        let form = form(true, 2);
        let nowhere = service::send(app, &form, kernel::testing::id()).await;
        assert_eq!(code_of(nowhere), "platform/invalid-input");
        let reference = service::send(app, &form, outlet).await.expect("sent");
        let right = code(app).await;
        let wrong = if right == "123456" { "123457" } else { "123456" };
        for _ in 0..5 {
            service::confirm(app, &reference, wrong).await.expect_err("wrong");
        }
        assert_eq!(code_of(service::confirm(app, &reference, &right).await), "online/wrong-code");
        for _ in 0..4 {
            service::send(app, &form, outlet).await.expect("sent");
        }
        assert_eq!(code_of(service::send(app, &form, outlet).await), "online/too-many-codes");
    }
}

#[tokio::test]
async fn what_nobody_comes_for_lapses_and_is_erased() {
    for house in houses("online_lapse").await {
        let app = &house.app;
        let (clerk, outlet) = clerk(app).await;
        let reference = service::send(app, &form(true, 3), outlet).await.expect("sent");
        service::confirm(app, &reference, &code(app).await).await.expect("confirmed");
        let older = app.db.housekeeping(|tx| {
            let sql = "UPDATE online_application SET made_at = made_at - $1";
            tx.execute(sql, &[kernel::db::v(31 * Utc::DAY)]).map(drop)
        });
        older.await.expect("older");
        assert_eq!(service::lapse(app).await.expect("a round"), "1 lapsed");
        assert!(service::waiting(app, &clerk).await.expect("read").is_empty());
        assert_eq!(service::status(app, &reference).await.expect("found").state, "lapsed");
    }
}

#[tokio::test]
async fn the_form_is_filled_in_by_page_and_tells_what_is_wrong() {
    let house = houses("online_pages").await.swap_remove(0);
    let app = &house.app;
    let (clerk, outlet) = clerk(app).await;
    let router = http::build(app.clone(), kernel_routes().merge(super::routes())).router;
    let mut phone = Client::new(&router);
    let form = form(true, 4);
    let outlet = outlet.to_string();
    let fields = |number: &'static str| {
        let number = if number.is_empty() { form.number.clone() } else { number.to_owned() };
        [
            ("document", form.document.clone()),
            ("number", number),
            ("name", form.name.clone()),
            ("phone", form.phone.clone()),
            ("address", form.address.clone()),
            ("household", form.household.clone()),
            ("ground", form.ground.clone()),
            ("outlet", outlet.clone()),
        ]
    };
    let bad = fields("123");
    let bad: Vec<(&str, &str)> = bad.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let shown = phone.post_form("/apply", &bad).await;
    assert_eq!(shown.status, 422);
    assert!(shown.text().contains(&form.name), "what was typed stays");
    let good = fields("");
    let good: Vec<(&str, &str)> = good.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let sent = phone.post_form("/apply", &good).await;
    let at = sent.header("location").to_owned();
    assert!(at.starts_with("/apply/"), "{}", sent.text());
    let code = code(app).await;
    phone.post_form(&at, &[("code", code.as_str())]).await;
    assert!(phone.get(&at).await.text().contains("到网点核验证件"));
    let mut desk = Client::signed_in(&router, app, &clerk).await;
    let list = desk.get("/desk/applications").await.text();
    assert!(list.contains(&form.name));
    let id = service::waiting(app, &clerk).await.expect("read")[0].id.to_string();
    let unseen = desk.post_form("/desk/applications", &[("id", &id), ("decision", "accept")]).await;
    assert_eq!(unseen.status, 422);
    let seen = [("id", id.as_str()), ("decision", "accept"), ("seen", "1")];
    let done = desk.post_form("/desk/applications", &seen).await;
    assert!(done.header("location").starts_with("/desk/people/"), "{}", done.text());
}
