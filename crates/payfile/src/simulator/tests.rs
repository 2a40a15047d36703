//! Whatever the bank does on the way: in the end the reports say what its book says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::contract::{Asked, Batch, LineResult, PayPort, ReportKind, Sent};
use crate::iso::{Profile, Statuses};
use crate::layout::Layout;
use crate::port::file::{FilePort, Format};
use crate::port::http::HttpPort;
use crate::sign::SIGNER;
use crate::testing::{batch, folder};
use seal::sm2::SigningKey;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_secret(&[seed; 32], SIGNER).expect("a key")
}

fn host(folder: &Path, script: &str) -> Arc<Host> {
    let (script, keys) = (script.parse().expect("a script"), vec![key(1).verifying()]);
    Host::open("CQ01", key(2), keys, script, &folder.join("bank/book.jsonl")).expect("a book")
}

fn port(folder: &Path, format: Format) -> FilePort {
    let keys = vec![key(2).verifying()];
    FilePort::new(folder.to_owned(), "CQ01", format, "", key(1), keys).expect("a port")
}

fn profile() -> Profile {
    let name = || "重庆市财政局".to_owned();
    Profile { initiator: name(), debtor: name(), cnaps: "102653000013".to_owned() }
}

fn batches(seed: u32) -> Vec<Batch> {
    let named = |n: u32| {
        let mut batch = Batch { id: format!("b{seed}-{n}"), ..batch(40) };
        for order in &mut batch.orders {
            order.reference = format!("s{seed}n{n}x{}", order.seq);
        }
        batch
    };
    (0..3).map(named).collect()
}

/// What a careful payer knows at last: the sums that are paid. The word of a statement is the last.
#[derive(Default)]
struct Payer {
    paid: BTreeMap<String, i64>,
    told: BTreeSet<String>,
    refused: BTreeSet<String>,
}

impl Payer {
    /// Takes in what a port has; whether there was anything.
    fn round(&mut self, port: &dyn PayPort) {
        let Ok(mut reports) = port.collect() else { return };
        reports.sort_by_key(|report| report.kind == ReportKind::Statement);
        for report in reports {
            let last = report.kind == ReportKind::Statement;
            if last {
                self.told.insert(report.batch.clone());
            }
            let known = self.told.contains(&report.batch) && !last;
            for (reference, fen, result) in report.lines.iter().filter(|_| !known) {
                match result {
                    _ if reference.starts_with("zz") => None,
                    LineResult::Paid { .. } => self.paid.insert(reference.clone(), *fen),
                    LineResult::Returned { .. } => self.paid.remove(reference),
                    LineResult::Pending => None,
                };
            }
            let _ = port.settle(&report, &[]);
        }
    }

    fn send(&mut self, port: &dyn PayPort, batch: &Batch) {
        for _ in 0..100 {
            match port.send(batch) {
                Sent::Taken => return,
                Sent::Refused(..) => {
                    self.refused.insert(batch.id.clone());
                    return;
                }
                Sent::Unknown(_) => {}
            }
        }
        panic!("a hundred times no sure answer");
    }
}

fn files(format: &str) -> (Format, Files) {
    match Layout::shipped(format) {
        Some(layout) => {
            let codes = crate::codes::Codes::shipped("plain").expect("shipped");
            (Format::Text(layout.clone(), codes), Files::Text(layout))
        }
        None => (Format::Iso(profile(), Statuses::shipped()), Files::Iso),
    }
}

#[test]
fn over_files_the_last_word_is_what_the_bank_really_paid() {
    let mut moved = BTreeSet::new();
    for (number, format) in
        ["bar", "fixed", "caret-fen", "iso"].into_iter().cycle().take(24).enumerate()
    {
        let place = folder(&format!("files-{number}"));
        let (ours, theirs) = files(format);
        let port = port(&place, ours);
        let host =
            host(&place, &format!("seed:{number},fail=10,bounce=10,lie=10,amount=10,refuse=20"));
        let desk = Folder::new(host, &place, theirs);
        let mut payer = Payer::default();
        for batch in batches(number as u32) {
            assert_eq!(port.query(&batch.id), Asked::NeverSeen);
            payer.send(&port, &batch);
            assert_eq!(port.query(&batch.id), Asked::InProgress);
            assert_eq!(port.send(&batch), Sent::Taken, "the same again is the same batch");
        }
        for _ in 0..30 {
            desk.step().expect("a round");
            payer.round(&port);
        }
        let really = open_book(&place.join("bank/book.jsonl")).expect("a book");
        assert_eq!(payer.paid, really, "{format} {number}");
        moved.insert(really.len());
        assert!(crate::port::folder::done_names(&place.join("in")).expect("read").is_empty());
        for batch in batches(number as u32) {
            assert!(matches!(port.query(&batch.id), Asked::Reports(_)), "{format} {number}");
        }
        std::fs::remove_dir_all(place).expect("removed");
    }
    assert!(moved.len() > 5, "the seeds tell different stories: {moved:?}");
}

