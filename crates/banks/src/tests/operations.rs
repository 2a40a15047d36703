//! Intents and rules, before anything leaves.

use kernel::actor::{Actor, Role};
use kernel::db::v;
use kernel::journal;
use kernel::problem::Problem;
use kernel::testing::actor;
use kernel::time::Utc;

use super::house::{agreement, bank, bare, code_of, houses, person};
use crate::rules::{RequestState, State};
use crate::service::{self, Asking, Command, agreements};

/// Art. 10: whom no agreement binds can serve no card.
#[tokio::test]
async fn a_bank_whose_agreement_is_not_in_force_cannot_be_chosen() {
    for (app, test) in bare("banks_choice").await {
        let (holder, card, clerk) = (person(&app, 1).await, app.id(), actor(Role::Clerk));
        let none = bank(&app, "NONE", None).await;
        let later = bank(&app, "LATER", Some((5, 300))).await;
        for bank in [none.id, later.id] {
            let begun =
                service::begin(&app, &clerk, holder, card, Command::PreOpen(bank), "开户").await;
            let problem = begun.expect_err("refused");
            assert_eq!(problem.code, "banks/agreement-not-in-force", "{}", test.engine);
            assert_eq!(problem.article.map(|article| article.0), Some(10));
        }
        let stranger = Command::PreOpen(app.id());
        let begun = service::begin(&app, &clerk, holder, card, stranger, "开户").await;
        assert_eq!(code_of(begun), "banks/no-such-bank");
    }
}

#[tokio::test]
async fn an_agreement_is_confirmed_by_another_person_and_follows_the_one_before() {
    for (app, test) in bare("banks_agreements").await {
        let (maker, checker) = (actor(Role::MunicipalOfficer), actor(Role::MunicipalApprover));
        let bank = bank(&app, "SFYH", Some((-10, 100))).await;
        let next = agreement(bank.id, 20, 200);
        agreements::propose(&app, &maker, &next).await.expect("proposed");
        let again = agreements::propose(&app, &maker, &next).await;
        assert_eq!(code_of(again), "banks/proposal-waits", "{}", test.engine);
        let waits = agreements::waiting(&app).await.expect("read")[0].0.id;
        let own = agreements::decide(&app, &maker, waits, true, "").await;
        assert_eq!(code_of(own), "approval/own-work");
        let silent = agreements::decide(&app, &checker, waits, false, " ").await;
        assert_eq!(code_of(silent), "banks/comment-missing");
        agreements::decide(&app, &checker, waits, true, "").await.expect("confirmed");
        let (_, versions) = agreements::one(&app, "SFYH".to_owned()).await.expect("read");
        let days = |n: i64| Utc::now().day().saturating_add(time::Duration::days(n));
        let found: Vec<_> = versions.iter().map(|v| (v.version, v.from, v.until)).collect();
        let told = [(2, days(20), days(200)), (1, days(-10), days(19))];
        assert_eq!(found, told, "{}", test.engine);
        let early = agreements::propose(&app, &maker, &agreement(bank.id, 20, 300)).await;
        assert_eq!(code_of(early), "banks/begins-too-early");
    }
}

#[tokio::test]
async fn an_intent_is_written_and_journalled_before_anything_leaves() {
    for house in houses("banks_intent").await {
        let id = house.begin(Command::PreOpen(house.bank.id)).await.expect("begun");
        let request = house.request(id).await;
        assert_eq!((request.state, request.sends), (RequestState::Waiting, 0));
        assert_eq!(house.state().await, State::Requested, "{}", house.engine);
        assert_eq!(house.acts("bank.requested").await, 1);
        assert_eq!(house.acts("bank.sent").await, 0);
        let twice = house.begin(Command::PreOpen(house.bank.id)).await;
        assert_eq!(code_of(twice), "banks/has-account");
        assert_eq!(code_of(house.begin(Command::Activate).await), "banks/not-in-this-state");
    }
}

