//! Pushes on both engines, to a real receiver over HTTP that fails at first.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use kernel::actor::Role;
use kernel::http::build;
use kernel::journal;
use kernel::platform::App;
use kernel::testing::{Client, actor};
use kernel::time::Utc;
use people::rules::Person;
use seal::sm2::{SignerId, VerifyingKey};

use super::rules::{Body, MOST_TRIES, changes, pause, signed_text};
use super::{service, store};
use crate::agreements::rules::Terms;
use crate::agreements::service as agreements;
use crate::agreements::tests::{code_of, houses, terms};
use crate::queries::rules::Ask;
use crate::queries::tests::{Program, ask, enter, program};

/// What a receiver got: head and body.
pub(crate) type Got = Arc<Mutex<Vec<(String, String)>>>;

/// Answers 503 as often as `fail` says, then 200.
pub(crate) fn receiver(fail: Arc<AtomicUsize>) -> (String, Got) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/changes", listener.local_addr().expect("bound"));
    let got: Got = Arc::default();
    let kept = got.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (head, body) = read(&stream);
            let fails = fail.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
            let status = if fails.is_ok() { "503 Busy" } else { "200 OK" };
            if fails.is_err() {
                kept.lock().expect("whole").push((head, body));
            }
            let answer =
                format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = (&stream).write_all(answer.as_bytes());
        }
    });
    (address, got)
}

