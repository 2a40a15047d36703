//! The public list and one page per programme; at the office, proposals and decisions.

use askama::Template;
use axum::extract::State as Shared;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Form, Page, Path, Query, Routes, render};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, parse_day};
use serde::Deserialize;

use super::formula::{Formula, Rounding, decimal, parse_decimal, yuan};
use super::kinds::Kind;
use super::rules::Body;
use super::service::{self, Proposal};
use super::store::{self, Past, Programme, Proposed};

const MAKERS: &[Role] = &[Role::DepartmentOfficer, Role::MunicipalOfficer];
const CHECKERS: &[Role] = &[Role::MunicipalApprover];
const OFFICE: &[Role] = &[Role::DepartmentOfficer, Role::MunicipalOfficer, Role::MunicipalApprover];

pub(super) fn routes() -> Routes {
    let (office, makers) = (Access::Roles(OFFICE), Access::Roles(MAKERS));
    Routes::new("funds")
        .page(Method::GET, "/funds", Access::Public, &[8], list)
        .page(Method::GET, "/funds/programmes/{code}", Access::Public, &[8], one)
        .page(Method::GET, "/office/programmes", office, &[8], work)
        .page(Method::GET, "/office/programmes/propose", makers, &[8], form)
        .page(Method::POST, "/office/programmes/propose", makers, &[8], propose)
        .page(Method::POST, "/office/programmes/decide", Access::Roles(CHECKERS), &[8, 25], decide)
        .nav(OFFICE, "/office/programmes", Text::new("补贴项目", "Programmes"), Some('g'))
        .work(
            CHECKERS,
            "/office/programmes",
            Text::new("补贴项目审批", "Programmes to decide"),
            store::count_waiting,
        )
}

/// What the list is narrowed to; an empty or unknown word narrows nothing.
#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    q: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    per: String,
}

impl Search {
    fn fits(&self, one: &Programme) -> bool {
        let body = &one.current.body;
        let words = format!(
            "{} {} {} {} {} {}",
            one.current.code,
            body.name_zh,
            body.name_en,
            body.target_zh,
            body.target_en,
            one.department
        )
        .to_lowercase();
        self.q.to_lowercase().split_whitespace().all(|word| words.contains(word))
            && Kind::from_code(&self.kind).is_none_or(|kind| body.kind == kind.code())
            && match self.per.as_str() {
                "household" => body.per_household,
                "person" => !body.per_household,
                _ => true,
            }
    }
}

#[derive(Template)]
#[template(path = "programmes.html")]
struct ListPage {
    p: Page,
    search: Search,
    groups: Vec<(Text, Vec<Programme>)>,
    count: usize,
}

async fn list(
    Shared(app): Shared<App>,
    p: Page,
    Query(search): Query<Search>,
) -> Result<Response, Problem> {
    let mut all = service::all(&app).await?;
    all.retain(|one| search.fits(one));
    let of = |kind: Kind| {
        all.iter().filter(|one| one.current.body.kind == kind.code()).cloned().collect::<Vec<_>>()
    };
    let groups = Kind::ALL.iter().map(|kind| (kind.name(), of(*kind)));
    let groups = groups.filter(|(_, found)| !found.is_empty()).collect();
    let count = all.len();
    render(&ListPage { p, search, groups, count })
}

#[derive(Template)]
#[template(path = "programme.html")]
struct OnePage {
    p: Page,
    one: Programme,
    past: Vec<Past>,
    opened: bool,
}

impl OnePage {
    fn kind(&self) -> Text {
        Kind::from_code(&self.one.current.body.kind).map(Kind::name).unwrap_or_default()
    }

    fn formula(&self) -> Option<Text> {
        let formula = self.one.current.body.formula.as_ref()?;
        let rate = decimal(formula.rate, 4, 2);
        let base = if formula.base_fen > 0 {
            format!("{} + ", yuan(formula.base_fen))
        } else {
            String::new()
        };
        let most = yuan(formula.most_fen);
        Some(Text::new(
            format!("{base}{rate} 元 × {}数，最高 {most} 元", formula.unit_zh),
            format!("{base}{rate} yuan × {}, at most {most} yuan", formula.unit_en),
        ))
    }
}

async fn one(
    Shared(app): Shared<App>,
    p: Page,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let (one, past, opened) = app
        .db
        .read(move |tx| {
            let one = store::by_code(tx, &code)?.ok_or_else(Problem::not_found)?;
            let mut past = store::history(tx, &code)?;
            past.retain(|version| version.state == "confirmed");
            let opened = service::is_open(tx, &one.current.body, Utc::now()).is_ok();
            Ok::<_, Problem>((one, past, opened))
        })
        .await?;
    render(&OnePage { p, one, past, opened })
}

