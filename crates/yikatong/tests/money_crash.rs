//! Server, bank and PostgreSQL are killed at random moments of a batch, from the roster's file to the banks'
//! last word. Nothing is lost and nothing is paid twice: what the books say is what the banks really did.
//!
//! `YIKATONG_CRASH_LINES` and `YIKATONG_CRASH_KILLS` make it larger (`docs/payments.md`).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use funds::payments::rules::batch::BatchState;
use funds::payments::service::books;
use funds::payments::service::release::{self, Hand};
use funds::payments::store::batches;
use funds::rosters::rules::State;
use kernel::db::{DbError, Limits, v};
use kernel::id::Id;
use kernel::platform::{App, random};
use kernel::problem::Problem;
use payfile::sign::SIGNER;
use seal::sm2::SigningKey;
use yikatong::bench::paid::{self, ListFile, Officials};

use crate::support::own_postgres::OwnPostgres;
use crate::support::server::{Options, Server};

const BANKS: [&str; 2] = ["CRA", "CRB"];

fn number(name: &str, or: u32) -> u32 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(or)
}

#[tokio::test(flavor = "multi_thread")]
async fn money_survives_kills_of_server_and_bank_on_sqlite() {
    run(None).await;
}

/// Only when it is asked for with `YIKATONG_CRASH_LINES`: alone it settles in half a minute, beside other
/// tests its batch twice did not settle in two, and why is not known yet.
#[tokio::test(flavor = "multi_thread")]
async fn money_survives_kills_of_server_bank_and_postgres() {
    if std::env::var_os("YIKATONG_CRASH_LINES").is_none() {
        return;
    }
    let Some(postgres) = OwnPostgres::start() else {
        assert!(std::env::var_os("CI").is_none(), "CI has PostgreSQL");
        return;
    };
    run(Some(postgres)).await;
}

/// A bank's host as a process of its own.
struct Bank {
    code: &'static str,
    folder: PathBuf,
    platform_key: String,
    process: Option<Child>,
}

impl Bank {
    /// Its folder, keys and configuration below the platform's data.
    fn at(data: &std::path::Path, code: &'static str, seed: u8) -> Self {
        let key = |seed: u8| SigningKey::from_secret(&[seed; 32], SIGNER).expect("a key");
        let hex = |key: &SigningKey| hex::encode(key.verifying().to_compressed());
        let folder = data.join("pay").join(code);
        std::fs::create_dir_all(&folder).expect("a folder");
        let write = |path: PathBuf, text: String| std::fs::write(path, text).expect("written");
        write(data.join("pay/platform.key"), "01".repeat(32));
        write(folder.join("bank.key"), format!("{seed:02x}").repeat(32));
        let config = serde_json::json!({
            "way": { "files": { "folder": code, "layout": "bar" } },
            "payer_account": "5001000099887766", "key_file": "platform.key",
            "bank_keys": [hex(&key(seed))], "codes": "plain",
        });
        write(data.join(format!("pay/{code}.json")), config.to_string());
        Self { code, folder, platform_key: hex(&key(1)), process: None }
    }

    fn book(&self) -> PathBuf {
        self.folder.join("book.jsonl")
    }

    fn start(&mut self) {
        let command = &mut Command::new(env!("CARGO_BIN_EXE_yikatong"));
        command.args(["pay-simulator", "--pause", "50", "--bank", self.code, "--folder"]);
        command.arg(&self.folder).arg("--book").arg(self.book());
        command.arg("--key-file").arg(self.folder.join("bank.key"));
        command.args(["--platform-key", &self.platform_key]);
        // It returns some orders, tells twice, late and in another order.
        let script = "seed:11,only,fail=4,delay=20,duplicate=20,reorder=20";
        command.args(["--script", script]).stdout(Stdio::null());
        self.process = Some(command.spawn().expect("the bank starts"));
    }

    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("killed");
            process.wait().expect("gone");
        }
    }
}

impl Drop for Bank {
    fn drop(&mut self) {
        self.kill();
    }
}

struct Run {
    app: App,
    officials: Officials,
    roster: Id,
    server: Server,
    banks: Vec<Bank>,
    postgres: Option<OwnPostgres>,
}

async fn run(postgres: Option<OwnPostgres>) {
    let (lines, kills) = (number("YIKATONG_CRASH_LINES", 600), number("YIKATONG_CRASH_KILLS", 4));
    let options =
        Options { database_url: postgres.as_ref().map(OwnPostgres::url), ..Options::default() };
    let mut server = Server::with(options);
    server.kill();
    let place = server.place();
    let (keys, db) = (place.keys().expect("keys"), place.open(&Limits::default()).expect("open"));
    let app = yikatong::serve::tool_platform(db, keys, &place).await.expect("a platform");
    let codes = BANKS.map(str::to_owned);
    let officials = paid::furnish(&app, lines, &codes, &|_, _| {}).await.expect("furnished");
    let list = paid::list(&server.data().join("list.csv"), lines, 0, lines).expect("a list");
    let roster = paid::begin(&app, &officials, &list, "2026-11").await.expect("entered");
    let banks = BANKS.iter().zip(2..).map(|(code, seed)| Bank::at(server.data(), code, seed));
    let banks = banks.collect();
    let mut run = Run { app, officials, roster, server, banks, postgres };
    run.banks.iter_mut().for_each(Bank::start);
    run.server.restart();
    let done = run.killed(kills).await;
    let patience = Duration::from_secs(120 + u64::from(lines) / 50);
    run.settles(patience).await;
    println!("{lines} lines, {done} kills before the batch was settled");
    run.server.kill();
    run.banks.iter_mut().for_each(Bank::kill);
    run.books_are_what_the_banks_did(&list).await;
    crate::crash::journal_holds(&place, 0);
}

