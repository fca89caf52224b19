//! Progress on a terminal: one bar for the whole, one line for each thing under way. On anything else,
//! one note per finished thing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::checks::counts_line;
use super::printer::{Entry, Level, Printer};
use crate::diagnostic::{counted, thousands};
use crate::event::{DeliveryEvent, RunEvent, Sink, StepEvent, StepOutcome, StepStatus};

/// Draws or prints what happens.
pub(super) struct Progress {
    printer: Printer,
    bars: Option<MultiProgress>,
    total: ProgressBar,
    running: Mutex<HashMap<String, ProgressBar>>,
}

const TICK: Duration = Duration::from_millis(120);

impl Progress {
    pub(super) fn new(printer: &Printer) -> Arc<Self> {
        let bars = printer.shows_progress.then(MultiProgress::new);
        let total = match &bars {
            Some(bars) => bars.add(ProgressBar::new(0)),
            None => ProgressBar::hidden(),
        };
        total.set_style(style(
            &printer.words.say("{bar:24} {pos}/{len} {msg} · {eta} left"),
        ));
        Arc::new(Self {
            printer: printer.clone(),
            bars,
            total,
            running: Mutex::new(HashMap::new()),
        })
    }

    /// Shows an event of the building of tables.
    fn step(&self, event: &StepEvent) {
        match event {
            StepEvent::Steps { n_steps } => {
                self.total.set_length(*n_steps as u64);
                self.total.set_message(self.printer.words.say("tables"));
            }
            StepEvent::StepStarted { name, reason, .. } => {
                let text = format!("building {name}: {reason}");
                let entry = Entry::new(Level::Debug, "step_started", text)
                    .with("table", name.as_str())
                    .with("reason", reason.as_str());
                self.say(&entry);
                self.start(name, "{spinner} {prefix:32} {pos:>12} rows · {elapsed}", 0);
            }
            StepEvent::StepRows { name, n_rows } => {
                self.with(name, |bar| bar.set_position(*n_rows));
            }
            StepEvent::StepPublishing { .. } => {}
            StepEvent::StepFinished(status) => {
                self.end(&status.name);
                self.total.inc(1);
                self.say(&step_entry(status));
                for test in status.tests.iter().filter(|test| test.is_warning()) {
                    let text = format!("{}: {}", status.name, test.describe());
                    let entry = Entry::new(Level::Warning, "test_warning", text)
                        .with("table", status.name.as_str())
                        .with("test", test.test.as_str())
                        .with("rows", test.n_rows_found);
                    self.say(&entry);
                }
            }
        }
    }

    /// Shows an event of ingest.
    fn delivery(&self, event: &DeliveryEvent) {
        match event {
            DeliveryEvent::Started { file, n_bytes, .. } => {
                self.start(
                    file,
                    "{spinner} {prefix:48} {bytes}/{total_bytes} · {eta} left",
                    *n_bytes,
                );
            }
            DeliveryEvent::Progress { file, n_bytes } => {
                self.with(file, |bar| bar.set_position(*n_bytes));
            }
            DeliveryEvent::Finished {
                file,
                table,
                n_accepted,
                n_rejected,
                ..
            } => {
                self.end(file);
                let mut line = format!("{table:<18} {:>12} rows", thousands(*n_accepted));
                if *n_rejected > 0 {
                    line += &format!(", {} rejected", thousands(*n_rejected));
                }
                let entry = Entry::new(Level::Info, "delivery_taken_in", format!("{line}  {file}"))
                    .with("table", table.as_str())
                    .with("file", file.as_str())
                    .with("rows", *n_accepted)
                    .with("rejected_rows", *n_rejected);
                self.say(&entry);
            }
            DeliveryEvent::Refused { file, table, .. } => {
                self.end(file);
                let text = format!("refused            {file}");
                let entry = Entry::new(Level::Info, "delivery_refused", text)
                    .with("table", table.as_str())
                    .with("file", file.as_str());
                self.say(&entry);
            }
        }
    }

