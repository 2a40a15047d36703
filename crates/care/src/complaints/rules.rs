//! Rules of a matter (Art. 22): what it says, who may do what with it, and what comes of it.

pub mod refused;
pub mod table;
#[cfg(test)]
mod tests;
pub mod words;

use kernel::actor::{Actor, Role};
use kernel::divisions;
use kernel::id::Id;
use kernel::time::Utc;
use time::{Date, Duration};

pub use refused::Refused;
pub use table::{Act, Hand, State, TABLE};
pub use words::{ABOUT, CHANNELS, FIELDS, KINDS, OUTCOMES, Word, about, word};

use crate::calendar::Calendar;

/// A matter (工单).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matter {
    /// Its id.
    pub id: Id,
    /// The secret by which a stranger follows it.
    pub reference: String,
    /// One of [`KINDS`].
    pub kind: String,
    /// One of [`FIELDS`].
    pub field: String,
    /// Where: GB/T 2260, or `500000` for the whole city.
    pub division: String,
    /// One of [`CHANNELS`].
    pub channel: String,
    /// What is said.
    pub body: String,
    /// Kind and id of the thing that it is about; empty when none.
    pub about: (String, String),
    /// Whose it is, where that is known.
    pub person: Option<Id>,
    /// Name to call him by.
    pub name: String,
    /// Number to call him at.
    pub phone: String,
    /// Account that entered it.
    pub opened_by: Option<Id>,
    /// Account that it is directed against.
    pub against: Option<Id>,
    /// Organisation that it is directed against.
    pub against_org: Option<Id>,
    /// Where it stands.
    pub state: State,
    /// Who is responsible.
    pub org: Option<Id>,
    /// Only named handlers see it.
    pub sensitive: bool,
    /// When it came.
    pub opened_at: Utc,
    /// Last day for the answer.
    pub due: Date,
    /// Whether the time was extended.
    pub extended: bool,
    /// Whether it went to the authority above for being late or grave.
    pub escalated: bool,
    /// Whether there was an appeal.
    pub appealed: bool,
    /// Whether a reminder of this deadline went out.
    pub reminded: bool,
    /// When it was answered last.
    pub answered_at: Option<Utc>,
    /// Account that answered last.
    pub answered_by: Option<Id>,
    /// Organisation that answered last.
    pub answered_org: Option<Id>,
    /// When it was closed.
    pub closed_at: Option<Utc>,
    /// One of [`OUTCOMES`]; empty before the answer.
    pub outcome: String,
    /// The answer.
    pub answer: String,
    /// Marks, 1 to 5.
    pub score: Option<i64>,
    /// The marks in words.
    pub score_words: String,
    /// The matter that it is the same as.
    pub merged_into: Option<Id>,
    /// Grows with each act.
    pub version: i64,
}

/// What somebody sends in.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Code of [`KINDS`].
    pub kind: String,
    /// Code of [`FIELDS`].
    pub field: String,
    /// Code of a division.
    pub division: String,
    /// What is said.
    pub body: String,
    /// `kind:id`, or empty.
    pub about: String,
    /// Name to call him by; may be empty.
    pub name: String,
    /// Number to call him at; may be empty.
    pub phone: String,
    /// Shall be seen by few.
    pub sensitive: bool,
}

impl Told {
    /// Checks what was sent in (Art. 22: anybody may, also without a name).
    ///
    /// # Errors
    /// [`Refused`].
    pub fn check(mut self, today: Date) -> Result<Self, Refused> {
        for text in [&mut self.body, &mut self.name, &mut self.phone, &mut self.about] {
            *text = text.trim().to_owned();
        }
        let known = word(KINDS, &self.kind).is_some() && word(FIELDS, &self.field).is_some();
        if !known || !is_place(&self.division, today) {
            return Err(Refused::Class);
        }
        if self.body.chars().count() < 2
            || self.body.chars().count() > 2_000
            || self.name.chars().count() > 60
            || self.body.contains('\0')
            || self.name.contains('\0')
        {
            return Err(Refused::Words);
        }
        let dial = |c: char| c.is_ascii_digit() || c == '-' || c == '+';
        let phone_fits = (5..=20).contains(&self.phone.len()) && self.phone.chars().all(dial);
        if !self.phone.is_empty() && !phone_fits {
            return Err(Refused::Phone);
        }
        let about = about(&self.about);
        if !self.about.is_empty() && about.is_none() {
            return Err(Refused::About);
        }
        let is_access = about.is_some_and(|(kind, _)| kind.0 == "access");
        if self.kind == "objection" && !is_access {
            return Err(Refused::About);
        }
        // Whoever reports a wrong shall not be known to more people than needed.
        self.sensitive |= self.kind == "report";
        Ok(self)
    }
}

