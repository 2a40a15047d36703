//! Files of orders: what we send, and what a bank reads.

use std::borrow::Borrow;
use std::io::{BufRead, Write};

use super::read::{Fault, Reader};
use super::row::Row;
use super::write::{WriteError, Writer};
use crate::contract::{Batch, Order, check_batch, check_order};
use crate::layout::{Field, Layout};
use crate::money;

/// Writes a batch. The same batch gives the same bytes, always.
///
/// # Errors
/// The batch does not pass [`check_batch`], or its layout cannot carry it.
pub fn write_batch<W: Write>(out: W, layout: &Layout, batch: &Batch) -> Result<W, WriteError> {
    check_batch(batch).map_err(|why| WriteError::Unfit(0, why))?;
    let sums = (batch.orders.len() as u64, batch.fen());
    write_orders(out, layout, batch, sums, &batch.orders)
}

/// Writes `count` orders of `fen` together that come one by one; `batch` gives the header alone.
///
/// # Errors
/// An order does not pass [`check_order`] or is not the next, the sums are others, or the layout cannot carry it.
pub fn write_orders<W: Write, O: Borrow<Order>>(
    out: W,
    layout: &Layout,
    batch: &Batch,
    (count, fen): (u64, i64),
    orders: impl IntoIterator<Item = O>,
) -> Result<W, WriteError> {
    let mut row = Row::default();
    row.set(Field::Batch, &batch.id);
    row.set(Field::Bank, &batch.bank);
    row.set(Field::Payer, &batch.payer_account);
    row.set(Field::Date, &batch.date.replace('-', ""));
    let mut writer = Writer::new(out, layout, &layout.orders, &mut row, (count, fen))?;
    for (place, order) in orders.into_iter().enumerate() {
        let line = place as u64 + 2;
        let order = order.borrow();
        check_order(order).map_err(|why| WriteError::Unfit(line, why))?;
        if u64::from(order.seq) + 1 != line {
            return Err(WriteError::Unfit(line, "Seq: not the next number".to_owned()));
        }
        row.set_number(Field::Seq, u64::from(order.seq));
        row.set(Field::Reference, &order.reference);
        row.set(Field::Account, &order.account);
        row.set(Field::Name, &order.name);
        row.set(Field::Remark, &order.remark);
        writer.line(&mut row, order.fen)?;
    }
    writer.finish()
}

/// Reads orders one by one.
pub struct OrderReader<'l, R: BufRead> {
    reader: Reader<'l, R>,
    row: Row,
    head: Batch,
}

impl<'l, R: BufRead> OrderReader<'l, R> {
    /// Reads the header.
    ///
    /// # Errors
    /// It cannot be believed.
    pub fn new(input: R, layout: &'l Layout) -> Result<Self, Fault> {
        let mut row = Row::default();
        let reader = Reader::new(input, layout, &layout.orders, &mut row)?;
        let date = day_of(row.get(Field::Date)).ok_or_else(|| no_day(1))?;
        let [id, bank, payer_account] =
            [Field::Batch, Field::Bank, Field::Payer].map(|f| row.get(f).to_owned());
        let head = Batch { id, bank, payer_account, date, orders: Vec::new() };
        Ok(Self { reader, row, head })
    }

    /// The batch without its orders.
    pub fn head(&self) -> &Batch {
        &self.head
    }

    /// The next order; `None` after the last, when the whole holds.
    ///
    /// # Errors
    /// Outside: the file as a whole cannot be believed. Inside: this line cannot.
    pub fn next_order(&mut self) -> Result<Option<Result<Order, Fault>>, Fault> {
        let Some(amount) = self.reader.next_row(&mut self.row)? else { return Ok(None) };
        Ok(Some(amount.and_then(|fen| self.order(fen))))
    }

    fn order(&self, fen: i64) -> Result<Order, Fault> {
        let (row, line) = (&self.row, self.reader.line_number());
        let seq = money::whole(row.get(Field::Seq)).and_then(|seq| u32::try_from(seq).ok());
        let seq = seq.filter(|seq| u64::from(*seq) + 1 == line);
        let seq = seq.ok_or_else(|| Fault { line, why: "Seq: not the next number".to_owned() })?;
        let [reference, account, name, remark] =
            [Field::Reference, Field::Account, Field::Name, Field::Remark]
                .map(|field| row.get(field).to_owned());
        let order = Order { seq, reference, account, name, fen, remark };
        check_order(&order).map_err(|why| Fault { line, why })?;
        Ok(order)
    }
}

/// Reads a batch whole, as a bank does: one bad line and nothing of it is a batch.
///
/// # Errors
/// All faults that were found.
pub fn read_batch(input: impl BufRead, layout: &Layout) -> Result<Batch, Vec<Fault>> {
    let mut reader = OrderReader::new(input, layout).map_err(|fault| vec![fault])?;
    let (mut orders, mut faults) = (Vec::new(), Vec::new());
    loop {
        match reader.next_order() {
            Ok(Some(Ok(order))) => orders.push(order),
            Ok(Some(Err(fault))) => faults.push(fault),
            Ok(None) => break,
            Err(fault) => {
                faults.push(fault);
                break;
            }
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let batch = Batch { orders, ..reader.head };
    check_batch(&batch).map_err(|why| vec![Fault { line: 0, why }])?;
    Ok(batch)
}

pub(super) fn no_day(line: u64) -> Fault {
    Fault { line, why: "Date: it is no day".to_owned() }
}

/// `2026-11-23` of `20261123`.
pub(super) fn day_of(text: &str) -> Option<String> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let day = format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]);
    crate::contract::check_day(&day).ok().map(|()| day)
}
