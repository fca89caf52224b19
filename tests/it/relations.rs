//! Relations give the same bits however their input arrives: order of rows, size of batches, partitions, threads.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::dataframe::DataFrame;
use korabo::functions::RELATIONS;
use korabo::session::{Session, SessionOptions};

use crate::support::{Outcome, Project, program};

/// 240 persons in six years and forty worksites, some outcomes missing, not a number or infinite.
const PANEL: &str = "
with persons as (
    select value as person, (value * 7919 + 13) % 101 as r, (value * 104729 + 7) % 97 as s
    from generate_series(1, 240)
), years as (
    select value as year from generate_series(2016, 2021)
), rows as (
    select
        *,
        (person * 31 + year * 17 + person * year * 7) % 89 as e,
        (person * 13 + year * 29 + person * year) % 83 as f,
        case when r < 30 then 2018 when r < 55 then 2020 end as cohort
    from persons cross join years
)
select
    person, year, cohort, person / 6 as worksite,
    s / 97e0 + 0.2e0 as weight,
    s / 10e0 + f / 20e0 as age,
    case person % 3 when 0 then 'a' when 1 then 'b' else 'c' end as label,
    coalesce(year >= cohort, false) as exposed,
    s in (11, 12, 13) as has_gap,
    case
        when s = 11 and year = 2019 then null
        when s = 12 and year = 2017 then cast('NaN' as double)
        when s = 13 and year = 2018 then cast('Infinity' as double)
        else e / 7e0 + r * 0.3e0 + (year - 2016) * 0.7e0
    end as y
from rows
order by ";

const ORDERS: [(&str, &str); 2] = [
    ("sorted.parquet", "person, year"),
    (
        "shuffled.parquet",
        "(person * 7919 + year * 31337) % 10007, person",
    ),
];

