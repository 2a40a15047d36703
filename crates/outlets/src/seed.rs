//! Outlets for demonstrations: one service hall in each district, and some of the other kinds. Names
//! and addresses are made up; coordinates are those of the districts' centres.

use kernel::actor::Actor;
use kernel::divisions;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use time::{Date, Duration};

use crate::rules::{
    ACCESS, Details, Hours, JOINT, KINDS, LANGUAGES, SERVICES, Turn, parse_words, word,
};
use crate::service::queue::{self, Asked, End};
use crate::service::register::{own_region, put_in_force};
use crate::store::register::{Stored, insert};

/// Division, north and east in thousandths of a degree, kind.
const PLACES: [(&str, i64, i64, &str); 49] = [
    ("500103", 29_553, 106_569, "hrss"),
    ("500103", 29_560, 106_577, "bank"),
    ("500101", 30_808, 108_409, "hrss"),
    ("500102", 29_703, 107_390, "hrss"),
    ("500104", 29_484, 106_482, "hrss"),
    ("500106", 29_541, 106_457, "hrss"),
    ("500106", 29_563, 106_453, "bank"),
    ("500107", 29_502, 106_511, "hrss"),
    ("500107", 29_528, 106_499, "township"),
    ("500108", 29_521, 106_563, "hrss"),
    ("500109", 29_806, 106_396, "hrss"),
    ("500110", 29_028, 106_651, "hrss"),
    ("500111", 29_707, 105_722, "hrss"),
    ("500113", 29_403, 106_540, "hrss"),
    ("500114", 29_533, 108_771, "hrss"),
    ("500115", 29_857, 107_081, "hrss"),
    ("500116", 29_290, 106_259, "hrss"),
    ("500117", 29_972, 106_276, "hrss"),
    ("500118", 29_356, 105_927, "hrss"),
    ("500119", 29_157, 107_099, "hrss"),
    ("500120", 29_592, 106_227, "hrss"),
    ("500151", 29_845, 106_056, "hrss"),
    ("500152", 30_191, 105_840, "hrss"),
    ("500152", 30_160, 105_800, "joint"),
    ("500153", 29_405, 105_594, "hrss"),
    ("500153", 29_412, 105_580, "joint"),
    ("500154", 31_161, 108_393, "hrss"),
    ("500155", 30_674, 107_769, "hrss"),
    ("500156", 29_326, 107_760, "hrss"),
    ("500157", 29_729, 106_631, "hrss"),
    ("500157", 29_718, 106_542, "township"),
    ("500157", 29_606, 106_574, "joint"),
    ("500229", 31_948, 108_665, "hrss"),
    ("500230", 29_864, 107_731, "hrss"),
    ("500231", 30_327, 107_333, "hrss"),
    ("500233", 30_300, 108_039, "hrss"),
    ("500235", 30_931, 108_697, "hrss"),
    ("500236", 31_018, 109_464, "hrss"),
    ("500237", 31_075, 109_879, "hrss"),
    ("500238", 31_399, 109_570, "hrss"),
    ("500240", 29_999, 108_114, "hrss"),
    ("500241", 28_448, 109_007, "hrss"),
    ("500242", 28_841, 108_768, "hrss"),
    ("500243", 29_294, 108_166, "hrss"),
    ("500243", 29_310, 108_190, "township"),
    ("510100", 30_657, 104_066, "hrss"),
    ("511300", 30_801, 106_083, "joint"),
    ("511600", 30_456, 106_633, "joint"),
    ("511500", 28_752, 104_643, "joint"),
];

fn area_code(division: &str) -> &'static str {
    if division.starts_with("51") { "028" } else { "023" }
}

fn details(place: &(&str, i64, i64, &str)) -> Option<Details> {
    let (division, north, east, kind) = *place;
    let kind = word(KINDS, kind)?;
    let here = divisions::find(division)?;
    let (services, access) = match kind.code() {
        "bank" => ("apply,instant,activate,loss,replace,bank,other", "low,large-print,green"),
        "township" => ("apply,activate,loss,other", "ramp,large-print,green,home"),
        JOINT => ("apply,activate,loss,replace,joint,other", "ramp,low,large-print,green,toilet"),
        _ => {
            let all = "apply,instant,activate,loss,replace,cancel,bank,joint,other";
            (all, "ramp,low,large-print,hearing,green,home,toilet")
        }
    };
    let languages = match division {
        "500240" | "500241" | "500242" => "zh,cq,tujia",
        "500243" => "zh,cq,miao",
        "500103" => "zh,cq,en,sign",
        other if other.starts_with("51") => "zh",
        _ => "zh,cq",
    };
    let usual = "09:00-12:00,13:30-17:30";
    let saturday = if kind.code() == "bank" { "09:30-16:00" } else { "" };
    let week = format!("{usual};{usual};{usual};{usual};{usual};{saturday};");
    let english = format!("{}, {} (demo)", kind.2, here.en);
    Some(Details {
        kind,
        division: division.to_owned(),
        name: Text::new(format!("{}{}（演示）", here.zh, kind.1), english),
        address: format!("{}示范路{}号", here.zh, north % 100 + 1),
        directions: "公交示范站下车，步行约200米".to_owned(),
        latitude: north * 1_000,
        longitude: east * 1_000,
        phone: format!("{}-{}", area_code(division), 40_000_000 + north * 7 + east),
        hours: Hours::parse_week(&week).ok()?,
        services: parse_words(SERVICES, services)?,
        languages: parse_words(LANGUAGES, languages)?,
        access: parse_words(ACCESS, access)?,
        counters: if kind.code() == "hrss" { 4 } else { 2 },
    })
}

