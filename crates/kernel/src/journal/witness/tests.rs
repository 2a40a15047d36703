use std::sync::Arc;

use axum::Router;
use proptest::prelude::*;
use seal::head::TreeHead;
use seal::note::{Cosignature, checkpoint};

use super::rules::{Posted, Seen, Verdict, judge};
use super::*;
use crate::actor::Actor;
use crate::db::{DbError, Tx, v};
use crate::http::{build, kernel_routes};
use crate::journal::{self, Entry, log, proof, sequence, tree, verify};
use crate::platform::App;
use crate::testing::{Client, Reply, TestDb, actor, databases, platform};
use crate::time::Utc;

async fn grow(app: &App, count: usize) {
    let system = Actor::system();
    let entries: Vec<Entry> = (0..count)
        .map(|_| Entry::new(app.id(), Utc::now(), &system, "card.applied", "Art. 12"))
        .collect();
    let written = entries.clone();
    app.db.write(move |tx| journal::record_all(tx, &written)).await.expect("recorded");
    sequence(app).await.expect("a round");
}

async fn read<T: Send + 'static>(
    app: &App,
    work: impl Fn(&mut Tx<'_>) -> Result<T, DbError> + Send + Sync + 'static,
) -> T {
    app.db.read(work).await.expect("the database answers")
}

/// The newest head with the proof from `old`.
async fn posted(app: &App, old: u64) -> Posted {
    let (size, note) = read(app, log::newest_head).await.expect("a head");
    let proof = read(app, move |tx| tree::prover(tx, size).consistency(old)).await;
    Posted { old, proof, checkpoint: note }
}

/// A watched log, the platform of its witness, and the witness's router.
async fn pair(log: &TestDb, witness: &TestDb) -> (App, App, Router) {
    let log = platform(log, &[crate::MIGRATIONS]).await;
    let witness = platform(witness, &[crate::MIGRATIONS]).await;
    let router = build(witness.clone(), kernel_routes()).router;
    let key = log.keys.journal_key(&log.config.journal_origin).expect("a key").to_text();
    let mut keeper = Client::signed_in(&router, &witness, &actor(Role::Administrator)).await;
    let reply = keeper.post_form("/office/journal/logs", &[("key", &key)]).await;
    assert_eq!(reply.status, 303, "{reply:?}");
    (log, witness, router)
}

/// Another history under the same name and key.
async fn forked(log: &App, test: &TestDb) -> App {
    let mut other = platform(test, &[crate::MIGRATIONS]).await;
    Arc::get_mut(&mut other).expect("nobody else has it").keys = log.keys.clone();
    other
}

async fn post(router: &Router, posted: &Posted) -> Reply {
    Client::new(router).post("/witness/add-checkpoint", "text/plain", posted.to_text()).await
}

async fn alarms(app: &App) -> Vec<(String, i64)> {
    let alarms = read(app, |tx| store::alarms(tx, 10)).await;
    alarms.into_iter().map(|alarm| (alarm.kind, alarm.size)).collect()
}

#[tokio::test]
async fn a_log_that_only_grows_is_signed_and_told_the_size_when_it_forgot() {
    for (test, other) in databases("grows").iter().zip(&databases("watch")) {
        let (log, witness, router) = pair(test, other).await;
        let key = super::key(&witness.keys, &witness.config.journal_origin).expect("a key");
        let told = Client::new(&router).get("/witness/key").await.text();
        assert_eq!(told.trim(), key.to_text());
        let mut seen = 0;
        for more in [3, 300, 1] {
            grow(&log, more).await;
            let sent = posted(&log, seen).await;
            let head = TreeHead::read(&sent.checkpoint).expect("a head");
            for _ in 0..2 {
                let forgot = post(&router, &Posted { old: seen + 1, ..sent.clone() }).await;
                assert_eq!(forgot.status, 409, "{} {forgot:?}", test.engine);
                assert_eq!(forgot.header("content-type"), "text/x.tlog.size");
                assert_eq!(forgot.text(), format!("{seen}\n"), "{}", test.engine);
            }
            let reply = post(&router, &sent).await;
            assert_eq!(reply.status, 200, "{} {}", test.engine, reply.text());
            let cosignature = Cosignature::parse(reply.text().trim_end()).expect("a line");
            assert!(cosignature.holds(&head, &key), "{}", test.engine);
            seen = head.size;
        }
        let again = posted(&log, seen).await;
        assert_eq!(post(&router, &again).await.status, 200, "the same head again");
        assert_eq!(alarms(&witness).await, [], "{}", test.engine);
    }
}

