//! Small-sample factors: which of them apply, and their text form.

use thiserror::Error;

/// Which levels of fixed effects count as coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FixedEffectCount {
    /// Those not nested in a cluster; of each fixed effect after the first, one level less. The default of `fixest`.
    Nested,
    /// All; of each fixed effect after the first, one level less.
    Full,
    /// None.
    Omit,
    /// As `Nested`, but of each fixed effect after the one with the most levels as many levels less as it and an earlier one have
    /// connected components. Exact with two fixed effects; with more an upper bound of K (the earlier one with the most
    /// components counts), as in `reghdfe`.
    Components,
}

/// Which number of clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClusterCount {
    /// The smallest of all cluster variables.
    Smallest,
    /// Each its own (for the factor), or rows less K (for the t distribution).
    Conventional,
}

/// Small-sample factors; [`SmallSample::FIXEST`] is the default everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmallSample {
    /// Apply (n − 1)/(n − K).
    pub adjust: bool,
    /// Levels of fixed effects in K.
    pub fixed_effects: FixedEffectCount,
    /// Apply G/(G − 1).
    pub cluster_adjust: bool,
    /// G of that factor in two-way clustering.
    pub cluster_count: ClusterCount,
    /// Degrees of freedom of the t distribution with clusters: G − 1, or n − K.
    pub t_count: ClusterCount,
}

/// The text does not describe small-sample factors.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "ssc must be a list of adj=true|false, cluster_adj=true|false, fixef_k=nested|full|none|components, \
     cluster_df=min|conventional and t_df=min|conventional, not '{found}'"
)]
pub struct SmallSampleError {
    /// The part that does not fit.
    pub found: String,
}

impl SmallSample {
    /// The defaults of `fixest`.
    pub const FIXEST: Self = Self {
        adjust: true,
        fixed_effects: FixedEffectCount::Nested,
        cluster_adjust: true,
        cluster_count: ClusterCount::Smallest,
        t_count: ClusterCount::Smallest,
    };

    /// Reads `'adj=false, fixef_k=full'` and the like, in any case; what is not named stays as in [`SmallSample::FIXEST`].
    ///
    /// # Errors
    /// [`SmallSampleError`] for unknown names, unknown values, and names given twice.
    pub fn parse(text: &str) -> Result<Self, SmallSampleError> {
        let mut factors = Self::FIXEST;
        let mut seen = Vec::new();
        for part in text.split(',').filter(|part| !part.trim().is_empty()) {
            let unknown = || SmallSampleError {
                found: part.trim().to_owned(),
            };
            let (name, value) = part.split_once('=').ok_or_else(unknown)?;
            let name = name.trim().to_ascii_lowercase();
            let value = value.trim().to_ascii_lowercase();
            let flag = || match value.as_str() {
                "true" => Ok(true),
                "false" => Ok(false),
                _ => Err(unknown()),
            };
            let count = || match value.as_str() {
                "min" => Ok(ClusterCount::Smallest),
                "conventional" => Ok(ClusterCount::Conventional),
                _ => Err(unknown()),
            };
            match name.as_str() {
                "adj" => factors.adjust = flag()?,
                "cluster_adj" => factors.cluster_adjust = flag()?,
                "cluster_df" => factors.cluster_count = count()?,
                "t_df" => factors.t_count = count()?,
                "fixef_k" => {
                    factors.fixed_effects = match value.as_str() {
                        "nested" => FixedEffectCount::Nested,
                        "full" => FixedEffectCount::Full,
                        "none" => FixedEffectCount::Omit,
                        "components" => FixedEffectCount::Components,
                        _ => return Err(unknown()),
                    }
                }
                _ => return Err(unknown()),
            }
            if seen.contains(&name) {
                return Err(unknown());
            }
            seen.push(name);
        }
        Ok(factors)
    }
}
