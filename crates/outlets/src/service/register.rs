//! The register: proposed by an officer, decided by an approver of the same authority or the
//! municipal one; single days by the manager of the outlet (Art. 11).

use kernel::actor::{Actor, Role};
use kernel::approval::{self, Approval};
use kernel::db::{DbError, Tx};
use kernel::divisions::{self, Region};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::org::{self, Org};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use kernel::work::Waiting;
use time::Date;

use super::Outlet;
use crate::rules::{Details, JOINT, Refused, Span, check_version};
use crate::store::register::{self, Exception, Stored};

/// Kind of the decision about a version.
pub const KIND: &str = "outlets.version";

/// A change that somebody proposes.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The outlet; none for a new one.
    pub outlet: Option<Id>,
    /// First day in force.
    pub from: Date,
    /// It is closed for good from that day.
    pub closed: bool,
    /// What it is from then on.
    pub details: Details,
    /// Why.
    pub reason: String,
}

/// Whether this official may act for an outlet of this division and kind: a district's for its own,
/// the municipal ones for all.
fn may_act(actor: &Actor, details: &Details) -> Result<(), Refused> {
    let municipal = matches!(actor.role, Role::MunicipalOfficer | Role::MunicipalApprover);
    if municipal {
        return Ok(());
    }
    if details.kind.code() == JOINT {
        return Err(Refused::JointIsMunicipal);
    }
    if actor.division == details.division { Ok(()) } else { Err(Refused::OtherDistrict) }
}

/// Service for holders of the other region is the municipal authority's to open (Art. 11 para 2); an
/// outlet that has it may be changed otherwise by its district.
fn may_offer(actor: &Actor, details: &Details, before: Option<&Details>) -> Result<(), Refused> {
    let joint = |details: &Details| details.services.iter().any(|word| word.code() == JOINT);
    let municipal = matches!(actor.role, Role::MunicipalOfficer | Role::MunicipalApprover);
    match joint(details) && !municipal && !before.is_some_and(joint) {
        true => Err(Refused::JointIsMunicipal),
        false => Ok(()),
    }
}

/// The region whose outlets these are.
pub(crate) fn own_region(app: &App) -> Region {
    divisions::region_of(&app.config.region).unwrap_or(Region::Chongqing)
}

/// Proposes an outlet or a change of one; it counts when somebody else confirms it.
///
/// # Errors
/// [`Refused`] as a problem.
pub async fn propose(app: &App, actor: &Actor, proposal: Proposal) -> Result<Id, Problem> {
    let (actor, approval, entry_id) = (actor.clone(), app.id(), app.id());
    let (new_id, own) = (app.id(), own_region(app));
    app.db
        .write(move |tx| {
            let now = Utc::now();
            check_version(&proposal.details, proposal.closed, proposal.from, now.day(), own)?;
            may_act(&actor, &proposal.details)?;
            let outlet = proposal.outlet.unwrap_or(new_id);
            let before = register::of_outlet(tx, outlet)?;
            if before.iter().any(|version| version.state == "proposed") {
                return Err(Refused::Waiting.into());
            }
            match (proposal.outlet, before.iter().rfind(|v| v.state == "confirmed")) {
                // A district cannot take over another's outlet by moving it to itself.
                (Some(_), Some(last)) => may_act(&actor, &last.details)?,
                (Some(id), None) if !register::is_org(tx, id)? => {
                    return Err(Refused::NoSuchOutlet.into());
                }
                _ => {}
            }
            let offered = before.iter().rfind(|version| version.state == "confirmed");
            may_offer(&actor, &proposal.details, offered.map(|version| &version.details))?;
            if proposal.closed && before.is_empty() {
                return Err(Refused::NoSuchOutlet.into());
            }
            let stored = Stored {
                outlet,
                version: before.last().map_or(0, |last| last.version) + 1,
                state: "proposed".to_owned(),
                from: proposal.from,
                closed: proposal.closed,
                details: proposal.details.clone(),
                reason: proposal.reason.chars().take(200).collect(),
                decided_at: None,
            };
            register::insert(tx, &stored).map_err(|error| match error {
                DbError::Unique(_) => Refused::Waiting.into(),
                other => Problem::from(other),
            })?;
            let object = format!("{outlet}:{}", stored.version);
            let summary = format!("{} v{}", stored.details.name.zh, stored.version);
            approval::ask(tx, approval, &actor, KIND, &object, &summary, now)?;
            let entry = Entry::new(entry_id, now, &actor, "outlet.proposed", "Art. 11");
            journal::record(tx, &entry.on("outlet", outlet).why(summary, &[]))?;
            Ok(outlet)
        })
        .await
}

