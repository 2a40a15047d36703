//! Pages of guidance: the wizard, the holder's notices and help, the queue of the desk.

use askama::Template;
use axum::extract::State as Shared;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use items::rules::{Area, Group, Word as _};
use kernel::actor::{Access, Actor, Role};
use kernel::divisions::{self, Division, Region};
use kernel::http::{Form, Page, Query, Routes, render};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::Deserialize;

use super::rules::{Asked, NOTICES, Refused, State, WAYS, WISHES, Wish};
use super::service::{self, Led};
use super::store::Request;

const HOLDER: &[Role] = &[Role::Holder];
const DESK: &[Role] = &[Role::Clerk, Role::OutletManager];
const HOTLINE: &[Role] = &[Role::HotlineAgent];

pub(crate) fn routes() -> Routes {
    let (get, post) = (Method::GET, Method::POST);
    let to = Access::Roles;
    Routes::new("care")
        .page(get.clone(), "/guide", Access::Public, &[15, 22], guide)
        .page(get.clone(), "/me/notices", to(HOLDER), &[15, 22], notices)
        .page(post.clone(), "/me/notices", to(HOLDER), &[15, 22], switch)
        .page(get.clone(), "/me/help", to(HOLDER), &[15], help)
        .page(post.clone(), "/me/help", to(HOLDER), &[15], ask)
        .page(get.clone(), "/desk/help", to(DESK), &[15], help)
        .page(post.clone(), "/desk/help", to(DESK), &[15], ask)
        .page(get, "/hotline/help", to(HOTLINE), &[15, 22], help)
        .page(post, "/hotline/help", to(HOTLINE), &[15, 22], ask)
        .more("/guide", Text::new("办事指引", "Guide"))
        .more("/me/help", Text::new("回电、上门和代办", "Call-back, visit, proxy"))
        .more("/me/notices", Text::new("通知设置", "Notices"))
        .nav(DESK, "/desk/help", Text::new("便民服务", "Help"), None)
        .work(
            DESK,
            "/desk/help",
            Text::new("回电、上门和代办", "Call-backs and visits"),
            |tx, actor, _| super::store::count_waiting(tx, &actor.division),
        )
        .nav(HOTLINE, "/hotline/help", Text::new("便民服务", "Help"), None)
}

fn places() -> Vec<&'static Division> {
    divisions::children(Region::Chongqing, Utc::now().day()).collect()
}

/// What was chosen so far.
#[derive(Default, Deserialize)]
struct Chosen {
    #[serde(default)]
    who: String,
    #[serde(default)]
    want: String,
    #[serde(default)]
    division: String,
}

#[derive(Template)]
#[template(path = "guide.html")]
struct GuidePage {
    p: Page,
    chosen: Chosen,
    groups: &'static [Group],
    wishes: &'static [Wish],
    areas: [Area; 8],
    places: Vec<&'static Division>,
    led: Led,
}

impl GuidePage {
    fn group(&self, group: &Group) -> String {
        group.name().get(self.p.lang).to_owned()
    }

    fn is_group(&self, group: &Group) -> bool {
        group.code() == self.chosen.who
    }

    fn group_code(&self, group: &Group) -> &'static str {
        group.code()
    }

    fn area(&self, area: &Area) -> String {
        area.name().get(self.p.lang).to_owned()
    }

    fn time(&self, days: &i64) -> String {
        match days {
            0 => self.p.t("当场办结", "at once").to_owned(),
            days => format!("{days} {}", self.p.t("个工作日", "working days")),
        }
    }

    fn fee(&self, fen: &i64) -> String {
        match fen {
            0 => self.p.t("免费", "free").to_owned(),
            fen => format!("{}.{:02} {}", fen / 100, fen % 100, self.p.t("元", "yuan")),
        }
    }

    fn found(&self) -> bool {
        self.led.wish.is_some() || !self.led.items.is_empty()
    }
}

async fn guide(
    Shared(app): Shared<App>,
    p: Page,
    Query(chosen): Query<Chosen>,
) -> Result<Response, Problem> {
    let led = service::lead(&app, &chosen.who, &chosen.want, &chosen.division).await?;
    let (groups, wishes, areas, places) = (Group::ALL, WISHES, Area::ALL, places());
    render(&GuidePage { p, chosen, groups, wishes, areas, places, led })
}

