//! The way of a case and who may go it.

use kernel::actor::{Actor, Role};
use kernel::db::{DbError, v};
use kernel::testing::actor;

use super::house::{houses, opening, order, proposal, sent};
use crate::cases::rules::State;
use crate::cases::service::{self, Sent, finalise};

/// Art. 26: from the report to the corrected order, with an appeal in between.
#[tokio::test]
async fn a_case_goes_from_report_to_correction_by_three_hands() {
    for house in houses("case_way").await {
        let (officer, approver, reviewer) = (&house.officer, &house.approver, &house.reviewer);
        let id = house.heard(opening("25.2", "body")).await;
        assert_eq!(house.good(officer, id, order()).await, State::Proposed);
        assert_eq!(house.good(approver, id, sent("decide", "")).await, State::Decided);
        assert_eq!(house.good(officer, id, sent("appeal", "书面申请复核")).await, State::Appealed);
        assert_eq!(house.act(approver, id, sent("uphold", "维持")).await, Err("conduct/case-role"));
        assert_eq!(house.good(reviewer, id, sent("uphold", "维持")).await, State::Final);
        let open = house.act(officer, id, sent("close", "")).await;
        assert_eq!(open, Err("conduct/order-open"));
        let again = Sent { act: "not-corrected".to_owned(), ..order() };
        assert_eq!(house.good(officer, id, again).await, State::Final);
        assert_eq!(house.good(officer, id, sent("corrected", "已核查")).await, State::Closed);
        let file = service::open(&house.app, officer, id).await.expect("read");
        let (round, _) = &file.rounds[0];
        assert_eq!((round.state.as_str(), round.regulation.as_str()), ("upheld", "draft"));
        assert!(round.basis.contains("拒绝接受使用社会保障卡"), "{}", round.basis);
        assert_eq!(file.reply, "书面陈述：已整改");
    }
}

/// Art. 25: the same person never investigates, decides and reviews; the database says so too.
#[tokio::test]
async fn investigating_deciding_and_reviewing_are_different_people() {
    for house in houses("case_hands").await {
        let approver = actor(Role::MunicipalApprover);
        let id = house.heard(opening("25.2", "body")).await;
        house.good(&house.officer, id, order()).await;
        let own = house.act(&house.officer, id, sent("decide", "")).await;
        assert_eq!(own, Err("conduct/case-role"));
        house.good(&approver, id, sent("decide", "")).await;
        house.good(&house.officer, id, sent("appeal", "申请复核")).await;
        let own = house.act(&approver, id, sent("uphold", "维持")).await;
        assert_eq!(own, Err("conduct/case-other-hand"), "{}", house.engine);
        let sql = "UPDATE conduct_case SET reviewer = decider WHERE id = $1";
        let forced = house.app.db.housekeeping(move |tx| tx.execute(sql, &[v(id)])).await;
        assert!(matches!(forced, Err(DbError::Forbidden(_))), "{}: {forced:?}", house.engine);
        let sql = "UPDATE conduct_hand SET hand = 'review' WHERE case_id = $1";
        let forced = house.app.db.housekeeping(move |tx| tx.execute(sql, &[v(id)])).await;
        assert!(forced.is_err(), "{}", house.engine);
    }
}

/// Art. 25: nobody handles a case about himself, his own head, or another district's.
#[tokio::test]
async fn whoever_is_concerned_is_kept_out() {
    for house in houses("case_own").await {
        let id = house.report().await;
        let elsewhere = Actor { division: "500103".to_owned(), ..actor(Role::DistrictOfficer) };
        let code = house.act(&elsewhere, id, opening("25.2", "body")).await;
        assert_eq!(code, Err("conduct/case-of-another-district"));
        let org = house.officer.org.expect("staff").to_string();
        let own = Sent { org, head: true, ..opening("25.6", "staff") };
        let code = house.act(&house.officer, id, own.clone()).await;
        assert_eq!(code, Err("conduct/case-own-head"), "{}", house.engine);
        let other = actor(Role::MunicipalOfficer);
        house.good(&other, id, own).await;
        let code = service::open(&house.app, &house.officer, id).await.expect_err("own head").code;
        assert_eq!(code, "conduct/case-own-head");
        let wrong = house.act(&other, house.report().await, opening("24.1", "staff")).await;
        assert_eq!(wrong, Err("conduct/case-wrong-party"));
    }
}

