//! The steps of signing in and out.

use super::accounts::normal_login;
use super::guess::Guesses;
use super::{ACTOR_COLUMNS, Session, find_session, lifetime, read_actor};
use crate::actor::{Actor, Role};
use crate::db::{DbError, Tx, sealed, v};
use crate::id::Id;
use crate::journal::{self, Entry};
use crate::law::Text;
use crate::outbox::{self, Sms};
use crate::platform::{Platform, random};
use crate::problem::Problem;
use crate::time::Utc;

/// A one-time code lives this long, in seconds.
const CODE_S: i64 = 300;
/// Wrong entries of one one-time code.
const CODE_TRIES: i64 = 5;
/// A password step without its second factor is forgotten after this long, in seconds.
const HALF_S: i64 = 600;

/// What a browser gets after the password.
pub(super) struct Half {
    /// Token of the half-finished session.
    pub(super) token: String,
}

struct Found {
    actor: Actor,
    password: Option<String>,
    phone: Option<String>,
}

fn wrong_credentials() -> Problem {
    Problem::new(
        401,
        "platform/wrong-credentials",
        Text::new("账号或密码不正确", "The name or the password is not right"),
        Text::new(
            "请核对后重试；忘记密码可到网点或拨打12333",
            "Check both; an outlet or 12333 can help",
        ),
    )
}

fn wait_a_moment(seconds: i64) -> Problem {
    Problem::new(
        429,
        "platform/too-many-guesses",
        Text::new(
            format!("尝试次数过多，请 {seconds} 秒后再试"),
            format!("Too many wrong attempts: try again in {seconds} seconds"),
        ),
        Text::new(
            "账号没有被锁定；在您常用的设备上不受影响",
            "The account is not locked; a device you have used before is not affected",
        ),
    )
}

/// First step: name and password. `staff` decides which door this is.
pub(super) async fn check_password(
    app: &Platform,
    login: &str,
    password: &str,
    device: Option<String>,
    staff: bool,
) -> Result<Half, Problem> {
    if login.chars().count() > 64 || password.len() > 256 {
        return Err(wrong_credentials());
    }
    let now = Utc::now();
    let login = normal_login(login);
    let (name, device) = (login.clone(), device.map(|token| seal::token::digest(&token)));
    let (found, known) = app.db.read(move |tx| find_account(tx, &name, device)).await?;
    let door = if known { "known" } else { "any" };
    let guessed = format!("{door}:{}", hex::encode(app.keys.digest(login.as_bytes())));
    count_guess(app, &guessed, now).await?;
    let found = found.filter(|found| found.actor.role.is_staff() == staff);
    let found = found.filter(|found| found.actor.role != Role::Terminal);
    let stored = found.as_ref().and_then(|found| found.password.clone());
    let right = verify_password(password.to_owned(), stored).await;
    let Some(found) = found.filter(|_| right) else {
        return Err(wrong_credentials());
    };
    let token = seal::token::from_random(&random::<32>());
    let (kept, id) = (token.clone(), app.id());
    app.db
        .housekeeping(move |tx| {
            tx.execute("DELETE FROM guess WHERE guessed = $1", &[v(&guessed)])?;
            insert_session(
                tx,
                &kept,
                found.actor.account,
                found.actor.role,
                "browser",
                "password",
                now,
            )?;
            match (&found.phone, found.actor.role) {
                (Some(phone), Role::Holder) => send_code(tx, id, found.actor.account, phone, now),
                _ => Ok(()),
            }
        })
        .await?;
    Ok(Half { token })
}

