//! Use cases of incidents: opened by the officer on duty, worked off, closed with what was learned.

use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::{Article, Refusal, Text};
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;

use super::plan::{self, Component, Impact, Kind};
use super::store::{self, Event, Incident, Task};
use crate::safety::{note, words};

/// Why an act on an incident is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// Kind, level, part or impact is not of the plan.
    BadPlan,
    /// It is at another step.
    NotNow,
    /// The public needs words to read.
    NoPublicWords,
    /// Tasks are open.
    TasksOpen,
    /// Cause and lessons are missing.
    NoReview,
    /// PIPL 57: people were neither told nor is there a reason.
    HoldersNotTold,
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::BadPlan => "incidents/not-in-plan",
            Self::NotNow => "incidents/not-now",
            Self::NoPublicWords => "incidents/no-public-words",
            Self::TasksOpen => "incidents/tasks-open",
            Self::NoReview => "incidents/no-review",
            Self::HoldersNotTold => "incidents/holders-not-told",
        }
    }

    fn article(&self) -> Option<Article> {
        Some(Article(if *self == Self::HoldersNotTold { 19 } else { 20 }))
    }

    fn reason(&self) -> Text {
        let (zh, en) = match self {
            Self::BadPlan => ("应急预案中没有该选项", "The plan has no such choice"),
            Self::NotNow => ("事件处于其他阶段", "The incident is at another step"),
            Self::NoPublicWords => ("公布前须写明公众说明", "The public needs words"),
            Self::TasksOpen => ("还有未完成的任务", "Tasks are still open"),
            Self::NoReview => ("缺少原因和改进总结", "Cause and lessons are missing"),
            Self::HoldersNotTold => {
                ("尚未通知个人，也未记录免予通知的理由", "People were not told, and no reason why")
            }
        };
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let (zh, en) = match self {
            Self::BadPlan => ("请从列表中选择", "Choose from the lists"),
            Self::NotNow => ("请刷新页面", "Reload the page"),
            Self::NoPublicWords => {
                ("请用通俗中文和英文各写一句", "Write it plainly in both languages")
            }
            Self::TasksOpen => ("请逐项完成或说明", "Check each off, with a note"),
            Self::NoReview => ("请先完成事后评估", "Write the review first"),
            Self::HoldersNotTold => (
                "依《个人信息保护法》第五十七条通知，或写明已有效避免危害的理由",
                "Tell them (PIPL 57), or say how the harm was averted",
            ),
        };
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::BadPlan | Self::NoPublicWords => 422,
            _ => 409,
        }
    }
}

/// An incident to be opened.
#[derive(Clone, Debug, Default, serde::Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Opening {
    /// Kind by code.
    pub kind: String,
    /// 1 to 4.
    pub level: String,
    /// `1` for a drill.
    pub drill: String,
    /// In a line.
    pub title: String,
    /// What is known.
    pub words: String,
    /// Part by code.
    pub component: String,
    /// Impact by code.
    pub impact: String,
}

fn entry(app: &Platform, actor: &Actor, act: &'static str, one: &Incident, now: Utc) -> Entry {
    let entry = Entry::new(app.id(), now, actor, act, "Art. 20").on("incident", one.id);
    let detail = serde_json::json!({
        "number": one.number, "level": one.level, "drill": one.is_drill, "state": one.state,
    });
    Entry { detail, ..entry }
}

/// Journal and timeline, each with the other's place.
fn note_down(
    tx: &mut Tx<'_>,
    app: &Platform,
    actor: &Actor,
    act: &'static str,
    one: &Incident,
    said: &str,
    now: Utc,
) -> Result<(), DbError> {
    let entry = entry(app, actor, act, one, now).why(said, &[]);
    let (id, act) = (app.id(), act.to_owned());
    let (words, by_name) = (said.to_owned(), actor.name.clone());
    store::add_event(tx, one.id, &Event { id, act, words, by_name, at: now, entry: entry.id })?;
    journal::record(tx, &entry)
}

/// Opens an incident: its tasks and deadlines come from the plan.
///
/// # Errors
/// [`Refused::BadPlan`], or a text is missing.
pub async fn open(app: &App, actor: &Actor, asked: &Opening) -> Result<Incident, Problem> {
    let level = asked.level.trim().parse().ok().filter(|level| (1..=4).contains(level));
    let (platform, actor, now) = (app.clone(), actor.clone(), Utc::now());
    let made = Incident {
        id: app.id(),
        number: 0,
        kind: Kind::from_code(&asked.kind).ok_or(Refused::BadPlan)?,
        level: level.ok_or(Refused::BadPlan)?,
        is_drill: asked.drill == "1",
        title: words("title", &asked.title)?,
        words: words("words", &asked.words)?,
        component: Component::from_code(&asked.component).ok_or(Refused::BadPlan)?,
        impact: Impact::from_code(&asked.impact).ok_or(Refused::BadPlan)?,
        public: Text::default(),
        is_public: false,
        state: "open".to_owned(),
        opened_name: actor.name.clone(),
        opened_at: now,
        closed_at: None,
        cause: String::new(),
        lessons: String::new(),
        people: 0,
        holders_told: String::new(),
        version: 1,
    };
    app.db
        .write(move |tx| {
            let one = Incident { number: store::next_number(tx)?, ..made.clone() };
            store::insert(tx, &one, actor.account)?;
            let hours = settings::get(tx, &super::BREACH_HOURS, now)?;
            for step in plan::steps(one.kind, one.level, hours) {
                store::add_task(tx, one.id, &task_of(&platform, &step, now))?;
            }
            note_down(tx, &platform, &actor, "incident.opened", &one, &one.title, now)?;
            Ok::<_, Problem>(one)
        })
        .await
}

