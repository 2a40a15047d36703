//! Pages for people: the sign-in request with consent, confirming it on a phone, connected services, sign-out.

use askama::Template;
use axum::extract::{Extension, State as AppState};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::auth::{self, Session};
use kernel::db::{DbError, Tx};
use kernel::http::{Form, NoFields, Page, Path, Query, Routes, render};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use serde::Deserialize;

use crate::rules::{self, Asked, Refused};
use crate::service::{self, List};
use crate::store::{self, Client, Consent, Request};
use crate::{keyring, keys, visitor};

const HOLDER: Access = Access::Roles(&[Role::Holder]);

pub(crate) fn routes() -> Routes {
    Routes::new("signin")
        .page(Method::GET, "/oidc/authorize", Access::Public, &[6], authorize)
        .page(Method::POST, "/oidc/authorize", HOLDER, &[6, 18], decide)
        .page(Method::GET, "/oidc/wait/{id}", Access::Public, &[6], wait)
        .page(Method::GET, "/oidc/qr/{token}", HOLDER, &[6, 18], phone)
        .page(Method::POST, "/oidc/qr/{token}", HOLDER, &[6, 18], confirm)
        .page(Method::GET, "/oidc/logout", Access::Public, &[6], logout)
        .page(Method::GET, "/me/connected", HOLDER, &[6, 19], connected)
        .page(Method::POST, "/me/connected", HOLDER, &[6, 19], withdraw)
        .more("/me/connected", Text::new("用社保卡登录的服务", "Services that I sign in to"))
}

/// Takes the service's request from its browser.
async fn authorize(
    AppState(app): AppState<App>,
    Extension(list): Extension<List>,
    Extension(doors): Extension<Doors>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
    p: Page,
) -> Result<Response, Problem> {
    let pushed = !asked.request_uri.is_empty();
    let asked = if pushed { service::pulled(&app, asked).await? } else { asked };
    let for_read = asked.clone();
    let client = app.db.read(move |tx| service::known(tx, &for_read)).await?;
    let back = |error: &str, says: &str| {
        let issuer = service::issuer(&app);
        let answers = [
            ("error", error),
            ("error_description", says),
            ("state", &asked.state),
            ("iss", &issuer),
        ];
        Ok(Redirect::to(&rules::redirect(&asked.redirect_uri, &answers)).into_response())
    };
    if let Err(wrong) = rules::check(&asked) {
        return back(wrong.error, wrong.says);
    }
    if client.needs_par && !pushed {
        return back("invalid_request", "this client must push its requests");
    }
    rules::needs(list.item(&client)?.level, &asked)?;
    let browser = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let begun = service::begin(&app, asked.clone(), browser.unwrap_or_default()).await?;
    let signed_in = auth::presented(&app, &headers).await?;
    let holder = signed_in.filter(|session| session.actor.role == Role::Holder);
    let Some(session) = holder else {
        if asked.prompt == "none" {
            return back("login_required", "nobody is signed in");
        }
        let elsewhere = doors_of(&app, doors, &list, &client).await?;
        return door(&app, p, &client, &begun, elsewhere);
    };
    continue_as(&app, &list, p, &client, &begun.id, session).await
}

/// The person is signed in: ask again, go on at once, or show what he agrees to.
async fn continue_as(
    app: &App,
    list: &List,
    p: Page,
    client: &Client,
    id: &str,
    session: Session,
) -> Result<Response, Problem> {
    let (key, now) = (id.to_owned(), Utc::now());
    let digest = session.digest;
    let (request, since) = app
        .db
        .read(move |tx| {
            let request = store::request(tx, &key, now)?.ok_or(Refused::Over)?;
            Ok::<_, Problem>((request, auth::signed_in_at(tx, &digest)?))
        })
        .await?;
    let person = session.actor.person.ok_or_else(Problem::forbidden)?;
    let (item, auth_time) = (list.item(client)?, since.seconds());
    let silent = request.asked.prompt == "none";
    if rules::needs_login(&request.asked, auth_time, now.seconds(), request.made_at.seconds()) {
        if silent {
            return Ok(refuse(app, &request, "login_required", "the sign-in is too old"));
        }
        return Ok(to_sign_in(app, id));
    }
    let (for_read, for_item) = (client.clone(), item.clone());
    let agreed = app
        .db
        .read(move |tx| {
            service::may_sign_in(tx, person, &for_read.item, now)?;
            Ok::<_, Problem>(service::agreed(tx, person, &for_read, &for_item)?)
        })
        .await?;
    let asks = request.asked.prompt.split_whitespace().any(|prompt| prompt == "consent");
    let level = rules::needs(item.level, &request.asked)?;
    if agreed && !asks && level == 2 {
        let proved = (auth_time, level);
        let to = service::approve(app, list, &session.actor, &request, proved).await?;
        return Ok(Redirect::to(&to).into_response());
    }
    if silent && agreed {
        return Ok(refuse(
            app,
            &request,
            "interaction_required",
            "the person must type a password",
        ));
    }
    if silent {
        return Ok(refuse(app, &request, "consent_required", "the person has not agreed"));
    }
    let fields = item.fields.clone();
    let item_name = item.name.clone();
    let client = client.clone();
    let target = "/oidc/authorize".to_owned();
    let id = id.to_owned();
    render(&ConsentPage {
        p,
        client,
        item_name,
        fields,
        id,
        target,
        asks_password: level > 2,
        numbers: Vec::new(),
        browser: String::new(),
    })
}

