//! The matrix route × role, made from the declared routes and tested whole.

use kernel::actor::{Access, Role};
use kernel::http::{Declared, RouteKind};
use kernel::testing::{self, Client, Reply};

use crate::support::committed;
use crate::town::Town;

/// Whether the guard kept the caller out; other refusals come from rules behind the door.
fn kept_out(route: &Declared, reply: &Reply) -> bool {
    // The second step at a door sends those back who have not taken the first.
    let door = route.path.contains("/sign-") || route.path.contains("second-factor");
    let back = reply.status == 303 && reply.header("location").ends_with("/sign-in");
    let to_the_door = back && !door;
    let code = reply.code();
    to_the_door || code == "platform/not-permitted" || code == "platform/sign-in-required"
}

/// The path with something in the place of each parameter: the guard comes before any look-up.
fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.starts_with('{') {
        true => "0000000000001",
        false => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

async fn call(client: &mut Client, route: &Declared) -> Reply {
    let path = filled(&route.path.replace("{code}", "CQ-XX-999"));
    match route.method.as_str() {
        "GET" => client.get(&path).await,
        "POST" => client.post_form(&path, &[]).await,
        "DELETE" => {
            let request = axum::http::Request::delete(&path).body(axum::body::Body::empty());
            client.send(request.expect("a request")).await
        }
        other => panic!("{other}: tell the matrix how to call it"),
    }
}

#[tokio::test]
async fn every_route_lets_in_its_roles_and_nobody_else() {
    let town = Town::on_all_engines("matrix").await.remove(0);
    for (place, route) in town.built.table.iter().enumerate() {
        for role in Role::ALL {
            let actor = testing::actor(role);
            let mut client = match role {
                Role::Terminal => Client::program(&town.built.router, &town.app, &actor).await,
                _ => Client::signed_in(&town.built.router, &town.app, &actor).await,
            };
            let reply = call(&mut client, route).await;
            let expected = !route.access.lets_in(role);
            let seen = kept_out(route, &reply);
            assert_eq!(
                seen,
                expected,
                "{} {} as {role}: {}",
                route.method,
                route.path,
                reply.text()
            );
        }
        let mut stranger = Client::new(&town.built.router);
        // Strangers of one address may not ask so often.
        let address = format!("192.0.{}.7:1", place % 250);
        stranger.address = address.parse().expect("an address");
        let reply = call(&mut stranger, route).await;
        let expected = route.access != Access::Public;
        let seen = kept_out(route, &reply);
        assert_eq!(seen, expected, "{} {} as nobody: {}", route.method, route.path, reply.text());
    }
}

#[tokio::test]
async fn the_committed_matrix_is_the_routers() {
    let town = Town::on_all_engines("matrix_doc").await.remove(0);
    let mut text = String::from(
        "# Who may enter which route\n\nMade from the declared routes by `crates/yikatong/tests/matrix.rs`, \
         which also tests every cell. Write it anew with `UPDATE_DOCS=1`.\n\n| route | nobody |",
    );
    Role::ALL.iter().for_each(|role| text.push_str(&format!(" {role} |")));
    text.push_str(&format!("\n|---|{}\n", "---|".repeat(Role::ALL.len() + 1)));
    let mut lines: Vec<String> = town.built.table.iter().map(line).collect();
    lines.sort();
    text.push_str(&lines.concat());
    committed("docs/permissions.md", &text);
}

fn line(route: &Declared) -> String {
    let mark = |yes: bool| if yes { " ✓ |" } else { " · |" };
    let nobody = match route.access {
        Access::Operators => " loopback |",
        access => mark(access == Access::Public),
    };
    let kind = if route.kind == RouteKind::Api { "" } else { " (page)" };
    let roles: String = Role::ALL.iter().map(|role| mark(route.access.lets_in(*role))).collect();
    format!("| `{} {}`{kind} |{nobody}{roles}\n", route.method, route.path)
}
