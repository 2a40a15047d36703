//! The keys that sign: published a day before and after their use, made anew in time.

use kernel::db::DbError;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;

use crate::jose::Alg;
use crate::store::{self, Key};
use crate::{KEY_DAYS, keys};

/// How long before its use a key is published, and how long after.
const OVERLAP_S: i64 = 86_400;

/// Keys that are published now.
///
/// # Errors
/// The database's word.
pub async fn published(app: &App) -> Result<Vec<Key>, Problem> {
    let now = Utc::now();
    Ok(app.db.read(move |tx| store::keys(tx, now.plus_seconds(-OVERLAP_S))).await?)
}

/// A key that signs now: its name and the private part.
pub(crate) async fn signing_key(app: &App, alg: Alg) -> Result<(String, Vec<u8>), Problem> {
    ensure(app, alg).await?;
    let now = Utc::now();
    let all = published(app).await?;
    let key = all.into_iter().find(|key| key.alg == alg && key.since <= now && now < key.until);
    let missing = || DbError::Unavailable("there is no key to sign with".to_owned());
    let key = key.ok_or_else(missing)?;
    let context = format!("signin key {}", key.kid);
    let private = app.keys.open_field(&key.sealed, context.as_bytes()).ok_or_else(missing)?;
    Ok((key.kid, private))
}

/// Makes the first key of a way to sign, and the next one a day before the present one ends.
///
/// # Errors
/// The database's word.
pub async fn ensure(app: &App, alg: Alg) -> Result<bool, Problem> {
    let now = Utc::now();
    let (all, days) = app
        .db
        .read(move |tx| {
            Ok::<_, Problem>((store::keys(tx, now)?, settings::get(tx, &KEY_DAYS, now)?))
        })
        .await?;
    let last = all.iter().filter(|key| key.alg == alg).map(|key| key.until).max();
    let since = match last {
        Some(until) if until > now.plus_seconds(OVERLAP_S) => return Ok(false),
        Some(until) => until,
        None => now,
    };
    let broken = |_| DbError::Unavailable("no key was made".to_owned());
    let made = tokio::task::spawn_blocking(move || keys::fresh(alg)).await;
    let (private, public) =
        made.map_err(|_| ring::error::Unspecified).and_then(|made| made).map_err(broken)?;
    let kid = format!("k{}", app.id());
    let sealed = app.keys.seal_field(&private, format!("signin key {kid}").as_bytes());
    let key = Key { kid, alg, sealed, public, since, until: since.plus_seconds(days * 86_400) };
    app.db.housekeeping(move |tx| store::insert_key(tx, &key)).await?;
    Ok(true)
}
