//! The bank's host as a process of its own, killed at any moment: its book and its reports agree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use payfile::layout::Layout;
use payfile::port::file::{FilePort, Format};
use payfile::sign::SIGNER;
use payfile::{Batch, LineResult, Order, PayPort, ReportKind, Sent};
use seal::sm2::SigningKey;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_secret(&[seed; 32], SIGNER).expect("a key")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn start(place: &Path, script: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_yikatong"))
        .args(["pay-simulator", "--pause", "1", "--script", script, "--folder"])
        .arg(place)
        .arg("--book")
        .arg(place.join("bank/book.jsonl"))
        .arg("--key-file")
        .arg(place.join("bank/key"))
        .args(["--platform-key", &hex(&key(1).verifying().to_compressed())])
        .stdout(Stdio::null())
        .spawn()
        .expect("the simulator starts")
}

fn batch(number: u32) -> Batch {
    let order = |seq: u32| Order {
        seq,
        reference: format!("n{number}x{seq}"),
        account: format!("62{seq:017}"),
        name: "王一凡".to_owned(),
        fen: i64::from(seq) * 10,
        remark: "耕地地力保护补贴".to_owned(),
    };
    Batch {
        id: format!("b{number}"),
        bank: "CQ01".to_owned(),
        payer_account: "5001000099887766".to_owned(),
        date: "2026-11-23".to_owned(),
        orders: (1..=500).map(order).collect(),
    }
}

#[test]
fn a_bank_killed_at_any_moment_tells_in_the_end_what_it_really_paid() {
    let place = std::env::temp_dir().join(format!("pay-simulator-{}", std::process::id()));
    std::fs::create_dir_all(place.join("bank")).expect("a folder");
    std::fs::write(place.join("bank/key"), "02".repeat(32)).expect("written");
    let codes = payfile::codes::Codes::shipped("plain").expect("shipped");
    let format = Format::Text(Layout::shipped("bar").expect("shipped"), codes);
    let keys = vec![key(2).verifying()];
    let port = FilePort::new(place.clone(), "CQ01", format, "", key(1), keys).expect("a port");
    let (mut paid, mut last) = (BTreeMap::new(), BTreeSet::new());
    let count = 12;
    for round in 0..400u32 {
        let mut bank = start(&place, "seed:7,refuse=0,bounce=10,lie=5");
        if round < count {
            assert_eq!(port.send(&batch(round)), Sent::Taken);
        }
        std::thread::sleep(Duration::from_millis(20 + u64::from(round * 37 % 130)));
        bank.kill().expect("killed");
        bank.wait().expect("gone");
        for report in port.collect().expect("read") {
            let is_last = report.kind == ReportKind::Statement;
            for (reference, fen, result) in &report.lines {
                // A statement is the last word; results that come again after it say nothing.
                let stranger = !reference.starts_with('n');
                if !stranger && (is_last || !last.contains(&report.batch)) {
                    match result {
                        LineResult::Paid { .. } => paid.insert(reference.clone(), *fen),
                        LineResult::Returned { .. } => paid.remove(reference),
                        LineResult::Pending => None,
                    };
                }
            }
            if is_last {
                last.insert(report.batch.clone());
            }
            port.settle(&report, &[]).expect("settled");
        }
        if last.len() == count as usize {
            break;
        }
    }
    assert_eq!(last.len(), count as usize, "every batch has its statement");
    let really = payfile::simulator::open_book(&place.join("bank/book.jsonl")).expect("a book");
    assert!(really.len() > 5_000, "most are paid");
    assert_eq!(paid, really);
    std::fs::remove_dir_all(place).expect("removed");
}
