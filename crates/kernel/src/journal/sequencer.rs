//! Gives entries their leaf index, in order and without gaps, and signs the new head.

use std::time::Duration;

use seal::hash::Sm3;
use seal::head::TreeHead;
use seal::merkle::Frontier;

use crate::db::{DbError, Tx, v};
use crate::id::Id;
use crate::keys::Keys;
use crate::platform::App;
use crate::time::Utc;

/// Pause between two rounds; an entry waits at most about this long for its leaf.
const PAUSE: Duration = Duration::from_millis(100);
/// The most entries of one round: a round must not hold the writer for long.
const ROUND: i64 = 2_000;

/// Sequences for as long as the runtime lives.
pub async fn run(app: App) {
    loop {
        match sequence(&app).await {
            Ok(count) if count == ROUND as usize => {}
            Ok(_) => tokio::time::sleep(PAUSE).await,
            Err(error) => {
                tracing::warn!(%error, "the journal could not be sequenced; entries wait");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// One round; returns how many entries got their leaf. Two processes at once are safe: one of them
/// finds the tree changed and starts again.
///
/// # Errors
/// See [`DbError`].
pub async fn sequence(app: &App) -> Result<usize, DbError> {
    let (keys, origin) = (app.keys.clone(), app.config.journal_origin.clone());
    // A look without a write lock: an idle platform writes nothing.
    let idle = app
        .db
        .read(|tx| tx.query("SELECT entry_id FROM journal_pending LIMIT 1", &[]))
        .await?
        .is_empty();
    match idle {
        true => Ok(0),
        false => app.db.housekeeping(move |tx| round(tx, &keys, &origin)).await,
    }
}

fn round(tx: &mut Tx<'_>, keys: &Keys, origin: &str) -> Result<usize, DbError> {
    let sql = "SELECT size, frontier FROM journal_tree WHERE id = 1";
    let (size, mut frontier) = match tx.optional(sql, &[])? {
        Some(row) => (row.get::<i64>(0)?, read_frontier(&row.get::<Vec<u8>>(1)?)?),
        None => {
            let empty = Frontier::<Sm3>::new().to_bytes();
            let sql = "INSERT INTO journal_tree (id, size, frontier) VALUES (1, 0, $1)
                       ON CONFLICT DO NOTHING";
            tx.execute(sql, &[v(empty)])?;
            (0, Frontier::new())
        }
    };
    let sql = "SELECT entry_id, leaf FROM journal_pending ORDER BY entry_id LIMIT $1";
    let waiting = tx.query(sql, &[v(ROUND)])?;
    let (mut leaves, mut done) = (Vec::new(), Vec::new());
    for (offset, row) in waiting.iter().enumerate() {
        let entry = row.get::<Id>(0)?;
        frontier.push(row.get::<[u8; 32]>(1)?);
        leaves.push(vec![v(size + offset as i64), v(entry)]);
        done.push(v(entry));
    }
    if done.is_empty() {
        return Ok(0);
    }
    let grown = size + done.len() as i64;
    let sql = "UPDATE journal_tree SET size = $1, frontier = $2 WHERE id = 1 AND size = $3";
    tx.execute_one(sql, &[v(grown), v(frontier.to_bytes()), v(size)])?;
    tx.insert_rows("journal_leaf (leaf_index, entry_id)", "", &leaves)?;
    tx.execute_in("DELETE FROM journal_pending WHERE entry_id IN (#)", &done)?;
    let at = Utc::now();
    let root = frontier.root();
    let head = TreeHead { origin: origin.to_owned(), size: grown as u64, root, at: at.0 };
    let signed = keys.sign_head(&head).map_err(|e| DbError::Unavailable(e.to_string()))?;
    let sql = "INSERT INTO journal_head (size, previous, at, root, signed)
               VALUES ($1, $2, $3, $4, $5)";
    tx.execute(sql, &[v(grown), v(size), v(at), v(&root), v(signed)])?;
    Ok(done.len())
}

fn read_frontier(bytes: &[u8]) -> Result<Frontier<Sm3>, DbError> {
    Frontier::from_bytes(bytes)
        .map_err(|_| DbError::Engine("the journal's stored frontier cannot be read".to_owned()))
}
