//! The log for everybody (Art. 19): checkpoint, tiles and key as plain files that may be kept by
//! caches and mirrors. They hold hashes only; entries themselves are not public.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use seal::head::TreeHead;
use seal::note::checkpoint;
use seal::tiles::{TileId, WIDTH, hashes_at};
use serde::Serialize;

use super::tree;
use crate::db::{Db, DbError, Tx, v};
use crate::http::{Json, Path};
use crate::keys::Keys;
use crate::platform::App;
use crate::problem::Problem;
use crate::time::Utc;

const TEXT: &str = "text/plain; charset=utf-8";
/// Content that can never be another under this address.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// The beginning of a tile stays what it is, but nobody needs it for long.
const FOR_A_DAY: &str = "public, max-age=86400";
/// To be asked for again each time; unchanged it costs a header only.
const ASK_AGAIN: &str = "no-cache";

/// An answer that caches may keep, or 304 when the caller has it.
fn cached(
    asked: &HeaderMap,
    tag: &str,
    keep: &'static str,
    kind: &'static str,
    body: Vec<u8>,
) -> Response {
    let tag = format!("\"{tag}\"");
    let known = asked.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let has_it = known.is_some_and(|known| {
        known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)
    });
    let mut response = match has_it {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => ([(header::CONTENT_TYPE, kind)], body).into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// The newest signed head: its size and its note.
pub(super) fn newest_head(tx: &mut Tx<'_>) -> Result<Option<(u64, String)>, DbError> {
    let sql = "SELECT size, signed FROM journal_head ORDER BY size DESC LIMIT 1";
    let row = tx.optional(sql, &[])?;
    row.map(|row| Ok((row.get::<i64>(0)? as u64, row.get(1)?))).transpose()
}

/// The name that this log bears in its heads; `None` while it has none. A log keeps its name for ever:
/// whoever kept a head or a key of it knows it by that.
///
/// # Errors
/// See [`DbError`]; the schema must be there.
pub async fn origin(db: &Db) -> Result<Option<String>, DbError> {
    let newest = db.read(newest_head).await?;
    Ok(newest.and_then(|(_, note)| TreeHead::read(&note)).map(|head| head.origin))
}

/// The head of this size with the co-signatures that it has.
pub(super) fn checkpoint_of(
    tx: &mut Tx<'_>,
    size: u64,
) -> Result<Option<(String, usize)>, DbError> {
    let sql = "SELECT signed FROM journal_head WHERE size = $1";
    let Some(row) = tx.optional(sql, &[v(size as i64)])? else { return Ok(None) };
    let sql = "SELECT line FROM journal_cosignature WHERE size = $1 ORDER BY witness";
    let lines = tx.query(sql, &[v(size as i64)])?;
    let lines = lines.iter().map(|row| row.get(0)).collect::<Result<Vec<String>, _>>()?;
    let text = checkpoint(&row.get::<String>(0)?, lines.iter().map(String::as_str));
    Ok(Some((text, lines.len())))
}

/// Size of the newest head that a witness signed.
pub(super) fn witnessed_size(tx: &mut Tx<'_>) -> Result<Option<u64>, DbError> {
    let sql = "SELECT size FROM journal_cosignature ORDER BY size DESC LIMIT 1";
    let row = tx.optional(sql, &[])?;
    row.map(|row| Ok(row.get::<i64>(0)? as u64)).transpose()
}

pub(super) async fn newest(State(app): State<App>, asked: HeaderMap) -> Result<Response, Problem> {
    let found = app.db.read(|tx| match newest_head(tx)? {
        Some((size, _)) => Ok::<_, Problem>(checkpoint_of(tx, size)?.map(|text| (size, text))),
        None => Ok(None),
    });
    answer_checkpoint(&asked, found.await?)
}

pub(super) async fn witnessed(
    State(app): State<App>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let found = app.db.read(|tx| match witnessed_size(tx)? {
        Some(size) => Ok::<_, Problem>(checkpoint_of(tx, size)?.map(|text| (size, text))),
        None => Ok(None),
    });
    answer_checkpoint(&asked, found.await?)
}

fn answer_checkpoint(
    asked: &HeaderMap,
    found: Option<(u64, (String, usize))>,
) -> Result<Response, Problem> {
    let (size, (text, lines)) = found.ok_or_else(Problem::not_found)?;
    Ok(cached(asked, &format!("{size}-{lines}"), ASK_AGAIN, TEXT, text.into_bytes()))
}

pub(super) async fn tile(
    State(app): State<App>,
    Path((level, rest)): Path<(String, String)>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let id = TileId::parse(&format!("{level}/{rest}")).ok_or_else(Problem::not_found)?;
    let hashes = app.db.read(move |tx| {
        // Only what a signed head covers.
        let size = newest_head(tx)?.map_or(0, |(size, _)| size);
        let (have, first) = (hashes_at(id.level, size), id.index.saturating_mul(WIDTH));
        match first.saturating_add(u64::from(id.width)) <= have {
            true => Ok(tree::read_tile(tx, id)?),
            false => Err(Problem::not_found()),
        }
    });
    let keep = if u64::from(id.width) == WIDTH { FOR_EVER } else { FOR_A_DAY };
    let tag = id.path().replace('/', "-");
    Ok(cached(&asked, &tag, keep, "application/octet-stream", hashes.await?.concat()))
}

pub(super) async fn key(State(app): State<App>, asked: HeaderMap) -> Result<Response, Problem> {
    answer_key(&asked, app.keys.journal_key(&app.config.journal_origin))
}

pub(super) fn answer_key(
    asked: &HeaderMap,
    key: Result<seal::note::NamedKey, seal::keystore::KeyError>,
) -> Result<Response, Problem> {
    let key = key.map_err(|error| DbError::Unavailable(error.to_string()))?;
    let (tag, text) = (hex::encode(key.id()), key.to_text() + "\n");
    Ok(cached(asked, &tag, ASK_AGAIN, TEXT, text.into_bytes()))
}

/// What everybody may know about the journal as a whole (Art. 19).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Figures {
    /// Entries under the newest signed head.
    pub signed: i64,
    /// Entries whose display to the person concerned is delayed at this moment.
    pub delayed: i64,
    /// Entries that ever were delayed, these included.
    pub ever_delayed: i64,
    /// Entries whose content was erased by an order that is on record.
    pub erased: i64,
}

