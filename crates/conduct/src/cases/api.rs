//! Cases for programs: reports, the file, steps, evidence, one's own cases.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{FileBody, Json, Path, Query, Routes};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::day_text;
use people::evidence::rules::LARGEST;
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::rules::{Act, CLAUSES, Party};
use super::service::{self, File, More, Own, Sent, Status, Telling, Told};
use super::store::{Filter, Line};

/// Who handles cases.
pub(super) const HANDLERS: &[Role] = &[
    Role::DistrictOfficer,
    Role::DistrictApprover,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
];
/// Who sees the list, which tells of nobody.
pub(super) const READERS: &[Role] = &[
    Role::DistrictOfficer,
    Role::DistrictApprover,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
    Role::Auditor,
];
const HANDLER: Access = Access::Roles(HANDLERS);
/// Who enters what an office found: the auditor hands it in and handles nothing.
pub(super) const ENTERERS: &[Role] = READERS;

pub(super) fn routes() -> Routes {
    Routes::new("conduct")
        .api(Access::Public, &[24, 25], routes!(clauses))
        .api(Access::Public, &[22, 24, 25], routes!(report))
        .api(Access::Public, &[22], routes!(status))
        .api(Access::Public, &[22], routes!(more))
        .api(Access::Roles(READERS), &[26], routes!(list))
        .api(Access::Roles(ENTERERS), &[24, 25, 26], routes!(enter))
        .api(HANDLER, &[26], routes!(open))
        .api(HANDLER, &[26, 27], routes!(act))
        .api(HANDLER, &[25, 26], routes!(successors))
        .api(Access::SignedIn, &[26], routes!(own))
        .api(Access::SignedIn, &[26], routes!(respond))
        .merge(evidence())
}

/// Bodies that are files may be larger.
fn evidence() -> Routes {
    Routes::new("conduct")
        .api(HANDLER, &[26], routes!(add_evidence))
        .api(HANDLER, &[19, 26], routes!(read_evidence))
        .bodies(LARGEST + 1_024)
}

/// A prohibition of Art. 24 or 25.
#[derive(Serialize, utoipa::ToSchema)]
struct ClauseBody {
    /// `24.1` is Art. 24 (一).
    code: &'static str,
    article: u8,
    number: u8,
    zh: &'static str,
    en: &'static str,
    /// Whom it can be laid to.
    parties: [&'static str; 2],
    /// Laws that often set a penalty already (Art. 27).
    other_laws: &'static str,
}

/// All prohibitions with whom they concern.
#[utoipa::path(get, path = "/api/v1/clauses", tag = "conduct",
    responses((status = 200, body = [ClauseBody])))]
async fn clauses() -> Json<Vec<ClauseBody>> {
    let body = |clause: &super::rules::Clause| ClauseBody {
        code: clause.code,
        article: clause.article,
        number: clause.number,
        zh: clause.zh,
        en: clause.en,
        parties: clause.parties().map(Party::code),
        other_laws: clause.other_laws,
    };
    Json(CLAUSES.iter().map(body).collect())
}

/// Reports a violation, with or without a name. The answer is the only time the code is shown.
#[utoipa::path(post, path = "/api/v1/reports", tag = "conduct", request_body = Telling,
    responses((status = 200, body = Told)))]
async fn report(
    State(app): State<App>,
    actor: Result<Actor, Problem>,
    Json(told): Json<Telling>,
) -> Result<Json<Told>, Problem> {
    Ok(Json(service::report(&app, actor.ok().as_ref(), &told).await?))
}

/// How a report stands. The code is in the body, so that no log holds it.
#[utoipa::path(post, path = "/api/v1/reports/status", tag = "conduct", request_body = More,
    responses((status = 200, body = Status), (status = 404, description = "number or code wrong")))]
async fn status(State(app): State<App>, Json(asked): Json<More>) -> Result<Json<Status>, Problem> {
    Ok(Json(service::status(&app, &asked.number, &asked.code).await?))
}

/// The reporter adds something.
#[utoipa::path(post, path = "/api/v1/reports/more", tag = "conduct", request_body = More,
    responses((status = 200, body = Status)))]
async fn more(State(app): State<App>, Json(told): Json<More>) -> Result<Json<Status>, Problem> {
    service::more(&app, &told).await?;
    Ok(Json(service::status(&app, &told.number, &told.code).await?))
}

/// A case without persons.
#[derive(Serialize, utoipa::ToSchema)]
struct LineBody {
    #[schema(value_type = String)]
    id: Id,
    number: String,
    source: &'static str,
    clause: String,
    division: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<String>,
}

