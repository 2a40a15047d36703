//! Every page that opens, as somebody with a screen reader, large letters or a phone meets it: axe-core
//! finds nothing serious, and nobody scrolls sideways on a phone (Art. 15, 22).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use axum::http::Method;
use items::service::Catalogue;
use kernel::actor::{Access, Actor, Role};
use kernel::db::{DbError, Tx, v};
use kernel::http::{Declared, RouteKind};
use kernel::id::Id;
use kernel::platform::App;
use kernel::testing::{self, Client};

use crate::support::browser::{self, Browser};

/// axe-core 4.10.3, MPL-2.0 (docs/decisions/0016-axe-core.md).
pub const AXE: &str = include_str!("assets/axe.min.js");

/// Rows that stand for a parameter of a path, by the word before it.
const ROWS: &[(&str, &str)] = &[
    ("people", "SELECT person_id FROM card WHERE live ORDER BY person_id LIMIT 1"),
    ("batches", "SELECT id FROM pay_batch ORDER BY id LIMIT 1"),
    ("rosters", "SELECT id FROM roster ORDER BY id LIMIT 1"),
    ("entries", "SELECT entry_id FROM ledger_entry ORDER BY id LIMIT 1"),
    ("outlets", "SELECT id FROM outlet ORDER BY id LIMIT 1"),
    ("banks", "SELECT id FROM bank ORDER BY id LIMIT 1"),
    ("terminals", "SELECT id FROM terminal ORDER BY id LIMIT 1"),
    ("complaints", "SELECT id FROM complaint ORDER BY id LIMIT 1"),
    ("cases", "SELECT id FROM conduct_case ORDER BY id LIMIT 1"),
    ("agreements", "SELECT id FROM bank_agreement ORDER BY id LIMIT 1"),
    ("freezes", "SELECT id FROM person_freeze ORDER BY id LIMIT 1"),
    ("mass-freezes", "SELECT id FROM safety_mass ORDER BY id LIMIT 1"),
    ("alerts", "SELECT id FROM safety_alert ORDER BY id LIMIT 1"),
    ("incidents", "SELECT id FROM incident ORDER BY id LIMIT 1"),
    ("tasks", "SELECT id FROM coord_task ORDER BY id LIMIT 1"),
    ("training", "SELECT id FROM training_course ORDER BY id LIMIT 1"),
    ("courses", "SELECT id FROM training_course ORDER BY id LIMIT 1"),
];
/// Members of staff of the demonstration, and what stands for them.
const STAFF: &[(Role, &str)] = &[
    (Role::Clerk, "CLERK"),
    (Role::DistrictOfficer, "DISTRICT"),
    (Role::MunicipalOfficer, "CITY"),
    (Role::MunicipalApprover, "CITY2"),
    (Role::DepartmentOfficer, "LIBRARY"),
    (Role::Auditor, "AUDITOR"),
];

/// The demonstration in process, served on a port.
pub struct Served {
    pub app: App,
    table: Vec<Declared>,
    pub router: axum::Router,
    pub url: String,
    rows: BTreeMap<&'static str, String>,
    pub test: testing::TestDb,
}

/// The demonstration on an embedded database of its own.
pub async fn serve(name: &str) -> Served {
    let test = testing::databases(name).remove(0);
    let app = testing::platform(&test, &[&yikatong::migrations()]).await;
    yikatong::demo::prepare(&app).await.expect("the demonstration");
    let catalogue = Arc::new(Catalogue::default());
    catalogue.load(&app).await.expect("the list is read");
    let built = yikatong::serve::built(&app, catalogue);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (router, table) = (built.router.clone(), built.table);
    tokio::spawn(kernel::http::serve(built.router, listener, std::future::pending()));
    let rows = rows(&app).await;
    Served { app, table, router, url, rows, test }
}

async fn rows(app: &App) -> BTreeMap<&'static str, String> {
    let mut rows = BTreeMap::new();
    for (word, sql) in ROWS {
        let read = move |tx: &mut Tx<'_>| {
            Ok::<_, DbError>(match tx.optional(sql, &[])? {
                Some(row) => Some(row.get::<Id>(0)?.to_string()),
                None => None,
            })
        };
        if let Ok(Some(id)) = app.db.read(read).await {
            rows.insert(*word, id);
        }
    }
    rows
}

