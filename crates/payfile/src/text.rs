//! Text files by a layout: GB 18030, header, lines, trailer. Both directions stream: a file of a
//! million lines needs as much memory as one of ten.

mod orders;
mod read;
mod reports;
mod row;
mod write;

pub use orders::{OrderReader, read_batch, write_batch, write_orders};
pub use read::{Fault, Reader};
pub use reports::{ReportHead, ReportLine, ReportReader, read_report, stamp, write_report};
pub(crate) use reports::{read_told, result_of};
pub use row::Row;
pub use write::{WriteError, Writer};

#[cfg(test)]
mod tests;
