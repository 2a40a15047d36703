//! Guidance on both engines.

use kernel::actor::{Actor, Role};
use kernel::http::{self, kernel_routes};
use kernel::journal::{self, Entry};
use kernel::law::Refusal as _;
use kernel::platform::App;
use kernel::testing::{Client, TestDb, actor, databases, platform};
use kernel::time::{Utc, day_text};
use serde_json::json;
use time::Duration;
use time::macros::date;

use super::rules::{self, Asked, Refused, State};
use super::{notices, service};

async fn apps(name: &str) -> Vec<(App, TestDb)> {
    let mut made = Vec::new();
    for test in databases(name) {
        let schema = [
            kernel::MIGRATIONS,
            people::MIGRATIONS,
            cards::MIGRATIONS,
            items::MIGRATIONS,
            outlets::MIGRATIONS,
            banks::MIGRATIONS,
            funds::MIGRATIONS,
            funds::payments::MIGRATIONS,
            super::MIGRATIONS,
        ];
        made.push((platform(&test, &schema).await, test));
    }
    made
}

/// A holder in the register whose card expires after so many days.
async fn holder(app: &App, index: u32, days: i64) -> Actor {
    let made = people::generate::person(31, index).expect("somebody");
    let person = people::rules::Person {
        id: app.id(),
        number: made.number,
        document: made.document,
        name: made.name,
        sex: made.sex,
        birth: made.birth,
        nation: String::new(),
        phone: "02312345678".to_owned(),
        address: made.address,
        household: made.household.map(|d| d.code.to_owned()).unwrap_or_default(),
        ground: made.ground,
        ground_until: None,
        deceased_on: None,
        version: 1,
    };
    let holder = Actor { person: Some(person.id), ..actor(Role::Holder) };
    let entry = Entry::new(app.id(), Utc::now(), &Actor::system(), "test.made", "");
    let (card, outlet) = (app.id(), app.id());
    let last = day_text(Utc::now().day().saturating_add(Duration::days(days)));
    let kept = app.db.write(move |tx| {
        use kernel::db::v;
        people::store::insert(tx, &person, Utc::now())?;
        tx.execute(
            "INSERT INTO card (person_id, id, stage, live, outlet_id, delivery, guardian, applied_at,
             handed_to, expires_on, version) VALUES ($1, $2, 'active', $3, $4, '', '', $5, '', $6, 1)",
            &[v(person.id), v(card), v(true), v(outlet), v(Utc::now()), v(&last)],
        )?;
        journal::record(tx, &entry)
    });
    kept.await.expect("a holder");
    holder
}

#[test]
fn a_request_needs_what_its_way_needs() {
    let asked = Asked {
        way: "home".to_owned(),
        name: "李奶奶".to_owned(),
        phone: "02312345678".to_owned(),
        division: "500103".to_owned(),
        ..Asked::default()
    };
    let today = date!(2026 - 09 - 30);
    assert_eq!(asked.clone().check(today).err(), Some(Refused::Address));
    assert!(Asked { way: "callback".to_owned(), ..asked.clone() }.check(today).is_ok());
    assert_eq!(Asked { phone: "x".to_owned(), ..asked }.check(today).err(), Some(Refused::Phone));
}

#[test]
fn a_request_ends_once_and_with_words() {
    assert_eq!(rules::next(State::Waiting, "take", ""), Ok(State::Taken));
    assert_eq!(rules::next(State::Taken, "done", " "), Err(Refused::Words));
    assert_eq!(rules::next(State::Taken, "done", "已代办"), Ok(State::Done));
    for over in [State::Done, State::Ended] {
        for act in ["take", "done", "end", "cancel", "nonsense"] {
            assert_eq!(rules::next(over, act, "x"), Err(Refused::State), "{act}");
        }
    }
    assert!(Refused::ALL.iter().all(|refused| refused.code().starts_with("guidance/")));
}

