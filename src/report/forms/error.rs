//! What can be wrong with forms.

use rust_xlsxwriter::XlsxError;

use crate::toml_reader::TomlError;

/// Why forms cannot be used or written.
#[derive(Debug, thiserror::Error)]
pub enum FormsError {
    /// The file cannot be read.
    #[error("cannot read `{file}`")]
    Unreadable {
        /// Which.
        file: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not as it should be.
    #[error(transparent)]
    Toml(#[from] TomlError),
    /// A sheet cannot be made.
    #[error("cannot make the sheet `{sheet}` of rules/forms.toml")]
    Sheet {
        /// Which.
        sheet: String,
        /// Why.
        #[source]
        source: XlsxError,
    },
    /// The workbook cannot be made.
    #[error("cannot make the workbook of forms")]
    Workbook(#[source] XlsxError),
}
