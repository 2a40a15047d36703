//! Use cases and pages on both engines.

mod counter;
mod exchange;
mod model;
mod pages;

use std::collections::BTreeMap;

use kernel::actor::{Actor, Role};
use kernel::db::{DbError, v};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{TestDb, actor, databases, platform};
use kernel::time::Utc;
use people::rules::{Ground, Person};

use super::files::{self, Sheet};
use super::partner;
use super::rules::{BatchState, LineEvent, LineState, Stage};
use super::service::answers::{self, Outcome};
use super::service::batches::{self, Decision, Scope};
use super::service::spoiled;
use super::store::batches::{self as store, Batch, Line};
use super::store::files as file_store;
use super::store::numbers::{self, Audit};
use crate::rules::Command;

pub(super) struct House {
    pub(super) app: App,
    pub(super) clerk: Actor,
    pub(super) engine: &'static str,
    pub(super) _db: TestDb,
}

pub(super) async fn houses(name: &str) -> Vec<House> {
    let mut houses = Vec::new();
    for db in databases(name) {
        let app = platform(&db, &[kernel::MIGRATIONS, people::MIGRATIONS, crate::MIGRATIONS]).await;
        houses.push(House { app, clerk: actor(Role::Clerk), engine: db.engine, _db: db });
    }
    houses
}

impl House {
    pub(super) fn outlet(&self) -> Id {
        self.clerk.org.expect("a clerk has an outlet")
    }

    pub(super) fn colleague(&self) -> Actor {
        Actor { org: self.clerk.org, ..actor(Role::OutletManager) }
    }

    /// Registers generated people and applies for their cards.
    pub(super) async fn apply(&self, from: u32, count: u32) -> Vec<Id> {
        let mut ids = Vec::new();
        let grown = |p: &people::generate::GeneratedPerson| p.birth.year() < 2000;
        let people = (0..).filter_map(|i| people::generate::person(11, i)).filter(grown);
        for made in people.skip(from as usize).take(count as usize) {
            let person = Person {
                id: self.app.id(),
                number: made.number,
                document: made.document,
                name: made.name,
                sex: made.sex,
                birth: made.birth,
                nation: "汉".to_owned(),
                phone: made.phone,
                address: made.address,
                household: "500103".to_owned(),
                ground: Ground::Household,
                ground_until: None,
                deceased_on: None,
                version: 1,
            };
            ids.push(person.id);
            let insert =
                move |tx: &mut kernel::db::Tx<'_>| people::store::insert(tx, &person, Utc::now());
            self.app.db.housekeeping(insert).await.expect("registered");
        }
        for id in &ids {
            let command = Command::Apply { guardian: String::new() };
            let applied = crate::service::perform(&self.app, &self.clerk, *id, command).await;
            applied.expect("applied");
        }
        ids
    }

    pub(super) async fn gather(&self) -> Result<Batch, Problem> {
        batches::gather(&self.app, &self.clerk, Scope::Outlet(self.outlet()), None).await
    }

    pub(super) async fn batch(&self, id: Id) -> Batch {
        let found = self.app.db.read(move |tx| store::by_id(tx, id)).await;
        found.expect("read").expect("a batch")
    }

    pub(super) async fn lines(&self, id: Id) -> Vec<Line> {
        self.app.db.read(move |tx| store::lines(tx, id)).await.expect("read")
    }

    pub(super) async fn states(&self, id: Id) -> Vec<LineState> {
        self.lines(id).await.iter().map(|line| line.state).collect()
    }

    /// The newest file that went out for a batch.
    pub(super) async fn file_out(&self, id: Id) -> Vec<u8> {
        let keys = self.app.keys.clone();
        let content = self.app.db.read(move |tx| {
            let out = file_store::of_batch(tx, id)?.into_iter().rfind(|f| f.direction == "out");
            let out = out.ok_or(DbError::NotOne(0))?;
            Ok::<_, DbError>(file_store::by_id(tx, &keys, out.id)?.and_then(|(_, content)| content))
        });
        content.await.expect("read").expect("content")
    }

    /// Sends the batch out and answers for its stage.
    pub(super) async fn pass(&self, id: Id, verdict: impl Fn(i64) -> LineEvent) -> Outcome {
        batches::send(&self.app, &self.clerk, id).await.expect("sent");
        let back = back(&self.file_out(id).await, verdict);
        answers::take(&self.app, &self.clerk, back, Some(id)).await.expect("answered")
    }

    pub(super) async fn audit(&self) -> Audit {
        self.app.db.read(numbers::audit).await.expect("audited")
    }

