//! Verification for terminals, and their registration.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use items::rules::{Channel, Group, Word as _};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Routes};
use kernel::id::Id;
use kernel::law::{Refusal as _, Text};
use kernel::platform::App;
use kernel::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use crate::rules::Proof;
use crate::service::{self, Codes, NewTerminal, Presented, Verdict};

const TERMINALS: Access = Access::Roles(&[Role::Terminal]);
const OWNERS: Access = Access::Roles(&[Role::OutletManager, Role::DepartmentOfficer]);

pub(crate) fn routes() -> Routes {
    Routes::new("codes").api(TERMINALS, &[6, 14, 16, 18], routes!(verify)).api(
        OWNERS,
        &[15],
        routes!(register),
    )
}

/// What a terminal asks.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct VerifyBody {
    /// Code of one published item.
    #[schema(example = "CQ-CU-001")]
    item: String,
    /// Text of the QR code that the holder shows.
    #[serde(default)]
    #[schema(example = "CQ1:…")]
    code: String,
    /// Instead of a code: the line of a reader that read the physical card, `division|person
    /// number|card number|…|`.
    #[serde(default)]
    read: String,
    /// Instead of a code: a number from the card's face. Never sufficient alone (Art. 6).
    #[serde(default)]
    barcode: String,
    /// Six digits that the holder typed, for items that ask for them.
    #[serde(default)]
    password: String,
    /// The operator compared the person with the card.
    #[serde(default)]
    counter_check: bool,
}

/// The item that was asked for.
#[derive(Serialize, utoipa::ToSchema)]
struct ItemBody {
    code: String,
    /// The version in force on the day of the use.
    version: i64,
    name: String,
}

/// Yes or no, why, the item and its version, and only the item's fields.
#[derive(Serialize, utoipa::ToSchema)]
pub struct VerdictBody {
    /// `yes` or `no`.
    result: &'static str,
    /// Id of this use.
    #[schema(value_type = String)]
    id: Id,
    /// RFC 3339, UTC.
    at: String,
    /// What was proved: `card-face`, `code`, `code+password` or `card+counter-check`.
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<&'static str>,
    /// Stable code of the refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
    /// The refusal in plain words; with a yes, what whoever serves must see.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// With a yes: groups of the list that the register does not know (`disabled`, `farmers`, …). Serve when you
    /// have seen that the holder is of one of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    to_see: Vec<&'static str>,
    /// What to do now.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
    /// Article of the regulation behind the refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    article: Option<u8>,
    /// The item, when it is on the published list.
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<ItemBody>,
    /// The fields that the item discloses (Art. 18).
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    fields: serde_json::Map<String, serde_json::Value>,
}

fn body(verdict: Verdict) -> VerdictBody {
    let refused = verdict.result.err();
    let item = verdict.item.as_ref().map(|item| ItemBody {
        code: item.code.clone(),
        version: item.version,
        name: item.name.zh.clone(),
    });
    let fields = verdict.fields.into_iter();
    VerdictBody {
        result: if refused.is_none() { "yes" } else { "no" },
        id: verdict.id,
        at: verdict.at.rfc3339(),
        level: verdict.proof.map(Proof::code),
        why: refused.as_ref().map(|refused| refused.code()),
        text: refused
            .as_ref()
            .map(|refused| refused.reason().zh)
            .or_else(|| to_see(&verdict.to_see)),
        to_see: verdict.to_see.iter().map(|group| group.code()).collect(),
        advice: refused.as_ref().map(|refused| refused.advice().zh),
        article: refused.as_ref().and_then(|refused| refused.article()).map(|article| article.0),
        item,
        fields: fields.map(|(field, value)| (field.code().to_owned(), value.into())).collect(),
    }
}

fn to_see(groups: &[Group]) -> Option<String> {
    let names: Vec<String> = groups.iter().map(|group| group.name().zh).collect();
    (!names.is_empty()).then(|| format!("请核对持卡人属于：{}", names.join("、")))
}

/// Judges a card code for one published item. Each answer, yes or no, is on record for the holder.
#[utoipa::path(post, path = "/api/v1/verify", tag = "codes", request_body = VerifyBody,
    responses((status = 200, body = VerdictBody, description = "yes or no"),
        (status = 503, description = "busy: ask again")))]
async fn verify(
    Extension(codes): Extension<Arc<Codes>>,
    terminal: Actor,
    Json(asked): Json<VerifyBody>,
) -> Result<Json<VerdictBody>, Problem> {
    let presented = Presented {
        code: asked.code,
        read: asked.read,
        barcode: asked.barcode,
        password: asked.password,
        counter_check: asked.counter_check,
    };
    let verdict = codes.verify(terminal, &asked.item, &presented).await?;
    Ok(Json(body(verdict)))
}

/// A terminal to be registered for the caller's organisation.
#[derive(Deserialize, utoipa::ToSchema)]
struct TerminalBody {
    /// Where it stands, in words for the holder.
    place: String,
    /// Codes of the items it may ask for.
    items: Vec<String>,
    /// `counter`, `machine`, `gate`, `phone`, `website` or `visit`.
    #[serde(default = "counter")]
    channel: String,
    /// Division where it stands; the caller's when empty.
    #[serde(default)]
    division: String,
}

fn counter() -> String {
    Channel::Counter.code().to_owned()
}

/// A registered terminal.
#[derive(Serialize, utoipa::ToSchema)]
struct RegisteredBody {
    #[schema(value_type = String)]
    id: Id,
    /// Bearer token; shown once.
    token: String,
}

/// Registers a terminal of the caller's organisation (Art. 15).
#[utoipa::path(post, path = "/api/v1/terminals", tag = "codes", request_body = TerminalBody,
    responses((status = 200, body = RegisteredBody)))]
async fn register(
    State(app): State<App>,
    actor: Actor,
    Json(form): Json<TerminalBody>,
) -> Result<Json<RegisteredBody>, Problem> {
    let org = actor.org.ok_or_else(Problem::forbidden)?;
    let place = form.place.trim().to_owned();
    if place.is_empty() || place.chars().count() > 80 {
        let text = Text::new("请填写终端位置（80字以内）", "Where it stands, up to 80 letters");
        return Err(Problem::field("place", text));
    }
    let plain = |code: &String| {
        (1..=40).contains(&code.len())
            && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    if form.items.is_empty() || form.items.len() > 200 || !form.items.iter().all(plain) {
        let text = Text::new("请填写1至200个事项编码", "Between 1 and 200 item codes");
        return Err(Problem::field("items", text));
    }
    let channel = Channel::from_code(&form.channel);
    if channel.is_none() {
        let text = Text::new("没有这种终端类型", "There is no such kind of service point");
        return Err(Problem::field("channel", text));
    }
    let division =
        if form.division.is_empty() { actor.division.clone() } else { form.division.clone() };
    let new = NewTerminal { org, place, items: form.items, channel, division };
    let (id, token) = service::register_terminal(&app, &actor, new).await?;
    Ok(Json(RegisteredBody { id, token }))
}
