//! All SQL of sign-in.

use kernel::actor::Actor;
use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::Utc;
use kernel::work::{self, Waiting};

use crate::jose::Alg;
use crate::rules::Asked;

/// A service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its id in the protocol.
    pub id: String,
    /// Name that people see.
    pub name: String,
    /// Who runs it.
    pub org: Id,
    /// Item that it is for.
    pub item: String,
    /// Addresses of answers.
    pub redirects: Vec<String>,
    /// Addresses after signing out.
    pub after_logout: Vec<String>,
    /// Services of one sector know a person by the same subject.
    pub sector: String,
    /// SHA/SM digest of the secret; none for a public client.
    pub secret: Option<Vec<u8>>,
    /// Its public keys as a JWK set, when it proves itself by one of them; else empty.
    pub jwks: String,
    /// How its ID tokens are signed: `ES256` or `RS256`.
    pub id_alg: String,
    /// Its requests must be pushed.
    pub needs_par: bool,
    /// `asked`, `active`, `refused` or `revoked`.
    pub state: String,
    /// Account that asked for it.
    pub asked_by: Id,
    /// Who asked for it.
    pub asked_name: String,
    /// Rises with each change.
    pub version: i64,
}

const CLIENT: &str =
    "SELECT id, name, org_id, item, redirects, after_logout, sector, secret, needs_par,
     state, asked_by, asked_name, version, jwks, id_alg FROM signin_client";

fn client_of(row: &Row) -> Result<Client, DbError> {
    let lines = |text: String| text.lines().map(str::to_owned).collect();
    Ok(Client {
        id: row.get(0)?,
        name: row.get(1)?,
        org: row.get(2)?,
        item: row.get(3)?,
        redirects: lines(row.get(4)?),
        after_logout: lines(row.get(5)?),
        sector: row.get(6)?,
        secret: row.get(7)?,
        needs_par: row.get(8)?,
        state: row.get(9)?,
        asked_by: row.get(10)?,
        asked_name: row.get(11)?,
        version: row.get(12)?,
        jwks: row.get(13)?,
        id_alg: row.get(14)?,
    })
}

/// A service by its id.
///
/// # Errors
/// See [`DbError`].
pub fn client(tx: &mut Tx<'_>, id: &str) -> Result<Option<Client>, DbError> {
    tx.optional(&format!("{CLIENT} WHERE id = $1"), &[v(id)])?.as_ref().map(client_of).transpose()
}

/// All services, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn clients(tx: &mut Tx<'_>) -> Result<Vec<Client>, DbError> {
    tx.query(&format!("{CLIENT} ORDER BY asked_at DESC LIMIT 500"), &[])?
        .iter()
        .map(client_of)
        .collect()
}

/// Enters what a department asks for.
///
/// # Errors
/// See [`DbError`].
pub fn insert_client(tx: &mut Tx<'_>, client: &Client, now: Utc) -> Result<(), DbError> {
    let sql = "INSERT INTO signin_client (id, name, org_id, item, redirects, after_logout, sector,
                 needs_par, state, asked_by, asked_name, asked_at, version, jwks, id_alg)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'asked', $9, $10, $11, 1, $12, $13)";
    let row = [
        v(&client.id),
        v(&client.name),
        v(client.org),
        v(&client.item),
        v(client.redirects.join("\n")),
        v(client.after_logout.join("\n")),
        v(&client.sector),
        v(client.needs_par),
        v(client.asked_by),
        v(&client.asked_name),
        v(now),
        v(&client.jwks),
        v(&client.id_alg),
    ];
    tx.execute(sql, &row).map(drop)
}

/// Decides, revokes, gives a new secret or other keys.
///
/// # Errors
/// [`DbError::Conflict`] when somebody was faster.
pub fn set_client(
    tx: &mut Tx<'_>,
    client: &Client,
    decided_by: Option<Id>,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "UPDATE signin_client SET state = $1, secret = $2,
                 decided_by = COALESCE(CAST($3 AS BIGINT), decided_by), decided_at = $4, version = version + 1,
                 jwks = $7
               WHERE id = $5 AND version = $6";
    let row = [
        v(&client.state),
        v(client.secret.clone()),
        v(decided_by),
        v(now),
        v(&client.id),
        v(client.version),
        v(&client.jwks),
    ];
    tx.execute_one(sql, &row)
}

/// Uses an assertion of a service up; false when it was used before.
///
/// # Errors
/// See [`DbError`].
pub fn use_assertion(
    tx: &mut Tx<'_>,
    client: &str,
    jti: &str,
    until: Utc,
) -> Result<bool, DbError> {
    let sql = "INSERT INTO signin_assertion (client_id, jti, until) VALUES ($1, $2, $3)
               ON CONFLICT DO NOTHING";
    Ok(tx.execute(sql, &[v(client), v(jti), v(until)])? == 1)
}