/// What an officer does to an incident.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Doing {
    /// note, level, task, publish, hide, contain, resolve, review, measure, told, exempt, close.
    pub act: String,
    /// The level from now on, 1 to 4.
    pub level: String,
    /// In words.
    pub words: String,
    /// The public's words, Chinese.
    pub public_zh: String,
    /// The public's words, English.
    pub public_en: String,
    /// How much the part is affected now.
    pub impact: String,
    /// The task that is done.
    pub task: String,
    /// Owner of a measure.
    pub owner: String,
    /// Days until a measure is due.
    pub days: String,
    /// Lessons.
    pub lessons: String,
    /// People concerned.
    pub people: String,
}

/// Whether an incident can be closed.
///
/// # Errors
/// [`Refused::TasksOpen`], [`Refused::NoReview`], [`Refused::HoldersNotTold`], [`Refused::NotNow`].
pub fn may_close(one: &Incident, tasks: &[Task]) -> Result<(), Refused> {
    let open = tasks.iter().any(|task| task.done.is_none() && task.kind != "measure");
    match () {
        () if one.state != "resolved" => Err(Refused::NotNow),
        () if open => Err(Refused::TasksOpen),
        () if one.cause.is_empty() || one.lessons.is_empty() => Err(Refused::NoReview),
        () if one.kind == Kind::DataBreach && !one.is_drill && one.holders_told.is_empty() => {
            Err(Refused::HoldersNotTold)
        }
        () => Ok(()),
    }
}

/// One act of an officer on an incident.
///
/// # Errors
/// See [`Refused`]; 404 for an unknown incident or act.
pub async fn act(app: &App, actor: &Actor, id: Id, doing: Doing) -> Result<(), Problem> {
    let (platform, actor, now) = (app.clone(), actor.clone(), Utc::now());
    app.db
        .write(move |tx| {
            let mut one = store::get(tx, id)?.ok_or_else(Problem::not_found)?;
            if one.state == "closed" && doing.act != "task" {
                return Err(Refused::NotNow.into());
            }
            let (act, said) = apply(tx, &platform, &actor, &mut one, &doing, now)?;
            store::update(tx, &one)?;
            Ok(note_down(tx, &platform, &actor, act, &one, &said, now)?)
        })
        .await
}

fn apply(
    tx: &mut Tx<'_>,
    app: &Platform,
    actor: &Actor,
    one: &mut Incident,
    doing: &Doing,
    now: Utc,
) -> Result<(&'static str, String), Problem> {
    let said = || words("words", &doing.words);
    Ok(match doing.act.as_str() {
        "note" => ("incident.noted", said()?),
        "level" => set_level(tx, app, one, (&doing.level, &said()?), now)?,
        "task" => {
            let task: Id = doing.task.parse().map_err(|_| Problem::not_found())?;
            let known = store::tasks(tx, one.id)?.into_iter().find(|known| known.id == task);
            let known = known.ok_or_else(Problem::not_found)?;
            let text = note("words", &doing.words)?;
            if !store::set_done(tx, (one.id, task), &actor.name, &text, now)? {
                return Err(Refused::NotNow.into());
            }
            ("incident.task-done", format!("{} {text}", known.title.zh).trim().to_owned())
        }
        "publish" => {
            let missing = |_| Problem::from(Refused::NoPublicWords);
            let zh = words("public_zh", &doing.public_zh).map_err(missing)?;
            let en = words("public_en", &doing.public_en).map_err(missing)?;
            one.impact = Impact::from_code(&doing.impact).ok_or(Refused::BadPlan)?;
            one.public = Text::new(zh.clone(), en);
            one.is_public = true;
            ("incident.published", zh)
        }
        "hide" => {
            one.is_public = false;
            ("incident.hidden", said()?)
        }
        "contain" if one.state == "open" => {
            one.state = "contained".to_owned();
            ("incident.contained", said()?)
        }
        "resolve" if matches!(one.state.as_str(), "open" | "contained") => {
            one.state = "resolved".to_owned();
            one.impact = Impact::None;
            ("incident.resolved", said()?)
        }
        "review" => {
            one.cause = said()?;
            one.lessons = words("lessons", &doing.lessons)?;
            ("incident.reviewed", one.cause.clone())
        }
        "measure" => {
            let days = doing.days.trim().parse().ok().filter(|days| (1..=365).contains(days));
            let days: i64 = days.ok_or(Refused::BadPlan)?;
            let (title, owner) = (said()?, words("owner", &doing.owner)?);
            let task = Task {
                id: app.id(),
                kind: "measure".to_owned(),
                role: String::new(),
                title: Text::new(title.clone(), title.clone()),
                owner,
                due_at: now.plus_seconds(days * 86_400),
                done: None,
            };
            store::add_task(tx, one.id, &task)?;
            ("incident.measure", title)
        }
        // PIPL 57: told, or exempt because the measures averted the harm; both with words on record.
        "told" | "exempt" => {
            let people = doing.people.trim().parse().ok().filter(|people| *people >= 0);
            one.people = people.ok_or(Refused::BadPlan)?;
            let way = if doing.act == "told" { "已通知：" } else { "免予通知：" };
            one.holders_told = format!("{way}{}", said()?);
            ("incident.breach-notice", one.holders_told.clone())
        }
        "close" => {
            may_close(one, &store::tasks(tx, one.id)?)?;
            (one.state, one.closed_at) = ("closed".to_owned(), Some(now));
            ("incident.closed", one.lessons.clone())
        }
        "contain" | "resolve" => return Err(Refused::NotNow.into()),
        _ => return Err(Problem::not_found()),
    })
}