#[derive(Template)]
#[template(path = "programmes_office.html")]
struct OfficePage {
    p: Page,
    waiting: Vec<Proposed>,
    all: Vec<Programme>,
    reader: Actor,
    makes: bool,
    decides: bool,
}

async fn work(Shared(app): Shared<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    let load =
        |tx: &mut kernel::db::Tx<'_>| Ok::<_, Problem>((store::waiting(tx)?, store::all(tx)?));
    let (waiting, all) = app.db.read(load).await?;
    let makes = MAKERS.contains(&actor.role);
    let decides = CHECKERS.contains(&actor.role);
    render(&OfficePage { p, waiting, all, reader: actor, makes, decides })
}

/// The form as it was sent: all text, so that it can be shown again.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Fields {
    code: String,
    from: String,
    closes: String,
    name_zh: String,
    name_en: String,
    kind: String,
    target_zh: String,
    target_en: String,
    standard_zh: String,
    standard_en: String,
    basis: String,
    frequency: String,
    pay_time: String,
    guide: String,
    phones: String,
    per: String,
    rate: String,
    unit_zh: String,
    unit_en: String,
    base: String,
    most: String,
    conflicts: String,
    public_days: String,
    two_above: String,
    max_line: String,
    budget: String,
}

impl Fields {
    fn of(one: &Programme) -> Self {
        let body = one.current.body.clone();
        let formula = body.formula.as_ref();
        Self {
            code: one.current.code.clone(),
            from: kernel::time::day_text(Utc::now().day()),
            rate: formula.map(|f| decimal(f.rate, 4, 2)).unwrap_or_default(),
            unit_zh: formula.map(|f| f.unit_zh.clone()).unwrap_or_default(),
            unit_en: formula.map(|f| f.unit_en.clone()).unwrap_or_default(),
            base: formula.map(|f| yuan(f.base_fen)).unwrap_or_default(),
            most: formula.map(|f| yuan(f.most_fen)).unwrap_or_default(),
            per: if body.per_household { "household" } else { "person" }.to_owned(),
            conflicts: body.conflicts.join(","),
            public_days: body.public_days.to_string(),
            two_above: yuan(body.two_above_fen),
            max_line: yuan(body.max_line_fen),
            name_zh: body.name_zh,
            name_en: body.name_en,
            kind: body.kind,
            target_zh: body.target_zh,
            target_en: body.target_en,
            standard_zh: body.standard_zh,
            standard_en: body.standard_en,
            basis: body.basis,
            frequency: body.frequency,
            pay_time: body.pay_time,
            guide: body.guide,
            phones: body.phones,
            budget: body.budget,
            closes: String::new(),
        }
    }

    fn read(&self) -> Result<Proposal, Problem> {
        let money = |field: &str, text: &str| {
            let wrong =
                || Text::new("请填写金额（元，最多两位小数）", "Yuan with up to two decimals");
            let text = if text.trim().is_empty() { "0" } else { text };
            parse_decimal(text, 2).ok_or_else(|| Problem::field(field, wrong()))
        };
        let max_line_fen = money("max_line", &self.max_line)?;
        let day = || Text::new("请填写日期", "Give a day");
        let days = || Text::new("请填写天数", "Give a number of days");
        let rate = || Text::new("请填写单价（元，最多四位小数）", "Yuan with up to four decimals");
        let formula = match self.rate.trim() {
            "" => None,
            text => Some(Formula {
                base_fen: money("base", &self.base)?,
                rate: parse_decimal(text, 4).ok_or_else(|| Problem::field("rate", rate()))?,
                unit_zh: self.unit_zh.trim().to_owned(),
                unit_en: self.unit_en.trim().to_owned(),
                rounding: Rounding::HalfUp,
                least_fen: 0,
                most_fen: match self.most.trim() {
                    "" => max_line_fen,
                    text => money("most", text)?,
                },
            }),
        };
        let trimmed = |text: &String| text.trim().to_owned();
        let codes = self.conflicts.split([',', '，', ' ']).filter(|code| !code.is_empty());
        Ok(Proposal {
            code: trimmed(&self.code),
            from: parse_day(self.from.trim()).ok_or_else(|| Problem::field("from", day()))?,
            closes: self.closes == "yes",
            body: Body {
                name_zh: trimmed(&self.name_zh),
                name_en: trimmed(&self.name_en),
                kind: trimmed(&self.kind),
                target_zh: trimmed(&self.target_zh),
                target_en: trimmed(&self.target_en),
                standard_zh: trimmed(&self.standard_zh),
                standard_en: trimmed(&self.standard_en),
                basis: trimmed(&self.basis),
                frequency: trimmed(&self.frequency),
                pay_time: trimmed(&self.pay_time),
                guide: trimmed(&self.guide),
                phones: trimmed(&self.phones),
                per_household: self.per == "household",
                formula,
                conflicts: codes.map(str::to_owned).collect(),
                public_days: self
                    .public_days
                    .trim()
                    .parse()
                    .map_err(|_| Problem::field("public_days", days()))?,
                two_above_fen: money("two_above", &self.two_above)?,
                max_line_fen,
                budget: trimmed(&self.budget),
            },
        })
    }
}

