//! Random work on batches: whatever is done in whatever order, nothing is lost and nothing is doubled.

use std::collections::{BTreeMap, BTreeSet};

use kernel::db::DbError;
use kernel::id::Id;

use super::{House, back, houses};
use crate::production::rules::instant::Step;
use crate::production::rules::stock::Movement;
use crate::production::rules::{LineEvent, LineState, Stage};
use crate::production::service::answers;
use crate::production::service::batches::{self, Decision};
use crate::production::service::{instant, stock};
use crate::production::store::batches::{self as store, Line, Reach};

/// A small generator, so that a failure can be run again by its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

impl House {
    async fn all_batches(&self) -> Vec<store::Batch> {
        self.app.db.read(|tx| store::list(tx, &Reach::All, 500)).await.expect("read")
    }

    /// One random act; refusals are fine, faults of the program are not.
    async fn act(&self, dice: &mut Dice, people: &[Id]) {
        let batches = self.all_batches().await;
        let batch = match batches.len() as u64 {
            0 => None,
            n => batches.get(dice.roll(n) as usize),
        };
        let person = people[dice.roll(people.len() as u64) as usize];
        let status = match (dice.roll(8), batch) {
            (0, _) | (_, None) => self.gather().await.map(drop),
            (1 | 2, Some(batch)) => batches::send(&self.app, &self.clerk, batch.id).await.map(drop),
            (3 | 4, Some(batch)) => self.answer(dice, batch).await,
            (5 | 6, Some(batch)) => {
                let seq = dice.roll(batch.lines as u64) as i64 + 1;
                let decisions = [Decision::Retry, Decision::Close, Decision::TakeOut];
                let decision = decisions[dice.roll(3) as usize];
                let line = (batch.id, seq);
                batches::decide(&self.app, &self.clerk, line, decision, "随机").await.map(drop)
            }
            _ => self.at_the_counter(dice, person).await,
        };
        if let Err(problem) = status {
            assert!(problem.status < 500, "{problem:?}");
        }
    }

    async fn answer(
        &self,
        dice: &mut Dice,
        batch: &store::Batch,
    ) -> Result<(), kernel::problem::Problem> {
        if batch.state != crate::production::rules::BatchState::Out {
            return Ok(());
        }
        let bad: BTreeSet<i64> = (1..=batch.lines).filter(|_| dice.roll(4) == 0).collect();
        let worse = dice.roll(2) == 0;
        let verdict = |seq: i64| match (bad.contains(&seq), batch.stage) {
            (false, _) => LineEvent::Good,
            (true, Stage::Bank) => LineEvent::Fail,
            (true, Stage::Factory) if worse => LineEvent::Fail,
            (true, _) => LineEvent::Spoil,
        };
        let file = back(&self.file_out(batch.id).await, verdict);
        answers::take(&self.app, &self.clerk, file, None).await.map(drop)
    }

    async fn at_the_counter(
        &self,
        dice: &mut Dice,
        person: Id,
    ) -> Result<(), kernel::problem::Problem> {
        if dice.roll(5) == 0 {
            return instant::spoil(&self.app, &self.clerk, person, "随机").await.map(drop);
        }
        let view = instant::view(&self.app, &self.clerk, person).await?;
        let Some(next) = view.next() else { return Ok(()) };
        let number = view.issue.and_then(|issue| issue.card_no).unwrap_or_default();
        let report = match next {
            Step::Keys => "00FFAA",
            Step::Bank => "4000000000000001",
            Step::Verified => number.as_str(),
            _ => "",
        };
        instant::save(&self.app, &self.clerk, person, next, report).await.map(drop)
    }

    async fn holds(&self, people: &[Id], made: &mut BTreeMap<Id, String>, seed: u64) {
        let audit = self.audit().await;
        assert!(audit.holds(), "seed {seed} {}: {audit:?}", self.engine);
        let sum = audit.live + audit.reserved + audit.spoiled + audit.void;
        assert_eq!((sum, audit.foreign), (audit.drawn, 0), "seed {seed}");
        let mut lines: Vec<Line> = Vec::new();
        for batch in self.all_batches().await {
            let of_batch = self.lines(batch.id).await;
            assert_eq!(of_batch.len() as i64, batch.lines, "seed {seed}: a line is lost");
            lines.extend(of_batch);
        }
        let mut numbers = BTreeSet::new();
        let drawn = lines.iter().filter_map(|line| line.place);
        drawn.for_each(|place| assert!(numbers.insert(place), "seed {seed}: {place} twice"));
        for person in people {
            let active =
                lines.iter().filter(|l| l.person == *person && l.state.is_under_way()).count();
            let done =
                lines.iter().filter(|l| l.person == *person && l.state == LineState::Done).count();
            assert!(active + done <= 1, "seed {seed}: one card is made twice");
            let id = *person;
            let card = self.app.db.read(move |tx| crate::store::living(tx, id)).await;
            if let Some(number) = card.expect("read").and_then(|card| card.card_no) {
                assert_eq!(active, 0, "seed {seed}: made, and still under way");
                let first = made.entry(id).or_insert_with(|| number.clone());
                assert_eq!(*first, number, "seed {seed}: a number changed");
            }
        }
        let outlet = self.outlet();
        let both = self.app.db.read(move |tx| {
            use crate::production::store::stock as blanks;
            Ok::<_, DbError>((blanks::balance(tx, outlet)?, blanks::sum(tx, outlet)?))
        });
        let (balance, sum) = both.await.expect("read");
        assert_eq!(balance, sum, "seed {seed}");
    }
}

#[tokio::test]
async fn random_work_loses_no_line_and_doubles_no_number() {
    for (index, house) in houses("prod_model").await.into_iter().enumerate() {
        let people = house.apply(0, 6).await;
        let received = Movement::Received;
        stock::enter(&house.app, &house.clerk, received, 40, "到货").await.expect("blanks");
        let seed = 0x9e37_79b9_7f4a_7c15 + index as u64;
        let (mut dice, mut made) = (Dice(seed), BTreeMap::new());
        for turn in 0..160 {
            house.act(&mut dice, &people).await;
            if turn % 8 == 0 {
                house.holds(&people, &mut made, seed).await;
            }
        }
        house.holds(&people, &mut made, seed).await;
        assert!(!made.is_empty(), "some cards came through");
    }
}

/// Art. 11: whoever takes a number out of the record, or puts one on a second card, is found.
#[tokio::test]
async fn the_audit_finds_what_does_not_add_up() {
    for house in houses("prod_audit").await {
        house.apply(0, 3).await;
        let batch = house.gather().await.expect("gathered").id;
        for _ in 0..4 {
            house.pass(batch, super::good).await;
        }
        assert!(house.audit().await.holds());
        for sql in [
            "DELETE FROM card_number WHERE card_no LIKE 'A0000001%'",
            "UPDATE production_number SET fate = 'void' WHERE place = 2",
            "INSERT INTO card_number (card_no, person_id, card_id) VALUES ('Z99999999', 1, 1)",
        ] {
            house.app.db.housekeeping(move |tx| tx.execute(sql, &[])).await.expect("tampered");
        }
        let audit = house.audit().await;
        let found = |list: &[String]| list.iter().map(|n| n[..8].to_owned()).collect::<Vec<_>>();
        assert_eq!(found(&audit.missing), ["A0000001"], "{}", house.engine);
        assert_eq!(found(&audit.doubled), ["A0000002"]);
        assert_eq!((audit.live, audit.foreign), (2, 1));
    }
}
