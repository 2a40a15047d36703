//! What is said to the national platforms and what of their answers is believed. No I/O.

use kernel::law::{Article, Refusal, Text};
use seal::sm2::{SignerId, VerifyingKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::rules::{Refused as NotBelieved, Signed, in_time};

/// Signs what this region says.
pub const REGION: SignerId = SignerId("yikatong-national");
/// Signs what the national platform answers.
pub const PLATFORM: SignerId = SignerId("yikatong-national-platform");
/// The code under which its word about a person stands beside those of other regions.
pub const NATION: &str = "000000";
/// Lines of one batch.
pub const BATCH: i64 = 100;

/// What a code is decoded for, as the service platform counts it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// 01: query, proof of identity.
    Query,
    /// 02: payment.
    Payment,
    /// 03: other.
    Other,
    /// 04: medical treatment in another place.
    Medical,
}

impl Purpose {
    /// The purpose of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "01" => Some(Self::Query),
            "02" => Some(Self::Payment),
            "03" => Some(Self::Other),
            "04" => Some(Self::Medical),
            _ => None,
        }
    }

    /// As it travels.
    pub fn code(self) -> &'static str {
        match self {
            Self::Query => "01",
            Self::Payment => "02",
            Self::Other => "03",
            Self::Medical => "04",
        }
    }

    /// Whether an item of this area may decode for it: medical treatment only where health is the area,
    /// payment not at all, because no money moves by a decoded code here.
    pub fn fits(self, area: &str) -> bool {
        match self {
            Self::Query | Self::Other => true,
            Self::Medical => area == "health",
            Self::Payment => false,
        }
    }
}

/// The state of a social-security function in the national list.
pub fn state_code(state: &str) -> &'static str {
    match state {
        "on" => "1",
        "lost-temporarily" => "2",
        "lost" => "3",
        "locked" | "suspended" => "4",
        "ended" => "9",
        _ => "0",
    }
}

/// The state of a card, as it goes up.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CardLine {
    /// Person number.
    pub number: String,
    /// Name.
    pub name: String,
    /// Issuing region.
    pub region: String,
    /// Number on the card; empty before it is made.
    pub card_no: String,
    /// Social-security function: 0 off, 1 on, 2 lost for some days, 3 lost, 4 locked, 9 ended.
    pub social: String,
    /// Financial function, the same codes.
    pub financial: String,
    /// Last day, `YYYY-MM-DD`.
    pub until: String,
}

/// An issue of an electronic card, as it goes up.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ECardLine {
    /// Person number.
    pub number: String,
    /// 签发号: the certificate's identifier (GB/T 36904).
    pub issue: String,
    /// 签发流水号.
    pub serial: String,
    /// 签发等级: 1 query and identity, 2 with a linked account.
    pub level: u8,
    /// 签发日期, `YYYY-MM-DD`.
    pub issued_on: String,
    /// 有效期, `YYYY-MM-DD`.
    pub until: String,
    /// 签发地区.
    pub region: String,
    /// 0 off, 1 on, 4 suspended, 9 ended.
    pub state: String,
}

/// A sealed line of a batch.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Line {
    /// Its id; the same line has the same id each time.
    pub id: String,
    /// `card` or `e-card`.
    pub kind: String,
    /// [`CardLine`] or [`ECardLine`], in an envelope for the platform.
    pub sealed: String,
}

/// Lines that go up together.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reports {
    /// The batch; the same lines have the same one each time.
    pub id: String,
    /// Region.
    pub region: String,
    /// UTC seconds.
    pub at: i64,
    /// The lines.
    pub lines: Vec<Line>,
}

/// What became of the lines of a batch.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Results {
    /// The batch.
    pub id: String,
    /// Id of a line, and `ok` or why not.
    pub results: Vec<(String, String)>,
}

/// A question about one person, or one code.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Question {
    /// 32 hexadecimal digits.
    pub id: String,
    /// Region.
    pub region: String,
    /// UTC seconds.
    pub at: i64,
    /// `01` to `04`; empty for the look-up of a holder.
    pub purpose: String,
    /// Code of the item that it is for.
    pub item: String,
    /// The person's number, or the code that was shown, in an envelope for the platform.
    pub sealed: String,
}

