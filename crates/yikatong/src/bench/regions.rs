//! Messages between two installations over HTTP, signed, on record and with receipts, beside bare inserts
//! of what the receiver keeps; and how soon a backlog is gone.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use codes::service::Codes;
use kernel::actor::{Actor, Role};
use kernel::db::{Location, v};
use kernel::journal::{self, Entry};
use kernel::platform::{App, random};
use kernel::problem::Problem;
use kernel::time::Utc;
use regions::rules::{Descriptor, fingerprint};
use regions::service::{deliver, incidents, trust};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::prepare_region;

/// Messages of the measurement without a backlog.
const STEADY: u32 = 500;

/// Measures with the receiver on one database and the sender on the embedded one, and prints what it saw.
///
/// # Errors
/// In words, what went wrong.
pub(super) async fn run(
    name: &str,
    location: &Location,
    folder: &Path,
    backlog: u32,
) -> Result<(), String> {
    let words = |problem: Problem| format!("{}: {}", problem.code, problem.title.en);
    let folder = folder.join(name);
    let (from, to) = (folder.join("500000"), folder.join("510000"));
    let own = Location::Sqlite(from.join("bench.db"));
    let location = match location {
        Location::Sqlite(_) => &Location::Sqlite(to.join("bench.db")),
        other => other,
    };
    let (here, _) = prepare_region(&own, &from, "500000").await?;
    let (there, list) = prepare_region(location, &to, "510000").await?;
    let codes = Arc::new(Codes::start(&there, list.clone()));
    let router = kernel::http::build(there.clone(), regions::routes(codes, list)).router;
    let mut door = Door::open(&router, 0).await?;
    believe(&here, &there, door.port).await?;

    let floor = bare(&there, STEADY).await.map_err(words)?;
    tell(&here, STEADY).await.map_err(words)?;
    let rate = f64::from(STEADY) / delivered(&here).await.map_err(words)?;

    door.shut().await;
    let began = Instant::now();
    tell(&here, backlog).await.map_err(words)?;
    let written = f64::from(backlog) / began.elapsed().as_secs_f64();
    deliver::round(&here).await.map_err(words)?;
    door = Door::open(&router, door.port).await?;
    let caught = delivered(&here).await.map_err(words)?;
    door.shut().await;

    println!("{name}");
    println!("  messages done, with receipts   {rate:>9.0} /s");
    println!("  floor: the same rows, no HTTP  {floor:>9.0} /s   ratio {:.2}", rate / floor);
    println!("  written during a partition     {written:>9.0} /s");
    println!(
        "  backlog of {backlog} gone after {caught:.1} s, {:.0} /s; up to 32 s later after a long partition",
        f64::from(backlog) / caught
    );
    let came = "SELECT COUNT(*) FROM region_incident WHERE origin = '500000'";
    let came = there.db.read(move |tx| tx.one(came, &[])?.get::<i64>(0)).await;
    match came.map_err(|error| error.to_string())? {
        all if all == i64::from(STEADY + backlog) => Ok(()),
        some => Err(format!("{some} of {} messages were done", STEADY + backlog)),
    }
}

/// The receiver's server.
struct Door {
    port: u16,
    server: JoinHandle<()>,
}

impl Door {
    /// Opens it at a port; at any that is free when it is zero.
    async fn open(router: &Router, port: u16) -> Result<Self, String> {
        let words = |error: std::io::Error| error.to_string();
        let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(words)?;
        let port = listener.local_addr().map_err(words)?.port();
        let router = router.clone();
        let server = tokio::spawn(async move {
            // It ends when the door is shut.
            let _ = kernel::http::serve(router, listener, std::future::pending()).await;
        });
        Ok(Self { port, server })
    }

    async fn shut(&mut self) {
        self.server.abort();
        let _ = (&mut self.server).await;
    }
}

/// Both sides trust one another.
async fn believe(here: &App, there: &App, port: u16) -> Result<(), String> {
    let words = |problem: Problem| format!("{}: {}", problem.code, problem.title.en);
    for app in [here, there] {
        let now = Utc::now().seconds();
        let own = trust::Own {
            name: app.config.region.clone(),
            endpoint: format!("http://127.0.0.1:{port}"),
            contact: "12333".to_owned(),
            serial: 1,
            valid_from: now - 60,
            valid_until: now + 86_400,
            key: 1,
        };
        let text = serde_json::to_string(&own).map_err(|error| error.to_string())?;
        std::fs::write(app.config.data.join("region.json"), text).map_err(|e| e.to_string())?;
    }
    for (app, other) in [(here, there), (there, here)] {
        let signed = trust::own_descriptor(other).map_err(words)?;
        let text = serde_json::to_string(&signed).map_err(|error| error.to_string())?;
        let said: Descriptor =
            serde_json::from_str(&signed.text).map_err(|error| error.to_string())?;
        let maker = officer(app, Role::MunicipalOfficer);
        let id = trust::import(app, &maker, &text).await.map_err(words)?;
        let checker = officer(app, Role::MunicipalApprover);
        trust::decide(app, &checker, id, true, &fingerprint(&said)).await.map_err(words)?;
    }
    Ok(())
}

fn officer(app: &App, role: Role) -> Actor {
    Actor { account: app.id(), role, ..Actor::system() }
}

/// So many emergencies are told, one transaction each.
async fn tell(app: &App, times: u32) -> Result<(), Problem> {
    let officer = officer(app, Role::MunicipalOfficer);
    for number in 0..times {
        incidents::tell(app, &officer, &format!("第 {number} 件"), "一切正常，仅作测量。").await?;
    }
    Ok(())
}

/// Rounds as the job makes them, until nothing waits; seconds from the first that was not a pause.
async fn delivered(app: &App) -> Result<f64, Problem> {
    let mut began = Instant::now();
    loop {
        let first = waiting(app).await?;
        deliver::round(app).await?;
        match waiting(app).await? {
            0 => return Ok(began.elapsed().as_secs_f64()),
            left if left == first => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                began = Instant::now();
            }
            _ => {}
        }
    }
}

async fn waiting(app: &App) -> Result<i64, Problem> {
    let sql = "SELECT COUNT(*) FROM region_outbox WHERE result = ''";
    app.db.read(move |tx| Ok::<_, Problem>(tx.one(sql, &[])?.get(0)?)).await
}

/// The rows that a receiver keeps for each message, one transaction each, and nothing else; per second.
async fn bare(app: &App, times: u32) -> Result<f64, Problem> {
    let began = Instant::now();
    for _ in 0..times {
        let id: String = random::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
        let entry =
            Entry::new(app.id(), Utc::now(), &Actor::system(), "region.received", "Art. 17")
                .on("message", &id);
        app.db
            .write(move |tx| {
                let (now, text) = (Utc::now(), "x".repeat(700));
                let sql = "INSERT INTO region_inbox
                           (region, id, kind, digest, signed, result, receipt, received_at)
                           VALUES ($1, $2, 'incident.told', $2, $3, 'ok', $3, $4)";
                tx.execute(sql, &[v("000000"), v(&id), v(&text), v(now)])?;
                let sql = "INSERT INTO region_incident (origin, id, title, text, told_at)
                           VALUES ($1, $2, $2, $2, $3)";
                tx.execute(sql, &[v("000000"), v(&id), v(now)])?;
                Ok::<_, Problem>(journal::record(tx, &entry)?)
            })
            .await?;
    }
    Ok(f64::from(times) / began.elapsed().as_secs_f64())
}
