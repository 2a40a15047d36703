//! Appointments: a seat of a slot, for one person; reminders, lapses, forgetting.

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::outbox::{self, Sms};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::{Utc, day_text};
use time::{Date, Duration};

use super::{Appointment, Outlet, minute_of, one_on};
use crate::rules::{Refused, seats, slots};
use crate::store::{appointments, queue};
use crate::{DAYS_AHEAD, FORGET_DAYS, MOST_HELD, SEATS_PERCENT, SLOT_MINUTES};

/// A time that can be booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Free {
    /// Minutes since midnight.
    pub slot: i64,
    /// Seats that are free.
    pub seats: i64,
}

impl Free {
    /// `09:30`.
    pub fn time(&self) -> String {
        format!("{:02}:{:02}", self.slot / 60, self.slot % 60)
    }
}

/// The slots of an outlet's day with what is free of them; none that has begun.
///
/// # Errors
/// See [`Problem`].
pub fn free_on(
    tx: &mut Tx<'_>,
    outlet: &Outlet,
    day: Date,
    now: Utc,
) -> Result<Vec<Free>, Problem> {
    let ahead = (day - now.day()).whole_days();
    if ahead < 0 || ahead > settings::get(tx, &DAYS_AHEAD, now)? {
        return Err(Refused::NoSuchSlot.into());
    }
    let length = u16::try_from(settings::get(tx, &SLOT_MINUTES, now)?).unwrap_or(30);
    let each = seats(outlet.details.counters, settings::get(tx, &SEATS_PERCENT, now)?);
    let taken = appointments::of_outlet(tx, outlet.id, day)?;
    let begun = if ahead == 0 { i64::from(minute_of(now)) } else { -1 };
    let free = |slot: u16| {
        let slot = i64::from(slot);
        let held = taken.iter().filter(|a| a.slot == slot).count() as i64;
        Free { slot, seats: (each - held).max(0) }
    };
    let all = slots(outlet.details.hours.on(day), length).into_iter().map(free);
    Ok(all.filter(|free| free.slot > begun).collect())
}

/// As [`free_on`], for a page.
///
/// # Errors
/// [`Refused::NoSuchOutlet`], [`Refused::NoSuchSlot`] for a day that cannot be booked.
pub async fn free(app: &App, outlet: Id, day: Date) -> Result<(Outlet, Vec<Free>), Problem> {
    app.db
        .read(move |tx| {
            let outlet = one_on(tx, outlet, day)?;
            let free = free_on(tx, &outlet, day, Utc::now())?;
            Ok((outlet, free))
        })
        .await
}

/// How many days ahead can be booked.
///
/// # Errors
/// See [`Problem`].
pub async fn days_ahead(app: &App) -> Result<i64, Problem> {
    app.db.read(|tx| Ok::<_, Problem>(settings::get(tx, &DAYS_AHEAD, Utc::now())?)).await
}

/// What is to be booked.
#[derive(Clone, Debug)]
pub struct Booking {
    /// For whom.
    pub person: Id,
    /// Where.
    pub outlet: Id,
    /// When.
    pub day: Date,
    /// Minutes since midnight.
    pub slot: i64,
    /// Code of the service.
    pub service: String,
    /// What help is needed (Art. 15).
    pub needs: String,
}

/// Books a seat. The database lets each seat be taken once.
///
/// # Errors
/// [`Refused`] as a problem.
pub async fn book(
    app: &App,
    actor: &Actor,
    booking: Booking,
    now: Utc,
) -> Result<Appointment, Problem> {
    let (actor, id, entry_id) = (actor.clone(), app.id(), app.id());
    app.db
        .write(move |tx| {
            let outlet = one_on(tx, booking.outlet, booking.day)?;
            if !outlet.offers(&booking.service) {
                return Err(Refused::NotOffered.into());
            }
            let free = free_on(tx, &outlet, booking.day, now)?;
            let slot = free.into_iter().find(|free| free.slot == booking.slot);
            slot.ok_or(Refused::NoSuchSlot)?;
            let own = appointments::of_person(tx, booking.person, now.day())?;
            let booked: Vec<_> = own.iter().filter(|a| a.state == "booked").collect();
            if booked.iter().any(|a| a.day == booking.day && a.slot == booking.slot) {
                return Err(Refused::SameTime.into());
            }
            if booked.len() as i64 >= settings::get(tx, &MOST_HELD, now)? {
                return Err(Refused::HoldsEnough.into());
            }
            let made = take_seat(tx, &booking, &outlet, id, now)?;
            let entry = Entry::new(entry_id, now, &actor, "outlet.booked", "Art. 11");
            let why = format!("{} {}", day_text(made.day), made.time());
            let entry = entry.about(made.person).on("outlet", made.outlet).why(why, &[]);
            journal::record(tx, &entry)?;
            Ok(made)
        })
        .await
}

fn take_seat(
    tx: &mut Tx<'_>,
    booking: &Booking,
    outlet: &Outlet,
    id: Id,
    now: Utc,
) -> Result<Appointment, Problem> {
    let most = seats(outlet.details.counters, settings::get(tx, &SEATS_PERCENT, now)?);
    let mut made = Appointment {
        person: booking.person,
        id,
        outlet: booking.outlet,
        day: booking.day,
        slot: booking.slot,
        seat: 0,
        service: booking.service.clone(),
        needs: booking.needs.trim().chars().take(100).collect(),
        state: "booked".to_owned(),
        version: 1,
    };
    for seat in 0..most {
        made.seat = seat;
        if appointments::take(tx, &made, now)? {
            return Ok(made);
        }
    }
    Err(Refused::SlotFull.into())
}