#[tokio::test]
async fn another_history_is_not_signed_and_leaves_an_alarm_with_both_heads() {
    for ((test, other), evil) in
        databases("honest").iter().zip(&databases("watch")).zip(&databases("evil"))
    {
        let (log, witness, router) = pair(test, other).await;
        grow(&log, 5).await;
        assert_eq!(post(&router, &posted(&log, 0).await).await.status, 200);
        let two = forked(&log, evil).await;
        grow(&two, 5).await;
        for _ in 0..2 {
            let reply = post(&router, &posted(&two, 5).await).await;
            assert_eq!(reply.code(), "witness/fork", "{} {reply:?}", test.engine);
        }
        assert_eq!(alarms(&witness).await, [("fork".to_owned(), 5)], "{}", test.engine);
        grow(&two, 4).await;
        let reply = post(&router, &posted(&two, 5).await).await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (422, "witness/not-consistent"));
        let expected = [("unproved".to_owned(), 9), ("fork".to_owned(), 5)];
        assert_eq!(alarms(&witness).await, expected, "{}", test.engine);
        let newest = read(&witness, |tx| journal::newest(tx, crate::id::Id(i64::MAX), 9)).await;
        let of_alarm = newest.iter().filter(|entry| entry.act == "witness.alarm");
        assert_eq!(of_alarm.count(), 2, "{}", test.engine);
        let refused =
            witness.db.housekeeping(|tx| tx.execute("DELETE FROM witness_alarm", &[])).await;
        assert!(matches!(refused, Err(DbError::Forbidden(_))), "{}", test.engine);
        grow(&log, 2).await;
        assert_eq!(
            post(&router, &posted(&log, 5).await).await.status,
            200,
            "the honest one goes on"
        );
        let mut auditor = Client::signed_in(&router, &witness, &actor(Role::Auditor)).await;
        let page = auditor.get("/office/journal/log").await.text();
        assert!(page.contains("同一大小两个树根"), "{page}");
    }
}

#[tokio::test]
async fn what_is_not_from_a_watched_log_is_refused_without_an_alarm() {
    let (test, other) = (databases("refused").remove(0), databases("watch").remove(0));
    let (log, witness, router) = pair(&test, &other).await;
    grow(&log, 3).await;
    let good = posted(&log, 0).await;
    let foreign = checkpoint(&good.checkpoint.replace("test.yikatong", "else.yikatong"), []);
    let bent = good.checkpoint.replacen("\n3\n", "\n4\n", 1);
    let cases = [
        (good.to_text().replace("old", "new"), 400, "witness/unreadable"),
        (String::new(), 400, "witness/unreadable"),
        (Posted { checkpoint: foreign, ..good.clone() }.to_text(), 404, "witness/unknown-log"),
        (
            Posted { checkpoint: bent, ..good.clone() }.to_text(),
            403,
            "witness/not-signed-by-the-log",
        ),
        (Posted { old: 4, ..good.clone() }.to_text(), 400, "witness/backwards"),
    ];
    for (body, status, code) in cases {
        let reply = Client::new(&router).post("/witness/add-checkpoint", "text/plain", body).await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (status, code));
    }
    let huge = "x".repeat(MOST_BYTES + 1);
    let reply = Client::new(&router).post("/witness/add-checkpoint", "text/plain", huge).await;
    assert_eq!(reply.status, 413);
    let mut keeper = Client::signed_in(&router, &witness, &actor(Role::Administrator)).await;
    let name = log.config.journal_origin.clone();
    keeper.post_form("/office/journal/logs/close", &[("name", &name)]).await;
    assert_eq!(post(&router, &good).await.code(), "witness/unknown-log", "closed");
    assert_eq!(alarms(&witness).await, []);
}

