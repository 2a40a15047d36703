//! Campaigns and announcements (Art. 21): written by one, published by another; what a campaign reached is
//! entered day by day.

use askama::Template;
use axum::extract::State as AppState;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::db::{DbError, Row, Tx, v};
use kernel::divisions;
use kernel::http::{Form, Page, Path, Routes, render};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::{App, Platform};
use kernel::problem::{FieldProblem, Problem};
use kernel::time::{Utc, day_text, parse_day};
use serde::Deserialize;
use time::Date;

use super::rules::Refused;
use crate::complaints::rules::words::name;
use crate::complaints::rules::{Word, word};

const WRITERS: &[Role] = &[
    Role::DistrictOfficer,
    Role::DistrictApprover,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
];
const WRITER: Access = Access::Roles(WRITERS);

pub(super) fn routes() -> Routes {
    Routes::new("care")
        .page(Method::GET, "/announcements", Access::Public, &[21], open_list)
        .page(Method::GET, "/office/publicity", WRITER, &[21], list)
        .page(Method::POST, "/office/publicity", WRITER, &[21], write_form)
        .page(Method::POST, "/office/publicity/{id}/state", WRITER, &[21], state_form)
        .page(Method::POST, "/office/publicity/{id}/reach", WRITER, &[21], reach_form)
        .nav(WRITERS, "/office/publicity", Text::new("宣传公告", "Publicity"), None)
}

/// A campaign or an announcement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publicity {
    /// Its id.
    pub id: Id,
    /// `campaign` or `announcement`.
    pub kind: String,
    /// Its title.
    pub title: String,
    /// Its text, or the plan of a campaign.
    pub words: String,
    /// For whom.
    pub audience: String,
    /// By which way: page, SMS, poster, street, media …
    pub channel: String,
    /// Item that it is about, or empty.
    pub item: String,
    /// First day.
    pub first: Date,
    /// Last day.
    pub last: Date,
    /// `draft`, `published` or `withdrawn`.
    pub state: String,
    /// Account that wrote it.
    pub made_by: Id,
    /// Who wrote it.
    pub made_name: String,
    /// Where; empty for the whole city.
    pub division: String,
    /// Rises with each change.
    pub version: i64,
}

/// For whom a campaign is.
pub const AUDIENCES: &[Word] = &[
    Word("everybody", "全体市民", "Everybody"),
    Word("elderly", "老年人", "The elderly"),
    Word("disabled", "残疾人", "Disabled people"),
    Word("students", "学生", "Students"),
    Word("workers", "职工和务工人员", "Workers"),
    Word("villagers", "农村居民", "Villagers"),
    Word("venues", "用卡场所和单位", "Venues and employers"),
];

/// By which way (Art. 21: 报刊、广播、电视和网络媒介等多种渠道).
pub const CHANNELS: &[Word] = &[
    Word("press", "报刊", "Press"),
    Word("radio", "广播", "Radio"),
    Word("television", "电视", "Television"),
    Word("online", "网络媒介", "Online media"),
    Word("sms", "短信", "SMS"),
    Word("posters", "海报和宣传栏", "Posters"),
    Word("talks", "社区宣讲", "Talks"),
    Word("outlets", "服务网点", "Service outlets"),
];

fn read(row: &Row) -> Result<Publicity, DbError> {
    let day = |place: usize| {
        let text: String = row.get(place)?;
        parse_day(&text).ok_or_else(|| DbError::Engine(format!("{text} is no day")))
    };
    Ok(Publicity {
        id: row.get(0)?,
        kind: row.get(1)?,
        title: row.get(2)?,
        words: row.get(3)?,
        audience: row.get(4)?,
        channel: row.get(5)?,
        item: row.get(6)?,
        first: day(7)?,
        last: day(8)?,
        state: row.get(9)?,
        made_by: row.get(10)?,
        made_name: row.get(11)?,
        division: row.get(12)?,
        version: row.get(13)?,
    })
}