    pub(super) async fn count(&self, table: &'static str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        let count = self.app.db.read(move |tx| tx.one(&sql, &[])?.get::<i64>(0));
        count.await.expect("a count")
    }

    pub(super) async fn stage_of(&self, person: Id) -> &'static str {
        let card = self.app.db.read(move |tx| crate::store::living(tx, person)).await;
        card.expect("read").map_or("none", |card| card.stage.code())
    }
}

pub(super) fn good(_: i64) -> LineEvent {
    LineEvent::Good
}

pub(super) fn back(out: &[u8], verdict: impl Fn(i64) -> LineEvent) -> Vec<u8> {
    let sheet: Sheet = files::read(out).expect("what went out can be read");
    partner::answer(&sheet, Utc::now().day(), verdict).expect("answered")
}

pub(super) fn code_of<T>(result: Result<T, Problem>) -> &'static str {
    result.err().map_or("ok", |problem| problem.code)
}

fn taken(outcome: Outcome) -> (usize, usize, usize) {
    match outcome {
        Outcome::Taken { good, failed, spoiled, .. } => (good, failed, spoiled),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_batch_passes_four_stages_and_its_cards_are_produced() {
    for house in houses("prod_straight").await {
        let people = house.apply(0, 5).await;
        let batch = house.gather().await.expect("gathered");
        assert_eq!(code_of(house.gather().await), "production/nothing-to-gather");
        for stage in Stage::ALL {
            assert_eq!(house.batch(batch.id).await.stage, stage, "{}", house.engine);
            assert_eq!(taken(house.pass(batch.id, good).await), (5, 0, 0));
        }
        assert_eq!(house.states(batch.id).await, [LineState::Done; 5]);
        assert_eq!(house.batch(batch.id).await.state, BatchState::Done);
        for person in &people {
            assert_eq!(house.stage_of(*person).await, "produced");
        }
        let audit = house.audit().await;
        assert!(audit.holds());
        assert_eq!((audit.drawn, audit.live, audit.reserved), (5, 5, 0), "{}", house.engine);
        assert_eq!(house.count("production_claim").await, 0);
        assert_eq!(house.count("outbox").await, 5, "each holder is told");
    }
}

#[tokio::test]
async fn failed_and_spoiled_lines_are_made_again_under_new_numbers() {
    for house in houses("prod_retry").await {
        house.apply(0, 4).await;
        let first = house.gather().await.expect("gathered").id;
        let failing = |seq| if seq == 1 { LineEvent::Fail } else { LineEvent::Good };
        assert_eq!(taken(house.pass(first, failing).await), (3, 1, 0));
        let spoiling = |seq| match seq {
            2 => LineEvent::Spoil,
            3 => LineEvent::Fail,
            _ => LineEvent::Good,
        };
        assert_eq!(taken(house.pass(first, spoiling).await), (1, 1, 1));
        let clerk = &house.clerk;
        for seq in [1, 2] {
            let decided = batches::decide(&house.app, clerk, (first, seq), Decision::Retry, "");
            assert_eq!(decided.await.expect("decided").state, LineState::Retried);
        }
        let close = batches::decide(&house.app, clerk, (first, 3), Decision::Close, " ").await;
        assert_eq!(code_of(close), "production/reason-missing");
        let close =
            batches::decide(&house.app, clerk, (first, 3), Decision::Close, "资料有误").await;
        assert_eq!(close.expect("closed").state, LineState::Closed);
        let again = house.gather().await.expect("the next batch").id;
        let lines = house.lines(again).await;
        assert_eq!(lines.iter().map(|line| line.attempt).collect::<Vec<_>>(), [2, 2]);
        let account = |lines: &[Line]| lines[1].account.clone();
        assert_eq!(account(&lines), account(&house.lines(first).await), "the account is kept");
        for _ in Stage::ALL {
            taken(house.pass(again, good).await);
        }
        for _ in 0..2 {
            taken(house.pass(first, good).await);
        }
        let audit = house.audit().await;
        assert!(audit.holds(), "{audit:?}");
        let seen = (audit.drawn, audit.live, audit.spoiled, audit.void, audit.reserved);
        assert_eq!(seen, (5, 3, 1, 1, 0), "{}", house.engine);
        let closed = code_of(house.gather().await);
        assert_eq!(closed, "production/nothing-to-gather", "a closed line is not gathered again");
    }
}

#[tokio::test]
async fn the_same_file_twice_changes_nothing_and_another_one_is_refused() {
    for house in houses("prod_twice").await {
        house.apply(0, 3).await;
        let id = house.gather().await.expect("gathered").id;
        batches::send(&house.app, &house.clerk, id).await.expect("sent");
        let out = house.file_out(id).await;
        let file = back(&out, good);
        let take = |bytes: Vec<u8>| answers::take(&house.app, &house.clerk, bytes, Some(id));
        assert_eq!(taken(take(file.clone()).await.expect("taken")), (3, 0, 0));
        let (lines, entries) = (house.lines(id).await, house.count("journal_entry").await);
        assert_eq!(take(file.clone()).await.expect("known"), Outcome::Already);
        assert_eq!(house.lines(id).await, lines, "{}", house.engine);
        assert_eq!(house.count("journal_entry").await, entries);
        let other = back(&out, |_| LineEvent::Fail);
        assert!(matches!(take(other).await, Ok(Outcome::Refused(_))));
        assert_eq!(house.lines(id).await, lines);
    }
}

#[tokio::test]
async fn a_file_that_does_not_fit_is_refused_whole() {
    for house in houses("prod_refused").await {
        house.apply(0, 3).await;
        let id = house.gather().await.expect("gathered").id;
        batches::send(&house.app, &house.clerk, id).await.expect("sent");
        let file = back(&house.file_out(id).await, good);
        let sheet = files::read(&file).expect("reads");
        let bend = |bend: &dyn Fn(&mut Sheet)| {
            let mut bent = sheet.clone();
            bend(&mut bent);
            files::write(&bent.header, &bent.rows)
        };
        let cases = [
            bend(&|s| drop(s.rows.pop())),
            bend(&|s| s.header.batch = Id(5)),
            bend(&|s| s.header.stage = Stage::Keys),
            bend(&|s| s.header.part = Id(9)),
            bend(&|s| s.header.direction = files::Direction::Out),
            bend(&|s| s.rows[1][1] = Id(1).to_string()),
            bend(&|s| s.rows[1][3] = s.rows[0][3].clone()),
            bend(&|s| s.rows[2] = s.rows[0].clone()),
            file[..file.len() - 4].to_vec(),
            b"hello".to_vec(),
        ];
        let before = house.lines(id).await;
        for bytes in cases {
            let outcome = answers::take(&house.app, &house.clerk, bytes, Some(id)).await;
            assert!(matches!(outcome, Ok(Outcome::Refused(_))), "{outcome:?}");
            assert_eq!(house.lines(id).await, before, "{}", house.engine);
        }
        let foreign = answers::take(&house.app, &actor(Role::Clerk), file.clone(), Some(id)).await;
        assert_eq!(code_of(foreign), "platform/not-found", "another outlet's clerk");
        let taken = answers::take(&house.app, &house.clerk, file, Some(id)).await;
        assert!(matches!(taken, Ok(Outcome::Taken { good: 3, .. })));
    }
}

#[tokio::test]
async fn the_factory_must_answer_with_the_number_that_was_sent() {
    let house = houses("prod_number").await.remove(0);
    house.apply(0, 2).await;
    let id = house.gather().await.expect("gathered").id;
    house.pass(id, good).await;
    batches::send(&house.app, &house.clerk, id).await.expect("sent");
    let mut sheet = files::read(&back(&house.file_out(id).await, good)).expect("reads");
    let other = sheet.rows[1][3].clone();
    sheet.rows[0][3] = other;
    let bytes = files::write(&sheet.header, &sheet.rows);
    let outcome = answers::take(&house.app, &house.clerk, bytes, None).await.expect("read");
    assert!(matches!(outcome, Outcome::Refused(faults) if faults[0].line == 2));
}

/// Art. 12, 13: whoever withdraws or dies gets no card, and what was made for him is destroyed.
#[tokio::test]
async fn cards_that_nobody_may_have_any_more_are_taken_out() {
    for house in houses("prod_withdrawn").await {
        let people = house.apply(0, 3).await;
        let id = house.gather().await.expect("gathered").id;
        let out = batches::decide(&house.app, &house.clerk, (id, 1), Decision::TakeOut, "撤回申请");
        assert_eq!(out.await.expect("out").state, LineState::TakenOut);
        house.pass(id, good).await;
        house.pass(id, good).await;
        let dead = people[1];
        let sql = "UPDATE person SET deceased_on = '2026-01-01' WHERE id = $1";
        let died = move |tx: &mut kernel::db::Tx<'_>| tx.execute(sql, &[v(dead)]).map(drop);
        house.app.db.housekeeping::<(), DbError>(died).await.expect("on record");
        house.pass(id, good).await;
        let states = [LineState::TakenOut, LineState::Spoiled, LineState::Waiting];
        assert_eq!(house.states(id).await, states, "{}", house.engine);
        house.pass(id, good).await;
        assert_eq!(house.stage_of(dead).await, "ordered");
        assert_eq!(house.stage_of(people[2]).await, "produced");
        let audit = house.audit().await;
        assert_eq!((audit.holds(), audit.live, audit.spoiled), (true, 1, 1));
    }
}

#[tokio::test]
async fn an_outlet_counts_its_cards_and_two_persons_destroy_the_bad_ones() {
    for house in houses("prod_receipt").await {
        house.apply(0, 3).await;
        let id = house.gather().await.expect("gathered").id;
        for _ in 0..3 {
            house.pass(id, good).await;
        }
        batches::send(&house.app, &house.clerk, id).await.expect("sent");
        let receive = |outlet, bad| answers::receive(&house.app, &house.clerk, id, outlet, bad);
        let unknown = receive(house.outlet(), vec![(9, "没有".to_owned())]).await;
        assert_eq!(code_of(unknown), "platform/invalid-input");
        let done = receive(house.outlet(), vec![(2, "卡面断裂".to_owned())]).await;
        assert_eq!(taken(done.expect("received")), (2, 0, 1));
        let spoiled = spoiled::list(&house.app, &house.clerk).await.expect("listed");
        let card = spoiled.first().expect("the broken card").id;
        let destroy = |actor: Actor, note: &'static str| {
            let app = house.app.clone();
            async move { spoiled::destroy(&app, &actor, card, note).await }
        };
        let clerk = || house.clerk.clone();
        assert_eq!(code_of(destroy(clerk(), "").await), "production/reason-missing");
        assert_eq!(code_of(destroy(clerk(), "剪碎芯片").await), "ok");
        assert_eq!(code_of(destroy(clerk(), "").await), "production/same-person");
        assert_eq!(code_of(destroy(actor(Role::Clerk), "").await), "platform/not-found");
        assert_eq!(code_of(destroy(house.colleague(), "").await), "ok", "{}", house.engine);
        assert_eq!(code_of(destroy(house.colleague(), "").await), "production/settled");
    }
}

/// Batches, single cards and batches again draw at the same moment: no number is missing or doubled.
#[tokio::test]
async fn many_draws_at_once_leave_no_gap_and_no_double() {
    for house in houses("prod_race").await {
        let people = house.apply(0, 24).await;
        let mut tasks = Vec::new();
        for _ in 0..6 {
            let (app, clerk) = (house.app.clone(), house.clerk.clone());
            tasks.push(tokio::spawn(async move {
                let scope = Scope::Outlet(clerk.org.expect("an outlet"));
                let Ok(batch) = batches::gather(&app, &clerk, scope, None).await else { return 0 };
                batches::send(&app, &clerk, batch.id).await.expect("sent");
                batch.lines
            }));
        }
        let mut gathered = 0;
        for task in tasks {
            gathered += task.await.expect("no panic");
        }
        assert_eq!(gathered, people.len() as i64, "each card in one batch, {}", house.engine);
        let all = house.app.db.read(|tx| store::list(tx, &store::Reach::All, 100)).await;
        let mut tasks = Vec::new();
        for batch in all.expect("read") {
            let file = back(&house.file_out(batch.id).await, good);
            let (app, clerk) = (house.app.clone(), house.clerk.clone());
            answers::take(&app, &clerk, file, None).await.expect("the bank answers");
            tasks.push(tokio::spawn(async move {
                batches::send(&app, &clerk, batch.id).await.map(drop)
            }));
        }
        for _ in 0..20 {
            let app = house.app.clone();
            tasks.push(tokio::spawn(async move {
                app.db.housekeeping(|tx| numbers::draw(tx, 1)).await.map(drop).map_err(Into::into)
            }));
        }
        for task in tasks {
            task.await.expect("no panic").expect("drawn");
        }
        let audit = house.audit().await;
        assert_eq!((audit.drawn, audit.reserved), (44, 24), "{}", house.engine);
        assert_eq!(audit.missing.len(), 20, "draws without a record are found");
        let mut places: BTreeMap<i64, usize> = BTreeMap::new();
        for batch in
            house.app.db.read(|tx| store::list(tx, &store::Reach::All, 9)).await.expect("read")
        {
            let lines = house.lines(batch.id).await;
            lines.iter().filter_map(|l| l.place).for_each(|p| *places.entry(p).or_default() += 1);
        }
        assert!(places.len() == 24 && places.values().all(|count| *count == 1));
    }
}
