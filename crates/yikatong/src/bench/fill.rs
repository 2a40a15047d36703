//! Filling a large register. Into growing indexes each row goes to a page of its own, and a disk is soon
//! all that one waits for; so the indexes are set aside while the rows stream in, and are built
//! afterwards by sorting.

use cards::number::card_number;
use kernel::db::{BulkRows, DbError, Engine, Kind, Tx, Value, v};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use people::store;

use crate::demo::made_person;

/// People of one transaction.
const CHUNK: u32 = 20_000;

/// The directory of card numbers.
const CARD_NUMBERS: BulkRows = BulkRows {
    table: "card_number",
    columns: &[("card_no", Kind::Text), ("person_id", Kind::Int), ("card_id", Kind::Int)],
};

type Rows = Vec<Vec<Value<'static>>>;

/// Fills an empty register with generated people, each with a card number, and tells how far it is.
///
/// # Errors
/// See [`Problem`].
pub(super) async fn register(app: &App, people: u32, told: fn(&str)) -> Result<(), Problem> {
    let indexes = set_aside(app, "person").await?;
    let starts: Vec<u32> = (0..people).step_by(CHUNK as usize).collect();
    let mut next = tokio::spawn(rows(app.clone(), 0, people.min(CHUNK)));
    for start in starts {
        let ready = next.await.map_err(|error| DbError::Engine(error.to_string()))??;
        // One core makes and the other writes.
        let from = start.saturating_add(CHUNK).min(people);
        next = tokio::spawn(rows(app.clone(), from, people.min(from.saturating_add(CHUNK))));
        write(app, ready).await?;
        if start % 1_000_000 == 0 && start > 0 {
            told(&format!("{start} people written"));
        }
    }
    told("directory of numbers");
    let sql = "INSERT INTO person_number (number, person_id)
               SELECT number, id FROM person ORDER BY number";
    alone(app, sql.to_owned()).await?;
    for (name, sql) in indexes {
        told(&name);
        alone(app, sql).await?;
    }
    if app.db.engine() == Engine::Postgres {
        alone(app, "ANALYZE".to_owned()).await?;
    }
    Ok(())
}

/// The rows of these people and of their card numbers.
async fn rows(app: App, from: u32, to: u32) -> Result<(Rows, Rows), DbError> {
    let made = tokio::task::spawn_blocking(move || {
        let now = Utc::now();
        let made = (from..to).filter_map(|index| made_person(&app, index, now).map(|p| (index, p)));
        made.map(|(index, person)| {
            let number = card_number(i64::from(index) + 1);
            let card = vec![v(number), v(person.id), v(person.id)];
            (store::person_row(&person, now), card)
        })
        .unzip()
    });
    made.await.map_err(|error| DbError::Engine(error.to_string()))
}

async fn write(app: &App, (people, cards): (Rows, Rows)) -> Result<(), DbError> {
    app.db
        .housekeeping(move |tx| {
            tx.bulk(store::PERSON_ROWS, &mut people.iter().cloned())?;
            tx.bulk(CARD_NUMBERS, &mut cards.iter().cloned()).map(drop)
        })
        .await
}

/// Drops the indexes of a table that guard no constraint; returns their names and how to make them.
async fn set_aside(app: &App, table: &'static str) -> Result<Vec<(String, String)>, DbError> {
    let sql = match app.db.engine() {
        Engine::Sqlite => {
            "SELECT name, sql FROM sqlite_master
             WHERE type = 'index' AND tbl_name = $1 AND sql IS NOT NULL ORDER BY name"
        }
        Engine::Postgres => {
            "SELECT CAST(indexname AS TEXT), indexdef FROM pg_indexes
             WHERE CAST(tablename AS TEXT) = $1
               AND indexname NOT IN (SELECT conname FROM pg_constraint) ORDER BY 1"
        }
    };
    app.db
        .housekeeping(move |tx| {
            let rows = tx.query(sql, &[v(table)])?;
            let named = |row: &kernel::db::Row| Ok((row.get(0)?, row.get(1)?));
            let indexes =
                rows.iter().map(named).collect::<Result<Vec<(String, String)>, DbError>>();
            for (name, _) in indexes.as_ref().map_err(Clone::clone)? {
                tx.execute(&format!("DROP INDEX {name}"), &[])?;
            }
            indexes
        })
        .await
}

/// One long statement by itself.
async fn alone(app: &App, sql: String) -> Result<(), DbError> {
    let settings: &'static [&'static str] = match app.db.engine() {
        Engine::Sqlite => &["PRAGMA cache_size = -262144"],
        Engine::Postgres => &["SET LOCAL statement_timeout = 0"],
    };
    app.db
        .housekeeping(move |tx: &mut Tx<'_>| {
            for setting in settings {
                tx.execute(setting, &[])?;
            }
            tx.execute(&sql, &[]).map(drop)
        })
        .await
}
