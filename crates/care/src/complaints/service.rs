//! Use cases of matters: open, look, act, remind. Each is one transaction with its journal entry.

pub mod calendars;
pub mod clock;

use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Tx};
use kernel::divisions;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::org::{self, Org};
use kernel::outbox::{self, Sms};
use kernel::platform::{App, random};
use kernel::problem::Problem;
use kernel::settings::{self, Setting};
use kernel::time::Utc;

use crate::calendar;

use super::rules::{self, Act, Context, Hand, Matter, Refused, State, Step, Told};
use super::store::{self, Event};
use super::{ANSWER, ANSWER_DEFAULT, EXTEND_DAYS, REOPEN_DAYS};

/// A matter with its way.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The matter.
    pub matter: Matter,
    /// Its way, oldest first.
    pub events: Vec<Event>,
    /// Name of who is responsible.
    pub org: String,
    /// What this viewer can do now.
    pub acts: Vec<Act>,
}

/// Whose a matter is.
#[derive(Clone, Debug)]
pub enum Owner {
    /// A person who is signed in.
    Person(Actor, Id),
    /// Whoever holds the reference.
    Reference(String),
}

/// A stranger, in the journal.
fn stranger() -> Actor {
    Actor { name: "anonymous".to_owned(), role: Role::Holder, ..Actor::system() }
}

/// The setting of working days for a kind.
pub(super) fn answer_days(kind: &str) -> &'static Setting {
    ANSWER.iter().find(|(code, _)| *code == kind).map_or(&ANSWER_DEFAULT, |(_, setting)| setting)
}

/// Takes a matter in. A phone that was left is told the reference.
///
/// # Errors
/// [`Refused`] as a problem, or the database's word.
pub async fn open(
    app: &App,
    by: Option<&Actor>,
    channel: &'static str,
    told: Told,
) -> Result<Matter, Problem> {
    let now = Utc::now();
    let told = told.check(now.day())?;
    let ids = [app.id(), app.id(), app.id()];
    let by = by.cloned();
    let reference = fresh_reference();
    app.db
        .write(move |tx| open_in(tx, ids, by.as_ref(), channel, told.clone(), &reference, now))
        .await
}

/// Sixty-five bits: nobody guesses the reference of somebody else's matter.
pub(super) fn fresh_reference() -> String {
    const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    random::<13>().map(|byte| char::from(LETTERS[usize::from(byte & 31)])).iter().collect()
}

/// [`open`] within a transaction; `told` has been checked.
pub(super) fn open_in(
    tx: &mut Tx<'_>,
    [id, entry_id, sms_id]: [Id; 3],
    by: Option<&Actor>,
    channel: &str,
    told: Told,
    reference: &str,
    now: Utc,
) -> Result<Matter, Problem> {
    let person = by.and_then(|actor| actor.person);
    let about = rules::about(&told.about).map(|(kind, id)| (kind.0.to_owned(), id.to_owned()));
    let (against, against_org) = match (&about, person) {
        (Some((kind, entry)), Some(person)) if kind == "access" => {
            let entry = entry.parse().map_err(|_| Refused::About)?;
            let (account, org) = store::access(tx, entry, person)?.ok_or(Refused::About)?;
            (Some(account), org)
        }
        // Only the person himself can object to an access to his data.
        _ if told.kind == "objection" => return Err(Refused::About.into()),
        _ => (None, None),
    };
    let mut phone = told.phone;
    if let (true, Some(person)) = (phone.is_empty(), person) {
        phone = people::store::by_id(tx, person)?.map(|person| person.phone).unwrap_or_default();
    }
    let (_, calendar) = calendar::current(tx)?;
    let days = settings::get(tx, answer_days(&told.kind), now)?;
    // The first answerer that the matter is not directed against.
    let org = store::answerers(tx, &told.field, &told.division)?
        .into_iter()
        .find(|org| Some(*org) != against_org);
    let matter = Matter {
        id,
        reference: reference.to_owned(),
        kind: told.kind,
        field: told.field,
        division: told.division,
        channel: channel.to_owned(),
        body: told.body,
        about: about.unwrap_or_default(),
        person,
        name: told.name,
        phone,
        opened_by: by.map(|actor| actor.account),
        against,
        against_org,
        state: if org.is_some() { State::Assigned } else { State::Received },
        org,
        sensitive: told.sensitive,
        opened_at: now,
        due: calendar.after(now.day(), days),
        extended: false,
        escalated: false,
        appealed: false,
        reminded: false,
        answered_at: None,
        answered_by: None,
        answered_org: None,
        closed_at: None,
        outcome: String::new(),
        answer: String::new(),
        score: None,
        score_words: String::new(),
        merged_into: None,
        version: 1,
    };
    store::insert(tx, &matter)?;
    let by_role = by.map(|actor| actor.role.code().to_owned()).unwrap_or_default();
    let event = Event { at: now, act: "open".to_owned(), by_role, note: String::new() };
    store::add_event(tx, &matter, &event, matter.opened_by)?;
    let who = by.cloned().unwrap_or_else(stranger);
    let mut entry = Entry::new(entry_id, now, &who, "complaint.opened", "Art. 22")
        .on("complaint", id)
        .why("受理诉求 / taking in a matter", &["phone"]);
    entry.subject = person;
    entry.detail = serde_json::json!({ "kind": matter.kind, "channel": channel });
    journal::record(tx, &entry)?;
    tell(tx, sms_id, &matter, "您的诉求已受理", now)?;
    Ok(matter)
}

