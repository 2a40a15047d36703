//! A first list for demonstrations, in the project's own words.

use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::law::Text;
use kernel::time::Utc;
use people::field::Field::{self, *};
use time::macros::date;

use crate::rules::{Area, Item, Level, List, State, Way};
use crate::store;

/// The item that the demonstration's terminal asks for.
pub const LIBRARY: &str = "CQ-CU-001";

struct Seed {
    code: &'static str,
    zh: &'static str,
    en: &'static str,
    area: Area,
    list: List,
    level: Level,
    ways: &'static [Way],
    owner: &'static str,
    fields: &'static [Field],
    basis: &'static str,
    guide_zh: &'static str,
    guide_en: &'static str,
}

const AT_A_PLACE: &[Way] = &[Way::Code, Way::Card];
const ANY_WAY: &[Way] = &[Way::Code, Way::Card, Way::Online];

const SEEDS: [Seed; 14] = [
    Seed {
        code: LIBRARY,
        zh: "图书借还",
        en: "Borrowing and returning books",
        area: Area::Culture,
        list: List::City,
        level: Level::Code,
        ways: AT_A_PLACE,
        owner: "culture",
        fields: &[NameMasked, NumberMasked],
        basis: "条例第七条",
        guide_zh: "在借阅台或自助机出示卡码或刷卡，核对后即可借书、还书。",
        guide_en: "Show the code or the card at the desk or machine.",
    },
    Seed {
        code: "CY-CU-001",
        zh: "川渝图书通借通还",
        en: "Library loans across Chongqing and Sichuan",
        area: Area::Culture,
        list: List::Joint,
        level: Level::Code,
        ways: AT_A_PLACE,
        owner: "culture",
        fields: &[NameMasked, NumberMasked],
        basis: "条例第七条",
        guide_zh: "在两地加入通借通还的图书馆出示卡码，借书还书不分地方。",
        guide_en: "Borrow and return at any library of the two regions that takes part.",
    },
    Seed {
        code: "CQ-CU-002",
        zh: "博物馆入馆预约核验",
        en: "Museum entry",
        area: Area::Culture,
        list: List::City,
        level: Level::Code,
        ways: AT_A_PLACE,
        owner: "culture",
        fields: &[],
        basis: "条例第七条",
        guide_zh: "预约后在入口出示卡码核验入馆，不提供个人信息。",
        guide_en: "Book, then show the code at the entrance; nothing about you is disclosed.",
    },
    Seed {
        code: "CY-TO-001",
        zh: "景区优待购票",
        en: "Reduced tickets at scenic spots",
        area: Area::Tourism,
        list: List::Joint,
        level: Level::Code,
        ways: AT_A_PLACE,
        owner: "culture",
        fields: &[Over60, Under18],
        basis: "条例第七条",
        guide_zh: "在售票处或闸机出示卡码，符合优待年龄的按优待价购票。",
        guide_en: "Show the code; reduced prices by age are applied.",
    },
    Seed {
        code: "CQ-TR-001",
        zh: "公共交通乘车",
        en: "Bus and metro",
        area: Area::Transport,
        list: List::City,
        level: Level::Code,
        ways: AT_A_PLACE,
        owner: "transport",
        fields: &[Over60],
        basis: "条例第七条",
        guide_zh: "上车或进站时在闸机出示卡码。",
        guide_en: "Show the code at the gate.",
    },
    Seed {
        code: "CQ-TR-002",
        zh: "老年人免费乘车资格核验",
        en: "Free travel for the elderly",
        area: Area::Transport,
        list: List::City,
        level: Level::Code,
        ways: AT_A_PLACE,
        owner: "transport",
        fields: &[Over60],
        basis: "条例第七条、第十五条",
        guide_zh: "年满优待年龄的持卡人出示卡码即可核验，不必另办老年卡。",
        guide_en: "No extra card is needed: the code proves the age.",
    },
    Seed {
        code: "CQ-HE-001",
        zh: "医院挂号就诊",
        en: "Hospital registration",
        area: Area::Health,
        list: List::City,
        level: Level::Code,
        ways: ANY_WAY,
        owner: "health",
        fields: &[Name, Number],
        basis: "条例第七条",
        guide_zh: "在挂号窗口、自助机或诊室出示卡码确认身份。",
        guide_en: "Show the code at the counter, the machine or the consulting room.",
    },
    Seed {
        code: "CQ-HE-002",
        zh: "药店购药身份核验",
        en: "Pharmacy",
        area: Area::Health,
        list: List::City,
        level: Level::Code,
        ways: AT_A_PLACE,
        owner: "health",
        fields: &[NameMasked, NumberMasked],
        basis: "条例第七条",
        guide_zh: "购买需实名登记的药品时出示卡码。",
        guide_en: "For medicines that are registered by name.",
    },
    Seed {
        code: "CQ-GO-001",
        zh: "政务大厅身份核验",
        en: "Identity at the government service hall",
        area: Area::Government,
        list: List::City,
        level: Level::CodeAndPassword,
        ways: AT_A_PLACE,
        owner: "government",
        fields: &[Name, Number],
        basis: "条例第六条",
        guide_zh: "办理政务服务事项时，社会保障卡是有效身份证件。",
        guide_en: "The card is a valid proof of identity.",
    },
    Seed {
        code: "CQ-GO-002",
        zh: "政务大厅取号",
        en: "Queue number at the hall",
        area: Area::Government,
        list: List::City,
        level: Level::Code,
        ways: AT_A_PLACE,
        owner: "government",
        fields: &[NameMasked],
        basis: "条例第六条",
        guide_zh: "在取号机出示卡码取号。",
        guide_en: "Show the code at the ticket machine.",
    },
    Seed {
        code: "CQ-SI-001",
        zh: "社会保险权益查询",
        en: "Social insurance record",
        area: Area::SocialInsurance,
        list: List::City,
        level: Level::CodeAndPassword,
        ways: ANY_WAY,
        owner: "city",
        fields: &[Name, Number],
        basis: "条例第七条",
        guide_zh: "在窗口或自助机出示卡码，查询和打印本人参保缴费记录。",
        guide_en: "See and print your own record at a counter or machine.",
    },
    Seed {
        code: "CQ-SI-002",
        zh: "养老待遇领取资格认证",
        en: "Proof of life for pensions",
        area: Area::SocialInsurance,
        list: List::City,
        level: Level::CodeAndPassword,
        ways: AT_A_PLACE,
        owner: "city",
        fields: &[Name, Number, BirthDate],
        basis: "条例第七条、第八条",
        guide_zh: "在就近网点出示卡码完成认证，行动不便可预约上门。",
        guide_en: "At any outlet; a visit at home can be arranged.",
    },
    Seed {
        code: "CQ-HR-001",
        zh: "招聘会入场和求职登记",
        en: "Job fairs and registration of job seekers",
        area: Area::HumanResources,
        list: List::City,
        level: Level::Code,
        ways: ANY_WAY,
        owner: "city",
        fields: &[Name, Phone],
        basis: "条例第七条",
        guide_zh: "在招聘会入口出示卡码登记，一次登记全市通用。",
        guide_en: "Register once with the code at the entrance.",
    },
    Seed {
        code: "CQ-PA-001",
        zh: "水电气缴费户主核验",
        en: "Bills for water, power and gas",
        area: Area::Payment,
        list: List::City,
        level: Level::Code,
        ways: ANY_WAY,
        owner: "government",
        fields: &[NameMasked],
        basis: "条例第八条",
        guide_zh: "鼓励持卡缴费：在营业厅出示卡码核对户主。",
        guide_en: "Show the code at the counter of the utility.",
    },
];