fn line(line: &Line) -> LineBody {
    LineBody {
        id: line.id,
        number: line.number.clone(),
        source: line.source.code(),
        clause: line.clause.clone(),
        division: line.division.clone(),
        state: line.state.code(),
        due: line.due.map(day_text),
    }
}

/// Cases of the caller's area; the newest 200 that fit.
#[utoipa::path(get, path = "/api/v1/cases", tag = "conduct",
    params(("state" = Option<String>, Query), ("clause" = Option<String>, Query),
        ("source" = Option<String>, Query), ("division" = Option<String>, Query)),
    responses((status = 200, body = [LineBody])))]
async fn list(
    State(app): State<App>,
    actor: Actor,
    Query(filter): Query<Filter>,
) -> Result<Json<Vec<LineBody>>, Problem> {
    let lines = service::list(&app, &actor, filter, Id(i64::MAX), 200).await?;
    Ok(Json(lines.iter().map(line).collect()))
}

/// A case from an alert, a refusal, a complaint or an entry of the journal.
#[derive(Deserialize, utoipa::ToSchema)]
struct EnterBody {
    /// `refusal:0abc…`.
    from: String,
    #[serde(flatten)]
    told: Telling,
}

#[derive(Serialize, utoipa::ToSchema)]
struct EnteredBody {
    #[schema(value_type = String)]
    id: Id,
}

/// Opens a case from something the platform knows.
#[utoipa::path(post, path = "/api/v1/cases", tag = "conduct", request_body = EnterBody,
    responses((status = 200, body = EnteredBody), (status = 409, description = "known already")))]
async fn enter(
    State(app): State<App>,
    actor: Actor,
    Json(body): Json<EnterBody>,
) -> Result<Json<EnteredBody>, Problem> {
    let id = service::from_office(&app, &actor, &body.from, &body.told).await?;
    Ok(Json(EnteredBody { id }))
}

/// The file of a case.
#[derive(Serialize, utoipa::ToSchema)]
struct FileBodyOut {
    #[schema(value_type = String)]
    id: Id,
    number: String,
    state: &'static str,
    clause: String,
    party: &'static str,
    words: String,
    respondent: String,
    notice: String,
    reply: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<String>,
    evidence: Vec<EvidenceBody>,
    decisions: Vec<DecisionBody>,
    /// What the caller can do now.
    acts: Vec<&'static str>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct EvidenceBody {
    #[schema(value_type = String)]
    id: Id,
    title: String,
    media: String,
    size: i64,
    /// SM3 of the content, in hexadecimal.
    sm3: String,
}

#[derive(Serialize, utoipa::ToSchema)]
struct DecisionBody {
    round: i64,
    state: String,
    kind: &'static str,
    clause: String,
    /// Version of the regulation of that day.
    regulation: String,
    basis: String,
    other_law: String,
    authority: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    correct_by: Option<String>,
    reasons: String,
}

fn decision((round, reasons): &(super::store::Round, String)) -> DecisionBody {
    DecisionBody {
        round: round.round,
        state: round.state.clone(),
        kind: round.kind.code(),
        clause: round.clause.clone(),
        regulation: round.regulation.clone(),
        basis: round.basis.clone(),
        other_law: round.other_law.clone(),
        authority: round.authority.clone(),
        correct_by: round.correct_by.map(day_text),
        reasons: reasons.clone(),
    }
}

fn file(file: &File) -> FileBodyOut {
    let case = &file.case;
    let piece = |(piece, title): &(super::store::Piece, String)| EvidenceBody {
        id: piece.id,
        title: title.clone(),
        media: piece.media.clone(),
        size: piece.size,
        sm3: hex::encode(&piece.digest),
    };
    FileBodyOut {
        id: case.id,
        number: case.number.clone(),
        state: case.state.code(),
        clause: case.clause.clone(),
        party: case.about.party.map_or("", Party::code),
        words: file.words.clone(),
        respondent: file.respondent.clone(),
        notice: file.notice.clone(),
        reply: file.reply.clone(),
        due: case.due.map(day_text),
        evidence: file.pieces.iter().map(piece).collect(),
        decisions: file.rounds.iter().map(decision).collect(),
        acts: file.acts.iter().map(|act| act.code()).collect(),
    }
}

fn id_of(text: &str) -> Result<Id, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// The file, for those who have a hand in the case; the read is journalled.
#[utoipa::path(get, path = "/api/v1/cases/{id}", tag = "conduct", params(("id" = String, Path)),
    responses((status = 200, body = FileBodyOut), (status = 403, description = "kept out")))]