#[test]
fn a_birthday_makes_somebody_elderly_on_the_day_itself() {
    use items::rules::Group;
    let birth = date!(1966 - 10 - 01);
    assert_eq!(rules::group_of(birth, date!(2026 - 09 - 30)), None);
    assert_eq!(rules::group_of(birth, date!(2026 - 10 - 01)), Some(Group::Elderly));
    assert_eq!(
        rules::group_of(date!(2008 - 10 - 01), date!(2026 - 09 - 30)),
        Some(Group::Children)
    );
}

#[tokio::test]
async fn who_expires_soon_is_told_once_and_not_when_switched_off() {
    for (app, _test) in apps("care_notices").await {
        let (soon, off) = (holder(&app, 1, 20).await, holder(&app, 2, 20).await);
        holder(&app, 3, 300).await;
        service::switch(&app, &off, "expiring".to_owned(), false).await.expect("off");
        let wrong = service::switch(&app, &off, "weather".to_owned(), false).await;
        assert_eq!(wrong.err().map(|problem| problem.code), Some("guidance/kind"));
        assert_eq!(notices::round(&app, Utc::now()).await.expect("a round"), "1 told");
        assert_eq!(notices::round(&app, Utc::now()).await.expect("a round"), "0 told");
        service::switch(&app, &off, "expiring".to_owned(), true).await.expect("on");
        assert_eq!(notices::round(&app, Utc::now()).await.expect("a round"), "1 told");
        let kinds = service::notices(&app, soon.person.expect("a person")).await.expect("read");
        assert_eq!(kinds, [("expiring", true), ("unpaid", true), ("items", true)]);
    }
}

#[tokio::test]
async fn help_is_asked_for_by_phone_taken_at_the_desk_and_completed_by_who_took_it() {
    for (app, _test) in apps("care_help").await {
        let router = http::build(app.clone(), kernel_routes().merge(super::routes())).router;
        let mut hotline = Client::program(&router, &app, &actor(Role::HotlineAgent)).await;
        let new = json!({ "way": "home", "name": "李奶奶", "phone": "02312345678",
                          "division": "500103", "address": "示范路1号", "needs": "听力不好" });
        let made = hotline.post_json("/api/v1/help-requests", &new).await.json();
        let id = made["id"].as_str().expect("an id");
        let acts = format!("/api/v1/help-requests/{id}/acts");
        let clerk = Actor { division: "500103".to_owned(), ..actor(Role::Clerk) };
        let elsewhere = Actor { division: "500106".to_owned(), ..actor(Role::Clerk) };
        let mut elsewhere = Client::program(&router, &app, &elsewhere).await;
        assert_eq!(elsewhere.post_json(&acts, &json!({ "act": "take" })).await.status, 404);
        let mut desk = Client::program(&router, &app, &clerk).await;
        assert_eq!(desk.get("/api/v1/help-requests").await.json()[0]["name"], "李奶奶");
        desk.post_json(&acts, &json!({ "act": "take" })).await;
        let other = Actor { division: "500103".to_owned(), ..actor(Role::Clerk) };
        let mut other = Client::program(&router, &app, &other).await;
        let done = json!({ "act": "done", "result": "已上门激活" });
        assert_eq!(other.post_json(&acts, &done).await.code(), "guidance/state");
        assert_eq!(desk.post_json(&acts, &done).await.json()["state"], "done");
        assert_eq!(desk.get("/api/v1/help-requests").await.json(), json!([]));
    }
}

