//! Signing in: accounts, sessions, second factors, and patience with guesses.
//!
//! * Staff: user name, password (Argon2id), then a code of an authenticator app (TOTP, RFC 6238); or an
//!   outside provider in the password's place (capability `signin`).
//! * Holders: card number or person number, password, then a one-time code by SMS.
//! * Programs and terminals: a bearer token, shown once when it is made.
//!
//! Only digests of tokens are stored. A session ends after a while without use, after a working day
//! at the latest, and at once when it is signed out or its account is closed.

mod accounts;
mod guess;
mod pages;
mod service;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::RwLock;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderValue, header};

pub use accounts::{
    Member, NewAccount, account_called, account_of, add_login, close_account, close_accounts_of,
    create_account, lift_duty, make_token, members, remove_login, replace_tokens, require_first,
    set_password, set_totp_secret,
};
pub use pages::enter_from_outside;
pub(crate) use pages::routes;
pub use service::{confirm_password, count_try, forget_tries};

use crate::actor::{Actor, Role};
use crate::db::{DbError, Row, Tx, v};
use crate::law::Text;
use crate::platform::Platform;
use crate::problem::Problem;
use crate::time::Utc;

/// Cookie of a browser's session.
pub(crate) const SESSION_COOKIE: &str = "yikatong_session";
/// Cookie of a browser that signed in before.
pub(crate) const DEVICE_COOKIE: &str = "yikatong_device";

/// Where a browser wants to be after signing in.
pub(crate) const NEXT_COOKIE: &str = "yikatong_next";

/// File of the data folder that names an outside provider for staff; without it there is none.
pub const OUTSIDE_FILE: &str = "staff-provider.json";
/// Where staff go who sign in there.
pub const OUTSIDE_DOOR: &str = "/staff/outside";

/// A recognised session.
#[derive(Clone, Debug)]
pub struct Session {
    /// Digest of its token.
    pub digest: [u8; 32],
    /// Who acts.
    pub actor: Actor,
    /// The value that forms must send back.
    pub csrf: String,
    /// What must be done before anything else.
    pub duty: Option<Duty>,
}

/// Something that an account must do first, such as a course; until then only the pages under `href`
/// let it in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// Beginning of the paths that stay open, and where a browser is led.
    pub href: String,
    /// What it is.
    pub what: Text,
}

/// How long a session may rest, and how long it may live at all, in seconds.
struct Lifetime {
    idle_s: i64,
    total_s: i64,
}

fn lifetime(role: Role) -> Lifetime {
    match role {
        Role::Holder => Lifetime { idle_s: 30 * 60, total_s: 12 * 3_600 },
        Role::Terminal => Lifetime { idle_s: 400 * 86_400, total_s: 400 * 86_400 },
        _ => Lifetime { idle_s: 30 * 60, total_s: 9 * 3_600 },
    }
}

/// A session found in the database is believed this long without looking again; so long does a
/// sign-out or a closed account take to be felt by other processes. This process forgets at once.
const BELIEVED: Duration = Duration::from_secs(1);
/// Sessions kept in memory; past that the memory is emptied.
const MOST_KEPT: usize = 50_000;

/// Digest of a token, and whether it came in a cookie: a token of one kind is nobody as the other.
type Presented = ([u8; 32], bool);

/// Sessions seen within the last second.
#[derive(Default)]
pub struct SessionCache {
    known: RwLock<HashMap<Presented, (Instant, Session)>>,
}

impl SessionCache {
    fn get(&self, digest: [u8; 32], by_cookie: bool) -> Option<Session> {
        let known = self.known.read().ok()?;
        let (at, session) = known.get(&(digest, by_cookie))?;
        (at.elapsed() < BELIEVED).then(|| session.clone())
    }

    fn put(&self, session: Session, by_cookie: bool) {
        let Ok(mut known) = self.known.write() else {
            return;
        };
        if known.len() >= MOST_KEPT {
            known.clear();
        }
        known.insert((session.digest, by_cookie), (Instant::now(), session));
    }

    pub(crate) fn forget(&self, digest: &[u8; 32]) {
        if let Ok(mut known) = self.known.write() {
            known.remove(&(*digest, true));
            known.remove(&(*digest, false));
        }
    }

    /// Forgets everybody: after accounts were closed or changed.
    pub fn forget_all(&self) {
        if let Ok(mut known) = self.known.write() {
            known.clear();
        }
    }
}

