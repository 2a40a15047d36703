use kernel::actor::Role;
use kernel::testing::{Client, actor};
use serde_json::json;

use super::service::{self, Signing};
use crate::changes::service::{NameChange, change_name};
use crate::testing::{code_of, houses, somebody};

#[tokio::test]
async fn a_signed_form_stays_as_it_was_signed() {
    for house in houses("forms").await {
        let person = house.register(somebody(1, true)).await;
        let proof = house.proof(person.id).await;
        let form = |signature: &str, assisted: &str, by: &str| Signing {
            signature: signature.to_owned(),
            assisted: assisted.to_owned(),
            assisted_by: by.to_owned(),
        };
        let sign = |form| service::sign(&house.app, &house.clerk, person.id, form);
        assert_eq!(code_of(sign(form("", "", "")).await), "people/evidence-missing");
        let nobody = sign(form(&proof, "read-aloud", "")).await;
        assert_eq!(code_of(nobody), "platform/invalid-input", "who helped is on record (Art. 15)");
        sign(form(&proof, "read-aloud", "李助残")).await.expect("signed");
        let rename = NameChange {
            name: "另一名".to_owned(),
            reason: "renamed".to_owned(),
            from: String::new(),
            evidence: proof,
        };
        change_name(&house.app, &house.clerk, person.id, rename).await.expect("renamed");
        let (now, forms) = service::open(&house.app, &house.clerk, person.id).await.expect("opens");
        assert_eq!(now.name, "另一名");
        assert_eq!(forms[0].fields.name, person.name, "{}", house.engine);
        assert_eq!(
            (forms[0].assisted.as_str(), forms[0].assisted_by.as_str()),
            ("read-aloud", "李助残")
        );
    }
}

/// Art. 12, 15: a printing station gets the lines of the form and keeps it signed, through the API.
#[tokio::test]
async fn the_form_is_printed_and_signed_through_the_api() {
    for house in houses("forms_api").await {
        let person = house.register(somebody(1, true)).await;
        let routes = crate::routes(|_, _| Ok(false));
        let router = kernel::http::build(house.app.clone(), routes).router;
        let mut desk = Client::program(&router, &house.app, &house.clerk).await;
        let path = format!("/api/v1/people/{}/form", person.id);
        let mut holder = Client::program(&router, &house.app, &actor(Role::Holder)).await;
        assert_eq!(holder.get(&path).await.status, 403);
        let forms = desk.get(&path).await.json();
        let said = |form: &serde_json::Value, label: &str| {
            let lines = form["lines"].as_array().expect("lines");
            let line = lines.iter().find(|line| line["label"]["zh"] == label);
            line.expect("a line")["value"].as_str().expect("a text").to_owned()
        };
        assert_eq!(said(&forms["now"], "姓名"), person.name);
        assert_eq!(said(&forms["now"], "社会保障号码"), person.number.as_str());
        assert!(said(&forms["now"], "申领依据").contains("2090-12-31"), "{}", house.engine);
        assert!(forms["now"]["declaration"]["zh"].as_str().expect("a text").contains("第五条"));
        assert_eq!(forms["signed"], json!([]));
        let alone = json!({"signature": "0", "assisted": "", "assisted_by": ""});
        assert_eq!(desk.post_json(&path, &alone).await.code(), "people/evidence-missing");
        let signature = house.proof(person.id).await;
        let form =
            json!({"signature": signature, "assisted": "sign-language", "assisted_by": "李助残"});
        let signed = desk.post_json(&path, &form).await.json();
        assert_eq!(signed["how"], "手语服务 / Sign language 李助残", "{}", house.engine);
        assert_eq!(desk.get(&path).await.json()["signed"], json!([signed]));
    }
}
