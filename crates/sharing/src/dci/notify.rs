//! Changes of watched persons as the Social Registry API tells them: `registry/notify`.

use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use serde_json::{Value, json};

use super::envelope::{AnswerHeader, VERSION};
use super::store;
use crate::pushes::rules::Body;

/// Where changes go, below the agreement's address.
pub(crate) const PATH: &str = "/registry/notify";

/// A subscription through this API.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    /// Its code.
    pub(crate) code: String,
    /// Kind of register that was asked for.
    pub(crate) reg_type: String,
}

/// The subscription under which a person is watched; none when the watch began in another way.
///
/// # Errors
/// See [`DbError`].
pub(crate) fn subscription(
    tx: &mut Tx<'_>,
    agreement: Id,
    person: Id,
) -> Result<Option<Subscription>, DbError> {
    store::watched_by(tx, agreement, person)
}

/// The signed message; its id is the same at each attempt.
///
/// # Errors
/// The key store does not answer.
pub(crate) fn message(app: &App, one: &Subscription, body: &Body) -> Result<String, Problem> {
    let id = body.id.to_string();
    let mut header = AnswerHeader::new(&id, "", "notify", 1, None);
    "notify".clone_into(&mut header.action);
    header.meta = Some(json!({ "sequence": body.sequence }));
    let pair = |(key, value): (&String, &String)| json!({ "key": key, "value": value });
    let attributes: Vec<Value> = body.changes.iter().map(pair).collect();
    let message = json!({
        "transaction_id": id,
        "notify_event": [{
            "reference_id": one.code, "timestamp": body.at,
            "data": {
                "version": VERSION, "reg_type": one.reg_type,
                "reg_record_type": "yikatong:agreed-fields",
                "reg_records": {
                    "member_identifier": [{ "identifier_type": "yikatong-pseudonym",
                        "identifier_value": body.pseudonym }],
                    "additional_attributes": attributes,
                },
            },
            "locale": "zh",
        }],
    });
    super::service::signed(app, &header, &message)
}
