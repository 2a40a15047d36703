//! The built program as a process of its own, to be stopped, killed and started again.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use yikatong::command::Place;

use super::Folder;

/// A debug build that makes its demonstration data on a busy machine needs a while.
const START: Duration = Duration::from_secs(120);
const STOP: Duration = Duration::from_secs(30);

/// How to start a server.
#[derive(Clone, Default)]
pub struct Options {
    /// `postgres://…`; without it the embedded database in the data folder.
    pub database_url: Option<String>,
    /// Division that issues the cards; Chongqing without it.
    pub region: Option<&'static str>,
    /// Make demonstration data and print its accounts.
    pub demo: bool,
    /// Further arguments of `serve`.
    pub arguments: Vec<String>,
}

/// A server on a loopback port with a data folder of its own. Both stay the same when it is started
/// again.
pub struct Server {
    options: Options,
    port: u16,
    process: Option<Child>,
    data: PathBuf,
    // Files, not pipes: what was written before `/readyz` answered is there to be read.
    printed: PathBuf,
    logged: PathBuf,
    _folder: Folder,
}

impl Server {
    /// Starts one with the embedded database and waits until it is ready.
    ///
    /// # Panics
    /// When it is not ready within two minutes.
    pub fn start() -> Self {
        Self::with(Options::default())
    }

    /// Like [`Server::start`] with demonstration data.
    ///
    /// # Panics
    /// As [`Server::start`].
    pub fn demo() -> Self {
        Self::with(Options { demo: true, ..Options::default() })
    }

    /// Starts one and waits until `/readyz` answers 200.
    ///
    /// # Panics
    /// As [`Server::start`].
    pub fn with(options: Options) -> Self {
        let folder = Folder::new("server");
        let mut server = Self {
            options,
            port: super::free_port(),
            process: None,
            data: folder.path().join("data"),
            printed: folder.path().join("printed"),
            logged: folder.path().join("logged"),
            _folder: folder,
        };
        server.run();
        server
    }

    /// `http://127.0.0.1:PORT` followed by `path`, which begins with a slash or is empty.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Where it keeps its data, for a tool beside it.
    pub fn place(&self) -> Place {
        let Options { database_url, region, .. } = &self.options;
        let region = region.unwrap_or("500000").to_owned();
        Place { data: self.data.clone(), database_url: database_url.clone(), region }
    }

    /// The loopback port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Lines printed on standard output since the last start.
    pub fn printed(&self) -> Vec<String> {
        lines_of(&self.printed)
    }

    /// Lines of the log (standard error) since the last start.
    pub fn logged(&self) -> Vec<String> {
        lines_of(&self.logged)
    }

    /// Ends the process at once (SIGKILL), as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Asks the process to stop (SIGTERM) and gives its exit status; `None` when it was not running.
    ///
    /// # Panics
    /// When it does not end within half a minute.
    pub fn stop(&mut self) -> Option<ExitStatus> {
        let mut process = self.process.take()?;
        super::signal("TERM", process.id());
        let mut status = None;
        let ended = super::until(STOP, || {
            status = process.try_wait().expect("a child can be waited for");
            status.is_some()
        });
        if !ended {
            // Taken back so that it is killed on drop.
            self.process = Some(process);
            panic!("the server did not stop within {STOP:?}");
        }
        status
    }

    /// Starts it again on the same port and data; kills it first if it still runs.
    ///
    /// # Panics
    /// As [`Server::start`].
    pub fn restart(&mut self) {
        self.kill();
        self.keeps_secrets();
        self.run();
    }

    /// Art. 19: nothing of what this server was told or made in secret stands in its log.
    fn keeps_secrets(&self) {
        let canaries = canaries(&self.data);
        for line in self.logged() {
            tells_nobody(&line);
            let told = canaries.iter().find(|canary| line.contains(canary.as_str()));
            assert!(told.is_none(), "the log tells a secret: {line}");
        }
    }

    fn run(&mut self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_yikatong"));
        command.arg("serve").arg(format!("--listen=127.0.0.1:{}", self.port));
        command.arg("--data").arg(&self.data);
        command.args(self.options.database_url.iter().map(|url| format!("--database-url={url}")));
        match self.options.demo {
            true => command.arg("--demo"),
            false => command.arg(format!("--issuer={}", yikatong::demo::ISSUER)),
        };
        command.args(self.options.region.map(|region| format!("--region={region}")));
        command.args(&self.options.arguments);
        // The settings of the developer's own installation are not the test's.
        for name in ["DATA", "DATABASE_URL", "LISTEN", "REGION", "ISSUER"] {
            command.env_remove(format!("YIKATONG_{name}"));
        }
        // All that the program itself could say; libraries speak of addresses and statements only.
        command.env("YIKATONG_LOG", LOUD);
        let file = |path| File::create(path).expect("the temporary folder can be written");
        command.stdin(Stdio::null()).stdout(file(&self.printed)).stderr(file(&self.logged));
        self.process = Some(command.spawn().expect("the built program starts"));
        let mut ended = None;
        let answered = super::until(START, || {
            ended = self.process.as_mut().and_then(|process| process.try_wait().ok().flatten());
            ended.is_some() || super::get(self.port, "/readyz").is_some_and(|(code, _)| code == 200)
        });
        match ended {
            Some(status) => panic!("the server ended at its start: {status}"),
            None => assert!(answered, "the server is not ready after {START:?}"),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let logged = self.logged();
            let last = &logged[logged.len().saturating_sub(30)..];
            eprintln!("-- end of the server's log --\n{}", last.join("\n"));
        } else {
            self.keeps_secrets();
        }
    }
}

const LOUD: &str = "info,kernel=trace,people=trace,cards=trace,codes=trace,banks=trace,items=trace,\
    outlets=trace,funds=trace,payfile=trace,sharing=trace,signin=trace,regions=trace,care=trace,\
    conduct=trace,yikatong=trace";

/// What must never be told: the secret keys, and the phones and texts of short messages, with their
/// codes and names.
fn canaries(data: &Path) -> Vec<String> {
    let keys = std::fs::read_to_string(data.join("keys")).unwrap_or_default();
    let keys = keys.split_whitespace().filter(|word| word.len() == 64).map(str::to_owned);
    let messages = std::fs::read_to_string(data.join("sms.jsonl")).unwrap_or_default();
    let messages = messages.lines().filter_map(|line| serde_json::from_str(line).ok());
    let told = messages.flat_map(|sms: kernel::outbox::Sms| [sms.to, sms.text]);
    keys.chain(told).filter(|canary| canary.chars().count() > 5).collect()
}

/// Art. 19: no log has a person number, a card's code or a bearer token, whatever the test did.
///
/// # Panics
/// When it has.
pub fn tells_nobody(line: &str) {
    let number = |word: &str| {
        let today = kernel::time::Utc::now().day();
        people::number::PersonNumber::parse(word, today, people::number::Strictness::Checked)
            .is_ok_and(|parsed| parsed.number.as_str().len() == 18)
    };
    let words = line.split(|c: char| !c.is_ascii_alphanumeric());
    let secret = ["CQ1:", "YKT1:", "Bearer ", "password="].iter().any(|mark| line.contains(mark));
    assert!(!secret && !words.into_iter().any(number), "the log tells too much: {line}");
}

fn lines_of(path: &Path) -> Vec<String> {
    let bytes = std::fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
}
