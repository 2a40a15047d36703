use super::*;
use kernel::actor::Role;
use kernel::db::v;
use kernel::testing::{TestDb, actor, databases, platform};
use people::generate;
use people::service::Registration;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::rules::clocks::State;
use crate::rules::{CancelCause, Cause, Fee, Stage};

pub(crate) async fn office(test: &TestDb) -> (App, Actor) {
    let app = platform(
        test,
        &[kernel::MIGRATIONS, people::MIGRATIONS, banks::MIGRATIONS, crate::MIGRATIONS],
    )
    .await;
    let clerk = actor(Role::Clerk);
    let received = crate::production::rules::stock::Movement::Received;
    crate::production::service::stock::enter(&app, &clerk, received, 1_000, "blank cards")
        .await
        .expect("the outlet has blank cards");
    (app, clerk)
}

/// A grown-up resident of Chongqing, registered by the clerk.
pub(crate) async fn resident(app: &App, clerk: &Actor, number: u32) -> Id {
    let grown_up = |made: &generate::GeneratedPerson| made.birth.year() < 2000;
    let made = (number * 1_000..).filter_map(|n| generate::person(9, n));
    let made = made
        .filter(grown_up)
        .find(|made| made.number.as_str().starts_with("500"))
        .expect("most people are");
    let form = Registration {
        number: made.number.as_str().to_owned(),
        document: made.document.code().to_owned(),
        name: made.name,
        phone: made.phone,
        address: made.address,
        household: "500103".to_owned(),
        ground: "household".to_owned(),
        ..Registration::default()
    };
    people::service::register(app, clerk, form).await.expect("registered").id
}

pub(crate) fn proof() -> String {
    "本人居民身份证".to_owned()
}

fn replace(cause: Cause) -> Command {
    let fee = match rules::fee_of(cause, 1) {
        0 => Fee::Free,
        _ => Fee::Paid("R-1".to_owned()),
    };
    Command::Replace { cause, decision: "渝人社〔2026〕1号".to_owned(), fee }
}

fn apply() -> Command {
    Command::Apply { guardian: String::new() }
}

fn activate() -> Command {
    Command::Activate { password: "春眠不觉晓啊".to_owned() }
}

fn hand_over() -> Command {
    Command::HandOver { to: "本人".to_owned() }
}

pub(crate) async fn give_card(app: &App, clerk: &Actor, person: Id) {
    for command in [apply(), Command::Produce, hand_over(), activate()] {
        perform(app, clerk, person, command).await.expect("the way of a first card");
    }
}

pub(crate) async fn held(app: &App, person: Id) -> (Holdings, Vec<Card>) {
    let load = move |tx: &mut Tx<'_>| {
        Ok::<_, DbError>((Holdings::load(tx, person)?, store::all_of(tx, person)?))
    };
    app.db.read(load).await.expect("can be read")
}

async fn number(app: &App, sql: &'static str, person: Id) -> i64 {
    app.db.read(move |tx| tx.one(sql, &[v(person)])?.get(0)).await.expect("can be counted")
}

async fn transitions(app: &App, person: Id) -> i64 {
    let sql = "SELECT COUNT(*) FROM journal_entry WHERE subject_id = $1 AND act LIKE 'card.%'";
    number(app, sql, person).await
}

