//! Pages of bills: the holder's own, the counter's for those without a phone, the office's.

mod desk;
mod me;
mod office;
mod shared;

use axum::http::Method;
use kernel::actor::{Access, Role};
use kernel::http::Routes;
use kernel::law::Text;

use crate::payments::pages::{CHECKERS, FINANCE, READERS, VIEWERS};

const HOLDERS: &[Role] = &[Role::Holder];
const CLERKS: &[Role] = &[Role::Clerk, Role::OutletManager];
/// Who proposes billers.
const PROPOSERS: &[Role] = &[Role::MunicipalOfficer];

pub(crate) fn routes() -> Routes {
    let (own, help) = (Access::Roles(HOLDERS), Access::Roles(CLERKS));
    let (get, post) = (Method::GET, Method::POST);
    Routes::new("funds")
        .page(get.clone(), "/me/bills", own, &[8, 15], me::show)
        .page(post.clone(), "/me/bills/accounts", own, &[8], me::keep)
        .page(post.clone(), "/me/bills/accounts/{id}", own, &[8], me::change)
        .page(post.clone(), "/me/bills/accounts/{id}/authorise", own, &[8], me::authorise)
        .page(post.clone(), "/me/bills/mandates/{id}", own, &[8], me::mandate)
        .page(post.clone(), "/me/bills/{id}/pay", own, &[8, 10], me::pay)
        .page(post.clone(), "/me/bills/{id}/decline", own, &[8], me::decline)
        .page(get.clone(), "/me/bills/payments/{id}", own, &[8], me::receipt)
        .more("/me/bills", Text::new("水电气缴费", "Water, power, gas"))
        .page(get.clone(), "/desk/bills", help, &[8, 15], desk::find)
        .page(get.clone(), "/desk/bills/{person}", help, &[8, 15], desk::show)
        .page(post.clone(), "/desk/bills/{person}/accounts", help, &[8, 15], desk::keep)
        .page(post.clone(), "/desk/bills/{person}/accounts/{id}", help, &[8, 15], desk::change)
        .page(post.clone(), "/desk/bills/{person}/mandates/{id}", help, &[8, 15], desk::mandate)
        .page(post.clone(), "/desk/bills/{person}/{id}/pay", help, &[8, 10, 15], desk::pay)
        .page(get.clone(), "/desk/bills/{person}/payments/{id}", help, &[8, 15], desk::receipt)
        .nav(CLERKS, "/desk/bills", Text::new("代办缴费", "Bills"), None)
        .page(get.clone(), "/office/bills", Access::Roles(VIEWERS), &[8], office::show)
        .page(
            post.clone(),
            "/office/bills/billers",
            Access::Roles(PROPOSERS),
            &[8],
            office::propose,
        )
        .page(
            post.clone(),
            "/office/bills/billers/{id}",
            Access::Roles(CHECKERS),
            &[8, 25],
            office::decide_biller,
        )
        .page(get, "/office/bills/payments/{id}", Access::Roles(READERS), &[8, 19], office::proof)
        .page(
            post.clone(),
            "/office/bills/payments/{id}/give-back",
            Access::Roles(FINANCE),
            &[8, 25],
            office::give_back,
        )
        .page(
            post.clone(),
            "/office/bills/exceptions/{id}/ask",
            Access::Roles(FINANCE),
            &[8, 25],
            office::ask,
        )
        .page(
            post,
            "/office/bills/exceptions/{id}/decide",
            Access::Roles(CHECKERS),
            &[8, 25],
            office::decide,
        )
        .nav(VIEWERS, "/office/bills", Text::new("水电气缴费", "Bills"), None)
}
