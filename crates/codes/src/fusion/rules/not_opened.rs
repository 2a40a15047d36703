//! Why the gateway did not open an item for a code.

use kernel::law::{Article, Refusal, Text};

/// Why a code of another format does not open an item.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotOpened {
    /// No format is registered that begins like this text.
    Unregistered,
    /// The format is not in force today.
    NotInForce,
    /// The text does not fit its format.
    Malformed,
    /// Made later than now.
    Future,
    /// Its time is over.
    Expired,
    /// Its key is unknown, outside its days, or revoked.
    Key,
    /// Its signature does not hold.
    Forged,
    /// The terminal is not registered or is blocked.
    Caller,
    /// The item is not on the list today.
    NotListed,
    /// The caller may not ask for this item.
    ItemNotForCaller,
    /// The item needs a surer proof than this code gives.
    LevelTooLow,
    /// The number is linked to nobody.
    NotLinked,
    /// The holder has no active social security card.
    CardNotActive,
    /// The social security card is past its last day.
    CardExpired,
    /// The social security card is frozen for this (Art. 20).
    Frozen,
    /// This display was used before.
    Replayed,
}

impl NotOpened {
    /// All reasons.
    pub const ALL: [Self; 16] = [
        Self::Unregistered,
        Self::NotInForce,
        Self::Malformed,
        Self::Future,
        Self::Expired,
        Self::Key,
        Self::Forged,
        Self::Caller,
        Self::NotListed,
        Self::ItemNotForCaller,
        Self::LevelTooLow,
        Self::NotLinked,
        Self::CardNotActive,
        Self::CardExpired,
        Self::Frozen,
        Self::Replayed,
    ];

    /// Code, article, reason and advice, each in both languages.
    fn row(self) -> (&'static str, u8, [&'static str; 2], [&'static str; 2]) {
        const FRESH: [&str; 2] = ["请持卡人刷新后重新出示", "Ask the holder to show a fresh code"];
        const OWN: [&str; 2] =
            ["请持卡人出示社会保障卡卡码", "Ask for the code of the social security card"];
        const LIST: [&str; 2] = ["请对照已公布的事项清单", "See the published list of items"];
        const ASK: [&str; 2] =
            ["请持卡人到网点或拨打12333查询", "The holder can ask an outlet or call 12333"];
        match self {
            Self::Unregistered => {
                ("fusion/unregistered", 16, ["未登记的码制", "This format is not registered"], OWN)
            }
            Self::NotInForce => (
                "fusion/format-not-in-force",
                16,
                ["该码制尚未生效或已停用", "This format is not in force"],
                OWN,
            ),
            Self::Malformed => {
                ("fusion/malformed", 16, ["该码不完整", "The code is damaged"], FRESH)
            }
            Self::Future => (
                "fusion/from-the-future",
                16,
                ["该码时间晚于当前时间", "The code is from the future"],
                FRESH,
            ),
            Self::Expired => ("fusion/expired", 16, ["该码已过期", "The code has expired"], FRESH),
            Self::Key => (
                "fusion/key-not-in-force",
                20,
                ["签发密钥未登记、已过期或已吊销", "Its key is unknown, out of date or revoked"],
                OWN,
            ),
            Self::Forged => (
                "fusion/forged",
                24,
                ["该码签名无效", "The code was not issued by its organisation"],
                FRESH,
            ),
            Self::Caller => (
                "fusion/terminal-not-registered",
                15,
                ["终端未登记或已停用", "The terminal is not registered or is blocked"],
                ["请联系终端所属单位", "Ask the organisation that owns the terminal"],
            ),
            Self::NotListed => (
                "fusion/item-not-listed",
                14,
                ["事项不在已公布的清单内", "The item is not on the published list"],
                LIST,
            ),
            Self::ItemNotForCaller => (
                "fusion/item-not-for-caller",
                18,
                ["本终端或单位不能办理该事项", "This terminal or organisation may not ask for it"],
                LIST,
            ),
            Self::LevelTooLow => (
                "fusion/level-too-low",
                16,
                ["该事项须更高等级的身份核验", "The item needs a surer proof than this code"],
                OWN,
            ),
            Self::NotLinked => (
                "fusion/not-linked",
                16,
                ["该卡（码）未关联社会保障卡", "This card or code is not linked to a holder"],
                ["请持卡人在“卡码融合”中关联", "The holder can link it under “Linked cards”"],
            ),
            Self::CardNotActive => (
                "fusion/card-not-active",
                2,
                ["社会保障卡未处于正常状态", "The social security card is not active"],
                ASK,
            ),
            Self::CardExpired => (
                "fusion/card-expired",
                2,
                ["社会保障卡已过有效期", "The social security card is past its last day"],
                ASK,
            ),
            Self::Frozen => (
                "fusion/frozen",
                20,
                ["社会保障卡已临时冻结", "The social security card is frozen for now"],
                ASK,
            ),
            Self::Replayed => {
                ("fusion/replayed", 20, ["该码已使用过", "This code was used already"], FRESH)
            }
        }
    }
}

impl Refusal for NotOpened {
    fn code(&self) -> &'static str {
        self.row().0
    }

    fn article(&self) -> Option<Article> {
        Some(Article(self.row().1))
    }

    fn reason(&self) -> Text {
        let [zh, en] = self.row().2;
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let [zh, en] = self.row().3;
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        403
    }
}
