//! What relations take for an argument: every pair of arguments as one column, every type in every role.

use std::num::NonZeroUsize;

use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use korabo::functions::{ArgumentKind, ColumnRole, RELATIONS, RelationDefinition};
use korabo::session::{ErrorClass, Session, SessionError, SessionOptions};

/// 60 persons in five years; every column twice, so that two arguments can name equal columns or the same one.
pub(crate) const PANEL: &str = "
select *,
    outcome as outcome_again, unit as unit_again, time as time_again, cohort as cohort_again, treated as treated_again,
    weight as weight_again, site as site_again, unit_effect as unit_effect_again, covariate as covariate_again,
    running as running_again,
    regressor as regressor_again, effect as effect_again, sex as sex_again, participated as participated_again, endogenous as endogenous_again, instrument as instrument_again
from (
    select
        person as unit, year as time, cohort, coalesce(year >= cohort, false) as treated,
        cast(person % 7 + person * year % 11 as double) + coalesce(cast(year >= cohort as double), 0e0) as outcome,
        0.5e0 + person % 5 as weight, person / 3 as site, person / 2 as unit_effect,
        (person * 37 % 19) / 3e0 as covariate, (person * 41 + year * 7) % 23 - 11.5e0 as running, person / 7 % 2 as sex, person % 5 < 2 and year >= cohort as participated,
        person * year % 13 as regressor, person % 4 as effect,
        (person * year % 17) / 2e0 as endogenous, (person * year % 17 + year % 3) / 3e0 as instrument,
        year - 2021 as event_time, person / 7e0 as estimate
    from (
        select
            person, year, case when person % 3 = 0 then 2021 when person % 3 = 1 then 2022 end as cohort
        from generate_series(1, 60) as p(person), generate_series(2019, 2023) as t(year)
    )
)";

pub(crate) fn session() -> Session {
    let options = SessionOptions {
        threads: NonZeroUsize::new(1),
        ..SessionOptions::default()
    };
    Session::new(&options).unwrap()
}

pub(crate) async fn rows(session: &Session, sql: &str) -> Result<RecordBatch, SessionError> {
    let frame = session.plan(sql, &[]).await?;
    let schema = std::sync::Arc::clone(frame.schema().inner());
    let batches = frame.collect().await.map_err(SessionError::from)?;
    Ok(concat_batches(&schema, &batches).unwrap())
}

/// An argument that names columns, and what it names unless told otherwise.
#[derive(Clone)]
pub(crate) struct ColumnArgument {
    pub(crate) name: &'static str,
    column: String,
}

/// Every argument of a relation that names columns; those of a formula under names of their own.
pub(crate) fn column_arguments(relation: &RelationDefinition) -> Vec<ColumnArgument> {
    let given = |name: &'static str, column: &str| ColumnArgument {
        name,
        column: column.to_owned(),
    };
    let mut all: Vec<ColumnArgument> = Vec::new();
    if relation.positional == Some("formula") {
        all.push(given("outcome", "outcome"));
        all.push(given("regressor", "regressor"));
        all.push(given("effect", "effect"));
        all.push(given("endogenous", "endogenous"));
        all.push(given("instrument", "instrument"));
        all.push(given("vcov", "site"));
    }
    for argument in relation.arguments {
        match argument.kind {
            // `cluster` is a word of SQL.
            ArgumentKind::Column(_) if argument.name == "cluster" => {
                all.push(given("cluster", "site"));
            }
            ArgumentKind::Column(_) if argument.name == "strata" => {
                all.push(given("strata", "site"))
            }
            ArgumentKind::Column(_) if matches!(argument.name, "primary" | "selected") => {
                all.push(given(argument.name, "participated"));
            }
            ArgumentKind::Column(_) if matches!(argument.name, "p_value" | "std_error") => {
                all.push(given(argument.name, "weight"));
            }
            ArgumentKind::Column(_) if argument.name == "with_event_time" => {
                all.push(given("with_event_time", "time"));
            }
            // A standard goes with strata, within which it is one number.
            ArgumentKind::Column(_) if argument.name == "standard" => {}
            ArgumentKind::Column(_) if argument.name == "over" => all.push(given("over", "site")),
            ArgumentKind::Column(_) => all.push(given(argument.name, argument.name)),
            ArgumentKind::Columns(_) if !is_taken(relation, argument.name) => {}
            ArgumentKind::Columns(ColumnRole::Covariate) => {
                all.push(given(argument.name, "covariate"));
            }
            ArgumentKind::Columns(ColumnRole::Number) => all.push(given(argument.name, "outcome")),
            ArgumentKind::Columns(_) => all.push(given(argument.name, "sex")),
            _ => {}
        }
    }
    all
}

