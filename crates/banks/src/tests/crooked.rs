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
use crate::service::{Command, alarms, events};
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

fn steps() -> impl Strategy<Value = Vec<Step>> {
    use proptest::prelude::*;
    let operation = prop::sample::select(Operation::ALL[..5].to_vec());
    let mode = prop::sample::select(vec![
        Mode::Good,
        Mode::LostAnswers,
        Mode::Duplicate,
        Mode::Garbled,
        Mode::Contradicting,
        Mode::WrongName,
    ]);
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
    prop::collection::vec(step, 40)
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
                    _ => Command::Close,
                };
                if let Err(problem) = self.begin(command).await {
                    assert!(problem.code.starts_with("banks/"), "{}", problem.code);
                }
            }
            Step::Round => drop(self.round().await),
            Step::Later => self.later().await,
            Step::Behave(mode) => self.host.set_mode(mode),
            Step::AtTheCounter(state) => self.host.change(&self.card.to_string(), state),
            Step::Event(state) => {
                let own = Actor { org: Some(self.bank.id), ..actor(Role::Bank) };
                let (card, account) = (self.card.to_string(), String::new());
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
    for case in 0..6 {
        let steps = steps().new_tree(&mut runner).expect("steps").current();
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
                let losses = open.clone().filter(|r| r.operation == Operation::ReportLoss).count();
                assert!(losses <= 1 && open.count() - losses <= 1, "one change at a time");
            }
            settle(&house, &format!("{case} {}", house.engine)).await;
        }
    }
    assert!(!may_become(State::Closed, State::Active));
}

/// When the bank behaves again, everything gets its answer and both sides agree, or an alarm says
/// that they do not.
async fn settle(house: &House, told: &str) {
    house.host.set_mode(Mode::Good);
    for _ in 0..12 {
        house.later().await;
        house.round().await;
        alarms::compare(&house.app).await.expect("compared");
    }
    let open = house.requests().await;
    let open: Vec<_> = open.iter().filter(|request| !request.state.is_final()).collect();
    let contradicts = !house.alarms().await.is_empty();
    assert!(open.is_empty() || contradicts, "{told}: {open:?}");
    let (here, there) = (house.known_state().await, house.host.state(&house.card.to_string()));
    let told = format!("{told}: {here:?} here, {there:?} there");
    match (here, there) {
        (None | Some(State::Refused), None) => {}
        (here, there) => {
            let counted = house.acts("bank.event").await > 0;
            assert!(here == there || contradicts || counted || asked_last(house).await, "{told}");
        }
    }
}

/// A change at the bank's own counter is not told unless the bank says so or is asked.
async fn asked_last(house: &House) -> bool {
    house.begin_status().await;
    house.round().await;
    let (here, there) = (house.known_state().await, house.host.state(&house.card.to_string()));
    here == there || !house.alarms().await.is_empty()
}

impl House {
    async fn begin_status(&self) {
        let (app, person, card) = (self.app.clone(), self.person, self.card);
        let asked = self.app.db.write(move |tx| {
            let account = crate::store::accounts::get(tx, person, card)?;
            let account = account.ok_or_else(kernel::problem::Problem::not_found)?;
            crate::service::answers::status_in(tx, &app, &account, Utc::now())
        });
        asked.await.expect("asked");
    }
}
