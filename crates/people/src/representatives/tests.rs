use kernel::time::{Utc, day_text};
use proptest::prelude::*;
use time::macros::date;
use time::{Date, Duration};

use super::rules::{self, Act, Kind};
use super::service::{self, Claim, NewRepresentative};
use crate::rules::{Person, age};
use crate::service::Registration;
use crate::testing::{House, code_of, holder, houses, somebody};

fn form(kind: &str, by: &Registration, evidence: String) -> NewRepresentative {
    NewRepresentative {
        kind: kind.to_owned(),
        relation: "亲属".to_owned(),
        scope: "apply,collect".to_owned(),
        name: by.name.clone(),
        number: by.number.clone(),
        document: by.document.clone(),
        evidence,
        until: day_text(Utc::now().day() + Duration::days(90)),
        ..NewRepresentative::default()
    }
}

async fn may(
    house: &House,
    person: &Person,
    by: &Registration,
    act: Act,
    day: Date,
) -> &'static str {
    let number = crate::number::PersonNumber::restore(&by.number).expect("valid");
    let id = person.id;
    let asked = house.app.db.read(move |tx| {
        service::may_act(tx, id, &Claim::Number(number.clone()), act, day).map(drop)
    });
    code_of(asked.await)
}

#[tokio::test]
async fn an_agent_may_do_what_his_authorisation_says_until_it_ends_or_is_revoked() {
    for house in houses("agents").await {
        let (today, by) = (Utc::now().day(), somebody(3, true));
        let person = house.register(somebody(1, true)).await;
        assert_eq!(
            may(&house, &person, &by, Act::Apply, today).await,
            "people/not-a-representative"
        );
        let missing =
            service::enter(&house.app, &house.clerk, person.id, form("agent", &by, String::new()));
        assert_eq!(code_of(missing.await), "people/evidence-missing");
        let proof = house.proof(person.id).await;
        let entered =
            service::enter(&house.app, &house.clerk, person.id, form("agent", &by, proof));
        let one = entered.await.expect("entered");
        assert_eq!(may(&house, &person, &by, Act::Collect, today).await, "ok", "{}", house.engine);
        let beyond = may(&house, &person, &by, Act::Cancel, today).await;
        assert_eq!(beyond, "people/representation-out-of-scope");
        let late = may(&house, &person, &by, Act::Apply, today + Duration::days(91)).await;
        assert_eq!(late, "people/representation-not-in-force");
        service::end(&house.app, &holder(&person), person.id, one.id).await.expect("revoked");
        let revoked = may(&house, &person, &by, Act::Apply, today).await;
        assert_eq!(revoked, "people/representation-not-in-force", "{}", house.engine);
        let again = service::end(&house.app, &house.clerk, person.id, one.id).await;
        assert_eq!(code_of(again), "people/representation-ended-already");
        assert_eq!(house.journalled("representative.ended").await, 1);
    }
}

#[tokio::test]
async fn a_guardian_may_do_everything_until_the_child_is_of_age() {
    for house in houses("guardians").await {
        let (today, by) = (Utc::now().day(), somebody(3, true));
        let child = house.register(somebody(1, false)).await;
        let proof = house.proof(child.id).await;
        let open = NewRepresentative { until: String::new(), ..form("guardian", &by, proof) };
        let one = service::enter(&house.app, &house.clerk, child.id, open).await.expect("entered");
        assert_eq!(one.until, rules::eve_of_age(child.birth));
        for act in Act::ALL {
            assert_eq!(may(&house, &child, &by, act, today).await, "ok");
        }
        let birthday = one.until + Duration::days(1);
        let of_age = may(&house, &child, &by, Act::Apply, birthday).await;
        assert_eq!(of_age, "people/representation-not-in-force", "{}", house.engine);
        let dismissed = service::end(&house.app, &holder(&child), child.id, one.id).await;
        assert_eq!(code_of(dismissed), "platform/not-permitted");
    }
}

