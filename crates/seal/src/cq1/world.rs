//! A whole world of fixed keys, lists and codes for tests and the benchmark. Nothing here is secret.

use seal::cq1::{
    Accepted, CODE_LEN, Capabilities, Code, Context, Credential, CredentialCache, EmergencyBook,
    IssuerKey, KeyList, KeyListBody, Kind, Refused, Region, Scene, StatusList, StatusState, Usage,
    verify_offline,
};
use seal::sm2::{SignerId, SigningKey};

/// The moment of all tests: 2026-03-01 00:00:00 UTC.
pub const NOW: u32 = 1_772_323_200;
const YEAR: u32 = 365 * 86_400;

/// A fixed secret for each number and role.
pub fn key(number: u8, role: SignerId) -> SigningKey {
    SigningKey::from_secret(&[number; 32], role).expect("a key")
}

/// The root of the tests.
pub fn root() -> SigningKey {
    key(0x10, SignerId::CQ1_ROOT)
}

/// The issuer's key with this index.
pub fn issuer(index: u8) -> SigningKey {
    key(0x20 + index, SignerId::CQ1_ISSUER)
}

/// The key that signs status lists.
pub fn status_key() -> SigningKey {
    key(0x30, SignerId::CQ1_STATUS)
}

/// A holder's key in a role.
pub fn holder(kind: Kind) -> SigningKey {
    match kind {
        Kind::Displayed => key(0x40, SignerId::CQ1_HOLDER),
        Kind::Emergency => key(0x41, SignerId::CQ1_EMERGENCY),
    }
}

/// Chongqing.
pub fn region() -> Region {
    Region::from_digits("500000").expect("a region")
}

/// Keys 1 and 2 issue; 2 begins half a year before 1 ends. Key 3 is revoked. Key 9 signs status.
pub fn key_list_body() -> KeyListBody {
    let entry = |usage, index, from, to, revoked, public| IssuerKey {
        region: region(),
        usage,
        index,
        not_before_s: from,
        not_after_s: to,
        revoked,
        public,
    };
    let issuing = |index, from, to, revoked| {
        entry(
            Usage::Credentials,
            index,
            from,
            to,
            revoked,
            issuer(index).verifying().to_compressed(),
        )
    };
    let status = status_key().verifying().to_compressed();
    KeyListBody {
        serial: 7,
        issued_s: NOW - 3_600,
        next_update_s: NOW + 30 * 86_400,
        keys: vec![
            issuing(1, NOW - YEAR, NOW + YEAR, false),
            issuing(2, NOW + YEAR / 2, NOW + 2 * YEAR, false),
            issuing(3, NOW - YEAR, NOW + YEAR, true),
            entry(Usage::Status, 9, NOW - YEAR, NOW + 2 * YEAR, false, status),
        ],
    }
}

/// A key list signed by the root.
pub fn signed_keys(body: &KeyListBody) -> Vec<u8> {
    let signature = root().sign(&body.signed_bytes().expect("a good list"));
    body.with_signature(&signature).expect("a good list")
}

/// A key list as a terminal holds it.
pub fn keys(body: &KeyListBody) -> KeyList {
    KeyList::open(&signed_keys(body), &root().verifying()).expect("opened")
}

/// 1,000 indices; 7 and 300 suspended, 8 and 999 revoked.
pub fn status_state() -> StatusState {
    StatusState {
        region: region(),
        key: 9,
        serial: 100,
        issued_s: NOW - 60,
        size: 1_000,
        suspended: vec![7, 300],
        revoked: vec![8, 999],
    }
}

/// A whole list signed by the status key.
pub fn signed_status(state: &StatusState) -> Vec<u8> {
    let signature = status_key().sign(&state.signed_bytes().expect("a good list"));
    state.with_signature(&signature).expect("a good list")
}

/// A status list as a terminal holds it.
pub fn status(state: &StatusState) -> StatusList {
    let held = keys(&key_list_body());
    StatusList::open(&signed_status(state), &held, i64::from(state.issued_s)).expect("opened")
}

/// A credential of 24 hours.
pub fn credential(kind: Kind) -> Credential {
    Credential {
        kind,
        region: region(),
        key: 1,
        id: *b"\x01\x23\x45\x67\x89\xab\xcd\xef",
        status_index: 42,
        capabilities: Capabilities::TRANSIT.and(Capabilities::LIBRARY),
        expires_s: NOW + 86_000,
        holder: holder(kind).verifying().to_compressed(),
    }
}

/// A code of this moment, its credential signed by the key that it names.
pub fn code(credential: Credential) -> Code {
    Code {
        credential,
        issuer_signature: issuer(credential.key).sign(&credential.signed_bytes()),
        generated_s: NOW - 5,
        lifetime: 60,
        counter: 17,
        scene: Scene::Any,
    }
}

