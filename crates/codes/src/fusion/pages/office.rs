//! The overview: how far merging is, what waits, what is late.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use items::rules::Word as _;
use kernel::actor::{Actor, Role};
use kernel::approval::Approval;
use kernel::http::{Form, Page, render};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::Deserialize;

use super::{day, grouped, id_of, state_badge, with_problem};
use crate::fusion::rules::{Milestone, Scheme, State as Stage};
use crate::fusion::service::figures::{self, Line};
use crate::fusion::service::gateway::Gateway;
use crate::fusion::service::{approvals, may_change};

/// One bar of the chart; places are in the chart's own units.
struct Bar {
    name: String,
    line: usize,
    top: usize,
    width: usize,
    after: usize,
    said: String,
}

#[derive(Template)]
#[template(path = "fusion/office.html")]
struct OfficePage {
    p: Page,
    lines: Vec<Line>,
    waiting: Vec<Approval>,
    bars: Vec<Bar>,
    may_register: bool,
    may_decide: bool,
    all: bool,
    problem: Option<Problem>,
}

impl OfficePage {
    fn open(&self) -> usize {
        self.lines.iter().filter(|line| line.scheme.state.is_open()).count()
    }

    fn in_state(&self, code: &str) -> usize {
        self.lines.iter().filter(|line| line.scheme.state.code() == code).count()
    }

    fn duplicates(&self) -> usize {
        let open = |line: &&Line| line.scheme.state.is_open() && line.duplicate;
        self.lines.iter().filter(open).count()
    }

    fn without_plan(&self) -> usize {
        self.in_state(Stage::Registered.code())
    }

    fn late(&self) -> Vec<(&Scheme, &Milestone)> {
        let today = Utc::now().day();
        let merging = self.lines.iter().filter(|line| line.overdue(today) > 0);
        let steps = |line| -> Vec<(&Scheme, &Milestone)> {
            let line: &Line = line;
            let steps = line.plan.iter().flat_map(|plan| &plan.milestones);
            let late = steps.filter(|step| step.done_on.is_none() && step.due < today);
            late.map(|step| (&line.scheme, step)).collect()
        };
        let mut late: Vec<_> = merging.flat_map(steps).collect();
        late.sort_by_key(|(_, step)| step.due);
        late
    }

    fn height(&self) -> usize {
        self.bars.len() * 28 + 8
    }

    fn told(&self) -> String {
        let said = self.bars.iter().map(|bar| format!("{} {}", bar.name, bar.said));
        said.collect::<Vec<_>>().join(self.p.t("，", ", "))
    }

    fn kind(&self, approval: &Approval) -> &str {
        match approval.kind.as_str() {
            "fusion.scheme" => self.p.t("登记卡（码）", "Registration"),
            "fusion.plan" => self.p.t("融合计划", "Plan"),
            "fusion.format" => self.p.t("码制", "Code format"),
            _ => self.p.t("签发密钥", "Issuer key"),
        }
    }

    /// Where the checker reads what he decides on.
    fn about(&self, approval: &Approval) -> Option<&Scheme> {
        let code = approval.summary.split(' ').next().unwrap_or_default();
        let living = |line: &&Line| {
            line.scheme.code == code && !matches!(line.scheme.state, Stage::Rejected | Stage::Ended)
        };
        self.lines.iter().find(living).map(|line| &line.scheme)
    }
}

fn bars(p: &Page, lines: &[Line]) -> Vec<Bar> {
    let open = lines.iter().filter(|line| line.scheme.state.is_open());
    let bar = |(place, line): (usize, &Line)| {
        let (percent, top) = (line.percent(), place * 28 + 8);
        let width = (percent * 4).max(2);
        let target = line.plan.as_ref().map(|plan| day(&plan.target));
        let said = match target {
            Some(target) => format!("{percent}% · {target}"),
            None => p.t("无计划", "no plan").to_owned(),
        };
        let name = p.text(&line.scheme.name).to_owned();
        Bar { name, line: top + 14, top, width, after: 248 + width, said }
    };
    open.enumerate().map(bar).collect()
}

async fn page(
    app: &App,
    gateway: &Gateway,
    actor: &Actor,
    p: Page,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let department = actor.role == Role::DepartmentOfficer;
    let mut lines = figures::lines(app, gateway.catalogue()).await?;
    if department {
        lines.retain(|line| Some(line.scheme.org) == actor.org);
    }
    let waiting = if department { Vec::new() } else { approvals::waiting(app).await? };
    let status = problem.as_ref().map(|problem| problem.status);
    let shown = OfficePage {
        bars: bars(&p, &lines),
        p,
        lines,
        waiting,
        may_register: super::MAKERS.contains(&actor.role),
        may_decide: super::CHECKERS.contains(&actor.role),
        all: !department,
        problem,
    };
    with_problem(render(&shown), status)
}

pub(super) async fn overview(
    State(app): State<App>,
    Extension(gateway): Extension<Arc<Gateway>>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    page(&app, &gateway, &actor, p, None).await
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
    Extension(gateway): Extension<Arc<Gateway>>,
    actor: Actor,
    p: Page,
    Form(said): Form<Decision>,
) -> Result<Response, Problem> {
    let (id, yes) = (id_of(&said.id)?, said.decision == "yes");
    let done = approvals::decide(&app, gateway.catalogue(), &actor, id, yes, &said.comment).await;
    match done {
        Ok(()) => Ok(Redirect::to("/office/fusion").into_response()),
        Err(problem) if problem.status < 500 => {
            page(&app, &gateway, &actor, p, Some(problem)).await
        }
        Err(problem) => Err(problem),
    }
}

/// Whether a page shows somebody the forms of a card.
pub(super) fn may(actor: &Actor, scheme: &Scheme) -> bool {
    may_change(actor, scheme)
}
