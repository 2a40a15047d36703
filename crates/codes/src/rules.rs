//! Whether a shown code opens a published item, in the fixed, fail-closed order:
//! code → terminal → item → level of proof → card → once only.

use cards::rules::Unusable;
use cards::rules::clocks::State;
use items::rules::{Item, Level};
use kernel::law::{Article, Refusal, Text};
use people::field::Field;
use people::rules::Person;
use seal::code::{CardCode, CodeError};
use time::Date;

/// Seconds that a displayed code is good for.
pub const LIFETIME_S: u8 = 60;
/// Seconds that clocks may differ.
pub const SKEW_S: i64 = 2;

/// What is known of the terminal that asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Terminal {
    /// Where it stands, in words for the holder.
    pub place: String,
    /// Codes of the items it may ask for.
    pub items: Vec<String>,
    /// Switched off by its authority.
    pub blocked: bool,
}

/// What is known of the card behind a code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Clock of the electronic card.
    pub electronic: State,
    /// Last day of validity.
    pub expires_on: Option<Date>,
}

/// Why a code does not open an item.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    /// Not a card code, damaged, forged, expired, or from the future.
    Code(CodeError),
    /// Issued by another region.
    OtherRegion,
    /// The terminal is not registered or was blocked.
    Terminal,
    /// The item is not on the published list today.
    NotListed,
    /// The terminal may not ask for this item.
    ItemNotForTerminal,
    /// The item needs a surer proof than a code.
    LevelTooLow,
    /// No electronic card has this credential.
    UnknownCard,
    /// The card is not active.
    CardNotActive,
    /// The card is past its last day.
    CardExpired,
    /// This display was used before.
    Replayed,
}

impl Refused {
    /// All reasons, for documents and tests.
    pub const ALL: [Self; 14] = [
        Self::Code(CodeError::Foreign),
        Self::Code(CodeError::Damaged),
        Self::Code(CodeError::Forged),
        Self::Code(CodeError::Future),
        Self::Code(CodeError::Expired),
        Self::OtherRegion,
        Self::Terminal,
        Self::NotListed,
        Self::ItemNotForTerminal,
        Self::LevelTooLow,
        Self::UnknownCard,
        Self::CardNotActive,
        Self::CardExpired,
        Self::Replayed,
    ];
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::Code(CodeError::Foreign) => "codes/foreign",
            Self::Code(CodeError::Damaged) => "codes/damaged",
            Self::Code(CodeError::Forged) => "codes/forged",
            Self::Code(CodeError::Future) => "codes/from-the-future",
            Self::Code(CodeError::Expired) => "codes/expired",
            Self::OtherRegion => "codes/other-region",
            Self::Terminal => "codes/terminal-not-registered",
            Self::NotListed => "codes/item-not-listed",
            Self::ItemNotForTerminal => "codes/item-not-for-terminal",
            Self::LevelTooLow => "codes/level-too-low",
            Self::UnknownCard => "codes/unknown-card",
            Self::CardNotActive => "codes/card-not-active",
            Self::CardExpired => "codes/card-expired",
            Self::Replayed => "codes/replayed",
        }
    }

    fn article(&self) -> Option<Article> {
        match self {
            Self::Code(CodeError::Forged) => Some(Article(24)),
            Self::Code(_) | Self::OtherRegion => Some(Article(16)),
            Self::Terminal => Some(Article(15)),
            Self::NotListed | Self::LevelTooLow => Some(Article(14)),
            Self::ItemNotForTerminal => Some(Article(18)),
            Self::UnknownCard | Self::Replayed => Some(Article(20)),
            Self::CardNotActive | Self::CardExpired => Some(Article(2)),
        }
    }

    fn reason(&self) -> Text {
        let (zh, en) = match self {
            Self::Code(CodeError::Foreign) => ("这不是社会保障卡卡码", "This is not a card code"),
            Self::Code(CodeError::Damaged) => ("卡码不完整", "The code is damaged"),
            Self::Code(CodeError::Forged) => ("卡码不是本平台签发", "The code was not issued here"),
            Self::Code(CodeError::Future) => {
                ("卡码时间晚于当前时间", "The code is from the future")
            }
            Self::Code(CodeError::Expired) => ("卡码已过期", "The code has expired"),
            Self::OtherRegion => ("卡码由其他地区签发", "The code was issued by another region"),
            Self::Terminal => {
                ("终端未登记或已停用", "The terminal is not registered or is blocked")
            }
            Self::NotListed => ("事项不在已公布的清单内", "The item is not on the published list"),
            Self::ItemNotForTerminal => {
                ("本终端不能办理该事项", "The terminal may not ask for this item")
            }
            Self::LevelTooLow => {
                ("该事项须更高等级的身份核验", "The item needs a surer proof than a code")
            }
            Self::UnknownCard => ("没有对应的电子社会保障卡", "There is no such electronic card"),
            Self::CardNotActive => ("社会保障卡未处于正常状态", "The card is not active"),
            Self::CardExpired => ("社会保障卡已过有效期", "The card is past its last day"),
            Self::Replayed => ("该卡码已使用过", "This code was used already"),
        };
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let (zh, en) = match self {
            Self::Code(_) | Self::Replayed => {
                ("请持卡人刷新卡码后重新出示", "Ask the holder to show a fresh code")
            }
            Self::OtherRegion => ("请使用川渝通办事项", "Use an item of the joint list"),
            Self::Terminal => ("请联系终端所属单位", "Ask the organisation that owns the terminal"),
            Self::NotListed | Self::ItemNotForTerminal | Self::LevelTooLow => {
                ("请对照已公布的事项清单", "See the published list of items")
            }
            Self::UnknownCard | Self::CardNotActive | Self::CardExpired => {
                ("请持卡人到网点或拨打12333查询", "The holder can ask an outlet or call 12333")
            }
        };
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        403
    }
}

