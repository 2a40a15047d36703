//! `yikatong terminal …`: the program at a service point (Art. 15).

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, Subcommand};
use terminal::card::socket::SocketReader;
use terminal::card::{CardError, Watch};
use terminal::input::{Lines, Once, Shown, understand};
use terminal::online::Asked;
use terminal::refusal::{Reason, Refusal};
use terminal::{Answer, Failure, Platform, Station};

type Outcome = Result<ExitCode, String>;

#[derive(Subcommand)]
pub(crate) enum TerminalCommand {
    /// Make this machine a terminal, with the one-time code that its owner got from the platform.
    Enrol {
        /// Address of the platform.
        #[arg(long, default_value = "http://127.0.0.1:8500")]
        server: String,
        /// Enrolment code: letters and digits in groups of four.
        #[arg(long)]
        code: String,
        #[command(flatten)]
        state: State,
    },
    /// Read card codes and ask the platform for one item. Without --code and --picture, each line of
    /// standard input is a code, as a scanner types it.
    Verify {
        /// Address of the platform.
        #[arg(long, default_value = "http://127.0.0.1:8500")]
        server: String,
        /// File with the token of the terminal.
        #[arg(long, default_value = "./data/demo-terminal.token")]
        token_file: PathBuf,
        /// Code of one published item.
        #[arg(long)]
        item: String,
        /// Content of the QR code.
        #[arg(long)]
        code: Option<String>,
        /// Picture with the QR code (PNG or JPEG).
        #[arg(long, conflicts_with = "code")]
        picture: Option<PathBuf>,
    },
    /// Work without a screen: judge each line of a scanner, with and without a network, and keep in
    /// touch with the platform meanwhile.
    Run {
        /// Code of one item.
        #[arg(long)]
        item: String,
        /// Serial scanner, e.g. /dev/ttyACM0; standard input without it.
        #[arg(long)]
        device: Option<PathBuf>,
        /// Card reader program on this machine, e.g. 127.0.0.1:35963: reads physical cards instead of
        /// lines.
        #[arg(long, conflicts_with_all = ["device", "offline"])]
        reader: Option<SocketAddr>,
        /// Do not talk to the platform: judge alone.
        #[arg(long)]
        offline: bool,
        #[command(flatten)]
        state: State,
    },
    /// Serve a till or gate (POST /verify, GET /status) and the page of a counter on this machine.
    Serve {
        /// Port on 127.0.0.1.
        #[arg(long, default_value_t = 8600)]
        port: u16,
        #[command(flatten)]
        state: State,
    },
    /// Tell how the terminal is and how old its lists are.
    Status {
        #[command(flatten)]
        state: State,
    },
    /// Talk to the platform once: lists, journal and refusals.
    Upload {
        #[command(flatten)]
        state: State,
    },
    /// Record that a card was not served, and why (Art. 25).
    Refuse {
        /// Code of the item.
        #[arg(long)]
        item: String,
        /// no-device, operator-unsure, card-unreadable, person-mismatch, system-down or other.
        #[arg(long)]
        reason: String,
        /// In your own words.
        #[arg(long, default_value = "")]
        note: String,
        #[command(flatten)]
        state: State,
    },
}

/// Where an enrolled terminal keeps what it knows.
#[derive(Args)]
pub(crate) struct State {
    /// Folder of the terminal; encrypted, for one program at a time.
    #[arg(long = "state", env = "YIKATONG_TERMINAL", default_value = "./terminal")]
    folder: PathBuf,
    /// Passphrase instead of a key file.
    #[arg(long, env = "YIKATONG_TERMINAL_PASSPHRASE", hide_env_values = true)]
    passphrase: Option<String>,
}

