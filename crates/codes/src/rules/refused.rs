//! Why a card does not open an item, with its article and what to do.

use kernel::law::{Article, Refusal, Text};
use seal::code::CodeError;
use seal::cq1::Refused as Cq1;

/// Why a code does not open an item.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    /// Not a card code, damaged, forged, expired, or from the future.
    Code(CodeError),
    /// A signed code that does not hold (CQ1).
    Signed(Cq1),
    /// What a reader read is no basic read of a card.
    Unreadable,
    /// Number and card number of a read do not belong together.
    Mismatch,
    /// Issued by another region.
    OtherRegion,
    /// The terminal is not registered or was blocked.
    Terminal,
    /// The item is not on the published list today.
    NotListed,
    /// The terminal may not ask for this item.
    ItemNotForTerminal,
    /// The item needs a surer proof than the one shown.
    LevelTooLow,
    /// The face of the card alone is never enough (Art. 6).
    FaceOnly,
    /// The item is not done in this way.
    WayNotListed,
    /// The item is not done at this kind of terminal.
    Channel,
    /// The item counts in another district only.
    Place,
    /// The item is made for other people.
    NotForGroup,
    /// The password is wrong, was never set, or was tried too often.
    Password,
    /// No electronic card has this credential.
    UnknownCard,
    /// The card is not active.
    CardNotActive,
    /// The card is past its last day.
    CardExpired,
    /// The card is frozen for this (Art. 20).
    Frozen,
    /// This display was used before.
    Replayed,
    /// The item is not on the joint list, and the card is of another region.
    NotJoint,
    /// The region that issued the card does not answer.
    HomeSilent,
}

impl Refused {
    /// The refusal with this code, as another region tells it.
    pub fn from_code(code: &str) -> Option<Self> {
        let signed = Cq1::ALL.into_iter().map(Self::Signed);
        Self::ALL.into_iter().chain(signed).find(|refused| refused.code() == code)
    }

