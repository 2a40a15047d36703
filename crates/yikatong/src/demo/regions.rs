//! `yikatong demo --regions 2`: two installations on one machine, as two processes of this program,
//! each with its own data folder, database, keys, port and people, that trust and witness one another.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use kernel::db::Limits;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use regions::rules::{Descriptor, Signed, fingerprint};
use regions::service::trust::{self, Own};

use super::provinces::{CHONGQING, Province, SICHUAN};
use super::{JOINT_LOANS, TOKEN, actor_of};
use crate::command::Place;
use crate::serve;

/// How long an installation may take to make its data on its first start.
const START: Duration = Duration::from_secs(180);
/// How long it may take to finish the requests under way.
const STOP: Duration = Duration::from_secs(15);
const YEAR_S: i64 = 366 * 86_400;

/// Which demonstration.
#[derive(Args)]
#[group(multiple = true)]
pub struct RegionsArguments {
    /// How many installations run beside one another: Chongqing and Sichuan.
    #[arg(long, value_parser = clap::value_parser!(u8).range(2..=2))]
    regions: u8,
    /// Port of the first; the second has the next one.
    #[arg(long, default_value_t = 8500, value_parser = clap::value_parser!(u16).range(1..=65_534), requires = "regions")]
    port: u16,
}

/// One installation of the demonstration; the process ends with the value.
struct Side {
    province: &'static Province,
    place: Place,
    port: u16,
    process: Child,
}

