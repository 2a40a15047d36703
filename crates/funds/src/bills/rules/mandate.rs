//! Standing authorisations: what may be debited without asking the holder each time. Nothing may
//! be, unless he said so, was told before, and it stays within what he set.

use time::Date;

use super::{Bug, MOST_FEN, Refused, Rules};

/// Whether an authorisation counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MandateState {
    /// It counts.
    Active,
    /// It rests until the holder resumes it.
    Paused,
    /// Ended by the holder, for ever.
    Cancelled,
}

impl MandateState {
    /// As stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads [`MandateState::code`]'s form.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Active, Self::Paused, Self::Cancelled].into_iter().find(|one| one.code() == code)
    }
}

/// What a holder authorised for one account at a biller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mandate {
    /// Whether it counts.
    pub state: MandateState,
    /// The most for one bill, fen.
    pub bill_fen: i64,
    /// The most in one calendar month, fen.
    pub month_fen: i64,
    /// Last day.
    pub until: Date,
}

/// What the rules ask of a debit under an authorisation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Due {
    /// The bill, fen.
    pub fen: i64,
    /// What was debited under this authorisation in this month, fen; with what is under way.
    pub month_fen: i64,
    /// The day on which the holder was told of this bill.
    pub told_on: Option<Date>,
    /// Days between telling and debiting.
    pub notice_days: i64,
    /// Whether the holder said no to this bill.
    pub declined: bool,
}

/// Why a bill is not debited by itself; it stays for the holder to pay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rest {
    /// The authorisation is paused, cancelled or over.
    NotInForce,
    /// The bill is above the limit.
    AboveBill,
    /// The month's limit would be passed.
    AboveMonth,
    /// The holder has to be told first.
    TellFirst,
    /// The days of notice are not over.
    NoticeRuns,
    /// The holder said no to this one.
    Declined,
}

/// Checks what a holder wants to authorise.
///
/// # Errors
/// [`Refused::Limit`], [`Refused::EndDay`].
pub fn check(bill_fen: i64, month_fen: i64, until: Date, today: Date) -> Result<(), Refused> {
    if bill_fen <= 0 || bill_fen > MOST_FEN || month_fen < bill_fen || month_fen > 10 * MOST_FEN {
        return Err(Refused::Limit);
    }
    let most = today.saturating_add(time::Duration::days(3 * 366));
    if until < today || until > most {
        return Err(Refused::EndDay);
    }
    Ok(())
}

impl Rules {
    /// Whether a bill may be debited today without asking.
    ///
    /// # Errors
    /// [`Rest`]: why not.
    pub fn may_debit(&self, mandate: &Mandate, due: &Due, today: Date) -> Result<(), Rest> {
        let in_force = mandate.state == MandateState::Active && today <= mandate.until;
        if !in_force && !self.has(Bug::CancelledStillDebits) {
            return Err(Rest::NotInForce);
        }
        if due.declined {
            return Err(Rest::Declined);
        }
        if due.fen > mandate.bill_fen && !self.has(Bug::BillLimitIgnored) {
            return Err(Rest::AboveBill);
        }
        let month = due.month_fen.saturating_add(due.fen);
        if month > mandate.month_fen && !self.has(Bug::MonthLimitIgnored) {
            return Err(Rest::AboveMonth);
        }
        if self.has(Bug::DebitsUntold) {
            return Ok(());
        }
        let told = due.told_on.ok_or(Rest::TellFirst)?;
        if today < told.saturating_add(time::Duration::days(due.notice_days)) {
            return Err(Rest::NoticeRuns);
        }
        Ok(())
    }
}
