//! `yikatong demo --regions 2`: two processes that trust and witness one another, and stop together.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use kernel::actor::{Actor, Role};
use kernel::db::Limits;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::actor;
use regions::service::incidents;
use yikatong::command::Place;

use crate::support::{Folder, get, signal, until};

const START: Duration = Duration::from_secs(180);
const SOON: Duration = Duration::from_secs(45);

/// The first of two ports in a row on which nobody listens, below those that connections are given:
/// the second is used only when the first installation is ready.
fn two_ports() -> u16 {
    let free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    let drawn = || 10_000 + u16::from_be_bytes(kernel::platform::random()) % 9_000;
    let both = |port: &u16| free(*port) && free(*port + 1);
    std::iter::repeat_with(drawn).find(both).expect("there are many ports")
}

struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn tool(folder: &Folder, region: &str) -> App {
    let data = folder.path().join("data").join(region);
    let place = Place { data, database_url: None, region: region.to_owned() };
    let (db, keys) = (place.open(&Limits::default()), place.keys());
    let (db, keys) = (db.expect("its database"), keys.expect("its keys"));
    yikatong::serve::tool_platform(db, keys, &place).await.expect("a platform")
}

/// What a terminal of Sichuan says to the code of a holder of Chongqing (Art. 3, 7).
async fn shown_abroad(folder: &Folder, home: &App, port: u16) -> String {
    let sql = "SELECT p.id FROM account a JOIN person p ON p.id = a.person_id
               WHERE a.role = 'holder' AND a.closed_at IS NULL ORDER BY a.id LIMIT 1";
    let read = home.db.read(move |tx| Ok::<_, Problem>(tx.one(sql, &[])?.get(0)?)).await;
    let person = Some(read.expect("a holder"));
    let holder = Actor { role: Role::Holder, person, ..Actor::system() };
    let code = codes::cq1::issue::show(home, &holder).await.expect("a code").text;
    let mut terminal = Command::new(env!("CARGO_BIN_EXE_yikatong"));
    terminal.args(["terminal", "verify", "--item", "CY-CU-001", "--code", &code]);
    terminal.arg(format!("--server=http://127.0.0.1:{port}"));
    terminal.arg("--token-file").arg(folder.path().join("data/510000/demo-terminal.token"));
    let output = terminal.output().expect("the program runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

async fn number(app: &App, sql: &'static str) -> i64 {
    let read = app.db.read(move |tx| Ok::<_, Problem>(tx.one(sql, &[])?.get(0)?));
    read.await.expect("a number")
}

async fn eventually(app: &App, sql: &'static str) {
    let deadline = std::time::Instant::now() + SOON;
    while number(app, sql).await == 0 {
        assert!(std::time::Instant::now() < deadline, "not in time: {sql}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_regions_of_the_demonstration_trust_and_witness_one_another_and_stop_together() {
    let (folder, port) = (Folder::new("demo_regions"), two_ports());
    let printed = folder.path().join("printed");
    let file = || File::create(&printed).expect("the temporary folder can be written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_yikatong"));
    command.args(["demo", "--regions", "2", &format!("--port={port}"), "--data"]);
    command.arg(folder.path().join("data")).stdin(Stdio::null()).stdout(file());
    for name in ["DATA", "DATABASE_URL", "LISTEN", "REGION", "ISSUER"] {
        command.env_remove(format!("YIKATONG_{name}"));
    }
    let mut demo = Demo(command.spawn().expect("the built program starts"));
    let told = || std::fs::read_to_string(&printed).unwrap_or_default();
    let ready =
        until(START, || told().contains("Ctrl-C") || !matches!(demo.0.try_wait(), Ok(None)));
    assert!(ready && told().contains("Ctrl-C"), "{}", told());

    let here = tool(&folder, "500000").await;
    let there = tool(&folder, "510000").await;
    assert_eq!(there.config.journal_origin, "yikatong/510000/journal");
    let officer = actor(Role::MunicipalOfficer);
    for app in [&here, &there] {
        let told = incidents::tell(app, &officer, "联合演练", "仅作演示").await;
        assert_eq!(told.expect("recorded"), 1, "one other region is trusted");
        assert!(number(app, "SELECT COUNT(*) FROM person").await >= 1_900);
        let active = "SELECT COUNT(*) FROM card WHERE activated_at IS NOT NULL";
        assert!(number(app, active).await >= 4, "holders have cards");
    }
    for (app, other) in [(&here, "510000"), (&there, "500000")] {
        eventually(app, "SELECT COUNT(*) FROM region_outbox WHERE result = 'ok'").await;
        eventually(app, "SELECT COUNT(*) FROM journal_cosignature").await;
        let read = app.db.read(|tx| {
            let sql = "SELECT witness FROM journal_cosignature";
            Ok::<_, Problem>(tx.query(sql, &[])?[0].get::<String>(0)?)
        });
        assert_eq!(read.await.expect("read"), format!("yikatong/{other}/witness"));
    }
    let said = shown_abroad(&folder, &here, port + 1).await;
    assert!(said.starts_with("通过 YES"), "{said}");

    let approved = "SELECT COUNT(*) FROM journal_entry WHERE act = 'region.decided'
                    AND actor_role = 'municipal-approver' AND result = 'ok'";
    assert_eq!(number(&there, approved).await, 1, "a second officer approved");

    signal("TERM", demo.0.id());
    let stopped = until(SOON, || matches!(demo.0.try_wait(), Ok(Some(_))));
    assert!(stopped, "it stops when it is told to");
    for port in [port, port + 1] {
        let gone = until(SOON, || get(port, "/readyz").is_none());
        assert!(gone, "nobody listens on {port} any more");
    }
}
