//! Freezing many at once by a question, and thawing them: two officers, a preview, work in the background.

use kernel::actor::Actor;
use kernel::db::{Tx, Value, sealed, v};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::{Article, Refusal, Text};
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::Utc;
use people::freezes::{Freeze, Reason, Scope, Source, store as freezes};
use people::number::{PersonNumber, Strictness};

use super::mass_store as store;
use super::service::{self, Wanted};
use crate::safety::{id_of, words};

/// People frozen or thawed in one transaction.
const CHUNK: i64 = 500;
/// Numbers that one list can have.
const MOST_NUMBERS: usize = 5_000;
/// Days back that a terminal's uses are looked through.
const TERMINAL_DAYS: i64 = 30;

/// By what people are found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// Whose card was shown at a terminal in the last days.
    Terminal,
    /// Who has an account at a bank.
    Bank,
    /// Who is paid by a batch.
    Batch,
    /// Whose household is in a division.
    Division,
    /// Whose card belongs to an outlet.
    Outlet,
    /// Who is named by number.
    Numbers,
}

impl By {
    /// All questions.
    pub const ALL: [Self; 6] =
        [Self::Terminal, Self::Bank, Self::Batch, Self::Division, Self::Outlet, Self::Numbers];

    /// As stored and sent.
    pub fn code(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Bank => "bank",
            Self::Batch => "batch",
            Self::Division => "division",
            Self::Outlet => "outlet",
            Self::Numbers => "numbers",
        }
    }

    /// The question of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.code() == code)
    }

    /// For people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Terminal => ("终端（近30天用卡人）", "Terminal (uses of 30 days)"),
            Self::Bank => ("银行", "Bank"),
            Self::Batch => ("发放批次", "Batch of payments"),
            Self::Division => ("户籍区划", "Division of the household"),
            Self::Outlet => ("网点", "Outlet"),
            Self::Numbers => ("号码清单", "List of numbers"),
        };
        Text::new(zh, en)
    }
}

/// A mass freeze.
#[derive(Clone, Debug)]
pub struct Mass {
    /// Its id.
    pub id: Id,
    /// By what its people were found.
    pub by: By,
    /// The value of the question; of a list of numbers only how many there were.
    pub value: String,
    /// What is frozen.
    pub scope: Scope,
    /// Why.
    pub reason: Reason,
    /// Why, in words.
    pub words: String,
    /// Evidence.
    pub evidence: String,
    /// proposed, rejected, freezing, frozen, thaw-asked, thawing, thawed.
    pub state: String,
    /// People on the list.
    pub total: i64,
    /// How many of them are done.
    pub done: i64,
    /// The last person that is done.
    pub cursor: Id,
    /// Who asked.
    pub made_by: Id,
    /// His name.
    pub made_name: String,
    /// When.
    pub made_at: Utc,
    /// Who decided.
    pub decided_name: String,
    /// Who asked for the thaw.
    pub thaw_by: Option<Id>,
    /// His name.
    pub thaw_name: String,
    /// On what ground.
    pub thaw_proof: String,
    /// Rises with each change.
    pub version: i64,
}

/// Why a mass freeze is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// The question has no such kind or its value cannot be read.
    BadQuestion,
    /// Nobody is found.
    Nobody,
    /// It is at another step.
    NotNow,
    /// The maker does not decide.
    OwnWork,
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::BadQuestion => "freezes/bad-question",
            Self::Nobody => "freezes/nobody-found",
            Self::NotNow => "freezes/mass-not-now",
            Self::OwnWork => "freezes/mass-own-work",
        }
    }

    fn article(&self) -> Option<Article> {
        Some(Article(if *self == Self::OwnWork { 25 } else { 20 }))
    }

    fn reason(&self) -> Text {
        let (zh, en) = match self {
            Self::BadQuestion => ("查询条件有误", "The question cannot be read"),
            Self::Nobody => ("没有符合条件的人员", "Nobody is found"),
            Self::NotNow => ("批量冻结处于其他状态", "It is at another step"),
            Self::OwnWork => ("提出人不能自己决定", "Nobody decides on what he asked for"),
        };
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let (zh, en) = match self {
            Self::BadQuestion => ("请检查编号、区划代码或号码", "Check the id, code or numbers"),
            Self::Nobody => ("请核对条件", "Check the question"),
            Self::NotNow => ("请刷新页面", "Reload the page"),
            Self::OwnWork => ("请由另一位工作人员决定", "Ask somebody else"),
        };
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::BadQuestion | Self::Nobody => 422,
            Self::NotNow => 409,
            Self::OwnWork => 403,
        }
    }
}

