//! What a person who is signed in wants to be told of the list.

use super::*;
use crate::follow::{self as following, Follower, Wish};

#[derive(Template)]
#[template(path = "follow.html")]
struct FollowPage {
    p: Page,
    now: Option<Follower>,
    staff: bool,
}

impl FollowPage {
    fn changes(&self) -> bool {
        self.now.as_ref().is_none_or(|now| now.changes)
    }

    fn deadlines(&self) -> bool {
        self.now.as_ref().is_none_or(|now| now.deadlines)
    }

    fn is_area(&self, area: Area) -> bool {
        self.now.as_ref().is_some_and(|now| now.area == Some(area))
    }

    fn phone(&self) -> &str {
        self.now.as_ref().map_or("", |now| now.phone.as_str())
    }
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    changes: Option<String>,
    #[serde(default)]
    field: String,
    #[serde(default)]
    deadlines: Option<String>,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    stop: Option<String>,
}

pub(super) async fn follow_form(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let now = following::of(&app, &actor).await?;
    render(&FollowPage { p, now, staff: CHECKERS.contains(&actor.role) })
}

pub(super) async fn follow(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<Wanted>,
) -> Result<Response, Problem> {
    let wish = match form.stop {
        Some(_) => Wish::default(),
        None => Wish {
            changes: form.changes.is_some(),
            area: form.field,
            deadlines: form.deadlines.is_some(),
            phone: form.phone,
        },
    };
    following::wish(&app, &actor, wish).await?;
    Ok(Redirect::to("/follow-items").into_response())
}
