//! Logs of somebody with every right on the database, and of somebody with the keys besides.

use super::*;

fn bytes(test: &TestDb, data: &[u8]) -> String {
    let hex = hex::encode(data);
    if test.engine == "sqlite" { format!("x'{hex}'") } else { format!("'\\x{hex}'") }
}

async fn blob(app: &App, sql: &'static str) -> Vec<u8> {
    let read = app.db.read(move |tx| tx.one(sql, &[])?.get::<Vec<u8>>(0)).await;
    read.map_err(|e: DbError| e).expect("the row")
}

#[tokio::test]
async fn a_flipped_bit_in_a_tile_a_missing_tile_and_a_cut_one_are_named() {
    for test in databases("tiles") {
        let (app, _) = filled(&test).await;
        let whole = blob(&app, "SELECT hashes FROM journal_tile").await;
        let set =
            |hashes: &[u8]| format!("UPDATE journal_tile SET hashes = {}", bytes(&test, hashes));
        for bit in [0, 777, whole.len() * 8 - 1] {
            let mut bent = whole.clone();
            bent[bit / 8] ^= 1 << (bit % 8);
            tamper(&test, &set(&bent));
            let fault = check(&app).await.fault.unwrap_or_default();
            assert!(fault.contains("tile 0/000.p/8 was changed"), "{} {fault}", test.engine);
        }
        for shorter in [&whole[..32], &whole[..33]] {
            tamper(&test, &set(shorter));
            let fault = check(&app).await.fault.unwrap_or_default();
            assert!(fault.contains("tile 0/000.p/8 is missing or too"), "{} {fault}", test.engine);
        }
        tamper(&test, &set(&[whole.as_slice(), &[7; 32]].concat()));
        let fault = check(&app).await.fault.unwrap_or_default();
        assert!(
            fault.contains("the tiles have 9 leaves, the tree has 8"),
            "{} {fault}",
            test.engine
        );
        tamper(&test, &set(&whole));
        assert_eq!(check(&app).await.fault, None, "{}", test.engine);
        let frontier = blob(&app, "SELECT frontier FROM journal_tree").await;
        let mut bent = frontier.clone();
        bent[20] ^= 1;
        tamper(&test, &format!("UPDATE journal_tree SET frontier = {}", bytes(&test, &bent)));
        let fault = check(&app).await.fault.unwrap_or_default();
        assert!(fault.contains("the stored edge of the tree"), "{} {fault}", test.engine);
    }
}

#[tokio::test]
async fn a_flipped_bit_in_entry_salt_leaf_or_head_is_named() {
    for test in databases("bits") {
        let (app, ids) = filled(&test).await;
        keep_copy(&test);
        let victim = ids[4];
        for column in ["salt", "leaf"] {
            let sql = match column {
                "salt" => "SELECT salt FROM journal_entry ORDER BY id LIMIT 1 OFFSET 4",
                _ => "SELECT leaf FROM journal_entry ORDER BY id LIMIT 1 OFFSET 4",
            };
            let mut bent = blob(&app, sql).await;
            bent[3] ^= 0x10;
            let value = bytes(&test, &bent);
            tamper(
                &test,
                &format!("UPDATE journal_entry SET {column} = {value} WHERE id = {}", victim.0),
            );
            let fault = check(&app).await.fault.unwrap_or_default();
            assert!(fault.contains(&format!("entry {victim} (leaf 4)")), "{} {fault}", test.engine);
            restore(&test);
        }
        for (what, sql) in [
            (
                "does not hold",
                "UPDATE journal_head SET signed = replace(signed, 'previous 3', 'previous 4')",
            ),
            (
                "does not hold",
                "UPDATE journal_head SET signed = replace(signed, 'time 1', 'time 2') WHERE size = 6",
            ),
            (
                "head of size 6 has another root",
                "UPDATE journal_head SET root = (SELECT root FROM kept_journal_head WHERE size = 3) WHERE size = 6",
            ),
            ("head of size 2 is missing", "UPDATE journal_head SET previous = 2 WHERE size = 6"),
        ] {
            tamper(&test, sql);
            let fault = check(&app).await.fault.unwrap_or_default();
            assert!(
                fault.contains(what) && fault.contains("size"),
                "{} {sql}: {fault}",
                test.engine
            );
            restore(&test);
        }
        assert_eq!(check(&app).await.fault, None, "{}", test.engine);
    }
}