/// Serves a router on this machine; returns its address as a witness.
async fn served(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(crate::http::serve(router, listener, std::future::pending()));
    format!("http://{address}/witness")
}

async fn add_witness(log: &App, key: &str, url: &str) -> Reply {
    let router = build(log.clone(), kernel_routes()).router;
    let mut keeper = Client::signed_in(&router, log, &actor(Role::Administrator)).await;
    keeper.post_form("/office/journal/witnesses", &[("key", key), ("url", url)]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_job_has_heads_signed_over_http_and_serves_and_proves_with_the_signatures() {
    for (test, other) in databases("job").iter().zip(&databases("watch")) {
        let (log, witness, router) = pair(test, other).await;
        let key = super::key(&witness.keys, &witness.config.journal_origin).expect("a key");
        let url = served(router).await;
        assert_eq!(add_witness(&log, &key.to_text(), &url).await.status, 303);
        sequence(&log).await.expect("the entry of the administrator");
        assert_eq!(round(&log).await.expect("a round"), "1 of 1 signed", "{}", test.engine);
        assert_eq!(round(&log).await.expect("a round"), "0 of 0 signed", "nothing new");
        // The log's memory of its witness is behind: it is told the size and proves from there.
        grow(&log, 7).await;
        let back = |tx: &mut Tx<'_>| tx.execute("UPDATE journal_witness SET size = 0", &[]);
        log.db.housekeeping(back).await.expect("set back");
        assert_eq!(round(&log).await.expect("a round"), "1 of 1 signed", "{}", test.engine);
        let own = build(log.clone(), kernel_routes()).router;
        let served = Client::new(&own).get("/log/checkpoint").await.text();
        assert!(served.contains(&format!("— {} ", key.name)), "{served}");
        grow(&log, 4).await;
        assert_eq!(Client::new(&own).get("/log/witnessed").await.text(), served);
        let entry =
            read(&log, |tx| journal::newest(tx, crate::id::Id(i64::MAX), 1)).await.remove(0);
        let (keys, origin) = (log.keys.clone(), log.config.journal_origin.clone());
        let made = log.db.read(move |tx| proof::make(tx, &keys, &origin, entry.id, None)).await;
        let made = made.expect("a proof");
        let proved = made.check(None).expect("it holds");
        assert_eq!(proved.witnesses[0].0, key.name, "{}", test.engine);
        assert!(
            proved.witnesses[0].2 < proved.head.size,
            "an older head, shown to be its beginning"
        );
        let mut bent = made.clone();
        bent.witnessed.as_mut().expect("witnessed").consistency.pop();
        assert_eq!(bent.check(None), Err(proof::Unproved::Consistency));
        let mut bent = made;
        bent.witnessed.as_mut().expect("witnessed").keys.clear();
        assert!(matches!(bent.check(None), Err(proof::Unproved::Cosignature(_))));
        let report =
            verify(&log.db, &log.keys, &log.config.journal_origin).await.expect("a report");
        assert_eq!((report.fault, report.cosignatures), (None, 2), "{}", test.engine);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forked_log_gets_no_signature_and_a_false_signature_is_not_kept() {
    let mut more = databases("fork");
    let (test, other) = (more.remove(0), databases("watch").remove(0));
    let (log, witness, router) = pair(&test, &other).await;
    let key = super::key(&witness.keys, &witness.config.journal_origin).expect("a key").to_text();
    let url = served(router).await;
    add_witness(&log, &key, &url).await;
    sequence(&log).await.expect("a round");
    round(&log).await.expect("a round");
    let evil = databases("evil").remove(0);
    let two = forked(&log, &evil).await;
    add_witness(&two, &key, &url).await;
    grow(&two, 6).await;
    assert_eq!(round(&two).await.expect("a round"), "0 of 1 signed");
    let asked = read(&two, store::witnesses).await.remove(0);
    assert_eq!((asked.size, asked.failures), (0, 1), "{asked:?}");
    assert!(asked.last_result.contains("422: it does not find this log consistent"), "{asked:?}");
    assert_eq!(alarms(&witness).await.len(), 1);
    // Somebody who is not the witness that was configured.
    let stranger = databases("stranger").remove(0);
    let stranger = platform(&stranger, &[crate::MIGRATIONS]).await;
    let false_key = super::key(&stranger.keys, "else.yikatong/journal").expect("a key").to_text();
    add_witness(&log, &false_key, &url).await;
    grow(&log, 1).await;
    assert_eq!(round(&log).await.expect("a round"), "1 of 2 signed");
    let asked = read(&log, store::witnesses).await;
    let failed = asked.iter().find(|one| one.public_key == false_key).expect("it was added");
    assert_eq!(failed.last_result, "its signature does not hold");
}

#[tokio::test]
async fn a_bent_cosignature_one_without_its_head_and_one_of_a_stranger_are_named() {
    for test in databases("cosigned") {
        let log = platform(&test, &[crate::MIGRATIONS]).await;
        grow(&log, 3).await;
        let (size, note) = read(&log, log::newest_head).await.expect("a head");
        let head = TreeHead::read(&note).expect("a head");
        let key = super::key(&log.keys, "else.yikatong/journal").expect("a key");
        let text = seal::note::cosigned_text(&head, 9);
        let signature = log.keys.store().sign(KEY, SignerId::WITNESS, text.as_bytes());
        let signature = signature.expect("signed");
        let name = key.name.clone();
        let good = Cosignature { witness: name.clone(), key_id: key.id(), at_s: 9, signature };
        let mut bent = good.clone();
        bent.signature[7] ^= 1;
        let cases = [
            (size, &name, good.line(), true),
            (size + 1, &name, good.line(), false),
            (size, &name, bent.line(), false),
            (size, &"nobody".to_owned(), good.line(), false),
        ];
        let text = key.to_text();
        let add = {
            let (name, now) = (name.clone(), Utc::now());
            move |tx: &mut Tx<'_>| store::add_witness(tx, &name, &text, "https://w", now)
        };
        log.db.housekeeping(add).await.expect("added");
        for (size, witness, line, holds) in cases {
            let (witness, named) = (
                witness.clone(),
                format!("the co-signature of {witness} over the head of size {size}"),
            );
            let report = log.db.housekeeping(move |tx| {
                let sql = "INSERT INTO journal_cosignature (size, witness, at, line)
                           VALUES ($1, $2, 9, $3)";
                tx.execute(sql, &[v(size as i64), v(&witness), v(&line)])
            });
            report.await.expect("inserted");
            let report = verify(&log.db, &log.keys, &log.config.journal_origin).await;
            let fault = report.expect("a report").fault;
            assert_eq!(fault.is_none(), holds, "{} {fault:?}", test.engine);
            assert!(holds || fault.is_some_and(|fault| fault.contains(&named)), "{}", test.engine);
            tampered(&test, "DELETE FROM journal_cosignature;");
        }
    }
}

/// Past the triggers.
fn tampered(test: &TestDb, sql: &str) {
    match &test.location {
        crate::db::Location::Sqlite(path) => {
            let connection = rusqlite::Connection::open(path).expect("the file");
            let drop = "DROP TRIGGER IF EXISTS journal_cosignature_keep_d;";
            connection.execute_batch(&format!("{drop}{sql}")).expect("done");
        }
        crate::db::Location::Postgres(url) => {
            let off = "ALTER TABLE journal_cosignature DISABLE TRIGGER USER;";
            crate::testing::on_server(url, format!("{off}{sql}")).expect("done");
        }
    }
}

#[tokio::test]
async fn administrators_keep_the_lists_auditors_read_them_and_a_name_keeps_its_key() {
    let test = databases("lists").remove(0);
    let app = platform(&test, &[crate::MIGRATIONS]).await;
    let router = build(app.clone(), kernel_routes()).router;
    let key = super::key(&app.keys, "else.yikatong/journal").expect("a key");
    let other = Keys::open_file(&test.folder.join("other.keys")).expect("fresh keys");
    let other = super::key(&other, "else.yikatong/journal").expect("a key").to_text();
    let key = key.to_text();
    let mut keeper = Client::signed_in(&router, &app, &actor(Role::Administrator)).await;
    let mut auditor = Client::signed_in(&router, &app, &actor(Role::Auditor)).await;
    let path = "/office/journal/witnesses";
    let good = [("key", key.as_str()), ("url", "https://else.example/witness")];
    assert_eq!(auditor.post_form(path, &good).await.code(), "platform/not-permitted");
    for url in ["http://else.example", "ftp://x", "http://localhost.evil.example", ""] {
        let reply = keeper.post_form(path, &[("key", &key), ("url", url)]).await;
        assert_eq!(reply.code(), "witness/address", "{url}");
    }
    assert_eq!(keeper.post_form(path, &[("key", "x"), good[1]]).await.code(), "witness/no-key");
    assert_eq!(keeper.post_form(path, &good).await.status, 303);
    assert_eq!(
        keeper.post_form(path, &[("key", &other), good[1]]).await.code(),
        "witness/other-key"
    );
    let page = auditor.get("/office/journal/log").await.text();
    assert!(
        page.contains("https://else.example/witness")
            && !page.contains("<form method=\"post\" action=\"/office/journal/wit")
    );
    let page = keeper.get("/office/journal/log").await.text();
    assert!(page.contains("action=\"/office/journal/witnesses/close\""));
    let close = [("name", "else.yikatong/witness")];
    assert_eq!(keeper.post_form("/office/journal/witnesses/close", &close).await.status, 303);
    assert!(!read(&app, store::witnesses).await[0].active);
    assert_eq!(keeper.post_form(path, &good).await.status, 303, "taken up again");
    assert!(read(&app, store::witnesses).await[0].active);
    let nobody = [("name", "nobody")];
    assert_eq!(keeper.post_form("/office/journal/logs/close", &nobody).await.status, 404);
    let acts = read(&app, |tx| journal::newest(tx, crate::id::Id(i64::MAX), 9)).await;
    let acts: Vec<&str> = acts.iter().map(|entry| entry.act.as_str()).collect();
    assert_eq!(acts, ["witness.added", "witness.closed", "witness.added"]);
}

#[test]
fn a_head_is_judged_by_what_was_seen_before() {
    let head = |size, root| TreeHead {
        origin: "log".to_owned(),
        size,
        root: [root; 32],
        at: 0,
        previous: None,
    };
    let seen = Seen { size: 5, root: [1; 32] };
    assert_eq!(judge(&seen, 5, &[], &head(5, 1)), Verdict::Sign);
    assert_eq!(judge(&seen, 5, &[[0; 32]], &head(5, 1)), Verdict::Unproved);
    assert_eq!(judge(&seen, 5, &[], &head(5, 2)), Verdict::Fork);
    assert_eq!(judge(&seen, 0, &[], &head(5, 2)), Verdict::Fork, "whatever it says it knows");
    assert_eq!(judge(&seen, 5, &[], &head(6, 2)), Verdict::Unproved);
    assert_eq!(judge(&seen, 4, &[], &head(6, 2)), Verdict::Conflict);
    assert_eq!(judge(&seen, 5, &[], &head(4, 2)), Verdict::Backwards);
    assert_eq!(
        judge(&seen, 4, &[], &head(4, 2)),
        Verdict::Conflict,
        "an older head is no fork by itself"
    );
    assert_eq!(judge(&Seen::nothing(), 0, &[], &head(9, 2)), Verdict::Sign);
    assert_eq!(judge(&Seen::nothing(), 0, &[[0; 32]], &head(9, 2)), Verdict::Unproved);
}

proptest! {
    #[test]
    fn what_is_posted_is_read_back(old in any::<u64>(), hashes in 0usize..64, note in "\\PC{0,40}") {
        let proof = (0..hashes).map(|n| [n as u8; 32]).collect();
        let posted = Posted { old, proof, checkpoint: note };
        prop_assert_eq!(Posted::parse(&posted.to_text()), Some(posted));
    }

    #[test]
    fn any_text_is_posted_or_refused(text in "(old |[0-9]|\n|\\PC){0,60}") {
        if let Some(posted) = Posted::parse(&text) {
            prop_assert_eq!(posted.to_text(), text);
        }
    }
}