#[tokio::test]
async fn pages_lead_in_plain_words_and_keep_what_was_typed() {
    for (app, _test) in apps("care_guide").await {
        let router = http::build(app.clone(), kernel_routes().merge(super::routes())).router;
        let mut stranger = Client::new(&router);
        assert!(stranger.get("/guide").await.text().contains("您是谁"));
        let led = stranger.get("/guide?who=elderly&want=loss&division=500103").await.text();
        assert!(led.contains("拨打12333立即挂失") && led.contains("data-print"));
        assert!(stranger.get("/guide?want=nonsense").await.text().contains("class=\"empty\""));
        let mut me = Client::signed_in(&router, &app, &actor(Role::Holder)).await;
        let wrong = me.post_form("/me/help", &[("way", "home"), ("name", "李奶奶")]).await;
        assert_eq!(wrong.status, 422);
        assert!(wrong.text().contains("value=\"李奶奶\""));
        let fields = [
            ("way", "callback"),
            ("name", "李奶奶"),
            ("phone", "02312345678"),
            ("division", "500103"),
        ];
        assert!(me.post_form("/me/help", &fields).await.text().contains("等待安排"));
        assert_eq!(
            me.post_form("/me/notices", &[("kind", "items"), ("on", "0")]).await.status,
            303
        );
        assert!(me.get("/me/notices").await.text().contains("已关闭"));
    }
}

/// Art. 15, 22: an unpaid bill is told of once before its last day, unless somebody pays it or does not want to
/// know.
#[tokio::test]
async fn an_unpaid_bill_is_told_of_once_unless_it_is_being_paid() {
    use kernel::db::v;
    for (app, test) in apps("care_unpaid").await {
        let people =
            [holder(&app, 1, 900).await, holder(&app, 2, 900).await, holder(&app, 3, 900).await];
        let persons: Vec<kernel::id::Id> = people.iter().filter_map(|one| one.person).collect();
        let today = Utc::now().day();
        let day = move |days: i64| day_text(today + Duration::days(days));
        let of = persons.clone();
        let write = app.db.housekeeping(move |tx| {
            tx.execute(
                "INSERT INTO biller (id, code, name_zh, name_en, kind, phone, divisions, account, account_tail,
                     state, made_by, made_name, made_at, decided_by, decided_name, version)
                 VALUES (1, 'SHUI', '自来水公司', 'Water', 'water', '', '', $1, '', 'open', 1, '', 0, 2, '', 1)",
                &[v(&b"x"[..])],
            )?;
            // Due in two days, due much later, being paid by a standing authorisation.
            for (place, (person, due)) in of.iter().zip([day(2), day(20), day(2)]).enumerate() {
                tx.execute(
                    "INSERT INTO bill (person_id, id, account_id, biller_id, number, period, fen, due_on, state,
                         declined, seen_at) VALUES ($1, $2, 5, 1, $3, '', 100, $4, 'open', FALSE, 0)",
                    &[v(*person), v(place as i64 + 1), v(place.to_string()), v(due)],
                )?;
            }
            tx.execute(
                "INSERT INTO bill_mandate (person_id, id, account_id, bill_fen, month_fen, until_day, state,
                     made_at, changed_at, version) VALUES ($1, 1, 5, 900, 900, '2999-01-01', 'active', 0, 0, 1)",
                &[v(of[2])],
            )
        });
        write.await.expect("written");
        assert_eq!(
            notices::round(&app, Utc::now()).await.expect("a round"),
            "1 told",
            "{}",
            test.engine
        );
        assert_eq!(notices::round(&app, Utc::now()).await.expect("a round"), "0 told");
        let sms = "SELECT body FROM outbox";
        let read = app.db.read(move |tx| {
            tx.query(sms, &[])?.iter().map(|r| r.get(0)).collect::<Result<Vec<String>, _>>()
        });
        let sent = read.await.expect("read");
        assert!(
            sent.iter().any(|body| body.contains("自来水公司") && body.contains(&day(2))),
            "{sent:?}"
        );
        service::switch(&app, &people[1], "unpaid".to_owned(), false).await.expect("off");
        let later = Utc(Utc::now().0 + 18 * Utc::DAY);
        assert_eq!(
            notices::round(&app, later).await.expect("a round"),
            "0 told",
            "he does not want to know"
        );
    }
}
