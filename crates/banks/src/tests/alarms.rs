//! Divergence: opened, owned, closed; events of banks over the API.

use kernel::actor::{Actor, Role};
use kernel::db::v;
use kernel::testing::{Client, actor};
use kernel::time::Utc;
use serde_json::json;

use super::house::{House, code_of, houses};
use crate::rules::{Expected, State};
use crate::service::{Command, alarms};
use crate::store::alarms::AlarmKind;

async fn active(name: &str) -> Vec<House> {
    let houses = houses(name).await;
    for house in &houses {
        house.over_http().await;
        house.carry_out(Command::PreOpen(house.bank.id)).await;
        house.carry_out(Command::Activate).await;
    }
    houses
}

#[tokio::test]
async fn a_divergence_is_an_alarm_that_closes_itself_when_both_sides_agree() {
    for house in active("banks_diverge").await {
        house.expect(Expected::Lost).await;
        assert_eq!(alarms::compare(&house.app).await.expect("compared"), "1 opened, 0 agreed");
        assert_eq!(alarms::compare(&house.app).await.expect("again"), "0 opened, 0 agreed");
        let open = house.alarms().await;
        assert_eq!(open.len(), 1);
        assert_eq!((open[0].expected.as_str(), open[0].found.as_str()), ("lost", "active"));
        // Somebody reported the loss at the bank's own counter; the platform asks and sees it.
        house.host.change(&house.card.to_string(), State::Lost);
        house.round().await;
        assert_eq!(house.state().await, State::Lost, "{}", house.engine);
        assert!(house.alarms().await.is_empty());
        let closed = house.read(|tx| crate::store::alarms::all_closed(tx, None, 10)).await;
        assert_eq!((closed.len(), closed[0].closed_by.as_str()), (1, "agreed"));
        assert_eq!(house.acts("bank.alarm-opened").await, 1);
        assert_eq!(house.acts("bank.alarm-closed").await, 1);
    }
}

#[tokio::test]
async fn what_agrees_or_has_just_begun_to_differ_is_no_alarm() {
    for house in active("banks_agree").await {
        house.expect(Expected::Active).await;
        assert_eq!(alarms::compare(&house.app).await.expect("compared"), "0 opened, 0 agreed");
        let (person, card) = (house.person, house.card);
        let entry = kernel::journal::Entry::new(
            house.app.id(),
            Utc::now(),
            &Actor::system(),
            "test.made",
            "",
        );
        let expected = house.app.db.write(move |tx| {
            crate::service::expect(tx, person, card, Expected::Closed, Utc::now())?;
            kernel::journal::record(tx, &entry)
        });
        expected.await.expect("expected");
        assert_eq!(alarms::compare(&house.app).await.expect("compared"), "0 opened, 0 agreed");
        house.expect(Expected::Closed).await;
    }
}

#[tokio::test]
async fn a_request_without_an_answer_for_a_day_is_an_alarm() {
    for house in houses("banks_no_answer").await {
        house.begin(Command::PreOpen(house.bank.id)).await.expect("begun");
        assert_eq!(alarms::compare(&house.app).await.expect("compared"), "0 opened, 0 agreed");
        let yesterday = Utc::now().plus_seconds(-25 * 3_600);
        let sql = "UPDATE bank_request SET created_at = $1";
        let moved = house.app.db.housekeeping(move |tx| tx.execute(sql, &[v(yesterday)]).map(drop));
        moved.await.expect("moved");
        assert_eq!(alarms::compare(&house.app).await.expect("compared"), "1 opened, 0 agreed");
        assert_eq!(house.alarms().await[0].kind, AlarmKind::NoAnswer);
        house.over_http().await;
        house.round().await;
        assert!(house.alarms().await.is_empty(), "{}", house.engine);
    }
}

/// Each alarm has an owner: the bank's officer or the municipal one, and nobody of another bank.
#[tokio::test]
async fn an_alarm_is_closed_by_whoever_took_it_with_a_word() {
    for house in active("banks_owner").await {
        house.expect(Expected::Lost).await;
        alarms::compare(&house.app).await.expect("compared");
        let id = house.alarms().await[0].id;
        let app = &house.app;
        let (city, stranger) = (actor(Role::MunicipalOfficer), actor(Role::Bank));
        let own = Actor { org: Some(house.bank.id), ..actor(Role::Bank) };
        assert_eq!(code_of(alarms::take(app, &stranger, id).await), "platform/not-found");
        assert!(alarms::list(app, &stranger).await.expect("read").open.is_empty());
        assert_eq!(alarms::list(app, &own).await.expect("read").open.len(), 1);
        assert_eq!(code_of(alarms::close(app, &own, id, "已核对").await), "banks/alarm-not-yours");
        alarms::take(app, &own, id).await.expect("taken");
        alarms::take(app, &city, id).await.expect("taken over");
        assert_eq!(code_of(alarms::close(app, &own, id, "已核对").await), "banks/alarm-not-yours");
        assert_eq!(code_of(alarms::close(app, &city, id, "  ").await), "banks/comment-missing");
        alarms::close(app, &city, id, "与银行核对后更正").await.expect("closed");
        assert!(house.alarms().await.is_empty(), "{}", house.engine);
        assert_eq!(code_of(alarms::take(app, &own, id).await), "banks/alarm-not-yours");
        assert_eq!(house.acts("bank.alarm-taken").await, 2);
        assert_eq!(alarms::compare(app).await.expect("quiet"), "0 opened, 0 agreed");
        let sql = "UPDATE bank_alarm SET closed_at = closed_at - $1";
        let days =
            house.app.db.housekeeping(move |tx| tx.execute(sql, &[v(2 * Utc::DAY)]).map(drop));
        days.await.expect("two days pass");
        assert_eq!(alarms::compare(app).await.expect("again"), "1 opened, 0 agreed");
    }
}

