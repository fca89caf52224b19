//! Pure statistics: panels, group-time effects, least squares and their honest errors.
//!
//! Nothing here knows SQL, files or the clock: values in, values out. Reading the SQL arguments and gathering
//! rows is the job of the relations; deciding what may be published is the job of disclosure.
//!
//! # Group-time effects ([`did::att_gt`], [`aggregate::aggregate`])
//!
//! *Estimand*: ATT(g, t), the mean effect in period t on the units first exposed in period g (intention to treat).
//! *Assumptions*: parallel trends between cohort g and its controls from the base period on, no anticipation beyond
//! the stated number of periods, exposure never ends, no spill-over on controls.
//! *Formula* (no covariates, so `dr`, `ipw` and `reg` coincide): with ΔY = Y(t) − Y(base) and weights ω,
//! ATT = Σ_{G=g} ωΔY / Σ_{G=g} ω − Σ_{C} ωΔY / Σ_{C} ω. Base b(g) = the last observed period with
//! period + anticipation < g; `varying` compares pre-periods with the previous observed one.
//! *Standard error*: the influence function ψ_i (sum of squares, summed within cluster first), no small-sample factor,
//! normal quantiles. Shares in the aggregates are estimated too and their error is part of ψ.
//! *Missing*: a row whose outcome, weight or cluster is missing or not finite is dropped and counted. With
//! [`panel::Layout::Balanced`] units not seen in every period are dropped and counted; with
//! [`panel::Layout::Unbalanced`] the rows form cross-sections and ψ is summed per unit.
//! *Ties*: a unit seen twice in a period is refused. *One cluster*: the cluster sum of ψ is zero by construction, so
//! the error is reported as missing; a cohort in fewer than [`did::FEW_CLUSTERS`] clusters gets `few_clusters`.
//! *Reference*: Callaway and Sant'Anna (2021), J. Econometrics 225:200; numbers from R `did` 2.5.1 and an independent
//! M-estimation implementation (`tests/golden/sim`).
//!
//! # Simultaneous bands ([`sup_t::critical_value`])
//!
//! The exact quantile of max |Z| for the estimated joint normal law, with its simulation error; Montiel Olea and
//! Plagborg-Møller (2019), J. Applied Econometrics 34:1.
//!
//! # Least squares ([`formula::parse`], [`least_squares::ols`])
//!
//! *Estimand*: the (weighted) linear projection, with absorbed fixed effects and two-stage least squares.
//! *Errors*: iid, HC0–HC4, one- and two-way clustered, with the small-sample factors of `fixest`
//! ([`covariance::SmallSample`]). *Collinear columns*: the later one is dropped, named and counted. *Singletons*: kept,
//! as in `fixest` 0.12, unless asked otherwise. *Missing*: any used column missing or not finite, or a weight of zero,
//! drops the row and counts it. *One cluster*: refused.
//! *Reference*: Cameron, Gelbach and Miller (2011), J. Business & Economic Statistics 29:238; numbers from R `fixest`
//! 0.12.2 and `sandwich` 3.0-2.
//!
//! Results never depend on the order of rows, on unit labels (beyond rounding) or on the number of threads: units and
//! rows are put into a canonical order first, and every sum runs in that order.
//!
//! # Signatures (draft of the public interface; bodies follow)
//!
//! ```text
//! panel::PanelColumns { unit: Vec<i64>, time: Vec<i32>, cohort: Vec<Option<i32>> (None = never),
//!     outcome: Vec<f64> (NaN = missing), weight: Option<Vec<f64>> (NaN = missing),
//!     cluster: Option<Vec<u32>> (codes; panel::MISSING_CODE = missing) }
//! panel::PanelOptions { layout: Layout }         Layout::{Balanced, Unbalanced, CrossSections}
//!     (unbalanced => 'drop' | 'keep' | panel => false)
//! Panel::try_new(PanelColumns, PanelOptions) -> Result<Panel, EstimatorError>
//!     .n_rows() .n_missing_rows() .n_units() .periods() -> &[i32] .has_clusters() .approximate_bytes()
//! did::AttGtOptions { control: Control::{NeverTreated, NotYetTreated}, base_period: BasePeriod::{Varying, Universal},
//!     anticipation: u32, level: f64, seed: u64 }
//! did::att_gt(&Panel, &AttGtOptions) -> Result<AttGtResult, EstimatorError>
//! AttGtResult { rows: Vec<GroupTime>, sample: SampleCounts, pretest: Pretest, band: Option<SupT>, … }
//! GroupTime { cohort: i32, time: i32, event_time: i32, estimate: Estimate, n_treated_rows: u64, n_control_rows: u64 }
//! SampleCounts { n_rows_in, n_missing_rows, n_always_treated_units, n_incomplete_units, n_dropped_rows, n_late_units,
//!     n_units, n_clusters, replaced_never: Option<i32>, last_period: i32 }
//! Pretest::{Wald { statistic, df, p_value }, NoPreCells, Singular}
//! aggregate::AggregateOptions { kind: Aggregate::{Simple, Group, Dynamic, Calendar}, min_e, max_e, balance_e:
//!     Option<i32>, level: f64, seed: u64 }
//! aggregate::aggregate(&AttGtResult, &AggregateOptions) -> Result<AggregateResult, EstimatorError>
//! AggregateResult { overall: AggregateRow, rows: Vec<AggregateRow>, band: Option<SupT> }
//! AggregateRow { at: Option<i32>, estimate: Estimate }
//! sup_t::SupT { critical_value: f64, simulation_error: f64, dimension: usize, rank: usize }
//! formula::parse(&str) -> Result<Formula, FormulaError { offset, length, … }>;
//!     Formula::columns() -> Vec<ColumnUse { name, role: ColumnRole::{Numeric, Any}, offset }>   Formula::outcome()
//! regression_data::RegressionData { columns: BTreeMap<String, Column>, weight: Option<Vec<f64>> }
//!     Column::{Numeric(Vec<f64>), Categorical { codes: Vec<u32> (MISSING_CODE), labels: Vec<String> }}
//! least_squares::OlsOptions { vcov: Vcov, small_sample: SmallSample, singletons: Singletons, reference: Reference,
//!     level: f64, seed: u64 }
//! covariance::Vcov::{Iid, Hc0..Hc4, Cluster(String), TwoWay(String, String)}; Vcov::parse(&str); Vcov::columns()
//! least_squares::ols(&Formula, &RegressionData, &OlsOptions) -> Result<OlsResult, EstimatorError>
//! OlsResult { rows: Vec<Coefficient { term, estimate, std_error, statistic, p_value, conf_low, conf_high, band_low,
//!     band_high, status }>, n_obs: u64, df: f64, n_missing_rows, n_zero_weight_rows, n_singleton_rows, n_collinear,
//!     n_clusters: u64, r2, adjusted_r2, within_r2, rmse, instruments: Option<InstrumentTests>, … }
//! ```

pub mod estimate;

pub mod panel;

pub mod did;

pub mod aggregate;

pub mod sup_t;

pub mod formula;

pub mod regression_data;

pub mod least_squares;

pub mod demean;

pub mod covariance;

mod influence;

pub mod sample;

mod design;

mod linear_algebra;

mod normal;

#[cfg(test)]
mod tests;
