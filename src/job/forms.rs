//! Where the workbook of forms lies. It is written together with the board's page.

use std::path::{Path, PathBuf};

/// The project's workbook of forms, beside the board's page.
pub(super) fn beside(page: &Path) -> PathBuf {
    page.with_file_name("forms.xlsx")
}

/// The workbook that goes with a page which the user named: `NAME.forms.xlsx` beside `NAME.html`; none beside what is no such file.
pub(super) fn named_like(page: &Path) -> Option<PathBuf> {
    let is_page = page.extension().is_some_and(|own| own == "html");
    is_page.then(|| page.with_extension("forms.xlsx"))
}
