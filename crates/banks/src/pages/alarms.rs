//! Alarms: seen, taken, closed. They name the card by its id, never the person.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::http::{Form, Page, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::Deserialize;

use super::id_of;
use crate::rules::{Operation, Reason, State as AccountState};
use crate::service::agreements;
use crate::service::alarms::{self, Listed};
use crate::store::alarms::Alarm;

#[derive(Template)]
#[template(path = "office_alarms.html")]
struct AlarmsPage {
    p: Page,
    listed: Listed,
    names: HashMap<Id, Text>,
    reader: Id,
    now: Utc,
}

impl AlarmsPage {
    fn bank(&self, alarm: &Alarm) -> &str {
        self.names.get(&alarm.bank).map_or("", |name| self.p.text(name))
    }

    fn mine(&self, alarm: &Alarm) -> bool {
        alarm.taken_by == Some(self.reader)
    }

    fn age(&self, alarm: &Alarm) -> String {
        let hours = alarm.hours(self.now);
        match hours {
            0 => self.p.t("不到1小时", "less than an hour").to_owned(),
            1..48 => format!("{hours} {}", self.p.t("小时", "hours")),
            _ => format!("{} {}", hours / 24, self.p.t("天", "days")),
        }
    }

    /// A state, an operation or a reason in words; anything else as it is.
    fn word(&self, code: &str) -> String {
        let state = AccountState::from_code(code).map(AccountState::name);
        let text = state
            .or_else(|| Operation::from_code(code).map(Operation::name))
            .or_else(|| Reason::from_code(code).map(Reason::text));
        text.map_or_else(|| code.to_owned(), |text| self.p.text(&text).to_owned())
    }

    fn closed_by(&self, alarm: &Alarm) -> String {
        match alarm.closed_by.as_str() {
            "agreed" => self.p.t("两边已一致，自动办结", "both sides agree again").to_owned(),
            name => name.to_owned(),
        }
    }
}

pub(super) async fn list(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let listed = alarms::list(&app, &actor).await?;
    let names = agreements::names(&app).await?;
    render(&AlarmsPage { p, listed, names, reader: actor.account, now: Utc::now() })
}

#[derive(Deserialize)]
pub(super) struct Taking {
    id: String,
}

pub(super) async fn take(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<Taking>,
) -> Result<Response, Problem> {
    alarms::take(&app, &actor, id_of(&form.id)?).await?;
    Ok(Redirect::to("/office/banks/alarms").into_response())
}

#[derive(Deserialize)]
pub(super) struct Closing {
    id: String,
    note: String,
}

pub(super) async fn close(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<Closing>,
) -> Result<Response, Problem> {
    alarms::close(&app, &actor, id_of(&form.id)?, &form.note).await?;
    Ok(Redirect::to("/office/banks/alarms").into_response())
}
