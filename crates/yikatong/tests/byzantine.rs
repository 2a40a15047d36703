//! A peer that lies: a program with a key of its own that first nobody trusts, and then somebody does.
//! What it may not do is refused with its code, counted, and never done (Art. 17, 20).

use kernel::problem::Problem;
use kernel::time::Utc;
use regions::rules::{BATCH, DESCRIPTOR, Descriptor, MESSAGE, Message, Receipt, STANDARD, Signed};
use regions::service::messages::Answer;
use seal::sm2::{SignerId, SigningKey};
use serde_json::json;

use crate::two_regions::Side;

const REGION: &str = "520000";

/// The liar.
struct Peer {
    secret: [u8; 32],
    port: u16,
    serial: i64,
}

impl Peer {
    fn signed(&self, role: SignerId, text: String) -> Signed {
        let key = SigningKey::from_secret(&self.secret, role).expect("a key");
        Signed { signature: hex::encode(key.sign(text.as_bytes())), text, before: None }
    }

    fn descriptor(&self) -> Signed {
        let key = SigningKey::from_secret(&self.secret, DESCRIPTOR).expect("a key");
        let now = Utc::now().seconds();
        let said = Descriptor {
            region: REGION.to_owned(),
            name: "演示邻省".to_owned(),
            key: hex::encode(key.verifying().to_compressed()),
            seal: String::new(),
            endpoint: "http://127.0.0.1:1".to_owned(),
            standard: STANDARD,
            contact: "0851-12333".to_owned(),
            serial: 1,
            valid_from: now - 60,
            valid_until: now + 86_400,
        };
        self.signed(DESCRIPTOR, serde_json::to_string(&said).expect("plain data"))
    }

    /// A good message of its own, with something bent before it is signed.
    fn message(&mut self, bend: impl FnOnce(&mut Message)) -> Signed {
        self.serial += 1;
        let now = Utc::now().seconds();
        let mut message = Message {
            id: format!("{:032x}", self.serial),
            from: REGION.to_owned(),
            to: "500000".to_owned(),
            kind: "incident.told".to_owned(),
            version: 1,
            person_key: String::new(),
            after: String::new(),
            sequence: self.serial,
            issued: now,
            expires: now + 600,
            purpose: "试".to_owned(),
            basis: "Art. 20".to_owned(),
            journal: String::new(),
            body: json!({"id": self.serial.to_string(), "title": "题", "text": "情况", "at": 0}),
        };
        bend(&mut message);
        self.signed(MESSAGE, serde_json::to_string(&message).expect("plain data"))
    }

    /// Status and body of a request to the server.
    fn post(&self, batch: &[Signed]) -> (u16, String) {
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        let agent: ureq::Agent = config.into();
        let url = format!("http://127.0.0.1:{}/regions/v1/messages", self.port);
        let body = serde_json::to_string(batch).expect("plain data");
        let sent = agent.post(url).header("content-type", "application/json").send(&body);
        let mut answer = sent.expect("the server answers");
        let text = answer.body_mut().read_to_string().expect("text");
        (answer.status().as_u16(), text)
    }

    /// The result in the receipt, or why there is none.
    fn says(&self, signed: &Signed) -> String {
        let (status, text) = self.post(std::slice::from_ref(signed));
        assert_eq!(status, 200, "{text}");
        let answers: Vec<Answer> = serde_json::from_str(&text).expect("answers");
        let answer = answers.into_iter().next().expect("one answer");
        let result = |receipt: Signed| serde_json::from_str::<Receipt>(&receipt.text).ok();
        match answer.receipt.and_then(result) {
            Some(receipt) => receipt.result,
            None => answer.why.expect("a reason"),
        }
    }
}

async fn alarms(side: &Side) -> Vec<(String, i64)> {
    let read = side.app.db.read(|tx| {
        let sql = "SELECT code, CAST(SUM(times) AS BIGINT) FROM region_alarm
                   GROUP BY code ORDER BY code";
        let rows = tx.query(sql, &[])?;
        let pair = |row: &kernel::db::Row| Ok((row.get(0)?, row.get(1)?));
        rows.iter().map(pair).collect::<Result<Vec<_>, kernel::db::DbError>>()
    });
    read.await.map_err(Problem::from).expect("read")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_lies_is_refused_with_a_code_counted_and_never_obeyed() {
    let side = Side::start("500000", None).await;
    let mut peer = Peer { secret: [77; 32], port: side.server.port(), serial: 0 };
    let early = peer.message(|_| {});
    assert_eq!(peer.says(&early), "regions/unlisted", "nobody trusts it yet");
    side.believe(&peer.descriptor()).await;

    assert_eq!(peer.says(&early), "ok", "what it may do, it may");
    for _ in 0..3 {
        assert_eq!(peer.says(&early), "ok", "a replay gets the receipt of then");
    }
    let mut changed = peer.message(|_| {});
    changed.text = changed.text.replace("情况", "改过");
    assert_eq!(peer.says(&changed), "regions/forged");
    let plain = peer.message(|_| {});
    let as_receipt = peer.signed(regions::rules::RECEIPT, plain.text);
    assert_eq!(peer.says(&as_receipt), "regions/forged", "signed in another role");
    let home = peer.message(|message| message.from = "500000".to_owned());
    assert_eq!(peer.says(&home), "regions/unlisted", "nobody speaks for this region");
    let elsewhere = peer.message(|message| message.to = "510000".to_owned());
    assert_eq!(peer.says(&elsewhere), "regions/scope", "meant for another one");
    let late = peer.message(|message| (message.issued, message.expires) = (0, 1_000));
    assert_eq!(peer.says(&late), "regions/expired");
    let future = peer.message(|message| message.issued += 3_600);
    assert_eq!(peer.says(&future), "regions/future");
    let other = peer.message(|message| {
        message.id = format!("{:032x}", 1);
        message.purpose = "另一件".to_owned();
    });
    assert_eq!(peer.says(&other), "regions/reused");
    let huge = peer.message(|message| message.purpose = "长".repeat(8_000));
    assert_eq!(peer.says(&huge), "regions/too-long");
    let orphan = peer.message(|message| message.after = "ff".repeat(16));
    assert_eq!(peer.says(&orphan), "regions/later");
    let unknown = peer.message(|message| message.kind = "card.delete".to_owned());
    assert_eq!(peer.says(&unknown), "regions/unknown-kind");
    let nonsense = peer.message(|message| message.body = json!({"id": 7}));
    assert_eq!(peer.says(&nonsense), "regions/unreadable");

    let (status, text) = peer.post(&vec![early.clone(); BATCH + 1]);
    assert!(status == 429 && text.contains("regions/too-many"), "{status} {text}");
    let flood = (0..700).map(|_| peer.post(&[])).filter(|(status, _)| *status == 429).count();
    assert!(flood > 0, "a flood is held back before it is looked at");

    let counted = alarms(&side).await;
    let expected = [
        ("regions/expired", 1),
        ("regions/forged", 2),
        ("regions/future", 1),
        ("regions/reused", 1),
        ("regions/scope", 1),
        ("regions/too-long", 1),
        ("regions/too-many", 1),
        ("regions/unlisted", 2),
    ];
    assert_eq!(counted, expected.map(|(code, times)| (code.to_owned(), times)));
    let done = side.number("SELECT COUNT(*) FROM region_incident").await;
    assert_eq!(done, 1, "only the good one was done, and once");
}
