//! Officers ask on the page, through HTTP and on both engines.

use kernel::actor::{Actor, Role};
use kernel::http::build;
use kernel::id::Id;
use kernel::journal;
use kernel::testing::{Client, actor, id};
use kernel::time::Utc;
use people::rules::Person;
use time::Duration;

use super::service::{self, Outcome, Typed};
use super::store;
use crate::agreements::tests::{agreement_id, houses, publish, terms};
use crate::queries::tests::{enter, reads_of};

const PATH: &str = "/office/sharing/ask";

/// A weekday at ten in the morning, or at night.
fn at_hour(hour: i64) -> Utc {
    let mut day = Utc::now().day();
    while day.weekday().number_days_from_monday() >= 5 {
        day = day.saturating_add(Duration::DAY);
    }
    Utc::start_of(day).plus_seconds(hour * 3_600)
}

fn typed(agreement: Id, person: &Person) -> Typed {
    let number = person.number.as_str().to_owned();
    Typed { agreement: Some(agreement), number, case_no: "案2026-17".to_owned() }
}

fn colleague(of: &Actor) -> Actor {
    Actor { account: id(), name: "王复核".to_owned(), ..of.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_officer_sees_the_agreed_fields_and_the_person_sees_the_officer() {
    for house in houses("desk_ask").await {
        let app = &house.app;
        let router = build(app.clone(), crate::routes(&[])).router;
        let person = enter(app, 500).await;
        let version = publish(app, &house.officer, terms("name_masked,alive")).await;
        let agreement = agreement_id(app, &house.officer, version).await.to_string();
        let mut officer = Client::signed_in(&router, app, &house.officer).await;
        assert!(officer.get(PATH).await.text().contains(&agreement), "it may be chosen");
        let ask = |number: &str, case: &str| {
            [
                ("agreement", agreement.clone()),
                ("number", number.to_owned()),
                ("case_no", case.to_owned()),
            ]
        };
        let post = async |client: &mut Client, number: &str, case: &str| {
            let fields = ask(number, case);
            let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
            client.post_form(PATH, &fields).await
        };
        let caseless = post(&mut officer, person.number.as_str(), " ").await;
        assert_eq!(caseless.status, 422, "{}", house.app.config.region);
        let answer = post(&mut officer, person.number.as_str(), "案2026-17").await;
        let text = answer.text();
        assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"));
        assert!(text.contains("是否在世") && text.contains("<dd>yes</dd>"), "{text}");
        assert!(!text.contains(&person.phone) && !text.contains(person.number.as_str()), "{text}");
        let reads = reads_of(app, person.id).await;
        assert_eq!((reads.len(), reads[0].fields.as_str()), (1, "name_masked,alive"));
        assert!(reads[0].detail.contains(&house.officer.name));

        let nobody = post(&mut officer, "11010119900307803X", "案2026-17").await;
        assert!(nobody.text().contains("没有可提供的信息"));
        let stranger = Actor { org: Some(id()), ..actor(Role::DepartmentOfficer) };
        let mut other = Client::signed_in(&router, app, &stranger).await;
        let refused = post(&mut other, person.number.as_str(), "案2026-17").await;
        assert_eq!(refused.status, 403, "{}", refused.text());
        assert_eq!(reads_of(app, person.id).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_in_bulk_needs_a_colleague_of_the_same_department_with_his_own_account() {
    for house in houses("desk_brake").await {
        let app = &house.app;
        let router = build(app.clone(), crate::routes(&[])).router;
        let version = publish(app, &house.officer, terms("alive")).await;
        let agreement = agreement_id(app, &house.officer, version).await;
        let mut people = Vec::new();
        for n in 0..5 {
            people.push(enter(app, 510 + n).await);
        }
        let night = at_hour(23);
        for person in &people[..3] {
            let question = typed(agreement, person);
            let outcome = service::ask_at(app, &house.officer, &question, night).await;
            assert!(matches!(outcome, Ok(Outcome::Answered(..))));
        }
        let last = &people[3];
        let outcome = service::ask_at(app, &house.officer, &typed(agreement, last), night).await;
        let Ok(Outcome::Waits(id)) = outcome else { panic!("{outcome:?}") };
        assert!(reads_of(app, last.id).await.is_empty(), "nothing was read");
        let alerts = app.db.read(crate::queries::store::alerts).await.expect("read");
        assert_eq!((alerts[0].kind.as_str(), alerts[0].answered), ("off-hours", false));

        let own = service::second_at(app, &house.officer, id, true, night).await;
        assert_eq!(own.expect_err("his own").code, "sharing/same-officer");
        let stranger = Actor { org: Some(kernel::testing::id()), ..colleague(&house.officer) };
        let other = service::second_at(app, &stranger, id, true, night).await;
        assert_eq!(other.expect_err("another department's").status, 404);
        let early = service::again(app, &house.officer, id).await.expect_err("not confirmed");
        assert_eq!(early.code, "sharing/not-now");

        let colleague = colleague(&house.officer);
        let mut second = Client::signed_in(&router, app, &colleague).await;
        let path = format!("{PATH}/{id}");
        assert!(second.get(PATH).await.text().contains(&path));
        let done = second.post_form(&path, &[("decision", "yes")]).await;
        assert_eq!(done.status, 303, "{}", done.text());
        let reads = reads_of(app, last.id).await;
        assert_eq!(reads.len(), 1);
        assert!(reads[0].detail.contains("王复核"), "{}", reads[0].detail);
        let mut officer = Client::signed_in(&router, app, &house.officer).await;
        let seen = officer.get(&path).await;
        assert!(seen.text().contains("<dd>yes</dd>"), "{}", seen.text());
        assert_eq!(second.get(&path).await.status, 404, "the answer is the asker's");
        assert_eq!(reads_of(app, last.id).await.len(), 1, "once more is the same question");

        let question = typed(agreement, &people[4]);
        let outcome = service::ask_at(app, &house.officer, &question, night).await;
        let Ok(Outcome::Waits(id)) = outcome else { panic!("the brake still acts") };
        service::second_at(app, &colleague, id, false, night).await.expect("declined");
        let late = service::second_at(app, &colleague, id, true, night).await;
        assert_eq!(late.expect_err("decided").code, "sharing/not-now");
        assert!(reads_of(app, people[4].id).await.is_empty());
        let entries = app.db.read(|tx| journal::newest(tx, Id(i64::MAX), 50)).await.expect("read");
        for act in ["share.seconded", "share.declined", "share.refused"] {
            assert!(entries.iter().any(|entry| entry.act == act), "{act}");
        }
    }
}

#[tokio::test]
async fn a_question_is_forgotten_after_a_day() {
    for house in houses("desk_forget").await {
        let app = &house.app;
        let version = publish(app, &house.officer, terms("alive")).await;
        let agreement = agreement_id(app, &house.officer, version).await;
        let person = enter(app, 520).await;
        let long_ago = Utc(at_hour(10).0 - 9 * Utc::DAY);
        let question = typed(agreement, &person);
        let asked = service::ask_at(app, &house.officer, &question, at_hour(10)).await;
        let Ok(Outcome::Answered(id, _)) = asked else { panic!("answered") };
        let old = "UPDATE share_desk SET asked_at = $1";
        let age = app.db.housekeeping(move |tx| tx.execute(old, &[kernel::db::v(long_ago)]));
        age.await.expect("aged");
        assert_eq!(service::forget(app).await.expect("forgotten"), "1 forgotten");
        let org = house.officer.org.expect("one");
        let kept = app.db.read(move |tx| store::one(tx, org, id)).await.expect("read");
        assert!(kept.is_some_and(|kept| kept.sealed.is_none()));
        assert!(service::again(app, &house.officer, id).await.is_err());
    }
}
