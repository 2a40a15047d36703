//! What terminals ask the platform (`docs/terminals.md`).

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use items::rules::{Area, Item, Word as _};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Routes};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::journal;
use super::rules::{Line, Refused};
use super::service::{self, working};
use super::store::{self, Beat};
use crate::refusals::{Kind, Telling};
use crate::service::Codes;
use crate::{cq1, refusals};

const TERMINALS: Access = Access::Roles(&[Role::Terminal]);
/// The most lines of one upload.
const MOST_LINES: usize = 500;

pub(super) fn routes() -> Routes {
    Routes::new("codes")
        .api(Access::Public, &[15], routes!(enrol))
        .api(TERMINALS, &[15], routes!(renew))
        .api(TERMINALS, &[15], routes!(heartbeat))
        .api(TERMINALS, &[14, 15, 18], routes!(items))
        .api(TERMINALS, &[14, 15, 17], routes!(regions))
        .api(TERMINALS, &[15, 20], routes!(upload))
        .api(TERMINALS, &[15, 25], routes!(refusal))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    let whole = text.len().is_multiple_of(2) && text.len() <= 256 && text.is_ascii();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    if whole { pairs.map(byte).collect() } else { None }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Deserialize, utoipa::ToSchema)]
struct EnrolBody {
    /// The one-time code.
    code: String,
    /// Compressed SM2 point, 66 hexadecimal digits.
    key: String,
    /// Version of its program.
    #[serde(default)]
    firmware: String,
}

#[derive(Serialize, utoipa::ToSchema)]
struct EnrolledBody {
    #[schema(value_type = String)]
    id: Id,
    /// Bearer token.
    token: String,
    /// Until when it is good, seconds since 1970.
    token_until: i64,
    /// Six digits.
    region: String,
    /// Public key of the root of CQ1.
    root: String,
    place: String,
}

/// A terminal enrols with the code that its owner was shown; the code is good once.
#[utoipa::path(post, path = "/api/v1/terminals/enrol", tag = "codes", request_body = EnrolBody,
    responses((status = 200, body = EnrolledBody), (status = 403, description = "wrong code")))]
async fn enrol(
    State(app): State<App>,
    Json(asked): Json<EnrolBody>,
) -> Result<Json<EnrolledBody>, Problem> {
    cq1::keys::ensure(&app).await?;
    let key = unhex(&asked.key).ok_or(Refused::Key)?;
    let enrolled = service::enrol(&app, &asked.code, &key, &asked.firmware).await?;
    let root = cq1::keys::root(&app)?.to_compressed();
    Ok(Json(EnrolledBody {
        id: enrolled.id,
        token: enrolled.token,
        token_until: enrolled.until.seconds(),
        region: app.config.region.clone(),
        root: hex(&root),
        place: enrolled.place,
    }))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct RenewBody {
    /// Seconds since 1970 on the terminal's clock.
    at: i64,
    /// `r ‖ s` over `renew <id> <at>` with the signer id `yikatong-terminal`, 128 hexadecimal digits.
    signature: String,
}

#[derive(Serialize, utoipa::ToSchema)]
struct TokenBody {
    token: String,
    token_until: i64,
}

/// A new token for a terminal that proves its key; the old one ends in ten minutes.
#[utoipa::path(post, path = "/api/v1/terminals/renew", tag = "codes", request_body = RenewBody,
    responses((status = 200, body = TokenBody)))]
