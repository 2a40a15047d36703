//! What a bank may answer, and the reasons that all banks' codes are mapped to.

use kernel::law::Text;

use super::State;

/// A bank's answer to one request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It was carried out.
    Done {
        /// State of the account afterwards.
        state: State,
        /// Account number, when the bank told one.
        number: Option<String>,
    },
    /// It was not carried out and will not be.
    Refused(Reason),
    /// No answer that can be relied on: it may or may not have been carried out.
    Unknown,
    /// The bank has never seen the request: it may be sent again under the same key.
    NeverSeen,
    /// Handed over; the answer comes by itself later.
    Accepted,
    /// It did not leave the platform.
    NotSent,
}

/// Why a bank refuses, the same for all banks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reason {
    /// There is no such account.
    NoSuchAccount,
    /// The account bears another name.
    NameMismatch,
    /// The document does not match or has expired.
    DocumentMismatch,
    /// The account is closed.
    AccountClosed,
    /// The account is blocked.
    AccountBlocked,
    /// The person has as many accounts as the bank may open.
    TooManyAccounts,
    /// The account is not in a state for this.
    WrongState,
    /// The bank could not read the request.
    Format,
    /// A later report of loss took its place; the platform's own reason.
    Superseded,
    /// Anything else.
    Other,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Self; 10] = [
        Self::NoSuchAccount,
        Self::NameMismatch,
        Self::DocumentMismatch,
        Self::AccountClosed,
        Self::AccountBlocked,
        Self::TooManyAccounts,
        Self::WrongState,
        Self::Format,
        Self::Superseded,
        Self::Other,
    ];

    /// Stable code, as stored and on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoSuchAccount => "no-such-account",
            Self::NameMismatch => "name-mismatch",
            Self::DocumentMismatch => "document-mismatch",
            Self::AccountClosed => "account-closed",
            Self::AccountBlocked => "account-blocked",
            Self::TooManyAccounts => "too-many-accounts",
            Self::WrongState => "wrong-state",
            Self::Format => "format",
            Self::Superseded => "superseded",
            Self::Other => "other",
        }
    }

    /// The reason with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// The reason for people, with what to do.
    pub fn text(self) -> Text {
        let (zh, en) = match self {
            Self::NoSuchAccount => ("账户不存在，请核对账号", "No such account: check the number"),
            Self::NameMismatch => {
                ("户名与持卡人姓名不符，请持证件到银行更正", "Another name: correct it at the bank")
            }
            Self::DocumentMismatch => (
                "证件号码不符或证件已过期，请持有效证件到银行更新",
                "Document does not match: bring a valid one to the bank",
            ),
            Self::AccountClosed => ("账户已销户", "The account is closed"),
            Self::AccountBlocked => {
                ("账户被止付或冻结，请联系银行", "The account is blocked: ask the bank")
            }
            Self::TooManyAccounts => (
                "该持卡人在本行账户数已达上限，请到银行归并账户",
                "Too many accounts at this bank: have them merged there",
            ),
            Self::WrongState => ("账户当前状态不能办理", "The account's state does not allow it"),
            Self::Format => ("银行无法识别请求，请联系银行技术人员", "The bank could not read it"),
            Self::Superseded => {
                ("其后已办理挂失，本项不再办理", "A later report of loss took its place")
            }
            Self::Other => ("银行未受理，请联系银行", "Refused by the bank: ask there"),
        };
        Text::new(zh, en)
    }
}

/// How far a request has come.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RequestState {
    /// Written, not sent.
    Waiting,
    /// Sent, no answer yet.
    Sent,
    /// No answer in time.
    Unknown,
    /// Carried out.
    Done,
    /// Not carried out.
    Refused,
}

impl RequestState {
    /// All states.
    pub const ALL: [Self; 5] =
        [Self::Waiting, Self::Sent, Self::Unknown, Self::Done, Self::Refused];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }

    /// The state with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Whether the answer is final.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Refused)
    }
}