const SELECT: &str =
    "SELECT id, kind, title, words, audience, channel, item, first_day, last_day, state,
     made_by, made_name, division, version FROM publicity";

/// Announcements that are up on a day, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn announcements(tx: &mut Tx<'_>, on: Date, most: i64) -> Result<Vec<Publicity>, DbError> {
    let sql = format!(
        "{SELECT} WHERE kind = 'announcement' AND state = 'published' AND first_day <= $1
           AND last_day >= $1 ORDER BY first_day DESC, id DESC LIMIT $2"
    );
    tx.query(&sql, &[v(day_text(on)), v(most)])?.iter().map(read).collect()
}

/// Writes a draft.
///
/// # Errors
/// Fields that are missing or wrong.
pub async fn write(app: &Platform, actor: &Actor, mut new: Publicity) -> Result<Id, Problem> {
    let mut wrong = Vec::new();
    let mut fault = |field: &str, bad: bool, zh: &str, en: &str| {
        if bad {
            wrong.push(FieldProblem { field: field.to_owned(), text: Text::new(zh, en) });
        }
    };
    let fits = |text: &str, most: usize| (1..=most).contains(&text.trim().chars().count());
    let known = ["campaign", "announcement"].contains(&new.kind.as_str());
    fault("kind", !known, "请选择类型", "Choose what it is");
    fault("title", !fits(&new.title, 100), "请填写标题（100字以内）", "A title, up to 100 letters");
    fault(
        "words",
        !fits(&new.words, 5_000),
        "请填写内容（5000字以内）",
        "The text, up to 5,000 letters",
    );
    let campaign = new.kind == "campaign";
    let missing = |list, code: &str| match code {
        "" => campaign,
        code => word(list, code).is_none(),
    };
    let (audience, channel) = (missing(AUDIENCES, &new.audience), missing(CHANNELS, &new.channel));
    fault("audience", audience, "请选择对象", "Choose for whom");
    fault("channel", channel, "请选择渠道", "Choose the channel");
    let nowhere = !new.division.is_empty() && divisions::find(&new.division).is_none();
    fault("division", nowhere, "没有该区划", "There is no such division");
    fault(
        "last",
        new.last < new.first,
        "结束日期不能早于开始日期",
        "The last day is before the first",
    );
    if !wrong.is_empty() {
        return Err(Problem::invalid(wrong));
    }
    // A district's campaign is held in the district.
    if matches!(actor.role, Role::DistrictOfficer | Role::DistrictApprover) {
        new.division = actor.division.clone();
    }
    (new.id, new.made_by, new.made_name) = (app.id(), actor.account, actor.name.clone());
    let id = new.id;
    let entry = Entry::new(app.id(), Utc::now(), actor, "publicity.written", "Art. 21")
        .on("publicity", id)
        .why(new.title.clone(), &[]);
    app.db
        .write(move |tx| {
            let sql =
                "INSERT INTO publicity (id, kind, title, words, audience, channel, item, first_day,
                         last_day, state, made_by, made_name, division, version)
                       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'draft', $10, $11, $12, 1)";
            let row = [
                v(new.id),
                v(&new.kind),
                v(&new.title),
                v(&new.words),
                v(&new.audience),
                v(&new.channel),
                v(&new.item),
                v(day_text(new.first)),
                v(day_text(new.last)),
                v(new.made_by),
                v(&new.made_name),
                v(&new.division),
            ];
            tx.execute(sql, &row)?;
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await?;
    Ok(id)
}

