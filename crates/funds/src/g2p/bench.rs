//! How many ids a second a resolve answers, beside a bare read of the same rows in the same run.

use std::time::{Duration, Instant};

use kernel::actor::{Actor, Role};
use kernel::db::{BulkRows, DbError, Kind, Tx, v};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::MOST;
use super::envelope::link_key;
use super::mapper::{Item, work};

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Ids answered.
    pub ids: usize,
    /// By resolves of 1,000 ids, journalled.
    pub resolve: Duration,
    /// Bare reads of the same rows.
    pub bare: Duration,
}

impl Measured {
    /// Ids a second.
    pub fn rate(&self) -> f64 {
        self.ids as f64 / self.resolve.as_secs_f64().max(1e-9)
    }

    /// Bare rows a second.
    pub fn floor(&self) -> f64 {
        self.ids as f64 / self.bare.as_secs_f64().max(1e-9)
    }
}

const LINKS: BulkRows = BulkRows {
    table: "g2p_link",
    columns: &[
        ("link_key", Kind::Text),
        ("org_id", Kind::Int),
        ("person_id", Kind::Int),
        ("handle", Kind::Text),
        ("bank", Kind::Text),
        ("active", Kind::Bool),
        ("changed_at", Kind::Int),
    ],
};

/// Rows of one transaction.
const SET: i64 = 200_000;
/// Callers, each with one request under way.
const CALLERS: usize = 4;

fn number(place: i64) -> String {
    format!("500112{place:012}")
}

/// Fills the directory with `accounts` links of one department, then resolves `rounds` times 1,000 ids
/// spread over all of them.
///
/// # Errors
/// See [`Problem`].
pub async fn measure(app: &App, accounts: i64, rounds: usize) -> Result<Measured, Problem> {
    let org = app.id();
    let officer = Actor {
        account: app.id(),
        name: "bench".to_owned(),
        role: Role::DepartmentOfficer,
        org: Some(org),
        division: "500000".to_owned(),
        person: None,
    };
    let programme = app.id();
    app.db
        .housekeeping::<(), DbError>(move |tx| {
            let sql = "INSERT INTO programme (id, code, version, name_zh, name_en, kind, department, conflicts,
                           public_days, two_above_fen, max_line_fen, per, state, from_day, body)
                       VALUES ($1, 'BENCH', 1, '', '', 'subsidy', $2, '', 7, 0, 1, 'person', 'open', '', '{}')";
            tx.execute(sql, &[v(programme), v(org)]).map(drop)
        })
        .await?;
    let mut from = 0;
    while from < accounts {
        let to = (from + SET).min(accounts);
        app.db.housekeeping(move |tx| load(tx, org, from, to)).await?;
        from = to;
    }
    let ids = |round: usize| {
        let step = (accounts / MOST as i64).max(1);
        let first = (round as i64).wrapping_mul(7_919);
        (0..MOST as i64).map(move |place| number((first + place * step) % accounts))
    };
    let item = |(place, number): (usize, String)| Item {
        reference_id: place.to_string(),
        timestamp: String::new(),
        id: Some(format!("nin:{number}@cn")),
        fa: None,
        scope: Some("details".to_owned()),
    };
    let requests: Vec<Vec<Item>> =
        (0..rounds).map(|round| ids(round).enumerate().map(item).collect()).collect();
    let began = Instant::now();
    let waiting = std::sync::Arc::new(std::sync::Mutex::new(requests));
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..CALLERS {
        callers.spawn(ask(app.clone(), officer.clone(), waiting.clone()));
    }
    while let Some(done) = callers.join_next().await {
        done.map_err(|error| DbError::Engine(error.to_string()))??;
    }
    let resolve = began.elapsed();
    let began = Instant::now();
    for round in 0..rounds {
        let keys: Vec<String> = ids(round).map(|number| link_key(org, &number)).collect();
        let read = move |tx: &mut Tx<'_>| {
            let keys: Vec<_> = keys.iter().map(v).collect();
            let sql = "SELECT handle, bank, active FROM g2p_link WHERE link_key IN (#)";
            Ok::<_, DbError>(tx.query_in(sql, &keys)?.len())
        };
        app.db.read(read).await?;
    }
    Ok(Measured { ids: rounds * MOST, resolve, bare: began.elapsed() })
}

type Requests = std::sync::Arc<std::sync::Mutex<Vec<Vec<Item>>>>;

/// One caller: sends the next request when it has the answer to the one before.
async fn ask(app: App, officer: Actor, waiting: Requests) -> Result<(), Problem> {
    loop {
        let next = waiting.lock().ok().and_then(|mut all| all.pop());
        let Some(items) = next else { return Ok(()) };
        let (done, _) = work(&app, &officer, items, "resolve").await?;
        if done.iter().any(|one| one.status_reason_code != "succ.id.active") {
            return Err(Problem::not_found());
        }
    }
}

fn load(tx: &mut Tx<'_>, org: Id, from: i64, to: i64) -> Result<u64, DbError> {
    let now = Utc::now();
    let row = |place: i64| {
        vec![
            v(link_key(org, &number(place))),
            v(org),
            v(place),
            v(format!("h{place}")),
            v("SFYH"),
            v(true),
            v(now),
        ]
    };
    tx.bulk(LINKS, &mut (from..to).map(row))
}
