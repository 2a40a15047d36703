//! What every page needs beside its content.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, Uri, header};

use super::guard::Caller;
use super::nav::{Nav, nav};
use crate::actor::{Actor, Role};
use crate::auth;
use crate::divisions::{Region, region_of};
use crate::law::{Article, Lang, Text};
use crate::platform::App;
use crate::problem::Problem;

/// The signed-in user as the header shows him.
#[derive(Clone, Debug)]
pub struct UserChip {
    /// Name.
    pub name: String,
    /// Role in the page's language.
    pub role_name: String,
    /// Where his work starts.
    pub home: String,
}

/// One link of the navigation.
#[derive(Clone, Debug)]
pub struct NavItem {
    /// Address.
    pub href: String,
    /// Label in the page's language.
    pub label: String,
    /// Whether the page is below it.
    pub current: bool,
    /// Access key.
    pub key: Option<char>,
}

/// A short message on top of a page, after something was done.
#[derive(Clone, Debug)]
pub struct Flash {
    /// `ok`, `warn`, `bad` or `info`.
    pub kind: &'static str,
    /// The message.
    pub text: String,
}

/// Language, user and navigation of a page; templates know it as `p`.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Language.
    pub lang: Lang,
    /// Elder mode: larger type, fewer distractions.
    pub elder: bool,
    /// Demonstration: shows what would be sent by SMS.
    pub demo: bool,
    /// For the hidden field `_csrf` of forms.
    pub csrf: String,
    /// Path and query of this page.
    pub path: String,
    /// Who is signed in.
    pub user: Option<UserChip>,
    /// Links of his role.
    pub nav: Nav,
    /// A message on top.
    pub flash: Option<Flash>,
    /// Version of the program.
    pub version: String,
    /// The region whose installation this is; Chongqing when it is none that is known.
    pub region: Option<Region>,
}

impl Page {
    /// Name of the card with its region: `重庆市社会保障卡`.
    pub fn card_name(&self) -> String {
        let region = self.region.unwrap_or(Region::Chongqing);
        match self.lang {
            Lang::Zh => format!("{}社会保障卡", region.zh()),
            Lang::En => "Social security card".to_owned(),
        }
    }

    /// Name of the platform: `一卡通服务平台`, `One Card Chongqing`.
    pub fn platform_name(&self) -> String {
        let region = self.region.unwrap_or(Region::Chongqing);
        match self.lang {
            Lang::Zh => "一卡通服务平台".to_owned(),
            Lang::En => format!("One Card {}", region.en()),
        }
    }

    /// Picks a text in the page's language.
    pub fn t<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        self.lang.pick(zh, en)
    }

    /// A [`Text`] in the page's language.
    pub fn text<'a>(&self, text: &'a Text) -> &'a str {
        text.get(self.lang)
    }

    /// `第五条` or `Art. 5`.
    pub fn article(&self, article: &Article) -> String {
        match self.lang {
            Lang::Zh => article.chinese(),
            Lang::En => article.to_string(),
        }
    }

    /// The half of a text of the journal that is in the reader's language: `中文 / English`.
    pub fn spoken<'a>(&self, text: &'a str) -> &'a str {
        let two = text.split_once(" / ").filter(|(zh, en)| !zh.is_ascii() && en.is_ascii());
        match (two, self.lang) {
            (Some((zh, _)), Lang::Zh) => zh,
            (Some((_, en)), Lang::En) => en,
            (None, _) => text,
        }
    }

    /// Articles as the journal notes them, `Art. 5, 12` or `Art. 10–13`, as the regulation counts them.
    pub fn basis(&self, text: &str) -> String {
        let Some(numbers) = text.strip_prefix("Art. ").filter(|_| self.lang == Lang::Zh) else {
            return text.to_owned();
        };
        let chinese = |number: &str| match number.parse() {
            Ok(number) => Article(number).chinese(),
            Err(_) => number.to_owned(),
        };
        let range = |part: &str| part.split('–').map(chinese).collect::<Vec<_>>().join("至");
        numbers.split(", ").map(range).collect::<Vec<_>>().join("、")
    }

    /// For `<html lang>`.
    pub fn lang_code(&self) -> &'static str {
        self.lang.code()
    }

    /// The same page with a message on top.
    #[must_use]
    pub fn with_flash(mut self, kind: &'static str, text: Text) -> Self {
        self.flash = Some(Flash { kind, text: text.get(self.lang).to_owned() });
        self
    }

    pub(super) fn of(parts: &Parts, app: &App) -> Self {
        let caller = parts.extensions.get::<Caller>();
        let session = caller.and_then(|caller| caller.session.as_ref());
        let lang = lang_of(parts);
        let path = shown_at(parts);
        Self {
            lang,
            elder: auth::cookie(&parts.headers, "elder").as_deref() == Some("1"),
            demo: app.config.demo,
            csrf: session.map(|session| session.csrf.clone()).unwrap_or_default(),
            user: session.map(|session| chip(&session.actor, lang)),
            nav: session
                .map(|session| {
                    let entries = app.nav.get().map_or(&[][..], Vec::as_slice);
                    nav(entries, session.actor.role, lang, parts.uri.path())
                })
                .unwrap_or_default(),
            path,
            flash: None,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            region: region_of(&app.config.region),
        }
    }
}

/// Where the reader can come back to: the page itself, or for the answer to a form the page with it.
fn shown_at(parts: &Parts) -> String {
    if parts.method == Method::GET {
        return parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    }
    let referer = parts.headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    let uri = referer.and_then(|text| text.parse::<Uri>().ok());
    uri.and_then(|uri| Some(uri.path_and_query()?.as_str().to_owned())).unwrap_or("/".to_owned())
}

/// The reader's choice, else what the browser prefers, else Chinese.
pub(super) fn lang_of(parts: &Parts) -> Lang {
    let chosen = auth::cookie(&parts.headers, "lang");
    let accepted = || parts.headers.get("accept-language")?.to_str().ok().map(str::to_owned);
    match chosen.or_else(accepted) {
        Some(tag) if tag.trim_start().to_ascii_lowercase().starts_with("en") => Lang::En,
        _ => Lang::Zh,
    }
}

fn chip(actor: &Actor, lang: Lang) -> UserChip {
    UserChip {
        name: actor.name.clone(),
        role_name: actor.role.name().get(lang).to_owned(),
        home: home_of(actor.role).to_owned(),
    }
}

/// Where the work of a role starts.
pub fn home_of(role: Role) -> &'static str {
    match role {
        Role::Holder => "/me",
        Role::Clerk | Role::OutletManager => "/desk",
        _ => "/office",
    }
}

impl FromRequestParts<App> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Ok(Self::of(parts, app))
    }
}
