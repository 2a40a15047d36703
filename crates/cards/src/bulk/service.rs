//! Use cases of bulk applications: upload, confirm, stop, look.

use std::io::Read;

use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use sheet::Row;

use super::rules::{self, READY, Refused, State};
use super::store::{self, BulkJob, Counts, Found};
use super::{file, work};

/// The most bytes of a file that comes over HTTP.
pub const MOST_BYTES: usize = 64 << 20;

/// What a clerk sends.
pub struct Upload {
    /// The unit whose people they are.
    pub unit: String,
    /// Name of the file.
    pub file_name: String,
    /// The content, read once and as a stream.
    pub content: Box<dyn Read + Send>,
}

/// Takes a file in; its check begins with the next round of the job.
///
/// # Errors
/// A field is wrong, or it cannot be kept.
pub async fn upload(app: &App, actor: &Actor, sent: Upload) -> Result<Id, Problem> {
    actor.org.ok_or_else(Problem::forbidden)?;
    let unit = sent.unit.trim().to_owned();
    if !(1..=100).contains(&unit.chars().count()) || unit.contains(char::is_control) {
        let text = Text::new("请填写单位名称（100字以内）", "The unit's name, up to 100 letters");
        return Err(Problem::field("unit", text));
    }
    let (id, now) = (app.id(), Utc::now());
    let (platform, mut content) = (app.clone(), sent.content);
    let kept = tokio::task::spawn_blocking(move || file::keep(&platform, id, &mut content)).await;
    let kept = kept.map_err(|error| DbError::Engine(error.to_string()))?;
    let file_size = kept.map_err(|error| DbError::Unavailable(error.to_string()))?;
    let job = BulkJob {
        id,
        actor: actor.clone(),
        unit,
        file_name: sent.file_name.chars().filter(|c| !c.is_control()).take(120).collect(),
        file_size,
        file_kept: true,
        state: State::Checking,
        lines: 0,
        done: 0,
        sets: 0,
        counts: Counts::new(),
        found: Found::default(),
        created_at: now,
        ended_at: None,
    };
    let entry = entry(app, actor, "bulk.uploaded", &job);
    let entered = app
        .db
        .write(move |tx| {
            if job.file_size == 0 {
                let text = Text::new("文件没有内容", "The file is empty");
                return Err(Problem::field("file", text));
            }
            store::insert(tx, &job)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await;
    if let Err(problem) = entered {
        // Without its row nobody would ever find the content; that it cannot be deleted changes nothing.
        let _ = file::delete(app, id);
        return Err(problem);
    }
    Ok(id)
}

fn entry(app: &App, actor: &Actor, act: &'static str, job: &BulkJob) -> Entry {
    let entry = Entry::new(app.id(), Utc::now(), actor, act, "Art. 12").on("bulk", job.id);
    entry.why(format!("单位批量申领：{}", job.unit), &[])
}

/// The newest files of the actor's outlet.
///
/// # Errors
/// See [`Problem`].
pub async fn jobs(app: &App, actor: &Actor) -> Result<Vec<BulkJob>, Problem> {
    let org = actor.org.ok_or_else(Problem::forbidden)?;
    app.db.read(move |tx| Ok(store::of_org(tx, org, 50)?)).await
}

/// A file of the actor's outlet.
///
/// # Errors
/// There is none, or it is another outlet's.
pub async fn job(app: &App, actor: &Actor, id: Id) -> Result<BulkJob, Problem> {
    let org = actor.org.ok_or_else(Problem::forbidden)?;
    app.db.read(move |tx| of(tx, org, id)).await
}

fn of(tx: &mut Tx<'_>, org: Id, id: Id) -> Result<BulkJob, Problem> {
    let job = store::by_id(tx, id)?.filter(|job| job.actor.org == Some(org));
    job.ok_or_else(Problem::not_found)
}

/// The clerk's word: the work begins with the next round of the job.
///
/// # Errors
/// See [`rules::confirm`].
pub async fn confirm(app: &App, actor: &Actor, id: Id) -> Result<(), Problem> {
    change(app, actor, id, "bulk.confirmed", |job| {
        if !job.file_kept {
            return Err(Refused::FileGone);
        }
        rules::confirm(job.state, job.found.counts.get(READY).copied().unwrap_or(0))
    })
    .await
}

/// Stops a file: the set under way is finished, nothing after it.
///
/// # Errors
/// See [`rules::cancel`].
pub async fn cancel(app: &App, actor: &Actor, id: Id) -> Result<(), Problem> {
    change(app, actor, id, "bulk.stopped", |job| rules::cancel(job.state)).await
}

async fn change(
    app: &App,
    actor: &Actor,
    id: Id,
    act: &'static str,
    rule: fn(&BulkJob) -> Result<State, Refused>,
) -> Result<(), Problem> {
    let org = actor.org.ok_or_else(Problem::forbidden)?;
    let (platform, actor) = (app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            let job = of(tx, org, id)?;
            let to = rule(&job)?;
            store::set_state(tx, id, job.state, to, Utc::now())?;
            Ok(journal::record(tx, &entry(&platform, &actor, act, &job))?)
        })
        .await
}

/// The first rows of a file that can be read, for the eye.
///
/// # Errors
/// See [`Problem`]; a file that cannot be read has none.
pub async fn first_rows(app: &App, job: &BulkJob) -> Result<Vec<Row>, Problem> {
    let (app, job) = (app.clone(), job.clone());
    let look = move || match work::open(&app, &job) {
        Ok(sheet) => sheet.take(50).flatten().take(5).collect(),
        Err(_) => Vec::new(),
    };
    let rows = tokio::task::spawn_blocking(look).await;
    rows.map_err(|error| DbError::Engine(error.to_string()).into())
}
