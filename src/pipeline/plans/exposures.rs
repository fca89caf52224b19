//! Views of a plan's exposure: who was exposed since when, to how much, and what else began at the same places.

use std::fmt::Write as _;

use crate::evaluation::{ChosenPrograms, DoseUnit, EvaluationPlan, Exposed, Exposure};
use crate::pipeline::made_text::MadeText;

/// The column of a plan that compares programs with others: the fiscal year in which a person's programs began, as a text.
pub(super) const START_YEAR: &str = "start_year";

/// Who was exposed since when.
pub(super) fn cohorts(plan: &EvaluationPlan) -> MadeText {
    let Exposure::Programs(_) = plan.exposure else {
        let (cohort, source) = (recorded(plan.exposed), source(plan));
        let text = format!(
            "select\n    person_id,\n    {cohort} as cohort,\n    participation\n{source}\n"
        );
        return MadeText::plain(&(cohorts_header(plan, "") + &text));
    };
    let name = &plan.name;
    let starts = format!(
        "with offers as (\n    select\n        spells.person_id,\n        chosen.is_against,\n        \
         fiscal_year(min(greatest(spells.employed_from, link_programs.start_date))) as offer\n    \
         from link_employee_spells as spells\n    inner join link_programs\n        \
         on spells.worksite_id = link_programs.worksite_id\n        and spells.employed_from <= link_programs.end_date\n        \
         and spells.employed_to >= link_programs.start_date\n    inner join panel_programs_{name} as chosen\n        \
         on link_programs.program_id = chosen.program_id\n    group by spells.person_id, chosen.is_against\n),\n\n\
         participations as (\n    select\n        taken.person_id,\n        chosen.is_against,\n        \
         fiscal_year(min(taken.first_date)) as participation\n    from link_participation as taken\n    \
         inner join panel_programs_{name} as chosen\n        on taken.program_id = chosen.program_id\n    \
         group by taken.person_id, chosen.is_against\n),\n\n\
         starts as (\n    select person_id, is_against, offer, cast(null as smallint) as participation\n    from offers\n    \
         union all\n    select person_id, is_against, cast(null as smallint) as offer, participation\n    from participations\n)",
    );
    let start = match plan.exposed {
        Exposed::Participated => "participation",
        Exposed::Offered | Exposed::Household => "offer",
    };
    let text = match plan.against() {
        None => format!(
            "{starts}\n\nselect\n    person_id,\n    min({start}) as cohort,\n    min(participation) as participation\n\
             from starts\ngroup by person_id\n"
        ),
        Some(_) => format!("{starts},\n\n{}", compared_starts(start)),
    };
    let note = match plan.against() {
        None => "",
        Some(_) => AGAINST,
    };
    MadeText::plain(&(cohorts_header(plan, note) + &text))
}

const AGAINST: &str = "-- Two kinds of programs are compared: time is counted in years since the person's programs began, cohort is 0 where they were\n\
     -- the evaluated ones and missing where they were the others, and start_year is the fiscal year. Who was offered both in one year is\n\
     -- left out, as is what follows from the second one on (last_year), and years in which only one kind began.\n";

fn cohorts_header(plan: &EvaluationPlan, note: &str) -> String {
    format!(
        "-- One row per person exposed to what evaluation {} is about, or taking part in it: first fiscal years.\n{note}\
         -- key: person_id\n-- materialize: view\n-- sensitivity: person\n\n",
        plan.name
    )
}

/// Of programs that are compared with others: which of them a person met first, and in which year.
fn compared_starts(start: &str) -> String {
    format!(
        "firsts as (\n    select\n        person_id,\n        min(case when not is_against then {start} end) as evaluated,\n        \
         min(case when is_against then {start} end) as other,\n        min(participation) as participation\n    \
         from starts\n    group by person_id\n),\n\n\
         arms as (\n    select\n        person_id,\n        \
         coalesce(evaluated < other, evaluated is not null) as is_evaluated,\n        \
         case when evaluated < other or other is null then evaluated else other end as first_year,\n        \
         case when evaluated < other then other when other < evaluated then evaluated end as next_year,\n        participation\n    \
         from firsts\n    where evaluated is distinct from other\n)\n\n\
         select\n    person_id,\n    case when is_evaluated then cast(0 as smallint) end as cohort,\n    participation,\n    first_year,\n    \
         cast(first_year as varchar) as {START_YEAR},\n    next_year - 1 as last_year\nfrom arms\n\
         qualify\n    count(case when is_evaluated then 1 end) over (partition by first_year) > 0\n    \
         and count(case when not is_evaluated then 1 end) over (partition by first_year) > 0\n"
    )
}

/// The column of tables of exposures that the plan looks at.
fn recorded(exposed: Exposed) -> &'static str {
    match exposed {
        Exposed::Offered => "cohort",
        Exposed::Participated => "participation",
        Exposed::Household => "household_cohort",
    }
}

/// Where exposures are: those of one field, or of bundles.
fn source(plan: &EvaluationPlan) -> String {
    match &plan.exposure {
        Exposure::Bundle => "from panel_bundle".to_owned(),
        _ => format!("from panel_exposure\nwhere field = '{}'", plan.field()),
    }
}

