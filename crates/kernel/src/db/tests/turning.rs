//! Another key for the sealed columns, step by step and while everybody goes on working.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::sealing::keys;
use super::*;
use crate::keys::Keys;

const FIND: &str = "SELECT id FROM thing WHERE word = $1";

async fn put_word(db: &Db, id: i64, word: String) -> Result<(), DbError> {
    let sql = "INSERT INTO thing (id, word) VALUES ($1, $2)";
    db.write(move |tx| {
        tx.execute(sql, &[v(id), sealed(word.clone())])?;
        journal::record(tx, &entry())
    })
    .await
}

async fn find(db: &Db, word: String) -> Vec<i64> {
    let found = db.read(move |tx| {
        let rows = tx.query(FIND, &[sealed(word.clone())])?;
        rows.iter().map(|row| row.get(0)).collect::<Result<Vec<i64>, DbError>>()
    });
    found.await.expect("an answer")
}

/// How many texts of the things and of the journal begin so.
async fn begin_with(db: &Db, mark: &'static str) -> i64 {
    let sql = "SELECT COUNT(*) FROM (SELECT 'x' || word AS w FROM thing
               UNION ALL SELECT 'x' || actor_name FROM journal_entry) t
               WHERE substr(w, 1, $1) = $2";
    let mark = format!("x{mark}");
    let count = db.read(move |tx| {
        let length = mark.chars().count() as i64;
        let row = tx.one(&sql.replace("$1", &length.to_string()).replace("$2", "$1"), &[v(&mark)]);
        row?.get(0)
    });
    count.await.expect("a count")
}

async fn begin(db: &Db, keys: &Keys) {
    let next = db.read(turning).await.expect("a state").generation + 1;
    keys.make_generation(next as usize).expect("a key");
    let began = db.housekeeping(move |tx| begin_turn(tx, Utc::now())).await;
    assert_eq!(began.expect("begun"), next);
}

