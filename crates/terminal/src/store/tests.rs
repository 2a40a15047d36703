use std::fs::OpenOptions;
use std::io::Write as _;

use seal::cq1::{StatusDelta, StatusState};

use super::*;
use crate::entry::OK;
use crate::testing::{BUS, Folder, NOW, code, reopened, store};
use crate::world;

fn entry(counter: u32, result: &str) -> Entry {
    Entry {
        seq: 0,
        at: NOW,
        item: BUS.into(),
        item_version: 2,
        result: result.into(),
        code: code(counter),
        status_serial: 100,
        link: String::new(),
    }
}

fn used(folder: &Folder, yes: u32) {
    let mut store = store(folder);
    for counter in 1..=yes {
        assert_eq!(store.append(entry(counter, OK), true).expect("kept"), u64::from(counter));
    }
}

fn open(folder: &Folder) -> Result<Store, StoreError> {
    Store::open(folder.path(), None)
}

#[test]
fn all_is_there_again_after_a_restart() {
    let folder = Folder::new();
    used(&folder, 2);
    let store = reopened(&folder);
    assert_eq!(store.journal().after(0, 9).len(), 2);
    assert_eq!(store.journal().last_counter(&world::credential(seal::cq1::Kind::Displayed).id), 2);
    assert_eq!(store.status().map(|list| list.state().serial), Some(100));
    assert_eq!(store.keys().map(|list| list.body().serial), Some(7));
    assert_eq!(store.items().map(|list| list.serial), Some(4));
    assert_eq!(store.device().token, "ykt_test");
    assert_eq!(store.waiting(), 2);
}

#[test]
fn a_record_torn_by_a_crash_is_cut_off_and_the_journal_goes_on() {
    let folder = Folder::new();
    used(&folder, 2);
    let path = folder.path().join("journal");
    let whole = std::fs::read(&path).expect("a journal");
    let tails: [&[u8]; 4] = [&[0], &[0; 300], &[0, 0, 2, 0, 9, 9, 9], &whole[whole.len() - 700..]];
    for tail in tails {
        std::fs::write(&path, [&whole, tail].concat()).expect("torn");
        let mut store = reopened(&folder);
        assert_eq!(store.journal().seq(), 2, "a tail of {} bytes", tail.len());
        assert_eq!(store.append(entry(3, OK), false).expect("kept"), 3);
        drop(store);
        assert_eq!(reopened(&folder).journal().seq(), 3);
    }
}

#[test]
fn a_crash_at_any_byte_of_the_last_record_loses_nothing_that_was_a_yes() {
    let folder = Folder::new();
    used(&folder, 2);
    let path = folder.path().join("journal");
    let acknowledged = std::fs::read(&path).expect("a journal").len();
    reopened(&folder).append(entry(3, OK), false).expect("written, not acknowledged");
    let whole = std::fs::read(&path).expect("a journal");
    for length in (acknowledged..whole.len()).step_by(37) {
        std::fs::write(&path, &whole[..length]).expect("cut");
        assert_eq!(reopened(&folder).journal().seq(), 2, "cut at {length}");
    }
}

#[test]
fn a_journal_that_lost_an_acknowledged_use_is_refused() {
    let folder = Folder::new();
    used(&folder, 3);
    let path = folder.path().join("journal");
    let whole = std::fs::read(&path).expect("a journal");
    for length in [0, 3, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).expect("cut");
        assert!(matches!(open(&folder), Err(StoreError::Tampered("journal"))), "cut at {length}");
    }
    std::fs::remove_file(&path).expect("removed");
    assert!(matches!(open(&folder), Err(StoreError::Tampered("journal"))));
}

