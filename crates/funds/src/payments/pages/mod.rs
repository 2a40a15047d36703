//! Pages of payments: finance, exceptions, the auditor's way down, the holder's own money.

mod batch;
mod entry;
mod me;
mod office;
mod queue;
#[cfg(test)]
mod tests;
mod year;

use std::collections::BTreeMap;

use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use kernel::actor::{Access, Role};
use kernel::http::Routes;
use kernel::id::Id;
use kernel::law::Text;
use kernel::problem::Problem;

/// Who asks for a release.
pub(crate) const MAKERS: &[Role] = &[Role::DepartmentOfficer, Role::MunicipalOfficer];
/// Who approves one, and decides on exceptions.
pub(crate) const CHECKERS: &[Role] = &[Role::MunicipalApprover];
/// Who works on payments.
pub(crate) const FINANCE: &[Role] =
    &[Role::DepartmentOfficer, Role::MunicipalOfficer, Role::MunicipalApprover];
/// Who sees them; officials of a district see their own.
pub(crate) const VIEWERS: &[Role] = &[
    Role::DepartmentOfficer,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
    Role::DistrictOfficer,
    Role::DistrictApprover,
    Role::Auditor,
];
/// Who may press stop.
pub(crate) const STOPPERS: &[Role] = &[
    Role::DepartmentOfficer,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
    Role::DistrictApprover,
];
/// Who sees single payments.
pub(crate) const READERS: &[Role] =
    &[Role::DepartmentOfficer, Role::MunicipalOfficer, Role::MunicipalApprover, Role::Auditor];
/// Who helps a holder to choose another account: also at the desk.
const HELPERS: &[Role] = &[
    Role::DepartmentOfficer,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
    Role::Clerk,
    Role::OutletManager,
];
const HOLDERS: &[Role] = &[Role::Holder];

pub(crate) fn routes() -> Routes {
    let (view, finance) = (Access::Roles(VIEWERS), Access::Roles(FINANCE));
    let (stop, read) = (Access::Roles(STOPPERS), Access::Roles(READERS));
    let (own, help) = (Access::Roles(HOLDERS), Access::Roles(HELPERS));
    let at = "/office/funds/batches/{id}";
    Routes::new("funds")
        .page(Method::GET, "/office/funds", view, &[8], office::show)
        .page(Method::GET, "/office/funds/figures.csv", view, &[8], office::csv)
        .page(Method::GET, "/office/funds/total", view, &[8], year::total)
        .page(Method::GET, "/office/funds/year", view, &[8], year::year)
        .page(Method::GET, "/office/funds/year.csv", view, &[8], year::year_csv)
        .page(Method::GET, "/office/funds/entries/{id}", read, &[8, 19], entry::show)
        .page(Method::GET, "/office/funds/entries/{id}/proof.json", read, &[8, 19], entry::download)
        .page(Method::POST, "/office/funds/stop", stop, &[8, 20], office::stop)
        .page(Method::POST, "/office/funds/stops/{id}/lift", finance, &[8, 20, 25], office::lift)
        .page(Method::GET, at, view, &[8], batch::show)
        .page(Method::GET, "/office/funds/batches/{id}/progress", view, &[8], batch::progress)
        .page(Method::POST, "/office/funds/batches/{id}/release", finance, &[8, 25], batch::release)
        .page(
            Method::POST,
            "/office/funds/batches/{id}/take-back",
            Access::Roles(MAKERS),
            &[8],
            batch::take_back,
        )
        .page(Method::GET, "/office/funds/batches/{id}/lines", read, &[8, 19], batch::lines)
        .page(Method::GET, "/office/funds/payments/{id}", read, &[8, 19], batch::proof)
        .page(Method::POST, "/office/funds/payments/{id}/wrong", finance, &[8, 25], batch::wrong)
        .page(Method::GET, "/office/funds/exceptions", finance, &[8, 10], queue::show)
        .page(Method::POST, "/office/funds/exceptions/{id}/ask", finance, &[8, 25], queue::ask)
        .page(
            Method::POST,
            "/office/funds/exceptions/{id}/decide",
            Access::Roles(CHECKERS),
            &[8, 25],
            queue::decide,
        )
        .page(Method::GET, "/office/funds/returned/{id}", help, &[8], queue::returned)
        .page(Method::POST, "/office/funds/returned/{id}/correct", help, &[8], queue::correct)
        .page(Method::POST, "/office/funds/returned/{id}/review", finance, &[8, 25], queue::review)
        .page(Method::GET, "/me/payments", own, &[8], me::show)
        .page(Method::GET, "/me/payments.csv", own, &[8], me::csv)
        .page(Method::GET, "/me/payments/years/{year}", own, &[8], me::year)
        .page(Method::POST, "/me/payments/{id}/account", own, &[8], me::correct)
        .nav(VIEWERS, "/office/funds", Text::new("资金发放", "Payments"), Some('z'))
        .work(
            CHECKERS,
            "/office/funds",
            Text::new("发放审批", "Releases to approve"),
            super::store::batches::count_asked,
        )
        .nav(FINANCE, "/office/funds/exceptions", Text::new("资金差错", "Exceptions"), Some('x'))
        .work(
            FINANCE,
            "/office/funds/exceptions",
            Text::new("资金差错处理", "Exceptions to settle"),
            |tx, _, _| super::store::exceptions::count_waiting(tx),
        )
        .nav(HOLDERS, "/me/payments", Text::new("我的资金", "My money"), None)
}

/// Names by id, for tables.
#[derive(Default)]
pub(crate) struct Names(BTreeMap<Id, Text>);

impl Names {
    pub(crate) fn new(names: Vec<(Id, Text)>) -> Self {
        Self(names.into_iter().collect())
    }

    /// The name, or nothing.
    pub(crate) fn get(&self, id: Id) -> Text {
        self.0.get(&id).cloned().unwrap_or_default()
    }
}

/// A table as a download. The mark in front lets spreadsheets see that it is UTF-8.
pub(crate) fn csv_of(name: &str, rows: &[Vec<String>]) -> Result<Response, Problem> {
    let line =
        |row: &Vec<String>| row.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(",");
    let body = rows.iter().map(line).collect::<Vec<_>>().join("\r\n");
    let disposition = format!("attachment; filename=\"{name}\"");
    let disposition = HeaderValue::from_str(&disposition).map_err(|_| Problem::not_found())?;
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, format!("\u{feff}{body}\r\n")).into_response())
}

/// A cell; what a spreadsheet would take for a formula is text.
fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '@', '\t', '\r'])
        || (cell.starts_with('-') && cell[1..].parse::<f64>().is_err());
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains(['"', ',', '\n', '\r']) {
        return format!("\"{}\"", cell.replace('"', "\"\""));
    }
    cell
}

/// Why money came back, in words.
pub(crate) fn reason_name(code: &str) -> Text {
    let (zh, en) = match code {
        "no-account" => ("没有可收款的账户", "No account in order"),
        "closed" => ("账户已销户或异常", "The account is closed or not in order"),
        "blocked" => ("账户被冻结", "The account is blocked"),
        "name-mismatch" => ("户名不符", "Name and account differ"),
        "deceased" => ("收款人已去世", "The holder has died"),
        "not-permitted" => ("银行不能办理", "The bank may not pay it"),
        "" => ("", ""),
        _ => ("其他原因", "Another reason"),
    };
    Text::new(zh, en)
}

/// An id in a path or form.
pub(crate) fn id_of(text: &str) -> Result<Id, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}