/// The session of a presented token; an unknown, expired or half-finished one is nobody.
pub(crate) async fn session_of(
    app: &Platform,
    token: &str,
    by_cookie: bool,
) -> Result<Option<Session>, Problem> {
    let digest = seal::token::digest(token);
    if let Some(session) = app.sessions.get(digest, by_cookie) {
        return Ok(Some(session));
    }
    let kind = if by_cookie { "browser" } else { "program" };
    let now = Utc::now();
    let found: Option<(Session, Utc)> =
        app.db.read(move |tx| find_session(tx, &digest, kind, "full", now)).await?;
    let Some((session, seen_at)) = found else {
        return Ok(None);
    };
    if now.0 - seen_at.0 > 60 * Utc::SECOND {
        let touched = app.db.housekeeping(move |tx| touch(tx, &digest, now)).await;
        if let Err(error) = touched {
            tracing::warn!(%error, "a session's last use could not be noted");
        }
    }
    app.sessions.put(session.clone(), by_cookie);
    Ok(Some(session))
}

/// The columns of an account that make an [`Actor`].
pub(crate) const ACTOR_COLUMNS: &str = "a.id, a.name, a.role, a.org_id, a.division, a.person_id";

pub(crate) fn read_actor(row: &Row) -> Result<Actor, DbError> {
    let role: String = row.get(2)?;
    let role = role.parse().map_err(|()| DbError::Engine(format!("unknown role {role}")))?;
    Ok(Actor {
        account: row.get(0)?,
        name: row.get(1)?,
        role,
        org: row.get(3)?,
        division: row.get(4)?,
        person: row.get(5)?,
    })
}

/// A live session at a stage: `full`, or `password` when the second factor is still to come.
fn find_session(
    tx: &mut Tx<'_>,
    digest: &[u8; 32],
    kind: &str,
    stage: &str,
    now: Utc,
) -> Result<Option<(Session, Utc)>, DbError> {
    let sql = format!(
        "SELECT {ACTOR_COLUMNS}, s.csrf, s.seen_at, s.expires_at, d.href, d.zh, d.en FROM session s
         JOIN account a ON a.id = s.account_id
         LEFT JOIN account_duty d ON d.account_id = a.id
         WHERE s.digest = $1 AND s.kind = $2 AND s.stage = $3 AND a.closed_at IS NULL"
    );
    let Some(row) = tx.optional(&sql, &[v(digest), v(kind), v(stage)])? else {
        return Ok(None);
    };
    let actor = read_actor(&row)?;
    let (seen_at, expires_at) = (row.get::<Utc>(7)?, row.get::<Utc>(8)?);
    let rested = now > seen_at.plus_seconds(lifetime(actor.role).idle_s);
    if now > expires_at || rested {
        return Ok(None);
    }
    let duty = match row.get::<Option<String>>(9)? {
        Some(href) => {
            let what = Text::new(row.get::<String>(10)?, row.get::<String>(11)?);
            Some(Duty { href, what })
        }
        None => None,
    };
    Ok(Some((Session { digest: *digest, actor, csrf: row.get(6)?, duty }, seen_at)))
}

fn touch(tx: &mut Tx<'_>, digest: &[u8; 32], now: Utc) -> Result<(), DbError> {
    let sql = "UPDATE session SET seen_at = $1 WHERE digest = $2";
    tx.execute(sql, &[v(now), v(digest)]).map(drop)
}

/// The session of the browser that sends these headers; for pages that are open to everybody.
///
/// # Errors
/// The database's word.
pub async fn presented(app: &Platform, headers: &HeaderMap) -> Result<Option<Session>, Problem> {
    match cookie(headers, SESSION_COOKIE) {
        Some(token) => session_of(app, &token, true).await,
        None => Ok(None),
    }
}

/// When a session was signed in.
///
/// # Errors
/// There is none any more.
pub fn signed_in_at(tx: &mut Tx<'_>, digest: &[u8; 32]) -> Result<Utc, DbError> {
    tx.one("SELECT created_at FROM session WHERE digest = $1", &[v(digest)])?.get(0)
}

/// A cookie of ours for some seconds; `0` ends it.
pub fn cookie_for(app: &Platform, name: &str, value: &str, seconds: i64) -> HeaderValue {
    pages::set_cookie(app, name, value, seconds)
}

/// A cookie that leads a browser back to a place of ours after it has signed in, for ten minutes.
pub fn come_back_to(app: &Platform, place: &str) -> HeaderValue {
    pages::set_cookie(app, NEXT_COOKIE, place, 600)
}

/// A finished session without the steps of signing in, for tests; returns the value for forms.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn open_session(
    tx: &mut Tx<'_>,
    token: &str,
    actor: &Actor,
    now: Utc,
) -> Result<String, DbError> {
    service::insert_session(tx, token, actor.account, actor.role, "browser", "full", now)?;
    let sql = "SELECT csrf FROM session WHERE digest = $1";
    tx.one(sql, &[v(&seal::token::digest(token))])?.get(0)
}

/// The value of a cookie, when the request carries it.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
}
