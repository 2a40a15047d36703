//! Batches for tests: made up, but with the kinds of names that files have to carry.

use crate::contract::{Batch, Order};

/// Names with what breaks careless programs: `|` as a trail byte of GBK, four-byte characters,
/// the dot of minority names, Latin letters.
pub const NAMES: [&str; 8] = [
    "王一凡",
    "瓅珅",          // code points whose GB 18030 form is rare
    "\u{20bb7}野家", // four bytes
    "阿卜杜拉·买买提",
    "Anna-Maria O'Neill",
    "\u{9f98}\u{4dae}",
    "〇\u{3007}三",
    "爗\u{2a6d6}",
];

/// A good batch of `count` orders.
pub fn batch(count: u32) -> Batch {
    let orders = (1..=count).map(|seq| Order {
        seq,
        reference: format!("p{seq:012}"),
        account: format!("62{:017}", u64::from(seq) * 7919),
        name: NAMES[seq as usize % NAMES.len()].to_owned(),
        fen: i64::from(seq) * 131 % 1_000_000 + 1,
        remark: "耕地地力保护补贴".to_owned(),
    });
    Batch {
        id: "b2026110001".to_owned(),
        bank: "CQ01".to_owned(),
        payer_account: "5001000099887766".to_owned(),
        date: "2026-11-23".to_owned(),
        orders: orders.collect(),
    }
}

/// A folder of this test alone, empty.
pub fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("payfile-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder for the test");
    folder
}
