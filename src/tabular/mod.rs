//! Files of rows and columns as holders have them → batches of text: CSV and TSV in UTF-8 or CP932, and sheets of workbooks. What the
//! texts mean is decided elsewhere.

mod delimited;
mod layout;
mod read_error;
mod text_table;
mod workbook;

pub use delimited::DelimitedReader;
pub use layout::TableLayout;
pub use read_error::{ReadError, describe};
pub use text_table::{TableFile, TextTable, is_text_table, unnamed};
