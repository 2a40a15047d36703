//! Key lists, status lists and their deltas. Half of the inputs get a true signature, so that what
//! stands behind the signature check is reached too.
#![no_main]

#[allow(dead_code)]
#[path = "../../crates/seal/src/cq1/world.rs"]
mod world;

use libfuzzer_sys::fuzz_target;
use seal::cq1::{KeyList, StatusList};

fuzz_target!(|data: &[u8]| {
    let Some((kind, body)) = data.split_first() else { return };
    let signed = |key: &seal::sm2::SigningKey| {
        let mut list = body.to_vec();
        list.extend_from_slice(&key.sign(body).to_vec());
        list
    };
    let keys = world::keys(&world::key_list_body());
    let now = i64::from(world::NOW);
    match kind % 4 {
        0 => drop(KeyList::open(body, &world::root().verifying())),
        1 => drop(KeyList::open(&signed(&world::root()), &world::root().verifying())),
        2 => drop(StatusList::open(&signed(&world::status_key()), &keys, now)),
        _ => {
            let list = world::status(&world::status_state());
            if let Ok(next) = list.updated(&signed(&world::status_key()), &keys, now) {
                assert!(next.state().serial > list.state().serial, "a delta goes forward");
            }
        }
    }
});
