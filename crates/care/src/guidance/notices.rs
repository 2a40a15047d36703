//! Notices that come by themselves (Art. 15: service is offered, not only given).

use items::rules::{Item, Word as _};
use kernel::actor::Actor;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::outbox::{self, Sms};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::{Utc, day_text};
use time::{Date, Duration};

use super::rules;
use super::store::{self, Holder};
use super::{EXPIRING_DAYS, UNPAID_DAYS};

/// Days after its first day for which an item is new.
const NEW_DAYS: i64 = 14;

/// One round: tells whose card expires soon, whose bill is due, and whom a new item fits.
///
/// # Errors
/// The database's word.
pub async fn round(app: &App, now: Utc) -> Result<String, Problem> {
    let today = now.day();
    let expiring = app
        .db
        .read(move |tx| {
            let days = settings::get(tx, &EXPIRING_DAYS, now)?;
            store::expiring(tx, today, today.saturating_add(Duration::days(days)))
        })
        .await?;
    let mut sent = 0;
    for holder in expiring {
        let last = holder.expires.map(day_text).unwrap_or_default();
        let text = format!(
            "【社保卡一卡通】您的社会保障卡将于{last}到期，请提前换卡，可在首页“办事指引”查看网点，或拨打12333。"
        );
        sent += usize::from(tell(app, &holder, "expiring", last, text, now).await?);
    }
    sent += unpaid(app, now).await?;
    let first = today.saturating_sub(Duration::days(NEW_DAYS));
    let items = app.db.read(items::store::published).await.map_err(Problem::from)?;
    for item in items.iter().filter(|i| i.in_force(today) && i.from >= first && i.version == 1) {
        for holder in fitting(app, item, today).await? {
            let text = format!(
                "【社保卡一卡通】新增用卡事项“{}”适合您，详情请查看事项清单{}。",
                item.name.zh, item.code
            );
            sent += usize::from(tell(app, &holder, "items", item.code.clone(), text, now).await?);
        }
    }
    Ok(format!("{sent} told"))
}

async fn unpaid(app: &App, now: Utc) -> Result<usize, Problem> {
    let today = now.day();
    let bills = app
        .db
        .read(move |tx| {
            let days = settings::get(tx, &UNPAID_DAYS, now)?;
            store::unpaid(tx, today, today.saturating_add(Duration::days(days)))
        })
        .await?;
    let mut sent = 0;
    for store::Unpaid { holder, bill, biller, due } in bills {
        let text = format!(
            "【社保卡一卡通】{biller}的账单将于{due}到期，尚未缴费，可登录平台“缴费”办理；已通过其他方式缴费的请忽略。"
        );
        // As the database writes the number: the notice and the look for it must agree.
        sent += usize::from(tell(app, &holder, "unpaid", bill.0.to_string(), text, now).await?);
    }
    Ok(sent)
}

/// Holders whose birthday says that an item is for them. Items for everybody are no news for anybody
/// in particular.
async fn fitting(app: &App, item: &Item, today: Date) -> Result<Vec<Holder>, Problem> {
    let years = |years: i32| {
        let year = today.year() - years;
        // 29 February counts as the 28th in other years.
        today.replace_year(year).or_else(|_| today.saturating_sub(Duration::DAY).replace_year(year))
    };
    let mut found = Vec::new();
    for group in &item.details.groups {
        let (from, until) = match group.code() {
            "elderly" => (Date::MIN, years(60)),
            "children" => (years(18).unwrap_or(today).saturating_add(Duration::DAY), Ok(today)),
            _ => continue,
        };
        let Ok(until) = until else { continue };
        // Days are compared as text: no year before 1800 is on record.
        let from = from.max(time::macros::date!(1800 - 01 - 01));
        let code = item.code.clone();
        found.extend(app.db.read(move |tx| store::born(tx, from, until, &code)).await?);
    }
    found.retain(|holder| {
        rules::group_of(holder.birth, today).is_some_and(|g| item.details.groups.contains(&g))
    });
    Ok(found)
}

async fn tell(
    app: &App,
    holder: &Holder,
    kind: &'static str,
    thing: String,
    text: String,
    now: Utc,
) -> Result<bool, Problem> {
    let (sms, person, phone): (Id, Id, String) = (app.id(), holder.person, holder.phone.clone());
    let entry = Entry::new(app.id(), now, &Actor::system(), "notice.sent", "Art. 15, 22")
        .about(person)
        .on("card", holder.card)
        .why(kind, &["phone"]);
    app.db
        .write(move |tx| {
            // The choice counts that stands when the notice is written.
            let off = store::switched_off(tx, person)?.iter().any(|off| off == kind);
            if off || !store::told(tx, person, kind, &thing, now)? {
                journal::record(tx, &Entry { result: "notice/off".to_owned(), ..entry.clone() })?;
                return Ok(false);
            }
            outbox::put_sms(tx, sms, now, &Sms { to: phone.clone(), text: text.clone() })?;
            journal::record(tx, &entry)?;
            Ok(true)
        })
        .await
}
