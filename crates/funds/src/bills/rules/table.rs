//! Every move of a bill payment with the entry that it books; there is no other way to change one.
//!
//! Two partners take part: the bank takes the money from the holder's account, then the biller is told.
//! Neither's silence ends anything: the same order leaves again under the same id, or is asked after.

use kernel::law::Text;

use super::{Bug, Refused, Rules};

/// Where a payment stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum State {
    /// On record; nothing has left yet.
    Intent,
    /// The bank has the order.
    Sent,
    /// Nobody can tell whether the bank took the money.
    Unknown,
    /// The bank took no money, by its own word.
    Failed,
    /// The bank took the money; the biller is being told.
    Debited,
    /// The biller has it.
    Done,
    /// The biller does not take it, or gives it back: the holder is owed.
    Owed,
    /// The order that gives it back is on its way.
    Returning,
    /// The holder has it back.
    Refunded,
    /// The bank contradicts itself; people find out.
    Held,
}

impl State {
    /// All states.
    pub const ALL: [Self; 10] = [
        Self::Intent,
        Self::Sent,
        Self::Unknown,
        Self::Failed,
        Self::Debited,
        Self::Done,
        Self::Owed,
        Self::Returning,
        Self::Refunded,
        Self::Held,
    ];

    /// As stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
            Self::Debited => "debited",
            Self::Done => "done",
            Self::Owed => "owed",
            Self::Returning => "returning",
            Self::Refunded => "refunded",
            Self::Held => "held",
        }
    }

    /// Reads [`State::code`]'s form.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Nothing more happens by itself.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Failed | Self::Done | Self::Refunded)
    }

    /// For people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Intent => ("等待扣款", "About to be debited"),
            Self::Sent => ("银行处理中", "The bank is at it"),
            Self::Unknown => ("核实扣款结果", "The debit is being verified"),
            Self::Failed => ("未扣款", "Not debited"),
            Self::Debited => ("已扣款，等待销账", "Debited, the biller is being told"),
            Self::Done => ("缴费成功", "Paid"),
            Self::Owed => ("等待退款", "To be refunded"),
            Self::Returning => ("退款中", "On its way back"),
            Self::Refunded => ("已退款", "Refunded"),
            Self::Held => ("人工核实", "Being looked into"),
        };
        Text::new(zh, en)
    }

    /// Class of its badge.
    pub fn badge(self) -> &'static str {
        match self {
            Self::Done => "ok",
            Self::Failed => "bad",
            Self::Unknown | Self::Held | Self::Owed => "warn",
            _ => "info",
        }
    }

    /// The account that holds the money of payments in this state; none while or after no money moves.
    pub fn account(self) -> Option<Account> {
        match self {
            Self::Intent | Self::Sent | Self::Unknown => Some(Account::Transit),
            Self::Failed => None,
            Self::Debited => Some(Account::Collected),
            Self::Done => Some(Account::Settled),
            Self::Owed => Some(Account::Owed),
            Self::Returning => Some(Account::Returning),
            Self::Refunded => Some(Account::Refunded),
            Self::Held => Some(Account::Suspense),
        }
    }
}

/// Accounts of the ledger, in fen; all together are 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Account {
    /// The holder's side: what was asked of his account.
    Holder,
    /// Asked of a bank, or perhaps taken.
    Transit,
    /// Taken, not yet the biller's.
    Collected,
    /// The biller's.
    Settled,
    /// Owed to the holder.
    Owed,
    /// On its way back to the holder.
    Returning,
    /// Back at the holder.
    Refunded,
    /// Contradicted.
    Suspense,
}

impl Account {
    /// All accounts.
    pub const ALL: [Self; 8] = [
        Self::Holder,
        Self::Transit,
        Self::Collected,
        Self::Settled,
        Self::Owed,
        Self::Returning,
        Self::Refunded,
        Self::Suspense,
    ];

