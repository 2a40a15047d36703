//! What the holder's own page and the counter's page have in common.

use askama::Template;
use kernel::http::Page;
use kernel::id::Id;
use kernel::law::Text;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text, parse_day};
use serde::Deserialize;

use crate::bills::rules::mandate::MandateState;
use crate::bills::rules::table::State;
use crate::bills::service::accounts::Own;
use crate::bills::store::accounts::{Bill, Kept, Standing};
use crate::bills::store::billers::Biller;
use crate::bills::store::payments::Stored;
use crate::programmes::formula::money;
use crate::programmes::formula::parse_decimal;

/// The page of one person's bills.
#[derive(Template)]
#[template(path = "bills.html")]
pub(super) struct BillsPage {
    pub p: Page,
    pub own: Own,
    /// `/me/bills`, or the counter's place for this person.
    pub base: String,
    /// At the counter: whose.
    pub whose: Option<String>,
}

impl BillsPage {
    /// Paid bills of accounts that were removed still have their biller.
    fn biller(&self, id: &Id) -> Option<&Biller> {
        self.own.billers.iter().find(|one| one.id == *id)
    }

    fn kind(&self, id: &Id) -> String {
        let text = self.biller(id).map(|one| one.kind.name()).unwrap_or_default();
        self.p.text(&text).to_owned()
    }

    fn name(&self, id: &Id) -> String {
        let text: Text = self.biller(id).map(|one| one.name.clone()).unwrap_or_default();
        self.p.text(&text).to_owned()
    }

    fn kept(&self, id: &Id) -> Option<&Kept> {
        self.own.kept.iter().find(|one| one.id == *id)
    }

    /// The holder's own name for an account, else its masked number.
    fn account(&self, id: &Id) -> String {
        let kept = self.kept(id);
        let nickname = kept.map(|one| one.nickname.as_str()).unwrap_or_default();
        let tail = kept.map(|one| one.tail.as_str()).unwrap_or_default();
        if nickname.is_empty() { tail.to_owned() } else { format!("{nickname} {tail}") }
    }

    fn open(&self) -> Vec<&Biller> {
        self.own.billers.iter().filter(|one| one.state == "open").collect()
    }

    fn standing(&self, account: &Id) -> Option<&Standing> {
        self.own.mandates.iter().find(|one| one.account == *account)
    }

    fn is_paused(&self, one: &&Standing) -> bool {
        one.mandate.state == MandateState::Paused
    }

    fn until(&self, one: &&Standing) -> String {
        day_text(one.mandate.until)
    }

    fn is_over(&self, one: &&Standing) -> bool {
        one.mandate.until < Utc::now().day()
    }

    /// A debit of this bill was announced.
    fn announced(&self, bill: &&Bill) -> bool {
        bill.told_on.is_some() && self.standing(&bill.account).is_some()
    }

    fn late(&self, bill: &&Bill) -> bool {
        parse_day(&bill.due_on).is_some_and(|day| day < Utc::now().day())
    }

    fn total(&self) -> i64 {
        self.own.bills.iter().map(|bill| bill.fen).sum()
    }

    fn day(&self, one: &Stored) -> String {
        day_text(one.changed_at.day())
    }

    /// A day next year, as a proposal for the end of an authorisation.
    fn next_year(&self) -> String {
        day_text(Utc::now().day().saturating_add(time::Duration::days(365)))
    }
}

/// A receipt that can be printed.
#[derive(Template)]
#[template(path = "bill_receipt.html")]
pub(super) struct ReceiptPage {
    pub p: Page,
    pub one: Stored,
    pub biller: Option<Biller>,
    pub account: String,
    pub back: String,
}

impl ReceiptPage {
    fn is_done(&self) -> bool {
        self.one.payment.state == State::Done
    }

    fn steps(&self) -> Vec<(&'static str, String, bool)> {
        let state = self.one.payment.state;
        let at = match state {
            State::Intent | State::Sent | State::Unknown | State::Failed | State::Held => 0,
            State::Debited => 1,
            State::Done => 2,
            State::Owed | State::Returning | State::Refunded => 1,
        };
        let names = [
            self.p.t("银行扣款", "Debited by the bank"),
            self.p.t("收费单位销账", "Posted by the biller"),
        ];
        let class = |place: usize| match place {
            _ if place < at => "step-done",
            _ if place == at && matches!(state, State::Failed) => "step-failed",
            _ if place == at => "step-now",
            _ => "",
        };
        let step = |(place, name): (usize, &str)| (class(place), name.to_owned(), place == at);
        names.into_iter().enumerate().map(step).collect()
    }
}

/// A new account.
#[derive(Deserialize)]
pub(super) struct KeepForm {
    pub biller: String,
    pub number: String,
    #[serde(default)]
    pub nickname: String,
}

/// A change of an account.
#[derive(Deserialize)]
pub(super) struct ChangeForm {
    #[serde(rename = "do")]
    pub act: String,
    #[serde(default)]
    pub nickname: String,
}

/// An authorisation.
#[derive(Deserialize)]
pub(super) struct AuthoriseForm {
    pub bill: String,
    pub month: String,
    pub until: String,
}

impl AuthoriseForm {
    /// Limits in fen, and the last day.
    pub(super) fn read(&self) -> Result<(i64, i64, time::Date), Problem> {
        let wrong = |field: &str| {
            Problem::field(field, Text::new("请检查填写的内容", "Check what you entered"))
        };
        let bill = parse_decimal(&self.bill, 2).ok_or_else(|| wrong("bill"))?;
        let month = parse_decimal(&self.month, 2).ok_or_else(|| wrong("month"))?;
        let until = parse_day(self.until.trim()).ok_or_else(|| wrong("until"))?;
        Ok((bill, month, until))
    }
}

/// One word.
#[derive(Deserialize)]
pub(super) struct WordForm {
    pub word: String,
}