/// What is sent and what the simulated bank tells, one message of each kind. With `YIKATONG_ISO_SAMPLES` they
/// are left in that folder, where `scripts/iso20022.sh` holds them against the schemas of the standard.
#[test]
fn iso_samples_of_each_kind_are_made_and_read() {
    let place = folder("iso-samples");
    let (ours, theirs) = files("iso");
    let port = port(&place, ours);
    let desk = Folder::new(host(&place, "seed:3,only,fail=20,bounce=20"), &place, theirs);
    let mut samples: BTreeMap<String, String> = BTreeMap::new();
    for batch in batches(77) {
        assert_eq!(port.send(&batch), Sent::Taken);
    }
    let mut keep = |folder: &str| {
        for entry in std::fs::read_dir(place.join(folder)).expect("read") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|end| end == "xml") {
                let name = path.file_name().expect("a name").to_string_lossy().into_owned();
                samples.insert(name, std::fs::read_to_string(&path).expect("UTF-8"));
            }
        }
    };
    keep("out");
    let mut payer = Payer::default();
    for _ in 0..30 {
        desk.step().expect("a round");
        keep("in");
        payer.round(&port);
    }
    // A notification tells what a statement does, without balances.
    let statement = samples.values().find(|text| text.contains("camt.053")).expect("a statement");
    let (before, rest) = statement.split_once("<Bal>").expect("balances");
    let (_, after) = rest.rsplit_once("</Bal>").expect("balances");
    let notification = format!("{before}{after}")
        .replace("camt.053.001.08", "camt.054.001.08")
        .replace("BkToCstmrStmt>", "BkToCstmrDbtCdtNtfctn>")
        .replace("Stmt>", "Ntfctn>");
    let read = crate::iso::read_message(notification.as_bytes(), &Statuses::shipped());
    assert!(read.is_ok(), "{read:?}");
    samples.insert("notification.xml".to_owned(), notification);
    for kind in ["pain.001.001.09", "pain.002.001.10", "camt.053.001.08", "camt.054.001.08"] {
        assert!(samples.values().any(|text| text.contains(kind)), "{kind}");
    }
    if let Some(folder) = std::env::var_os("YIKATONG_ISO_SAMPLES") {
        for (name, text) in &samples {
            std::fs::write(Path::new(&folder).join(name), text).expect("written");
        }
    }
    std::fs::remove_dir_all(place).expect("removed");
}

#[test]
fn over_http_silence_and_half_answers_are_unknown_and_the_last_word_is_the_books() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut unknown = 0;
    for seed in 0..6u32 {
        let place = folder(&format!("http-{seed}"));
        let host =
            host(&place, &format!("seed:{seed},refuse=30,silence=30,truncate=20,restart=30"));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        runtime.spawn(web::serve(listener, host));
        let port = HttpPort::new(
            &address,
            "CQ01",
            Duration::from_secs(5),
            key(1),
            vec![key(2).verifying()],
        )
        .expect("a port");
        let mut payer = Payer::default();
        for batch in batches(seed) {
            let never = (0..100).map(|_| port.query(&batch.id)).find(|asked| match asked {
                Asked::Unknown(_) => {
                    unknown += 1;
                    false
                }
                _ => true,
            });
            assert_eq!(never, Some(Asked::NeverSeen));
            payer.send(&port, &batch);
        }
        for _ in 0..60 {
            payer.round(&port);
        }
        let really = open_book(&place.join("bank/book.jsonl")).expect("a book");
        assert_eq!(payer.paid, really, "{seed}");
        for batch in batches(seed) {
            let paid = batch.orders.iter().any(|order| really.contains_key(&order.reference));
            assert_ne!(paid, payer.refused.contains(&batch.id), "refused or paid, not both");
        }
        std::fs::remove_dir_all(place).expect("removed");
    }
    assert!(unknown > 0, "the scripts have some silence");
}

#[test]
fn a_book_that_was_cut_at_any_byte_opens_with_what_was_whole() {
    let place = folder("book");
    let path = place.join("book.jsonl");
    let script = "seed:5,bounce=50".parse().expect("a script");
    let mut book = Book::open(&path).expect("made");
    let all = batches(9);
    for batch in &all {
        assert!(book.take(batch, &script).expect("written"));
    }
    let paid = book.paid();
    assert!(!paid.is_empty());
    drop(book);
    let bytes = std::fs::read(&path).expect("read");
    for cut in (0..bytes.len()).step_by(311) {
        std::fs::write(&path, &bytes[..cut]).expect("cut");
        let mut book = Book::open(&path).expect("opened");
        assert!(book.paid().len() <= paid.len());
        for batch in &all {
            assert!(book.take(batch, &script).expect("written"));
        }
        assert_eq!(book.paid(), paid, "cut at {cut}");
    }
    let other = Batch { orders: all[1].orders.clone(), ..all[0].clone() };
    let mut book = Book::open(&path).expect("opened");
    assert!(!book.take(&other, &script).expect("read"), "another content under a known id");
    assert_eq!(book.paid(), paid);
    let mut broken = bytes.clone();
    broken[100] ^= 1;
    std::fs::write(&path, &broken).expect("bent");
    assert!(Book::open(&path).is_err(), "a book that was bent is not opened");
}

#[test]
fn scripts_are_read_strictly() {
    for bad in ["", "seed:", "seed:x", "seed:1,", "seed:1,fail", "seed:1,fail=101", "seed:1,x=1"] {
        assert!(bad.parse::<Script>().is_err(), "{bad}");
    }
    let script: Script = "seed:1,only,fail=100".parse().expect("a script");
    assert!(script.does(script::Act::Fail, "x") && !script.does(script::Act::Silence, "x"));
    assert!("good".parse::<Script>().is_ok());
}
