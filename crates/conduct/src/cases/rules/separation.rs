//! Who may touch a case: nobody his own, his own head's or his own report, and nobody with two hands
//! (Art. 25).

use kernel::actor::{Actor, Role};
use kernel::id::Id;

use super::{Hand, Party, Refused};

/// A keyed mark of an account: it tells the same account again, and nobody who it is.
pub type Mark = Vec<u8>;

/// Somebody who wants to touch a case.
#[derive(Clone, Debug)]
pub struct Handler {
    /// He himself.
    pub actor: Actor,
    /// His organisation and those above it.
    pub orgs: Vec<Id>,
    /// His mark.
    pub mark: Mark,
    /// The hand that he has in this case already.
    pub hand: Option<Hand>,
    /// He is the one concerned in it, as the platform knows him.
    pub officer: bool,
}

/// Whom and what a case is about, as far as it keeps people out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Concerned {
    /// What he is.
    pub party: Option<Party>,
    /// His account, when he has one for staff.
    pub account: Option<Id>,
    /// The person, when he is in the register.
    pub person: Option<Id>,
    /// The organisation, or whose staff he is.
    pub org: Option<Id>,
    /// He leads it.
    pub head: bool,
    /// Mark of whoever reported it; empty for outsiders and finds.
    pub reporter: Mark,
    /// Division of the case.
    pub division: String,
}

/// Whether somebody may see or touch the file at all.
///
/// # Errors
/// [`Refused`] that keeps him out.
pub fn impartial(handler: &Handler, about: &Concerned) -> Result<(), Refused> {
    let actor = &handler.actor;
    let same = |one: Option<Id>, other: Option<Id>| one.is_some() && one == other;
    if same(about.account, Some(actor.account)) || same(about.person, actor.person) {
        return Err(Refused::OwnCase);
    }
    let led = about.head || about.party == Some(Party::Body);
    if led && about.org.is_some_and(|org| handler.orgs.contains(&org)) {
        return Err(Refused::OwnHead);
    }
    if !about.reporter.is_empty() && about.reporter == handler.mark {
        return Err(Refused::OwnReport);
    }
    let district = matches!(actor.role, Role::DistrictOfficer | Role::DistrictApprover);
    if district && actor.division != about.division {
        return Err(Refused::Division);
    }
    Ok(())
}

/// Whether somebody may lay this hand on a case.
///
/// # Errors
/// [`Refused`] that keeps him out.
pub fn may_lay(handler: &Handler, about: &Concerned, hand: Hand) -> Result<(), Refused> {
    if !hand.roles().contains(&handler.actor.role) {
        return Err(Refused::Role);
    }
    impartial(handler, about)?;
    // Whoever may learn reporters' names decides about nobody.
    if handler.officer && hand != Hand::Protect {
        return Err(Refused::OtherHand);
    }
    match handler.hand {
        Some(other) if other != hand => Err(Refused::OtherHand),
        _ => Ok(()),
    }
}
