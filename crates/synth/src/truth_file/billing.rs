//! The truth about claims that run off: shares billed by lag, and the yen of every month of care.

use serde_json::{Value, json};

use super::super::periods::Periods;
use super::super::scenarios::Billing;
use super::super::truth::{Quantity, Truth};
use super::super::world::World;
use super::numbers::rounded;

/// True completion, if claims run off: by months from care to the last billed month, and by month of
/// care.
pub(super) fn completion(world: &World, truth: &Truth, periods: &Periods) -> Option<Value> {
    let Billing::RunOff(billed) = world.setting.billing else {
        return None;
    };
    let until = periods.last_billed_month?;
    let share = |lag: i32| {
        let at = usize::try_from(lag).unwrap_or(0).min(billed.len() - 1);
        rounded((f64::from(billed[at]) * 1e6).round() / 1e6)
    };
    let by_lag = (0..)
        .zip(billed)
        .map(|(lag, _)| json!({"months_since_care": lag, "completion": share(lag)}));
    let by_care_month = truth.by_key(Quantity::YenCared).map(|(month, yen)| {
        let delivered = truth.quantity(Quantity::YenDelivered, month);
        json!({
            "care_month": month,
            "yen": yen.sum().round() as i64,
            "yen_delivered": delivered.sum().round() as i64,
            "completion": share(months_between(month, until)),
        })
    });
    Some(json!({
        "billed_until": until,
        "by_lag": by_lag.collect::<Vec<_>>(),
        "by_care_month": by_care_month.collect::<Vec<_>>(),
    }))
}

/// Months from one month (YYYYMM) to another.
fn months_between(from: i32, to: i32) -> i32 {
    let index = |month: i32| month / 100 * 12 + month % 100;
    index(to) - index(from)
}
