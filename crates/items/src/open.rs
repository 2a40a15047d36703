//! The list as open data: JSON and CSV with a signed digest, and a feed of its changes (Art. 14: 公开).

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use kernel::actor::Access;
use kernel::http::Routes;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use seal::keystore::JOURNAL;
use seal::sm2::SignerId;
use sheet::CsvWriter;

use crate::api::body;
use crate::catalogue::Catalogue;
use crate::proposal::{COLUMNS, Proposal};
use crate::rules::Item;
use crate::store;

/// The role in which the installation's key signs digests of the list.
pub const SIGNER: SignerId = SignerId("yikatong items");

pub(crate) fn routes() -> Routes {
    Routes::new("items")
        .page(Method::GET, "/open/items.json", Access::Public, &[14], json)
        .page(Method::GET, "/open/items.csv", Access::Public, &[14], csv)
        .page(Method::GET, "/open/items.digest", Access::Public, &[14], digest)
        .page(Method::GET, "/open/items.atom", Access::Public, &[14], atom)
        .page(Method::GET, "/open/items-changes.json", Access::Public, &[14], changes)
        .page(Method::GET, "/open/items-template.csv", Access::Public, &[14], template)
        .page(Method::GET, "/open/items-template.xlsx", Access::Public, &[14], template_book)
}

type Shared = Extension<Arc<Catalogue>>;

fn json_bytes(catalogue: &Catalogue) -> Result<Vec<u8>, Problem> {
    let items = catalogue.on(Utc::now().day());
    let bodies: Vec<_> = items.iter().map(|item| body(item)).collect();
    serde_json::to_vec_pretty(&bodies).map_err(|_| Problem::not_found())
}

fn csv_bytes(catalogue: &Catalogue) -> Result<Vec<u8>, Problem> {
    let write = || {
        let mut writer = CsvWriter::new(Vec::new())?;
        writer.row(COLUMNS.iter().take(25).map(|column| column.key))?;
        for item in catalogue.on(Utc::now().day()) {
            writer.row(Proposal::from_item(&item).cells())?;
        }
        writer.finish()
    };
    // Writing into memory cannot fail.
    write().map_err(|_: std::io::Error| Problem::not_found())
}

async fn json(Extension(catalogue): Shared) -> Result<Response, Problem> {
    Ok(([(header::CONTENT_TYPE, "application/json")], json_bytes(&catalogue)?).into_response())
}

async fn csv(Extension(catalogue): Shared) -> Result<Response, Problem> {
    let kind = [(header::CONTENT_TYPE, "text/csv; charset=utf-8")];
    Ok((kind, csv_bytes(&catalogue)?).into_response())
}

/// One line a file: name, SM2 signature of its bytes (r ‖ s, hex); then the public key.
async fn digest(State(app): State<App>, Extension(catalogue): Shared) -> Result<Response, Problem> {
    let missing = |_| Problem::not_found();
    let keys = app.keys.store();
    let mut text = String::new();
    for (name, bytes) in
        [("items.json", json_bytes(&catalogue)?), ("items.csv", csv_bytes(&catalogue)?)]
    {
        let signature = keys.sign(JOURNAL, SIGNER, &bytes).map_err(missing)?;
        text.push_str(&format!("{name} SM2 {}\n", hex::encode(signature)));
    }
    let key = keys.public(JOURNAL, SIGNER).map_err(missing)?;
    text.push_str(&format!("key {}\n", hex::encode(key.to_bytes())));
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

/// The columns of the list with one line to show how they are filled: what an import begins with.
/// The names of all columns, and an item of the list to show how they are filled in.
fn template_rows(catalogue: &Catalogue) -> Vec<Vec<String>> {
    let names = COLUMNS.iter().take(25).map(|column| column.names[0].to_owned()).collect();
    let shown = catalogue.on(Utc::now().day()).first().map(|item| {
        let shown = Proposal { code: "CQ-XX-000".to_owned(), ..Proposal::from_item(item) };
        shown.cells().map(str::to_owned).to_vec()
    });
    std::iter::once(names).chain(shown).collect()
}

async fn template_book(Extension(catalogue): Shared) -> Result<Response, Problem> {
    let rows = template_rows(&catalogue).into_iter();
    let rows: Vec<_> = rows.map(|row| row.into_iter().map(Into::into).collect()).collect();
    // Writing into memory cannot fail.
    let bytes = sheet::xlsx("事项", &rows).map_err(|_| Problem::not_found())?;
    let kind = (header::CONTENT_TYPE, sheet::XLSX_TYPE);
    let name = (header::CONTENT_DISPOSITION, "attachment; filename=\"items-template.xlsx\"");
    Ok(([kind, name], bytes).into_response())
}

async fn template(Extension(catalogue): Shared) -> Result<Response, Problem> {
    let write = || {
        let mut writer = CsvWriter::new(Vec::new())?;
        for row in template_rows(&catalogue) {
            writer.row(row)?;
        }
        writer.finish()
    };
    // Writing into memory cannot fail.
    let bytes = write().map_err(|_: std::io::Error| Problem::not_found())?;
    let kind = (header::CONTENT_TYPE, "text/csv; charset=utf-8");
    let name = (header::CONTENT_DISPOSITION, "attachment; filename=\"items-template.csv\"");
    Ok(([kind, name], bytes).into_response())
}

/// The changes as a JSON Feed 1.1, each with its version in full.
async fn changes(State(app): State<App>) -> Result<Response, Problem> {
    let changes = app.db.read(|tx| Ok::<_, Problem>(store::changes(tx, 100)?)).await?;
    let entry = |(at, item): (Utc, Item)| {
        let (code, version, from) = (&item.code, item.version, day_text(item.from));
        serde_json::json!({
            "id": format!("urn:yikatong:items:{code}:{version}"),
            "url": format!("/items/{code}"),
            "title": format!("{}（第{version}版，{from}起）", item.name.zh),
            "content_text": item.guide.zh,
            "date_published": at.rfc3339(),
            "_item": body(&item),
        })
    };
    let feed = serde_json::json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": "社会保障卡一卡通应用事项清单",
        "language": "zh-CN",
        "items": changes.into_iter().map(entry).collect::<Vec<_>>(),
    });
    let kind = [(header::CONTENT_TYPE, "application/feed+json; charset=utf-8")];
    Ok((kind, feed.to_string()).into_response())
}

/// Versions as they came on the list, the newest hundred (RFC 4287).
async fn atom(State(app): State<App>) -> Result<Response, Problem> {
    let changes = app.db.read(|tx| Ok::<_, Problem>(store::changes(tx, 100)?)).await?;
    let updated = changes.first().map_or(Utc(0), |(at, _)| *at).rfc3339();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\
         <title>社会保障卡一卡通应用事项清单</title><id>urn:yikatong:items</id>\
         <author><name>yikatong</name></author><updated>{updated}</updated>\n"
    );
    for (at, item) in changes {
        let name = item.name.zh.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        text.push_str(&format!(
            "<entry><id>urn:yikatong:items:{code}:{v}</id><title>{name}（第{v}版，{from}起）</title>\
             <updated>{}</updated><link href=\"/items/{code}\"/></entry>\n",
            at.rfc3339(),
            code = item.code,
            v = item.version,
            from = day_text(item.from),
        ));
    }
    text.push_str("</feed>\n");
    Ok(([(header::CONTENT_TYPE, "application/atom+xml; charset=utf-8")], text).into_response())
}
