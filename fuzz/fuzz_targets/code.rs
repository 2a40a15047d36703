//! The card code CQ1: whatever is shown, a terminal says yes to nothing but what was signed.
#![no_main]

#[allow(dead_code)]
#[path = "../../crates/seal/src/cq1/world.rs"]
mod world;

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use seal::cq1::{Code, Context, Credential, Kind};

thread_local! {
    static TERMINAL: RefCell<world::Terminal> = RefCell::new(world::Terminal::new());
    static TRUE: [u8; seal::cq1::CODE_LEN] =
        world::signed(&world::code(world::credential(Kind::Displayed)));
}

fuzz_target!(|data: &[u8]| {
    let bytes = match std::str::from_utf8(data).ok().map(Code::bytes) {
        Some(Ok(bytes)) => bytes.to_vec(),
        _ => data.to_vec(),
    };
    let text = String::from_utf8_lossy(data);
    if let Ok(plain) = seal::base45::decode(&text) {
        assert_eq!(seal::base45::decode(&seal::base45::encode(&plain)), Ok(plain));
    }
    let _ = Credential::of_bytes(&bytes);
    if let Ok((code, signature)) = Code::parse(&bytes) {
        assert_eq!(code.with_signature(&signature)[..], bytes[..], "one text for one code");
    }
    // The corpus holds true emergency codes too; those of this target are displayed ones.
    let context = Context { emergency: false, ..world::context() };
    let judged = TERMINAL.with(|terminal| terminal.borrow_mut().judge_in(&bytes, &context));
    TRUE.with(|signed| assert!(judged.is_err() || bytes[..] == signed[..], "a yes to a forgery"));
});
