//! What other capabilities add to a person's copy of his data (Art. 18, 19).

use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::time::day_text;
use serde_json::{Value, json};
use sharing::rights::Section;

/// The further sections of the copy.
pub static SECTIONS: &[Section] = &[
    Section { key: "payments", collect: payments },
    Section { key: "complaints", collect: complaints },
    Section { key: "freezes", collect: freezes },
    Section { key: "representatives", collect: representatives },
];

/// Rows of one section; whoever has more asks for the rest.
const MOST: i64 = 10_000;

fn payments(tx: &mut Tx<'_>, people: &[Id]) -> Result<Value, DbError> {
    let mut all = Vec::new();
    for person in people {
        for one in funds::payments::store::payments::of_person(tx, *person, MOST)? {
            all.push(json!({
                "id": one.id.to_string(),
                "programme": one.programme.to_string(),
                "period": one.period,
                "fen": one.payment.fen,
                "state": one.payment.state.code(),
                "changed_at": one.changed_at.rfc3339(),
            }));
        }
    }
    Ok(Value::Array(all))
}

fn complaints(tx: &mut Tx<'_>, people: &[Id]) -> Result<Value, DbError> {
    let mut all = Vec::new();
    for person in people {
        for one in care::complaints::store::of_person(tx, *person)? {
            all.push(json!({"id": one.id.to_string(), "state": one.state.code()}));
        }
    }
    Ok(Value::Array(all))
}

fn freezes(tx: &mut Tx<'_>, people: &[Id]) -> Result<Value, DbError> {
    let mut all = Vec::new();
    for person in people {
        for one in people::freezes::store::of_person(tx, *person, MOST)? {
            all.push(json!({
                "id": one.id.to_string(),
                "scope": one.scope.code(),
                "source": one.source.code(),
                "in_force": one.in_force(),
            }));
        }
    }
    Ok(Value::Array(all))
}

fn representatives(tx: &mut Tx<'_>, people: &[Id]) -> Result<Value, DbError> {
    let all = people::representatives::store::of(tx, people)?;
    let row = |one: people::representatives::Representative| {
        json!({
            "relation": one.relation,
            "name": one.name,
            "from": day_text(one.from),
            "until": day_text(one.until),
            "ended": one.ended_at.is_some(),
        })
    };
    Ok(Value::Array(all.into_iter().map(row).collect()))
}
