//! Messages between two installations over HTTP, signed, on record and with receipts, beside bare inserts
//! of what the receiver keeps; how soon a backlog is gone; and cards of one shown in the other beside its own.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use codes::service::Codes;
use items::service::Catalogue;
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

use super::{Size, holders, load, prepare_region};
use crate::serve;

/// An item of the joint list.
const LOANS: &str = "CY-CU-001";
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
    size: &Size,
) -> Result<(), String> {
    let words = |problem: Problem| format!("{}: {}", problem.code, problem.title.en);
    let folder = folder.join(name);
    let (from, to) = (folder.join("500000"), folder.join("510000"));
    let own = Location::Sqlite(from.join("bench.db"));
    let location = match location {
        Location::Sqlite(_) => &Location::Sqlite(to.join("bench.db")),
        other => other,
    };
    let (here, own_list) = prepare_region(&own, &from, "500000").await?;
    let (there, list) = prepare_region(location, &to, "510000").await?;
    let codes = Arc::new(Codes::start(&there, list.clone()));
    let routes = regions::routes(codes, list.clone());
    let router = kernel::http::build(there.clone(), routes).router;
    let mut door = Door::open(&router, 0).await?;
    believe([(&here, door.port), (&there, door.port)], 1).await?;

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
        all if all == i64::from(STEADY + backlog) => {
            recognition([(&here, own_list), (&there, list)], size).await
        }
        some => Err(format!("{some} of {} messages were done", STEADY + backlog)),
    }
}

/// Cards of the first region at terminals of the second, beside cards of the second: the same terminals, one
/// joint item, both installations whole.
async fn recognition(both: [(&App, Arc<Catalogue>); 2], size: &Size) -> Result<(), String> {
    let words = |problem: Problem| format!("{}: {}", problem.code, problem.title.en);
    let mut doors = Vec::new();
    for (app, list) in both.clone() {
        holders::make(app, size.holders).await.map_err(words)?;
        list.load(app).await.map_err(words)?;
        doors.push(Door::open(&serve::built(app, list).router, 0).await?);
    }
    let [(here, _), (there, _)] = both;
    believe([(here, doors[0].port), (there, doors[1].port)], 2).await?;
    let address = SocketAddr::from(([127, 0, 0, 1], doors[1].port));
    let tokens = holders::terminals(there, size.clients, LOANS).await.map_err(words)?;
    let mut seen = Vec::new();
    for (what, home) in [("own cards", there), ("the other region's", here)] {
        let holders = holders::signed_in(home).await.map_err(words)?;
        let (codes, _) = load::shown(home, holders, size).await.map_err(words)?;
        let result = load::run(address, codes, tokens.clone(), size, LOANS).await?;
        let rate = result.answers as f64 / result.seconds;
        println!(
            "  verified, {what:<20} {rate:>9.0} /s   p50 {:.2} ms   p99 {:.2} ms",
            result.p50_ms, result.p99_ms
        );
        if result.refused > 0 {
            return Err(format!("{} of {} answers were no", result.refused, result.answers));
        }
        seen.push(result);
    }
    println!(
        "  ratio to own cards             p50 {:>6.2}   p99 {:>6.2}",
        seen[1].p50_ms / seen[0].p50_ms,
        seen[1].p99_ms / seen[0].p99_ms
    );
    for mut door in doors {
        door.shut().await;
    }
    Ok(())
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
async fn believe(both: [(&App, u16); 2], serial: i64) -> Result<(), String> {
    let words = |problem: Problem| format!("{}: {}", problem.code, problem.title.en);
    for (app, port) in both {
        let now = Utc::now().seconds();
        let own = trust::Own {
            name: app.config.region.clone(),
            endpoint: format!("http://127.0.0.1:{port}"),
            contact: "12333".to_owned(),
            serial,
            valid_from: now - 60,
            valid_until: now + 86_400,
            key: 1,
        };
        let text = serde_json::to_string(&own).map_err(|error| error.to_string())?;
        std::fs::write(app.config.data.join("region.json"), text).map_err(|e| e.to_string())?;
    }
    let [(here, _), (there, _)] = both;
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
