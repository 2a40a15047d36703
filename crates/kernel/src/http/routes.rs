//! Routes that cannot be added without saying whom they let in.
//!
//! [`Routes`] is the only way into the server, and each of its methods asks for an [`Access`]: an
//! undeclared route does not compile. The declarations are kept as a table, from which the matrix
//! route × role, the traceability of articles and the tests are made.

use axum::extract::{DefaultBodyLimit, Request};
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::{Next, from_fn};
use axum::routing::{MethodFilter, on};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::guard;
use crate::actor::{Access, Role};
use crate::law::Text;
use crate::platform::App;
use crate::work::{Count, Work};

/// A page for people or an endpoint for programs; it decides how problems look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RouteKind {
    /// HTML.
    Page,
    /// JSON, described by OpenAPI.
    Api,
}

/// One declared route.
#[derive(Clone, Debug)]
pub struct Declared {
    /// HTTP method.
    pub method: Method,
    /// Path with `{parameters}`.
    pub path: String,
    /// Whom it lets in.
    pub access: Access,
    /// Page or API.
    pub kind: RouteKind,
    /// Articles of the regulation that it serves.
    pub articles: &'static [u8],
    /// Capability that declared it.
    pub capability: &'static str,
}

/// An entry of the navigation of some roles.
#[derive(Clone, Debug)]
pub struct NavEntry {
    /// Roles that see it.
    pub roles: &'static [Role],
    /// Address.
    pub href: &'static str,
    /// Label.
    pub label: Text,
    /// Access key for keyboard users.
    pub key: Option<char>,
    /// In the bar; else on the page of further services, which a phone's bar has no room for.
    pub main: bool,
    /// Capability that offers it.
    pub capability: &'static str,
}

/// The routes of one capability, or of several merged.
pub struct Routes {
    pub(super) router: OpenApiRouter<App>,
    pub(super) table: Vec<Declared>,
    pub(super) nav: Vec<NavEntry>,
    pub(super) work: Vec<Work>,
    capability: &'static str,
}

impl Routes {
    /// No routes yet.
    pub fn new(capability: &'static str) -> Self {
        let (table, nav, work) = (Vec::new(), Vec::new(), Vec::new());
        Self { router: OpenApiRouter::new(), table, nav, work, capability }
    }

    /// Adds endpoints described with `#[utoipa::path]`: `.api(access, &[5], routes!(apply))`.
    #[must_use]
    pub fn api(
        mut self,
        access: Access,
        articles: &'static [u8],
        (schemas, paths, methods): UtoipaMethodRouter<App>,
    ) -> Self {
        for (path, item) in &paths.paths {
            let found = [
                (Method::GET, &item.get),
                (Method::POST, &item.post),
                (Method::PUT, &item.put),
                (Method::DELETE, &item.delete),
            ];
            for (method, operation) in found {
                if operation.is_some() {
                    self.declare(method, path.clone(), access, RouteKind::Api, articles);
                }
            }
        }
        let guarded = methods.route_layer(from_fn(move |request: Request, next: Next| {
            guard::admit(access, RouteKind::Api, request, next)
        }));
        self.router = self.router.routes((schemas, paths, guarded));
        self
    }

    /// Adds a page or the target of a form.
    #[must_use]
    pub fn page<H, T>(
        mut self,
        method: Method,
        path: &'static str,
        access: Access,
        articles: &'static [u8],
        handler: H,
    ) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.declare(method.clone(), path.to_owned(), access, RouteKind::Page, articles);
        let filter = MethodFilter::try_from(method).expect("a usual HTTP method");
        let guarded =
            on(filter, handler).route_layer(from_fn(move |request: Request, next: Next| {
                guard::admit(access, RouteKind::Page, request, next)
            }));
        self.router = self.router.route(path, guarded);
        self
    }

    /// Like [`Routes::page`] for a form with files, or [`Routes::api`]'s body: up to `most` bytes.
    #[must_use]
    pub fn upload<H, T>(
        self,
        path: &'static str,
        access: Access,
        articles: &'static [u8],
        most: usize,
        handler: H,
    ) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        let handler = handler.layer(DefaultBodyLimit::max(most));
        self.page(Method::POST, path, access, articles, handler)
    }

    /// Lets the bodies of all endpoints so far be up to `most` bytes.
    #[must_use]
    pub fn bodies(mut self, most: usize) -> Self {
        self.router = self.router.layer(DefaultBodyLimit::max(most));
        self
    }

    /// Adds an entry to the navigation of `roles`.
    #[must_use]
    pub fn nav(
        mut self,
        roles: &'static [Role],
        href: &'static str,
        label: Text,
        key: Option<char>,
    ) -> Self {
        let capability = self.capability;
        self.nav.push(NavEntry { roles, href, label, key, main: true, capability });
        self
    }

    /// Adds an entry to the page of further services of holders (`/me/more`).
    #[must_use]
    pub fn more(mut self, href: &'static str, label: Text) -> Self {
        let roles = &[Role::Holder];
        let capability = self.capability;
        self.nav.push(NavEntry { roles, href, label, key: None, main: false, capability });
        self
    }

    /// Adds a line to the start page of `roles`: what of this work waits for whoever looks.
    #[must_use]
    pub fn work(
        mut self,
        roles: &'static [Role],
        href: &'static str,
        label: Text,
        count: Count,
    ) -> Self {
        self.work.push(Work { roles, href, label, count });
        self
    }

    /// Gives all handlers of these routes a value to extract with `Extension`.
    #[must_use]
    pub fn share<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.router = self.router.layer(axum::Extension(value));
        self
    }

    /// Both tables in one.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.table.extend(other.table);
        self.nav.extend(other.nav);
        self.work.extend(other.work);
        self
    }

    /// All declared routes.
    pub fn table(&self) -> &[Declared] {
        &self.table
    }

    /// The OpenAPI 3.1 description of the endpoints so far.
    pub fn openapi(&self) -> &utoipa::openapi::OpenApi {
        self.router.get_openapi()
    }

    fn declare(
        &mut self,
        method: Method,
        path: String,
        access: Access,
        kind: RouteKind,
        articles: &'static [u8],
    ) {
        let capability = self.capability;
        self.table.push(Declared { method, path, access, kind, articles, capability });
    }
}
