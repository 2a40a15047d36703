//! Files in folders.

use std::fs;
use std::path::PathBuf;

use kernel::db::v;
use kernel::id::Id;
use kernel::time::Utc;

use super::{House, back, good, houses};
use crate::production::rules::{BatchState, LineEvent, Stage};
use crate::production::service::exchange::{self, PARTNERS, Rounded};
use crate::production::service::{batches, delivery};

fn files_in(house: &House, stage: Stage, folder: &str) -> Vec<PathBuf> {
    let place = exchange::folder(&house.app).join(stage.code()).join(folder);
    let Ok(entries) = fs::read_dir(place) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    paths.sort();
    paths
}

async fn round(house: &House) -> Rounded {
    exchange::round(&house.app).await.expect("a round")
}

#[tokio::test]
async fn partners_work_through_their_folders_without_a_hand() {
    for house in houses("prod_folders").await {
        house.apply(0, 3).await;
        let id = house.gather().await.expect("gathered").id;
        batches::send(&house.app, &house.clerk, id).await.expect("sent");
        assert_eq!(round(&house).await.exported, 1, "for the bank");
        for stage in PARTNERS {
            let out = files_in(&house, stage, "out");
            let answer = back(&fs::read(&out[0]).expect("read"), good);
            let inbox = exchange::folder(&house.app).join(stage.code()).join("in");
            fs::write(inbox.join("half.part"), b"half").expect("written");
            fs::write(inbox.join("answer.txt"), &answer).expect("written");
            fs::write(inbox.join("again.txt"), &answer).expect("written");
            let done = round(&house).await;
            assert_eq!((done.taken, done.refused), (2, 0), "{stage:?} {}", house.engine);
            // The outlet has no folder: its list is on the page.
            assert_eq!((done.sent, done.exported), (1, usize::from(stage != Stage::Keys)));
            assert_eq!(files_in(&house, stage, "done").len(), 2);
            assert_eq!(files_in(&house, stage, "in").len(), 1, "half a file is left alone");
        }
        let batch = house.batch(id).await;
        assert_eq!((batch.stage, batch.state), (Stage::Outlet, BatchState::Out));
    }
}

/// Art. 19, PIPL 51: what a file says stands sealed in the database, is bound to its row, and goes after
/// its time, there and in the folders.
#[tokio::test]
async fn contents_of_files_are_sealed_and_forgotten() {
    for house in houses("prod_sealed").await {
        house.apply(0, 2).await;
        let id = house.gather().await.expect("gathered").id;
        batches::send(&house.app, &house.clerk, id).await.expect("sent");
        round(&house).await;
        let out = fs::read(&files_in(&house, Stage::Bank, "out")[0]).expect("read");
        let inbox = exchange::folder(&house.app).join("bank/in");
        fs::write(inbox.join("answer.txt"), back(&out, good)).expect("written");
        assert_eq!(round(&house).await.taken, 1);

        let read = |tx: &mut kernel::db::Tx<'_>| {
            let sql = "SELECT id, content FROM production_file ORDER BY id";
            let row = |row: &kernel::db::Row| Ok((row.get(0)?, row.get(1)?));
            tx.query(sql, &[])?.iter().map(row).collect::<Result<Vec<_>, kernel::db::DbError>>()
        };
        let stored: Vec<(Id, Option<Vec<u8>>)> = house.app.db.read(read).await.expect("read");
        let sql = "SELECT number FROM person";
        let numbers = house.app.db.read(move |tx| {
            let rows = tx.query(sql, &[])?;
            rows.iter().map(|row| row.get::<String>(0)).collect::<Result<Vec<_>, _>>()
        });
        let numbers = numbers.await.expect("read");
        let tells = |bytes: &[u8]| {
            numbers.iter().any(|n| bytes.windows(n.len()).any(|part| part == n.as_bytes()))
        };
        assert!(stored.len() >= 2 && tells(&out), "the file itself names people");
        for (_, content) in &stored {
            assert!(!tells(content.as_ref().expect("kept")), "{}", house.engine);
        }
        // Whoever can write to the database cannot put one file's content in another's place.
        let (first, other) = (stored[0].0, stored[1].0);
        let moved = "UPDATE production_file SET content =
                         (SELECT content FROM production_file WHERE id = $1) WHERE id = $2";
        let moved =
            house.app.db.housekeeping(move |tx| tx.execute_one(moved, &[v(other), v(first)]));
        moved.await.expect("moved");
        let opened = crate::production::service::file(&house.app, &house.clerk, first).await;
        assert_eq!(opened.expect_err("not its own").status, 500);
        crate::production::service::file(&house.app, &house.clerk, other).await.expect("its own");

        assert_eq!(delivery::erase_old_files(&house.app).await.expect("run"), 0, "not old yet");
        let done = files_in(&house, Stage::Bank, "done").remove(0);
        let name = done.file_name().expect("a name").to_string_lossy().into_owned();
        let year_ago = Utc::now().plus_seconds(-366 * 86_400).0;
        let aged = format!("{year_ago}-{}", name.split_once('-').expect("stamped").1);
        fs::rename(&done, done.with_file_name(aged)).expect("renamed");
        let sql = "UPDATE production_file SET made_at = $1";
        let age = house.app.db.housekeeping(move |tx| {
            tx.execute("UPDATE production_batch SET state = 'done'", &[])?;
            tx.execute(sql, &[v(year_ago)])
        });
        let files = age.await.expect("aged");
        let erased = delivery::erase_old_files(&house.app).await.expect("run");
        assert_eq!(erased, files + 1, "{}", house.engine);
        assert!(files_in(&house, Stage::Bank, "done").is_empty());
        let left: Vec<(Id, Option<Vec<u8>>)> = house.app.db.read(read).await.expect("read");
        assert!(left.iter().all(|(_, content)| content.is_none()));
    }
}

#[tokio::test]
async fn an_answer_with_faults_is_put_aside_with_its_faults() {
    let house = houses("prod_faults").await.remove(0);
    house.apply(0, 2).await;
    let id = house.gather().await.expect("gathered").id;
    batches::send(&house.app, &house.clerk, id).await.expect("sent");
    round(&house).await;
    let out = fs::read(&files_in(&house, Stage::Bank, "out")[0]).expect("read");
    let mut answer = back(&out, |_| LineEvent::Fail);
    answer.pop();
    let inbox = exchange::folder(&house.app).join("bank/in");
    fs::write(inbox.join("bent.txt"), &answer).expect("written");
    let done = round(&house).await;
    assert_eq!((done.taken, done.refused), (0, 1));
    let refused = files_in(&house, Stage::Bank, "refused");
    let told = refused.iter().find(|path| path.extension().is_some_and(|e| e == "faults"));
    let told = fs::read_to_string(told.expect("faults")).expect("read");
    assert!(told.starts_with("1|") && told.contains("SM3"), "{told}");
    assert_eq!(house.batch(id).await.state, BatchState::Out);
    assert_eq!(round(&house).await, Rounded::default(), "nothing is done twice");
}