/// Tells the person that something happened, without a word of what it is about.
fn tell(tx: &mut Tx<'_>, id: Id, matter: &Matter, what: &str, now: Utc) -> Result<(), DbError> {
    if matter.phone.is_empty() {
        return Ok(());
    }
    let text = format!(
        "【社保卡一卡通】{what}，查询码{}，可在诉求查询页面查看进度，或拨打12333。",
        matter.reference
    );
    outbox::put_sms(tx, id, now, &Sms { to: matter.phone.clone(), text })
}

/// The organisations that a matter can be given to.
///
/// # Errors
/// See [`DbError`].
pub async fn orgs(app: &App) -> Result<Vec<Org>, Problem> {
    app.db.read(org::all).await.map_err(Problem::from)
}

fn org_name(tx: &mut Tx<'_>, id: Option<Id>) -> Result<String, DbError> {
    let found = org::all(tx)?.into_iter().find(|org| Some(org.id) == id);
    Ok(found.map(|org| org.name_zh).unwrap_or_default())
}

fn acts_of(matter: &Matter, hands: &[Hand]) -> Vec<Act> {
    let lines = rules::TABLE.iter().filter(|line| line.from == matter.state);
    lines.filter(|line| line.hands.iter().any(|h| hands.contains(h))).map(|line| line.act).collect()
}

/// The matter of an owner, with its way.
///
/// # Errors
/// [`Refused::Unknown`] when there is none, or it is somebody else's.
pub async fn follow(app: &App, owner: Owner, id: Option<Id>) -> Result<Seen, Problem> {
    let entry = app.id();
    app.db
        .write(move |tx| {
            let (matter, who) = of_owner(tx, &owner, id)?;
            let mut entry = Entry::new(entry, Utc::now(), &who, "complaint.followed", "Art. 22")
                .on("complaint", matter.id);
            entry.subject = matter.person;
            journal::record(tx, &entry)?;
            seen(tx, matter, &[Hand::Person])
        })
        .await
}

fn of_owner(tx: &mut Tx<'_>, owner: &Owner, id: Option<Id>) -> Result<(Matter, Actor), Problem> {
    let found = match (owner, id) {
        (Owner::Person(actor, person), Some(id)) => store::by_id(tx, id)?
            .filter(|matter| matter.person == Some(*person))
            .map(|matter| (matter, actor.clone())),
        (Owner::Person(..), None) => None,
        (Owner::Reference(reference), _) => {
            let reference = reference.trim().to_lowercase();
            store::by_reference(tx, &reference)?.map(|matter| (matter, stranger()))
        }
    };
    Ok(found.ok_or(Refused::Unknown)?)
}

fn seen(tx: &mut Tx<'_>, matter: Matter, hands: &[Hand]) -> Result<Seen, Problem> {
    let events = store::events(tx, matter.id)?;
    let org = org_name(tx, matter.org)?;
    let acts = acts_of(&matter, hands);
    Ok(Seen { matter, events, org, acts })
}

/// A person's matters.
///
/// # Errors
/// See [`DbError`].
pub async fn mine(app: &App, person: Id) -> Result<Vec<Matter>, Problem> {
    Ok(app.db.read(move |tx| store::of_person(tx, person)).await?)
}

