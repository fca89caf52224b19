//! Moments of true effects around their regression, from estimates with known errors.

/// Second moment and kurtosis of θ − X'δ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moments {
    pub(super) second: f64,
    pub(super) kurtosis: f64,
}

/// From residuals ε̂ = Y − X'δ̂, standard errors σ and weights.
///
/// The bounds are means of the part above zero under a flat prior, as far as it is known: 2Σω²σ⁴/(Σω·Σωσ²) for μ₂ and
/// 1 + 32Σω²σ⁸/(μ₂²·Σω·Σωσ⁴) for κ.
pub(super) fn moments(residuals: &[f64], errors: &[f64], weights: &[f64]) -> Moments {
    let sum = |of: &dyn Fn(f64, f64, f64) -> f64| -> f64 {
        let rows = residuals.iter().zip(errors).zip(weights);
        rows.map(|((residual, error), weight)| of(*residual, error * error, *weight))
            .sum()
    };
    let total = sum(&|_, _, w| w);
    let raw = sum(&|e, v, w| w * (e * e - v)) / total;
    let least = 2.0 * sum(&|_, v, w| (w * v).powi(2)) / (total * sum(&|_, v, w| w * v));
    let second = raw.max(least);
    let square = second * second;
    let fourth = sum(&|e, v, w| w * (e.powi(4) - 6.0 * v * e * e + 3.0 * v * v)) / total;
    let spread =
        32.0 * sum(&|_, v, w| (w * v * v).powi(2)) / (total * sum(&|_, v, w| w * v * v)) / square;
    Moments {
        second,
        kurtosis: (fourth / square).max(1.0 + spread),
    }
}