/// Whether somebody who is signed in still knows his password: asked before what cannot wait for the
/// next sign-in, such as releasing a card. Guesses are slowed as at sign-in.
///
/// # Errors
/// The password is wrong, or too many were tried.
pub async fn confirm_password(app: &Platform, account: Id, password: &str) -> Result<(), Problem> {
    let guessed = format!("confirm:{account}");
    count_guess(app, &guessed, Utc::now()).await?;
    let stored = app
        .db
        .read(move |tx| {
            let sql = "SELECT password FROM account WHERE id = $1 AND closed_at IS NULL";
            let row = tx.optional(sql, &[v(account)])?;
            row.map_or(Ok(None), |row| row.get::<Option<String>>(0))
        })
        .await?;
    if password.len() > 256 || !verify_password(password.to_owned(), stored).await {
        return Err(wrong_credentials());
    }
    let forget = move |tx: &mut Tx<'_>| {
        tx.execute("DELETE FROM guess WHERE guessed = $1", &[v(&guessed)]).map(drop)
    };
    Ok(app.db.housekeeping::<(), DbError>(forget).await?)
}

/// Argon2id takes tens of milliseconds of a core: off the runtime's threads. An unknown name costs
/// the same time as a known one.
async fn verify_password(password: String, stored: Option<String>) -> bool {
    let work = move || match stored {
        Some(hash) => seal::password::verify(&password, &hash),
        None => {
            let _ = seal::password::hash(&password, &[0; 16]);
            false
        }
    };
    tokio::task::spawn_blocking(work).await.unwrap_or(false)
}

fn find_account(
    tx: &mut Tx<'_>,
    login: &str,
    device: Option<[u8; 32]>,
) -> Result<(Option<Found>, bool), DbError> {
    let sql = format!(
        "SELECT {ACTOR_COLUMNS}, a.password, a.phone FROM account_login l
         JOIN account a ON a.id = l.account_id WHERE l.login = $1 AND a.closed_at IS NULL"
    );
    let Some(row) = tx.optional(&sql, &[sealed(login)])? else {
        return Ok((None, false));
    };
    let found = Found { actor: read_actor(&row)?, password: row.get(6)?, phone: row.get(7)? };
    let known = device.map(|digest| is_known(tx, &digest, found.actor.account)).transpose()?;
    Ok((Some(found), known.unwrap_or_default()))
}

/// Whether this browser signed in to the account before.
fn is_known(tx: &mut Tx<'_>, device: &[u8; 32], account: Id) -> Result<bool, DbError> {
    let sql = "SELECT 1 FROM known_device WHERE digest = $1 AND account_id = $2";
    Ok(tx.optional(sql, &[v(device), v(account)])?.is_some())
}

async fn known_device(
    app: &Platform,
    account: Id,
    device: Option<String>,
) -> Result<bool, DbError> {
    let Some(device) = device.map(|token| seal::token::digest(&token)) else {
        return Ok(false);
    };
    app.db.read(move |tx| is_known(tx, &device, account)).await
}

/// Counts a try of a secret that a capability keeps itself (`card:…`), before it is compared. Tries are
/// slowed, never locked.
///
/// # Errors
/// Too many were tried; the problem says how long to wait.
pub async fn count_try(app: &Platform, name: &str) -> Result<(), Problem> {
    count_guess(app, &format!("try:{name}"), Utc::now()).await.map(drop)
}

/// The secret was right: its tries are forgotten.
///
/// # Errors
/// See [`Problem`].
pub async fn forget_tries(app: &Platform, name: &str) -> Result<(), Problem> {
    let name = format!("try:{name}");
    let forget = app.db.housekeeping(move |tx| {
        tx.execute("DELETE FROM guess WHERE guessed = $1", &[v(&name)]).map(drop)
    });
    Ok(forget.await?)
}

/// Counts a guess before it is looked at, so that many at once are no way around the patience; a
/// right one forgets the count. Returns the guesses so far, this one among them.
async fn count_guess(app: &Platform, guessed: &str, now: Utc) -> Result<i64, Problem> {
    let key = guessed.to_owned();
    let counted = app.db.housekeeping(move |tx| try_to_count(tx, &key, now)).await?;
    counted.map_err(wait_a_moment)
}