/// Sets another level. What a graver one asks for beside what was asked already becomes tasks, whose minutes
/// count from now.
fn set_level(
    tx: &mut Tx<'_>,
    app: &Platform,
    one: &mut Incident,
    (level, why): (&str, &str),
    now: Utc,
) -> Result<(&'static str, String), Problem> {
    let level =
        level.trim().parse().ok().filter(|level| (1..=4).contains(level) && *level != one.level);
    let before = std::mem::replace(&mut one.level, level.ok_or(Refused::BadPlan)?);
    let hours = settings::get(tx, &super::BREACH_HOURS, now)?;
    let known = store::tasks(tx, one.id)?;
    for step in plan::steps(one.kind, one.level, hours) {
        if !known.iter().any(|task| task.title.zh == step.zh) {
            store::add_task(tx, one.id, &task_of(app, &step, now))?;
        }
    }
    let said = format!("{} → {}：{why}", plan::roman(before), plan::roman(one.level));
    Ok(("incident.level", said))
}

fn task_of(app: &Platform, step: &plan::Step, now: Utc) -> Task {
    Task {
        id: app.id(),
        kind: step.kind.to_owned(),
        role: step.role.to_owned(),
        title: Text::new(step.zh, step.en),
        owner: String::new(),
        due_at: now.plus_seconds(step.minutes * 60),
        done: None,
    }
}

/// One round: tasks whose time is over are raised, each once, in the timeline and in the journal.
///
/// # Errors
/// See [`Problem`].
pub async fn watch(app: &App) -> Result<String, Problem> {
    let raised = watch_at(app, Utc::now()).await?;
    Ok(format!("{raised} overdue"))
}

/// As [`watch`] at a given moment.
///
/// # Errors
/// As [`watch`].
pub(crate) async fn watch_at(app: &App, now: Utc) -> Result<usize, Problem> {
    let platform = app.clone();
    app.db
        .write(move |tx| {
            let late = store::late(tx, now, 200)?;
            for (incident, title) in &late {
                let one = store::get(tx, *incident)?.ok_or_else(Problem::not_found)?;
                let (system, act) = (Actor::system(), "incident.task-late");
                note_down(tx, &platform, &system, act, &one, title, now)?;
            }
            Ok(late.len())
        })
        .await
}

/// An incident with its timeline and tasks.
pub type Whole = (Incident, Vec<Event>, Vec<Task>);

/// One incident with everything.
///
/// # Errors
/// 404.
pub async fn one(app: &App, id: Id) -> Result<Whole, Problem> {
    let read = app.db.read(move |tx| {
        let Some(one) = store::get(tx, id)? else { return Ok(None) };
        Ok::<_, DbError>(Some((one, store::events(tx, id)?, store::tasks(tx, id)?)))
    });
    read.await?.ok_or_else(Problem::not_found)
}

/// The newest incidents and drills.
///
/// # Errors
/// See [`Problem`].
pub async fn list(app: &App) -> Result<Vec<Incident>, Problem> {
    Ok(app.db.read(|tx| store::newest(tx, 100)).await?)
}

/// How the parts of the service work, and what was published in the last month.
///
/// # Errors
/// See [`Problem`].
pub async fn status(app: &App) -> Result<(Vec<(Component, Impact)>, Vec<Incident>), Problem> {
    let since = Utc::now().plus_seconds(-30 * 86_400);
    let published = app.db.read(move |tx| store::public(tx, since)).await?;
    let worst = |part: Component| {
        let open = published.iter().filter(|one| one.closed_at.is_none() && one.component == part);
        (part, open.map(|one| one.impact).max().unwrap_or(Impact::None))
    };
    Ok((Component::ALL.map(worst).to_vec(), published))
}
