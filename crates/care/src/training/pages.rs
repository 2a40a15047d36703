//! Pages of training: what staff learn, and the desk of those who write courses.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State as AppState;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Form, Page, Path, Routes, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text, parse_day};
use serde::Deserialize;
use time::Date;

use super::service::{self, Outcome, Paper};
use super::store::{self, Certificate, Course, Question, Requirement};

/// Who learns here.
const LEARNERS: &[Role] = &[
    Role::Clerk,
    Role::OutletManager,
    Role::DistrictOfficer,
    Role::DistrictApprover,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
    Role::DepartmentOfficer,
    Role::HotlineAgent,
];
const LEARNER: Access = Access::Roles(LEARNERS);
const TEACHERS: &[Role] = &[Role::MunicipalOfficer, Role::MunicipalApprover];
const TEACHER: Access = Access::Roles(TEACHERS);

pub(super) fn routes() -> Routes {
    Routes::new("care")
        .page(Method::GET, "/training", LEARNER, &[21], list)
        .page(Method::POST, "/training/courses/{id}", LEARNER, &[21], begin)
        .page(Method::GET, "/training/courses/{id}", LEARNER, &[21], course)
        .page(Method::GET, "/training/attempts/{id}", LEARNER, &[21], paper)
        .page(Method::POST, "/training/attempts/{id}", LEARNER, &[21], answer)
        .page(Method::GET, "/office/training", TEACHER, &[21], office)
        .page(Method::POST, "/office/training", TEACHER, &[21], write)
        .page(Method::GET, "/office/training/{id}", TEACHER, &[21], edit)
        .page(Method::POST, "/office/training/{id}/questions", TEACHER, &[21], add_question)
        .page(Method::POST, "/office/training/{id}/state", TEACHER, &[21], set_open)
        .page(Method::POST, "/office/training/{id}/require", TEACHER, &[21], require)
        .nav(LEARNERS, "/training", Text::new("培训", "Training"), None)
        .nav(TEACHERS, "/office/training", Text::new("培训管理", "Courses"), None)
}

fn id_of(text: &str) -> Result<Id, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

fn with_status(page: Response, problem: Option<&Problem>) -> Response {
    let status = problem.map_or(200, |problem| problem.status);
    (StatusCode::from_u16(status).unwrap_or_default(), page).into_response()
}

#[derive(Template)]
#[template(path = "training.html")]
struct ListPage {
    p: Page,
    courses: Vec<(Course, Option<Certificate>)>,
    missing: Vec<Id>,
    today: Date,
    problem: Option<Problem>,
}

async fn list_page(
    app: &App,
    p: Page,
    actor: &Actor,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let today = Utc::now().day();
    let (account, role) = (actor.account, actor.role);
    let (courses, missing) = app
        .db
        .read(move |tx| {
            let held = store::certificates(tx, account)?;
            let newest = |course: Id| held.iter().find(|one| one.course == course).cloned();
            let courses = store::courses(tx)?.into_iter();
            let open = courses.filter(|one| one.state == "open" && one.roles.contains(&role));
            let courses: Vec<_> = open
                .map(|one| {
                    let id = one.id;
                    (one, newest(id))
                })
                .collect();
            Ok::<_, Problem>((courses, service::missing(tx, account, role, today)?))
        })
        .await?;
    let page = ListPage { p, courses, missing, today, problem };
    Ok(with_status(render(&page)?, page.problem.as_ref()))
}

async fn list(AppState(app): AppState<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    list_page(&app, p, &actor, None).await
}

#[derive(Template)]
#[template(path = "training_course.html")]
struct CoursePage {
    p: Page,
    course: Course,
}

async fn course(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(id): Path<String>,
    p: Page,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    let found = app.db.read(move |tx| store::one(tx, id)).await?;
    let mine = |one: &Course| one.state == "open" && one.roles.contains(&actor.role);
    let course = found.filter(mine).ok_or_else(Problem::not_found)?;
    render(&CoursePage { p, course })
}

