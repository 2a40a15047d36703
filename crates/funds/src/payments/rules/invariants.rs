//! What must hold at every moment, over a batch or over all.

use std::collections::BTreeMap;

use super::table::{Account, Payment, Posting, State};

/// A number of payments and their sum in fen.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Sum {
    /// How many.
    pub count: i64,
    /// Fen.
    pub fen: i64,
}

impl Sum {
    /// Adds `count` payments of together `fen`.
    pub fn add(&mut self, count: i64, fen: i64) {
        self.count += count;
        self.fen += fen;
    }
}

/// A batch's payments by what is known of them.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Tally {
    /// Arrived.
    pub paid: Sum,
    /// Came back, whether or not they were made again.
    pub returned: Sum,
    /// Not yet at a result.
    pub pending: Sum,
    /// Nobody can say.
    pub unknown: Sum,
    /// Contradicted.
    pub suspense: Sum,
    /// Taken back.
    pub void: Sum,
}

impl Tally {
    /// Counts `count` payments in this state of together `fen`.
    pub fn add(&mut self, state: State, held: bool, count: i64, fen: i64) {
        let sum = match state {
            _ if held => &mut self.suspense,
            State::Paid => &mut self.paid,
            State::Returned => &mut self.returned,
            State::Unknown => &mut self.unknown,
            State::Void => &mut self.void,
            State::Approved | State::Reserved | State::Intent | State::Sent => &mut self.pending,
        };
        sum.add(count, fen);
    }

    /// All together.
    pub fn all(&self) -> Sum {
        let mut all = Sum::default();
        let parts =
            [self.paid, self.returned, self.pending, self.unknown, self.suspense, self.void];
        for part in parts {
            all.add(part.count, part.fen);
        }
        all
    }
}

/// Balances in fen: debits less credits.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Balances(pub BTreeMap<Account, i64>);

impl Balances {
    /// Books an entry of `fen`.
    pub fn post(&mut self, posting: Posting, fen: i64) {
        *self.0.entry(posting.debit).or_default() += fen;
        *self.0.entry(posting.credit).or_default() -= fen;
    }

    /// One balance.
    pub fn of(&self, account: Account) -> i64 {
        self.0.get(&account).copied().unwrap_or_default()
    }

    /// Puts payments like this one, of together `fen`, where their money stands; the parts that came back
    /// are summed in this one.
    pub fn hold(&mut self, payment: &Payment, fen: i64) {
        for account in payment.holdings().into_iter().flatten() {
            *self.0.entry(account).or_default() += fen;
        }
        // What came back in parts.
        if !payment.recovered && payment.part > 0 {
            let from = if payment.overpaid { Account::Overpaid } else { Account::Paid };
            *self.0.entry(from).or_default() -= payment.part;
            *self.0.entry(Account::Recovered).or_default() += payment.part;
        }
    }
}

/// What does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Breach {
    /// Debits and credits differ by so many fen.
    Unbalanced(i64),
    /// Books and payments differ.
    Account {
        /// Which account.
        account: Account,
        /// What the ledger says, fen.
        ledger: i64,
        /// What the payments say, fen.
        payments: i64,
    },
    /// Approved is not paid + returned + pending + unknown + suspense + void.
    Total {
        /// What was approved.
        approved: Sum,
        /// What is found.
        found: Sum,
    },
    /// What left as a new payment is not what was given for it.
    Clearing(i64),
    /// Two live or paid payments have one natural key.
    Doubled(String),
}

/// A batch's books against its payments. Budget and clearing have no payments of their own.
///
/// # Errors
/// The first breach.
pub fn books(ledger: &Balances, payments: &Balances) -> Result<(), Breach> {
    let sum: i64 = ledger.0.values().sum();
    if sum != 0 {
        return Err(Breach::Unbalanced(sum));
    }
    for account in Account::ALL {
        if matches!(account, Account::Budget | Account::Reissue) {
            continue;
        }
        let (ledger, payments) = (ledger.of(account), payments.of(account));
        if ledger != payments {
            return Err(Breach::Account { account, ledger, payments });
        }
    }
    Ok(())
}

/// What was approved against what is found, in count and fen.
///
/// # Errors
/// [`Breach::Total`].
pub fn totals(approved: Sum, tally: &Tally) -> Result<(), Breach> {
    let found = tally.all();
    if found == approved { Ok(()) } else { Err(Breach::Total { approved, found }) }
}

/// The clearing account over all batches.
///
/// # Errors
/// [`Breach::Clearing`].
pub fn clearing(fen: i64) -> Result<(), Breach> {
    if fen == 0 { Ok(()) } else { Err(Breach::Clearing(fen)) }
}
