//! Where in a file its table is.

/// Where in a file its table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableLayout {
    /// The line of the columns' names, from 1.
    pub header_row: usize,
    /// The line of the first row of values, from 1, after the header.
    pub first_row: usize,
    /// The sheet of a workbook; the first without it.
    pub sheet: Option<String>,
}

impl TableLayout {
    /// A table whose names are in line `header_row`, and whose values follow.
    #[must_use]
    pub fn with_header_in(header_row: usize) -> Self {
        Self {
            header_row,
            first_row: header_row + 1,
            sheet: None,
        }
    }

    /// Lines before the header.
    pub(super) fn n_before_header(&self) -> usize {
        self.header_row.saturating_sub(1)
    }

    /// Lines between the header and the first row of values.
    pub(super) fn n_after_header(&self) -> usize {
        self.first_row
            .saturating_sub(self.header_row)
            .saturating_sub(1)
    }
}

impl Default for TableLayout {
    fn default() -> Self {
        Self::with_header_in(1)
    }
}
