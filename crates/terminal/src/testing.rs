//! Fixtures of this crate's tests: folders, an enrolled terminal, items; codes come from the fixed world
//! of `seal`.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use zeroize::Zeroizing;

use crate::device::Device;
use crate::items::{Item, ItemList, Limits};
use crate::store::Store;
use crate::vault::Vault;
use crate::world;

/// The moment of all tests.
pub const NOW: i64 = world::NOW as i64;
/// Item of a bus door, at most three uses a day without a network.
pub const BUS: &str = "CQ-TR-001";

/// A folder of its own, deleted when dropped.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("yikatong-terminal-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An item of transit, in force since January.
pub fn item() -> Item {
    Item {
        code: BUS.into(),
        version: 2,
        name_zh: "公交乘车".into(),
        name_en: "Bus".into(),
        level: "code".into(),
        capability: "transit".into(),
        scene: 3,
        joint: false,
        groups: Vec::new(),
        groups_zh: Vec::new(),
        offline: Limits { count: 3, list_s: 86_400, emergency: true },
        from: "2026-01-01".into(),
        until: None,
    }
}

/// The items of the tests.
pub fn items() -> ItemList {
    let library = Item {
        code: "CQ-CU-001".into(),
        capability: "library".into(),
        offline: Limits { count: 1, list_s: 3_600, emergency: false },
        ..item()
    };
    let online = Item {
        code: "CQ-ID-001".into(),
        level: "code-password".into(),
        capability: "identity".into(),
        ..item()
    };
    let forbidden = Item {
        code: "CQ-MO-001".into(),
        capability: "none".into(),
        offline: Limits { count: 0, ..item().offline },
        ..item()
    };
    let items = vec![item(), library, online, forbidden];
    ItemList { serial: 4, issued_at: NOW - 100, items, confirmed_at: NOW - 60 }
}

/// A device of the fixed root.
pub fn device(server: &str) -> Device {
    Device {
        server: server.into(),
        id: "t-1".into(),
        token: "ykt_test".into(),
        token_until: NOW + 30 * 86_400,
        region: "500000".into(),
        root: world::root().verifying().to_compressed().to_vec(),
        place: "两路口站".into(),
        org: "测试公交".into(),
        secret: Zeroizing::new(vec![0x51; 32]),
    }
}

/// An enrolled terminal with lists.
pub fn store(folder: &Folder) -> Store {
    let mut store = bare(folder, "http://127.0.0.1:9");
    store.put_keys(&world::signed_keys(&world::key_list_body())).expect("keys");
    store.put_status(&world::signed_status(&world::status_state()), NOW).expect("status");
    store.put_items(items()).expect("items");
    store
}

/// An enrolled terminal that has no lists yet.
pub fn bare(folder: &Folder, server: &str) -> Store {
    let vault = Vault::open(folder.path(), None).expect("a vault");
    Store::create(vault, &device(server)).expect("a store")
}

/// The folder opened again.
pub fn reopened(folder: &Folder) -> Store {
    Store::open(folder.path(), None).expect("opened again")
}

/// Text of a code of the fixed holder with this counter.
pub fn code(counter: u32) -> String {
    let code = world::code(world::credential(seal::cq1::Kind::Displayed));
    seal::cq1::Code::text(&world::signed(&seal::cq1::Code { counter, ..code }))
}
