//! Bulk application: a file of generated people goes the whole way, beside a bare insert of the same
//! rows in the same set sizes.

use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use cards::bulk::rules::State;
use cards::bulk::service::{self, Upload};
use cards::bulk::store::{Application, BulkJob};
use cards::bulk::work::{self, SET_LINES};
use cards::rules::Card;
use kernel::actor::{Actor, Role};
use kernel::db::{BulkRows, DbError, Kind, Location, Value, v};
use kernel::id::Id;
use kernel::platform::{App, random};
use kernel::problem::Problem;
use kernel::time::Utc;
use people::generate::{GeneratedPerson, person};
use people::rules::{Ground, Person};

use super::prepare;

/// The generated population; the floor takes its people from far behind those of the file.
const SEED: u64 = 77;
const FLOOR_FROM: u32 = 20_000_000;

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
    let floor = floor(&app, people).await.map_err(words)?;
    let before = peak_mib();
    let began = Instant::now();
    let job = upload(&app, people).await.map_err(words)?;
    let uploaded = (began.elapsed(), peak_mib());
    work::check(&app, &job).await.map_err(words)?;
    let checked = (began.elapsed(), peak_mib());
    service::confirm(&app, &job.actor, job.id).await.map_err(words)?;
    let job = apply(&app, job).await.map_err(words)?;
    let whole = began.elapsed();

    let rate = |took: Duration| f64::from(people) / took.as_secs_f64();
    let (uploaded, checked, at) = (uploaded.0, checked.0, [before, uploaded.1, checked.1]);
    let applied = rate(whole - checked);
    println!("{name}, {people} people, a file of {} MiB", job.file_size >> 20);
    println!("  written and encrypted          {:>9.0} people/s", rate(uploaded));
    println!("  checked                        {:>9.0} people/s", rate(checked - uploaded));
    println!("  registered and applied for     {applied:>9.0} people/s");
    println!("  the whole way                  {:>9.0} people/s", rate(whole));
    println!(
        "  floor: the same rows, bare     {floor:>9.0} people/s   ratio {:.2}",
        applied / floor
    );
    let [before, uploaded, checked] = at;
    println!("  peak memory                    {:>9.0} MiB", peak_mib());
    println!("    {before:.0} before, {uploaded:.0} after upload, {checked:.0} after the check");
    match job.counts.get("registered") {
        Some(count) if *count == i64::from(people) => Ok(()),
        _ => Err(format!("not everybody was applied for: {:?}", job.counts)),
    }
}

async fn upload(app: &App, people: u32) -> Result<BulkJob, Problem> {
    let clerk = Actor { role: Role::Clerk, org: Some(Id(1)), account: Id(1), ..Actor::system() };
    let content = Box::new(Lines::new(people));
    let sent = Upload { unit: "测量".to_owned(), file_name: "people.csv".to_owned(), content };
    let id = service::upload(app, &clerk, sent).await?;
    service::job(app, &clerk, id).await
}

async fn apply(app: &App, job: BulkJob) -> Result<BulkJob, Problem> {
    let mut now = service::job(app, &job.actor, job.id).await?;
    while now.state == State::Running {
        work::run(app, &now, Duration::from_secs(600)).await?;
        now = service::job(app, &job.actor, job.id).await?;
    }
    Ok(now)
}

/// Generated people as a file that is made while it is read.
struct Lines {
    next: u32,
    end: u32,
    line: Vec<u8>,
    at: usize,
}

impl Lines {
    fn new(people: u32) -> Self {
        const HEADER: &str = "姓名,社会保障号码,手机号码,联系地址,性别,出生日期,民族,申领依据,户籍所在地,权益截止日期,监护人\n";
        Self { next: 0, end: people, line: HEADER.as_bytes().to_vec(), at: 0 }
    }
}

impl Read for Lines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.line.len() {
            if self.next == self.end {
                return Ok(0);
            }
            let made = person(SEED, self.next).ok_or(io::ErrorKind::UnexpectedEof)?;
            (self.line, self.at) = (line(&made).into_bytes(), 0);
            self.next += 1;
        }
        let read = self.line[self.at..].len().min(buffer.len());
        buffer[..read].copy_from_slice(&self.line[self.at..self.at + read]);
        self.at += read;
        Ok(read)
    }
}

fn line(made: &GeneratedPerson) -> String {
    let until = if made.ground == Ground::Household { "" } else { "2099-12-31" };
    format!(
        "{},{},{},{},{},{},{},{},{},{until},监护人\n",
        made.name,
        made.number.as_str(),
        made.phone,
        made.address,
        made.sex.code(),
        made.birth,
        made.nation.or(made.country).unwrap_or_default(),
        made.ground.code(),
        made.household.map_or("", |division| division.code),
    )
}

/// The rows of a set, ready to be written.
struct Rows {
    people: Vec<Vec<Value<'static>>>,
    numbers: Vec<Vec<Value<'static>>>,
    cards: Vec<Vec<Value<'static>>>,
    ecards: Vec<Vec<Value<'static>>>,
    origins: Vec<Vec<Value<'static>>>,
    entries: Vec<Vec<Value<'static>>>,
    pending: Vec<Vec<Value<'static>>>,
}

