//! `ols_diagnostics`: what `ols` with the same arguments did with rows and columns, how well it fits, and whether its instruments
//! can be trusted.

use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;

use super::argument::{ArgumentDefinition, ArgumentKind, optional};
use super::argument_error::ArgumentProblem;
use super::bound_arguments::BoundArguments;
use super::definition::{Gather, PreparedRelation, RelationDefinition};
use super::ols::{OLS_ARGUMENTS, OlsCall};
use super::relation_error::RelationError;
use super::result::{diagnostic_batch, diagnostic_schema};
use korabo_estimators::regression::{JointHypothesis, RegressionData, ols_diagnostics};

const NAME: &str = "ols_diagnostics";

pub(super) const OLS_DIAGNOSTICS: RelationDefinition = RelationDefinition {
    name: NAME,
    usage: "ols_diagnostics(input, 'y ~ x1 + i(f, ref) | fixed_effect | endogenous ~ instrument', \
            weight => column, vcov => 'hc1', joint => 'x1, x2')",
    description: "What a linear regression did: rows left out, degrees of freedom, fixed effects, fit, dropped columns \
                  with the reason, strength of instruments; joint tests.",
    example: "SELECT * FROM ols_diagnostics(panel_person_year, 'yen_total ~ age + sex | fiscal_year', \
              vcov => 'cluster(cluster_worksite_id)')",
    arguments: &ARGUMENTS,
    positional: Some("formula"),
    prepare: |bound| {
        let mut call = OlsCall::try_new(NAME, bound)?;
        call.hypotheses = hypotheses(bound)?;
        Ok(Arc::new(OlsDiagnostics { call }))
    },
};

/// Those of `ols`, and `joint`.
static ARGUMENTS: [ArgumentDefinition; OLS_ARGUMENTS.len() + 1] = {
    let mut all = [const {
        optional(
            "joint",
            ArgumentKind::Text,
            "terms whose coefficients are tested to be zero together, as in 'x1, x2; year::*': hypotheses with `;` between them, \
             names of terms with commas, `*` for any text",
        )
    }; OLS_ARGUMENTS.len() + 1];
    let mut idx = 0;
    while idx < OLS_ARGUMENTS.len() {
        all[idx] = OLS_ARGUMENTS[idx].copy();
        idx += 1;
    }
    all
};

fn hypotheses(bound: &BoundArguments) -> Result<Vec<JointHypothesis>, ArgumentProblem> {
    if !bound.has("joint") {
        return Ok(Vec::new());
    }
    JointHypothesis::parse_all(bound.text("joint", "")).ok_or_else(|| ArgumentProblem::Invalid {
        name: "joint",
        message: "must be names of terms with commas between them, and hypotheses with `;`, like 'x1, x2; year::*'".to_owned(),
    })
}

#[derive(Debug)]
struct OlsDiagnostics {
    call: OlsCall,
}

impl PreparedRelation for OlsDiagnostics {
    fn input_columns(&self) -> Vec<usize> {
        self.call.input_columns()
    }

    fn schema(&self) -> SchemaRef {
        diagnostic_schema()
    }

    fn gather(&self) -> Box<dyn Gather> {
        self.call.gather(diagnostics)
    }
}

fn diagnostics(call: &OlsCall, data: &RegressionData) -> Result<RecordBatch, RelationError> {
    let rows = ols_diagnostics(&call.formula, data, &call.options, &call.hypotheses);
    let rows = rows.map_err(|source| RelationError::Refused {
        relation: NAME,
        source,
    })?;
    diagnostic_batch(&rows).map_err(|source| RelationError::Rows {
        relation: NAME,
        source,
    })
}