    /// All reasons, for documents and tests.
    pub const ALL: [Self; 26] = [
        Self::Code(CodeError::Foreign),
        Self::Code(CodeError::Damaged),
        Self::Code(CodeError::Forged),
        Self::Code(CodeError::Future),
        Self::Code(CodeError::Expired),
        Self::Signed(Cq1::HolderSignature),
        Self::Unreadable,
        Self::Mismatch,
        Self::OtherRegion,
        Self::Terminal,
        Self::NotListed,
        Self::ItemNotForTerminal,
        Self::LevelTooLow,
        Self::FaceOnly,
        Self::WayNotListed,
        Self::Channel,
        Self::Place,
        Self::NotForGroup,
        Self::Password,
        Self::UnknownCard,
        Self::CardNotActive,
        Self::CardExpired,
        Self::Frozen,
        Self::Replayed,
        Self::NotJoint,
        Self::HomeSilent,
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
            Self::Signed(refused) => refused.code(),
            Self::Unreadable => "codes/unreadable",
            Self::Mismatch => "codes/mismatch",
            Self::LevelTooLow => "codes/level-too-low",
            Self::FaceOnly => "codes/face-only",
            Self::WayNotListed => "codes/way-not-listed",
            Self::Channel => "codes/channel",
            Self::Place => "codes/place",
            Self::NotForGroup => "codes/not-for-group",
            Self::Password => "codes/password",
            Self::UnknownCard => "codes/unknown-card",
            Self::CardNotActive => "codes/card-not-active",
            Self::CardExpired => "codes/card-expired",
            Self::Frozen => "codes/frozen",
            Self::Replayed => "codes/replayed",
            Self::NotJoint => "codes/not-joint",
            Self::HomeSilent => "codes/home-silent",
        }
    }

    fn article(&self) -> Option<Article> {
        match self {
            Self::Code(CodeError::Forged) => Some(Article(24)),
            Self::Signed(Cq1::IssuerSignature | Cq1::HolderSignature) => Some(Article(24)),
            Self::Signed(_) | Self::Code(_) | Self::OtherRegion => Some(Article(16)),
            Self::Unreadable | Self::FaceOnly => Some(Article(6)),
            Self::Mismatch | Self::Password => Some(Article(20)),
            Self::Terminal => Some(Article(15)),
            Self::NotListed | Self::LevelTooLow | Self::WayNotListed => Some(Article(14)),
            Self::NotJoint => Some(Article(14)),
            Self::HomeSilent => Some(Article(17)),
            Self::Channel | Self::Place | Self::NotForGroup => Some(Article(14)),
            Self::ItemNotForTerminal => Some(Article(18)),
            Self::UnknownCard | Self::Replayed | Self::Frozen => Some(Article(20)),
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
            Self::Signed(refused) => signed_reason(*refused),
            Self::Unreadable => ("没有读到社会保障卡", "No card was read"),
            Self::Mismatch => ("读到的号码与卡不相符", "Number and card do not belong together"),
            Self::LevelTooLow => {
                ("该事项须更高等级的身份核验", "The item needs a surer proof than the one shown")
            }
            Self::FaceOnly => ("仅凭卡面不能核验身份", "The face of the card alone proves nothing"),
            Self::WayNotListed => ("该事项不以这种方式用卡", "The item is not done in this way"),
            Self::Channel => {
                ("该事项不在这类终端办理", "The item is not done at this kind of terminal")
            }
            Self::Place => ("该事项只在指定区县办理", "The item counts in another district only"),
            Self::NotForGroup => {
                ("持卡人不属于该事项的服务对象", "The item is made for other people")
            }
            Self::Password => ("密码未通过", "The password did not pass"),
            Self::UnknownCard => ("没有对应的电子社会保障卡", "There is no such electronic card"),
            Self::CardNotActive => ("社会保障卡未处于正常状态", "The card is not active"),
            Self::Frozen => ("社会保障卡已临时冻结", "The card is frozen for now"),
            Self::CardExpired => ("社会保障卡已过有效期", "The card is past its last day"),
            Self::Replayed => ("该卡码已使用过", "This code was used already"),
            Self::NotJoint => {
                ("该事项不在川渝一卡通清单内", "The item is not on the Chongqing–Sichuan list")
            }
            Self::HomeSilent => {
                ("发卡地平台暂未应答", "The region that issued the card does not answer")
            }
        };
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let (zh, en) = match self {
            Self::Code(_) | Self::Replayed => {
                ("请持卡人刷新卡码后重新出示", "Ask the holder to show a fresh code")
            }
            Self::Signed(_) => {
                ("请持卡人刷新卡码后重新出示", "Ask the holder to show a fresh code")
            }
            Self::Unreadable | Self::Mismatch => {
                ("请重新读卡，仍不成功请引导到网点", "Read it again; if that fails, to an outlet")
            }
            Self::FaceOnly => ("请读卡或扫码核验", "Read the card or scan a code"),
            Self::Password => (
                "请持卡人重新输入；未设置可在“卡码”页设置",
                "The holder types it again; it is set on his code's page",
            ),
            Self::OtherRegion | Self::NotJoint => {
                ("请使用川渝通办事项", "Use an item of the joint list")
            }
            Self::HomeSilent => ("请稍候再试，或核验身份证件", "Try again, or check the document"),
            Self::Terminal => ("请联系终端所属单位", "Ask the organisation that owns the terminal"),
            Self::NotListed
            | Self::ItemNotForTerminal
            | Self::LevelTooLow
            | Self::WayNotListed
            | Self::Channel
            | Self::Place
            | Self::NotForGroup => ("请对照已公布的事项清单", "See the published list of items"),
            Self::Frozen => (
                "请持卡人登录“冻结与解冻”页查看原因，或拨打12333",
                "The holder sees why on his page of freezes, or calls 12333",
            ),
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

/// The refusals of a signed code in plain words; its own code says exactly which check failed.
fn signed_reason(refused: Cq1) -> (&'static str, &'static str) {
    match refused {
        Cq1::Foreign => ("这不是社会保障卡卡码", "This is not a card code"),
        Cq1::Length | Cq1::Version | Cq1::Encoding => ("卡码不完整", "The code is damaged"),
        Cq1::Region => ("卡码由其他地区签发", "The code was issued by another region"),
        Cq1::CredentialExpired | Cq1::Expired => ("卡码已过期", "The code has expired"),
        Cq1::Future | Cq1::CredentialTooLong => {
            ("卡码时间晚于当前时间", "The code is from the future")
        }
        Cq1::Replayed => ("该卡码已使用过", "This code was used already"),
        _ => ("卡码签名或签发方未通过核验", "The code's signature or issuer does not hold"),
    }
}