/// Matters in a state that this member of staff has to do with, sensitive ones only if he is named.
///
/// # Errors
/// See [`DbError`].
pub async fn work(app: &App, actor: &Actor, state: State) -> Result<Vec<Matter>, Problem> {
    let actor = actor.clone();
    app.db
        .read(move |tx| {
            let municipal = matches!(actor.role, Role::MunicipalOfficer | Role::MunicipalApprover);
            let district = matches!(actor.role, Role::DistrictOfficer | Role::DistrictApprover);
            let division = district.then_some(actor.division.as_str());
            let org = (!municipal).then_some(actor.org.unwrap_or(Id(-1)));
            let named = store::named(tx, actor.account)?;
            let mut found = store::list(tx, state, org, division)?;
            for matter in &mut found {
                if matter.sensitive && !named.contains(&matter.id) {
                    hide(matter);
                }
            }
            found.retain(|matter| !rules::hands(matter, &actor).is_empty());
            Ok(found)
        })
        .await
}

/// What those see of a sensitive matter who are not named: that it is there, and until when.
fn hide(matter: &mut Matter) {
    matter.body.clear();
    matter.name.clear();
    matter.phone.clear();
    matter.answer.clear();
    (matter.person, matter.about) = (None, Default::default());
}

/// A matter as a member of staff sees it. The look is on record.
///
/// # Errors
/// [`Refused::Unknown`] when it is not his to see, [`Refused::Own`] when it is about him.
pub async fn look(app: &App, actor: &Actor, id: Id) -> Result<Seen, Problem> {
    let (entry, actor) = (app.id(), actor.clone());
    app.db
        .write(move |tx| {
            let matter = store::by_id(tx, id)?.ok_or(Refused::Unknown)?;
            rules::is_not_his_own(&matter, actor.account)?;
            let hands = rules::hands(&matter, &actor);
            if hands.is_empty() {
                return Err(Refused::Unknown.into());
            }
            let mut entry = Entry::new(entry, Utc::now(), &actor, "complaint.read", "Art. 22")
                .on("complaint", id)
                .why("办理诉求 / handling a matter", &["name", "phone", "text"]);
            entry.subject = matter.person;
            let mut seen = seen(tx, matter, &hands)?;
            if seen.matter.sensitive && !store::named(tx, actor.account)?.contains(&id) {
                hide(&mut seen.matter);
                seen.events.iter_mut().for_each(|event| event.note.clear());
                seen.acts.retain(|act| act.gives_away());
                entry.fields.clear();
            }
            if rules::is_against(&seen.matter, actor.org) {
                seen.acts.retain(|act| act.gives_away());
            }
            journal::record(tx, &entry)?;
            Ok(seen)
        })
        .await
}

/// Who could be named to handle a sensitive matter: staff of the one responsible and of the reader's own
/// organisation, but whom it is against or who entered it.
///
/// # Errors
/// See [`DbError`].
pub async fn nameable(
    app: &App,
    actor: &Actor,
    matter: &Matter,
) -> Result<Vec<(Id, String)>, Problem> {
    let (orgs, own) = ([matter.org, actor.org], [matter.against, matter.opened_by]);
    let mut found = app.db.read(move |tx| store::staff(tx, orgs)).await?;
    found.retain(|(account, _)| !own.contains(&Some(*account)));
    Ok(found)
}

/// A step by a member of staff.
///
/// # Errors
/// [`Refused`] as a problem, or the database's word.
pub async fn act(app: &App, actor: &Actor, id: Id, step: Step) -> Result<Matter, Problem> {
    let (now, actor) = (Utc::now(), actor.clone());
    let ids = ids(app);
    app.db
        .write(move |tx| {
            let matter = store::by_id(tx, id)?.ok_or(Refused::Unknown)?;
            let hands = rules::hands(&matter, &actor);
            let line = rules::table::find(matter.state, step.act);
            let fitting = line.and_then(|l| l.hands.iter().find(|hand| hands.contains(hand)));
            let hand = *fitting.or(hands.first()).ok_or(Refused::Unknown)?;
            let blind = matter.sensitive && !step.act.gives_away();
            if blind && !store::named(tx, actor.account)?.contains(&id) {
                return Err(Refused::Unknown.into());
            }
            carry_out(tx, &ids, &actor, hand, matter, &step, now)
        })
        .await
}

/// A step by whose matter it is.
///
/// # Errors
/// [`Refused`] as a problem, or the database's word.
pub async fn act_as_owner(
    app: &App,
    owner: Owner,
    id: Option<Id>,
    step: Step,
) -> Result<Matter, Problem> {
    let (now, ids) = (Utc::now(), ids(app));
    app.db
        .write(move |tx| {
            let (matter, who) = of_owner(tx, &owner, id)?;
            carry_out(tx, &ids, &who, Hand::Person, matter, &step, now)
        })
        .await
}

