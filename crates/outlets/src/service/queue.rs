//! Numbers: taken at the outlet or from the phone, called by counters, each by one counter only.

use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::{Outlet, Ticket, one_on};
use crate::rules::{MOST_CALLS, Order, Refused, TicketState, Turn, may_end, next};
use crate::store::{appointments, queue};

/// What a ticket is asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Where.
    pub outlet: Id,
    /// Code of the service.
    pub service: String,
    /// Why it may come before others.
    pub turn: Turn,
    /// Who asks from his own phone.
    pub person: Option<Id>,
}

/// The present queue of an outlet.
#[derive(Clone, Debug)]
pub struct Queue {
    /// The outlet.
    pub outlet: Outlet,
    /// Who waits, in the order in which they took their numbers.
    pub waiting: Vec<Ticket>,
    /// Who is served.
    pub called: Vec<Ticket>,
}

impl Queue {
    fn read(tx: &mut Tx<'_>, outlet: Outlet, now: Utc) -> Result<Self, Problem> {
        let live = queue::live(tx, outlet.id, now.day())?;
        let (waiting, called) = live.into_iter().partition(|t| t.state == TicketState::Waiting);
        Ok(Self { outlet, waiting, called })
    }

    /// How many are before this ticket, as the order is now.
    pub fn before(&self, ticket: &Ticket) -> usize {
        let earlier = |t: &&Ticket| match (t.turn, ticket.turn) {
            (Turn::Usual, Turn::Usual) => t.number < ticket.number,
            (_, Turn::Usual) => true,
            (Turn::Usual, _) => false,
            _ => (t.due_at, t.number) < (ticket.due_at, ticket.number),
        };
        self.waiting.iter().filter(earlier).count()
    }
}

/// The queue of an outlet.
///
/// # Errors
/// [`Refused::NoSuchOutlet`].
pub async fn look(app: &App, outlet: Id) -> Result<Queue, Problem> {
    app.db
        .read(move |tx| {
            let now = Utc::now();
            let outlet = one_on(tx, outlet, now.day())?;
            Queue::read(tx, outlet, now)
        })
        .await
}

/// Takes a number.
///
/// # Errors
/// [`Refused::Closed`], [`Refused::NotOffered`], [`Refused::StandsInQueue`].
pub async fn take(app: &App, actor: &Actor, asked: Asked, now: Utc) -> Result<Ticket, Problem> {
    let (actor, entry_id) = (actor.clone(), app.id());
    app.db
        .write(move |tx| {
            let outlet = one_on(tx, asked.outlet, now.day())?;
            if !outlet.is_open(now) {
                return Err(Refused::Closed.into());
            }
            if !outlet.offers(&asked.service) {
                return Err(Refused::NotOffered.into());
            }
            let ticket = enter(tx, &asked, now, now)?;
            record(tx, entry_id, &actor, "outlet.number-taken", &ticket, now)?;
            Ok(ticket)
        })
        .await
}

/// Gives out the next number of the day.
pub(super) fn enter(tx: &mut Tx<'_>, asked: &Asked, due: Utc, now: Utc) -> Result<Ticket, Problem> {
    let day = now.day();
    if let Some(person) = asked.person {
        match queue::of_person(tx, person)? {
            Some(old) if old.day == day => return Err(Refused::StandsInQueue.into()),
            Some(mut old) => {
                old.state = TicketState::Left;
                queue::save(tx, &old, Some(now))?;
            }
            None => {}
        }
    }
    let mut counters = queue::open_day(tx, asked.outlet, day)?;
    counters.last_number += 1;
    queue::save_day(tx, asked.outlet, day, &counters)?;
    let ticket = Ticket {
        outlet: asked.outlet,
        day,
        number: counters.last_number,
        service: asked.service.clone(),
        turn: asked.turn,
        state: TicketState::Waiting,
        person: asked.person,
        counter: None,
        calls: 0,
        taken_at: now,
        due_at: due,
        called_at: None,
        version: 1,
    };
    queue::insert(tx, &ticket).map_err(|error| match error {
        DbError::Unique(_) => Refused::StandsInQueue.into(),
        other => Problem::from(other),
    })?;
    Ok(ticket)
}