async fn open(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<FileBodyOut>, Problem> {
    Ok(Json(file(&service::open(&app, &actor, id_of(&id)?).await?)))
}

#[derive(Serialize, utoipa::ToSchema)]
struct StateBody {
    state: &'static str,
}

/// Takes a step with a case.
#[utoipa::path(post, path = "/api/v1/cases/{id}/steps", tag = "conduct", params(("id" = String, Path)),
    request_body = Sent, responses((status = 200, body = StateBody)))]
async fn act(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(sent): Json<Sent>,
) -> Result<Json<StateBody>, Problem> {
    let state = service::act(&app, &actor, id_of(&id)?, sent).await?;
    Ok(Json(StateBody { state: state.code() }))
}

/// An officer who could take a case over.
#[derive(Serialize, utoipa::ToSchema)]
struct OfficerBody {
    /// For `to` of the step `hand-over`.
    #[schema(value_type = String)]
    account: Id,
    name: String,
}

/// Officers whom nothing keeps out of a case that the caller may hand over.
#[utoipa::path(get, path = "/api/v1/cases/{id}/officers", tag = "conduct",
    params(("id" = String, Path)), responses((status = 200, body = [OfficerBody])))]
async fn successors(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<Vec<OfficerBody>>, Problem> {
    let found = service::hand_over(&app, &actor, id_of(&id)?).await?.officers.into_iter();
    Ok(Json(found.map(|(account, name)| OfficerBody { account, name }).collect()))
}

#[derive(Deserialize)]
struct Titled {
    #[serde(default)]
    title: String,
}

/// Adds a file to the evidence.
#[utoipa::path(post, path = "/api/v1/cases/{id}/evidence", tag = "conduct",
    params(("id" = String, Path), ("title" = String, Query)),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = EnteredBody)))]
async fn add_evidence(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Query(titled): Query<Titled>,
    body: FileBody,
) -> Result<Json<EnteredBody>, Problem> {
    let added = service::add_evidence(&app, &actor, id_of(&id)?, &titled.title, body.bytes);
    Ok(Json(EnteredBody { id: added.await? }))
}

/// A piece of evidence, after its digest was compared with the journal.
#[utoipa::path(get, path = "/api/v1/cases/{id}/evidence/{piece}", tag = "conduct",
    params(("id" = String, Path), ("piece" = String, Path)),
    responses((status = 200, description = "the file")))]
async fn read_evidence(
    State(app): State<App>,
    actor: Actor,
    Path((id, piece)): Path<(String, String)>,
) -> Result<Response, Problem> {
    hand_over(&app, &actor, &id, &piece).await
}

/// The answer with a piece of evidence, for pages too.
pub(super) async fn hand_over(
    app: &App,
    actor: &Actor,
    id: &str,
    piece: &str,
) -> Result<Response, Problem> {
    let piece = id_of(piece)?;
    let (media, bytes) = service::read_evidence(app, actor, id_of(id)?, piece).await?;
    let headers = [
        (header::CONTENT_TYPE, media.code().to_owned()),
        (header::CONTENT_DISPOSITION, media.disposition(piece)),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

/// A case as the one concerned sees it.
#[derive(Serialize, utoipa::ToSchema)]
struct OwnBody {
    #[schema(value_type = String)]
    id: Id,
    number: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<String>,
    notice: String,
    reply: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<DecisionBody>,
    /// `reply` or `appeal`, when he can.
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<&'static str>,
}

fn own_body(own: &Own) -> OwnBody {
    OwnBody {
        id: own.id,
        number: own.number.clone(),
        state: own.state.code(),
        due: own.due.map(day_text),
        notice: own.notice.clone(),
        reply: own.reply.clone(),
        decision: own.decision.as_ref().map(decision),
        act: own.act.map(Act::code),
    }
}

/// Cases in which the caller is concerned himself.
#[utoipa::path(get, path = "/api/v1/my/cases", tag = "conduct",
    responses((status = 200, body = [OwnBody])))]
async fn own(State(app): State<App>, actor: Actor) -> Result<Json<Vec<OwnBody>>, Problem> {
    let all = service::concerned(&app, &actor).await?;
    Ok(Json(all.iter().map(own_body).collect()))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct RespondBody {
    /// `reply` or `appeal`.
    act: String,
    words: String,
}

/// Answers a notice, or appeals against a decision.
#[utoipa::path(post, path = "/api/v1/my/cases/{id}", tag = "conduct", params(("id" = String, Path)),
    request_body = RespondBody, responses((status = 200, body = StateBody)))]
async fn respond(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(body): Json<RespondBody>,
) -> Result<Json<StateBody>, Problem> {
    let act = Act::from_code(&body.act).unwrap_or(Act::Close);
    let state = service::respond(&app, &actor, id_of(&id)?, act, &body.words).await?;
    Ok(Json(StateBody { state: state.code() }))
}
