//! The server is killed at random moments under write load. After each restart all that was
//! acknowledged is there, and the journal holds.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use kernel::db::{Db, Limits, Location, Value, v};
use kernel::id::Id;
use kernel::keys::Keys;
use kernel::problem::Problem;
use seal::code::CardCode;
use yikatong::bench::holders;
use yikatong::command::Place;

use crate::support::postgres::Database;
use crate::support::server::{Options, Server};

const CLIENTS: usize = 6;

fn rounds() -> u32 {
    let text = std::env::var("YIKATONG_CRASH_ROUNDS").ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(3)
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_on_sqlite_loses_nothing_that_was_acknowledged() {
    crash(Server::start()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crash_on_postgres_loses_nothing_that_was_acknowledged() {
    let Some(database) = Database::fresh("crash") else { return };
    let options = Options { database_url: Some(database.url()), ..Options::default() };
    crash(Server::with(options)).await;
}

/// What the clients need to go on asking.
pub(crate) struct Load {
    credentials: Vec<[u8; 8]>,
    tokens: Vec<String>,
    keys: Keys,
    counter: AtomicU32,
    port: u16,
}

async fn crash(mut server: Server) {
    let place = server.place();
    let location = place.location().expect("a location");
    let load = Arc::new(prepare(&place, server.port()).await);
    // The running server's catalogue is a second old at most.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let mut acknowledged: Vec<Id> = Vec::new();
    for round in 0..rounds() {
        let stop = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let (load, stop) = (load.clone(), stop.clone());
                std::thread::spawn(move || ask_until_stopped(&load, number, &stop))
            })
            .collect();
        // Anywhere in a batch, a flush, a round of the sequencer.
        let moment = 150 + u64::from(kernel::platform::random::<1>()[0]) * 2;
        std::thread::sleep(Duration::from_millis(moment));
        server.kill();
        stop.store(true, Ordering::Relaxed);
        let before = acknowledged.len();
        for client in clients {
            acknowledged.extend(client.join().expect("a client ends"));
        }
        assert!(acknowledged.len() > before, "round {round}: the server was under load");
        missing_none(&location, &acknowledged, round).await;
        server.restart();
        journal_holds(&place, round);
    }
}

pub(crate) async fn prepare(place: &Place, port: u16) -> Load {
    let keys = place.keys().expect("the server's keys");
    let db = place.open(&Limits::default()).expect("the server's database");
    let app = yikatong::serve::tool_platform(db, keys.clone(), place).await.expect("a platform");
    let credentials = holders::make(&app, 50).await.expect("holders");
    let tokens = holders::terminals(&app, CLIENTS, items::seed::LIBRARY).await.expect("terminals");
    Load { credentials, tokens, keys, counter: AtomicU32::new(1), port }
}

/// Asks one verification after the other; returns the ids of those that were answered with yes.
fn ask_until_stopped(load: &Load, number: usize, stop: &AtomicBool) -> Vec<Id> {
    let mut answered = Vec::new();
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", load.port)) else { return answered };
    while !stop.load(Ordering::Relaxed) {
        let Some(id) = ask(load, number, &mut stream) else { return answered };
        answered.push(id);
    }
    answered
}

pub(crate) fn ask(load: &Load, number: usize, stream: &mut TcpStream) -> Option<Id> {
    let counter = load.counter.fetch_add(1, Ordering::Relaxed);
    let code = CardCode {
        region: [0x50, 0, 0],
        key: 1,
        credential: load.credentials[counter as usize % load.credentials.len()],
        generated_s: kernel::time::Utc::now().seconds() as u32,
        lifetime_s: 60,
        counter,
        scene: 0,
    };
    let text = code.encode(load.keys.store()).expect("the key is there");
    let body = format!(r#"{{"code":"{text}","item":"{}"}}"#, items::seed::LIBRARY);
    let request = format!(
        "POST /api/v1/verify HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        load.tokens[number],
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let answer = read_answer(stream)?;
    assert!(answer.contains(r#""result":"yes""#), "{answer}");
    let id = answer.split(r#""id":""#).nth(1)?.split('"').next()?;
    id.parse().ok()
}

/// One whole answer; none when the server is gone: then nothing was acknowledged.
fn read_answer(stream: &mut TcpStream) -> Option<String> {
    let (mut all, mut part) = (Vec::new(), [0u8; 2_048]);
    loop {
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return None,
            Ok(read) => all.extend_from_slice(&part[..read]),
        }
        let text = String::from_utf8_lossy(&all);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
        if body.len() >= length.parse::<usize>().ok()? {
            return Some(body.to_owned());
        }
    }
}

/// Each acknowledged use, and its entry in the journal, is in the database.
async fn missing_none(location: &Location, acknowledged: &[Id], round: u32) {
    let db = Db::open(location, &Limits::default()).expect("the database opens after a crash");
    let ids = acknowledged.to_vec();
    let (uses, entries) = db
        .read(move |tx| {
            let keys: Vec<Value<'_>> = ids.iter().map(|id| v(*id)).collect();
            let uses =
                tx.query_in("SELECT DISTINCT id FROM card_use WHERE id IN (#)", &keys)?.len();
            let objects: Vec<Value<'_>> = ids.iter().map(|id| v(format!("use:{id}"))).collect();
            let sql = "SELECT DISTINCT object FROM journal_entry WHERE object IN (#)";
            Ok::<_, Problem>((uses, tx.query_in(sql, &objects)?.len()))
        })
        .await
        .expect("the database answers");
    assert_eq!(uses, acknowledged.len(), "round {round}: uses");
    assert_eq!(entries, acknowledged.len(), "round {round}: journal entries");
}

pub(crate) fn journal_holds(place: &Place, round: u32) {
    let mut verify = Command::new(env!("CARGO_BIN_EXE_yikatong"));
    verify.args(["journal", "verify", "--data"]).arg(&place.data);
    verify.args(place.database_url.iter().map(|url| format!("--database-url={url}")));
    let verified = verify.output().expect("the program runs");
    let said = String::from_utf8_lossy(&verified.stdout);
    assert!(verified.status.success(), "round {round}: {said}");
}
