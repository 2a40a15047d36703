use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa_axum::routes;

use super::*;
use crate::actor::{Access, Role};
use crate::testing::{Client, Reply, TestDb, actor, databases, platform};

#[derive(Serialize, Deserialize, utoipa::ToSchema)]
struct Echo {
    word: String,
    count: i64,
}

#[utoipa::path(post, path = "/api/v1/echo", responses((status = 200, body = Echo)))]
async fn echo(Json(body): Json<Echo>) -> Json<Echo> {
    Json(body)
}

#[utoipa::path(get, path = "/api/v1/broken", responses((status = 200)))]
async fn broken() -> &'static str {
    panic!("a secret of the program")
}

async fn form(Form(body): Form<Echo>) -> String {
    body.word
}

async fn query(Query(body): Query<Echo>) -> String {
    body.word
}

async fn numbered(Path(number): Path<u32>) -> String {
    number.to_string()
}

fn test_routes() -> Routes {
    kernel_routes()
        .api(Access::Public, &[], routes!(echo))
        .api(Access::Public, &[], routes!(broken))
        .page(Method::POST, "/form", Access::Public, &[], form)
        .page(Method::GET, "/query", Access::Public, &[], query)
        .page(Method::GET, "/number/{n}", Access::Public, &[], numbered)
        .page(Method::GET, "/desk/only", Access::Roles(&[Role::Clerk]), &[], || async { "in" })
}

async fn house(name: &str) -> (Router, TestDb, crate::platform::App) {
    let test = databases(name).remove(0);
    let app = platform(&test, &[crate::MIGRATIONS]).await;
    (build(app.clone(), test_routes()).router, test, app)
}

/// Asks once in each language and checks the form of RFC 9457.
async fn refused(
    client: &mut Client,
    request: impl Fn() -> Request<Body>,
    status: u16,
    code: &str,
) {
    let mut titles = Vec::new();
    for lang in ["zh-CN,zh;q=0.9", "en-GB,en;q=0.9"] {
        client.headers = vec![("accept-language", lang.to_owned())];
        let reply = client.send(request()).await;
        let body = reply.json();
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (status, code), "{body}");
        assert_eq!(reply.header("content-type"), "application/problem+json", "{code}");
        assert_eq!(body["status"], status, "{code}");
        assert_eq!(body["type"], format!("/problems/{code}"));
        assert!(body["detail"].as_str().is_some_and(|advice| !advice.is_empty()), "{code}");
        let title = body["title"].as_str().unwrap_or_default().to_owned();
        assert_eq!(title.is_ascii(), lang.starts_with("en"), "{code} {title}");
        titles.push(title);
    }
    client.headers.clear();
}

fn post(path: &str, kind: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).header("content-type", kind).body(body.into()).expect("a request")
}

#[tokio::test]
async fn bad_bodies_are_refused_with_a_stable_code_in_both_languages() {
    let (router, _test, _) = house("bodies").await;
    let mut client = Client::new(&router);
    let good = client.post_json("/api/v1/echo", &json!({ "word": "好", "count": 3 })).await;
    assert_eq!((good.status.as_u16(), good.json()["word"].as_str()), (200, Some("好")));

    let (json, path) = ("application/json", "/api/v1/echo");
    let c = &mut client;
    for text in ["", "{", "{\"word\": }", "{\"word\":\"a\",", "\u{feff}{}", "nul"] {
        refused(c, || post(path, json, text), 400, "platform/malformed-json").await;
    }
    refused(c, || post(path, json, vec![0xff, 0xfe, 0x80]), 400, "platform/malformed-json").await;
    for text in ["{}", "[]", "{\"word\":1,\"count\":1}", "{\"word\":\"a\",\"count\":1e99}"] {
        refused(c, || post(path, json, text), 422, "platform/invalid-input").await;
    }
    refused(c, || post(path, "text/plain", "{}"), 415, "platform/not-json").await;
    refused(c, || post("/form", json, "{}"), 415, "platform/not-a-form").await;
    let urlencoded = "application/x-www-form-urlencoded";
    refused(c, || post("/form", urlencoded, "word=a&count=x"), 422, "platform/invalid-input").await;
    refused(c, || post("/form", urlencoded, "word=a%00&count=1"), 422, "platform/invalid-input")
        .await;
}

