//! Numbers without the digits that say nothing, and could say something of one person.

/// `value` with `digits` significant digits.
#[must_use]
pub fn significant(value: f64, digits: i32) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let place = value.abs().log10().floor() as i32;
    to_multiple(value, place + 1 - digits)
}

/// An estimate with an error of `std_error`, rounded to 1, 2 or 5 of a decimal place, at most a quarter of the error.
#[must_use]
pub fn within_error(value: f64, std_error: f64) -> f64 {
    if !(std_error.is_finite() && std_error > 0.0 && value.is_finite()) {
        return significant(value, 3);
    }
    let quarter = std_error / 4.0;
    let place = quarter.log10().floor() as i32;
    let leading = quarter / power_of_ten(place);
    let step = [5.0, 2.0]
        .into_iter()
        .find(|step| leading >= *step)
        .unwrap_or(1.0);
    to_multiple(value / step, place) * step
}

/// The multiple of 10^place nearest to `value`, as the decimal number reads.
fn to_multiple(value: f64, place: i32) -> f64 {
    let digits = usize::try_from(-place).unwrap_or(0);
    if place > 0 {
        return (value / power_of_ten(place)).round() * power_of_ten(place);
    }
    // Through text: a product with a power of ten has digits that the decimal number has not.
    let text = format!("{value:.digits$}");
    // -0 reads as a number that was negative.
    text.parse::<f64>().map_or(value, |value| value + 0.0)
}

fn power_of_ten(place: i32) -> f64 {
    10_f64.powi(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_leading_digits() {
        assert_eq!(significant(123_456.0, 3), 123_000.0);
        assert_eq!(significant(0.012_345_6, 3), 0.0123);
        assert_eq!(significant(-9.996, 3), -10.0);
        assert_eq!(significant(0.0, 3), 0.0);
        assert!(significant(f64::NAN, 3).is_nan());
    }

    #[test]
    fn estimates_keep_a_quarter_of_their_error() {
        assert_eq!(within_error(0.041_234_5, 0.0131), 0.042);
        assert_eq!(within_error(0.041_234_5, 0.000_9), 0.0412);
        assert_eq!(within_error(-1234.5, 410.0), -1200.0);
        assert_eq!(within_error(5.4321, f64::NAN), 5.43);
        assert_eq!(within_error(5.4321, 0.0), 5.43);
        for error in [0.001, 0.02, 0.5, 7.0, 123.0] {
            let shown = within_error(3.217_893, error);
            assert!(
                (shown - 3.217_893).abs() <= error / 8.0 + 1e-12,
                "{error}: {shown}"
            );
        }
    }
}
