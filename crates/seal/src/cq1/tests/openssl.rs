//! Interoperation with OpenSSL's command line, in both directions, for each role's identifier.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cq1::world::*;
use crate::cq1::*;
use crate::sm2::{Signature, SignerId, VerifyingKey};

/// Not there: skipped with a message, but never in CI.
fn openssl_is_here() -> bool {
    let here =
        Command::new("openssl").arg("version").output().is_ok_and(|run| run.status.success());
    assert!(here || std::env::var_os("CI").is_none(), "openssl is missing: run scripts/install.sh");
    if !here {
        eprintln!("SKIPPED: no openssl command; scripts/install.sh installs it");
    }
    here
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("seal-cq1-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a temporary folder");
    folder
}

fn run(folder: &Path, arguments: &str) -> bool {
    let run = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output();
    run.expect("openssl starts").status.success()
}

fn distid(role: SignerId) -> String {
    format!("-rawin -digest sm3 -pkeyopt distid:{}", role.0)
}

fn number(half: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = half.iter().copied().skip_while(|byte| *byte == 0).collect();
    let pad = digits.first().is_none_or(|byte| byte & 0x80 != 0);
    let body: Vec<u8> = pad.then_some(0).into_iter().chain(digits).collect();
    [vec![2, body.len() as u8], body].concat()
}

fn der(signature: &[u8]) -> Vec<u8> {
    let body = [number(&signature[..32]), number(&signature[32..])].concat();
    [vec![0x30, body.len() as u8], body].concat()
}

fn from_der(der: &[u8]) -> Signature {
    let (mut signature, mut rest) = ([0u8; 64], &der[2..]);
    for half in signature.chunks_mut(32) {
        let (body, after) = rest[2..].split_at(usize::from(rest[1]));
        let digits: Vec<u8> = body.iter().copied().skip_while(|byte| *byte == 0).collect();
        half[32 - digits.len()..].copy_from_slice(&digits);
        rest = after;
    }
    signature
}

/// SubjectPublicKeyInfo of an SM2 key: a fixed header, then the uncompressed point.
fn spki(key: &VerifyingKey) -> Vec<u8> {
    let header = hex("3059301306072a8648ce3d020106082a811ccf5501822d034200");
    [header, key.to_bytes()].concat()
}

fn hex(digits: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("digits");
    (0..digits.len()).step_by(2).map(byte).collect()
}

fn openssl_takes(folder: &Path, key: &VerifyingKey, role: SignerId, signed: &[u8]) -> bool {
    let (message, signature) = signed.split_at(signed.len() - 64);
    fs::write(folder.join("key.der"), spki(key)).expect("written");
    fs::write(folder.join("message"), message).expect("written");
    fs::write(folder.join("signature"), der(signature)).expect("written");
    let key = "-verify -pubin -keyform DER -inkey key.der";
    run(folder, &format!("pkeyutl {key} -in message -sigfile signature {}", distid(role)))
}

#[test]
fn openssl_takes_each_of_our_signatures_in_its_role_and_in_no_other() {
    if !openssl_is_here() {
        return;
    }
    let folder = folder("ours");
    let code_bytes = signed(&code(credential(Kind::Displayed)));
    let base = status_state();
    let next = StatusState { serial: 101, suspended: vec![42], ..base.clone() };
    let delta = StatusDelta::between(&base, &next).expect("a delta");
    let delta = delta.with_signature(&status_key().sign(&delta.signed_bytes()));
    let all: [(_, _, Vec<u8>); 6] = [
        (root().verifying(), SignerId::CQ1_ROOT, signed_keys(&key_list_body())),
        (issuer(1).verifying(), SignerId::CQ1_ISSUER, code_bytes[..CREDENTIAL_LEN].to_vec()),
        (holder(Kind::Displayed).verifying(), SignerId::CQ1_HOLDER, code_bytes.to_vec()),
        (holder(Kind::Emergency).verifying(), SignerId::CQ1_EMERGENCY, book(1)[0].to_vec()),
        (status_key().verifying(), SignerId::CQ1_STATUS, signed_status(&base)),
        (status_key().verifying(), SignerId::CQ1_STATUS, delta),
    ];
    for (key, role, mut signed) in all {
        assert!(openssl_takes(&folder, &key, role, &signed), "{}", role.0);
        assert!(!openssl_takes(&folder, &key, SignerId::DEFAULT, &signed), "{}", role.0);
        signed[9] ^= 1;
        assert!(!openssl_takes(&folder, &key, role, &signed), "bent: {}", role.0);
    }
    fs::remove_dir_all(folder).expect("removed");
}

/// Issuer and holder keys made by OpenSSL, signatures made by OpenSSL, judged by us.
#[test]
fn a_code_made_by_openssl_alone_is_accepted() {
    if !openssl_is_here() {
        return;
    }
    let folder = folder("theirs");
    let make = |name: &str, role| {
        assert!(run(&folder, &format!("genpkey -algorithm SM2 -out {name}.pem")));
        assert!(run(&folder, &format!("pkey -in {name}.pem -pubout -outform DER -out {name}.der")));
        let der = fs::read(folder.join(format!("{name}.der"))).expect("a public key");
        let key = VerifyingKey::from_bytes(&der[der.len() - 65..], role).expect("a point");
        key.to_compressed()
    };
    let sign = |name: &str, role, message: &[u8]| {
        fs::write(folder.join("message"), message).expect("written");
        let sign = format!("pkeyutl -sign -inkey {name}.pem -in message -out signature");
        assert!(run(&folder, &format!("{sign} {}", distid(role))));
        from_der(&fs::read(folder.join("signature")).expect("a signature"))
    };
    let mut body = key_list_body();
    body.keys[0].public = make("issuer", SignerId::CQ1_ISSUER);
    let holder = make("holder", SignerId::CQ1_HOLDER);
    let credential = Credential { holder, ..credential(Kind::Displayed) };
    let issuer_signature = sign("issuer", SignerId::CQ1_ISSUER, &credential.signed_bytes());
    let content = Code { issuer_signature, ..code(credential) };
    let bytes =
        content.with_signature(&sign("holder", SignerId::CQ1_HOLDER, &content.signed_bytes()));
    let mut terminal = Terminal::new();
    terminal.keys = keys(&body);
    assert_eq!(terminal.judge(&bytes).map(|accepted| accepted.counter), Ok(17));
    let other = sign("holder", SignerId::CQ1_EMERGENCY, &content.signed_bytes());
    assert_eq!(terminal.judge(&content.with_signature(&other)), Err(Refused::HolderSignature));
    fs::remove_dir_all(folder).expect("removed");
}
