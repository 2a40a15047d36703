//! One figure by line, by district and by month, with the way to the cases behind it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use kernel::actor::{Actor, Role};
use kernel::divisions::{DIVISIONS, Region};
use kernel::http::{Page, Path, Query, render};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use time::Date;

use super::figures::{FIGURES, Figure, Group, Line, Scope};
use super::pages::{Asked, place_of, query, scope};

/// Months that are looked back.
const MONTHS: usize = 12;

#[derive(Template)]
#[template(path = "supervision_figure.html")]
struct FigurePage {
    p: Page,
    figure: &'static Figure,
    scope: Scope,
    place: Text,
    lines: Vec<Line>,
    districts: Vec<Line>,
    months: Vec<Line>,
}

impl FigurePage {
    fn query(&self) -> String {
        query(&self.scope)
    }

    fn total(&self) -> String {
        self.figure.unit.said(self.lines.iter().map(|line| line.value).sum())
    }

    /// Width of a bar in a hundred.
    fn share(&self, line: &Line, all: &[Line]) -> i64 {
        let most = all.iter().map(|line| line.value).max().unwrap_or(1).max(1);
        i64::try_from(i128::from(line.value.max(0)) * 100 / i128::from(most)).unwrap_or(0)
    }
}

/// The months up to the one of `until`, oldest first, each as a scope.
fn months(scope: &Scope) -> Vec<Scope> {
    let mut found = Vec::new();
    let mut until = scope.until;
    for _ in 0..MONTHS {
        let from = until.replace_day(1).unwrap_or(until);
        found.push(Scope { from, until, ..scope.clone() });
        let Some(before) = from.previous_day() else { break };
        until = before;
    }
    found.reverse();
    found
}

/// Reads one figure in all scopes, in one snapshot.
async fn totals(
    app: &App,
    figure: &'static Figure,
    scopes: Vec<(Text, String, Scope)>,
) -> Result<Vec<Line>, Problem> {
    app.db
        .read(move |tx| {
            let mut found = Vec::new();
            for (name, key, scope) in &scopes {
                let value = (figure.read)(tx, scope)?.iter().map(|line| line.value).sum();
                found.push(Line { key: key.clone(), name: name.clone(), value });
            }
            Ok(found)
        })
        .await
}

fn month_name(day: Date) -> String {
    format!("{}-{:02}", day.year(), u8::from(day.month()))
}

pub(super) async fn one(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(key): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let found = FIGURES.iter().find(|figure| figure.key == key);
    // What is the auditor's alone stays his.
    let mine = |figure: &&Figure| figure.group != Group::Audit || actor.role == Role::Auditor;
    let figure = found.filter(mine).ok_or_else(Problem::not_found)?;
    let scope = scope(&actor, &asked)?;
    let whole = scope.clone();
    let lines = app.db.read(move |tx| Ok::<_, Problem>((figure.read)(tx, &whole)?)).await?;
    let mut places = Vec::new();
    if scope.division.is_empty() && figure.has_districts() {
        // What was recorded in a district that is no more stays there.
        let city = DIVISIONS.iter().filter(|one| one.region == Region::Chongqing);
        for place in city.filter(|one| one.code != Region::Chongqing.code()) {
            let narrow = Scope { division: place.code.to_owned(), ..scope.clone() };
            places.push((Text::new(place.zh, place.en), place.code.to_owned(), narrow));
        }
    }
    let mut districts = totals(&app, figure, places).await?;
    districts.retain(|line| line.value != 0);
    districts.sort_by_key(|line| -line.value);
    let flows = months(&scope).into_iter().filter(|_| figure.flow).map(|scope| {
        let name = month_name(scope.from);
        (Text::new(name.clone(), name.clone()), name, scope)
    });
    let months = totals(&app, figure, flows.collect()).await?;
    let place = place_of(&scope);
    render(&FigurePage { p, figure, scope, place, lines, districts, months })
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::date;

    use super::*;

    #[test]
    fn twelve_months_lie_end_to_end_up_to_the_last_day() {
        let scope = Scope {
            division: String::new(),
            from: date!(2026 - 11 - 01),
            until: date!(2026 - 11 - 17),
            today: date!(2026 - 11 - 30),
        };
        let all = months(&scope);
        assert_eq!(all.len(), MONTHS);
        assert_eq!((all[11].from, all[11].until), (date!(2026 - 11 - 01), date!(2026 - 11 - 17)));
        assert_eq!(all[0].from, date!(2025 - 12 - 01));
        for pair in all.windows(2) {
            assert_eq!(pair[0].until + Duration::DAY, pair[1].from);
        }
    }
}
