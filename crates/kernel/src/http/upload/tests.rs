use axum::Router;
use serde::Deserialize;

use super::*;
use crate::actor::{Access, Role};
use crate::http::{Routes, build, kernel_routes};
use crate::platform::App;
use crate::testing::{Client, TestDb, actor, databases, platform};

#[derive(Deserialize)]
struct Fields {
    word: String,
}

async fn form(upload: Upload<Fields>) -> Result<String, Problem> {
    let file = upload.file("file")?;
    Ok(format!("{}|{}|{}|{}", upload.form.word, file.name, file.media, file.bytes.len()))
}

async fn body(body: FileBody) -> String {
    format!("{}|{}", body.media, body.bytes.len())
}

/// Larger than what other routes take, so that the route's own limit is what counts.
const MOST: usize = 600 * 1024;

fn routes() -> Routes {
    kernel_routes().upload("/form", Access::Public, &[], MOST, form).upload(
        "/body",
        Access::Public,
        &[],
        MOST,
        body,
    )
}

async fn house(name: &str) -> (Router, TestDb, App) {
    let test = databases(name).remove(0);
    let app = platform(&test, &[crate::MIGRATIONS]).await;
    (build(app.clone(), routes()).router, test, app)
}

const KIND: &str = "multipart/form-data; boundary=edge";

fn field(name: &str, value: &str) -> String {
    format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

fn file(name: &str, content: &str) -> String {
    format!(
        "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: image/png\r\n\r\n{content}\r\n"
    )
}

fn whole(parts: &[String]) -> String {
    format!("{}--edge--\r\n", parts.concat())
}

#[tokio::test]
async fn a_file_comes_with_its_fields_and_a_name_without_folders() {
    let (router, _db, _) = house("upload_good").await;
    let mut client = Client::new(&router);
    for (sent, kept) in [
        ("a.png", "a.png"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\evil.png", "evil.png"),
        ("C:\\folder\\签名.png", "签名.png"),
    ] {
        let text = whole(&[field("word", "好 & good"), file(sent, "12345")]);
        let reply = client.post("/form", KIND, text).await;
        assert_eq!(reply.text(), format!("好 & good|{kept}|image/png|5"));
    }
    let large = whole(&[field("word", "w"), file("a", &"x".repeat(400 * 1024))]);
    assert_eq!(client.post("/form", KIND, large).await.status, 200, "the route's own limit");
}

#[tokio::test]
async fn a_signed_in_upload_needs_the_token_of_its_session() {
    let (router, _db, app) = house("upload_csrf").await;
    let mut client = Client::signed_in(&router, &app, &actor(Role::Clerk)).await;
    let send = |token: Option<&str>| {
        let token = token.map(|token| field("_csrf", token)).unwrap_or_default();
        whole(&[token, field("word", "w"), file("a", "1")])
    };
    for wrong in [None, Some(""), Some("another")] {
        let reply = client.post("/form", KIND, send(wrong)).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (403, "platform/stale-form".to_owned()));
    }
    let right = send(Some(&client.csrf.clone()));
    assert_eq!(client.post("/form", KIND, right).await.status, 200);
}

#[tokio::test]
async fn bad_uploads_are_refused_with_a_reason() {
    let (router, _db, _) = house("upload_bad").await;
    let mut client = Client::new(&router);
    let large = file("a", &"x".repeat(MOST + 1));
    let cases = [
        (KIND, whole(&[field("word", "w"), large]), 413, "platform/too-large"),
        (KIND, whole(&[field("word", "a\0b"), file("a", "1")]), 422, "platform/invalid-input"),
        (KIND, whole(&[file("a", "1")]), 422, "platform/invalid-input"),
        (KIND, whole(&[field("word", "w")]), 422, "platform/invalid-input"),
        (KIND, whole(&[field("word", "w"), file("a", "")]), 422, "platform/invalid-input"),
        (KIND, field("word", "cut off"), 400, "platform/unreadable-body"),
        ("application/json", "{}".to_owned(), 415, "platform/not-an-upload"),
        ("multipart/form-data", "x".to_owned(), 415, "platform/not-an-upload"),
    ];
    for (kind, text, status, code) in cases {
        let shown: String = text.chars().take(60).collect();
        let reply = client.post("/form", kind, text).await;
        let told = (reply.status.as_u16(), reply.code());
        assert_eq!(told, (status, code.to_owned()), "{kind} {shown:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_a_file_keeps_every_byte_up_to_the_limit() {
    let (router, _db, _) = house("upload_body").await;
    let mut client = Client::new(&router);
    let reply = client.post("/body", "application/pdf", vec![0u8; MOST]).await;
    assert_eq!(reply.text(), format!("application/pdf|{MOST}"));
    let reply = client.post("/body", "application/pdf", vec![0u8; MOST + 1]).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (413, "platform/too-large".to_owned()));
}
