//! Orders to erase content, by two officials, through HTTP and on both engines.

use super::*;
use crate::http::{build, kernel_routes};
use crate::testing::Client;

const PATH: &str = "/office/journal/erasures";

fn waiting_id(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"id\" value=\"").expect("it waits");
    rest.split('"').next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn content_is_erased_when_a_second_official_says_so_and_the_log_still_holds() {
    for test in databases("orders") {
        let (app, ids) = filled(&test).await;
        let router = build(app.clone(), kernel_routes()).router;
        let (officer, approver) = (actor(Role::MunicipalOfficer), actor(Role::MunicipalApprover));
        let mut maker = Client::signed_in(&router, &app, &officer).await;
        let mut checker = Client::signed_in(&router, &app, &approver).await;
        let entry = ids[3].to_string();
        let groundless = maker.post_form(PATH, &[("entry", &entry), ("ground", " ")]).await;
        assert_eq!(groundless.status, 409, "{}", test.engine);
        let unknown = maker.post_form(PATH, &[("entry", "nothing"), ("ground", "法")]).await;
        assert_eq!(unknown.status, 404);
        let order = [("entry", entry.as_str()), ("ground", "个人信息保护法第四十七条，法院裁定")];
        assert_eq!(maker.post_form(PATH, &order).await.status, 303);
        assert_eq!(maker.post_form(PATH, &order).await.status, 409, "one order waits");
        let id = waiting_id(&checker.get(PATH).await.text());
        assert_eq!(checker.post_form(PATH, &order).await.status, 403, "who decides does not ask");
        let decide = "/office/journal/erasures/decide";
        let own = maker.post_form(decide, &[("id", &id), ("decision", "yes")]).await;
        assert_eq!(own.status, 403, "who asks does not decide");
        let still = "SELECT COUNT(*) FROM journal_entry WHERE id = $1";
        let victim = ids[3];
        let count = async || {
            let read = app.db.read(move |tx| tx.one(still, &[v(victim)])?.get::<i64>(0));
            read.await.map_err(|error: DbError| error).expect("a count")
        };
        assert_eq!(count().await, 1);
        let done = checker.post_form(decide, &[("id", &id), ("decision", "yes")]).await;
        assert_eq!(done.status, 303, "{}", done.text());
        assert_eq!(count().await, 0);
        let twice = checker.post_form(decide, &[("id", &id), ("decision", "yes")]).await;
        assert_eq!(twice.status, 409);
        while sequence(&app).await.expect("a round") > 0 {}
        let report = verify(&app.db, &app.keys, &app.config.journal_origin).await;
        let report = report.expect("recomputed");
        assert_eq!((report.erased, report.fault), (1, None), "{}", test.engine);
        let mut auditor = Client::signed_in(&router, &app, &actor(Role::Auditor)).await;
        let page = auditor.get(PATH).await.text();
        assert!(page.contains("法院裁定") && page.contains(&format!("entry:{entry}")), "{page}");
        assert!(page.contains(&approver.name));
    }
}

#[tokio::test]
async fn an_order_that_is_sent_back_erases_nothing() {
    for test in databases("orders_back") {
        let (app, ids) = filled(&test).await;
        let (officer, approver) = (actor(Role::MunicipalOfficer), actor(Role::MunicipalApprover));
        let id = orders::ask(&app, &officer, ids[0], "依据不足的申请").await.expect("asked");
        orders::decide(&app, &approver, id, false).await.expect("sent back");
        while sequence(&app).await.expect("a round") > 0 {}
        let report = verify(&app.db, &app.keys, &app.config.journal_origin).await;
        assert_eq!(report.expect("recomputed").erased, 0, "{}", test.engine);
        orders::ask(&app, &officer, ids[0], "补充后再提").await.expect("may be asked again");
    }
}
