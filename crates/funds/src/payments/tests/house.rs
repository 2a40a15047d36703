//! A platform with a programme, two banks, people with accounts, and a bank's host in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use banks::AccountNumber;
use banks::store::{accounts, agreements};
use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Migration, Tx, v};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::org::{self, Org};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{TestDb, actor, databases, platform};
use kernel::time::Utc;
use people::rules::Person;

use crate::payments::port::{
    Asked, Batch as Orders, LineResult, PayPort, Ports, Report, ReportKind, Sent,
};
use crate::payments::rules::batch::BatchState;
use crate::payments::service::release::{self, Hand};
use crate::payments::service::{self, BatchId, books, tell, work};
use crate::payments::store::batches::{self, Batch};
use crate::payments::store::payments::{self, Stored};

const ROSTERS: &[Migration] =
    &[Migration { name: "test-rosters", sql: include_str!("rosters.sql") }];

/// What the host does with the next file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mood {
    Takes,
    Refuses,
    /// It takes it, and the answer is lost.
    Silent,
    /// Nothing arrives.
    Deaf,
}

/// A bank's host in memory.
pub struct Host {
    pub mood: Mutex<Mood>,
    pub files: Mutex<BTreeMap<String, Orders>>,
    /// All that was ever sent, in order.
    pub sent: Mutex<Vec<Orders>>,
    pub reports: Mutex<Vec<Report>>,
    pub settled: Mutex<Vec<(String, usize)>>,
}

impl PayPort for Host {
    fn send(&self, batch: &Orders) -> Sent {
        self.sent.lock().unwrap().push(batch.clone());
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Takes | Mood::Silent => {
                self.files.lock().unwrap().insert(batch.id.clone(), batch.clone());
            }
            Mood::Refuses | Mood::Deaf => {}
        }
        match mood {
            Mood::Takes => Sent::Taken,
            Mood::Refuses => Sent::Refused(crate::payments::port::Reason::Other, "E07".to_owned()),
            Mood::Silent | Mood::Deaf => Sent::Unknown("timeout".to_owned()),
        }
    }

    fn query(&self, id: &str) -> Asked {
        match self.files.lock().unwrap().contains_key(id) {
            true => Asked::InProgress,
            false => Asked::NeverSeen,
        }
    }

    fn collect(&self) -> std::io::Result<Vec<Report>> {
        Ok(self.reports.lock().unwrap().clone())
    }

    fn settle(&self, report: &Report, faults: &[(u64, String)]) -> std::io::Result<()> {
        self.reports.lock().unwrap().retain(|known| known != report);
        self.settled.lock().unwrap().push((report.id.clone(), faults.len()));
        Ok(())
    }
}

/// One bank's door to the host: it tells of its own files only.
struct Door(Arc<Host>, String);

impl PayPort for Door {
    fn send(&self, batch: &Orders) -> Sent {
        self.0.send(batch)
    }

    fn query(&self, id: &str) -> Asked {
        self.0.query(id)
    }

    fn collect(&self) -> std::io::Result<Vec<Report>> {
        let files = self.0.files.lock().unwrap();
        let own = |report: &Report| files.get(&report.batch).is_some_and(|one| one.bank == self.1);
        Ok(self.0.collect()?.into_iter().filter(own).collect())
    }

    fn settle(&self, report: &Report, faults: &[(u64, String)]) -> std::io::Result<()> {
        self.0.settle(report, faults)
    }
}

pub fn paid() -> LineResult {
    LineResult::Paid { bank_ref: "B1".to_owned(), at: 1_800_000_000_000_000 }
}

pub fn returned() -> LineResult {
    let reason = crate::payments::port::Reason::Closed;
    LineResult::Returned { reason, bank_code: "R03".to_owned() }
}

pub struct House {
    pub app: App,
    pub engine: &'static str,
    pub host: Arc<Host>,
    pub banks: Vec<Id>,
    pub people: Vec<(Id, Id)>,
    pub programme: Id,
    pub finance: Vec<Actor>,
    // Last: its folder goes when all else is gone.
    _test: TestDb,
}

pub fn code_of<T>(result: Result<T, Problem>) -> &'static str {
    result.err().map_or("ok", |problem| problem.code)
}

/// A house with `people` holders on each engine.
pub async fn houses(name: &str, people: u32) -> Vec<House> {
    let mut made = Vec::new();
    for test in databases(name) {
        let schema = [
            kernel::MIGRATIONS,
            people::MIGRATIONS,
            banks::MIGRATIONS,
            ROSTERS,
            crate::payments::MIGRATIONS,
        ];
        let app = platform(&test, &schema).await;
        let host = Host {
            mood: Mutex::new(Mood::Takes),
            files: Mutex::default(),
            sent: Mutex::default(),
            reports: Mutex::default(),
            settled: Mutex::default(),
        };
        let finance = [Role::DepartmentOfficer, Role::MunicipalApprover, Role::MunicipalApprover];
        let mut house = House {
            banks: vec![app.id(), app.id()],
            people: (0..people).map(|_| (app.id(), app.id())).collect(),
            programme: app.id(),
            finance: finance.into_iter().map(actor).collect(),
            host: Arc::new(host),
            engine: test.engine,
            app,
            _test: test,
        };
        house.people.sort();
        house.furnish().await;
        made.push(house);
    }
    made
}

