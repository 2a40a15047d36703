//! What everybody may know: which cards and codes are merged, when, and what a holder has to do.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use items::rules::Word as _;
use kernel::http::{Page, Query, render};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::Deserialize;

use super::{day, stand_word, state_badge};
use crate::fusion::rules::{Kind, Milestone};
use crate::fusion::service::figures::{self, Line};
use crate::fusion::service::gateway::Gateway;

#[derive(Template)]
#[template(path = "fusion/public.html")]
struct PublicPage {
    p: Page,
    lines: Vec<Line>,
    kind: String,
}

impl PublicPage {
    fn stand(&self, step: &Milestone) -> (&'static str, &'static str, String) {
        stand_word(&self.p, step.stand(Utc::now().day(), 0))
    }
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    kind: String,
}

pub(super) async fn list(
    State(app): State<App>,
    Extension(gateway): Extension<Arc<Gateway>>,
    p: Page,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let mut lines = figures::lines(&app, gateway.catalogue()).await?;
    let kind = Kind::from_code(&wanted.kind);
    lines.retain(|line| {
        line.scheme.state.is_open() && kind.is_none_or(|kind| line.scheme.kind == kind)
    });
    render(&PublicPage { p, lines, kind: wanted.kind })
}
