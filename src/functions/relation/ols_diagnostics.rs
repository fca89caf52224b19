//! `ols_diagnostics`: what `ols` with the same arguments did with rows and columns, how well it fits, and whether its instruments
//! can be trusted.

use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;

use super::definition::{Gather, PreparedRelation, RelationDefinition};
use super::ols::{OLS_ARGUMENTS, OlsCall};
use super::relation_error::RelationError;
use super::result::{diagnostic_batch, diagnostic_schema};
use korabo_estimators::regression::{RegressionData, ols_diagnostics};

const NAME: &str = "ols_diagnostics";

pub(super) const OLS_DIAGNOSTICS: RelationDefinition = RelationDefinition {
    name: NAME,
    usage: "ols_diagnostics(input, 'y ~ x1 + i(f, ref) | fixed_effect | endogenous ~ instrument', \
            weight => column, vcov => 'hc1')",
    description: "What a linear regression did: rows left out, degrees of freedom, fixed effects, fit, dropped columns \
                  with the reason, strength of instruments.",
    example: "SELECT * FROM ols_diagnostics(panel_person_year, 'yen_total ~ age + sex | fiscal_year', \
              vcov => 'cluster(cluster_worksite_id)')",
    arguments: OLS_ARGUMENTS,
    positional: Some("formula"),
    prepare: |bound| {
        Ok(Arc::new(OlsDiagnostics {
            call: OlsCall::try_new(NAME, bound)?,
        }))
    },
};

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
    let rows = ols_diagnostics(&call.formula, data, &call.options);
    let rows = rows.map_err(|source| RelationError::Refused {
        relation: NAME,
        source,
    })?;
    diagnostic_batch(&rows).map_err(|source| RelationError::Rows {
        relation: NAME,
        source,
    })
}
