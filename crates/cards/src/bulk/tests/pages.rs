//! The desk and the API.

use std::time::Duration;

use kernel::testing::Client;
use serde_json::Value;

use super::{HEADER, House, houses, line, lines};

const BOUNDARY: &str = "----a-boundary";

impl House {
    fn router(&self) -> axum::Router {
        let routes = kernel::http::kernel_routes().merge(crate::routes());
        kernel::http::build(self.app.clone(), routes).router
    }
}

async fn send(client: &mut Client, unit: &str, csrf: &str, file: &str) -> kernel::testing::Reply {
    let part = |name: &str, text: &str| {
        format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
    };
    let body = format!(
        "{}{}--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"名册.csv\"\r\n\
         content-type: text/csv\r\n\r\n{file}\r\n--{BOUNDARY}--\r\n",
        part("_csrf", csrf),
        part("unit", unit),
    );
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    client.post("/desk/bulk", &kind, body).await
}

async fn until(client: &mut Client, path: &str, done: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..600 {
        let seen = client.get(path).await.json();
        if done(&seen) {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it takes too long");
}

/// Art. 5, 12: the clerk's way, page by page.
#[tokio::test]
async fn a_clerk_uploads_checks_confirms_and_downloads() {
    for house in houses("bulk_pages").await {
        let mut client = Client::signed_in(&house.router(), &house.app, &house.clerk).await;
        let page = client.get("/desk/bulk").await.text();
        assert!(page.contains("社会保障号码、姓名、手机号码、联系地址"), "{page}");
        let csrf = client.csrf.clone();
        let bad = send(&mut client, " ", &csrf, "x").await;
        assert_eq!(bad.status, 422);
        assert!(bad.text().contains("请填写单位名称"));
        assert_eq!(send(&mut client, "某校", "stale", "x").await.status, 403);

        let text = HEADER.to_owned() + &line(1) + "=1+1,123,1,某地\n" + &line(2);
        let sent = send(&mut client, "某校", &csrf, &text).await;
        assert_eq!(sent.status, 303, "{}", sent.text());
        let path = sent.header("location").to_owned();
        let progress = format!("{path}/progress");
        until(&mut client, &progress, |seen| seen["finished"] == true).await;
        let page = client.get(&path).await.text();
        assert!(page.contains("<strong>2</strong> 人可以申领"), "{page}");
        assert!(page.contains("证件号码有误（第十二条）"), "{page}");
        let early = client.get(&format!("{path}/result")).await;
        assert_eq!(early.code(), "cards/bulk-not-begun");
        let errors = client.get(&format!("{path}/errors")).await;
        assert_eq!(errors.header("content-type"), "text/csv; charset=utf-8");
        let errors = errors.text();
        assert_eq!(errors.lines().count(), 2, "{errors}");
        assert!(errors.contains("\r\n3,证件号码有误（第十二条）,"), "{errors}");
        assert!(errors.contains(",'=1+1,"), "a formula does no harm: {errors}");

        let confirmed = client.post_form(&format!("{path}/confirm"), &[]).await;
        assert_eq!(confirmed.status, 303);
        let seen = until(&mut client, &progress, |seen| seen["finished"] == true).await;
        assert_eq!((&seen["done"], &seen["total"]), (&3.into(), &3.into()), "{}", house.engine);
        let result = client.get(&format!("{path}/result")).await.text();
        let told: Vec<&str> =
            result.lines().map(|line| line.split(',').nth(1).expect("a cell")).collect();
        let expected = ["办理结果", "已登记并申领", "证件号码有误（第十二条）", "已登记并申领"];
        assert_eq!(told, expected, "{result}");
        let page = client.get(&path).await.text();
        assert!(page.contains("已办结") && page.contains("已登记并申领"), "{page}");
        let again = client.post_form(&format!("{path}/confirm"), &[]).await;
        assert_eq!(again.code(), "cards/bulk-not-waiting");
        assert_eq!(house.count("card").await, 2);
        assert_eq!(house.entries("bulk.report-read").await, 2);
    }
}

/// The file with the faults can be corrected and sent as it is.
#[tokio::test]
async fn the_error_file_is_itself_a_file_to_send() {
    for house in houses("bulk_again").await {
        let mut client = Client::signed_in(&house.router(), &house.app, &house.clerk).await;
        let csrf = client.csrf.clone();
        let wrong = HEADER.to_owned() + &line(7).replace(",1990000", ",x");
        let sent = send(&mut client, "某校", &csrf, &wrong).await;
        let path = sent.header("location").to_owned();
        until(&mut client, &format!("{path}/progress"), |seen| seen["finished"] == true).await;
        let errors = client.get(&format!("{path}/errors")).await.text();
        let job = house.whole(errors.replace(",x", ",1990000")).await;
        assert_eq!(job.counts, super::counts(&[("registered", 1)]), "{}: {errors}", house.engine);
    }
}

/// Art. 5: the same by a program of the unit.
#[tokio::test]
async fn a_program_sends_a_file_and_fetches_the_result() {
    for house in houses("bulk_api").await {
        let mut program = Client::program(&house.router(), &house.app, &house.clerk).await;
        let kind = "application/octet-stream";
        let unit = "/api/v1/bulk-applications?unit=%E6%9F%90%E6%A0%A1";
        let empty = program.post(unit, kind, "").await;
        assert_eq!((empty.status.as_u16(), empty.code().as_str()), (422, "platform/invalid-input"));
        // Larger than the usual limit of a body.
        let text = lines(0..5) + &"\n".repeat(400_000);
        let sent = program.post(unit, kind, text).await;
        assert_eq!(sent.status, 200, "{}", sent.text());
        let path = format!("/api/v1/bulk-applications/{}", sent.json()["id"].as_str().expect("id"));
        let seen = until(&mut program, &path, |seen| seen["state"] == "waiting").await;
        assert_eq!(seen["found"]["ready"], 5);
        assert_eq!(program.post_form(&format!("{path}/confirm"), &[]).await.status, 200);
        let seen = until(&mut program, &path, |seen| seen["state"] == "done").await;
        assert_eq!(seen["counts"]["registered"], 5, "{}", house.engine);
        let result = program.get(&format!("{path}/result")).await.text();
        assert_eq!(result.lines().count(), 6, "{result}");
        let late = program.post_form(&format!("{path}/cancel"), &[]).await;
        assert_eq!(late.code(), "cards/bulk-ended");
        assert_eq!(program.get("/api/v1/bulk-applications/0000000000001").await.status, 404);
        let mut stranger = Client::new(&house.router());
        assert_eq!(stranger.get(&path).await.status, 401);
    }
}
