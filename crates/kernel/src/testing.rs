//! What tests of all crates stand on: fresh databases of both engines, a platform over them, actors
//! of any role, and a browser or program that talks to the router in process.
//!
//! SQLite is always there. PostgreSQL is used when `YIKATONG_TEST_POSTGRES` holds the
//! `postgres://…` URL of a server on which databases may be made; where `CI` is set it must.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use metrics_exporter_prometheus::PrometheusBuilder;
use seal::keystore::SoftKeys;
use tower::ServiceExt as _;

use crate::actor::{Actor, Role};
use crate::auth::{self, NewAccount, SESSION_COOKIE};
use crate::db::{Db, DbError, Limits, Location, Migration, Tx, v};
use crate::id::{Id, IdMaker};
use crate::keys::Keys;
use crate::platform::{App, Config, Platform, random};
use crate::time::Utc;

const SERVER: &str = "YIKATONG_TEST_POSTGRES";

/// An empty database that is removed when the value is dropped.
pub struct TestDb {
    /// Open, without a schema.
    pub db: Db,
    /// Where it is, to open it a second time.
    pub location: Location,
    /// `sqlite` or `postgres`, for messages.
    pub engine: &'static str,
    /// A folder of its own.
    pub folder: PathBuf,
    /// URL of the server and name of the database to be dropped.
    server: Option<(String, String)>,
}

/// A fresh database of each engine at hand. `name` shows in their names.
///
/// # Panics
/// When one cannot be made, or when `CI` is set and no PostgreSQL server is named.
pub fn databases(name: &str) -> Vec<TestDb> {
    databases_with(name, &Limits { connections: 4, ..Limits::default() })
}

/// Like [`databases`] with other sizes of queues and pools.
///
/// # Panics
/// As [`databases`].
pub fn databases_with(name: &str, limits: &Limits) -> Vec<TestDb> {
    let mut made = vec![sqlite(name, limits)];
    match std::env::var(SERVER) {
        Ok(url) => made.push(postgres(&url, name, limits)),
        Err(_) if std::env::var_os("CI").is_some() => {
            panic!("CI must test PostgreSQL: set {SERVER}")
        }
        Err(_) => {}
    }
    made
}

fn unique(name: &str) -> String {
    format!("yikatong_{name}_{}", hex::encode(random::<6>()))
}

fn new_folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(unique(name));
    std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
    folder
}

fn sqlite(name: &str, limits: &Limits) -> TestDb {
    let folder = new_folder(name);
    let location = Location::Sqlite(folder.join("test.sqlite"));
    let db = Db::open(&location, limits).expect("SQLite opens");
    TestDb { db, location, engine: "sqlite", folder, server: None }
}

fn postgres(server: &str, name: &str, limits: &Limits) -> TestDb {
    let database = unique(name);
    on_server(server, format!("CREATE DATABASE {database}")).expect("a database can be made");
    let location = Location::Postgres(url_of(server, &database));
    let db = Db::open(&location, limits).expect("PostgreSQL opens");
    let server = Some((server.to_owned(), database));
    TestDb { db, location, engine: "postgres", folder: new_folder(name), server }
}

/// The server's URL with another database.
fn url_of(server: &str, database: &str) -> String {
    let (base, query) = server.split_once('?').unwrap_or((server, ""));
    let (scheme, rest) = base.split_once("://").expect("a postgres:// URL");
    let authority = rest.split('/').next().unwrap_or_default();
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    format!("{scheme}://{authority}/{database}{query}")
}

/// Runs one text of SQL on a connection of its own, past the kernel: tests tamper with it.
///
/// # Errors
/// What the server says.
///
/// # Panics
/// When the server cannot be reached.
pub fn on_server(url: &str, sql: String) -> Result<(), tokio_postgres::Error> {
    let url = url.to_owned();
    // Callers may be inside a runtime, which must not be blocked on.
    let work = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
            let driver = tokio::spawn(connection);
            let done = client.batch_execute(&sql).await;
            drop(client);
            let _ = driver.await;
            done
        })
    };
    std::thread::spawn(work).join().expect("the thread does not panic")
}

