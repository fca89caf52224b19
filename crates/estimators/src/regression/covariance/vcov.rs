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
}

/// The text does not name a covariance matrix.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "vcov must be 'iid', 'hc0', 'hc1', 'hc2', 'hc3', 'hc4', 'cluster(a)' or 'cluster(a, b)', not '{found}'"
)]
pub struct VcovError {
    /// What was given.
    pub found: String,
}

impl Vcov {
    /// Reads `'hc1'`, `'cluster(a)'`, `'cluster(a, b)'` and the like, in any case.
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
        let strip = |name: &str| name.trim().trim_matches(['"', '`']).to_owned();
        let names: Vec<String> = inside.split(',').map(strip).collect();
        let is_cluster = word.trim().eq_ignore_ascii_case("cluster");
        match names.as_slice() {
            [one] if is_cluster && !one.is_empty() => Ok(Self::Cluster(one.clone())),
            [one, two] if is_cluster && !one.is_empty() && !two.is_empty() => {
                Ok(Self::TwoWay(one.clone(), two.clone()))
            }
            _ => Err(unknown()),
        }
    }

    /// The columns to cluster by.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::Cluster(column) => vec![column],
            Self::TwoWay(first, second) => vec![first, second],
            _ => Vec::new(),
        }
    }

    /// Whether it needs leverages.
    pub(crate) fn needs_leverages(&self) -> bool {
        matches!(self, Self::Hc2 | Self::Hc3 | Self::Hc4)
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
        }
    }
}
