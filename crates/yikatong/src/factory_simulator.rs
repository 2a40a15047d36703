//! Bank, card factory and key centre in one: reads what lies in the exchange folders and answers, well
//! or badly, so that tests and demonstrations see the whole pipeline at work.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cards::production::files::{self, Sheet};
use cards::production::partner;
use cards::production::rules::{LineEvent, Stage};
use cards::production::service::exchange::PARTNERS;
use clap::{Args, ValueEnum};
use kernel::time::Utc;

/// How the partners behave.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Mode {
    /// Everything goes well.
    Good,
    /// Bank and factory fail on every fifth card.
    FailSome,
    /// Factory and key centre spoil every fifth card.
    SpoilSome,
    /// Answers are damaged on their way.
    Garbled,
    /// Each answer comes twice.
    Duplicate,
    /// The first look only notes a file; the second answers it.
    Late,
}

/// Options of the simulator.
#[derive(Args, Debug)]
pub struct SimulatorArguments {
    /// Folder of the exchange, with bank, factory and keys below it.
    #[arg(long, default_value = "./data/exchange")]
    folder: PathBuf,
    /// How the partners behave.
    #[arg(long, value_enum, default_value = "good")]
    mode: Mode,
    /// Look again each second until stopped.
    #[arg(long)]
    follow: bool,
}

