//! Freezing and thawing: by the holder, the hotline, a clerk, an officer, a rule, or many at once.

pub mod api;
pub mod mass;
mod mass_store;
mod office;
pub mod pages;
pub mod service;
mod thaw;

use axum::http::Method;
use kernel::actor::Access;
use kernel::http::Routes;
use kernel::law::Text;

use super::{CITY, CLERKS, HOLDERS, HOTLINE, OFFICERS};

pub use thaw::{ask_thaw, decide_thaw, send_code, thaw_at_desk, thaw_own, waiting_thaws};

/// All routes of freezes.
pub fn routes() -> Routes {
    let (get, post, to) = (Method::GET, Method::POST, Access::Roles);
    Routes::new("conduct")
        .page(get.clone(), "/me/freeze", to(HOLDERS), &[20], pages::own)
        .page(post.clone(), "/me/freeze", to(HOLDERS), &[20], pages::freeze_own)
        .page(post.clone(), "/me/freeze/code", to(HOLDERS), &[20], pages::send_code)
        .page(post.clone(), "/me/freeze/thaw", to(HOLDERS), &[20], pages::thaw_own)
        .page(get.clone(), "/hotline/freeze", to(HOTLINE), &[20, 22], pages::hotline_form)
        .page(post.clone(), "/hotline/freeze", to(HOTLINE), &[20, 22], pages::hotline)
        .page(get.clone(), "/desk/people/{person}/freezes", to(CLERKS), &[20], pages::desk)
        .page(post.clone(), "/desk/people/{person}/freezes", to(CLERKS), &[20], pages::desk_freeze)
        .page(post.clone(), "/desk/people/{person}/thaw", to(CLERKS), &[20], pages::desk_thaw)
        .page(get.clone(), "/office/freezes", to(OFFICERS), &[20], office::list)
        .page(post.clone(), "/office/freezes", to(OFFICERS), &[20], office::freeze)
        .page(get.clone(), "/office/freezes/{id}", to(OFFICERS), &[20], office::one)
        .page(post.clone(), "/office/freezes/{id}/look", to(OFFICERS), &[20, 25], office::look)
        .page(post.clone(), "/office/freezes/{id}/thaw", to(OFFICERS), &[20, 25], office::ask_thaw)
        .page(post.clone(), "/office/thaws", to(OFFICERS), &[20, 25], office::decide_thaw)
        .page(get.clone(), "/office/mass-freezes", to(CITY), &[20], office::mass_list)
        .page(post.clone(), "/office/mass-freezes", to(CITY), &[20], office::propose)
        .page(get.clone(), "/office/mass-freezes/{id}", to(CITY), &[20], office::mass_one)
        .page(post, "/office/mass-freezes/{id}", to(CITY), &[20, 25], office::mass_act)
        .page(get, "/office/mass-freezes/{id}/progress", to(CITY), &[20], office::progress)
        .merge(api::routes())
        .more("/me/freeze", Text::new("冻结与解冻", "Freeze and thaw"))
        .nav(HOTLINE, "/hotline/freeze", Text::new("电话冻结", "Freeze by phone"), Some('f'))
        .nav(OFFICERS, "/office/freezes", Text::new("冻结", "Freezes"), None)
        .work(
            OFFICERS,
            "/office/freezes",
            Text::new("冻结复核", "Freezes to look at"),
            people::freezes::store::count_waiting,
        )
        .work(
            OFFICERS,
            "/office/freezes",
            Text::new("解冻审批", "Thaws to decide"),
            |tx, actor, _| kernel::work::decisions(tx, actor, &[thaw::APPROVAL]),
        )
        .nav(CITY, "/office/mass-freezes", Text::new("批量冻结", "Mass freezes"), None)
        .work(
            CITY,
            "/office/mass-freezes",
            Text::new("批量冻结审批", "Mass freezes to decide"),
            |tx, actor, _| mass_store::count_proposed(tx, actor),
        )
}
