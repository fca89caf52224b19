//! OpenLineage events of a run: the run is a job whose parts are one job per delivery and per table. Each tells that it starts
//! and how it ends, with what it reads and writes. Names and counts only; how much of the queries' text goes out is configured.

mod facets;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::post::{Address, LineFile, Poster};
use super::redacted::redacted;
use crate::config::{OpenLineageConfig, SqlInEvents};
use crate::event::{
    DeliveryEvent, RunEnd, RunEvent, RunOutcome, RunStart, RunUuid, Sink, StepEvent, StepOutcome,
    StepStatus, TestResult,
};
use crate::ingest::rejects_table;
use crate::pipeline::{Lineage, Materialize, Project, Query};
use facets::{Facets, PRODUCER};

const RUN_EVENT: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";

/// Sends the events of a run to a file, an address or both.
pub struct OpenLineage {
    namespace: String,
    project: Arc<Project>,
    lineage: Lineage,
    /// How much of a query's text goes out.
    sql: SqlInEvents,
    state: Mutex<LineageState>,
}

struct LineageState {
    run: Option<RunStart>,
    /// Parts that started and did not end, by job and what names the part.
    running: BTreeMap<(String, String), LineagePart>,
    file: Option<LineFile>,
    poster: Option<Poster>,
}

/// A job under way within the run.
#[derive(Clone)]
struct LineagePart {
    job: String,
    uuid: RunUuid,
    inputs: Vec<Value>,
    outputs: Vec<Value>,
}

/// The transition an event tells.
#[derive(Clone, Copy)]
enum Transition {
    Start,
    Complete,
    Fail,
    Abort,
}

impl Transition {
    fn as_str(self) -> &'static str {
        match self {
            Self::Start => "START",
            Self::Complete => "COMPLETE",
            Self::Fail => "FAIL",
            Self::Abort => "ABORT",
        }
    }
}

/// Name of the job that is the run as a whole.
const RUN_JOB: &str = "run";

impl OpenLineage {
    /// Events go where `config` says; `api_key` is the key it names.
    #[must_use]
    pub fn new(
        config: &OpenLineageConfig,
        api_key: Option<String>,
        project: Arc<Project>,
        lineage: Lineage,
    ) -> Self {
        let namespace = config.namespace.clone();
        let poster = config.url.clone().map(|url| {
            Poster::start(Address {
                url,
                api_key,
                timeout: config.timeout,
            })
        });
        Self {
            namespace: namespace.unwrap_or_else(|| default_namespace(&project.config.name)),
            project,
            lineage,
            sql: config.sql,
            state: Mutex::new(LineageState {
                run: None,
                running: BTreeMap::new(),
                file: config.file.as_deref().map(LineFile::open),
                poster,
            }),
        }
    }

    fn delivery(&self, state: &mut LineageState, at: DateTime<Utc>, event: &DeliveryEvent) {
        match event {
            DeliveryEvent::Started { file, table, .. } => {
                let job = format!("ingest.{table}");
                let inputs = vec![self.dataset(&format!("extracts/{file}"), self.facets())];
                let outputs = vec![self.dataset(table, self.facets())];
                self.start(
                    state,
                    at,
                    (&job, file),
                    (inputs, outputs),
                    Facets::default(),
                );
            }
            DeliveryEvent::Progress { .. } => {}
            DeliveryEvent::Finished {
                file,
                table,
                n_accepted,
                n_rejected,
                version,
            } => {
                let job = format!("ingest.{table}");
                let Some(part) = state.running.remove(&(job, file.clone())) else {
                    return;
                };
                let contract = self.project.contract(table);
                let columns = contract.map(|contract| contract.lake_schema());
                let facets = self.facets().version(&version.to_string());
                let facets = match &columns {
                    Some(schema) => facets.schema(
                        schema
                            .fields()
                            .iter()
                            .map(|f| (f.name().clone(), f.data_type().to_string())),
                    ),
                    None => facets,
                };
                let mut outputs = vec![self.output(table, facets, *n_accepted, None)];
                if *n_rejected > 0 {
                    let name = rejects_table(table);
                    outputs.push(self.output(&name, self.facets(), *n_rejected, None));
                }
                let part = LineagePart { outputs, ..part };
                self.end(state, at, &part, (Transition::Complete, Facets::default()));
            }
            DeliveryEvent::Refused {
                file,
                table,
                reason,
            } => {
                let job = format!("ingest.{table}");
                let Some(part) = state.running.remove(&(job, file.clone())) else {
                    return;
                };
                let facets = Facets::default().error_message(reason);
                self.end(state, at, &part, (Transition::Fail, facets));
            }
        }
    }

