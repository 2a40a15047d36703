//! A holder's own key on his device (Art. 2, 16, 20): an app draws it, proves that it has it, and the holder
//! confirms it by a code to his telephone. Credentials are then issued to the device, which signs its codes
//! itself, with or without a network. The key never leaves it.

use kernel::actor::Actor;
use kernel::auth;
use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::outbox::{self, Sms};
use kernel::platform::{App, random};
use kernel::problem::Problem;
use kernel::time::Utc;
use seal::cq1::{Capabilities, Kind};
use seal::sm2::{SignerId, VerifyingKey};

use super::issue::{self, Want};
use super::{broken, keys};

/// Proves a device's key, apart from its codes.
pub const PROOF: SignerId = SignerId("yikatong-holder-device");
/// Devices of one holder at a time.
pub const MOST: usize = 3;
/// A code to the telephone lives this long, seconds.
const CODE_S: i64 = 300;
/// What the clock of a device may differ, seconds.
const PROOF_S: i64 = 120;

/// A device of a holder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// Its id.
    pub id: Id,
    /// The holder.
    pub person: Id,
    /// For which electronic card it is bound.
    pub ecard: Id,
    /// Compressed point.
    pub key: Vec<u8>,
    /// What the holder calls it.
    pub name: String,
    /// `waiting`, `bound`, `ended`.
    pub state: String,
    code_digest: Option<Vec<u8>>,
    code_until: Option<i64>,
    /// When it was confirmed.
    pub bound_at: Option<Utc>,
    /// Time of its last proof, seconds; an older one is not taken again.
    proved_at: i64,
}

/// A credential for a device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Issued {
    /// 120 bytes: fields 1–9 of `docs/card-code.md`.
    pub signed: Vec<u8>,
    /// Last second, since 1970.
    pub expires_at: i64,
}

fn problem(status: u16, code: &'static str, words: [&str; 4]) -> Problem {
    let [zh, en, do_zh, do_en] = words;
    Problem::new(status, code, Text::new(zh, en), Text::new(do_zh, do_en))
}

fn not_proved() -> Problem {
    problem(
        403,
        "codes/device-proof",
        [
            "设备签名未通过核验",
            "The device's signature does not hold",
            "请校准设备时钟后重试",
            "Set the device's clock and try again",
        ],
    )
}

fn not_bound() -> Problem {
    problem(
        409,
        "codes/device-not-bound",
        [
            "该设备未绑定或已解除绑定",
            "The device is not bound, or no longer",
            "请在应用中重新绑定本设备",
            "Bind the device anew in the app",
        ],
    )
}

const COLUMNS: &str =
    "id, person_id, ecard_id, key, name, state, code_digest, code_until, bound_at, proved_at";

fn read(row: &Row) -> Result<Device, DbError> {
    Ok(Device {
        id: row.get(0)?,
        person: row.get(1)?,
        ecard: row.get(2)?,
        key: row.get(3)?,
        name: row.get(4)?,
        state: row.get(5)?,
        code_digest: row.get(6)?,
        code_until: row.get(7)?,
        bound_at: row.get(8)?,
        proved_at: row.get(9)?,
    })
}

fn one(tx: &mut Tx<'_>, id: Id) -> Result<Device, Problem> {
    let sql = format!("SELECT {COLUMNS} FROM cq1_device WHERE id = $1");
    let found = tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()?;
    found.ok_or_else(Problem::not_found)
}

fn own(tx: &mut Tx<'_>, id: Id, person: Id) -> Result<Device, Problem> {
    one(tx, id).and_then(|device| match device.person == person {
        true => Ok(device),
        false => Err(Problem::not_found()),
    })
}

fn of(tx: &mut Tx<'_>, person: Id) -> Result<Vec<Device>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM cq1_device WHERE person_id = $1 AND state = 'bound' ORDER BY id"
    );
    tx.query(&sql, &[v(person)])?.iter().map(read).collect()
}

/// The devices that a holder has bound.
///
/// # Errors
/// The database's word.
pub async fn list(app: &App, holder: &Actor) -> Result<Vec<Device>, Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    app.db.read(move |tx| Ok::<_, Problem>(of(tx, person)?)).await
}

fn digest(id: Id, code: &str) -> [u8; 32] {
    seal::sm3::sm3(format!("device:{id}:{code}").as_bytes())
}

