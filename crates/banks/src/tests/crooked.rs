//! Random commands, answers and events, in any order, twice and contradicting: whatever comes, the
//! invariants hold on both engines.

use kernel::actor::{Actor, Role};
use kernel::testing::actor;
use kernel::time::Utc;
use proptest::strategy::{Strategy, ValueTree as _};
use proptest::test_runner::TestRunner;

use super::house::{House, houses};
use crate::port::Event;
use crate::rules::{Operation, State, TRANSITIONS, may_become};
use crate::service::{Command, events};
use crate::simulator::Mode;

#[derive(Clone, Copy, Debug)]
enum Step {
    Begin(Operation),
    Round,
    Later,
    Behave(Mode),
    AtTheCounter(State),
    Event(State),
}

fn steps(honest: bool) -> impl Strategy<Value = Vec<Step>> {
    use proptest::prelude::*;
    let operation = prop::sample::select(Operation::ALL[..7].to_vec());
    let last = if honest { Mode::Good } else { Mode::Contradicting };
    let modes = [Mode::Good, Mode::LostAnswers, Mode::Duplicate, Mode::Garbled, Mode::WrongName];
    let mode = prop::sample::select([modes.as_slice(), &[last]].concat());
    let state =
        prop::sample::select(vec![State::Active, State::Lost, State::Frozen, State::Closed]);
    let step = prop_oneof![
        5 => operation.prop_map(Step::Begin),
        6 => Just(Step::Round),
        3 => Just(Step::Later),
        3 => mode.prop_map(Step::Behave),
        1 => state.clone().prop_map(Step::AtTheCounter),
        1 => state.prop_map(Step::Event),
    ];
    prop::collection::vec(step, 30)
}

impl House {
    async fn do_step(&self, step: Step, number: usize) {
        match step {
            Step::Begin(operation) => {
                let command = match operation {
                    Operation::PreOpen => Command::PreOpen(self.bank.id),
                    Operation::Activate => Command::Activate,
                    Operation::ReportLoss => Command::ReportLoss,
                    Operation::Release => Command::Release,
                    Operation::Freeze => Command::Freeze,
                    Operation::Unfreeze => Command::Unfreeze,
                    _ => Command::Close,
                };
                if let Err(problem) = self.begin(command).await {
                    assert!(problem.code.starts_with("banks/"), "{}", problem.code);
                }
            }
            Step::Round => drop(self.round().await),
            Step::Later => self.later().await,
            Step::Behave(mode) => self.host.set_mode(mode),
            Step::AtTheCounter(state) => {
                let card = self.card.to_string();
                if self.host.state(&card).is_some_and(|now| may_become(now, state)) {
                    self.host.change(&card, state);
                }
            }
            Step::Event(state) => {
                let own = Actor { org: Some(self.bank.id), ..actor(Role::Bank) };
                let (card, account) = (self.card.to_string(), String::new());
                if self.host.state(&card).is_some_and(|now| may_become(now, state)) {
                    self.host.change(&card, state);
                } else {
                    return;
                }
                let id = format!("event-{number}");
                let event = Event { id, card, account, state, at: Utc::now() };
                if let Err(problem) = events::take(&self.app, &own, self.bank.id, event).await {
                    assert_eq!(problem.code, "banks/no-account");
                }
            }
        }
    }

    async fn known_state(&self) -> Option<State> {
        let (person, card) = (self.person, self.card);
        let account = self.read(move |tx| crate::store::accounts::get(tx, person, card)).await;
        account.map(|account| account.state)
    }
}

/// Whether a state can be reached from another along the table in any number of steps: one round may
/// bring several answers.
fn reachable(from: State, to: State) -> bool {
    let mut found = vec![from];
    while let Some((_, next)) = TRANSITIONS.iter().find(|(state, next)| {
        found.contains(state) && next.iter().any(|state| !found.contains(state))
    }) {
        found.extend(next.iter().filter(|state| !found.contains(state)).collect::<Vec<_>>());
    }
    found.contains(&to)
}

#[tokio::test]
async fn whatever_comes_the_invariants_hold() {
    let mut runner = TestRunner::deterministic();
    let mut ends = Vec::new();
    for case in 0..6 {
        let honest = case % 2 == 0;
        let steps = steps(honest).new_tree(&mut runner).expect("steps").current();
        for house in houses("banks_crooked").await {
            house.over_http().await;
            let mut before = None;
            for (number, step) in steps.iter().enumerate() {
                house.do_step(*step, number).await;
                let state = house.known_state().await;
                if let (Some(before), Some(state)) = (before, state) {
                    let told = format!("{case}: {step:?} {before:?} → {state:?}");
                    assert!(before == state || reachable(before, state), "{told}");
                }
                before = state;
                let open = house.requests().await;
                let open = open.iter().filter(|r| !r.state.is_final() && r.operation.changes());
                let of = |operation| open.clone().filter(|r| r.operation == operation).count();
                let (losses, freezes) = (of(Operation::ReportLoss), of(Operation::Freeze));
                let stops = losses + freezes;
                assert!(losses <= 1 && freezes <= 1, "each stop once");
                assert!(open.clone().count() - stops <= 1, "one change at a time");
            }
            ends.push(settle(&house, honest, &format!("{case} {}", house.engine)).await);
        }
    }
    ends.dedup();
    assert!(ends.len() > 2, "the cases end in different ways: {ends:?}");
}

/// When the bank behaves again everything gets its answer and, once it is asked, both sides say the
/// same. Only a bank that contradicted itself may leave an alarm instead.
async fn settle(house: &House, honest: bool, told: &str) -> Option<State> {
    house.host.set_mode(Mode::Good);
    for _ in 0..6 {
        house.later().await;
        house.round().await;
    }
    house.begin_status().await;
    house.round().await;
    let open = house.requests().await;
    let open: Vec<_> = open.iter().filter(|request| !request.state.is_final()).collect();
    let alarm = !house.alarms().await.is_empty();
    let (here, there) = (house.known_state().await, house.host.state(&house.card.to_string()));
    let told = format!("{told}: {here:?} here, {there:?} there, {open:?}");
    assert!(open.is_empty() || (alarm && !honest), "{told}");
    let never_opened = matches!(here, None | Some(State::Refused)) && there.is_none();
    assert!(here == there || never_opened || (alarm && !honest), "{told}");
    here
}

impl House {
    async fn begin_status(&self) {
        let (app, person, card) = (self.app.clone(), self.person, self.card);
        let asked = self.app.db.write(move |tx| {
            if let Some(account) = crate::store::accounts::get(tx, person, card)? {
                crate::service::answers::status_in(tx, &app, &account, Utc::now())?;
            }
            Ok::<_, kernel::problem::Problem>(())
        });
        asked.await.expect("asked");
    }
}
