//! Every parser meets bent files of the committed corpus for some seconds: none panics, and what is
//! read has one form. `SEAL_FUZZ_SECONDS` makes it longer, `SEAL_WRITE_CORPUS=1` writes the corpus.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::base45;
use crate::code::CardCode;
use crate::cq1::world::*;
use crate::cq1::*;
use crate::keystore::SoftKeys;

fn corpus() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus"))
}

fn write_corpus() {
    let base = status_state();
    let next = StatusState { serial: 101, suspended: vec![42, 300], ..base.clone() };
    let delta = StatusDelta::between(&base, &next).expect("a delta");
    let displayed = signed(&code(credential(Kind::Displayed)));
    let empty = StatusState { suspended: vec![], revoked: vec![], ..base.clone() };
    let many =
        StatusState { revoked: (0..900).step_by(3).collect(), suspended: vec![], ..base.clone() };
    let no_keys = KeyListBody { keys: vec![], ..key_list_body() };
    let files: [(&str, Vec<u8>); 10] = [
        ("code-displayed", displayed.to_vec()),
        ("code-emergency", book(1)[0].to_vec()),
        ("code-text", Code::text(&displayed).into_bytes()),
        ("code-ykt1", format!("YKT1:{}", base45::encode(&[1; 40])).into_bytes()),
        ("keys", signed_keys(&key_list_body())),
        ("keys-none", signed_keys(&no_keys)),
        ("status", signed_status(&base)),
        ("status-empty", signed_status(&empty)),
        ("status-many", signed_status(&many)),
        ("status-delta", delta.with_signature(&status_key().sign(&delta.signed_bytes()))),
    ];
    fs::create_dir_all(corpus()).expect("a folder");
    for (name, bytes) in files {
        fs::write(corpus().join(name), bytes).expect("written");
    }
}

/// Meets all parsers. Signatures are made good again where a parser looks at them first.
fn meet(bytes: &[u8], terminal: &Terminal, soft: &SoftKeys) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok((code, signature)) = Code::parse(bytes) {
        assert_eq!(code.with_signature(&signature)[..], *bytes);
    }
    if let Ok(code) = Code::bytes(&text) {
        assert_eq!(Code::text(&code), text);
    }
    if let Ok(plain) = base45::decode(&text) {
        assert_eq!(base45::encode(&plain), text);
    }
    let _ = CardCode::open(&text, soft);
    let body = &bytes[..bytes.len().saturating_sub(64)];
    let again = |role_key: crate::sm2::SigningKey| [body, &role_key.sign(body)].concat();
    if bytes.starts_with(b"CQK1") {
        let list = again(root());
        if let Ok(list) = KeyList::open(&list, &root().verifying()) {
            assert_eq!(list.body().signed_bytes().expect("what was read is good"), body);
        }
    }
    if bytes.starts_with(b"CQS1") {
        let (list, now) = (again(status_key()), i64::from(NOW));
        if let Ok(list) = StatusList::open(&list, &terminal.keys, now) {
            assert_eq!(list.state().signed_bytes().expect("what was read is good"), body);
        }
        if let Ok(list) = terminal.status.updated(&list, &terminal.keys, now) {
            assert!(list.state().signed_bytes().is_ok());
        }
    }
}

#[test]
fn no_parser_panics_and_what_is_read_has_one_form() {
    if std::env::var_os("SEAL_WRITE_CORPUS").is_some() {
        write_corpus();
    }
    let seconds = std::env::var("SEAL_FUZZ_SECONDS").ok().and_then(|s| s.parse().ok());
    let length = Duration::from_secs(seconds.unwrap_or(3));
    let read = |entry: fs::DirEntry| fs::read(entry.path()).expect("a file");
    let mut seeds: Vec<Vec<u8>> = fs::read_dir(corpus())
        .expect("crates/seal/corpus")
        .map(|entry| read(entry.expect("an entry")))
        .collect();
    assert!(seeds.len() >= 10);
    let soft = SoftKeys::parse(&format!("code-1 {}\n", "11".repeat(32))).expect("keys");
    let (terminal, mut dice, began) = (Terminal::new(), Dice(99), Instant::now());
    seeds.iter().for_each(|seed| meet(seed, &terminal, &soft));
    while began.elapsed() < length {
        let (one, two) = (dice.roll(seeds.len()), dice.roll(seeds.len()));
        let mut bent = seeds[one].clone();
        for _ in 0..=dice.roll(3) {
            if !bent.is_empty() {
                bent = dice.bend(&bent, &seeds[two]);
            }
        }
        meet(&bent, &terminal, &soft);
        // Some bent ones go on, so that later ones are bent more than once.
        if seeds.len() < 200 && dice.roll(50) == 0 && bent.len() > 64 {
            seeds.push(bent);
        }
    }
}
