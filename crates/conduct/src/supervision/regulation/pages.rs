//! The public page of the regulation.

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use kernel::actor::Access;
use kernel::http::{Json, Page, Query, Routes, render};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::settings::{self, Setting};
use kernel::time::{Utc, day_text};
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::{
    ArticleText, OPEN_POINTS, OWN_ARTICLE_16, Traces, Version, commencement, traces, version_on,
};
use crate::supervision::figures::{FIGURES, Figure};

pub(in crate::supervision) fn routes() -> Routes {
    const ARTICLES: &[u8] = &[1, 3, 4, 28];
    Routes::new("conduct").page(Method::GET, "/regulation", Access::Public, ARTICLES, show).api(
        Access::Public,
        ARTICLES,
        routes!(list),
    )
}

struct Shown {
    text: ArticleText,
    traces: Traces,
    figures: Vec<&'static Figure>,
}

impl Shown {
    fn of(text: &ArticleText) -> Self {
        let figures = FIGURES.iter().filter(|figure| figure.article == text.number).collect();
        Self { text: text.clone(), traces: traces(text.number), figures }
    }

    /// Whether a word of the reader stands anywhere in it.
    fn has(&self, word: &str) -> bool {
        let text = &self.text;
        let own = [&text.title_zh, &text.title_en, &text.gloss];
        let rules = self.traces.rules.iter().flat_map(|rule| [&rule.name, &rule.zh, &rule.en]);
        let mut all = own.into_iter().chain(&text.text).chain(rules);
        let counted = text.article().chinese() == word || text.number.to_string() == word;
        counted || all.any(|part| part.to_lowercase().contains(&word.to_lowercase()))
    }
}

#[derive(Template)]
#[template(path = "regulation.html")]
struct RegulationPage {
    p: Page,
    q: String,
    version: &'static Version,
    articles: Vec<Shown>,
    points: Vec<(&'static Setting, i64)>,
    from: Option<time::Date>,
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
}

/// The article as the settings close its open points.
fn closed(mut text: ArticleText, from: Option<time::Date>, own_16: bool) -> ArticleText {
    if let (28, Some(day)) = (text.number, from) {
        let (year, month, date) = (day.year(), u8::from(day.month()), day.day());
        let day = format!("{year}年{month}月{date}日");
        text.text = text.text.iter().map(|part| part.replace("XXXX年XX月XX日", &day)).collect();
    }
    if text.number == 16 && !own_16 {
        text.title_zh = text.title_zh.replace("（重庆版本）", "");
    }
    text
}

async fn show(
    State(app): State<App>,
    p: Page,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let now = Utc::now();
    let read = app.db.read(move |tx| {
        let value = |setting: &&'static Setting| Ok((*setting, settings::get(tx, setting, now)?));
        let points = OPEN_POINTS.iter().map(value).collect::<Result<Vec<_>, Problem>>()?;
        Ok::<_, Problem>((points, commencement(tx, now)?))
    });
    let (points, from) = read.await?;
    let own_16 = points.iter().any(|(setting, value)| **setting == OWN_ARTICLE_16 && *value == 1);
    let version = version_on(now.day());
    let all = version.articles.iter().map(|text| closed(text.clone(), from, own_16));
    let q: String = asked.q.trim().chars().take(60).collect();
    let articles = all.map(|text| Shown::of(&text)).filter(|one| q.is_empty() || one.has(&q));
    render(&RegulationPage { p, articles: articles.collect(), q, version, points, from })
}

/// An article with what carries it out.
#[derive(Serialize, utoipa::ToSchema)]
struct ArticleBody {
    number: u8,
    title_zh: String,
    title_en: String,
    text: Vec<String>,
    gloss: String,
    /// Functions and codes of refusals.
    rules: Vec<String>,
    routes: Vec<String>,
    pages: Vec<String>,
    tests: Vec<String>,
}

/// The regulation.
#[derive(Serialize, utoipa::ToSchema)]
struct RegulationBody {
    version: String,
    /// Day from which it is in force; none while it is open.
    in_force_from: Option<String>,
    articles: Vec<ArticleBody>,
}

/// The regulation with what of it the code carries out.
#[utoipa::path(get, path = "/api/v1/regulation", tag = "conduct",
    responses((status = 200, body = RegulationBody)))]
async fn list(State(app): State<App>) -> Result<Json<RegulationBody>, Problem> {
    let now = Utc::now();
    let from = app.db.read(move |tx| Ok::<_, Problem>(commencement(tx, now)?)).await?;
    let version = version_on(now.day());
    let body = |text: &ArticleText| {
        let (text, traces) = (closed(text.clone(), from, true), traces(text.number));
        ArticleBody {
            number: text.number,
            title_zh: text.title_zh,
            title_en: text.title_en,
            text: text.text,
            gloss: text.gloss,
            rules: traces.rules.into_iter().map(|rule| rule.name).collect(),
            routes: traces.routes,
            pages: traces.pages,
            tests: traces.tests,
        }
    };
    Ok(Json(RegulationBody {
        version: version.version.clone(),
        in_force_from: from.map(day_text),
        articles: version.articles.iter().map(body).collect(),
    }))
}
