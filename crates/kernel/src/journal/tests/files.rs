use seal::head::TreeHead;
use seal::note::NamedKey;
use seal::tiles::{Prover, TileId};

use super::super::sequencer::{Heads, one};
use super::*;
use crate::http::{build, kernel_routes};
use crate::testing::{Client, Reply};

async fn many(app: &App, count: usize) {
    let entries: Vec<Entry> = (0..count).map(|_| entry(app, "批量")).collect();
    app.db.write(move |tx| record_all(tx, &entries)).await.expect("recorded");
    assert_eq!(sequence(app).await.expect("a round"), count);
}

async fn heads(app: &App) -> i64 {
    let sql = "SELECT COUNT(*) FROM journal_head";
    app.db.read(move |tx| tx.one(sql, &[])?.get(0)).await.map_err(|e: DbError| e).expect("a count")
}

fn hashes(reply: &Reply) -> Vec<[u8; 32]> {
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.body.as_chunks::<32>().0.to_vec()
}

#[tokio::test]
async fn a_stranger_rebuilds_the_root_from_the_files_and_may_keep_them() {
    for test in databases("files") {
        let app = platform(&test, &[crate::MIGRATIONS]).await;
        many(&app, 250).await;
        many(&app, 20).await;
        let router = build(app.clone(), kernel_routes()).router;
        let mut client = Client::new(&router);
        let key = NamedKey::parse(client.get("/log/key").await.text().trim()).expect("a key");
        assert_eq!(key.name, app.config.journal_origin);
        let checkpoint = client.get("/log/checkpoint").await;
        let head = TreeHead::open(&checkpoint.text(), &key.key).expect("signed");
        assert_eq!((head.size, head.previous), (270, Some(250)), "{}", test.engine);
        let full = client.get("/log/tile/0/000").await;
        assert_eq!(full.header("cache-control"), "public, max-age=31536000, immutable");
        let above = client.get("/log/tile/1/000.p/1").await;
        let rest = client.get("/log/tile/0/001.p/14").await;
        let tiles = [(0, hashes(&full)), (0, hashes(&rest)), (1, hashes(&above))];
        let read = |id: TileId| {
            let found = tiles.iter().filter(|(level, _)| *level == id.level);
            found.map(|(_, hashes)| hashes.clone()).nth(id.index as usize).ok_or(())
        };
        assert_eq!(Prover::<seal::hash::Sm3, _>::new(270, read).root(), Ok(head.root));
        // An older client's part of a tile is still there; what is not signed is not.
        assert_eq!(hashes(&client.get("/log/tile/0/000.p/250").await), hashes(&full)[..250]);
        for path in ["/log/tile/0/001.p/15", "/log/tile/0/001", "/log/tile/1/000", "/log/tile/0/1"]
        {
            assert_eq!(client.get(path).await.status, 404, "{path}");
        }
        for (path, reply) in [("/log/checkpoint", checkpoint), ("/log/tile/0/000", full)] {
            client.headers = vec![("if-none-match", reply.header("etag").to_owned())];
            let again = client.get(path).await;
            assert_eq!((again.status.as_u16(), again.body.len()), (304, 0), "{path}");
        }
        assert_eq!(check(&app).await.fault, None, "{}", test.engine);
    }
}

#[tokio::test]
async fn under_load_heads_are_apart_and_the_last_entries_get_theirs_when_it_is_time() {
    for test in databases("paced") {
        let app = platform(&test, &[crate::MIGRATIONS]).await;
        for _ in 0..5 {
            write(&app, entry(&app, "密集")).await;
            assert_eq!(one(&app, Heads::Paced).await.expect("a round"), 1, "{}", test.engine);
        }
        let (signed, report) = (heads(&app).await, check(&app).await);
        assert!(signed < 5, "{}: {signed} heads", test.engine);
        assert_eq!((report.fault, report.entries), (None, 5), "{}", test.engine);
        assert!(report.unsigned > 0, "{}", test.engine);
        for _ in 0..200 {
            one(&app, Heads::Paced).await.expect("a look");
            if check(&app).await.unsigned == 0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let report = check(&app).await;
        assert_eq!((report.fault, report.unsigned), (None, 0), "{}", test.engine);
        assert_eq!(report.heads as i64, signed + 1, "{}", test.engine);
    }
}

#[tokio::test]
async fn a_log_from_before_there_were_tiles_gets_them_and_goes_on() {
    for test in databases("older") {
        let app = platform(&test, &[crate::MIGRATIONS]).await;
        many(&app, 300).await;
        tamper(&test, "DELETE FROM journal_tile;");
        let fault = check(&app).await.fault.unwrap_or_default();
        assert!(fault.contains("tile 0/000 is missing"), "{}: {fault}", test.engine);
        write(&app, entry(&app, "升级之后")).await;
        while app
            .db
            .read(|tx| tx.query("SELECT entry_id FROM journal_pending", &[]))
            .await
            .is_ok_and(|rows| !rows.is_empty())
        {
            sequence(&app).await.expect("a round");
        }
        let report = check(&app).await;
        assert_eq!((report.fault, report.entries, report.tiles), (None, 301, 3), "{}", test.engine);
    }
}

#[tokio::test]
async fn heads_from_before_the_head_before_was_signed_still_hold_but_not_after_one_that_says_it() {
    for test in databases("chained") {
        let (app, _) = filled(&test).await;
        keep_copy(&test);
        let older = async |size: i64| {
            let sql = "SELECT signed FROM journal_head WHERE size = $1";
            let read = app.db.read(move |tx| tx.one(sql, &[v(size)])?.get::<String>(0)).await;
            let head =
                TreeHead::read(&read.map_err(|e: DbError| e).expect("a head")).expect("read");
            let note = app.keys.sign_head(&TreeHead { previous: None, ..head }).expect("signed");
            tamper(
                &test,
                &format!("UPDATE journal_head SET signed = '{note}' WHERE size = {size}"),
            );
        };
        older(3).await;
        older(6).await;
        assert_eq!(check(&app).await.fault, None, "{}", test.engine);
        restore(&test);
        older(6).await;
        let fault = check(&app).await.fault.unwrap_or_default();
        assert!(fault.contains("size 6 names another head before it"), "{} {fault}", test.engine);
    }
}