/// Whether matters lie in this division: one of Chongqing that is in force on the day.
pub fn is_place(code: &str, today: Date) -> bool {
    divisions::find(code).is_some_and(|place| {
        place.region == divisions::Region::Chongqing && place.is_in_force(today)
    })
}

/// What shall be done with a matter.
#[derive(Clone, Debug)]
pub struct Step {
    /// The act.
    pub act: Act,
    /// Reason, answer, or words beside the marks.
    pub note: String,
    /// To whom, when assigned or transferred.
    pub org: Option<Id>,
    /// Into which other one.
    pub into: Option<Id>,
    /// Who is named.
    pub account: Option<Id>,
    /// Code of [`OUTCOMES`].
    pub outcome: String,
    /// Marks.
    pub score: Option<i64>,
}

impl Step {
    /// An act with its words.
    pub fn new(act: Act, note: impl Into<String>) -> Self {
        let note = note.into();
        Self {
            act,
            note,
            org: None,
            into: None,
            account: None,
            outcome: String::new(),
            score: None,
        }
    }
}

/// What the rules know beside the matter.
#[derive(Clone, Debug)]
pub struct Context {
    /// Position of whoever acts.
    pub hand: Hand,
    /// His account.
    pub account: Option<Id>,
    /// His organisation.
    pub org: Option<Id>,
    /// Now.
    pub now: Utc,
    /// Working days.
    pub calendar: Calendar,
    /// Working days to answer this kind in.
    pub answer_days: i64,
    /// Working days of an extension.
    pub extend_days: i64,
    /// Calendar days after the answer in which it can be reopened or appealed.
    pub reopen_days: i64,
    /// The authority above the one responsible.
    pub above: Option<Id>,
    /// The one it shall be merged into.
    pub into: Option<Box<Matter>>,
}

/// The positions in which a member of staff stands to a matter. An authority distributes what lies in
/// its area, the responsible organisation handles it. What is directed against a district's authority or
/// its head is distributed by the city's alone.
pub fn hands(matter: &Matter, actor: &Actor) -> Vec<Hand> {
    let mut hands = Vec::new();
    if matter.org.is_some() && matter.org == actor.org {
        hands.push(Hand::Handler);
    }
    let dispatches = match actor.role {
        Role::MunicipalOfficer | Role::MunicipalApprover => true,
        Role::DistrictOfficer | Role::DistrictApprover => {
            matter.division == actor.division && !is_against(matter, actor.org)
        }
        _ => false,
    };
    if dispatches {
        hands.push(Hand::Dispatcher);
    }
    hands
}

/// Whether a matter is directed against an organisation, which is to say against its head too.
pub fn is_against(matter: &Matter, org: Option<Id>) -> bool {
    org.is_some() && matter.against_org == org
}

/// Nobody handles a matter about himself or his own.
///
/// # Errors
/// [`Refused::Own`].
pub fn is_not_his_own(matter: &Matter, account: Id) -> Result<(), Refused> {
    let own = [matter.against, matter.opened_by].contains(&Some(account));
    if own { Err(Refused::Own) } else { Ok(()) }
}