/// Art. 12: the old card works until the new one is activated, and never after; names to sign in
/// with move along.
#[tokio::test]
async fn a_replacement_takes_the_place_of_the_old_card_when_it_is_activated() {
    for test in databases("cards_replace") {
        let (app, clerk) = office(&test).await;
        let person = resident(&app, &clerk, 1).await;
        give_card(&app, &clerk, person).await;
        let old = held(&app, person).await.0.living.expect("in use");
        perform(&app, &clerk, person, replace(Cause::Damaged)).await.expect("applied");
        let again = perform(&app, &clerk, person, replace(Cause::Damaged)).await;
        assert_eq!(again.expect_err("under way").code, "cards/replacement-under-way");
        for command in [Command::Produce, hand_over()] {
            perform(&app, &clerk, person, command).await.expect("made and handed over");
            let living = held(&app, person).await.0.living.expect("still the old one");
            assert_eq!((living.id, living.clocks.electronic), (old.id, State::On));
        }
        perform(&app, &clerk, person, activate()).await.expect("activated");
        let (now, all) = held(&app, person).await;
        let living = now.living.expect("the new one");
        assert!(now.coming.is_none() && living.id != old.id && living.replaces == Some(old.id));
        assert_eq!((living.clocks.social, living.clocks.electronic), (State::On, State::On));
        let past = all.iter().find(|card| card.id == old.id).expect("kept");
        assert_eq!((&past.stage, past.clocks.electronic), (&Stage::Replaced, State::Ended));
        let logins = "SELECT COUNT(*) FROM account_login l JOIN account a ON a.id = l.account_id
                      WHERE a.person_id = $1";
        assert_eq!(number(&app, logins, person).await, 2, "person number and new card number");
        // Four for the first card, four for the second, one for the end of the first.
        assert_eq!(transitions(&app, person).await, 9, "{}", test.engine);
    }
}

/// Art. 13: two people destroy; one alone cannot.
#[tokio::test]
async fn a_card_is_cancelled_and_destroyed_by_two_people() {
    for test in databases("cards_cancel") {
        let (app, clerk) = office(&test).await;
        let person = resident(&app, &clerk, 2).await;
        give_card(&app, &clerk, person).await;
        let cancel =
            Command::Cancel { cause: CancelCause::Death, evidence: "死亡证明".to_owned() };
        let card = perform(&app, &clerk, person, cancel).await.expect("cancelled");
        assert!(held(&app, person).await.0.living.is_none());
        let open = "SELECT COUNT(*) FROM account WHERE person_id = $1 AND closed_at IS NULL";
        assert_eq!(number(&app, open, person).await, 0, "the account goes with the card");
        let dead = perform(&app, &clerk, person, apply()).await.expect_err("dead");
        assert_eq!(dead.code, "people/deceased");

        let how = "剪角".to_owned();
        decisions::ask_destroy(&app, &clerk, person, card.id, how.clone()).await.expect("asked");
        let twice = decisions::ask_destroy(&app, &clerk, person, card.id, how).await;
        assert_eq!(twice.expect_err("waits").code, "cards/waits-already");
        let waiting = decisions::waiting(&app).await.expect("read");
        let id = waiting[0].approval.id;
        let own = decisions::decide(&app, &clerk, id, true, String::new()).await;
        assert_eq!(own.expect_err("own work").code, "approval/own-work");
        let second = actor(Role::OutletManager);
        decisions::decide(&app, &second, id, true, String::new()).await.expect("confirmed");
        assert_eq!(held(&app, person).await.1[0].stage, Stage::Destroyed, "{}", test.engine);
    }
}

/// Art. 13: whoever was wrongly declared dead gets a new card; the old one stays ended.
#[tokio::test]
async fn somebody_wrongly_declared_dead_applies_anew() {
    for test in databases("cards_revive") {
        let (app, clerk) = office(&test).await;
        let person = resident(&app, &clerk, 3).await;
        give_card(&app, &clerk, person).await;
        let too_early = decisions::ask_revive(&app, &clerk, person, "x".to_owned()).await;
        assert_eq!(too_early.expect_err("alive").code, "cards/alive-on-record");
        let cause = CancelCause::DeclaredDead;
        let cancel = Command::Cancel { cause, evidence: "法院判决".to_owned() };
        let old = perform(&app, &clerk, person, cancel).await.expect("cancelled");
        decisions::ask_revive(&app, &clerk, person, "撤销判决".to_owned()).await.expect("asked");
        let id = decisions::waiting(&app).await.expect("read")[0].approval.id;
        let second = actor(Role::OutletManager);
        decisions::decide(&app, &second, id, true, String::new()).await.expect("confirmed");
        give_card(&app, &clerk, person).await;
        let (now, all) = held(&app, person).await;
        assert_eq!(now.living.expect("a new one").clocks.electronic, State::On);
        let past = all.iter().find(|card| card.id == old.id).expect("kept");
        assert_eq!(past.stage, Stage::Cancelled, "{}", test.engine);
    }
}