#[tokio::test]
async fn json_nested_a_hundred_thousand_deep_is_refused_and_harmless() {
    let (router, _test, _) = house("deep").await;
    let deep = "[".repeat(100_000);
    let reply = Client::new(&router).post("/api/v1/echo", "application/json", deep).await;
    assert!(reply.status.is_client_error(), "{}", reply.status);
}

#[tokio::test]
async fn a_body_of_300_kib_is_too_large() {
    let (router, _test, _) = house("large").await;
    let mut client = Client::new(&router);
    let text = format!("{{\"word\":\"{}\",\"count\":1}}", "a".repeat(300 * 1024));
    let c = &mut client;
    refused(
        c,
        || post("/api/v1/echo", "application/json", text.clone()),
        413,
        "platform/too-large",
    )
    .await;
    let form = format!("count=1&word={}", "a".repeat(300 * 1024));
    let kind = "application/x-www-form-urlencoded";
    refused(c, || post("/form", kind, form.clone()), 413, "platform/too-large").await;
    let fits = json!({ "word": "a".repeat(200 * 1024), "count": 1 });
    assert_eq!(client.post_json("/api/v1/echo", &fits).await.status, 200);
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_problems_too() {
    let (router, _test, _) = house("unknown").await;
    let mut client = Client::new(&router);
    let c = &mut client;
    let get =
        |path: &'static str| move || Request::get(path).body(Body::empty()).expect("a request");
    for path in ["/nothing", "/api/v1/nothing", "/assets/nothing.css", "/number/x", "/number/-1"] {
        refused(c, get(path), 404, "platform/not-found").await;
    }
    refused(c, get("/query?word=a"), 422, "platform/invalid-input").await;
    refused(c, get("/api/v1/echo"), 405, "platform/wrong-method").await;
    let delete = || Request::delete("/healthz").body(Body::empty()).expect("a request");
    refused(c, delete, 405, "platform/wrong-method").await;
    let allowed = client.send(delete()).await;
    assert!(allowed.header("allow").contains("GET"), "{:?}", allowed.headers);
}

#[tokio::test]
async fn a_panic_in_a_handler_is_a_500_that_tells_nothing() {
    let (router, _test, _) = house("panic").await;
    let mut client = Client::new(&router);
    let reply = client.get("/api/v1/broken").await;
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (500, "platform/internal"));
    assert!(!reply.text().contains("secret"));
    assert_eq!(client.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn people_see_problems_as_pages_and_programs_as_json() {
    let (router, _test, _) = house("html").await;
    let mut client = Client::new(&router);
    client.headers = vec![("accept", "text/html,application/xhtml+xml".to_owned())];
    for (lang, attribute) in [("zh-CN", "lang=\"zh-CN\""), ("en", "lang=\"en\"")] {
        client.cookies.insert("lang".to_owned(), lang.to_owned());
        let page = client.get("/nothing").await;
        assert_eq!(page.status, 404);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(page.text().contains(attribute), "{}", page.text());
    }
    let program = client.get("/api/v1/nothing").await;
    assert_eq!(program.header("content-type"), "application/problem+json");
    let wrong =
        client.send(Request::delete("/number/1").body(Body::empty()).expect("a request")).await;
    assert_eq!(wrong.status, 405);
    assert!(wrong.header("allow").contains("GET"), "the page keeps the headers of the problem");
}

#[tokio::test]
async fn a_problem_leaves_whoever_asked_his_navigation_and_his_forms() {
    let (router, _test, app) = house("problem_nav").await;
    let mut clerk = Client::signed_in(&router, &app, &actor(Role::Clerk)).await;
    clerk.headers = vec![("accept", "text/html".to_owned())];
    for (path, status) in [("/nothing", 404), ("/office/journal", 403)] {
        let page = clerk.get(path).await;
        assert_eq!(page.status, status, "{path}");
        assert!(page.text().contains("action=\"/sign-out\""), "{path}: {}", page.text());
        assert!(!page.text().contains("name=\"_csrf\" value=\"\""), "{path}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_browsers_need() {
    let (router, _test, _) = house("headers").await;
    let mut client = Client::new(&router);
    for path in
        ["/healthz", "/staff/sign-in", "/nothing", "/office/journal", "/assets/app.css", "/docs/"]
    {
        let reply = client.get(path).await;
        let policy = reply.header("content-security-policy");
        assert!(policy.contains("script-src 'self';"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        let scripts = policy.split(';').find(|part| part.trim().starts_with("script-src"));
        assert!(!scripts.is_some_and(|part| part.contains("unsafe")), "{path}: {policy}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(reply.header("cross-origin-opener-policy"), "same-origin", "{path}");
        let kept = if path.starts_with("/assets/") { "no-cache" } else { "no-store" };
        assert_eq!(reply.header("cache-control"), kept, "{path}");
    }
}

#[tokio::test]
async fn a_stranger_who_asks_too_often_waits_and_others_do_not() {
    let (router, _test, app) = house("rate").await;
    let mut client = Client::new(&router);
    let mut slowed: Option<Reply> = None;
    for _ in 0..2_000 {
        let reply = client.get("/nothing").await;
        if reply.status == 429 {
            slowed = Some(reply);
            break;
        }
    }
    let slowed = slowed.expect("nobody may ask without end");
    assert_eq!(slowed.code(), "platform/too-many-requests");
    assert_eq!(slowed.header("retry-after"), "1");
    let mut other = Client::new(&router);
    other.address = ([203, 0, 113, 9], 40_000).into();
    assert_eq!(other.get("/healthz").await.status, 200);
    let mut clerk = Client::signed_in(&router, &app, &actor(Role::Clerk)).await;
    assert_eq!(clerk.get("/desk/only").await.status, 200, "known people are counted by account");
}

#[tokio::test]
async fn figures_are_for_machines_beside_the_server_and_administrators() {
    let (router, _test, app) = house("figures").await;
    let mut client = Client::new(&router);
    assert_eq!(client.get("/metrics").await.status, 401, "from elsewhere");
    client.address = ([127, 0, 0, 1], 40_000).into();
    assert_eq!(client.get("/metrics").await.status, 200, "beside the server");
    client.headers = vec![("x-forwarded-for", "198.51.100.7".to_owned())];
    assert_eq!(client.get("/metrics").await.status, 401, "through a proxy");
    for (role, status) in [(Role::Administrator, 200), (Role::Auditor, 403)] {
        let mut staff = Client::signed_in(&router, &app, &actor(role)).await;
        assert_eq!(staff.get("/metrics").await.status, status, "{role}");
    }
}

#[tokio::test]
async fn strangers_are_led_to_the_door_and_other_roles_are_refused() {
    let (router, _test, app) = house("admit").await;
    let door = Client::new(&router).get("/desk/only").await;
    assert_eq!((door.status.as_u16(), door.header("location")), (303, "/staff/sign-in"));
    for role in Role::ALL {
        let mut client = Client::signed_in(&router, &app, &actor(role)).await;
        let expected = if role == Role::Clerk { 200 } else { 403 };
        assert_eq!(client.get("/desk/only").await.status, expected, "{role}");
    }
}

#[tokio::test]
async fn a_choice_of_language_is_kept_and_leads_nowhere_else() {
    let (router, _test, _) = house("prefs").await;
    let mut client = Client::new(&router);
    let back = async |client: &mut Client, place: &str| {
        let reply = client.post_form("/prefs", &[("lang", "en"), ("back", place)]).await;
        reply.header("location").to_owned()
    };
    assert_eq!(back(&mut client, "/sign-in?x=1").await, "/sign-in?x=1");
    assert_eq!(client.cookies["lang"], "en");
    for elsewhere in
        ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nb", "javascript:1"]
    {
        assert_eq!(back(&mut client, elsewhere).await, "/", "{elsewhere:?}");
    }
}

#[tokio::test]
async fn files_are_not_sent_again_to_who_has_them() {
    let (router, _test, _) = house("files").await;
    let mut client = Client::new(&router);
    let first = client.get("/assets/app.css").await;
    assert_eq!(
        (first.status.as_u16(), first.header("content-type")),
        (200, "text/css; charset=utf-8")
    );
    client.headers = vec![("if-none-match", first.header("etag").to_owned())];
    let again = client.get("/assets/app.css").await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
}

#[tokio::test]
async fn the_description_of_the_api_has_every_declared_endpoint() {
    let (router, _test, app) = house("openapi").await;
    let described = Client::new(&router).get("/openapi.json").await.json();
    assert!(described["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    for declared in build(app, test_routes()).table.iter().filter(|d| d.kind == RouteKind::Api) {
        let method = declared.method.as_str().to_lowercase();
        assert!(described["paths"][&declared.path][method].is_object(), "{declared:?}");
    }
}
