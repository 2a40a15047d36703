//! Use cases: giving tasks, steps with them, consultation, the register of duties, meetings, reminders.

mod clock;
mod register;

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::divisions;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::org::{self, Org};
use kernel::platform::Platform;
use kernel::problem::{FieldProblem, Problem};
use kernel::settings;
use kernel::time::{Utc, parse_day};
use time::{Date, Duration};

use super::OPINION_DAYS;
use super::rules::{self, Act, Kind, Refused, State};
use super::store::{self, Opinion, Step, Task};

pub use clock::round;
#[cfg(test)]
pub(super) use clock::round_on;
pub use register::{add_duty, end_duty, enter_meeting};

/// A task or proposal as somebody fills it in.
#[derive(Clone, Debug, Default)]
pub struct NewTask {
    /// `task` or `proposal`.
    pub kind: String,
    /// Up to 100 characters.
    pub title: String,
    /// Up to 2,000 characters.
    pub words: String,
    /// Field of the items, or empty.
    pub field: String,
    /// Division; empty for the whole city.
    pub division: String,
    /// Organisation that leads.
    pub lead: Option<Id>,
    /// Last day.
    pub due: String,
    /// Meeting that decided it.
    pub meeting: Option<Id>,
    /// Departments to ask, for a proposal.
    pub asked: Vec<Id>,
}

/// A task with all that belongs to it.
#[derive(Clone, Debug)]
pub struct Whole {
    /// The task.
    pub task: Task,
    /// Its history.
    pub steps: Vec<Step>,
    /// Opinions of departments.
    pub opinions: Vec<Opinion>,
}

impl Whole {
    fn open_opinions(&self, today: Date) -> i64 {
        let open = |one: &&Opinion| one.opinion == "asked" && one.due >= today;
        self.opinions.iter().filter(open).count() as i64
    }

    /// Acts that somebody may take now.
    pub fn possible(&self, actor: &Actor, today: Date) -> Vec<Act> {
        rules::possible(&self.task.standing(self.open_opinions(today)), actor)
    }

    /// Whether an organisation may still say its opinion.
    pub fn may_say(&self, org: Option<Id>, today: Date) -> bool {
        let open =
            |one: &Opinion| Some(one.org) == org && one.opinion == "asked" && one.due >= today;
        self.task.state == State::Consulting && self.opinions.iter().any(open)
    }
}

fn fits(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.trim().chars().count())
}

