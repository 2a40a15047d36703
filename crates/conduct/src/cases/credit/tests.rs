//! From a final decision to the platform and back, on both engines.

use std::sync::Arc;
use std::time::Duration;

use kernel::actor::{Actor, Role};
use kernel::db::v;
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::settings;
use kernel::testing::actor;
use kernel::time::Utc;
use proptest::prelude::*;

use super::rules::{self, TABLE, follow};
use super::simulator::{self, Host, Mode};
use super::*;
use crate::cases::rules::{Kind, Party};
use crate::cases::service::{Sent, finalise};
use crate::cases::tests::house::{House, houses, opening, proposal, sent};

/// The credit platform on a port of its own, and the way to it.
async fn platform(mode: Mode) -> (Arc<Host>, Arc<HttpCredit>) {
    let host = Host::open(mode, None, "gong kai").expect("an empty book");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    tokio::spawn(simulator::serve(listener, host.clone()));
    let (secret, patience) = ("gong kai".to_owned(), Duration::from_secs(2));
    (host, Arc::new(HttpCredit { url, secret, patience }))
}

async fn set(app: &App, setting: &'static Setting, value: i64) {
    let (one, two) = (actor(Role::MunicipalApprover), actor(Role::MunicipalApprover));
    settings::ask(app, &one, setting, value).await.expect("asked");
    let open = app.db.read(|tx| kernel::approval::open(tx, "setting")).await.expect("read");
    static KNOWN: [&Setting; 2] = [&SWITCH, &REPAIR_DAYS];
    settings::decide(app, &two, &KNOWN, open[0].id, true).await.expect("confirmed");
}

/// A holder whose case is decided and final.
async fn final_case(house: &House, kind: &str) -> (Actor, Id) {
    let made = people::generate::person(7, 11).expect("within the population");
    let person = people::rules::Person {
        id: house.app.id(),
        number: made.number,
        document: made.document,
        name: made.name,
        sex: made.sex,
        birth: made.birth,
        nation: made.nation.unwrap_or_default().to_owned(),
        phone: made.phone,
        address: made.address,
        household: made.household.map_or("", |place| place.code).to_owned(),
        ground: made.ground,
        ground_until: None,
        deceased_on: None,
        version: 1,
    };
    let (kept, now) = (person.clone(), Utc::now());
    let insert = house.app.db.housekeeping(move |tx| people::store::insert(tx, &kept, now));
    insert.await.expect("entered");
    let open = Sent { person: person.number.as_str().to_owned(), ..opening("24.1", "holder") };
    let id = house.heard(open).await;
    let proposal = Sent { authority: "公安机关".to_owned(), ..proposal(kind) };
    house.good(&house.officer, id, proposal).await;
    house.good(&house.approver, id, sent("decide", "")).await;
    house.age(id).await;
    assert_eq!(finalise(&house.app).await.expect("runs"), 1, "{}", house.engine);
    (Actor { person: Some(person.id), ..actor(Role::Holder) }, id)
}

async fn entry(house: &House, case: Id) -> Option<Entry> {
    let read = house.app.db.read(move |tx| Ok::<_, Problem>(store::of_case(tx, case)?));
    read.await.expect("read")
}

async fn age(house: &House, entry: Id) {
    let sql = "UPDATE conduct_credit SET due = '2026-01-01' WHERE id = $1";
    house.app.db.housekeeping(move |tx| tx.execute(sql, &[v(entry)])).await.expect("aged");
}

/// Art. 26: while the switch is off nothing is even noticed.
#[tokio::test]
async fn nothing_goes_to_the_platform_while_the_switch_is_off() {
    for house in houses("credit_off").await {
        let (_, case) = final_case(&house, "referral").await;
        assert!(entry(&house, case).await.is_none(), "{}", house.engine);
    }
}

