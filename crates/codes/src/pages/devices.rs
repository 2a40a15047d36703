//! The holder's devices: which may show his code, and ending one.

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::http::{Form, NoFields, Page, Path, Routes, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;

use super::HOLDER;
use crate::cq1::device::{self, Device};

pub(super) fn routes() -> Routes {
    Routes::new("codes")
        .page(Method::GET, "/me/devices", HOLDER, &[2, 16, 20], devices)
        .page(Method::POST, "/me/devices/{id}/end", HOLDER, &[16, 20], end)
        .more("/me/devices", Text::new("我的设备", "My devices"))
}

#[derive(Template)]
#[template(path = "devices.html")]
struct DevicesPage {
    p: Page,
    devices: Vec<Device>,
}

async fn devices(State(app): State<App>, holder: Actor, p: Page) -> Result<Response, Problem> {
    let devices = device::list(&app, &holder).await?;
    render(&DevicesPage { p, devices })
}

async fn end(
    State(app): State<App>,
    holder: Actor,
    Path(id): Path<Id>,
    Form(NoFields {}): Form<NoFields>,
) -> Result<Response, Problem> {
    device::end(&app, &holder, id).await?;
    Ok(Redirect::to("/me/devices").into_response())
}
