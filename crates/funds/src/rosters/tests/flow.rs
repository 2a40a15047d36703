use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Tx, v};
use kernel::law::{Article, Refusal};
use kernel::testing::{actor, databases};

use super::World;
use crate::rosters::rules::{Refused, State};
use crate::rosters::{service, steps};

#[test]
fn refusals_have_an_article_and_each_its_own_code() {
    let mut codes: Vec<_> = Refused::ALL.iter().map(|refused| refused.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Refused::ALL.len());
    assert!(Refused::ALL.iter().all(|refused| refused.article().is_some()));
    assert_eq!(Refused::OwnWork.article(), Some(Article(25)));
}

#[tokio::test]
async fn a_list_goes_from_the_unit_over_notice_to_finance_and_is_handed_over_with_its_approval() {
    for test in databases("rosters_flow") {
        let world = World::new(&test, 3).await;
        let roster = world.enter_good("A-1", 3, 10_000).await;
        world.to_notice(roster.id).await;
        let early = world.approve(&world.finance[0], roster.id).await.expect_err("on notice");
        assert_eq!(early.code, "funds/not-now", "{}", test.engine);
        assert_eq!(world.end_notice().await, 1);
        // A hand-over that fails takes the approval back with it.
        let id = roster.id;
        world.sql("ALTER TABLE payment RENAME TO payment_away", Vec::new()).await;
        let kept = world.approve(&world.finance[0], id).await.expect_err("nowhere to hand over");
        assert_eq!(kept.status, 500, "{}", kept.code);
        world.sql("ALTER TABLE payment_away RENAME TO payment", Vec::new()).await;
        assert_eq!(world.roster(id).await.state, State::Noticed, "all or nothing");
        let state = world.approve(&world.finance[0], id).await.expect("approved");
        assert_eq!(state, State::Approved, "{}", test.engine);
        let made = world.app.db.read(move |tx| {
            let sql = "SELECT COUNT(*) FROM payment WHERE roster_id = $1";
            tx.one(sql, &[v(id)])?.get::<i64>(0)
        });
        assert_eq!(made.await.expect("read"), 3, "{}", test.engine);
    }
}

#[tokio::test]
async fn a_great_total_needs_two_approvers() {
    for test in databases("rosters_two") {
        let world = World::new(&test, 10).await;
        let roster = world.enter_good("A-1", 10, 100_000).await;
        world.to_notice(roster.id).await;
        world.end_notice().await;
        let [first, second] = &world.finance;
        assert_eq!(world.approve(first, roster.id).await.expect("first"), State::Noticed);
        let again = world.approve(first, roster.id).await.expect_err("the same");
        assert_eq!((again.code, again.article), ("funds/own-work", Some(Article(25))));
        assert_eq!(world.approve(second, roster.id).await.expect("second"), State::Approved);
    }
}

#[tokio::test]
async fn nobody_takes_two_steps_and_the_schema_says_so_too() {
    for test in databases("rosters_hands") {
        let world = World::new(&test, 2).await;
        let roster = world.enter_good("A-1", 2, 10_000).await;
        service::submit(&world.app, &world.clerk, roster.id).await.expect("submitted");
        let stranger = actor(Role::DepartmentOfficer);
        let refused = steps::review(&world.app, &stranger, roster.id, true, "").await;
        assert_eq!(refused.expect_err("another department").code, "funds/not-yours");
        // The same person under a department's hat.
        let hat = Actor { account: world.clerk.account, ..world.officer.clone() };
        let refused = steps::review(&world.app, &hat, roster.id, true, "").await;
        assert_eq!(refused.expect_err("own work").code, "funds/own-work", "{}", test.engine);
        let (id, account) = (roster.id, world.clerk.account);
        let forge = move |tx: &mut Tx<'_>| {
            let sql =
                "INSERT INTO roster_step (roster_id, id, round, step, yes, account, comment, at)
                       VALUES ($1, 1, 1, 'reviewed', $2, $3, '', 0)";
            tx.execute(sql, &[v(id), v(true), v(account)])
        };
        let forged = world.app.db.housekeeping::<u64, DbError>(forge).await;
        assert!(matches!(forged, Err(DbError::Forbidden(_))), "{}: {forged:?}", test.engine);
        let second = move |tx: &mut Tx<'_>| {
            let sql =
                "INSERT INTO roster_hand (roster_id, account, step) VALUES ($1, $2, 'reviewed')";
            tx.execute(sql, &[v(id), v(account)])
        };
        let forged = world.app.db.housekeeping::<u64, DbError>(second).await;
        assert!(matches!(forged, Err(DbError::Unique(_))), "{}: {forged:?}", test.engine);
    }
}

