//! Services that people sign in to: asked for by the department that owns the item, decided by HRSS, the secret
//! shown once, revoked at once (Art. 6, 18).

use std::sync::Arc;

use askama::Template;
use axum::extract::{Extension, State as AppState};
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};
use items::rules::Item;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Form, Page, Path, Routes, render};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::{App, Platform, random};
use kernel::problem::{FieldProblem, Problem};
use kernel::time::Utc;
use serde::Deserialize;
use serde_json::Value;

use crate::jose;
use crate::pages::with_status;
use crate::rules::{Refused, may_redirect};
use crate::service::List;
use crate::store::{self, Client};

const ASKERS: &[Role] = &[Role::DepartmentOfficer, Role::MunicipalOfficer];
const DECIDERS: &[Role] = &[Role::MunicipalApprover];
const JWKS_ZH: &str = "公钥须为JWK集合（P-256或RSA，不得含私钥）";
const JWKS_EN: &str = "A JWK set of public keys (P-256 or RSA), without private parts";
const SEE: &[Role] = &[Role::DepartmentOfficer, Role::MunicipalOfficer, Role::MunicipalApprover];

pub(crate) fn routes() -> Routes {
    let (see, ask, decide) = (Access::Roles(SEE), Access::Roles(ASKERS), Access::Roles(DECIDERS));
    Routes::new("signin")
        .page(Method::GET, "/office/clients", see, &[6, 18], list_page)
        .page(Method::POST, "/office/clients", ask, &[6, 18], ask_form)
        .page(Method::POST, "/office/clients/{id}/decide", decide, &[6, 18], decide_form)
        .page(Method::POST, "/office/clients/{id}/secret", ask, &[6], secret_form)
        .page(Method::POST, "/office/clients/{id}/keys", ask, &[6], keys_form)
        .nav(SEE, "/office/clients", Text::new("登录接入", "Sign-in services"), None)
        .work(
            DECIDERS,
            "/office/clients",
            Text::new("登录接入审批", "Sign-in services to decide"),
            |tx, actor, _| store::count_asked(tx, actor),
        )
}

/// What a department asks for.
#[derive(Clone, Debug, Default)]
pub struct NewClient {
    /// Name that people see.
    pub name: String,
    /// Item that it is for.
    pub item: String,
    /// Addresses, one a line.
    pub redirects: String,
    /// Addresses after signing out, one a line.
    pub after_logout: String,
    /// Services of one sector know a person by the same subject; its own when empty.
    pub sector: String,
    /// Its requests must be pushed.
    pub needs_par: bool,
    /// A JWK set, when it proves itself by a key instead of a secret.
    pub jwks: String,
    /// `RS256` for a library that knows nothing else; `ES256` when empty.
    pub id_alg: String,
}

/// A JWK set as it is kept: JSON with at least one public key that can be used here, and no private one.
fn key_set(text: &str) -> Option<String> {
    if text.len() > 8_192 {
        return None;
    }
    let set: Value = serde_json::from_str(text).ok()?;
    let listed = set.get("keys")?.as_array()?.len();
    let usable = jose::key_set(&set).len();
    (usable > 0 && usable == listed).then(|| set.to_string())
}

