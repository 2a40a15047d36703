//! The values of one line.

use crate::layout::Field;

/// Values by field, kept between lines so that a million lines allocate as little as one.
#[derive(Clone, Debug, Default)]
pub struct Row([String; Field::COUNT]);

impl Row {
    /// The value of a field; empty when it has none.
    pub fn get(&self, field: Field) -> &str {
        &self.0[field as usize]
    }

    /// Sets a value.
    pub fn set(&mut self, field: Field, value: &str) {
        let place = self.place(field);
        place.push_str(value);
    }

    /// Sets a number.
    pub fn set_number(&mut self, field: Field, value: u64) {
        use std::fmt::Write as _;
        write!(self.place(field), "{value}").expect("a string takes all");
    }

    /// The emptied place of a value.
    pub(crate) fn place(&mut self, field: Field) -> &mut String {
        let place = &mut self.0[field as usize];
        place.clear();
        place
    }
}
