//! Facets of OpenLineage events, each with the schema it follows (specification 2-0-2, facets as published with 1.3x).

use serde_json::{Map, Value, json};

use crate::event::{RunUuid, TestResult};
use crate::pipeline::{ColumnUse, MadeTable, Sources};

/// Who makes the events, as a URI.
pub(super) const PRODUCER: &str = concat!("urn:korabo:", env!("CARGO_PKG_VERSION"));

/// Facets of a run, a job or a dataset, by name.
#[derive(Default)]
pub(super) struct Facets(Map<String, Value>);

impl Facets {
    pub(super) fn into_json(self) -> Value {
        Value::Object(self.0)
    }

    /// Adds facet `name`, which follows version `version` of schema `schema`.
    fn with(mut self, name: &str, (schema, version): (&str, &str), value: Value) -> Self {
        let url =
            format!("https://openlineage.io/spec/facets/{version}/{schema}.json#/$defs/{schema}");
        let mut facet = Map::new();
        facet.insert("_producer".to_owned(), PRODUCER.into());
        facet.insert("_schemaURL".to_owned(), url.into());
        if let Value::Object(members) = value {
            facet.extend(members.into_iter().filter(|(_, value)| !value.is_null()));
        }
        self.0.insert(name.to_owned(), Value::Object(facet));
        self
    }

    pub(super) fn parent(self, run: &RunUuid, namespace: &str, job: &str) -> Self {
        let value = json!({
            "run": { "runId": run.as_str() },
            "job": { "namespace": namespace, "name": job },
        });
        self.with("parent", ("ParentRunFacet", "1-2-0"), value)
    }

    pub(super) fn engine(self) -> Self {
        let value = json!({
            "name": "DataFusion",
            "version": datafusion::DATAFUSION_VERSION,
            "openlineageAdapterVersion": env!("CARGO_PKG_VERSION"),
        });
        self.with(
            "processing_engine",
            ("ProcessingEngineRunFacet", "1-1-1"),
            value,
        )
    }

    pub(super) fn tags(self, tags: &[(&str, Option<String>)]) -> Self {
        let tags = tags.iter().filter_map(|(key, value)| {
            let value = value.as_ref()?;
            Some(json!({ "key": key, "value": value, "source": "korabo" }))
        });
        let value = json!({ "tags": tags.collect::<Vec<Value>>() });
        self.with("tags", ("TagsRunFacet", "1-0-0"), value)
    }

    pub(super) fn nominal_time(self, start: &str) -> Self {
        let value = json!({ "nominalStartTime": start });
        self.with("nominalTime", ("NominalTimeRunFacet", "1-0-1"), value)
    }

    pub(super) fn error_message(self, message: &str) -> Self {
        let value = json!({ "message": message, "programmingLanguage": "SQL" });
        self.with("errorMessage", ("ErrorMessageRunFacet", "1-0-1"), value)
    }

    pub(super) fn job_type(self, kind: &str) -> Self {
        let value = json!({
            "processingType": "BATCH", "integration": "KORABO", "jobType": kind,
        });
        self.with("jobType", ("JobTypeJobFacet", "2-0-4"), value)
    }

    pub(super) fn sql(self, text: &str) -> Self {
        let value = json!({ "query": text, "dialect": "datafusion" });
        self.with("sql", ("SQLJobFacet", "1-1-0"), value)
    }

    pub(super) fn data_source(self, namespace: &str) -> Self {
        let value = json!({ "name": namespace, "uri": namespace });
        self.with("dataSource", ("DatasourceDatasetFacet", "1-0-1"), value)
    }

    pub(super) fn version(self, version: &str) -> Self {
        let value = json!({ "datasetVersion": version });
        self.with("version", ("DatasetVersionDatasetFacet", "1-0-1"), value)
    }

    pub(super) fn dataset_type(self, kind: &str) -> Self {
        let value = json!({ "datasetType": kind });
        self.with("datasetType", ("DatasetTypeDatasetFacet", "1-0-1"), value)
    }

    pub(super) fn schema(self, columns: impl Iterator<Item = (String, String)>) -> Self {
        let fields = columns.enumerate().map(|(position, (name, data_type))| {
            json!({ "name": name, "type": data_type, "ordinal_position": position + 1 })
        });
        let value = json!({ "fields": fields.collect::<Vec<Value>>() });
        self.with("schema", ("SchemaDatasetFacet", "1-2-0"), value)
    }

    pub(super) fn output_statistics(self, n_rows: u64, n_bytes: Option<u64>) -> Self {
        let value = json!({ "rowCount": n_rows, "size": n_bytes });
        self.with(
            "outputStatistics",
            ("OutputStatisticsOutputDatasetFacet", "1-0-2"),
            value,
        )
    }

    /// What the tests of a table found; each comes with the text that goes out.
    pub(super) fn assertions<'a>(
        self,
        tests: impl Iterator<Item = (String, &'a TestResult)>,
    ) -> Self {
        let assertions = tests.map(|(text, test)| {
            let n_rows = test.n_rows_found.map(|n| n.to_string());
            let mut assertion = json!({
                "assertion": text,
                "success": test.holds,
                "severity": test.severity.as_str(),
            });
            if let Some(n_rows) = n_rows {
                assertion["actual"] = n_rows.into();
            }
            assertion
        });
        let value = json!({ "assertions": assertions.collect::<Vec<Value>>() });
        let schema = ("DataQualityAssertionsDatasetFacet", "1-1-0");
        self.with("dataQualityAssertions", schema, value)
    }

    /// What the columns of a table are made of, and what decides its rows.
    pub(super) fn column_lineage(self, namespace: &str, made: &MadeTable) -> Self {
        let fields: Map<String, Value> = made
            .columns
            .iter()
            .filter(|column| !column.sources.is_empty())
            .map(|column| {
                let inputs = input_fields(namespace, &column.sources);
                (column.name.clone(), json!({ "inputFields": inputs }))
            })
            .collect();
        let mut value = json!({ "fields": fields });
        if !made.rows.is_empty() {
            value["dataset"] = input_fields(namespace, &made.rows);
        }
        self.with(
            "columnLineage",
            ("ColumnLineageDatasetFacet", "1-2-0"),
            value,
        )
    }
}

fn input_fields(namespace: &str, sources: &Sources) -> Value {
    let fields = sources.iter().map(|(column, uses)| {
        let transformations: Vec<Value> = uses.iter().copied().map(transformation).collect();
        json!({
            "namespace": namespace,
            "name": column.table,
            "field": column.column,
            "transformations": transformations,
        })
    });
    fields.collect()
}

fn transformation(used_for: ColumnUse) -> Value {
    let kind = match used_for.is_direct() {
        true => "DIRECT",
        false => "INDIRECT",
    };
    let subtype = match used_for {
        ColumnUse::Identity => "IDENTITY",
        ColumnUse::Transformation => "TRANSFORMATION",
        ColumnUse::Aggregation => "AGGREGATION",
        ColumnUse::Conditional => "CONDITIONAL",
        ColumnUse::Window => "WINDOW",
        ColumnUse::Join => "JOIN",
        ColumnUse::GroupBy => "GROUP_BY",
        ColumnUse::Filter => "FILTER",
        ColumnUse::Sort => "SORT",
    };
    json!({ "type": kind, "subtype": subtype, "masking": false })
}
