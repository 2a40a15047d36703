//! The one table of moves: state before, what happens, state after, entry booked.

use kernel::law::Text;

use super::bugs::Rules;
use super::refused::Refused;

/// How a payment stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum State {
    /// On an approved roster.
    Approved,
    /// Its money is set aside.
    Reserved,
    /// Written down to leave; may have left.
    Intent,
    /// The bank took it.
    Sent,
    /// The bank says that it arrived.
    Paid,
    /// The bank gave it back, or it could not leave (支付退票).
    Returned,
    /// Nobody can say. Only the bank's word ends this, never time.
    Unknown,
    /// Taken back before it left.
    Void,
}

impl State {
    /// All states.
    pub const ALL: [Self; 8] = [
        Self::Approved,
        Self::Reserved,
        Self::Intent,
        Self::Sent,
        Self::Paid,
        Self::Returned,
        Self::Unknown,
        Self::Void,
    ];

    /// As stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Reserved => "reserved",
            Self::Intent => "intent",
            Self::Sent => "sent",
            Self::Paid => "paid",
            Self::Returned => "returned",
            Self::Unknown => "unknown",
            Self::Void => "void",
        }
    }

    /// The state of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// For people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Approved => ("已批准", "Approved"),
            Self::Reserved => ("已预留资金", "Money set aside"),
            Self::Intent => ("待送银行", "About to leave"),
            Self::Sent => ("银行处理中", "At the bank"),
            Self::Paid => ("已到账", "Paid"),
            Self::Returned => ("已退回", "Returned"),
            Self::Unknown => ("待银行核实", "Being verified"),
            Self::Void => ("已取消", "Cancelled"),
        };
        Text::new(zh, en)
    }

    /// Class of its badge.
    pub fn badge(self) -> &'static str {
        match self {
            Self::Paid => "ok",
            Self::Returned => "bad",
            Self::Unknown => "warn",
            _ => "info",
        }
    }

    /// Whether it holds its natural key: at most one such payment for programme, period and person.
    pub fn is_live(self) -> bool {
        !matches!(self, Self::Returned | Self::Void)
    }

    /// Whether the bank may have it.
    pub fn is_out(self) -> bool {
        matches!(self, Self::Intent | Self::Sent | Self::Unknown)
    }
}

/// What can happen to a payment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Event {
    /// Its money is set aside.
    Reserve,
    /// It is taken back.
    Void,
    /// It is written into a file that will leave.
    Intend,
    /// It cannot leave: there is no account in order.
    TurnBack,
    /// The bank took the file.
    Take,
    /// Nobody can say whether the bank has it, or what it did.
    Doubt,
    /// The bank says that it never saw the file, which may leave again under the same id.
    NeverSeen,
    /// The bank surely refused the whole file, for ever.
    Withdraw,
    /// The bank says that it arrived.
    Pay,
    /// The bank says that it came back.
    Return,
    /// The bank contradicts itself or us: the money is in suspense until somebody decides.
    Hold,
    /// Decided: it came back after all.
    AcceptReturn,
    /// Decided: it was paid after all.
    AcceptPaid,
    /// Decided: it stands as it stood.
    Dismiss,
    /// It is paid again by a new payment.
    Reissue,
    /// The bank says that it was paid although it was made again or taken back.
    Overpay,
    /// Decided: that was the bank's mistake, nothing was paid.
    Forgive,
    /// Money that was paid wrongly came back from the holder.
    Recover,
}

impl Event {
    /// All events.
    pub const ALL: [Self; 18] = [
        Self::Reserve,
        Self::Void,
        Self::Intend,
        Self::TurnBack,
        Self::Take,
        Self::Doubt,
        Self::NeverSeen,
        Self::Withdraw,
        Self::Pay,
        Self::Return,
        Self::Hold,
        Self::AcceptReturn,
        Self::AcceptPaid,
        Self::Dismiss,
        Self::Reissue,
        Self::Overpay,
        Self::Forgive,
        Self::Recover,
    ];