/// The code with its holder's signature.
pub fn signed(code: &Code) -> [u8; CODE_LEN] {
    code.with_signature(&holder(code.credential.kind).sign(&code.signed_bytes()))
}

/// A book of emergency codes, signed.
pub fn book(uses: u32) -> Vec<[u8; CODE_LEN]> {
    let credential = credential(Kind::Emergency);
    let issuer_signature = issuer(1).sign(&credential.signed_bytes());
    let book = EmergencyBook { credential, issuer_signature, from_s: NOW - 3_600, hours: 24, uses };
    book.codes().expect("a book").iter().map(signed).collect()
}

/// A terminal at a bus door that has seen nothing yet.
pub struct Terminal {
    /// What it holds.
    pub keys: KeyList,
    /// What it holds.
    pub status: StatusList,
    /// Its cache.
    pub cache: CredentialCache,
}

impl Terminal {
    /// With the lists of this file.
    pub fn new() -> Self {
        let (keys, status) = (keys(&key_list_body()), status(&status_state()));
        Self { keys, status, cache: CredentialCache::new(64).with_tables(8) }
    }

    /// Judges at [`NOW`].
    pub fn judge(&mut self, bytes: &[u8]) -> Result<Accepted, Refused> {
        self.judge_in(bytes, &context())
    }

    /// Judges in a context.
    pub fn judge_in(&mut self, bytes: &[u8], context: &Context<'_>) -> Result<Accepted, Refused> {
        verify_offline(bytes, &self.keys, &self.status, context, &mut self.cache)
    }
}

/// The context of [`Terminal::judge`].
pub fn context() -> Context<'static> {
    Context {
        now_s: i64::from(NOW),
        skew_s: 2,
        region: region(),
        capability: Capabilities::TRANSIT,
        scene: Scene::Other,
        emergency: true,
        max_list_age_s: 86_400,
        last_counter: &|_| 0,
    }
}

/// Numbers that look random and are the same each time.
pub struct Dice(pub u64);

impl Dice {
    /// Below `below`.
    pub fn roll(&mut self, below: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }

    /// Bends bytes in one of ten ways: flips, values at the edge, cuts, additions, swaps, fields and
    /// tails of another code.
    pub fn bend(&mut self, original: &[u8], other: &[u8]) -> Vec<u8> {
        const FIELDS: [usize; 15] = [0, 1, 4, 5, 13, 17, 19, 23, 56, 120, 124, 125, 129, 131, 195];
        let mut bytes = original.to_vec();
        let at = self.roll(bytes.len());
        match self.roll(10) {
            0 | 1 => bytes[at] ^= 1 << self.roll(8),
            2 => bytes[at] = self.roll(256) as u8,
            3 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][self.roll(5)],
            4 => bytes.truncate(at),
            5 => bytes.extend((0..=self.roll(70)).map(|n| n as u8)),
            6 => {
                let with = self.roll(bytes.len());
                bytes.swap(at, with);
            }
            7 => {
                let field = self.roll(14);
                let range = FIELDS[field]..FIELDS[field + 1].min(bytes.len()).min(other.len());
                if !range.is_empty() {
                    bytes[range.clone()].copy_from_slice(&other[range]);
                }
            }
            8 => {
                let end = bytes.len().min(other.len());
                if at < end {
                    bytes[at..end].copy_from_slice(&other[at..end]);
                }
            }
            _ => (0..=self.roll(6)).for_each(|_| {
                let at = self.roll(bytes.len());
                bytes[at] = self.roll(256) as u8;
            }),
        }
        bytes
    }
}

/// Judges `count` bent codes and returns how many were refused at a signature. Panics when one that is
/// not an original is accepted.
pub fn bend_codes(count: usize, seed: u64) -> usize {
    let mut terminal = Terminal::new();
    let other = Credential { id: [9; 8], status_index: 43, ..credential(Kind::Displayed) };
    let mut originals: Vec<Vec<u8>> = (1..=4)
        .map(|counter| signed(&Code { counter, ..code(credential(Kind::Displayed)) }).to_vec())
        .collect();
    originals.push(signed(&code(other)).to_vec());
    originals.extend(book(3).iter().map(|code| code.to_vec()));
    for original in &originals {
        let _ = terminal.judge(original).expect("the originals are good");
    }
    let (mut dice, mut at_signature) = (Dice(seed), 0);
    for _ in 0..count {
        let (one, two) = (dice.roll(originals.len()), dice.roll(originals.len()));
        let bent = dice.bend(&originals[one], &originals[two]);
        match terminal.judge(&bent) {
            Ok(_) => assert!(originals.contains(&bent), "accepted: {bent:02x?}"),
            Err(Refused::IssuerSignature | Refused::HolderSignature) => at_signature += 1,
            Err(_) => {}
        }
    }
    at_signature
}
