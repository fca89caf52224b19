//! Which covariance matrix, and its text form.

use thiserror::Error;

/// Which covariance matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Vcov {
    /// Equal variances.
    Iid,
    /// Robust, no factor.
    Hc0,
    /// Robust, n/(n − K).
    Hc1,
    /// Robust, residuals over √(1 − h).
    Hc2,
    /// Robust, residuals over 1 − h.
    Hc3,
    /// Robust, residuals over a power of 1 − h that grows with the leverage h.
    Hc4,
    /// Clustered by a column.
    Cluster(String),
    /// Clustered by two columns.
    TwoWay(String, String),
    /// Clustered by a column, unbiased when errors are independent and of equal variance; Bell and McCaffrey (2002).
    Cr2(String),
    /// Clustered by a column: the cluster jackknife.
    Cr3(String),
}

/// The text does not name a covariance matrix.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "vcov must be 'iid', 'hc0', 'hc1', 'hc2', 'hc3', 'hc4', 'cluster(a)', 'cluster(a, b)', 'cr2(a)' or 'cr3(a)', not '{found}'"
)]
pub struct VcovError {
    /// What was given.
    pub found: String,
}

impl Vcov {
    /// Reads `'hc1'`, `'cluster(a)'`, `'cluster(a, b)'`, `'cr2(a)'` and the like, in any case.
    ///
    /// # Errors
    /// [`VcovError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, VcovError> {
        let trimmed = text.trim();
        match trimmed.to_ascii_lowercase().as_str() {
            "iid" => return Ok(Self::Iid),
            "hc0" => return Ok(Self::Hc0),
            "hc1" | "hetero" => return Ok(Self::Hc1),
            "hc2" => return Ok(Self::Hc2),
            "hc3" => return Ok(Self::Hc3),
            "hc4" => return Ok(Self::Hc4),
            _ => {}
        }
        let unknown = || VcovError {
            found: text.to_owned(),
        };
        let (word, rest) = trimmed.split_once('(').ok_or_else(unknown)?;
        let inside = rest.strip_suffix(')').ok_or_else(unknown)?;
        // Names may be quoted as they are in a formula.
        let strip = |name: &str| name.trim().trim_matches(['"', '`']).to_owned();
        let names: Vec<String> = inside.split(',').map(strip).collect();
        if names.iter().any(String::is_empty) {
            return Err(unknown());
        }
        match (word.trim().to_ascii_lowercase().as_str(), names.as_slice()) {
            ("cluster", [one]) => Ok(Self::Cluster(one.clone())),
            ("cluster", [one, two]) => Ok(Self::TwoWay(one.clone(), two.clone())),
            ("cr2", [one]) => Ok(Self::Cr2(one.clone())),
            ("cr3", [one]) => Ok(Self::Cr3(one.clone())),
            _ => Err(unknown()),
        }
    }

    /// The columns to cluster by.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::Cluster(column) | Self::Cr2(column) | Self::Cr3(column) => vec![column],
            Self::TwoWay(first, second) => vec![first, second],
            _ => Vec::new(),
        }
    }

    /// Whether it needs the leverages of rows.
    pub(crate) fn needs_leverages(&self) -> bool {
        matches!(self, Self::Hc2 | Self::Hc3 | Self::Hc4)
    }

    /// Whether it is made for few clusters.
    pub fn is_for_few(&self) -> bool {
        matches!(self, Self::Cr2(_) | Self::Cr3(_))
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Iid => "iid",
            Self::Hc0 => "hc0",
            Self::Hc1 => "hc1",
            Self::Hc2 => "hc2",
            Self::Hc3 => "hc3",
            Self::Hc4 => "hc4",
            Self::Cluster(_) | Self::TwoWay(..) => "cluster",
            Self::Cr2(_) => "cr2",
            Self::Cr3(_) => "cr3",
        }
    }
}
