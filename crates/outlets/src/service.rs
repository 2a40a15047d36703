//! Use cases of outlets.

pub mod appointments;
pub mod figures;
pub mod queue;
pub mod register;

use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::problem::Problem;
use kernel::time::Utc;
use time::Date;

use crate::rules::{Details, Refused, on_day};
use crate::store::register::{Exception, Stored};
use crate::{rules, store};

pub use store::appointments::Appointment;
pub use store::queue::Ticket;

/// An outlet as it is on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlet {
    /// Its organisation.
    pub id: Id,
    /// What it is; its hours know single days that differ.
    pub details: Details,
    /// Single days with other hours, with the reason.
    pub exceptions: Vec<Exception>,
}

impl Outlet {
    fn of(id: Id, details: &Details, exceptions: &[Exception]) -> Self {
        let mut details = details.clone();
        let days = exceptions.iter().map(|e| (e.day, e.spans.clone()));
        details.hours.exceptions = days.collect();
        Self { id, details, exceptions: exceptions.to_vec() }
    }

    /// Whether it is open at this moment.
    pub fn is_open(&self, now: Utc) -> bool {
        self.details.hours.is_open(now.day(), minute_of(now))
    }

    /// Whether it does this.
    pub fn offers(&self, service: &str) -> bool {
        self.details.services.iter().any(|word| word.code() == service)
    }
}

/// Minutes since midnight in Chongqing.
pub fn minute_of(now: Utc) -> u16 {
    let since = (now.0 - Utc::start_of(now.day()).0) / Utc::SECOND / 60;
    u16::try_from(since).unwrap_or(0)
}

fn versions_of(stored: &[Stored]) -> Vec<rules::Version<Details>> {
    let confirmed = stored.iter().filter(|version| version.state == "confirmed");
    let mut confirmed: Vec<&Stored> = confirmed.collect();
    confirmed.sort_by_key(|version| (version.decided_at, version.version));
    let version = |stored: &&Stored| rules::Version {
        from: stored.from,
        what: (!stored.closed).then(|| stored.details.clone()),
    };
    confirmed.iter().map(version).collect()
}

/// All outlets that are there on a day, by division and name.
///
/// # Errors
/// See [`DbError`].
pub fn all_on(tx: &mut Tx<'_>, day: Date) -> Result<Vec<Outlet>, DbError> {
    let (stored, exceptions) =
        (store::register::confirmed(tx)?, store::register::exceptions(tx, day)?);
    let mut outlets: Vec<Outlet> = stored
        .chunk_by(|a, b| a.outlet == b.outlet)
        .filter_map(|versions| {
            let id = versions.first()?.outlet;
            let versions = versions_of(versions);
            let own = exceptions.get(&id).map_or(&[][..], Vec::as_slice);
            on_day(&versions, day).map(|details| Outlet::of(id, details, own))
        })
        .collect();
    outlets.sort_by(|a, b| {
        let key =
            |outlet: &Outlet| (outlet.details.division.clone(), outlet.details.name.zh.clone());
        key(a).cmp(&key(b))
    });
    Ok(outlets)
}

/// An outlet as it is on a day.
///
/// # Errors
/// [`Refused::NoSuchOutlet`].
pub fn one_on(tx: &mut Tx<'_>, id: Id, day: Date) -> Result<Outlet, Problem> {
    let versions = versions_of(&store::register::of_outlet(tx, id)?);
    let details = on_day(&versions, day).ok_or(Refused::NoSuchOutlet)?;
    let exceptions = store::register::exceptions(tx, day)?;
    Ok(Outlet::of(id, details, exceptions.get(&id).map_or(&[][..], Vec::as_slice)))
}