fn refuse(app: &App, request: &Request, error: &str, says: &str) -> Response {
    let issuer = service::issuer(app);
    let state = request.asked.state.as_str();
    let answers =
        [("error", error), ("error_description", says), ("state", state), ("iss", &issuer)];
    Redirect::to(&rules::redirect(&request.asked.redirect_uri, &answers)).into_response()
}

fn to_sign_in(app: &App, id: &str) -> Response {
    let next = auth::come_back_to(app, &format!("/oidc/wait/{id}"));
    let mut response = Redirect::to("/sign-in").into_response();
    response.headers_mut().append(header::SET_COOKIE, next);
    response
}

#[derive(Template)]
#[template(path = "signin_door.html")]
struct DoorPage {
    p: Page,
    client: Client,
    id: String,
    svg: String,
    number: i64,
    /// Regions whose holders may sign in too: division and name.
    elsewhere: Vec<(String, String)>,
}

/// Where holders of other regions sign in: division and name.
pub type Doors = fn(&mut Tx<'_>) -> Result<Vec<(String, String)>, DbError>;

/// The other regions, when the service's item is on the joint list (Art. 14).
async fn doors_of(
    app: &App,
    doors: Doors,
    list: &List,
    client: &Client,
) -> Result<Vec<(String, String)>, Problem> {
    match visitor::joint(list, client) {
        Ok(_) => Ok(app.db.read(doors).await?),
        Err(_) => Ok(Vec::new()),
    }
}

/// A text as a QR code in SVG.
pub(crate) fn qr(text: &str) -> Result<String, Problem> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M)
        .map_err(|error| kernel::db::DbError::Engine(error.to_string()))?;
    let svg = code.render::<svg::Color<'_>>().min_dimensions(220, 220).build();
    Ok(svg.split_once("?>").map_or(svg.clone(), |(_, rest)| rest.to_owned()))
}

/// Nobody is signed in in this browser: the code for a phone, and the way to the password.
fn door(
    app: &App,
    p: Page,
    client: &Client,
    begun: &service::Begun,
    elsewhere: Vec<(String, String)>,
) -> Result<Response, Problem> {
    let address = format!("{}/oidc/qr/{}", service::issuer(app), begun.qr);
    let svg = qr(&address)?;
    let (client, id, number) = (client.clone(), begun.id.clone(), begun.number);
    let mut response = render(&DoorPage { p, client, id: id.clone(), svg, number, elsewhere })?;
    let refresh = format!("3; url=/oidc/wait/{id}?still=1");
    if let Ok(value) = HeaderValue::from_str(&refresh) {
        // Without a script: the browser looks by itself whether the phone has answered.
        response.headers_mut().insert("refresh", value);
    }
    response
        .headers_mut()
        .append(header::SET_COOKIE, auth::come_back_to(app, &format!("/oidc/wait/{id}")));
    Ok(response)
}

#[derive(Template)]
#[template(path = "signin_waiting.html")]
struct WaitingPage {
    p: Page,
    number: i64,
}

#[derive(Deserialize)]
struct Still {
    #[serde(default)]
    still: String,
}

