//! The network is cut, cards are used at terminals, the network returns: every use is on the platform
//! exactly once, and a code that was used at two terminals meanwhile is raised (Art. 15, 20).

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use codes::service::NewTerminal;
use codes::terminals::service as registry;
use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Limits};
use kernel::id::Id;
use kernel::platform::App;
use yikatong::bench::holders;

use crate::support::Folder;
use crate::support::browser::{self, Browser};
use crate::support::server::Server;

/// Bus and metro: five uses of a card in a day without a network.
const BUS: &str = "CQ-TR-001";

fn officer() -> Actor {
    Actor { role: Role::MunicipalOfficer, name: "终端管理员".to_owned(), ..Actor::system() }
}

fn program(state: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yikatong"));
    command.arg("terminal").args(arguments).arg("--state").arg(state);
    command.env_remove("YIKATONG_TERMINAL_PASSPHRASE").stderr(Stdio::null());
    command
}

/// Runs a command of the terminal to its end and returns what it printed.
fn done(state: &Path, arguments: &[&str]) -> String {
    let output = program(state, arguments).output().expect("the program starts");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{arguments:?}: {printed}");
    printed
}

/// A terminal at a door, with a scanner that types into it.
struct Door {
    process: Child,
    scanner: ChildStdin,
    said: Receiver<String>,
}

