//! The judgement of a code without a network, fail-closed and in one fixed order.

use super::key_list::Point;
use super::{
    CODE_BODY, CODE_LEN, CREDENTIAL_BODY, CREDENTIAL_LEN, Capabilities, Code, Credential,
    CredentialCache, CredentialId, IssuerKey, KeyList, Kind, MAX_CREDENTIAL_S, MAX_EMERGENCY_H,
    MAX_LIST_AGE_S, MAX_SKEW_S, Refused, Region, Scene, Status, StatusList, Usage,
};
use crate::sm2_fast::FastKey;

/// What the terminal knows of itself and of this moment.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Its clock, UTC seconds.
    pub now_s: i64,
    /// What clocks may differ, seconds; [`MAX_SKEW_S`] at most counts.
    pub skew_s: i64,
    /// The region whose codes it takes with this status list.
    pub region: Region,
    /// What the item needs.
    pub capability: Capabilities,
    /// What the terminal is for.
    pub scene: Scene,
    /// Whether the item takes emergency codes.
    pub emergency: bool,
    /// Oldest status list that it believes, seconds; [`MAX_LIST_AGE_S`] at most counts.
    pub max_list_age_s: i64,
    /// The highest counter that it has seen of a credential; 0 when it has seen none.
    pub last_counter: &'a dyn Fn(&CredentialId) -> u32,
}

/// A code that passed every check. It is a yes only when it is in the terminal's journal: write first,
/// then open the gate.
#[must_use = "write it to the journal, then say yes"]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Of a displayed or an emergency code.
    pub kind: Kind,
    /// Who issued the credential.
    pub region: Region,
    /// Whose it is, for the platform that can look it up.
    pub credential: CredentialId,
    /// The new highest counter of this credential.
    pub counter: u32,
    /// When the code was generated, UTC seconds.
    pub generated_s: u32,
    /// What it was shown for.
    pub scene: Scene,
    /// How old the status list was, seconds.
    pub list_age_s: i64,
}

/// Judges the text of a code as [`verify_offline`] does.
///
/// # Errors
/// The first check that fails.
pub fn verify_offline_text(
    text: &str,
    keys: &KeyList,
    status: &StatusList,
    context: &Context<'_>,
    cache: &mut CredentialCache,
) -> Result<Accepted, Refused> {
    verify_offline(&Code::bytes(text)?, keys, status, context, cache)
}

/// Judges a code: form; issuer key; times; capability and scene; status; issuer's signature (once for
/// each credential in the cache); holder's signature; counter.
///
/// # Errors
/// The first check that fails.
pub fn verify_offline(
    bytes: &[u8],
    keys: &KeyList,
    status: &StatusList,
    context: &Context<'_>,
    cache: &mut CredentialCache,
) -> Result<Accepted, Refused> {
    judge(bytes, keys, Lists::Held(status), context, cache)
}

/// Judges a code as [`verify_offline`] does, but for the status: only for the issuing platform, which
/// asks its own register about the card in the same moment.
///
/// # Errors
/// The first check that fails.
pub fn verify_but_status(
    bytes: &[u8],
    keys: &KeyList,
    context: &Context<'_>,
    cache: &mut CredentialCache,
) -> Result<Accepted, Refused> {
    judge(bytes, keys, Lists::Register, context, cache)
}

/// Judges a code that a terminal took some time ago, at that time (`context.now_s`), with today's key
/// list: for the platform, when the terminal uploads its journal. The status of that moment is not asked.
///
/// # Errors
/// The first check that fails.
pub fn verify_past(
    bytes: &[u8],
    keys: &KeyList,
    context: &Context<'_>,
    cache: &mut CredentialCache,
) -> Result<Accepted, Refused> {
    judge(bytes, keys, Lists::Past, context, cache)
}

/// What is known of keys and status at the time that is asked about.
#[derive(Clone, Copy)]
enum Lists<'a> {
    /// A terminal's lists of this moment.
    Held(&'a StatusList),
    /// The register knows the status.
    Register,
    /// The key list is newer than the code.
    Past,
}

