//! What may be done with a card that is in use: loss and release, lock, link, replacement,
//! cancellation (Art. 2, 11, 12, 13).

use time::Duration;

use super::clocks::{Clock, Move, State, next};
use super::{CancelCause, Card, Cause, Command, Context, Event, Fee, Pending, Refused, Stage};

/// Renewal opens so many days before the last day of a card.
const RENEWAL_DAYS: i64 = 90;

pub(super) fn decide(
    card: &Card,
    command: &Command,
    context: &Context<'_>,
) -> Result<Event, Refused> {
    let social = |by: Move| match next(Clock::Social, card.clocks.social, by) {
        Some(_) => Ok(()),
        None => Err(Refused::WrongState(card.clocks.social)),
    };
    match command {
        Command::ActivateFinancial => {
            let financial = card.clocks.financial;
            next(Clock::Financial, financial, Move::Activate)
                .ok_or(Refused::WrongState(financial))?;
            in_order(card)?;
            Ok(Event::FinancialActivated)
        }
        Command::LoseTemporarily => {
            social(Move::LoseTemporarily)?;
            let until = context.now.plus_seconds(context.temporary_days * 86_400);
            Ok(Event::LostTemporarily { until })
        }
        Command::Lose { proof } => {
            social(Move::Lose)?;
            proved(proof)?;
            Ok(Event::Lost)
        }
        Command::Lapse => {
            social(Move::Lapse)?;
            match card.loss_until {
                Some(until) if until <= context.now => Ok(Event::Lapsed),
                _ => Err(Refused::WrongState(card.clocks.social)),
            }
        }
        Command::Release { proof } => {
            social(Move::Release)?;
            not_under_way(context)?;
            proved(proof)?;
            Ok(Event::Released)
        }
        Command::Lock => social(Move::Lock).map(|()| Event::Locked),
        Command::Unlock { proof } => {
            social(Move::Unlock)?;
            proved(proof)?;
            Ok(Event::Unlocked)
        }
        Command::Link => decide_link(card),
        Command::Replace { cause, decision, fee } => {
            decide_replace(card, *cause, decision, fee, context)
        }
        Command::Cancel { cause, evidence } => decide_cancel(*cause, evidence, context),
        Command::Withdraw => Err(Refused::NoReplacement),
        _ => Err(Refused::WrongStage(card.stage.clone())),
    }
}

fn proved(proof: &str) -> Result<(), Refused> {
    if proof.trim().is_empty() { Err(Refused::IdentityProofMissing) } else { Ok(()) }
}

fn not_under_way(context: &Context<'_>) -> Result<(), Refused> {
    if context.under_way { Err(Refused::ReplacementUnderWay) } else { Ok(()) }
}

fn in_order(card: &Card) -> Result<(), Refused> {
    match card.clocks.social {
        State::On => Ok(()),
        other => Err(Refused::WrongState(other)),
    }
}

/// Art. 2: the electronic card is worth what the physical one is, and no more.
fn decide_link(card: &Card) -> Result<Event, Refused> {
    let electronic = card.clocks.electronic;
    next(Clock::Electronic, electronic, Move::Link).ok_or(Refused::WrongState(electronic))?;
    match card.clocks.social {
        State::On => Ok(Event::Linked),
        _ => Err(Refused::NotLinkable),
    }
}

/// Art. 12: its reasons, and no others without a recorded decision; the fee is settled first.
fn decide_replace(
    card: &Card,
    cause: Cause,
    decision: &str,
    fee: &Fee,
    context: &Context<'_>,
) -> Result<Event, Refused> {
    not_under_way(context)?;
    if context.person.deceased_on.is_some() {
        return Err(Refused::NotEligible(people::rules::Refused::Deceased));
    }
    match cause {
        Cause::First => return Err(Refused::OnePersonOneCard),
        Cause::Lost if card.clocks.social != State::Lost => return Err(Refused::ReportLossFirst),
        Cause::Expired => {
            let opens = context.today.saturating_add(Duration::days(RENEWAL_DAYS));
            if card.expires_on.is_none_or(|last| last > opens) {
                return Err(Refused::NotExpired);
            }
        }
        Cause::Decision if decision.trim().is_empty() => return Err(Refused::DecisionMissing),
        _ => {}
    }
    let due = fee_of(cause, context.fee_fen);
    match fee {
        Fee::Free if due > 0 => Err(Refused::FeeOpen(due)),
        Fee::Paid(_) | Fee::Waived(_) if due == 0 => Err(Refused::NoFeeDue),
        Fee::Paid(proof) | Fee::Waived(proof) if proof.trim().is_empty() => {
            Err(Refused::FeeOpen(due))
        }
        Fee::Paid(_) => Ok(Event::ReplacementApplied { fee_fen: due }),
        Fee::Free | Fee::Waived(_) => Ok(Event::ReplacementApplied { fee_fen: 0 }),
    }
}

/// What a replacement costs, in fen. Nobody pays for what the state decides or time brings.
pub fn fee_of(cause: Cause, fee_fen: i64) -> i64 {
    match cause {
        Cause::First | Cause::NewGeneration | Cause::Expired => 0,
        Cause::Lost | Cause::NameChanged | Cause::Damaged | Cause::Decision => fee_fen,
    }
}

/// Art. 13: a named cause with its evidence, and nothing pending.
pub(super) fn decide_cancel(
    cause: CancelCause,
    evidence: &str,
    context: &Context<'_>,
) -> Result<Event, Refused> {
    if context.under_way {
        return Err(Refused::Pending(Pending::Replacement));
    }
    // Whoever acted for somebody who died acts no more.
    let counts = |pending: &&Pending| !(cause.is_death() && **pending == Pending::Representative);
    if let Some(pending) = context.pending.iter().find(counts) {
        return Err(Refused::Pending(*pending));
    }
    if cause == CancelCause::EntitlementEnded
        && people::rules::eligibility(context.person, context.today).is_ok()
    {
        return Err(Refused::CauseDoesNotHold(cause));
    }
    match evidence.trim().is_empty() {
        true => Err(Refused::EvidenceMissing),
        false => Ok(Event::Cancelled),
    }
}

/// Whether a card may be destroyed: only one that has ended and was made.
///
/// # Errors
/// [`Refused::WrongStage`].
pub fn may_destroy(card: &Card) -> Result<(), Refused> {
    match (&card.stage, &card.card_no) {
        (Stage::Replaced | Stage::Cancelled, Some(_)) => Ok(()),
        (stage, _) => Err(Refused::WrongStage(stage.clone())),
    }
}