    /// As stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Holder => "holder",
            Self::Transit => "transit",
            Self::Collected => "collected",
            Self::Settled => "settled",
            Self::Owed => "owed",
            Self::Returning => "returning",
            Self::Refunded => "refunded",
            Self::Suspense => "suspense",
        }
    }

    /// Reads [`Account::code`]'s form.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|account| account.code() == code)
    }

    /// For people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Holder => ("持卡人", "Holders"),
            Self::Transit => ("扣款在途", "Debits under way"),
            Self::Collected => ("已扣待销账", "Collected, biller not told"),
            Self::Settled => ("已销账", "With the biller"),
            Self::Owed => ("应退持卡人", "Owed to holders"),
            Self::Returning => ("退款在途", "Refunds under way"),
            Self::Refunded => ("已退款", "Refunded"),
            Self::Suspense => ("待核实", "In suspense"),
        };
        Text::new(zh, en)
    }
}

/// One entry: the same fen on both sides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Posting {
    /// Account that receives.
    pub debit: Account,
    /// Account that gives.
    pub credit: Account,
}

/// The entry of a new intent.
pub const INTEND: Posting = Posting { debit: Account::Transit, credit: Account::Holder };

/// What can happen to a payment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Event {
    /// The bank took the order.
    Take,
    /// No sure answer of the bank.
    Doubt,
    /// The bank has never seen it: the same order may leave again.
    NeverSeen,
    /// The bank took the money.
    Debit,
    /// The bank took none, by its own word.
    Fail,
    /// The biller has the money.
    Post,
    /// The biller does not take it.
    Refuse,
    /// The biller gives back what it had; two people said so.
    GiveBack,
    /// The order of the refund is on record.
    SendBack,
    /// The bank could not give it back: another try is a new order.
    BackFailed,
    /// The holder has it back.
    Back,
    /// The bank says the opposite of what it said.
    Contradict,
    /// People found out: the bank did take the money.
    WasTaken,
    /// People found out: it did not. What the biller has must be struck out first.
    WasNotTaken,
    /// The biller has nothing of it, or struck it out: the bank never took the money.
    Strike,
}

impl Event {
    /// As stored in the ledger.
    pub fn code(self) -> &'static str {
        match self {
            Self::Take => "take",
            Self::Doubt => "doubt",
            Self::NeverSeen => "never-seen",
            Self::Debit => "debit",
            Self::Fail => "fail",
            Self::Post => "post",
            Self::Refuse => "refuse",
            Self::GiveBack => "give-back",
            Self::SendBack => "send-back",
            Self::BackFailed => "back-failed",
            Self::Back => "back",
            Self::Contradict => "contradict",
            Self::WasTaken => "was-taken",
            Self::WasNotTaken => "was-not-taken",
            Self::Strike => "strike",
        }
    }
}

/// What the rules know of a payment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Payment {
    /// Amount in fen.
    pub fen: i64,
    /// State.
    pub state: State,
    /// Orders that would give it back, so far; the number is part of their id.
    pub backs: i64,
    /// Whether the biller had said that it has the money.
    pub posted: bool,
    /// Whether the biller may have been told: since the bank said that it took the money.
    pub offered: bool,
    /// Whether the bank had said that it has the order that is under way.
    pub taken: bool,
    /// Whether it once failed or was refunded: its bill may be paid by another, and it never claims
    /// the bill again.
    pub released: bool,
}

impl Payment {
    /// A new intent.
    pub fn new(fen: i64) -> Self {
        Self {
            fen,
            state: State::Intent,
            backs: 0,
            posted: false,
            offered: false,
            taken: false,
            released: false,
        }
    }
}

