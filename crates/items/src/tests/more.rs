//! Feeds, the template, progress, papers, and import by programs.

use super::*;

/// The rows of a table as the import reads them.
fn rows_of(bytes: Vec<u8>) -> Vec<Vec<String>> {
    let limits = sheet::Limits::default();
    let sheet = sheet::open(std::io::Cursor::new(bytes), crate::proposal::COLUMNS, limits);
    let rows = sheet.expect("a table").map(|row| row.expect("a row"));
    let keys = crate::proposal::COLUMNS.iter().map(|column| column.key);
    rows.map(|row| keys.clone().map(|key| row.get(key).to_owned()).collect()).collect()
}

#[tokio::test]
async fn changes_template_progress_and_the_list_of_a_day_are_there_to_read() {
    for house in houses("items_more_pages").await {
        let router = seeded(&house).await;
        let mut client = Client::new(&router);
        let feed = client.get("/open/items-changes.json").await.json();
        let newest = feed["items"].as_array().expect("entries");
        assert!(newest.len() == 100 && newest[0]["_item"]["code"].is_string());
        let template = client.get("/open/items-template.csv").await.text();
        assert!(template.contains("事项编码") && template.contains("CQ-XX-000"));
        let book = client.get("/open/items-template.xlsx").await;
        assert_eq!(rows_of(book.body.to_vec()), rows_of(template.into_bytes()), "the same table");
        assert!(client.get("/items").await.text().contains("CQ-TR-001"));
        assert!(!client.get("/items?on=2020-01-01").await.text().contains("CQ-TR-001"));
        assert_eq!(client.get("/items?on=soon").await.status, 422);
        assert_eq!(client.get("/items/CQ-TR-001?on=2020-01-01").await.status, 404);
        let maker = actor(Role::DepartmentOfficer);
        house.propose(&maker, "CQ-CU-777", 3).await.expect("proposed");
        let late = house.app.db.housekeeping(|tx| {
            tx.execute("UPDATE item_step SET due_day = '2020-01-01'", &[]).map(drop)
        });
        late.await.expect("made late");
        // The maker may not take the step of his own proposal, but sees how it stands.
        let mut office = Client::signed_in(&router, &house.app, &maker).await;
        let page = office.get("/office/items/overdue").await.text();
        assert!(page.contains("CQ-CU-777") && page.contains("已逾期"), "{page}");
    }
}

#[tokio::test]
async fn papers_are_known_by_their_bytes_and_belong_to_the_open_case() {
    use crate::papers::{add, kind_of, of_item, open};
    for house in houses("items_papers").await {
        let (maker, other) = (actor(Role::DepartmentOfficer), actor(Role::MunicipalOfficer));
        let pdf = b"%PDF-1.7 minutes".to_vec();
        let app = &house.app;
        assert_eq!(
            code_of(add(app, &other, "CQ-CU-001", "x", pdf.clone()).await),
            "items/no-open-case"
        );
        house.propose(&maker, "CQ-CU-001", 1).await.expect("proposed");
        let page = b"<html>%PDF-</html>".to_vec();
        for (note, content) in [(" ", pdf.clone()), ("x", page)] {
            let refused = add(app, &other, "CQ-CU-001", note, content).await;
            assert_eq!(code_of(refused), "platform/invalid-input");
        }
        add(app, &other, "CQ-CU-001", "请补充理由", Vec::new()).await.expect("a comment");
        let id = add(app, &other, "CQ-CU-001", "会议纪要", pdf.clone()).await.expect("a paper");
        assert_eq!(open(app, id).await.expect("opened").1, pdf, "{}", house.engine);
        let known = app.db.read(|tx| Ok::<_, Problem>(of_item(tx, "CQ-CU-001")?)).await;
        let known = known.expect("read");
        assert_eq!((known.len(), known[1].step.as_str()), (2, "consult"));
        assert_eq!(house.acts().await.last().expect("acts").0, "item.commented");
        let spoil = app.db.housekeeping(|tx| {
            tx.execute("UPDATE item_paper SET media = 'text/html', content = digest", &[]).map(drop)
        });
        spoil.await.expect("spoilt");
        assert!(open(app, id).await.is_err(), "what was changed is not handed out");
    }
    assert_eq!(kind_of(b"PK\x03\x04 some other archive"), None);
    assert_eq!(kind_of(b"PK\x03\x04..xl/workbook.xml").map(|kind| kind.1), Some("xlsx"));
}

#[tokio::test]
async fn a_program_imports_a_table_and_a_desk_attaches_a_paper() {
    for house in houses("items_import_api").await {
        let router = seeded(&house).await;
        let maker = actor(Role::MunicipalOfficer);
        let mut program = Client::program(&router, &house.app, &maker).await;
        let head = "code,name_zh,name_en,field,list,level,ways,basis,guide_zh\n";
        let line = "CQ-CU-901,古籍阅览,Old books,culture,city,code,code,条例第七条,出示卡码\n";
        let broken =
            format!("{head}{line}CQ-CU-902,展览,Show,magic,city,code,code,条例第七条,出示\n");
        let refused = program.post("/api/v1/items/import", "text/csv", broken).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["faults"][0]["line"]),
            (422, &3.into())
        );
        let done = program.post("/api/v1/items/import", "text/csv", format!("{head}{line}")).await;
        assert_eq!(done.json()["proposed"], serde_json::json!(["CQ-CU-901"]), "{}", done.text());
        let mut stranger = Client::new(&router);
        assert_eq!(stranger.post("/api/v1/items/import", "text/csv", head).await.status, 401);

        let mut desk = Client::signed_in(&router, &house.app, &maker).await;
        let part = |name: &str, value: &str| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let file = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.exe\"\r\n\r\n%PDF-1\r\n--b--\r\n";
        let body = part("_csrf", &desk.csrf) + &part("note", "会议纪要") + file;
        let path = "/office/items/CQ-CU-901/comment";
        let sent = desk.post(path, "multipart/form-data; boundary=b", body).await;
        assert_eq!(sent.status, 303, "{}", sent.text());
        let page = desk.get("/office/items/CQ-CU-901/history").await.text();
        let link =
            page.split("/office/items/papers/").nth(1).and_then(|rest| rest.split('"').next());
        let paper = desk.get(&format!("/office/items/papers/{}", link.expect("a link"))).await;
        assert_eq!(
            (paper.text().as_str(), paper.header("content-type")),
            ("%PDF-1", "application/pdf")
        );
        assert!(paper.header("content-disposition").starts_with("attachment"));
    }
}