/// The keys of a question, and how it is kept on record.
fn keys(by: By, value: &str, now: Utc) -> Result<(Vec<Value<'static>>, String), Problem> {
    let value = value.trim();
    let id = || id_of(value).map_err(|_| Problem::from(Refused::BadQuestion));
    match by {
        By::Terminal => {
            let from = Id::not_before(now.plus_seconds(-TERMINAL_DAYS * 86_400));
            let until = Id::not_before(now.plus_seconds(1));
            Ok((vec![v(id()?), v(from), v(until)], value.to_owned()))
        }
        By::Bank | By::Batch | By::Outlet => Ok((vec![v(id()?)], value.to_owned())),
        By::Division => {
            let good = (4..=12).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
            let good = if good { Ok(()) } else { Err(Refused::BadQuestion) };
            good?;
            Ok((vec![v(value.to_owned())], value.to_owned()))
        }
        By::Numbers => {
            let mut numbers = Vec::new();
            for text in value.split(|c: char| c.is_whitespace() || ",;，；、".contains(c)) {
                if text.is_empty() {
                    continue;
                }
                let parsed = PersonNumber::parse(text, now.day(), Strictness::WithEvidence);
                let number = parsed.map_err(|_| Refused::BadQuestion)?.number;
                numbers.push(sealed(number.as_str().to_owned()));
            }
            if numbers.is_empty() || numbers.len() > MOST_NUMBERS {
                return Err(Refused::BadQuestion.into());
            }
            let said = format!("{} 个号码", numbers.len());
            Ok((numbers, said))
        }
    }
}

fn entry(app: &Platform, actor: &Actor, act: &'static str, id: Id, why: &str, now: Utc) -> Entry {
    Entry::new(app.id(), now, actor, act, "Art. 20").on("mass-freeze", id).why(why, &[])
}

/// Finds the people and puts the freeze before a second officer. What he approves is this very list.
///
/// # Errors
/// [`Refused::BadQuestion`], [`Refused::Nobody`].
pub async fn propose(
    app: &App,
    officer: &Actor,
    by: By,
    value: &str,
    wanted: Wanted,
) -> Result<Mass, Problem> {
    let (platform, actor, now) = (app.clone(), officer.clone(), Utc::now());
    let (keys, value) = keys(by, value, now)?;
    app.db
        .write(move |tx| {
            let id = platform.id();
            let total = store::fill(tx, id, by, &keys)?;
            if total == 0 {
                return Err(Refused::Nobody.into());
            }
            let mass = Mass {
                id,
                by,
                value: value.clone(),
                scope: wanted.scope.clone(),
                reason: wanted.reason,
                words: wanted.words.clone(),
                evidence: wanted.evidence.clone(),
                state: "proposed".to_owned(),
                total,
                done: 0,
                cursor: Id(0),
                made_by: actor.account,
                made_name: actor.name.clone(),
                made_at: now,
                decided_name: String::new(),
                thaw_by: None,
                thaw_name: String::new(),
                thaw_proof: String::new(),
                version: 1,
            };
            store::insert(tx, &mass)?;
            let entry = entry(&platform, &actor, "mass-freeze.asked", id, &mass.words, now);
            let detail = serde_json::json!({ "by": by.code(), "people": total });
            journal::record(tx, &Entry { detail, ..entry })?;
            Ok(mass)
        })
        .await
}

/// A step of a mass freeze after it was proposed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    /// Another officer lets it begin.
    Approve,
    /// Another officer sends it back.
    Reject,
    /// Somebody asks for the thaw of all.
    AskThaw,
    /// Another officer lets the thaw begin.
    ApproveThaw,
    /// Another officer keeps it frozen.
    RejectThaw,
}

impl Act {
    /// The step of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Some(match code {
            "approve" => Self::Approve,
            "reject" => Self::Reject,
            "ask-thaw" => Self::AskThaw,
            "approve-thaw" => Self::ApproveThaw,
            "reject-thaw" => Self::RejectThaw,
            _ => return None,
        })
    }
}

/// The state after a step.
///
/// # Errors
/// [`Refused::NotNow`], [`Refused::OwnWork`].
pub fn after(mass: &Mass, act: Act, account: Id) -> Result<&'static str, Refused> {
    let (needed, next, other) = match act {
        Act::Approve => ("proposed", "freezing", Some(mass.made_by)),
        Act::Reject => ("proposed", "rejected", Some(mass.made_by)),
        Act::AskThaw => ("frozen", "thaw-asked", None),
        Act::ApproveThaw => ("thaw-asked", "thawing", mass.thaw_by),
        Act::RejectThaw => ("thaw-asked", "frozen", mass.thaw_by),
    };
    match () {
        () if mass.state != needed => Err(Refused::NotNow),
        () if other == Some(account) => Err(Refused::OwnWork),
        () => Ok(next),
    }
}

/// One step of an officer.
///
/// # Errors
/// [`Refused`], or the ground of a thaw is missing.
pub async fn act(app: &App, officer: &Actor, id: Id, act: Act, proof: &str) -> Result<(), Problem> {
    let proof = if act == Act::AskThaw { words("proof", proof)? } else { String::new() };
    let (platform, actor, now) = (app.clone(), officer.clone(), Utc::now());
    app.db
        .write(move |tx| {
            let mass = store::get(tx, id)?.ok_or_else(Problem::not_found)?;
            let next = after(&mass, act, actor.account)?;
            let who = (actor.account, actor.name.as_str());
            match act {
                Act::Approve | Act::Reject => store::set_decided(tx, &mass, next, who, now)?,
                Act::AskThaw => store::set_thaw(tx, &mass, next, Some(who), &proof)?,
                Act::RejectThaw => store::set_thaw(tx, &mass, next, None, "")?,
                Act::ApproveThaw => store::set_progress(tx, &mass, (0, Id(0)), next)?,
            }
            let why = if proof.is_empty() { &mass.words } else { &proof };
            let entry = entry(&platform, &actor, "mass-freeze.step", id, why, now);
            let detail = serde_json::json!({ "state": next });
            Ok(journal::record(tx, &Entry { detail, ..entry })?)
        })
        .await
}