impl Drop for Side {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs both until it is told to stop (SIGINT or SIGTERM), or one of them ends. `--data` is the folder
/// above theirs; a database that is named is that of Chongqing.
///
/// # Errors
/// In words, what keeps them from starting.
pub async fn run(place: Place, arguments: RegionsArguments) -> Result<ExitCode, String> {
    let mut sides = Vec::new();
    for (number, province) in (0..u16::from(arguments.regions)).zip([&CHONGQING, &SICHUAN]) {
        let database_url = place.database_url.clone().filter(|_| number == 0);
        let (data, region) = (place.data.join(province.region), province.region.to_owned());
        let place = Place { data, database_url, region };
        sides.push(start(province, place, arguments.port + number)?);
    }
    introduce(&sides).await?;
    println!("{}", told(&sides)?);
    let failed = tokio::select! {
        () = serve::stopped(false) => None,
        name = ended(&mut sides) => Some(name),
    };
    stop(&mut sides).await;
    match failed {
        None => Ok(ExitCode::SUCCESS),
        Some(name) => Err(format!("{name} ended; the log in its data folder says why")),
    }
}

/// Starts one and waits until it is ready.
fn start(province: &'static Province, place: Place, port: u16) -> Result<Side, String> {
    let words = |error: std::io::Error| format!("{}: {error}", place.data.display());
    place.keys()?;
    describe(province, &place.data, port).map_err(words)?;
    println!("== {} / {} ==", province.name_zh, province.name_en);
    let mut command = Command::new(std::env::current_exe().map_err(words)?);
    command.args(["serve", "--demo", "--until-input-ends", "--region", province.region]);
    command.arg(format!("--listen=127.0.0.1:{port}")).arg("--data").arg(&place.data);
    command.args(place.database_url.iter().map(|url| format!("--database-url={url}")));
    // What is set for an installation of the reader's own is not meant for these.
    for name in ["DATABASE_URL", "ISSUER", "PUBLIC_URL", "BEHIND_PROXY"] {
        command.env_remove(format!("YIKATONG_{name}"));
    }
    let log = File::create(place.data.join("log.jsonl")).map_err(words)?;
    // Our end of its input closes however this process ends, and it stops.
    let process = command.stdin(Stdio::piped()).stderr(log).spawn().map_err(words)?;
    let mut side = Side { province, place, port, process };
    let deadline = Instant::now() + START;
    while get(side.port, "/readyz").is_err() {
        let ended = side.process.try_wait().map_err(|error| error.to_string())?;
        if ended.is_some() || Instant::now() > deadline {
            return Err(why_not(&side));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(side)
}

/// Why one did not start, as far as the last line of its log tells.
fn why_not(side: &Side) -> String {
    let log = side.place.data.join("log.jsonl");
    let text = std::fs::read_to_string(&log).unwrap_or_default();
    let last = text.lines().next_back().unwrap_or_default();
    format!("{} did not start, see {}: {last}", side.province.name_en, log.display())
}

/// Writes `region.json`, unless the one that is there says the same and is good for another month.
fn describe(province: &Province, data: &Path, port: u16) -> std::io::Result<()> {
    let (path, now) = (data.join("region.json"), Utc::now().seconds());
    let text = std::fs::read_to_string(&path).ok();
    let known = text.and_then(|text| serde_json::from_str::<Own>(&text).ok());
    let endpoint = endpoint(port);
    if known
        .as_ref()
        .is_some_and(|own| own.endpoint == endpoint && own.valid_until > now + YEAR_S / 12)
    {
        return Ok(());
    }
    let own = Own {
        name: format!("{}（演示） / {} (demo)", province.name_zh, province.name_en),
        endpoint,
        contact: province.contact.to_owned(),
        serial: known.as_ref().map_or(1, |own| own.serial + 1),
        valid_from: now - 60,
        valid_until: now + YEAR_S,
        key: known.map_or(1, |own| own.key),
    };
    std::fs::write(path, serde_json::to_vec_pretty(&own)?)
}

fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn get(port: u16, path: &str) -> Result<String, String> {
    let config = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(10)));
    let agent: ureq::Agent = config.build().into();
    let answer = agent.get(format!("{}{path}", endpoint(port))).call();
    let text = answer.and_then(|mut answer| answer.body_mut().read_to_string());
    text.map_err(|error| format!("{}{path}: {error}", endpoint(port)))
}

/// Each side imports and approves the other, and each log is witnessed by the other side. In earnest
/// two officers on each side do this, with a telephone between them; here their accounts are borrowed.
async fn introduce(sides: &[Side]) -> Result<(), String> {
    let words = |problem: Problem| format!("{}: {}", problem.code, problem.title.en);
    for (here, there) in sides.iter().zip(sides.iter().rev()) {
        let place = &here.place;
        let (db, keys) = (place.open(&Limits::default())?, place.keys()?);
        let app = serve::tool_platform(db, keys, place).await.map_err(|e| e.to_string())?;
        let descriptor = get(there.port, "/.well-known/yikatong-region")?;
        believe(&app, &descriptor).await.map_err(words)?;
        let (log, witness) = (get(there.port, "/log/key")?, get(there.port, "/witness/key")?);
        let url = format!("{}/witness", endpoint(there.port));
        watch(&app, &log, &witness, &url).await.map_err(words)?;
    }
    Ok(())
}

/// One officer lays the descriptor before another, who has its fingerprint; nothing is done when the
/// same one is trusted already.
async fn believe(app: &App, descriptor: &str) -> Result<(), Problem> {
    let (maker, checker) = (actor_of(app, "CITY").await?, actor_of(app, "CITY2").await?);
    let id = match trust::import(app, &maker, descriptor).await {
        Ok(id) => id,
        Err(problem) if problem.code == "regions/rollback" => return Ok(()),
        Err(problem) => return Err(problem),
    };
    let read = print_of(descriptor).ok_or_else(Problem::not_found)?;
    trust::decide(app, &checker, id, true, &read).await
}

fn print_of(descriptor: &str) -> Option<String> {
    let signed: Signed = serde_json::from_str(descriptor).ok()?;
    serde_json::from_str::<Descriptor>(&signed.text).ok().map(|said| fingerprint(&said))
}

async fn watch(app: &App, log: &str, witness: &str, url: &str) -> Result<(), Problem> {
    use kernel::journal::witness as journal;
    let keeper = actor_of(app, "ADMIN").await?;
    journal::watch(app, &keeper, log).await?;
    journal::ask(app, &keeper, witness, url).await
}

fn told(sides: &[Side]) -> Result<String, String> {
    let mut text = "== 川渝两地 / both regions ==\n".to_owned();
    for side in sides {
        let Province { name_zh, name_en, .. } = side.province;
        let (address, data) = (endpoint(side.port), side.place.data.display());
        let print = print_of(&get(side.port, "/.well-known/yikatong-region")?).unwrap_or_default();
        text.push_str(&format!(
            "  {name_zh} {name_en:<10} {address}   data {data}\n\
             \x20   互信 / trust, ways, incidents  {address}/office/regions (city, city2, auditor)\n\
             \x20   日志见证 / log and witnesses   {address}/office/journal/log (auditor, admin)\n\
             \x20   指纹 / fingerprint             {print}\n"
        ));
    }
    text.push_str(
        "  试一试 / try: sign in as city on one side, tell an incident, and read it on the other.\n",
    );
    if let Some(other) = sides.last() {
        text.push_str(&format!(
            "  Show the code of a holder of Chongqing in a library of {}:\n\
             \x20 yikatong terminal verify --server {} --token-file {} --item {JOINT_LOANS} --code 'CQ1:…'\n",
            other.province.name_en,
            endpoint(other.port),
            other.place.data.join(TOKEN).display(),
        ));
    }
    text.push_str("  Ctrl-C stops both.");
    Ok(text)
}

/// The name of the first that ends by itself.
async fn ended(sides: &mut [Side]) -> &'static str {
    loop {
        for side in sides.iter_mut() {
            if !matches!(side.process.try_wait(), Ok(None)) {
                return side.province.name_en;
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Asks both to stop and waits; whoever does not is killed when its [`Side`] is dropped.
async fn stop(sides: &mut [Side]) {
    for side in sides.iter_mut() {
        drop(side.process.stdin.take());
    }
    let deadline = Instant::now() + STOP;
    let runs = |side: &mut Side| matches!(side.process.try_wait(), Ok(None));
    while sides.iter_mut().any(runs) && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
