//! Code formats and their issuers' keys: confirmed by a second person, switched off by one alone.

use kernel::actor::{Actor, Role};
use kernel::approval;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::Utc;
use seal::sm2::VerifyingKey;
use seal::sm3::MacKey;
use serde::Deserialize;
use time::{Date, Duration};

use super::approvals::{FORMAT, KEY};
use super::{own_scheme, read_day, read_maybe_day, taken};
use crate::fusion::decoders::{self, Key, Layout, Material, Sign};
use crate::fusion::rules::{Refused, Scheme};
use crate::fusion::store::formats::{self, Format, KeyRow, Standing};
use crate::fusion::store::schemes;

/// A format as its department registers it.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFormat {
    /// How a code is read.
    pub layout: Layout,
    /// First day, `YYYY-MM-DD`.
    pub from: String,
    /// Last day; may be left out.
    #[serde(default)]
    pub until: String,
}

/// A key as its department registers it.
#[derive(Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// Its name in codes: 1 to 8 digits and capital letters.
    pub kid: String,
    /// SM2: the compressed public point, 66 hexadecimal digits. HMAC-SM3: the shared secret, 64.
    pub material: String,
    /// First day, `YYYY-MM-DD`.
    pub from: String,
    /// Last day, five years after the first at most.
    pub until: String,
}

/// Registers a format of a card; it is read when the HRSS has confirmed it.
///
/// # Errors
/// [`Refused`] as a problem.
pub async fn add(app: &App, actor: &Actor, code: &str, new: &NewFormat) -> Result<Id, Problem> {
    decoders::check_layout(&new.layout)?;
    let (from, until) = (read_day(&new.from, "from")?, read_maybe_day(&new.until, "until")?);
    if until.is_some_and(|until| until < from || until < Utc::now().day()) {
        return Err(Refused::Days.into());
    }
    let (actor, code, layout) = (actor.clone(), code.to_owned(), new.layout.clone());
    let (id, approval_id, entry_id) = (app.id(), app.id(), app.id());
    app.db
        .write(move |tx| {
            let (now, scheme) = (Utc::now(), own_scheme(tx, &actor, &code)?);
            if !scheme.state.is_open() {
                return Err(Refused::NotNow.into());
            }
            let state = Standing::Proposed;
            let layout = layout.clone();
            let format = Format { id, scheme: scheme.id, state, layout, from, until };
            check_prefix(tx, &format)?;
            formats::insert(tx, &format, now).map_err(|e| taken(e, Refused::PrefixTaken))?;
            let summary = format!("{} {}", scheme.code, format.layout.prefix);
            approval::ask(tx, approval_id, &actor, FORMAT, &id.to_string(), &summary, now)?;
            let entry = Entry::new(entry_id, now, &actor, "fusion.format-proposed", "Art. 16");
            journal::record(tx, &entry.on("fusion-format", id).why(summary, &[]))?;
            Ok(id)
        })
        .await
}

/// No text may begin like codes of two formats.
fn check_prefix(tx: &mut Tx<'_>, format: &Format) -> Result<(), Problem> {
    let prefix = &format.layout.prefix;
    let others = formats::living(tx)?;
    let clash =
        |other: &Format| other.id != format.id && decoders::overlaps(&other.layout.prefix, prefix);
    if others.iter().any(clash) { Err(Refused::PrefixTaken.into()) } else { Ok(()) }
}

