//! The place where a function changes sign, and nodes for integrals: what the numerics of this room share.

/// The x between `a` and `b` at which `f` changes sign, to within `tolerance` (regula falsi, Illinois variant, with a bisection
/// whenever it is slow). Where `f` has the same sign at both, by rounding at one of them: the end at which it is smaller.
pub(crate) fn root(f: impl Fn(f64) -> f64, a: f64, b: f64, tolerance: f64) -> f64 {
    let (mut a, mut b) = (a, b);
    let (mut at_a, mut at_b) = (f(a), f(b));
    if at_a * at_b > 0.0 {
        return if at_a.abs() < at_b.abs() { a } else { b };
    }
    for step in 0..ROOT_STEPS {
        if at_b == 0.0 || (b - a).abs() <= tolerance {
            break;
        }
        let straight = (a * at_b - b * at_a) / (at_b - at_a);
        let inside = straight > a.min(b) && straight < a.max(b);
        let x = if inside && step % 4 != 3 {
            straight
        } else {
            0.5 * (a + b)
        };
        let at_x = f(x);
        if at_x * at_b < 0.0 {
            (a, at_a) = (b, at_b);
        } else {
            // The end that stays counts half: plain regula falsi would creep up from one side.
            at_a *= 0.5;
        }
        (b, at_b) = (x, at_x);
    }
    b
}

/// Every fourth step halves: enough for any two ends to meet.
const ROOT_STEPS: usize = 300;

/// One node of a quadrature rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) x: f64,
    pub(crate) weight: f64,
}

/// The Gauss–Legendre rule on (−1, 1), exact for polynomials of degree 2n − 1.
pub(crate) fn gauss_legendre(n: usize) -> Vec<Node> {
    (0..n)
        .map(|index| {
            let mut x = -(std::f64::consts::PI * (index as f64 + 0.75) / (n as f64 + 0.5)).cos();
            let mut slope = 1.0;
            // Newton's method; three steps reach rounding from this start.
            for _ in 0..8 {
                let (mut previous, mut value) = (1.0, x);
                for degree in 2..=n {
                    let degree = degree as f64;
                    let next =
                        ((2.0 * degree - 1.0) * x * value - (degree - 1.0) * previous) / degree;
                    (previous, value) = (value, next);
                }
                slope = n as f64 * (x * value - previous) / (x * x - 1.0);
                x -= value / slope;
            }
            Node {
                x,
                weight: 2.0 / ((1.0 - x * x) * slope * slope),
            }
        })
        .collect()
}

/// ∫ f over (`low`, `high`) in `panels` equal parts.
pub(crate) fn integral(
    f: impl Fn(f64) -> f64,
    (low, high): (f64, f64),
    panels: usize,
    rule: &[Node],
) -> f64 {
    let half = 0.5 * (high - low) / panels as f64;
    let part = |panel: usize| {
        let middle = low + (2 * panel + 1) as f64 * half;
        let nodes = rule.iter();
        nodes
            .map(|node| node.weight * f(middle + half * node.x))
            .sum::<f64>()
    };
    half * (0..panels).map(part).sum::<f64>()
}
