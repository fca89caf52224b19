//! Columns of covariates: numbers, or text that becomes categories.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::DataType;

use super::column_role::is_numeric;
use super::labels::LabelColumn;
use super::numbers::push_numbers;
use super::relation_error::{ColumnName, RelationError};
use korabo_estimators::panel::{Covariate, CovariateValues};

/// A column that enters as numbers, or as categories where it holds text.
#[derive(Debug)]
pub(super) enum ValueColumn {
    Numbers(ColumnName, Vec<f64>),
    Labels(LabelColumn),
}

impl ValueColumn {
    pub(super) fn new(name: ColumnName, data_type: &DataType) -> Self {
        if is_numeric(data_type) {
            Self::Numbers(name, Vec::new())
        } else {
            Self::Labels(LabelColumn::new(name))
        }
    }

    pub(super) fn push(&mut self, array: &ArrayRef) -> Result<(), RelationError> {
        match self {
            Self::Numbers(name, values) => push_numbers(name, array, values),
            Self::Labels(labels) => labels.push(array),
        }
    }

    pub(super) fn reserve(&mut self, n_rows: usize) {
        match self {
            Self::Numbers(_, values) => values.reserve(n_rows),
            Self::Labels(labels) => labels.reserve(n_rows),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Numbers(_, values) => values.len() * size_of::<f64>(),
            Self::Labels(labels) => labels.bytes(),
        }
    }

    pub(super) fn into_covariate(self) -> Covariate {
        match self {
            Self::Numbers(name, values) => Covariate {
                name: name.column,
                values: CovariateValues::Numbers(values),
            },
            Self::Labels(labels) => {
                let name = labels.column_name().to_owned();
                let (codes, levels) = labels.into_codes();
                let labels = levels.into_texts();
                Covariate {
                    name,
                    values: CovariateValues::Categories { codes, labels },
                }
            }
        }
    }
}
