use kernel::actor::Role;
use kernel::testing::{actor, databases};

use super::*;
use crate::rules::{self, Command};
use crate::service::bank;
use crate::service::perform;
use crate::service::tests::{give_card, held, office, proof, resident};

/// Two banks with agreements in force; their organisations.
pub(crate) async fn two_banks(app: &App) -> [Id; 2] {
    let (officer, approver) = (actor(Role::MunicipalOfficer), actor(Role::MunicipalApprover));
    let mut made = Vec::new();
    for (place, code) in ["YUBANK", "BABANK"].into_iter().enumerate() {
        let org = kernel::org::Org {
            id: app.id(),
            credit_code: None,
            name_zh: format!("示范银行{place}"),
            name_en: format!("Demo bank {place}"),
            kind: "bank".to_owned(),
            division: "500000".to_owned(),
            parent: None,
        };
        let (id, entry) = (org.id, app.id());
        let entry = kernel::journal::Entry::new(entry, Utc::now(), &officer, "test.made", "");
        app.db
            .write(move |tx| {
                kernel::org::add(tx, &org, Utc::now())?;
                kernel::journal::record(tx, &entry)
            })
            .await
            .expect("the organisation is entered");
        let new = banks::service::agreements::NewBank {
            org: id,
            code: code.to_owned(),
            phone: "95000".to_owned(),
            about_zh: "示范".to_owned(),
            about_en: "Demo".to_owned(),
        };
        banks::service::agreements::add_bank(app, &officer, new).await.expect("entered");
        let today = kernel::time::day_text(Utc::now().day());
        let agreement = banks::service::agreements::NewAgreement {
            bank: id,
            number: format!("A-{place}"),
            signed_on: today.clone(),
            from: today,
            until: kernel::time::day_text(Utc::now().plus_seconds(86_400 * 365).day()),
            services: "financial".to_owned(),
            ..Default::default()
        };
        let agreements = banks::service::agreements::propose(app, &officer, &agreement);
        agreements.await.expect("proposed");
        let waiting = banks::service::agreements::waiting(app).await.expect("read");
        let approval = waiting[0].0.id;
        banks::service::agreements::decide(app, &approver, approval, true, "")
            .await
            .expect("confirmed");
        made.push(id);
    }
    [made[0], made[1]]
}

/// The bank answers the oldest open request of the card; which operation it was.
pub(crate) async fn bank_says(
    app: &App,
    person: Id,
    bank: Id,
    answer: banks::rules::Answer,
) -> &'static str {
    let shared = app.clone();
    app.db
        .write(move |tx| {
            let card = store::living(tx, person)?.ok_or(rules::Refused::NoCard)?.id;
            let open = banks::store::requests::of_card(tx, person, card)?;
            let open = open.iter().find(|one| one.bank == bank && !one.state.is_final());
            let open = open.expect("the bank was asked").clone();
            let (app, now) = (shared.as_ref(), Utc::now());
            let from = banks::service::answers::From { app, bank, pauses: (1, 60), now };
            banks::service::answers::take_in(tx, from, open.id, &answer)?;
            Ok::<_, Problem>(open.operation.code())
        })
        .await
        .expect("the answer is taken")
}

pub(crate) fn done(state: banks::rules::State, number: Option<&str>) -> banks::rules::Answer {
    banks::rules::Answer::Done { state, number: number.map(str::to_owned) }
}

