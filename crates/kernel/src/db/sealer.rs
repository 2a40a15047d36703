//! Sealed columns: what tells who somebody is stands encrypted in the database (PIPL Art. 51).
//!
//! A use case binds [`sealed`](super::sealed)`(text)` where it writes such a column or looks for its
//! value, and reads the column like any other. `=`, `IN`, joins and unique keys work on it; order,
//! `LIKE` and functions of SQL do not. An empty text stays empty.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use seal::column::{ColumnCipher, MARK};

use super::{DbError, Row, Value};

/// The cipher of one database; without one nothing sealed is written or read.
#[derive(Clone, Default)]
pub(super) struct Sealer(Arc<OnceLock<ColumnCipher>>);

impl Sealer {
    /// Takes the key; the first one stays.
    pub(super) fn set(&self, cipher: ColumnCipher) {
        let _ = self.0.set(cipher);
    }

    /// Parameters as the engine sees them.
    pub(super) fn close<'p, 'v>(
        &self,
        params: &'p [Value<'v>],
    ) -> Result<Cow<'p, [Value<'v>]>, DbError> {
        if !params.iter().any(Self::concerns) {
            return Ok(Cow::Borrowed(params));
        }
        params.iter().map(|value| self.close_one(value)).collect()
    }

    /// Many rows of parameters as the engine sees them.
    pub(super) fn close_rows<'p, 'v>(
        &self,
        rows: &'p [Vec<Value<'v>>],
    ) -> Result<Cow<'p, [Vec<Value<'v>>]>, DbError> {
        if !rows.iter().flatten().any(Self::concerns) {
            return Ok(Cow::Borrowed(rows));
        }
        rows.iter().map(|row| Ok(self.close(row)?.into_owned())).collect()
    }

    fn concerns(value: &Value<'_>) -> bool {
        match value {
            Value::Sealed(_) => true,
            Value::Text(text) => text.starts_with(MARK),
            _ => false,
        }
    }

    fn close_one<'v>(&self, value: &Value<'v>) -> Result<Value<'v>, DbError> {
        match value {
            Value::Sealed(text) if text.is_empty() => Ok(Value::Text(text.clone())),
            Value::Sealed(text) => Ok(Value::Text(self.cipher()?.seal(text).into())),
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
                let plain = self.0.get().and_then(|cipher| cipher.open(text).ok());
                let sealed = Value::Sealed(std::mem::take(text));
                *value = plain.map_or(sealed, |plain| Value::Text(plain.into()));
            }
        }
        rows
    }

    fn cipher(&self) -> Result<&ColumnCipher, DbError> {
        let missing = || DbError::Engine("the key of the sealed columns is not there".to_owned());
        self.0.get().ok_or_else(missing)
    }
}
