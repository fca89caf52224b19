//! Estimates that differ between two versions of a table: what a reader of the report sees of a changed row.

use super::values::{ComparedColumn, KeyedRows, LakeOrEngine, is_rounding};

/// An estimate of which the number, the interval or the status changed.
#[derive(Debug, Clone, PartialEq)]
pub struct EstimateChange {
    /// The row's key.
    pub key: String,
    /// The indicator that it is about, which has its unit.
    pub indicator: Option<String>,
    /// As it was.
    pub before: EstimateState,
    /// As it is.
    pub after: EstimateState,
    /// The change of the number in standard errors of the one after, where it has one.
    pub std_errors: Option<f64>,
}

/// An estimate of one version.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EstimateState {
    /// The estimate, in the indicator's unit.
    pub estimate: Option<f64>,
    /// Lower end of its interval.
    pub conf_low: Option<f64>,
    /// Upper end of its interval.
    pub conf_high: Option<f64>,
    /// `ok`, or why not.
    pub status: Option<String>,
}

impl EstimateState {
    /// Whether the interval lies on one side of zero; `None` without an interval.
    #[must_use]
    pub fn excludes_zero(&self) -> Option<bool> {
        let (low, high) = self.conf_low.zip(self.conf_high)?;
        Some(low > 0.0 || high < 0.0)
    }
}

/// The columns of estimates that a version has.
struct Estimates {
    estimate: ComparedColumn,
    others: [Option<ComparedColumn>; 4],
    indicator: Option<ComparedColumn>,
}

impl Estimates {
    /// `None` for a table without estimates.
    fn of(rows: &KeyedRows) -> Result<Option<Self>, LakeOrEngine> {
        let Some(estimate) = rows.column("estimate")? else {
            return Ok(None);
        };
        let indicator = match rows.column("indicator")? {
            None => rows.column("outcome")?,
            found => found,
        };
        let others = ["conf_low", "conf_high", "std_error", "status"];
        let [low, high, error, status] = others.map(|name| rows.column(name));
        Ok(Some(Self {
            estimate,
            others: [low?, high?, error?, status?],
            indicator,
        }))
    }

    fn state(&self, row: usize) -> EstimateState {
        let [low, high, _, status] = &self.others;
        let number = |column: &Option<ComparedColumn>| column.as_ref()?.number(row);
        EstimateState {
            estimate: self.estimate.number(row),
            conf_low: number(low),
            conf_high: number(high),
            status: status.as_ref().and_then(|column| column.texts[row].clone()),
        }
    }

    fn std_error(&self, row: usize) -> Option<f64> {
        let error = self.others[2].as_ref()?.number(row);
        error.filter(|error| *error > 0.0)
    }
}

/// The rows in both versions, as pairs with their key, whose estimates differ by more than rounding; `None` for tables without estimates.
pub(super) fn changes(
    (before, after): (&KeyedRows, &KeyedRows),
    in_both: &[(&String, usize, usize)],
) -> Result<Option<Vec<EstimateChange>>, LakeOrEngine> {
    let (Some(old), Some(new)) = (Estimates::of(before)?, Estimates::of(after)?) else {
        return Ok(None);
    };
    let changes = in_both.iter().filter_map(|(key, old_row, new_row)| {
        let (before, after) = (old.state(*old_row), new.state(*new_row));
        let std_error = new.std_error(*new_row);
        if is_same(&before, &after, std_error.unwrap_or(0.0)) {
            return None;
        }
        let difference = before.estimate.zip(after.estimate).map(|(b, a)| a - b);
        let indicator = new.indicator.as_ref();
        Some(EstimateChange {
            key: (*key).clone(),
            indicator: indicator.and_then(|column| column.texts[*new_row].clone()),
            before,
            after,
            std_errors: difference
                .zip(std_error)
                .map(|(difference, error)| difference / error),
        })
    });
    Ok(Some(changes.collect()))
}

fn is_same(before: &EstimateState, after: &EstimateState, scale: f64) -> bool {
    let pairs = [
        (before.estimate, after.estimate),
        (before.conf_low, after.conf_low),
        (before.conf_high, after.conf_high),
    ];
    let is_equal = |(before, after): (Option<f64>, Option<f64>)| match (before, after) {
        (Some(before), Some(after)) => {
            before.to_bits() == after.to_bits() || is_rounding(before, after, scale)
        }
        (before, after) => before.is_none() && after.is_none(),
    };
    before.status == after.status && pairs.into_iter().all(is_equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(estimate: f64, low: f64, high: f64) -> EstimateState {
        EstimateState {
            estimate: Some(estimate),
            conf_low: Some(low),
            conf_high: Some(high),
            status: Some("ok".to_owned()),
        }
    }

    #[test]
    fn rounding_is_no_change_and_a_status_is_one() {
        let before = state(0.1, -0.2, 0.4);
        assert!(is_same(&before, &state(0.1 + 1e-13, -0.2, 0.4), 0.0));
        assert!(!is_same(&before, &state(0.1 + 1e-7, -0.2, 0.4), 0.0));
        let few = EstimateState {
            status: Some("few_clusters".to_owned()),
            ..before.clone()
        };
        assert!(!is_same(&before, &few, 0.0));
        let gone = EstimateState {
            estimate: None,
            ..before.clone()
        };
        assert!(!is_same(&before, &gone, 0.0) && is_same(&gone, &gone.clone(), 0.0));
    }

    #[test]
    fn an_interval_with_an_end_at_zero_includes_it() {
        assert_eq!(state(0.2, 0.0, 0.4).excludes_zero(), Some(false));
        assert_eq!(state(0.2, 0.1, 0.4).excludes_zero(), Some(true));
        assert_eq!(state(-0.2, -0.4, -0.1).excludes_zero(), Some(true));
        assert_eq!(EstimateState::default().excludes_zero(), None);
    }
}