impl Run {
    /// Kills something again and again; how often, until the batch was settled.
    async fn killed(&mut self, kills: u32) -> u32 {
        for kill in 0..kills {
            let [pause, whom] = random::<2>();
            tokio::time::sleep(Duration::from_millis(150 + u64::from(pause) * 4)).await;
            match (whom % 3, &self.postgres) {
                (0, Some(postgres)) => {
                    postgres.kill();
                    postgres.again();
                }
                (1, _) => {
                    let bank = &mut self.banks[usize::from(whom) % BANKS.len()];
                    bank.kill();
                    bank.start();
                }
                _ => {
                    self.server.kill();
                    self.hasten(true).await;
                    self.server.restart();
                }
            }
            if self.step().await == Some(BatchState::Settled) {
                return kill + 1;
            }
        }
        kills
    }

    async fn settles(&self, patience: Duration) {
        let began = Instant::now();
        while self.step().await != Some(BatchState::Settled) {
            assert!(
                began.elapsed() < patience,
                "the batch was not settled: {:?}",
                self.server.logged()
            );
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Time passes: what waits for its moment is due, and with nobody alive no lease is held.
    async fn hasten(&self, dead: bool) {
        let work = move |tx: &mut kernel::db::Tx<'_>| {
            tx.execute("UPDATE pay_file SET next_at = 0 WHERE next_at > 0", &[])?;
            let free = "UPDATE job SET lease_until = 0";
            if dead { tx.execute(free, &[]).map(drop) } else { Ok(()) }
        };
        // The database may be the one that was killed: then the next step does it.
        let _: Result<(), DbError> = self.app.db.housekeeping(work).await;
    }

    /// Officials do what is theirs; how the batch stands, when it is known.
    async fn step(&self) -> Option<BatchState> {
        self.hasten(false).await;
        self.officials_act().await.ok().flatten()
    }

    async fn officials_act(&self) -> Result<Option<BatchState>, Problem> {
        let (app, roster) = (&self.app, self.roster);
        let stands = paid::roster(app, roster).await?;
        match stands.state {
            State::Checked => paid::notice(app, &self.officials, roster).await?,
            State::Noticed => paid::approve(app, &self.officials, roster).await.map(drop)?,
            _ => {}
        }
        let found = app.db.read(move |tx| batches::of_roster(tx, roster)).await?;
        let Some(batch) = found else { return Ok(None) };
        let [first, second] = &self.officials.finance;
        match batch.release.state {
            BatchState::Reserved => {
                release::release(app, first, batch.id, Hand::Ask).await?;
            }
            BatchState::Asked => {
                release::release(app, second, batch.id, Hand::Approve).await?;
            }
            _ => {}
        }
        Ok(Some(batch.release.state))
    }

    /// Nothing is lost, nothing doubled.
    async fn books_are_what_the_banks_did(&self, list: &ListFile) {
        let mut really: BTreeMap<String, i64> = BTreeMap::new();
        for bank in &self.banks {
            for (reference, fen) in payfile::simulator::open_book(&bank.book()).expect("a book") {
                assert_eq!(really.insert(reference, fen), None, "two banks paid one order");
            }
        }
        let rows = self
            .app
            .db
            .read(|tx| tx.query("SELECT id, amount_fen, state FROM payment ORDER BY id", &[]));
        let rows = rows.await.map_err(|error: DbError| error).expect("read");
        assert_eq!(rows.len() as i64, list.lines, "one payment for each line");
        let (mut paid, mut fen) = (BTreeMap::new(), 0);
        for row in &rows {
            let (id, amount, state): (Id, i64, String) =
                (row.get(0).expect("id"), row.get(1).expect("fen"), row.get(2).expect("state"));
            fen += amount;
            match state.as_str() {
                "paid" => drop(paid.insert(id.to_string(), amount)),
                "returned" => {}
                other => panic!("{id} is {other}"),
            }
        }
        assert_eq!(fen, list.fen, "not a fen more or less");
        assert!(paid.len() as i64 > list.lines / 2 && (paid.len() as i64) < list.lines);
        assert_eq!(paid, really, "what is booked as paid is what the banks paid");
        let all = |tx: &mut kernel::db::Tx<'_>| {
            tx.execute("UPDATE pay_batch SET checked_at = 0", &[]).map(drop)
        };
        self.app.db.housekeeping::<(), DbError>(all).await.expect("all books");
        let said = books::round(&self.app).await.expect("compared");
        assert!(said.ends_with(" 0 breaches"), "{said}");
        let twice = "SELECT COUNT(*) FROM (SELECT person_id FROM payment WHERE ended = $1
                     GROUP BY person_id, programme_id, period HAVING COUNT(*) > 1) d";
        let twice = self.app.db.read(move |tx| tx.one(twice, &[v(0i64)])?.get::<i64>(0)).await;
        assert_eq!(twice.map_err(|error: DbError| error).expect("counted"), 0, "paid twice");
    }
}
