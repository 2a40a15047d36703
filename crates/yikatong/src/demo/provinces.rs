//! The provinces of demonstrations: one in full, others with the names and people of their own.

use kernel::divisions::{self, Region};
use people::generate::{self, GeneratedPerson};
use people::rules::Ground;

/// A province that a demonstration can be in.
pub(super) struct Province {
    /// Division that issues the cards.
    pub(super) region: &'static str,
    pub(super) name_zh: &'static str,
    pub(super) name_en: &'static str,
    /// Whom others call.
    pub(super) contact: &'static str,
    /// Unified social credit code of the made-up issuing authority; its check character holds.
    pub(super) issuer: &'static str,
    /// The generated population.
    pub(super) seed: u64,
    /// What its words and divisions are for those of Chongqing.
    words: &'static [(&'static str, &'static str)],
}

pub(super) const CHONGQING: Province = Province {
    region: "500000",
    name_zh: "重庆市",
    name_en: "Chongqing",
    contact: "023-12333",
    issuer: "11500000MB1500000M",
    seed: 500_000,
    words: &[],
};

pub(super) const SICHUAN: Province = Province {
    region: "510000",
    name_zh: "四川省",
    name_en: "Sichuan",
    contact: "028-12333",
    issuer: "11510000MB1510000H",
    seed: 510_000,
    words: &[
        ("重庆市", "四川省"),
        ("渝中区", "成都市"),
        ("市局", "省厅"),
        ("区县", "市州"),
        ("小渝", "小蜀"),
        ("老巴", "老川"),
        ("Chongqing", "Sichuan"),
        ("Yuzhong", "Chengdu"),
        ("500103", "510100"),
        ("500000", "510000"),
    ],
};

/// The province with this division; Chongqing when it is none of them.
pub(super) fn province(region: &str) -> &'static Province {
    if region == SICHUAN.region { &SICHUAN } else { &CHONGQING }
}

/// Unified social credit code of the made-up issuing authority of a region.
pub fn issuer(region: &str) -> &'static str {
    province(region).issuer
}

impl Province {
    /// The one with all services; others have people, cards and staff.
    pub(super) fn is_home(&self) -> bool {
        self.region == CHONGQING.region
    }

    fn turned(&self, text: &str) -> String {
        let turn = |text: String, (from, to): &(&str, &str)| text.replace(from, to);
        self.words.iter().fold(text.to_owned(), turn)
    }

    /// A Chinese name of Chongqing's demonstration as it is here.
    pub(super) fn zh(&self, text: &str) -> String {
        let turned = self.turned(text);
        match (text.starts_with("市"), turned.strip_prefix("市")) {
            (true, Some(rest)) if !self.is_home() => format!("省{rest}"),
            _ => turned,
        }
    }

    /// An English name as it is here.
    pub(super) fn en(&self, text: &str) -> String {
        self.turned(text)
    }

    /// A division as it is here.
    pub(super) fn division(&self, code: &str) -> String {
        self.turned(code)
    }

    /// A person who lives here. The generator knows homes of Chongqing only; elsewhere people live in
    /// the province's cities and are entitled by that.
    pub(super) fn person(&self, index: u32) -> Option<GeneratedPerson> {
        let mut made = generate::person(self.seed, index)?;
        if self.is_home() {
            return Some(made);
        }
        let cities: Vec<_> = divisions::children(Region::Sichuan, generate::STANDING_ON).collect();
        let city = cities.get(index as usize % cities.len().max(1))?;
        made.residence = city;
        made.address = format!("{}{}示范路{}号", self.name_zh, city.zh, index % 300 + 1);
        made.ground = Ground::Residence;
        Some(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sichuan_has_names_divisions_and_people_of_its_own() {
        assert_eq!(SICHUAN.zh("市审计部门（演示）"), "省审计部门（演示）");
        assert_eq!(SICHUAN.zh("市局 小山"), "省厅 小山");
        assert_eq!(SICHUAN.zh("区县 小江"), "市州 小江");
        assert_eq!(SICHUAN.division("500103"), "510100");
        assert_eq!(CHONGQING.zh("市局 小山"), "市局 小山");
        for index in 0..200 {
            let (here, there) = (CHONGQING.person(index), SICHUAN.person(index));
            let there = there.expect("within the population");
            assert!(there.address.starts_with("四川省"), "{}", there.address);
            assert!(here.is_some_and(|here| here.number != there.number));
        }
    }
}