#[tokio::test]
async fn an_entry_that_was_changed_while_it_waited_is_named() {
    for test in databases("waiting") {
        let (app, ids) = filled(&test).await;
        let waits = write(&app, entry(&app, "等待")).await;
        let n = waits.0;
        let changed = format!("the waiting entry {waits} was changed");
        let other = ids[0].0;
        let cases = [
            (format!("UPDATE journal_entry SET purpose = 'x' WHERE id = {n}"), changed.clone()),
            (format!("UPDATE journal_entry SET purpose = '等待' WHERE id = {n}"), String::new()),
            (
                format!(
                    "UPDATE journal_pending SET leaf = (SELECT leaf FROM journal_entry WHERE id = {other})"
                ),
                changed,
            ),
            ("DELETE FROM journal_pending".to_owned(), "entries are lost or were added".to_owned()),
        ];
        for (sql, expected) in cases {
            tamper(&test, &sql);
            let fault = check(&app).await.fault.unwrap_or_default();
            assert!(fault.contains(&expected), "{} {sql}: {fault}", test.engine);
            assert_eq!(fault.is_empty(), expected.is_empty(), "{} {sql}: {fault}", test.engine);
        }
    }
}

async fn erase_one(app: &App, victim: Id, ground: &'static str) -> Result<(), String> {
    let (by, order) = (actor(Role::MunicipalApprover), app.id());
    let done = app.db.write(move |tx| erase(tx, victim, ground, &by, order, Utc::now())).await;
    done.map_err(|problem| problem.code.to_owned())
}

#[tokio::test]
async fn an_entry_is_erased_by_order_only_and_all_other_proofs_stay() {
    for test in databases("erase") {
        let (app, ids) = filled(&test).await;
        let victim = ids[4];
        assert_eq!(erase_one(&app, victim, " ").await, Err("journal/no-ground".to_owned()));
        assert_eq!(erase_one(&app, id(), "x").await, Err("journal/no-such-entry".to_owned()));
        let waits = write(&app, entry(&app, "等待")).await;
        let early = erase_one(&app, waits, "x").await;
        assert_eq!(early, Err("journal/not-yet-in-the-log".to_owned()), "{}", test.engine);
        erase_one(&app, victim, "PIPL Art. 47(1)").await.expect("erased");
        let sql = "SELECT id FROM journal_entry WHERE id = $1";
        let left = app.db.read(move |tx| tx.query(sql, &[v(victim)])).await.expect("read");
        assert!(left.is_empty(), "{}", test.engine);
        sequence(&app).await.expect("a round");
        let report = check(&app).await;
        assert_eq!((report.fault, report.entries, report.erased), (None, 10, 1), "{}", test.engine);
        let twice = erase_one(&app, victim, "x").await;
        assert_eq!(twice, Err("journal/no-such-entry".to_owned()), "{}", test.engine);
        let (keys, origin, other) = (app.keys.clone(), app.config.journal_origin.clone(), ids[5]);
        let proof = app.db.read(move |tx| proof::make(tx, &keys, &origin, other, None)).await;
        assert!(proof.expect("a proof").check(None).is_ok(), "{}", test.engine);
        let newest =
            app.db.read(|tx| newest(tx, Id(i64::MAX), 1)).await.expect("entries").remove(0);
        assert_eq!(
            (newest.act.as_str(), newest.object),
            ("journal.erased", format!("entry:{victim}"))
        );
        let order = erase_one(&app, newest.id, "x").await;
        assert_eq!(order, Err("journal/order-stays".to_owned()), "{}", test.engine);
        for sql in ["UPDATE journal_erasure SET ground = 'x'", "DELETE FROM journal_erasure"] {
            let refused = app.db.housekeeping(move |tx| tx.execute(sql, &[])).await;
            assert!(matches!(refused, Err(DbError::Forbidden(_))), "{} {sql}", test.engine);
        }
    }
}

