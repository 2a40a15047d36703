pub(crate) fn routes() -> kernel::http::Routes {
    kernel::http::Routes::new("people")
}