async fn renew(
    State(app): State<App>,
    terminal: Actor,
    Json(asked): Json<RenewBody>,
) -> Result<Json<TokenBody>, Problem> {
    let signature = unhex(&asked.signature).ok_or(Refused::Proof)?;
    let (token, until) = service::renew(&app, &terminal, asked.at, &signature).await?;
    Ok(Json(TokenBody { token, token_until: until.seconds() }))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct BeatBody {
    #[serde(default)]
    firmware: String,
    /// Its clock, seconds since 1970.
    clock: i64,
    #[serde(default)]
    keys_serial: i64,
    #[serde(default)]
    status_serial: i64,
    /// When its status list was issued.
    #[serde(default)]
    status_issued_at: i64,
    /// Lines of its journal that wait.
    #[serde(default)]
    waiting: i64,
    /// What is broken.
    #[serde(default)]
    faults: Vec<String>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct BeatAnswer {
    /// The platform's clock.
    at: i64,
    /// It must not work.
    blocked: bool,
    /// Newest serials, so that the terminal knows what to fetch.
    keys_serial: i64,
    status_serial: i64,
    items_serial: i64,
    /// Its clock less the platform's.
    skew_s: i64,
}

/// A terminal says how it is. A blocked one is told so, with status 200.
#[utoipa::path(post, path = "/api/v1/terminals/heartbeat", tag = "codes", request_body = BeatBody,
    responses((status = 200, body = BeatAnswer)))]
async fn heartbeat(
    State(app): State<App>,
    Extension(codes): Extension<Arc<Codes>>,
    terminal: Actor,
    Json(asked): Json<BeatBody>,
) -> Result<Json<BeatAnswer>, Problem> {
    let at = Utc::now().seconds();
    let skew_s = asked.clock.saturating_sub(at);
    let faults: String = asked.faults.join(",").chars().take(200).collect();
    let beat = Beat {
        firmware: asked.firmware.chars().take(40).collect(),
        skew_s,
        keys_serial: asked.keys_serial,
        status_serial: asked.status_serial,
        status_issued_at: asked.status_issued_at,
        waiting: asked.waiting.max(0),
        faults,
    };
    let blocked = service::beat(&app, &terminal, beat).await?;
    let serial = |kind: &'static str| {
        let read = app.db.read(move |tx| Ok::<_, Problem>(cq1::store::list(tx, kind)?));
        async move { Ok::<_, Problem>(read.await?.map_or(0, |list| list.serial)) }
    };
    let (keys_serial, status_serial) = (serial("keys").await?, serial("status").await?);
    let items_serial = list_of(&app, &codes, &terminal).await?.serial;
    Ok(Json(BeatAnswer { at, blocked, keys_serial, status_serial, items_serial, skew_s }))
}

#[derive(Serialize, utoipa::ToSchema)]
struct OfflineBody {
    /// Uses of one card in a day without a network; 0 forbids it.
    count: i64,
    /// Greatest age of the status list, seconds.
    list_s: i64,
    /// Whether emergency codes are taken.
    emergency: bool,
}

#[derive(Serialize, utoipa::ToSchema)]
struct ItemBody {
    code: String,
    version: i64,
    name_zh: String,
    name_en: String,
    /// Proof that it needs: `code`, `code+password`, `card`.
    level: &'static str,
    /// Capability that a code must have: `identity`, `transit`, `library`, `venue`, `access`.
    capability: &'static str,
    scene: i64,
    /// On the joint list: cards of the other region are taken too.
    joint: bool,
    /// Groups that it is for (`elderly`, `disabled`, …); without a network whoever serves sees to it.
    groups: Vec<&'static str>,
    groups_zh: Vec<String>,
    offline: OfflineBody,
    from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct ItemsBody {
    /// Another number means another list.
    serial: i64,
    issued_at: i64,
    items: Vec<ItemBody>,
}

fn item_body(item: &Item) -> ItemBody {
    let capability = match item.area {
        Area::Transport => "transit",
        Area::Culture => "library",
        Area::Tourism => "venue",
        _ => "identity",
    };
    let offline = item.details.offline;
    ItemBody {
        code: item.code.clone(),
        version: item.version,
        name_zh: item.name.zh.clone(),
        name_en: item.name.en.clone(),
        level: item.level.code(),
        capability,
        scene: 0,
        joint: crate::rules::check_joint(item).is_ok(),
        groups: item.details.groups.iter().map(|group| group.code()).collect(),
        groups_zh: item.details.groups.iter().map(|group| group.name().zh).collect(),
        offline: OfflineBody {
            count: offline.count,
            list_s: offline.list_hours * 3_600,
            emergency: offline.count > 0 && capability != "identity",
        },
        from: day_text(item.from),
        until: item.until.map(day_text),
    }
}

async fn list_of(app: &App, codes: &Codes, terminal: &Actor) -> Result<ItemsBody, Problem> {
    let now = Utc::now();
    let id = terminal.account;
    let found = app.db.read(move |tx| Ok::<_, Problem>(store::one(tx, id)?)).await?;
    let granted = found.ok_or(Refused::Unknown)?.items;
    let granted = granted.split(',').filter(|code| !code.is_empty());
    let items: Vec<ItemBody> =
        granted.filter_map(|code| codes.item(code, now.day())).map(|i| item_body(&i)).collect();
    let word = |i: &ItemBody| format!("{} {} {};", i.code, i.version, i.joint);
    let text: String = items.iter().map(word).collect();
    let [a, b, c, d, ..] = seal::sm3::sm3(text.as_bytes());
    let serial = i64::from(u32::from_be_bytes([a, b, c, d]));
    Ok(ItemsBody { serial, issued_at: now.seconds(), items })
}

/// The items that this terminal may ask for, as they are in force today. With `If-None-Match` the whole is
/// sent only when it is another one.
#[utoipa::path(get, path = "/api/v1/terminals/items", tag = "codes",
    responses((status = 200, body = ItemsBody), (status = 304, description = "the same")))]