/// Asks for a service to be registered.
///
/// # Errors
/// Fields that are wrong, an item that is not on the list or of another department.
pub async fn ask(
    app: &Platform,
    list: &List,
    actor: &Actor,
    new: &NewClient,
) -> Result<String, Problem> {
    let org = actor.org.ok_or_else(Problem::forbidden)?;
    let lines = |text: &str| -> Vec<String> {
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    let (redirects, after_logout) = (lines(&new.redirects), lines(&new.after_logout));
    let item: Option<Arc<Item>> = list.0.get(new.item.trim(), Utc::now().day());
    let mut wrong = Vec::new();
    let mut fault = |field: &str, bad: bool, zh: &str, en: &str| {
        if bad {
            wrong.push(FieldProblem { field: field.to_owned(), text: Text::new(zh, en) });
        }
    };
    let fits = (1..=60).contains(&new.name.trim().chars().count());
    fault("name", !fits, "请填写服务名称（60字以内）", "A name, up to 60 letters");
    fault("item", item.is_none(), "清单中没有该事项", "No such item is on the list");
    let good = |all: &[String]| all.len() <= 10 && all.iter().all(|uri| may_redirect(uri));
    let bad = redirects.is_empty() || !good(&redirects);
    fault("redirects", bad, "返回地址须为https，每行一个", "https addresses, one a line");
    fault("after_logout", !good(&after_logout), "退出地址须为https", "https addresses, one a line");
    fault("sector", new.sector.len() > 60, "分区名称过长", "The sector is too long");
    let jwks = match new.jwks.trim() {
        "" => Some(String::new()),
        text => key_set(text),
    };
    fault("jwks", jwks.is_none(), JWKS_ZH, JWKS_EN);
    let id_alg = if new.id_alg.is_empty() { "ES256" } else { &new.id_alg };
    let known = matches!(id_alg, "ES256" | "RS256");
    fault("id_alg", !known, "签名方式须为ES256或RS256", "ES256 or RS256");
    let (Some(item), Some(jwks), true) = (item, jwks, wrong.is_empty()) else {
        return Err(Problem::invalid(wrong));
    };
    if actor.role == Role::DepartmentOfficer && item.owner != org {
        return Err(Refused::OtherOwner.into());
    }
    let id = format!("svc-{}", app.id());
    let sector = match new.sector.trim() {
        "" => id.clone(),
        sector => format!("{org}/{sector}"),
    };
    let client = Client {
        id: id.clone(),
        name: new.name.trim().to_owned(),
        org,
        item: item.code.clone(),
        redirects,
        after_logout,
        sector,
        secret: None,
        jwks,
        id_alg: id_alg.to_owned(),
        needs_par: new.needs_par,
        state: "asked".to_owned(),
        asked_by: actor.account,
        asked_name: actor.name.clone(),
        version: 1,
    };
    let now = Utc::now();
    let entry = Entry::new(app.id(), now, actor, "signin.client-asked", "Art. 6")
        .on("client", &id)
        .why(client.name.clone(), &[]);
    app.db
        .write(move |tx| {
            store::insert_client(tx, &client, now)?;
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await?;
    Ok(id)
}

/// Decides what was asked for, or revokes what is active; both at once felt.
///
/// # Errors
/// [`Refused`] as a problem.
pub async fn decide(app: &Platform, actor: &Actor, id: &str, yes: bool) -> Result<(), Problem> {
    let (now, id, account) = (Utc::now(), id.to_owned(), actor.account);
    let act = if yes { "signin.client-approved" } else { "signin.client-ended" };
    let entry = Entry::new(app.id(), now, actor, act, "Art. 6")
        .on("client", &id)
        .why("登录接入审批 / deciding on a service", &[]);
    app.db
        .write(move |tx| {
            let mut client = store::client(tx, &id)?.ok_or_else(Problem::not_found)?;
            if client.asked_by == account {
                return Err(Refused::OwnRequest.into());
            }
            client.state = match (client.state.as_str(), yes) {
                ("asked", true) => "active",
                ("asked", false) => "refused",
                ("active", false) => "revoked",
                _ => return Err(Refused::NotNow.into()),
            }
            .to_owned();
            store::set_client(tx, &client, Some(account), now)?;
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await
}

/// Gives an active service a new secret, shown once; the one before ends at once.
///
/// # Errors
/// It is not active, or of another organisation.
pub async fn new_secret(app: &Platform, actor: &Actor, id: &str) -> Result<String, Problem> {
    let (now, id, org) = (Utc::now(), id.to_owned(), actor.org);
    let secret = seal::token::from_random(&random::<32>());
    let digest = seal::token::digest(&secret).to_vec();
    let entry = Entry::new(app.id(), now, actor, "signin.client-secret", "Art. 6")
        .on("client", &id)
        .why("更换接入密钥 / a new secret", &[]);
    app.db
        .write(move |tx| {
            let client = store::client(tx, &id)?.ok_or_else(Problem::not_found)?;
            if Some(client.org) != org {
                return Err(Problem::not_found());
            }
            // A service that has keys has no secret: it would be the weaker way in.
            if client.state != "active" || !client.jwks.is_empty() {
                return Err(Refused::NotNow.into());
            }
            let client = Client { secret: Some(digest.clone()), ..client };
            store::set_client(tx, &client, None, now)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await?;
    Ok(secret)
}

/// Gives an active service other keys; those before end at once, and so does its secret.
///
/// # Errors
/// It is not active or of another organisation, or the keys cannot be used.
pub async fn new_keys(app: &Platform, actor: &Actor, id: &str, keys: &str) -> Result<(), Problem> {
    let (now, id, org) = (Utc::now(), id.to_owned(), actor.org);
    let jwks = key_set(keys).ok_or_else(|| Problem::field("jwks", Text::new(JWKS_ZH, JWKS_EN)))?;
    let entry = Entry::new(app.id(), now, actor, "signin.client-keys", "Art. 6")
        .on("client", &id)
        .why("更换接入公钥 / other public keys", &[]);
    app.db
        .write(move |tx| {
            let client = store::client(tx, &id)?.filter(|client| Some(client.org) == org);
            let client = client.ok_or_else(Problem::not_found)?;
            if client.state != "active" {
                return Err(Refused::NotNow.into());
            }
            let client = Client { jwks: jwks.clone(), secret: None, ..client };
            store::set_client(tx, &client, None, now)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

#[derive(Clone, Default, Deserialize)]
struct AskForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    item: String,
    #[serde(default)]
    redirects: String,
    #[serde(default)]
    after_logout: String,
    #[serde(default)]
    sector: String,
    #[serde(default)]
    needs_par: String,
    #[serde(default)]
    jwks: String,
    #[serde(default)]
    id_alg: String,
}

#[derive(Template)]
#[template(path = "signin_clients.html")]
struct ListPage {
    p: Page,
    clients: Vec<Client>,
    items: Vec<Arc<Item>>,
    form: AskForm,
    org: Option<Id>,
    account: Id,
    asks: bool,
    decides: bool,
    secret: Option<(String, String)>,
    issuer: String,
    problem: Option<Problem>,
}

impl ListPage {
    fn own(&self, client: &Client) -> bool {
        Some(client.org) == self.org
    }
}

async fn page(
    app: &App,
    list: &List,
    p: Page,
    actor: &Actor,
    form: AskForm,
    secret: Option<(String, String)>,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let mut clients = app.db.read(store::clients).await?;
    let mut items = list.0.on(Utc::now().day());
    if actor.role == Role::DepartmentOfficer {
        clients.retain(|client| Some(client.org) == actor.org);
        items.retain(|item| Some(item.owner) == actor.org);
    }
    let page = ListPage {
        p,
        clients,
        items,
        form,
        org: actor.org,
        account: actor.account,
        asks: ASKERS.contains(&actor.role),
        decides: DECIDERS.contains(&actor.role),
        secret,
        issuer: crate::service::issuer(app),
        problem,
    };
    Ok(with_status(render(&page)?, page.problem.as_ref()))
}

async fn list_page(
    AppState(app): AppState<App>,
    Extension(list): Extension<List>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    page(&app, &list, p, &actor, AskForm::default(), None, None).await
}

async fn ask_form(
    AppState(app): AppState<App>,
    Extension(list): Extension<List>,
    actor: Actor,
    p: Page,
    Form(form): Form<AskForm>,
) -> Result<Response, Problem> {
    let new = NewClient {
        name: form.name.clone(),
        item: form.item.clone(),
        redirects: form.redirects.clone(),
        after_logout: form.after_logout.clone(),
        sector: form.sector.clone(),
        needs_par: form.needs_par == "1",
        jwks: form.jwks.clone(),
        id_alg: form.id_alg.clone(),
    };
    match ask(&app, &list, &actor, &new).await {
        Ok(_) => Ok(Redirect::to("/office/clients").into_response()),
        Err(problem) if problem.status < 500 => {
            page(&app, &list, p, &actor, form, None, Some(problem)).await
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Deserialize)]
struct DecideForm {
    decision: String,
}

async fn decide_form(
    AppState(app): AppState<App>,
    Extension(list): Extension<List>,
    actor: Actor,
    Path(id): Path<String>,
    p: Page,
    Form(form): Form<DecideForm>,
) -> Result<Response, Problem> {
    match decide(&app, &actor, &id, form.decision == "yes").await {
        Ok(()) => Ok(Redirect::to("/office/clients").into_response()),
        Err(problem) if problem.status < 500 && problem.status != 404 => {
            page(&app, &list, p, &actor, AskForm::default(), None, Some(problem)).await
        }
        Err(problem) => Err(problem),
    }
}

async fn secret_form(
    AppState(app): AppState<App>,
    Extension(list): Extension<List>,
    actor: Actor,
    Path(id): Path<String>,
    p: Page,
    _: crate::pages::Nothing,
) -> Result<Response, Problem> {
    match new_secret(&app, &actor, &id).await {
        Ok(secret) => {
            page(&app, &list, p, &actor, AskForm::default(), Some((id, secret)), None).await
        }
        Err(problem) if problem.status < 500 && problem.status != 404 => {
            page(&app, &list, p, &actor, AskForm::default(), None, Some(problem)).await
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Deserialize)]
struct KeysForm {
    jwks: String,
}

async fn keys_form(
    AppState(app): AppState<App>,
    Extension(list): Extension<List>,
    actor: Actor,
    Path(id): Path<String>,
    p: Page,
    Form(form): Form<KeysForm>,
) -> Result<Response, Problem> {
    match new_keys(&app, &actor, &id, &form.jwks).await {
        Ok(()) => Ok(Redirect::to("/office/clients").into_response()),
        Err(problem) if problem.status < 500 && problem.status != 404 => {
            page(&app, &list, p, &actor, AskForm::default(), None, Some(problem)).await
        }
        Err(problem) => Err(problem),
    }
}
