//! Measurements that print a rate and its ratio to a floor measured in the same run, because absolute
//! figures of a shared machine say little.

mod apply;
mod fill;
mod floor;
pub mod holders;
mod journal;
mod load;
mod lookup;
pub mod paid;
mod payments;
mod regions;
mod resolve;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Subcommand;
use items::service::Catalogue;
use kernel::db::{Db, Limits, Location};
use kernel::keys::Keys;
use kernel::platform::{App, Config};
use kernel::problem::Problem;
use metrics_exporter_prometheus::PrometheusBuilder;

use crate::serve;

/// What can be measured.
#[derive(Subcommand)]
pub enum BenchCommand {
    /// Verification over HTTP, durable and on record, with concurrent clients.
    Verify {
        /// An empty PostgreSQL database to measure on, beside the embedded one.
        #[arg(long)]
        postgres: Option<String>,
        /// Seconds of each measurement.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
        /// Clients, each with one request under way.
        #[arg(long, default_value_t = 128)]
        clients: usize,
        /// Card holders whose codes are shown.
        #[arg(long, default_value_t = 5_000)]
        holders: u32,
    },
    /// Bulk application of a unit's people: upload, check, register, apply, on record.
    Apply {
        /// An empty PostgreSQL database to measure on, beside the embedded one.
        #[arg(long)]
        postgres: Option<String>,
        /// People of the file.
        #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        people: u32,
    },
    /// Appending to the journal with proofs, and verifying all of it.
    Journal {
        /// An empty PostgreSQL database to measure on, beside the embedded one.
        #[arg(long)]
        postgres: Option<String>,
        /// Seconds of each measurement.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
        /// Callers, each with one entry under way.
        #[arg(long, default_value_t = 256)]
        clients: usize,
        /// Entries of the log that is verified at the end.
        #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
        entries: u64,
    },
    /// Finding a person at the desk by each key in a large register.
    Lookup {
        /// An empty PostgreSQL database to measure on, beside the embedded one.
        #[arg(long)]
        postgres: Option<String>,
        /// People of the register.
        #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
        people: u32,
    },
    /// Money from a roster's file to reconciled.
    Payments {
        /// An empty PostgreSQL database to measure on, beside the embedded one.
        #[arg(long)]
        postgres: Option<String>,
        /// Measure on PostgreSQL only.
        #[arg(long, requires = "postgres")]
        only_postgres: bool,
        /// Lines; more than a million come as several rosters.
        #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(100..=20_000_000))]
        lines: u32,
        /// Banks that the accounts are spread over.
        #[arg(long, default_value_t = 7)]
        banks: usize,
    },
    /// Between two installations in this process: messages, how soon a backlog is gone, and verification of the
    /// other's cards beside that of one's own.
    Regions {
        /// An empty PostgreSQL database for the receiver, beside the embedded one.
        #[arg(long)]
        postgres: Option<String>,
        /// Messages that wait after a partition; one a second makes 3,600 of an hour.
        #[arg(long, default_value_t = 3_600, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        backlog: u32,
        /// Seconds of each measurement of verification.
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=20))]
        seconds: u64,
        /// Terminals, each with one request under way.
        #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
        clients: u16,
    },
    /// Resolving people whom a department linked, 1,000 ids a request.
    Resolve {
        /// An empty PostgreSQL database to measure on, beside the embedded one.
        #[arg(long)]
        postgres: Option<String>,
        /// Accounts of the directory.
        #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1_000..=20_000_000))]
        accounts: u32,
    },
}

/// Runs a measurement.
///
/// # Errors
/// In words, what went wrong.
pub async fn run(command: BenchCommand) -> Result<ExitCode, String> {
    let folder = std::env::temp_dir().join(format!("yikatong-bench-{}", std::process::id()));
    let sqlite = Location::Sqlite(folder.join("bench.db"));
    let measured = match command {
        BenchCommand::Verify { postgres, seconds, clients, holders } => {
            let size = Size { length: Duration::from_secs(seconds), clients, holders };
            let mut measured = verify("SQLite", &sqlite, &folder, &size).await;
            if let (Ok(()), Some(url)) = (&measured, postgres) {
                measured = verify("PostgreSQL", &Location::Postgres(url), &folder, &size).await;
            }
            measured
        }
        BenchCommand::Apply { postgres, people } => {
            let mut measured = apply::run("SQLite", &sqlite, &folder, people).await;
            if let (Ok(()), Some(url)) = (&measured, postgres) {
                measured =
                    apply::run("PostgreSQL", &Location::Postgres(url), &folder, people).await;
            }
            measured
        }
        BenchCommand::Journal { postgres, seconds, clients, entries } => {
            let length = Duration::from_secs(seconds);
            let size = journal::Size { length, clients, entries };
            let mut measured = journal::run("SQLite", &sqlite, &folder, &size).await;
            if let (Ok(()), Some(url)) = (&measured, postgres) {
                let location = Location::Postgres(url);
                measured = journal::run("PostgreSQL", &location, &folder, &size).await;
            }
            measured
        }
        BenchCommand::Lookup { postgres, people } => {
            let mut measured = lookup::run("SQLite", &sqlite, &folder, people).await;
            if let (Ok(()), Some(url)) = (&measured, postgres) {
                measured =
                    lookup::run("PostgreSQL", &Location::Postgres(url), &folder, people).await;
            }
            measured
        }
        BenchCommand::Payments { postgres, only_postgres, lines, banks } => {
            let mut measured = Ok(());
            if !only_postgres {
                measured = payments::run("SQLite", &sqlite, &folder, lines, banks).await;
            }
            if let (Ok(()), Some(url)) = (&measured, postgres) {
                let url = Location::Postgres(url);
                measured = payments::run("PostgreSQL", &url, &folder, lines, banks).await;
            }
            measured
        }
        BenchCommand::Regions { postgres, backlog, seconds, clients } => {
            let clients = usize::from(clients);
            let size = Size { length: Duration::from_secs(seconds), clients, holders: 500 };
            let mut measured = regions::run("SQLite", &sqlite, &folder, backlog, &size).await;
            if let (Ok(()), Some(url)) = (&measured, postgres) {
                let url = Location::Postgres(url);
                measured = regions::run("PostgreSQL", &url, &folder, backlog, &size).await;
            }
            measured
        }
        BenchCommand::Resolve { postgres, accounts } => {
            let mut measured = resolve::run("SQLite", &sqlite, &folder, accounts).await;
            if let (Ok(()), Some(url)) = (&measured, postgres) {
                let url = Location::Postgres(url);
                measured = resolve::run("PostgreSQL", &url, &folder, accounts).await;
            }
            measured
        }
    };
    // What is left of a failed run is only in the temporary folder.
    let _ = std::fs::remove_dir_all(&folder);
    measured.map(|()| ExitCode::SUCCESS)
}

