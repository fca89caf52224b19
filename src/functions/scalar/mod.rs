//! Scalar SQL functions, one file each. Adding one is a file and a line in [`all`].

mod fiscal_year;
mod month_fiscal_year;
mod normal;
mod normalize_key;

use datafusion::logical_expr::ScalarUDF;

pub(super) fn all() -> Vec<ScalarUDF> {
    vec![
        ScalarUDF::from(fiscal_year::FiscalYear::new()),
        ScalarUDF::from(month_fiscal_year::MonthFiscalYear::new()),
        ScalarUDF::from(normal::Normal::cdf()),
        ScalarUDF::from(normal::Normal::quantile()),
        ScalarUDF::from(normalize_key::NormalizeKey::new()),
    ]
}
