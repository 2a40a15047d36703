//! Production of cards (Art. 11): batches through bank, factory, key centre and outlet; instant issue
//! at the counter; blank cards; delivery to the holder.

pub mod api;
pub mod files;
pub mod jobs;
pub mod pages;
pub mod partner;
pub mod rules;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests;

use kernel::db::Migration;
use kernel::http::Routes;
use kernel::settings::Setting;

pub use service::progress::{ProgressStep, StepState, progress};
pub use store::is_claimed;
pub use store::numbers::{Audit, audit};

/// The schema of production.
pub const MIGRATION: Migration = Migration {
    name: "cards-production-0001",
    sql: include_str!("../../migrations/production_0001.sql"),
};

const fn days(name: &'static str, default: i64, zh: &'static str, en: &'static str) -> Setting {
    Setting { name, default, least: 1, most: 365, zh, en, article: 11 }
}

/// Days that the bank has for its answer.
pub const BANK_DAYS: Setting =
    days("cards.production-bank-days", 3, "银行预开户期限（天）", "Days for the bank");
/// Days that the factory has.
pub const FACTORY_DAYS: Setting =
    days("cards.production-factory-days", 10, "卡厂制卡期限（天）", "Days for the factory");
/// Days that the key centre has.
pub const KEYS_DAYS: Setting =
    days("cards.production-keys-days", 3, "密钥中心期限（天）", "Days for the key centre");
/// Days until an outlet has taken its cards in.
pub const OUTLET_DAYS: Setting =
    days("cards.production-outlet-days", 5, "网点签收期限（天）", "Days for the outlet's receipt");
/// Days after which a holder is reminded of a card on the shelf.
pub const UNCOLLECTED_DAYS: Setting =
    days("cards.uncollected-days", 30, "未领卡提醒（天）", "Days until a reminder to collect");
/// Days for which contents of files of finished batches are kept.
pub const FILE_DAYS: Setting = days(
    "cards.production-file-days",
    180,
    "制卡文件内容保留（天）",
    "Days that file contents are kept",
);
/// Cards of one batch at most.
pub const BATCH_LINES: Setting = Setting {
    name: "cards.production-batch-lines",
    default: 2_000,
    least: 1,
    most: 10_000,
    zh: "每批制卡张数上限",
    en: "Cards of one batch at most",
    article: 11,
};
/// Blanks below which an outlet is warned.
pub const LOW_STOCK: Setting = Setting {
    name: "cards.blank-low-stock",
    default: 50,
    least: 0,
    most: 100_000,
    zh: "空白卡低库存提醒（张）",
    en: "Blank cards below which an outlet is warned",
    article: 11,
};
/// Whether a batch that came back goes to its next stage by itself.
pub const SEND_ON: Setting = Setting {
    name: "cards.production-send-on",
    default: 1,
    least: 0,
    most: 1,
    zh: "回盘后自动送下一环节（1是，0否）",
    en: "Send a batch on by itself when an answer came (1 yes, 0 no)",
    article: 11,
};

/// What the authority may tune.
pub const SETTINGS: &[&Setting] = &[
    &BANK_DAYS,
    &FACTORY_DAYS,
    &KEYS_DAYS,
    &OUTLET_DAYS,
    &UNCOLLECTED_DAYS,
    &FILE_DAYS,
    &BATCH_LINES,
    &LOW_STOCK,
    &SEND_ON,
];

/// All routes of production.
pub fn routes() -> Routes {
    api::routes().merge(pages::routes())
}
