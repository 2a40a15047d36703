//! A client of GeoReport v2, on both engines.

use kernel::testing::Client;
use kernel::time::Utc;
use serde_json::json;

use super::answer::{Format, ending, xml};
use super::keys;
use super::rules::Asked;
use crate::complaints::service as complaints;
use crate::complaints::tests::{answer, count, houses};

const REQUESTS: &str = "/open311/v2/requests.json";

#[test]
fn xml_escapes_and_names_what_lists_hold() {
    let value = json!({ "values": ["a<b&\u{1}\"", null], "n": 1 });
    let text = xml("root", "item", &value);
    assert!(text.contains("<value>a&lt;b&amp;&quot;</value><value></value>"), "{text}");
    assert!(text.contains("<n>1</n>"), "{text}");
    assert_eq!(ending("a.b.xml"), ("a.b", Format::Xml));
    assert_eq!(ending("a.json"), ("a", Format::Json));
}

#[test]
fn a_period_is_ninety_days_at_most() {
    let now = Utc(1_772_294_400 * Utc::SECOND);
    let asked = |from: &str, until: &str| {
        let (start_date, end_date) = (from.to_owned(), until.to_owned());
        Asked { start_date, end_date, ..Asked::default() }.span(now)
    };
    let days = |from, until| {
        let (from, until) = asked(from, until).expect("a period");
        (until.0 - from.0) / Utc::DAY
    };
    assert_eq!(days("", ""), 90);
    assert_eq!(days("2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), 90);
    assert_eq!(days("2026-01-01T00:00:00Z", "2026-01-11T00:00:00Z"), 10);
    assert_eq!(asked("yesterday", "").expect_err("no moment").0, 400);
}

#[tokio::test]
async fn a_request_is_posted_with_a_key_read_by_all_without_its_words_and_closed_by_its_answer() {
    for house in houses("care_open311").await {
        let key = keys::make(&house.app, &house.city, "App".to_owned()).await.expect("a key");
        let mut client = Client::new(&house.router);
        let fields = [
            ("api_key", key.as_str()),
            ("service_code", "complaint-outlet"),
            ("description", "窗口无人接待<b>"),
            ("attribute[division]", "500103"),
            ("lat", "29.56"),
            ("long", "106.57"),
            ("phone", "02312345678"),
            ("device_id", "passed over"),
        ];
        let made = client.post_form(REQUESTS, &fields).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let id = made.json()[0]["service_request_id"].as_str().expect("an id").to_owned();

        let one = client.get(&format!("/open311/v2/requests/{id}.json")).await.json();
        assert_eq!(one[0]["status"], "open");
        assert_eq!(one[0]["service_code"], "complaint-outlet");
        let all = client.get("/open311/v2/requests.xml").await;
        assert!(all.header("content-type").starts_with("text/xml"));
        assert!(all.text().contains(&format!("<service_request_id>{id}</service_request_id>")));
        for private in ["窗口无人接待", "02312345678", "29.56"] {
            assert!(!all.text().contains(private), "{private} is nobody else's");
        }
        let token = client.get(&format!("/open311/v2/tokens/{id}.json")).await.json();
        assert_eq!(token, json!([{ "token": id, "service_request_id": id }]));

        let matter = id.parse().expect("an id");
        complaints::act(&house.app, &house.district, matter, answer()).await.expect("answered");
        let is = |status: &str| format!("/open311/v2/requests.json?status={status}");
        assert_eq!(client.get(&is("open")).await.json(), json!([]));
        assert_eq!(client.get(&is("closed")).await.json()[0]["service_request_id"], id.as_str());
        let other = "/open311/v2/requests.json?service_code=complaint-card";
        assert_eq!(client.get(other).await.json(), json!([]));
        let sql = "SELECT COUNT(*) FROM complaint WHERE channel = 'open311'";
        assert_eq!(count(&house.app, sql).await, 1);
    }
}

#[tokio::test]
async fn errors_are_as_the_specification_says_and_open_nothing() {
    for house in houses("care_open311_errors").await {
        let key = keys::make(&house.app, &house.city, "App".to_owned()).await.expect("a key");
        let mut client = Client::new(&house.router);
        let good = |key| {
            vec![
                ("api_key", key),
                ("service_code", "complaint-outlet"),
                ("description", "窗口无人接待"),
                ("address_string", "民生路"),
            ]
        };
        let with = |name: &'static str, value: &'static str| {
            let mut fields = good(key.as_str());
            fields.retain(|field| field.0 != name);
            fields.push((name, value));
            fields
        };
        let cases = [
            (with("api_key", ""), 400),
            (with("api_key", "wrong"), 403),
            (with("service_code", ""), 400),
            (with("service_code", "objection-data"), 404),
            (with("address_string", ""), 400),
            (with("lat", "NaN"), 400),
            (with("address_id", "110000"), 400),
            (with("description", ""), 400),
            (with("phone", "tel:1"), 400),
        ];
        for (fields, status) in cases {
            let said = client.post_form(REQUESTS, &fields).await;
            assert_eq!(said.status, status, "{fields:?}: {}", said.text());
            assert_eq!(said.json()[0]["code"], status);
            assert!(said.json()[0]["description"].is_string());
        }
        let said = client.post_json(REQUESTS, &json!({})).await;
        assert_eq!(said.status, 400, "not a form");
        for path in ["requests/x.xml", "requests/1.xml", "services/x.xml", "tokens/x.xml"] {
            let said = client.get(&format!("/open311/v2/{path}")).await;
            assert_eq!(said.status, 404, "{path}");
            assert!(said.text().contains("<errors><error><code>404</code>"), "{}", said.text());
        }
        assert_eq!(client.get("/open311/v2/requests.json?status=lost").await.status, 400);
        let closed = keys::close(&house.app, &house.city, "App".to_owned()).await;
        closed.expect("closed");
        assert_eq!(client.post_form(REQUESTS, &good(&key)).await.status, 403);
        assert_eq!(count(&house.app, "SELECT COUNT(*) FROM complaint").await, 0);
    }
}

#[tokio::test]
async fn services_are_listed_in_both_forms_and_only_the_city_makes_keys() {
    for house in houses("care_open311_services").await {
        let mut client = Client::new(&house.router);
        let list = client.get("/open311/v2/services.json").await.json();
        let has =
            |code: &str| list.as_array().expect("a list").iter().any(|s| s["service_code"] == code);
        assert!(has("complaint-outlet") && !has("report-outlet"));
        let text = client.get("/open311/v2/services.xml").await.text();
        assert!(text.contains("<services><service>"), "{text}");
        let text = client.get("/open311/v2/services/complaint-outlet.xml").await.text();
        assert!(text.contains("<attributes><attribute>") && text.contains("500103"), "{text}");
        let (path, body) = ("/api/v1/office/open311/keys", json!({ "name": "App" }));
        assert_eq!(client.post_json(path, &body).await.status, 401);
        let mut city = Client::program(&house.router, &house.app, &house.city).await;
        let made = city.post_json(path, &body).await.json();
        assert_eq!(made["api_key"].as_str().map(str::len), Some(64));
        let mut district = Client::program(&house.router, &house.app, &house.district).await;
        assert_eq!(district.post_json(path, &body).await.status, 403);
    }
}