    fn step(&self, state: &mut LineageState, at: DateTime<Utc>, event: &StepEvent) {
        match event {
            StepEvent::StepStarted { name, inputs, .. } => {
                let Some(query) = self.project.dag.query(name) else {
                    return;
                };
                self.start_step(state, at, query, inputs);
            }
            StepEvent::StepFinished(status) => {
                let Some(query) = self.project.dag.query(&status.name) else {
                    return;
                };
                let is_view = query.header.materialize == Materialize::View;
                if is_view && status.outcome == StepOutcome::Skipped {
                    let inputs = query.reads.iter();
                    let inputs = inputs.map(|name| (name.clone(), String::new())).collect();
                    self.start_step(state, at, query, &inputs);
                }
                let key = (status.name.clone(), String::new());
                let Some(part) = state.running.remove(&key) else {
                    return;
                };
                self.end_step(state, at, part, (query, status));
            }
            StepEvent::Steps { .. }
            | StepEvent::StepRows { .. }
            | StepEvent::StepPublishing { .. } => {}
        }
    }

    fn start_step(
        &self,
        state: &mut LineageState,
        at: DateTime<Utc>,
        query: &Query,
        inputs: &BTreeMap<String, String>,
    ) {
        let inputs = inputs.iter().map(|(table, version)| {
            let is_version = version.parse::<u64>().is_ok();
            let facets = match is_version {
                true => self.facets().version(version),
                false => self.facets(),
            };
            self.dataset(table, facets)
        });
        let datasets = (
            inputs.collect(),
            vec![self.dataset(&query.name, self.facets())],
        );
        self.start(state, at, (&query.name, ""), datasets, self.sql(query));
    }

    fn end_step(
        &self,
        state: &mut LineageState,
        at: DateTime<Utc>,
        part: LineagePart,
        (query, status): (&Query, &StepStatus),
    ) {
        let made = self.lineage.table(&query.name);
        let mut facets = self.facets();
        if let Some(made) = made {
            let columns = made.columns.iter();
            facets = facets
                .schema(columns.map(|column| (column.name.clone(), column.data_type.clone())))
                .column_lineage(&self.namespace, made);
        }
        if query.header.materialize == Materialize::View {
            facets = facets.dataset_type("VIEW");
        }
        if !status.tests.is_empty() {
            let tests = status.tests.iter();
            facets = facets.assertions(tests.map(|test| (self.test_text(test), test)));
        }
        let (transition, output, run_facets) = match &status.outcome {
            StepOutcome::Built {
                version,
                n_rows,
                n_bytes,
            } => {
                let facets = facets.version(&version.to_string());
                let output = self.output(&query.name, facets, *n_rows, Some(*n_bytes));
                (Transition::Complete, output, Facets::default())
            }
            StepOutcome::Failed => {
                let error = Facets::default().error_message(&status.causes.join("\n"));
                (Transition::Fail, self.dataset(&query.name, facets), error)
            }
            _ => {
                let output = self.dataset(&query.name, facets);
                (Transition::Complete, output, Facets::default())
            }
        };
        let part = LineagePart {
            outputs: vec![output],
            ..part
        };
        self.end(state, at, &part, (transition, run_facets));
    }

    fn end_run(&self, state: &mut LineageState, at: DateTime<Utc>, end: &RunEnd) {
        let aborted: Vec<LineagePart> = std::mem::take(&mut state.running).into_values().collect();
        for part in aborted {
            self.end(state, at, &part, (Transition::Abort, Facets::default()));
        }
        let transition = match end.outcome {
            RunOutcome::Ok => Transition::Complete,
            RunOutcome::Failed => Transition::Fail,
            RunOutcome::Stopped => Transition::Abort,
        };
        let facets = match end.causes.is_empty() {
            true => Facets::default(),
            false => Facets::default().error_message(&end.causes.join("\n")),
        };
        self.tell_run(state, at, transition, facets);
    }

    fn start(
        &self,
        state: &mut LineageState,
        at: DateTime<Utc>,
        (job, part): (&str, &str),
        (inputs, outputs): (Vec<Value>, Vec<Value>),
        job_facets: Facets,
    ) {
        let Some(run) = &state.run else { return };
        let started = LineagePart {
            job: job.to_owned(),
            uuid: run.uuid.part(&format!("{job}\n{part}")),
            inputs,
            outputs,
        };
        let key = (job.to_owned(), part.to_owned());
        state.running.insert(key, started.clone());
        let facets = (Facets::default(), job_facets);
        self.tell_part(state, at, &started, (Transition::Start, facets));
    }

    fn end(
        &self,
        state: &mut LineageState,
        at: DateTime<Utc>,
        part: &LineagePart,
        (transition, run_facets): (Transition, Facets),
    ) {
        let query = self.project.dag.query(&part.job);
        let job_facets = query.map_or_else(Facets::default, |query| self.sql(query));
        self.tell_part(state, at, part, (transition, (run_facets, job_facets)));
    }