    /// As stored with its entries.
    pub fn code(self) -> &'static str {
        match self {
            Self::Reserve => "reserve",
            Self::Void => "void",
            Self::Intend => "intend",
            Self::TurnBack => "turn-back",
            Self::Take => "take",
            Self::Doubt => "doubt",
            Self::NeverSeen => "never-seen",
            Self::Withdraw => "withdraw",
            Self::Pay => "pay",
            Self::Return => "return",
            Self::Hold => "hold",
            Self::AcceptReturn => "accept-return",
            Self::AcceptPaid => "accept-paid",
            Self::Dismiss => "dismiss",
            Self::Reissue => "reissue",
            Self::Overpay => "overpay",
            Self::Forgive => "forgive",
            Self::Recover => "recover",
        }
    }
}

/// An account of the ledger. Accounts are kept for each batch; [`Account::Transit`] and what follows
/// it also for each bank.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Account {
    /// The programme's budget: what was drawn is on the credit side.
    Budget,
    /// Approved, not yet set aside.
    Approved,
    /// Set aside.
    Reserved,
    /// With a bank, as far as anybody knows.
    Transit,
    /// Arrived.
    Paid,
    /// Came back and waits to be paid again.
    Returned,
    /// Contradicted.
    Suspense,
    /// Between a returned payment and the one that takes its place: always 0 over all batches.
    Reissue,
    /// Paid twice, to be claimed.
    Overpaid,
    /// Claimed and got back.
    Recovered,
}

impl Account {
    /// All accounts.
    pub const ALL: [Self; 10] = [
        Self::Budget,
        Self::Approved,
        Self::Reserved,
        Self::Transit,
        Self::Paid,
        Self::Returned,
        Self::Suspense,
        Self::Reissue,
        Self::Overpaid,
        Self::Recovered,
    ];

    /// As stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Budget => "budget",
            Self::Approved => "approved",
            Self::Reserved => "reserved",
            Self::Transit => "transit",
            Self::Paid => "paid",
            Self::Returned => "returned",
            Self::Suspense => "suspense",
            Self::Reissue => "reissue",
            Self::Overpaid => "overpaid",
            Self::Recovered => "recovered",
        }
    }

    /// The account of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|account| account.code() == code)
    }

    /// For people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Budget => ("项目预算", "Programme budget"),
            Self::Approved => ("已批准", "Approved"),
            Self::Reserved => ("已预留", "Reserved"),
            Self::Transit => ("银行在途", "In transit"),
            Self::Paid => ("已到账", "Paid"),
            Self::Returned => ("退回待补发", "Returned"),
            Self::Suspense => ("待查", "Suspense"),
            Self::Reissue => ("补发结转", "Paid again"),
            Self::Overpaid => ("重复支付", "Paid twice"),
            Self::Recovered => ("已追回", "Recovered"),
        };
        Text::new(zh, en)
    }
}

/// One entry: the same fen on both sides, so that debits and credits cannot differ.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Posting {
    /// Where the money is afterwards.
    pub debit: Account,
    /// Where it was.
    pub credit: Account,
}

/// What the rules know of a payment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Payment {
    /// State.
    pub state: State,
    /// Amount in fen.
    pub fen: i64,
    /// In suspense: somebody must decide.
    pub held: bool,
    /// Another payment has taken its place.
    pub reissued: bool,
    /// The bank paid it although it was made again or taken back.
    pub overpaid: bool,
    /// Wrongly paid money came back from the holder, all of it.
    pub recovered: bool,
    /// How much of it came back, fen.
    pub part: i64,
}

impl Payment {
    /// A new payment of an amount in fen.
    pub fn new(fen: i64) -> Self {
        let state = State::Approved;
        let (held, reissued, overpaid, recovered) = (false, false, false, false);
        Self { state, fen, held, reissued, overpaid, recovered, part: 0 }
    }

