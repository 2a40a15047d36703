//! Where an item is served (Art. 14, 15): the service points with a terminal for it, the reader's district
//! first.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use items::rules::Item;
use kernel::actor::Access;
use kernel::divisions::{self, Division, Region};
use kernel::http::{Page, Path, Query, Routes, render};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::Deserialize;

use super::store;
use crate::service::Codes;

pub(super) fn routes() -> Routes {
    Routes::new("codes").page(
        Method::GET,
        "/items/{code}/places",
        Access::Public,
        &[14, 15],
        places,
    )
}

#[derive(Template)]
#[template(path = "places.html")]
struct PlacesPage {
    p: Page,
    item: Arc<Item>,
    near: String,
    districts: Vec<&'static Division>,
    places: Vec<(Text, Vec<String>)>,
}

#[derive(Deserialize)]
struct Near {
    #[serde(default)]
    district: String,
}

async fn places(
    State(app): State<App>,
    Extension(codes): Extension<Arc<Codes>>,
    p: Page,
    Path(code): Path<String>,
    Query(near): Query<Near>,
) -> Result<Response, Problem> {
    let today = Utc::now().day();
    let item = codes.item(&code, today).ok_or_else(Problem::not_found)?;
    let found =
        app.db.read(move |tx| Ok::<_, Problem>(store::places_of(tx, &code, 1_000)?)).await?;
    let districts = divisions::children(Region::Chongqing, today).collect();
    let places = by_district(found, &near.district);
    render(&PlacesPage { p, item, near: near.district, districts, places })
}

/// Places by district: the reader's own first, then by code; those without one last.
pub(super) fn by_district(found: Vec<(String, String)>, own: &str) -> Vec<(Text, Vec<String>)> {
    let mut sorted: Vec<(String, Vec<String>)> = Vec::new();
    for (division, place) in found {
        match sorted.iter_mut().find(|(known, _)| *known == division) {
            Some((_, places)) => places.push(place),
            None => sorted.push((division, vec![place])),
        }
    }
    sorted.sort_by_key(|(division, _)| {
        (division != own || own.is_empty(), division.is_empty(), division.clone())
    });
    let name = |division: &str| match divisions::find(division) {
        Some(known) => Text::new(known.zh, known.en),
        None => Text::new("流动服务点", "On the move"),
    };
    sorted.into_iter().map(|(division, places)| (name(&division), places)).collect()
}
