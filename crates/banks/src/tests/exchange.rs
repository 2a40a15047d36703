//! The exchange over HTTP with a host that behaves badly.

use kernel::actor::Role;
use kernel::testing::actor;

use super::house::{House, bank, code_of, houses, person};
use crate::port::config;
use crate::port::http::HttpPort;
use crate::port::{Ask, BankPort as _, Body};
use crate::rules::{Answer, Operation, RequestState, State};
use crate::service::{self, Command, exchange};
use crate::simulator::{self, Mode};
use crate::store::alarms::AlarmKind;

async fn on_line(name: &str) -> Vec<House> {
    let houses = houses(name).await;
    for house in &houses {
        house.over_http().await;
    }
    houses
}

#[tokio::test]
async fn an_account_goes_through_its_whole_life() {
    for house in on_line("banks_life").await {
        let steps = [
            (Command::PreOpen(house.bank.id), State::Opened),
            (Command::Activate, State::Active),
            (Command::ReportLoss, State::Lost),
            (Command::Release, State::Active),
            (Command::Close, State::Closed),
        ];
        for (command, state) in steps {
            let request = house.carry_out(command).await;
            assert_eq!(request.state, RequestState::Done);
            assert_eq!(house.state().await, state, "{}", house.engine);
            assert_eq!(house.host.state(&house.card.to_string()), Some(state));
        }
        for command in [Command::Activate, Command::ReportLoss, Command::Release, Command::Close] {
            assert_eq!(code_of(house.begin(command).await), "banks/not-in-this-state");
        }
        assert_eq!(house.acts("bank.sent").await, 5);
        assert_eq!(house.acts("bank.answered").await, 5);
    }
}

/// A timeout is neither a yes nor a no: the account waits for the bank's word, then has it.
#[tokio::test]
async fn a_lost_answer_is_found_by_asking_and_done_once() {
    for house in on_line("banks_lost_answer").await {
        for mode in [Mode::LostAnswers, Mode::Slow] {
            house.host.set_mode(mode);
            let (command, state) = match mode {
                Mode::LostAnswers => (Command::PreOpen(house.bank.id), State::Opened),
                _ => (Command::Activate, State::Active),
            };
            let before = house.host.carried_out();
            let request = house.carry_out(command).await;
            assert_eq!(request.state, RequestState::Unknown, "{}", house.engine);
            assert_eq!(house.state().await, State::Unknown);
            assert_eq!(house.host.state(&house.card.to_string()), Some(state));
            house.host.set_mode(Mode::Good);
            house.later().await;
            house.round().await;
            assert_eq!(house.request(request.id).await.state, RequestState::Done);
            assert_eq!(house.state().await, state);
            assert_eq!(house.host.carried_out(), before + 1, "one key, carried out once");
        }
    }
}

/// Rubbish may hide a yes: it is unknown, and the account number is learned by asking.
#[tokio::test]
async fn rubbish_is_neither_done_nor_refused() {
    for house in on_line("banks_garbled").await {
        house.host.set_mode(Mode::Garbled);
        let request = house.carry_out(Command::PreOpen(house.bank.id)).await;
        assert_eq!(request.state, RequestState::Unknown);
        house.later().await;
        house.round().await;
        let request = house.request(request.id).await;
        assert_eq!((request.state, request.sends), (RequestState::Unknown, 2));
        house.host.set_mode(Mode::Good);
        house.later().await;
        house.round().await;
        assert_eq!(house.state().await, State::Opened, "{}", house.engine);
        assert_eq!(house.host.carried_out(), 1);
    }
}

/// The host comes back and knows nothing of it: the same key is sent once more.
#[tokio::test]
async fn what_the_bank_never_saw_is_sent_again_under_the_same_key() {
    for house in on_line("banks_never_seen").await {
        let way = std::fs::read_to_string(house.test.folder.join("banks.json")).expect("there");
        let nowhere = way.replace("http://127.0.0.1:", "http://127.0.0.1:1/x");
        std::fs::write(house.test.folder.join("banks.json"), nowhere).expect("written");
        let request = house.carry_out(Command::PreOpen(house.bank.id)).await;
        assert_eq!(request.state, RequestState::Unknown, "{}", house.engine);
        std::fs::write(house.test.folder.join("banks.json"), way).expect("written");
        house.later().await;
        house.round().await;
        assert_eq!(house.request(request.id).await.state, RequestState::Waiting, "never seen");
        house.later().await;
        house.round().await;
        assert_eq!(house.request(request.id).await.state, RequestState::Done);
        assert_eq!((house.state().await, house.host.carried_out()), (State::Opened, 1));
    }
}