/// Whether the code itself is good now: of this region, unbent, in its window.
///
/// # Errors
/// The [`Refused`] that applies first.
pub fn check_code(
    opened: Result<CardCode, CodeError>,
    region: [u8; 3],
    now_s: i64,
) -> Result<CardCode, Refused> {
    let code = opened.map_err(Refused::Code)?;
    if code.region != region {
        return Err(Refused::OtherRegion);
    }
    code.fits(now_s, SKEW_S).map_err(Refused::Code)?;
    Ok(code)
}

/// Whether a good code opens the item at this terminal. That it is used only once is for the store.
///
/// # Errors
/// The [`Refused`] that applies first.
pub fn judge(
    terminal: Option<&Terminal>,
    item: Option<&Item>,
    standing: Option<&Standing>,
    today: Date,
) -> Result<(), Refused> {
    let terminal = terminal.filter(|terminal| !terminal.blocked).ok_or(Refused::Terminal)?;
    let item = item.ok_or(Refused::NotListed)?;
    if !terminal.items.contains(&item.code) {
        return Err(Refused::ItemNotForTerminal);
    }
    if item.level > Level::Code {
        return Err(Refused::LevelTooLow);
    }
    let standing = standing.ok_or(Refused::UnknownCard)?;
    match cards::rules::usable(standing.electronic, standing.expires_on, today) {
        Ok(()) => Ok(()),
        Err(Unusable::CardNotActive) => Err(Refused::CardNotActive),
        Err(Unusable::Expired) => Err(Refused::CardExpired),
    }
}

/// What the item discloses of a person, and nothing else (Art. 18).
pub fn disclose(item: &Item, person: &Person, today: Date) -> Vec<(Field, String)> {
    item.fields.iter().map(|field| (*field, person.field(*field, today))).collect()
}

/// `500000` as three bytes of BCD; anything else than six digits as zeros.
pub fn region_bcd(division: &str) -> [u8; 3] {
    let mut bcd = [0u8; 3];
    if division.len() == 6 && division.bytes().all(|b| b.is_ascii_digit()) {
        for (byte, pair) in bcd.iter_mut().zip(division.as_bytes().chunks(2)) {
            *byte = (pair[0] - b'0') << 4 | (pair[1] - b'0');
        }
    }
    bcd
}

#[cfg(test)]
mod tests {
    use super::*;
    use cards::rules::clocks::State as Clock;
    use items::rules::{Area, Details, List, State, Way};
    use kernel::id::Id;
    use proptest::prelude::*;
    use time::macros::date;

    const TODAY: Date = date!(2026 - 03 - 01);
    const NOW_S: i64 = 1_800_000_000;

    fn item() -> Item {
        Item {
            id: Id(1),
            code: "CQ-CU-001".to_owned(),
            version: 1,
            name: Text::new("图书借还", "Books"),
            area: Area::Culture,
            list: List::City,
            owner: Id(2),
            level: Level::Code,
            ways: vec![Way::Code],
            fields: vec![Field::NameMasked],
            basis: String::new(),
            guide: Text::default(),
            from: TODAY,
            until: None,
            state: State::Published,
            details: Details::default(),
        }
    }