/// Publishes a draft (somebody else than its writer), or withdraws what was published.
///
/// # Errors
/// [`Refused`] as a problem.
pub async fn set_state(
    app: &Platform,
    actor: &Actor,
    id: Id,
    publish: bool,
) -> Result<(), Problem> {
    let (now, account) = (Utc::now(), actor.account);
    let act = if publish { "publicity.published" } else { "publicity.withdrawn" };
    let entry = Entry::new(app.id(), now, actor, act, "Art. 21")
        .on("publicity", id)
        .why("宣传公告发布和撤回 / publishing", &[]);
    app.db
        .write(move |tx| {
            let found = tx.optional(&format!("{SELECT} WHERE id = $1"), &[v(id)])?;
            let known = found.as_ref().map(read).transpose()?.ok_or_else(Problem::not_found)?;
            match (known.state.as_str(), publish) {
                ("draft", true) if known.made_by == account => return Err(Refused::OwnWork.into()),
                ("draft", true) => {
                    let sql = "UPDATE publicity SET state = 'published', published_by = $1,
                                 published_at = $2, version = version + 1 WHERE id = $3 AND version = $4";
                    tx.execute_one(sql, &[v(account), v(now), v(id), v(known.version)])?;
                }
                ("draft" | "published", false) => {
                    let sql = "UPDATE publicity SET state = 'withdrawn', version = version + 1
                               WHERE id = $1 AND version = $2";
                    tx.execute_one(sql, &[v(id), v(known.version)])?;
                }
                _ => return Err(Refused::NotNow.into()),
            }
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await
}

/// Enters what a published campaign reached on a day.
///
/// # Errors
/// It is no published campaign, or the number is negative.
pub async fn reach(
    app: &Platform,
    actor: &Actor,
    id: Id,
    day: Date,
    place: &str,
    people: i64,
) -> Result<(), Problem> {
    if !(0..=100_000_000).contains(&people) {
        return Err(Problem::field("people", Text::new("请填写人数", "How many people")));
    }
    let (row, by, place) =
        (app.id(), actor.account, place.trim().chars().take(100).collect::<String>());
    let entry = Entry::new(app.id(), Utc::now(), actor, "publicity.reach", "Art. 21")
        .on("publicity", id)
        .why("宣传覆盖人数 / people reached", &[]);
    app.db
        .write(move |tx| {
            let found = tx.optional(&format!("{SELECT} WHERE id = $1"), &[v(id)])?;
            let known = found.as_ref().map(read).transpose()?.ok_or_else(Problem::not_found)?;
            if known.kind != "campaign" || known.state != "published" {
                return Err(Refused::NotNow.into());
            }
            let sql =
                "INSERT INTO publicity_reach (publicity_id, id, day, place, people, entered_by)
                       VALUES ($1, $2, $3, $4, $5, $6)";
            tx.execute(sql, &[v(id), v(row), v(day_text(day)), v(&place), v(people), v(by)])?;
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

/// All campaigns and announcements with how many people they reached, newest first; 200 at most.
///
/// # Errors
/// See [`DbError`].
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<(Publicity, i64)>, DbError> {
    let mut found = Vec::new();
    for row in tx.query(&format!("{SELECT} ORDER BY id DESC LIMIT 200"), &[])? {
        let one = read(&row)?;
        let sql = "SELECT CAST(COALESCE(SUM(people), 0) AS BIGINT) FROM publicity_reach WHERE publicity_id = $1";
        let people = tx.one(sql, &[v(one.id)])?.get(0)?;
        found.push((one, people));
    }
    Ok(found)
}

#[derive(Template)]
#[template(path = "announcements.html")]
struct OpenPage {
    p: Page,
    all: Vec<Publicity>,
}

async fn open_list(AppState(app): AppState<App>, p: Page) -> Result<Response, Problem> {
    let today = Utc::now().day();
    let all = app.db.read(move |tx| announcements(tx, today, 100)).await?;
    render(&OpenPage { p, all })
}

#[derive(Clone, Default, Deserialize)]
struct WriteForm {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    words: String,
    #[serde(default)]
    audience: String,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    item: String,
    #[serde(default)]
    division: String,
    #[serde(default)]
    first: String,
    #[serde(default)]
    last: String,
}

#[derive(Template)]
#[template(path = "publicity.html")]
struct ListPage {
    p: Page,
    all: Vec<(Publicity, i64)>,
    form: WriteForm,
    account: Id,
    today: Date,
    districts: Vec<(&'static str, &'static str)>,
    items: Vec<(String, String)>,
    problem: Option<Problem>,
}

async fn page(
    app: &App,
    p: Page,
    actor: &Actor,
    form: WriteForm,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let (all, names) =
        app.db.read(|tx| Ok::<_, Problem>((all(tx)?, items::store::names(tx)?))).await?;
    let (account, today) = (actor.account, Utc::now().day());
    // A district's officer writes for his own.
    let city = matches!(actor.role, Role::MunicipalOfficer | Role::MunicipalApprover);
    let districts = divisions::children(divisions::Region::Chongqing, today).filter(|_| city);
    let districts = districts.map(|one| (one.code, p.t(one.zh, one.en))).collect();
    let listed = names.into_iter().filter(|one| one.last.is_none_or(|last| last >= today));
    let items = listed.map(|one| (one.code, p.text(&one.name).to_owned())).collect();
    let page = ListPage { p, all, form, account, today, districts, items, problem };
    let status = page.problem.as_ref().map_or(200, |problem| problem.status);
    Ok((StatusCode::from_u16(status).unwrap_or_default(), render(&page)?).into_response())
}

async fn list(AppState(app): AppState<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    let today = Utc::now().day();
    let first = day_text(today);
    let last = day_text(today.saturating_add(time::Duration::days(30)));
    page(&app, p, &actor, WriteForm { first, last, ..WriteForm::default() }, None).await
}

async fn after(
    app: &App,
    p: Page,
    actor: &Actor,
    form: WriteForm,
    result: Result<(), Problem>,
) -> Result<Response, Problem> {
    match result {
        Ok(()) => Ok(Redirect::to("/office/publicity").into_response()),
        Err(problem) if problem.status < 500 && problem.status != 404 => {
            page(app, p, actor, form, Some(problem)).await
        }
        Err(problem) => Err(problem),
    }
}

async fn write_form(
    AppState(app): AppState<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<WriteForm>,
) -> Result<Response, Problem> {
    let days = parse_day(form.first.trim()).zip(parse_day(form.last.trim()));
    let result = match days {
        None => Err(Problem::field("first", Text::new("请填写起止日期", "First and last day"))),
        Some((first, last)) => {
            let cut = |text: &str, most: usize| text.trim().chars().take(most).collect::<String>();
            let new = Publicity {
                id: Id(0),
                kind: form.kind.clone(),
                title: form.title.trim().to_owned(),
                words: form.words.trim().to_owned(),
                audience: cut(&form.audience, 100),
                channel: cut(&form.channel, 100),
                item: cut(&form.item, 40),
                division: form.division.trim().to_owned(),
                first,
                last,
                state: "draft".to_owned(),
                made_by: actor.account,
                made_name: String::new(),
                version: 1,
            };
            write(&app, &actor, new).await.map(drop)
        }
    };
    after(&app, p, &actor, form, result).await
}

#[derive(Deserialize)]
struct StateForm {
    state: String,
}

async fn state_form(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(id): Path<String>,
    p: Page,
    Form(form): Form<StateForm>,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let result = set_state(&app, &actor, id, form.state == "published").await;
    after(&app, p, &actor, WriteForm::default(), result).await
}

#[derive(Deserialize)]
struct ReachForm {
    day: String,
    #[serde(default)]
    place: String,
    people: String,
}

async fn reach_form(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(id): Path<String>,
    p: Page,
    Form(form): Form<ReachForm>,
) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let day = parse_day(form.day.trim()).filter(|day| *day <= Utc::now().day());
    let result = match day {
        None => Err(Problem::field(
            "day",
            Text::new("请填写日期，不能晚于今天", "The day, not after today"),
        )),
        Some(day) => {
            let people = form.people.trim().parse().unwrap_or(-1);
            reach(&app, &actor, id, day, &form.place, people).await
        }
    };
    after(&app, p, &actor, WriteForm::default(), result).await
}
