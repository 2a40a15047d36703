//! Gives entries their leaf index, in order and without gaps, and signs heads of the grown tree.

use std::time::Duration;

use seal::hash::Sm3;
use seal::head::TreeHead;
use seal::merkle::{Frontier, Hash};

use super::tree;
use crate::db::{DbError, Tx, v};
use crate::id::Id;
use crate::keys::Keys;
use crate::platform::App;
use crate::time::Utc;

/// Pause between two looks; an entry waits at most about this long for its leaf.
const PAUSE: Duration = Duration::from_millis(100);
/// The most entries of one round: a round must not hold the writer for long.
const ROUND: i64 = 2_000;
/// Under load heads are at least this far apart, in microseconds: with the pause and the round itself
/// an entry is under a signed head within a second or so.
const HEAD_EVERY: i64 = 800_000;

/// Whether a round must end with a head, or only when the last one is old enough.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Heads {
    /// With a head.
    Each,
    /// With a head when the last one is old enough.
    Paced,
}

/// Sequences for as long as the runtime lives.
pub async fn run(app: App) {
    loop {
        match one(&app, Heads::Paced).await {
            Ok(count) if count == ROUND as usize => {}
            Ok(_) => tokio::time::sleep(PAUSE).await,
            Err(error) => {
                tracing::warn!(%error, "the journal could not be sequenced; entries wait");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// One round with its head; returns how many entries got their leaf. Two processes at once are safe:
/// one waits for the other, or finds the tree changed and starts again.
///
/// # Errors
/// See [`DbError`].
pub async fn sequence(app: &App) -> Result<usize, DbError> {
    one(app, Heads::Each).await
}

pub(super) async fn one(app: &App, heads: Heads) -> Result<usize, DbError> {
    let (keys, origin) = (app.keys.clone(), app.config.journal_origin.clone());
    // A look without a write lock: an idle platform writes nothing.
    let work = app.db.read(move |tx| {
        let waiting = tx.query("SELECT entry_id FROM journal_pending LIMIT 1", &[])?;
        Ok::<_, DbError>(!waiting.is_empty() || head_is_due(tx, heads, Utc::now())?)
    });
    match work.await? {
        false => Ok(0),
        true => app.db.housekeeping(move |tx| round(tx, &keys, &origin, heads)).await,
    }
}

/// Whether there are leaves without a head, and the last head is old enough for the next one. A clock
/// that was set back does not hold heads up.
fn head_is_due(tx: &mut Tx<'_>, heads: Heads, now: Utc) -> Result<bool, DbError> {
    let sql =
        "SELECT COALESCE(h.at, 0) FROM journal_tree t LEFT JOIN journal_head h ON h.size = t.head
               WHERE t.id = 1 AND t.size > t.head";
    let last = tx.optional(sql, &[])?.map(|row| row.get::<i64>(0)).transpose()?;
    let far = |last: i64| !(0..HEAD_EVERY).contains(&(now.0 - last));
    Ok(last.is_some_and(|last| heads == Heads::Each || far(last)))
}

fn round(tx: &mut Tx<'_>, keys: &Keys, origin: &str, heads: Heads) -> Result<usize, DbError> {
    // The row is locked before the tiles are read: another sequencer waits here.
    let lock = "UPDATE journal_tree SET size = size WHERE id = 1";
    if tx.execute(lock, &[])? == 0 {
        let sql = "INSERT INTO journal_tree (id, size, frontier) VALUES (1, 0, $1)
                   ON CONFLICT DO NOTHING";
        tx.execute(sql, &[v(Frontier::<Sm3>::new().to_bytes())])?;
        tx.execute_one(lock, &[])?;
    }
    let row = tx.one("SELECT size, frontier FROM journal_tree WHERE id = 1", &[])?;
    let (size, mut frontier) = (row.get::<i64>(0)?, read_frontier(&row.get::<Vec<u8>>(1)?)?);
    let tiled = tree::tiled_size(tx)?;
    if tiled < size as u64 {
        return fill_tiles(tx, tiled);
    }
    let mut edge = tree::load_edge(tx, size as u64)?;
    let sql = "SELECT entry_id, leaf FROM journal_pending ORDER BY entry_id LIMIT $1";
    let waiting = tx.query(sql, &[v(ROUND)])?;
    let (mut leaves, mut hashes, mut done) = (Vec::new(), Vec::<Hash>::new(), Vec::new());
    for (offset, row) in waiting.iter().enumerate() {
        let entry = row.get::<Id>(0)?;
        hashes.push(row.get(1)?);
        leaves.push(vec![v(size + offset as i64), v(entry)]);
        done.push(v(entry));
    }
    if !done.is_empty() {
        hashes.iter().for_each(|leaf| frontier.push(*leaf));
        tree::append(tx, &mut edge, &hashes)?;
        let sql = "UPDATE journal_tree SET size = $1, frontier = $2 WHERE id = 1 AND size = $3";
        let grown = frontier.size() as i64;
        tx.execute_one(sql, &[v(grown), v(frontier.to_bytes()), v(size)])?;
        tx.insert_rows("journal_leaf (leaf_index, entry_id)", "", &leaves)?;
        tx.execute_in("DELETE FROM journal_pending WHERE entry_id IN (#)", &done)?;
    }
    let now = Utc::now();
    if head_is_due(tx, heads, now)? {
        sign(tx, keys, origin, &frontier, now)?;
    }
    Ok(done.len())
}

fn sign(
    tx: &mut Tx<'_>,
    keys: &Keys,
    origin: &str,
    frontier: &Frontier<Sm3>,
    at: Utc,
) -> Result<(), DbError> {
    let previous: i64 = tx.one("SELECT head FROM journal_tree WHERE id = 1", &[])?.get(0)?;
    let (size, root) = (frontier.size(), frontier.root());
    let origin = origin.to_owned();
    let head = TreeHead { origin, size, root, at: at.0, previous: Some(previous as u64) };
    let signed = keys.sign_head(&head).map_err(|e| DbError::Unavailable(e.to_string()))?;
    let size = size as i64;
    let sql = "INSERT INTO journal_head (size, previous, at, root, signed)
               VALUES ($1, $2, $3, $4, $5)";
    tx.execute(sql, &[v(size), v(previous), v(at), v(&root), v(signed)])?;
    let sql = "UPDATE journal_tree SET head = $1 WHERE id = 1 AND size = $1";
    tx.execute_one(sql, &[v(size)])
}

/// A log from before there were tiles gets them, a round at a time; new entries wait until then.
fn fill_tiles(tx: &mut Tx<'_>, tiled: u64) -> Result<usize, DbError> {
    let mut edge = tree::load_edge(tx, tiled)?;
    let sql = "SELECT l.leaf_index, COALESCE(e.leaf, x.leaf) FROM journal_leaf l
               LEFT JOIN journal_entry e ON e.id = l.entry_id
               LEFT JOIN journal_erasure x ON x.entry_id = l.entry_id
               WHERE l.leaf_index >= $1 AND l.leaf_index < $2 ORDER BY l.leaf_index";
    let from = tiled as i64;
    let mut hashes = Vec::<Hash>::new();
    for row in tx.query(sql, &[v(from), v(from + ROUND)])? {
        let expected = from + hashes.len() as i64;
        if row.get::<i64>(0)? != expected {
            return Err(DbError::Engine(format!("leaf {expected} of the journal is missing")));
        }
        hashes.push(row.get(1)?);
    }
    if hashes.is_empty() {
        return Err(DbError::Engine(format!("leaf {from} of the journal is missing")));
    }
    tree::append(tx, &mut edge, &hashes)?;
    // So that the caller comes again at once.
    Ok(ROUND as usize)
}

fn read_frontier(bytes: &[u8]) -> Result<Frontier<Sm3>, DbError> {
    Frontier::from_bytes(bytes)
        .map_err(|_| DbError::Engine("the journal's stored frontier cannot be read".to_owned()))
}