/// A key that signs.
#[derive(Clone)]
pub struct Key {
    /// Its name.
    pub kid: String,
    /// How it signs.
    pub alg: Alg,
    /// The private key, sealed.
    pub sealed: Vec<u8>,
    /// x ‖ y, or the modulus.
    pub public: Vec<u8>,
    /// It signs from then on.
    pub since: Utc,
    /// It signs until then.
    pub until: Utc,
}

/// Keys that are published at a moment: those that will sign, sign, or signed lately.
///
/// # Errors
/// See [`DbError`].
pub fn keys(tx: &mut Tx<'_>, after: Utc) -> Result<Vec<Key>, DbError> {
    let sql = "SELECT kid, sealed, public, since, until, alg FROM signin_key WHERE until > $1 ORDER BY since";
    let read = |row: &Row| {
        let alg: String = row.get(5)?;
        Ok(Key {
            alg: Alg::from_code(&alg).ok_or_else(|| DbError::Engine(format!("unknown {alg}")))?,
            kid: row.get(0)?,
            sealed: row.get(1)?,
            public: row.get(2)?,
            since: row.get(3)?,
            until: row.get(4)?,
        })
    };
    tx.query(sql, &[v(after)])?.iter().map(read).collect()
}

/// Adds a key.
///
/// # Errors
/// See [`DbError`].
pub fn insert_key(tx: &mut Tx<'_>, key: &Key) -> Result<(), DbError> {
    let sql = "INSERT INTO signin_key (kid, sealed, public, since, until, alg) VALUES ($1, $2, $3, $4, $5, $6)";
    let (sealed, public) = (v(key.sealed.clone()), v(key.public.clone()));
    let row = [v(&key.kid), sealed, public, v(key.since), v(key.until), v(key.alg.code())];
    tx.execute(sql, &row).map(drop)
}

/// A request as it waits.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its id.
    pub id: String,
    /// What was asked for.
    pub asked: Asked,
    /// It was pushed and not begun yet.
    pub pushed: bool,
    /// When it came.
    pub made_at: Utc,
    /// When it ends.
    pub expires_at: Utc,
    /// Two digits on the other screen.
    pub number: Option<i64>,
    /// What browser asked.
    pub browser: String,
    /// Who confirmed it on the phone.
    pub person: Option<Id>,
    /// Address to go to, once it was answered.
    pub answer: String,
}

/// Keeps a request.
///
/// # Errors
/// See [`DbError`].
pub fn insert_request(
    tx: &mut Tx<'_>,
    request: &Request,
    qr: Option<&[u8; 32]>,
) -> Result<(), DbError> {
    let asked = serde_json::to_string(&request.asked)
        .map_err(|error| DbError::Engine(error.to_string()))?;
    let sql =
        "INSERT INTO signin_request (id, client_id, asked, pushed, made_at, expires_at, qr, number,
                 browser, answer) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '')";
    let row = [
        v(&request.id),
        v(&request.asked.client_id),
        v(&asked),
        v(request.pushed),
        v(request.made_at),
        v(request.expires_at),
        v(qr.map(|digest| digest.to_vec())),
        v(request.number),
        v(&request.browser),
    ];
    tx.execute(sql, &row).map(drop)
}

const REQUEST: &str =
    "SELECT id, asked, pushed, made_at, expires_at, number, browser, person_id, answer
     FROM signin_request";

fn request_of(row: &Row) -> Result<Request, DbError> {
    let asked: String = row.get(1)?;
    Ok(Request {
        id: row.get(0)?,
        asked: serde_json::from_str(&asked).map_err(|error| DbError::Engine(error.to_string()))?,
        pushed: row.get(2)?,
        made_at: row.get(3)?,
        expires_at: row.get(4)?,
        number: row.get(5)?,
        browser: row.get(6)?,
        person: row.get(7)?,
        answer: row.get(8)?,
    })
}

/// A request that has not ended.
///
/// # Errors
/// See [`DbError`].
pub fn request(tx: &mut Tx<'_>, id: &str, now: Utc) -> Result<Option<Request>, DbError> {
    let sql = format!("{REQUEST} WHERE id = $1 AND expires_at > $2");
    tx.optional(&sql, &[v(id), v(now)])?.as_ref().map(request_of).transpose()
}