/// Art. 10, 11: what happens to the card is asked of the bank in the same transaction; the bank is
/// changed without a moment with two accounts.
#[tokio::test]
async fn both_functions_go_in_step_with_the_bank_and_the_bank_can_be_changed() {
    use banks::rules::State as Account;
    for test in databases("cards_bank") {
        let (app, clerk) = office(&test).await;
        let [first, second] = two_banks(&app).await;
        let person = resident(&app, &clerk, 40).await;
        give_card(&app, &clerk, person).await;
        let no_account = perform(&app, &clerk, person, Command::ActivateFinancial).await;
        assert_eq!(no_account.expect_err("none").code, "banks/no-account");
        let stranger = bank::open_account(&app, &clerk, person, person).await;
        assert_eq!(stranger.expect_err("no bank").article, Some(kernel::law::Article(10)));
        bank::open_account(&app, &clerk, person, first).await.expect("asked");
        let said =
            bank_says(&app, person, first, done(Account::Opened, Some("6217000000000000004")));
        assert_eq!(said.await, "pre_open");
        perform(&app, &clerk, person, Command::ActivateFinancial).await.expect("activated");
        assert_eq!(bank_says(&app, person, first, done(Account::Active, None)).await, "activate");
        perform(&app, &clerk, person, Command::Lose { proof: proof() }).await.expect("lost");
        assert_eq!(bank_says(&app, person, first, done(Account::Lost, None)).await, "report_loss");
        perform(&app, &clerk, person, Command::Release { proof: proof() }).await.expect("released");
        assert_eq!(bank_says(&app, person, first, done(Account::Active, None)).await, "release");
        let card = held(&app, person).await.0.living.expect("in use").id;
        let expected = || async {
            let account = app.db.read(move |tx| banks::service::account(tx, person, card)).await;
            account.expect("read").and_then(|account| account.expected)
        };
        perform(&app, &clerk, person, Command::Lock).await.expect("locked");
        assert_eq!(expected().await, Some(banks::rules::Expected::Frozen), "a lock is no loss");
        assert_eq!(bank_says(&app, person, first, done(Account::Frozen, None)).await, "freeze");
        perform(&app, &clerk, person, Command::Unlock { proof: proof() }).await.expect("unlocked");
        assert_eq!(bank_says(&app, person, first, done(Account::Active, None)).await, "unfreeze");
        assert_eq!(expected().await, Some(banks::rules::Expected::Active));

        let same = bank::change_bank(&app, &clerk, person, first).await.expect_err("the same");
        assert_eq!(same.code, "cards/same-bank");
        bank::change_bank(&app, &clerk, person, second).await.expect("asked");
        let again = bank::change_bank(&app, &clerk, person, second).await.expect_err("under way");
        assert!(again.status == 409, "{}", again.code);
        let round =
            || async { kernel::jobs::round(&app, bank::job()).await.expect("runs").expect("free") };
        assert_eq!(round().await, "0 carried on", "the old bank has not closed yet");
        assert_eq!(bank_says(&app, person, first, done(Account::Closed, None)).await, "close");
        assert_eq!(round().await, "1 carried on");
        let said =
            bank_says(&app, person, second, done(Account::Opened, Some("6228000000000000001")));
        assert_eq!(said.await, "pre_open");
        assert_eq!((round().await, round().await), ("1 carried on".into(), "0 carried on".into()));
        let account = app.db.read(move |tx| banks::service::account(tx, person, card)).await;
        let account = account.expect("read").expect("there");
        assert_eq!((account.bank, account.last_four.as_str()), (second, "0001"), "{}", test.engine);

        // Called off while the old account is being closed: the card stays with its bank.
        let none = bank::call_off(&app, &clerk, person).await.expect_err("nothing is under way");
        assert_eq!(none.code, "cards/bank-change-too-late");
        bank::change_bank(&app, &clerk, person, first).await.expect("asked");
        bank::call_off(&app, &clerk, person).await.expect("called off");
        let twice = bank::call_off(&app, &clerk, person).await.expect_err("once");
        assert_eq!(twice.code, "cards/bank-change-too-late");
        assert_eq!(bank_says(&app, person, second, done(Account::Closed, None)).await, "close");
        assert_eq!(round().await, "1 carried on");
        let late = bank::call_off(&app, &clerk, person).await.expect_err("it opens already");
        assert_eq!(late.code, "cards/bank-change-too-late");
        let said =
            bank_says(&app, person, second, done(Account::Opened, Some("6228000000000000019")));
        assert_eq!(said.await, "pre_open");
        assert_eq!(round().await, "1 carried on");
        let account = app.db.read(move |tx| banks::service::account(tx, person, card)).await;
        let account = account.expect("read").expect("there");
        assert_eq!((account.bank, account.last_four.as_str()), (second, "0019"), "{}", test.engine);
    }
}