/// Whether a list is given here: `outcomes` takes the place of `outcome`, `robustness` and `primary` name some of them, and lists of strata
/// go with permutations.
fn is_taken(relation: &RelationDefinition, list: &str) -> bool {
    let has = |name| {
        relation
            .arguments
            .iter()
            .any(|argument| argument.name == name)
    };
    let is_of_permutations = list == "strata" && has("outcome");
    let is_of_outcomes = list == "robustness" || list == "primary" && has("outcomes");
    let is_in_place_of_one = list == "outcomes" && has("outcome");
    let is_of_strata = list == "standard";
    !(is_of_strata || is_of_outcomes || is_of_permutations || is_in_place_of_one)
}

pub(crate) fn call(
    relation: &RelationDefinition,
    given: &[ColumnArgument],
    options: &str,
    panel: &str,
) -> String {
    let given = |name: &str| {
        let found = given.iter().find(|given| given.name == name);
        found.map(|given| given.column.as_str())
    };
    let column = |name: &str| given(name).unwrap();
    let mut arguments = Vec::new();
    if relation.positional == Some("formula") {
        let formula = format!(
            "'{} ~ {} | {} | {} ~ {}'",
            column("outcome"),
            column("regressor"),
            column("effect"),
            column("endogenous"),
            column("instrument")
        );
        arguments.push(formula);
        arguments.push(format!("vcov => 'cluster({})'", column("vcov")));
    }
    for argument in relation.arguments {
        let value = match argument.kind {
            ArgumentKind::Column(_) | ArgumentKind::Columns(_)
                if given(argument.name).is_none() =>
            {
                continue;
            }
            ArgumentKind::Column(_) => column(argument.name).to_owned(),
            ArgumentKind::Columns(_) => format!("[{}]", column(argument.name)),
            ArgumentKind::Amount(_) if is_given(argument.name) => "0.5".to_owned(),
            _ => continue,
        };
        arguments.push(format!("{} => {value}", argument.name));
    }
    if relation.arguments.iter().any(|a| a.name == "cutoff") {
        arguments.push("cutoff => 0".to_owned());
    }
    let (name, arguments) = (relation.name, arguments.join(", "));
    format!("select * from {name}(({panel}), {arguments}{options})")
}

/// Whether an amount is given here: of those that exclude each other one, and what only a calendar needs not.
fn is_given(amount: &str) -> bool {
    let others = [
        "low",
        "high",
        "power",
        "cluster_autocorrelation",
        "individual_autocorrelation",
    ];
    !others.contains(&amount)
}

/// What a call comes to: its rows, or the refusal, with the copies of columns named as what they are copies of.
fn outcome_of(result: Result<RecordBatch, SessionError>) -> String {
    match result {
        Err(error) => error.describe().replace("_again", ""),
        Ok(batch) => {
            let options = FormatOptions::default().with_null("NULL");
            let mut text = String::new();
            for row in 0..batch.num_rows() {
                for column in batch.columns() {
                    let value = ArrayFormatter::try_new(column, &options).unwrap();
                    text.push_str(&format!("{} ", value.value(row)));
                }
                text.push('\n');
            }
            text.replace("_again", "")
        }
    }
}

