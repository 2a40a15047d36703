//! People of the demonstration whose cards have accounts at banks: the holders who sign in, and
//! neighbours of theirs who stand on the same lists.

use banks::AccountNumber;
use banks::store::accounts::{self, Account};
use cards::production::store::numbers;
use kernel::actor::Actor;
use kernel::db::{DbError, Tx, Value, sealed, v};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use time::Duration;

use super::bankers;

/// Neighbours.
const NEIGHBOURS: i64 = 22;
/// Their accounts are as old as this, so that nobody takes them for changed just before a payment.
const OLD_DAYS: i64 = 200;

/// Somebody with an account.
#[derive(Clone)]
pub(super) struct Villager {
    pub(super) person: Id,
    pub(super) number: String,
    pub(super) name: String,
    card: Id,
}

/// Gives the holders accounts and some neighbours cards with accounts; holders come first.
///
/// # Errors
/// See [`Problem`].
pub(super) async fn make(app: &App) -> Result<Vec<Villager>, Problem> {
    let shared = app.clone();
    let entry = Entry::new(app.id(), Utc::now(), &Actor::system(), "demo.made", "")
        .why("演示账户 / demonstration accounts", &[]);
    app.db
        .write(move |tx| {
            let mut all = holders(tx)?;
            let neighbours = neighbours(tx, &shared)?;
            give_cards(tx, &neighbours)?;
            all.extend(neighbours);
            for (place, villager) in all.iter().enumerate() {
                give_account(tx, &shared, villager, place)?;
            }
            journal::record(tx, &entry)?;
            Ok::<_, Problem>(all.clone())
        })
        .await
}

fn holders(tx: &mut Tx<'_>) -> Result<Vec<Villager>, DbError> {
    let sql = "SELECT p.id, p.number, p.name, c.id FROM card c JOIN person p ON p.id = c.person_id
               WHERE c.live AND c.stage = 'active' ORDER BY c.id";
    let rows = tx.query(sql, &[])?;
    let read = |row: &kernel::db::Row| {
        let (person, number, name, card) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        Ok(Villager { person, number, name, card })
    };
    rows.iter().map(read).collect()
}

fn neighbours(tx: &mut Tx<'_>, app: &Platform) -> Result<Vec<Villager>, DbError> {
    let sql = "SELECT p.id, p.number, p.name FROM person p
               WHERE p.ground = 'household' AND p.deceased_on IS NULL AND p.birth < '1995-01-01'
                 AND NOT EXISTS (SELECT 1 FROM card c WHERE c.person_id = p.id)
               ORDER BY p.id LIMIT $1";
    let rows = tx.query(sql, &[v(NEIGHBOURS)])?;
    let read = |row: &kernel::db::Row| {
        Ok(Villager { person: row.get(0)?, number: row.get(1)?, name: row.get(2)?, card: app.id() })
    };
    rows.iter().map(read).collect()
}

fn give_cards(tx: &mut Tx<'_>, neighbours: &[Villager]) -> Result<(), DbError> {
    let now = Utc::now();
    let first = numbers::draw(tx, neighbours.len() as i64)?;
    let until = day_text(now.day().saturating_add(Duration::days(10 * 365)));
    let applied = Utc(now.0 - OLD_DAYS * Utc::DAY);
    let row = |(villager, place): (&Villager, i64)| -> Vec<Value<'static>> {
        vec![
            v(villager.person),
            v(villager.card),
            v("active"),
            v(true),
            v(1i64),
            v("counter"),
            v(""),
            v(cards::number::card_number(place)),
            v(applied),
            sealed(villager.name.clone()),
            v(until.clone()),
            v(1i64),
            v("on"),
        ]
    };
    tx.bulk(cards::store::CARD_ROWS, &mut neighbours.iter().zip(first..).map(row)).map(drop)
}

fn give_account(
    tx: &mut Tx<'_>,
    app: &Platform,
    villager: &Villager,
    place: usize,
) -> Result<(), Problem> {
    let code = bankers::CODES[place % bankers::CODES.len()];
    let bank = tx.one("SELECT id FROM bank WHERE code = $1", &[v(code)])?.get(0)?;
    let account = Account {
        person: villager.person,
        card: villager.card,
        bank,
        state: banks::rules::State::Active,
        last_four: String::new(),
        expected: None,
        expected_at: None,
        seen_at: None,
        changed_at: Utc(Utc::now().0 - OLD_DAYS * Utc::DAY),
        version: 1,
    };
    accounts::request(tx, None, &account)?;
    let number = AccountNumber::parse(&format!("5001{:012}", 7_919 * (place + 1)))?;
    accounts::set_number(tx, &app.keys, &account, &number)?;
    let sql = "UPDATE card SET financial = 'on' WHERE person_id = $1 AND id = $2";
    Ok(tx.execute_one(sql, &[v(villager.person), v(villager.card)])?)
}