/// Calls the next number to a counter. Of two counters that ask at the same moment each gets
/// another number.
///
/// # Errors
/// [`Refused::CounterBusy`], [`Refused::NobodyWaits`], [`Refused::NoSuchCounter`].
pub async fn call_next(
    app: &App,
    clerk: &Actor,
    counter: i64,
    now: Utc,
) -> Result<Ticket, Problem> {
    let outlet = clerk.org.ok_or_else(Problem::forbidden)?;
    let (clerk, entry_id) = (clerk.clone(), app.id());
    app.db
        .write(move |tx| {
            let here = one_on(tx, outlet, now.day())?;
            if !(1..=here.details.counters).contains(&counter) {
                return Err(Refused::NoSuchCounter.into());
            }
            // Taken first: whoever calls at the same moment waits for this, or is run again.
            let mut counters = queue::open_day(tx, outlet, now.day())?;
            let live = queue::live(tx, outlet, now.day())?;
            if live.iter().any(|t| t.state == TicketState::Called && t.counter == Some(counter)) {
                return Err(Refused::CounterBusy.into());
            }
            let waiting: Vec<Order> = live
                .iter()
                .filter(|t| t.state == TicketState::Waiting)
                .map(|t| Order { number: t.number, turn: t.turn, due: t.due_at })
                .collect();
            let order = next(&waiting, counters.ahead, now).ok_or(Refused::NobodyWaits)?;
            counters.ahead = if order.turn == Turn::Usual { 0 } else { counters.ahead + 1 };
            queue::save_day(tx, outlet, now.day(), &counters)?;
            let found = live.into_iter().find(|t| t.number == order.number);
            let mut ticket = found.ok_or(Refused::NobodyWaits)?;
            ticket.state = TicketState::Called;
            ticket.counter = Some(counter);
            ticket.calls += 1;
            ticket.called_at = Some(now);
            queue::save(tx, &ticket, None)?;
            record(tx, entry_id, &clerk, "outlet.number-called", &ticket, now)?;
            Ok(ticket)
        })
        .await
}

/// What a clerk does with the number at his counter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// Calls it once more.
    Again,
    /// It is served.
    Done,
    /// Nobody came.
    Missed,
}

impl End {
    /// The end with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        [("again", Self::Again), ("done", Self::Done), ("missed", Self::Missed)]
            .into_iter()
            .find_map(|(known, end)| (known == code).then_some(end))
    }
}

/// Ends the number at a counter, or calls it again.
///
/// # Errors
/// [`Refused::NotCalled`], [`Refused::CallAgain`].
pub async fn end(
    app: &App,
    clerk: &Actor,
    number: i64,
    end: End,
    now: Utc,
) -> Result<Ticket, Problem> {
    let outlet = clerk.org.ok_or_else(Problem::forbidden)?;
    let (clerk, entry_id) = (clerk.clone(), app.id());
    app.db
        .write(move |tx| {
            let found = queue::one(tx, outlet, now.day(), number)?;
            let mut ticket = found.ok_or(Refused::NotCalled)?;
            let (state, act) = match end {
                End::Again => (TicketState::Called, "outlet.number-called"),
                End::Done => (TicketState::Done, "outlet.number-served"),
                End::Missed => (TicketState::Missed, "outlet.number-missed"),
            };
            may_end(ticket.state, ticket.calls, state)?;
            ticket.state = state;
            if end == End::Again {
                // Only the first call ends the wait.
                ticket.calls = (ticket.calls + 1).min(MOST_CALLS);
            }
            queue::save(tx, &ticket, (end != End::Again).then_some(now))?;
            record(tx, entry_id, &clerk, act, &ticket, now)?;
            Ok(ticket)
        })
        .await
}

