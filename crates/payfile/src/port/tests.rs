//! Ports against a folder or a host that is played by hand.

use std::fs;
use std::path::Path;
use std::time::Duration;

use seal::sm2::SigningKey;

use super::file::{FilePort, Format};
use super::folder::{hand_over, write_whole};
use super::http::HttpPort;
use super::wire;
use super::*;
use crate::contract::{Asked, LineResult, Reason, ReportKind, Sent};
use crate::testing::{batch, folder};
use crate::text::{ReportHead, ReportLine, write_report};

fn key(seed: u8) -> SigningKey {
    SigningKey::from_secret(&[seed; 32], SIGNER).expect("a key")
}

fn layout() -> Layout {
    Layout::shipped("bar").expect("shipped")
}

fn port(folder: &Path) -> FilePort {
    let format = Format::Text(layout(), Codes::shipped("plain").expect("shipped"));
    let keys = vec![key(2).verifying()];
    FilePort::new(folder.to_owned(), "CQ01", format, "", key(1), keys).expect("a port")
}

fn receipt(bank: &str, verdict: &str, lines: &[ReportLine]) -> Vec<u8> {
    let head = ReportHead {
        report: "R1".to_owned(),
        kind: ReportKind::Receipt,
        batch: batch(1).id,
        bank: bank.to_owned(),
        verdict: verdict.to_owned(),
        date: "2026-11-23".to_owned(),
    };
    write_report(Vec::new(), &layout(), &head, lines).expect("written")
}

fn bring(folder: &Path, name: &str, bytes: &[u8], signer: u8) {
    let desk = folder.join("desk");
    write_whole(&desk, name, bytes).expect("written");
    hand_over(&desk.join(name), &folder.join("in"), name, &key(signer)).expect("brought");
}

#[test]
fn a_batch_is_handed_over_once_signed_and_never_as_something_else() {
    let place = folder("handover");
    let (port, batch) = (port(&place), batch(5));
    assert_eq!(port.send(&batch), Sent::Taken);
    let name = "ORD_CQ01_b2026110001.txt";
    let out = place.join("out");
    let bytes = fs::read(out.join(name)).expect("there");
    assert_eq!(crate::text::read_batch(&bytes[..], &layout()), Ok(batch.clone()));
    let checked = super::folder::check(&out.join(name), &[key(1).verifying()]).expect("read");
    assert_eq!(checked.1, Ok(()));
    // The bank took it away: it is not put there again.
    fs::remove_dir_all(&out).expect("taken");
    assert_eq!(port.send(&batch), Sent::Taken);
    assert!(!out.exists());
    let mut other = batch.clone();
    other.orders[0].fen += 1;
    assert!(matches!(port.send(&other), Sent::Unknown(_)), "the first may be paid");
    other.orders[0].fen = 0;
    assert!(matches!(port.send(&other), Sent::Unknown(_)), "the first may be paid");
    let never = crate::Batch { id: "b2".to_owned(), ..other };
    assert!(matches!(port.send(&never), Sent::Refused(Reason::Malformed, _)));
    assert_eq!(port.query("b2"), Asked::NeverSeen);
    let elsewhere = crate::Batch { bank: "CQ02".to_owned(), ..batch };
    assert!(matches!(port.send(&elsewhere), Sent::Refused(..)));
}

#[test]
fn what_was_handed_over_in_part_is_unknown_until_it_is_sent_again() {
    let place = folder("part");
    let (port, batch) = (port(&place), batch(5));
    assert_eq!(port.send(&batch), Sent::Taken);
    let (sent, out) = (place.join("sent"), place.join("out"));
    fs::remove_file(sent.join("ORD_CQ01_b2026110001.txt.handed")).expect("removed");
    fs::remove_file(out.join("ORD_CQ01_b2026110001.txt.done")).expect("removed");
    assert!(matches!(port.query(&batch.id), Asked::Unknown(_)));
    assert_eq!(port.send(&batch), Sent::Taken);
    assert!(out.join("ORD_CQ01_b2026110001.txt.done").exists());
    assert_eq!(port.query(&batch.id), Asked::InProgress);
}

#[test]
fn what_is_unsigned_bent_or_another_banks_is_not_believed_and_put_away() {
    let place = folder("unsigned");
    let port = port(&place);
    port.send(&batch(2));
    let good = receipt("CQ01", "bank-closed", &[]);
    bring(&place, "a_b2026110001_.txt", &good, 3);
    bring(&place, "b.txt", &receipt("CQ02", "taken", &[]), 2);
    bring(&place, "c.txt", &receipt("CQ01", "what?", &[]), 2);
    bring(&place, "d.txt", &good[..good.len() / 2], 2);
    bring(&place, "e.txt", &good, 2);
    fs::write(place.join("in/e.txt"), receipt("CQ01", "taken", &[])).expect("bent");
    bring(&place, "f.txt", &good, 2);
    fs::remove_file(place.join("in/f.txt.sig")).expect("removed");
    bring(&place, "g.txt", &good, 2);
    fs::remove_file(place.join("in/g.txt.done")).expect("not done yet");
    let reports = port.collect().expect("read");
    assert_eq!(reports.iter().filter(|report| report.refusal().is_some()).count(), reports.len());
    assert!(reports.len() >= 5 && reports.iter().all(|report| report.lines.is_empty()));
    assert_eq!(port.query(&batch(1).id), Asked::InProgress, "nothing was believed");
    for report in &reports {
        port.settle(report, &[(7, "of the payer".to_owned())]).expect("settled");
        port.settle(report, &[]).expect("settled again");
    }
    assert!(port.collect().expect("read").is_empty());
    let kept: Vec<String> = fs::read_dir(place.join("archive"))
        .expect("read")
        .map(|entry| entry.expect("read").file_name().into_string().expect("a name"))
        .collect();
    let faults = kept.iter().find(|name| name.ends_with("b.txt.faults")).expect("a fault file");
    let words = fs::read_to_string(place.join("archive").join(faults)).expect("read");
    assert!(words.contains("another bank") && words.contains("7: of the payer"), "{words}");
    assert!(place.join("in/g.txt").exists(), "what is not done stays");
}