/// The platform's answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// The question.
    pub id: String,
    /// UTC seconds.
    pub at: i64,
    /// `ok`, or why not.
    pub result: String,
    /// Look-up: whether the person has a card elsewhere in the country.
    #[serde(default)]
    pub held: bool,
    /// Decoding: [`Decoded`] in an envelope for this region.
    #[serde(default)]
    pub sealed: String,
}

/// Who stands behind a code.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Decoded {
    /// Person number.
    pub number: String,
    /// Name.
    pub name: String,
    /// Issuing region.
    pub region: String,
}

/// What binds an envelope: who, which piece, which id.
pub fn context(region: &str, piece: &str, id: &str) -> Vec<u8> {
    format!("yikatong-national|{region}|{piece}|{id}").into_bytes()
}

/// Reads what the platform signed.
///
/// # Errors
/// [`NotBelieved::Forged`], [`NotBelieved::Unreadable`].
pub fn open<T: DeserializeOwned>(signed: &Signed, key: &VerifyingKey) -> Result<T, NotBelieved> {
    let key = hex::encode(key.to_compressed());
    signed.open(&key, PLATFORM)
}

/// Reads the answer to exactly this question.
///
/// # Errors
/// The [`NotBelieved`] that applies first.
pub fn open_answer(
    signed: &Signed,
    key: &VerifyingKey,
    question: &Question,
    now_s: i64,
) -> Result<Answer, NotBelieved> {
    let answer: Answer = open(signed, key)?;
    if answer.id != question.id {
        return Err(NotBelieved::Scope);
    }
    in_time(answer.at, now_s).map(|()| answer)
}

/// The results of exactly this batch, for lines that were in it.
///
/// # Errors
/// The [`NotBelieved`] that applies first.
pub fn open_results(
    signed: &Signed,
    key: &VerifyingKey,
    reports: &Reports,
) -> Result<Vec<(String, String)>, NotBelieved> {
    let said: Results = open(signed, key)?;
    if said.id != reports.id {
        return Err(NotBelieved::Scope);
    }
    let ours = |(id, result): &(String, String)| {
        reports.lines.iter().any(|line| line.id == *id) && (1..=80).contains(&result.len())
    };
    Ok(said.results.into_iter().filter(ours).collect())
}

/// Why the national platform is not asked, or what it says is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No way is set up.
    NotSetUp,
    /// It does not answer, or not as agreed.
    Silent,
    /// The purpose does not fit the item.
    Purpose,
    /// The item is not on the list of today, or not this organisation's.
    Item,
    /// The platform knows no such code.
    UnknownCode,
}

impl Refused {
    fn row(self) -> (&'static str, u16, u8, [&'static str; 4]) {
        match self {
            Self::NotSetUp => (
                "national/not-set-up",
                409,
                23,
                [
                    "尚未对接全国平台",
                    "No way to the national platforms is set up",
                    "请由运行人员写入 national.json",
                    "The operator writes national.json",
                ],
            ),
            Self::Silent => (
                "national/silent",
                503,
                23,
                [
                    "全国平台暂未应答",
                    "The national platform does not answer",
                    "请稍后重试，或请持卡人出示本地卡码",
                    "Try again later, or ask for a code of this region",
                ],
            ),
            Self::Purpose => (
                "national/purpose",
                403,
                18,
                [
                    "解码用途与事项不符",
                    "The purpose does not fit the item",
                    "请选择与事项相符的用途（01查询、03其他；04仅限医疗）",
                    "Choose the purpose of the item (01 query, 03 other; 04 for health only)",
                ],
            ),
            Self::Item => (
                "national/item",
                403,
                14,
                [
                    "事项不在清单内或不由本单位负责",
                    "The item is not on the list, or not yours",
                    "请使用本单位负责的清单事项",
                    "Use an item that your organisation is responsible for",
                ],
            ),
            Self::UnknownCode => (
                "national/unknown-code",
                409,
                2,
                [
                    "全国平台无法识别该码",
                    "The national platform does not know this code",
                    "请持卡人刷新电子社保卡后重新出示",
                    "Ask the holder to renew the code and show it again",
                ],
            ),
        }
    }
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        self.row().0
    }

    fn article(&self) -> Option<Article> {
        Some(Article(self.row().2))
    }

    fn reason(&self) -> Text {
        let [zh, en, ..] = self.row().3;
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let [_, _, zh, en] = self.row().3;
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        self.row().1
    }
}