/// The person's appointments from today on.
///
/// # Errors
/// See [`Problem`].
pub async fn of_person(
    app: &App,
    person: Id,
) -> Result<Vec<(Appointment, Option<Outlet>)>, Problem> {
    app.db
        .read(move |tx| {
            let today = Utc::now().day();
            let mut found = Vec::new();
            for appointment in appointments::of_person(tx, person, today)? {
                let outlet = one_on(tx, appointment.outlet, appointment.day).ok();
                found.push((appointment, outlet));
            }
            Ok::<_, Problem>(found)
        })
        .await
}

/// Gives a seat back.
///
/// # Errors
/// [`Refused::NoSuchAppointment`].
pub async fn cancel(app: &App, actor: &Actor, person: Id, id: Id) -> Result<(), Problem> {
    let (actor, entry_id) = (actor.clone(), app.id());
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let own = appointments::of_person(tx, person, now.day())?;
            let one = own.into_iter().find(|a| a.id == id && a.state == "booked");
            let one = one.ok_or(Refused::NoSuchAppointment)?;
            appointments::settle(tx, &one, "cancelled")?;
            let entry = Entry::new(entry_id, now, &actor, "outlet.booking-cancelled", "Art. 11");
            let why = format!("{} {}", day_text(one.day), one.time());
            let entry = entry.about(person).on("outlet", one.outlet).why(why, &[]);
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

/// The appointments of an outlet's day, for its clerks.
///
/// # Errors
/// See [`Problem`].
pub async fn of_day(app: &App, outlet: Id, day: Date) -> Result<Vec<Appointment>, Problem> {
    app.db.read(move |tx| Ok::<_, Problem>(appointments::of_outlet(tx, outlet, day)?)).await
}

/// Reminds those who come tomorrow, once each.
///
/// # Errors
/// See [`Problem`].
pub async fn remind(app: &App) -> Result<String, Problem> {
    let ids: Vec<(Id, Id)> = (0..200).map(|_| (app.id(), app.id())).collect();
    let sent = app.db.write(move |tx| remind_some(tx, &ids, Utc::now())).await?;
    Ok(format!("{sent} reminded"))
}

fn remind_some(tx: &mut Tx<'_>, ids: &[(Id, Id)], now: Utc) -> Result<usize, Problem> {
    let tomorrow = now.day().checked_add(Duration::DAY).unwrap_or_else(|| now.day());
    let waiting = appointments::to_remind(tx, tomorrow, ids.len() as i64)?;
    let people: Vec<Id> = waiting.iter().map(|a| a.person).collect();
    let people = people::store::by_ids(tx, &people)?;
    for (appointment, (message, entry_id)) in waiting.iter().zip(ids) {
        appointments::reminded(tx, appointment, now)?;
        let phone = people.iter().find(|p| p.id == appointment.person).map(|p| p.phone.clone());
        if let Some(to) = phone.filter(|phone| !phone.is_empty()) {
            let text = reminder(tx, appointment)?;
            outbox::put_sms(tx, *message, now, &Sms { to, text })?;
        }
        let entry = Entry::new(*entry_id, now, &Actor::system(), "outlet.reminded", "Art. 11");
        let entry = entry.about(appointment.person).on("outlet", appointment.outlet);
        journal::record(tx, &entry.why("预约提醒 / reminder of an appointment", &["phone"]))?;
    }
    Ok(waiting.len())
}

fn reminder(tx: &mut Tx<'_>, appointment: &Appointment) -> Result<String, Problem> {
    let when = format!("{} {}", day_text(appointment.day), appointment.time());
    Ok(match one_on(tx, appointment.outlet, appointment.day) {
        Ok(outlet) if outlet.details.hours.on(appointment.day).is_empty() => format!(
            "【一卡通】您预约的{}于{when}临时不开放，请改约其他时间，给您带来不便敬请谅解。",
            outlet.details.name.zh
        ),
        Ok(outlet) => format!(
            "【一卡通】您已预约{when}在{}（{}）办理业务，预约码{}，请携带有效身份证件。",
            outlet.details.name.zh,
            outlet.details.address,
            appointment.code()
        ),
        Err(_) => format!("【一卡通】您预约{when}的网点已撤并，请另选网点预约。"),
    })
}

/// Ends what was left over of days that are past, and forgets whose old tickets were.
///
/// # Errors
/// See [`Problem`].
pub async fn close_days(app: &App) -> Result<String, Problem> {
    app.db
        .housekeeping(|tx| {
            let now = Utc::now();
            let today = now.day();
            let days = settings::get(tx, &FORGET_DAYS, now)?;
            let forget = today.checked_sub(Duration::days(days)).unwrap_or(today);
            let ended = queue::end_days_before(tx, today, now)?;
            let missed = appointments::miss_before(tx, today)?;
            let forgotten = queue::forget_before(tx, forget)?;
            let erased = appointments::erase_before(tx, forget)?;
            Ok::<_, Problem>(format!(
                "{ended} ended, {missed} missed, {} forgotten",
                forgotten + erased
            ))
        })
        .await
}