/// The new count, or the seconds to wait. A count that changed meanwhile is a conflict.
fn try_to_count(tx: &mut Tx<'_>, key: &str, now: Utc) -> Result<Result<i64, i64>, DbError> {
    let sql = "SELECT failures, last_at FROM guess WHERE guessed = $1";
    let so_far = match tx.optional(sql, &[v(key)])? {
        Some(row) => Guesses { failures: row.get(0)?, last_at: row.get(1)? },
        None => Guesses::default(),
    };
    if so_far.wait_s(now) > 0 {
        return Ok(Err(so_far.wait_s(now)));
    }
    let after = so_far.after_wrong(now);
    tx.execute_one(
        "INSERT INTO guess (guessed, failures, last_at) VALUES ($1, $2, $3)
         ON CONFLICT (guessed) DO UPDATE SET failures = $2, last_at = $3
         WHERE guess.failures = $4 AND guess.last_at = $5",
        &[v(key), v(after.failures), v(after.last_at), v(so_far.failures), v(so_far.last_at)],
    )?;
    Ok(Ok(after.failures))
}

pub(super) fn insert_session(
    tx: &mut Tx<'_>,
    token: &str,
    account: Id,
    role: Role,
    kind: &str,
    stage: &str,
    now: Utc,
) -> Result<(), DbError> {
    let seconds = if stage == "full" { lifetime(role).total_s } else { HALF_S };
    tx.execute(
        "INSERT INTO session (digest, account_id, kind, stage, csrf, created_at, seen_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7)",
        &[
            v(&seal::token::digest(token)),
            v(account),
            v(kind),
            v(stage),
            v(hex::encode(random::<16>())),
            v(now),
            v(now.plus_seconds(seconds)),
        ],
    )
    .map(drop)
}

/// Six digits by SMS; sent again only by signing in again.
fn send_code(tx: &mut Tx<'_>, id: Id, account: Id, phone: &str, now: Utc) -> Result<(), DbError> {
    let code = format!("{:06}", u64::from_be_bytes(random::<8>()) % 1_000_000);
    tx.execute(
        "INSERT INTO one_time_code (account_id, digest, tries, expires_at) VALUES ($1, $2, 0, $3)
         ON CONFLICT (account_id) DO UPDATE SET digest = $2, tries = 0, expires_at = $3",
        &[v(account), v(&code_digest(account, &code)), v(now.plus_seconds(CODE_S))],
    )?;
    let minutes = CODE_S / 60;
    let text =
        format!("【一卡通】登录验证码 {code}，{minutes} 分钟内有效。工作人员不会向您索要验证码。");
    outbox::put_sms(tx, id, now, &Sms { to: phone.to_owned(), text })
}

fn code_digest(account: Id, code: &str) -> [u8; 32] {
    seal::sm3::sm3(format!("{account}:{code}").as_bytes())
}

/// The half-finished session of a browser, with the phone that a code went to.
pub(super) async fn half_session(
    app: &Platform,
    token: &str,
) -> Result<(Session, Option<String>), Problem> {
    let (digest, now) = (seal::token::digest(token), Utc::now());
    let found = app
        .db
        .read(move |tx| {
            let Some((session, _)) = find_session(tx, &digest, "browser", "password", now)? else {
                return Ok(None);
            };
            let sql = "SELECT phone FROM account WHERE id = $1";
            let phone = tx.one(sql, &[v(session.actor.account)])?.get(0)?;
            Ok::<_, DbError>(Some((session, phone)))
        })
        .await?;
    found.ok_or_else(Problem::unauthenticated)
}

/// A session that is complete, and the token that makes this browser a known one.
#[derive(Clone)]
pub(super) struct Complete {
    pub(super) token: String,
    pub(super) device: String,
    pub(super) role: Role,
}

impl Complete {
    fn of(role: Role) -> Self {
        let fresh = || seal::token::from_random(&random::<32>());
        Self { token: fresh(), device: fresh(), role }
    }
}

