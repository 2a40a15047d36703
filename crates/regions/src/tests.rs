//! Two installations with their own databases and keys, over real HTTP, on both engines.

use std::sync::Arc;

use kernel::actor::{Actor, Role};
use kernel::db::v;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{Client, TestDb, actor, databases, platform};
use kernel::time::Utc;

use crate::rules::{self, MESSAGE, Message, Signed};
use crate::service::{deliver, incidents, messages, trust};
use crate::{HANDLERS, store};

pub(crate) struct House {
    pub(crate) app: App,
    pub(crate) router: axum::Router,
    address: String,
    _db: TestDb,
}

async fn house(db: TestDb, region: &str) -> House {
    let schema = crate::migrations();
    let others = [people::MIGRATIONS, banks::MIGRATIONS, items::MIGRATIONS, cards::MIGRATIONS];
    let others = [&others[..], &[codes::MIGRATIONS, outlets::MIGRATIONS]].concat();
    let migrations = [&[kernel::MIGRATIONS], &others[..], &[&schema[..]]].concat();
    let mut app = platform(&db, &migrations).await;
    let inner = Arc::get_mut(&mut app).expect("nobody else has it yet");
    inner.config.region = region.to_owned();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    set_up(&app, &address, 1, 1);
    let list = Arc::new(items::service::Catalogue::default());
    let codes = Arc::new(codes::service::Codes::start(&app, list.clone()));
    let router = kernel::http::build(app.clone(), crate::routes(codes, list)).router;
    tokio::spawn(kernel::http::serve(router.clone(), listener, std::future::pending()));
    House { app, router, address, _db: db }
}

/// Writes `region.json`.
fn set_up(app: &App, endpoint: &str, serial: i64, key: u32) {
    let now = Utc::now().seconds();
    let own = trust::Own {
        name: format!("地区 {}", app.config.region),
        endpoint: endpoint.to_owned(),
        contact: "023-00000000".to_owned(),
        serial,
        valid_from: now - 60,
        valid_until: now + 86_400,
        key,
    };
    let text = serde_json::to_string(&own).expect("plain data");
    std::fs::write(app.config.data.join("region.json"), text).expect("written");
}

fn descriptor(app: &App) -> (String, String) {
    let signed = trust::own_descriptor(app).expect("set up");
    let said = serde_json::from_str(&signed.text).expect("a descriptor");
    (store::signed_text(&signed), rules::fingerprint(&said))
}

async fn believe(app: &App, other: &App) {
    let (text, fingerprint) = descriptor(other);
    let (maker, checker) = (actor(Role::MunicipalOfficer), actor(Role::MunicipalApprover));
    let id = trust::import(app, &maker, &text).await.expect("imported");
    trust::decide(app, &checker, id, true, &fingerprint.to_uppercase()).await.expect("approved");
}

/// Chongqing and Sichuan that trust one another, for each engine.
pub(crate) async fn pairs(name: &str) -> Vec<(House, House)> {
    let (first, second) = (databases(name), databases(name));
    let mut pairs = Vec::new();
    for (one, two) in first.into_iter().zip(second) {
        let (one, two) = (house(one, "500000").await, house(two, "510000").await);
        believe(&one.app, &two.app).await;
        believe(&two.app, &one.app).await;
        pairs.push((one, two));
    }
    pairs
}

/// A third region beside each pair, which only the first one knows, and which knows only the first.
pub(crate) async fn third(name: &str, pairs: Vec<(House, House)>) -> Vec<(House, House, House)> {
    let mut all = Vec::new();
    for ((one, two), db) in pairs.into_iter().zip(databases(name)) {
        let three = house(db, "520000").await;
        believe(&one.app, &three.app).await;
        believe(&three.app, &one.app).await;
        all.push((one, two, three));
    }
    all
}

fn officer() -> Actor {
    actor(Role::MunicipalOfficer)
}

async fn number(app: &App, sql: &'static str) -> i64 {
    let read = app.db.read(move |tx| Ok::<_, Problem>(tx.one(sql, &[])?.get(0)?));
    read.await.expect("a number")
}

async fn incidents_at(app: &App) -> Vec<String> {
    let read = app.db.read(|tx| Ok::<_, Problem>(store::incidents(tx)?));
    let titles = read.await.expect("read").into_iter().map(|incident| incident.title);
    titles.collect()
}

const WAITING: &str = "SELECT COUNT(*) FROM region_outbox WHERE result = ''";

