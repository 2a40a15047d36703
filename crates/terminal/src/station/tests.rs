//! A terminal and a platform that keeps to the contract, over real sockets, with a network that is cut.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use seal::cq1::{StatusDelta, StatusState};
use serde_json::{Value, json};

use super::*;
use crate::entry::{Entry, FIRST_LINK};
use crate::refusal::{Reason, Refusal};
use crate::testing::{BUS, Folder, NOW, bare, code, items, reopened};
use crate::world;

/// What the platform has and how it behaves.
#[derive(Default)]
struct Desk {
    entries: Vec<Entry>,
    link: [u8; 32],
    refusals: Vec<Value>,
    beats: Vec<Value>,
    ahead_s: i64,
    blocked: bool,
    /// Answers with an error after taking a batch, as when the answer is lost.
    loses_answers: bool,
    states: Vec<StatusState>,
    whole_asked: usize,
    renewals: usize,
}

type Shared = State<Arc<Mutex<Desk>>>;

fn tagged(headers: &HeaderMap, serial: u64, body: Vec<u8>) -> Response {
    let tag = format!("\"{serial}\"");
    let same = headers.get(header::IF_NONE_MATCH).is_some_and(|asked| *asked == tag);
    if same { StatusCode::NOT_MODIFIED.into_response() } else { body.into_response() }
}

async fn delta(State(desk): Shared, UrlPath(base): UrlPath<u32>) -> Response {
    let desk = desk.lock().expect("a desk");
    let Some(at) = desk.states.iter().position(|state| state.serial == base) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Some(next) = desk.states.get(at + 1) else { return StatusCode::NO_CONTENT.into_response() };
    let delta = StatusDelta::between(&desk.states[at], next).expect("a delta");
    delta.with_signature(&world::status_key().sign(&delta.signed_bytes())).into_response()
}

async fn journal(State(desk): Shared, Json(body): Json<Value>) -> Response {
    let mut desk = desk.lock().expect("a desk");
    let entries: Vec<Entry> = serde_json::from_value(body["entries"].clone()).expect("entries");
    for entry in entries {
        let have = desk.entries.len() as u64;
        if entry.seq <= have {
            continue;
        }
        let link = entry.link_after(&desk.link);
        if entry.seq != have + 1 || hex::encode(link) != entry.link {
            let problem = json!({"code": "codes/journal-gap", "title": "x"});
            return (StatusCode::CONFLICT, Json(problem)).into_response();
        }
        desk.link = link;
        desk.entries.push(entry);
    }
    if desk.loses_answers {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    Json(json!({"accepted_to": desk.entries.len(), "doubles": []})).into_response()
}

async fn heartbeat(State(desk): Shared, Json(body): Json<Value>) -> Json<Value> {
    let mut desk = desk.lock().expect("a desk");
    desk.beats.push(body);
    Json(json!({"at": NOW - desk.ahead_s, "blocked": desk.blocked, "keys_serial": 7}))
}

async fn status(State(desk): Shared) -> Vec<u8> {
    let mut desk = desk.lock().expect("a desk");
    desk.whole_asked += 1;
    world::signed_status(desk.states.last().expect("a list"))
}

async fn verify(State(desk): Shared) -> Response {
    match desk.lock().expect("a desk").blocked {
        true => {
            let problem = json!({"code": "codes/terminal-blocked", "title": "blocked"});
            (StatusCode::FORBIDDEN, Json(problem)).into_response()
        }
        false => {
            Json(json!({"result": "yes", "id": "use-1", "fields": {"姓名": "张*"}})).into_response()
        }
    }
}

async fn renew(State(desk): Shared, Json(body): Json<Value>) -> Json<Value> {
    let signature = hex::decode(body["signature"].as_str().expect("hex")).expect("hex");
    let secret =
        seal::sm2::SigningKey::from_secret(&[0x51; 32], crate::device::ROLE).expect("a key");
    let message = format!("renew t-1 {}", body["at"]);
    let signature = signature.try_into().expect("64 bytes");
    assert!(secret.verifying().verifies(message.as_bytes(), &signature));
    desk.lock().expect("a desk").renewals += 1;
    Json(json!({"token": "ykt_new", "token_until": NOW + 30 * 86_400}))
}

/// A platform on a port; dropped, it is gone.
struct Network {
    runtime: Option<tokio::runtime::Runtime>,
    address: SocketAddr,
    desk: Arc<Mutex<Desk>>,
}

impl Network {
    fn new() -> Self {
        let mut network = Self {
            runtime: None,
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            desk: Arc::new(Mutex::new(Desk {
                link: FIRST_LINK,
                states: vec![world::status_state()],
                ..Desk::default()
            })),
        };
        network.up();
        network
    }

    fn up(&mut self) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let keys = world::signed_keys(&world::key_list_body());
        let list = serde_json::to_vec(&items()).expect("JSON");
        let router = Router::new()
            .route("/api/v1/terminals/heartbeat", post(heartbeat))
            .route("/api/v1/terminals/renew", post(renew))
            .route("/api/v1/terminals/journal", post(journal))
            .route("/api/v1/terminals/refusals", post(refusal))
            .route("/api/v1/verify", post(verify))
            .route("/api/v1/cq1/status", get(status))
            .route("/api/v1/cq1/status/deltas/{base}", get(delta))
            .route(
                "/api/v1/cq1/keys",
                get(async move |headers: HeaderMap| tagged(&headers, 7, keys)),
            )
            .route(
                "/api/v1/terminals/items",
                get(async move |headers: HeaderMap| tagged(&headers, 4, list)),
            )
            .with_state(self.desk.clone());
        let listener =
            runtime.block_on(tokio::net::TcpListener::bind(self.address)).expect("a port");
        self.address = listener.local_addr().expect("an address");
        runtime.spawn(async move { axum::serve(listener, router).await });
        self.runtime = Some(runtime);
    }

    fn cut(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    fn desk(&self) -> std::sync::MutexGuard<'_, Desk> {
        self.desk.lock().expect("a desk")
    }

    fn terminal(&self, folder: &Folder) -> Station {
        Station::new(bare(folder, &format!("http://{}", self.address)), || NOW)
    }
}

