//! What a holder's app asks for its own key.

use axum::extract::State;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Path, Routes};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::device::{self, Issued};

const HOLDERS: Access = Access::Roles(&[Role::Holder]);

pub(crate) fn routes() -> Routes {
    Routes::new("codes")
        .api(HOLDERS, &[2, 16], routes!(list, enrol))
        .api(HOLDERS, &[2, 16], routes!(confirm))
        .api(HOLDERS, &[16, 20], routes!(end))
        .api(Access::Public, &[2, 16], routes!(renew))
}

fn unhex<const N: usize>(text: &str, field: &str) -> Result<[u8; N], Problem> {
    let bytes = hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| Problem::field(field, Text::new("十六进制格式不符", "Not in its form")))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct EnrolBody {
    /// Compressed SM2 point, 66 hexadecimal digits; the secret stays on the device.
    key: String,
    /// What the holder calls the device.
    #[serde(default)]
    name: String,
}

#[derive(Serialize, utoipa::ToSchema)]
struct AskedBody {
    /// A code was sent to the telephone of the account.
    #[schema(value_type = String)]
    id: Id,
}

#[derive(Serialize, utoipa::ToSchema)]
struct DeviceBody {
    #[schema(value_type = String)]
    id: Id,
    name: String,
    /// RFC 3339, UTC.
    bound_at: String,
}

#[derive(Deserialize, utoipa::ToSchema)]
struct ConfirmBody {
    /// Six digits from the message.
    code: String,
    /// Seconds since 1970 on the device's clock.
    at: i64,
    /// `r ‖ s` over `bind <id> <at>` with the signer id `yikatong-holder-device`, 128 digits.
    signature: String,
}

#[derive(Deserialize, utoipa::ToSchema)]
struct ProofBody {
    /// Seconds since 1970; later than in the proof before.
    at: i64,
    /// `r ‖ s` over `renew <id> <at>`, 128 digits.
    signature: String,
}

#[derive(Serialize, utoipa::ToSchema)]
struct IssuedBody {
    /// Fields 1–9 of a code (docs/card-code.md), 240 hexadecimal digits.
    credential: String,
    /// Last second.
    expires_at: i64,
}

fn issued(issued: &Issued) -> Json<IssuedBody> {
    let credential = hex::encode(&issued.signed);
    Json(IssuedBody { credential, expires_at: issued.expires_at })
}

/// The devices that are bound.
#[utoipa::path(get, path = "/api/v1/me/devices", tag = "codes",
    responses((status = 200, body = Vec<DeviceBody>)))]
async fn list(State(app): State<App>, holder: Actor) -> Result<Json<Vec<DeviceBody>>, Problem> {
    let body = |device: device::Device| DeviceBody {
        id: device.id,
        name: device.name,
        bound_at: device.bound_at.map(|at| at.rfc3339()).unwrap_or_default(),
    };
    Ok(Json(device::list(&app, &holder).await?.into_iter().map(body).collect()))
}

/// A device's key is to be bound; a code goes to the telephone of the account.
#[utoipa::path(post, path = "/api/v1/me/devices", tag = "codes", request_body = EnrolBody,
    responses((status = 200, body = AskedBody), (status = 409, description = "no card, no telephone, or too many")))]
async fn enrol(
    State(app): State<App>,
    holder: Actor,
    Json(asked): Json<EnrolBody>,
) -> Result<Json<AskedBody>, Problem> {
    let key: [u8; 33] = unhex(&asked.key, "key")?;
    Ok(Json(AskedBody { id: device::enrol(&app, &holder, &key, &asked.name).await? }))
}

/// The code from the telephone and the device's proof bind it; the answer is its first credential.
#[utoipa::path(post, path = "/api/v1/me/devices/{id}/confirm", tag = "codes",
    params(("id" = String, Path)), request_body = ConfirmBody,
    responses((status = 200, body = IssuedBody), (status = 422, description = "wrong code")))]
async fn confirm(
    State(app): State<App>,
    holder: Actor,
    Path(id): Path<Id>,
    Json(asked): Json<ConfirmBody>,
) -> Result<Json<IssuedBody>, Problem> {
    let proof = (asked.at, unhex(&asked.signature, "signature")?);
    Ok(issued(&device::confirm(&app, &holder, id, &asked.code, proof).await?))
}

/// A fresh credential for a bound device, which proves itself by its key.
#[utoipa::path(post, path = "/api/v1/devices/{id}/credential", tag = "codes",
    params(("id" = String, Path)), request_body = ProofBody,
    responses((status = 200, body = IssuedBody), (status = 403, description = "the proof does not hold")))]
async fn renew(
    State(app): State<App>,
    Path(id): Path<Id>,
    Json(asked): Json<ProofBody>,
) -> Result<Json<IssuedBody>, Problem> {
    let proof = (asked.at, unhex(&asked.signature, "signature")?);
    Ok(issued(&device::renew(&app, id, proof).await?))
}

#[derive(Serialize, utoipa::ToSchema)]
struct EndedBody {
    ended: bool,
}

/// Ends a device at once: a telephone that was lost or sold.
#[utoipa::path(post, path = "/api/v1/me/devices/{id}/end", tag = "codes",
    params(("id" = String, Path)), responses((status = 200, body = EndedBody)))]
async fn end(
    State(app): State<App>,
    holder: Actor,
    Path(id): Path<Id>,
) -> Result<Json<EndedBody>, Problem> {
    device::end(&app, &holder, id).await?;
    Ok(Json(EndedBody { ended: true }))
}
