//! People with active cards, and terminals, made in bulk for a measurement.

use codes::service::NewTerminal;
use kernel::actor::{Actor, Role};
use kernel::db::{Row, Tx, Value, v};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::{App, random};
use kernel::problem::Problem;
use kernel::time::Utc;

/// Makes people with active cards; returns the credentials of their electronic cards.
///
/// # Errors
/// See [`Problem`].
pub async fn make(app: &App, count: u32) -> Result<Vec<[u8; 8]>, Problem> {
    crate::demo::load_people(app, 0, count, |_| {}).await?;
    let shared = app.clone();
    let entry = Entry::new(app.id(), Utc::now(), &Actor::system(), "bench.made", "");
    app.db
        .write(move |tx| {
            let people: Vec<Id> = tx
                .query("SELECT id FROM person ORDER BY id", &[])?
                .iter()
                .map(|row| row.get(0))
                .collect::<Result<_, _>>()?;
            let holders: Vec<Holder> =
                people.into_iter().map(|person| Holder::new(person, &shared)).collect();
            let cards = cards::store::CARD_ROWS;
            tx.bulk(cards, &mut holders.iter().zip(1..).map(|(holder, n)| holder.card(n)))?;
            tx.bulk(cards::store::ECARD_ROWS, &mut holders.iter().map(Holder::ecard))?;
            tx.bulk(cards::store::CREDENTIAL_ROWS, &mut holders.iter().map(Holder::directory))?;
            items::seed::seed(tx, &|| shared.id(), &|_| Id(1), Utc::now())?;
            journal::record(tx, &entry)?;
            Ok::<_, Problem>(holders.iter().map(|holder| holder.credential).collect())
        })
        .await
}

/// The holders themselves, as they would be signed in.
///
/// # Errors
/// See [`Problem`].
pub async fn signed_in(app: &App) -> Result<Vec<Actor>, Problem> {
    let read = |tx: &mut Tx<'_>| tx.query("SELECT person_id FROM card ORDER BY person_id", &[]);
    let rows = app.db.read(read).await?;
    let actor = |row: &Row| {
        let person = Some(row.get(0)?);
        Ok(Actor { account: Id(2), role: Role::Holder, person, ..Actor::system() })
    };
    rows.iter().map(actor).collect()
}

struct Holder {
    person: Id,
    card: Id,
    ecard: Id,
    credential: [u8; 8],
}

/// Far enough that no measurement outlives it.
const UNTIL: &str = "2099-12-31";

impl Holder {
    fn new(person: Id, app: &App) -> Self {
        Self { person, card: app.id(), ecard: app.id(), credential: random::<8>() }
    }

    fn card(&self, place: i64) -> Vec<Value<'static>> {
        let number = cards::number::card_number(place);
        vec![
            v(self.person),
            v(self.card),
            v("active"),
            v(true),
            v(1i64),
            v("counter"),
            v(""),
            v(number),
            v(0i64),
            v(""),
            v(UNTIL),
            v(1i64),
            v("on"),
        ]
    }

    fn ecard(&self) -> Vec<Value<'static>> {
        let credential = v(self.credential.to_vec());
        vec![v(self.person), v(self.ecard), v(self.card), v("on"), credential, v(0i64), v(UNTIL)]
    }

    fn directory(&self) -> Vec<Value<'static>> {
        vec![v(self.credential.to_vec()), v(self.person), v(self.ecard)]
    }
}

/// Registers terminals for the library item; returns their tokens.
///
/// # Errors
/// See [`Problem`].
pub async fn terminals(app: &App, count: usize, item: &str) -> Result<Vec<String>, Problem> {
    let mut tokens = Vec::with_capacity(count);
    for number in 0..count {
        let new = NewTerminal {
            org: Id(1),
            place: format!("终端 {number}"),
            items: vec![item.to_owned()],
            channel: None,
            division: String::new(),
        };
        tokens.push(codes::service::register_terminal(app, &Actor::system(), new).await?.1);
    }
    Ok(tokens)
}