impl House {
    /// Writes past the use cases.
    pub async fn change<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx<'_>) -> Result<T, DbError> + Send + Sync + 'static,
    ) -> Result<T, DbError> {
        let entry = Entry::new(self.app.id(), Utc::now(), &Actor::system(), "test.made", "");
        let work = move |tx: &mut Tx<'_>| {
            let done = work(tx)?;
            journal::record(tx, &entry)?;
            Ok(done)
        };
        self.app.db.write(work).await
    }

    pub async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx<'_>) -> Result<T, DbError> + Send + Sync + 'static,
    ) -> T {
        self.app.db.read(work).await.expect("read")
    }

    async fn furnish(&mut self) {
        let (app, banks, people) = (self.app.clone(), self.banks.clone(), self.people.clone());
        let programme = self.programme;
        let made = self.change(move |tx| {
            for (place, bank) in banks.iter().enumerate() {
                insert_bank(tx, *bank, place)?;
            }
            for (place, (person, card)) in people.iter().enumerate() {
                insert_person(tx, &app, (*person, *card), banks[place % 2], place)?;
            }
            let sql = "INSERT INTO programme (id, code, version, name_zh, name_en, kind, department,
                           conflicts, public_days, two_above_fen, max_line_fen, per, state)
                       VALUES ($1, 'CQ-01', 1, '耕地地力保护补贴', 'Farmland subsidy', 'subsidy', 1, '', 7,
                           10000000, 0, 'person', 'open')";
            tx.execute(sql, &[v(programme)]).map(drop)
        });
        made.await.expect("furnished");
    }

    /// A roster of these people, each with 100 yuan and as many fen as his place.
    pub async fn roster(&self, period: &'static str, people: &[usize]) -> Id {
        let (id, programme) = (self.app.id(), self.programme);
        let lines: Vec<(Id, Id, Id, i64)> = people
            .iter()
            .map(|place| {
                let (person, card) = self.people[*place];
                (person, card, self.banks[place % 2], 10_000 + *place as i64)
            })
            .collect();
        let made = self.change(move |tx| {
            let fen: i64 = lines.iter().map(|line| line.3).sum();
            let sql = "INSERT INTO roster (id, programme_id, period, division, state, declared_lines,
                           declared_fen, lines, fen, version)
                       VALUES ($1, $2, $3, '500112001', 'approved', $4, $5, $4, $5, 1)";
            let count = lines.len() as i64;
            tx.execute(sql, &[v(id), v(programme), v(period), v(count), v(fen)])?;
            for (place, (person, card, bank, fen)) in lines.iter().enumerate() {
                let sql = "INSERT INTO roster_line (roster_id, line, person_id, card_id, bank_id,
                               amount_fen, state, reason) VALUES ($1, $2, $3, $4, $5, $6, 'good', '')";
                let line = place as i64 + 1;
                tx.execute(sql, &[v(id), v(line), v(*person), v(*card), v(*bank), v(*fen)])?;
            }
            Ok(())
        });
        made.await.expect("a roster");
        id
    }

    pub async fn accept(&self, roster: Id) -> Result<BatchId, Problem> {
        let (app, actor) = (self.app.clone(), self.finance[0].clone());
        let work = move |tx: &mut Tx<'_>| service::accept_in(tx, &app, &actor, roster, Utc::now());
        self.app.db.write(work).await
    }

    pub fn ports(&self) -> Ports {
        let host = self.host.clone();
        Arc::new(move |code| {
            let door: Arc<dyn PayPort> = Arc::new(Door(host.clone(), code.to_owned()));
            Ok(Some(door))
        })
    }

    pub async fn round(&self) -> String {
        // What waits for its time is due now.
        let sql = "UPDATE pay_file SET next_at = 0";
        self.app.db.housekeeping(move |tx| tx.execute(sql, &[]).map(drop)).await.expect("due");
        let said = work::round_with(&self.app, &self.ports()).await.expect("a round");
        tell::round(&self.app).await.expect("told");
        said
    }

    /// A batch of a roster that finance has released.
    pub async fn released(&self, period: &'static str, people: &[usize]) -> BatchId {
        let roster = self.roster(period, people).await;
        let batch = self.accept(roster).await.expect("accepted");
        while work::reserve(&self.app).await.expect("reserved") {}
        self.release(batch).await;
        batch
    }

    pub async fn release(&self, batch: BatchId) {
        release::release(&self.app, &self.finance[0], batch, Hand::Ask).await.expect("asked");
        let after = release::release(&self.app, &self.finance[1], batch, Hand::Approve).await;
        assert_eq!(after.expect("approved").state, BatchState::Released);
    }

    /// The host tells the same of all orders that it has, in one report for each file.
    pub fn tell(&self, number: &str, word: &LineResult) {
        for (place, (id, orders)) in self.host.files.lock().unwrap().iter().enumerate() {
            let line =
                |one: &crate::payments::port::Order| (one.reference.clone(), one.fen, word.clone());
            let lines = orders.orders.iter().map(line).collect();
            self.report(&format!("{number}-{place}"), id, lines);
        }
    }

    pub fn report(&self, number: &str, batch: &str, lines: Vec<(String, i64, LineResult)>) {
        let digest = seal::sm3::sm3(format!("{number}{batch}{lines:?}").as_bytes());
        let (id, batch) = (number.to_owned(), batch.to_owned());
        let report =
            Report { id, batch, kind: ReportKind::Result, lines, faults: Vec::new(), digest };
        self.host.reports.lock().unwrap().push(report);
    }

    pub async fn batch(&self, id: BatchId) -> Batch {
        self.read(move |tx| batches::get(tx, id)).await.expect("a batch")
    }

    pub async fn payments(&self, id: BatchId) -> Vec<Stored> {
        let batch = self.batch(id).await;
        self.read(move |tx| payments::page(tx, &batch, (None, None), 0, 10_000)).await
    }

    /// How many payments of a batch stand in a state of this code.
    pub async fn count(&self, id: BatchId, state: &str) -> usize {
        let all = self.payments(id).await;
        all.iter().filter(|one| one.payment.state.code() == state).count()
    }

    /// All books are compared with all payments.
    pub async fn books_hold(&self) {
        let sql = "UPDATE pay_batch SET checked_at = 0";
        self.app.db.housekeeping(move |tx| tx.execute(sql, &[]).map(drop)).await.expect("all");
        let said = books::round(&self.app).await.expect("compared");
        assert!(said.ends_with(" 0 breaches"), "{}: {said}", self.engine);
    }

    /// Like [`House::acts`] without the name of the capability.
    pub async fn acts_of(&self, act: &str) -> i64 {
        let act = format!("funds.{act}");
        let sql = "SELECT COUNT(*) FROM journal_entry WHERE act = $1";
        self.read(move |tx| tx.one(sql, &[v(&act)])?.get(0)).await
    }

    pub async fn acts(&self, act: &'static str) -> i64 {
        let sql = "SELECT COUNT(*) FROM journal_entry WHERE act = $1";
        self.read(move |tx| tx.one(sql, &[v(act)])?.get(0)).await
    }
}

