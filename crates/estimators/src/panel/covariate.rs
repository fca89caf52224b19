//! Covariates as they are handed over: numbers or categories by row.

use crate::panel::codes::MISSING_CODE;

/// A column of the comparison's adjustment.
#[derive(Clone)]
pub struct Covariate {
    /// Its name.
    pub name: String,
    /// Its values by row.
    pub values: CovariateValues,
}

/// The values of a covariate.
#[derive(Clone)]
pub enum CovariateValues {
    /// Numbers, or yes and no as 1 and 0; NaN or infinite = missing.
    Numbers(Vec<f64>),
    /// Categories; a regression takes one indicator for each label but the first that occurs.
    Categories {
        /// Index of the label by row; [`MISSING_CODE`] = missing.
        codes: Vec<u32>,
        /// The labels, in their order.
        labels: Vec<String>,
    },
}

impl Covariate {
    /// The covariate of some of the rows, with the labels that occur there.
    #[must_use]
    pub fn select(&self, rows: &[u32]) -> Self {
        let values = match &self.values {
            CovariateValues::Numbers(values) => {
                CovariateValues::Numbers(rows.iter().map(|&row| values[row as usize]).collect())
            }
            CovariateValues::Categories { codes, labels } => {
                let codes = rows.iter().map(|&row| codes[row as usize]);
                with_labels_that_occur(codes.collect(), labels)
            }
        };
        let name = self.name.clone();
        Self { name, values }
    }

    /// Whether no two rows with a value differ in it.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        match &self.values {
            CovariateValues::Numbers(values) => {
                let mut known = values.iter().filter(|value| value.is_finite());
                let first = known.next();
                known.all(|value| Some(value) == first)
            }
            // Of labels that occur: `select` keeps no others.
            CovariateValues::Categories { labels, .. } => labels.len() <= 1,
        }
    }
}

impl CovariateValues {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Numbers(values) => values.len(),
            Self::Categories { codes, .. } => codes.len(),
        }
    }

    pub(super) fn is_known(&self, row: usize) -> bool {
        match self {
            Self::Numbers(values) => values[row].is_finite(),
            Self::Categories { codes, .. } => codes[row] != MISSING_CODE,
        }
    }

    pub(super) fn number(&self, row: usize) -> f64 {
        match self {
            Self::Numbers(values) => values[row],
            Self::Categories { codes, .. } => f64::from(codes[row]),
        }
    }
}

fn with_labels_that_occur(mut codes: Vec<u32>, labels: &[String]) -> CovariateValues {
    let mut occurs = vec![false; labels.len()];
    for &code in codes.iter().filter(|code| **code != MISSING_CODE) {
        occurs[code as usize] = true;
    }
    let mut next = 0;
    let new_codes: Vec<u32> = occurs
        .iter()
        .map(|&occurs| {
            next += u32::from(occurs);
            // A label before the first that occurs wraps around; no code refers to it.
            next.wrapping_sub(1)
        })
        .collect();
    for code in codes.iter_mut().filter(|code| **code != MISSING_CODE) {
        *code = new_codes[*code as usize];
    }
    let kept = labels.iter().zip(occurs).filter(|(_, occurs)| *occurs);
    CovariateValues::Categories {
        codes,
        labels: kept.map(|(label, _)| label.clone()).collect(),
    }
}
