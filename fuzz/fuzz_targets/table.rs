//! Tables that people send: CSV in any encoding, workbooks, or anything else.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use sheet::{Column, Limits};

const COLUMNS: &[Column] = &[
    Column::needed("name", &["姓名", "name"]),
    Column::optional("number", &["证件号码", "number"]),
];

fuzz_target!(|data: &[u8]| {
    let limits = Limits { rows: 1_000, columns: 16, cell: 200, expanded: 1 << 20 };
    let Ok(table) = sheet::open(Cursor::new(data.to_vec()), COLUMNS, limits) else { return };
    let mut last = 0;
    for row in table.take(2_000) {
        let Ok(row) = row else { continue };
        assert!(row.line > last, "lines rise");
        last = row.line;
        let _ = (row.get("name"), row.narrow("number"), row.get("nothing"));
    }
});