/// Takes a device's public key and sends a code to the telephone of the holder's account.
///
/// # Errors
/// The key is none or known, the card cannot be used, there is no telephone, or too many are bound.
pub async fn enrol(app: &App, holder: &Actor, key: &[u8], name: &str) -> Result<Id, Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    let wrong = || Problem::field("key", Text::new("设备公钥无效", "The key is none"));
    VerifyingKey::from_bytes(key, PROOF).map_err(|_| wrong())?;
    if key.len() != 33 {
        return Err(wrong());
    }
    auth::count_try(app, &format!("device:{person}")).await?;
    let (id, sms, now) = (app.id(), app.id(), Utc::now());
    let code = format!("{:06}", u64::from_be_bytes(random::<8>()) % 1_000_000);
    let kept = digest(id, &code);
    let name: String = name.trim().chars().take(40).collect();
    let entry = Entry::new(app.id(), now, holder, "device.asked", "Art. 16");
    let (key, account) = (key.to_vec(), holder.account);
    app.db
        .write(move |tx| {
            let (ecard, _) = issue::usable(tx, person, now)?;
            if of(tx, person)?.len() >= MOST {
                return Err(problem(
                    409,
                    "codes/too-many-devices",
                    [
                        "已绑定的设备过多",
                        "Too many devices are bound",
                        "请先解除一台不再使用的设备",
                        "End one that is no longer used",
                    ],
                ));
            }
            let phone = tx.optional("SELECT phone FROM account WHERE id = $1", &[v(account)])?;
            let phone: Option<Option<String>> = phone.map(|row| row.get(0)).transpose()?;
            let to = phone.flatten().filter(|phone| !phone.is_empty()).ok_or_else(|| {
                problem(
                    409,
                    "codes/no-phone",
                    [
                        "没有登记手机号码，无法确认",
                        "No telephone is registered to confirm with",
                        "请到服务网点登记手机号码",
                        "Have one registered at an outlet",
                    ],
                )
            })?;
            let sql = "INSERT INTO cq1_device (id, person_id, ecard_id, key, name, state, code_digest,
                                               code_until, made_at)
                       VALUES ($1, $2, $3, $4, $5, 'waiting', $6, $7, $8)";
            let values = [
                v(id),
                v(person),
                v(ecard.id),
                v(&key[..]),
                v(&name),
                v(&kept[..]),
                v(now.seconds() + CODE_S),
                v(now),
            ];
            tx.execute("DELETE FROM cq1_device WHERE person_id = $1 AND state = 'waiting'", &[v(person)])?;
            tx.execute(sql, &values).map_err(|error| match error {
                DbError::Unique(_) => wrong(),
                other => other.into(),
            })?;
            let text = format!(
                "【一卡通】绑定手机应用的验证码 {code}，{} 分钟内有效。绑定后该设备可出示您的卡码，请勿告诉他人。",
                CODE_S / 60
            );
            outbox::put_sms(tx, sms, now, &Sms { to, text })?;
            let entry = entry.clone().about(person).on("device", id);
            journal::record(tx, &entry.why("申请绑定设备 / a device asks to be bound", &["phone"]))?;
            Ok(id)
        })
        .await
}

/// The holder's code and the device's proof bind it; its first credential is the answer. `signature` is
/// over `bind <id> <at>` in the role [`PROOF`].
///
/// # Errors
/// The code is wrong or too old, the proof does not hold, or the card cannot be used.
pub async fn confirm(
    app: &App,
    holder: &Actor,
    id: Id,
    code: &str,
    (at_s, signature): (i64, [u8; 64]),
) -> Result<Issued, Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    auth::count_try(app, &format!("device-code:{id}")).await?;
    keys::ensure(app).await?;
    let (shared, code, now) = (app.clone(), code.trim().to_owned(), Utc::now());
    let entry = Entry::new(app.id(), now, holder, "device.bound", "Art. 16");
    let issued = app.db.write(move |tx| {
        let device = own(tx, id, person)?;
        let in_time = device.code_until.is_some_and(|until| now.seconds() <= until);
        let right = device.code_digest.as_deref() == Some(&digest(id, &code)[..]);
        if device.state != "waiting" || !in_time || !right {
            let text = Text::new("验证码错误或已过期", "The code is wrong or too old");
            return Err(Problem::field("code", text));
        }
        prove(&device, "bind", at_s, &signature, now)?;
        let sql = "UPDATE cq1_device SET state = 'bound', bound_at = $1, proved_at = $2,
                          code_digest = NULL, code_until = NULL WHERE id = $3 AND state = 'waiting'";
        tx.execute_one(sql, &[v(now), v(at_s), v(id)])?;
        let issued = give(tx, &shared, &device, now)?;
        let entry = entry.clone().about(person).on("device", id);
        journal::record(tx, &entry.why("绑定设备 / a device is bound", &[]))?;
        Ok::<_, Problem>(issued)
    });
    let issued = issued.await?;
    auth::forget_tries(app, &format!("device-code:{id}")).await?;
    auth::forget_tries(app, &format!("device:{person}")).await?;
    Ok(issued)
}