impl Door {
    fn open(state: &Path) -> Self {
        let mut command = program(state, &["run", "--item", BUS]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("the program starts");
        let scanner = process.stdin.take().expect("piped");
        let printed = BufReader::new(process.stdout.take().expect("piped"));
        let (say, said) = channel();
        std::thread::spawn(move || {
            let lines = printed.lines().map_while(Result::ok);
            lines.filter(|line| line.contains("通过")).try_for_each(|line| say.send(line))
        });
        Self { process, scanner, said }
    }

    /// Shows a code; the first line of the answer.
    fn show(&mut self, code: &str) -> String {
        self.scanner.write_all(format!("{code}\r\n").as_bytes()).expect("typed");
        self.said.recv_timeout(Duration::from_secs(20)).expect("an answer in time")
    }

    /// As a power cut would.
    fn kill(mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn is_yes(answer: &str) -> bool {
    answer.starts_with("通过 YES")
}

struct Town {
    app: App,
    holder: Actor,
}

impl Town {
    async fn new(server: &Server) -> Self {
        let place = server.place();
        let db = place.open(&Limits::default()).expect("the server's database");
        let keys = place.keys().expect("the server's keys");
        let app = yikatong::serve::tool_platform(db, keys, &place).await.expect("a platform");
        holders::make(&app, 1).await.expect("a holder");
        let person = app.db.read(|tx| tx.one("SELECT id FROM person", &[])?.get::<Id>(0));
        let person = person.await.expect("one person");
        let holder = Actor { role: Role::Holder, person: Some(person), ..Actor::system() };
        codes::cq1::keys::ensure(&app).await.expect("keys");
        codes::cq1::status::round(&app).await.expect("a status list");
        Self { app, holder }
    }

    async fn terminal(&self, server: &Server, state: &Path, at: &str) {
        let new = NewTerminal {
            org: Id(1),
            place: at.to_owned(),
            items: vec![BUS.to_owned()],
            channel: None,
            division: String::new(),
        };
        let made = registry::register(&self.app, &officer(), new, "张三").await;
        let (_, code) = made.expect("registered");
        done(state, &["enrol", "--server", &server.url(""), "--code", &code]);
    }

    async fn code(&self) -> String {
        codes::cq1::issue::show(&self.app, &self.holder).await.expect("a code").text
    }

    /// Uses that count, by the counter of their code.
    async fn uses(&self) -> BTreeMap<i64, i64> {
        let sql =
            "SELECT counter, COUNT(*) FROM card_use WHERE counter IS NOT NULL GROUP BY counter";
        let read = self.app.db.read(move |tx| {
            let rows = tx.query(sql, &[])?;
            rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<Result<_, DbError>>()
        });
        read.await.expect("read")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn offline_uses_are_on_the_platform_once_and_a_double_use_is_raised() {
    let mut server = Server::start();
    let town = Town::new(&server).await;
    // The running server's catalogue is a second old at most.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let folders = [Folder::new("door1"), Folder::new("door2")];
    let [first, second] = [folders[0].path().join("state"), folders[1].path().join("state")];
    town.terminal(&server, &first, "一号门").await;
    town.terminal(&server, &second, "二号门").await;

    let mut door = Door::open(&first);
    let online = door.show(&town.code().await);
    assert!(is_yes(&online) && !online.contains('#'), "judged by the platform: {online}");

    server.stop();
    let (shared, own) = (town.code().await, town.code().await);
    let offline = door.show(&shared);
    assert!(is_yes(&offline) && offline.contains('#'), "judged alone: {offline}");
    assert!(is_yes(&door.show(&own)));
    assert!(door.show(&shared).contains("cq1/replayed"));
    door.kill();
    let mut door = Door::open(&first);
    assert!(door.show(&own).contains("cq1/replayed"), "a power cut does not make it forget");
    drop(door.scanner);
    let ended = door.process.wait().expect("it ends with its input");
    assert!(ended.success());

    let mut other = Door::open(&second);
    assert!(is_yes(&other.show(&shared)), "nobody can tell the second door");
    assert!(is_yes(&other.show(&town.code().await)));
    assert!(other.show("CQ1:THIS IS NOT A CODE").contains("cq1/length"));
    other.kill();
    assert_eq!(town.uses().await.len(), 1, "the platform knows of the first use alone");

    server.restart();
    let quiet = done(&first, &["upload"]);
    assert!(quiet.contains("uploaded 4") && !quiet.contains("raised"), "{quiet}");
    let raised = done(&second, &["upload"]);
    assert!(raised.contains("uploaded 2") && raised.contains("entry 1 was raised"), "{raised}");
    for state in [&first, &second] {
        assert!(done(state, &["upload"]).contains("uploaded 0"), "the same again changes nothing");
    }
    let uses = town.uses().await;
    assert_eq!(uses, BTreeMap::from([(1, 1), (2, 1), (3, 1), (4, 1)]));
    let (_, alarms) = registry::look(&town.app, &officer()).await.expect("seen");
    let kinds: Vec<&str> = alarms.iter().map(|alarm| alarm.kind.as_str()).collect();
    assert_eq!(kinds, ["double-use"]);
    assert_eq!(alarms[0].person, town.holder.person);
}

#[tokio::test(flavor = "multi_thread")]
async fn offline_a_loss_that_was_listed_before_the_cut_is_a_no() {
    let mut server = Server::start();
    let town = Town::new(&server).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let folder = Folder::new("door3");
    let state = folder.path().join("state");
    town.terminal(&server, &state, "三号门").await;
    let code = town.code().await;
    // What a loss does to the electronic card; the rest of that procedure is not this test's.
    let sql = "UPDATE ecard SET state = 'lost'";
    let changed = town.app.db.housekeeping(move |tx| tx.execute(sql, &[]));
    assert_eq!(changed.await.expect("changed"), 1);
    codes::cq1::status::round(&town.app).await.expect("a newer list");
    done(&state, &["upload"]);
    server.stop();
    let mut door = Door::open(&state);
    let answer = door.show(&code);
    assert!(answer.contains("cq1/suspended"), "{answer}");
    door.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn offline_the_page_of_a_counter_says_yes_and_no() {
    if !browser::wanted() {
        return;
    }
    let mut server = Server::start();
    let town = Town::new(&server).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let folder = Folder::new("counter");
    let state = folder.path().join("state");
    town.terminal(&server, &state, "江北图书馆总台").await;
    server.stop();
    let mut service = program(&state, &["serve", "--port", "0"]);
    let mut service = service.stdout(Stdio::piped()).spawn().expect("the program starts");
    let mut address = String::new();
    let mut printed = BufReader::new(service.stdout.take().expect("piped"));
    printed.read_line(&mut address).expect("an address");
    let page = Browser::desktop().await;
    page.open(address.trim()).await;
    assert_eq!(page.overflow().await, 0);
    page.screenshot("terminal-ready").await;
    let code = town.code().await;
    page.type_into_focus(&format!("{code}\n")).await;
    page.wait_for("body.yes").await;
    page.screenshot("terminal-yes").await;
    page.type_into_focus(&format!("{code}\n")).await;
    page.wait_for("body.no").await;
    page.wait_for_text("cq1/replayed").await;
    page.screenshot("terminal-no").await;
    let _ = service.kill();
    let _ = service.wait();
}