/// A temporary loss is reminded of once, and lapses by the job alone.
#[tokio::test]
async fn jobs_remind_once_and_let_a_temporary_loss_lapse() {
    for test in databases("cards_lapse") {
        let (app, clerk) = office(&test).await;
        let person = resident(&app, &clerk, 4).await;
        give_card(&app, &clerk, person).await;
        perform(&app, &clerk, person, Command::LoseTemporarily).await.expect("lost");
        let round = |place: usize| {
            let (app, job) = (app.clone(), jobs()[place]);
            async move { kernel::jobs::round(&app, job).await.expect("runs").expect("free") }
        };
        assert_eq!(round(0).await, "0 lapsed, 0 left alone");
        assert_eq!(round(1).await, "0 reminded", "seven days are more than 24 hours");
        let brought_near = |hours: i64| {
            let until = Utc::now().plus_seconds(hours * 3_600);
            let sql = "UPDATE card SET loss_until = $1 WHERE person_id = $2 AND live";
            app.db.housekeeping(move |tx| tx.execute(sql, &[v(until), v(person)]))
        };
        brought_near(2).await.expect("set");
        assert_eq!(
            (round(1).await.as_str(), round(1).await.as_str()),
            ("1 reminded", "0 reminded")
        );
        brought_near(-1).await.expect("set");
        assert_eq!(round(0).await, "1 lapsed, 0 left alone");
        let card = held(&app, person).await.0.living.expect("in use");
        assert_eq!((card.clocks.social, card.clocks.electronic), (State::On, State::Suspended));
        assert_eq!(round(0).await, "0 lapsed, 0 left alone", "{}", test.engine);
    }
}

fn any_command() -> impl Strategy<Value = Command> {
    let causes = prop::sample::select(Cause::ALL.to_vec());
    let proof = || proof();
    prop_oneof![
        2 => Just(apply()),
        1 => Just(Command::Withdraw),
        3 => Just(Command::Produce),
        3 => Just(hand_over()),
        3 => Just(activate()),
        1 => Just(Command::ActivateFinancial),
        1 => Just(Command::LoseTemporarily),
        1 => Just(Command::Lose { proof: proof() }),
        1 => Just(Command::Release { proof: proof() }),
        1 => Just(Command::Lock),
        1 => Just(Command::Unlock { proof: proof() }),
        1 => Just(Command::Link),
        2 => causes.prop_map(replace),
        1 => Just(Command::Cancel { cause: CancelCause::LeftForGood, evidence: "e".to_owned() }),
    ]
}

/// What must hold for a person after whatever was done.
async fn check_invariants(app: &App, person: Id, done: i64, engine: &str) {
    let (now, all) = held(app, person).await;
    let ended = |card: &&Card| card.stage.is_over();
    for card in all.iter().filter(ended) {
        for clock in rules::clocks::Clock::ALL {
            assert_eq!(card.clocks.get(clock), State::Ended, "{engine}: {card:?}");
        }
    }
    let on = all.iter().filter(|card| card.clocks.electronic == State::On).count();
    assert!(on <= 1, "{engine}: one person, one electronic card that works");
    let alive = all.iter().filter(|card| !card.stage.is_over()).count();
    assert_eq!(alive, usize::from(now.living.is_some()) + usize::from(now.coming.is_some()));
    assert!(now.coming.is_none() || now.living.is_some());
    let replaced = all.iter().filter(|card| card.stage == Stage::Replaced).count() as i64;
    assert_eq!(transitions(app, person).await, done + replaced, "{engine}: one entry each");
    let numbers: std::collections::BTreeSet<_> =
        all.iter().filter_map(|card| card.card_no.clone()).collect();
    let made = all.iter().filter(|card| card.card_no.is_some()).count();
    assert_eq!(numbers.len(), made, "{engine}: numbers are unique");
    let directory = "SELECT COUNT(*) FROM card_number WHERE person_id = $1";
    assert_eq!(number(app, directory, person).await, made as i64);
}