/// What the demonstration has none of: a freeze and one of many, an alert, an incident, a case under way.
async fn populate(served: &mut Served) {
    use conduct::cases::service::{self as cases, Sent, Telling};
    use conduct::safety::freezes::{mass, service as freezes};
    use conduct::safety::incidents::service as incidents;
    use people::freezes::{Reason, Scope, Source};
    let app = &served.app;
    let district = served.actor(Role::DistrictOfficer).await;
    let city = served.actor(Role::MunicipalOfficer).await;
    let read = app.db.read(|tx| {
        let row = tx.one("SELECT id, number FROM person ORDER BY id LIMIT 1", &[])?;
        Ok::<_, DbError>((row.get::<Id>(0)?, row.get::<String>(1)?))
    });
    let (person, number) = read.await.expect("somebody");
    let wanted = || freezes::Wanted {
        scope: Scope::Money,
        reason: Reason::Suspicious,
        words: "协查".to_owned(),
        evidence: String::new(),
        alert: None,
    };
    freezes::freeze(app, &district, Source::Officer, person, wanted()).await.expect("frozen");
    mass::propose(app, &city, mass::By::Numbers, &number, wanted()).await.expect("proposed");
    let id = app.id();
    let alert = app.db.housekeeping(move |tx| {
        let sql = "INSERT INTO safety_alert (id, rule, rule_version, about, person_id, facts, evidence, division,
                     at, last_at, times, assigned_name, disposition, closed_name, note, version)
                   VALUES ($1, 'impossible-travel', 0, 'x', $2, $3, '', '', $4, $4, 1, '', 'open', '', '', 1)";
        let now = kernel::time::Utc::now();
        tx.execute(sql, &[v(id), v(person), v("先后在两地用卡\nTwo places"), v(now)])
    });
    alert.await.expect("an alert");
    let opening = incidents::Opening {
        kind: "data-breach".to_owned(),
        level: "2".to_owned(),
        title: "名单外泄".to_owned(),
        words: "一份名单被发到群里".to_owned(),
        component: "pages".to_owned(),
        impact: "partial".to_owned(),
        ..incidents::Opening::default()
    };
    incidents::open(app, &city, &opening).await.expect("opened");
    let told = Telling {
        clause: "25.2".to_owned(),
        division: district.division.clone(),
        words: "某图书馆多次拒绝使用社会保障卡办理借阅".to_owned(),
        ..Telling::default()
    };
    cases::report(app, None, &told).await.expect("told");
    let read = app.db.read(|tx| tx.one("SELECT MAX(id) FROM conduct_case", &[])?.get::<Id>(0));
    let open = Sent {
        act: "open".to_owned(),
        clause: "25.2".to_owned(),
        party: "body".to_owned(),
        respondent: "某图书馆".to_owned(),
        ..Sent::default()
    };
    cases::act(app, &district, read.await.expect("a case"), open).await.expect("opened");
    served.rows = rows(&served.app).await;
}

