//! A set of rows turned into one array per column: PostgreSQL takes the whole set in one statement,
//! whose text does not depend on the number of rows.

use tokio_postgres::types::ToSql;

use super::Value;

type Array<'a> = Box<dyn ToSql + Sync + 'a>;

/// Rows, column by column.
pub(super) struct Columns<'a> {
    /// The type of each column's array; none for a column that is NULL throughout.
    kinds: Vec<Option<&'static str>>,
    arrays: Vec<Array<'a>>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(rows: &'a [Vec<Value<'_>>]) -> Self {
        let width = rows.first().map_or(0, Vec::len);
        let (mut kinds, mut arrays) = (Vec::with_capacity(width), Vec::with_capacity(width));
        for place in 0..width {
            let first = rows.iter().map(|row| &row[place]).find(|value| **value != Value::Null);
            let (kind, array): (_, Array<'a>) = match first {
                Some(Value::Int(_)) => ("bigint[]", Box::new(column(rows, place, int))),
                Some(Value::Bool(_)) => ("boolean[]", Box::new(column(rows, place, bool))),
                Some(Value::Text(_) | Value::Sealed(_)) => {
                    ("text[]", Box::new(column(rows, place, text)))
                }
                Some(Value::Bytes(_)) => ("bytea[]", Box::new(column(rows, place, bytes))),
                Some(Value::Null) | None => {
                    kinds.push(None);
                    continue;
                }
            };
            kinds.push(Some(kind));
            arrays.push(array);
        }
        Self { kinds, arrays }
    }

    /// `SELECT c1, NULL, c2 FROM unnest($1::bigint[], $2::text[]) AS r (c1, c2)`.
    pub(super) fn select(&self) -> String {
        let (mut list, mut sources, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for kind in &self.kinds {
            let Some(kind) = kind else {
                list.push("NULL".to_owned());
                continue;
            };
            let number = names.len() + 1;
            sources.push(format!("${number}::{kind}"));
            names.push(format!("c{number}"));
            list.push(format!("c{number}"));
        }
        let (list, sources, names) = (list.join(", "), sources.join(", "), names.join(", "));
        format!("SELECT {list} FROM unnest({sources}) AS r ({names})")
    }

    pub(super) fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.arrays.iter().map(|array| array.as_ref() as _).collect()
    }
}

fn column<'a, T>(
    rows: &'a [Vec<Value<'_>>],
    place: usize,
    read: impl Fn(&'a Value<'_>) -> Option<T>,
) -> Vec<Option<T>> {
    rows.iter().map(|row| read(&row[place])).collect()
}

fn int(value: &Value<'_>) -> Option<i64> {
    if let Value::Int(number) = value { Some(*number) } else { None }
}

fn bool(value: &Value<'_>) -> Option<bool> {
    if let Value::Bool(truth) = value { Some(*truth) } else { None }
}

fn text<'a>(value: &'a Value<'_>) -> Option<&'a str> {
    if let Value::Text(text) = value { Some(text.as_ref()) } else { None }
}

fn bytes<'a>(value: &'a Value<'_>) -> Option<&'a [u8]> {
    if let Value::Bytes(bytes) = value { Some(bytes.as_ref()) } else { None }
}
