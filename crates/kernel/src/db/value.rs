//! Values that go into a statement and rows that come out, the same for both engines.

use std::borrow::Cow;

use super::DbError;
use crate::id::Id;
use crate::time::Utc;

/// A parameter or a column. Both engines know these five, nothing else is stored.
#[derive(Clone, PartialEq, Debug)]
pub enum Value<'a> {
    /// SQL NULL.
    Null,
    /// `BIGINT`: ids, times in UTC microseconds, money in fen, counts.
    Int(i64),
    /// `BOOLEAN`; SQLite keeps it as 0 or 1.
    Bool(bool),
    /// `TEXT`, also for JSON.
    Text(Cow<'a, str>),
    /// `TEXT` that is encrypted before the engine sees it: see [`sealed`].
    Sealed(Cow<'a, str>),
    /// `BYTEA`.
    Bytes(Cow<'a, [u8]>),
}

/// A parameter: `tx.execute(SQL, &[v(id), v(name)])`.
pub fn v<'a>(value: impl Into<Value<'a>>) -> Value<'a> {
    value.into()
}

/// A parameter that tells who somebody is (number, name, telephone, address, account), or is looked
/// for in such a column. It is read back like any other text; equal texts are equal in the database,
/// but have no order there.
pub fn sealed<'a>(text: impl Into<Cow<'a, str>>) -> Value<'a> {
    Value::Sealed(text.into())
}

impl Value<'_> {
    /// The same value without borrowed parts.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::Null => Value::Null,
            Value::Int(n) => Value::Int(n),
            Value::Bool(b) => Value::Bool(b),
            Value::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Value::Sealed(text) => Value::Sealed(Cow::Owned(text.into_owned())),
            Value::Bytes(bytes) => Value::Bytes(Cow::Owned(bytes.into_owned())),
        }
    }
}

impl From<i64> for Value<'_> {
    fn from(n: i64) -> Self {
        Value::Int(n)
    }
}
impl From<bool> for Value<'_> {
    fn from(b: bool) -> Self {
        Value::Bool(b)
    }
}
impl From<Id> for Value<'_> {
    fn from(id: Id) -> Self {
        Value::Int(id.0)
    }
}
impl From<Utc> for Value<'_> {
    fn from(at: Utc) -> Self {
        Value::Int(at.0)
    }
}
impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::Text(Cow::Borrowed(text))
    }
}
impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Value::Text(Cow::Borrowed(text))
    }
}
impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Value::Text(Cow::Owned(text))
    }
}
impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Value::Bytes(Cow::Borrowed(bytes))
    }
}
impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Value::Bytes(Cow::Borrowed(bytes))
    }
}
impl From<Vec<u8>> for Value<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Value::Bytes(Cow::Owned(bytes))
    }
}
impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// A type that a column can be read as.
pub trait FromValue: Sized {
    /// `None` when the stored value is of another type.
    fn from_value(value: &Value<'static>) -> Option<Self>;
}

impl FromValue for i64 {
    fn from_value(value: &Value<'static>) -> Option<Self> {
        match value {
            Value::Int(n) => Some(*n),
            _ => None,
        }
    }
}
impl FromValue for bool {
    fn from_value(value: &Value<'static>) -> Option<Self> {
        match value {
            Value::Bool(b) => Some(*b),
            Value::Int(n) => Some(*n != 0),
            _ => None,
        }
    }
}
impl FromValue for String {
    fn from_value(value: &Value<'static>) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.clone().into_owned()),
            _ => None,
        }
    }
}
impl FromValue for Vec<u8> {
    fn from_value(value: &Value<'static>) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes.clone().into_owned()),
            _ => None,
        }
    }
}
impl<const N: usize> FromValue for [u8; N] {
    fn from_value(value: &Value<'static>) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => bytes.as_ref().try_into().ok(),
            _ => None,
        }
    }
}
impl FromValue for Id {
    fn from_value(value: &Value<'static>) -> Option<Self> {
        i64::from_value(value).map(Id)
    }
}
impl FromValue for Utc {
    fn from_value(value: &Value<'static>) -> Option<Self> {
        i64::from_value(value).map(Utc)
    }
}
impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value<'static>) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            other => T::from_value(other).map(Some),
        }
    }
}

/// One row of an answer; columns are read by their place in the `SELECT`.
#[derive(Clone, Debug)]
pub struct Row(pub(super) Vec<Value<'static>>);

impl Row {
    /// The column at `index`, counted from 0.
    ///
    /// # Errors
    /// [`DbError::Column`] when there is no such column or its type differs: a fault of the query.
    /// [`DbError::OtherKey`] when it is sealed and cannot be opened.
    pub fn get<T: FromValue>(&self, index: usize) -> Result<T, DbError> {
        match self.0.get(index) {
            Some(Value::Sealed(_)) => Err(DbError::OtherKey { index }),
            found => found.and_then(T::from_value).ok_or(DbError::Column { index }),
        }
    }
}