/// A relation with the options that make a difference to which columns it takes.
pub(crate) fn variants() -> Vec<(&'static RelationDefinition, &'static str)> {
    let mut all = Vec::new();
    // Event studies, tables of estimates and lists of primary outcomes are no panels: their columns have tests of their own.
    let others = ["covariance", "keep", "primary"];
    let of_panels = RELATIONS
        .iter()
        .filter(|relation| !relation.arguments.iter().any(|a| others.contains(&a.name)));
    for relation in of_panels {
        all.push((relation, ""));
        let takes = |name| {
            relation
                .arguments
                .iter()
                .any(|argument| argument.name == name)
        };
        if takes("panel") {
            all.push((relation, ", panel => false"));
        }
    }
    all
}

/// Both names of a pair, as an error that refuses it has to say them.
fn names_both(error: &SessionError, pair: [&str; 2]) -> bool {
    let text = error.describe();
    let said = |name: &str| match name {
        "regressor" | "effect" | "endogenous" | "instrument" => [
            "a regressor",
            "a fixed effect",
            "an endogenous column",
            "an instrument",
        ]
        .iter()
        .any(|role| text.contains(role)),
        "vcov" => text.contains("cluster"),
        "outcome" | "outcomes" => {
            text.contains("`outcome`")
                || text.contains("the outcome")
                || text.contains("`outcomes`")
        }
        _ => text.contains(&format!("`{name}`")),
    };
    pair.into_iter().all(said)
}

#[tokio::test]
async fn two_arguments_as_one_column_work_like_two_equal_columns_or_are_refused_by_name() {
    let session = session();
    let (mut n_taken, mut n_refused) = (0, 0);
    for (relation, options) in variants() {
        let defaults = column_arguments(relation);
        let plain = call(relation, &defaults, options, PANEL);
        rows(&session, &plain).await.unwrap();
        for (first, second) in pairs(defaults.len()) {
            let shared = defaults[first].column.clone();
            let mut same = defaults.clone();
            same[second].column = shared.clone();
            let mut equal = defaults.clone();
            equal[second].column = format!("{shared}_again");
            let sql = call(relation, &same, options, PANEL);
            let same = rows(&session, &sql).await;
            let pair = [defaults[first].name, defaults[second].name];
            let planning = same.as_ref().err().and_then(SessionError::argument_error);
            if planning.is_some() {
                let error = same.unwrap_err();
                assert_eq!(error.class(), ErrorClass::Sql, "{sql}");
                let is_type = error.describe().contains("must hold");
                assert!(
                    is_type || names_both(&error, pair),
                    "{sql}: {}",
                    error.describe()
                );
                n_refused += 1;
                continue;
            }
            if let Err(error) = &same {
                assert_eq!(
                    error.class(),
                    ErrorClass::Estimator,
                    "{sql}: {}",
                    error.describe()
                );
            }
            // The unit as cluster is the default: no cluster at all. The cohort as cluster has the never exposed for one.
            let groups = ["cluster", "unit_effect", "over"];
            let is_group = pair.iter().any(|name| groups.contains(name));
            if is_group && (pair.contains(&"unit") || pair.contains(&"cohort")) {
                continue;
            }
            let equal = rows(&session, &call(relation, &equal, options, PANEL)).await;
            assert_eq!(outcome_of(same), outcome_of(equal), "{sql}");
            n_taken += 1;
        }
    }
    assert!(
        n_taken > 120 && n_refused > 350,
        "{n_taken} taken, {n_refused} refused"
    );
}

fn pairs(n: usize) -> Vec<(usize, usize)> {
    let all = (0..n).flat_map(|a| (0..n).map(move |b| (a, b)));
    all.filter(|(a, b)| a != b).collect()
}

