//! The test vectors of `docs/card-code.md`: read out of the document, judged, and made again.

use std::collections::BTreeMap;

use crate::cq1::world::*;
use crate::cq1::*;
use crate::sm2::{SignerId, SigningKey};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/card-code.md");
const BEGIN: &str = "```vectors\n";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(digits: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal");
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// Everything from the fixed keys: a name and a value per line.
fn made() -> String {
    let good = code(credential(Kind::Displayed));
    let (base, keys) = (status_state(), key_list_body());
    let next = StatusState {
        serial: 101,
        issued_s: NOW,
        suspended: vec![42, 300],
        revoked: vec![7, 8, 999],
        ..base.clone()
    };
    let delta = StatusDelta::between(&base, &next).expect("a delta");
    let mut lines = vec![format!("now {NOW}")];
    let secrets: [(&str, SigningKey); 5] = [
        ("root", root()),
        ("issuer-1", issuer(1)),
        ("status", status_key()),
        ("holder", holder(Kind::Displayed)),
        ("one-time", holder(Kind::Emergency)),
    ];
    for (name, key) in secrets {
        lines.push(format!("secret-{name} {}", hex(&*key.secret())));
        lines.push(format!("public-{name} {}", hex(&key.verifying().to_compressed())));
    }
    lines.push(format!("key-list {}", hex(&signed_keys(&keys))));
    lines.push(format!("status-list {}", hex(&signed_status(&base))));
    let signature = status_key().sign(&delta.signed_bytes());
    lines.push(format!("status-delta {}", hex(&delta.with_signature(&signature))));
    lines.push(format!("status-digest {}", hex(&base.digest().expect("a state"))));
    lines.push(format!("credential {}", hex(&signed(&good)[..CREDENTIAL_LEN])));
    lines.push(format!("accepted {}", hex(&signed(&good))));
    lines.push(format!("accepted-text {}", Code::text(&signed(&good))));
    lines.extend(
        book(2).iter().map(|code| format!("accepted-emergency-{} {}", code[128], hex(code))),
    );
    lines.extend(refused(&good).iter().map(|(why, code)| format!("{} {}", why.code(), hex(code))));
    lines.join("\n") + "\n"
}

/// Codes that the terminal of the vectors refuses.
fn refused(good: &Code) -> Vec<(Refused, Vec<u8>)> {
    let of = |change: fn(&mut Code)| {
        let mut code = *good;
        change(&mut code);
        let body = code.credential.signed_bytes();
        code.issuer_signature = issuer(code.credential.key).sign(&body);
        signed(&code).to_vec()
    };
    let bent = |at: usize, with: u8| {
        let mut code = signed(good).to_vec();
        code[at] ^= with;
        code
    };
    let elsewhere = |code: &mut Code| {
        code.credential.region = Region::from_digits("510000").expect("a region");
    };
    vec![
        (Refused::Length, signed(good)[..194].to_vec()),
        (Refused::Version, bent(0, 0x10)),
        (Refused::Encoding, bent(1, 0x0f)),
        (Refused::Region, of(elsewhere)),
        (Refused::IssuerUnknown, of(|code| code.credential.key = 4)),
        (Refused::IssuerRevoked, of(|code| code.credential.key = 3)),
        (Refused::IssuerNotValid, of(|code| code.credential.key = 2)),
        (Refused::CredentialExpired, of(|code| code.credential.expires_s = NOW - 1)),
        (Refused::CredentialTooLong, of(|code| code.credential.expires_s = NOW + 86_403)),
        (Refused::Future, of(|code| code.generated_s = NOW + 3)),
        (Refused::Expired, of(|code| code.generated_s = NOW - 63)),
        (Refused::Capability, of(|code| code.credential.capabilities = Capabilities::LIBRARY)),
        (Refused::Scene, of(|code| code.scene = Scene::Payment)),
        (Refused::StatusUnknown, of(|code| code.credential.status_index = 1_000)),
        (Refused::Suspended, of(|code| code.credential.status_index = 300)),
        (Refused::Revoked, of(|code| code.credential.status_index = 8)),
        (Refused::IssuerSignature, bent(119, 1)),
        (Refused::HolderSignature, bent(194, 1)),
    ]
}

/// The block of the document. `SEAL_WRITE_VECTORS=1` writes it anew.
fn published() -> String {
    let document = std::fs::read_to_string(DOCUMENT).expect("docs/card-code.md");
    let (before, rest) = document.split_once(BEGIN).expect("a block of vectors");
    let (block, after) = rest.split_once("```").expect("its end");
    if std::env::var_os("SEAL_WRITE_VECTORS").is_some() {
        let written = format!("{before}{BEGIN}{}```{after}", made());
        std::fs::write(DOCUMENT, written).expect("written");
        return made();
    }
    block.to_owned()
}

#[test]
fn the_document_shows_what_the_fixed_keys_make() {
    let (published, made) = (published(), made());
    let pairs = published.lines().zip(made.lines());
    pairs.for_each(|(shown, made)| assert_eq!(shown, made));
    assert_eq!(published.lines().count(), made.lines().count());
}

/// Uses nothing but the document and the public functions.
#[test]
fn the_vectors_of_the_document_are_judged_as_it_says() {
    let published = published();
    let lines: Vec<(&str, &str)> =
        published.lines().map(|line| line.split_once(' ').expect("a name and a value")).collect();
    let of: BTreeMap<&str, &str> = lines.iter().copied().collect();
    let root = bytes(of["public-root"]);
    let root = crate::sm2::VerifyingKey::from_bytes(&root, SignerId::CQ1_ROOT).expect("a point");
    let keys = KeyList::open(&bytes(of["key-list"]), &root).expect("a key list");
    let now_s: i64 = of["now"].parse().expect("a number");
    let status = StatusList::open(&bytes(of["status-list"]), &keys, now_s).expect("a status list");
    let context = Context { now_s, ..context() };
    let mut cache = CredentialCache::new(4);
    let mut judged = (0, 0);
    for (name, value) in &lines {
        let mut judge =
            |code: &[u8]| verify_offline(code, &keys, &status, &context, &mut cache).map(drop);
        if *name == "accepted-text" {
            assert_eq!(Code::bytes(value).expect("a text").to_vec(), bytes(of["accepted"]));
        } else if name.starts_with("accepted") {
            assert_eq!(judge(&bytes(value)), Ok(()), "{name}");
            judged.0 += 1;
        } else if name.starts_with("cq1/") {
            assert_eq!(judge(&bytes(value)).map_err(Refused::code), Err(*name));
            judged.1 += 1;
        }
    }
    assert_eq!(judged, (3, 18));
    let after = status.updated(&bytes(of["status-delta"]), &keys, now_s).expect("updated");
    let code = verify_offline(&bytes(of["accepted"]), &keys, &after, &context, &mut cache);
    assert_eq!(code.map(drop), Err(Refused::Suspended));
    assert_eq!(hex(&status.state().digest().expect("a state")), of["status-digest"]);
}