#[tokio::test]
async fn an_event_of_a_bank_counts_once_and_only_for_its_own_accounts() {
    for house in active("banks_events").await {
        let router = kernel::http::build(house.app.clone(), crate::routes()).router;
        let own = Actor { org: Some(house.bank.id), ..actor(Role::Bank) };
        let mut bank = Client::program(&router, &house.app, &own).await;
        let mut other = Client::program(&router, &house.app, &actor(Role::Bank)).await;
        let mut clerk = Client::program(&router, &house.app, &actor(Role::Clerk)).await;
        let number = house.host.number(&house.card.to_string()).expect("opened");
        let at = Utc::now().seconds() + 2;
        let lost = json!({"id": "E-1", "account": number, "state": "lost", "at": at});
        let path = "/api/v1/banks/events";
        assert_eq!(clerk.post_json(path, &lost).await.status, 403);
        assert_eq!(other.post_json(path, &lost).await.code(), "banks/no-account");
        assert_eq!(house.state().await, State::Active, "{}", house.engine);
        let first = bank.post_json(path, &lost).await;
        assert_eq!(first.json(), json!({"result": "applied"}), "{}", first.text());
        assert_eq!(house.state().await, State::Lost);
        let (account, acts) = (house.account().await, house.acts("bank.event").await);
        assert_eq!(bank.post_json(path, &lost).await.json(), json!({"result": "applied"}));
        assert_eq!((house.account().await, house.acts("bank.event").await), (account, acts));
        let closed = json!({"id": "E-1", "account": number, "state": "closed", "at": at});
        assert_eq!(bank.post_json(path, &closed).await.code(), "banks/event-differs");
        for bad in [
            json!({"id": "", "account": number, "state": "lost", "at": at}),
            json!({"id": "E-2", "account": "12", "state": "lost", "at": at}),
            json!({"id": "E-2", "state": "lost", "at": at}),
            json!({"id": "E-2", "account": number, "state": "requested", "at": at}),
            json!({"id": "E-2", "account": number, "state": "lost", "at": at + 9_000}),
            json!({"id": "E-2", "account": number, "state": "lost", "at": i64::MAX}),
            json!({"id": "E-2", "card": "x", "state": "lost", "at": at}),
        ] {
            assert_eq!(bank.post_json(path, &bad).await.status, 422, "{bad}");
        }
    }
}

/// Clocks differ: an event that seems older than what is known is not thrown away, the bank is asked.
#[tokio::test]
async fn an_event_that_comes_late_makes_the_platform_ask() {
    for house in active("banks_late").await {
        let own = Actor { org: Some(house.bank.id), ..actor(Role::Bank) };
        let event = crate::port::Event {
            id: "late".to_owned(),
            card: house.card.to_string(),
            account: String::new(),
            state: State::Lost,
            at: Utc::now().plus_seconds(-60),
        };
        house.host.change(&house.card.to_string(), State::Lost);
        let taken = crate::service::events::take(&house.app, &own, house.bank.id, event).await;
        assert_eq!(taken.expect("taken"), "asked");
        assert_eq!(house.state().await, State::Active);
        house.round().await;
        assert_eq!(house.state().await, State::Lost, "{}", house.engine);
    }
}

/// What the table of transitions does not allow changes nothing and is somebody's to look at.
#[tokio::test]
async fn a_closed_account_that_comes_to_life_is_an_alarm() {
    for house in active("banks_undead").await {
        house.carry_out(Command::Close).await;
        let own = Actor { org: Some(house.bank.id), ..actor(Role::Bank) };
        let event = crate::port::Event {
            id: "undead".to_owned(),
            card: house.card.to_string(),
            account: String::new(),
            state: State::Active,
            at: Utc::now().plus_seconds(1),
        };
        let taken = crate::service::events::take(&house.app, &own, house.bank.id, event).await;
        assert_eq!(taken.expect("taken"), "contradicts");
        assert_eq!(house.state().await, State::Closed, "{}", house.engine);
        assert_eq!(house.alarms().await[0].kind, AlarmKind::Contradiction);
    }
}

/// The query that finds divergences knows the same rule as `agrees`.
#[tokio::test]
async fn what_differs_for_the_rules_differs_for_the_query() {
    for house in active("banks_same_rule").await {
        for expected in Expected::ALL {
            house.expect(expected).await;
            for state in State::ALL {
                let sql = "UPDATE bank_account SET state = $1";
                let set = house
                    .app
                    .db
                    .housekeeping(move |tx| tx.execute(sql, &[v(state.code())]).map(drop));
                set.await.expect("set");
                let found = house
                    .read(|tx| crate::store::accounts::divergent(tx, Utc::now(), Utc::now(), 10));
                let differs = !found.await.is_empty();
                assert_eq!(
                    differs,
                    !crate::rules::agrees(expected, state),
                    "{expected:?} {state:?}"
                );
            }
        }
    }
}
