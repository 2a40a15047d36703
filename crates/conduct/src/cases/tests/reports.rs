//! Reports and the protection of those who make them.

use kernel::actor::{Actor, Role};
use kernel::db::v;
use kernel::id::Id;
use kernel::problem::Problem;
use kernel::testing::{Client, actor};
use kernel::time::{Utc, day_text};

use super::house::{houses, opening, sent, telling};
use crate::cases::service::{self, More, Telling};

/// Art. 22: number and code together open the report; neither alone, and never the name.
#[tokio::test]
async fn a_reporter_follows_his_report_by_number_and_code() {
    for house in houses("report_follow").await {
        let told = house.told().await;
        let (number, code) = (&told.number, &told.code);
        let status = service::status(&house.app, number, code).await.expect("known");
        assert_eq!(status.state, "reported");
        let spaced = code.replace('-', " ").to_lowercase();
        assert!(service::status(&house.app, number, &spaced).await.is_ok(), "{}", house.engine);
        assert_eq!(service::status(&house.app, number, "AAAA").await.expect_err("no").status, 404);
        let more =
            More { number: number.clone(), code: code.clone(), words: "还有录像".to_owned() };
        service::more(&house.app, &more).await.expect("added");
        let id = house.id(number).await;
        let file = service::open(&house.app, &house.officer, id).await.expect("read");
        assert!(file.steps.iter().any(|(_, words)| words == "还有录像"));
        house.good(&house.officer, id, sent("refer", "请向市场监管部门反映")).await;
        let status = service::status(&house.app, number, code).await.expect("known");
        assert_eq!((status.state, status.said.as_str()), ("not-ours", "请向市场监管部门反映"));
    }
}

/// Art. 19: the reporter's name is for a named officer with a reason, who is on record and has no other
/// hand from then on.
#[tokio::test]
async fn a_reporters_name_is_for_the_protection_officer_only() {
    for house in houses("report_name").await {
        let app = &house.app;
        let named =
            Telling {
                name: "秦保护".to_owned(), contact: "13800000000".to_owned(), ..telling()
            };
        let clerk = actor(Role::MunicipalOfficer);
        let told = service::report(app, Some(&clerk), &named).await.expect("told");
        let id = house.id(&told.number).await;
        let file = service::open(app, &house.officer, id).await.expect("read");
        assert!(!format!("{file:?}").contains("秦保护"));
        let own = house.act(&clerk, id, opening("25.2", "body")).await;
        assert_eq!(own, Err("conduct/case-own-report"), "{}", house.engine);
        let guard = actor(Role::MunicipalOfficer);
        let code = service::reveal(app, &guard, id, "核实打击报复").await.expect_err("no").code;
        assert_eq!(code, "conduct/not-protection-officer");
        house.client(&guard).await;
        service::name_officer(app, &house.reviewer, guard.account, true).await.expect("named");
        let (name, contact) =
            service::reveal(app, &guard, id, "核实打击报复").await.expect("opened");
        assert_eq!((name.as_str(), contact.as_str()), ("秦保护", "13800000000"));
        let handles = house.act(&guard, id, opening("25.2", "body")).await;
        assert_eq!(handles, Err("conduct/case-other-hand"));
        let entries =
            app.db.read(|tx| Ok::<_, Problem>(kernel::journal::newest(tx, Id(i64::MAX), 50)?));
        let entries = entries.await.expect("read");
        let opened = entries.iter().find(|entry| entry.act == "case.reporter-read");
        assert_eq!(opened.expect("on record").purpose, "核实打击报复");
        // The journal does not give the reporter away either.
        let reported = entries.iter().find(|e| e.act == "case.reported").expect("on record");
        assert_eq!(reported.actor_id, Actor::system().account, "{}", house.engine);
    }
}

/// Art. 25: whoever told of a refusal does not handle the case that comes of it; a refusal has one case.
#[tokio::test]
async fn a_refusal_becomes_one_case_which_its_teller_does_not_handle() {
    for house in houses("report_refusal").await {
        let clerk = actor(Role::MunicipalOfficer);
        let told = codes::refusals::Telling {
            kind: "refused".to_owned(),
            place: "渝北区图书馆".to_owned(),
            division: "500112".to_owned(),
            day: day_text(Utc::now().day()),
            reason: "要求另办借书证".to_owned(),
            ..codes::refusals::Telling::default()
        };
        let refusal = codes::refusals::tell(&house.app, Some(&clerk), &told).await.expect("told");
        let from = format!("refusal:{refusal}");
        let enter = |from: String| async {
            let from = from;
            service::from_office(&house.app, &house.officer, &from, &telling()).await
        };
        let id = enter(from.clone()).await.expect("entered");
        assert_eq!(enter(from).await.expect_err("twice").code, "conduct/case-known");
        for nothing in ["refusal:nothing", "refusal:0000000000001"] {
            assert_eq!(enter(nothing.to_owned()).await.expect_err("none").status, 404);
        }
        let own = house.act(&clerk, id, opening("25.2", "body")).await;
        assert_eq!(own, Err("conduct/case-own-report"), "{}", house.engine);
        house.good(&house.officer, id, opening("25.2", "body")).await;
    }
}

