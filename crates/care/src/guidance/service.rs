//! Use cases of guidance: lead, ask for help, give it, switch notices.

use items::rules::{Area, Group, Item};
use kernel::actor::{Actor, Role};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::outbox::{self, Sms};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use outlets::service::{Outlet, register};

use super::rules::{self, Asked, NOTICES, Refused, State, Wish};
use super::store::{self, Request};

/// Where somebody is led.
#[derive(Default)]
pub struct Led {
    /// What he wants at a counter.
    pub wish: Option<&'static Wish>,
    /// Items that fit.
    pub items: Vec<Item>,
    /// Outlets of the place that offer it, or that answer questions.
    pub outlets: Vec<Outlet>,
}

/// Leads from who, what and where: `want` is a service of outlets or a field of life.
///
/// # Errors
/// See [`kernel::db::DbError`].
pub async fn lead(app: &App, who: &str, want: &str, division: &str) -> Result<Led, Problem> {
    let today = Utc::now().day();
    let (wish, area) = (rules::wish(want), Area::ALL.into_iter().find(|area| area.code() == want));
    if wish.is_none() && area.is_none() {
        return Ok(Led::default());
    }
    let mut outlets = register::list(app, today).await?;
    let service = wish.map_or("other", |wish| wish.service);
    outlets.retain(|outlet| {
        let here = division.is_empty() || outlet.details.division == division;
        here && outlet.details.services.iter().any(|offered| offered.code() == service)
    });
    // For those who walk badly, outlets without steps come first.
    let hard = matches!(who, "elderly" | "disabled");
    outlets.sort_by_key(|outlet| hard && outlet.details.access.is_empty());
    outlets.truncate(5);
    let mut items = Vec::new();
    if let Some(area) = area {
        let group = <Group as items::rules::Word>::from_code(who);
        items = app.db.read(items::store::published).await.map_err(Problem::from)?;
        items.retain(|item| {
            item.area == area && item.in_force(today) && rules::fits(item, group, division)
        });
        // What is made for this group comes before what is for everybody.
        items.sort_by(|a, b| {
            let own = |item: &Item| item.details.groups.is_empty();
            own(a).cmp(&own(b)).then_with(|| a.code.cmp(&b.code))
        });
    }
    Ok(Led { wish, items, outlets })
}

/// Asks for help: the holder for himself, counter and hotline for somebody.
///
/// # Errors
/// [`Refused`] as a problem.
pub async fn ask(app: &App, actor: &Actor, asked: Asked) -> Result<Request, Problem> {
    let now = Utc::now();
    let request = Request {
        id: app.id(),
        person: actor.person,
        asked: asked.check(now.day())?,
        opened_at: now,
        opened_by: actor.account,
        state: State::Waiting,
        taken_by: None,
        outlet: None,
        ended_at: None,
        result: String::new(),
        version: 1,
    };
    let mut entry = Entry::new(app.id(), now, actor, "help.asked", "Art. 15")
        .on("help", request.id)
        .why("便民服务 / help for those who need it", &["name", "phone", "address"]);
    entry.subject = actor.person;
    app.db
        .write(move |tx| {
            store::insert(tx, &request)?;
            journal::record(tx, &entry)?;
            Ok(request.clone())
        })
        .await
}

/// The requests of a person.
///
/// # Errors
/// See [`kernel::db::DbError`].
pub async fn mine(app: &App, person: Id) -> Result<Vec<Request>, Problem> {
    Ok(app.db.read(move |tx| store::of_person(tx, person)).await?)
}

/// The queue of the place that a clerk works in. The look is on record.
///
/// # Errors
/// See [`kernel::db::DbError`].
pub async fn queue(app: &App, actor: &Actor) -> Result<Vec<Request>, Problem> {
    let entry = Entry::new(app.id(), Utc::now(), actor, "help.read", "Art. 15")
        .why("便民服务 / help for those who need it", &["name", "phone", "address"]);
    let division = actor.division.clone();
    app.db
        .write(move |tx| {
            journal::record(tx, &entry)?;
            Ok(store::queue(tx, &division)?)
        })
        .await
}

/// Takes, completes, ends or takes back a request. Only who took it completes it.
///
/// # Errors
/// [`Refused`] as a problem.
pub async fn act(
    app: &App,
    actor: &Actor,
    id: Id,
    act: &str,
    result: &str,
) -> Result<Request, Problem> {
    let now = Utc::now();
    let (sms, actor) = (app.id(), actor.clone());
    let entry = Entry::new(app.id(), now, &actor, "help.moved", "Art. 15").on("help", id);
    let (act, result) = (act.to_owned(), result.trim().to_owned());
    app.db
        .write(move |tx| {
            let found = store::by_id(tx, id)?.ok_or(Refused::Unknown)?;
            let allowed = match actor.role {
                Role::Holder => act == "cancel" && found.person == actor.person,
                _ => act != "cancel" && found.asked.division == actor.division,
            };
            allowed.then_some(()).ok_or(Refused::Unknown)?;
            let state = rules::next(found.state, &act, &result)?;
            if act == "done" && found.taken_by != Some(actor.account) {
                return Err(Refused::State.into());
            }
            let mut next = Request { state, version: found.version + 1, ..found };
            match state {
                State::Taken => (next.taken_by, next.outlet) = (Some(actor.account), actor.org),
                _ => (next.ended_at, next.result) = (Some(now), result.clone()),
            }
            store::save(tx, &next)?;
            if state == State::Taken {
                let text =
                    "【社保卡一卡通】您的便民服务请求已安排，工作人员会与您联系。".to_owned();
                outbox::put_sms(tx, sms, now, &Sms { to: next.asked.phone.clone(), text })?;
            }
            let mut entry = entry.clone().why(format!("便民服务 / {act}"), &["state"]);
            entry.subject = next.person;
            journal::record(tx, &entry)?;
            Ok(next)
        })
        .await
}

/// The kinds of notices with whether the person wants them.
///
/// # Errors
/// See [`kernel::db::DbError`].
pub async fn notices(app: &App, person: Id) -> Result<Vec<(&'static str, bool)>, Problem> {
    let off = app.db.read(move |tx| store::switched_off(tx, person)).await?;
    Ok(NOTICES.iter().map(|(kind, ..)| (*kind, !off.iter().any(|off| off == kind))).collect())
}

/// Switches a kind of notice.
///
/// # Errors
/// [`Refused::Kind`].
pub async fn switch(app: &App, actor: &Actor, kind: String, on: bool) -> Result<(), Problem> {
    let person = actor.person.ok_or_else(Problem::forbidden)?;
    NOTICES.iter().find(|(known, ..)| *known == kind).ok_or(Refused::Kind)?;
    let entry = Entry::new(app.id(), Utc::now(), actor, "notice.switched", "Art. 15")
        .about(person)
        .why(format!("{kind} {}", if on { "on" } else { "off" }), &[]);
    app.db
        .write(move |tx| {
            store::switch(tx, person, &kind, on)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await
}