impl Drop for TestDb {
    fn drop(&mut self) {
        if let Some((server, database)) = self.server.take() {
            // A database that cannot be dropped is litter, not a failed test.
            let _ = on_server(&server, format!("DROP DATABASE {database} WITH (FORCE)"));
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A platform over `test`, migrated, with keys of its own. Its data folder is `test.folder`.
///
/// # Panics
/// When a migration fails.
pub async fn platform(test: &TestDb, migrations: &[&[Migration]]) -> App {
    test.db.migrate(migrations.concat()).await.expect("the migrations run");
    static NODE: AtomicU64 = AtomicU64::new(1);
    let config = Config {
        data: test.folder.clone(),
        demo: false,
        region: "500000".to_owned(),
        issuer_code: "11500000MB1234567X".to_owned(),
        journal_origin: "test.yikatong/journal".to_owned(),
        public_url: "http://localhost".to_owned(),
        behind_proxy: false,
        secure_cookies: false,
    };
    let text = SoftKeys::fresh_text(&crate::keys::NAMES, random::<32>);
    let keys = Keys::new(SoftKeys::parse(&text).expect("fresh keys can be read"));
    let figures = PrometheusBuilder::new().build_recorder().handle();
    let node = NODE.fetch_add(1, Ordering::Relaxed);
    Arc::new(Platform::new(test.db.clone(), keys, config, figures, node))
}

/// Somebody new of this role; staff act for an organisation in Yubei, holders have a person.
pub fn actor(role: Role) -> Actor {
    static IDS: std::sync::LazyLock<IdMaker> = std::sync::LazyLock::new(|| IdMaker::new(1_000));
    let id = || IDS.next(Utc::now());
    let holder = role == Role::Holder;
    Actor {
        account: id(),
        name: role.name().zh,
        role,
        org: (!holder).then(id),
        division: if holder { String::new() } else { "500112".to_owned() },
        person: holder.then(id),
    }
}

/// A browser or a program that talks to a router in process. It keeps cookies.
pub struct Client {
    router: Router,
    /// Cookies by name.
    pub cookies: BTreeMap<String, String>,
    /// Bearer token that is sent.
    pub bearer: Option<String>,
    /// Value of `_csrf` that [`Client::post_form`] adds, when not empty.
    pub csrf: String,
    /// Address that the requests come from.
    pub address: SocketAddr,
    /// Headers that each request gets.
    pub headers: Vec<(&'static str, String)>,
}

/// A whole answer.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; `null` when it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The code of a problem; empty when the body is none.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// A header's text; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Client {
    /// A stranger with a fresh browser.
    pub fn new(router: &Router) -> Self {
        Self {
            router: router.clone(),
            cookies: BTreeMap::new(),
            bearer: None,
            csrf: String::new(),
            address: SocketAddr::from(([198, 51, 100, 7], 40_000)),
            headers: Vec::new(),
        }
    }

    /// A browser in which `actor` is signed in; his account is made when it is missing.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn signed_in(router: &Router, app: &App, actor: &Actor) -> Self {
        let token = seal::token::from_random(&random::<32>());
        let (kept, who) = (token.clone(), actor.clone());
        let csrf = app.db.housekeeping(move |tx| {
            ensure_account(tx, &who)?;
            auth::open_session(tx, &kept, &who, Utc::now())
        });
        let mut client = Self::new(router);
        client.csrf = csrf.await.expect("a session can be opened");
        client.cookies.insert(SESSION_COOKIE.to_owned(), token);
        client
    }

    /// A program with a bearer token of `actor`; his account is made when it is missing.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn program(router: &Router, app: &App, actor: &Actor) -> Self {
        let who = actor.clone();
        let token = app.db.housekeeping(move |tx| {
            ensure_account(tx, &who)?;
            auth::make_token(tx, who.account, who.role, Utc::now())
        });
        let mut client = Self::new(router);
        client.bearer = Some(token.await.expect("a token can be made"));
        client
    }

    /// `GET path`.
    pub async fn get(&mut self, path: &str) -> Reply {
        self.send(Request::get(path).body(Body::empty()).expect("a request")).await
    }

    /// Posts a form; `_csrf` is added.
    pub async fn post_form(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let mut fields = fields.to_vec();
        if !self.csrf.is_empty() {
            fields.push(("_csrf", &self.csrf));
        }
        let body = serde_urlencoded::to_string(fields).expect("pairs of texts");
        self.post(path, "application/x-www-form-urlencoded", body).await
    }

    /// Posts JSON.
    pub async fn post_json(&mut self, path: &str, body: &serde_json::Value) -> Reply {
        self.post(path, "application/json", body.to_string()).await
    }

    /// Posts any body.
    pub async fn post(&mut self, path: &str, kind: &str, body: impl Into<Body>) -> Reply {
        let request = Request::post(path).header(header::CONTENT_TYPE, kind);
        self.send(request.body(body.into()).expect("a request")).await
    }

    /// Sends any request, with this client's address, cookies, token and headers.
    ///
    /// # Panics
    /// When the body of the answer breaks off.
    pub async fn send(&mut self, mut request: Request<Body>) -> Reply {
        request.extensions_mut().insert(ConnectInfo(self.address));
        let headers = request.headers_mut();
        if !self.cookies.is_empty() {
            let pairs: Vec<String> = self.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
            headers.insert(header::COOKIE, pairs.join("; ").parse().expect("cookie text"));
        }
        if let Some(token) = &self.bearer {
            let value = format!("Bearer {token}").parse().expect("token text");
            headers.insert(header::AUTHORIZATION, value);
        }
        for (name, value) in &self.headers {
            headers.insert(*name, value.parse().expect("header text"));
        }
        let answer = self.router.clone().oneshot(request).await;
        let (parts, body) = answer.unwrap_or_else(|never| match never {}).into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.expect("a whole body").to_vec();
        self.keep_cookies(&parts.headers);
        Reply { status: parts.status, headers: parts.headers, body }
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for line in headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().unwrap_or_default();
            let pair = line.split(';').next().unwrap_or_default();
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            match line.contains("Max-Age=0") {
                true => self.cookies.remove(name),
                false => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
    }
}

fn ensure_account(tx: &mut Tx<'_>, actor: &Actor) -> Result<(), DbError> {
    let sql = "SELECT id FROM account WHERE id = $1";
    if tx.optional(sql, &[v(actor.account)])?.is_some() {
        return Ok(());
    }
    let account = NewAccount {
        id: actor.account,
        role: actor.role,
        name: actor.name.clone(),
        org: actor.org,
        division: actor.division.clone(),
        person: actor.person,
        phone: None,
    };
    auth::create_account(tx, &account, Utc::now())
}

/// An id that is not taken, for things without a maker of their own.
pub fn id() -> Id {
    actor(Role::Clerk).account
}