/// Art. 26: notice, days to object, submission, repair; whoever decided the case decides no objection.
#[tokio::test]
async fn a_final_decision_is_noticed_objected_to_submitted_and_repaired() {
    for house in houses("credit_way").await {
        let app = &house.app;
        set(app, &SWITCH, 1).await;
        set(app, &REPAIR_DAYS, 0).await;
        let (holder, case) = final_case(&house, "referral").await;
        let id = entry(&house, case).await.expect("noticed").id;
        let (host, platform) = platform(Mode::Down).await;
        assert_eq!(round(app, platform.clone()).await.expect("runs"), 0, "can be objected to");
        let stranger = Actor { person: Some(kernel::testing::id()), ..actor(Role::Holder) };
        let not_his = act(app, &stranger, id, Act::Object, "不是我").await;
        assert_eq!(not_his.expect_err("not his").status, 404);
        act(app, &holder, id, Act::Object, "已改正").await.expect("objected");
        let own = act(app, &house.approver, id, Act::Overrule, "不成立").await;
        assert_eq!(own.expect_err("his own").code, "conduct/credit-own-decision");
        act(app, &house.reviewer, id, Act::Overrule, "不成立").await.expect("overruled");
        assert_eq!(round(app, platform.clone()).await.expect("runs"), 0);
        host.set_mode(Mode::Good);
        assert_eq!(round(app, platform.clone()).await.expect("runs"), 1, "{}", house.engine);
        assert_eq!(round(app, platform.clone()).await.expect("runs"), 0, "once");
        let mut client = house.client(&holder).await;
        let page = client.get("/me/credit").await.text();
        assert!(page.contains("已归集") && page.contains("已改正") && page.contains("不成立"));
        let holds = host.holds();
        let [held] = holds.as_slice() else { panic!("{holds:?}") };
        assert!(!held.number.is_empty() && held.case.starts_with('V'));
        act(app, &holder, id, Act::AskRepair, "已整改").await.expect("asked");
        act(app, &house.reviewer, id, Act::Grant, "同意").await.expect("granted");
        round(app, platform.clone()).await.expect("runs");
        assert_eq!(entry(&house, case).await.expect("kept").state, State::Repaired);
        assert_eq!(host.holds(), [], "{}", house.engine);
    }
}

/// Art. 26: when the decision falls, what was submitted is taken back, whatever the switch says.
#[tokio::test]
async fn a_submission_falls_with_its_decision_and_ends_by_time() {
    for house in houses("credit_fall").await {
        let app = &house.app;
        set(app, &SWITCH, 1).await;
        let (host, platform) = platform(Mode::Good).await;
        let (_, case) = final_case(&house, "referral").await;
        let one = entry(&house, case).await.expect("noticed");
        age(&house, one.id).await;
        assert_eq!(round(app, platform.clone()).await.expect("runs"), 1, "{}", house.engine);
        set(app, &SWITCH, 0).await;
        house.good(&house.reviewer, case, sent("overturn", "法院撤销")).await;
        assert_eq!(round(app, platform.clone()).await.expect("runs"), 1);
        assert_eq!(entry(&house, case).await.expect("kept").state, State::Withdrawn);
        assert_eq!(host.holds(), []);
    }
}

#[tokio::test]
async fn a_decision_without_violation_is_no_ones_credit_and_time_ends_what_is_there() {
    for house in houses("credit_time").await {
        let app = &house.app;
        set(app, &SWITCH, 1).await;
        let (_, innocent) = final_case(&house, "no-violation").await;
        assert!(entry(&house, innocent).await.is_none(), "{}", house.engine);
    }
}

#[test]
fn only_holders_who_violated_article_24_are_submitted() {
    let kind = Kind::Referral;
    assert!(rules::applies(true, Some(24), Some(Party::Holder), kind));
    assert!(!rules::applies(false, Some(24), Some(Party::Holder), kind));
    assert!(!rules::applies(true, Some(25), Some(Party::Staff), kind));
    assert!(!rules::applies(true, Some(24), Some(Party::Outsider), kind));
    assert!(!rules::applies(true, Some(24), Some(Party::Holder), Kind::NoViolation));
}

fn submission() -> Submission {
    Submission {
        id: "1".to_owned(),
        act: "submit".to_owned(),
        name: "某".to_owned(),
        number: "x".to_owned(),
        clause: "第二十四条第（一）项".to_owned(),
        case: "V2026-1".to_owned(),
        until: "2027-01-01".to_owned(),
    }
}