fn prove(
    device: &Device,
    what: &str,
    at_s: i64,
    signature: &[u8; 64],
    now: Utc,
) -> Result<(), Problem> {
    let key = VerifyingKey::from_bytes(&device.key, PROOF).map_err(|_| not_proved())?;
    let said = format!("{what} {} {at_s}", device.id);
    let fresh = now.seconds().abs_diff(at_s) <= PROOF_S.unsigned_abs() && at_s > device.proved_at;
    match fresh && key.verifies(said.as_bytes(), signature) {
        true => Ok(()),
        false => Err(not_proved()),
    }
}

/// A fresh credential for a bound device that proves its key: `signature` is over `renew <id> <at>`. The
/// counter of its codes begins anew at 1. The last one is worth nothing from now on.
///
/// # Errors
/// The device is not bound, its card is another one or cannot be used, or the proof does not hold.
pub async fn renew(
    app: &App,
    id: Id,
    (at_s, signature): (i64, [u8; 64]),
) -> Result<Issued, Problem> {
    keys::ensure(app).await?;
    let (shared, now) = (app.clone(), Utc::now());
    let entry = Entry::new(app.id(), now, &Actor::system(), "device.renewed", "Art. 16");
    app.db
        .write(move |tx| {
            let device = one(tx, id)?;
            if device.state != "bound" {
                return Err(not_bound());
            }
            prove(&device, "renew", at_s, &signature, now)?;
            let sql = "UPDATE cq1_device SET proved_at = $1 WHERE id = $2 AND proved_at = $3";
            tx.execute_one(sql, &[v(at_s), v(id), v(device.proved_at)])?;
            let issued = give(tx, &shared, &device, now)?;
            let entry = entry.clone().about(device.person).on("device", id);
            journal::record(tx, &entry.why("设备更新凭证 / a fresh credential", &[]))?;
            Ok(issued)
        })
        .await
}

fn give(tx: &mut Tx<'_>, app: &App, device: &Device, now: Utc) -> Result<Issued, Problem> {
    let (ecard, last) = issue::usable(tx, device.person, now)?;
    if ecard.id != device.ecard {
        return Err(not_bound());
    }
    end_credentials(tx, device.id)?;
    let key: [u8; 33] =
        device.key.as_slice().try_into().map_err(|_| broken("a device's key is no point"))?;
    let want = Want {
        person: device.person,
        ecard: ecard.id,
        kind: Kind::Displayed,
        capabilities: Capabilities::ALL,
        expires_s: (now.seconds() + issue::LIFE_S).min(last),
    };
    let (credential, signature) = issue::issue(tx, app, &want, key, now.seconds())?;
    let sql = "UPDATE cq1_credential SET device_id = $1 WHERE credential = $2";
    tx.execute_one(sql, &[v(device.id), v(&credential.id[..])])?;
    let signed = credential.with_signature(&signature).to_vec();
    Ok(Issued { signed, expires_at: want.expires_s })
}

fn end_credentials(tx: &mut Tx<'_>, device: Id) -> Result<u64, DbError> {
    let sql = "UPDATE cq1_credential SET revoked = TRUE WHERE device_id = $1 AND NOT revoked";
    tx.execute(sql, &[v(device)])
}

/// Ends a device at once, by its holder: its codes are refused with the next question, and without a
/// network with the next status list.
///
/// # Errors
/// There is no such device of his.
pub async fn end(app: &App, holder: &Actor, id: Id) -> Result<(), Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    let now = Utc::now();
    let entry = Entry::new(app.id(), now, holder, "device.ended", "Art. 20");
    app.db
        .write(move |tx| {
            let device = own(tx, id, person)?;
            if device.state == "ended" {
                return Err(not_bound());
            }
            let sql = "UPDATE cq1_device SET state = 'ended', ended_at = $1
                       WHERE id = $2 AND state = $3";
            tx.execute_one(sql, &[v(now), v(id), v(&device.state)])?;
            end_credentials(tx, id)?;
            let entry = entry.clone().about(person).on("device", id);
            Ok(journal::record(tx, &entry.why("解除设备绑定 / a device is ended", &[]))?)
        })
        .await
}
