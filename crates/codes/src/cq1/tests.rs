//! Keys, credentials and status lists on both engines, judged by `seal` as a terminal would.

use kernel::testing::databases;
use kernel::time::Utc;
use seal::cq1::{
    Capabilities, Context, CredentialCache, KeyList, Refused as Cq1, Scene, StatusList,
    verify_offline_text,
};

use super::{issue, keys, region, status, store};
use crate::rules::Refused;
use crate::service::Presented;
use crate::tests::{Town, code_of};

/// A terminal without a network, with the lists that it fetched.
pub(super) struct Terminal {
    keys: KeyList,
    status: StatusList,
    cache: CredentialCache,
}

impl Terminal {
    pub(super) async fn of(town: &Town) -> Self {
        let (listed, status) = lists(town).await;
        let root = keys::root(&town.app).expect("a root");
        let keys = KeyList::open(&listed, &root).expect("a list that holds");
        let now_s = Utc::now().seconds();
        let status = StatusList::open(&status, &keys, now_s).expect("a list that holds");
        Self { keys, status, cache: CredentialCache::new(100) }
    }

    pub(super) fn judge(&mut self, town: &Town, text: &str, emergency: bool) -> Result<u32, Cq1> {
        let never = |_: &_| 0;
        let context = Context {
            now_s: Utc::now().seconds(),
            skew_s: 2,
            region: region(&town.app),
            capability: Capabilities::TRANSIT,
            scene: Scene::Any,
            emergency,
            max_list_age_s: 3_600,
            last_counter: &never,
        };
        verify_offline_text(text, &self.keys, &self.status, &context, &mut self.cache)
            .map(|accepted| accepted.counter)
    }
}

async fn lists(town: &Town) -> (Vec<u8>, Vec<u8>) {
    let read = town.app.db.read(|tx| {
        let list = |tx: &mut kernel::db::Tx<'_>, kind| store::list(tx, kind);
        Ok::<_, kernel::db::DbError>((list(tx, "keys")?, list(tx, "status")?))
    });
    let (keys, status) = read.await.expect("read");
    (keys.expect("keys").body, status.expect("a status list").body)
}

#[tokio::test]
async fn what_a_page_shows_a_terminal_without_a_network_takes_until_the_card_is_lost() {
    for test in databases("cq1_offline") {
        let town = Town::of(test).await;
        let first = issue::show(&town.app, &town.holder).await.expect("a code").text;
        let second = issue::show(&town.app, &town.holder).await.expect("a code").text;
        status::round(&town.app).await.expect("a list");
        let mut terminal = Terminal::of(&town).await;
        assert_eq!(terminal.judge(&town, &first, false), Ok(1), "{}", town.engine);
        assert_eq!(terminal.judge(&town, &second, false), Ok(2), "the counter rises");
        town.lose().await;
        status::round(&town.app).await.expect("a list");
        let serial = i64::from(terminal.status.state().serial);
        let delta = town.app.db.read(move |tx| store::delta(tx, serial)).await.expect("read");
        let delta = delta.expect("the loss is a delta");
        let now_s = Utc::now().seconds();
        terminal.status = terminal.status.updated(&delta, &terminal.keys, now_s).expect("fits");
        assert_eq!(terminal.judge(&town, &first, false), Err(Cq1::Suspended), "{}", town.engine);
        let shown = issue::show(&town.app, &town.holder).await.map(|shown| shown.text);
        assert_eq!(code_of(shown), "codes/card-not-active");
    }
}

#[tokio::test]
async fn a_signed_code_is_taken_online_once_and_gives_the_items_fields_only() {
    for test in databases("cq1_online") {
        let town = Town::of(test).await;
        let text = issue::show(&town.app, &town.holder).await.expect("a code").text;
        let yes = town.verify(&text).await;
        assert_eq!((yes.result, yes.fields.len()), (Ok(()), 2), "{}", town.engine);
        assert_eq!(town.verify(&text).await.result, Err(Refused::Replayed));
        let mut bent = text.clone().into_bytes();
        let last = bent.len() - 1;
        bent[last] = if bent[last] == b'0' { b'1' } else { b'0' };
        let bent = String::from_utf8(bent).expect("ASCII");
        assert!(matches!(town.verify(&bent).await.result, Err(Refused::Signed(_))));
        let fresh = issue::show(&town.app, &town.holder).await.expect("a code").text;
        town.lose().await;
        // Art. 20: online the loss counts at once, list or no list.
        assert_eq!(town.verify(&fresh).await.result, Err(Refused::CardNotActive));
    }
}

