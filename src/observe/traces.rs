//! A run as an OpenTelemetry trace: one span for the run, one for each delivery and each table. Posted at the end of the run as
//! OTLP over HTTP in its JSON encoding, which needs no library.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::post::{Address, post_one};
use crate::config::TracesConfig;
use crate::event::{
    DeliveryEvent, RunEnd, RunEvent, RunOutcome, RunStart, RunUuid, Sink, StepEvent, StepOutcome,
};

/// Collects the spans of a run and posts them.
pub struct Traces {
    address: Address,
    parent: Option<TraceParent>,
    state: Mutex<TraceState>,
}

/// The span of another program in which the run happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceParent {
    trace_id: String,
    span_id: String,
}

impl TraceParent {
    /// Reads the W3C form, `00-TRACE-SPAN-FLAGS`; `None` when it is not well-formed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.trim().split('-').collect();
        let [_, trace_id, span_id, _] = parts.as_slice() else {
            return None;
        };
        let is_id = |id: &str, n_digits: usize| {
            let is_hex = id.bytes().all(|byte| byte.is_ascii_hexdigit());
            id.len() == n_digits && is_hex && id.bytes().any(|byte| byte != b'0')
        };
        (is_id(trace_id, 32) && is_id(span_id, 16)).then(|| Self {
            trace_id: (*trace_id).to_ascii_lowercase(),
            span_id: (*span_id).to_ascii_lowercase(),
        })
    }
}

#[derive(Default)]
struct TraceState {
    run: Option<(DateTime<Utc>, RunStart)>,
    /// When parts began, by name.
    started: BTreeMap<String, DateTime<Utc>>,
    spans: Vec<Span>,
    body: Option<String>,
}

struct Span {
    name: String,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    attributes: Vec<Value>,
    /// Why it failed; `None` when it did not.
    problem: Option<String>,
}

impl Traces {
    /// Traces go where `config` says, `api_key` being the key it names; the run is part of `parent` if there is one.
    #[must_use]
    pub fn new(
        config: &TracesConfig,
        api_key: Option<String>,
        parent: Option<TraceParent>,
    ) -> Self {
        let base = config.url.trim_end_matches('/');
        Self {
            address: Address {
                url: format!("{base}/v1/traces"),
                api_key,
                timeout: config.timeout,
            },
            parent,
            state: Mutex::default(),
        }
    }

    fn body(&self, state: &TraceState, at: DateTime<Utc>, end: &RunEnd) -> Option<String> {
        let (started_at, run) = state.run.as_ref()?;
        let own_trace = run.uuid.as_str().replace('-', "");
        let parent = self.parent.as_ref();
        let trace_id = parent.map_or(own_trace.as_str(), |parent| &parent.trace_id);
        let root = span_id(&run.uuid);
        let run_span = Span {
            name: format!("korabo {}", run.command),
            from: *started_at,
            to: at,
            attributes: vec![
                text("korabo.project", &run.project),
                number("korabo.run_id", run.run_id.unsigned_abs()),
                text("korabo.outcome", end.outcome.as_str()),
                number("korabo.exit_code", u64::from(end.exit_code)),
            ],
            problem: (end.outcome != RunOutcome::Ok).then(|| end.causes.join("\n")),
        };
        let mut spans = vec![run_span.json(trace_id, &root, parent.map(|it| it.span_id.as_str()))];
        spans.extend(state.spans.iter().map(|span| {
            let id = span_id(&run.uuid.part(&span.name));
            span.json(trace_id, &id, Some(&root))
        }));
        let version = env!("CARGO_PKG_VERSION");
        let resource = [
            text("service.name", "korabo"),
            text("service.version", version),
        ];
        let body = json!({ "resourceSpans": [{
            "resource": { "attributes": resource },
            "scopeSpans": [{ "scope": { "name": "korabo", "version": version }, "spans": spans }],
        }] });
        Some(body.to_string())
    }
}

impl TraceState {
    fn end(
        &mut self,
        name: String,
        at: DateTime<Utc>,
        attributes: Vec<Value>,
        problem: Option<String>,
    ) {
        let Some(from) = self.started.remove(&name) else {
            return;
        };
        self.spans.push(Span {
            name,
            from,
            to: at,
            attributes,
            problem,
        });
    }