/// Entries whose display to the person concerned is delayed at this moment.
///
/// # Errors
/// See [`DbError`].
pub fn delayed(tx: &mut Tx<'_>, now: Utc) -> Result<i64, DbError> {
    let sql =
        "SELECT COUNT(*) FROM journal_entry WHERE shown_after IS NOT NULL AND shown_after > $1";
    tx.one(sql, &[v(now)])?.get(0)
}

/// Counts them.
///
/// # Errors
/// See [`DbError`].
pub fn figures(tx: &mut Tx<'_>, now: Utc) -> Result<Figures, DbError> {
    let signed = newest_head(tx)?.map_or(0, |(size, _)| size as i64);
    let delayed = delayed(tx, now)?;
    let sql = "SELECT COUNT(*) FROM journal_entry WHERE shown_after IS NOT NULL";
    let ever_delayed = tx.one(sql, &[])?.get(0)?;
    let erased = tx.one("SELECT COUNT(*) FROM journal_erasure", &[])?.get(0)?;
    Ok(Figures { signed, delayed, ever_delayed, erased })
}

/// How many entries the journal has, and how many of them are delayed or erased.
#[utoipa::path(get, path = "/api/v1/journal/figures", tag = "journal",
    responses((status = 200, body = Figures)))]
pub(super) async fn count(State(app): State<App>) -> Result<Json<Figures>, Problem> {
    Ok(Json(app.db.read(|tx| Ok::<_, Problem>(figures(tx, Utc::now())?)).await?))
}

impl Keys {
    /// The public key of the journal under the name of its log.
    ///
    /// # Errors
    /// The key is missing.
    pub fn journal_key(
        &self,
        origin: &str,
    ) -> Result<seal::note::NamedKey, seal::keystore::KeyError> {
        let (name, role) = (seal::keystore::JOURNAL, seal::sm2::SignerId::JOURNAL);
        let key = self.store().public(name, role)?;
        Ok(seal::note::NamedKey { name: origin.to_owned(), key })
    }
}