#[derive(Template)]
#[template(path = "programme_propose.html")]
struct ProposePage {
    p: Page,
    fields: Fields,
    problem: Option<Problem>,
}

/// One text field of the form.
struct Line {
    name: &'static str,
    label: Text,
    value: String,
    needed: bool,
}

impl ProposePage {
    fn error(&self, field: &str) -> String {
        let faults = self.problem.iter().flat_map(|problem| &problem.fields);
        let mine = faults.filter(|fault| fault.field == field);
        mine.map(|fault| self.p.text(&fault.text)).collect::<Vec<_>>().join("；")
    }

    fn lines(&self) -> Vec<Line> {
        let f = &self.fields;
        let line = |name, zh: &str, en: &str, value: &String, needed| Line {
            name,
            label: Text::new(zh, en),
            value: value.clone(),
            needed,
        };
        vec![
            line("code", "项目编码", "Code", &f.code, true),
            line("name_zh", "项目名称", "Name in Chinese", &f.name_zh, true),
            line("name_en", "英文名称", "Name in English", &f.name_en, true),
            line("target_zh", "补贴对象", "Who gets it, in Chinese", &f.target_zh, true),
            line("target_en", "补贴对象（英文）", "Who gets it", &f.target_en, false),
            line("standard_zh", "补贴标准", "How much, in Chinese", &f.standard_zh, true),
            line("standard_en", "补贴标准（英文）", "How much", &f.standard_en, false),
            line("basis", "政策依据", "Basis", &f.basis, true),
            line("frequency", "发放频次", "How often", &f.frequency, true),
            line("pay_time", "发放时间", "When", &f.pay_time, false),
            line("guide", "办理指南", "Guide", &f.guide, true),
            line("phones", "咨询监督电话", "Telephone", &f.phones, true),
            line("budget", "预算账户", "Budget account", &f.budget, true),
            line(
                "rate",
                "单价（元，不填则逐行填写金额）",
                "Rate (yuan; empty: each line has its amount)",
                &f.rate,
                false,
            ),
            line("unit_zh", "计量单位", "Unit in Chinese", &f.unit_zh, false),
            line("unit_en", "计量单位（英文）", "Unit", &f.unit_en, false),
            line("base", "固定部分（元）", "Base (yuan)", &f.base, false),
            line("most", "公式上限（元）", "At most (yuan)", &f.most, false),
            line("max_line", "单笔上限（元）", "Most of one line (yuan)", &f.max_line, true),
            line(
                "two_above",
                "双人审批起点（元，0为始终双人）",
                "Two approvers from (yuan; 0: always)",
                &f.two_above,
                true,
            ),
            line("public_days", "公示天数", "Days of public notice", &f.public_days, true),
            line(
                "conflicts",
                "不得同时享受的项目编码",
                "Codes of conflicting programmes",
                &f.conflicts,
                false,
            ),
        ]
    }
}

#[derive(Deserialize)]
struct Which {
    #[serde(default)]
    code: String,
}

async fn form(
    Shared(app): Shared<App>,
    p: Page,
    Query(which): Query<Which>,
) -> Result<Response, Problem> {
    let fields = match which.code.as_str() {
        "" => Fields { public_days: "7".to_owned(), ..Fields::default() },
        code => Fields::of(&service::one(&app, code.to_owned()).await?),
    };
    render(&ProposePage { p, fields, problem: None })
}

async fn propose(
    Shared(app): Shared<App>,
    actor: Actor,
    p: Page,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let done = match fields.read() {
        Ok(proposal) => service::propose(&app, &actor, proposal).await.map(drop),
        Err(problem) => Err(problem),
    };
    match done {
        Ok(()) => Ok(Redirect::to("/office/programmes").into_response()),
        Err(problem) if problem.status < 500 => {
            let status = StatusCode::from_u16(problem.status).unwrap_or_default();
            let page = ProposePage { p, fields, problem: Some(problem) };
            Ok((status, render(&page)?).into_response())
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Deserialize)]
struct Decision {
    id: String,
    decision: String,
    #[serde(default)]
    comment: String,
}

async fn decide(
    Shared(app): Shared<App>,
    actor: Actor,
    Form(form): Form<Decision>,
) -> Result<Response, Problem> {
    let id = form.id.parse().map_err(|_| Problem::not_found())?;
    service::decide(&app, &actor, id, form.decision == "yes", &form.comment).await?;
    Ok(Redirect::to("/office/programmes").into_response())
}