/// Columns of types that suit some roles only.
const WRONG: &str = "
select *, date '2020-04-01' as day, arrow_cast('2020-04-01T00:00:00', 'Timestamp(Nanosecond, None)') as moment,
    'a' as words, cast(time as double) as fraction, true as flag, [1, 2] as list, arrow_cast('a', 'Binary') as bytes,
    interval '1 day' as span
from (";

/// The arguments of a relation that go together with `name`: relations over estimates or a panel take those of one of them.
fn of_one_form(all: &[ColumnArgument], name: &str) -> Vec<ColumnArgument> {
    let is_dual = all.iter().any(|given| given.name == "covariance");
    let estimates = ["event_time", "estimate", "covariance", "with_event_time"];
    let of_estimates = |name: &str| estimates.contains(&name);
    let all = all.iter();
    all.filter(|given| !is_dual || of_estimates(given.name) == of_estimates(name))
        .cloned()
        .collect()
}

fn suits(role: ColumnRole, column: &str) -> bool {
    match column {
        "list" => false,
        _ if role == ColumnRole::Any => true,
        "day" | "moment" => role == ColumnRole::Label,
        "words" => matches!(role, ColumnRole::Label | ColumnRole::Covariate),
        "fraction" => matches!(
            role,
            ColumnRole::Number | ColumnRole::YesNo | ColumnRole::Covariate
        ),
        "flag" => !matches!(role, ColumnRole::Period | ColumnRole::Cohort),
        _ => false,
    }
}

#[tokio::test]
async fn a_column_of_the_wrong_type_is_refused_when_the_call_is_planned() {
    let session = session();
    let panel = format!("{WRONG}{PANEL})");
    let columns = [
        "day", "moment", "words", "fraction", "flag", "list", "bytes", "span",
    ];
    let mut n_refused = 0;
    for relation in RELATIONS {
        let defaults = column_arguments(relation);
        for argument in relation.arguments {
            let (ArgumentKind::Column(role) | ArgumentKind::Columns(role)) = argument.kind else {
                continue;
            };
            if !is_taken(relation, argument.name) {
                continue;
            }
            for column in columns {
                let mut given = of_one_form(&defaults, argument.name);
                let changed = given.iter_mut().find(|given| given.name == argument.name);
                changed.unwrap().column = column.to_owned();
                let sql = call(relation, &given, "", &panel);
                let planned = session.plan(&sql, &[]).await;
                if suits(role, column) {
                    assert!(planned.is_ok(), "{sql}");
                    continue;
                }
                let error = planned.unwrap_err();
                let text = error.describe();
                let named = format!("argument `{}`: column `{column}` must hold", argument.name);
                assert!(
                    text.contains(&named) && text.contains(", found "),
                    "{sql}: {text}"
                );
                assert_eq!(error.class(), ErrorClass::Sql, "{sql}");
                let place = error.argument_error().unwrap();
                let at = sql.find(&format!("{} => ", argument.name)).unwrap();
                let line = sql[..at].matches('\n').count() as u64 + 1;
                let start = sql[..at].rfind('\n').map_or(0, |newline| newline + 1);
                assert_eq!(
                    (place.line, place.column),
                    (line, (at - start) as u64 + 1),
                    "{sql}"
                );
                n_refused += 1;
            }
        }
    }
    assert!(n_refused > 250, "{n_refused}");
}

/// Types that hold the whole numbers of the panel's labels.
const LABELS: [&str; 17] = [
    "arrow_cast({}, 'Int8')",
    "arrow_cast({}, 'Int16')",
    "arrow_cast({}, 'Int32')",
    "arrow_cast({}, 'UInt8')",
    "arrow_cast({}, 'UInt16')",
    "arrow_cast({}, 'UInt32')",
    "arrow_cast({}, 'UInt64')",
    "arrow_cast({}, 'UInt64') + arrow_cast('9223372036854775800', 'UInt64')",
    "arrow_cast({}, 'Utf8')",
    "arrow_cast({}, 'LargeUtf8')",
    "arrow_cast({}, 'Utf8View')",
    "arrow_cast(arrow_cast({}, 'Utf8'), 'Dictionary(Int32, Utf8)')",
    "arrow_cast({}, 'Dictionary(Int32, Int64)')",
    "arrow_cast(cast({} as int), 'Date32')",
    "arrow_cast({}, 'Timestamp(Second, None)')",
    "cast({} as decimal(18, 0))",
    "cast({} as decimal(38, 2)) + cast('10000000000000000000000000000000000.25' as decimal(38, 2))",
];

/// Calls whose labels are `unit`, `site`, `unit_effect` and `effect`.
const LABELLED: [&str; 9] = [
    "att({panel}, outcome => outcome, unit => unit, time => time, cohort => cohort, cluster => site)",
    "att({panel}, outcome => outcome, unit => unit, time => time, cohort => cohort, cluster => site, panel => false)",
    "did_imputation({panel}, outcome => outcome, unit => unit, time => time, cohort => cohort, cluster => site, \
     unit_effect => unit_effect)",
    "two_stage({panel}, outcome => outcome, unit => unit, time => time, cohort => cohort, cluster => site, \
     unit_effect => unit_effect)",
    "difference({panel}, outcomes => [outcome, regressor], unit => unit, time => time, cohort => cohort, cluster => site)",
    "sun_abraham({panel}, outcome => outcome, unit => unit, time => time, cohort => cohort, cluster => site)",
    "bacon({panel}, outcome => outcome, unit => unit, time => time, treated => treated)",
    "ols({panel}, 'outcome ~ regressor | effect', vcov => 'cluster(site)')",
    "ols({panel}, 'outcome ~ regressor | unit^effect', weight => weight, vcov => 'cluster(unit, effect)')",
];

#[tokio::test]
async fn labels_of_every_type_tell_units_apart_by_their_value() {
    let session = session();
    for labelled in LABELLED {
        let sql = |panel: &str| {
            let call = labelled.replace("{panel}", &format!("({panel})"));
            format!("select * from {call}")
        };
        let expected = rows(&session, &sql(PANEL)).await.unwrap();
        for label in LABELS {
            let cast = |column: &str| format!("{} as {column}", label.replace("{}", column));
            let columns = ["unit", "site", "unit_effect", "effect"]
                .map(cast)
                .join(", ");
            let panel = format!(
                "select outcome, time, cohort, treated, weight, regressor, {columns} from ({PANEL})"
            );
            let sql = sql(&panel);
            let found = rows(&session, &sql).await;
            let refused = found.as_ref().err().map(SessionError::describe);
            assert_eq!(refused, None, "{sql}");
            let found = found.unwrap();
            assert!(
                are_close(&found, &expected),
                "{sql}\n{found:?}\n{expected:?}"
            );
        }
    }
}

/// Equal up to rounding: sums follow the order of labels, which is another one for text.
fn are_close(found: &RecordBatch, expected: &RecordBatch) -> bool {
    let options = FormatOptions::default();
    let mut columns = found.columns().iter().zip(expected.columns());
    found.num_rows() == expected.num_rows()
        && columns.all(|(found, expected)| {
            let n_rows = found.len();
            let found = ArrayFormatter::try_new(found, &options).unwrap();
            let expected = ArrayFormatter::try_new(expected, &options).unwrap();
            (0..n_rows).all(|row| {
                let (found, expected) = (
                    found.value(row).to_string(),
                    expected.value(row).to_string(),
                );
                let numbers = found.parse::<f64>().ok().zip(expected.parse::<f64>().ok());
                let is_near = |(a, b): (f64, f64)| (a - b).abs() <= 1e-9 * (1.0 + b.abs());
                found == expected || numbers.is_some_and(is_near)
            })
        })
}
