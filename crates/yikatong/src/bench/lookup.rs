//! Looking a person up at the desk by each key in a large register, beside a bare read of one row by its
//! key.

use std::path::Path;
use std::time::Instant;

use cards::number::card_number;
use kernel::db::{DbError, Location, sealed, v};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;

use super::{fill, prepare};

/// Look-ups of each key.
const LOOKUPS: usize = 2_000;

/// What somebody types, by its kind.
struct Sample {
    id: Id,
    number: String,
    name: String,
    pinyin: String,
    phone: String,
    card: String,
}

type Key = fn(&Sample) -> &str;

/// Measures on one database and prints what it saw.
///
/// # Errors
/// In words, what went wrong.
pub(super) async fn run(
    name: &str,
    location: &Location,
    folder: &Path,
    people: u32,
) -> Result<(), String> {
    let words = |problem: Problem| format!("{}: {}", problem.code, problem.title.en);
    let (app, _) = prepare(location, folder).await?;
    let began = Instant::now();
    let told = |what: &str| eprintln!("  … {what}");
    fill::register(&app, people, told).await.map_err(words)?;
    let took = began.elapsed().as_secs_f64();
    let rate = f64::from(people) / took;
    println!("{name}, {people} people, loaded in {took:.0} s ({rate:.0} people/s)");
    let samples = samples(&app, people).await.map_err(words)?;
    let floor = bare(&app, &samples).await.map_err(words)?;
    print("floor: one row by its key", &floor, None);
    let keys: [(&str, Key); 4] = [
        ("number", |sample| &sample.number),
        ("name", |sample| &sample.name),
        ("name in pinyin", |sample| &sample.pinyin),
        ("phone", |sample| &sample.phone),
    ];
    for (key, of) in keys {
        let took = searched(&app, &samples, of).await.map_err(words)?;
        print(key, &took, Some(&floor));
    }
    let took = by_card(&app, &samples).await.map_err(words)?;
    print("card number", &took, Some(&floor));
    Ok(())
}

/// People spread over the whole register.
async fn samples(app: &App, people: u32) -> Result<Vec<Sample>, Problem> {
    let step = (people as usize / LOOKUPS).max(1);
    let made = |index| Some((index, people::generate::person(crate::demo::SEED, index)?));
    let wanted: Vec<(String, String)> = (0..people)
        .step_by(step)
        .filter_map(made)
        .map(|(at, made)| (made.number.as_str().to_owned(), card_number(i64::from(at) + 1)))
        .take(LOOKUPS)
        .collect();
    app.db
        .read(move |tx| {
            let mut samples = Vec::with_capacity(wanted.len());
            for (number, card) in &wanted {
                let sql = "SELECT p.id, p.name, p.pinyin, p.phone FROM person_number n
                           JOIN person p ON p.id = n.person_id WHERE n.number = $1";
                let row = tx.one(sql, &[sealed(number)])?;
                samples.push(Sample {
                    id: row.get(0)?,
                    number: number.clone(),
                    name: row.get(1)?,
                    pinyin: row.get(2)?,
                    phone: row.get(3)?,
                    card: card.clone(),
                });
            }
            Ok::<_, Problem>(samples)
        })
        .await
}

async fn bare(app: &App, samples: &[Sample]) -> Result<Vec<f64>, Problem> {
    let mut took = Vec::with_capacity(samples.len());
    for sample in samples {
        let (id, began) = (sample.id, Instant::now());
        let read = app.db.read(move |tx| {
            let row = tx.one("SELECT name FROM person WHERE id = $1", &[v(id)])?;
            row.get::<String>(0)
        });
        read.await.map_err(|error: DbError| Problem::from(error))?;
        took.push(began.elapsed().as_secs_f64() * 1e6);
    }
    Ok(took)
}

async fn searched(app: &App, samples: &[Sample], key: Key) -> Result<Vec<f64>, Problem> {
    let mut took = Vec::with_capacity(samples.len());
    for sample in samples {
        let (text, began) = (key(sample).to_owned(), Instant::now());
        let found =
            app.db.read(move |tx| Ok::<_, Problem>(people::store::search(tx, &text, 20)?)).await?;
        took.push(began.elapsed().as_secs_f64() * 1e6);
        if found.is_empty() {
            return Err(Problem::not_found());
        }
    }
    Ok(took)
}

/// What the desk does with a card number: the directory, then the person.
async fn by_card(app: &App, samples: &[Sample]) -> Result<Vec<f64>, Problem> {
    let mut took = Vec::with_capacity(samples.len());
    for sample in samples {
        let (card, began) = (sample.card.clone(), Instant::now());
        let read = app.db.read(move |tx| {
            let person = cards::store::person_of_number(tx, &card)?;
            let person = person.ok_or_else(Problem::not_found)?;
            Ok::<_, Problem>(people::store::by_id(tx, person)?)
        });
        let found = read.await?;
        took.push(began.elapsed().as_secs_f64() * 1e6);
        if found.is_none_or(|found| found.id != sample.id) {
            return Err(Problem::not_found());
        }
    }
    Ok(took)
}

fn print(key: &str, took: &[f64], floor: Option<&Vec<f64>>) {
    let p99 = percentile(took, 0.99);
    let (p50, ratio) = (percentile(took, 0.5), floor.map(|floor| p99 / percentile(floor, 0.99)));
    let ratio = ratio.map(|ratio| format!("   {ratio:.1} times the floor")).unwrap_or_default();
    println!("  {key:<28} p50 {p50:>8.0} µs   p99 {p99:>8.0} µs{ratio}");
}

fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len() as f64 * share) as usize;
    sorted.get(place.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use kernel::testing::databases;

    use super::*;

    #[tokio::test]
    async fn a_register_is_loaded_with_all_its_indexes_and_each_key_finds() {
        for test in databases("bench_lookup") {
            run(test.engine, &test.location, &test.folder, 1_000).await.expect("measured");
            let sql = match test.engine {
                "sqlite" => "SELECT name FROM sqlite_master WHERE tbl_name = 'person'",
                _ => {
                    "SELECT CAST(indexname AS TEXT) FROM pg_indexes
                     WHERE CAST(tablename AS TEXT) = 'person'"
                }
            };
            let read = test.db.read(move |tx| {
                let rows = tx.query(sql, &[])?;
                rows.iter().map(|row| row.get(0)).collect::<Result<Vec<String>, DbError>>()
            });
            let names = read.await.expect("read");
            for index in ["person_name", "person_pinyin", "person_initials", "person_phone"] {
                assert!(names.iter().any(|name| name == index), "{} {index}", test.engine);
            }
        }
    }
}