/// The turn of somebody who takes a number himself: the old need not stand long (Art. 15).
///
/// # Errors
/// See [`Problem`].
pub async fn turn_of(app: &App, person: Id, now: Utc) -> Result<Turn, Problem> {
    const OLD: i32 = 60;
    app.db
        .read(move |tx| {
            let found = people::store::by_ids(tx, &[person])?.pop();
            let old = found.is_some_and(|p| p.age_on(now.day()) >= OLD);
            Ok::<_, Problem>(if old { Turn::Care } else { Turn::Usual })
        })
        .await
}

/// The holder gives his number up.
///
/// # Errors
/// He has none that waits.
pub async fn leave(app: &App, holder: &Actor, now: Utc) -> Result<(), Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    let (holder, entry_id) = (holder.clone(), app.id());
    app.db
        .write(move |tx| {
            let ticket = queue::of_person(tx, person)?;
            let mut ticket = ticket
                .filter(|ticket| ticket.state == TicketState::Waiting)
                .ok_or_else(Problem::not_found)?;
            ticket.state = TicketState::Left;
            queue::save(tx, &ticket, Some(now))?;
            record(tx, entry_id, &holder, "outlet.number-left", &ticket, now)
        })
        .await
}

/// The holder's number of today with the queue around it.
///
/// # Errors
/// See [`Problem`].
pub async fn own(app: &App, holder: &Actor) -> Result<Option<(Ticket, Queue)>, Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    app.db
        .read(move |tx| {
            let now = Utc::now();
            let ticket = queue::of_person(tx, person)?.filter(|ticket| ticket.day == now.day());
            let Some(ticket) = ticket else { return Ok(None) };
            let outlet = one_on(tx, ticket.outlet, now.day())?;
            Ok(Some((ticket, Queue::read(tx, outlet, now)?)))
        })
        .await
}

/// How many wait at each outlet today.
///
/// # Errors
/// See [`Problem`].
pub async fn waiting_counts(app: &App) -> Result<Vec<(Id, i64)>, Problem> {
    app.db.read(|tx| Ok::<_, Problem>(queue::waiting_counts(tx, Utc::now().day())?)).await
}

/// Somebody with an appointment has come: his number is due at its time.
///
/// # Errors
/// [`Refused::NoSuchAppointment`], [`Refused::Closed`].
pub async fn arrive(
    app: &App,
    actor: &Actor,
    outlet: Id,
    code: &str,
    now: Utc,
) -> Result<Ticket, Problem> {
    let (actor, code, entry_id) = (actor.clone(), code.trim().to_owned(), app.id());
    app.db
        .write(move |tx| {
            let here = one_on(tx, outlet, now.day())?;
            if !here.is_open(now) {
                return Err(Refused::Closed.into());
            }
            let booked = appointments::of_outlet(tx, outlet, now.day())?;
            let one = booked.into_iter().find(|a| a.state == "booked" && a.code() == code);
            let one = one.ok_or(Refused::NoSuchAppointment)?;
            appointments::settle(tx, &one, "arrived")?;
            let due = Utc::start_of(one.day).plus_seconds(one.slot * 60);
            let asked = Asked {
                outlet,
                service: one.service.clone(),
                turn: Turn::Appointment,
                person: Some(one.person),
            };
            let ticket = enter(tx, &asked, due, now)?;
            record(tx, entry_id, &actor, "outlet.arrived", &ticket, now)?;
            Ok(ticket)
        })
        .await
}

fn record(
    tx: &mut Tx<'_>,
    id: Id,
    actor: &Actor,
    act: &'static str,
    ticket: &Ticket,
    now: Utc,
) -> Result<(), Problem> {
    let mut entry = Entry::new(id, now, actor, act, "Art. 11");
    if let Some(person) = ticket.person {
        entry = entry.about(person);
    }
    let entry = entry.on("outlet", ticket.outlet).why(ticket.label(), &[]);
    Ok(journal::record(tx, &entry)?)
}
