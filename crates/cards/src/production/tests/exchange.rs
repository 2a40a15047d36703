//! Files in folders.

use std::fs;
use std::path::PathBuf;

use super::{House, back, good, houses};
use crate::production::rules::{BatchState, LineEvent, Stage};
use crate::production::service::batches;
use crate::production::service::exchange::{self, PARTNERS, Rounded};

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