/// The caller changes its card in the same transaction; when that fails, nothing goes to the bank.
#[tokio::test]
async fn an_intent_is_taken_back_with_the_callers_transaction() {
    for house in houses("banks_callers").await {
        let (app, person, card) = (house.app.clone(), house.person, house.card);
        let bank = house.bank.id;
        let failed = house.app.db.write(move |tx| {
            let (actor, now) = (Actor::system(), Utc::now());
            let asking = Asking { app: &app, actor: &actor, person, card, purpose: "p", now };
            service::begin_pre_open_in(tx, asking, bank)?;
            Err::<(), Problem>(Problem::not_found())
        });
        assert_eq!(code_of(failed.await), "platform/not-found");
        assert!(house.requests().await.is_empty(), "{}", house.engine);
        let absent = house.read(move |tx| crate::store::accounts::get(tx, person, card)).await;
        assert_eq!(absent, None);
    }
}

#[tokio::test]
async fn of_two_requests_at_once_one_is_told_that_one_is_under_way() {
    for house in houses("banks_race").await {
        house.over_http().await;
        house.carry_out(Command::PreOpen(house.bank.id)).await;
        let results = tokio::join!(house.begin(Command::Activate), house.begin(Command::Activate));
        let mut codes = [code_of(results.0), code_of(results.1)];
        codes.sort_unstable();
        assert_eq!(codes, ["banks/request-under-way", "ok"], "{}", house.engine);
    }
}

/// Art. 11: a lost card does not wait for an activation that has not left.
#[tokio::test]
async fn a_report_of_loss_takes_the_place_of_what_has_not_left() {
    for house in houses("banks_loss_first").await {
        house.over_http().await;
        house.carry_out(Command::PreOpen(house.bank.id)).await;
        let activation = house.begin(Command::Activate).await.expect("begun");
        let loss = house.carry_out(Command::ReportLoss).await;
        assert_eq!(loss.state, RequestState::Done);
        let withdrawn = house.request(activation).await;
        assert_eq!(
            (withdrawn.state, withdrawn.answer.as_str()),
            (RequestState::Refused, "superseded")
        );
        assert_eq!(house.state().await, State::Lost, "{}", house.engine);
        let at_bank = house.host.state(&house.card.to_string());
        assert_eq!(at_bank, Some(State::Lost));
    }
}

/// A locked card is blocked at its bank as such, and does not wait either (Art. 20).
#[tokio::test]
async fn a_freeze_is_its_own_word_and_takes_the_place_of_what_has_not_left() {
    for house in houses("banks_freeze").await {
        house.over_http().await;
        house.carry_out(Command::PreOpen(house.bank.id)).await;
        let activation = house.begin(Command::Activate).await.expect("begun");
        let freeze = house.carry_out(Command::Freeze).await;
        assert_eq!((freeze.state, freeze.answer.as_str()), (RequestState::Done, "frozen"));
        assert_eq!(house.request(activation).await.answer, "superseded");
        assert_eq!(house.state().await, State::Frozen, "{}", house.engine);
        assert_eq!(code_of(house.begin(Command::Release).await), "banks/not-in-this-state");
        assert_eq!(code_of(house.begin(Command::Freeze).await), "banks/not-in-this-state");
        house.carry_out(Command::Unfreeze).await;
        assert_eq!(house.state().await, State::Active, "{}", house.engine);
        let at_bank = house.host.state(&house.card.to_string());
        assert_eq!(at_bank, Some(State::Active));
        // Both stop the account: neither waits for the other, and neither is withdrawn for it.
        let freeze = house.begin(Command::Freeze).await.expect("begun");
        assert_eq!(code_of(house.begin(Command::Freeze).await), "banks/request-under-way");
        let loss = house.begin(Command::ReportLoss).await.expect("begun");
        house.round().await;
        assert_eq!(house.request(freeze).await.state, RequestState::Done, "{}", house.engine);
        assert_eq!(house.request(loss).await.answer, "lost");
        house.round().await;
        assert_eq!(house.state().await, State::Lost);
    }
}