fn judge(
    bytes: &[u8],
    keys: &KeyList,
    lists: Lists<'_>,
    context: &Context<'_>,
    cache: &mut CredentialCache,
) -> Result<Accepted, Refused> {
    let context = Context { skew_s: context.skew_s.clamp(0, MAX_SKEW_S), ..*context };
    let bytes: &[u8; CODE_LEN] = bytes.try_into().map_err(|_| Refused::Length)?;
    let (code, signature) = Code::read(bytes)?;
    let signed = bytes.first_chunk::<CREDENTIAL_LEN>().ok_or(Refused::Length)?;
    // A credential in the cache had its point checked when it came in.
    let fresh_key = if cache.has(signed) { None } else { Some(code.holder_key()?) };

    let (issuer, issuer_key) = issuer(&code.credential, keys, lists, &context)?;
    check_times(&code, &context)?;
    check_use(&code, &context)?;
    let list_age_s = match lists {
        Lists::Held(status) => check_status(&code.credential, keys, status, &context)?,
        Lists::Register | Lists::Past => 0,
    };

    if let Some(holder) = cache.holder(signed, &issuer.public) {
        check_holder(holder, bytes, &signature)?;
    } else {
        if !issuer_key.verifies(&bytes[..CREDENTIAL_BODY], &code.issuer_signature) {
            return Err(Refused::IssuerSignature);
        }
        let holder = FastKey::new(&fresh_key.map_or_else(|| code.holder_key(), Ok)?);
        let checked = check_holder(&holder, bytes, &signature);
        cache.put(*signed, issuer.public, holder);
        checked?;
    }
    if code.counter <= (context.last_counter)(&code.credential.id) {
        return Err(Refused::Replayed);
    }
    Ok(Accepted {
        kind: code.credential.kind,
        region: code.credential.region,
        credential: code.credential.id,
        counter: code.counter,
        generated_s: code.generated_s,
        scene: code.scene,
        list_age_s,
    })
}

fn issuer<'k>(
    credential: &Credential,
    keys: &'k KeyList,
    lists: Lists<'_>,
    context: &Context<'_>,
) -> Result<(&'k IssuerKey, &'k Point), Refused> {
    let list = keys.body();
    let past = matches!(lists, Lists::Past);
    if !past && i64::from(list.issued_s) > context.now_s.saturating_add(context.skew_s) {
        return Err(Refused::KeyListFuture);
    }
    if context.now_s > i64::from(list.next_update_s) {
        return Err(Refused::KeyListStale);
    }
    if credential.region != context.region {
        return Err(Refused::Region);
    }
    let found = keys.find(credential.region, Usage::Credentials, credential.key);
    let (key, point) = found.ok_or(Refused::IssuerUnknown)?;
    if key.revoked {
        return Err(Refused::IssuerRevoked);
    }
    match key.is_valid(context.now_s) {
        true => Ok((key, point)),
        false => Err(Refused::IssuerNotValid),
    }
}

fn check_times(code: &Code, context: &Context<'_>) -> Result<(), Refused> {
    let Context { now_s, skew_s, .. } = *context;
    let (expires, generated) = (i64::from(code.credential.expires_s), i64::from(code.generated_s));
    let longest = match code.credential.kind {
        Kind::Displayed => MAX_CREDENTIAL_S,
        Kind::Emergency => i64::from(MAX_EMERGENCY_H) * 3_600,
    };
    // The credential's day is the issuer's promise about losses, so no clock prolongs it.
    if now_s > expires || generated > expires {
        return Err(Refused::CredentialExpired);
    }
    if expires > now_s.saturating_add(longest + skew_s) {
        return Err(Refused::CredentialTooLong);
    }
    if generated > now_s.saturating_add(skew_s) {
        return Err(Refused::Future);
    }
    match now_s <= generated + code.lifetime_s() + skew_s {
        true => Ok(()),
        false => Err(Refused::Expired),
    }
}

fn check_use(code: &Code, context: &Context<'_>) -> Result<(), Refused> {
    if code.credential.kind == Kind::Emergency && !context.emergency {
        return Err(Refused::EmergencyNotTaken);
    }
    if !code.credential.capabilities.contain(context.capability) {
        return Err(Refused::Capability);
    }
    let payment = [code.scene, context.scene].contains(&Scene::Payment);
    match !payment && (code.scene == Scene::Any || code.scene == context.scene) {
        true => Ok(()),
        false => Err(Refused::Scene),
    }
}

fn check_status(
    credential: &Credential,
    keys: &KeyList,
    status: &StatusList,
    context: &Context<'_>,
) -> Result<i64, Refused> {
    let age = status.age_s(context.now_s);
    if status.state().region != credential.region {
        return Err(Refused::StatusListRegion);
    }
    if !status.is_trusted(keys, context.now_s) {
        return Err(Refused::StatusListUntrusted);
    }
    if age < -context.skew_s {
        return Err(Refused::StatusListFuture);
    }
    if age > context.max_list_age_s.min(MAX_LIST_AGE_S) {
        return Err(Refused::StatusListStale);
    }
    match status.state().status(credential.status_index) {
        None => Err(Refused::StatusUnknown),
        Some(Status::Suspended) => Err(Refused::Suspended),
        Some(Status::Revoked) => Err(Refused::Revoked),
        Some(Status::Valid) => Ok(age),
    }
}

fn check_holder(
    holder: &FastKey,
    bytes: &[u8; CODE_LEN],
    signature: &[u8; 64],
) -> Result<(), Refused> {
    match holder.verifies(&bytes[..CODE_BODY], signature) {
        true => Ok(()),
        false => Err(Refused::HolderSignature),
    }
}
