//! What the bank's word on one line means for a payment.

use super::bugs::{Bug, Rules};
use super::exceptions::Kind;
use super::table::{Event, Payment, State};

/// What a bank says of one line.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Word {
    /// It arrived.
    Paid,
    /// It came back.
    Returned,
    /// It is being worked on.
    Pending,
}

/// What is to be done with a line of a report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// This happened.
    Happened(Event),
    /// Nothing new.
    Nothing,
    /// Somebody must look at it; the event, if any, happens at once.
    Exception(Kind, Option<Event>),
}

impl Rules {
    /// Judges what a bank told of a payment: the amount in fen, and its word.
    pub fn judge(&self, payment: &Payment, fen: i64, word: Word) -> Verdict {
        if fen != payment.fen && !self.has(Bug::AmountIsNotCompared) {
            return Verdict::Exception(Kind::AmountDiffers, None);
        }
        // Somebody decides on it already.
        if payment.held || (payment.overpaid && word == Word::Paid) {
            return Verdict::Nothing;
        }
        match word {
            Word::Pending => pending(payment),
            Word::Paid => self.paid(payment),
            Word::Returned => self.returned(payment),
        }
    }

    fn paid(&self, payment: &Payment) -> Verdict {
        match payment.state {
            State::Unknown if self.has(Bug::LateAnswerIsIgnored) => Verdict::Nothing,
            State::Intent | State::Sent | State::Unknown => Verdict::Happened(Event::Pay),
            State::Paid if self.has(Bug::DuplicateIsBookedTwice) => Verdict::Happened(Event::Pay),
            State::Paid => Verdict::Nothing,
            State::Returned if payment.reissued && self.has(Bug::PaidTwiceIsIgnored) => {
                Verdict::Nothing
            }
            State::Returned if payment.reissued => {
                Verdict::Exception(Kind::PaidTwice, Some(Event::Overpay))
            }
            State::Returned => Verdict::Exception(Kind::PaidAfterReturned, Some(Event::Hold)),
            State::Reserved => Verdict::Exception(Kind::PaidUnsent, Some(Event::Hold)),
            State::Void => Verdict::Exception(Kind::PaidTwice, Some(Event::Overpay)),
            State::Approved => Verdict::Exception(Kind::NotSent, None),
        }
    }

    fn returned(&self, payment: &Payment) -> Verdict {
        match payment.state {
            State::Unknown if self.has(Bug::LateAnswerIsIgnored) => Verdict::Nothing,
            State::Intent | State::Sent | State::Unknown => Verdict::Happened(Event::Return),
            State::Paid if self.has(Bug::ContradictionOverwrites) => {
                Verdict::Happened(Event::Return)
            }
            State::Paid if payment.recovered || payment.part > 0 => {
                Verdict::Exception(Kind::ReturnedAfterRecovery, None)
            }
            State::Paid => Verdict::Exception(Kind::ReturnedAfterPaid, Some(Event::Hold)),
            State::Returned | State::Void => Verdict::Nothing,
            State::Approved | State::Reserved => Verdict::Exception(Kind::NotSent, None),
        }
    }

    /// What a final report means for a line that it should have and has not: nothing, it is asked for again.
    pub fn missing(&self) -> Option<Event> {
        self.has(Bug::MissingLineIsReturned).then_some(Event::Return)
    }

    /// What the passing of the deadline means for a payment at the bank: doubt, never failure.
    pub fn overdue(&self, state: State) -> Option<Event> {
        match state {
            State::Unknown | State::Sent if self.has(Bug::UnknownFailsByTime) => {
                Some(Event::Return)
            }
            State::Sent => Some(Event::Doubt),
            _ => None,
        }
    }
}

fn pending(payment: &Payment) -> Verdict {
    match payment.state {
        State::Intent | State::Unknown => Verdict::Happened(Event::Take),
        State::Approved | State::Reserved => Verdict::Exception(Kind::NotSent, None),
        _ => Verdict::Nothing,
    }
}
