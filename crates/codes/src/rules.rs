//! Whether a shown code opens a published item, in the fixed, fail-closed order:
//! code → terminal → item → card → once only.

use cards::rules::{Stage, Unusable};
use items::rules::Item;
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
    /// Stage of the physical card.
    pub stage: Stage,
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
    pub const ALL: [Self; 13] = [
        Self::Code(CodeError::Foreign),
        Self::Code(CodeError::Damaged),
        Self::Code(CodeError::Forged),
        Self::Code(CodeError::Future),
        Self::Code(CodeError::Expired),
        Self::OtherRegion,
        Self::Terminal,
        Self::NotListed,
        Self::ItemNotForTerminal,
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
            Self::NotListed => Some(Article(14)),
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
            Self::NotListed | Self::ItemNotForTerminal => {
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
    let standing = standing.ok_or(Refused::UnknownCard)?;
    match cards::rules::usable(&standing.stage, standing.expires_on, today) {
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
