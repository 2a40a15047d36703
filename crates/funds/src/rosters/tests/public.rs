use kernel::http::{Built, build};
use kernel::testing::{Client, databases};

use super::World;
use crate::rosters::store;

#[tokio::test]
async fn the_notice_masks_names_and_anybody_may_object() {
    for test in databases("rosters_notice") {
        let world = World::new(&test, 2).await;
        let roster = world.enter_good("A-1", 2, 10_000).await;
        let Built { router, .. } = build(world.app.clone(), crate::routes());
        let mut anyone = Client::new(&router);
        let path = format!("/funds/notices/{}", roster.id);
        assert_eq!(anyone.get(&path).await.status, 404, "not before the review");
        world.to_notice(roster.id).await;
        assert!(anyone.get("/funds/notices").await.text().contains(&path), "{}", test.engine);
        let page = anyone.get(&path).await.text();
        for person in &world.people {
            assert!(!page.contains(&person.name) && !page.contains(person.number.as_str()));
            assert!(page.contains(&people::rules::mask_name(&person.name)));
        }
        let object = format!("{path}/object");
        let wrong = anyone.post_form(&object, &[("line", "77"), ("reason", "不符合")]).await;
        assert_eq!(wrong.status, 404);
        assert!(wrong.text().contains("公示中没有这一行"));
        let sent = anyone.post_form(&object, &[("line", "2"), ("reason", "不符合条件")]).await;
        assert_eq!(sent.status, 200);
        assert!(sent.text().contains("已收到") && sent.text().contains("异议处理中"));
        let mut officer = Client::signed_in(&router, &world.app, &world.officer).await;
        let office = format!("/office/rosters/{}", roster.id);
        assert!(officer.get(&office).await.text().contains("不符合条件"));
    }
}

#[tokio::test]
async fn clerk_department_and_finance_do_their_steps_on_their_pages() {
    for test in databases("rosters_pages") {
        let world = World::new(&test, 2).await;
        let Built { router, .. } = build(world.app.clone(), crate::routes());
        let mut clerk = Client::signed_in(&router, &world.app, &world.clerk).await;
        let mut officer = Client::signed_in(&router, &world.app, &world.officer).await;
        let mut finance = Client::signed_in(&router, &world.app, &world.finance[0]).await;
        let list = clerk.get("/office/rosters").await;
        assert!(list.text().contains("录入名册"), "{}: {}", test.engine, list.text());
        let csv: String =
            world.good(2, 10_000).iter().map(|l| format!("{}\n", l[..3].join(","))).collect();
        let part = |name: &str, value: &str| {
            format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let form = [
            part("_csrf", &clerk.csrf),
            part("programme", "A-1"),
            part("period", "2026-11"),
            part("lines", "2"),
            part("total", "200"),
            format!(
                "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n社会保障号码,姓名,金额\n{csv}\r\n--x--\r\n"
            ),
        ]
        .concat();
        let sent = clerk.post("/office/rosters", "multipart/form-data; boundary=x", form).await;
        assert_eq!(sent.status, 303, "{}", sent.text());
        world.work().await;
        let newest = world.app.db.read(|tx| store::newest(tx, None, 1)).await.expect("read");
        let id = newest[0].id;
        let (look, act) = (format!("/office/rosters/{id}"), format!("/office/rosters/{id}/act"));
        // The nudged worker may still hold a set when this one has come back.
        for _ in 0..100 {
            if world.roster(id).await.state == super::super::rules::State::Checked {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert!(clerk.get(&look).await.text().contains("提交审核"), "{}", test.engine);
        assert_eq!(clerk.post_form(&act, &[("act", "submit")]).await.status, 303);
        let refused = clerk.post_form(&act, &[("act", "review")]).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (403, "funds/not-yours"));
        assert!(officer.get(&look).await.text().contains("通过并公示"));
        assert_eq!(officer.post_form(&act, &[("act", "review")]).await.status, 303);
        world.end_notice().await;
        assert!(finance.get(&look).await.text().contains("批准"));
        assert_eq!(officer.post_form(&act, &[("act", "approve")]).await.status, 403);
        assert_eq!(finance.post_form(&act, &[("act", "approve")]).await.status, 303);
        let page = clerk.get(&look).await.text();
        assert!(page.contains("财政批准，移交发放"), "{page}");
        let other = kernel::testing::actor(kernel::actor::Role::Clerk);
        let mut other = Client::signed_in(&router, &world.app, &other).await;
        assert_eq!(other.get(&look).await.status, 404);
        assert_eq!(Client::new(&router).get("/office/rosters").await.status, 303);
    }
}

#[tokio::test]
async fn a_program_sends_sets_again_without_doubling_and_gets_the_bad_lines() {
    for test in databases("rosters_api") {
        let world = World::new(&test, 2).await;
        let Built { router, .. } = build(world.app.clone(), crate::routes());
        let mut program = Client::program(&router, &world.app, &world.clerk).await;
        let new = serde_json::json!({ "programme": "A-1", "period": "2026-11", "lines": 2, "fen": 20_000 });
        let made = program.post_json("/api/v1/rosters", &new).await;
        assert_eq!(made.status, 200, "{}", made.text());
        let id = made.json()["id"].as_str().expect("an id").to_owned();
        let (good, base) = (world.good(2, 10_000), format!("/api/v1/rosters/{id}"));
        let line = |at: usize, name: &str| serde_json::json!({ "line": at + 1, "number": good[at][0], "name": name, "amount": "100" });
        let set = serde_json::json!([line(0, &good[0][1]), line(1, "错名")]);
        let lines = format!("{base}/lines");
        assert_eq!(program.post_json(&lines, &set).await.json()["new"], 2);
        assert_eq!(program.post_json(&lines, &set).await.json()["new"], 0, "{}", test.engine);
        let none = program.post_json(&lines, &serde_json::json!([])).await;
        assert_eq!(none.code(), "funds/set-size");
        let checked = program.post_json(&format!("{base}/check"), &serde_json::json!({})).await;
        assert_eq!(checked.status, 200, "{}", checked.text());
        for _ in 0..100 {
            world.work().await;
            if program.get(&base).await.json()["state"] == "checked" {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let body = program.get(&base).await.json();
        assert_eq!((&body["lines"], &body["bad"]), (&1.into(), &1.into()), "{body}");
        assert_eq!(body["faults"][0]["code"], "name-differs");
        let mut clerk = Client::signed_in(&router, &world.app, &world.clerk).await;
        let csv = clerk.get(&format!("/office/rosters/{id}/bad")).await.text();
        assert!(csv.contains("错名") && csv.contains("姓名与登记不一致"), "{csv}");
    }
}
