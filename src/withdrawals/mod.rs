//! Who was withdrawn: hashes of their keys, which ingest and `korabo forget` compare with rows, and a record of each withdrawal, both
//! tables of the lake. The keys themselves are kept nowhere.

mod columns;
mod hash;
mod keys;
mod ledger;

pub use columns::{PersonColumns, RecordColumns};
pub use hash::KeyHash;
pub use keys::{KeyKind, WithdrawnKeys, hashes_of, hashes_of_records, hashes_of_row};
pub use ledger::{
    WITHDRAWALS, WITHDRAWN_KEYS, Withdrawal, WithdrawnTable, add_keys, highest_number, load_keys,
    load_withdrawals, save_withdrawals, withdrawals_schema, withdrawn_keys_schema,
};