/// One round of the work behind: sets of people, each a transaction, as long as there are any.
///
/// # Errors
/// See [`Problem`]; what is done stays.
pub async fn round(app: &App) -> Result<String, Problem> {
    let mut done = 0;
    for _ in 0..400 {
        if app.db.read(store::at_work).await?.is_none() {
            break;
        }
        let platform = app.clone();
        done += app.db.write(move |tx| step(tx, &platform, Utc::now())).await?;
    }
    Ok(format!("{done} people"))
}

fn step(tx: &mut Tx<'_>, app: &Platform, now: Utc) -> Result<usize, Problem> {
    let Some(mass) = store::at_work(tx)? else { return Ok(0) };
    let system = Actor::system();
    let freezing = mass.state == "freezing";
    let (count, progress, ended) = match freezing {
        true => freeze_some(tx, app, &mass, now)?,
        false => thaw_some(tx, app, &mass, now)?,
    };
    let state = match (ended, freezing) {
        (false, _) => mass.state.as_str(),
        (true, true) => "frozen",
        (true, false) => "thawed",
    };
    store::set_progress(tx, &mass, progress, state)?;
    let act = if freezing { "mass-freeze.frozen" } else { "mass-freeze.thawed" };
    let entry = entry(app, &system, act, mass.id, &mass.words, now);
    let detail = serde_json::json!({ "people": count, "done": progress.0 });
    journal::record(tx, &Entry { detail, ..entry })?;
    Ok(count)
}

type Progress = (usize, (i64, Id), bool);

fn freeze_some(
    tx: &mut Tx<'_>,
    app: &Platform,
    mass: &Mass,
    now: Utc,
) -> Result<Progress, Problem> {
    let (people, terms) = (store::next(tx, mass, CHUNK)?, service::terms(tx, now)?);
    let made = people.iter().map(|person| {
        let about = (app.id(), *person);
        let made = Freeze::new(about, mass.scope.clone(), Source::Mass, mass.reason, &terms, now);
        Freeze {
            words: mass.words.clone(),
            evidence: mass.evidence.clone(),
            mass: mass.id,
            by: mass.made_by,
            by_name: format!("{}、{}", mass.made_name, mass.decided_name),
            ..made
        }
    });
    let made: Vec<Freeze> = made.collect();
    freezes::insert(tx, &made)?;
    let entries: Vec<Entry> = made
        .iter()
        .map(|freeze| {
            let entry = Entry::new(app.id(), now, &Actor::system(), "card.frozen", "Art. 20");
            entry.about(freeze.person).on("freeze", freeze.id).why(&mass.words, &[])
        })
        .collect();
    journal::record_all(tx, &entries)?;
    for person in people::store::by_ids(tx, &people)? {
        let what = mass.scope.name().zh;
        let text = format!("为保护您的权益，您的社会保障卡已临时冻结（{what}），可在平台申诉。");
        service::tell(tx, app, &person.phone, now, text)?;
    }
    let last = people.last().copied().unwrap_or(mass.cursor);
    let ended = (people.len() as i64) < CHUNK;
    Ok((people.len(), (mass.done + people.len() as i64, last), ended))
}

fn thaw_some(tx: &mut Tx<'_>, app: &Platform, mass: &Mass, now: Utc) -> Result<Progress, Problem> {
    let found = freezes::of_mass(tx, mass.id, CHUNK)?;
    let who = (mass.thaw_by.unwrap_or(Id(0)), mass.thaw_name.as_str());
    for freeze in &found {
        service::lift(tx, app, freeze, who, &mass.thaw_proof, now)?;
    }
    let entries: Vec<Entry> = found
        .iter()
        .map(|freeze| {
            let entry = Entry::new(app.id(), now, &Actor::system(), "card.thawed", "Art. 20");
            entry.about(freeze.person).on("freeze", freeze.id).why(&mass.thaw_proof, &[])
        })
        .collect();
    journal::record_all(tx, &entries)?;
    let ended = (found.len() as i64) < CHUNK;
    let done = if ended { mass.total } else { mass.done + found.len() as i64 };
    Ok((found.len(), (done, Id(0)), ended))
}

/// One mass freeze.
///
/// # Errors
/// 404.
pub async fn one(app: &App, id: Id) -> Result<Mass, Problem> {
    app.db.read(move |tx| store::get(tx, id)).await?.ok_or_else(Problem::not_found)
}

/// The newest mass freezes.
///
/// # Errors
/// See [`Problem`].
pub async fn list(app: &App) -> Result<Vec<Mass>, Problem> {
    Ok(app.db.read(|tx| store::newest(tx, 50)).await?)
}
