//! Faults that tests plant into the rules, to see that the simulation finds them.

/// A planted fault. A released program has none: [`Rules`] has no place for one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Bug {
    /// A debit without an answer counts as failed after some time.
    UnknownFailsByTime,
    /// What the bank may have taken leaves again under a new id.
    UnknownIsResentAsNew,
    /// A bill that is being paid may be paid by somebody else too.
    BillIsPaidTwice,
    /// The order leaves before it is on record.
    SendBeforeIntent,
    /// A refund leaves twice.
    RefundTwice,
    /// The biller's silence counts as its refusal.
    SilenceIsRefusal,
    /// "I have this already" of the biller counts as its refusal.
    DuplicateIsRefusal,
    /// The newest word of the bank overwrites the one before.
    ContradictionOverwrites,
    /// The amount in the bank's answer is not compared.
    AmountIsNotCompared,
    /// What was not taken stays in transit in the books.
    FailureIsNotBooked,
    /// A cancelled or paused authorisation still debits.
    CancelledStillDebits,
    /// The limit for one bill is not asked.
    BillLimitIgnored,
    /// The limit for a month is not asked.
    MonthLimitIgnored,
    /// The holder is not told before.
    DebitsUntold,
    /// A refund that the bank could not carry out counts as done.
    FailedRefundIsDone,
    /// The biller is told before the bank took the money.
    PostBeforeDebit,
    /// What a bank took and forgot leaves again by itself.
    ForgottenLeavesAgain,
}

impl Bug {
    /// All faults.
    pub const ALL: [Self; 17] = [
        Self::UnknownFailsByTime,
        Self::UnknownIsResentAsNew,
        Self::BillIsPaidTwice,
        Self::SendBeforeIntent,
        Self::RefundTwice,
        Self::SilenceIsRefusal,
        Self::DuplicateIsRefusal,
        Self::ContradictionOverwrites,
        Self::AmountIsNotCompared,
        Self::FailureIsNotBooked,
        Self::CancelledStillDebits,
        Self::BillLimitIgnored,
        Self::MonthLimitIgnored,
        Self::DebitsUntold,
        Self::FailedRefundIsDone,
        Self::PostBeforeDebit,
        Self::ForgottenLeavesAgain,
    ];
}

/// The rules; in tests one fault can be planted into them.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    #[cfg(any(test, feature = "planted-bugs"))]
    bug: Option<Bug>,
}

impl Rules {
    /// The rules as they are.
    pub fn sound() -> Self {
        Self {
            #[cfg(any(test, feature = "planted-bugs"))]
            bug: None,
        }
    }

    /// The rules with a fault.
    #[cfg(any(test, feature = "planted-bugs"))]
    pub fn with(bug: Bug) -> Self {
        Self { bug: Some(bug) }
    }

    #[cfg(any(test, feature = "planted-bugs"))]
    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    #[cfg(not(any(test, feature = "planted-bugs")))]
    pub(crate) fn has(&self, _: Bug) -> bool {
        false
    }
}