/// Answers what lies there; with `--follow` for ever.
///
/// # Errors
/// A folder cannot be read or written.
pub fn run(arguments: &SimulatorArguments) -> Result<ExitCode, String> {
    loop {
        let answered = answer_all(&arguments.folder, arguments.mode);
        let answered = answered.map_err(|e| format!("{}: {e}", arguments.folder.display()))?;
        if answered > 0 || !arguments.follow {
            println!("{answered} files answered");
        }
        if !arguments.follow {
            return Ok(ExitCode::SUCCESS);
        }
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
}

/// Answers all files of all partners once; returns how many.
///
/// # Errors
/// A folder cannot be read or written.
pub fn answer_all(folder: &Path, mode: Mode) -> io::Result<usize> {
    let mut answered = 0;
    for stage in PARTNERS {
        let place = folder.join(stage.code());
        for path in asked(&place.join("out"))? {
            answered += usize::from(answer(&place, &path, stage, mode)?);
        }
    }
    Ok(answered)
}

/// Files that a partner has not answered yet.
fn asked(out: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(out) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn answer(place: &Path, path: &Path, stage: Stage, mode: Mode) -> io::Result<bool> {
    let seen = path.with_extension("seen");
    if mode == Mode::Late && !seen.exists() {
        std::fs::write(&seen, b"")?;
        return Ok(false);
    }
    let Ok(sheet) = files::read(&std::fs::read(path)?) else {
        println!("{}: cannot be read", path.display());
        return Ok(false);
    };
    let Some(mut bytes) = answer_to(&sheet, stage, mode) else {
        println!("{}: asks nothing", path.display());
        return Ok(false);
    };
    if mode == Mode::Garbled {
        let middle = bytes.len() / 2;
        bytes.truncate(middle);
    }
    let name = path.file_stem().unwrap_or_default().to_string_lossy().replace("-out", "-back");
    deliver(place, &format!("{name}.txt"), &bytes)?;
    if mode == Mode::Duplicate {
        deliver(place, &format!("{name}-again.txt"), &bytes)?;
    }
    if seen.exists() {
        std::fs::remove_file(&seen)?;
    }
    // What was answered moves aside; a garbled answer will be asked for again.
    if mode != Mode::Garbled {
        std::fs::rename(path, path.with_extension("answered"))?;
    }
    Ok(true)
}

fn answer_to(sheet: &Sheet, stage: Stage, mode: Mode) -> Option<Vec<u8>> {
    let bad = match (mode, stage) {
        (Mode::FailSome, Stage::Bank | Stage::Factory) => Some(LineEvent::Fail),
        (Mode::SpoilSome, Stage::Factory | Stage::Keys) => Some(LineEvent::Spoil),
        _ => None,
    };
    let verdict = |seq: i64| match bad {
        Some(bad) if seq % 5 == 0 => bad,
        _ => LineEvent::Good,
    };
    partner::answer(sheet, Utc::now().day(), verdict).ok()
}

/// Puts an answer where the platform collects it; it gets its name when it is whole.
fn deliver(place: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let inbox = place.join("in");
    std::fs::create_dir_all(&inbox)?;
    let part = inbox.join(format!("{name}.part"));
    std::fs::write(&part, bytes)?;
    std::fs::rename(part, inbox.join(name))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use cards::production::rules::LineState;
    use cards::production::service::batches::{self, Scope};
    use cards::production::service::exchange;
    use cards::production::store::batches as store;
    use cards::rules::Command;
    use kernel::actor::{Actor, Role};
    use kernel::id::Id;
    use kernel::platform::App;
    use kernel::testing::{TestDb, actor, databases, platform};
    use people::rules::{Ground, Person};

    use super::*;

    struct House {
        app: App,
        clerk: Actor,
        batch: Id,
        engine: &'static str,
        _db: TestDb,
    }

    async fn houses(name: &str, cards: u32) -> Vec<House> {
        let mut houses = Vec::new();
        for db in databases(name) {
            let app = platform(&db, &[&crate::migrations()]).await;
            let clerk = actor(Role::Clerk);
            for index in 0..cards {
                apply(&app, &clerk, index).await;
            }
            let scope = Scope::Outlet(clerk.org.expect("an outlet"));
            let batch = batches::gather(&app, &clerk, scope, None).await.expect("gathered").id;
            batches::send(&app, &clerk, batch).await.expect("sent");
            exchange::round(&app).await.expect("put out");
            houses.push(House { app, clerk, batch, engine: db.engine, _db: db });
        }
        houses
    }

    async fn apply(app: &App, clerk: &Actor, index: u32) {
        let grown = |p: &people::generate::GeneratedPerson| p.birth.year() < 2000;
        let mut made = (0..).filter_map(|i| people::generate::person(3, i)).filter(grown);
        let made = made.nth(index as usize).expect("within the population");
        let person = Person {
            id: app.id(),
            number: made.number,
            document: made.document,
            name: made.name,
            sex: made.sex,
            birth: made.birth,
            nation: String::new(),
            phone: made.phone,
            address: made.address,
            household: "500103".to_owned(),
            ground: Ground::Household,
            ground_until: None,
            deceased_on: None,
            version: 1,
        };
        let id = person.id;
        let insert =
            move |tx: &mut kernel::db::Tx<'_>| people::store::insert(tx, &person, Utc::now());
        app.db.housekeeping(insert).await.expect("registered");
        let command = Command::Apply { guardian: String::new() };
        cards::service::perform(app, clerk, id, command).await.expect("applied");
    }

    impl House {
        /// The partners answer, and the platform collects; how many answers counted and how many not.
        async fn round(&self, mode: Mode) -> (usize, usize) {
            answer_all(&exchange::folder(&self.app), mode).expect("answered");
            let done = exchange::round(&self.app).await.expect("collected");
            (done.taken, done.refused)
        }

        async fn states(&self) -> BTreeMap<&'static str, usize> {
            let batch = self.batch;
            let lines = self.app.db.read(move |tx| store::lines(tx, batch)).await.expect("read");
            let mut states = BTreeMap::new();
            lines.iter().for_each(|line| *states.entry(line.state.code()).or_default() += 1);
            states
        }
    }

    #[tokio::test]
    async fn good_partners_bring_all_cards_to_the_outlet() {
        for house in houses("sim_good", 6).await {
            for _ in PARTNERS {
                assert_eq!(house.round(Mode::Good).await, (1, 0), "{}", house.engine);
            }
            assert_eq!(house.states().await, BTreeMap::from([(LineState::Out.code(), 6)]));
            assert_eq!(house.round(Mode::Good).await, (0, 0), "nothing is asked any more");
        }
    }

    #[tokio::test]
    async fn partners_that_fail_or_spoil_lose_no_card() {
        for (mode, bad) in [(Mode::FailSome, "failed"), (Mode::SpoilSome, "spoiled")] {
            for house in houses("sim_bad", 11).await {
                for _ in PARTNERS {
                    house.round(mode).await;
                }
                let expected = BTreeMap::from([(bad, 2), ("out", 9)]);
                assert_eq!(house.states().await, expected, "{mode:?} {}", house.engine);
                let audit = house.app.db.read(cards::production::audit).await.expect("audited");
                assert!(audit.holds(), "{audit:?}");
            }
        }
    }

    #[tokio::test]
    async fn garbled_double_and_late_answers_change_nothing_they_should_not() {
        for house in houses("sim_garbled", 3).await {
            assert_eq!(house.round(Mode::Garbled).await, (0, 1), "{}", house.engine);
            assert_eq!(house.states().await, BTreeMap::from([("out", 3)]));
            assert_eq!(house.round(Mode::Duplicate).await, (2, 0), "the second is known");
            assert_eq!(house.round(Mode::Late).await, (0, 0));
            assert_eq!(house.round(Mode::Late).await, (1, 0));
            assert_eq!(house.round(Mode::Good).await, (1, 0));
            let outlet = house.clerk.org.expect("an outlet");
            let (app, clerk) = (&house.app, &house.clerk);
            let receipt = cards::production::service::answers::receive;
            receipt(app, clerk, house.batch, outlet, Vec::new()).await.expect("received");
            assert_eq!(house.states().await, BTreeMap::from([("done", 3)]));
        }
    }
}
