//! Texts of ours that come back from outside: signed heads, certificate ids, key files.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seal::sm2::{SignerId, SigningKey};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let key = SigningKey::from_secret(&[7; 32], SignerId::JOURNAL).expect("a key");
    assert!(seal::head::TreeHead::open(text, &key.verifying()).is_err(), "a head nobody signed");
    let _ = seal::id36904::CertificateId::parse(text);
    let _ = seal::keystore::SoftKeys::parse(text);
});