async fn refusal(State(desk): Shared, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    if !["", BUS].contains(&body["item"].as_str().unwrap_or_default()) {
        let problem = json!({"code": "platform/invalid-input", "title": "no such item"});
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(problem)).into_response();
    }
    desk.lock().expect("a desk").refusals.push(body);
    Json(json!({"id": "r-1"})).into_response()
}

fn asked(counter: u32) -> Asked {
    Asked { item: BUS.into(), code: Some(code(counter)), ..Asked::default() }
}

#[test]
fn uses_without_a_network_come_to_the_platform_exactly_once() {
    let (folder, mut network) = (Folder::new(), Network::new());
    let station = network.terminal(&folder);
    let first = station.sync();
    assert_eq!(first.problems, Vec::<String>::new());
    let online = station.verify(&asked(1), 0);
    assert!(online.is_yes() && !online.offline);
    network.cut();
    for counter in [2, 3] {
        let answer = station.verify(&asked(counter), 0);
        assert!(answer.is_yes() && answer.offline, "{answer:?}");
    }
    assert!(!station.verify(&asked(3), 0).is_yes());
    assert!(station.is_away() && !station.sync().reached);
    drop(station);
    let station = Station::new(reopened(&folder), || NOW);
    assert_eq!(station.report().waiting, 3);
    network.up();
    // The platform takes the batch, and its answer is lost on the way.
    network.desk().loses_answers = true;
    assert_eq!(station.sync().uploaded, 0);
    network.desk().loses_answers = false;
    assert_eq!(station.sync().problems, Vec::<String>::new());
    assert_eq!(station.report().waiting, 0);
    let results: Vec<String> = network.desk().entries.iter().map(|e| e.result.clone()).collect();
    assert_eq!(results, ["ok", "ok", "cq1/replayed"]);
    assert!(station.sync().problems.is_empty());
    assert_eq!(network.desk().entries.len(), 3);
}

#[test]
fn what_the_platform_lost_is_sent_again_and_what_it_has_beyond_us_is_a_fault() {
    let (folder, mut network) = (Folder::new(), Network::new());
    let station = network.terminal(&folder);
    station.sync();
    network.cut();
    assert!(station.verify(&asked(2), 0).is_yes());
    network.up();
    assert_eq!(station.sync().uploaded, 1);
    // Restored from a backup: it knows nothing of us.
    let kept = std::mem::take(&mut network.desk().entries);
    network.desk().link = FIRST_LINK;
    assert!(station.verify_offline(BUS, &code(3), 0).is_yes());
    assert_eq!(station.sync().problems, Vec::<String>::new());
    assert_eq!(network.desk().entries.len(), 2);
    assert_eq!(network.desk().entries[0], kept[0]);
}

#[test]
fn deltas_are_followed_and_a_gap_is_crossed_with_the_whole_list() {
    let (folder, network) = (Folder::new(), Network::new());
    let station = network.terminal(&folder);
    station.sync();
    assert_eq!(network.desk().whole_asked, 1);
    let next = |serial, suspended: &[u32]| StatusState {
        serial,
        suspended: suspended.to_vec(),
        ..world::status_state()
    };
    let states = [next(101, &[7, 42, 300]), next(102, &[7, 300])];
    network.desk().states.extend(states);
    station.sync();
    assert_eq!((station.report().status_serial, network.desk().whole_asked), (102, 1));
    network.desk().states = vec![next(200, &[7, 42, 300])];
    station.sync();
    assert_eq!((station.report().status_serial, network.desk().whole_asked), (200, 2));
    let lost = station.verify_offline(BUS, &code(5), 0);
    assert_eq!(lost.why.as_deref(), Some("cq1/suspended"));
}

