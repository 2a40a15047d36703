//! Days that the authority may tune for the three procedures (Art. 14).

use kernel::settings::Setting;

const fn days(
    name: &'static str,
    default: i64,
    most: i64,
    zh: &'static str,
    en: &'static str,
) -> Setting {
    Setting { name, default, least: 1, most, zh, en, article: 14 }
}

/// For departments to answer a consultation.
pub const CONSULT_DAYS: Setting =
    days("items.consult-days", 10, 60, "部门会商答复天数", "Days to answer a consultation");
/// For a government's decision to be recorded.
pub const DECIDE_DAYS: Setting =
    days("items.decide-days", 30, 180, "政府决定天数", "Days for a government's decision");
/// For publication after the decision.
pub const PUBLISH_DAYS: Setting =
    days("items.publish-days", 5, 30, "决定后公开天数", "Days to publish after the decision");
/// Between publication of a change of the joint list and its first day, so that both regions know in time.
pub const JOINT_LEAD_DAYS: Setting = days(
    "items.joint-lead-days",
    2,
    60,
    "川渝清单提前公布天数",
    "Days to publish a joint change ahead",
);
/// For the municipal HRSS to answer a filing.
pub const FILE_DAYS: Setting =
    days("items.file-days", 20, 60, "备案审查天数", "Days to examine a filing");
/// Until an emergency suspension lapses by itself.
pub const SUSPENSION_DAYS: Setting = days(
    "items.suspension-days",
    15,
    90,
    "紧急停用最长天数",
    "Longest emergency suspension in days",
);
/// Before the last day of a step that those who may take it are reminded.
pub const REMIND_DAYS: Setting = days(
    "items.remind-days",
    2,
    30,
    "环节到期前提醒天数",
    "Days before its last day that a step is reminded of",
);