async fn begin(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(id): Path<String>,
    p: Page,
) -> Result<Response, Problem> {
    match service::begin(&app, &actor, id_of(&id)?).await {
        Ok(attempt) => Ok(Redirect::to(&format!("/training/attempts/{attempt}")).into_response()),
        Err(problem) if problem.article.is_some() => {
            list_page(&app, p, &actor, Some(problem)).await
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Template)]
#[template(path = "training_paper.html")]
struct PaperPage {
    p: Page,
    paper: Paper,
}

async fn paper(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(id): Path<String>,
    p: Page,
) -> Result<Response, Problem> {
    let paper = service::paper(&app, &actor, id_of(&id)?).await?;
    render(&PaperPage { p, paper })
}

#[derive(Template)]
#[template(path = "training_result.html")]
struct OutcomePage {
    p: Page,
    done: Outcome,
}

impl OutcomePage {
    fn chosen<'a>(&self, question: &'a Question) -> Option<&'a str> {
        let place = *self.done.answers.get(&question.id)?;
        question.options.get(usize::try_from(place).ok()?).map(String::as_str)
    }

    fn right(&self, question: &Question) -> bool {
        self.done.answers.get(&question.id) == Some(&question.answer)
    }
}

async fn answer(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(id): Path<String>,
    p: Page,
    Form(answers): Form<BTreeMap<String, String>>,
) -> Result<Response, Problem> {
    let read = |(key, value): (&String, &String)| {
        Some((key.strip_prefix("q.")?.parse().ok()?, value.parse().ok()?))
    };
    let answers = answers.iter().filter_map(read).collect();
    let done = service::answer(&app, &actor, id_of(&id)?, answers).await?;
    render(&OutcomePage { p, done })
}

#[derive(Clone, Default, Deserialize)]
struct CourseForm {
    #[serde(default)]
    title: String,
    #[serde(default)]
    words: String,
    #[serde(default)]
    asked: String,
    #[serde(default)]
    pass_percent: String,
    #[serde(default)]
    valid_days: String,
    #[serde(flatten)]
    others: BTreeMap<String, String>,
}

#[derive(Template)]
#[template(path = "training_office.html")]
struct OfficePage {
    p: Page,
    courses: Vec<(Course, (i64, i64))>,
    form: CourseForm,
    problem: Option<Problem>,
}

impl OfficePage {
    fn has(&self, role: &Role) -> bool {
        self.form.others.contains_key(&format!("role.{role}"))
    }
}

async fn office_page(
    app: &App,
    p: Page,
    form: CourseForm,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let courses = app
        .db
        .read(|tx| {
            let mut all = Vec::new();
            for course in store::courses(tx)? {
                let counts = store::counts(tx, course.id)?;
                all.push((course, counts));
            }
            Ok::<_, Problem>(all)
        })
        .await?;
    let page = OfficePage { p, courses, form, problem };
    Ok(with_status(render(&page)?, page.problem.as_ref()))
}

async fn office(AppState(app): AppState<App>, p: Page) -> Result<Response, Problem> {
    let form = CourseForm {
        asked: "10".to_owned(),
        pass_percent: "80".to_owned(),
        valid_days: "365".to_owned(),
        ..CourseForm::default()
    };
    office_page(&app, p, form, None).await
}

