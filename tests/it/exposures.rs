//! Plans by dose, and of programs against each other, beside plain SQL.

use crate::support::{Project, assert_near, number};

const PLAN_HEAD: &str = "question_ja = \"問い\"\nquestion_en = \"Question\"\npopulation = \"employees\"\n\
    primary = [\"exercise_habit\"]\ncovariates = []\n";

#[track_caller]
fn assert_same_number(project: &Project, sql: &str, expected: &str) {
    assert_near(&project.value(sql), number(&project.value(expected)));
}

/// Two kinds of programs: within each year of beginning the mean change since the year before of one less that of the other, weighted by
/// the persons of the first. A dose: the slope of changes within years of exposure.
#[test]
fn programs_are_compared_with_each_other_and_by_dose() {
    let project = Project::sample();
    project.write(
        "evaluations/versus.toml",
        format!(
            "{PLAN_HEAD}exposure = \"programs\"\nprograms = \"field = 'activity'\"\n\
             against = '''\nfield = 'nutrition' -- the others\n  and cost_yen > 0'''\n"
        ),
    );
    project.write(
        "evaluations/per_hour.toml",
        format!("{PLAN_HEAD}exposure = \"dose\"\nfield = \"activity\"\ndose = \"staff_hours\"\n"),
    );
    let names = ["evaluation:versus", "evaluation:per_hour"];
    project.korabo(&["run", names[0], names[1]]).exits(0);
    let changes = "with changes as (select late.cohort is not null as is_evaluated, late.start_year, late.fiscal_year as e, \
         cast(late.exercise_habit as double) - cast(early.exercise_habit as double) as change \
         from panel_evaluation_versus late join panel_evaluation_versus early on late.person_id = early.person_id \
         where early.fiscal_year = -1 and late.fiscal_year between 0 and 5 and late.exercise_habit is not null \
         and early.exercise_habit is not null), \
         years as (select e, start_year, count(change) filter (where is_evaluated) as n, \
         avg(change) filter (where is_evaluated) - avg(change) filter (where not is_evaluated) as gap from changes group by 1, 2), \
         times as (select e, sum(n * gap) / sum(n) as effect from years group by 1)";
    let of_versus = "from evaluation_estimates_versus where indicator = 'exercise_habit'";
    assert_same_number(
        &project,
        &format!("select estimate {of_versus} and estimator = 'event_study' and event_time = 1"),
        &format!("{changes} select effect from times where e = 1"),
    );
    assert_same_number(
        &project,
        &format!("select estimate {of_versus} and estimator = 'callaway_santanna'"),
        &format!("{changes} select avg(effect) from times"),
    );
    let arms = "select count(distinct start_year) > 1 as has_years, min(fiscal_year) < 0 as has_before, \
                count(distinct case when cohort is null then person_id end) > 100 as has_others from panel_evaluation_versus";
    assert_eq!(
        project.text("csv", arms),
        "has_years,has_before,has_others\ntrue,true,true\n"
    );
    let gate = "select result from evaluation_diagnostics where evaluation = 'versus' and gate = 'co_exposure'";
    assert_eq!(project.text("csv", gate), "result\nnot_applicable\n");

    let means = "with centred as (select dose - avg(dose) over (partition by cohort) as d, \
         exercise_habit - avg(exercise_habit) over (partition by cohort) as y \
         from panel_changes_per_hour where exercise_habit is not null and dose is not null) \
         select sum(d * y) / sum(d * d) from centred";
    let verdict = "select estimate from evaluation_verdicts where evaluation = 'per_hour'";
    assert_same_number(&project, verdict, means);
    let hours = "select avg(resources.hours_per_exposed) from panel_doses_per_hour doses \
         join link_exposure exposure on doses.person_id = exposure.person_id and exposure.field = 'activity' \
         join link_program_resources resources on exposure.program_id = resources.program_id";
    assert_same_number(
        &project,
        "select avg(dose) from panel_doses_per_hour",
        hours,
    );
    let cost = "select count(estimator) as n from evaluation_estimates_per_hour where estimator = 'per_unit' and n_clusters > 100";
    assert_eq!(project.count(cost), 1);
}

#[test]
fn wrong_conditions_of_programs_are_named_with_their_place() {
    let project = Project::standard();
    project.write(
        "evaluations/versus.toml",
        format!("{PLAN_HEAD}exposure = \"programs\"\nprograms = \"stuff_hours >= 80\"\n"),
    );
    project.korabo(&["check"]).exits(3).says(&[
        "evaluations/versus.toml:7:13",
        "no column `stuff_hours`",
        "did you mean `staff_hours`?",
    ]);
}
