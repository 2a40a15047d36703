//! Holders of other regions at services here (Art. 7, 14, 18): the capability of regions brings them.

use std::sync::Arc;

use items::rules::Item;
use kernel::actor::Actor;
use kernel::db::DbError;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::{App, Platform, random};
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::rules::{self, CODE_S, Refused};
use crate::service::{List, issuer, known};
use crate::store::{self, Client, Grant, Request};

/// Somebody whom another region signed in: its name for him, and the fields of the item of the joint list
/// that it gave (Art. 7, 14, 18). Nothing else of him is kept here, and this no longer than the sign-in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Visitor {
    /// Region that issued his card (GB/T 2260).
    pub region: String,
    /// Its name for him at services of this sector.
    pub subject: String,
    /// Codes of fields and their values.
    pub fields: Vec<(String, String)>,
}

const VISITOR: &[u8] = b"signin visitor";

/// Lets a holder of another region in to the service of a request: the address to go to. On record without
/// him: who he is stands in the journal of his own region.
///
/// # Errors
/// The item is not on the joint list now, the request has ended, or the database's word.
pub async fn visit(
    app: &App,
    list: &List,
    request: &Request,
    guest: Visitor,
    (auth_time, level): (i64, i64),
) -> Result<String, Problem> {
    let (now, list, request, shared) = (Utc::now(), list.clone(), request.clone(), app.clone());
    let code = seal::token::from_random(&random::<32>());
    let issuer = issuer(app);
    let answers = [("code", code.as_str()), ("state", &request.asked.state), ("iss", &issuer)];
    let to = rules::redirect(&request.asked.redirect_uri, &answers);
    let (entry_id, digest, address) = (app.id(), seal::token::digest(&code), to.clone());
    app.db
        .write(move |tx| {
            let client = known(tx, &request.asked)?;
            let item = joint(&list, &client)?;
            let plain = serde_json::to_vec(&guest);
            let plain = plain.map_err(|error| DbError::Engine(error.to_string()))?;
            let given: Vec<String> = guest.fields.iter().map(|(code, _)| code.clone()).collect();
            let grant = Grant {
                code: digest,
                client: client.id.clone(),
                person: Id(0),
                redirect: request.asked.redirect_uri.clone(),
                challenge: request.asked.code_challenge.clone(),
                nonce: request.asked.nonce.clone(),
                fields: given.clone(),
                item_version: item.version,
                auth_time,
                level,
                visitor: Some(shared.keys.seal_field(&plain, VISITOR)),
                made_at: now,
                code_until: now.plus_seconds(CODE_S),
                used: false,
                token_until: None,
                revoked: false,
            };
            if !store::answer(tx, &request.id, None, &address)? {
                return Err(Refused::Over.into());
            }
            store::insert_grant(tx, &grant)?;
            let actor = Actor { name: guest.region.clone(), ..Actor::system() };
            let mut entry = Entry::new(entry_id, now, &actor, "signin.visitor", "Art. 7")
                .on("client", &client.id)
                .why(format!("异地持卡人登录 {}", client.name), &[]);
            entry.item = format!("{} v{}", item.code, item.version);
            entry.detail = json!({"region": guest.region, "fields": given});
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await?;
    Ok(to)
}

/// The item of a service, when a holder of another region may sign in for it.
///
/// # Errors
/// It is not on the list, or not on the joint one (Art. 14).
pub fn joint(list: &List, client: &Client) -> Result<Arc<Item>, Problem> {
    let item = list.item(client)?;
    codes::rules::check_joint(&item)?;
    Ok(item)
}

/// Whom another region signed in, of a sign-in; none when he is of this region.
pub(crate) fn of(app: &Platform, grant: &Grant) -> Result<Option<Visitor>, Problem> {
    let Some(sealed) = &grant.visitor else { return Ok(None) };
    let plain = app.keys.open_field(sealed, VISITOR);
    let read = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
    read.map(Some).ok_or_else(|| DbError::Unavailable("a sealed field".to_owned()).into())
}