    /// What of wrongly paid money has not come back, fen.
    pub fn owed(&self) -> i64 {
        self.fen - self.part
    }

    /// Where its money stands in the books; a payment that was paid twice stands there twice.
    pub fn holdings(&self) -> [Option<Account>; 2] {
        let first = match self.state {
            _ if self.held => Some(Account::Suspense),
            State::Approved => Some(Account::Approved),
            State::Reserved => Some(Account::Reserved),
            State::Intent | State::Sent | State::Unknown => Some(Account::Transit),
            State::Paid if self.recovered => Some(Account::Recovered),
            State::Paid => Some(Account::Paid),
            State::Returned if self.reissued => None,
            State::Returned => Some(Account::Returned),
            State::Void => None,
        };
        let again = match (self.overpaid, self.recovered) {
            (true, true) => Some(Account::Recovered),
            (true, false) => Some(Account::Overpaid),
            (false, _) => None,
        };
        [first, again]
    }
}

type Row = (State, Event, State, Option<(Account, Account)>);

/// Every move there is: before, event, after, (debit, credit).
pub const TABLE: &[Row] = {
    use Account as A;
    use Event as E;
    use State as S;
    &[
        (S::Approved, E::Reserve, S::Reserved, Some((A::Reserved, A::Approved))),
        (S::Approved, E::Void, S::Void, Some((A::Budget, A::Approved))),
        (S::Reserved, E::Void, S::Void, Some((A::Budget, A::Reserved))),
        (S::Returned, E::Void, S::Void, Some((A::Budget, A::Returned))),
        (S::Reserved, E::Intend, S::Intent, Some((A::Transit, A::Reserved))),
        (S::Reserved, E::TurnBack, S::Returned, Some((A::Returned, A::Reserved))),
        (S::Intent, E::Take, S::Sent, None),
        (S::Unknown, E::Take, S::Sent, None),
        (S::Intent, E::Doubt, S::Unknown, None),
        (S::Sent, E::Doubt, S::Unknown, None),
        (S::Unknown, E::NeverSeen, S::Intent, None),
        (S::Intent, E::Withdraw, S::Reserved, Some((A::Reserved, A::Transit))),
        (S::Intent, E::Pay, S::Paid, Some((A::Paid, A::Transit))),
        (S::Sent, E::Pay, S::Paid, Some((A::Paid, A::Transit))),
        (S::Unknown, E::Pay, S::Paid, Some((A::Paid, A::Transit))),
        (S::Intent, E::Return, S::Returned, Some((A::Returned, A::Transit))),
        (S::Sent, E::Return, S::Returned, Some((A::Returned, A::Transit))),
        (S::Unknown, E::Return, S::Returned, Some((A::Returned, A::Transit))),
        (S::Reserved, E::Hold, S::Reserved, Some((A::Suspense, A::Reserved))),
        (S::Paid, E::Hold, S::Paid, Some((A::Suspense, A::Paid))),
        (S::Returned, E::Hold, S::Returned, Some((A::Suspense, A::Returned))),
        (S::Paid, E::AcceptReturn, S::Returned, Some((A::Returned, A::Suspense))),
        (S::Reserved, E::AcceptPaid, S::Paid, Some((A::Paid, A::Suspense))),
        (S::Returned, E::AcceptPaid, S::Paid, Some((A::Paid, A::Suspense))),
        (S::Reserved, E::Dismiss, S::Reserved, Some((A::Reserved, A::Suspense))),
        (S::Paid, E::Dismiss, S::Paid, Some((A::Paid, A::Suspense))),
        (S::Returned, E::Dismiss, S::Returned, Some((A::Returned, A::Suspense))),
        (S::Returned, E::Reissue, S::Returned, Some((A::Reissue, A::Returned))),
        (S::Returned, E::Overpay, S::Returned, Some((A::Overpaid, A::Budget))),
        (S::Void, E::Overpay, S::Void, Some((A::Overpaid, A::Budget))),
        (S::Returned, E::Forgive, S::Returned, Some((A::Budget, A::Overpaid))),
        (S::Void, E::Forgive, S::Void, Some((A::Budget, A::Overpaid))),
        (S::Returned, E::Recover, S::Returned, Some((A::Recovered, A::Overpaid))),
        (S::Void, E::Recover, S::Void, Some((A::Recovered, A::Overpaid))),
        (S::Paid, E::Recover, S::Paid, Some((A::Recovered, A::Paid))),
    ]
};

