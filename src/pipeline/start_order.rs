//! The queries of a start order: which worksites may start when, and what the order could see. They read the views and tables of an
//! evaluation plan, which a session has, and rows that take their place.

use crate::evaluation::EvaluationPlan;

/// The queries of the start order of one plan.
#[derive(Debug, Clone, Copy)]
pub struct StartOrderQueries<'a> {
    /// The plan.
    pub plan: &'a EvaluationPlan,
}

impl StartOrderQueries<'_> {
    fn table(&self, stem: &str) -> String {
        format!("{stem}_{}", self.plan.name)
    }

    /// The worksites that may start.
    #[must_use]
    pub fn candidates_table(&self) -> String {
        self.table("evaluation_candidates")
    }

    /// The order: worksites and the year in which each starts.
    #[must_use]
    pub fn order_table(&self) -> String {
        self.table("evaluation_start_order")
    }

    /// What is known of how indicators vary.
    #[must_use]
    pub fn components_table(&self) -> String {
        self.table("evaluation_components")
    }

    /// The designs whose power is worked out.
    #[must_use]
    pub fn designs_table(&self) -> String {
        self.table("evaluation_designs")
    }

    /// The candidates for which an SQL condition holds.
    #[must_use]
    pub fn chosen(&self, condition: &str) -> String {
        // On lines of its own: a comment at its end would hide the parenthesis.
        let table = self.candidates_table();
        format!("select * from {table} where (\n{condition}\n)")
    }

    /// Identity, size and level of the candidates, in the order of their identities.
    #[must_use]
    pub fn candidates(&self) -> String {
        let table = self.candidates_table();
        format!("select worksite_id, n_persons, baseline_level from {table} order by worksite_id")
    }

    /// The staff hours that a worksite took in the programs of the plan's field.
    #[must_use]
    pub fn usual_hours(&self) -> String {
        format!(
            "select cast(sum(staff_hours) as double) / sum(n_worksites) from link_program_resources \
             where field = '{}' and staff_hours is not null and n_worksites > 0",
            self.plan.field()
        )
    }

    /// The latest year of the data.
    #[must_use]
    pub fn latest_year(&self) -> String {
        let panel = self.table("panel_evaluation");
        format!("select cast(max(fiscal_year) as bigint) from {panel}")
    }

    /// The order, row by row.
    #[must_use]
    pub fn rows(&self) -> String {
        format!(
            "select candidates.worksite_id, candidates.employer_key, candidates.worksite_key, candidates.n_persons, \
             candidates.baseline_level, drawn.start_year from {} as candidates inner join {} as drawn \
             on candidates.worksite_id = drawn.worksite_id order by drawn.start_year nulls last, candidates.worksite_id",
            self.candidates_table(),
            self.order_table(),
        )
    }

    /// The components with worksites as large as the candidates.
    #[must_use]
    pub fn sized_components(&self) -> String {
        let primary: Vec<&str> = self.plan.primary.iter().map(|own| &*own.value).collect();
        format!(
            "select components.* exclude (cluster_size, cv_cluster_size), sizes.cluster_size, sizes.cv_cluster_size \
             from {components} as components left join (select outcome, cluster_size, cv_cluster_size \
             from variance_components((select people.* from {panel} as people inner join {candidates} as candidates \
             on people.cluster_id = candidates.worksite_id where people.cohort is null), outcomes => [{primary}], \
             cluster => cluster_id, unit => person_id, time => fiscal_year)) as sizes on components.indicator = sizes.outcome",
            components = self.components_table(),
            panel = self.table("panel_evaluation"),
            candidates = self.candidates_table(),
            primary = primary.join(", "),
        )
    }

    /// The order as a design, beside that of two halves. `calendar` is as relations read it: how many worksites start in each year.
    #[must_use]
    pub fn designs(&self, calendar: &str, n_never: usize, n_clusters: usize) -> String {
        format!(
            "select 'proposed' as design, '{calendar}' as calendar, cast({n_never} as bigint) as n_never, \
             cast({n_clusters} as bigint) as n_clusters \
             union all select design, calendar, n_never, n_clusters from {} where design = 'halves'",
            self.designs_table()
        )
    }
}