/// Sets the outlets up, a year ago; the first one is the organisation `desk`, which is there already.
///
/// # Errors
/// See [`Problem`]; it was done before.
pub async fn seed(app: &App, desk: Id) -> Result<(), Problem> {
    let own = own_region(app);
    let here = PLACES.iter().filter(|place| divisions::region_of(place.0) == Some(own));
    let places: Vec<(Id, Details)> = here
        .enumerate()
        .filter_map(|(at, place)| Some((if at == 0 { desk } else { app.id() }, details(place)?)))
        .collect();
    let entry = Entry::new(app.id(), Utc::now(), &Actor::system(), "outlet.confirmed", "Art. 11");
    app.db
        .write(move |tx| {
            let now = Utc::now();
            for (outlet, details) in &places {
                let stored = Stored {
                    outlet: *outlet,
                    version: 1,
                    state: "proposed".to_owned(),
                    from: now.day().saturating_sub(Duration::days(400)),
                    closed: false,
                    details: details.clone(),
                    reason: "演示数据".to_owned(),
                    decided_at: None,
                };
                insert(tx, &stored)?;
                put_in_force(tx, &stored, now, own)?;
            }
            let why = format!("{} outlets of the demonstration", places.len());
            Ok(journal::record(tx, &entry.clone().why(why, &[]))?)
        })
        .await
}

/// Some work of the past days at one outlet, so that its figures show something.
///
/// # Errors
/// See [`Problem`].
pub async fn work(app: &App, clerk: &Actor, days: i64) -> Result<(), Problem> {
    let outlet = clerk.org.ok_or_else(Problem::forbidden)?;
    let today = Utc::now().day();
    for after in 1..=days {
        let Some(day) = today.checked_sub(Duration::days(after)) else { continue };
        one_day(app, clerk, outlet, day).await?;
    }
    Ok(())
}

async fn one_day(app: &App, clerk: &Actor, outlet: Id, day: Date) -> Result<(), Problem> {
    let services = ["apply", "loss", "replace", "activate", "other"];
    let weekday = i64::from(day.weekday().number_days_from_monday());
    if weekday > 4 {
        return Ok(());
    }
    // Enough to be seen, never a copy of the day before.
    let count = 8 + (day.ordinal() * 7 % 9);
    for number in 0..count {
        let minutes = 9 * 60 + 5 + i64::from(number) * 11 % 170;
        let at = Utc::start_of(day).plus_seconds(minutes * 60);
        let turn = if number % 4 == 0 { Turn::Care } else { Turn::Usual };
        let service = services[(number as usize + weekday as usize) % services.len()].to_owned();
        let asked = Asked { outlet, service, turn, person: None };
        let ticket = queue::take(app, clerk, asked, at).await?;
        let called = at.plus_seconds(120 + i64::from(number) * 40);
        let call = queue::call_next(app, clerk, 1, called).await?;
        let ended = called.plus_seconds(240 + (ticket.number * 37 % 300));
        queue::end(app, clerk, call.number, End::Done, ended).await?;
    }
    Ok(())
}

/// A new outlet that waits for its approver.
///
/// # Errors
/// See [`Problem`].
pub async fn waiting(app: &App, maker: &Actor) -> Result<Id, Problem> {
    let mut details = PLACES.first().and_then(details).ok_or_else(Problem::not_found)?;
    details.kind = word(KINDS, "township").ok_or_else(Problem::not_found)?;
    // Service for holders of the other region is not a district's to open.
    details.services.retain(|word| word.code() != JOINT);
    details.name = Text::new("解放碑便民服务点（演示）", "Jiefangbei service point (demo)");
    details.address = "渝中区示范路88号".to_owned();
    let proposal = crate::service::register::Proposal {
        outlet: None,
        from: Utc::now().day().saturating_add(Duration::days(30)),
        closed: false,
        details,
        reason: "方便商圈群众就近办理".to_owned(),
    };
    crate::service::register::propose(app, maker, proposal).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::check_version;

    #[test]
    fn each_district_has_an_outlet_and_each_is_as_it_must_be() {
        let today = Utc::now().day();
        let all: Vec<Details> = PLACES.iter().filter_map(details).collect();
        assert_eq!(all.len(), PLACES.len());
        for details in &all {
            let region = divisions::region_of(&details.division).expect("a region");
            assert_eq!(
                check_version(details, false, today, today, region),
                Ok(()),
                "{}",
                details.name.zh
            );
        }
        for division in divisions::children(divisions::Region::Chongqing, today) {
            assert!(all.iter().any(|d| d.division == division.code), "{}", division.zh);
        }
    }
}
