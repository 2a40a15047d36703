//! Faults that tests plant into the rules, to see that the simulation finds them.

use super::table::{Account, Event, Payment, Posting, State, flags};

/// A planted fault. A released program has none: [`Rules`] has no place for one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Bug {
    /// A payment without an answer becomes returned after some time.
    UnknownFailsByTime,
    /// What the bank may have taken is put into a new file.
    UnknownIsResentAsNew,
    /// A file leaves before its intent is on record.
    SendBeforeIntent,
    /// A second report of the same result is booked again.
    DuplicateIsBookedTwice,
    /// A payment is made again before the first one came back.
    ReissueWithoutReturn,
    /// A returned payment is made again twice.
    ReissueTwice,
    /// Files leave although somebody pressed stop.
    StopIsIgnoredAtSending,
    /// Intents are made although somebody pressed stop.
    StopIsIgnoredAtPlanning,
    /// The newest word of the bank overwrites the one before.
    ContradictionOverwrites,
    /// An answer after the deadline is thrown away.
    LateAnswerIsIgnored,
    /// The amount in the answer is not compared.
    AmountIsNotCompared,
    /// Lines that a report leaves out count as returned.
    MissingLineIsReturned,
    /// Finance may void what has left.
    VoidAfterSending,
    /// A file that the bank refused stays in transit in the books.
    WithdrawalIsNotBooked,
    /// The entry of a reservation is kept before the reservation itself.
    ReservationIsNotAtomic,
    /// Returned money is booked out of the wrong account.
    ReturnFromWrongAccount,
    /// Results are matched by their place instead of their reference.
    MatchByPosition,
    /// The one who asked for a release may decide on it.
    MakerReleases,
    /// One approver is enough above the threshold.
    OneApproverAboveThreshold,
    /// A file that the bank has never seen counts as returned.
    NeverSeenIsReturned,
    /// A file that the bank has never seen leaves under a new id.
    NeverSeenGetsNewId,
    /// A file that the bank took and forgot leaves again by itself.
    TakenIsSentAgain,
    /// Money that was paid twice is not claimed.
    PaidTwiceIsIgnored,
    /// A payment in suspense may be made again.
    HeldIsReissued,
    /// A dismissed contradiction leaves its money in suspense.
    DismissalIsNotBooked,
    /// A regenerated file has what the register says now, not what was written.
    FileIsMadeAnew,
}

impl Bug {
    /// All faults.
    pub const ALL: [Self; 26] = [
        Self::UnknownFailsByTime,
        Self::UnknownIsResentAsNew,
        Self::SendBeforeIntent,
        Self::DuplicateIsBookedTwice,
        Self::ReissueWithoutReturn,
        Self::ReissueTwice,
        Self::StopIsIgnoredAtSending,
        Self::StopIsIgnoredAtPlanning,
        Self::ContradictionOverwrites,
        Self::LateAnswerIsIgnored,
        Self::AmountIsNotCompared,
        Self::MissingLineIsReturned,
        Self::VoidAfterSending,
        Self::WithdrawalIsNotBooked,
        Self::ReservationIsNotAtomic,
        Self::ReturnFromWrongAccount,
        Self::MatchByPosition,
        Self::MakerReleases,
        Self::OneApproverAboveThreshold,
        Self::NeverSeenIsReturned,
        Self::NeverSeenGetsNewId,
        Self::TakenIsSentAgain,
        Self::PaidTwiceIsIgnored,
        Self::HeldIsReissued,
        Self::DismissalIsNotBooked,
        Self::FileIsMadeAnew,
    ];
}

/// The rules of money. All decisions are its methods.
#[derive(Clone, Copy, Default, Debug)]
pub struct Rules {
    #[cfg(any(test, feature = "planted-bugs"))]
    planted: Option<Bug>,
}

impl Rules {
    /// The rules as they are.
    #[must_use]
    pub fn sound() -> Self {
        Self::default()
    }

    /// The rules with one fault.
    #[cfg(any(test, feature = "planted-bugs"))]
    #[must_use]
    pub fn with(bug: Bug) -> Self {
        Self { planted: Some(bug) }
    }

    /// Whether this fault is planted; never in a released program.
    #[cfg(any(test, feature = "planted-bugs"))]
    #[must_use]
    pub fn has(&self, bug: Bug) -> bool {
        self.planted == Some(bug)
    }

    /// Whether this fault is planted; never in a released program.
    #[cfg(not(any(test, feature = "planted-bugs")))]
    #[must_use]
    pub fn has(&self, _: Bug) -> bool {
        false
    }
}

impl Rules {
    /// The wrong moves that tests plant.
    pub(super) fn planted_move(
        &self,
        payment: &Payment,
        event: Event,
    ) -> Option<(Payment, Option<Posting>)> {
        let to = |state| flags(Payment { state, ..*payment }, event);
        let book = |debit, credit| Some(Posting { debit, credit });
        match (payment.state, event) {
            (State::Paid, Event::Pay) if self.has(Bug::DuplicateIsBookedTwice) => {
                Some((*payment, book(Account::Paid, Account::Transit)))
            }
            (State::Unknown, Event::Reissue) if self.has(Bug::ReissueWithoutReturn) => {
                Some((to(State::Returned), book(Account::Reissue, Account::Transit)))
            }
            (State::Returned, Event::Reissue)
                if self.has(Bug::ReissueTwice) && payment.reissued
                    || self.has(Bug::HeldIsReissued) && payment.held =>
            {
                Some((to(State::Returned), book(Account::Reissue, Account::Returned)))
            }
            (State::Paid, Event::Return) if self.has(Bug::ContradictionOverwrites) => {
                Some((to(State::Returned), book(Account::Returned, Account::Paid)))
            }
            (State::Sent, Event::Void) if self.has(Bug::VoidAfterSending) => {
                Some((to(State::Void), book(Account::Budget, Account::Transit)))
            }
            (State::Intent, Event::Withdraw) if self.has(Bug::WithdrawalIsNotBooked) => {
                Some((to(State::Reserved), None))
            }
            (State::Unknown, Event::Withdraw) if self.has(Bug::UnknownIsResentAsNew) => {
                Some((to(State::Reserved), book(Account::Reserved, Account::Transit)))
            }
            (state, Event::Return) if self.has(Bug::ReturnFromWrongAccount) && state.is_out() => {
                Some((to(State::Returned), book(Account::Returned, Account::Reserved)))
            }
            (state, Event::Dismiss) if self.has(Bug::DismissalIsNotBooked) && payment.held => {
                Some((to(state), None))
            }
            _ => None,
        }
    }
}