/// The browser that asked: goes on when the phone has answered or when somebody signed in here.
async fn wait(
    AppState(app): AppState<App>,
    Extension(list): Extension<List>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(still): Query<Still>,
    p: Page,
) -> Result<Response, Problem> {
    let (request, client) = service::waiting(&app, &id).await?;
    if !request.answer.is_empty() {
        return Ok(Redirect::to(&request.answer).into_response());
    }
    let session = auth::presented(&app, &headers).await?;
    if let Some(session) = session.filter(|session| session.actor.role == Role::Holder) {
        return continue_as(&app, &list, p, &client, &id, session).await;
    }
    if still.still.is_empty() {
        return Ok(to_sign_in(&app, &id));
    }
    let mut response = render(&WaitingPage { p, number: request.number.unwrap_or_default() })?;
    if let Ok(value) = HeaderValue::from_str(&format!("3; url=/oidc/wait/{id}?still=1")) {
        response.headers_mut().insert("refresh", value);
    }
    Ok(response)
}

#[derive(Template)]
#[template(path = "signin_consent.html")]
struct ConsentPage {
    p: Page,
    client: Client,
    item_name: Text,
    fields: Vec<people::field::Field>,
    id: String,
    target: String,
    /// The password of the electronic card is asked for.
    asks_password: bool,
    /// Numbers to choose from, on a phone.
    numbers: Vec<i64>,
    browser: String,
}

#[derive(Deserialize)]
struct Decision {
    #[serde(default)]
    request: String,
    #[serde(default)]
    decision: String,
    #[serde(default)]
    number: String,
    #[serde(default)]
    card_password: String,
}

/// The person agrees or not, in the browser that asked.
async fn decide(
    AppState(app): AppState<App>,
    Extension(list): Extension<List>,
    session: Session,
    Form(form): Form<Decision>,
) -> Result<Response, Problem> {
    let (now, key, digest) = (Utc::now(), form.request.clone(), session.digest);
    let (request, since) = app
        .db
        .read(move |tx| {
            let request = store::request(tx, &key, now)?.filter(|one| one.answer.is_empty());
            Ok::<_, Problem>((request.ok_or(Refused::Over)?, auth::signed_in_at(tx, &digest)?))
        })
        .await?;
    if form.decision != "yes" {
        return deny(&app, &request).await;
    }
    let level = service::proved(&app, &list, &session.actor, &request, &form.card_password).await?;
    let proved = (since.seconds(), level);
    let to = service::approve(&app, &list, &session.actor, &request, proved).await?;
    Ok(Redirect::to(&to).into_response())
}

async fn deny(app: &App, request: &Request) -> Result<Response, Problem> {
    let issuer = service::issuer(app);
    let state = request.asked.state.as_str();
    let says = "the person did not agree";
    let answers = [
        ("error", "access_denied"),
        ("error_description", says),
        ("state", state),
        ("iss", &issuer),
    ];
    let to = rules::redirect(&request.asked.redirect_uri, &answers);
    let (id, address) = (request.id.clone(), to.clone());
    app.db.housekeeping(move |tx| store::answer(tx, &id, None, &address).map(drop)).await?;
    Ok(Redirect::to(&to).into_response())
}

async fn by_qr(app: &App, token: &str) -> Result<(Request, Client), Problem> {
    let (now, digest) = (Utc::now(), seal::token::digest(token));
    app.db
        .read(move |tx| {
            let request = store::request_of_qr(tx, &digest, now)?.ok_or(Refused::Over)?;
            let client = service::known(tx, &request.asked)?;
            Ok((request, client))
        })
        .await
}

/// On the phone: which service, on what browser, and which of three numbers stands on its screen.
async fn phone(
    AppState(app): AppState<App>,
    Extension(list): Extension<List>,
    Path(token): Path<String>,
    p: Page,
) -> Result<Response, Problem> {
    let (request, client) = by_qr(&app, &token).await?;
    let item = list.item(&client)?;
    let right = request.number.unwrap_or_default();
    // The right one stands at a place that the number itself tells, among two others.
    let mut numbers = vec![(right - 10 + 31) % 90 + 10, (right - 10 + 67) % 90 + 10];
    numbers.insert((right % 3) as usize, right);
    let fields = item.fields.clone();
    render(&ConsentPage {
        p,
        client,
        item_name: item.name.clone(),
        fields,
        asks_password: rules::needs(item.level, &request.asked)? > 2,
        id: request.id,
        target: format!("/oidc/qr/{token}"),
        numbers,
        browser: request.browser,
    })
}

#[derive(Template)]
#[template(path = "signin_confirmed.html")]
struct ConfirmedPage {
    p: Page,
    yes: bool,
}