/// The programs that a plan chooses by conditions.
pub(super) fn programs(plan: &EvaluationPlan, chosen: &ChosenPrograms) -> MadeText {
    let mut made = MadeText::plain(&format!(
        "-- One row per program that evaluation {name} is about, or compares with (is_against). Which both conditions hold for is evaluated.\n\
         -- key: program_id\n-- materialize: view\n-- sensitivity: person\n\n\
         with marked as (\n    select\n        employer_key,\n        program_key,\n        ",
        name = plan.name,
    ));
    made.push_expression(&chosen.programs);
    made.push(" as is_evaluated,\n        ");
    match &chosen.against {
        Some(against) => made.push_expression(against),
        None => made.push("false"),
    }
    made.push(
        " as is_other\n    from clean_programs\n)\n\n\
         select\n    link_program_ids.program_id,\n    not bool_or(coalesce(marked.is_evaluated, false)) as is_against\n\
         from marked\ninner join link_program_ids\n    on marked.employer_key = link_program_ids.employer_key\n    \
         and marked.program_key = link_program_ids.program_key\n\
         where marked.is_evaluated or marked.is_other\ngroup by link_program_ids.program_id\n",
    );
    made
}

/// What began at worksites beside what is evaluated.
pub(super) fn other_starts(plan: &EvaluationPlan) -> String {
    let others = match &plan.exposure {
        Exposure::Bundle => "where false".to_owned(),
        Exposure::Programs(_) => format!(
            "left anti join panel_programs_{} as chosen\n    on link_programs.program_id = chosen.program_id",
            plan.name
        ),
        _ => format!("where field <> '{}'", plan.field()),
    };
    format!(
        "-- One row per worksite and field with programs that evaluation {name} is not about: the first fiscal year.\n\
         -- key: worksite_id, field\n-- materialize: view\n-- sensitivity: person\n\n\
         select\n    link_programs.worksite_id,\n    link_programs.field,\n    min(fiscal_year(link_programs.start_date)) as first_year\n\
         from link_programs\n{others}\ngroup by link_programs.worksite_id, link_programs.field\n",
        name = plan.name,
    )
}

/// Whether what begins beside the programs can be told: a bundle is all fields, and years since the start are no fiscal years.
pub(super) fn has_other_starts(plan: &EvaluationPlan) -> bool {
    plan.exposure != Exposure::Bundle && plan.against().is_none()
}

/// How much of the programs there was for a person.
pub(super) fn doses(plan: &EvaluationPlan, unit: DoseUnit) -> String {
    let dose = match unit {
        DoseUnit::Sessions => {
            "coalesce(taken.sessions, 0.0) / nullif(cast(resources.n_exposed as double), 0)"
        }
        DoseUnit::StaffHours => "resources.hours_per_exposed",
        DoseUnit::ThousandYen => "resources.cost_per_exposed / 1000",
    };
    format!(
        "-- One row per person exposed to what evaluation {name} is about: {unit} per exposed person of the person's first program.\n\
         -- A mean over all whom the program was offered to: what a person took up of it would be the person's choice.\n\
         -- key: person_id\n-- materialize: view\n-- sensitivity: person\n\n\
         with taken as (\n    select program_id, cast(sum(sessions) as double) as sessions\n    from link_participation\n    \
         group by program_id\n)\n\n\
         select\n    link_exposure.person_id,\n    {dose} as dose\nfrom link_exposure\n\
         inner join link_program_resources as resources\n    on link_exposure.program_id = resources.program_id\n\
         left join taken\n    on link_exposure.program_id = taken.program_id\n\
         where link_exposure.field = '{field}'\n",
        name = plan.name,
        unit = unit.word(),
        field = plan.field(),
    )
}

/// Whether the person has taken part by the year.
pub(super) fn participated(plan: &EvaluationPlan) -> &'static str {
    match plan.exposed {
        Exposed::Household => "coalesce(subscribers.participated, false)",
        _ => "coalesce(exposures.participation <= people.fiscal_year, false)",
    }
}

/// What the people are joined with, and which of their years remain.
pub(super) fn joins(plan: &EvaluationPlan) -> String {
    let name = &plan.name;
    if plan.against().is_some() {
        return format!(
            "inner join panel_cohorts_{name} as exposures\n    on people.person_id = exposures.person_id\n    \
             and people.fiscal_year <= coalesce(exposures.last_year, people.fiscal_year)\n"
        );
    }
    let mut joins = format!(
        "left join panel_cohorts_{name} as exposures\n    on people.person_id = exposures.person_id\n"
    );
    if plan.exposed == Exposed::Household {
        let _ = write!(
            joins,
            "left join (\n    select household_id, fiscal_year, bool_or(participated) as participated\n    \
             from panel_household_participation{}\n    group by household_id, fiscal_year\n) as subscribers\n    \
             on people.household_id = subscribers.household_id\n    and people.fiscal_year = subscribers.fiscal_year\n",
            match &plan.exposure {
                Exposure::Bundle => String::new(),
                _ => format!("\n    where field = '{}'", plan.field()),
            }
        );
    }
    if matches!(plan.exposure, Exposure::FieldGivenSystem(_)) {
        joins.push_str(
            "inner join panel_exposure as system\n    on people.person_id = system.person_id\n    and system.field = 'system'\n    \
             and people.fiscal_year >= system.cohort\n",
        );
    }
    if plan.dose().is_some() {
        let _ = write!(
            joins,
            "left join panel_doses_{name} as doses\n    on people.person_id = doses.person_id\n"
        );
    }
    joins
}