const ORIGINS: BulkRows = BulkRows {
    table: "bulk_card",
    columns: &[
        ("person_id", Kind::Int),
        ("card_id", Kind::Int),
        ("job_id", Kind::Int),
        ("line", Kind::Int),
    ],
};

const ENTRIES: BulkRows = BulkRows {
    table: "journal_entry",
    columns: &[
        ("id", Kind::Int),
        ("at", Kind::Int),
        ("act", Kind::Text),
        ("actor_id", Kind::Int),
        ("actor_role", Kind::Text),
        ("actor_name", Kind::Text),
        ("subject_id", Kind::Int),
        ("object", Kind::Text),
        ("item", Kind::Text),
        ("purpose", Kind::Text),
        ("basis", Kind::Text),
        ("fields", Kind::Text),
        ("result", Kind::Text),
        ("detail", Kind::Text),
        ("salt", Kind::Bytes),
        ("leaf", Kind::Bytes),
    ],
};

const PENDING: BulkRows = BulkRows {
    table: "journal_pending",
    columns: &[("entry_id", Kind::Int), ("leaf", Kind::Bytes)],
};

/// The same rows, made beforehand and streamed in, without a question or a decision: people/s. Only
/// the writing is timed.
async fn floor(app: &App, people: u32) -> Result<f64, Problem> {
    let mut took = Duration::ZERO;
    let mut from = 0;
    while from < people {
        let end = people.min(from + SET_LINES as u32);
        let made = (FLOOR_FROM + from..FLOOR_FROM + end).filter_map(|index| person(SEED, index));
        let rows = rows(app, made);
        let began = Instant::now();
        app.db
            .housekeeping(move |tx| {
                let sets = [
                    (people::store::NUMBER_ROWS, &rows.numbers),
                    (people::store::PERSON_ROWS, &rows.people),
                    (cards::store::CARD_ROWS, &rows.cards),
                    (cards::store::ECARD_ROWS, &rows.ecards),
                    (ORIGINS, &rows.origins),
                    (ENTRIES, &rows.entries),
                    (PENDING, &rows.pending),
                ];
                for (into, rows) in sets {
                    tx.bulk(into, &mut rows.iter().cloned())?;
                }
                Ok::<_, DbError>(())
            })
            .await?;
        took += began.elapsed();
        from = end;
    }
    Ok(f64::from(people) / took.as_secs_f64())
}

fn rows(app: &App, made: impl Iterator<Item = GeneratedPerson>) -> Rows {
    let now = Utc::now();
    let people: Vec<Person> = made.map(|made| registered(app, made)).collect();
    let one = |person: &Person| Application {
        card: Card::ordered(person.id, app.id(), Id(1), now),
        ecard: app.id(),
        guardian: "监护人".to_owned(),
        line: 1,
    };
    let applications: Vec<Application> = people.iter().map(one).collect();
    let origin =
        |one: &Application| vec![v(one.card.person), v(one.card.id), v(Id(1)), v(one.line as i64)];
    // Two entries each: registered, applied.
    let entries: Vec<_> =
        people.iter().flat_map(|one| [entry(app, one, now), entry(app, one, now)]).collect();
    let leaf = |entry: &Vec<Value<'static>>| vec![entry[0].clone(), entry[15].clone()];
    Rows {
        numbers: people.iter().map(people::store::number_row).collect(),
        people: people.iter().map(|p| people::store::person_row(p, now)).collect(),
        cards: applications.iter().map(Application::card_row).collect(),
        ecards: applications.iter().map(Application::ecard_row).collect(),
        origins: applications.iter().map(origin).collect(),
        pending: entries.iter().map(leaf).collect(),
        entries,
    }
}

fn registered(app: &App, made: GeneratedPerson) -> Person {
    Person {
        id: app.id(),
        number: made.number,
        document: made.document,
        name: made.name,
        sex: made.sex,
        birth: made.birth,
        nation: made.nation.or(made.country).unwrap_or_default().to_owned(),
        phone: made.phone,
        address: made.address,
        household: made.household.map(|division| division.code.to_owned()).unwrap_or_default(),
        ground: made.ground,
        ground_until: None,
        deceased_on: None,
        version: 1,
    }
}

fn entry(app: &App, person: &Person, now: Utc) -> Vec<Value<'static>> {
    let text = |text: &'static str| v(text.to_owned());
    vec![
        v(app.id()),
        v(now),
        text("card.applied"),
        v(Id(1)),
        text("clerk"),
        text("system"),
        v(person.id),
        v(format!("person:{}", person.id)),
        text(""),
        text("单位批量申领：测量"),
        text("Art. 12"),
        text("name,number,sex,birth_date,phone,address,household,ground"),
        text("ok"),
        v(format!("{{\"bulk\":\"{}\"}}", person.id)),
        v(random::<16>().to_vec()),
        v(random::<32>().to_vec()),
    ]
}

/// The most memory that this process ever had, in MiB; 0 where the system does not tell.
pub(super) fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1_024.0
}