/// Calls of every relation; `{panel}` is the input.
const CALLS: [&str; 44] = [
    "att_gt({panel}, outcome => y, unit => person, time => year, cohort => cohort, \
     covariates => [age, label], weight => weight, cluster => worksite)",
    "att_gt({panel}, outcome => y, unit => person, time => year, cohort => cohort, covariates => [age], \
     unbalanced => 'keep', method => 'reg', control => 'not_yet_treated', base_period => 'universal')",
    "att_gt({panel}, outcome => y, unit => person, time => year, cohort => cohort, covariates => [label], \
     method => 'ipw', unbalanced => 'pairs', bootstrap => 200)",
    "att({panel}, outcome => y, unit => person, time => year, cohort => cohort, covariates => [age], \
     aggregate => 'calendar', panel => false)",
    "event_study({panel}, outcome => y, unit => person, time => year, cohort => cohort, cluster => worksite)",
    "event_study({panel}, outcome => y, unit => person, time => year, cohort => cohort, cluster => worksite, \
     unbalanced => 'pairs', inference => 'cr3')",
    "att({panel}, outcome => y, unit => person, time => year, cohort => cohort, cluster => worksite, \
     unbalanced => 'keep', inference => 'bootstrap', draws => 200)",
    "att({panel}, outcome => y, unit => person, time => year, cohort => cohort, \
     cluster => person, aggregate => 'dynamic', permutations => 20)",
    "leave_one_out({panel}, outcome => y, unit => person, time => year, cohort => cohort, over => worksite, \
     unbalanced => 'pairs', weight => weight)",
    "cluster_parts({panel}, outcome => y, unit => person, time => year, cohort => cohort, cluster => worksite, \
     covariates => [age], unbalanced => 'pairs', aggregate => 'dynamic')",
    "sun_abraham({panel}, outcome => y, unit => person, time => year, cohort => cohort, \
     cluster => worksite, window => '-2..3', inference => 'cr3')",
    "did_imputation({panel}, outcome => y, unit => person, time => year, cohort => cohort, \
     covariates => [age], weight => weight, cluster => worksite, window => '-2..3')",
    "sun_abraham({panel}, outcome => y, unit => person, time => year, cohort => cohort, \
     cluster => worksite, window => '-2..3')",
    "two_stage({panel}, outcome => y, unit => person, time => year, cohort => cohort, covariates => [age], \
     weight => weight, cluster => worksite, window => '-2..3')",
    "event_study_vcov({panel}, outcome => y, unit => person, time => year, cohort => cohort, cluster => worksite)",
    "difference({panel}, outcome => y, unit => person, time => year, cohort => cohort, cluster => worksite, by => [label], \
     estimators => 'att, did_imputation', aggregate => 'dynamic')",
    "difference({panel}, outcomes => [y, age], unit => person, time => year, cohort => cohort)",
    "honest_did({panel}, outcome => y, unit => person, time => year, cohort => cohort, cluster => worksite)",
    "effects({panel}, outcomes => [y, age], robustness => [y], unit => person, time => year, cohort => cohort, cluster => worksite)",
    "att_gt_diagnostics({panel}, outcome => y, unit => person, time => year, cohort => cohort, covariates => [age], cluster => worksite)",
    "did_imputation_diagnostics({panel}, outcome => y, unit => person, time => year, cohort => cohort, covariates => [age])",
    "sun_abraham_diagnostics({panel}, outcome => y, unit => person, time => year, cohort => cohort, cluster => worksite)",
    "bacon((select * from {panel} as p where not has_gap), outcome => y, unit => person, time => year, \
     treated => exposed)",
    "balance({panel}, treated => exposed, covariates => [age, label], weight => weight)",
    "ols({panel}, 'y ~ age + label + i(year, 2016) | person', weight => weight, \
     vcov => 'cluster(worksite)')",
    "ols({panel}, 'y ~ age*label | year', vcov => 'hc3')",
    "ols({panel}, 'y ~ age | year | exposed ~ weight', vcov => 'hc1')",
    "ols_diagnostics({panel}, 'y ~ age + label | year | exposed ~ weight')",
    "honest_did((select year - 2019 as event_time, max(age) as estimate, \
     case year when 2017 then 0.02 else 0.01 end as c1, case year when 2019 then 0.02 else 0.01 end as c2, \
     case year when 2020 then 0.02 else 0.01 end as c3 \
     from {panel} as p where year between 2017 and 2020 and year <> 2018 group by year), \
     event_time => event_time, estimate => estimate, covariance => [c1, c2, c3])",
    "pretrend_power((select year - 2019 as event_time, max(age) as estimate, \
     case year when 2017 then 0.02 else 0.01 end as c1, case year when 2019 then 0.02 else 0.01 end as c2, \
     case year when 2020 then 0.02 else 0.01 end as c3 \
     from {panel} as p where year between 2017 and 2020 and year <> 2018 group by year), \
     event_time => event_time, estimate => estimate, covariance => [c1, c2, c3])",
    "equivalence((select worksite, year, max(age) - 7 as b, 0.1 + worksite / 50e0 as se, worksite + 3 as nu from {panel} as p group by worksite, year), \
     estimate => b, std_error => se, margin => 0.3, df => nu, keep => [year, worksite])",
    "adjust_p((select worksite, year, (worksite * 7 + year * 13) % 97 / 97e0 as p, worksite % 3 = 0 as first from {panel} as p), p_value => p, \
     family => [year], primary => first, keep => [worksite])",
    "pool((select worksite, label, max(age) as b, 0.1 + worksite / 50e0 as se, worksite % 5 as x from {panel} as p group by worksite, label), \
     estimate => b, std_error => se, family => [label], covariates => [x], best => 3, keep => [worksite])",
    "westfall_young((select *, worksite % 2 as drawn, worksite % 4 / 2 as pair from {panel} as p), outcomes => [y, age, weight], primary => [age], \
     treated => drawn, cluster => worksite, strata => [pair], permutations => 300)",
    "variance_components((select * from {panel} as p), outcomes => [y, age], cluster => worksite, unit => person, time => year, \"by\" => [label])",
    "variance_components((select * from {panel} as p), outcome => y, cluster => worksite, time => year, correlation => 'decay')",
    "levels((select *, y > 20 as yes from {panel} as p), outcomes => [y, yes], time => year, strata => [label], cluster => worksite, \"by\" => [label])",
    "power((select distinct worksite + 2 as n from {panel} as p), effect => 0.3, clusters_treated => n, clusters_control => 9, cluster_size => 20, \
     icc => 0.05, sd => 1, keep => [n])",
    "minimum_detectable_effect((select distinct worksite / 41e0 as rho from {panel} as p), calendar => '0, 5, 5, 5', cluster_size => 20, icc => rho, sd => 1, \
     cluster_autocorrelation => 0.5, individual_autocorrelation => 0.3, keep => [rho])",
    "lee_bounds((select *, person % 2 as drawn, case when person % 7 > 1 + year % 2 then y end as z from {panel} as p), outcomes => [y, z], treated => drawn, \
     strata => [label, year], cluster => worksite, \"by\" => [year])",
    "rd({panel}, outcome => y, running => age, cutoff => 6, covariates => [label], weight => weight, \
     bandwidth_rule => 'msetwo', by => [label])",
    "rd({panel}, outcomes => [y], running => age, cutoff => 6, treated => exposed, cluster => worksite, vcov => 'cluster', \
     bandwidth => 3, bias_bandwidth => 4)",
    "rd_density({panel}, running => age, cutoff => 6)",
    "rd_bins({panel}, outcome => y, running => age, cutoff => 6)",
];

