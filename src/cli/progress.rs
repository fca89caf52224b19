//! Progress on a terminal: one bar for the whole, one line for each thing under way. On anything else,
//! one note per finished thing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::printer::Printer;
use crate::diagnostic::thousands;
use crate::ingest::DeliveryEvent;
use crate::pipeline::{Event, StepOutcome, StepStatus};

/// Draws or prints what happens.
pub(super) struct Progress {
    printer: Printer,
    bars: Option<MultiProgress>,
    total: ProgressBar,
    running: Mutex<HashMap<String, ProgressBar>>,
    done: Mutex<Done>,
}

/// What has happened so far, for the summary and the history of a run however it ends.
#[derive(Debug, Clone, Default)]
pub(super) struct Done {
    pub(super) steps: Vec<StepStatus>,
    pub(super) n_deliveries: usize,
    pub(super) n_rejected_rows: u64,
}

const TICK: Duration = Duration::from_millis(120);

impl Progress {
    pub(super) fn new(printer: &Printer) -> Arc<Self> {
        let bars = printer.shows_progress.then(MultiProgress::new);
        let total = match &bars {
            Some(bars) => bars.add(ProgressBar::new(0)),
            None => ProgressBar::hidden(),
        };
        total.set_style(style("{bar:24} {pos}/{len} {msg} · {eta} left"));
        Arc::new(Self {
            printer: printer.clone(),
            bars,
            total,
            running: Mutex::new(HashMap::new()),
            done: Mutex::default(),
        })
    }

    /// Takes in an event of the building of tables.
    pub(super) fn step(&self, event: Event) {
        match event {
            Event::Steps { n_steps } => {
                self.total.set_length(n_steps as u64);
                self.total.set_message("tables");
            }
            Event::StepStarted { name, reason } => {
                self.printer.detail(&format!("building {name}: {reason}"));
                self.start(&name, "{spinner} {prefix:32} {pos:>12} rows · {elapsed}", 0);
            }
            Event::StepRows { name, n_rows } => {
                self.with(&name, |bar| bar.set_position(n_rows));
            }
            Event::StepFinished(status) => {
                self.end(&status.name);
                self.total.inc(1);
                self.say(&step_line(&status), status.outcome == StepOutcome::Skipped);
                for test in status.tests.iter().filter(|test| test.is_warning()) {
                    let line = format!("warning: {}: {}", status.name, test.describe());
                    self.say(&line, false);
                }
                let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
                done.steps.push(status);
            }
        }
    }

    /// Takes in an event of ingest.
    pub(super) fn delivery(&self, event: &DeliveryEvent) {
        match event {
            DeliveryEvent::Started { file, n_bytes } => {
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
            } => {
                self.end(file);
                let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
                done.n_deliveries += 1;
                done.n_rejected_rows += n_rejected;
                drop(done);
                let mut line = format!("{table:<18} {:>12} rows", thousands(*n_accepted));
                if *n_rejected > 0 {
                    line += &format!(", {} rejected", thousands(*n_rejected));
                }
                self.say(&format!("{line}  {file}"), false);
            }
            DeliveryEvent::Refused { file } => {
                self.end(file);
                self.say(&format!("refused            {file}"), false);
            }
        }
    }

    /// What has happened so far.
    pub(super) fn done(&self) -> Done {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.clone()
    }

    /// Removes the bars.
    pub(super) fn clear(&self) {
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
        bar.set_style(style(template));
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

    fn say(&self, line: &str, only_verbose: bool) {
        let print = || match only_verbose {
            true => self.printer.detail(line),
            false => self.printer.note(line),
        };
        match &self.bars {
            Some(bars) => bars.suspend(print),
            None => print(),
        }
    }
}

fn step_line(status: &StepStatus) -> String {
    let name = &status.name;
    let seconds = status.elapsed.as_secs_f64();
    match &status.outcome {
        StepOutcome::Built { n_rows, .. } => {
            format!(
                "{name:<34} {:>12} rows  {seconds:>6.2} s",
                thousands(*n_rows)
            )
        }
        StepOutcome::Skipped => format!("{name:<34} {}", status.reason),
        StepOutcome::Failed => format!("{name:<34} failed"),
        StepOutcome::Blocked | StepOutcome::NotRun => {
            format!("{name:<34} not run: {}", status.reason)
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("█▓░")
}