/// Second step: the code. The session gets a new token, so that one planted before is worth nothing.
pub(super) async fn check_second_factor(
    app: &Platform,
    half_token: &str,
    code: &str,
    device: Option<String>,
) -> Result<Complete, Problem> {
    let (session, _) = half_session(app, half_token).await?;
    let (actor, old, now) = (session.actor, session.digest, Utc::now());
    let code: String = code.chars().filter(char::is_ascii_digit).take(8).collect();
    let (checked, keys) = (actor.clone(), app.keys.clone());
    let door = if known_device(app, actor.account, device).await? { "known" } else { "any" };
    let guessed = format!("code:{door}:{}", actor.account);
    let guesses = count_guess(app, &guessed, now).await?;
    let right = app
        .db
        .housekeeping(move |tx| match checked.role {
            Role::Holder => use_one_time_code(tx, checked.account, &code, now),
            _ => use_totp(tx, &keys, checked.account, &code, now),
        })
        .await?;
    if !right {
        // Five wrong codes end the attempt; the password must be given again.
        if guesses % CODE_TRIES == 0 {
            let sql = "DELETE FROM session WHERE digest = $1";
            app.db.housekeeping(move |tx| tx.execute(sql, &[v(&old)])).await?;
        }
        return Err(wrong_code());
    }
    let complete = Complete::of(actor.role);
    let kept = complete.clone();
    let entry =
        Entry::new(app.id(), now, &actor, "session.opened", "Art. 19").why("登录 / sign-in", &[]);
    app.db
        .write(move |tx| {
            tx.execute("DELETE FROM session WHERE digest = $1", &[v(&old)])?;
            tx.execute("DELETE FROM guess WHERE guessed = $1", &[v(&guessed)])?;
            open_complete(tx, &kept, &actor, now)?;
            journal::record(tx, &entry)
        })
        .await?;
    Ok(complete)
}

fn open_complete(
    tx: &mut Tx<'_>,
    complete: &Complete,
    actor: &Actor,
    now: Utc,
) -> Result<(), DbError> {
    insert_session(tx, &complete.token, actor.account, actor.role, "browser", "full", now)?;
    let sql = "INSERT INTO known_device (digest, account_id, created_at) VALUES ($1, $2, $3)";
    let device = seal::token::digest(&complete.device);
    tx.execute(sql, &[v(&device), v(actor.account), v(now)]).map(drop)
}

/// What becomes of somebody whom an outside provider knows.
pub(super) enum Entered {
    /// The provider saw a second factor too.
    Complete(Complete),
    /// Our own second factor is still to come.
    Half(Half),
}

/// Lets a member of staff in whom an outside provider signed in instead of our password; `second` says
/// whether it saw a second factor too.
pub(super) async fn from_outside(
    app: &Platform,
    account: Id,
    provider: &str,
    second: bool,
) -> Result<Entered, Problem> {
    let (now, entry_id, provider) = (Utc::now(), app.id(), provider.to_owned());
    app.db
        .write(move |tx| {
            let sql = format!(
                "SELECT {ACTOR_COLUMNS} FROM account a WHERE a.id = $1 AND a.closed_at IS NULL"
            );
            let row = tx.optional(&sql, &[v(account)])?.ok_or_else(Problem::forbidden)?;
            let actor = read_actor(&row)?;
            if !actor.role.is_staff() {
                return Err(Problem::forbidden());
            }
            let act = if second { "session.opened" } else { "session.begun" };
            let mut entry = Entry::new(entry_id, now, &actor, act, "Art. 19")
                .why("经单位统一身份认证登录 / sign-in by an outside provider", &[]);
            entry.detail = serde_json::json!({"provider": provider, "second_factor": second});
            let entered = match second {
                true => {
                    let complete = Complete::of(actor.role);
                    open_complete(tx, &complete, &actor, now)?;
                    Entered::Complete(complete)
                }
                false => {
                    let token = seal::token::from_random(&random::<32>());
                    let (id, role) = (actor.account, actor.role);
                    insert_session(tx, &token, id, role, "browser", "password", now)?;
                    Entered::Half(Half { token })
                }
            };
            journal::record(tx, &entry)?;
            Ok(entered)
        })
        .await
}

