use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::*;
use crate::testing::{BUS, Folder, NOW, code, store};

struct Service {
    address: SocketAddr,
    station: Arc<Station>,
    _runtime: tokio::runtime::Runtime,
    _folder: Folder,
}

fn service() -> Service {
    let folder = Folder::new();
    let station = Arc::new(Station::new(store(&folder), || NOW));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (tell, told) = std::sync::mpsc::channel();
    let shared = station.clone();
    runtime.spawn(async move {
        let listening = move |address| tell.send(address).expect("somebody listens");
        serve(shared, 0, listening, std::future::pending()).await
    });
    let address = told.recv().expect("it listens");
    Service { address, station, _runtime: runtime, _folder: folder }
}

impl Service {
    fn send(&self, method: &str, path: &str, kind: &str, more: &str, body: &str) -> (u16, String) {
        let host = match more.contains("host:") {
            true => String::new(),
            false => format!("host: {}\r\n", self.address),
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\n{host}{more}connection: close\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(self.address).expect("connected");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("answered");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer[9..12].parse().expect("a status");
        (status, answer)
    }

    fn json(&self, path: &str, body: &str) -> (u16, String) {
        self.send("POST", path, "application/json", "", body)
    }

    fn form(&self, path: &str, more: &str, body: &str) -> (u16, String) {
        self.send("POST", path, "application/x-www-form-urlencoded", more, body)
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn a_till_is_told_yes_once_and_no_afterwards() {
    let service = service();
    let asked = serde_json::json!({"item": BUS, "shown": format!("{}\r\n", code(1))}).to_string();
    let (status, yes) = service.json("/verify", &asked);
    assert_eq!(status, 200);
    assert!(yes.contains(r#""result":"yes""#) && yes.contains(r#""offline":true"#), "{yes}");
    let (_, no) = service.json("/verify", &asked);
    assert!(no.contains(r#""result":"no""#) && no.contains("cq1/replayed"), "{no}");
    let money = serde_json::json!({"item": BUS, "code": code(2), "amount_fen": 200}).to_string();
    assert!(service.json("/verify", &money).1.contains("terminal/amount"));
}

#[test]
fn the_page_says_yes_and_no_with_a_sound_and_is_ready_for_the_next() {
    let service = service();
    let (status, ready) = service.send("GET", "/", "text/plain", "", "");
    assert_eq!(status, 200);
    assert!(ready.contains("autofocus") && ready.contains("script-src 'self'"), "{ready}");
    let body = format!("item={BUS}&shown={}", encoded(&code(3)));
    let (_, yes) = service.form("/", "", &body);
    assert!(yes.contains(r#"<body class="yes">"#) && yes.contains("/yes.wav"), "{yes}");
    let (_, no) = service.form("/", "", &body);
    assert!(no.contains(r#"<body class="no">"#) && no.contains("/no.wav"), "{no}");
    for page in [&ready, &yes, &no] {
        assert!(!page.contains("<style") && !page.contains("onclick"), "nothing inline");
        assert_eq!(page.matches("<script").count(), page.matches("<script src=").count());
    }
}

#[test]
fn what_was_scanned_is_not_read_as_markup() {
    let service = service();
    let body = format!("item={}&shown={}", encoded("\"><script>"), encoded("<script>alert(1)"));
    let (_, page) = service.form("/", "", &body);
    assert!(!page.contains("<script>"), "{page}");
}

#[test]
fn a_foreign_name_and_a_foreign_page_get_nothing() {
    let service = service();
    let asked = serde_json::json!({"item": BUS, "code": code(4)}).to_string();
    for more in ["host: evil.example\r\n", "origin: http://evil.example\r\n", "origin: null\r\n"] {
        let (status, _) = service.send("POST", "/verify", "application/json", more, &asked);
        assert_eq!(status, 403, "{more}");
        assert_eq!(service.form("/", more, &format!("item={BUS}&shown=x")).0, 403, "{more}");
    }
    assert!(service.station.store().journal().is_empty());
    let (status, _) = service.send("POST", "/verify", "text/plain", "", &asked);
    assert_eq!(status, 415, "what a page can send anywhere without being asked");
    let own = format!("origin: http://{}\r\n", service.address);
    let (status, _) = service.send("POST", "/verify", "application/json", &own, &asked);
    assert_eq!(status, 200);
}

#[test]
fn a_refusal_by_the_operator_is_kept_with_its_reason() {
    let service = service();
    let body = format!("item={BUS}&reason=card-unreadable&note={}", encoded("芯片坏了"));
    assert!(service.form("/refuse", "", &body).1.contains("已登记"));
    let json = serde_json::json!({"item": BUS, "reason": "other", "note": "x".repeat(600)});
    assert_eq!(service.json("/refusals", &json.to_string()).0, 200);
    let unknown = format!("item={BUS}&reason=mood");
    assert!(service.form("/refuse", "", &unknown).1.contains("Not recorded"));
    let store = service.station.store();
    let kept = store.refusals();
    assert_eq!(kept.len(), 2);
    assert_eq!((kept[0].reason, kept[0].note.as_str()), (Reason::CardUnreadable, "芯片坏了"));
    assert_eq!(kept[1].note.len(), 500);
}

#[test]
fn the_state_tells_how_old_the_lists_are_and_nothing_secret() {
    let service = service();
    let (_, state) = service.send("GET", "/status", "text/plain", "", "");
    assert!(
        state.contains(r#""status_age_s":60"#) && state.contains(r#""items_age_s":60"#),
        "{state}"
    );
    assert!(!state.contains("ykt_test"), "{state}");
}

#[test]
fn bad_questions_are_answered_and_nothing_breaks() {
    let service = service();
    for (body, expected) in [("{}", 422), ("{", 400), (r#"{"item":"X"}"#, 422)] {
        assert_eq!(service.json("/verify", body).0, expected, "{body}");
    }
    let two = serde_json::json!({"item": BUS, "code": "a", "barcode": "b"}).to_string();
    assert_eq!(service.json("/verify", &two).0, 422);
}