async fn write(
    AppState(app): AppState<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<CourseForm>,
) -> Result<Response, Problem> {
    let roles = form.others.keys().filter_map(|key| key.strip_prefix("role.")?.parse().ok());
    let roles: Vec<Role> = roles.filter(|role| LEARNERS.contains(role)).collect();
    let number = |text: &str| text.trim().parse().unwrap_or(0);
    let course = Course {
        id: Id(0),
        title: form.title.trim().to_owned(),
        words: form.words.trim().to_owned(),
        roles,
        asked: number(&form.asked),
        pass_percent: number(&form.pass_percent),
        valid_days: number(&form.valid_days),
        state: "draft".to_owned(),
        made_by: actor.account,
        version: 1,
    };
    match service::write(&app, &actor, course).await {
        Ok(id) => Ok(Redirect::to(&format!("/office/training/{id}")).into_response()),
        Err(problem) if problem.status == 422 => office_page(&app, p, form, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}

/// Staff of a role, and how many of them hold the course.
struct Share {
    role: Role,
    staff: usize,
    hold: usize,
    since: Option<Date>,
}

#[derive(Template)]
#[template(path = "training_edit.html")]
struct EditPage {
    p: Page,
    course: Course,
    questions: Vec<Question>,
    shares: Vec<Share>,
    counts: (i64, i64),
    problem: Option<Problem>,
    own: bool,
}

async fn edit_page(
    app: &App,
    p: Page,
    actor: &Actor,
    id: Id,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let today = Utc::now().day();
    let (course, questions, shares, counts) = app
        .db
        .read(move |tx| {
            let course = store::one(tx, id)?.ok_or_else(Problem::not_found)?;
            let holders = store::holders(tx, id, today)?;
            let needed: Vec<Requirement> = store::requirements(tx)?;
            let mut shares = Vec::new();
            let able = store::able(tx, id, today)?;
            for role in course.roles.iter().copied().chain([Role::Terminal]) {
                let staff = kernel::auth::members(tx, role)?;
                let holds = |one: &&kernel::auth::Member| match role {
                    Role::Terminal => one.org.is_some_and(|org| able.contains(&org)),
                    _ => holders.contains(&one.account),
                };
                let hold = staff.iter().filter(holds).count();
                let since = needed.iter().find(|one| one.course == id && one.role == role);
                shares.push(Share {
                    role,
                    staff: staff.len(),
                    hold,
                    since: since.map(|s| s.since),
                });
            }
            Ok::<_, Problem>((course, store::questions(tx, id)?, shares, store::counts(tx, id)?))
        })
        .await?;
    let own = course.made_by == actor.account;
    let page = EditPage { p, course, questions, shares, counts, problem, own };
    Ok(with_status(render(&page)?, page.problem.as_ref()))
}

async fn edit(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(id): Path<String>,
    p: Page,
) -> Result<Response, Problem> {
    edit_page(&app, p, &actor, id_of(&id)?, None).await
}

async fn edited(
    app: &App,
    p: Page,
    actor: &Actor,
    id: Id,
    result: Result<(), Problem>,
) -> Result<Response, Problem> {
    match result {
        Ok(()) => Ok(Redirect::to(&format!("/office/training/{id}")).into_response()),
        Err(problem) if problem.status < 500 && problem.status != 404 => {
            edit_page(app, p, actor, id, Some(problem)).await
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Deserialize)]
struct QuestionForm {
    words: String,
    options: String,
    answer: String,
    #[serde(default)]
    why: String,
}

async fn add_question(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(id): Path<String>,
    p: Page,
    Form(form): Form<QuestionForm>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    let question = Question {
        id: Id(0),
        words: form.words.trim().to_owned(),
        options: form.options.lines().map(str::to_owned).collect(),
        // People count from one.
        answer: form.answer.trim().parse::<i64>().unwrap_or(0) - 1,
        why: form.why.trim().chars().take(500).collect(),
    };
    let result = service::add_question(&app, &actor, id, question).await;
    edited(&app, p, &actor, id, result).await
}

#[derive(Deserialize)]
struct StateForm {
    state: String,
}

async fn set_open(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(id): Path<String>,
    p: Page,
    Form(form): Form<StateForm>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    let result = service::set_open(&app, &actor, id, form.state == "open").await;
    edited(&app, p, &actor, id, result).await
}

#[derive(Deserialize)]
struct RequireForm {
    role: String,
    #[serde(default)]
    since: String,
}

async fn require(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(id): Path<String>,
    p: Page,
    Form(form): Form<RequireForm>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    let result = match form.role.parse() {
        Ok(role) => service::require(&app, &actor, role, id, parse_day(form.since.trim())).await,
        Err(()) => Err(Problem::field("role", Text::new("没有这个岗位", "No such role"))),
    };
    edited(&app, p, &actor, id, result).await
}
