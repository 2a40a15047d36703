mod many;
mod opening;
mod sealing;
mod turning;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use proptest::prelude::*;

use super::*;
use crate::journal::{self, Entry};
use crate::testing::{TestDb, actor, databases, databases_with, id};
use crate::time::Utc;

const SCHEMA: Migration = Migration {
    name: "test-0001",
    sql: "CREATE TABLE thing (
              id BIGINT PRIMARY KEY,
              word TEXT,
              yes BOOLEAN,
              raw BYTEA,
              fen BIGINT NOT NULL DEFAULT 0,
              version BIGINT NOT NULL DEFAULT 1,
              UNIQUE (word),
              CHECK (fen >= 0)
          );",
};

/// Empty databases of both engines with the table `thing` and the kernel's own.
async fn with_things(name: &str) -> Vec<TestDb> {
    let found = databases(name);
    for test in &found {
        let all = [crate::MIGRATIONS, &[SCHEMA]].concat();
        test.db.migrate(all).await.expect("the schema");
    }
    found
}

async fn count(db: &Db) -> i64 {
    db.read(|tx| tx.one("SELECT COUNT(*) FROM thing", &[])?.get(0)).await.expect("a count")
}

async fn put(db: &Db, id: i64) -> Result<(), DbError> {
    db.housekeeping(move |tx| tx.execute("INSERT INTO thing (id) VALUES ($1)", &[v(id)]).map(drop))
        .await
}

fn entry() -> Entry {
    let who = actor(crate::actor::Role::Clerk);
    Entry::new(id(), Utc::now(), &who, "test.done", "Art. 19")
}

type Kinds = (Option<i64>, Option<String>, Option<bool>, Option<Vec<u8>>);