#[tokio::test]
async fn pauses_grow_between_questions() {
    for house in on_line("banks_pauses").await {
        house.host.set_mode(Mode::Garbled);
        let request = house.carry_out(Command::PreOpen(house.bank.id)).await;
        let mut last = 0;
        for _ in 0..4 {
            house.later().await;
            let before = kernel::time::Utc::now();
            house.round().await;
            let pause = house.request(request.id).await.next_at.0 - before.0;
            assert!(pause > last, "{}: {pause} after {last}", house.engine);
            last = pause;
        }
    }
}

/// A bank that answers the second time only, and says that it is the second time.
#[tokio::test]
async fn a_duplicate_is_answered_with_the_first_result() {
    for house in on_line("banks_duplicate").await {
        house.host.set_mode(Mode::Duplicate);
        let request = house.carry_out(Command::PreOpen(house.bank.id)).await;
        assert_eq!(request.state, RequestState::Unknown);
        house.later().await;
        house.round().await;
        assert_eq!(house.request(request.id).await.state, RequestState::Done, "{}", house.engine);
        assert_eq!(house.host.carried_out(), 1);
    }
}

/// An account number that is another person's is never taken over: somebody must look.
#[tokio::test]
async fn an_account_number_of_somebody_else_is_an_alarm() {
    for house in on_line("banks_taken").await {
        house.carry_out(Command::PreOpen(house.bank.id)).await;
        let number = house.host.number(&house.card.to_string()).expect("opened");
        let other = House { person: person(&house.app, 2).await, card: house.app.id(), ..house };
        let id = other.begin(Command::PreOpen(other.bank.id)).await.expect("begun");
        let (app, bank) = (other.app.clone(), other.bank.id);
        let answer = Answer::Done { state: State::Opened, number: Some(number) };
        let taken = other.app.db.write(move |tx| {
            let now = kernel::time::Utc::now();
            let from = crate::service::answers::From { app: &app, bank, pauses: (1, 9), now };
            crate::service::answers::take_in(tx, from, id, &answer)
        });
        assert_eq!(taken.await.expect("taken"), crate::service::answers::Taken::Contradicts);
        let alarms = other.alarms().await;
        assert_eq!(alarms.len(), 1, "{}", other.engine);
        assert_eq!((alarms[0].kind, alarms[0].person), (AlarmKind::NumberTaken, other.person));
        let account = other.account().await;
        assert_eq!((account.state, account.last_four.as_str()), (State::Unknown, ""));
    }
}

#[tokio::test]
async fn two_rounds_at_once_send_a_request_once() {
    for house in on_line("banks_two_rounds").await {
        house.begin(Command::PreOpen(house.bank.id)).await.expect("begun");
        // As two processes would, which know nothing of each other's turns.
        let ways = config::ways(&house.app.config.data).expect("read");
        let turn = || exchange::with_bank(&house.app, &house.bank, ways.get(&house.bank.code));
        let (one, other) = tokio::join!(turn(), turn());
        assert!(one.is_ok() && other.is_ok());
        assert_eq!(house.acts("bank.sent").await, 1, "{}", house.engine);
        assert_eq!(house.state().await, State::Opened);
    }
}

