//! Official forms as a workbook: `rules/forms.toml` says which sheets, blocks and columns there are and from which result each is filled
//! ([`Forms`]); [`workbook`] fills them from [`Results`](super::Results), of which every number has passed small-cell control. What is
//! withheld, hidden by a gate or missing is a dash with its reason below the sheet. Forms are in Japanese only.

mod cell;
mod data;
mod definition;
mod error;
mod facts;
mod field_rows;
mod indicator_rows;
mod layout;
mod read;
mod sheet;
#[cfg(test)]
mod tests;
mod workbook;

pub use definition::Forms;
pub use error::FormsError;
pub use read::FORMS_FILE;
pub use workbook::workbook;