#[tokio::test]
async fn what_is_not_as_declared_is_not_submitted_and_warnings_are_acknowledged() {
    for test in databases("rosters_declared") {
        let world = World::new(&test, 3).await;
        let lines = world.good(3, 10_000);
        let lines: Vec<[&str; 4]> =
            lines.iter().map(|l| [l[0].as_str(), &l[1], &l[2], &l[3]]).collect();
        let roster = world.declare("A-1", &lines, 3, 30_001).await;
        let refused = service::submit(&world.app, &world.clerk, roster.id).await;
        assert_eq!(refused.expect_err("a fen too many").code, "funds/declared");
        let declared = Some((3, 30_000));
        service::correct(&world.app, &world.clerk, roster.id, declared, None).await.expect("anew");
        service::submit(&world.app, &world.clerk, roster.id).await.expect("submitted");
        world.sql("UPDATE roster SET warned = 1 WHERE id = $1", vec![v(roster.id)]).await;
        let refused = steps::review(&world.app, &world.officer, roster.id, true, " ").await;
        assert_eq!(refused.expect_err("in silence").code, "funds/warnings", "{}", test.engine);
        let refused = steps::review(&world.app, &world.officer, roster.id, false, "").await;
        assert_eq!(refused.expect_err("without reason").code, "funds/no-comment");
        steps::review(&world.app, &world.officer, roster.id, false, "重做").await.expect("back");
        let back = world.roster(roster.id).await;
        assert_eq!((back.state, back.round, back.submitted_at), (State::Checked, 2, None));
        world.to_notice(roster.id).await;
    }
}

#[tokio::test]
async fn an_objected_line_blocks_until_it_is_decided_and_an_upheld_one_is_never_paid() {
    for test in databases("rosters_object") {
        let world = World::new(&test, 3).await;
        let roster = world.enter_good("A-1", 3, 10_000).await;
        let early = steps::object(&world.app, None, roster.id, 2, ("不符合", "")).await;
        assert_eq!(early.expect_err("not shown yet").code, "funds/no-notice");
        world.to_notice(roster.id).await;
        let said = ("家有三套房", "13900000000");
        let one = steps::object(&world.app, None, roster.id, 2, said).await.expect("heard");
        let two = steps::object(&world.app, None, roster.id, 3, said).await.expect("heard");
        let none = steps::object(&world.app, None, roster.id, 99, said).await;
        assert_eq!(none.expect_err("no such line").code, "funds/no-line");
        assert_eq!(world.roster(roster.id).await.lines, 1, "{}", test.engine);
        assert_eq!(world.end_notice().await, 0, "objections are open");
        let decide = |id, upheld| {
            steps::decide_objection(&world.app, &world.officer, roster.id, id, upheld, "已查")
        };
        decide(one, true).await.expect("upheld");
        decide(two, false).await.expect("dismissed");
        assert_eq!(world.end_notice().await, 1);
        world.approve(&world.finance[0], roster.id).await.expect("approved");
        let lines = world.lines(roster.id).await;
        assert_eq!(lines, ["2:struck:objection:", "3:good::", "4:good::"], "{}", test.engine);
        assert_eq!(world.roster(roster.id).await.fen, 20_000);
    }
}

#[tokio::test]
async fn whoever_dies_during_the_notice_is_left_out_at_its_end() {
    for test in databases("rosters_dies") {
        let world = World::new(&test, 2).await;
        let roster = world.enter_good("A-1", 2, 10_000).await;
        world.to_notice(roster.id).await;
        let gone = world.people[0].id;
        world
            .sql("UPDATE person SET deceased_on = '2026-11-22' WHERE id = $1", vec![v(gone)])
            .await;
        world.end_notice().await;
        let roster = world.roster(roster.id).await;
        assert_eq!((roster.lines, roster.fen), (1, 10_000), "{}", test.engine);
        assert_eq!(world.lines(roster.id).await[0], "2:bad:changed-since:");
    }
}

#[tokio::test]
async fn a_stopped_list_is_not_approved_and_another_one_resumes_it() {
    for test in databases("rosters_stop") {
        let world = World::new(&test, 2).await;
        let roster = world.enter_good("A-1", 2, 10_000).await;
        world.to_notice(roster.id).await;
        world.end_notice().await;
        let (app, id) = (world.app.clone(), roster.id);
        let stop = |by: Actor, stops| {
            let app = app.clone();
            async move { steps::stop(&app, &by, id, stops, "有举报").await }
        };
        let approver = actor(Role::MunicipalApprover);
        stop(approver.clone(), true).await.expect("stopped");
        let refused = world.approve(&world.finance[0], roster.id).await.expect_err("stopped");
        assert_eq!(refused.code, "funds/not-now", "{}", test.engine);
        assert_eq!(stop(approver, false).await.expect_err("own").code, "funds/own-stop");
        stop(actor(Role::MunicipalApprover), false).await.expect("resumed");
        world.approve(&world.finance[0], roster.id).await.expect("goes on");
    }
}
