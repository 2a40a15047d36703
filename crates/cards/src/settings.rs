//! What the authority may tune in the life of a card.

use kernel::settings::Setting;

/// Days until a temporary loss (临时挂失) lapses by itself.
pub const TEMPORARY_DAYS: Setting = Setting {
    name: "cards.temporary-loss-days",
    default: 7,
    least: 3,
    most: 15,
    zh: "临时挂失自动失效天数",
    en: "Days until a temporary loss lapses",
    article: 11,
};

/// Hours before a temporary loss lapses at which the holder is reminded.
pub const REMIND_HOURS: Setting = Setting {
    name: "cards.temporary-loss-reminder-hours",
    default: 24,
    least: 1,
    most: 72,
    zh: "临时挂失失效前提醒小时数",
    en: "Hours before a temporary loss lapses when the holder is reminded",
    article: 11,
};

/// Fee of a replacement in fen.
pub const FEE_FEN: Setting = Setting {
    name: "cards.replacement-fee-fen",
    default: 1_600,
    least: 0,
    most: 10_000,
    zh: "补换卡工本费（分）",
    en: "Fee of a replacement (fen)",
    article: 12,
};
