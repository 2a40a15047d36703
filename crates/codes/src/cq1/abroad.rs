//! Signed lists of other regions, so that terminals without a network can judge their cards (Art. 17, 23).
//! Which regions are trusted, and with which root, is said by whoever knows the regions.

use kernel::db::{DbError, Row, Tx, v};
use kernel::time::Utc;
use seal::cq1::{
    Accepted, Capabilities, Code, Context, CredentialCache, KeyList, ListError, Refused, Region,
    StatusList, verify_past,
};
use seal::sm2::{SignerId, VerifyingKey};

use super::store::List;

/// The lists of one region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Six digits of the division.
    pub region: String,
    /// Compressed point of its root.
    pub root: [u8; 33],
    /// Its signed key list.
    pub keys: List,
    /// Its signed status list.
    pub status: List,
}

/// The regions whose lists are held, both of each.
///
/// # Errors
/// See [`DbError`].
pub fn held(tx: &mut Tx<'_>) -> Result<Vec<Neighbour>, DbError> {
    let sql =
        "SELECT k.region, k.root, k.serial, k.issued_at, k.body, s.serial, s.issued_at, s.body
               FROM cq1_abroad k JOIN cq1_abroad s ON s.region = k.region AND s.kind = 'status'
               WHERE k.kind = 'keys' ORDER BY k.region";
    let read = |row: &Row| {
        let list = |at: usize| {
            Ok::<_, DbError>(List {
                serial: row.get(at)?,
                issued_at: row.get(at + 1)?,
                body: row.get(at + 2)?,
            })
        };
        let root: Vec<u8> = row.get(1)?;
        let root = root.try_into().map_err(|_| DbError::Engine("a root is no point".to_owned()))?;
        Ok(Neighbour { region: row.get(0)?, root, keys: list(2)?, status: list(5)? })
    };
    tx.query(sql, &[])?.iter().map(read).collect()
}

/// Takes the lists of a region after everything about them was checked: the root's signature, the status
/// key's, that the region speaks of itself only, and that neither goes back behind what is held. Another
/// root begins anew. Says whether anything changed.
///
/// # Errors
/// [`ListError`] inside when the lists are not believed; what is held stays.
pub fn take(
    tx: &mut Tx<'_>,
    region: &str,
    root: [u8; 33],
    keys: &[u8],
    status: &[u8],
    now: Utc,
) -> Result<Result<bool, ListError>, DbError> {
    let before = held(tx)?.into_iter().find(|held| held.region == region && held.root == root);
    let (keys, status) = match opened(region, root, before.as_ref(), keys, status, now.seconds()) {
        Ok(opened) => opened,
        Err(error) => return Ok(Err(error)),
    };
    let same = before.is_some_and(|before| before.keys == keys && before.status == status);
    if same {
        return Ok(Ok(false));
    }
    for (kind, list) in [("keys", keys), ("status", status)] {
        let sql = "INSERT INTO cq1_abroad (region, kind, root, serial, issued_at, body)
                   VALUES ($1, $2, $3, $4, $5, $6)
                   ON CONFLICT (region, kind) DO UPDATE SET root = excluded.root,
                       serial = excluded.serial, issued_at = excluded.issued_at,
                       body = excluded.body";
        let values = [
            v(region),
            v(kind),
            v(&root[..]),
            v(list.serial),
            v(list.issued_at),
            v(&list.body[..]),
        ];
        tx.execute(sql, &values)?;
    }
    Ok(Ok(true))
}

fn opened(
    region: &str,
    root: [u8; 33],
    before: Option<&Neighbour>,
    keys: &[u8],
    status: &[u8],
    now_s: i64,
) -> Result<(List, List), ListError> {
    let whose = Region::from_digits(region).ok_or(ListError::Form)?;
    let root = root_key(&root)?;
    let newer = match before {
        Some(before) => KeyList::open(&before.keys.body, &root)?.renewed(keys, &root)?,
        None => KeyList::open(keys, &root)?,
    };
    // A root of one region says nothing about the keys of another.
    if newer.body().keys.iter().any(|key| key.region != whose) {
        return Err(ListError::Key);
    }
    let list = StatusList::open(status, &newer, now_s)?;
    let state = list.state();
    let rolled_back = before.is_some_and(|before| {
        let same = before.status.body == status;
        !same && i64::from(state.serial) <= before.status.serial
    });
    if state.region != whose || rolled_back {
        return Err(ListError::Rollback);
    }
    let body = newer.body();
    let (serial, issued_at) = (i64::from(body.serial), i64::from(body.issued_s));
    let keys = List { serial, issued_at, body: keys.to_vec() };
    let (serial, issued_at) = (i64::from(state.serial), i64::from(state.issued_s));
    Ok((keys, List { serial, issued_at, body: status.to_vec() }))
}

fn root_key(root: &[u8; 33]) -> Result<VerifyingKey, ListError> {
    VerifyingKey::from_bytes(root, SignerId::CQ1_ROOT).map_err(|_| ListError::Key)
}

/// Forgets the lists of all regions but these; says how many lists went.
///
/// # Errors
/// See [`DbError`].
pub fn keep_only(tx: &mut Tx<'_>, regions: &[String]) -> Result<u64, DbError> {
    let mut gone = 0;
    for held in held(tx)? {
        if !regions.contains(&held.region) {
            let sql = "DELETE FROM cq1_abroad WHERE region = $1";
            gone += tx.execute(sql, &[v(&held.region)])?;
        }
    }
    Ok(gone)
}

/// The region that a signed code says it is of; none for what is no such code.
pub fn region_of(text: &str) -> Option<Region> {
    let bytes = Code::bytes(text).ok()?;
    Some(Code::parse(&bytes).ok()?.0.credential.region)
}

/// Judges a code of another region that a terminal took at `at_s` without a network, as of then.
///
/// # Errors
/// The first check that fails; a region without lists is [`Refused::Region`].
pub fn check_past(held: &[Neighbour], text: &str, at_s: i64) -> Result<Accepted, Refused> {
    let bytes = Code::bytes(text)?;
    let (code, _) = Code::parse(&bytes)?;
    let region = code.credential.region;
    let lists =
        held.iter().find(|held| held.region == region.to_string()).ok_or(Refused::Region)?;
    let root = root_key(&lists.root).map_err(|_| Refused::IssuerUnknown)?;
    let keys = KeyList::open(&lists.keys.body, &root).map_err(|_| Refused::IssuerUnknown)?;
    verify_past(&bytes, &keys, &past(region, &code, at_s), &mut CredentialCache::new(2))
}

/// Judges a code of ours that another region's terminal took at `at_s`, as of then.
///
/// # Errors
/// The first check that fails.
pub fn check_own_past(
    keys: &KeyList,
    own: Region,
    text: &str,
    at_s: i64,
) -> Result<Accepted, Refused> {
    let bytes = Code::bytes(text)?;
    let (code, _) = Code::parse(&bytes)?;
    verify_past(&bytes, keys, &past(own, &code, at_s), &mut CredentialCache::new(2))
}

/// How a code of the past is judged: what it was for was judged where it was taken.
pub(super) fn past(region: Region, code: &Code, at_s: i64) -> Context<'static> {
    Context {
        now_s: at_s,
        skew_s: seal::cq1::MAX_SKEW_S,
        region,
        capability: Capabilities::ACCESS,
        scene: code.scene,
        emergency: true,
        max_list_age_s: 0,
        last_counter: &|_| 0,
    }
}