/// Art. 3, 20, 23: told once, with receipts, and on record on both sides.
#[tokio::test(flavor = "multi_thread")]
async fn an_incident_told_here_is_on_record_there_once_with_receipts_and_journals_on_both_sides() {
    for (here, there) in pairs("regions_incident").await {
        incidents::tell(&here.app, &officer(), "盗刷", "多卡异常").await.expect("told");
        assert_eq!(deliver::round(&here.app).await.expect("a round"), "1 delivered, 0 unreachable");
        assert_eq!(incidents_at(&there.app).await, ["盗刷"]);
        assert_eq!(number(&here.app, WAITING).await, 0);
        let received = "SELECT COUNT(*) FROM journal_entry WHERE act = 'region.received'";
        let told = "SELECT COUNT(*) FROM journal_entry WHERE act = 'region.incident'";
        assert_eq!((number(&there.app, received).await, number(&here.app, told).await), (1, 1));
        // The receipt was lost on the way: it is sent again and done once.
        let forget = "UPDATE region_outbox SET result = '', receipt = ''";
        here.app.db.housekeeping(|tx| tx.execute(forget, &[])).await.expect("forgotten");
        deliver::round(&here.app).await.expect("a round");
        assert_eq!(number(&here.app, WAITING).await, 0);
        assert_eq!(incidents_at(&there.app).await.len(), 1);
        assert_eq!(number(&there.app, received).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_blocks_nothing_here_and_loses_nothing() {
    for (here, there) in pairs("regions_partition").await {
        set_up(&there.app, "http://127.0.0.1:1", 2, 1);
        believe(&here.app, &there.app).await;
        for title in ["一", "二", "三"] {
            incidents::tell(&here.app, &officer(), title, "情况").await.expect("told");
        }
        assert_eq!(deliver::round(&here.app).await.expect("a round"), "0 delivered, 1 unreachable");
        assert_eq!(number(&here.app, WAITING).await, 3);
        set_up(&there.app, &there.address, 3, 1);
        believe(&here.app, &there.app).await;
        let ready = "UPDATE region_link SET next_at = 0";
        here.app.db.housekeeping(|tx| tx.execute(ready, &[])).await.expect("ready");
        deliver::round(&here.app).await.expect("a round");
        assert_eq!(number(&here.app, WAITING).await, 0);
        assert_eq!(incidents_at(&there.app).await.len(), 3);
    }
}

/// Art. 17, 23: keys rotate without a break.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_gets_through_after_a_rotation_that_the_old_key_signed() {
    for (here, there) in pairs("regions_rotation").await {
        incidents::tell(&here.app, &officer(), "轮换", "情况").await.expect("told");
        set_up(&here.app, &here.address, 2, 2);
        deliver::round(&here.app).await.expect("a round");
        assert_eq!(incidents_at(&there.app).await.len(), 0, "the new key is not believed yet");
        believe(&there.app, &here.app).await;
        let ready = "UPDATE region_link SET next_at = 0";
        here.app.db.housekeeping(|tx| tx.execute(ready, &[])).await.expect("ready");
        deliver::round(&here.app).await.expect("a round");
        assert_eq!(incidents_at(&there.app).await, ["轮换"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_approves_his_own_import_nor_another_fingerprint() {
    for db in databases("regions_trust") {
        let here = house(db, "500000").await;
        let other = databases("regions_other").swap_remove(0);
        let there = house(other, "510000").await;
        let (text, fingerprint) = descriptor(&there.app);
        let maker = officer();
        let id = trust::import(&here.app, &maker, &text).await.expect("imported");
        let own = trust::decide(&here.app, &maker, id, true, &fingerprint).await;
        assert_eq!(own.expect_err("own work").code, "approval/own-work");
        let checker = actor(Role::MunicipalApprover);
        let wrong = trust::decide(&here.app, &checker, id, true, "0000-0000-0000-0000").await;
        assert_eq!(wrong.expect_err("another").code, "regions/fingerprint");
        let told = incidents::tell(&here.app, &maker, "一", "情况").await;
        assert_eq!(told.expect("recorded here"), 0, "nobody is trusted yet");
        trust::decide(&here.app, &checker, id, true, &fingerprint).await.expect("approved");
        let again = trust::import(&here.app, &maker, &text).await.expect_err("not newer");
        assert_eq!(again.code, "regions/rollback");
    }
}

/// A message that `from` signs, with something bent.
fn message(from: &App, bend: impl FnOnce(&mut Message)) -> Signed {
    let now = Utc::now().seconds();
    let body = serde_json::json!({"id": "1", "title": "题", "text": "情况", "at": 0});
    let mut message = Message {
        id: "ab".repeat(16),
        from: "500000".to_owned(),
        to: "510000".to_owned(),
        kind: "incident.told".to_owned(),
        version: 1,
        person_key: String::new(),
        after: String::new(),
        sequence: 1,
        issued: now,
        expires: now + 60,
        purpose: "试".to_owned(),
        basis: "Art. 20".to_owned(),
        journal: String::new(),
        body,
    };
    bend(&mut message);
    let text = serde_json::to_string(&message).expect("plain data");
    let signature = crate::service::sign_text(from, 1, MESSAGE, &text).expect("signed");
    Signed { text, signature, before: None }
}

async fn answer(to: &App, signed: Signed) -> String {
    let answers = messages::receive(to, HANDLERS, vec![signed]).await.expect("answers");
    let answer = answers.into_iter().next().expect("one answer");
    match answer.receipt {
        Some(receipt) => serde_json::from_str::<rules::Receipt>(&receipt.text)
            .map(|receipt| receipt.result)
            .expect("a receipt"),
        None => answer.why.expect("a reason"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_byzantine_peer_sends_is_refused_and_alarmed() {
    for (here, there) in pairs("regions_byzantine").await {
        let (bad, app) = (&here.app, &there.app);
        let scope = message(bad, |m| m.from = "510000".to_owned());
        assert_eq!(answer(app, scope).await, "regions/unlisted");
        let elsewhere = message(bad, |m| m.to = "520000".to_owned());
        assert_eq!(answer(app, elsewhere).await, "regions/scope");
        let mut forged = message(bad, |_| {});
        forged.text = forged.text.replace("情况", "改过");
        assert_eq!(answer(app, forged).await, "regions/forged");
        let future = message(bad, |m| m.issued += 1_000);
        assert_eq!(answer(app, future).await, "regions/future");
        let old = message(bad, |m| m.expires -= 1_000);
        assert_eq!(answer(app, old).await, "regions/expired");
        let other_id = |m: &mut Message| m.id = "cd".repeat(16);
        assert_eq!(answer(app, message(bad, other_id)).await, "ok");
        let reused = message(bad, |m| {
            other_id(m);
            m.purpose = "别的".to_owned();
        });
        assert_eq!(answer(app, reused).await, "regions/reused");
        let flood = vec![message(bad, |_| {}); rules::BATCH + 1];
        let flood = messages::receive(app, HANDLERS, flood).await.expect_err("too many");
        assert_eq!(flood.status, 429);
        let kinds = number(app, "SELECT COUNT(*) FROM region_alarm").await;
        assert_eq!(kinds, 7, "each kind has its alarm");
        assert_eq!(incidents_at(app).await.len(), 1, "only the good one was done");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_one_person_are_done_in_their_order_and_a_bad_body_is_refused_for_good() {
    for (here, there) in pairs("regions_order").await {
        let second = message(&here.app, |m| {
            m.id = "02".repeat(16);
            m.after = "01".repeat(16);
        });
        assert_eq!(answer(&there.app, second.clone()).await, "regions/later");
        let first = message(&here.app, |m| {
            m.id = "01".repeat(16);
            m.body = serde_json::json!({"id": 7});
        });
        assert_eq!(answer(&there.app, first.clone()).await, "regions/unreadable");
        assert_eq!(answer(&there.app, first).await, "regions/unreadable", "the same receipt");
        assert_eq!(answer(&there.app, second).await, "ok");
        let unknown = message(&here.app, |m| m.kind = "no.such".to_owned());
        assert_eq!(answer(&there.app, unknown).await, "regions/unknown-kind");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_region_is_not_believed_from_that_moment() {
    for (here, there) in pairs("regions_revoked").await {
        trust::revoke(&there.app, &officer(), "500000").await.expect("revoked");
        let refused = answer(&there.app, message(&here.app, |_| {})).await;
        assert_eq!(refused, "regions/unlisted");
        let again = trust::revoke(&there.app, &officer(), "500000").await;
        assert_eq!(again.expect_err("not trusted").status, 404);
        let state = "SELECT state FROM region_descriptor WHERE region = $1";
        let read = there
            .app
            .db
            .read(move |tx| Ok::<String, Problem>(tx.one(state, &[v("500000")])?.get(0)?));
        assert_eq!(read.await.expect("read"), "revoked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_shows_fingerprint_ways_and_alarms_and_takes_the_officers_decisions() {
    for (here, there) in pairs("regions_console").await {
        let forged = message(&there.app, |_| {});
        assert_eq!(answer(&here.app, forged).await, "regions/unlisted");
        let mut browser = Client::signed_in(&here.router, &here.app, &officer()).await;
        let told = [("title", "冒用"), ("text", "两地核查")];
        let reply = browser.post_form("/office/regions/incidents", &told).await;
        assert!(reply.status.is_redirection(), "{}", reply.text());
        let page = browser.get("/office/regions").await.text();
        for part in [&descriptor(&here.app).1, "地区 510000", "regions/unlisted", "冒用"] {
            assert!(page.contains(part), "{part}");
        }
        let nonsense = [("descriptor", "{}")];
        assert_eq!(browser.post_form("/office/regions/import", &nonsense).await.status, 422);
        let mut clerk = Client::signed_in(&here.router, &here.app, &actor(Role::Clerk)).await;
        assert_eq!(clerk.get("/office/regions").await.status, 403);
        let mut stranger = Client::new(&here.router);
        let own = stranger.get("/.well-known/yikatong-region").await.text();
        assert_eq!(
            serde_json::from_str::<Signed>(&own).ok(),
            trust::own_descriptor(&here.app).ok()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_region_is_told_however_many_descriptors_came_since() {
    for (here, there) in pairs("regions_many").await {
        let copies = |tx: &mut kernel::db::Tx<'_>| {
            for place in 1..=60i64 {
                let sql =
                    "INSERT INTO region_descriptor (id, region, serial, signed, state, changed_at)
                           SELECT id + $1, region, serial, signed, 'replaced', changed_at
                           FROM region_descriptor WHERE state = 'trusted'";
                tx.execute(sql, &[v(place)])?;
            }
            Ok::<_, kernel::db::DbError>(())
        };
        here.app.db.housekeeping(copies).await.expect("kept");
        assert_eq!(incidents::tell(&here.app, &officer(), "很久", "情况").await.ok(), Some(1));
        deliver::round(&here.app).await.expect("a round");
        assert_eq!(incidents_at(&there.app).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_other_side_could_not_read_is_refused_here_and_holds_up_nothing() {
    for (here, there) in pairs("regions_plain").await {
        let told = incidents::tell(&here.app, &officer(), "\\u0000", "情况").await;
        assert_eq!(told.expect_err("refused").code, "regions/unreadable");
        assert_eq!(incidents_at(&here.app).await.len(), 0, "nothing is half kept");
        incidents::tell(&here.app, &officer(), "之后", "情况").await.expect("told");
        deliver::round(&here.app).await.expect("a round");
        assert_eq!(incidents_at(&there.app).await.len(), 1);
    }
}

/// Art. 17: what the other side cannot take yet holds up nothing behind it, and is taken when its time has come.
#[tokio::test(flavor = "multi_thread")]
async fn messages_of_a_clock_that_was_ahead_let_others_go_first() {
    for (here, there) in pairs("regions_ahead").await {
        for nth in 0..rules::BATCH {
            incidents::tell(&here.app, &officer(), &format!("早{nth}"), "情况")
                .await
                .expect("told");
        }
        let shift = |by_s: i64| {
            move |tx: &mut kernel::db::Tx<'_>| {
                for row in tx.query("SELECT id, text FROM region_outbox WHERE result = ''", &[])? {
                    let (id, text): (String, String) = (row.get(0)?, row.get(1)?);
                    let mut message: Message = serde_json::from_str(&text).expect("a message");
                    message.issued += by_s;
                    let text = serde_json::to_string(&message).expect("plain data");
                    let sql = "UPDATE region_outbox SET text = $1, next_at = 0 WHERE id = $2";
                    tx.execute(sql, &[v(text), v(id)])?;
                }
                tx.execute("UPDATE region_link SET next_at = 0", &[]).map(drop)
            }
        };
        here.app.db.housekeeping(shift(600)).await.expect("ahead");
        incidents::tell(&here.app, &officer(), "准时", "情况").await.expect("told");
        assert_eq!(deliver::round(&here.app).await.expect("a round"), "0 delivered, 1 unreachable");
        let ready = "UPDATE region_link SET next_at = 0";
        here.app.db.housekeeping(|tx| tx.execute(ready, &[])).await.expect("ready");
        assert_eq!(deliver::round(&here.app).await.expect("a round"), "1 delivered, 0 unreachable");
        assert_eq!(incidents_at(&there.app).await, ["准时"]);
        here.app.db.housekeeping(shift(-600)).await.expect("its time has come");
        deliver::round(&here.app).await.expect("a round");
        assert_eq!(incidents_at(&there.app).await.len(), rules::BATCH + 1);
    }
}

/// Art. 20: one record on both sides, on which each writes, and which says who has dealt with it.
#[tokio::test(flavor = "multi_thread")]
async fn both_sides_write_on_the_one_record_of_an_emergency() {
    for (here, there) in pairs("regions_record").await {
        incidents::tell(&here.app, &officer(), "读卡器被动手脚", "三处网点").await.expect("told");
        deliver::round(&here.app).await.expect("a round");
        let record = there.app.db.read(store::incidents).await.expect("read").remove(0);
        let key = (record.origin.as_str(), record.id.as_str());
        incidents::add_note(&there.app, &officer(), key, "已停用同型号", true)
            .await
            .expect("noted");
        let nobody = incidents::add_note(&there.app, &officer(), (key.0, "x"), "无", false).await;
        assert_eq!(nobody.expect_err("no such record").status, 404);
        incidents::add_note(&here.app, &officer(), key, "已更换", false).await.expect("noted");
        for house in [&here, &there] {
            deliver::round(&house.app).await.expect("a round");
        }
        let mut records = Vec::new();
        for house in [&here, &there] {
            let (origin, id) = (record.origin.clone(), record.id.clone());
            let read = move |tx: &mut kernel::db::Tx<'_>| store::notes(tx, (&origin, &id));
            records.push(house.app.db.read(read).await.expect("read"));
            let mut browser = Client::signed_in(&house.router, &house.app, &officer()).await;
            let page = browser.get("/office/regions").await.text();
            assert!(page.contains("已停用同型号") && page.contains("已处置 510000"), "{page}");
        }
        assert_eq!(records[0], records[1], "one record");
        assert_eq!(records[0].len(), 2);
    }
}

/// Art. 20: who has lost his key says so himself, and is believed no more by all at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_region_whose_key_is_stolen_says_so_itself_and_is_not_believed_until_it_is_approved_anew()
{
    for (here, there) in pairs("regions_stolen").await {
        let why = trust::revoke_own(&here.app, &officer(), " ").await.expect_err("says why");
        assert_eq!(why.fields[0].field, "why");
        // A forged word, and one of another descriptor, change nothing.
        let said = rules::Revoked {
            region: "500000".to_owned(),
            serial: 1,
            at: 0,
            why: "失窃".to_owned(),
        };
        let text = serde_json::to_string(&said).expect("plain data");
        let forged = crate::service::sign_text(&there.app, 1, rules::REVOCATION, &text);
        let forged = Signed { text, signature: forged.expect("signed"), before: None };
        let no = trust::take_revocation(&there.app, &forged).await.expect_err("forged");
        assert_eq!(no.code, "regions/forged");
        let text =
            serde_json::to_string(&rules::Revoked { serial: 9, ..said }).expect("plain data");
        let other = crate::service::sign_text(&here.app, 1, rules::REVOCATION, &text);
        let other = Signed { text, signature: other.expect("signed"), before: None };
        let no = trust::take_revocation(&there.app, &other).await.expect_err("of another");
        assert_eq!(no.code, "regions/rollback");
        assert_eq!(answer(&there.app, message(&here.app, |_| {})).await, "ok");

        assert_eq!(trust::revoke_own(&here.app, &officer(), "密钥失窃").await.expect("told"), 1);
        deliver::round(&here.app).await.expect("a round");
        let refused = answer(&there.app, message(&here.app, |m| m.id = "ef".repeat(16))).await;
        assert_eq!(refused, "regions/unlisted");
        let left = "SELECT COUNT(*) FROM region_revocation WHERE told_at IS NULL";
        assert_eq!(number(&here.app, left).await, 0);
        // A new key, approved by two officers with the telephone between them.
        set_up(&here.app, &here.address, 2, 2);
        believe(&there.app, &here.app).await;
        incidents::tell(&here.app, &officer(), "新密钥", "启用").await.expect("told");
        let ready = "UPDATE region_link SET next_at = 0";
        here.app.db.housekeeping(|tx| tx.execute(ready, &[])).await.expect("ready");
        deliver::round(&here.app).await.expect("a round");
        assert!(incidents_at(&there.app).await.contains(&"新密钥".to_owned()));
    }
}