/// Gives a task, or proposes to bring a field under the card (Art. 6, 9).
///
/// # Errors
/// Fields that are missing or wrong; only the authority gives tasks to others.
pub async fn create(app: &Platform, actor: &Actor, new: &NewTask) -> Result<Id, Problem> {
    let (now, id, step) = (Utc::now(), app.id(), app.id());
    let task = read(new, actor, id, now)?;
    let asked = new.asked.clone();
    let act =
        if task.kind == Kind::Proposal { "coordination.proposed" } else { "coordination.given" };
    let entry = Entry::new(app.id(), now, actor, act, "Art. 9")
        .on("coordination", id)
        .why(task.title.clone(), &[]);
    let by = actor.clone();
    app.db
        .write(move |tx| {
            let orgs = org::all(tx)?;
            if !orgs.iter().any(|org| org.id == task.lead) {
                return Err(Problem::field(
                    "lead",
                    Text::new("没有该单位", "No such organisation"),
                ));
            }
            store::insert_task(tx, &task)?;
            if task.kind == Kind::Proposal {
                let days = settings::get(tx, &OPINION_DAYS, now)?;
                let due = now.day().saturating_add(Duration::days(days));
                for one in orgs.iter().filter(|one| asked.contains(&one.id) && one.id != task.lead)
                {
                    store::ask(tx, id, one.id, due)?;
                }
            }
            let said = said(&by, "created", &task.words, now);
            store::insert_step(tx, id, step, &said)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await?;
    Ok(id)
}

fn said(actor: &Actor, act: &str, words: &str, now: Utc) -> Step {
    Step {
        at: now,
        act: act.to_owned(),
        by_name: actor.name.clone(),
        org: actor.org,
        words: words.trim().to_owned(),
    }
}

fn read(new: &NewTask, actor: &Actor, id: Id, now: Utc) -> Result<Task, Problem> {
    let mut wrong = Vec::new();
    let mut fault = |field: &str, bad: bool, zh: &str, en: &str| {
        if bad {
            wrong.push(FieldProblem { field: field.to_owned(), text: Text::new(zh, en) });
        }
    };
    let kind = Kind::from_code(&new.kind).filter(|kind| *kind != Kind::Duty);
    let authority = rules::is_authority(actor);
    if kind == Some(Kind::Task) && !authority {
        return Err(Refused::OtherHand.into());
    }
    // A department proposes for itself.
    let lead = if authority { new.lead } else { actor.org };
    let due = parse_day(new.due.trim()).filter(|day| *day >= now.day());
    let division = new.division.trim();
    fault("kind", kind.is_none(), "请选择类型", "Choose what it is");
    fault("title", !fits(&new.title, 100), "请填写标题（100字以内）", "A title, up to 100 letters");
    fault(
        "words",
        !fits(&new.words, 2_000),
        "请填写内容（2000字以内）",
        "What is to be done, up to 2,000 letters",
    );
    fault("lead", lead.is_none(), "请选择牵头单位", "Choose who leads");
    fault("due", due.is_none(), "请填写期限，不能早于今天", "The last day, not before today");
    let nowhere = !division.is_empty() && divisions::find(division).is_none();
    fault("division", nowhere, "没有该区划", "There is no such division");
    let (Some(kind), Some(lead), Some(due), true) = (kind, lead, due, wrong.is_empty()) else {
        return Err(Problem::invalid(wrong));
    };
    let state = if kind == Kind::Proposal { State::Consulting } else { State::Given };
    Ok(Task {
        id,
        kind,
        title: new.title.trim().to_owned(),
        words: new.words.trim().to_owned(),
        field: new.field.trim().chars().take(40).collect(),
        division: division.to_owned(),
        asking: actor.org,
        lead,
        meeting: new.meeting,
        duty: None,
        due,
        state,
        percent: 0,
        made_by: actor.account,
        made_at: now,
        reported_by: None,
        confirmed_by: None,
        ended_at: None,
        reminded: false,
        escalated: false,
        version: 1,
    })
}

/// What comes with a step.
#[derive(Clone, Debug, Default)]
pub struct With {
    /// In words.
    pub words: String,
    /// How far it is, in per cent.
    pub percent: Option<i64>,
    /// Another lead.
    pub lead: Option<Id>,
    /// Another last day.
    pub due: Option<Date>,
}

/// Takes a step with a task.
///
/// # Errors
/// [`Refused`] as a problem, or a field that is wrong.
pub async fn act(
    app: &Platform,
    actor: &Actor,
    id: Id,
    act: Act,
    with: With,
) -> Result<(), Problem> {
    let (now, step, entry_id) = (Utc::now(), app.id(), app.id());
    let actor = actor.clone();
    app.db
        .write(move |tx| {
            let whole = whole(tx, id)?;
            let mut task = whole.task.clone();
            let standing = task.standing(whole.open_opinions(now.day()));
            task.state = rules::follow(&standing, act, &actor, &with.words)?;
            change(tx, &mut task, act, &actor, &with, now)?;
            store::update_task(tx, &task)?;
            store::insert_step(tx, id, step, &said(&actor, act.code(), &with.words, now))?;
            let entry = Entry::new(entry_id, now, &actor, "coordination.step", "Art. 9")
                .on("coordination", id)
                .why(format!("{}: {}", act.code(), task.title), &[]);
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await
}

fn change(
    tx: &mut Tx<'_>,
    task: &mut Task,
    act: Act,
    actor: &Actor,
    with: &With,
    now: Utc,
) -> Result<(), Problem> {
    match act {
        Act::Progress => {
            let bad = || Problem::field("percent", Text::new("请填写0到100", "From 0 to 100"));
            task.percent = with.percent.filter(|n| (0..=100).contains(n)).ok_or_else(bad)?;
        }
        Act::Report => (task.reported_by, task.percent) = (Some(actor.account), 100),
        Act::Return => task.reported_by = None,
        Act::Confirm => (task.confirmed_by, task.ended_at) = (Some(actor.account), Some(now)),
        Act::Drop => task.ended_at = Some(now),
        Act::Reassign => {
            if let Some(lead) = with.lead {
                if !org::all(tx)?.iter().any(|org| org.id == lead) {
                    return Err(Problem::field(
                        "lead",
                        Text::new("没有该单位", "No such organisation"),
                    ));
                }
                task.lead = lead;
            }
            if let Some(due) = with.due {
                if due < now.day() {
                    return Err(Problem::field(
                        "due",
                        Text::new("不能早于今天", "Not before today"),
                    ));
                }
                task.due = due;
            }
        }
        Act::Accept | Act::Dispute | Act::Adopt => {}
    }
    Ok(())
}

/// A department says what it thinks of a proposal.
///
/// # Errors
/// It was not asked, has answered, or the time is over.
pub async fn say(
    app: &Platform,
    actor: &Actor,
    id: Id,
    opinion: &str,
    words: &str,
) -> Result<(), Problem> {
    const OPINIONS: [&str; 3] = ["agrees", "agrees-with-changes", "objects"];
    if !OPINIONS.contains(&opinion) {
        return Err(Problem::field("opinion", Text::new("请选择意见", "Choose an opinion")));
    }
    if opinion != "agrees" && words.trim().is_empty() {
        return Err(Refused::WordsMissing.into());
    }
    let org = actor.org.ok_or(Refused::NotAsked)?;
    let said_now = Opinion {
        org,
        due: Utc::now().day(),
        opinion: opinion.to_owned(),
        words: words.trim().chars().take(2_000).collect(),
        by_name: actor.name.clone(),
    };
    let (now, step, entry_id, actor) = (Utc::now(), app.id(), app.id(), actor.clone());
    app.db
        .write(move |tx| {
            let whole = whole(tx, id)?;
            if !whole.opinions.iter().any(|one| one.org == org) {
                return Err(Refused::NotAsked.into());
            }
            if !whole.may_say(Some(org), now.day()) || !store::say(tx, id, &said_now, now)? {
                return Err(Refused::OpinionClosed.into());
            }
            store::insert_step(
                tx,
                id,
                step,
                &said(&actor, &said_now.opinion, &said_now.words, now),
            )?;
            let entry = Entry::new(entry_id, now, &actor, "coordination.opinion", "Art. 9")
                .on("coordination", id)
                .why(whole.task.title, &[]);
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await
}

/// A task with all that belongs to it.
///
/// # Errors
/// There is none.
pub fn whole(tx: &mut Tx<'_>, id: Id) -> Result<Whole, Problem> {
    let task = store::one(tx, id)?.ok_or_else(Problem::not_found)?;
    Ok(Whole { task, steps: store::steps(tx, id)?, opinions: store::opinions(tx, id)? })
}

/// What the list page shows.
#[derive(Clone, Debug)]
pub struct Overview {
    /// Tasks, open ones first.
    pub tasks: Vec<Task>,
    /// Proposals that wait for the opinion of the asking organisation.
    pub asked: Vec<Id>,
    /// All organisations.
    pub orgs: Vec<Org>,
}

/// All tasks, and what waits for an organisation.
///
/// # Errors
/// The database's word.
pub async fn overview(app: &Platform, own: Option<Id>) -> Result<Overview, Problem> {
    app.db
        .read(move |tx| {
            let asked = own.map(|org| store::asked_of(tx, org)).transpose()?.unwrap_or_default();
            Ok(Overview { tasks: store::tasks(tx)?, asked, orgs: org::all(tx)? })
        })
        .await
}
