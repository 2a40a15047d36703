//! From a final decision to the platform and back, on both engines.

use std::io::{self, Read as _, Write as _};
use std::sync::{Arc, Mutex};

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
use super::*;
use crate::cases::rules::{Kind, Party};
use crate::cases::service::{Sent, finalise};
use crate::cases::tests::house::{House, houses, opening, proposal, sent};

/// A platform of credit that keeps what it is told, and can be out of order.
#[derive(Default)]
struct Simulator {
    told: Mutex<Vec<Submission>>,
    broken: Mutex<bool>,
}

impl CreditPort for Simulator {
    fn hand_over(&self, submission: &Submission) -> io::Result<String> {
        if *self.broken.lock().expect("not poisoned") {
            return Err(io::Error::other("out of order"));
        }
        self.told.lock().expect("not poisoned").push(submission.clone());
        Ok(format!("R-{}", submission.id))
    }
}

impl Simulator {
    fn acts(&self) -> Vec<String> {
        self.told.lock().expect("not poisoned").iter().map(|one| one.act.clone()).collect()
    }
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
        let platform = Arc::new(Simulator::default());
        assert_eq!(round(app, platform.clone()).await.expect("runs"), 0, "can be objected to");
        let stranger = Actor { person: Some(kernel::testing::id()), ..actor(Role::Holder) };
        let not_his = act(app, &stranger, id, Act::Object, "不是我").await;
        assert_eq!(not_his.expect_err("not his").status, 404);
        act(app, &holder, id, Act::Object, "已改正").await.expect("objected");
        let own = act(app, &house.approver, id, Act::Overrule, "不成立").await;
        assert_eq!(own.expect_err("his own").code, "conduct/credit-own-decision");
        act(app, &house.reviewer, id, Act::Overrule, "不成立").await.expect("overruled");
        *platform.broken.lock().expect("free") = true;
        assert_eq!(round(app, platform.clone()).await.expect("runs"), 0);
        *platform.broken.lock().expect("free") = false;
        assert_eq!(round(app, platform.clone()).await.expect("runs"), 1, "{}", house.engine);
        assert_eq!(round(app, platform.clone()).await.expect("runs"), 0, "once");
        let mut client = house.client(&holder).await;
        let page = client.get("/me/credit").await.text();
        assert!(page.contains("已归集") && page.contains("已改正") && page.contains("不成立"));
        act(app, &holder, id, Act::AskRepair, "已整改").await.expect("asked");
        act(app, &house.reviewer, id, Act::Grant, "同意").await.expect("granted");
        round(app, platform.clone()).await.expect("runs");
        assert_eq!(entry(&house, case).await.expect("kept").state, State::Repaired);
        assert_eq!(platform.acts(), ["submit", "remove"]);
        let told = platform.told.lock().expect("free");
        assert!(!told[0].number.is_empty() && told[1].number.is_empty(), "removal names nobody");
    }
}

/// Art. 26: when the decision falls, what was submitted is taken back, whatever the switch says.
#[tokio::test]
async fn a_submission_falls_with_its_decision_and_ends_by_time() {
    for house in houses("credit_fall").await {
        let app = &house.app;
        set(app, &SWITCH, 1).await;
        let platform = Arc::new(Simulator::default());
        let (_, case) = final_case(&house, "referral").await;
        let one = entry(&house, case).await.expect("noticed");
        age(&house, one.id).await;
        assert_eq!(round(app, platform.clone()).await.expect("runs"), 1, "{}", house.engine);
        set(app, &SWITCH, 0).await;
        house.good(&house.reviewer, case, sent("overturn", "法院撤销")).await;
        assert_eq!(round(app, platform.clone()).await.expect("runs"), 1);
        assert_eq!(entry(&house, case).await.expect("kept").state, State::Withdrawn);
        assert_eq!(platform.acts(), ["submit", "remove"]);
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

/// Answers one request with `status` and a receipt; gives back the body that it was sent.
fn answer_once(status: &'static str) -> (String, std::thread::JoinHandle<String>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}/credit", listener.local_addr().expect("bound"));
    let work = move || {
        let (mut stream, _) = listener.accept().expect("a request");
        let (mut seen, mut chunk) = (Vec::new(), [0_u8; 4_096]);
        // Every submission ends with its last day.
        while !seen.ends_with(b"}") {
            let count = stream.read(&mut chunk).expect("bytes");
            seen.extend_from_slice(&chunk[..count]);
        }
        let body = r#"{"receipt":"R-77"}"#;
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json");
        let text = format!("{head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
        stream.write_all(text.as_bytes()).expect("answered");
        let text = String::from_utf8(seen).expect("text");
        text.split_once("\r\n\r\n").expect("a body").1.to_owned()
    };
    (address, std::thread::spawn(work))
}

#[test]
fn the_platform_gets_a_submission_over_http_and_its_no_is_not_taken_for_a_receipt() {
    let (address, server) = answer_once("200 OK");
    assert_eq!(HttpCredit(address).hand_over(&submission()).expect("taken"), "R-77");
    let body = server.join().expect("served");
    assert_eq!(serde_json::from_str::<Submission>(&body).expect("JSON"), submission());
    let (address, server) = answer_once("503 Service Unavailable");
    assert!(HttpCredit(address).hand_over(&submission()).is_err());
    server.join().expect("served");
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
