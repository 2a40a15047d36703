//! What the tests of this crate stand on.

use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{TestDb, actor, databases, platform};

use crate::evidence::rules::EvidenceKind;
use crate::evidence::service::NewEvidence;
use crate::rules::Person;
use crate::service::{self, Registration};

/// A platform with the register on one engine.
pub struct House {
    pub app: App,
    pub clerk: Actor,
    pub engine: &'static str,
    _db: TestDb,
}

/// One on each engine at hand.
pub async fn houses(name: &str) -> Vec<House> {
    let mut houses = Vec::new();
    for db in databases(name) {
        let app = platform(&db, &[kernel::MIGRATIONS, crate::MIGRATIONS]).await;
        let clerk = actor(Role::Clerk);
        houses.push(House { app, clerk, engine: db.engine, _db: db });
    }
    houses
}

/// The smallest file that says it is a PNG.
pub fn png(tail: &str) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), tail.as_bytes()].concat()
}

/// What a clerk would enter for a generated person.
pub fn registration(index: u32) -> Registration {
    let made = crate::generate::person(77, index).expect("within the population");
    Registration {
        number: made.number.as_str().to_owned(),
        document: made.document.code().to_owned(),
        name: made.name,
        sex: made.sex.code().to_owned(),
        birth: kernel::time::day_text(made.birth),
        phone: made.phone,
        address: made.address,
        ground: "employment".to_owned(),
        ground_until: "2090-12-31".to_owned(),
        ..Registration::default()
    }
}

/// A generated adult or child (under 16) with a resident number, from `start` on.
pub fn somebody(start: u32, adult: bool) -> Registration {
    let today = kernel::time::Utc::now().day();
    let fits = |index: &u32| {
        let made = crate::generate::person(77, *index).expect("within the population");
        let age = crate::rules::age(made.birth, today);
        let resident = made.number.kind() == crate::number::NumberKind::Resident;
        resident && if adult { (20..90).contains(&age) } else { age < 16 }
    };
    registration((start * 1_000..).find(fits).expect("there are enough"))
}

impl House {
    pub async fn register(&self, form: Registration) -> Person {
        service::register(&self.app, &self.clerk, form).await.expect("registered")
    }

    /// A proof of this person in the vault.
    pub async fn proof(&self, person: Id) -> String {
        let new = NewEvidence {
            kind: EvidenceKind::GuardianProof,
            purpose: "测试".to_owned(),
            bytes: png("proof"),
        };
        let taken = crate::evidence::service::take(&self.app, &self.clerk, person, new).await;
        taken.expect("taken").id.to_string()
    }

    pub async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Tx<'_>) -> Result<T, DbError> + Send + Sync + 'static,
    ) -> T {
        self.app.db.read(work).await.expect("can be read")
    }

    /// How many entries of an act the journal has.
    pub async fn journalled(&self, act: &'static str) -> usize {
        let newest = |tx: &mut Tx<'_>| kernel::journal::newest(tx, Id(i64::MAX), 5_000);
        self.read(newest).await.iter().filter(|entry| entry.act == act).count()
    }
}

/// A holder's account of a person.
pub fn holder(person: &Person) -> Actor {
    Actor { person: Some(person.id), ..actor(Role::Holder) }
}

/// `ok`, or the problem's code.
pub fn code_of<T>(result: Result<T, Problem>) -> &'static str {
    result.err().map_or("ok", |problem| problem.code)
}