#[test]
fn every_relation_has_a_call() {
    let called: BTreeSet<&str> = CALLS
        .iter()
        .filter_map(|call| call.split('(').next())
        .collect();
    let all: BTreeSet<&str> = RELATIONS.iter().map(|relation| relation.name).collect();
    assert_eq!(called, all);
}

fn statement(call: &str, panel: &str) -> String {
    format!("select * from {}", call.replace("{panel}", panel))
}

/// Both files of the panel, in a folder of their own.
fn panels() -> Project {
    let project = Project::empty();
    for (file, order) in ORDERS {
        let sql = format!("{PANEL}{order}");
        project.korabo(&["sql", "-o", file, "-c", &sql]).exits(0);
    }
    project
}

async fn rows(sql: &str, partitions: usize, batch_size: usize) -> RecordBatch {
    let options = SessionOptions {
        threads: NonZeroUsize::new(partitions),
        ..SessionOptions::default()
    };
    let frame = Session::new(&options)
        .unwrap()
        .plan(sql, &[])
        .await
        .unwrap();
    let (mut state, plan) = frame.into_parts();
    *state.config_mut() = state.config().clone().with_batch_size(batch_size);
    let frame = DataFrame::new(state, plan);
    let schema = Arc::clone(frame.schema().inner());
    let batches = frame.collect().await.unwrap();
    concat_batches(&schema, &batches).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn batches_partitions_and_order_of_rows_do_not_change_a_bit() {
    let project = panels();
    // Without repeats: the engine hands rows over by hash, another order for each number of partitions and size of batches.
    let input = |file: &str| {
        let path = project.path().join(file);
        format!("(select distinct * from '{}')", path.display())
    };
    for call in CALLS {
        let expected = rows(&statement(call, &input("sorted.parquet")), 1, 8192).await;
        assert!(expected.num_rows() > 0, "{call}");
        for (partitions, batch_size) in [(1, 1), (2, 2), (8, 8192), (8, 1)] {
            let sql = statement(call, &input("shuffled.parquet"));
            let found = rows(&sql, partitions, batch_size).await;
            assert!(
                found == expected,
                "{call}: {partitions} partitions, batches of {batch_size}"
            );
        }
    }
}

#[test]
fn threads_do_not_change_a_byte_of_what_is_printed() {
    let project = panels();
    let printed = |file: &str, threads: &str| {
        let input = format!("(select * from '{file}')");
        let statements: Vec<String> = CALLS.iter().map(|call| statement(call, &input)).collect();
        let sql = statements.join(";\n");
        let mut command = program(project.path());
        command.env("RAYON_NUM_THREADS", threads);
        command.args(["sql", "--format", "json", "--threads", threads, "-c", &sql]);
        Outcome::from(command.output().unwrap()).exits(0).stdout
    };
    let expected = printed("sorted.parquet", "1");
    assert!(expected.contains("\"status\":\"ok\""), "{expected}");
    for threads in ["2", "8"] {
        assert!(
            printed("shuffled.parquet", threads) == expected,
            "{threads} threads"
        );
    }
}