#[derive(Template)]
#[template(path = "me_notices.html")]
struct NoticesPage {
    p: Page,
    kinds: Vec<(&'static str, bool)>,
}

impl NoticesPage {
    fn name(&self, kind: &str) -> &str {
        let known = NOTICES.iter().find(|(code, ..)| *code == kind);
        known.map_or("", |(_, zh, en)| self.p.t(zh, en))
    }
}

async fn notices(Shared(app): Shared<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    let person = actor.person.ok_or_else(Problem::forbidden)?;
    let kinds = service::notices(&app, person).await?;
    render(&NoticesPage { p, kinds })
}

#[derive(Deserialize)]
struct Switch {
    kind: String,
    on: String,
}

async fn switch(
    Shared(app): Shared<App>,
    actor: Actor,
    Form(form): Form<Switch>,
) -> Result<Response, Problem> {
    service::switch(&app, &actor, form.kind, form.on == "1").await?;
    Ok(Redirect::to("/me/notices").into_response())
}

/// A request, or a step on one.
#[derive(Clone, Default, Deserialize)]
struct HelpForm {
    /// Empty for a new request.
    #[serde(default)]
    act: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    result: String,
    #[serde(default)]
    way: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    division: String,
    #[serde(default)]
    address: String,
    #[serde(default)]
    needs: String,
}

#[derive(Template)]
#[template(path = "help_requests.html")]
struct HelpPage {
    p: Page,
    action: &'static str,
    holder: bool,
    desk: bool,
    own: kernel::id::Id,
    form: HelpForm,
    requests: Vec<Request>,
    places: Vec<&'static Division>,
    ways: &'static [(&'static str, &'static str, &'static str)],
    problem: Option<Problem>,
}

impl HelpPage {
    fn way(&self, code: &str) -> &str {
        let known = WAYS.iter().find(|(known, ..)| *known == code);
        known.map_or("", |(_, zh, en)| self.p.t(zh, en))
    }

    fn state(&self, state: &State) -> &str {
        let (_, zh, en) = state.words();
        self.p.t(zh, en)
    }

    fn is_waiting(&self, request: &Request) -> bool {
        request.state == State::Waiting
    }

    fn is_open(&self, request: &Request) -> bool {
        matches!(request.state, State::Waiting | State::Taken)
    }

    fn is_own(&self, request: &Request) -> bool {
        request.state == State::Taken && request.taken_by == Some(self.own)
    }
}

async fn show(
    app: &App,
    actor: &Actor,
    p: Page,
    form: HelpForm,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let (holder, desk) = (actor.role == Role::Holder, DESK.contains(&actor.role));
    let action = match actor.role {
        Role::Holder => "/me/help",
        Role::HotlineAgent => "/hotline/help",
        _ => "/desk/help",
    };
    let requests = match actor.person {
        Some(person) => service::mine(app, person).await?,
        None if desk => service::queue(app, actor).await?,
        None => Vec::new(),
    };
    let status = problem.as_ref().and_then(|problem| StatusCode::from_u16(problem.status).ok());
    let (own, places, ways) = (actor.account, places(), WAYS);
    let mut page =
        render(&HelpPage { p, action, holder, desk, own, form, requests, places, ways, problem })?;
    if let Some(status) = status {
        *page.status_mut() = status;
    }
    Ok(page)
}

async fn help(Shared(app): Shared<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    let form = HelpForm { division: actor.division.clone(), ..HelpForm::default() };
    show(&app, &actor, p, form, None).await
}

async fn ask(
    Shared(app): Shared<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<HelpForm>,
) -> Result<Response, Problem> {
    let done = match form.act.is_empty() {
        true => {
            let HelpForm { way, name, phone, division, address, needs, .. } = form.clone();
            let asked = Asked { way, name, phone, division, address, needs };
            service::ask(&app, &actor, asked).await
        }
        false => {
            let id = form.id.parse().map_err(|_| Refused::Unknown)?;
            service::act(&app, &actor, id, &form.act, &form.result).await
        }
    };
    match done {
        Ok(_) => {
            let said = Text::new("已办理", "Done");
            show(&app, &actor, p.with_flash("ok", said), HelpForm::default(), None).await
        }
        Err(problem) => show(&app, &actor, p, form, Some(problem)).await,
    }
}
