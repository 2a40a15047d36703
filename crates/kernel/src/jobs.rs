//! Work that repeats: reminders, lapses, clean-up. However many processes run, one at a time does a
//! job; a process that dies gives its lease up by time.

use std::pin::Pin;
use std::time::Duration;

use crate::db::{DbError, v};
use crate::platform::App;
use crate::problem::Problem;
use crate::time::Utc;

/// What one round did, in a word for the operator: `3 lapsed`.
pub type Round = Pin<Box<dyn Future<Output = Result<String, Problem>> + Send>>;

/// A job. A round must be safe to repeat: it looks for what is due, and does it.
#[derive(Clone, Copy)]
pub struct Job {
    /// Stable name: `cards.lapse`.
    pub name: &'static str,
    /// Pause between two rounds.
    pub every: Duration,
    /// One round.
    pub run: fn(App) -> Round,
}

/// A process that gave no sign of life for so long is taken for dead, and another may begin its round.
const LEASE_SECONDS: i64 = 30;
/// How often a round that runs gives a sign of life.
const BEAT: Duration = Duration::from_secs(8);

/// How a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobState {
    /// Its name.
    pub name: String,
    /// End of its last round.
    pub last_at: Option<Utc>,
    /// What the last round said.
    pub last_result: String,
    /// Rounds that failed since one went well.
    pub failures: i64,
}

/// Runs a job for ever, for as long as the runtime lives.
pub async fn run(app: App, job: Job) {
    loop {
        if let Err(problem) = round(&app, job).await {
            tracing::warn!(job = job.name, code = problem.code, "a job failed");
        }
        tokio::time::sleep(job.every).await;
    }
}

/// Runs one round now, unless another process is at it: then `None`.
///
/// # Errors
/// What the round says; it is on record.
pub async fn round(app: &App, job: Job) -> Result<Option<String>, Problem> {
    if !take_lease(app, job.name).await? {
        return Ok(None);
    }
    let mut beat = tokio::task::JoinSet::new();
    beat.spawn(keep_lease(app.clone(), job.name, BEAT));
    let done = (job.run)(app.clone()).await;
    drop(beat);
    let (said, failed) = match &done {
        Ok(said) => (said.clone(), false),
        Err(problem) => (problem.code.to_owned(), true),
    };
    let note = move |tx: &mut crate::db::Tx<'_>| {
        let sql = "UPDATE job SET lease_until = 0, last_at = $1, last_result = $2,
                          failures = CASE WHEN $3 THEN failures + 1 ELSE 0 END WHERE name = $4";
        tx.execute(sql, &[v(Utc::now()), v(&said), v(failed), v(job.name)]).map(drop)
    };
    app.db.housekeeping::<(), DbError>(note).await?;
    done.map(Some)
}

async fn take_lease(app: &App, name: &'static str) -> Result<bool, DbError> {
    app.db
        .housekeeping(move |tx| {
            let now = Utc::now();
            tx.execute(
                "INSERT INTO job (name, lease_until, last_result, failures) VALUES ($1, 0, '', 0)
                 ON CONFLICT (name) DO NOTHING",
                &[v(name)],
            )?;
            let sql = "UPDATE job SET lease_until = $1 WHERE name = $2 AND lease_until < $3";
            let until = now.plus_seconds(LEASE_SECONDS);
            Ok::<_, DbError>(tx.execute(sql, &[v(until), v(name), v(now)])? == 1)
        })
        .await
}

/// Renews a lease for as long as it is held.
async fn keep_lease(app: App, name: &'static str, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        let renewed = app.db.housekeeping(move |tx| {
            let sql = "UPDATE job SET lease_until = $1 WHERE name = $2 AND lease_until > 0";
            let until = Utc::now().plus_seconds(LEASE_SECONDS);
            tx.execute(sql, &[v(until), v(name)])
        });
        let renewed: Result<_, DbError> = renewed.await;
        if let Err(error) = renewed {
            tracing::warn!(job = name, %error, "the lease of a job is not renewed");
        }
    }
}

/// How all jobs stand that ever ran.
///
/// # Errors
/// See [`DbError`].
pub async fn states(app: &App) -> Result<Vec<JobState>, DbError> {
    app.db
        .read(|tx| {
            let sql = "SELECT name, last_at, last_result, failures FROM job ORDER BY name";
            let rows = tx.query(sql, &[])?;
            let read = |row: &crate::db::Row| {
                let (name, last_at) = (row.get(0)?, row.get(1)?);
                let (last_result, failures) = (row.get(2)?, row.get(3)?);
                Ok(JobState { name, last_at, last_result, failures })
            };
            rows.iter().map(read).collect::<Result<Vec<_>, DbError>>()
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::Text;
    use crate::testing::{databases, platform};

    fn good(_: App) -> Round {
        Box::pin(async { Ok("1 done".to_owned()) })
    }

    fn bad(_: App) -> Round {
        let problem = Problem::new(500, "test/bad", Text::new("坏", "bad"), Text::new("", ""));
        Box::pin(async { Err(problem) })
    }

    const GOOD: Job = Job { name: "test.job", every: Duration::from_secs(1), run: good };
    const BAD: Job = Job { run: bad, ..GOOD };

    #[tokio::test]
    async fn a_round_is_on_record_and_only_one_process_is_at_it() {
        for test in databases("jobs") {
            let app = platform(&test, &[crate::MIGRATIONS]).await;
            assert!(round(&app, BAD).await.is_err());
            assert_eq!(states(&app).await.expect("read")[0].failures, 1, "{}", test.engine);
            assert_eq!(round(&app, GOOD).await.expect("runs"), Some("1 done".to_owned()));
            let state = &states(&app).await.expect("read")[0];
            assert_eq!((state.failures, state.last_result.as_str()), (0, "1 done"));
            assert!(take_lease(&app, GOOD.name).await.expect("free"));
            assert_eq!(round(&app, GOOD).await.expect("leased"), None, "{}", test.engine);
        }
    }

    async fn lease(app: &App) -> i64 {
        let read = app.db.read(|tx| tx.one("SELECT lease_until FROM job", &[])?.get::<i64>(0));
        read.await.map_err(|error: DbError| error).expect("read")
    }

    /// A process that is killed in a round holds up the job for half a minute, not longer; one that
    /// lives keeps its lease however long the round is.
    #[tokio::test]
    async fn a_lease_is_short_is_renewed_while_it_is_held_and_not_after() {
        for test in databases("leases") {
            let app = platform(&test, &[crate::MIGRATIONS]).await;
            assert!(take_lease(&app, GOOD.name).await.expect("free"));
            let first = lease(&app).await;
            assert!(first <= Utc::now().plus_seconds(30).0, "{}", test.engine);
            let beat = tokio::spawn(keep_lease(app.clone(), GOOD.name, Duration::from_millis(20)));
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert!(lease(&app).await > first, "{}", test.engine);
            let free = "UPDATE job SET lease_until = 0";
            app.db.housekeeping(|tx| tx.execute(free, &[])).await.expect("given up");
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert_eq!(lease(&app).await, 0, "{}", test.engine);
            beat.abort();
        }
    }
}
