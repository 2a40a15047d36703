//! Starting and stopping the server.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use codes::service::Codes;
use items::service::Catalogue;
use kernel::db::{Db, DbError, Limits, v};
use kernel::http::Built;
use kernel::keys::Keys;
use kernel::platform::{App, Config, Platform, random};
use kernel::time::Utc;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::command::Place;
use crate::{demo, migrations, routes, start_jobs};

/// Name of a region's log in its signed heads. A log that has heads already keeps the name in them.
pub fn journal_origin(region: &str) -> String {
    format!("yikatong/{region}/journal")
}

/// How to serve.
#[derive(Args)]
pub struct ServeArguments {
    /// Address to listen on.
    #[arg(long, env = "YIKATONG_LISTEN", default_value = "127.0.0.1:8500")]
    listen: SocketAddr,
    /// Make demonstration data and accounts, and show on screen what would be sent by SMS.
    #[arg(long)]
    demo: bool,
    /// Unified social credit code (GB 32100) of the issuing authority; needed without --demo.
    #[arg(long, env = "YIKATONG_ISSUER")]
    issuer: Option<String>,
    /// A reverse proxy ends TLS in front: cookies are marked secure, and the caller's address is the
    /// last one in `X-Forwarded-For`. Only for a proxy that sets this header itself.
    #[arg(long, env = "YIKATONG_BEHIND_PROXY")]
    behind_proxy: bool,
    /// Address at which people and services reach the platform; the listening address when not given.
    #[arg(long, env = "YIKATONG_PUBLIC_URL")]
    public_url: Option<String>,
    /// Stop when standard input ends: for a program that starts this one and ends before it.
    #[arg(long, hide = true)]
    until_input_ends: bool,
}

impl ServeArguments {
    /// What the program does without arguments.
    pub fn demo() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8500)),
            demo: true,
            issuer: None,
            behind_proxy: false,
            public_url: None,
            until_input_ends: false,
        }
    }
}

/// Serves until it is told to stop (SIGINT or SIGTERM).
///
/// # Errors
/// In words, what keeps the server from starting.
pub async fn run(place: Place, arguments: ServeArguments) -> Result<ExitCode, String> {
    let began = std::time::Instant::now();
    start_logs();
    let figures = PrometheusBuilder::new().install_recorder().map_err(|e| e.to_string())?;
    let listener = tokio::net::TcpListener::bind(arguments.listen).await;
    let listener = listener.map_err(|e| format!("cannot listen on {}: {e}", arguments.listen))?;
    let (keys, db) = (place.keys()?, place.open(&Limits::default())?);
    kernel::outbox::port_in(&place.data)?;
    let config = Config {
        data: place.data.clone(),
        demo: arguments.demo,
        region: place.region.clone(),
        issuer_code: issuer(arguments.issuer, arguments.demo, &place.region)?,
        journal_origin: journal_origin(&place.region),
        public_url: public_url(arguments.public_url, &listener)?,
        behind_proxy: arguments.behind_proxy,
        secure_cookies: arguments.behind_proxy || !arguments.listen.ip().is_loopback(),
    };
    let app = platform(db, keys, config, figures).await.map_err(|e| e.to_string())?;
    let catalogue = Arc::new(Catalogue::default());
    let demo = match arguments.demo {
        true => Some(
            demo::prepare(&app)
                .await
                .map_err(|e| format!("{}: {}. {}", e.code, e.title.en, e.advice.en))?,
        ),
        false => None,
    };
    catalogue.load(&app).await.map_err(|e| e.code.to_owned())?;
    if demo.is_some() {
        crate::demo_fusion::make(&app, &catalogue).await.map_err(|e| e.code.to_owned())?;
    }
    let router = built(&app, catalogue).router;
    let address = listener.local_addr().map_err(|e| e.to_string())?;
    println!("{}", welcome(address, began.elapsed().as_millis()));
    if let Some(demo) = demo {
        println!("{}", demo.told(address));
    }
    let stop = stopped(arguments.until_input_ends);
    kernel::http::serve(router, listener, stop).await.map_err(|e| e.to_string())?;
    Ok(ExitCode::SUCCESS)
}

fn public_url(given: Option<String>, listener: &tokio::net::TcpListener) -> Result<String, String> {
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let url = given.unwrap_or_else(|| format!("http://{address}"));
    match url.starts_with("http://") || url.starts_with("https://") {
        true => Ok(url.trim_end_matches('/').to_owned()),
        false => Err(format!("--public-url {url}: an address begins with https://")),
    }
}

