//! What somebody must look at, and what he may do about it.

use kernel::law::Text;

use super::table::Event;

/// Kinds of exceptions of the reconciliation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// The bank tells another amount.
    AmountDiffers,
    /// The bank tells of a payment that is not in its file.
    UnknownLine,
    /// A line of a report cannot be read.
    BrokenLine,
    /// The bank tells of a payment that did not leave.
    NotSent,
    /// The bank refused a file and paid a line of it.
    PaidUnsent,
    /// PAID, then RETURNED.
    ReturnedAfterPaid,
    /// RETURNED, then PAID.
    PaidAfterReturned,
    /// Paid although it was made again or taken back.
    PaidTwice,
    /// Returned by the bank after the holder gave it back.
    ReturnedAfterRecovery,
    /// The bank refused a whole file.
    FileRefused,
    /// The bank took a file and knows nothing of it any more.
    FileVanished,
    /// A final report leaves out lines.
    LinesMissing,
    /// A second report of the same number says something else.
    ReportDiffers,
    /// An official found that it should not have been paid.
    WrongPayment,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 14] = [
        Self::AmountDiffers,
        Self::UnknownLine,
        Self::BrokenLine,
        Self::NotSent,
        Self::PaidUnsent,
        Self::ReturnedAfterPaid,
        Self::PaidAfterReturned,
        Self::PaidTwice,
        Self::ReturnedAfterRecovery,
        Self::FileRefused,
        Self::FileVanished,
        Self::LinesMissing,
        Self::ReportDiffers,
        Self::WrongPayment,
    ];

    /// As stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::AmountDiffers => "amount-differs",
            Self::UnknownLine => "unknown-line",
            Self::BrokenLine => "broken-line",
            Self::NotSent => "not-sent",
            Self::PaidUnsent => "paid-unsent",
            Self::ReturnedAfterPaid => "returned-after-paid",
            Self::PaidAfterReturned => "paid-after-returned",
            Self::PaidTwice => "paid-twice",
            Self::ReturnedAfterRecovery => "returned-after-recovery",
            Self::FileRefused => "file-refused",
            Self::FileVanished => "file-vanished",
            Self::LinesMissing => "lines-missing",
            Self::ReportDiffers => "report-differs",
            Self::WrongPayment => "wrong-payment",
        }
    }

    /// The kind of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// For people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::AmountDiffers => ("金额不符", "Amount differs"),
            Self::UnknownLine => ("未知明细", "Unknown line"),
            Self::BrokenLine => ("明细无法读取", "Unreadable line"),
            Self::NotSent => ("未发送却有回执", "Answer to what did not leave"),
            Self::PaidUnsent => ("整批拒收后又支付", "Paid after the file was refused"),
            Self::ReturnedAfterPaid => ("先成功后退回", "Paid, then returned"),
            Self::PaidAfterReturned => ("先退回后成功", "Returned, then paid"),
            Self::PaidTwice => ("重复支付", "Paid twice"),
            Self::ReturnedAfterRecovery => ("追回后又退回", "Returned after recovery"),
            Self::FileRefused => ("银行整批拒收", "File refused"),
            Self::FileVanished => ("银行已收后又称未见", "File vanished at the bank"),
            Self::LinesMissing => ("回执缺少明细", "Lines missing"),
            Self::ReportDiffers => ("同号回执内容不同", "Report with two contents"),
            Self::WrongPayment => ("错发待追回", "Paid wrongly"),
        };
        Text::new(zh, en)
    }

    /// What may be done about it; nothing else is.
    pub fn actions(self) -> &'static [Action] {
        match self {
            Self::AmountDiffers | Self::LinesMissing | Self::BrokenLine => {
                &[Action::AskAgain, Action::Dismiss]
            }
            Self::UnknownLine
            | Self::NotSent
            | Self::ReportDiffers
            | Self::ReturnedAfterRecovery => &[Action::Dismiss],
            Self::PaidUnsent | Self::PaidAfterReturned => &[Action::AcceptPaid, Action::Dismiss],
            Self::ReturnedAfterPaid => &[Action::AcceptReturn, Action::Dismiss],
            Self::PaidTwice => &[Action::Recover, Action::RecoverPart, Action::Forgive],
            Self::WrongPayment => &[Action::Recover, Action::RecoverPart, Action::Dismiss],
            Self::FileRefused => &[Action::Resend, Action::VoidLines],
            Self::FileVanished => &[Action::AskAgain, Action::Resend],
        }
    }
}

/// What somebody may do about an exception.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Action {
    /// The bank is asked once more.
    AskAgain,
    /// It was paid.
    AcceptPaid,
    /// It came back.
    AcceptReturn,
    /// It stands as it stood.
    Dismiss,
    /// The holder gave the money back, all that was owed.
    Recover,
    /// The holder gave back a part; the rest stays owed.
    RecoverPart,
    /// The bank withdrew its word.
    Forgive,
    /// The lines leave once more.
    Resend,
    /// The lines are taken back.
    VoidLines,
}

impl Action {
    /// All actions.
    pub const ALL: [Self; 9] = [
        Self::AskAgain,
        Self::AcceptPaid,
        Self::AcceptReturn,
        Self::Dismiss,
        Self::Recover,
        Self::RecoverPart,
        Self::Forgive,
        Self::Resend,
        Self::VoidLines,
    ];

    /// As stored and sent.
    pub fn code(self) -> &'static str {
        match self {
            Self::AskAgain => "ask-again",
            Self::AcceptPaid => "accept-paid",
            Self::AcceptReturn => "accept-return",
            Self::Dismiss => "dismiss",
            Self::Recover => "recover",
            Self::RecoverPart => "recover-part",
            Self::Forgive => "forgive",
            Self::Resend => "resend",
            Self::VoidLines => "void-lines",
        }
    }

    /// The action of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.code() == code)
    }

    /// For people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::AskAgain => ("再次查询银行", "Ask the bank again"),
            Self::AcceptPaid => ("认定已到账", "It was paid"),
            Self::AcceptReturn => ("认定已退回", "It came back"),
            Self::Dismiss => ("维持原状", "Leave as it stood"),
            Self::Recover => ("登记已全部追回", "All money recovered"),
            Self::RecoverPart => ("登记部分追回", "A part recovered"),
            Self::Forgive => ("银行更正：未支付", "The bank withdrew it"),
            Self::Resend => ("重新发送", "Send again"),
            Self::VoidLines => ("取消这些明细", "Cancel the lines"),
        };
        Text::new(zh, en)
    }

    /// What it does to the payment of the exception; `held` tells whether its money is in suspense.
    pub fn event(self, held: bool) -> Option<Event> {
        match self {
            Self::AcceptPaid => Some(Event::AcceptPaid),
            Self::AcceptReturn => Some(Event::AcceptReturn),
            Self::Dismiss => held.then_some(Event::Dismiss),
            Self::Recover => Some(Event::Recover),
            Self::Forgive => Some(Event::Forgive),
            Self::VoidLines => Some(Event::Void),
            Self::AskAgain | Self::Resend | Self::RecoverPart => None,
        }
    }

    /// Whether money moves, so that two people are needed (Art. 25).
    pub fn needs_two(self) -> bool {
        self != Self::AskAgain
    }
}