impl State {
    fn open(&self) -> Result<Station, String> {
        Station::open(&self.folder, self.passphrase.as_deref()).map_err(words)
    }
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

pub(crate) fn run(command: TerminalCommand) -> Outcome {
    match command {
        TerminalCommand::Enrol { server, code, state } => enrol(&server, &code, &state),
        TerminalCommand::Verify { server, token_file, item, code, picture } => {
            ask_platform(&server, &token_file, &item, code, picture)
        }
        TerminalCommand::Run { item, reader: Some(reader), state, .. } => {
            in_touch(&state.open()?, true, |station| judge_cards(station, &item, reader))
        }
        TerminalCommand::Run { item, device, offline, state, .. } => {
            in_touch(&state.open()?, !offline, |station| {
                judge_lines(station, &item, device.as_deref(), offline)
            })
        }
        TerminalCommand::Serve { port, state } => serve(state.open()?, port),
        TerminalCommand::Status { state } => {
            let report = state.open()?.report();
            println!("{}", serde_json::to_string_pretty(&report).map_err(words)?);
            Ok(if report.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
        }
        TerminalCommand::Upload { state } => upload(&state.open()?),
        TerminalCommand::Refuse { item, reason, note, state } => {
            let reason = Reason::parse(&reason).ok_or_else(|| format!("no reason {reason}"))?;
            let station = state.open()?;
            let refusal =
                Refusal { at: station.now_s(), item, reason, note, code: None, id: String::new() };
            station.refuse(refusal).map_err(words)?;
            println!("已登记，下次联网时上传 / recorded, sent with the next upload");
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn enrol(server: &str, code: &str, state: &State) -> Outcome {
    let passphrase = state.passphrase.as_deref();
    let store = terminal::device::enrol(&state.folder, passphrase, server, code).map_err(words)?;
    let station = Station::new(store, terminal::clock::now_s);
    let device = station.store().device().clone();
    println!("终端 {} 已登记 / enrolled: {} {}", device.id, device.org, device.place);
    let problems = station.sync().problems;
    problems.iter().for_each(|problem| eprintln!("{problem}"));
    Ok(ExitCode::SUCCESS)
}

fn upload(station: &Station) -> Outcome {
    let done = station.sync();
    println!("已上传 {} / uploaded {}", done.uploaded, done.uploaded);
    for double in &done.doubles {
        println!("  第 {} 条存疑 / entry {} was raised: {}", double.seq, double.seq, double.why);
    }
    done.problems.iter().for_each(|problem| eprintln!("{problem}"));
    Ok(if done.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn ask_platform(
    server: &str,
    token_file: &Path,
    item: &str,
    code: Option<String>,
    picture: Option<PathBuf>,
) -> Outcome {
    let token = std::fs::read_to_string(token_file)
        .map_err(|error| format!("{}: {error}", token_file.display()))?;
    let platform = Platform::new(server, &token);
    let code = match picture {
        Some(path) => Some(terminal::read_picture(&path).map_err(words)?),
        None => code,
    };
    if let Some(code) = code {
        let shown = understand(&code).unwrap_or(Shown::Code(code));
        return Ok(tell(platform.verify(&shown.ask(item))));
    }
    for shown in Lines::new(std::io::stdin().lock()) {
        tell(platform.verify(&shown.map_err(words)?.ask(item)));
    }
    Ok(ExitCode::SUCCESS)
}

/// Ends the thread beside the work, also when the work ends in a panic.
struct AtEnd<'a>(&'a AtomicBool);

impl Drop for AtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Works while a thread beside it keeps in touch with the platform.
fn in_touch(
    station: &Station,
    wanted: bool,
    work: impl FnOnce(&Station) -> Result<(), String>,
) -> Outcome {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        if wanted {
            scope.spawn(|| station.keep_in_touch(|| stop.load(Ordering::Relaxed)));
        }
        let _end = AtEnd(&stop);
        work(station)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn judge_lines(
    station: &Station,
    item: &str,
    device: Option<&Path>,
    offline: bool,
) -> Result<(), String> {
    let Some(path) = device else {
        return judge_each(station, item, std::io::stdin().lock(), offline);
    };
    let file = std::fs::File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    judge_each(station, item, std::io::BufReader::new(file), offline)
}

/// Reads each card that is put on the reader, until the reader is gone.
fn judge_cards(station: &Station, item: &str, address: SocketAddr) -> Result<(), String> {
    let mut reader = SocketReader::connect(address).map_err(words)?;
    let (mut watch, id) = (Watch::default(), station.store().device().id.clone());
    loop {
        match watch.look(&mut reader) {
            None => {}
            Some(Err(error @ CardError::Reader(_))) => return Err(words(error)),
            Some(Err(error)) => eprintln!("不通过 NO  {error}"),
            Some(Ok(card)) => {
                let asked = Shown::Read(card.basic_read(&id, "")).ask(item);
                tell(Ok(station.verify(&asked, 0)));
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
}

fn judge_each(
    station: &Station,
    item: &str,
    from: impl std::io::BufRead,
    offline: bool,
) -> Result<(), String> {
    let mut once = Once::default();
    for shown in Lines::new(from) {
        let shown = shown.map_err(words)?;
        if !once.is_new(&shown, std::time::Instant::now()) {
            continue;
        }
        let answer = match shown.ask(item) {
            Asked { code: Some(code), .. } if offline => station.verify_offline(item, &code, 0),
            asked => station.verify(&asked, 0),
        };
        tell(Ok(answer));
    }
    Ok(())
}

fn serve(station: Station, port: u16) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let (runtime, station) = (runtime.map_err(words)?, Arc::new(station));
    let listening = |address| {
        println!("http://{address}/");
        let _ = std::io::stdout().flush();
    };
    let until = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    in_touch(&station.clone(), true, |_| {
        runtime.block_on(terminal::serve::serve(station, port, listening, until)).map_err(words)
    })
}

/// One verdict for the person at the terminal. Exit code 0 is yes, 1 is no, 2 no answer: also a no.
fn tell(answer: Result<Answer, Failure>) -> ExitCode {
    let mut out = std::io::stdout().lock();
    let (text, exit) = match answer {
        Ok(answer) if answer.is_yes() => {
            let fields = answer.fields.iter().map(|(name, value)| format!("  {name}: {value}\n"));
            let age = answer.list_age_s.filter(|_| answer.offline);
            let alone = age.map(|age| format!("  离线 / offline, 名单 / list {age} s\n"));
            let fields = fields.chain(alone).collect::<String>();
            let see = answer.text.map(|text| format!("  {text}\n")).unwrap_or_default();
            (format!("通过 YES  {}\n{see}{fields}", answer.id), 0)
        }
        Ok(answer) => {
            let article = answer.article.map(|n| format!(" (Art. {n})")).unwrap_or_default();
            let part = |text: Option<String>| text.unwrap_or_default();
            let (why, text, advice) = (part(answer.why), part(answer.text), part(answer.advice));
            (format!("不通过 NO  {why}{article}\n  {text}\n  {advice}\n"), 1)
        }
        Err(failure) => (format!("不通过 NO  {failure}\n"), 2),
    };
    // A closed pipe is no reason to fail: the verdict stands.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    ExitCode::from(exit)
}
