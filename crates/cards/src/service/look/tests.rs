use kernel::actor::Role;
use kernel::testing::{actor, databases};
use people::duplicates::rules::{State, slips};
use people::duplicates::{merge, service as duplicates};
use people::number::PersonNumber;
use people::service::Registration;

use super::*;
use crate::service::bank::tests::{bank_says, done, two_banks};
use crate::service::perform;
use crate::service::tests::{give_card, office, resident};

fn has_card(tx: &mut Tx<'_>, person: Id) -> Result<bool, DbError> {
    Ok(store::living(tx, person)?.is_some())
}

/// The same person once more, with a digit of the number mistyped.
async fn entered_twice(app: &App, clerk: &Actor, person: Id) -> Id {
    let known = app.db.read(move |tx| people::store::by_id(tx, person)).await.expect("read");
    let known = known.expect("registered");
    let fits = |text: &String| {
        let number = PersonNumber::restore(text);
        number.is_ok_and(|n| n.birth() == known.number.birth() && n.sex() == known.number.sex())
    };
    let number = slips(&known.number).into_iter().find(fits).expect("a slip");
    let form = Registration {
        number,
        document: known.document.code().to_owned(),
        name: known.name,
        phone: known.phone,
        address: known.address,
        household: known.household,
        ground: known.ground.code().to_owned(),
        ..Registration::default()
    };
    people::service::register(app, clerk, form).await.expect("registered").id
}

/// Art. 5, 10: merging two records loses nothing: cards, accounts and history of both are seen under the
/// one that lives on, and the bank's number of the person is no stranger's.
#[tokio::test]
async fn a_merged_record_keeps_its_cards_its_account_and_its_history() {
    use banks::rules::State as Account;
    const NUMBER: &str = "6217000000000000004";
    for test in databases("cards_merged") {
        let (app, clerk) = office(&test).await;
        let [bank, _] = two_banks(&app).await;
        let first = resident(&app, &clerk, 80).await;
        give_card(&app, &clerk, first).await;
        bank::open_account(&app, &clerk, first, bank).await.expect("asked");
        bank_says(&app, first, bank, done(Account::Opened, Some(NUMBER))).await;
        let cause = CancelCause::LeftForGood;
        let cancel = Command::Cancel { cause, evidence: "除籍证明".to_owned() };
        let ended = perform(&app, &clerk, first, cancel).await.expect("cancelled");
        let second = entered_twice(&app, &clerk, first).await;
        give_card(&app, &clerk, second).await;

        let finding = duplicates::queue(&app, State::Open, Id(0)).await.expect("read").remove(0);
        let (maker, checker) = (actor(Role::OutletManager), actor(Role::DistrictOfficer));
        let asked = merge::propose(&app, &maker, finding.id, second, "同一人", has_card).await;
        asked.expect("proposed");
        let merged = merge::decide(&app, &checker, finding.id, true, "", has_card).await;
        assert_eq!(merged.expect("decided"), State::Merged);

        let glance = glance(&app, &clerk, first).await.expect("the old id leads on");
        assert_eq!(glance.person.id, second, "{}", test.engine);
        assert!(glance.past.iter().any(|card| card.id == ended.id), "the ended card");
        let acts: Vec<&str> = glance.history.iter().map(|entry| entry.act.as_str()).collect();
        assert!(acts.contains(&"card.cancelled"), "{acts:?}");
        assert_eq!(acts.iter().filter(|act| **act == "card.activated").count(), 2);
        let earlier = &glance.bank.earlier;
        assert_eq!((earlier.len(), earlier[0].0.card), (1, ended.id), "{}", test.engine);

        // The bank has one account for the person and says so.
        bank::open_account(&app, &clerk, second, bank).await.expect("asked");
        bank_says(&app, second, bank, done(Account::Opened, Some(NUMBER))).await;
        let card = glance.card.expect("in use").id;
        let read = move |tx: &mut Tx<'_>| {
            let account = banks::service::account(tx, second, card)?;
            Ok::<_, DbError>((account, banks::store::alarms::all_open(tx, None, 10)?))
        };
        let (account, alarms) = app.db.read(read).await.expect("read");
        let account = account.expect("opened");
        assert_eq!((account.state, account.last_four.as_str()), (Account::Opened, "0004"));
        assert!(alarms.is_empty(), "{}: {alarms:?}", test.engine);
    }
}
