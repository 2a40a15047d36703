//! The public finder, one outlet, and the screen that hangs in its hall.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use kernel::divisions::{self, Division};

use kernel::http::{Page, Path, Query, render};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use serde::Deserialize;
use time::Duration;

use super::{division, hours, id_of, names, weekday};
use crate::rules::{ACCESS, SERVICES};
use crate::service::queue::{self, Queue};
use crate::service::register::own_region;
use crate::service::{Outlet, register};
use crate::store::register::Stored;

/// What the list is narrowed to; an unknown or empty word narrows nothing.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Search {
    /// Part of a name or address.
    #[serde(default)]
    pub q: String,
    /// Division.
    #[serde(default)]
    pub district: String,
    /// Code of a service.
    #[serde(default)]
    pub service: String,
    /// Code of a help.
    #[serde(default)]
    pub access: String,
    /// `1`: open now.
    #[serde(default)]
    pub open: String,
    /// `latitude,longitude` in degrees: nearest first.
    #[serde(default)]
    pub near: String,
}

impl Search {
    /// The place to be near to, in millionths of a degree.
    pub fn place(&self) -> Option<(i64, i64)> {
        let (latitude, longitude) = self.near.split_once(',')?;
        let read = |text: &str| {
            let degrees: f64 = text.trim().parse().ok()?;
            (degrees.abs() <= 180.0).then(|| (degrees * 1e6).round() as i64)
        };
        Some((read(latitude)?, read(longitude)?))
    }

    /// The outlets that fit; with their distance in metres, nearest first, when a place is given.
    pub fn narrow(&self, outlets: Vec<Outlet>, now: Utc) -> Vec<(Outlet, Option<i64>)> {
        let q = self.q.trim().to_lowercase();
        let fits = |outlet: &Outlet| {
            let d = &outlet.details;
            let named = [&d.name.zh, &d.name.en, &d.address];
            (q.is_empty() || named.iter().any(|text| text.to_lowercase().contains(&q)))
                && (self.district.is_empty() || d.division == self.district)
                && (self.service.is_empty() || outlet.offers(&self.service))
                && (self.access.is_empty() || d.access.iter().any(|w| w.code() == self.access))
                && (self.open != "1" || outlet.is_open(now))
        };
        let near = self.place();
        let away = |o: &Outlet| {
            let there = (o.details.latitude, o.details.longitude);
            near.map(|here| crate::rules::distance_m(here, there))
        };
        let fitting = outlets.into_iter().filter(fits);
        let mut found: Vec<_> = fitting.map(|outlet| (away(&outlet), outlet)).collect();
        if near.is_some() {
            found.sort_by_key(|(metres, _)| *metres);
        }
        found.into_iter().map(|(metres, outlet)| (outlet, metres)).collect()
    }
}

#[derive(Template)]
#[template(path = "outlets.html")]
struct ListPage {
    p: Page,
    search: Search,
    found: Vec<(Outlet, Option<i64>)>,
    waiting: Vec<(kernel::id::Id, i64)>,
    districts: Vec<&'static Division>,
    now: Utc,
}

impl ListPage {
    fn waits(&self, outlet: &Outlet) -> i64 {
        let found = self.waiting.iter().find(|(id, _)| *id == outlet.id);
        found.map_or(0, |(_, count)| *count)
    }

    fn away(&self, metres: &i64) -> String {
        match *metres {
            ..1_000 => format!("{metres} {}", self.p.t("米", "m")),
            m => format!("{}.{} {}", m / 1_000, m % 1_000 / 100, self.p.t("公里", "km")),
        }
    }
}

pub(super) async fn list(
    State(app): State<App>,
    p: Page,
    Query(search): Query<Search>,
) -> Result<Response, Problem> {
    let now = Utc::now();
    let found = search.narrow(register::list(&app, now.day()).await?, now);
    let waiting = queue::waiting_counts(&app).await?;
    let districts = divisions::children(own_region(&app), now.day()).collect();
    render(&ListPage { p, search, found, waiting, districts, now })
}

#[derive(Template)]
#[template(path = "outlet.html")]
struct OutletPage {
    p: Page,
    queue: Queue,
    /// A confirmed version that begins later: moved, closed.
    later: Option<Stored>,
    now: Utc,
}

impl OutletPage {
    fn outlet(&self) -> &Outlet {
        &self.queue.outlet
    }

    /// The next seven days: name, day, hours, reason when they differ.
    fn week(&self) -> Vec<(&'static str, String, String, &str)> {
        let days = (0..7).filter_map(|after| self.now.day().checked_add(Duration::days(after)));
        let line = |day| {
            let reason = self.outlet().exceptions.iter().find(|e| e.day == day);
            let text = hours(&self.p, self.outlet().details.hours.on(day));
            (weekday(&self.p, day), day_text(day), text, reason.map_or("", |e| e.reason.as_str()))
        };
        days.map(line).collect()
    }

    /// `29.556700,106.574300`.
    fn place(&self) -> String {
        let d = &self.outlet().details;
        let degrees = |n: i64| format!("{}.{:06}", n / 1_000_000, n % 1_000_000);
        format!("{},{}", degrees(d.latitude), degrees(d.longitude))
    }
}

/// `106.574300,29.556700`, as the map service wants it.
fn lon_lat(d: &crate::rules::Details) -> String {
    let degrees = |n: i64| format!("{}.{:06}", n / 1_000_000, n % 1_000_000);
    format!("{},{}", degrees(d.longitude), degrees(d.latitude))
}

pub(super) async fn one(
    State(app): State<App>,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (id, now) = (id_of(&id)?, Utc::now());
    let queue = queue::look(&app, id).await?;
    let mut versions = register::history(&app, id).await?;
    versions.retain(|version| version.state == "confirmed" && version.from > now.day());
    let later = versions.into_iter().min_by_key(|version| version.from);
    render(&OutletPage { p, queue, later, now })
}

#[derive(Template)]
#[template(path = "queue_screen.html")]
struct ScreenPage {
    p: Page,
    queue: Queue,
}

pub(super) async fn screen(
    State(app): State<App>,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let mut queue = queue::look(&app, id_of(&id)?).await?;
    queue.called.sort_by_key(|ticket| std::cmp::Reverse(ticket.called_at));
    render(&ScreenPage { p, queue })
}
