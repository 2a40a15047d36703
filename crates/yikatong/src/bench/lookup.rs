//! Looking a person up at the desk by each key in a large register, beside a bare read of one row by its
//! key.

use std::path::Path;
use std::time::Instant;

use kernel::db::{DbError, Location, v};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;

use super::prepare;
use crate::demo::load_people;

/// Look-ups of each key.
const LOOKUPS: usize = 2_000;

/// What somebody types, by its kind.
struct Sample {
    id: Id,
    number: String,
    name: String,
    pinyin: String,
    phone: String,
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
    load_people(&app, 0, people, |_| {}).await.map_err(words)?;
    let rate = f64::from(people) / began.elapsed().as_secs_f64();
    println!("{name}, {people} people ({rate:.0} people/s)");
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
    Ok(())
}

/// People spread over the whole register.
async fn samples(app: &App, people: u32) -> Result<Vec<Sample>, Problem> {
    let step = (people as usize / LOOKUPS).max(1) as u32;
    let wanted: Vec<String> = (0..people)
        .step_by(step as usize)
        .filter_map(|index| people::generate::person(crate::demo::SEED, index))
        .map(|made| made.number.as_str().to_owned())
        .take(LOOKUPS)
        .collect();
    app.db
        .read(move |tx| {
            let mut samples = Vec::with_capacity(wanted.len());
            for number in &wanted {
                let sql = "SELECT p.id, p.name, p.pinyin, p.phone FROM person_number n
                           JOIN person p ON p.id = n.person_id WHERE n.number = $1";
                let Some(row) = tx.optional(sql, &[v(number)])? else { continue };
                samples.push(Sample {
                    id: row.get(0)?,
                    number: number.clone(),
                    name: row.get(1)?,
                    pinyin: row.get(2)?,
                    phone: row.get(3)?,
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
