mod erasures;
mod evil;
mod files;
mod proofs;

use std::collections::HashSet;

use super::*;
use crate::actor::Role;
use crate::db::{Db, Limits, Location};
use crate::keys::Keys;
use crate::platform::App;
use crate::testing::{TestDb, actor, databases, id, on_server, platform};

fn entry(app: &App, purpose: &str) -> Entry {
    let mut entry =
        Entry::new(app.id(), Utc::now(), &actor(Role::Clerk), "card.applied", "Art. 12")
            .about(id())
            .on("card", "3kq")
            .why(purpose, &["name", "phone"]);
    entry.item = "CQ-HR-001@1".to_owned();
    entry.detail = serde_json::json!({ "channel": "desk" });
    entry
}

async fn write(app: &App, entry: Entry) -> Id {
    let id = entry.id;
    app.db.write(move |tx| record(tx, &entry)).await.expect("an entry is recorded");
    id
}

async fn check(app: &App) -> Report {
    verify(&app.db, &app.keys, &app.config.journal_origin).await.expect("the database answers")
}

/// Eight entries under heads of sizes 3, 6 and 8.
async fn filled(test: &TestDb) -> (App, Vec<Id>) {
    let app = platform(test, &[crate::MIGRATIONS]).await;
    let mut ids = Vec::new();
    for more in [3, 3, 2] {
        for n in 0..more {
            ids.push(write(&app, entry(&app, &format!("办理 {n}"))).await);
        }
        assert_eq!(sequence(&app).await.expect("a round"), more);
    }
    (app, ids)
}

#[tokio::test]
async fn what_was_recorded_gets_its_leaf_and_everything_holds() {
    for test in databases("holds") {
        let (app, _) = filled(&test).await;
        let whole = Report { entries: 8, heads: 3, tiles: 1, ..Report::default() };
        assert_eq!(check(&app).await, whole, "{}", test.engine);
        assert_eq!(sequence(&app).await.expect("an idle round"), 0, "{}", test.engine);
        write(&app, entry(&app, "等待")).await;
        assert_eq!(check(&app).await, Report { pending: 1, ..whole }, "{}", test.engine);
    }
}

#[tokio::test]
async fn an_empty_journal_holds() {
    for test in databases("empty") {
        let app = platform(&test, &[crate::MIGRATIONS]).await;
        assert_eq!(check(&app).await, Report::default(), "{}", test.engine);
    }
}