async fn confirm(
    AppState(app): AppState<App>,
    Extension(list): Extension<List>,
    session: Session,
    Path(token): Path<String>,
    p: Page,
    Form(form): Form<Decision>,
) -> Result<Response, Problem> {
    let (request, _) = by_qr(&app, &token).await?;
    if form.decision != "yes" {
        deny(&app, &request).await?;
        return render(&ConfirmedPage { p, yes: false });
    }
    if form.number.parse().ok() != request.number {
        // A guess ends the request: two of three numbers would else be tried.
        deny(&app, &request).await?;
        return Err(Refused::OtherNumber.into());
    }
    let digest = session.digest;
    let since = app.db.read(move |tx| auth::signed_in_at(tx, &digest)).await?;
    let level = service::proved(&app, &list, &session.actor, &request, &form.card_password).await?;
    service::approve(&app, &list, &session.actor, &request, (since.seconds(), level)).await?;
    render(&ConfirmedPage { p, yes: true })
}

#[derive(Deserialize)]
struct Logout {
    #[serde(default)]
    id_token_hint: String,
    #[serde(default)]
    post_logout_redirect_uri: String,
    #[serde(default)]
    state: String,
}

/// Signing out at a service (OpenID Connect RP-Initiated Logout 1.0): its tokens end; the person stays signed
/// in here until he signs out here.
async fn logout(
    AppState(app): AppState<App>,
    Query(asked): Query<Logout>,
    headers: HeaderMap,
    p: Page,
) -> Result<Response, Problem> {
    let known = keyring::published(&app).await?.into_iter();
    let known: Vec<_> = known.map(|key| (key.kid, key.alg, key.public)).collect();
    let hint = keys::open(&asked.id_token_hint, &known);
    let client = hint.as_ref().and_then(|claims| claims["aud"].as_str()).map(str::to_owned);
    let session = auth::presented(&app, &headers).await?;
    let person = session.and_then(|session| session.actor.person);
    let Some(client) = client else { return render(&ConfirmedPage { p, yes: false }) };
    let id = client.clone();
    let found =
        app.db.read(move |tx| store::client(tx, &id)).await?.ok_or(Refused::UnknownClient)?;
    if let (Some(person), Some(hint)) = (person, &hint) {
        // Only the person of the hint is signed out.
        if hint["sub"].as_str() == Some(service::subject(&app, &found.sector, person)?.as_str()) {
            app.db.housekeeping(move |tx| store::revoke_all(tx, person, &client).map(drop)).await?;
        }
    }
    if found.after_logout.contains(&asked.post_logout_redirect_uri) {
        let to = rules::redirect(&asked.post_logout_redirect_uri, &[("state", &asked.state)]);
        return Ok(Redirect::to(&to).into_response());
    }
    render(&ConfirmedPage { p, yes: false })
}

#[derive(Template)]
#[template(path = "signin_services.html")]
struct ConnectedPage {
    p: Page,
    services: Vec<(Consent, Option<Client>)>,
}

impl ConnectedPage {
    fn fields(&self, consent: &Consent) -> String {
        let names = consent.fields.split(',').filter_map(|code| {
            let field = people::field::Field::ALL.into_iter().find(|one| one.code() == code)?;
            Some(self.p.text(&field.label()).to_owned())
        });
        names.collect::<Vec<_>>().join(self.p.t("、", ", "))
    }
}

async fn connected(
    AppState(app): AppState<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let person = actor.person.ok_or_else(Problem::forbidden)?;
    let services = app
        .db
        .read(move |tx| {
            let mut all = Vec::new();
            for consent in store::consents(tx, person)? {
                let client = store::client(tx, &consent.client)?;
                all.push((consent, client));
            }
            Ok::<_, Problem>(all)
        })
        .await?;
    render(&ConnectedPage { p, services })
}

#[derive(Deserialize)]
struct Withdrawn {
    client: String,
}

async fn withdraw(
    AppState(app): AppState<App>,
    actor: Actor,
    Form(form): Form<Withdrawn>,
) -> Result<Response, Problem> {
    service::disagree(&app, &actor, &form.client).await?;
    Ok(Redirect::to("/me/connected").into_response())
}

/// A page's status for a problem that it shows itself.
pub(crate) fn with_status(page: Response, problem: Option<&Problem>) -> Response {
    let status = problem.map_or(200, |problem| problem.status);
    (StatusCode::from_u16(status).unwrap_or_default(), page).into_response()
}

/// Forms without fields of their own.
pub(crate) type Nothing = Form<NoFields>;