/// Art. 26: what nobody appeals against in time is final by the clock, not by anybody's wish.
#[tokio::test]
async fn a_decision_is_final_when_the_time_to_appeal_is_over() {
    for house in houses("case_final").await {
        let id = house.heard(opening("25.7", "body")).await;
        house.good(&house.officer, id, proposal("no-violation")).await;
        house.good(&house.approver, id, sent("decide", "")).await;
        assert_eq!(finalise(&house.app).await.expect("runs"), 0, "{}", house.engine);
        let hurried = house.act(&house.officer, id, sent("finalise", "")).await;
        assert_eq!(hurried, Err("platform/invalid-input"));
        house.age(id).await;
        let late = house.act(&house.officer, id, sent("appeal", "迟")).await;
        assert_eq!(late, Err("conduct/case-too-late"));
        assert_eq!(finalise(&house.app).await.expect("runs"), 1);
        assert_eq!(house.good(&house.officer, id, sent("close", "")).await, State::Closed);
        let taken_back = house.good(&house.reviewer, id, sent("overturn", "法院撤销")).await;
        assert_eq!(taken_back, State::Fallen);
        house.good(&house.officer, id, sent("close", "")).await;
        let twice = house.act(&house.reviewer, id, sent("overturn", "再次")).await;
        assert_eq!(twice, Err("conduct/case-not-at-this-step"));
    }
}

/// Art. 26: a proposal that was sent back and one after a remand are new rounds; the old ones stay.
#[tokio::test]
async fn returned_and_remanded_decisions_are_rounds_of_their_own() {
    for house in houses("case_rounds").await {
        let officer = &house.officer;
        let id = house.heard(opening("25.2", "body")).await;
        house.good(officer, id, proposal("no-violation")).await;
        house.good(&house.approver, id, sent("return", "证据不足")).await;
        house.good(officer, id, sent("notify", "补充告知")).await;
        house.good(officer, id, sent("reply", "无意见")).await;
        house.good(officer, id, order()).await;
        house.good(&house.approver, id, sent("decide", "")).await;
        house.good(officer, id, sent("appeal", "不服")).await;
        house.good(&house.reviewer, id, sent("remand", "重查")).await;
        let file = service::open(&house.app, officer, id).await.expect("read");
        let states: Vec<&str> = file.rounds.iter().map(|(r, _)| r.state.as_str()).collect();
        assert_eq!(states, ["returned", "remanded"], "{}", house.engine);
        assert_eq!(file.case.state, State::Investigating);
    }
}

/// Art. 26: a notice goes to somebody; a name without a party is nobody.
#[tokio::test]
async fn nobody_is_notified_while_nobody_is_named() {
    for house in houses("case_nobody").await {
        let id = house.report().await;
        let open = Sent { party: String::new(), respondent: String::new(), ..opening("25.2", "") };
        house.good(&house.officer, id, open).await;
        let png = super::house::PNG.to_vec();
        service::add_evidence(&house.app, &house.officer, id, "照片", png).await.expect("taken");
        let notify = |respondent: &str| Sent {
            respondent: respondent.to_owned(),
            ..sent("notify", "告知")
        };
        for name in ["", "某人"] {
            let code = house.act(&house.officer, id, notify(name)).await;
            assert_eq!(code, Err("conduct/case-no-respondent"), "{}", house.engine);
        }
        let named = Sent { party: "body".to_owned(), ..notify("某单位") };
        assert_eq!(house.good(&house.officer, id, named).await, State::Notified);
    }
}

#[tokio::test]
async fn of_two_who_open_a_case_one_has_it() {
    for house in houses("case_race").await {
        let id = house.report().await;
        let other = actor(Role::MunicipalOfficer);
        let (one, two) = tokio::join!(
            house.act(&house.officer, id, opening("25.2", "body")),
            house.act(&other, id, opening("25.2", "body"))
        );
        assert!(one.is_ok() != two.is_ok(), "{}: {one:?} {two:?}", house.engine);
        let loser = if one.is_ok() { &other } else { &house.officer };
        let code = service::open(&house.app, loser, id).await.expect_err("kept out").code;
        assert_eq!(code, "conduct/case-taken");
    }
}
