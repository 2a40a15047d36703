//! Incidents.

use kernel::http::Routes;
use kernel::settings::Setting;

/// Hours within which holders are told of a breach of personal data that may harm them.
pub const BREACH_HOURS: Setting = Setting {
    name: "safety.breach-hours",
    default: 72,
    least: 1,
    most: 168,
    zh: "个人信息泄露后通知个人的时限（小时）",
    en: "Hours within which people are told of a breach of their data",
    article: 20,
};

/// All routes of incidents.
pub fn routes() -> Routes {
    Routes::new("conduct")
}
