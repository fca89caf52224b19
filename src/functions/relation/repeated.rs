//! One column for two arguments: what makes sense (a weight that is also a covariate, a cluster that is the cohort) is accepted;
//! what would answer itself, whatever the data, is refused when the call is planned.

use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;

/// Two arguments that cannot be the same column.
struct Exclusion {
    arguments: [&'static str; 2],
    why: &'static str,
    /// Only where rows are the periods of units.
    only_panels: bool,
}

const fn apart(first: &'static str, second: &'static str, why: &'static str) -> Exclusion {
    Exclusion {
        arguments: [first, second],
        why,
        only_panels: false,
    }
}

const LABEL_MEASURED: &str = "an outcome cannot also be the key or group of its row";
const LABEL_WEIGHED: &str = "a weight is a quantity, not a key or group of its row";
const GIVEN_BY_TREATMENT: &str = "the answer would be given by the treatment itself";
const GIVEN_BY_OUTCOME: &str = "the outcome would explain itself";
const UNIT_AND_PERIOD: &str =
    "unit and period together identify a row, so they must be different columns";

const EXCLUSIONS: &[Exclusion] = &[
    apart("unit", "time", UNIT_AND_PERIOD),
    apart(
        "unit",
        "cohort",
        "units of one cohort are compared with others, so that each cannot be its own",
    ),
    apart(
        "time",
        "cohort",
        "the cohort is the one period in which the unit is first exposed, the same in all its rows",
    ),
    apart("outcome", "unit", LABEL_MEASURED),
    apart("outcome", "time", LABEL_MEASURED),
    apart("outcome", "cohort", GIVEN_BY_TREATMENT),
    apart("outcome", "treated", GIVEN_BY_TREATMENT),
    apart("outcome", "cluster", LABEL_MEASURED),
    apart("outcome", "over", LABEL_MEASURED),
    apart("outcome", "strata", LABEL_MEASURED),
    apart("outcome", "unit_effect", GIVEN_BY_OUTCOME),
    apart("outcome", "covariates", GIVEN_BY_OUTCOME),
    apart("outcome", "by", LABEL_MEASURED),
    apart("outcome", "participated", GIVEN_BY_TREATMENT),
    apart("by", "unit", "a single unit has no controls"),
    apart(
        "by",
        "time",
        "effects are changes over time: one period has none",
    ),
    apart(
        "by",
        "cohort",
        "a cohort is compared with others; `att` with `aggregate => 'group'` shows each",
    ),
    apart(
        "strata",
        "cohort",
        "within a stratum there would be one cohort, and nothing to hand out",
    ),
    apart(
        "over",
        "unit",
        "it says which groups of units are left out together",
    ),
    apart(
        "over",
        "by",
        "in a level of it there is nothing else to leave out",
    ),
    apart("treated", "unit", LABEL_MEASURED),
    apart("treated", "time", LABEL_MEASURED),
    apart("treated", "covariates", GIVEN_BY_TREATMENT),
    apart(
        "treated",
        "weight",
        "all untreated rows would have weight 0",
    ),
    apart("weight", "unit", LABEL_WEIGHED),
    apart("weight", "time", LABEL_WEIGHED),
    apart("weight", "cohort", LABEL_WEIGHED),
    apart(
        "covariates",
        "unit",
        "it says who is compared, not what they are like",
    ),
    apart(
        "covariates",
        "time",
        "periods are compared already: it is constant within each",
    ),
    apart("covariates", "cohort", GIVEN_BY_TREATMENT),
    apart("running", "outcome", GIVEN_BY_OUTCOME),
    apart("running", "treated", GIVEN_BY_TREATMENT),
    apart("running", "covariates", "the polynomials hold it already"),
    apart("running", "by", "one value lies on one side of the cutoff"),
    apart(
        "unit_effect",
        "time",
        "periods have an effect of their own in any case",
    ),
    Exclusion {
        arguments: ["over", "time"],
        why: "a unit would be in another cluster in every period",
        only_panels: true,
    },
    Exclusion {
        arguments: ["cluster", "time"],
        why: "a unit would be in another cluster in every period",
        only_panels: true,
    },
];

/// The first column, in the order of the statement, that two arguments or one list cannot both name.
pub(super) fn repeated_column(bound: &BoundArguments) -> Option<ArgumentProblem> {
    let given = bound.column_arguments();
    let column = |index: usize| bound.input().field(index).name().clone();
    for (idx, &(second, columns)) in given.iter().enumerate() {
        let mut earlier = columns.iter().enumerate();
        let listed = earlier.find(|(k, index)| columns[..*k].contains(index));
        if let Some((_, &index)) = listed {
            return Some(ArgumentProblem::ListedTwice {
                name: second,
                column: column(index),
            });
        }
        for &(first, others) in &given[..idx] {
            let shared = columns.iter().find(|index| others.contains(index));
            if let (Some(&index), Some(why)) = (shared, reason(first, second, bound)) {
                return Some(ArgumentProblem::SameColumn {
                    first,
                    second,
                    column: column(index),
                    why,
                });
            }
        }
    }
    None
}

/// Why two arguments cannot be the same column, if they cannot.
fn reason(first: &str, second: &str, bound: &BoundArguments) -> Option<&'static str> {
    // What holds for one outcome holds for several.
    let [first, second] = [first, second].map(|name| match name {
        "outcomes" => "outcome",
        other => other,
    });
    let names = |apart: &&Exclusion| {
        let [a, b] = apart.arguments;
        (a, b) == (first, second) || (b, a) == (first, second)
    };
    let apart = EXCLUSIONS.iter().find(names)?;
    let applies = !apart.only_panels || bound.boolean("panel", true);
    applies.then_some(apart.why)
}
