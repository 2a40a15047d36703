pub(crate) fn routes(_: super::merge::HasCard) -> kernel::http::Routes {
    kernel::http::Routes::new("people")
}