/// Art. 20: an officer's freeze of everything, or its end.
async fn freeze(app: &App, person: Id, on: bool) {
    use people::freezes::rules::{Freeze, Reason, Scope, Source, Terms};
    let (id, now) = (app.id(), Utc::now());
    let one = Freeze::new(
        (id, person),
        Scope::All,
        Source::Officer,
        Reason::Stolen,
        &Terms::default(),
        now,
    );
    let done = app.db.housekeeping(move |tx| match on {
        true => freezes::store::insert(tx, std::slice::from_ref(&one)).map(drop),
        false => {
            let sql = "UPDATE person_freeze SET lifted_at = $1 WHERE person_id = $2";
            tx.execute(sql, &[v(now), v(person)]).map(drop)
        }
    });
    done.await.expect("frozen or thawed");
}

/// What an act may have done to cards: nothing that had ended changed, and whoever stopped his card has none
/// that works.
fn check_step(before: &[Card], after: &[Card], command: &Command, engine: &str) {
    for old in before.iter().filter(|card| card.stage.is_over()) {
        assert!(after.contains(old), "{engine}: {command:?} moved what had ended");
    }
    let stops = matches!(
        command,
        Command::LoseTemporarily | Command::Lose { .. } | Command::Lock | Command::Cancel { .. }
    );
    let works = after.iter().any(|card| card.clocks.electronic == State::On);
    assert!(!(stops && works), "{engine}: {command:?} left a card that works");
}

/// Random sequences through the database: the invariants hold after each, and what was refused left
/// nothing behind; while a freeze holds nothing is opened.
#[tokio::test]
async fn whatever_is_tried_one_card_lives_and_each_change_has_one_entry() {
    for test in databases("cards_random") {
        let (app, clerk) = office(&test).await;
        let mut runner = TestRunner::deterministic();
        let sequences = prop::collection::vec(any_command(), 120);
        let (mut all_done, mut kept_shut) = (0, 0);
        for round in 0..4 {
            let person = resident(&app, &clerk, 10 + round).await;
            let commands = sequences.new_tree(&mut runner).expect("generated").current();
            let (mut done, mut frozen) = (0, false);
            for (place, command) in commands.into_iter().enumerate() {
                if matches!(place % 20, 13 | 17) {
                    frozen = !frozen;
                    freeze(&app, person, frozen).await;
                }
                let before = held(&app, person).await.1;
                match perform(&app, &clerk, person, command.clone()).await {
                    Ok(_) => {
                        done += 1;
                        assert!(!(frozen && command.opens()), "{command:?} while frozen");
                        let after = held(&app, person).await.1;
                        check_step(&before, &after, &command, test.engine);
                    }
                    Err(problem) => {
                        assert!(problem.status < 500, "{}", problem.code);
                        kept_shut += usize::from(problem.code == "cards/frozen");
                        assert_eq!(held(&app, person).await.1, before, "a refusal changes nothing");
                    }
                }
            }
            check_invariants(&app, person, done, test.engine).await;
            all_done += done;
        }
        assert!(all_done > 50, "the sequences got somewhere: {all_done}");
        assert!(kept_shut > 5, "the freezes stopped something: {kept_shut}");
    }
}

