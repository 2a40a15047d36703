//! Fees that one region took for the other, counted by both and settled by the month (Art. 11, 12).

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::{Utc, parse_day};
use time::Date;

use super::rules::{MonthSent, Refused, is_month};
use super::service::Sender;
use super::store::{self, Month};
use crate::rules::{Message, Refused as NotBelieved};
use crate::service::messages::Handler;
use crate::store as regions;

/// Takes the figures of a month.
pub const MONTH: Handler = Handler { kind: "joint.month", version: 1, run: take };
/// Takes the home region's count of a month that we told.
pub const COUNTED: Handler = Handler { kind: "joint.counted", version: 1, run: hear };

const PURPOSE: &str = "川渝通办费用月结 / fees of joint service";
/// Day of the month from which the month before is counted: late answers are in by then.
const FROM_DAY: u8 = 3;

/// The month before the one of this day, and its bounds.
pub(crate) fn month_before(today: Date) -> (String, Utc, Utc) {
    let first = today.replace_day(1).unwrap_or(today);
    let last = first.previous_day().unwrap_or(first);
    let begin = last.replace_day(1).unwrap_or(last);
    let name = format!("{:04}-{:02}", begin.year(), u8::from(begin.month()));
    (name, Utc::start_of(begin), Utc::start_of(first))
}

fn bounds(month: &str) -> Option<(Utc, Utc)> {
    let begin = parse_day(&format!("{month}-01")).filter(|_| is_month(month))?;
    let next = begin.saturating_add(time::Duration::days(31)).replace_day(1).ok()?;
    Some((Utc::start_of(begin), Utc::start_of(next)))
}

/// Tells each trusted region the fees of last month that we took for it, once.
///
/// # Errors
/// Of the database only.
pub async fn round(app: &App, today: Date) -> Result<String, Problem> {
    if today.day() < FROM_DAY {
        return Ok("0 told".to_owned());
    }
    let (month, from, to) = month_before(today);
    let known = month.clone();
    let due = move |tx: &mut Tx<'_>| due(tx, &known, from, to);
    let due = app.db.read(due).await?;
    if due.is_empty() {
        return Ok("0 told".to_owned());
    }
    let (app_in, told) = (app.clone(), due.len());
    let entry = Entry::new(app.id(), Utc::now(), &Actor::system(), "joint.month", "Art. 11")
        .on("month", &month)
        .why(PURPOSE, &[]);
    let tell = move |tx: &mut Tx<'_>| {
        for (region, cases, fen) in &due {
            let (month, now) = (month.clone(), entry.at);
            let said = MonthSent { month, cases: *cases, fen: *fen };
            store::insert_month(tx, &counted(region, false, (*cases, *fen), (&said, -1, 0), now))?;
            let sender = Sender { app: &app_in, region, case: "", entry: &entry, now };
            sender.post(tx, "joint.month", "", &said)?;
        }
        Ok::<_, Problem>(journal::record(tx, &entry)?)
    };
    app.db.write(tell).await?;
    Ok(format!("{told} told"))
}

/// Trusted regions that we took fees for in a month and have not told yet: cases and fen.
fn due(
    tx: &mut Tx<'_>,
    month: &str,
    from: Utc,
    to: Utc,
) -> Result<Vec<(String, i64, i64)>, Problem> {
    let told = store::months(tx)?;
    let mut due = Vec::new();
    for region in regions::all_trusted(tx)? {
        let region = region.said.region;
        let is = |row: &Month| !row.theirs && row.region == region && row.month == month;
        let (cases, fen) = store::figures(tx, (&region, "out"), from, to)?;
        if cases > 0 && !told.iter().any(is) {
            due.push((region, cases, fen));
        }
    }
    Ok(due)
}

/// A month of a region with our figures and theirs.
fn counted(
    region: &str,
    theirs: bool,
    (cases, fen): (i64, i64),
    (said, their_cases, their_fen): (&MonthSent, i64, i64),
    now: Utc,
) -> Month {
    Month {
        region: region.to_owned(),
        month: said.month.clone(),
        theirs,
        cases,
        fen,
        their_cases,
        their_fen,
        told_at: now,
        reference: String::new(),
        settled_at: None,
    }
}

/// Keeps their figures beside ours, and tells them ours.
fn take(tx: &mut Tx<'_>, app: &Platform, message: &Message, now: Utc) -> Result<(), Problem> {
    let said: MonthSent =
        serde_json::from_value(message.body.clone()).map_err(|_| NotBelieved::Unreadable)?;
    let plain = said.cases >= 0 && (0..=1_000_000_000_000).contains(&said.fen);
    let (from, to) = bounds(&said.month).filter(|_| plain).ok_or(NotBelieved::Unreadable)?;
    let (cases, fen) = store::figures(tx, (&message.from, "in"), from, to)?;
    let (ours, theirs) = ((cases, fen), (&said, said.cases, said.fen));
    let row = counted(&message.from, true, ours, theirs, now);
    store::insert_month(tx, &row)?;
    let entry = Entry::new(app.id(), now, &Actor::system(), "joint.month", "Art. 11")
        .on("month", &said.month)
        .why(PURPOSE, &[]);
    let sender = Sender { app, region: &message.from, case: "", entry: &entry, now };
    sender.post(tx, "joint.counted", "", &MonthSent { month: said.month, cases, fen })?;
    Ok(journal::record(tx, &entry)?)
}

fn hear(tx: &mut Tx<'_>, _: &Platform, message: &Message, _: Utc) -> Result<(), Problem> {
    let said: MonthSent =
        serde_json::from_value(message.body.clone()).map_err(|_| NotBelieved::Unreadable)?;
    match is_month(&said.month) && said.cases >= 0 && said.fen >= 0 {
        true => Ok(store::hear_month(tx, &message.from, &said)?),
        false => Err(NotBelieved::Unreadable.into()),
    }
}

/// Notes that a month was paid (ours) or received (theirs), with the reference of the payment.
///
/// # Errors
/// No reference, or the month is settled.
pub async fn settle(
    app: &App,
    actor: &Actor,
    (region, month, theirs): (&str, &str, bool),
    reference: &str,
) -> Result<(), Problem> {
    let reference = reference.trim().to_owned();
    if !(1..=60).contains(&reference.chars().count()) {
        let text = Text::new("请填写付款凭证号", "The number of the payment");
        return Err(Problem::field("reference", text));
    }
    let mut entry = Entry::new(app.id(), Utc::now(), actor, "joint.settled", "Art. 11")
        .on("month", month)
        .why("川渝通办费用结清", &[]);
    entry.detail = serde_json::json!({"region": region, "theirs": theirs, "reference": reference});
    let (region, month) = (region.to_owned(), month.to_owned());
    app.db
        .write(move |tx| {
            let key = (region.as_str(), month.as_str(), if theirs { "in" } else { "out" });
            if !store::settle(tx, key, &reference, entry.at)? {
                return Err(Refused::MonthSettled.into());
            }
            Ok(journal::record(tx, &entry)?)
        })
        .await
}