async fn items(
    State(app): State<App>,
    Extension(codes): Extension<Arc<Codes>>,
    terminal: Actor,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    working(&app, &terminal).await?;
    let list = list_of(&app, &codes, &terminal).await?;
    let tag = format!("\"{}\"", list.serial);
    let held = asked.get(header::IF_NONE_MATCH);
    let has = held.is_some_and(|given| given.as_bytes() == tag.as_bytes());
    let headers = [(header::ETAG, tag)];
    match has {
        true => Ok((StatusCode::NOT_MODIFIED, headers).into_response()),
        false => Ok((headers, Json(list)).into_response()),
    }
}

#[derive(Serialize, utoipa::ToSchema)]
struct RegionBody {
    /// Six digits.
    region: String,
    /// Public key of its root of CQ1.
    root: String,
}

#[derive(Serialize, utoipa::ToSchema)]
struct RegionsBody {
    regions: Vec<RegionBody>,
}

/// The regions whose cards are taken for items of the joint list, with the roots of their key lists. The
/// lists are at `/api/v1/cq1/regions/{region}/keys` and `/status`.
#[utoipa::path(get, path = "/api/v1/terminals/regions", tag = "codes",
    responses((status = 200, body = RegionsBody)))]
async fn regions(State(app): State<App>, terminal: Actor) -> Result<Json<RegionsBody>, Problem> {
    working(&app, &terminal).await?;
    let held = app.db.read(|tx| Ok::<_, Problem>(cq1::abroad::held(tx)?)).await?;
    let body =
        |held: cq1::abroad::Neighbour| RegionBody { region: held.region, root: hex(&held.root) };
    Ok(Json(RegionsBody { regions: held.into_iter().map(body).collect() }))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct LineBody {
    /// Counts from 1 without gaps.
    seq: i64,
    /// Seconds since 1970 on the terminal's clock.
    at: i64,
    item: String,
    #[serde(default)]
    item_version: i64,
    /// `ok`, or the refusal.
    result: String,
    #[serde(default)]
    status_serial: i64,
    code: String,
    /// SM3(link before ‖ `seq|at|item|item_version|result|status_serial|code`), 64 hexadecimal digits.
    link: String,
}

#[derive(Deserialize, utoipa::ToSchema)]
struct UploadBody {
    /// At most 500.
    entries: Vec<LineBody>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct DoubleBody {
    seq: i64,
    why: String,
}

#[derive(Serialize, utoipa::ToSchema)]
struct TakenBody {
    /// The last line that the platform has.
    accepted_to: i64,
    /// Lines that must not be; each is an alarm.
    doubles: Vec<DoubleBody>,
}

/// Takes the journal of a terminal that was without a network. The same lines again change nothing.
#[utoipa::path(post, path = "/api/v1/terminals/journal", tag = "codes", request_body = UploadBody,
    responses((status = 200, body = TakenBody), (status = 409, description = "a gap, or a broken chain")))]