/// Many clients fire conflicting commands at the same person at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn conflicting_commands_at_once_leave_one_consistent_card() {
    for test in databases("cards_race") {
        let (app, clerk) = office(&test).await;
        let mut runner = TestRunner::deterministic();
        let sequences = prop::collection::vec(any_command(), 24);
        for round in 0..3 {
            let person = resident(&app, &clerk, 20 + round).await;
            let commands = sequences.new_tree(&mut runner).expect("generated").current();
            let mut clients = tokio::task::JoinSet::new();
            for place in 0..6 {
                let (app, clerk) = (app.clone(), clerk.clone());
                let mut commands = commands.clone();
                commands.rotate_left(place * 4);
                clients.spawn(async move {
                    let mut done = 0;
                    for command in commands {
                        // A conflict that outlasts its retries is told to the caller, nothing kept.
                        if perform(&app, &clerk, person, command).await.is_ok() {
                            done += 1;
                        }
                    }
                    done
                });
            }
            let done: i64 = clients.join_all().await.into_iter().sum();
            check_invariants(&app, person, done, test.engine).await;
        }
    }
}

/// Art. 12: who acts for a holder does what his authorisation says, and nothing else; it is on record.
#[tokio::test]
async fn an_agent_does_what_his_scope_says_and_nothing_else() {
    use people::evidence::rules::EvidenceKind;
    use people::evidence::service::{NewEvidence, take};
    use people::representatives::service::{NewRepresentative, enter};
    for test in databases("cards_agent") {
        let (app, clerk) = office(&test).await;
        let holder = resident(&app, &clerk, 50).await;
        let agent = resident(&app, &clerk, 51).await;
        give_card(&app, &clerk, holder).await;
        let agent = app.db.read(move |tx| people::store::by_id(tx, agent)).await.expect("read");
        let agent = agent.expect("registered");
        let lose = || Command::Lose { proof: "代办人身份证".to_owned() };
        let shown = agent.number.as_str().to_owned();
        let stranger = perform_for(&app, &clerk, holder, lose(), &shown).await;
        let stranger = stranger.expect_err("nobody authorised him");
        assert_eq!(stranger.article, Some(Article(12)));

        let bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0".to_vec();
        let kind = EvidenceKind::AgentAuthorisation;
        let paper = NewEvidence { kind, purpose: "委托书".to_owned(), bytes };
        let paper = take(&app, &clerk, holder, paper).await.expect("taken");
        let form = NewRepresentative {
            kind: "agent".to_owned(),
            relation: "邻居".to_owned(),
            scope: "loss".to_owned(),
            name: agent.name.clone(),
            number: shown.clone(),
            document: agent.document.code().to_owned(),
            evidence: paper.id.to_string(),
            until: kernel::time::day_text(Utc::now().plus_seconds(86_400 * 30).day()),
            ..NewRepresentative::default()
        };
        enter(&app, &clerk, holder, form).await.expect("entered");
        perform_for(&app, &clerk, holder, lose(), &shown).await.expect("within his scope");
        let release = Command::Release { proof: "代办人身份证".to_owned() };
        let beyond = perform_for(&app, &clerk, holder, release, &shown).await;
        assert_eq!(beyond.expect_err("beyond his scope").article, Some(Article(12)));
        let never = perform_for(&app, &clerk, holder, Command::Lock, &shown).await;
        assert_eq!(never.expect_err("not for agents").code, "cards/not-by-agent");
        let cancel = Command::Cancel { cause: CancelCause::LeftForGood, evidence: "e".to_owned() };
        let pending = perform(&app, &clerk, holder, cancel).await.expect_err("an agent acts");
        assert_eq!(pending.code, "cards/something-pending");
        let named = "SELECT COUNT(*) FROM journal_entry
                     WHERE subject_id = $1 AND act = 'card.lost' AND detail LIKE '%邻居%'";
        assert_eq!(number(&app, named, holder).await, 1, "{}", test.engine);
    }
}