    fn take(&mut self, at: DateTime<Utc>, event: &RunEvent) {
        match event {
            RunEvent::RunStarted(run) => self.run = Some((at, run.clone())),
            RunEvent::Delivery(event) => self.delivery(at, event),
            RunEvent::Step(StepEvent::StepStarted { name, .. }) => {
                self.started.insert(name.clone(), at);
            }
            RunEvent::Step(StepEvent::StepFinished(status)) => {
                let mut attributes = vec![
                    text("korabo.table", &status.name),
                    text("korabo.reason", &status.reason),
                ];
                if let StepOutcome::Built {
                    version,
                    n_rows,
                    n_bytes,
                } = status.outcome
                {
                    attributes.push(number("korabo.version", version));
                    attributes.push(number("korabo.rows", n_rows));
                    attributes.push(number("korabo.bytes", n_bytes));
                }
                let is_failed = status.outcome == StepOutcome::Failed;
                let problem = is_failed.then(|| status.causes.join("\n"));
                self.end(status.name.clone(), at, attributes, problem);
            }
            // What did not end ends with the run.
            RunEvent::RunEnded(_) => {
                let names: Vec<String> = self.started.keys().cloned().collect();
                for name in names {
                    self.end(
                        name,
                        at,
                        Vec::new(),
                        Some("the run ended before".to_owned()),
                    );
                }
            }
            _ => {}
        }
    }

    fn delivery(&mut self, at: DateTime<Utc>, event: &DeliveryEvent) {
        let name = |file: &str| format!("ingest {file}");
        match event {
            DeliveryEvent::Started { file, .. } => {
                self.started.insert(name(file), at);
            }
            DeliveryEvent::Progress { .. } => {}
            DeliveryEvent::Finished {
                file,
                table,
                n_accepted,
                n_rejected,
                version,
            } => {
                let attributes = vec![
                    text("korabo.table", table),
                    number("korabo.rows", *n_accepted),
                    number("korabo.rejected_rows", *n_rejected),
                    number("korabo.version", *version),
                ];
                self.end(name(file), at, attributes, None);
            }
            DeliveryEvent::Refused {
                file,
                table,
                reason,
            } => {
                let attributes = vec![text("korabo.table", table)];
                self.end(name(file), at, attributes, Some(reason.clone()));
            }
        }
    }
}

impl Sink for Traces {
    fn observe(&self, at: DateTime<Utc>, event: &RunEvent) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.take(at, event);
        if let RunEvent::RunEnded(end) = event {
            state.body = self.body(&state, at, end);
        }
    }

    fn finish(&self) -> Vec<String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let posted = state.body.take().map(|body| post_one(&self.address, body));
        let problem = posted.and_then(Result::err);
        problem
            .map(|problem| format!("the trace was not posted: {problem}"))
            .into_iter()
            .collect()
    }
}

impl Span {
    fn json(&self, trace_id: &str, id: &str, parent: Option<&str>) -> Value {
        let status = match &self.problem {
            None => json!({ "code": 1 }),
            Some(problem) => json!({ "code": 2, "message": problem }),
        };
        json!({
            "traceId": trace_id,
            "spanId": id,
            "parentSpanId": parent.unwrap_or_default(),
            "name": self.name,
            "kind": 1,
            "startTimeUnixNano": nanoseconds(self.from),
            "endTimeUnixNano": nanoseconds(self.to),
            "attributes": self.attributes,
            "status": status,
        })
    }
}

/// 64-bit numbers are strings in OTLP's JSON.
fn nanoseconds(at: DateTime<Utc>) -> String {
    at.timestamp_nanos_opt().unwrap_or_default().to_string()
}

fn number(key: &str, value: u64) -> Value {
    json!({ "key": key, "value": { "intValue": value.to_string() } })
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

/// The first half of a UUID, which is never all zeros: it holds its version.
fn span_id(uuid: &RunUuid) -> String {
    uuid.as_str().replace('-', "")[..16].to_owned()
}

#[cfg(test)]
mod tests {
    use super::TraceParent;

    #[test]
    fn a_parent_is_read_in_the_w3c_form() {
        let text = "00-0af7651916cd43dd8448eb211c80319c-B7ad6b7169203331-01";
        let parent = TraceParent::parse(text).unwrap();
        assert_eq!(parent.trace_id, "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(parent.span_id, "b7ad6b7169203331");
        for wrong in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319x-b7ad6b7169203331-01",
        ] {
            assert_eq!(TraceParent::parse(wrong), None, "{wrong}");
        }
    }
}