async fn turned(db: &Db, most: i64) -> usize {
    let mut steps = 0;
    while db.turn_step(most).await.expect("a step") {
        steps += 1;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    steps
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_text_is_found_and_unique_at_each_step_also_after_a_restart() {
    for test in with_things("turn_steps").await {
        let keys = keys(&format!("turn_{}", test.engine));
        test.db.seal_with(&keys);
        let word = |n: i64| format!("人{n}");
        for n in 0..30 {
            put_word(&test.db, n, word(n)).await.expect("kept");
        }
        begin(&test.db, &keys).await;
        let twice = test.db.housekeeping(|tx| begin_turn(tx, Utc::now())).await;
        assert!(matches!(twice, Err(DbError::Conflict)), "{twice:?}");
        let (mut n, mut most) = (30, 7);
        let mut seen = std::collections::BTreeSet::new();
        loop {
            // Another process each time, which knows nothing of the steps before.
            let db = Db::open(&test.location, &Limits { connections: 1, ..Limits::default() });
            let db = db.expect("opened");
            db.seal_with(&keys);
            if !db.turn_step(most).await.expect("a step") {
                break;
            }
            let phase = db.read(turning).await.expect("a state").phase;
            if !seen.insert(phase.clone()) && phase != "turning" {
                // Only the order of values is delicate; the rows may be done in one go.
                most = if phase == "sweeping" { 1_000 } else { most };
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
            for old in [0, 17, n - 1] {
                assert_eq!(find(&db, word(old)).await, [old], "{} {n}", test.engine);
                let again = put_word(&test.db, 1_000 + n, word(old)).await;
                assert!(matches!(again, Err(DbError::Unique(_))), "{} {again:?}", test.engine);
            }
            put_word(&db, n, word(n)).await.expect("kept");
            assert_eq!(find(&test.db, word(n)).await, [n]);
            n += 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let phases = ["preparing", "settled", "sweeping", "turning"];
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), phases, "{}", test.engine);
        let all = begin_with(&test.db, "\u{1}").await;
        assert_eq!(begin_with(&test.db, "\u{1}~02.").await, all, "{}", test.engine);
        assert!(all >= 2 * n);

        begin(&test.db, &keys).await;
        assert!(turned(&test.db, 1_000).await > 2);
        assert_eq!(begin_with(&test.db, "\u{1}~03.").await, all, "{}", test.engine);
        for n in 0..n {
            assert_eq!(find(&test.db, word(n)).await, [n]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_and_readers_notice_nothing_while_the_key_is_turned() {
    for test in with_things("turn_serving").await {
        let keys = keys(&format!("serving_{}", test.engine));
        test.db.seal_with(&keys);
        let over = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> = (0..3i64)
            .map(|client| {
                let (db, over) = (test.db.clone(), over.clone());
                tokio::spawn(async move {
                    let mut n = 0i64;
                    while !over.load(Ordering::Relaxed) {
                        let (id, word) = (client + 10 * n, format!("{client} 说 {n}"));
                        put_word(&db, id, word.clone()).await.expect("kept");
                        assert_eq!(find(&db, word.clone()).await, [id]);
                        let again = put_word(&db, id + 5, word).await;
                        assert!(matches!(again, Err(DbError::Unique(_))), "{again:?}");
                        let early = format!("{client} 说 {}", n / 2);
                        assert_eq!(find(&db, early).await, [client + 10 * (n / 2)]);
                        n += 1;
                    }
                    n
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(100)).await;
        begin(&test.db, &keys).await;
        let steps = turned_patiently(&test.db).await;
        over.store(true, Ordering::Relaxed);
        let mut written = 0;
        for client in clients {
            written += client.await.expect("no client failed");
        }
        assert!(steps > 5 && written > 30, "{} {steps} {written}", test.engine);
        assert_eq!(count(&test.db).await, written);
        let all = begin_with(&test.db, "\u{1}").await;
        assert_eq!(begin_with(&test.db, "\u{1}~02.").await, all, "{}", test.engine);
    }
}

/// A step may find a lock taken; the next one tries again.
async fn turned_patiently(db: &Db) -> usize {
    for step in 0..20_000 {
        if let Ok(false) = db.turn_step(40).await {
            return step;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("the key is not turned")
}

#[tokio::test]
async fn the_journal_holds_after_its_names_were_sealed_anew_and_nothing_else_of_it_may_change() {
    for test in databases("turn_journal") {
        let app = crate::testing::platform(&test, &[crate::MIGRATIONS]).await;
        for _ in 0..5 {
            app.db.write(|tx| journal::record(tx, &entry())).await.expect("recorded");
        }
        while journal::sequence(&app).await.expect("a round") > 0 {}
        begin(&app.db, &app.keys).await;
        turned(&app.db, 100).await;
        let report = journal::verify(&app.db, &app.keys, &app.config.journal_origin).await;
        let report = report.expect("recomputed");
        assert_eq!((report.entries, report.fault), (5, None), "{}", test.engine);
        for sql in [
            "UPDATE journal_entry SET actor_name = 'x'",
            "UPDATE journal_entry SET purpose = 'x'",
            "UPDATE journal_entry SET actor_name = actor_name, act = 'x'",
        ] {
            let bent = app.db.housekeeping(move |tx| tx.execute(sql, &[])).await;
            assert!(matches!(bent, Err(DbError::Forbidden(_))), "{} {bent:?}", test.engine);
        }
    }
}

#[tokio::test]
async fn a_field_sealed_before_the_turn_opens_after_it() {
    for test in databases("turn_field") {
        let app = crate::testing::platform(&test, &[crate::MIGRATIONS]).await;
        let old = app.keys.seal_field(b"secret", b"row 1");
        begin(&app.db, &app.keys).await;
        turned(&app.db, 100).await;
        app.db.write(|tx| journal::record(tx, &entry())).await.expect("the turn is known");
        let new = app.keys.seal_field(b"secret", b"row 1");
        let first = Keys::column_cipher(&app.keys, 1).is_ok();
        assert!(first && app.keys.store().open("field", b"row 1", &new).is_err());
        for sealed in [old, new] {
            assert_eq!(app.keys.open_field(&sealed, b"row 1").as_deref(), Some(&b"secret"[..]));
            assert_eq!(app.keys.open_field(&sealed, b"row 2"), None);
        }
    }
}
