//! Kernels: how much a row counts by its distance from the cutoff.

/// How the weight of a row falls with its distance from the cutoff, in bandwidths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// 1 − u: best at a boundary, the default.
    Triangular,
    /// ¾(1 − u²).
    Epanechnikov,
    /// ½ up to the bandwidth, the bandwidth included.
    Uniform,
}

impl Kernel {
    /// The weight at `u` ≥ 0 bandwidths; zero beyond one. The factor 1/h is left out: within a fit it cancels.
    pub(super) fn weight(self, u: f64) -> f64 {
        if u > 1.0 {
            return 0.0;
        }
        match self {
            Self::Triangular => 1.0 - u,
            Self::Epanechnikov => 0.75 * (1.0 - u * u),
            Self::Uniform => 0.5,
        }
    }

    /// C in the pilot bandwidth C·scale·n^(−1/5), which is Silverman's rule for the kernel.
    pub(super) fn pilot_constant(self) -> f64 {
        match self {
            Self::Triangular => 2.576,
            Self::Epanechnikov => 2.34,
            Self::Uniform => 1.843,
        }
    }

    /// ∫ uᵏK(u)du from 0 to 1.
    pub(super) fn moment(self, power: usize) -> f64 {
        let over = |power: usize| 1.0 / (power as f64 + 1.0);
        match self {
            Self::Triangular => over(power) - over(power + 1),
            Self::Epanechnikov => 0.75 * (over(power) - over(power + 2)),
            Self::Uniform => 0.5 * over(power),
        }
    }
}
