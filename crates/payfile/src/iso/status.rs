//! Status and reason codes of ISO 20022's external code sets, as data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::codes::Meaning;
use crate::contract::{LineResult, Reason};

/// What codes mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statuses {
    /// Of a transaction (`TxSts`).
    pub transaction: BTreeMap<String, Meaning>,
    /// Of a group or a payment information (`GrpSts`, `PmtInfSts`): `good` says it of each line.
    pub group: BTreeMap<String, Meaning>,
    /// Reasons (`StsRsnInf`, `RtrInf`).
    pub reason: BTreeMap<String, Reason>,
}

impl Statuses {
    /// The map that comes with this crate.
    pub fn shipped() -> Self {
        let json = include_str!("../../formats/codes/iso20022.json");
        serde_json::from_str(json).expect("the shipped map is fit: a test reads it")
    }

    /// Our reason for a code; unknown codes are another reason, not an error: the status counts.
    pub fn reason(&self, code: &str) -> Reason {
        self.reason.get(code).copied().unwrap_or(Reason::Other)
    }

    /// What a status and a reason say of a transaction.
    ///
    /// # Errors
    /// The status is unknown, or the reason leaves open what became of the first.
    pub(super) fn result(
        &self,
        status: &str,
        reason: &str,
        bank_ref: String,
        at: i64,
    ) -> Result<LineResult, String> {
        match self.transaction.get(status) {
            Some(Meaning::Good) => Ok(LineResult::Paid { bank_ref, at }),
            Some(Meaning::Pending) => Ok(LineResult::Pending),
            Some(Meaning::Bad(other)) => {
                let ours = if reason.is_empty() { *other } else { self.reason(reason) };
                if !ours.is_final() {
                    return Err(format!(
                        "the reason {reason:?} leaves open what became of the first"
                    ));
                }
                let code = if reason.is_empty() { status } else { reason };
                Ok(LineResult::Returned { reason: ours, bank_code: code.to_owned() })
            }
            None => Err(format!("the status {status:?} has no meaning")),
        }
    }
}