/// A request by what its QR code holds.
///
/// # Errors
/// See [`DbError`].
pub fn request_of_qr(tx: &mut Tx<'_>, qr: &[u8; 32], now: Utc) -> Result<Option<Request>, DbError> {
    let sql = format!("{REQUEST} WHERE qr = $1 AND expires_at > $2 AND answer = ''");
    tx.optional(&sql, &[v(qr.to_vec()), v(now)])?.as_ref().map(request_of).transpose()
}

/// Takes a pushed request up, once.
///
/// # Errors
/// See [`DbError`].
pub fn take_pushed(tx: &mut Tx<'_>, id: &str) -> Result<bool, DbError> {
    let sql = "DELETE FROM signin_request WHERE id = $1 AND pushed";
    Ok(tx.execute(sql, &[v(id)])? == 1)
}

/// Notes the answer of a request, once.
///
/// # Errors
/// See [`DbError`].
pub fn answer(tx: &mut Tx<'_>, id: &str, person: Option<Id>, to: &str) -> Result<bool, DbError> {
    let sql = "UPDATE signin_request SET person_id = $1, answer = $2 WHERE id = $3 AND answer = ''";
    Ok(tx.execute(sql, &[v(person), v(to), v(id)])? == 1)
}

/// Forgets requests and grants that ended before a moment.
///
/// # Errors
/// See [`DbError`].
pub fn forget(tx: &mut Tx<'_>, requests: Utc, grants: Utc) -> Result<(), DbError> {
    tx.execute("DELETE FROM signin_request WHERE expires_at < $1", &[v(requests)])?;
    tx.execute("DELETE FROM signin_assertion WHERE until < $1", &[v(requests)])?;
    tx.execute("DELETE FROM signin_outside WHERE until < $1", &[v(requests)])?;
    tx.execute("DELETE FROM signin_grant WHERE made_at < $1", &[v(grants)]).map(drop)
}

/// One sign-in.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Digest of the code.
    pub code: [u8; 32],
    /// Service.
    pub client: String,
    /// Who signed in.
    pub person: Id,
    /// Address of the answer.
    pub redirect: String,
    /// PKCE challenge.
    pub challenge: String,
    /// For the ID token.
    pub nonce: String,
    /// Codes of the fields.
    pub fields: Vec<String>,
    /// Version of the item.
    pub item_version: i64,
    /// When the person signed in, seconds.
    pub auth_time: i64,
    /// The level that the person proved.
    pub level: i64,
    /// Whom another region signed in, sealed; `person` is 0 then.
    pub visitor: Option<Vec<u8>>,
    /// When the code was made.
    pub made_at: Utc,
    /// The code is good until then.
    pub code_until: Utc,
    /// The code was used.
    pub used: bool,
    /// The token is good until then.
    pub token_until: Option<Utc>,
    /// Nothing of it counts any more.
    pub revoked: bool,
}

/// Keeps a sign-in.
///
/// # Errors
/// See [`DbError`].
pub fn insert_grant(tx: &mut Tx<'_>, grant: &Grant) -> Result<(), DbError> {
    let sql =
        "INSERT INTO signin_grant (code, client_id, person_id, redirect, challenge, nonce, fields,
                 item_version, auth_time, made_at, code_until, revoked, level, visitor)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, FALSE, $12, $13)";
    let row = [
        v(grant.code.to_vec()),
        v(&grant.client),
        v(grant.person),
        v(&grant.redirect),
        v(&grant.challenge),
        v(&grant.nonce),
        v(grant.fields.join(",")),
        v(grant.item_version),
        v(grant.auth_time),
        v(grant.made_at),
        v(grant.code_until),
        v(grant.level),
        v(grant.visitor.clone()),
    ];
    tx.execute(sql, &row).map(drop)
}

const GRANT: &str =
    "SELECT code, client_id, person_id, redirect, challenge, nonce, fields, item_version,
     auth_time, made_at, code_until, used_at, token_until, revoked, level, visitor FROM signin_grant";

fn grant_of(row: &Row) -> Result<Grant, DbError> {
    let (code, fields, used): (Vec<u8>, String, Option<Utc>) =
        (row.get(0)?, row.get(6)?, row.get(11)?);
    Ok(Grant {
        code: code.try_into().map_err(|_| DbError::Engine("a digest has 32 bytes".to_owned()))?,
        client: row.get(1)?,
        person: row.get(2)?,
        redirect: row.get(3)?,
        challenge: row.get(4)?,
        nonce: row.get(5)?,
        fields: fields.split(',').filter(|code| !code.is_empty()).map(str::to_owned).collect(),
        item_version: row.get(7)?,
        auth_time: row.get(8)?,
        made_at: row.get(9)?,
        code_until: row.get(10)?,
        used: used.is_some(),
        token_until: row.get(12)?,
        revoked: row.get(13)?,
        level: row.get(14)?,
        visitor: row.get(15)?,
    })
}