#[test]
fn a_refused_batch_is_told_order_by_order_but_a_duplicate_is_not() {
    let place = folder("refused");
    let port = port(&place);
    let batch = batch(3);
    port.send(&batch);
    bring(&place, "RPT_b2026110001_1.txt", &receipt("CQ01", "duplicate-batch", &[]), 2);
    let report = port.collect().expect("read").remove(0);
    assert!(report.lines.is_empty() && report.faults.len() == 1, "{report:?}");
    port.settle(&report, &[]).expect("settled");
    bring(&place, "RPT_b2026110001_2.txt", &receipt("CQ01", "count-mismatch", &[]), 2);
    let report = port.collect().expect("read").remove(0);
    let bank_code = "count-mismatch".to_owned();
    let returned = LineResult::Returned { reason: Reason::CountMismatch, bank_code };
    let orders = batch.orders.iter();
    let expected: Vec<_> = orders.map(|o| (o.reference.clone(), o.fen, returned.clone())).collect();
    assert_eq!(report.lines, expected);
    port.settle(&report, &[]).expect("settled");
    let Asked::Reports(again) = port.query(&batch.id) else { panic!("the archive is asked too") };
    assert!(again.contains(&report));
}

#[test]
fn a_host_that_answers_an_old_or_forged_answer_is_not_believed() {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    // Signs "never seen" for a nonce of its own, or with a wrong key, or rightly.
    let server = std::thread::spawn(move || {
        for way in 0..4 {
            let (stream, _) = listener.accept().expect("a caller");
            let mut reader = BufReader::new(stream);
            let (mut nonce, mut line) = (String::new(), String::new());
            while reader.read_line(&mut line).expect("read") > 2 {
                if let Some(value) = line.strip_prefix("x-payfile-nonce: ") {
                    value.trim().clone_into(&mut nonce);
                }
                line.clear();
            }
            let body = br#"{"result":"never-seen","batch":"b1"}"#;
            let nonce = if way == 0 { "0".repeat(32) } else { nonce };
            let signer = key(if way == 1 { 3 } else { 2 });
            let path = if way == 2 { "/batches/b2" } else { "/batches/b1" };
            let text = wire::answer_text(404, path, &nonce, body);
            let signature = hex::encode(signer.sign(text.as_bytes()));
            let head = format!(
                "HTTP/1.1 404 Not Found\r\ncontent-length: {}\r\nconnection: close\r\n{}: {signature}\r\n\r\n",
                body.len(),
                wire::SIGNATURE
            );
            let stream = reader.get_mut();
            stream.write_all(head.as_bytes()).expect("written");
            stream.write_all(body).expect("written");
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = reader.read_to_end(&mut Vec::new());
        }
    });
    let keys = vec![key(2).verifying()];
    let ask = || {
        let wait = Duration::from_secs(5);
        let port = HttpPort::new(&address, "CQ01", wait, key(1), keys.clone()).expect("a port");
        port.query("b1")
    };
    for _ in 0..3 {
        assert!(matches!(ask(), Asked::Unknown(_)));
    }
    assert_eq!(ask(), Asked::NeverSeen);
    server.join().expect("no panic");
    assert!(matches!(ask(), Asked::Unknown(_)), "nobody answers");
    let elsewhere = HttpPort::new("http://bank.example", "CQ01", Duration::ZERO, key(1), keys);
    assert!(elsewhere.is_err(), "names in the clear");
}

#[test]
fn ports_are_found_by_their_configuration_and_a_broken_one_is_told() {
    let data = folder("config");
    let place = data.join("pay");
    fs::create_dir_all(&place).expect("made");
    fs::write(place.join("our.key"), "07".repeat(32)).expect("written");
    let bank_key = hex::encode(key(2).verifying().to_compressed());
    let write = |way: &str| {
        let text = format!(r#"{{"way":{way},"key_file":"our.key","bank_keys":["{bank_key}"]}}"#);
        fs::write(place.join("CQ01.json"), text).expect("written");
    };
    assert!(find(&data, "CQ02").expect("nothing wrong").is_none());
    assert!(find(&data, "../x").is_err());
    write(r#"{"files":{"folder":"cq01","layout":"fixed"}}"#);
    let port = find(&data, "CQ01").expect("read").expect("configured");
    assert_eq!(port.send(&batch(3)), Sent::Taken);
    assert!(place.join("cq01/out/ORD_CQ01_b2026110001.txt.done").exists());
    write(
        r#"{"iso":{"folder":"iso","profile":{"initiator":"a","debtor":"b","cnaps":"102653000013"}}}"#,
    );
    assert!(find(&data, "CQ01").expect("read").is_some());
    write(r#"{"http":{"address":"http://127.0.0.1:1","timeout":1}}"#);
    assert!(find(&data, "CQ01").expect("read").is_some());
    for bad in [r#"{"files":{"folder":"x","layout":"none"}}"#, r#"{"fax":{}}"#] {
        write(bad);
        assert!(find(&data, "CQ01").is_err(), "{bad}");
    }
}