/// How much is measured.
struct Size {
    length: Duration,
    clients: usize,
    holders: u32,
}

async fn verify(
    name: &str,
    location: &Location,
    folder: &std::path::Path,
    size: &Size,
) -> Result<(), String> {
    let (app, catalogue) = prepare(location, folder).await?;
    let words = |problem: Problem| format!("{}: {}", problem.code, problem.title.en);
    holders::make(&app, size.holders).await.map_err(words)?;
    let tokens = holders::terminals(&app, size.clients.min(64), items::seed::LIBRARY)
        .await
        .map_err(words)?;
    catalogue.load(&app).await.map_err(words)?;

    let checks = floor::signatures()?;
    let rows = floor::durable_rows(&app, size).await.map_err(words)?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await;
    let listener = listener.map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let router = serve::built(&app, catalogue).router;
    let server = tokio::spawn(kernel::http::serve(router, listener, std::future::pending()));
    let holders = holders::signed_in(&app).await.map_err(words)?;
    let (codes, shown) = load::shown(&app, holders, size).await.map_err(words)?;
    let result = load::run(address, codes, tokens.clone(), size, items::seed::LIBRARY).await?;
    // What the index of uses by number costs, which counting by the hour reads by.
    let drop = |tx: &mut kernel::db::Tx<'_>| tx.execute("DROP INDEX card_use_by_id", &[]).map(drop);
    app.db.housekeeping(drop).await.map_err(|error| error.to_string())?;
    let holders = holders::signed_in(&app).await.map_err(words)?;
    let (codes, _) = load::shown(&app, holders, size).await.map_err(words)?;
    let bare = load::run(address, codes, tokens, size, items::seed::LIBRARY).await?;
    server.abort();

    let rate = result.answers as f64 / result.seconds;
    println!("{name}");
    println!(
        "  verifications over HTTP        {rate:>9.0} /s   p50 {:.2} ms   p99 {:.2} ms",
        result.p50_ms, result.p99_ms
    );
    println!("  floor: the same rows, no HTTP  {rows:>9.0} /s   ratio {:.2}", rate / rows);
    println!("  floor: SM2 verified, one core  {checks:>9.0} /s   ratio {:.2}", rate / checks);
    let bare_rate = bare.answers as f64 / bare.seconds;
    println!(
        "  without index card_use_by_id   {bare_rate:>9.0} /s   ratio {:.2}",
        rate / bare_rate
    );
    println!("  codes shown                    {shown:>9.0} /s");
    match result.refused {
        0 => Ok(()),
        refused => Err(format!("{refused} of {} answers were no", result.answers)),
    }
}

async fn prepare(
    location: &Location,
    folder: &std::path::Path,
) -> Result<(App, Arc<Catalogue>), String> {
    prepare_region(location, folder, "500000").await
}

async fn prepare_region(
    location: &Location,
    folder: &std::path::Path,
    region: &str,
) -> Result<(App, Arc<Catalogue>), String> {
    let keys = Keys::open_file(&folder.join("keys")).map_err(|error| error.to_string())?;
    let db = Db::open(location, &Limits::default()).map_err(|error| error.to_string())?;
    let config = Config {
        data: folder.to_owned(),
        demo: false,
        region: region.to_owned(),
        issuer_code: crate::demo::issuer(region).to_owned(),
        journal_origin: serve::journal_origin(region),
        public_url: "http://localhost".to_owned(),
        behind_proxy: false,
        secure_cookies: true,
    };
    let figures = PrometheusBuilder::new().build_recorder().handle();
    let app = serve::platform(db, keys, config, figures).await.map_err(|e| e.to_string())?;
    Ok((app, Arc::new(Catalogue::default())))
}
