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
