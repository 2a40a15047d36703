//! Every "no" of joint outlets.

use kernel::law::{Article, Refusal, Text};

/// Why a case is not taken, or not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The clerk's outlet is no joint outlet on this day.
    NotJointOutlet,
    /// The other region told no key to seal for.
    NoSealKey,
    /// A document is missing, cannot be read or is too long.
    Papers,
    /// The envelope does not open, or says something else.
    Unreadable,
    /// The outlet of the other region was closed here.
    OutletClosed,
    /// The outlet asks too often.
    TooOften,
    /// No holder with this number and name.
    NoSuchHolder,
    /// The month is counted already.
    MonthSettled,
}

impl Refused {
    /// One of each.
    pub const ALL: [Self; 8] = [
        Self::NotJointOutlet,
        Self::NoSealKey,
        Self::Papers,
        Self::Unreadable,
        Self::OutletClosed,
        Self::TooOften,
        Self::NoSuchHolder,
        Self::MonthSettled,
    ];

    fn row(self) -> (&'static str, u16, u8, [&'static str; 4]) {
        match self {
            Self::NotJointOutlet => (
                "joint/not-joint-outlet",
                403,
                11,
                [
                    "本网点不是川渝通办网点",
                    "This outlet is no joint outlet",
                    "请引导群众到通办网点，或由市人社局设立",
                    "Send the holder to a joint outlet, or have this one set up as one",
                ],
            ),
            Self::NoSealKey => (
                "joint/no-seal-key",
                409,
                17,
                [
                    "对方地区未公布加密公钥",
                    "The other region has told no key to seal for",
                    "请对方更新地区描述并重新确认",
                    "Ask them for a newer descriptor and approve it",
                ],
            ),
            Self::Papers => (
                "joint/papers",
                422,
                12,
                [
                    "材料缺失、无法识别或过大",
                    "A document is missing, unreadable or too large",
                    "请重新扫描：最多4份，每份不超过1MB，JPEG、PNG或PDF",
                    "Scan again: up to 4, each up to 1 MB, JPEG, PNG or PDF",
                ],
            ),
            Self::Unreadable => (
                "joint/unreadable",
                422,
                17,
                [
                    "收到的内容无法解密或识别",
                    "What came cannot be opened or read",
                    "请核对对方的加密公钥后重新提交",
                    "Compare the key that it was sealed for, and send again",
                ],
            ),
            Self::OutletClosed => (
                "joint/outlet-closed",
                403,
                11,
                [
                    "发卡地已停止受理该网点的通办业务",
                    "The home region takes no more cases of this outlet",
                    "请联系发卡地人社部门",
                    "Call the authority of the home region",
                ],
            ),
            Self::TooOften => (
                "joint/too-often",
                429,
                18,
                [
                    "该网点今日通办次数已达上限",
                    "This outlet has reached today\u{27}s limit",
                    "请明日再办，或联系发卡地调整上限",
                    "Come again tomorrow, or ask the home region for a higher limit",
                ],
            ),
            Self::NoSuchHolder => (
                "joint/no-such-holder",
                404,
                11,
                [
                    "发卡地没有该号码和姓名的登记",
                    "The home region knows nobody with this number and name",
                    "请核对证件；首次申领请选“申领”",
                    "Compare the document; for a first card choose “apply”",
                ],
            ),
            Self::MonthSettled => (
                "joint/month-settled",
                409,
                11,
                [
                    "该月已经结清",
                    "This month is settled",
                    "如有差错，请在下月更正",
                    "Correct a fault with the next month",
                ],
            ),
        }
    }
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        self.row().0
    }

    fn status(&self) -> u16 {
        self.row().1
    }

    fn article(&self) -> Option<Article> {
        Some(Article(self.row().2))
    }

    fn reason(&self) -> Text {
        let [zh, en, ..] = self.row().3;
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let [.., zh, en] = self.row().3;
        Text::new(zh, en)
    }
}