/// Ids for one step: entry and message of the matter, and those of matters answered with it.
pub(super) fn ids(app: &App) -> Vec<Id> {
    (0..2 * (1 + MOST_MERGED)).map(|_| app.id()).collect()
}

/// The most matters that one answer goes to.
const MOST_MERGED: usize = 200;

/// Decides, keeps, records and tells.
pub(super) fn carry_out(
    tx: &mut Tx<'_>,
    ids: &[Id],
    actor: &Actor,
    hand: Hand,
    matter: Matter,
    step: &Step,
    now: Utc,
) -> Result<Matter, Problem> {
    let [entry_id, sms_id, rest @ ..] = ids else {
        return Err(DbError::Engine("too few ids for the matters of one answer".to_owned()).into());
    };
    let context = Context {
        hand,
        account: Some(actor.account),
        org: actor.org,
        now,
        calendar: calendar::current(tx)?.1,
        answer_days: settings::get(tx, answer_days(&matter.kind), now)?,
        extend_days: settings::get(tx, &EXTEND_DAYS, now)?,
        reopen_days: settings::get(tx, &REOPEN_DAYS, now)?,
        above: store::above(tx, matter.org)?.filter(|org| Some(*org) != matter.against_org),
        into: match step.into {
            Some(into) => store::by_id(tx, into)?.map(Box::new),
            None => None,
        },
    };
    let next = rules::decide(&matter, step, &context)?;
    if let (Act::Assign | Act::Transfer | Act::Against, Some(org)) = (step.act, step.org) {
        let known = org::all(tx)?.iter().any(|known| known.id == org);
        known.then_some(()).ok_or(Refused::Org)?;
    }
    if let (Act::Name, Some(account)) = (step.act, step.account) {
        rules::is_not_his_own(&next, account)?;
        store::name(tx, next.id, account)?;
    }
    store::save(tx, &next)?;
    let (act, by_role) = (step.act.code().to_owned(), actor.role.code().to_owned());
    let event = Event { at: now, act, by_role, note: step.note.trim().to_owned() };
    store::add_event(tx, &next, &event, Some(actor.account))?;
    let mut entry = Entry::new(*entry_id, now, actor, step.act.journal(), "Art. 22")
        .on("complaint", next.id)
        .why("办理诉求 / handling a matter", &["state"]);
    entry.subject = next.person;
    journal::record(tx, &entry)?;
    if step.act == Act::Answer {
        tell(tx, *sms_id, &next, "您的诉求已答复", now)?;
        if hand != Hand::Clock {
            answer_merged(tx, rest, actor, &next, step, now)?;
        }
    }
    Ok(next)
}

/// Those who said the same get the same answer.
fn answer_merged(
    tx: &mut Tx<'_>,
    ids: &[Id],
    actor: &Actor,
    parent: &Matter,
    step: &Step,
    now: Utc,
) -> Result<(), Problem> {
    for (matter, ids) in store::merged(tx, parent.id)?.into_iter().zip(ids.chunks(2)) {
        carry_out(tx, ids, actor, Hand::Clock, matter, step, now)?;
    }
    Ok(())
}

/// What an account entered today and yesterday: for counter and hotline.
///
/// # Errors
/// See [`DbError`].
pub async fn entered(app: &App, account: Id) -> Result<Vec<Matter>, Problem> {
    let since = Utc(Utc::now().0 - Utc::DAY);
    Ok(app.db.read(move |tx| store::entered(tx, account, since)).await?)
}

/// Name of a division; the code itself when it is unknown.
pub fn place(code: &str, lang: &kernel::law::Lang) -> String {
    divisions::find(code).map_or_else(|| code.to_owned(), |d| lang.pick(d.zh, d.en).to_owned())
}

/// Sets who answers for a field and a place.
///
/// # Errors
/// [`Refused::Class`] or [`Refused::Org`].
pub async fn set_route(
    app: &App,
    actor: &Actor,
    field: String,
    division: String,
    to: Id,
) -> Result<(), Problem> {
    let fits = field.is_empty() || rules::word(rules::FIELDS, &field).is_some();
    if !fits || !(division.is_empty() || rules::is_place(&division, Utc::now().day())) {
        return Err(Refused::Class.into());
    }
    let entry = Entry::new(app.id(), Utc::now(), actor, "complaint.route-set", "Art. 22");
    app.db
        .write(move |tx| {
            org::all(tx)?.iter().find(|org| org.id == to).ok_or(Refused::Org)?;
            store::set_route(tx, &field, &division, to)?;
            let purpose = format!("{field} {division}");
            Ok(journal::record(tx, &entry.clone().on("org", to).why(purpose, &[]))?)
        })
        .await
}