/// Art. 26: whatever the platform does wrong, a violation stands there once, is not taken for submitted
/// without a receipt, and is gone for good when it is taken back.
#[tokio::test]
async fn a_platform_that_misbehaves_holds_each_violation_once_and_lets_it_go() {
    for house in houses("credit_moods").await {
        let app = &house.app;
        set(app, &SWITCH, 1).await;
        let (_, case) = final_case(&house, "referral").await;
        let one = entry(&house, case).await.expect("noticed");
        age(&house, one.id).await;
        let (host, port) = platform(Mode::Good).await;
        for (mode, name) in Mode::ALL.into_iter().skip(1).filter(|(mode, _)| *mode != Mode::Moody) {
            host.set_mode(mode);
            assert_eq!(round(app, port.clone()).await.expect("runs"), 0, "{} {name}", house.engine);
            assert_eq!(entry(&house, case).await.expect("kept").state, State::Ready, "{name}");
        }
        assert_eq!(host.holds().len(), 1, "it took it each time it did not say so");
        host.set_mode(Mode::Moody);
        let mut tries = 0;
        while round(app, port.clone()).await.expect("runs") == 0 {
            tries += 1;
            assert!(tries < 20, "it is in a good mood now and then");
        }
        assert_eq!(host.holds().len(), 1, "{}", house.engine);
        house.good(&house.reviewer, case, sent("overturn", "法院撤销")).await;
        while round(app, port.clone()).await.expect("runs") == 0 {}
        assert_eq!(entry(&house, case).await.expect("kept").state, State::Withdrawn);
        assert_eq!(host.holds(), []);
        // Something old that comes late does not bring it back.
        host.set_mode(Mode::Good);
        let late = Submission { id: one.id.to_string(), ..submission() };
        let sent = tokio::task::spawn_blocking(move || port.hand_over(&late)).await.expect("ran");
        assert!(sent.is_ok() && host.holds().is_empty(), "{}", house.engine);
    }
}

#[tokio::test]
async fn the_platform_serves_nobody_without_its_secret_and_keeps_its_book() {
    let folder = std::env::temp_dir().join(format!("credit_book_{}", kernel::testing::id()));
    let host = Host::open(Mode::Good, Some(folder.clone()), "s").expect("a book");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    tokio::spawn(simulator::serve(listener, host));
    let told = |secret: &str| {
        let (url, secret, patience) = (url.clone(), secret.to_owned(), Duration::from_secs(5));
        tokio::task::spawn_blocking(move || {
            HttpCredit { url, secret, patience }.hand_over(&submission())
        })
    };
    assert!(told("").await.expect("ran").is_err() && told("x").await.expect("ran").is_err());
    assert_eq!(told("s").await.expect("ran").expect("taken"), "R-submit-1");
    let book = simulator::open_book(&folder).expect("a book");
    assert_eq!(book["1"], Some(submission()));
    std::fs::remove_file(folder).expect("removed");
}

#[test]
fn a_file_carries_submissions_as_lines() {
    let folder = std::env::temp_dir().join(format!("credit_{}", kernel::testing::id()));
    let submission = submission();
    let port = FileCredit(folder.clone());
    for _ in 0..2 {
        assert_eq!(port.hand_over(&submission).expect("written"), "file-1");
    }
    let text = std::fs::read_to_string(&folder).expect("read");
    let lines: Vec<Submission> =
        text.lines().map(|line| serde_json::from_str(line).expect("a line")).collect();
    assert_eq!(lines, [submission.clone(), submission]);
    std::fs::remove_file(folder).expect("removed");
}

proptest! {
    /// Art. 26: nothing is ever submitted before the objection was decided or its days were over.
    #[test]
    fn no_way_to_the_platform_leads_past_the_notice(steps in proptest::collection::vec(0_usize..16, 0..20)) {
        let (mut state, mut passed) = (State::Noticed, false);
        for step in steps {
            let act = TABLE[step].1;
            let Ok(next) = follow(state, act) else { continue };
            passed |= matches!(act, Act::Pass | Act::Overrule);
            prop_assert!(next != State::Submitted || passed);
            state = next;
        }
    }
}
