//! Why a freeze or a thaw is refused.

use kernel::law::{Article, Refusal, Text};

/// Why a freeze or a thaw is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// No such scope, or no item named.
    BadScope,
    /// No such reason, or no words to it.
    NoReason,
    /// The same hands froze the same already.
    Already,
    /// It has ended.
    NotInForce,
    /// Who froze does not look himself.
    OwnLook,
    /// It ends at a counter.
    Counter,
    /// It ends by two officers.
    TwoOfficers,
    /// The region that froze ends it.
    Region,
    /// The code is wrong or too old.
    BadCode,
    /// There is no phone to send a code to.
    NoPhone,
    /// A thaw needs a proof.
    NoProof,
    /// Somebody asked for this thaw already.
    Asked,
}

impl Refused {
    /// All, for documents and tests.
    pub const ALL: [Self; 12] = [
        Self::BadScope,
        Self::NoReason,
        Self::Already,
        Self::NotInForce,
        Self::OwnLook,
        Self::Counter,
        Self::TwoOfficers,
        Self::Region,
        Self::BadCode,
        Self::NoPhone,
        Self::NoProof,
        Self::Asked,
    ];
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::BadScope => "freezes/bad-scope",
            Self::NoReason => "freezes/no-reason",
            Self::Already => "freezes/already-frozen",
            Self::NotInForce => "freezes/not-in-force",
            Self::OwnLook => "freezes/own-look",
            Self::Counter => "freezes/thaw-at-counter",
            Self::TwoOfficers => "freezes/thaw-by-two-officers",
            Self::Region => "freezes/thaw-by-other-region",
            Self::BadCode => "freezes/bad-code",
            Self::NoPhone => "freezes/no-phone",
            Self::NoProof => "freezes/no-proof",
            Self::Asked => "freezes/thaw-asked-already",
        }
    }

    fn article(&self) -> Option<Article> {
        Some(Article(if matches!(self, Self::OwnLook) { 25 } else { 20 }))
    }

    fn reason(&self) -> Text {
        let (zh, en) = match self {
            Self::BadScope => ("冻结范围有误", "There is no such scope"),
            Self::NoReason => ("缺少冻结原因或说明", "The reason is missing"),
            Self::Already => ("您已冻结过，目前仍然有效", "You froze this already"),
            Self::NotInForce => ("该冻结已经解除", "This freeze has ended"),
            Self::OwnLook => ("冻结人不能复核自己的冻结", "Nobody looks at his own freeze"),
            Self::Counter => ("该冻结须到网点解除", "This freeze ends at an outlet"),
            Self::TwoOfficers => ("该冻结须由两名工作人员解除", "Two officers end this freeze"),
            Self::Region => {
                ("该冻结须由提出冻结的地区解除", "Only the region that froze ends this freeze")
            }
            Self::BadCode => ("验证码不正确或已过期", "The code is wrong or too old"),
            Self::NoPhone => ("没有预留手机，无法发送验证码", "No phone is on record for a code"),
            Self::NoProof => ("缺少解冻依据", "The proof is missing"),
            Self::Asked => ("已有人提出解冻，等待复核", "Somebody asked for this thaw already"),
        };
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let (zh, en) = match self {
            Self::BadScope => ("请选择全部、资金、身份核验或一个事项", "Choose one of the four"),
            Self::NoReason => ("请选择原因并用2到200字说明", "Choose one and say why"),
            Self::Already => ("无须重复操作", "Nothing more is needed"),
            Self::NotInForce => ("请刷新页面", "Reload the page"),
            Self::OwnLook => ("请由另一位工作人员复核", "Ask somebody else"),
            Self::Counter => ("请持有效身份证件到就近网点", "Go to an outlet with your document"),
            Self::TwoOfficers => {
                ("有异议可以申诉，我们会尽快核实", "You can appeal; it will be checked soon")
            }
            Self::Region => (
                "请在“跨省冻结”中请对方核实解除；持卡人可以申诉",
                "Ask that region for it on the page of freezes across regions; the holder can appeal",
            ),
            Self::BadCode => ("请重新获取验证码", "Ask for a new code"),
            Self::NoPhone => ("请持有效身份证件到就近网点", "Go to an outlet with your document"),
            Self::NoProof => ("请写明核验的证件或材料", "Say what was shown"),
            Self::Asked => ("请由另一位工作人员决定", "Somebody else decides on it"),
        };
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::OwnLook => 403,
            Self::BadScope | Self::NoReason | Self::NoProof => 422,
            _ => 409,
        }
    }
}
