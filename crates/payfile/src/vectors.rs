//! The examples of `docs/pay-port.md` are what this program writes and reads.

use seal::sm2::SigningKey;

use crate::codes::{Codes, Meaning};
use crate::contract::{LineResult, Reason, ReportKind};
use crate::iso::{Profile, Statuses, write_pain001};
use crate::layout::Layout;
use crate::port::wire;
use crate::sign::{self, SIGNER};
use crate::testing::batch;
use crate::text::{ReportHead, ReportLine, read_report, write_batch, write_report};

const PAGE: &str = include_str!("../../../docs/pay-port.md");

fn key() -> SigningKey {
    SigningKey::from_secret(&[1; 32], SIGNER).expect("a key")
}

fn text_of(bytes: &[u8]) -> String {
    encoding_rs::GB18030.decode(bytes).0.replace("\r\n", "\n")
}

fn orders(layout: &str) -> Vec<u8> {
    let layout = Layout::shipped(layout).expect("shipped");
    write_batch(Vec::new(), &layout, &batch(2)).expect("written")
}

fn report() -> Vec<u8> {
    let layout = Layout::shipped("bar").expect("shipped");
    let head = ReportHead {
        report: "R20261123-7".to_owned(),
        kind: ReportKind::Result,
        batch: batch(2).id,
        bank: "CQ01".to_owned(),
        verdict: String::new(),
        date: "2026-11-23".to_owned(),
    };
    let line = |seq: usize, code: &str, bank_ref: &str| ReportLine {
        seq: seq as u32,
        reference: batch(2).orders[seq - 1].reference.clone(),
        fen: batch(2).orders[seq - 1].fen,
        code: code.to_owned(),
        bank_ref: bank_ref.to_owned(),
        at: 1_795_399_200_000_000,
    };
    let lines = [line(1, "paid", "B77001"), line(2, "name-mismatch", "")];
    write_report(Vec::new(), &layout, &head, &lines).expect("written")
}

fn examples() -> Vec<(&'static str, String)> {
    let bar = orders("bar");
    let (digest, length) = sign::digest(&bar[..]).expect("read");
    let name = "ORD_CQ01_b2026110001.txt";
    let signature = sign::signature_file(&key(), name, &digest, length);
    let profile = Profile {
        initiator: "重庆市社会保障卡一卡通服务平台".to_owned(),
        debtor: "重庆市财政局".to_owned(),
        cnaps: "102653000013".to_owned(),
    };
    let pain001 = write_pain001(Vec::new(), &profile, &batch(2)).expect("written");
    let nonce = "000102030405060708090a0b0c0d0e0f";
    let path = "/batches/b2026110001";
    let request = wire::request_text("GET", path, "1795399200", nonce, b"");
    let body = r#"{"result":"never-seen","batch":"b2026110001"}"#;
    let answer = wire::answer_text(404, path, nonce, body.as_bytes());
    vec![
        ("bar orders", text_of(&bar)),
        ("bar orders in bytes", hex::encode(&bar[..bar.len().min(96)])),
        ("signature", signature),
        ("public key", hex::encode(key().verifying().to_compressed())),
        ("caret-fen orders", text_of(&orders("caret-fen"))),
        ("bar report", text_of(&report())),
        ("pain.001", String::from_utf8(pain001).expect("UTF-8")),
        ("request", request.clone()),
        ("signature of the request", hex::encode(key().sign(request.as_bytes()))),
        ("body of the answer", body.to_owned()),
        ("answer", answer.clone()),
        ("signature of the answer", hex::encode(key().sign(answer.as_bytes()))),
    ]
}

#[test]
fn the_page_shows_what_is_written() {
    for (what, text) in examples() {
        let block = format!("```text\n{}\n```", text.trim_end());
        assert!(PAGE.contains(&block), "{what} is not on the page as:\n{block}\n");
    }
}

#[test]
fn the_example_of_a_report_means_what_the_page_says() {
    let layout = Layout::shipped("bar").expect("shipped");
    let codes = Codes::shipped("plain").expect("shipped");
    let report = read_report(&report()[..], &layout, &codes, [0; 32]).expect("read");
    assert!(
        matches!(&report.lines[0].2, LineResult::Paid { bank_ref, .. } if bank_ref == "B77001")
    );
    let returned = &report.lines[1].2;
    assert!(matches!(returned, LineResult::Returned { reason: Reason::NameMismatch, .. }));
}

#[test]
fn the_page_names_all_layouts_reasons_and_codes() {
    let named = |word: &str| PAGE.contains(&format!("`{word}`"));
    assert!(Layout::names().all(named));
    assert!(Reason::ALL.iter().all(|reason| named(reason.code())));
    let statuses = Statuses::shipped();
    for code in statuses.transaction.keys().chain(statuses.reason.keys()) {
        assert!(named(code), "{code}");
    }
    let numbers = Codes::shipped("numbers").expect("shipped");
    assert!(numbers.line.keys().all(|code| named(code)));
    assert!(numbers.line.values().any(|meaning| *meaning == Meaning::Good));
}