fn read(mut stream: &TcpStream) -> (String, String) {
    let mut text = Vec::new();
    let mut chunk = [0; 4_096];
    loop {
        let all = String::from_utf8_lossy(&text).into_owned();
        if let Some((head, body)) = all.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            if body.len() >= length.and_then(|n| n.trim().parse().ok()).unwrap_or(0) {
                return (head, body.to_owned());
            }
        }
        match stream.read(&mut chunk) {
            Ok(n) if n > 0 => text.extend(&chunk[..n]),
            _ => return (String::new(), String::new()),
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_default()
}

pub(crate) async fn rename(app: &App, person: &Person, phone: &str) {
    let (id, phone, entry) = (person.id, phone.to_owned(), app.id());
    let clerk = actor(Role::Clerk);
    let changed = app.db.write(move |tx| {
        let sql = "UPDATE person SET phone = $1 WHERE id = $2";
        tx.execute(sql, &[kernel::db::v(&phone), kernel::db::v(id)])?;
        let entry = journal::Entry::new(entry, Utc::now(), &clerk, "person.changed", "Art. 12");
        journal::record(tx, &entry.about(id))
    });
    changed.await.expect("changed");
    journal::sequence(app).await.expect("sequenced");
}

async fn collect(app: &App) -> usize {
    let mut found = 0;
    for _ in 0..5 {
        found += service::collect(app).await.expect("looked through");
    }
    found
}

fn question(program: &Program, people: &[&Person]) -> Ask {
    Ask { second_officer: "王复核".to_owned(), ..ask(program, "subscribe-1", people) }
}

#[tokio::test]
async fn a_change_arrives_signed_and_in_order_though_the_receiver_fails_at_first() {
    for house in houses("pushes").await {
        let app = &house.app;
        let fail = Arc::new(AtomicUsize::new(2));
        let (url, got) = receiver(fail);
        let agreed = Terms { push_url: url, ..terms("phone,alive") };
        let program = program(app, &house.officer, agreed).await;
        let (one, other) = (enter(app, 200).await, enter(app, 201).await);
        let answer = service::subscribe(app, &program.actor, question(&program, &[&one])).await;
        assert_eq!(answer.expect("subscribed").results[0].fields["alive"], "yes");
        journal::sequence(app).await.expect("sequenced");
        assert_eq!(collect(app).await, 0, "nothing changed yet");
        rename(app, &one, "19900000001").await;
        rename(app, &other, "19900000009").await;
        assert_eq!(collect(app).await, 1, "only who is watched");
        rename(app, &one, "19900000002").await;
        assert_eq!(collect(app).await, 1);
        let mut now = Utc::now();
        assert_eq!(service::deliver_at(app, now).await.expect("tried"), 0, "503");
        assert_eq!(service::deliver_at(app, now).await.expect("tried"), 0, "not due yet");
        now = now.plus_seconds(pause(1) + 1);
        assert_eq!(service::deliver_at(app, now).await.expect("tried"), 0, "503 again");
        now = now.plus_seconds(pause(2) + 1);
        assert_eq!(service::deliver_at(app, now).await.expect("tried"), 1, "the first, alone");
        assert_eq!(service::deliver_at(app, now).await.expect("tried"), 1, "then the second");
        let got = got.lock().expect("whole").clone();
        let bodies: Vec<Body> =
            got.iter().map(|(_, body)| serde_json::from_str(body).expect("a body")).collect();
        let told: Vec<(i64, &str)> =
            bodies.iter().map(|body| (body.sequence, body.changes["phone"].as_str())).collect();
        assert_eq!(told, [(1, "19900000001"), (2, "19900000002")]);
        assert!(bodies.iter().all(|body| body.changes.len() == 1), "only what changed");
        let router = build(app.clone(), super::routes()).router;
        let key = Client::new(&router).get("/api/v1/sharing/push-key").await.json();
        let point = hex::decode(key["public_key"].as_str().expect("a key")).expect("hex");
        let key = VerifyingKey::from_bytes(&point, SignerId::SHARE_PUSH).expect("a point");
        for (head, body) in &got {
            let signature = hex::decode(header(head, "x-yikatong-signature")).expect("hex");
            let signature = signature.try_into().expect("64 bytes");
            let moment: i64 = header(head, "x-yikatong-timestamp").parse().expect("seconds");
            assert!(key.verifies(signed_text(moment, body).as_bytes(), &signature));
            assert!(!key.verifies(signed_text(moment + 1, body).as_bytes(), &signature));
        }
        let about = one.id;
        let entries =
            app.db.read(move |tx| journal::about(tx, about, kernel::id::Id(i64::MAX), 20));
        let entries = entries.await.expect("read");
        let pushed = entries.iter().filter(|entry| entry.act == "share.pushed");
        assert!(pushed.clone().all(|entry| entry.fields == "phone"));
        assert_eq!(pushed.count(), 2, "each push is visible to its person");
    }
}

#[tokio::test]
async fn a_dead_letter_holds_the_later_ones_until_somebody_decides() {
    for house in houses("dead").await {
        let app = &house.app;
        let fail = Arc::new(AtomicUsize::new(MOST_TRIES as usize));
        let (url, got) = receiver(fail);
        let program = program(app, &house.officer, Terms { push_url: url, ..terms("phone") }).await;
        let one = enter(app, 210).await;
        let asked = question(&program, &[&one]);
        service::subscribe(app, &program.actor, asked.clone()).await.expect("subscribed");
        rename(app, &one, "19900000001").await;
        collect(app).await;
        rename(app, &one, "19900000002").await;
        collect(app).await;
        let mut now = Utc::now();
        for _ in 0..MOST_TRIES {
            assert_eq!(service::deliver_at(app, now).await.expect("tried"), 0);
            now = now.plus_seconds(8_000);
        }
        assert_eq!(service::deliver_at(app, now).await.expect("tried"), 0, "held back");
        let router = build(app.clone(), super::routes()).router;
        let mut desk = Client::signed_in(&router, app, &house.officer).await;
        let page = desk.get("/office/sharing/pushes").await.text();
        assert!(page.contains("HTTP 503") && page.contains("已停止"));
        let dead = app.db.read(store::troubled).await.expect("read").remove(0);
        let (agreement, id) = (dead.agreement.to_string(), dead.id.to_string());
        let form = [("agreement", agreement.as_str()), ("id", &id), ("decision", "again")];
        assert_eq!(desk.post_form("/office/sharing/pushes", &form).await.status, 303);
        assert_eq!(service::deliver_at(app, now).await.expect("tried"), 1);
        assert_eq!(got.lock().expect("whole").len(), 1);
        let chief = actor(Role::MunicipalApprover);
        agreements::revoke(app, &chief, program.version, "停止").await.expect("revoked");
        assert_eq!(service::deliver_at(app, now).await.expect("tried"), 0, "nothing after the end");
        assert_eq!(got.lock().expect("whole").len(), 1);
        let after = service::unsubscribe(app, &program.actor, asked).await;
        assert_eq!(code_of(after), "sharing/not-your-agreement");
    }
}

#[test]
fn pauses_double_up_to_two_hours_and_only_differences_are_changes() {
    let pauses: Vec<i64> = (1..=12).map(pause).collect();
    assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 5_120, 7_200, 7_200]);
    let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    };
    let (before, now) = (map(&[("a", "1"), ("b", "2")]), map(&[("a", "1"), ("b", "3")]));
    assert_eq!(changes(&before, &now), map(&[("b", "3")]));
    assert_eq!(changes(&now, &now), map(&[]));
}
