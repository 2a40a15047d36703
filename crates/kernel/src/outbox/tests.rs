//! Messages through a gateway that behaves badly, over real HTTP, on both engines.

use std::sync::Arc;

use super::simulator::{Book, Script, gateway};
use super::*;
use crate::platform::App;
use crate::testing::{databases, platform};

const SECRET: &str = "0123456789abcdef";

async fn serve(script: &str) -> (String, Book) {
    let script: Script = script.parse().expect("a script");
    let (router, book) = gateway(script, SECRET);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}/send"), book)
}

async fn put(app: &App, count: i64) {
    let messages: Vec<(Id, Sms)> = (0..count)
        .map(|n| {
            let text = format!("【一卡通】测试{n}");
            (app.id(), Sms { to: format!("1390000{n:04}"), text })
        })
        .collect();
    let put = move |tx: &mut Tx<'_>| put_all_sms(tx, Utc::now(), &messages);
    app.db.housekeeping(put).await.expect("kept");
}

async fn standing(app: &App) -> Queue {
    app.db.read(queue).await.expect("read")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_message_is_taken_once_however_badly_the_gateway_behaves() {
    for test in databases("sms_bad") {
        let app = platform(&test, &[crate::MIGRATIONS]).await;
        let (address, book) = serve("seed=7,fail=15,lose=10,mix=10,busy=5,refuse=3").await;
        let port: Arc<dyn SmsPort> = Arc::new(HttpSms::new(&address, SECRET, "").expect("a port"));
        put(&app, 60).await;
        let mut now = Utc::now();
        for _ in 0..80 {
            deliver(&app, &port, now).await.expect("a round");
            now = now.plus_seconds(700);
            if standing(&app).await.waiting == 0 {
                break;
            }
        }
        let left = standing(&app).await;
        assert_eq!((left.waiting, left.dead.len()), (0, 6), "{} {left:?}", test.engine);
        assert!(left.dead.iter().all(|(_, _, said)| said.contains("refuses")), "{left:?}");
        let book = book.lock().expect("whole");
        assert_eq!(book.len(), 54, "each text once, under its id");
        assert!(
            book.values().any(|(_, sent)| *sent > 1),
            "a lost answer was followed by another try"
        );
        assert!(book.values().all(|(text, _)| text.starts_with("【一卡通】测试")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_is_not_there_or_does_not_know_us_loses_nothing() {
    for test in databases("sms_down") {
        let app = platform(&test, &[crate::MIGRATIONS]).await;
        let (address, book) = serve("good").await;
        put(&app, 3).await;
        let port = |address: &str, secret: &str| -> Arc<dyn SmsPort> {
            Arc::new(HttpSms::new(address, secret, "").expect("a port"))
        };
        let now = Utc::now();
        for _ in 0..20 {
            let said = deliver(&app, &port("http://127.0.0.1:9/send", SECRET), now).await;
            assert_eq!(said.expect("a round").as_deref(), Some("not reached"));
        }
        let said = deliver(&app, &port(&address, "another secret 16"), now).await;
        assert_eq!(said.expect("a round").as_deref(), Some("HTTP 401"));
        let left = standing(&app).await;
        assert_eq!((left.waiting, left.dead.len()), (3, 0), "no message is blamed for it");
        assert_eq!(deliver(&app, &port(&address, SECRET), now).await.expect("a round"), None);
        assert_eq!((standing(&app).await.waiting, book.lock().expect("whole").len()), (0, 3));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_refused_is_sent_again_or_given_up_by_an_operator() {
    for test in databases("sms_again") {
        let app = platform(&test, &[crate::MIGRATIONS]).await;
        let (address, book) = serve("refuse=0").await;
        put(&app, 1).await;
        let port: Arc<dyn SmsPort> = Arc::new(HttpSms::new(&address, SECRET, "").expect("a port"));
        deliver(&app, &port, Utc::now()).await.expect("a round");
        let dead = standing(&app).await.dead;
        assert_eq!((dead.len(), book.lock().expect("whole").len()), (1, 0), "{}", test.engine);
        let id = dead[0].0;
        app.db.housekeeping(move |tx| again(tx, id, true)).await.expect("taken up");
        let (good, book) = serve("good").await;
        let port: Arc<dyn SmsPort> = Arc::new(HttpSms::new(&good, SECRET, "").expect("a port"));
        deliver(&app, &port, Utc::now()).await.expect("a round");
        assert_eq!(book.lock().expect("whole").len(), 1);
        let twice = app.db.housekeeping(move |tx| again(tx, id, false)).await;
        assert!(matches!(twice, Err(DbError::Conflict)), "{twice:?}");
    }
}

#[test]
fn a_gateway_without_tls_or_with_a_short_secret_is_refused() {
    for (address, secret) in [
        ("http://sms.example/send", SECRET),
        ("http://localhost.example/send", SECRET),
        ("https://sms.example/send", "short"),
    ] {
        assert!(HttpSms::new(address, secret, "").is_err(), "{address}");
    }
    assert!(HttpSms::new("https://sms.example/send", SECRET, "").is_ok());
}

#[test]
fn the_data_folder_names_the_gateway() {
    let folder = std::env::temp_dir().join(format!("sms_{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    assert!(port_in(&folder).is_ok(), "a file, when nothing is named");
    let file = folder.join("sms.json");
    let good = format!(r#"{{"address": "https://sms.example/send", "secret": "{SECRET}"}}"#);
    std::fs::write(&file, &good).expect("written");
    assert!(port_in(&folder).is_ok());
    for bad in [good.replace("https", "http"), good.replace("secret", "key"), "{".to_owned()] {
        std::fs::write(&file, bad).expect("written");
        assert!(port_in(&folder).is_err());
    }
    std::fs::remove_dir_all(folder).expect("removed");
}