#[test]
fn no_changed_byte_of_any_file_goes_unseen() {
    let folder = Folder::new();
    used(&folder, 3);
    for name in ["device", "keys", "status", "items", "mark", "journal", "check"] {
        let path = folder.path().join(name);
        let whole = std::fs::read(&path).expect("a file");
        for place in (0..whole.len()).step_by(whole.len() / 13 + 1) {
            let mut bent = whole.clone();
            bent[place] ^= 0x20;
            std::fs::write(&path, &bent).expect("bent");
            assert!(open(&folder).is_err(), "{name} at {place}");
        }
        std::fs::write(&path, &whole).expect("as it was");
    }
    assert!(open(&folder).is_ok());
}

#[test]
fn no_removed_file_goes_unseen() {
    let folder = Folder::new();
    used(&folder, 1);
    for name in ["device", "keys", "status", "mark", "journal", "key", "check"] {
        let path = folder.path().join(name);
        let whole = std::fs::read(&path).expect("a file");
        std::fs::remove_file(&path).expect("removed");
        assert!(open(&folder).is_err(), "{name}");
        assert!(open(&folder).is_err(), "{name}, asked twice");
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)
            .and_then(|mut file| file.write_all(&whole))
            .expect("as it was");
        assert!(open(&folder).is_ok(), "{name}");
    }
}

#[test]
fn an_older_list_put_back_is_refused() {
    let folder = Folder::new();
    drop(store(&folder));
    let older = std::fs::read(folder.path().join("status")).expect("a list");
    let mut held = reopened(&folder);
    let next = StatusState { serial: 101, ..world::status_state() };
    held.put_status(&world::signed_status(&next), NOW).expect("newer");
    drop(held);
    std::fs::write(folder.path().join("status"), older).expect("put back");
    assert!(matches!(open(&folder), Err(StoreError::Tampered("status"))));
}

#[test]
fn deltas_are_kept_with_their_list() {
    let folder = Folder::new();
    let mut held = store(&folder);
    let base = world::status_state();
    let next = StatusState { serial: 101, suspended: vec![7, 42, 300], ..base.clone() };
    let delta = StatusDelta::between(&base, &next).expect("a delta");
    let delta = delta.with_signature(&world::status_key().sign(&delta.signed_bytes()));
    held.put_delta(&delta, NOW).expect("taken");
    assert!(matches!(held.put_delta(&delta, NOW), Err(TakeError::List(ListError::Base))));
    drop(held);
    let held = reopened(&folder);
    let status = held.status().expect("held").state();
    assert_eq!((status.serial, status.suspended.as_slice()), (101, &[7, 42, 300][..]));
}

#[test]
fn uploaded_entries_are_left_out_and_nothing_they_taught_is_forgotten() {
    let folder = Folder::new();
    let mut held = store(&folder);
    for counter in 1..=3 {
        held.append(entry(counter, OK), true).expect("kept");
    }
    for _ in 0..2_100 {
        held.append(entry(1, "cq1/replayed"), false).expect("kept");
    }
    held.append(entry(4, OK), true).expect("kept");
    held.accepted(2_103, NOW).expect("uploaded");
    assert_eq!((held.journal().len(), held.waiting()), (1, 1));
    drop(held);
    let mut held = reopened(&folder);
    let credential = world::credential(seal::cq1::Kind::Displayed);
    assert_eq!(held.journal().last_counter(&credential.id), 4);
    assert_eq!(held.journal().uses(BUS, &credential.holder, "2026-03-01"), 4);
    assert_eq!(held.append(entry(5, OK), true).expect("goes on"), 2_105);
    let links = held.journal().after(2_103, 9);
    let before = links[0].link.clone();
    let mut link = [0; 32];
    hex::decode_to_slice(before, &mut link).expect("a link");
    assert_eq!(hex::encode(links[1].link_after(&link)), links[1].link);
}

#[test]
fn more_than_was_ever_written_cannot_have_been_taken() {
    let folder = Folder::new();
    let mut held = store(&folder);
    assert!(matches!(held.accepted(1, NOW), Err(StoreError::Tampered("journal"))));
}