pub(super) fn decide(tx: &mut Tx<'_>, id: Id, yes: bool) -> Result<&'static str, Problem> {
    let format = formats::by_id(tx, id)?.ok_or(Refused::NoSuchFormat)?;
    if format.state != Standing::Proposed {
        return Err(Refused::NotNow.into());
    }
    if yes {
        // Two formats that were sent in at the same moment can overlap without being equal.
        check_prefix(tx, &format)?;
    }
    let to = if yes { Standing::Confirmed } else { Standing::Rejected };
    formats::set_state(tx, &format, to)?;
    Ok(if yes { "fusion.format-confirmed" } else { "fusion.format-sent-back" })
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N * 2 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0u8; N];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(place * 2..place * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

fn context(key: Id) -> Vec<u8> {
    [b"fusion-key ".as_slice(), &key.0.to_be_bytes()].concat()
}

/// The bytes to be stored for a key that is in its form.
fn material(app: &Platform, layout: &Layout, id: Id, text: &str) -> Result<Vec<u8>, Refused> {
    let text = text.trim();
    match &layout.sign {
        Sign::None => Err(Refused::Key),
        Sign::Sm2 { signer } => {
            let point: [u8; 33] = unhex(text).ok_or(Refused::Key)?;
            VerifyingKey::of_signer(&point, signer).map_err(|_| Refused::Key)?;
            Ok(point.to_vec())
        }
        Sign::HmacSm3 { .. } => {
            let secret: [u8; 32] = unhex(text).ok_or(Refused::Key)?;
            Ok(app.keys.seal_field(&secret, &context(id)))
        }
    }
}

/// A key ready to verify; `None` when what is stored does not open, which fails closed.
pub(super) fn open_key(app: &Platform, layout: &Layout, row: &KeyRow) -> Option<Key> {
    let material = match &layout.sign {
        Sign::None => return None,
        Sign::Sm2 { signer } => Material::Sm2(VerifyingKey::of_signer(&row.material, signer).ok()?),
        Sign::HmacSm3 { .. } => {
            Material::Mac(MacKey::new(&app.keys.open_field(&row.material, &context(row.id))?))
        }
    };
    Some(Key { kid: row.kid.clone(), material, from: row.from, until: row.until })
}

fn check_key(kid: &str, from: Date, until: Date, today: Date) -> Result<(), Refused> {
    let plain = kid.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    let longest = from.saturating_add(Duration::days(5 * 366));
    let days = from <= until && until >= today && until <= longest;
    if (1..=8).contains(&kid.len()) && plain && days { Ok(()) } else { Err(Refused::Key) }
}

/// Registers a key of a format; it verifies when the HRSS has confirmed it.
///
/// # Errors
/// [`Refused`] as a problem.
pub async fn add_key(app: &App, actor: &Actor, format: Id, new: &NewKey) -> Result<Id, Problem> {
    let (from, until) = (read_day(&new.from, "from")?, read_day(&new.until, "until")?);
    let kid = new.kid.trim().to_owned();
    check_key(&kid, from, until, Utc::now().day())?;
    let (actor, shared, text) = (actor.clone(), app.clone(), new.material.clone());
    let (id, approval_id, entry_id) = (app.id(), app.id(), app.id());
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let (scheme, format) = own_format(tx, &actor, format)?;
            if !matches!(format.state, Standing::Proposed | Standing::Confirmed) {
                return Err(Refused::NotNow.into());
            }
            let material = material(&shared, &format.layout, id, &text)?;
            let (state, kid) = (Standing::Proposed, kid.clone());
            let key = KeyRow { id, format: format.id, kid, state, material, from, until };
            formats::insert_key(tx, &key, now).map_err(|e| taken(e, Refused::KeyKnown))?;
            let summary = format!("{} {} {}", scheme.code, format.layout.prefix, key.kid);
            approval::ask(tx, approval_id, &actor, KEY, &id.to_string(), &summary, now)?;
            let entry = Entry::new(entry_id, now, &actor, "fusion.key-proposed", "Art. 16, 20");
            journal::record(tx, &entry.on("fusion-key", id).why(summary, &[]))?;
            Ok(id)
        })
        .await
}

pub(super) fn decide_key(tx: &mut Tx<'_>, id: Id, yes: bool) -> Result<&'static str, Problem> {
    let key = formats::key(tx, id)?.ok_or(Refused::NoSuchFormat)?;
    if key.state != Standing::Proposed {
        return Err(Refused::NotNow.into());
    }
    let to = if yes { Standing::Confirmed } else { Standing::Rejected };
    formats::set_key_state(tx, &key, to)?;
    Ok(if yes { "fusion.key-confirmed" } else { "fusion.key-sent-back" })
}

fn own_format(tx: &mut Tx<'_>, actor: &Actor, id: Id) -> Result<(Scheme, Format), Problem> {
    let format = formats::by_id(tx, id)?.ok_or(Refused::NoSuchFormat)?;
    let scheme = schemes::by_id(tx, format.scheme)?.ok_or(Refused::NoSuchScheme)?;
    // Whoever decides may switch off too.
    let may = super::may_change(actor, &scheme) || actor.role == Role::MunicipalApprover;
    if may { Ok((scheme, format)) } else { Err(Refused::NotYours.into()) }
}

/// Revokes a key at once; there is no way back.
///
/// # Errors
/// It is somebody else's, or is revoked already.
pub async fn revoke_key(app: &App, actor: &Actor, id: Id, why: &str) -> Result<(), Problem> {
    let why = reason(why)?;
    let (actor, entry_id) = (actor.clone(), app.id());
    app.db
        .write(move |tx| {
            let key = formats::key(tx, id)?.ok_or(Refused::NoSuchFormat)?;
            let (scheme, _) = own_format(tx, &actor, key.format)?;
            if key.state != Standing::Confirmed {
                return Err(Refused::NotNow.into());
            }
            formats::set_key_state(tx, &key, Standing::Revoked)?;
            let entry = Entry::new(entry_id, Utc::now(), &actor, "fusion.key-revoked", "Art. 20");
            let said = format!("{} {}: {why}", scheme.code, key.kid);
            Ok(journal::record(tx, &entry.on("fusion-key", id).why(said, &[]))?)
        })
        .await
}

/// Withdraws a format at once; its prefix is free.
///
/// # Errors
/// It is somebody else's, or not in force.
pub async fn withdraw(app: &App, actor: &Actor, id: Id, why: &str) -> Result<(), Problem> {
    let why = reason(why)?;
    let (actor, entry_id) = (actor.clone(), app.id());
    app.db
        .write(move |tx| {
            let (scheme, format) = own_format(tx, &actor, id)?;
            if format.state != Standing::Confirmed {
                return Err(Refused::NotNow.into());
            }
            formats::set_state(tx, &format, Standing::Revoked)?;
            let entry =
                Entry::new(entry_id, Utc::now(), &actor, "fusion.format-withdrawn", "Art. 16");
            let said = format!("{} {}: {why}", scheme.code, format.layout.prefix);
            Ok(journal::record(tx, &entry.on("fusion-format", id).why(said, &[]))?)
        })
        .await
}

fn reason(why: &str) -> Result<String, Refused> {
    let why = why.trim();
    let fits = (1..=300).contains(&why.chars().count());
    if fits { Ok(why.to_owned()) } else { Err(Refused::NoComment) }
}
