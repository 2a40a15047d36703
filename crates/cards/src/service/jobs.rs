//! What happens to cards by time: temporary losses lapse, after a reminder.

use std::time::Duration;

use kernel::actor::Actor;
use kernel::jobs::{Job, Round};
use kernel::journal::{self, Entry};
use kernel::outbox::{self, Sms};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;

use super::perform_at;
use crate::rules::{Card, Command};
use crate::settings::REMIND_HOURS;
use crate::store;

/// The repeating work of cards.
pub fn jobs() -> Vec<Job> {
    let every = Duration::from_secs(30);
    vec![
        Job { name: "cards.lapse", every, run: |app| -> Round { Box::pin(lapse(app)) } },
        Job { name: "cards.remind", every, run: |app| -> Round { Box::pin(remind(app)) } },
        super::bank::job(),
    ]
}

/// Cards that one round looks at.
const SET: i64 = 500;

async fn due(app: &App, ahead_hours: i64, not_reminded: bool) -> Result<Vec<Card>, Problem> {
    app.db
        .read(move |tx| {
            let before = Utc::now().plus_seconds(ahead_hours * 3_600);
            Ok(store::lapsing(tx, before, not_reminded, SET)?)
        })
        .await
}

async fn lapse(app: App) -> Result<String, Problem> {
    let (mut lapsed, mut left) = (0, 0);
    for card in due(&app, 0, false).await? {
        let done = perform_at(&app, &Actor::system(), card.person, Command::Lapse, None).await;
        // One that was released or reported meanwhile is no failure of the round.
        match done {
            Ok(_) => lapsed += 1,
            Err(problem) if problem.status < 500 => left += 1,
            Err(problem) => return Err(problem),
        }
    }
    Ok(format!("{lapsed} lapsed, {left} left alone"))
}

async fn remind(app: App) -> Result<String, Problem> {
    let hours = app.db.read(|tx| settings::get(tx, &REMIND_HOURS, Utc::now())).await?;
    let cards = due(&app, hours, true).await?;
    let count = cards.len();
    for card in cards {
        let (sms, entry) = (app.id(), app.id());
        app.db
            .write(move |tx| {
                let now = Utc::now();
                let person = people::store::by_id(tx, card.person)?;
                let person = person.ok_or(people::rules::Refused::Unknown)?;
                store::set_reminded(tx, &card)?;
                let until = card.loss_until.map(Utc::local).unwrap_or_default();
                let text = format!(
                    "【一卡通】您的社会保障卡临时挂失将于{until}自动失效，如未找回请尽快办理正式挂失。"
                );
                outbox::put_sms(tx, sms, now, &Sms { to: person.phone, text })?;
                let entry = Entry::new(entry, now, &Actor::system(), "card.reminded", "Art. 11")
                    .about(card.person)
                    .on("card", card.id)
                    .why("临时挂失到期提醒", &["phone"]);
                Ok::<_, Problem>(journal::record(tx, &entry)?)
            })
            .await?;
    }
    Ok(format!("{count} reminded"))
}