/// Publishes the first version of each item.
///
/// # Errors
/// See [`DbError`]; [`DbError::Unique`] when it was done before.
pub fn seed(
    tx: &mut Tx<'_>,
    id: &dyn Fn() -> Id,
    owner: &dyn Fn(&str) -> Id,
    now: Utc,
) -> Result<(), DbError> {
    for seed in &SEEDS {
        let item = Item {
            id: id(),
            code: seed.code.to_owned(),
            version: 1,
            name: Text::new(seed.zh, seed.en),
            area: seed.area,
            list: seed.list,
            owner: owner(seed.owner),
            level: seed.level,
            ways: seed.ways.to_vec(),
            fields: seed.fields.to_vec(),
            basis: seed.basis.to_owned(),
            guide: Text::new(seed.guide_zh, seed.guide_en),
            from: date!(2025 - 01 - 01),
            until: None,
            state: State::Published,
        };
        store::insert(tx, &item, now)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::is_code;

    #[test]
    fn codes_are_well_formed_and_differ() {
        let mut codes: Vec<&str> = SEEDS.iter().map(|seed| seed.code).collect();
        assert!(codes.iter().all(|code| is_code(code)));
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), SEEDS.len());
    }

    /// Art. 18: the least fields; a gate that only needs an age never learns a name.
    #[test]
    fn what_needs_only_an_age_discloses_only_an_age() {
        for code in ["CQ-TR-001", "CQ-TR-002", "CY-TO-001"] {
            let seed = SEEDS.iter().find(|seed| seed.code == code).expect("in the list");
            assert!(seed.fields.iter().all(|field| matches!(field, Over60 | Under18)));
        }
    }
}
