//! The columns of a call: each is read once, however many purposes it serves.

use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use super::definition::PreparedRelation;

/// Which columns a relation reads, and where it finds those it asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Columns {
    /// Positions in the input of the columns read, without repeats.
    pub(super) distinct: Vec<usize>,
    /// For each column asked for, its place among those read.
    places: Vec<usize>,
}

impl Columns {
    pub(super) fn of(prepared: &dyn PreparedRelation) -> Self {
        Self::asked_for(&prepared.input_columns())
    }

    fn asked_for(columns: &[usize]) -> Self {
        let mut distinct: Vec<usize> = Vec::with_capacity(columns.len());
        let places = columns.iter().map(|column| {
            let known = distinct.iter().position(|known| known == column);
            known.unwrap_or_else(|| {
                distinct.push(*column);
                distinct.len() - 1
            })
        });
        let places = places.collect();
        Self { distinct, places }
    }

    /// Where among the columns read stands the one asked for at `position`.
    pub(super) fn place(&self, position: usize) -> usize {
        self.places[position]
    }

    /// A batch of the columns read as one of the columns asked for.
    pub(super) fn arrange(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        batch.project(&self.places)
    }
}

#[cfg(test)]
mod tests {
    use super::Columns;

    #[test]
    fn a_column_of_several_purposes_is_read_once() {
        let columns = Columns::asked_for(&[4, 2, 4, 7, 2]);
        assert_eq!(columns.distinct, [4, 2, 7]);
        assert_eq!(columns.places, [0, 1, 0, 2, 1]);
    }
}
