//! What the regulation forbids, clause by clause (Art. 24, 25), and what may follow from it (Art. 26).

use kernel::law::{Article, Text};

/// Whom a violation is laid to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Party {
    /// A department, or another body that serves cards for one (Art. 25).
    Body,
    /// Somebody who works for one (Art. 25).
    Staff,
    /// A holder (Art. 24).
    Holder,
    /// A person or organisation outside: Art. 26 names holders and staff only, so that other laws are
    /// applied (Art. 27).
    Outsider,
}

impl Party {
    /// All parties.
    pub const ALL: [Self; 4] = [Self::Body, Self::Staff, Self::Holder, Self::Outsider];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Staff => "staff",
            Self::Holder => "holder",
            Self::Outsider => "outsider",
        }
    }

    /// The party with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|party| party.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Body => ("部门、单位", "Department or body"),
            Self::Staff => ("工作人员", "Staff"),
            Self::Holder => ("持卡人", "Card holder"),
            Self::Outsider => ("其他单位或个人", "Somebody outside"),
        };
        Text::new(zh, en)
    }
}

/// A prohibition.
#[derive(Debug, PartialEq, Eq)]
pub struct Clause {
    /// Stable code: `24.1` is Art. 24 (一).
    pub code: &'static str,
    /// Article.
    pub article: u8,
    /// Its number in the article.
    pub number: u8,
    /// The regulation's own words.
    pub zh: &'static str,
    /// What they mean.
    pub en: &'static str,
    /// Laws that often set a penalty for it already (Art. 27); for the investigator to check.
    pub other_laws: &'static str,
}

const fn clause(
    code: &'static str,
    (article, number): (u8, u8),
    zh: &'static str,
    en: &'static str,
    other_laws: &'static str,
) -> Clause {
    Clause { code, article, number, zh, en, other_laws }
}

/// All clauses in the regulation's order.
pub static CLAUSES: [Clause; 13] = [
    clause(
        "24.1",
        (24, 1),
        "出租、转让、出借、买卖社会保障卡",
        "Letting, transferring, lending, buying or selling a card",
        "反电信网络诈骗法；刑法第二百八十条",
    ),
    clause(
        "24.2",
        (24, 2),
        "冒领、冒用、盗用他人社会保障卡",
        "Obtaining or using somebody else's card as one's own, or stealing its use",
        "治安管理处罚法；刑法第二百八十条之一",
    ),
    clause("24.3", (24, 3), "扣押他人社会保障卡", "Withholding somebody else's card", ""),
    clause(
        "24.4",
        (24, 4),
        "伪造、变造社会保障卡或者使用伪造、变造的社会保障卡",
        "Forging or altering a card, or using such a one",
        "治安管理处罚法；刑法第二百八十条、第二百八十条之一",
    ),
    clause(
        "24.5",
        (24, 5),
        "使用社会保障卡骗取社会保险待遇、参与电信诈骗等活动",
        "Using a card to defraud social insurance or to take part in telephone fraud",
        "社会保险法第八十八条；反电信网络诈骗法；刑法第二百六十六条",
    ),
    clause(
        "25.1",
        (25, 1),
        "不按照社会保障卡一卡通应用事项清单开展社会保障卡服务的",
        "Not serving the card as the list of items says",
        "",
    ),
    clause(
        "25.2",
        (25, 2),
        "拒绝接受使用社会保障卡办理一卡通服务的",
        "Refusing the card for a one-card service",
        "",
    ),
    clause(
        "25.3",
        (25, 3),
        "利用制作、发放社会保障卡的便利，收受他人财物或者牟取非法利益的",
        "Taking gifts or gain through making or issuing cards",
        "公职人员政务处分法；刑法第三百八十五条",
    ),
    clause(
        "25.4",
        (25, 4),
        "骗取、截留、扣押社会保障卡的",
        "Obtaining cards by deceit, keeping them back or withholding them",
        "公职人员政务处分法",
    ),
    clause(
        "25.5",
        (25, 5),
        "通过社会保障卡非法套取社会保险待遇或者财政补贴资金的",
        "Drawing benefits or subsidies unlawfully through cards",
        "社会保险法；财政违法行为处罚处分条例；刑法",
    ),
    clause(
        "25.6",
        (25, 6),
        "在开展社会保障卡一卡通工作时滥用职权、玩忽职守、徇私舞弊的",
        "Abuse of power, neglect of duty or favouritism in one-card work",
        "公职人员政务处分法；刑法第三百九十七条",
    ),
    clause(
        "25.7",
        (25, 7),
        "在提供社会保障卡一卡通服务时有刁难、推诿、拖延等行为的",
        "Harassing people, passing them on or delaying in one-card services",
        "",
    ),
    clause(
        "25.8",
        (25, 8),
        "法律法规及本条例所规定的其它禁止性行为",
        "Anything else that laws or this regulation forbid",
        "",
    ),
];

impl Clause {
    /// The clause with this code.
    pub fn from_code(code: &str) -> Option<&'static Self> {
        CLAUSES.iter().find(|clause| clause.code == code)
    }

    /// Its text in both languages.
    pub fn text(&self) -> Text {
        Text::new(self.zh, self.en)
    }

    /// `第二十四条第（一）项` / `Art. 24 (1)`.
    pub fn cited(&self) -> Text {
        const DIGITS: [&str; 9] = ["", "一", "二", "三", "四", "五", "六", "七", "八"];
        let digit = DIGITS[usize::from(self.number.min(8))];
        let zh = format!("{}第（{digit}）项", Article(self.article).chinese());
        Text::new(zh, format!("Art. {} ({})", self.article, self.number))
    }

    /// Whom it can be laid to.
    pub fn parties(&self) -> [Party; 2] {
        match self.article {
            24 => [Party::Holder, Party::Outsider],
            _ => [Party::Body, Party::Staff],
        }
    }
}
