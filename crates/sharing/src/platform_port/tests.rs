//! The port on both engines, against a platform that misbehaves.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{FilePort, HttpPort, Taken, take};
use crate::agreements::tests::houses;
use crate::queries::tests::enter;

fn fact(id: &str, number: &str, kind: &str) -> String {
    format!(
        r#"{{"source_id":"{id}","kind":"{kind}","number":"{number}","name":"某人","day":"2020-01-02","detail":"500103"}}"#
    )
}

/// A platform that breaks off, answers rubbish and an error, and only then what was asked for.
fn simulator(page: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    let calls = AtomicUsize::new(0);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4_096]);
            let body = match calls.fetch_add(1, Ordering::SeqCst) {
                0 => continue,
                1 => "<html>".to_owned(),
                2 => r#"{"facts": 7, "next": 7}"#.to_owned(),
                _ => page.clone(),
            };
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n", body.len());
            let _ = stream.write_all(format!("{head}Connection: close\r\n\r\n{body}").as_bytes());
        }
    });
    address
}

#[tokio::test]
async fn facts_become_proposals_once_and_what_is_no_fact_is_left_out() {
    for house in houses("port").await {
        let app = &house.app;
        let person = enter(app, 300).await;
        let number = person.number.as_str();
        let stranger = people::generate::person(77, 301).expect("not entered");
        let folder = app.config.data.join("in");
        std::fs::create_dir_all(&folder).expect("made");
        let lines = [
            fact("f-1", number, "death"),
            fact("f-1", number, "death"),
            fact("f-2", stranger.number.as_str(), "move"),
            fact("f-3", number, "nationality-lost"),
            "{ broken".to_owned(),
            "[1, 2]".to_owned(),
        ];
        std::fs::write(folder.join("001.jsonl"), lines.join("\n")).expect("written");
        std::fs::write(folder.join("002.part"), "unfinished").expect("written");
        let port = Arc::new(FilePort(folder.clone()));
        let taken = take(app, port.clone()).await.expect("read");
        assert_eq!(taken, Taken { proposed: 1, nobody: 1, twice: 1, refused: 3 });
        assert_eq!(take(app, port.clone()).await.expect("read"), Taken::default(), "nothing new");
        std::fs::write(folder.join("003.jsonl"), fact("f-1", number, "death")).expect("written");
        assert_eq!(take(app, port).await.expect("read").twice, 1, "sent again under another name");
        let id = person.id;
        let still = app.db.read(move |tx| people::store::by_id(tx, id)).await;
        let still = still.expect("read").expect("there");
        assert_eq!(still.deceased_on, None, "a proposal changes nobody");
        let (waiting, _) = cards::events::service::waiting(app).await.expect("read");
        assert_eq!(waiting.len(), 1);
    }
}

#[tokio::test]
async fn a_platform_that_answers_rubbish_is_asked_again_from_the_same_mark() {
    for house in houses("porthttp").await {
        let app = &house.app;
        let person = enter(app, 310).await;
        let good = fact("h-1", person.number.as_str(), "death");
        let url = simulator(format!(r#"{{"facts":[{good}, 5],"next":"mark 1"}}"#));
        let port = Arc::new(HttpPort::new(&url, "secret").expect("this machine"));
        for _ in 0..3 {
            let rubbish = take(app, port.clone()).await;
            assert_eq!(rubbish.err().map(|problem| problem.status), Some(503));
        }
        let taken = take(app, port.clone()).await.expect("at last");
        assert_eq!((taken.proposed, taken.refused), (1, 1));
        assert_eq!(take(app, port).await.expect("the same mark"), Taken::default());
        assert!(HttpPort::new("http://example.org", "secret").is_none(), "not in the clear");
    }
}