#[tokio::test]
async fn an_erasure_without_its_order_is_named() {
    for test in databases("unordered") {
        let (app, ids) = filled(&test).await;
        let (victim, other) = (ids[4], ids[5].0);
        let n = victim.0;
        tamper(
            &test,
            &format!(
                "INSERT INTO journal_erasure (entry_id, at, leaf, order_id, ground)
                 SELECT id, at, leaf, {other}, 'x' FROM journal_entry WHERE id = {n}"
            ),
        );
        let fault = check(&app).await.fault.unwrap_or_default();
        assert!(
            fault.contains(&format!("entry {victim} (leaf 4) is erased and still there")),
            "{fault}"
        );
        tamper(&test, &format!("DELETE FROM journal_entry WHERE id = {n}"));
        let fault = check(&app).await.fault.unwrap_or_default();
        let expected = format!("entry {victim} was erased without an order");
        assert!(fault.contains(&expected), "{} {fault}", test.engine);
    }
}

async fn against(app: &App, note: &str) -> Kept {
    let key = app.keys.journal_key(&app.config.journal_origin).expect("a key");
    let note = note.to_owned();
    app.db.read(move |tx| compare_kept(tx, &note, &key)).await.expect("the database answers")
}

async fn newest_note(app: &App) -> String {
    app.db.read(log::newest_head).await.expect("the database answers").expect("a head").1
}

/// The owner of database and keys begins anew: only what others kept shows it.
#[tokio::test]
async fn a_history_that_was_rewritten_or_cut_with_the_keys_is_shown_by_a_kept_head() {
    for (test, other) in databases("kept").iter().zip(&databases("anew")) {
        let (app, _) = filled(test).await;
        let kept = newest_note(&app).await;
        write(&app, entry(&app, "之后")).await;
        sequence(&app).await.expect("a round");
        assert_eq!(against(&app, &kept).await, Kept::Grown(1), "{}", test.engine);
        let mut anew = platform(other, &[crate::MIGRATIONS]).await;
        std::sync::Arc::get_mut(&mut anew).expect("nobody else has it").keys = app.keys.clone();
        for (more, word) in [(5, "it was cut"), (6, "history was rewritten")] {
            for _ in 0..more {
                write(&anew, entry(&anew, "另一份历史")).await;
            }
            sequence(&anew).await.expect("a round");
            assert_eq!(check(&anew).await.fault, None, "by itself it holds");
            let Kept::Another(why) = against(&anew, &kept).await else { panic!("it is another") };
            assert!(why.contains(word), "{} {why}", test.engine);
        }
        let bent = kept.replacen("time 1", "time 2", 1);
        for note in ["", "x", bent.as_str()] {
            assert!(matches!(against(&app, note).await, Kept::Another(_)), "{note}");
        }
    }
}

/// Rows that a restore left out are filled from the leaves, those of erased entries too.
#[tokio::test]
async fn tiles_that_are_lost_are_made_again_over_an_erased_entry() {
    for test in databases("remade") {
        let (app, ids) = filled(&test).await;
        erase_one(&app, ids[2], "PIPL Art. 47(1)").await.expect("erased");
        sequence(&app).await.expect("a round");
        tamper(&test, "DELETE FROM journal_tile;");
        write(&app, entry(&app, "之后")).await;
        for _ in 0..3 {
            sequence(&app).await.expect("a round");
        }
        let report = check(&app).await;
        assert_eq!((report.fault, report.entries, report.erased), (None, 10, 1), "{}", test.engine);
    }
}