/// Art. 20: of 10,000 requests for one credential and counter one is told yes; who is told that the
/// platform is busy asks again, as terminals do.
#[tokio::test(flavor = "multi_thread")]
async fn of_ten_thousand_requests_for_one_display_one_is_told_yes() {
    const MANY: usize = 10_000;
    for test in databases("cq1_race") {
        let town = Town::of(test).await;
        let text = issue::show(&town.app, &town.holder).await.expect("a code").text;
        let mut asking = tokio::task::JoinSet::new();
        for _ in 0..MANY {
            let (codes, terminal, text) = (town.codes.clone(), town.terminal.clone(), text.clone());
            asking.spawn(async move {
                let presented = Presented { code: text, ..Presented::default() };
                loop {
                    match codes.verify(terminal.clone(), crate::tests::ITEM, &presented).await {
                        Ok(verdict) => return verdict.result,
                        Err(problem) => assert_eq!(problem.status, 503, "{}", problem.code),
                    }
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                }
            });
        }
        let answers = asking.join_all().await;
        let yes = answers.iter().filter(|answer| answer.is_ok()).count();
        // On a machine that is busy for a minute the last ones come after the code's time.
        let late = |answer: &&Result<(), Refused>| {
            matches!(answer, Err(Refused::Replayed | Refused::Signed(Cq1::Expired)))
        };
        assert_eq!((yes, answers.iter().filter(late).count()), (1, MANY - 1), "{}", town.engine);
    }
}

#[tokio::test]
async fn an_emergency_book_is_one_at_a_time_and_proves_no_identity() {
    for test in databases("cq1_book") {
        let town = Town::of(test).await;
        let book = issue::book(&town.app, &town.holder).await.expect("a book");
        assert_eq!(book.codes.len(), 5);
        let again = issue::book(&town.app, &town.holder).await.map(|book| book.until);
        assert_eq!(code_of(again), "codes/has-book", "{}", town.engine);
        status::round(&town.app).await.expect("a list");
        let mut terminal = Terminal::of(&town).await;
        assert_eq!(terminal.judge(&town, &book.codes[0], true), Ok(1));
        assert_eq!(terminal.judge(&town, &book.codes[4], false), Err(Cq1::EmergencyNotTaken));
        assert_eq!(town.verify(&book.codes[1]).await.result, Ok(()), "online it counts too");
        assert_eq!(town.verify(&book.codes[1]).await.result, Err(Refused::Replayed));
    }
}

#[tokio::test]
async fn a_revoked_issuer_is_refused_at_once_and_the_holder_gets_a_credential_of_the_next() {
    for test in databases("cq1_rotation") {
        let town = Town::of(test).await;
        let old = issue::show(&town.app, &town.holder).await.expect("a code").text;
        let officer = kernel::testing::actor(kernel::actor::Role::MunicipalOfficer);
        keys::revoke(&town.app, &officer, 1, 1).await.expect("revoked");
        status::round(&town.app).await.expect("a list");
        let mut terminal = Terminal::of(&town).await;
        assert_eq!(terminal.judge(&town, &old, false), Err(Cq1::IssuerRevoked), "{}", town.engine);
        let fresh = issue::show(&town.app, &town.holder).await.expect("a code").text;
        assert_eq!(terminal.judge(&town, &fresh, false), Ok(1), "{}", town.engine);
    }
}

#[tokio::test]
async fn lists_are_served_with_tags_and_deltas_lead_from_one_to_the_next() {
    for test in databases("cq1_lists") {
        let town = Town::of(test).await;
        issue::show(&town.app, &town.holder).await.expect("a code");
        status::round(&town.app).await.expect("a list");
        let mut anybody = kernel::testing::Client::new(&town.router);
        let whole = anybody.get("/api/v1/cq1/status").await;
        let tag = whole.header("etag").to_owned();
        assert!(whole.body.starts_with(b"CQS1"), "{}", town.engine);
        anybody.headers.push(("if-none-match", tag));
        assert_eq!(anybody.get("/api/v1/cq1/status").await.status, 304);
        anybody.headers.clear();
        assert_eq!(anybody.get("/api/v1/cq1/status/deltas/1").await.status, 204);
        town.lose().await;
        status::round(&town.app).await.expect("a list");
        let delta = anybody.get("/api/v1/cq1/status/deltas/1").await;
        assert!(delta.status == 200 && delta.body.starts_with(b"CQS1"), "{}", town.engine);
        assert_eq!(anybody.get("/api/v1/cq1/status/deltas/77").await.code(), "codes/delta-gone");
        assert!(anybody.get("/api/v1/cq1/keys").await.body.starts_with(b"CQK1"));
    }
}