    fn tell_part(
        &self,
        state: &mut LineageState,
        at: DateTime<Utc>,
        part: &LineagePart,
        (transition, (run_facets, job_facets)): (Transition, (Facets, Facets)),
    ) {
        let Some(run) = &state.run else { return };
        let run_facets = run_facets.parent(&run.uuid, &self.namespace, RUN_JOB);
        let job_facets = job_facets.job_type("JOB");
        let mut event = self.event(at, transition);
        event.insert("run".to_owned(), of_run(&part.uuid, run_facets));
        event.insert("job".to_owned(), self.job(&part.job, job_facets));
        event.insert("inputs".to_owned(), part.inputs.clone().into());
        event.insert("outputs".to_owned(), part.outputs.clone().into());
        state.send(event);
    }

    fn tell_run(
        &self,
        state: &mut LineageState,
        at: DateTime<Utc>,
        transition: Transition,
        facets: Facets,
    ) {
        let Some(run) = &state.run else { return };
        let mut facets = facets.engine().tags(&[
            ("run_id", Some(run.run_id.to_string())),
            ("command", Some(run.command.to_owned())),
            ("selection", run.selection.clone()),
        ]);
        if let Some(nominal) = run.nominal_start {
            facets = facets.nominal_time(&time(nominal));
        }
        let mut event = self.event(at, transition);
        event.insert("run".to_owned(), of_run(&run.uuid, facets));
        let job_facets = Facets::default().job_type("DAG");
        event.insert("job".to_owned(), self.job(RUN_JOB, job_facets));
        state.send(event);
    }

    fn event(&self, at: DateTime<Utc>, transition: Transition) -> Map<String, Value> {
        let members = [
            ("eventTime", time(at)),
            ("eventType", transition.as_str().to_owned()),
            ("producer", PRODUCER.to_owned()),
            ("schemaURL", RUN_EVENT.to_owned()),
        ];
        let members = members.into_iter();
        members
            .map(|(key, value)| (key.to_owned(), value.into()))
            .collect()
    }

    fn job(&self, name: &str, facets: Facets) -> Value {
        json!({ "namespace": self.namespace, "name": name, "facets": facets.into_json() })
    }

    fn facets(&self) -> Facets {
        Facets::default().data_source(&self.namespace)
    }

    fn dataset(&self, name: &str, facets: Facets) -> Value {
        json!({ "namespace": self.namespace, "name": name, "facets": facets.into_json() })
    }

    fn output(&self, name: &str, facets: Facets, n_rows: u64, n_bytes: Option<u64>) -> Value {
        let mut dataset = self.dataset(name, facets);
        let statistics = Facets::default().output_statistics(n_rows, n_bytes);
        dataset["outputFacets"] = statistics.into_json();
        dataset
    }

    fn sql(&self, query: &Query) -> Facets {
        match self.sql {
            SqlInEvents::None => Facets::default(),
            SqlInEvents::Text => Facets::default().sql(&query.text),
            SqlInEvents::WithoutLiterals => Facets::default().sql(&redacted(&query.text)),
        }
    }

    fn test_text(&self, test: &TestResult) -> String {
        match self.sql {
            SqlInEvents::Text => test.test.clone(),
            _ => redacted(&test.test),
        }
    }
}

impl LineageState {
    fn send(&mut self, event: Map<String, Value>) {
        let line = Value::Object(event).to_string();
        if let Some(file) = &mut self.file {
            file.append(&line);
        }
        if let Some(poster) = &mut self.poster {
            poster.post(line);
        }
    }
}

impl Sink for OpenLineage {
    fn observe(&self, at: DateTime<Utc>, event: &RunEvent) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            RunEvent::RunStarted(run) => {
                state.run = Some(run.clone());
                self.tell_run(&mut state, at, Transition::Start, Facets::default());
            }
            RunEvent::Delivery(event) => self.delivery(&mut state, at, event),
            RunEvent::Step(event) => self.step(&mut state, at, event),
            RunEvent::RunEnded(end) => self.end_run(&mut state, at, end),
            _ => {}
        }
    }

    fn finish(&self) -> Vec<String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let written = state.file.as_ref().and_then(LineFile::problem);
        let posted = state.poster.as_mut().and_then(Poster::finish);
        let written = written.map(|problem| format!("OpenLineage events not written: {problem}"));
        let posted = posted.map(|problem| format!("OpenLineage events: {problem}"));
        written.into_iter().chain(posted).collect()
    }
}

fn of_run(uuid: &RunUuid, facets: Facets) -> Value {
    json!({ "runId": uuid.as_str(), "facets": facets.into_json() })
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// `korabo://` and the project's name, with everything but letters, digits and `-._~` percent-encoded.
fn default_namespace(project: &str) -> String {
    let mut name = String::from("korabo://");
    for byte in project.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                name.push(char::from(byte));
            }
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::default_namespace;

    #[test]
    fn a_namespace_is_a_uri() {
        assert_eq!(
            default_namespace("korabo sample"),
            "korabo://korabo%20sample"
        );
        assert_eq!(default_namespace("健保-1"), "korabo://%E5%81%A5%E4%BF%9D-1");
    }
}
