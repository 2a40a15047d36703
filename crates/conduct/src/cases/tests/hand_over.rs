//! A case goes from one handler to another, and its days jump over holidays.

use kernel::actor::{Actor, Role};
use kernel::id::Id;
use kernel::problem::Problem;
use kernel::testing::actor;
use kernel::time::{Utc, day_text};
use time::Duration;

use super::house::{House, houses, opening, order, sent};
use crate::cases::rules::State;
use crate::cases::service::{self, Sent};

fn to(who: &Actor, words: &str) -> Sent {
    Sent { to: who.account.to_string(), ..sent("hand-over", words) }
}

/// An officer with an account.
async fn officer(house: &House, role: Role, division: &str) -> Actor {
    let made = Actor { division: division.to_owned(), ..actor(role) };
    house.client(&made).await;
    made
}

async fn due(house: &House, id: Id) -> Option<time::Date> {
    let read = house.app.db.read(move |tx| Ok::<_, Problem>(crate::cases::store::one(tx, id)?));
    read.await.expect("read").expect("there").due
}

/// Art. 25: the new handler has the case and its days, the former one neither its file nor another hand.
#[tokio::test]
async fn a_handler_hands_his_case_over_and_sees_it_no_more() {
    for house in houses("case_hand_over").await {
        let (former, next) =
            (&house.officer, officer(&house, Role::MunicipalOfficer, "500112").await);
        let id = house.heard(opening("25.2", "body")).await;
        let before = due(&house, id).await;
        assert_eq!(house.act(former, id, to(&next, "")).await, Err("conduct/case-no-reason"));
        assert_eq!(house.act(&next, id, to(&next, "我来")).await, Err("conduct/case-taken"));
        assert_eq!(house.act(former, id, to(former, "自己")).await, Err("platform/invalid-input"));
        assert_eq!(house.good(former, id, to(&next, "休产假")).await, State::Heard);
        assert_eq!(due(&house, id).await, before, "no more time than before");
        let gone = service::open(&house.app, former, id).await.expect_err("gone").code;
        assert_eq!(gone, "conduct/case-taken", "{}", house.engine);
        assert_eq!(house.act(former, id, order()).await, Err("conduct/case-taken"));
        let file = service::open(&house.app, &next, id).await.expect("his now");
        assert_eq!(file.reply, "书面陈述：已整改");
        assert!(file.steps.iter().any(|(step, why)| step.act == "hand-over" && why == "休产假"));
        house.good(&next, id, order()).await;
        // Who looked into it and is an approver now decides nothing about it.
        let risen = Actor { role: Role::MunicipalApprover, ..former.clone() };
        let own = house.act(&risen, id, sent("decide", "")).await;
        assert_eq!(own, Err("conduct/case-other-hand"), "{}", house.engine);
        house.good(&house.approver, id, sent("decide", "")).await;
    }
}

/// Art. 25: when the handler is away an approver gives the case on without opening its file, and never to
/// somebody whom it concerns, who reported it, who protects reporters, or of another district.
#[tokio::test]
async fn an_approver_hands_over_for_whoever_is_away_and_only_to_the_impartial() {
    for house in houses("case_hand_away").await {
        let reporter = officer(&house, Role::MunicipalOfficer, "500112").await;
        let concerned = officer(&house, Role::MunicipalOfficer, "500112").await;
        let guard = officer(&house, Role::MunicipalOfficer, "500112").await;
        let near = officer(&house, Role::DistrictOfficer, "500112").await;
        let far = officer(&house, Role::DistrictOfficer, "500103").await;
        service::name_officer(&house.app, &house.reviewer, guard.account, true)
            .await
            .expect("named");
        let told = service::report(&house.app, Some(&reporter), &super::house::telling()).await;
        let id = house.id(&told.expect("told").number).await;
        let login = "handover-concerned";
        let account = concerned.account;
        let named =
            house.app.db.housekeeping(move |tx| kernel::auth::add_login(tx, account, login));
        named.await.expect("named");
        let open = Sent { account: login.to_owned(), ..opening("25.6", "staff") };
        house.good(&house.officer, id, open).await;
        let approver = &house.approver;
        let mut desk = house.client(approver).await;
        house.client(&house.officer).await;
        let kept_out =
            service::open(&house.app, approver, id).await.expect_err("not his to read").code;
        assert_eq!(kept_out, "conduct/case-taken", "{}", house.engine);
        let give = async |who: &Actor| house.act(approver, id, to(who, "承办人病假")).await;
        assert_eq!(give(&reporter).await, Err("conduct/case-own-report"));
        assert_eq!(give(&concerned).await, Err("conduct/case-own"));
        assert_eq!(give(&guard).await, Err("conduct/case-other-hand"));
        assert_eq!(give(&far).await, Err("conduct/case-of-another-district"));
        assert_eq!(give(approver).await, Err("conduct/case-role"));
        let path = format!("/office/cases/{id}/hand-over");
        let page = desk.get(&path).await.text();
        assert!(page.contains(&near.account.to_string()) && !page.contains("某网点"), "{page}");
        for other in [&reporter, &concerned, &guard, &far] {
            assert!(!page.contains(&other.account.to_string()), "{}", house.engine);
        }
        assert!(desk.get("/office/cases").await.text().contains(&path));
        let nobody = desk.post_form(&path, &[("words", "病假")]).await;
        assert_eq!(nobody.status, 422);
        let account = near.account.to_string();
        let done = desk.post_form(&path, &[("to", account.as_str()), ("words", "病假")]).await;
        assert_eq!(done.status, 303, "{}", done.text());
        assert!(service::open(&house.app, &near, id).await.is_ok(), "{}", house.engine);
        let mut program = house.program(&near).await;
        let able = program.get(&format!("/api/v1/cases/{id}/officers")).await.json();
        let able: Vec<&str> = able
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|one| one["account"].as_str())
            .collect();
        assert_eq!(able, [house.officer.account.to_string()], "whoever had it can have it again");
    }
}

/// Art. 26: the days of a case are those of the one calendar: a confirmed holiday moves its deadlines.
#[tokio::test]
async fn deadlines_of_cases_jump_over_the_holidays_of_the_calendar() {
    use care::complaints::service::calendars;
    for house in houses("case_holidays").await {
        let today = Utc::now().day();
        let (from, until) = (today + Duration::days(1), today + Duration::days(28));
        let text = format!("{}..{} holiday", day_text(from), day_text(until));
        let asked = calendars::propose(&house.app, &house.officer, text).await.expect("proposed");
        calendars::decide(&house.app, &house.reviewer, asked, true).await.expect("confirmed");
        let id = house.heard(opening("25.2", "body")).await;
        let reported = house.report().await;
        let triage = due(&house, reported).await.expect("a day");
        assert!((triage - until).whole_days() >= 7, "{}: {triage}", house.engine);
        house.good(&house.officer, id, order()).await;
        let decision = due(&house, id).await.expect("a day");
        assert!((decision - until).whole_days() >= 15, "{}: {decision}", house.engine);
    }
}