#[tokio::test]
async fn a_person_finds_the_entries_about_himself_newest_first_and_no_others() {
    for test in databases("about") {
        let app = platform(&test, &[crate::MIGRATIONS]).await;
        let (me, somebody) = (id(), id());
        let mut mine = Vec::new();
        for n in 0..6 {
            let whom = if n % 2 == 0 { me } else { somebody };
            let written = write(&app, entry(&app, "查阅").about(whom)).await;
            if whom == me {
                mine.insert(0, written);
            }
        }
        let found = app.db.read(move |tx| about(tx, me, Id(i64::MAX), 10)).await.expect("entries");
        assert_eq!(found.iter().map(|e| e.id).collect::<Vec<_>>(), mine, "{}", test.engine);
        let (before, second) = (mine[0], mine[1]);
        let older = app.db.read(move |tx| about(tx, me, before, 1)).await.expect("entries");
        assert_eq!(older.iter().map(|e| e.id).collect::<Vec<_>>(), [second], "{}", test.engine);
        assert_eq!(older[0].fields, "name,phone", "{}", test.engine);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_of_fifty_concurrent_writers_get_indices_without_gaps_from_two_sequencers() {
    for test in databases("fifty") {
        let app = platform(&test, &[crate::MIGRATIONS]).await;
        let writers: Vec<_> = (0..50)
            .map(|_| {
                let app = app.clone();
                tokio::spawn(async move {
                    let mut ids = Vec::new();
                    for _ in 0..4 {
                        ids.push(write(&app, entry(&app, "并发")).await);
                    }
                    ids
                })
            })
            .collect();
        let mut given = 0;
        while given < 200 {
            let (a, b) = tokio::join!(sequence(&app), sequence(&app));
            for round in [a, b] {
                match round {
                    Ok(count) => given += count,
                    Err(error) => assert!(matches!(error, DbError::Conflict), "{error:?}"),
                }
            }
        }
        let mut written = HashSet::new();
        for writer in writers {
            written.extend(writer.await.expect("no panic"));
        }
        let leaves = app.db.read(|tx| {
            let sql = "SELECT leaf_index, entry_id FROM journal_leaf ORDER BY leaf_index";
            let rows = tx.query(sql, &[])?;
            let pair = |row: &Row| Ok((row.get(0)?, row.get(1)?));
            rows.iter().map(pair).collect::<Result<Vec<(i64, Id)>, DbError>>()
        });
        let leaves = leaves.await.expect("the leaves").into_iter();
        let (indices, entries): (Vec<i64>, HashSet<Id>) = leaves.unzip();
        assert_eq!(indices, (0..200).collect::<Vec<_>>(), "{}", test.engine);
        assert_eq!(entries, written, "{}", test.engine);
        assert_eq!(check(&app).await.fault, None, "{}", test.engine);
    }
}

#[tokio::test]
async fn the_schema_refuses_to_change_or_delete_what_is_recorded() {
    for test in databases("append") {
        let (app, _) = filled(&test).await;
        let mut attempts: Vec<String> = Vec::new();
        for (table, column) in
            [("journal_entry", "at"), ("journal_leaf", "entry_id"), ("journal_head", "at")]
        {
            attempts.push(format!("UPDATE {table} SET {column} = {column} + 1"));
            attempts.push(format!("DELETE FROM {table}"));
            match test.engine {
                "postgres" => attempts.push(format!("TRUNCATE {table}")),
                _ => {
                    attempts.push(format!("REPLACE INTO {table} SELECT * FROM {table}"));
                    attempts.push(format!("UPDATE OR REPLACE {table} SET {column} = 0"));
                }
            }
        }
        for sql in attempts {
            let attempt = sql.clone();
            let result = app.db.housekeeping(move |tx| tx.execute(&attempt, &[])).await;
            let refused =
                matches!(&result, Err(DbError::Forbidden(text)) if text.contains("append-only"));
            assert!(refused, "{} {sql}: {result:?}", test.engine);
        }
        assert_eq!(check(&app).await.fault, None, "{}", test.engine);
    }
}

/// Somebody with full rights on the database and no respect for its triggers.
fn tamper(test: &TestDb, sql: &str) {
    match &test.location {
        Location::Sqlite(path) => {
            let connection = rusqlite::Connection::open(path).expect("the file");
            let triggers = ["entry", "leaf", "head"].map(|table| {
                let drop = |kind| format!("DROP TRIGGER IF EXISTS journal_{table}_keep_{kind};");
                [drop('u'), drop('d')].concat()
            });
            connection.execute_batch(&(triggers.concat() + sql)).expect(sql);
        }
        Location::Postgres(url) => {
            let off = ["entry", "leaf", "head"]
                .map(|table| format!("ALTER TABLE journal_{table} DISABLE TRIGGER USER;"));
            on_server(url, off.concat() + sql).expect(sql);
        }
    }
}

const TABLES: [&str; 4] = ["journal_entry", "journal_leaf", "journal_head", "journal_tree"];

fn keep_copy(test: &TestDb) {
    let copies = TABLES.map(|table| format!("CREATE TABLE kept_{table} AS SELECT * FROM {table};"));
    tamper(test, &copies.concat());
}

fn restore(test: &TestDb) {
    let back = TABLES.map(|table| {
        format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table};")
    });
    tamper(test, &back.concat());
}

#[tokio::test]
async fn a_change_of_any_column_is_found_and_names_the_entry() {
    for test in databases("columns") {
        let (app, ids) = filled(&test).await;
        keep_copy(&test);
        let (victim, other) = (ids[4], ids[5].0);
        let of_other =
            |column: &str| format!("(SELECT {column} FROM journal_entry WHERE id = {other})");
        for column in COLUMNS.split(", ").chain(["salt", "leaf"]) {
            let value = match column.trim() {
                "id" => "id + 7".to_owned(),
                "at" | "actor_id" | "subject_id" => format!("{column} + 1"),
                "org_id" => "NULL".to_owned(),
                "shown_after" => "1".to_owned(),
                "salt" | "leaf" => of_other(column),
                _ => format!("{column} || ' '"),
            };
            tamper(
                &test,
                &format!("UPDATE journal_entry SET {column} = {value} WHERE id = {}", victim.0),
            );
            let fault = check(&app).await.fault.unwrap_or_default();
            let named = format!("entry {victim} (leaf 4)");
            assert!(fault.contains(&named), "{} {column}: {fault:?}", test.engine);
            restore(&test);
            assert_eq!(check(&app).await.fault, None, "{} {column} put back", test.engine);
        }
    }
}

#[tokio::test]
async fn cuts_swaps_and_insertions_are_found() {
    for test in databases("cuts") {
        let (app, ids) = filled(&test).await;
        keep_copy(&test);
        let (fifth, newest) = (ids[4], ids[7]);
        let n = newest.0;
        let missing = |id: Id, leaf: usize| format!("entry {id} (leaf {leaf}) is missing");
        let cases = [
            (format!("DELETE FROM journal_entry WHERE id = {}", fifth.0), missing(fifth, 4)),
            (format!("DELETE FROM journal_entry WHERE id = {n}"), missing(newest, 7)),
            ("DELETE FROM journal_leaf WHERE leaf_index = 4".into(), "leaf 4 is missing".into()),
            (
                format!("DELETE FROM journal_leaf WHERE entry_id = {n}; DELETE FROM journal_entry WHERE id = {n}"),
                "the log was cut".into(),
            ),
            (
                "UPDATE journal_leaf SET leaf_index = -1 WHERE leaf_index = 1;
                 UPDATE journal_leaf SET leaf_index = 1 WHERE leaf_index = 2;
                 UPDATE journal_leaf SET leaf_index = 2 WHERE leaf_index = -1"
                    .into(),
                "signed head of size 3 has another root".into(),
            ),
            ("DELETE FROM journal_head WHERE size = 3".into(), "head of size 3 is missing".into()),
            ("DELETE FROM journal_head WHERE size = 6".into(), "head of size 6 is missing".into()),
            ("DELETE FROM journal_head WHERE size = 8".into(), "the log was cut".into()),
            (
                format!(
                    "DELETE FROM journal_head WHERE size > 3; DELETE FROM journal_leaf WHERE leaf_index >= 3;
                     DELETE FROM journal_entry WHERE id >= {}",
                    ids[3].0
                ),
                "the log was cut".into(),
            ),
            (
                "UPDATE journal_head SET signed = (SELECT signed FROM kept_journal_head WHERE size = 3)
                 WHERE size = 6"
                    .into(),
                "signed head of size 6".into(),
            ),
            ("UPDATE journal_head SET root = salt FROM journal_entry WHERE size = 8".into(), "size 8".into()),
            (
                format!(
                    "INSERT INTO journal_entry ({COLUMNS}, salt, leaf)
                     SELECT {}, salt, leaf FROM journal_entry WHERE id = {n}",
                    COLUMNS.replacen("id", "id + 7", 1)
                ),
                "entries are lost or were added".into(),
            ),
        ];
        for (sql, expected) in cases {
            tamper(&test, &sql);
            let fault = check(&app).await.fault.unwrap_or_default();
            assert!(fault.contains(&expected), "{} {sql}: {fault:?}", test.engine);
            restore(&test);
        }
        assert_eq!(check(&app).await.fault, None, "{}", test.engine);
    }
}

#[tokio::test]
async fn a_forged_entry_with_a_recomputed_hash_does_not_fit_the_signed_heads() {
    for test in databases("forged") {
        let (app, ids) = filled(&test).await;
        let victim = ids[1];
        let sql = format!("SELECT {COLUMNS}, salt FROM journal_entry WHERE id = $1");
        let row = app.db.read(move |tx| tx.one(&sql, &[v(victim)])).await.expect("the entry");
        let mut forged = Stored::read(&row).expect("readable");
        forged.purpose = "别的目的".to_owned();
        let leaf = forged.leaf(&row.get(16).expect("a salt"));
        let hex = hex::encode(leaf);
        let bytes =
            if test.engine == "sqlite" { format!("x'{hex}'") } else { format!("'\\x{hex}'") };
        let purpose = forged.purpose;
        tamper(
            &test,
            &format!(
                "UPDATE journal_entry SET purpose = '{purpose}', leaf = {bytes} WHERE id = {}",
                victim.0
            ),
        );
        let fault = check(&app).await.fault.unwrap_or_default();
        assert!(
            fault.contains("signed head of size 3 has another root"),
            "{} {fault:?}",
            test.engine
        );
    }
}

#[tokio::test]
async fn heads_of_another_key_or_another_log_do_not_hold() {
    for test in databases("foreign") {
        let (app, _) = filled(&test).await;
        let file = test.folder.join("other.keys");
        let others = Keys::open_file(&file).expect("fresh keys");
        let report = verify(&app.db, &others, &app.config.journal_origin).await.expect("a report");
        assert!(
            report.fault.is_some_and(|f| f.contains("size 3 does not hold")),
            "{}",
            test.engine
        );
        let report = verify(&app.db, &app.keys, "other.log").await.expect("a report");
        assert!(report.fault.is_some(), "{}", test.engine);
    }
}

#[tokio::test]
async fn one_flipped_byte_in_the_file_on_disk_is_found_and_names_the_entry() {
    let test = databases("flip").remove(0);
    let (app, _) = filled(&test).await;
    let text = "known-purpose-of-one-entry";
    let victim = write(&app, entry(&app, text)).await;
    write(&app, entry(&app, "另一条")).await;
    sequence(&app).await.expect("a round");

    let Location::Sqlite(path) = &test.location else { panic!("the first is SQLite") };
    let connection = rusqlite::Connection::open(path).expect("the file");
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("a checkpoint");
    let mut bytes = std::fs::read(path).expect("the file");
    let copy_holds = async |bytes: &[u8]| {
        let copy = test.folder.join("copy.sqlite");
        let _ = std::fs::remove_file(&copy);
        std::fs::write(&copy, bytes).expect("a copy");
        let db = Db::open(&Location::Sqlite(copy), &Limits::default()).expect("the copy opens");
        db.seal_with(&app.keys);
        verify(&db, &app.keys, &app.config.journal_origin).await.expect("a report").fault
    };
    assert_eq!(copy_holds(&bytes).await, None, "the copy is whole");
    let found: Vec<usize> = (0..bytes.len() - text.len())
        .filter(|at| bytes[*at..].starts_with(text.as_bytes()))
        .collect();
    assert_eq!(found.len(), 1, "the text is in the file once");
    bytes[found[0] + 3] ^= 0x01;
    let fault = copy_holds(&bytes).await.unwrap_or_default();
    assert!(fault.contains(&format!("entry {victim} (leaf 8) was changed")), "{fault:?}");
}