/// The code that certificates of electronic cards will carry for ever: checked, never a made-up one
/// outside a demonstration.
fn issuer(given: Option<String>, demo: bool, region: &str) -> Result<String, String> {
    match given {
        Some(code) => match people::credit_code::CreditCode::parse(&code) {
            Ok(_) => Ok(code),
            Err(error) => Err(format!("--issuer {code}: {}", error.en())),
        },
        None if demo => Ok(demo::issuer(region).to_owned()),
        None => Err("--issuer (or YIKATONG_ISSUER) is needed without --demo".to_owned()),
    }
}

/// A migrated platform on an open database.
///
/// # Errors
/// The database cannot be migrated.
pub async fn platform(
    db: Db,
    keys: Keys,
    mut config: Config,
    figures: PrometheusHandle,
) -> Result<App, DbError> {
    db.migrate(migrations()).await?;
    if let Some(kept) = kernel::journal::origin(&db).await? {
        config.journal_origin = kept;
    }
    let node = take_node(&db).await?;
    Ok(Arc::new(Platform::new(db, keys, config, figures, node)))
}

/// The server of the whole platform with its declared routes; its jobs run on the current runtime.
pub fn built(app: &App, catalogue: Arc<Catalogue>) -> Built {
    codes::service::ask_abroad(regions::recognition::service::ask);
    codes::service::tell_abroad(regions::offline::tell);
    cards::service::ask_elsewhere(regions::onecard::elsewhere);
    cards::service::ask_for_money(funds::payments::store::payments::under_way);
    let codes = Arc::new(Codes::start(app, catalogue.clone()));
    start_jobs(app, catalogue.clone());
    let fusion = codes::fusion::wiring::gateway(app, codes.clone(), catalogue.clone());
    kernel::http::build(app.clone(), routes(codes, catalogue).merge(codes::fusion::routes(fusion)))
}

/// Each start takes the next number for the ids of this process; 1,024 processes may run before one
/// that still runs could meet its own number.
async fn take_node(db: &Db) -> Result<u64, DbError> {
    db.housekeeping(|tx| {
        let last: i64 = tx.one("SELECT COALESCE(MAX(id), 0) FROM node", &[])?.get(0)?;
        let sql = "INSERT INTO node (id, started_at) VALUES ($1, $2)";
        tx.execute(sql, &[v(last + 1), v(Utc::now())])?;
        Ok((last + 1) as u64)
    })
    .await
}

fn start_logs() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("YIKATONG_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let logs =
        tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start in one process (tests) keeps the first.
    let _ = logs.try_init();
}

fn welcome(address: SocketAddr, millis: u128) -> String {
    format!(
        "一卡通 / One Card is ready after {millis} ms\n\
         \x20 pages  http://{address}/\n\
         \x20 API    http://{address}/docs"
    )
}

/// Ends with SIGINT or SIGTERM, and with standard input where that is asked for.
pub(crate) async fn stopped(with_input: bool) {
    let mut terminate =
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(terminate) => terminate,
            Err(_) => return std::future::pending().await,
        };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
        _ = input_ended(with_input) => {}
    }
}

async fn input_ended(matters: bool) {
    if !matters {
        return std::future::pending().await;
    }
    let (tell, told) = tokio::sync::oneshot::channel();
    // A thread of its own: the runtime would wait for one of its own threads when it ends.
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = tell.send(());
    });
    let _ = told.await;
}

/// A platform for a command-line tool: no server, no figures for anybody to read.
///
/// # Errors
/// The database cannot be migrated.
pub async fn tool_platform(db: Db, keys: Keys, place: &Place) -> Result<App, DbError> {
    let config = Config {
        data: place.data.clone(),
        demo: false,
        region: place.region.clone(),
        issuer_code: demo::issuer(&place.region).to_owned(),
        journal_origin: journal_origin(&place.region),
        public_url: String::new(),
        behind_proxy: false,
        secure_cookies: true,
    };
    let figures = PrometheusBuilder::new().build_recorder().handle();
    platform(db, keys, config, figures).await
}

/// Ten letters that are easy to read and type.
pub fn one_time_password() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789x";
    random::<10>().iter().map(|byte| char::from(LETTERS[usize::from(byte & 31)])).collect()
}
