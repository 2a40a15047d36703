//! The items that this terminal serves, with what each allows without a network (Art. 14, 16).

use seal::cq1::{Capabilities, Scene};
use serde::{Deserialize, Serialize};

/// A list that the platform did not confirm for so long is not used without a network, seconds.
pub const MAX_ITEMS_AGE_S: i64 = 7 * 86_400;

/// The platform's list.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct ItemList {
    /// Rises with each change.
    pub serial: u64,
    /// When it was made, UTC seconds.
    pub issued_at: i64,
    /// The items that this terminal may serve.
    pub items: Vec<Item>,
    /// When the platform last said that it holds, UTC seconds of this clock.
    #[serde(default)]
    pub confirmed_at: i64,
}

/// One item.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Item {
    /// Code of the catalogue.
    pub code: String,
    /// The version in force.
    pub version: u64,
    /// Name in Chinese.
    pub name_zh: String,
    /// Name in English.
    #[serde(default)]
    pub name_en: String,
    /// Proof of identity that it needs; without a network a terminal proves no more than `code`.
    pub level: String,
    /// `identity`, `transit`, `library`, `venue`, `access`, or `none`.
    pub capability: String,
    /// Number of the scene.
    #[serde(default)]
    pub scene: u16,
    /// On the joint list: codes of other regions are taken too.
    #[serde(default)]
    pub joint: bool,
    /// Groups that it is for; empty for everybody. Without a network a terminal knows nobody's.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Their names.
    #[serde(default)]
    pub groups_zh: Vec<String>,
    /// What it allows without a network.
    pub offline: Limits,
    /// First day, `YYYY-MM-DD`.
    pub from: String,
    /// Last day; open when absent.
    #[serde(default)]
    pub until: Option<String>,
}

/// What an item allows without a network. The amount is always zero.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Limits {
    /// Uses of one card per day; 0 forbids.
    pub count: u32,
    /// Greatest age of the status list, seconds.
    pub list_s: i64,
    /// Whether emergency codes are taken.
    #[serde(default)]
    pub emergency: bool,
}

impl ItemList {
    /// The item with this code.
    pub fn find(&self, code: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.code == code)
    }
}

impl Item {
    /// What a credential must carry; `None` for items that are not for use without a network.
    pub fn needs(&self) -> Option<Capabilities> {
        match self.capability.as_str() {
            "identity" => Some(Capabilities::IDENTITY),
            "transit" => Some(Capabilities::TRANSIT),
            "library" => Some(Capabilities::LIBRARY),
            "venue" => Some(Capabilities::VENUE),
            "access" => Some(Capabilities::ACCESS),
            _ => None,
        }
    }

    /// Its scene; a number without meaning is no scene.
    pub fn scene(&self) -> Option<Scene> {
        Scene::from_number(self.scene)
    }

    /// Whether a code alone is proof enough. A level that is not known is not.
    pub fn takes_a_code(&self) -> bool {
        matches!(self.level.as_str(), "card-face" | "code")
    }

    /// Whether it is in force on a day.
    pub fn is_in_force(&self, day: &str) -> bool {
        self.from.as_str() <= day && self.until.as_deref().is_none_or(|until| day <= until)
    }
}

/// The day in Chongqing, `YYYY-MM-DD`.
pub fn day(now_s: i64) -> String {
    // UTC+8 without daylight saving time.
    let local = time::OffsetDateTime::from_unix_timestamp(now_s.saturating_add(8 * 3_600));
    local.map(|local| local.date().to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_changes_at_midnight_in_chongqing() {
        assert_eq!(day(1_772_323_200), "2026-03-01");
        assert_eq!(day(1_772_323_200 + 16 * 3_600 - 1), "2026-03-01");
        assert_eq!(day(1_772_323_200 + 16 * 3_600), "2026-03-02");
    }

    #[test]
    fn an_item_is_in_force_on_its_first_and_last_day_and_not_beyond() {
        let item = Item { until: Some("2026-03-31".into()), ..crate::testing::item() };
        assert!(item.is_in_force("2026-01-01") && item.is_in_force("2026-03-31"));
        assert!(!item.is_in_force("2025-12-31") && !item.is_in_force("2026-04-01"));
        assert!(!item.is_in_force(""), "a clock that gives no day");
    }
}
