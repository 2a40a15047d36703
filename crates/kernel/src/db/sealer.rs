//! Sealed columns: what tells who somebody is stands encrypted in the database (PIPL Art. 51).
//!
//! A use case binds [`sealed`](super::sealed)`(text)` where it writes such a column or looks for its
//! value, and reads the column like any other. `=`, `IN`, joins and unique keys work on it; order,
//! `LIKE` and functions of SQL do not. An empty text stays empty.
//!
//! A sealed text says which generation of the key sealed it: the first has only the mark before its
//! base64, the second `~02.` between them, and so on.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use seal::column::{ColumnCipher, MARK};

use super::turn::Turn;
use super::{DbError, Row, Value};
use crate::keys::{Keys, MOST_GENERATIONS};

/// So long is it believed that no key is being turned, without looking again.
pub(super) const BELIEVED: Duration = Duration::from_millis(if cfg!(test) { 50 } else { 2_000 });

/// The ciphers of one database; without keys nothing sealed is written or read.
#[derive(Clone, Default)]
pub(super) struct Sealer(Arc<Inner>);

#[derive(Default)]
struct Inner {
    keys: OnceLock<Keys>,
    ciphers: [OnceLock<ColumnCipher>; MOST_GENERATIONS],
    /// The one generation in use, and when that was seen.
    settled: RwLock<Option<(Instant, usize)>>,
}

impl Sealer {
    /// Takes the keys; the first ones stay.
    pub(super) fn set(&self, keys: &Keys) {
        let _ = self.0.keys.set(keys.clone());
    }

    /// The generation in use, when it was seen a moment ago that no other one is coming.
    pub(super) fn settled(&self) -> Option<usize> {
        let settled = *self.0.settled.read().unwrap_or_else(PoisonError::into_inner);
        settled.filter(|(at, _)| at.elapsed() < BELIEVED).map(|(_, generation)| generation)
    }

    /// Remembers what a transaction saw; `None` while a key is being turned.
    pub(super) fn saw(&self, newest: usize, settled: Option<usize>) {
        if let Some(keys) = self.0.keys.get() {
            keys.know_generation(newest);
        }
        let seen = settled.map(|generation| (Instant::now(), generation));
        *self.0.settled.write().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    /// Whether a key is needed for this parameter.
    pub(super) fn seals(value: &Value<'_>) -> bool {
        matches!(value, Value::Sealed(text) if !text.is_empty())
    }

    /// Parameters as the engine sees them.
    pub(super) fn close<'p, 'v>(
        &self,
        params: &'p [Value<'v>],
        turn: Option<&Turn>,
    ) -> Result<Cow<'p, [Value<'v>]>, DbError> {
        if !params.iter().any(Self::concerns) {
            return Ok(Cow::Borrowed(params));
        }
        params.iter().map(|value| self.close_one(value, turn)).collect()
    }

    /// Many rows of parameters as the engine sees them.
    pub(super) fn close_rows<'p, 'v>(
        &self,
        rows: &'p [Vec<Value<'v>>],
        turn: Option<&Turn>,
    ) -> Result<Cow<'p, [Vec<Value<'v>>]>, DbError> {
        if !rows.iter().flatten().any(Self::concerns) {
            return Ok(Cow::Borrowed(rows));
        }
        rows.iter().map(|row| Ok(self.close(row, turn)?.into_owned())).collect()
    }

    fn concerns(value: &Value<'_>) -> bool {
        match value {
            Value::Sealed(_) => true,
            Value::Text(text) => text.starts_with(MARK),
            _ => false,
        }
    }

    fn close_one<'v>(&self, value: &Value<'v>, turn: Option<&Turn>) -> Result<Value<'v>, DbError> {
        match value {
            Value::Sealed(text) if text.is_empty() => Ok(Value::Text(text.clone())),
            Value::Sealed(text) => match turn {
                Some(turn) => Ok(Value::Text(turn.sealed(self, text)?.into())),
                None => Err(DbError::Engine("it is not known which key seals".to_owned())),
            },
            // Somebody with a copy of the database would have its texts opened for him.
            Value::Text(text) if text.starts_with(MARK) => {
                Err(DbError::Forbidden("no text begins with the mark of sealed ones".to_owned()))
            }
            other => Ok(other.clone()),
        }
    }

    /// Rows as a use case sees them. What cannot be opened stays sealed, and fails when it is read.
    pub(super) fn open(&self, mut rows: Vec<Row>) -> Vec<Row> {
        for value in rows.iter_mut().flat_map(|row| &mut row.0) {
            if let Value::Text(text) = value
                && text.starts_with(MARK)
            {
                let plain = self.opened(text);
                let sealed = Value::Sealed(std::mem::take(text));
                *value = plain.map_or(sealed, |plain| Value::Text(plain.into()));
            }
        }
        rows
    }

    /// The text within a sealed one, whichever generation sealed it.
    pub(super) fn opened(&self, sealed: &str) -> Option<String> {
        let generation = generation_of(sealed)?;
        let cipher = self.cipher(generation).ok()?;
        match generation {
            1 => cipher.open(sealed).ok(),
            _ => cipher.open(&format!("{MARK}{}", sealed.get(5..)?)).ok(),
        }
    }

    /// `plain` under a generation of the key.
    pub(super) fn sealed(&self, generation: usize, plain: &str) -> Result<String, DbError> {
        let text = self.cipher(generation)?.seal(plain);
        Ok(match generation {
            1 => text,
            _ => format!("{}{}", prefix(generation), text.trim_start_matches(MARK)),
        })
    }

    fn cipher(&self, generation: usize) -> Result<&ColumnCipher, DbError> {
        let missing = || DbError::Engine("the key of the sealed columns is not there".to_owned());
        let place = self.0.ciphers.get(generation).ok_or_else(missing)?;
        if let Some(cipher) = place.get() {
            return Ok(cipher);
        }
        let cipher = self.0.keys.get().and_then(|keys| keys.column_cipher(generation).ok());
        let cipher = cipher.ok_or_else(missing)?;
        Ok(place.get_or_init(|| cipher))
    }
}

/// What all texts of a generation begin with.
fn prefix(generation: usize) -> String {
    format!("{MARK}~{generation:02}.")
}

/// Which generation sealed a text; none when it is not sealed.
pub(super) fn generation_of(text: &str) -> Option<usize> {
    let rest = text.strip_prefix(MARK)?;
    match rest.strip_prefix('~') {
        None => Some(1),
        Some(rest) => rest.get(..2)?.parse().ok().filter(|_| rest.get(2..3) == Some(".")),
    }
}

/// Bounds, in the order of bytes, between which all texts of a generation stand.
pub(super) fn bounds(generation: usize) -> (String, String) {
    match generation {
        // `~` comes after all digits of base64.
        1 => (MARK.to_string(), format!("{MARK}~")),
        _ => (prefix(generation), format!("{MARK}~{generation:02}/")),
    }
}