#[test]
fn a_block_holds_with_and_without_a_network_until_it_is_lifted() {
    let (folder, mut network) = (Folder::new(), Network::new());
    let station = network.terminal(&folder);
    station.sync();
    network.desk().blocked = true;
    let blocked = Some("terminal/blocked");
    assert_eq!(station.verify(&asked(1), 0).why.as_deref(), blocked);
    drop(station);
    network.cut();
    let station = Station::new(reopened(&folder), || NOW);
    assert_eq!(station.verify(&asked(1), 0).why.as_deref(), blocked);
    network.up();
    network.desk().blocked = false;
    station.sync();
    assert!(station.verify(&asked(1), 0).is_yes());
}

#[test]
fn a_clock_that_differs_is_told_and_lets_nobody_pass_without_a_network() {
    let (folder, mut network) = (Folder::new(), Network::new());
    let station = network.terminal(&folder);
    network.desk().ahead_s = 3;
    station.sync();
    assert_eq!((station.report().skew_s, station.report().clock), (3, "terminal/clock-wrong"));
    station.sync();
    assert_eq!(network.desk().beats[1]["faults"], json!(["clock"]));
    network.cut();
    assert_eq!(station.verify(&asked(1), 0).why.as_deref(), Some("terminal/clock-wrong"));
}

#[test]
fn a_platform_that_answers_with_no_is_never_overruled_here() {
    let (folder, network) = (Folder::new(), Network::new());
    let station = network.terminal(&folder);
    station.sync();
    // The platform is there and refuses: the code would pass here, and does not.
    network.desk().blocked = true;
    assert!(!station.verify(&asked(1), 0).is_yes());
    assert!(station.store().journal().is_empty());
}

#[test]
fn only_codes_are_judged_without_a_network() {
    let (folder, mut network) = (Folder::new(), Network::new());
    let station = network.terminal(&folder);
    station.sync();
    network.cut();
    let read = Asked { item: BUS.into(), read: Some("500000|x|".into()), ..Asked::default() };
    assert_eq!(station.verify(&read, 0).why.as_deref(), Some("terminal/not-offline"));
}

#[test]
fn refusals_wait_for_the_network_and_are_sent_once() {
    let (folder, mut network) = (Folder::new(), Network::new());
    let station = network.terminal(&folder);
    network.cut();
    for item in ["CQ-XX-999", BUS] {
        let (item, note) = (item.to_owned(), "闸机坏了".to_owned());
        let refusal = Refusal {
            at: NOW,
            item,
            reason: Reason::NoDevice,
            note,
            code: None,
            id: String::new(),
        };
        station.refuse(refusal).expect("kept");
    }
    drop(station);
    network.up();
    let station = Station::new(reopened(&folder), || NOW);
    station.sync();
    station.sync();
    let desk = network.desk();
    assert_eq!(desk.refusals.len(), 2);
    assert_eq!(desk.refusals[0]["note"], "CQ-XX-999 闸机坏了", "an item that is not on the list");
    assert_eq!(desk.refusals[1]["reason"], "no-device");
    assert_eq!(desk.refusals[1]["note"], "闸机坏了");
    let number = |at: usize| desk.refusals[at]["id"].as_str().expect("a number").to_owned();
    assert!(number(0).len() == 32 && number(0) != number(1), "each has its own number");
}

#[test]
fn a_token_is_renewed_from_half_of_its_time() {
    let (folder, network) = (Folder::new(), Network::new());
    let station = network.terminal(&folder);
    assert!(!station.renew_token(NOW + 14 * 86_400).expect("not yet"));
    assert!(station.renew_token(NOW + 16 * 86_400).expect("renewed"));
    assert_eq!(network.desk().renewals, 1);
    drop(station);
    assert_eq!(reopened(&folder).device().token, "ykt_new");
}

/// Art. 14, 25: without a network nobody's age or certificate is known, so the yes says what is to be seen.
#[test]
fn a_yes_without_a_network_names_the_groups_of_the_item() {
    let folder = Folder::new();
    let mut store = crate::testing::store(&folder);
    let elder = crate::items::Item {
        code: "CQ-TR-002".into(),
        groups: vec!["elderly".into()],
        groups_zh: vec!["老年人".into()],
        ..crate::testing::item()
    };
    let list = items();
    let all = [list.items.clone(), vec![elder]].concat();
    store.put_items(crate::items::ItemList { items: all, ..list }).expect("items");
    let station = Station::new(store, || NOW);
    let yes = station.verify_offline("CQ-TR-002", &code(1), 0);
    assert!(yes.is_yes() && yes.to_see == ["elderly"], "{yes:?}");
    assert!(yes.text.is_some_and(|text| text.contains("老年人")));
    let plain = station.verify_offline(BUS, &code(2), 0);
    assert!(plain.is_yes() && plain.to_see.is_empty() && plain.text.is_none());
}
