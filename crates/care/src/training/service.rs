//! Use cases of training: writing and opening courses, taking them, certificates, requirements.

use std::collections::BTreeMap;

use kernel::actor::{Actor, Role};
use kernel::auth::{self, Duty};
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::{App, Platform, random};
use kernel::problem::{FieldProblem, Problem};
use kernel::settings;
use kernel::time::Utc;
use time::Date;

use super::TRIES_A_DAY;
use super::rules::{self, Refused};
use super::store::{self, Attempt, Certificate, Course, Question, Requirement};

/// Where staff learn; what stays open to whoever lacks a certificate.
pub const HREF: &str = "/training";

fn entry(app: &Platform, actor: &Actor, act: &'static str, course: Id, why: &str) -> Entry {
    Entry::new(app.id(), Utc::now(), actor, act, "Art. 21").on("course", course).why(why, &[])
}

/// Writes a course.
///
/// # Errors
/// Fields that are missing or wrong.
pub async fn write(app: &Platform, actor: &Actor, mut course: Course) -> Result<Id, Problem> {
    let mut wrong = Vec::new();
    let mut fault = |field: &str, bad: bool, zh: &str, en: &str| {
        if bad {
            wrong.push(FieldProblem { field: field.to_owned(), text: Text::new(zh, en) });
        }
    };
    let fits = |text: &str, most: usize| (1..=most).contains(&text.trim().chars().count());
    fault(
        "title",
        !fits(&course.title, 100),
        "请填写名称（100字以内）",
        "A title, up to 100 letters",
    );
    fault(
        "words",
        !fits(&course.words, 20_000),
        "请填写内容（2万字以内）",
        "What is taught, up to 20,000 letters",
    );
    fault("roles", course.roles.is_empty(), "请选择岗位", "Choose for whom");
    fault(
        "asked",
        !(1..=100).contains(&course.asked),
        "每次题数为1到100",
        "From 1 to 100 questions",
    );
    fault(
        "pass_percent",
        !(1..=100).contains(&course.pass_percent),
        "合格线为1到100",
        "From 1 to 100",
    );
    fault(
        "valid_days",
        !(1..=3_650).contains(&course.valid_days),
        "有效期为1到3650天",
        "From 1 to 3,650 days",
    );
    if !wrong.is_empty() {
        return Err(Problem::invalid(wrong));
    }
    (course.id, course.made_by) = (app.id(), actor.account);
    let (id, entry) = (course.id, entry(app, actor, "training.written", course.id, &course.title));
    app.db
        .write(move |tx| {
            store::insert(tx, &course)?;
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await?;
    Ok(id)
}

/// Adds a question to a draft.
///
/// # Errors
/// The course is no draft, or fields are wrong.
pub async fn add_question(
    app: &Platform,
    actor: &Actor,
    course: Id,
    mut question: Question,
) -> Result<(), Problem> {
    question.options = question
        .options
        .iter()
        .map(|option| option.trim().to_owned())
        .filter(|option| !option.is_empty())
        .collect();
    let bad = |field, zh: &str, en: &str| Err(Problem::field(field, Text::new(zh, en)));
    if !(1..=500).contains(&question.words.trim().chars().count()) {
        return bad("words", "请填写题目（500字以内）", "The question, up to 500 letters");
    }
    if !(2..=6).contains(&question.options.len()) {
        return bad("options", "请填写2到6个选项，每行一个", "2 to 6 options, one a line");
    }
    if !(0..question.options.len() as i64).contains(&question.answer) {
        return bad("answer", "正确选项的序号不对", "No such option");
    }
    question.id = app.id();
    let entry = entry(app, actor, "training.question", course, "增加题目 / a question");
    app.db
        .write(move |tx| {
            let known = store::one(tx, course)?.ok_or_else(Problem::not_found)?;
            if known.state != "draft" {
                return Err(Refused::NotNow.into());
            }
            store::insert_question(tx, course, &question)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

/// Opens a draft, or closes an open course.
///
/// # Errors
/// It is the writer's own, has too few questions, or is required.
pub async fn set_open(
    app: &Platform,
    actor: &Actor,
    course: Id,
    open: bool,
) -> Result<(), Problem> {
    let act = if open { "training.opened" } else { "training.closed" };
    let (entry, account) =
        (entry(app, actor, act, course, "课程开放和关闭 / opening and closing"), actor.account);
    app.db
        .write(move |tx| {
            let known = store::one(tx, course)?.ok_or_else(Problem::not_found)?;
            match (known.state.as_str(), open) {
                ("draft", true) => {
                    if known.made_by == account {
                        return Err(Refused::OwnWork.into());
                    }
                    if (store::questions(tx, course)?.len() as i64) < known.asked {
                        return Err(Refused::TooFewQuestions.into());
                    }
                }
                ("open", false) => {
                    if store::requirements(tx)?.iter().any(|one| one.course == course) {
                        return Err(Refused::Required.into());
                    }
                }
                _ => return Err(Refused::NotNow.into()),
            }
            store::set_state(tx, &known, if open { "open" } else { "closed" }, account)?;
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await
}

/// From a day on, a role needs a valid certificate of an open course; `since` none takes that away.
///
/// # Errors
/// The course is not open or not for that role.
pub async fn require(
    app: &Platform,
    actor: &Actor,
    role: Role,
    course: Id,
    since: Option<Date>,
) -> Result<(), Problem> {
    let (entry, by) = (entry(app, actor, "training.required", course, role.code()), actor.account);
    app.db
        .write(move |tx| {
            let known = store::one(tx, course)?.ok_or_else(Problem::not_found)?;
            match since {
                Some(_) if known.state != "open" => return Err(Refused::NotOpen.into()),
                // A terminal takes no course: somebody of its organisation does.
                Some(_) if role != Role::Terminal && !known.roles.contains(&role) => {
                    return Err(Refused::OtherRole.into());
                }
                Some(since) => store::require(tx, &Requirement { role, course, since }, by)?,
                None => {
                    if !store::release(tx, role, course)? {
                        return Err(Problem::not_found());
                    }
                    for member in auth::members(tx, role)? {
                        settle(tx, member.account, role, Utc::now().day())?;
                    }
                }
            }
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await?;
    Ok(())
}

/// An attempt as it is shown: what is asked, without the answers.
#[derive(Clone, Debug)]
pub struct Paper {
    /// The course.
    pub course: Course,
    /// The attempt.
    pub attempt: Id,
    /// The questions, in order.
    pub questions: Vec<Question>,
}

/// Begins an attempt with questions drawn anew.
///
/// # Errors
/// The course is not open, is for others, or today's tries are used.
pub async fn begin(app: &Platform, actor: &Actor, course: Id) -> Result<Id, Problem> {
    let (now, id, actor) = (Utc::now(), app.id(), actor.clone());
    let entry = entry(app, &actor, "training.begun", course, "参加考试 / an attempt");
    app.db
        .write(move |tx| {
            let known = store::one(tx, course)?.ok_or_else(Problem::not_found)?;
            if known.state != "open" {
                return Err(Refused::NotOpen.into());
            }
            if !known.roles.contains(&actor.role) {
                return Err(Refused::OtherRole.into());
            }
            let most = settings::get(tx, &TRIES_A_DAY, now)?;
            if store::tries(tx, actor.account, course, Utc::start_of(now.day()))? >= most {
                return Err(Refused::TriesUsed.into());
            }
            let questions = store::questions(tx, course)?;
            let mut dice = || u64::from_be_bytes(random::<8>());
            let drawn = rules::draw(questions.len(), known.asked as usize, &mut dice);
            let asked = drawn.into_iter().map(|place| questions[place].id).collect();
            let attempt = Attempt { id, course, asked, ended: false };
            store::insert_attempt(tx, actor.account, &attempt, now)?;
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await?;
    Ok(id)
}

/// An attempt that is under way.
///
/// # Errors
/// There is none, or it is over.
pub async fn paper(app: &Platform, actor: &Actor, attempt: Id) -> Result<Paper, Problem> {
    let account = actor.account;
    app.db.read(move |tx| paper_in(tx, account, attempt)).await
}

fn paper_in(tx: &mut Tx<'_>, account: Id, id: Id) -> Result<Paper, Problem> {
    let attempt = store::attempt(tx, account, id)?.ok_or_else(Problem::not_found)?;
    if attempt.ended {
        return Err(Refused::AttemptOver.into());
    }
    let course = store::one(tx, attempt.course)?.ok_or_else(Problem::not_found)?;
    let all = store::questions(tx, attempt.course)?;
    let find = |id: &Id| all.iter().find(|one| one.id == *id).cloned();
    Ok(Paper { course, attempt: id, questions: attempt.asked.iter().filter_map(find).collect() })
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The paper.
    pub paper: Paper,
    /// Answered places, by question.
    pub answers: BTreeMap<Id, i64>,
    /// Right answers, in per cent.
    pub percent: i64,
    /// The certificate, when it was passed.
    pub certificate: Option<Certificate>,
}

/// Ends an attempt: what is not answered is wrong.
///
/// # Errors
/// There is none, or it is over.
pub async fn answer(
    app: &Platform,
    actor: &Actor,
    attempt: Id,
    answers: BTreeMap<Id, i64>,
) -> Result<Outcome, Problem> {
    let (now, id, entry_id, actor) = (Utc::now(), app.id(), app.id(), actor.clone());
    let number =
        format!("PX{}{:010}", now.day().year(), u64::from_be_bytes(random::<8>()) % 10_000_000_000);
    let done = app
        .db
        .write(move |tx| {
            let paper = paper_in(tx, actor.account, attempt)?;
            let right = |one: &&Question| answers.get(&one.id) == Some(&one.answer);
            let right = paper.questions.iter().filter(right).count();
            let percent = rules::percent(right, paper.questions.len());
            let passed = percent >= paper.course.pass_percent;
            if !store::end(tx, actor.account, attempt, percent, passed, now)? {
                return Err(Refused::AttemptOver.into());
            }
            let certificate = passed.then(|| Certificate {
                course: paper.course.id,
                number: number.clone(),
                name: actor.name.clone(),
                got_on: now.day(),
                until: rules::until(now.day(), paper.course.valid_days),
            });
            if let Some(certificate) = &certificate {
                store::insert_certificate(tx, actor.account, id, certificate)?;
                settle(tx, actor.account, actor.role, now.day())?;
                settle_terminals(tx, actor.org, now.day())?;
            }
            let act = if passed { "training.passed" } else { "training.failed" };
            let entry = Entry::new(entry_id, now, &actor, act, "Art. 21")
                .on("course", paper.course.id)
                .why(format!("{percent}%"), &[]);
            journal::record(tx, &entry)?;
            Ok::<_, Problem>(Outcome { paper, answers: answers.clone(), percent, certificate })
        })
        .await?;
    Ok(done)
}

/// Courses that a role still needs on a day. What a terminal needs somebody of its organisation must hold.
///
/// # Errors
/// The database's word.
pub fn missing(tx: &mut Tx<'_>, account: Id, role: Role, on: Date) -> Result<Vec<Id>, Problem> {
    let held = match role {
        Role::Terminal => store::certificates_at(tx, account)?,
        _ => store::certificates(tx, account)?,
    };
    let has = |course: Id| {
        held.iter().any(|one| one.course == course && rules::valid(one.got_on, one.until, on))
    };
    let needed = store::requirements(tx)?.into_iter();
    let needed = needed.filter(|one| one.role == role && one.since <= on && !has(one.course));
    Ok(needed.map(|one| one.course).collect())
}

/// Closes or opens the platform to an account as its certificates say; true when something changed.
fn settle(tx: &mut Tx<'_>, account: Id, role: Role, on: Date) -> Result<bool, Problem> {
    if missing(tx, account, role, on)?.is_empty() {
        return Ok(auth::lift_duty(tx, account, HREF)?);
    }
    let what = match role {
        Role::Terminal => Text::new(
            "终端所属单位须先有人通过培训考试（第二十一条）",
            "Somebody of the terminal's organisation needs a certificate of training first (Art. 21)",
        ),
        _ => Text::new(
            "本岗位须先通过培训考试（第二十一条）",
            "This role needs a certificate of training first (Art. 21)",
        ),
    };
    auth::require_first(tx, account, &Duty { href: HREF.to_owned(), what }, Utc::now())?;
    Ok(true)
}

/// Opens the terminals of an organisation in which somebody has passed.
fn settle_terminals(tx: &mut Tx<'_>, org: Option<Id>, on: Date) -> Result<(), Problem> {
    if !store::requirements(tx)?.iter().any(|one| one.role == Role::Terminal) {
        return Ok(());
    }
    for terminal in auth::members(tx, Role::Terminal)?.into_iter().filter(|one| one.org == org) {
        settle(tx, terminal.account, Role::Terminal, on)?;
    }
    Ok(())
}

/// Closes the platform to those whose certificate is missing or has ended, as requirements begin.
///
/// # Errors
/// The database's word.
pub async fn round(app: &App) -> Result<String, Problem> {
    round_on(app, Utc::now().day()).await
}

pub(super) async fn round_on(app: &Platform, today: Date) -> Result<String, Problem> {
    let lacking = app
        .db
        .housekeeping(move |tx| {
            let mut lacking = 0;
            let needed = store::requirements(tx)?;
            let mut roles: Vec<Role> = needed.iter().map(|one| one.role).collect();
            roles.dedup();
            for role in roles {
                for member in auth::members(tx, role)? {
                    lacking += usize::from(!missing(tx, member.account, role, today)?.is_empty());
                    settle(tx, member.account, role, today)?;
                }
            }
            Ok::<_, Problem>(lacking)
        })
        .await?;
    Ok(format!("{lacking} lack a certificate"))
}