#[tokio::test]
async fn children_and_the_person_himself_represent_nobody() {
    for house in houses("no_agents").await {
        let own = somebody(1, true);
        let person = house.register(own.clone()).await;
        for (by, code) in [
            (somebody(4, false), "people/representative-too-young"),
            (own, "people/represents-himself"),
        ] {
            let proof = house.proof(person.id).await;
            let entered =
                service::enter(&house.app, &house.clerk, person.id, form("agent", &by, proof));
            assert_eq!(code_of(entered.await), code, "{}", house.engine);
        }
        let proof = house.proof(person.id).await;
        let idle =
            NewRepresentative { scope: String::new(), ..form("agent", &somebody(3, true), proof) };
        let entered = service::enter(&house.app, &house.clerk, person.id, idle).await;
        assert_eq!(code_of(entered), "people/representation-without-scope");
    }
}

#[test]
fn a_child_of_29_february_is_of_age_on_1_march() {
    assert_eq!(rules::eve_of_age(date!(2008 - 02 - 29)), date!(2026 - 02 - 28));
    assert_eq!(rules::eve_of_age(date!(2008 - 03 - 05)), date!(2026 - 03 - 04));
}

proptest! {
    #[test]
    fn the_eve_of_age_is_the_last_day_under_18(days in 0i32..40_000) {
        let birth = date!(1930 - 01 - 01) + Duration::days(i64::from(days));
        let eve = rules::eve_of_age(birth);
        prop_assert_eq!(age(birth, eve), 17);
        prop_assert_eq!(age(birth, eve + Duration::days(1)), 18);
    }

    #[test]
    fn nobody_acts_outside_the_days_or_the_scope(from in 0i64..100, length in 0i64..100, at in 0i64..300, act in 0usize..8) {
        let start = date!(2026 - 01 - 01);
        let day = |n: i64| start + Duration::days(n);
        let one = rules::Representative {
            person: kernel::id::Id(1), id: kernel::id::Id(2), kind: Kind::Agent, relation: String::new(),
            scope: vec![Act::Collect, Act::Loss], name: String::new(),
            number: crate::generate::person(1, 1).expect("there").number, document: String::new(),
            phone: String::new(), evidence: kernel::id::Id(3), from: day(from), until: day(from + length),
            ended_at: None,
        };
        let act = Act::ALL[act];
        let allowed = one.holds_on(day(at)) && one.covers(act);
        let inside = (from..=from + length).contains(&at) && matches!(act, Act::Collect | Act::Loss);
        prop_assert_eq!(allowed, inside);
    }
}

#[tokio::test]
async fn a_holder_names_an_agent_from_his_phone_for_little_and_a_short_time() {
    for house in houses("own_agents").await {
        let (today, by) = (Utc::now().day(), somebody(5, true));
        let person = house.register(somebody(4, true)).await;
        let me = holder(&person);
        let account = me.account;
        kernel::testing::Client::signed_in(
            &kernel::http::build(house.app.clone(), kernel::http::kernel_routes()).router,
            &house.app,
            &me,
        )
        .await;
        let hash = seal::password::hash("Klare-Nacht-7", &[7; 16]);
        let set = house.app.db.housekeeping(move |tx| {
            let sql = "UPDATE account SET password = $1 WHERE id = $2";
            tx.execute_one(sql, &[kernel::db::v(&hash), kernel::db::v(account)])
        });
        set.await.expect("a password");
        let named = |password| {
            let mut asked = form("guardian", &by, String::new());
            asked.scope = "collect,cancel".to_owned();
            asked.until = day_text(today + Duration::days(400));
            super::own::appoint(&house.app, &me, asked, password)
        };
        let wrong = named("not it").await;
        assert!(wrong.is_err(), "{}", house.engine);
        let one = named("Klare-Nacht-7").await.expect("named");
        assert_eq!((one.kind, one.until), (Kind::Agent, today + Duration::days(90)));
        assert_eq!(may(&house, &person, &by, Act::Collect, today).await, "ok");
        let beyond = may(&house, &person, &by, Act::Cancel, today).await;
        assert_eq!(beyond, "people/representation-out-of-scope", "{}", house.engine);
        service::end(&house.app, &me, person.id, one.id).await.expect("ended");
        assert_ne!(may(&house, &person, &by, Act::Collect, today).await, "ok");
    }
}
