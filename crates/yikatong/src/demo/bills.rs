//! Billers of the demonstration, with their hosts on files in the data folder, and some bills.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use funds::bills::port::{BillerPort, Billers, Config, Way};
use funds::bills::service::billers::NewBiller;
use funds::bills::service::{accounts, billers, mandates, pay, work};
use funds::bills::simulator::{Desk, Folder, Script};
use kernel::actor::{Actor, Role};
use kernel::db::{DbError, v};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::actor_of;
use super::bankers;
use super::villagers::Villager;

/// Code, Chinese and English name, kind, phone.
const BILLERS: [[&str; 5]; 3] = [
    ["WATER", "渝城水务（演示）", "Yucheng Water (demo)", "water", "023-966866"],
    ["POWER", "巴渝供电（演示）", "Bayu Power (demo)", "electricity", "023-95598"],
    ["GAS", "两江燃气（演示）", "Two Rivers Gas (demo)", "gas", "023-966777"],
];

fn unavailable(error: std::io::Error) -> Problem {
    DbError::Unavailable(error.to_string()).into()
}

/// The hosts of all billers; what they need is made when it is missing.
///
/// # Errors
/// A file cannot be read or written.
pub(super) fn desks(app: &App) -> Result<Vec<Arc<Folder>>, Problem> {
    let place = app.config.data.join("bills");
    let one = |biller: [&'static str; 5]| desk(&place, biller[0]).map(Arc::new);
    BILLERS.into_iter().map(one).collect::<Result<_, _>>().map_err(unavailable)
}

fn book(place: &Path, code: &str) -> std::path::PathBuf {
    place.join(code).join("book.jsonl")
}

fn desk(place: &Path, code: &str) -> std::io::Result<Folder> {
    let folder = place.join(code);
    std::fs::create_dir_all(&folder)?;
    let ours = bankers::key(&place.join("platform.key"))?;
    let theirs = bankers::key(&folder.join("biller.key"))?;
    let public = theirs.verifying().to_compressed();
    let config = Config {
        way: Way::Files { folder: code.into(), wait: 3_000 },
        key_file: "platform.key".into(),
        biller_keys: vec![public.iter().map(|byte| format!("{byte:02x}")).collect()],
    };
    std::fs::write(place.join(format!("{code}.json")), serde_json::to_vec_pretty(&config)?)?;
    let host = Desk::open(Script::default(), &book(place, code))?;
    Ok(Folder::new(host, &folder, theirs, vec![ours.verifying()]))
}

/// Lets the billers work for as long as the runtime lives.
pub(super) fn open(desks: Vec<Arc<Folder>>) {
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            for desk in &desks {
                let desk = Arc::clone(desk);
                let step = tokio::task::spawn_blocking(move || desk.step()).await;
                if let Ok(Err(error)) = step {
                    tracing::warn!(%error, "a demonstration biller could not work");
                }
            }
        }
    });
}

/// The billers in this process, over the books that their hosts go on with.
fn ports(app: &App) -> Billers {
    let place = app.config.data.join("bills");
    Arc::new(move |code| {
        let desk = Desk::open(Script::default(), &book(&place, code));
        let port: Arc<dyn BillerPort> = Arc::new(desk.map_err(|error| error.to_string())?);
        Ok(Some(port))
    })
}

/// Registers the billers and gives the holders account numbers, a paid bill and an authorisation.
///
/// # Errors
/// See [`Problem`].
pub(super) async fn make(
    app: &App,
    people: &[Villager],
    banks: &[Arc<payfile::simulator::Folder>],
) -> Result<(), Problem> {
    // Their folders are there before anybody writes a book.
    desks(app)?;
    let (officer, approver) = (actor_of(app, "CITY").await?, actor_of(app, "CITY2").await?);
    let mut ids = Vec::new();
    for [code, zh, en, kind, phone] in BILLERS {
        let new = NewBiller {
            code: code.to_owned(),
            name_zh: zh.to_owned(),
            name_en: en.to_owned(),
            kind: kind.to_owned(),
            phone: phone.to_owned(),
            divisions: String::new(),
            account: format!("50010800{:08}", 31 * (ids.len() + 1)),
        };
        let id = billers::propose(app, &officer, new).await?;
        billers::decide(app, &approver, id, "yes").await?;
        ids.push(id);
    }
    let ports = ports(app);
    for (place, one) in people.iter().take(super::HOLDERS).enumerate() {
        let holder = Actor {
            role: Role::Holder,
            person: Some(one.person),
            name: one.name.clone(),
            ..Actor::system()
        };
        for (biller, name) in ids.iter().zip(["自家", "自家", "父母家"]).take(2 + place % 2)
        {
            let number = format!("66{:06}1{}", 1_200 + place * 17, place + 1);
            let new = (*biller, number.as_str(), name);
            let kept = accounts::keep(app, &ports, &holder, one.person, new).await?;
            if place == 0 && *biller == ids[0] {
                let until = Utc::now().day().saturating_add(time::Duration::days(365));
                let of = (one.person, kept);
                mandates::authorise(app, &holder, of, (20_000, 40_000), until).await?;
            }
        }
        if place == 0 {
            let own = accounts::own(app, &holder, one.person).await?;
            if let Some(bill) = own.bills.iter().find(|bill| bill.biller == ids[1]) {
                pay::pay(app, &holder, one.person, bill.id).await?;
            }
        }
    }
    settle(app, &ports, banks).await
}

/// A few rounds of platform, banks and billers.
async fn settle(
    app: &App,
    ports: &Billers,
    banks: &[Arc<payfile::simulator::Folder>],
) -> Result<(), Problem> {
    let data = app.config.data.clone();
    let ways: funds::payments::port::Ports = Arc::new(move |code| payfile::port::find(&data, code));
    for _ in 0..2 {
        let sql = "UPDATE bill_payment SET next_at = $1";
        let due = move |tx: &mut kernel::db::Tx<'_>| tx.execute(sql, &[v(Id(0))]).map(drop);
        app.db.housekeeping::<(), DbError>(due).await?;
        work::round_with(app, &ways, ports).await?;
        for bank in banks {
            bank.step().map_err(unavailable)?;
        }
        funds::payments::service::work::round(app).await?;
    }
    Ok(())
}
