//! The command line.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use kernel::db::{Db, Limits, Location, MigrationState};
use kernel::keys::Keys;

use crate::{
    bank_simulator, bench, credit_simulator, demo, factory_simulator, journal_command,
    keys_command, migrations, national_simulator, pay_simulator, serve, sms_simulator, staff,
    terminal_command,
};

/// 重庆市社会保障卡一卡通服务平台: the one-card service of the social security card.
#[derive(Parser)]
#[command(version, about, disable_help_subcommand = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    place: Place,
}

/// Where an installation keeps its data.
#[derive(Args, Clone)]
pub struct Place {
    /// Folder of keys, messages and the embedded database; made on first start.
    #[arg(long, global = true, env = "YIKATONG_DATA", default_value = "./data")]
    pub data: PathBuf,
    /// `sqlite:PATH` or `postgres://…`; without it an embedded database in the data folder.
    #[arg(long, global = true, env = "YIKATONG_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Division that issues the cards (GB/T 2260).
    #[arg(long, global = true, env = "YIKATONG_REGION", default_value = "500000", value_parser = division)]
    pub region: String,
}

fn division(text: &str) -> Result<String, String> {
    match text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text.to_owned()),
        false => Err("a division has six digits".to_owned()),
    }
}

#[derive(Subcommand)]
enum Command {
    /// Serve pages and API.
    Serve(serve::ServeArguments),
    /// The schema of the database.
    #[command(subcommand)]
    Db(DbCommand),
    /// The journal.
    #[command(subcommand)]
    Journal(journal_command::JournalCommand),
    /// Accounts of staff.
    #[command(subcommand)]
    Staff(StaffCommand),
    /// Demonstrations with several regions, and demonstration data.
    Demo(DemoArguments),
    /// The key of sealed columns.
    #[command(subcommand)]
    Keys(keys_command::KeysCommand),
    /// Be an SMS gateway that behaves badly on demand.
    SmsSimulator(sms_simulator::SmsSimulatorArguments),
    /// Be a terminal at a service point.
    #[command(subcommand)]
    Terminal(terminal_command::TerminalCommand),
    /// Be a bank's host that behaves badly on demand, for trying the bank port.
    BankSimulator(bank_simulator::SimulatorArguments),
    /// Be a bank's host that pays, and behaves badly by a script, for trying the payment ports.
    PaySimulator(pay_simulator::PaySimulatorArguments),
    /// Be a public credit platform that behaves badly on demand, for trying the credit port.
    CreditSimulator(credit_simulator::SimulatorArguments),
    /// Play bank, card factory and key centre in the folders of the exchange, for tests and demonstrations.
    FactorySimulator(factory_simulator::SimulatorArguments),
    /// Be a national platform that behaves badly by a script, for trying the national port (Art. 23).
    NationalSimulator(national_simulator::NationalSimulatorArguments),
    /// Other regions.
    #[command(subcommand)]
    Regions(RegionsCommand),
    /// Measure.
    #[command(subcommand)]
    Bench(bench::BenchCommand),
}

#[derive(Subcommand)]
enum RegionsCommand {
    /// Check clause by clause that an installation keeps to the standard between regions (Art. 17). It is
    /// asked as a stranger would, and counts alarms.
    Check {
        /// Its address, e.g. https://ykt.example.cn.
        url: String,
    },
    /// Print the key that signs for the national platforms; it is registered there.
    NationalKey,
}

#[derive(Subcommand)]
enum DbCommand {
    /// Bring the schema up to date.
    Migrate,
    /// Tell what is done and what waits.
    Status,
}

#[derive(Subcommand)]
enum StaffCommand {
    /// Make an account; prints its password and the secret of its authenticator app once.
    Add(staff::StaffArguments),
    /// Let the outside provider of `staff-provider.json` sign somebody in to an account.
    Link(staff::LinkArguments),
    /// Take an account's links to outside providers away.
    Unlink(staff::UnlinkArguments),
}

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
struct DemoArguments {
    #[command(flatten)]
    regions: Option<demo::RegionsArguments>,
    #[command(subcommand)]
    command: Option<DemoCommand>,
}

#[derive(Subcommand)]
enum DemoCommand {
    /// Stream generated people into the register.
    Generate {
        /// How many.
        #[arg(long, default_value_t = 10_000)]
        people: u32,
    },
}

impl Place {
    /// The database of this installation.
    ///
    /// # Errors
    /// The URL has an unknown scheme.
    pub fn location(&self) -> Result<Location, String> {
        match &self.database_url {
            Some(url) => Location::parse(url).map_err(|error| error.to_string()),
            None => Ok(Location::Sqlite(self.data.join("yikatong.db"))),
        }
    }