/// What is booked when a payment is made from a roster.
pub const APPROVE: Posting = Posting { debit: Account::Approved, credit: Account::Budget };
/// What is booked when a payment takes the place of a returned one.
pub const APPROVE_AGAIN: Posting = Posting { debit: Account::Approved, credit: Account::Reissue };

impl Rules {
    /// What an event makes of a payment, and the entry that it books.
    ///
    /// # Errors
    /// [`Refused::NotNow`] when the table has no such move, [`Refused::Held`] when somebody must decide first.
    pub fn apply(
        &self,
        payment: &Payment,
        event: Event,
    ) -> Result<(Payment, Option<Posting>), Refused> {
        if let Some(wrong) = self.planted_move(payment, event) {
            return Ok(wrong);
        }
        let found = TABLE.iter().find(|row| row.0 == payment.state && row.1 == event);
        let (_, _, state, booked) = found.ok_or(Refused::NotNow)?;
        allowed(payment, event)?;
        let after = flags(Payment { state: *state, ..*payment }, event);
        let posting = booked.map(|(debit, credit)| Posting { debit, credit });
        Ok((after, posting))
    }
}

impl Rules {
    /// The holder gives back `fen` of what was paid wrongly: all that is owed, or a part of it.
    ///
    /// # Errors
    /// [`Refused::NotSoMuch`] beyond what is owed; otherwise as [`Rules::apply`] of [`Event::Recover`].
    pub fn recover(
        &self,
        payment: &Payment,
        fen: i64,
    ) -> Result<(Payment, Option<Posting>), Refused> {
        let (all, posting) = self.apply(payment, Event::Recover)?;
        match payment.owed() {
            owed if fen < 1 || fen > owed => Err(Refused::NotSoMuch),
            owed if fen == owed => Ok((all, posting)),
            _ => Ok((Payment { part: payment.part + fen, ..*payment }, posting)),
        }
    }
}

/// What the marks of a payment forbid, whatever its state.
fn allowed(payment: &Payment, event: Event) -> Result<(), Refused> {
    let decides = matches!(event, Event::AcceptReturn | Event::AcceptPaid | Event::Dismiss);
    if decides != payment.held {
        return Err(if payment.held { Refused::Held } else { Refused::NotNow });
    }
    let fits = match event {
        Event::Reissue => !payment.reissued && !payment.overpaid,
        Event::Void | Event::Hold => !payment.reissued && !payment.recovered && payment.part == 0,
        Event::Overpay => !payment.overpaid && (payment.reissued || payment.state == State::Void),
        Event::Forgive => payment.overpaid && !payment.recovered && payment.part == 0,
        Event::Recover => !payment.recovered && (payment.overpaid || payment.state == State::Paid),
        _ => true,
    };
    if fits { Ok(()) } else { Err(Refused::NotNow) }
}

pub(super) fn flags(mut payment: Payment, event: Event) -> Payment {
    match event {
        Event::Hold => payment.held = true,
        Event::AcceptReturn | Event::AcceptPaid | Event::Dismiss => payment.held = false,
        Event::Reissue => payment.reissued = true,
        Event::Overpay => payment.overpaid = true,
        Event::Forgive => payment.overpaid = false,
        Event::Recover => (payment.recovered, payment.part) = (true, payment.fen),
        _ => {}
    }
    payment
}