fn insert_bank(tx: &mut Tx<'_>, bank: Id, place: usize) -> Result<(), DbError> {
    let org = Org {
        id: bank,
        credit_code: None,
        name_zh: format!("示范银行{place}"),
        name_en: format!("Model bank {place}"),
        kind: "bank".to_owned(),
        division: "500000".to_owned(),
        parent: None,
    };
    org::add(tx, &org, Utc::now())?;
    let known = agreements::Bank {
        id: bank,
        code: format!("BANK{place}"),
        name: Text::new("", ""),
        phone: "023-95500".to_owned(),
        about: Text::new("", ""),
    };
    agreements::insert_bank(tx, &known, Utc::now())
}

fn insert_person(
    tx: &mut Tx<'_>,
    app: &App,
    (id, card): (Id, Id),
    bank: Id,
    place: usize,
) -> Result<(), DbError> {
    let made = people::generate::person(7, place as u32).expect("somebody");
    let person = Person {
        id,
        number: made.number,
        document: made.document,
        name: made.name,
        sex: made.sex,
        birth: made.birth,
        nation: made.nation.unwrap_or_default().to_owned(),
        phone: made.phone,
        address: made.address,
        household: made.household.map(|one| one.code.to_owned()).unwrap_or_default(),
        ground: made.ground,
        ground_until: None,
        deceased_on: None,
        version: 1,
    };
    people::store::insert(tx, &person, Utc::now())?;
    let account = accounts::Account {
        person: id,
        card,
        bank,
        state: banks::rules::State::Active,
        last_four: String::new(),
        expected: None,
        expected_at: None,
        seen_at: None,
        changed_at: Utc::now(),
        version: 1,
    };
    accounts::request(tx, None, &account)?;
    let number = AccountNumber::parse(&format!("10000000{place:08}"));
    let number = number.map_err(|_| DbError::Engine("account number".to_owned()))?;
    accounts::set_number(tx, &app.keys, &account, &number).map(drop)
}