impl Served {
    pub async fn actor(&self, role: Role) -> Actor {
        let login = STAFF.iter().find(|(known, _)| *known == role).map(|(_, login)| *login);
        let read = move |tx: &mut Tx<'_>| {
            let account = login.map(|login| kernel::auth::account_called(tx, login)).transpose()?;
            let sql = "SELECT id, name, org_id, division, person_id FROM account
                       WHERE id = $1 OR ($1 IS NULL AND role = $2) ORDER BY id LIMIT 1";
            let row = tx.one(sql, &[v(account.flatten()), v(role.code())])?;
            let (account, name, org) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (division, person) = (row.get(3)?, row.get(4)?);
            Ok::<_, DbError>(Actor { account, name, role, org, division, person })
        };
        self.app.db.read(read).await.expect("the demonstration has one of each role")
    }

    /// The paths that this role opens: all pages without a parameter, and those with one that the
    /// demonstration has a row for.
    fn paths(&self, role: Option<Role>, known: &mut Vec<String>) -> Vec<String> {
        let mut paths = Vec::new();
        for route in &self.table {
            let page = route.method == Method::GET && route.kind == RouteKind::Page;
            let opens = match role {
                None => route.access == Access::Public,
                Some(role) => route.access != Access::Public && route.access.lets_in(role),
            };
            let Some(path) = self.filled(&route.path) else { continue };
            let last = path.rsplit('/').next().unwrap_or_default();
            let file = last.contains('.') || ["pdf", "progress"].contains(&last);
            if page && opens && !file && !known.contains(&path) {
                known.push(path.clone());
                paths.push(path);
            }
        }
        paths
    }

    fn filled(&self, path: &str) -> Option<String> {
        let (mut parts, mut before) = (Vec::new(), "");
        for part in path.split('/') {
            parts.push(match part.starts_with('{') {
                true if before == "items" => items::seed::LIBRARY.to_owned(),
                true if before == "figures" => "uses".to_owned(),
                true if before == "report" => kernel::time::Utc::now().day().year().to_string(),
                true if before == "alert-rules" => "code-replay".to_owned(),
                true => self.rows.get(before)?.clone(),
                false => part.to_owned(),
            });
            before = part;
        }
        Some(parts.join("/"))
    }

    /// A browser in which somebody of this role is signed in.
    async fn browser(&self, role: Option<Role>, phone: bool) -> Browser {
        let actor = match role {
            Some(role) => Some(self.actor(role).await),
            None => None,
        };
        self.browser_of(actor.as_ref(), phone).await
    }

    /// A browser in which somebody is signed in, or nobody.
    pub async fn browser_of(&self, actor: Option<&Actor>, phone: bool) -> Browser {
        let browser = if phone { Browser::phone().await } else { Browser::desktop().await };
        browser.open(&format!("{}/status", self.url)).await;
        browser.set_cookie("lang", "zh-CN").await;
        if let Some(actor) = actor {
            let client = Client::signed_in(&self.router, &self.app, actor).await;
            for (name, value) in &client.cookies {
                browser.set_cookie(name, value).await;
            }
        }
        browser
    }
}

/// Where pictures of all pages are put, when somebody wants to look at them.
pub fn pictures() -> Option<PathBuf> {
    std::env::var_os("YIKATONG_SCREENSHOTS").map(PathBuf::from)
}

/// Opens each page and gathers what axe finds.
async fn walk(served: &Served, browser: &Browser, paths: &[String], mark: &str) -> Vec<String> {
    let mut found = Vec::new();
    for path in paths {
        browser.open(&format!("{}{path}", served.url)).await;
        if !browser.shows_a_page().await {
            continue;
        }
        for violation in browser.axe(AXE).await {
            found.push(format!("{mark} {path}: {violation}"));
        }
        if mark != "desk" {
            let over = browser.overflow().await;
            if over > 0 {
                found.push(format!("{mark} {path}: {over} points too wide"));
            }
        }
        if let Some(folder) = pictures() {
            let name = format!("{mark}{}.png", path.replace('/', "_"));
            browser.picture(&folder.join(name)).await;
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_axe_finds_nothing_serious_on_any_page() {
    if !browser::wanted() {
        return;
    }
    let mut served = serve("pages").await;
    populate(&mut served).await;
    let (mut known, mut found, mut count) = (Vec::new(), Vec::new(), 0);
    for (role, phone) in std::iter::once((None, true))
        .chain([(Some(Role::Holder), true)])
        .chain(STAFF.iter().map(|(role, _)| (Some(*role), false)))
        .chain(
            [Role::OutletManager, Role::HotlineAgent, Role::Administrator]
                .map(|role| (Some(role), false)),
        )
    {
        let paths = served.paths(role, &mut known);
        count += paths.len();
        let browser = served.browser(role, phone).await;
        let mark = if phone { "phone" } else { "desk" };
        found.extend(walk(&served, &browser, &paths, mark).await);
        if role == Some(Role::Holder) {
            browser.set_cookie("elder", "1").await;
            found.extend(walk(&served, &browser, &paths, "elder").await);
        }
    }
    assert!(count > 120, "only {count} pages were opened");
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
}
