use kernel::actor::{Actor, Role};
use kernel::id::Id;
use kernel::platform::App;
use kernel::testing::{actor, databases};
use kernel::time::Utc;
use proptest::prelude::*;

use super::rules::{Kind, Report, State, acts_alone};
use super::service::{Received, confirm, jobs, receive, reject, waiting};
use super::store;
use crate::rules::Stage;
use crate::rules::clocks::State as Clock;
use crate::service::tests::{give_card, held, office, resident};

async fn report(app: &App, person: Id, kind: Kind, source_id: &str) -> Report {
    let known = app.db.read(move |tx| people::store::by_id(tx, person)).await.expect("read");
    let known = known.expect("registered");
    Report {
        source_id: source_id.to_owned(),
        kind,
        number: known.number.as_str().to_owned(),
        name: known.name,
        day: Utc::now().day(),
        detail: String::new(),
    }
}

async fn send(app: &App, sender: &Actor, report: Report) -> (Received, Option<Id>) {
    let received = receive(app, sender, vec![report]).await.expect("taken")[0];
    let open = waiting(app).await.expect("read").0;
    (received, open.last().map(|event| event.id))
}

/// Art. 13: a report proposes; only a clerk ends the card.
#[tokio::test]
async fn a_reported_death_ends_the_card_when_a_clerk_confirms_it() {
    for test in databases("events_death") {
        let (app, clerk) = office(&test).await;
        let person = resident(&app, &clerk, 30).await;
        give_card(&app, &clerk, person).await;
        let sender = actor(Role::DepartmentOfficer);
        let death = report(&app, person, Kind::Death, "民政-1").await;
        let (received, id) = send(&app, &sender, death.clone()).await;
        assert_eq!(received, Received::Proposed);
        assert_eq!(send(&app, &sender, death).await.0, Received::Twice);
        for job in jobs() {
            let said = kernel::jobs::round(&app, job).await.expect("runs");
            assert_eq!(said.as_deref(), Some("0 carried out"), "the switch is off");
        }
        let card = held(&app, person).await.0.living.expect("still in use");
        assert_eq!(card.clocks.electronic, Clock::On, "nobody's card dies from a feed alone");
        confirm(&app, &clerk, id.expect("open"), String::new()).await.expect("confirmed");
        let all = held(&app, person).await.1;
        assert_eq!((&all[0].stage, all[0].clocks.electronic), (&Stage::Cancelled, Clock::Ended));
        let again = confirm(&app, &clerk, id.expect("open"), String::new()).await;
        assert_eq!(again.expect_err("decided").code, "cards/event-not-open", "{}", test.engine);
    }
}

/// Art. 13: who dies before his card is made gets none, by the same confirmation.
#[tokio::test]
async fn a_reported_death_takes_an_application_back() {
    for test in databases("events_ordered") {
        let (app, clerk) = office(&test).await;
        let person = resident(&app, &clerk, 34).await;
        let apply = crate::rules::Command::Apply { guardian: String::new() };
        crate::service::perform(&app, &clerk, person, apply).await.expect("applied");
        let sender = actor(Role::DepartmentOfficer);
        let death = report(&app, person, Kind::Death, "民政-3").await;
        let id = send(&app, &sender, death).await.1.expect("open");
        confirm(&app, &clerk, id, String::new()).await.expect("confirmed");
        let (now, all) = held(&app, person).await;
        assert!(now.living.is_none());
        assert_eq!(all[0].stage, Stage::Withdrawn, "{}", test.engine);
        let known = app.db.read(move |tx| people::store::by_id(tx, person)).await.expect("read");
        assert!(known.expect("registered").deceased_on.is_some());
    }
}

/// Art. 13: a name that differs needs a word of the clerk; a report that does not hold needs one, too.
#[tokio::test]
async fn a_report_about_another_name_is_not_confirmed_without_a_word() {
    for test in databases("events_name") {
        let (app, clerk) = office(&test).await;
        let person = resident(&app, &clerk, 31).await;
        give_card(&app, &clerk, person).await;
        let sender = actor(Role::DepartmentOfficer);
        let other = Report {
            name: "另外一人".to_owned(),
            ..report(&app, person, Kind::Death, "公安-7").await
        };
        let id = send(&app, &sender, other).await.1.expect("open");
        let refused = confirm(&app, &clerk, id, " ".to_owned()).await.expect_err("no word");
        assert_eq!(refused.code, "cards/event-name-differs");
        let refused = reject(&app, &clerk, id, String::new()).await.expect_err("no word");
        assert_eq!(refused.code, "cards/event-comment-missing");
        reject(&app, &clerk, id, "经核实系同号误报".to_owned()).await.expect("rejected");
        assert!(held(&app, person).await.0.living.is_some());
        let state = app.db.read(move |tx| store::by_id(tx, id)).await.expect("read");
        assert_eq!(state.map(|event| event.state), Some(State::Rejected), "{}", test.engine);
    }
}

/// Art. 5, 13: who moves away loses the card unless he is entitled otherwise; who moves within keeps it.
#[tokio::test]
async fn a_move_ends_the_card_only_when_no_right_is_left() {
    for test in databases("events_move") {
        let (app, clerk) = office(&test).await;
        let person = resident(&app, &clerk, 32).await;
        give_card(&app, &clerk, person).await;
        let sender = actor(Role::DepartmentOfficer);
        for (division, lives) in [("500156", true), ("510100", false)] {
            let moved = report(&app, person, Kind::Move, division).await;
            let moved = Report { detail: division.to_owned(), ..moved };
            let id = send(&app, &sender, moved).await.1.expect("open");
            confirm(&app, &clerk, id, "核实".to_owned()).await.expect("confirmed");
            let living = held(&app, person).await.0.living.is_some();
            assert_eq!(living, lives, "{} {division}", test.engine);
        }
    }
}

/// A stranger is kept, and nothing else happens.
#[tokio::test]
async fn a_report_about_nobody_is_kept() {
    for test in databases("events_nobody") {
        let (app, clerk) = office(&test).await;
        let person = resident(&app, &clerk, 33).await;
        let mut stranger = report(&app, person, Kind::Death, "民政-9").await;
        stranger.number = "E12345678".to_owned();
        let sender = actor(Role::DepartmentOfficer);
        assert_eq!(send(&app, &sender, stranger).await, (Received::Nobody, None));
    }
}

proptest! {
    /// Whatever comes in: without the switch nothing acts alone, and with it only a death that fits.
    #[test]
    fn nothing_acts_alone_unless_the_authority_says_so(
        kind in prop::sample::select(Kind::ALL.to_vec()), fits: bool, on: bool,
    ) {
        let alone = acts_alone(kind, fits, on);
        prop_assert!(!alone || (on && fits && kind == Kind::Death));
    }
}