/// Art. 22, 25: a complaint becomes one case with its words, and who entered the complaint does not handle it; a
/// find of the auditor becomes a case that he does not read.
#[tokio::test]
async fn a_complaint_and_a_find_of_the_audit_become_cases_which_their_tellers_do_not_handle() {
    use care::complaints::rules::Told;
    for house in houses("report_complaint").await {
        let clerk = actor(Role::MunicipalOfficer);
        let told = Told {
            kind: "complaint".to_owned(),
            field: "outlet".to_owned(),
            division: "500103".to_owned(),
            body: "网点工作人员多次推诿，不予办理补卡".to_owned(),
            ..Told::default()
        };
        let matter = care::complaints::service::open(&house.app, Some(&clerk), "desk", told);
        let matter = matter.await.expect("taken in").id;
        let from = format!("complaint:{matter}");
        let mut officer = house.client(&house.officer).await;
        let form = officer.get(&format!("/office/cases/new?from={from}")).await.text();
        assert!(form.contains("多次推诿") && form.contains("value=\"500103\" selected"), "{form}");
        let enter = |from: String| async {
            let from = from;
            service::from_office(&house.app, &house.officer, &from, &telling()).await
        };
        let id = enter(from).await.expect("entered");
        let own = house.act(&clerk, id, opening("25.7", "body")).await;
        assert_eq!(own, Err("conduct/case-own-report"), "{}", house.engine);
        let none = enter("complaint:0000000000001".to_owned()).await;
        assert_eq!(none.expect_err("none").status, 404);

        let mut auditor = house.client(&actor(Role::Auditor)).await;
        let newest = |tx: &mut kernel::db::Tx<'_>| kernel::journal::newest(tx, Id(i64::MAX), 1);
        let entry = house.app.db.read(newest).await.expect("read").remove(0);
        let path = format!("/office/cases/new?from=audit:{}", entry.id);
        assert!(auditor.get(&path).await.text().contains(&entry.act), "{}", house.engine);
        let from = format!("audit:{}", entry.id);
        let fields = [
            ("from", from.as_str()),
            ("clause", "25.6"),
            ("division", "500103"),
            ("words", "同一账号夜间大量查阅无关人员信息"),
        ];
        let entered = auditor.post_form("/office/cases/new", &fields).await;
        assert_eq!((entered.status.as_u16(), entered.header("location")), (303, "/office/cases"));
        let mut program = house.program(&house.officer).await;
        let list = program.get("/api/v1/cases?source=audit").await.json();
        let id = list[0]["id"].as_str().expect("a case").to_owned();
        assert_eq!(auditor.get(&format!("/office/cases/{id}")).await.status, 403);
    }
}

#[tokio::test]
async fn a_duplicate_is_followed_in_the_case_that_it_was_joined_to() {
    for house in houses("report_join").await {
        let (first, second) = (house.told().await, house.told().await);
        let id = house.id(&second.number).await;
        let join = |of: &str| service::Sent { of: of.to_owned(), ..sent("join", "") };
        let own = house.act(&house.officer, id, join(&second.number)).await;
        assert_eq!(own, Err("platform/invalid-input"));
        house.good(&house.officer, id, join(&first.number)).await;
        let main = house.id(&first.number).await;
        house.good(&house.officer, main, opening("25.2", "body")).await;
        let status = service::status(&house.app, &second.number, &second.code).await;
        assert_eq!(status.expect("known").state, "investigating", "{}", house.engine);
    }
}

#[tokio::test]
async fn what_is_told_is_not_in_the_database_in_clear() {
    for house in houses("report_sealed").await {
        let id = house.report().await;
        let sql = "SELECT words FROM conduct_case WHERE id = $1";
        let words = house.app.db.read(move |tx| tx.one(sql, &[v(id)])?.get::<Vec<u8>>(0)).await;
        let words = words.expect("read");
        let plain = telling().words;
        let seen = words.windows(plain.len()).any(|part| part == plain.as_bytes());
        assert!(!seen && words.len() > plain.len());
    }
}

#[tokio::test]
async fn bad_reports_are_told_field_by_field() {
    for house in houses("report_bad").await {
        let mut client = Client::new(&house.router);
        let body = serde_json::json!({"clause": "26.1", "words": "短", "division": "x"});
        let reply = client.post_json("/api/v1/reports", &body).await;
        assert_eq!(reply.status, 422);
        let fields: Vec<String> = reply.json()["errors"]
            .as_array()
            .expect("errors")
            .iter()
            .map(|error| error["field"].as_str().unwrap_or_default().to_owned())
            .collect();
        assert_eq!(fields, ["clause", "division", "words"], "{}", house.engine);
    }
}