    /// Opens the database. The data folder is closed to other users of the machine: it holds keys,
    /// and in demonstrations the codes that would be sent by SMS.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(&self, limits: &Limits) -> Result<Db, String> {
        use std::os::unix::fs::PermissionsExt as _;
        let words = |error: std::io::Error| format!("{}: {error}", self.data.display());
        std::fs::create_dir_all(&self.data).map_err(words)?;
        let private = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(&self.data, private).map_err(words)?;
        let location = self.location()?;
        let db = Db::open(&location, limits).map_err(|error| error.to_string())?;
        db.seal_with(&self.keys()?);
        Ok(db)
    }

    /// Reads or makes the keys.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn keys(&self) -> Result<Keys, String> {
        keys_in(&self.data)
    }
}

fn keys_in(data: &Path) -> Result<Keys, String> {
    let path = data.join("keys");
    Keys::open_file(&path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Runs the command; problems are told in words, not in backtraces.
pub fn run(arguments: Arguments) -> ExitCode {
    let place = arguments.place;
    let command =
        arguments.command.unwrap_or_else(|| Command::Serve(serve::ServeArguments::demo()));
    let result = match command {
        Command::Serve(serve) => with_runtime(serve::run(place, serve)),
        Command::Db(DbCommand::Migrate) => with_runtime(migrate(place)),
        Command::Db(DbCommand::Status) => with_runtime(status(place)),
        Command::Journal(command) => with_runtime(journal_command::run(place, command)),
        Command::Staff(StaffCommand::Add(new)) => with_runtime(staff::add(place, new)),
        Command::Staff(StaffCommand::Link(link)) => {
            let (login, to) = link.parts();
            with_runtime(staff::link(place, login, Some(to)))
        }
        Command::Staff(StaffCommand::Unlink(link)) => {
            with_runtime(staff::link(place, link.login(), None))
        }
        Command::Demo(DemoArguments {
            command: Some(DemoCommand::Generate { people }), ..
        }) => with_runtime(demo::generate(place, people)),
        Command::Demo(DemoArguments { regions, .. }) => match regions {
            Some(regions) => with_runtime(demo::regions(place, regions)),
            None => Err("say how many: demo --regions 2".to_owned()),
        },
        Command::Keys(command) => with_runtime(keys_command::run(place, command)),
        Command::SmsSimulator(simulator) => with_runtime(sms_simulator::run(simulator)),
        Command::Terminal(command) => terminal_command::run(command),
        Command::BankSimulator(simulator) => with_runtime(bank_simulator::run(simulator)),
        Command::PaySimulator(simulator) => with_runtime(pay_simulator::run(simulator)),
        Command::CreditSimulator(simulator) => with_runtime(credit_simulator::run(simulator)),
        Command::FactorySimulator(simulator) => factory_simulator::run(&simulator),
        Command::Regions(RegionsCommand::Check { url }) => check_region(&url),
        Command::Regions(RegionsCommand::NationalKey) => with_runtime(national_key(place)),
        Command::NationalSimulator(simulator) => with_runtime(national_simulator::run(simulator)),
        Command::Bench(bench) => with_runtime(bench::run(bench)),
    };
    match result {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("yikatong: {problem}");
            ExitCode::FAILURE
        }
    }
}

type Outcome = Result<ExitCode, String>;

fn with_runtime(work: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(work)
}

async fn national_key(place: Place) -> Outcome {
    let (db, keys) = (place.open(&Limits::default())?, place.keys()?);
    let app = serve::tool_platform(db, keys, &place).await.map_err(|error| error.to_string())?;
    let key = regions::national::public_key(&app);
    println!("{}", key.map_err(|problem| problem.title.en.clone())?);
    Ok(ExitCode::SUCCESS)
}

fn check_region(url: &str) -> Outcome {
    use regions::standards::{clauses::CLAUSES, service};
    let found = service::check(url, kernel::time::Utc::now().seconds())?;
    for (clause, one) in CLAUSES.iter().zip(&found) {
        let mark = if one.holds { "✓" } else { "✗" };
        println!(
            "{mark} {:<4} {} {} — {}",
            clause.code,
            clause.adopted,
            clause.text().en,
            one.said
        );
    }
    let bad = found.iter().filter(|one| !one.holds).count();
    println!("{} of {} clauses hold", found.len() - bad, found.len());
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn migrate(place: Place) -> Outcome {
    let db = place.open(&Limits::default())?;
    let done = db.migrate(migrations()).await.map_err(|error| error.to_string())?;
    match done.as_slice() {
        [] => println!("the schema is up to date"),
        done => done.iter().for_each(|name| println!("applied {name}")),
    }
    Ok(ExitCode::SUCCESS)
}

async fn status(place: Place) -> Outcome {
    let db = place.open(&Limits::default())?;
    let states = db.migration_states(migrations()).await.map_err(|error| error.to_string())?;
    let mut waiting = false;
    for (name, state) in states {
        match state {
            MigrationState::Applied(at) => println!("applied  {at}  {name}"),
            MigrationState::Waiting => println!("waiting  {:19}  {name}", ""),
            MigrationState::Differs => println!("DIFFERS  {:19}  {name}", ""),
        }
        waiting |= state == MigrationState::Waiting || state == MigrationState::Differs;
    }
    Ok(if waiting { ExitCode::from(2) } else { ExitCode::SUCCESS })
}