async fn upload(
    State(app): State<App>,
    Extension(codes): Extension<Arc<Codes>>,
    terminal: Actor,
    Json(asked): Json<UploadBody>,
) -> Result<Json<TakenBody>, Problem> {
    let wrong = |zh: &str, en: &str| Problem::field("entries", Text::new(zh, en));
    if asked.entries.len() > MOST_LINES {
        return Err(wrong("每次最多500条", "At most 500 at a time"));
    }
    let read = |line: LineBody| {
        let link: [u8; 32] = unhex(&line.link)?.try_into().ok()?;
        let short = line.item.len() <= 40 && line.result.len() <= 60 && line.code.len() <= 512;
        let LineBody { seq, at, item, item_version, result, status_serial, code, .. } = line;
        let line = Line { seq, at, item, item_version, result, status_serial, code };
        (short && (0..=4_294_967_295).contains(&at)).then_some((line, link))
    };
    let lines: Option<Vec<_>> = asked.entries.into_iter().map(read).collect();
    let lines = lines.ok_or_else(|| wrong("有记录格式不符", "A line is not in its form"))?;
    let taken = journal::upload(&app, &codes, &terminal, lines).await?;
    let double = |(seq, why): (i64, String)| DoubleBody { seq, why };
    let doubles = taken.doubles.into_iter().map(double).collect();
    Ok(Json(TakenBody { accepted_to: taken.to, doubles }))
}

/// Reasons of an operator who does not accept a card, in words.
const REASONS: [(&str, &str); 6] = [
    ("no-device", "没有可用的读卡扫码设备"),
    ("operator-unsure", "操作员不确定能否受理"),
    ("card-unreadable", "卡或码无法读取"),
    ("person-mismatch", "人卡不符"),
    ("system-down", "系统故障"),
    ("other", "其他"),
];

#[derive(Deserialize, utoipa::ToSchema)]
struct RefusalBody {
    /// Seconds since 1970.
    at: i64,
    /// Item code; may be empty.
    #[serde(default)]
    item: String,
    /// `no-device`, `operator-unsure`, `card-unreadable`, `person-mismatch`, `system-down`, `other`.
    reason: String,
    #[serde(default)]
    note: String,
    /// The terminal's own number of it, at most 64 characters: sent again it is the same refusal.
    #[serde(default)]
    id: String,
}

#[derive(Serialize, utoipa::ToSchema)]
struct RefusalAnswer {
    #[schema(value_type = String)]
    id: Id,
}

/// An operator did not accept a card; it is counted and looked into (Art. 25(2)).
#[utoipa::path(post, path = "/api/v1/terminals/refusals", tag = "codes", request_body = RefusalBody,
    responses((status = 200, body = RefusalAnswer)))]
async fn refusal(
    State(app): State<App>,
    terminal: Actor,
    Json(asked): Json<RefusalBody>,
) -> Result<Json<RefusalAnswer>, Problem> {
    let known = REASONS.iter().find(|(code, _)| *code == asked.reason);
    let text = || Text::new("没有这个原因", "There is no such reason");
    let (_, reason) = known.ok_or_else(|| Problem::field("reason", text()))?;
    if asked.id.len() > 64 {
        return Err(Problem::field("id", Text::new("编号过长", "The number is too long")));
    }
    let registered = working(&app, &terminal).await?;
    let now = Utc::now();
    let at = Utc(asked.at.clamp(0, now.seconds()).saturating_mul(Utc::SECOND));
    let note: String = asked.note.chars().take(200).collect();
    let told = Telling {
        kind: Kind::Refused.code().to_owned(),
        item: asked.item.chars().take(40).collect(),
        place: registered.place,
        division: registered.division,
        day: day_text(at.day()),
        reason: format!("{reason} {note}").trim().to_owned(),
    };
    let key = Some(asked.id).filter(|key| !key.is_empty());
    Ok(Json(RefusalAnswer { id: refusals::tell_once(&app, Some(&terminal), &told, key).await? }))
}