/// PIPL, Art. 19: the number is encrypted, found by a keyed digest, and what was asked is forgotten.
#[tokio::test]
async fn account_numbers_and_requests_are_never_stored_in_the_clear() {
    for house in houses("banks_clear").await {
        house.over_http().await;
        let request = house.carry_out(Command::PreOpen(house.bank.id)).await;
        let number = house.host.number(&house.card.to_string()).expect("opened");
        let account = house.account().await;
        assert_eq!(account.last_four, number[number.len() - 4..], "{}", house.engine);
        let sql = "SELECT number, digest FROM bank_account";
        let row = house.read(move |tx| tx.one(sql, &[])).await;
        let sealed: Vec<u8> = row.get(0).expect("sealed");
        assert!(!sealed.windows(8).any(|w| w == &number.as_bytes()[..8]));
        let sql = "SELECT body FROM bank_request WHERE id = $1";
        let row = house.read(move |tx| tx.one(sql, &[v(request.id)])).await;
        assert_eq!(row.get::<Option<Vec<u8>>>(0).expect("read"), None);
        let (keys, bank, person) = (house.app.keys.clone(), house.bank.id, house.person);
        let found = house.read(move |tx| {
            let number = crate::AccountNumber::parse(&number).expect("a number");
            crate::store::accounts::by_number(tx, &keys, bank, &number)
        });
        assert_eq!(found.await.map(|account| account.person), Some(person));
    }
}

#[tokio::test]
async fn a_check_tells_whether_an_account_is_this_persons() {
    for house in houses("banks_check").await {
        house.over_http().await;
        house.carry_out(Command::PreOpen(house.bank.id)).await;
        let number = house.host.number(&house.card.to_string()).expect("opened");
        let own = house.carry_out(Command::Check(house.bank.id, number.clone())).await;
        assert_eq!((own.state, own.answer.as_str()), (RequestState::Done, "opened"));
        let other = person(&house.app, 2).await;
        let (clerk, check) = (actor(Role::Clerk), Command::Check(house.bank.id, number));
        let id = service::begin(&house.app, &clerk, other, house.app.id(), check, "发放").await;
        house.round().await;
        let answer = house.request(id.expect("begun")).await;
        assert_eq!(
            (answer.state, answer.answer.as_str()),
            (RequestState::Refused, "name-mismatch")
        );
        let wrong = Command::Check(house.bank.id, "6222000000000000001".to_owned());
        assert_eq!(code_of(house.begin(wrong).await), "banks/account-number");
        assert_eq!(house.state().await, State::Opened, "a question changes nothing");
    }
}

/// A refused account may be asked for again, at another bank as well.
#[tokio::test]
async fn after_a_refusal_another_bank_can_be_asked() {
    for house in houses("banks_again").await {
        house.over_http().await;
        house.host.set_mode(crate::simulator::Mode::WrongName);
        let refused = house.carry_out(Command::PreOpen(house.bank.id)).await;
        assert_eq!(refused.answer, "name-mismatch", "{}", house.engine);
        assert_eq!(house.state().await, State::Refused);
        let other = bank(&house.app, "OTHER", Some((0, 100))).await;
        house.begin(Command::PreOpen(other.id)).await.expect("asked again");
        let account = house.account().await;
        assert_eq!((account.state, account.bank), (State::Requested, other.id));
    }
}

#[tokio::test]
async fn the_journal_tells_who_was_told_of_whom() {
    for house in houses("banks_told").await {
        house.over_http().await;
        house.carry_out(Command::PreOpen(house.bank.id)).await;
        let person = house.person;
        let about = house.read(move |tx| journal::about(tx, person, kernel::id::Id(i64::MAX), 10));
        let told: Vec<_> = about.await.into_iter().map(|e| (e.act, e.fields)).collect();
        let fields = "name,number,document".to_owned();
        let expected = [
            ("bank.answered".to_owned(), String::new()),
            ("bank.sent".to_owned(), fields.clone()),
            ("bank.requested".to_owned(), fields),
        ];
        assert_eq!(told, expected, "{}", house.engine);
    }
}