/// Decides on a step: the matter as it is afterwards.
///
/// # Errors
/// [`Refused`].
pub fn decide(matter: &Matter, step: &Step, context: &Context) -> Result<Matter, Refused> {
    let line = table::find(matter.state, step.act).ok_or(Refused::State)?;
    if !line.hands.contains(&context.hand) {
        return Err(Refused::Hand);
    }
    if let (Hand::Handler | Hand::Dispatcher, Some(account)) = (context.hand, context.account) {
        is_not_his_own(matter, account)?;
        // Nothing lies above the city's authority: of a matter against it, it does no more than give it
        // to somebody else.
        if is_against(matter, context.org) && !step.act.gives_away() {
            return Err(Refused::Own);
        }
    }
    let note = step.note.trim();
    if note.chars().count() > 2_000 || note.contains('\0') {
        return Err(Refused::Words);
    }
    let mut next = matter.clone();
    (next.state, next.version) = (line.to, matter.version + 1);
    let today = context.now.day();
    match step.act {
        Act::Assign | Act::Transfer => {
            reason_of(step.act != Act::Assign, note)?;
            if step.org.is_none() || step.org == matter.org {
                return Err(Refused::Org);
            }
            // A matter against an organisation is not answered by it.
            if is_against(matter, step.org) {
                return Err(Refused::Own);
            }
            next.org = step.org;
        }
        Act::Return => {
            reason_of(true, note)?;
            next.org = None;
        }
        Act::Escalate => {
            reason_of(context.hand != Hand::Clock, note)?;
            next.org = Some(context.above.ok_or(Refused::Highest)?);
            next.escalated = true;
        }
        Act::Extend => {
            reason_of(true, note)?;
            if matter.extended {
                return Err(Refused::Extended);
            }
            (next.extended, next.reminded) = (true, false);
            next.due = context.calendar.after(matter.due.max(today), context.extend_days);
        }
        Act::Answer => answer(matter, &mut next, step, context)?,
        Act::Close => next.closed_at = Some(context.now),
        Act::Rate => {
            let score = step.score.filter(|score| (1..=5).contains(score));
            next.score = Some(score.ok_or(Refused::Score)?);
            next.score_words = note.to_owned();
            next.closed_at = Some(context.now);
        }
        Act::Reopen | Act::Appeal => again(matter, &mut next, step, context)?,
        Act::Withdraw => next.closed_at = Some(context.now),
        Act::Merge => merge(matter, &mut next, context)?,
        Act::Against => {
            reason_of(true, note)?;
            if step.org.is_none() && step.account.is_none() {
                return Err(Refused::Org);
            }
            // Distributed anew, by and to somebody whom it does not concern.
            (next.against, next.against_org, next.org) = (step.account, step.org, None);
        }
        Act::Name => {
            step.account.ok_or(Refused::Unknown)?;
        }
    }
    Ok(next)
}

fn reason_of(needed: bool, note: &str) -> Result<(), Refused> {
    if needed && note.is_empty() { Err(Refused::Reason) } else { Ok(()) }
}

fn answer(
    matter: &Matter,
    next: &mut Matter,
    step: &Step,
    context: &Context,
) -> Result<(), Refused> {
    if step.note.trim().chars().count() < 2 {
        return Err(Refused::Words);
    }
    let outcome = word(OUTCOMES, &step.outcome).ok_or(Refused::Outcome)?;
    if matter.appealed && context.account.is_some() && context.account == matter.answered_by {
        return Err(Refused::SameHand);
    }
    next.outcome = outcome.0.to_owned();
    next.answer = step.note.trim().to_owned();
    next.answered_at = Some(context.now);
    (next.answered_by, next.answered_org) = (context.account, context.org);
    Ok(())
}

fn again(
    matter: &Matter,
    next: &mut Matter,
    step: &Step,
    context: &Context,
) -> Result<(), Refused> {
    reason_of(true, step.note.trim())?;
    let answered = matter.answered_at.ok_or(Refused::State)?;
    let last = answered.day().saturating_add(Duration::days(context.reopen_days));
    if context.now.day() > last {
        return Err(Refused::Late);
    }
    if step.act == Act::Appeal {
        if matter.appealed {
            return Err(Refused::Appealed);
        }
        next.org = Some(context.above.ok_or(Refused::Highest)?);
        next.appealed = true;
    }
    next.due = context.calendar.after(context.now.day(), context.answer_days);
    (next.closed_at, next.score, next.reminded, next.extended) = (None, None, false, false);
    next.score_words.clear();
    Ok(())
}

fn merge(matter: &Matter, next: &mut Matter, context: &Context) -> Result<(), Refused> {
    if matter.kind == "objection" {
        return Err(Refused::Objection);
    }
    let into = context.into.as_ref().ok_or(Refused::Merge)?;
    let open = matches!(into.state, State::Received | State::Assigned);
    let same = into.field == matter.field && into.sensitive == matter.sensitive;
    // An objection to an access is answered to one person alone.
    let against = (into.against, into.against_org) == (matter.against, matter.against_org);
    if into.id == matter.id || !open || !same || !against || into.kind == "objection" {
        return Err(Refused::Merge);
    }
    next.merged_into = Some(into.id);
    Ok(())
}
