//! yikatong
fn main() {}