fn wrong_code() -> Problem {
    Problem::new(
        401,
        "platform/wrong-code",
        Text::new("验证码不正确或已过期", "The code is not right or has expired"),
        Text::new("请查看最新的验证码后重试", "Look at the newest code and try again"),
    )
}

fn use_one_time_code(tx: &mut Tx<'_>, account: Id, code: &str, now: Utc) -> Result<bool, DbError> {
    let sql = "SELECT digest, tries, expires_at FROM one_time_code WHERE account_id = $1";
    let Some(row) = tx.optional(sql, &[v(account)])? else {
        return Ok(false);
    };
    let (digest, tries, expires_at) =
        (row.get::<[u8; 32]>(0)?, row.get::<i64>(1)?, row.get::<Utc>(2)?);
    let right = seal::token::same(&digest, &code_digest(account, code));
    if right && tries < CODE_TRIES && now <= expires_at {
        tx.execute("DELETE FROM one_time_code WHERE account_id = $1", &[v(account)])?;
        return Ok(true);
    }
    let sql = "UPDATE one_time_code SET tries = tries + 1 WHERE account_id = $1";
    tx.execute(sql, &[v(account)])?;
    Ok(false)
}

/// A code of an authenticator app is good once: its step must be above the last one used.
fn use_totp(
    tx: &mut Tx<'_>,
    keys: &crate::keys::Keys,
    account: Id,
    code: &str,
    now: Utc,
) -> Result<bool, DbError> {
    let sql = "SELECT totp_secret, totp_last_step FROM account WHERE id = $1";
    let row = tx.one(sql, &[v(account)])?;
    let (sealed, last) = (row.get::<Option<Vec<u8>>>(0)?, row.get::<i64>(1)?);
    let secret = sealed.and_then(|sealed| keys.open_field(&sealed, &account.0.to_be_bytes()));
    let Some(secret) = secret else {
        return Ok(false);
    };
    let step = seal::totp::verify(&secret, code, now.seconds() as u64);
    let Some(step) = step.map(|step| step as i64).filter(|step| *step > last) else {
        return Ok(false);
    };
    let sql = "UPDATE account SET totp_last_step = $1 WHERE id = $2 AND totp_last_step < $1";
    Ok(tx.execute(sql, &[v(step), v(account)])? == 1)
}

/// What the "demo phone" shows: the current code of an authenticator app.
pub(super) async fn demo_totp(app: &Platform, account: Id) -> Result<Option<String>, Problem> {
    let keys = app.keys.clone();
    app.db
        .read(move |tx| {
            let sql = "SELECT totp_secret FROM account WHERE id = $1";
            let sealed = tx.one(sql, &[v(account)])?.get::<Option<Vec<u8>>>(0)?;
            let secret = sealed.and_then(|s| keys.open_field(&s, &account.0.to_be_bytes()));
            Ok(secret.map(|secret| seal::totp::code(&secret, Utc::now().seconds() as u64)))
        })
        .await
}

/// Ends a session.
pub(super) async fn sign_out(app: &Platform, session: Session) -> Result<(), Problem> {
    let entry = Entry::new(app.id(), Utc::now(), &session.actor, "session.closed", "Art. 19")
        .why("退出 / sign-out", &[]);
    let digest = session.digest;
    app.db
        .write(move |tx| {
            tx.execute("DELETE FROM session WHERE digest = $1", &[v(&digest)])?;
            journal::record(tx, &entry)
        })
        .await?;
    app.sessions.forget(&digest);
    Ok(())
}