/// Decides about a version.
///
/// # Errors
/// The checker made it himself (Art. 25), another district's, a no without a word.
pub async fn decide(
    app: &App,
    checker: &Actor,
    id: Id,
    yes: bool,
    comment: &str,
) -> Result<(), Problem> {
    if !yes && comment.trim().is_empty() {
        return Err(Refused::NoComment.into());
    }
    let (checker, comment, entry_id) = (checker.clone(), comment.to_owned(), app.id());
    let own = own_region(app);
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let approval = approval::decide(tx, id, &checker, yes, &comment, now)?;
            if approval.kind != KIND {
                return Err(Problem::not_found());
            }
            let stored = of_approval(tx, &approval)?.ok_or_else(Problem::not_found)?;
            may_act(&checker, &stored.details)?;
            if yes {
                put_in_force(tx, &stored, now, own)?;
            } else {
                register::decide(tx, stored.outlet, stored.version, "rejected", now)?;
            }
            let act = if yes { "outlet.confirmed" } else { "outlet.sent-back" };
            let entry = Entry::new(entry_id, now, &checker, act, "Art. 11");
            let entry = entry.on("outlet", stored.outlet).why(&approval.summary, &[]);
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

/// Confirms a version; a new outlet becomes an organisation, so that clerks can act for it.
pub(crate) fn put_in_force(
    tx: &mut Tx<'_>,
    stored: &Stored,
    now: Utc,
    own: Region,
) -> Result<(), Problem> {
    let from = stored.from.max(now.day());
    check_version(&stored.details, stored.closed, from, now.day(), own)?;
    if !register::is_org(tx, stored.outlet)? {
        let details = &stored.details;
        let org = Org {
            id: stored.outlet,
            credit_code: None,
            name_zh: details.name.zh.clone(),
            name_en: details.name.en.clone(),
            kind: "outlet".to_owned(),
            division: details.division.clone(),
            parent: None,
        };
        org::add(tx, &org, now)?;
    }
    Ok(register::decide(tx, stored.outlet, stored.version, "confirmed", now)?)
}

fn of_approval(tx: &mut Tx<'_>, approval: &Approval) -> Result<Option<Stored>, Problem> {
    let (outlet, version) = approval.object.split_once(':').ok_or_else(Problem::not_found)?;
    let outlet: Id = outlet.parse().map_err(|_| Problem::not_found())?;
    let versions = register::of_outlet(tx, outlet)?;
    Ok(versions.into_iter().find(|stored| stored.version.to_string() == version))
}

/// A change that waits, beside the version before it.
#[derive(Clone, Debug)]
pub struct Waits {
    /// The decision.
    pub approval: Approval,
    /// What is proposed.
    pub proposed: Stored,
    /// What counts until then.
    pub before: Option<Stored>,
}

/// Changes that wait for this approver, oldest first.
///
/// # Errors
/// See [`Problem`].
pub async fn waiting(app: &App, checker: &Actor) -> Result<Vec<Waits>, Problem> {
    let checker = checker.clone();
    app.db
        .read(move |tx| {
            let mut waits = Vec::new();
            for approval in approval::open(tx, KIND)? {
                let Some(proposed) = of_approval(tx, &approval)? else { continue };
                if may_act(&checker, &proposed.details).is_err() {
                    continue;
                }
                let versions = register::of_outlet(tx, proposed.outlet)?;
                let before = versions.into_iter().rfind(|stored| stored.state == "confirmed");
                waits.push(Waits { approval, proposed, before });
            }
            Ok(waits)
        })
        .await
}

/// How many of them wait for this approver and are not his own.
///
/// # Errors
/// See [`DbError`].
pub fn count_waiting(tx: &mut Tx<'_>, checker: &Actor, _: Utc) -> Result<Waiting, DbError> {
    let mut found = Waiting::default();
    for approval in approval::open(tx, KIND)? {
        // An object that is not an outlet's waits for nobody.
        let Ok(Some(stored)) = of_approval(tx, &approval) else { continue };
        let may = may_act(checker, &stored.details).is_ok();
        found.all += i64::from(may && approval.made_by != checker.account);
    }
    Ok(found)
}

/// All outlets on a day.
///
/// # Errors
/// See [`Problem`].
pub async fn list(app: &App, day: Date) -> Result<Vec<Outlet>, Problem> {
    app.db.read(move |tx| Ok::<_, Problem>(super::all_on(tx, day)?)).await
}

/// One outlet on a day.
///
/// # Errors
/// [`Refused::NoSuchOutlet`].
pub async fn one(app: &App, id: Id, day: Date) -> Result<Outlet, Problem> {
    app.db.read(move |tx| super::one_on(tx, id, day)).await
}

/// All versions of an outlet.
///
/// # Errors
/// See [`Problem`].
pub async fn history(app: &App, id: Id) -> Result<Vec<Stored>, Problem> {
    app.db.read(move |tx| Ok::<_, Problem>(register::of_outlet(tx, id)?)).await
}

/// The manager of an outlet sets the hours of a single day: a holiday, a working Saturday.
///
/// # Errors
/// The day is past, or too far ahead; the actor acts for no outlet.
pub async fn set_exception(
    app: &App,
    manager: &Actor,
    day: Date,
    spans: Vec<Span>,
    reason: String,
) -> Result<(), Problem> {
    let outlet = manager.org.ok_or_else(Problem::forbidden)?;
    let (manager, entry_id) = (manager.clone(), app.id());
    app.db
        .write(move |tx| {
            let now = Utc::now();
            if !(0..=366).contains(&(day - now.day()).whole_days()) {
                return Err(Refused::Day.into());
            }
            super::one_on(tx, outlet, day)?;
            let reason: String = reason.trim().chars().take(60).collect();
            let exception = Exception { day, spans: spans.clone(), reason };
            register::set_exception(tx, outlet, &exception, now)?;
            let entry = Entry::new(entry_id, now, &manager, "outlet.day-set", "Art. 11");
            let why = format!("{} {}", kernel::time::day_text(day), exception.reason);
            Ok(journal::record(tx, &entry.on("outlet", outlet).why(why, &[]))?)
        })
        .await
}
