//! Cases as people see them.

use kernel::actor::{Actor, Role};
use kernel::testing::{Client, actor};

use super::house::{houses, opening, proposal, sent};

/// Art. 22: anybody reports on the page, keeps number and code, and asks with them how it stands.
#[tokio::test]
async fn a_stranger_reports_on_the_page_and_follows_it() {
    for house in houses("pages_report").await {
        let mut stranger = Client::new(&house.router);
        let bad = stranger.post_form("/report", &[("words", "短"), ("clause", "24.3")]).await;
        assert_eq!(bad.status, 422);
        assert!(
            bad.text().contains("10至4000字") && bad.text().contains("value=\"24.3\" selected")
        );
        let words = "用人单位扣押职工社会保障卡不还";
        let fields = [("clause", "24.3"), ("division", "500112"), ("words", words)];
        let told = stranger.post_form("/report", &fields).await.text();
        let between = |mark: &str| {
            let rest = told.split_once(mark).expect("shown").1;
            rest.split_once('<').expect("ends").0.to_owned()
        };
        let (number, code) = (between("id=\"number-told\">"), between("id=\"code-told\">"));
        let keys = [("number", number.as_str()), ("code", code.as_str())];
        let status = stranger.post_form("/report/status", &keys).await;
        assert!(status.text().contains("待初审"), "{}", house.engine);
        let wrong = [("number", number.as_str()), ("code", "0000-0000-0000")];
        assert_eq!(stranger.post_form("/report/status", &wrong).await.status, 404);
        let more = [keys[0], keys[1], ("words", "还有照片")];
        assert!(stranger.post_form("/report/more", &more).await.text().contains("已补充"));
    }
}

/// Art. 26: the officer's pages lead from the list to the decision; the list tells of nobody.
#[tokio::test]
async fn an_office_finds_its_case_and_the_auditor_sees_the_list_only() {
    for house in houses("pages_office").await {
        let id = house.heard(opening("25.2", "body")).await;
        let mut officer = house.client(&house.officer).await;
        let list = officer.get("/office/cases?state=open&clause=25.2&mine=1").await;
        assert!(list.text().contains(&format!("/office/cases/{id}")), "{}", house.engine);
        assert!(!list.text().contains("某单位"));
        let path = format!("/office/cases/{id}");
        let file = officer.get(&path).await.text();
        for part in ["某单位", "书面陈述：已整改", "拟认定拒绝用卡", "name=\"kind\"", "#art-25"]
        {
            assert!(file.contains(part), "{part}");
        }
        let missing = officer.post_form(&path, &[("act", "propose"), ("words", "x")]).await;
        assert_eq!(missing.status, 422);
        house.good(&house.officer, id, proposal("no-violation")).await;
        let mut approver = house.client(&house.approver).await;
        let done = approver.post_form(&path, &[("act", "decide")]).await;
        assert_eq!(done.status, 303, "{}", done.text());
        let auditor = actor(Role::Auditor);
        let mut auditor = house.client(&auditor).await;
        assert_eq!(auditor.get("/office/cases").await.status, 200);
        assert_eq!(auditor.get(&path).await.status, 403);
    }
}

/// Art. 26: staff who are concerned read notice and decision on their page, and never who reported it.
#[tokio::test]
async fn staff_who_are_concerned_read_and_answer_their_notice() {
    for house in houses("pages_own").await {
        let manager = actor(Role::OutletManager);
        let mut client = house.client(&manager).await;
        assert!(client.get("/desk/notices").await.text().contains("没有涉及您的案件"));
        let org = manager.org.expect("staff").to_string();
        let id = house.report().await;
        let open = crate::cases::service::Sent { org, ..opening("25.7", "body") };
        house.good(&house.officer, id, open).await;
        crate::cases::service::add_evidence(
            &house.app,
            &house.officer,
            id,
            "录像截图",
            super::house::PNG.to_vec(),
        )
        .await
        .expect("taken");
        house.good(&house.officer, id, sent("notify", "拟认定推诿")).await;
        let page = client.get("/desk/notices").await.text();
        assert!(page.contains("拟认定推诿") && page.contains("陈述申辩"), "{}", house.engine);
        assert!(!page.contains("多次拒绝"), "the report itself is not shown");
        let path = format!("/desk/notices/{id}");
        let answer = [("act", "reply"), ("words", "已道歉")];
        assert_eq!(client.post_form(&path, &answer).await.status, 303);
        let other = Actor { org: Some(kernel::testing::id()), ..actor(Role::OutletManager) };
        let mut other = house.client(&other).await;
        assert_eq!(other.post_form(&path, &answer).await.status, 404);
    }
}

#[tokio::test]
async fn a_refusal_fills_the_form_of_a_new_case() {
    for house in houses("pages_new").await {
        let told = codes::refusals::Telling {
            kind: "refused".to_owned(),
            place: "渝北区图书馆".to_owned(),
            division: "500112".to_owned(),
            day: kernel::time::day_text(kernel::time::Utc::now().day()),
            reason: "要求另办借书证".to_owned(),
            ..codes::refusals::Telling::default()
        };
        let refusal = codes::refusals::tell(&house.app, None, &told).await.expect("told");
        let mut officer = house.client(&house.officer).await;
        let from = format!("refusal:{refusal}");
        let form = officer.get(&format!("/office/cases/new?from={from}")).await.text();
        assert!(form.contains("要求另办借书证") && form.contains("value=\"25.2\" selected"));
        let fields = [
            ("from", from.as_str()),
            ("clause", "25.2"),
            ("division", "500112"),
            ("words", "渝北区图书馆要求另办借书证"),
        ];
        let entered = officer.post_form("/office/cases/new", &fields).await;
        assert_eq!(entered.status, 303, "{}: {}", house.engine, entered.text());
        let twice = officer.post_form("/office/cases/new", &fields).await;
        assert_eq!(twice.code(), "conduct/case-known");
        for nonsense in ["", "?from=", "?from=x", "?from=refusal:zz", "?from=alert:1"] {
            let page = officer.get(&format!("/office/cases/new{nonsense}")).await;
            assert_eq!(page.status, 200, "{nonsense}");
        }
    }
}