    fn terminal() -> Terminal {
        Terminal { place: "here".to_owned(), items: vec!["CQ-CU-001".to_owned()], blocked: false }
    }

    fn good() -> Standing {
        Standing { electronic: Clock::On, expires_on: Some(TODAY) }
    }

    fn code() -> CardCode {
        CardCode {
            region: [0x50, 0, 0],
            key: 1,
            credential: [7; 8],
            generated_s: NOW_S as u32,
            lifetime_s: LIFETIME_S,
            counter: 1,
            scene: 0,
        }
    }

    fn judged(
        terminal: &Terminal,
        item: Option<&Item>,
        standing: Option<&Standing>,
    ) -> Option<Refused> {
        judge(Some(terminal), item, standing, TODAY).err()
    }

    /// Art. 15: a terminal that is unknown or blocked opens nothing, whatever is shown to it.
    #[test]
    fn an_unknown_or_blocked_terminal_is_refused_first() {
        let blocked = Terminal { blocked: true, ..terminal() };
        assert_eq!(judge(None, None, None, TODAY), Err(Refused::Terminal));
        assert_eq!(judged(&blocked, Some(&item()), Some(&good())), Some(Refused::Terminal));
    }

    /// Art. 14, 18: only listed items, only those that the terminal was registered for, only with the
    /// proof that the item asks for.
    #[test]
    fn the_item_decides_what_a_code_opens() {
        assert_eq!(judged(&terminal(), Some(&item()), Some(&good())), None);
        assert_eq!(judged(&terminal(), None, Some(&good())), Some(Refused::NotListed));
        let other = Item { code: "CQ-HE-001".to_owned(), ..item() };
        assert_eq!(
            judged(&terminal(), Some(&other), Some(&good())),
            Some(Refused::ItemNotForTerminal)
        );
        for level in [Level::CodeAndPassword, Level::Card] {
            let surer = Item { level, ..item() };
            assert_eq!(
                judged(&terminal(), Some(&surer), Some(&good())),
                Some(Refused::LevelTooLow)
            );
        }
    }

    /// Art. 2: no use without an active card.
    #[test]
    fn only_an_active_card_opens_anything() {
        assert_eq!(judged(&terminal(), Some(&item()), None), Some(Refused::UnknownCard));
        for electronic in [Clock::Off, Clock::Suspended, Clock::Ended] {
            let standing = Standing { electronic, ..good() };
            let refused = judged(&terminal(), Some(&item()), Some(&standing));
            assert_eq!(refused, Some(Refused::CardNotActive));
        }
        let old = Standing { expires_on: TODAY.previous_day(), ..good() };
        assert_eq!(judged(&terminal(), Some(&item()), Some(&old)), Some(Refused::CardExpired));
    }

    /// Art. 16: a code of another region is told apart before its time is looked at.
    #[test]
    fn a_code_of_another_region_is_refused() {
        let region = region_bcd("500000");
        assert_eq!(region, [0x50, 0, 0]);
        assert_eq!(check_code(Ok(code()), region, NOW_S), Ok(code()));
        let sichuan = region_bcd("510000");
        assert_eq!(check_code(Ok(code()), sichuan, NOW_S), Err(Refused::OtherRegion));
        assert_eq!(region_bcd("50000"), [0, 0, 0]);
        assert_eq!(region_bcd("五十万"), [0, 0, 0]);
    }

    #[test]
    fn every_reason_has_its_own_code_and_words() {
        let codes: std::collections::BTreeSet<&str> =
            Refused::ALL.iter().map(|r| r.code()).collect();
        assert_eq!(codes.len(), Refused::ALL.len());
        for refused in Refused::ALL {
            assert!(!refused.reason().zh.is_empty() && !refused.advice().en.is_empty());
        }
    }

    proptest! {
        /// A code is good from its moment to the end of its lifetime, give or take the skew; never
        /// hours away, as terminals with a wrong time zone would have it.
        #[test]
        fn the_window_is_the_lifetime(shift_s in -40_000i64..40_000) {
            let fits = check_code(Ok(code()), [0x50, 0, 0], NOW_S + shift_s).is_ok();
            let window = -SKEW_S..=i64::from(LIFETIME_S) + SKEW_S;
            prop_assert_eq!(fits, window.contains(&shift_s));
        }
    }
}