/// A bank that keeps its connection open and says nothing keeps no other bank waiting.
#[tokio::test]
async fn a_slow_bank_delays_no_other() {
    for house in houses("banks_slow_one").await {
        let gate = std::sync::Arc::new(tokio::sync::Notify::new());
        let opened = gate.clone();
        let silent = axum::routing::post(move || async move {
            opened.notified().await;
            axum::http::StatusCode::SERVICE_UNAVAILABLE
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let routes = axum::Router::new().route("/requests", silent);
        tokio::spawn(async move { axum::serve(listener, routes).await });
        std::fs::write(house.test.folder.join("bank.secret"), "a-secret-of-tests").expect("kept");
        let ways = serde_json::json!({"SFYH": {
            "port": "http", "address": format!("http://{address}"), "secret_file": "bank.secret",
            "timeout_seconds": 60, "first_query_seconds": 1,
        }});
        let file = house.test.folder.join("banks.json");
        std::fs::write(file, ways.to_string()).expect("written");
        let slow = house.begin(Command::PreOpen(house.bank.id)).await.expect("begun");

        let other = bank(&house.app, "OTHER", Some((0, 100))).await;
        let (holder, clerk) = (person(&house.app, 2).await, actor(Role::Clerk));
        let (card, open) = (house.app.id(), Command::PreOpen(other.id));
        let good = service::begin(&house.app, &clerk, holder, card, open, "开户").await;
        let good = good.expect("begun");
        let folder = house.test.folder.join("banks").join("OTHER");
        let mut told = String::new();
        for _ in 0..50 {
            let within = std::time::Duration::from_millis(300);
            told = exchange::round_within(&house.app, within).await.expect("a round");
            if folder.join("outgoing").exists() {
                simulator::step_folder(&folder, &house.host).expect("answered");
            }
            if house.request(good).await.state.is_final() {
                break;
            }
        }
        assert_eq!(house.request(good).await.state, RequestState::Done, "{}", house.engine);
        assert_eq!(house.request(slow).await.state, RequestState::Sent, "{told}");
        gate.notify_one();
        for _ in 0..100 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            if house.request(slow).await.state == RequestState::Unknown {
                break;
            }
        }
        assert_eq!(house.request(slow).await.state, RequestState::Unknown, "{}", house.engine);
    }
}

/// Art. 11: a release that the bank never saw is not sent after a later report of loss.
#[tokio::test]
async fn a_release_is_not_sent_after_a_later_loss() {
    for house in on_line("banks_no_revival").await {
        house.carry_out(Command::PreOpen(house.bank.id)).await;
        house.carry_out(Command::Activate).await;
        house.carry_out(Command::ReportLoss).await;
        let release = house.begin(Command::Release).await.expect("begun");
        // It left, as far as anybody knows, but the process died before the bank had it.
        let sql = "UPDATE bank_request SET state = 'sent', sends = 1, next_at = 0 WHERE id = $1";
        let died = house.app.db.housekeeping(move |tx| {
            tx.execute(sql, &[kernel::db::v(release)])?;
            tx.execute("UPDATE bank_account SET state = 'unknown'", &[]).map(drop)
        });
        died.await.expect("died");
        house.carry_out(Command::ReportLoss).await;
        for _ in 0..3 {
            house.later().await;
            house.round().await;
        }
        let release = house.request(release).await;
        assert_eq!((release.state, release.answer.as_str()), (RequestState::Refused, "superseded"));
        assert_eq!(
            house.host.state(&house.card.to_string()),
            Some(State::Lost),
            "{}",
            house.engine
        );
        assert_eq!(house.state().await, State::Lost);
    }
}

#[test]
fn a_secret_never_goes_out_in_the_clear() {
    let wait = std::time::Duration::from_secs(1);
    let made = |address: &str, secret: &str| HttpPort::new(address, secret, wait, 1).is_ok();
    assert!(made("https://bank.example", "secret") && made("http://127.0.0.1:9/x", "secret"));
    for address in ["http://bank.example", "http://127.0.0.1.bank.example", "ftp://bank.example"] {
        assert!(!made(address, "secret"), "{address}");
    }
    assert!(!made("https://bank.example", " ") && !made("https://bank.example", "a\nb"));
}

#[test]
fn after_a_host_that_does_not_answer_the_others_do_not_leave() {
    let wait = std::time::Duration::from_millis(200);
    let port = HttpPort::new("http://127.0.0.1:1", "secret", wait, 1).expect("a port");
    let body = Body {
        card: "c".to_owned(),
        name: "甲".to_owned(),
        document: "resident".to_owned(),
        number: "n".to_owned(),
        account: String::new(),
        purpose: "p".to_owned(),
    };
    let ask = |n| Ask { id: kernel::id::Id(n), operation: Operation::PreOpen, body: body.clone() };
    let answers = port.send(&[ask(1), ask(2), ask(3)]);
    assert_eq!(answers, [Answer::Unknown, Answer::NotSent, Answer::NotSent]);
}