/// The sign-in of a code.
///
/// # Errors
/// See [`DbError`].
pub fn by_code(tx: &mut Tx<'_>, code: &[u8; 32]) -> Result<Option<Grant>, DbError> {
    tx.optional(&format!("{GRANT} WHERE code = $1"), &[v(code.to_vec())])?
        .as_ref()
        .map(grant_of)
        .transpose()
}

/// The sign-in of an access token that counts.
///
/// # Errors
/// See [`DbError`].
pub fn by_token(tx: &mut Tx<'_>, token: &[u8; 32], now: Utc) -> Result<Option<Grant>, DbError> {
    let sql = format!("{GRANT} WHERE token = $1 AND token_until > $2 AND NOT revoked");
    tx.optional(&sql, &[v(token.to_vec()), v(now)])?.as_ref().map(grant_of).transpose()
}

/// Changes a code into a token, once; false when it was used.
///
/// # Errors
/// See [`DbError`].
pub fn use_code(
    tx: &mut Tx<'_>,
    code: &[u8; 32],
    token: &[u8; 32],
    now: Utc,
    until: Utc,
) -> Result<bool, DbError> {
    let sql = "UPDATE signin_grant SET used_at = $1, token = $2, token_until = $3
               WHERE code = $4 AND used_at IS NULL AND NOT revoked";
    Ok(tx.execute(sql, &[v(now), v(token.to_vec()), v(until), v(code.to_vec())])? == 1)
}

/// Ends a sign-in.
///
/// # Errors
/// See [`DbError`].
pub fn revoke(tx: &mut Tx<'_>, code: &[u8; 32]) -> Result<(), DbError> {
    tx.execute("UPDATE signin_grant SET revoked = TRUE WHERE code = $1", &[v(code.to_vec())])
        .map(drop)
}

/// Ends all sign-ins of a person at a service.
///
/// # Errors
/// See [`DbError`].
pub fn revoke_all(tx: &mut Tx<'_>, person: Id, client: &str) -> Result<u64, DbError> {
    let sql = "UPDATE signin_grant SET revoked = TRUE WHERE person_id = $1 AND client_id = $2";
    tx.execute(sql, &[v(person), v(client)])
}

/// What a person agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Service.
    pub client: String,
    /// Version of its item.
    pub item_version: i64,
    /// Codes of the fields.
    pub fields: String,
    /// When.
    pub given_at: Utc,
    /// Last sign-in.
    pub last_at: Utc,
}

/// A person's consents, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn consents(tx: &mut Tx<'_>, person: Id) -> Result<Vec<Consent>, DbError> {
    let sql = "SELECT client_id, item_version, fields, given_at, last_at FROM signin_consent
               WHERE person_id = $1 ORDER BY last_at DESC";
    let read = |row: &Row| {
        Ok(Consent {
            client: row.get(0)?,
            item_version: row.get(1)?,
            fields: row.get(2)?,
            given_at: row.get(3)?,
            last_at: row.get(4)?,
        })
    };
    tx.query(sql, &[v(person)])?.iter().map(read).collect()
}

/// Notes a consent, or a further sign-in under it.
///
/// # Errors
/// See [`DbError`].
pub fn agree(tx: &mut Tx<'_>, person: Id, consent: &Consent) -> Result<(), DbError> {
    let sql = "INSERT INTO signin_consent (person_id, client_id, item_version, fields, given_at, last_at)
               VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (person_id, client_id) DO UPDATE SET item_version = excluded.item_version,
                 fields = excluded.fields, last_at = excluded.last_at";
    let (client, fields) = (v(&consent.client), v(&consent.fields));
    let row = [
        v(person),
        client,
        v(consent.item_version),
        fields,
        v(consent.given_at),
        v(consent.last_at),
    ];
    tx.execute(sql, &row).map(drop)
}

/// Takes a consent back; false when there was none.
///
/// # Errors
/// See [`DbError`].
pub fn disagree(tx: &mut Tx<'_>, person: Id, client: &str) -> Result<bool, DbError> {
    let sql = "DELETE FROM signin_consent WHERE person_id = $1 AND client_id = $2";
    Ok(tx.execute(sql, &[v(person), v(client)])? == 1)
}

/// How many services wait for another than who asked.
///
/// # Errors
/// See [`DbError`].
pub fn count_asked(tx: &mut Tx<'_>, actor: &Actor) -> Result<Waiting, DbError> {
    let sql = "SELECT COUNT(*), CAST(0 AS BIGINT) FROM signin_client
               WHERE state = 'asked' AND asked_by <> $1";
    work::counted(tx, sql, &[v(actor.account)])
}
