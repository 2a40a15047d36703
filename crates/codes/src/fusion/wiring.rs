//! The gateway joined to the rest of the card codes: the one place that knows both sides.

use std::sync::Arc;

use items::catalogue::Catalogue;
use kernel::law::Refusal;
use kernel::platform::App;

use super::service::gateway::{Answer, Asker, Gateway, OwnCodes};
use crate::service::{Codes, Presented};

/// A gateway that leaves codes of this platform to `codes`.
pub fn gateway(app: &App, codes: Arc<Codes>, catalogue: Arc<Catalogue>) -> Arc<Gateway> {
    let own: OwnCodes = Box::new(move |actor, question| {
        let codes = codes.clone();
        Box::pin(async move {
            let presented = Presented { code: question.code.clone(), ..Presented::default() };
            let verdict = codes.verify(actor, &question.item, &presented).await?;
            let refused = verdict.result.as_ref().err().map(|refused| refused as &dyn Refusal);
            let item = verdict.item.as_deref();
            Ok(Answer::new(verdict.id, verdict.at, item, refused, &verdict.fields))
        })
    });
    Arc::new(Gateway::new(app, catalogue, own, |tx, account| {
        let known = crate::store::terminals(tx, &[account])?.remove(&account);
        let known = known.filter(|terminal| !terminal.blocked);
        Ok(known.map(|terminal| Asker { place: terminal.place, items: terminal.items }))
    }))
}