impl Rules {
    /// What an event makes of a payment, and the entry that it books.
    ///
    /// # Errors
    /// [`Refused::NotNow`]: it cannot happen in this state.
    pub fn apply(
        &self,
        payment: &Payment,
        event: Event,
    ) -> Result<(Payment, Option<Posting>), Refused> {
        use Event as E;
        use State as S;
        let to = match (payment.state, event) {
            (S::Intent | S::Sent | S::Unknown, E::Take) => S::Sent,
            (S::Returning, E::Take) => S::Returning,
            (S::Intent | S::Unknown, E::Doubt) => S::Unknown,
            // What a bank took and forgot never leaves again by itself.
            (S::Intent | S::Sent | S::Unknown, E::NeverSeen) if self.may_leave_again(payment) => {
                S::Intent
            }
            (S::Returning, E::NeverSeen) if self.may_leave_again(payment) => S::Returning,
            (S::Intent | S::Sent | S::Unknown, E::Debit) => S::Debited,
            (S::Intent | S::Sent | S::Unknown, E::Fail) => S::Failed,
            (S::Debited, E::Post) => S::Done,
            (S::Debited, E::Refuse) => S::Owed,
            (S::Done, E::GiveBack) => S::Owed,
            (S::Owed, E::SendBack) => S::Returning,
            (S::Returning, E::SendBack) if self.has(Bug::RefundTwice) => S::Returning,
            (S::Returning, E::BackFailed) => S::Owed,
            (S::Returning, E::Back) => S::Refunded,
            (S::Failed | S::Debited | S::Done, E::Contradict)
                if self.has(Bug::ContradictionOverwrites) =>
            {
                if payment.state == S::Failed {
                    S::Debited
                } else {
                    S::Failed
                }
            }
            (S::Failed | S::Debited | S::Done | S::Owed, E::Contradict) => S::Held,
            // Somebody may have paid the bill anew meanwhile: the money goes back.
            (S::Held, E::WasTaken) if payment.released => S::Owed,
            (S::Held, E::WasTaken) if payment.posted => S::Done,
            (S::Held, E::WasTaken) => S::Debited,
            (S::Held, E::WasNotTaken) if !payment.offered => S::Failed,
            (S::Held, E::Strike) if payment.offered => S::Held,
            _ => return Err(Refused::NotNow),
        };
        let backs = payment.backs + i64::from(event == E::SendBack);
        let posted = (payment.posted && event != E::Strike) || event == E::Post;
        let offered = (payment.offered && event != E::Strike) || event == E::Debit;
        let released = payment.released || matches!(to, S::Failed | S::Refunded);
        let taken = event == E::Take || (payment.taken && event != E::SendBack);
        let after = Payment { state: to, backs, posted, offered, taken, released, ..*payment };
        Ok((after, self.posting(payment.state, to)))
    }

    fn may_leave_again(&self, payment: &Payment) -> bool {
        !payment.taken || self.has(Bug::ForgottenLeavesAgain)
    }

    /// Money goes from the account of the old state to that of the new one; what was not taken is the
    /// holder's.
    fn posting(&self, from: State, to: State) -> Option<Posting> {
        let credit = from.account().unwrap_or(Account::Holder);
        let debit = to.account().unwrap_or(Account::Holder);
        let forgotten = self.has(Bug::FailureIsNotBooked) && to == State::Failed;
        (debit != credit && !forgotten).then_some(Posting { debit, credit })
    }

    /// What the passing of time does: nothing fails by it.
    pub fn overdue(&self, state: State) -> Option<Event> {
        match state {
            State::Sent | State::Unknown if self.has(Bug::UnknownFailsByTime) => Some(Event::Fail),
            _ => None,
        }
    }

    /// What a bank's word about the debit means: an event, or nothing new.
    pub fn told(&self, payment: &Payment, fen: i64, debited: bool) -> Option<Event> {
        use State as S;
        if fen != payment.fen && !self.has(Bug::AmountIsNotCompared) {
            return None;
        }
        match (payment.state, debited) {
            (S::Intent | S::Sent | S::Unknown, true) => Some(Event::Debit),
            (S::Intent | S::Sent | S::Unknown, false) => Some(Event::Fail),
            // The bank's first word stands in the books; its second goes to people.
            // What is being given back already stays so, and people are told all the same.
            (S::Failed, true)
            | (S::Debited | S::Done | S::Owed | S::Returning | S::Refunded, false) => {
                Some(Event::Contradict)
            }
            _ => None,
        }
    }
}
