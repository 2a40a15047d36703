//! The office: the register, proposals, decisions.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Actor, Role};
use kernel::divisions::{self, Division};

use kernel::http::{Form, Page, Path, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use serde::Deserialize;

use super::{WEEKDAYS, day_of, division, hours, id_of, names, with_problem};
use crate::rules::{
    ACCESS, Details, Hours, KINDS, LANGUAGES, Refused, SERVICES, Word, parse_spans, spans_text,
    word,
};
use crate::service::Outlet;
use crate::service::register::own_region;
use crate::service::register::{self, Proposal, Waits};
use crate::store::register::Stored;

#[derive(Template)]
#[template(path = "office_outlets.html")]
struct ListPage {
    p: Page,
    outlets: Vec<Outlet>,
}

pub(super) async fn list(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let mut outlets = register::list(&app, Utc::now().day()).await?;
    if actor.role == Role::DistrictOfficer {
        outlets.retain(|outlet| outlet.details.division == actor.division);
    }
    render(&ListPage { p, outlets })
}

/// The form as typed. Ticked boxes are `service.CODE`, `language.CODE` and `access.CODE`; the hours
/// of the weekdays are `day.0` to `day.6`.
#[derive(Clone, Default, Deserialize)]
pub(super) struct OutletForm {
    kind: String,
    district: String,
    name_zh: String,
    #[serde(default)]
    name_en: String,
    address: String,
    #[serde(default)]
    directions: String,
    latitude: String,
    longitude: String,
    phone: String,
    counters: String,
    from: String,
    reason: String,
    #[serde(default)]
    closed: String,
    #[serde(flatten)]
    others: BTreeMap<String, String>,
}

impl OutletForm {
    fn of(outlet: &Outlet) -> Self {
        let d = &outlet.details;
        let degrees = |n: i64| format!("{}.{:06}", n / 1_000_000, n % 1_000_000);
        let mut others = BTreeMap::new();
        let groups = [("service", &d.services), ("language", &d.languages), ("access", &d.access)];
        for (group, words) in groups {
            others.extend(words.iter().map(|w| (format!("{group}.{}", w.code()), "1".to_owned())));
        }
        let week = d.hours.week.iter().enumerate();
        others.extend(week.map(|(at, spans)| (format!("day.{at}"), spans_text(spans))));
        Self {
            kind: d.kind.code().to_owned(),
            district: d.division.clone(),
            name_zh: d.name.zh.clone(),
            name_en: d.name.en.clone(),
            address: d.address.clone(),
            directions: d.directions.clone(),
            latitude: degrees(d.latitude),
            longitude: degrees(d.longitude),
            phone: d.phone.clone(),
            counters: d.counters.to_string(),
            from: day_text(Utc::now().day()),
            reason: String::new(),
            closed: String::new(),
            others,
        }
    }

    fn ticked(&self, group: &str, list: &'static [Word]) -> Vec<&'static Word> {
        let has = |word: &&Word| self.has(group, word.code());
        list.iter().filter(has).collect()
    }

    fn has(&self, group: &str, code: &str) -> bool {
        self.others.contains_key(&format!("{group}.{code}"))
    }

    fn day(&self, at: &usize) -> &str {
        self.others.get(&format!("day.{at}")).map_or("", String::as_str)
    }

    fn read(&self, outlet: Option<Id>) -> Result<Proposal, Problem> {
        let mut week = Hours::default();
        for (at, day) in week.week.iter_mut().enumerate() {
            *day = parse_spans(&self.day(&at).replace('\u{ff0c}', ","))?;
        }
        if self.reason.trim().is_empty() {
            let text = Text::new("请写明原因", "Say why");
            return Err(Problem::field("reason", text));
        }
        let text = |text: &str| text.trim().to_owned();
        let details = Details {
            kind: word(KINDS, &self.kind).ok_or(Refused::Words)?,
            division: text(&self.district),
            name: Text::new(text(&self.name_zh), text(&self.name_en)),
            address: text(&self.address),
            directions: text(&self.directions),
            latitude: degrees(&self.latitude).ok_or(Refused::Place)?,
            longitude: degrees(&self.longitude).ok_or(Refused::Place)?,
            phone: text(&self.phone),
            hours: week,
            services: self.ticked("service", SERVICES),
            languages: self.ticked("language", LANGUAGES),
            access: self.ticked("access", ACCESS),
            counters: self.counters.trim().parse().map_err(|_| Refused::Services)?,
        };
        let from = day_of(&self.from, "from")?;
        let closed = self.closed == "1";
        Ok(Proposal { outlet, from, closed, details, reason: text(&self.reason) })
    }
}

/// Degrees as millionths.
fn degrees(text: &str) -> Option<i64> {
    let degrees: f64 = text.trim().parse().ok()?;
    (degrees.abs() <= 180.0).then(|| (degrees * 1e6).round() as i64)
}

#[derive(Template)]
#[template(path = "office_outlet.html")]
struct FormPage {
    p: Page,
    id: Option<Id>,
    form: OutletForm,
    versions: Vec<Stored>,
    districts: Vec<&'static Division>,
    problem: Option<Problem>,
}

impl FormPage {
    fn state(&self, version: &Stored) -> (&'static str, &str) {
        match version.state.as_str() {
            "proposed" => ("badge-warn", self.p.t("待审批", "Waits")),
            "rejected" => ("badge-bad", self.p.t("已退回", "Sent back")),
            _ if version.from > Utc::now().day() => ("badge-info", self.p.t("未生效", "Not yet")),
            _ => ("badge-ok", self.p.t("已生效", "In force")),
        }
    }
}

async fn show(
    app: &App,
    p: Page,
    id: Option<Id>,
    form: OutletForm,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let versions = match id {
        Some(id) => register::history(app, id).await?,
        None => Vec::new(),
    };
    let districts = divisions::children(own_region(app), Utc::now().day()).collect();
    let status = problem.as_ref().map(|problem| problem.status);
    with_problem(render(&FormPage { p, id, form, versions, districts, problem }), status)
}

pub(super) async fn new(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let mut form = OutletForm {
        kind: "hrss".to_owned(),
        district: actor.division,
        counters: "3".to_owned(),
        from: day_text(Utc::now().day()),
        ..OutletForm::default()
    };
    for day in 0..5 {
        form.others.insert(format!("day.{day}"), "09:00-12:00,13:30-17:30".to_owned());
    }
    show(&app, p, None, form, None).await
}

pub(super) async fn propose_new(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<OutletForm>,
) -> Result<Response, Problem> {
    propose(&app, &actor, p, None, form).await
}

pub(super) async fn change(
    State(app): State<App>,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    let form = match register::one(&app, id, Utc::now().day()).await {
        Ok(outlet) => OutletForm::of(&outlet),
        Err(problem) => {
            // One that begins later, or is closed: its last version can be taken up again.
            let last = register::history(&app, id).await?.pop().ok_or(problem)?;
            OutletForm::of(&Outlet { id, details: last.details, exceptions: Vec::new() })
        }
    };
    show(&app, p, Some(id), form, None).await
}

pub(super) async fn propose_change(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Form(form): Form<OutletForm>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    propose(&app, &actor, p, Some(id), form).await
}

async fn propose(
    app: &App,
    actor: &Actor,
    p: Page,
    id: Option<Id>,
    form: OutletForm,
) -> Result<Response, Problem> {
    let proposed = match form.read(id) {
        Ok(proposal) => register::propose(app, actor, proposal).await,
        Err(problem) => Err(problem),
    };
    match proposed {
        Ok(id) => Ok(Redirect::to(&format!("/office/outlets/{id}")).into_response()),
        Err(problem) if problem.status < 500 => show(app, p, id, form, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}

#[derive(Template)]
#[template(path = "office_outlets_decide.html")]
struct DecidePage {
    p: Page,
    waits: Vec<Waits>,
    /// Account of the reader, who may not decide on his own work.
    reader: Id,
}

/// What a version says, line by line, for a comparison.
fn lines(p: &Page, stored: &Stored) -> Vec<(&'static str, String)> {
    let d = &stored.details;
    let week = d.hours.week.iter().zip(WEEKDAYS);
    let week = week.map(|(spans, (zh, en))| format!("{} {}", p.t(zh, en), hours(p, spans)));
    let place = format!("{} {}", d.latitude as f64 / 1e6, d.longitude as f64 / 1e6);
    let closed = if stored.closed { p.t("撤并", "closed for good") } else { p.t("否", "no") };
    let l = |zh, en| p.lang.pick(zh, en);
    vec![
        (l("撤并", "Closing"), closed.to_owned()),
        (l("名称", "Name"), p.text(&d.name).to_owned()),
        (l("类型", "Kind"), p.t(d.kind.1, d.kind.2).to_owned()),
        (l("区县", "District"), division(p, &d.division)),
        (l("地址", "Address"), d.address.clone()),
        (l("乘车指引", "Directions"), d.directions.clone()),
        (l("坐标", "Coordinates"), place),
        (l("电话", "Phone"), d.phone.clone()),
        (l("开放时间", "Hours"), week.collect::<Vec<_>>().join(p.t("；", "; "))),
        (l("服务", "Services"), names(p, &d.services)),
        (l("语言", "Languages"), names(p, &d.languages)),
        (l("无障碍", "Accessibility"), names(p, &d.access)),
        (l("窗口", "Counters"), d.counters.to_string()),
    ]
}

impl DecidePage {
    /// Label, before, after: of a change only what differs.
    fn compare(&self, waits: &Waits) -> Vec<(&'static str, String, String)> {
        let after = lines(&self.p, &waits.proposed);
        let Some(before) = &waits.before else {
            return after.into_iter().map(|(label, now)| (label, String::new(), now)).collect();
        };
        let pairs = lines(&self.p, before).into_iter().zip(after);
        let both = pairs.map(|((label, old), (_, new))| (label, old, new));
        both.filter(|(_, old, new)| old != new).collect()
    }
}

pub(super) async fn waiting(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let waits = register::waiting(&app, &actor).await?;
    render(&DecidePage { p, waits, reader: actor.account })
}

#[derive(Deserialize)]
pub(super) struct Decision {
    id: String,
    decision: String,
    #[serde(default)]
    comment: String,
}

pub(super) async fn decide(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<Decision>,
) -> Result<Response, Problem> {
    let comment: String = form.comment.chars().take(500).collect();
    let yes = match form.decision.as_str() {
        "yes" => true,
        "no" => false,
        _ => return Err(Problem::not_found()),
    };
    register::decide(&app, &actor, id_of(&form.id)?, yes, &comment).await?;
    Ok(Redirect::to("/office/outlets/decide").into_response())
}
