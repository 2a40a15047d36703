//! What a verification cannot be faster than: writing its rows durably, and checking its code.

use std::time::Instant;

use codes::store::{self, Use};
use kernel::actor::Actor;
use kernel::db::{Lane, LaneLimits, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use seal::sm2::{SignerId, SigningKey};

use super::Size;

/// SM2 signatures verified per second on one core: a code cannot be judged with less than one.
pub(super) fn signatures() -> Result<f64, String> {
    let key = SigningKey::from_secret(&[7; 32], SignerId::CQ1_HOLDER).map_err(|e| e.to_string())?;
    let (message, public) = ([9; 131], key.verifying());
    let signature = key.sign(&message);
    let (began, mut verified) = (Instant::now(), 0u64);
    while began.elapsed().as_millis() < 500 {
        verified += u64::from(public.verifies(&message, &signature));
    }
    Ok(verified as f64 / began.elapsed().as_secs_f64())
}

/// The same rows that a verification writes (use, journal entry, pending leaf), group-committed by the
/// same number of concurrent callers, without HTTP and without any question: rows/s.
pub(super) async fn durable_rows(app: &App, size: &Size) -> Result<f64, Problem> {
    let lane = std::sync::Arc::new(Lane::start(&app.db, LaneLimits::default(), write));
    let (began, mut callers) = (Instant::now(), Vec::new());
    let length = size.length / 2;
    for caller in 0..size.clients {
        let (lane, app) = (lane.clone(), app.clone());
        callers.push(tokio::spawn(async move {
            let mut written = 0u64;
            while began.elapsed() < length {
                lane.submit((app.id(), app.id(), Id(caller as i64))).await?;
                written += 1;
            }
            Ok::<_, Problem>(written)
        }));
    }
    let mut written = 0;
    for caller in callers {
        written += caller.await.map_err(|_| Problem::not_found())??;
    }
    Ok(written as f64 / began.elapsed().as_secs_f64())
}

type Ids = (Id, Id, Id);

fn write(tx: &mut Tx<'_>, set: &[Ids]) -> Result<Vec<Result<(), Problem>>, Problem> {
    let now = Utc::now();
    let uses: Vec<Use> = set.iter().map(|(id, _, person)| a_use(*id, *person, now)).collect();
    store::insert_uses(tx, &uses)?;
    let entry = |(used, id, person): &Ids| {
        let mut entry = Entry::new(*id, now, &Actor::system(), "item.used", "Art. 14");
        entry.subject = Some(*person);
        entry.object = format!("use:{used}");
        entry.item = format!("{} v1 图书借还", items::seed::LIBRARY);
        entry.purpose = "终端".to_owned();
        entry.fields = vec!["name_masked", "number_masked"];
        entry
    };
    let entries: Vec<Entry> = set.iter().map(entry).collect();
    journal::record_all(tx, &entries)?;
    Ok(set.iter().map(|_| Ok(())).collect())
}

fn a_use(id: Id, person: Id, at: Utc) -> Use {
    Use {
        person,
        id,
        at,
        item: items::seed::LIBRARY.to_owned(),
        item_version: 1,
        item_zh: "图书借还".to_owned(),
        item_en: "Borrowing and returning books".to_owned(),
        terminal: Id(1),
        place: "终端".to_owned(),
        credential: [0; 8],
        counter: Some(id.0),
        result: "ok".to_owned(),
    }
}