async fn there_and_back(db: &Db, key: i64, put: Kinds) -> Kinds {
    db.housekeeping(move |tx| {
        let (n, word, yes, raw) = put.clone();
        let sql = "INSERT INTO thing (id, word, yes, raw, version) VALUES ($1, $2, $3, $4, $5)";
        tx.execute(sql, &[v(key), v(word), v(yes), v(raw), v(n.unwrap_or_default())])?;
        let sql = "SELECT CASE WHEN $2 THEN version END, word, yes, raw FROM thing WHERE id = $1";
        let row = tx.one(sql, &[v(key), v(n.is_some())])?;
        Ok::<_, DbError>((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })
    .await
    .expect("values of every kind are stored")
}

#[test]
fn values_of_every_kind_come_back_as_they_went_in() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for test in runtime.block_on(with_things("kinds")) {
        let key = AtomicUsize::new(1);
        // PostgreSQL's TEXT has no place for U+0000.
        let word = proptest::option::of("[^\u{0}]{0,40}");
        let raw = proptest::option::of(proptest::collection::vec(any::<u8>(), 0..80));
        let kinds = (any::<Option<i64>>(), word, any::<Option<bool>>(), raw);
        proptest!(ProptestConfig::with_cases(40), |(put in kinds)| {
            let key = key.fetch_add(1, Ordering::Relaxed) as i64;
            // The word is unique in the table.
            let put = (put.0, put.1.map(|word| format!("{key}{word}")), put.2, put.3);
            let found = runtime.block_on(there_and_back(&test.db, key, put.clone()));
            prop_assert_eq!(found, put, "{}", test.engine);
        });
    }
}

#[tokio::test]
async fn a_column_of_another_type_is_an_error_and_no_panic() {
    for test in with_things("types").await {
        put(&test.db, 1).await.expect("a thing");
        let read = test.db.read(|tx| tx.one("SELECT id FROM thing", &[])?.get::<String>(0));
        assert!(matches!(read.await, Err(DbError::Column { index: 0 })), "{}", test.engine);
        let read = test.db.read(|tx| tx.one("SELECT id FROM thing", &[])?.get::<i64>(1));
        assert!(matches!(read.await, Err(DbError::Column { index: 1 })), "{}", test.engine);
    }
}

#[tokio::test]
async fn parameters_go_by_number_also_when_the_second_is_named_first() {
    for test in with_things("numbers").await {
        let row = test.db.housekeeping(|tx| {
            let sql = "INSERT INTO thing (word, id, fen) VALUES ($2, $1, $3)";
            tx.execute(sql, &[v(7), v("seven"), v(70)])?;
            let row = tx.one(
                "SELECT fen, word FROM thing WHERE word = $2 AND id = $1",
                &[v(7), v("seven")],
            )?;
            Ok::<(i64, String), DbError>((row.get(0)?, row.get(1)?))
        });
        assert_eq!(row.await.expect("found"), (70, "seven".to_owned()), "{}", test.engine);
    }
}

#[tokio::test]
async fn a_use_case_that_fails_takes_back_all_of_its_own_and_nothing_else() {
    for test in with_things("own").await {
        put(&test.db, 1).await.expect("a thing");
        let failed: Result<(), DbError> = test
            .db
            .housekeeping(|tx| {
                tx.execute("INSERT INTO thing (id) VALUES (2)", &[])?;
                tx.execute("UPDATE thing SET fen = 5", &[])?;
                Err(DbError::NotOne(9))
            })
            .await;
        assert!(matches!(failed, Err(DbError::NotOne(9))), "{}", test.engine);
        let read = test.db.read(|tx| tx.one("SELECT id, fen FROM thing", &[])?.get::<i64>(1));
        assert_eq!(read.await.expect("the first thing alone"), 0, "{}", test.engine);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_error_among_two_hundred_concurrent_writes_leaves_the_other_199() {
    for test in with_things("among").await {
        put(&test.db, 117).await.expect("the one in the way");
        let writes: Vec<_> = (0..200)
            .map(|n| {
                let db = test.db.clone();
                tokio::spawn(async move { put(&db, n).await })
            })
            .collect();
        for (n, write) in writes.into_iter().enumerate() {
            let result = write.await.expect("no panic");
            assert_eq!(matches!(result, Err(DbError::Unique(_))), n == 117, "{} {n}", test.engine);
            assert!(n == 117 || result.is_ok(), "{} {n}: {result:?}", test.engine);
        }
        assert_eq!(count(&test.db).await, 200, "{}", test.engine);
    }
}

#[tokio::test]
async fn a_change_without_a_journal_entry_is_rolled_back() {
    for test in with_things("silent").await {
        test.db.seal_with(&sealing::keys("silent"));
        let statements = [
            "INSERT INTO thing (id) VALUES (1)",
            "INSERT INTO thing (id) VALUES (2) RETURNING id",
            "  insert into thing (id) VALUES (3) RETURNING id",
        ];
        for sql in statements {
            let returns = sql.contains("RETURNING");
            let silent = test.db.write(move |tx| match returns {
                true => tx.query(sql, &[]).map(drop),
                false => tx.execute(sql, &[]).map(drop),
            });
            assert!(matches!(silent.await, Err(DbError::Unjournalled)), "{} {sql}", test.engine);
        }
        assert_eq!(count(&test.db).await, 0, "{}", test.engine);

        let entry = entry();
        let told = test.db.write(move |tx| {
            tx.execute("INSERT INTO thing (id) VALUES (1)", &[])?;
            journal::record(tx, &entry)
        });
        told.await.expect("a journalled change is kept");
        assert_eq!(count(&test.db).await, 1, "{}", test.engine);
        let looked = test.db.write(|tx| tx.one("SELECT COUNT(*) FROM thing", &[])?.get::<i64>(0));
        assert_eq!(looked.await.expect("nothing was changed"), 1, "{}", test.engine);
    }
}

#[tokio::test]
async fn a_failed_statement_fails_the_transaction_even_when_its_error_is_swallowed() {
    for test in with_things("swallow").await {
        put(&test.db, 1).await.expect("a thing");
        let swallowed: Result<(), DbError> = test
            .db
            .housekeeping(|tx| {
                tx.execute("INSERT INTO thing (id) VALUES (2)", &[])?;
                let _ = tx.execute("INSERT INTO thing (id) VALUES (1)", &[]);
                Ok(())
            })
            .await;
        assert!(matches!(swallowed, Err(DbError::Unique(_))), "{}: {swallowed:?}", test.engine);
        assert_eq!(count(&test.db).await, 1, "{}", test.engine);
    }
}

#[tokio::test]
async fn broken_rules_of_the_schema_have_errors_of_their_own() {
    for test in with_things("rules").await {
        let run = async |sql: &'static str| {
            test.db.housekeeping(move |tx| tx.execute(sql, &[])).await.expect_err(sql)
        };
        put(&test.db, 1).await.expect("a thing");
        test.db
            .housekeeping(|tx| tx.execute("UPDATE thing SET word = 'a'", &[]))
            .await
            .expect("a word");
        let twice = run("INSERT INTO thing (id) VALUES (1)").await;
        assert!(matches!(twice, DbError::Unique(_)), "{} {twice:?}", test.engine);
        let same_word = run("INSERT INTO thing (id, word) VALUES (2, 'a')").await;
        assert!(matches!(same_word, DbError::Unique(_)), "{} {same_word:?}", test.engine);
        let negative = run("INSERT INTO thing (id, fen) VALUES (3, -1)").await;
        assert!(matches!(negative, DbError::Forbidden(_)), "{} {negative:?}", test.engine);
        let missing = run("INSERT INTO thing (id, fen) VALUES (4, NULL)").await;
        assert!(matches!(missing, DbError::Forbidden(_)), "{} {missing:?}", test.engine);
        let nonsense = run("INSERT INTO nothing VALUES (1)").await;
        assert!(matches!(nonsense, DbError::Engine(_)), "{} {nonsense:?}", test.engine);
    }
}

#[tokio::test]
async fn no_error_repeats_the_values_of_a_row() {
    for test in with_things("values").await {
        let write = || {
            test.db.housekeeping(|tx| {
                tx.execute("INSERT INTO thing (id, word) VALUES ($1, $2)", &[v(1), v("王小明")])
            })
        };
        write().await.expect("the first");
        let text = write().await.expect_err("the second").to_string();
        assert!(!text.contains("王小明"), "{}: {text}", test.engine);
    }
}

#[tokio::test]
async fn a_conflict_is_tried_again_and_given_up_in_the_end() {
    for test in with_things("conflict").await {
        put(&test.db, 1).await.expect("a thing");
        let tries = Arc::new(AtomicUsize::new(0));
        let seen = tries.clone();
        // The first two looks are stale, as if somebody else had been quicker.
        let change = test.db.housekeeping(move |tx| {
            let stale = seen.fetch_add(1, Ordering::SeqCst) < 2;
            let version: i64 = tx.one("SELECT version FROM thing", &[])?.get(0)?;
            let sql = "UPDATE thing SET fen = fen + 1, version = version + 1 WHERE version = $1";
            tx.execute_one(sql, &[v(if stale { version + 9 } else { version })])
        });
        change.await.expect("the third try");
        assert_eq!(tries.load(Ordering::SeqCst), 3, "{}", test.engine);
        let fen = test.db.read(|tx| tx.one("SELECT fen FROM thing", &[])?.get::<i64>(0));
        assert_eq!(fen.await.expect("changed once"), 1, "{}", test.engine);

        let always = test
            .db
            .housekeeping(|tx| tx.execute_one("UPDATE thing SET fen = 9 WHERE id = 404", &[]));
        assert!(matches!(always.await, Err(DbError::Conflict)), "{}", test.engine);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_increment_is_lost_among_concurrent_changes_of_one_row() {
    for test in with_things("increments").await {
        put(&test.db, 1).await.expect("a thing");
        let change = |db: Db| async move {
            let add = |tx: &mut Tx<'_>| {
                let row = tx.one("SELECT fen, version FROM thing", &[])?;
                let (fen, version) = (row.get::<i64>(0)?, row.get::<i64>(1)?);
                let sql = "UPDATE thing SET fen = $1, version = version + 1 WHERE version = $2";
                tx.execute_one(sql, &[v(fen + 1), v(version)])
            };
            db.housekeeping(add).await
        };
        let all: Vec<_> = (0..60).map(|_| tokio::spawn(change(test.db.clone()))).collect();
        let mut kept = 0;
        for one in all {
            match one.await.expect("no panic") {
                Ok(()) => kept += 1,
                Err(error) => assert!(matches!(error, DbError::Conflict), "{error:?}"),
            }
        }
        let fen = test.db.read(|tx| tx.one("SELECT fen FROM thing", &[])?.get::<i64>(0));
        assert_eq!(fen.await.expect("a number"), kept, "{}", test.engine);
        assert!(kept > 0, "{}", test.engine);
    }
}

#[tokio::test]
async fn a_panic_in_one_use_case_keeps_nothing_of_it_and_does_not_end_the_writer() {
    for test in with_things("panic").await {
        let broken: Result<(), DbError> = test
            .db
            .housekeeping(|tx| {
                tx.execute("INSERT INTO thing (id) VALUES (1)", &[])?;
                panic!("on purpose");
            })
            .await;
        assert!(matches!(broken, Err(DbError::Engine(_))), "{} {broken:?}", test.engine);
        for n in 10..30 {
            put(&test.db, n).await.expect("all threads live");
        }
        assert_eq!(count(&test.db).await, 20, "{}", test.engine);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_says_busy_at_once_and_recovers() {
    let limits = Limits { queue: 2, connections: 1, readers: 1, ..Limits::default() };
    for test in databases_with("busy", &limits) {
        let (began, has_begun) = mpsc::channel::<()>();
        let (release, wait) = mpsc::channel::<()>();
        let wait = std::sync::Mutex::new(wait);
        let db = test.db.clone();
        let blocker = tokio::spawn(async move {
            db.housekeeping(move |_| {
                let _ = began.send(());
                let _ = wait.lock().expect("one waits").recv();
                Ok::<_, DbError>(())
            })
            .await
        });
        has_begun.recv().expect("the only writer is taken");
        let nothing = |db: Db| async move { db.housekeeping(|_| Ok::<_, DbError>(())).await };
        let tries: Vec<_> = (0..8).map(|_| tokio::spawn(nothing(test.db.clone()))).collect();
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let turned_away = tries.iter().filter(|one| one.is_finished()).count();
        release.send(()).expect("the blocker waits");
        blocker.await.expect("no panic").expect("it ends well");
        let mut busy = 0;
        for one in tries {
            match one.await.expect("no panic") {
                Ok(()) => {}
                Err(DbError::Busy) => busy += 1,
                Err(other) => panic!("{}: {other:?}", test.engine),
            }
        }
        assert!(busy >= 5 && turned_away == busy, "{}: {busy} busy, {turned_away}", test.engine);
        nothing(test.db.clone()).await.expect("the queue is free again");
    }
}

#[tokio::test]
async fn a_read_cannot_change_anything() {
    for test in with_things("read").await {
        let sneaky = test.db.read(|tx| tx.execute("INSERT INTO thing (id) VALUES (1)", &[]));
        assert!(sneaky.await.is_err(), "{}", test.engine);
        let sneaky =
            test.db.read(|tx| tx.query("INSERT INTO thing (id) VALUES (2) RETURNING id", &[]));
        assert!(sneaky.await.is_err(), "{}", test.engine);
        put(&test.db, 3).await.expect("writers still write");
        assert_eq!(count(&test.db).await, 1, "{}", test.engine);
    }
}

#[tokio::test]
async fn sqlite_keeps_nothing_of_a_group_whose_transaction_the_engine_ended() {
    let test = with_things("ended").await.remove(0);
    put(&test.db, 1).await.expect("a thing");
    let (db, other) = (test.db.clone(), test.db.clone());
    // The first waits until the second is in its group; then its statement ends the transaction.
    let ends = db.housekeeping(|tx| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        tx.execute("INSERT OR ROLLBACK INTO thing (id) VALUES (1)", &[])
    });
    let follows = put(&other, 2);
    let (ended, followed) = tokio::join!(ends, follows);
    assert!(ended.is_err());
    let kept = count(&test.db).await == 2;
    assert_eq!(followed.is_ok(), kept, "the second was told what is true");
}

#[tokio::test]
async fn text_with_a_nul_is_refused_or_kept_but_never_an_engine_error() {
    for test in with_things("nul").await {
        let put = test.db.housekeeping(|tx| {
            tx.execute("INSERT INTO thing (id, word) VALUES (1, $1)", &[v("a\0b")])
        });
        let result = put.await;
        assert!(matches!(result, Ok(1) | Err(DbError::Forbidden(_))), "{} {result:?}", test.engine);
    }
}
