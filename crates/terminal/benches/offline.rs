//! `cargo bench -p terminal`: how long a terminal takes without a network from the text of a code to the
//! yes, with the use on disk. Once on the disk, beside what cannot be avoided there (a bare SM2
//! verification and a raw write with sync), and once in memory, where a sync costs nothing: what is left
//! is our own work. Aim: 99 of 100 under 2 ms beside the scan.
//!
//! `TERMINAL_BENCH_RUNS` sets another number than 1,000; the folders are that of cargo's target and
//! `/dev/shm`.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use seal::cq1::{Code, Credential, CredentialCache, Kind};
use terminal::device::Device;
use terminal::items::{Item, ItemList, Limits};
use terminal::offline::judge;
use terminal::store::Store;
use terminal::vault::Vault;

#[allow(dead_code, missing_docs)]
#[path = "../../seal/src/cq1/world.rs"]
mod world;

const NOW: i64 = world::NOW as i64;
const BUS: &str = "CQ-TR-001";

fn main() {
    // `cargo test --benches` starts this as well; a measurement there would only cost time.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runs = std::env::var("TERMINAL_BENCH_RUNS").ok().and_then(|runs| runs.parse().ok());
    let runs = runs.unwrap_or(1_000u32);
    let disk = Path::new(env!("CARGO_TARGET_TMPDIR")).join("terminal-bench");
    measure("on the disk", &disk, runs);
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        let folder = memory.join(format!("terminal-bench-{}", std::process::id()));
        measure("in memory: our own work", &folder, runs);
    }
}

fn measure(title: &str, folder: &Path, runs: u32) {
    let _ = std::fs::remove_dir_all(folder);
    let mut store = store(folder);
    let fresh: Vec<String> = (0..runs).map(|number| code(u64::from(number) + 1, 1)).collect();
    let again: Vec<String> = (0..runs).map(|number| code(u64::MAX, number + 1)).collect();
    // One after the other in small turns, so that a disturbance of the machine hits all of them.
    let (mut cold, mut cached, mut floor) = (Vec::new(), Vec::new(), Vec::new());
    let mut cache = CredentialCache::new(64).with_tables(64);
    let mut raw = std::fs::File::create(folder.join("raw")).expect("a file");
    let holder = world::holder(Kind::Displayed);
    let signature = holder.sign(&[7; 131]);
    for (fresh, again) in fresh.iter().zip(&again) {
        cold.push(timed(|| pass(&mut store, &mut cache, fresh)));
        cached.push(timed(|| pass(&mut store, &mut cache, again)));
        floor.push(timed(|| {
            assert!(holder.verifying().verifies(&[7; 131], &signature));
            raw.write_all(&[7; 700]).and_then(|()| raw.sync_data()).expect("written");
        }));
    }
    println!("{title}");
    let base = quantile(&mut floor, 0.5);
    for (name, times) in [
        ("bare SM2 verification + raw write with sync", &mut floor),
        ("first code of a credential", &mut cold),
        ("further code of a credential", &mut cached),
    ] {
        let (half, most) = (quantile(times, 0.5), quantile(times, 0.99));
        let ratio = half.as_secs_f64() / base.as_secs_f64();
        println!("  {name:45} p50 {half:>9.2?}  p99 {most:>9.2?}  ratio of p50 {ratio:.2}");
    }
    let _ = std::fs::remove_dir_all(folder);
}

fn pass(store: &mut Store, cache: &mut CredentialCache, text: &str) {
    judge(store, cache, BUS, text, 0, NOW).expect("a good code passes");
}

fn timed(once: impl FnOnce()) -> Duration {
    let began = Instant::now();
    once();
    began.elapsed()
}

fn quantile(times: &mut [Duration], share: f64) -> Duration {
    times.sort_unstable();
    times[((times.len() - 1) as f64 * share) as usize]
}

fn code(credential: u64, counter: u32) -> String {
    let id = credential.to_be_bytes();
    let credential = Credential { id, ..world::credential(Kind::Displayed) };
    Code::text(&world::signed(&Code { counter, ..world::code(credential) }))
}

fn store(folder: &Path) -> Store {
    let device = Device {
        server: "http://127.0.0.1:9".into(),
        id: "bench".into(),
        token: String::new(),
        token_until: NOW,
        region: "500000".into(),
        root: world::root().verifying().to_compressed().to_vec(),
        place: String::new(),
        org: String::new(),
        secret: vec![1; 32].into(),
    };
    let item = Item {
        code: BUS.into(),
        version: 1,
        name_zh: "公交乘车".into(),
        name_en: "Bus".into(),
        level: "code".into(),
        capability: "transit".into(),
        scene: 3,
        joint: false,
        groups: Vec::new(),
        groups_zh: Vec::new(),
        offline: Limits { count: u32::MAX, list_s: 86_400, emergency: false },
        from: "2026-01-01".into(),
        until: None,
    };
    let items = ItemList { serial: 1, issued_at: NOW, items: vec![item], confirmed_at: NOW };
    let mut store =
        Store::create(Vault::open(folder, None).expect("a vault"), &device).expect("a store");
    store.put_keys(&world::signed_keys(&world::key_list_body())).expect("keys");
    store.put_status(&world::signed_status(&world::status_state()), NOW).expect("status");
    store.put_items(items).expect("items");
    store
}