    /// Removes the bars.
    fn clear(&self) {
        self.total.finish_and_clear();
        for (_, bar) in self.lock().drain() {
            bar.finish_and_clear();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, ProgressBar>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self, name: &str, template: &str, length: u64) {
        let Some(bars) = &self.bars else { return };
        let bar = bars.insert_before(&self.total, ProgressBar::new(length));
        bar.set_style(style(&self.printer.words.say(template)));
        bar.set_prefix(name.to_owned());
        bar.enable_steady_tick(TICK);
        self.lock().insert(name.to_owned(), bar);
    }

    fn with(&self, name: &str, change: impl Fn(&ProgressBar)) {
        if let Some(bar) = self.lock().get(name) {
            change(bar);
        }
    }

    fn end(&self, name: &str) {
        if let Some(bar) = self.lock().remove(name) {
            bar.finish_and_clear();
        }
    }

    fn say(&self, entry: &Entry) {
        let print = || self.printer.entry(entry);
        match &self.bars {
            Some(bars) => bars.suspend(print),
            None => print(),
        }
    }
}

impl Sink for Arc<Progress> {
    fn observe(&self, _at: DateTime<Utc>, event: &RunEvent) {
        match event {
            RunEvent::Recovered { run_id } => self.printer.warning(&format!(
                "the last run was killed: it is run {run_id} in the history, `interrupted`"
            )),
            RunEvent::Warning(text) => self.printer.warning(text),
            RunEvent::Delivery(event) => self.delivery(event),
            RunEvent::Step(event) => self.step(event),
            RunEvent::KnownFiles {
                n_files,
                n_outdated,
            } => self.known_files(*n_files as u64, *n_outdated as u64),
            RunEvent::ChecksEvaluated(counts) => self.printer.note(&counts_line(counts)),
            RunEvent::TableReleased {
                has_left,
                name,
                path,
                n_rows,
                n_withheld,
            } => {
                let rows = counted(*n_rows as u64, "row", "rows");
                let what = match has_left {
                    true => "released",
                    false => "waits for a second person to release it:",
                };
                self.printer.note(&format!(
                    "{what} {name}: {rows}, {n_withheld} with numbers withheld ({})",
                    path.display()
                ));
            }
            RunEvent::ReportWritten { path } => {
                self.printer.note(&format!("report: {}", path.display()));
            }
            RunEvent::BuildEnded | RunEvent::WorkEnded => self.clear(),
            RunEvent::RunStarted(_) | RunEvent::Checks(_) | RunEvent::RunEnded(_) => {}
        }
    }
}

impl Progress {
    fn known_files(&self, n_files: u64, n_outdated: u64) {
        let files = counted(n_files, "file", "files");
        self.printer.detail(&format!("{files} known already"));
        if n_outdated > 0 {
            let deliveries = counted(n_outdated, "delivery", "deliveries");
            self.printer.note(&format!(
                "rejected rows of {deliveries} may be accepted by the contract of today: `korabo ingest --again`"
            ));
        }
    }
}

fn step_entry(status: &StepStatus) -> Entry {
    let name = &status.name;
    let seconds = status.elapsed.as_secs_f64();
    let (level, event, text) = match &status.outcome {
        StepOutcome::Built { n_rows, .. } => {
            let rows = thousands(*n_rows);
            let text = format!("{name:<34} {rows:>12} rows  {seconds:>6.2} s");
            (Level::Info, "step_built", text)
        }
        StepOutcome::Skipped => {
            let text = format!("{name:<34} {}", status.reason);
            (Level::Debug, "step_skipped", text)
        }
        StepOutcome::Failed => (Level::Info, "step_failed", format!("{name:<34} failed")),
        StepOutcome::Blocked | StepOutcome::NotRun => {
            let text = format!("{name:<34} not run: {}", status.reason);
            (Level::Info, "step_not_run", text)
        }
    };
    let entry = Entry::new(level, event, text)
        .with("table", name.as_str())
        .with("reason", status.reason.as_str());
    match &status.outcome {
        StepOutcome::Built {
            version,
            n_rows,
            n_bytes,
        } => entry
            .with("version", *version)
            .with("rows", *n_rows)
            .with("bytes", *n_bytes)
            .with("seconds", seconds),
        StepOutcome::Failed => entry
            .with("causes", status.causes.clone())
            .with("seconds", seconds),
        _ => entry,
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("█▓░")
}
