//! Files of banks: the text layouts, ISO 20022, and the maps that are data themselves.
#![no_main]

use libfuzzer_sys::fuzz_target;
use payfile::{codes::Codes, layout::Layout};

fuzz_target!(|data: &[u8]| {
    let Some((kind, body)) = data.split_first() else { return };
    let names: Vec<&str> = Layout::names().collect();
    let layout = names.get(usize::from(kind >> 2) % names.len()).and_then(|name| Layout::shipped(name));
    let (Some(layout), Some(codes)) = (layout, Codes::shipped("plain")) else { return };
    match kind % 4 {
        0 => drop(payfile::text::read_report(body, &layout, &codes, [0; 32])),
        1 => {
            if let Ok(batch) = payfile::text::read_batch(body, &layout) {
                assert!(batch.orders.iter().all(|order| order.fen > 0), "money is positive");
            }
        }
        2 => {
            let statuses = payfile::iso::Statuses::shipped();
            drop(payfile::iso::read_message(body, &statuses));
        }
        _ => {
            let text = String::from_utf8_lossy(body);
            let _ = (Layout::parse(&text), Codes::parse(&text));
        }
    }
});
