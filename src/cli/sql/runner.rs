//! Runs one statement until it is done, its time is up, it holds too much memory, or Ctrl-C is pressed.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use datafusion::common::runtime::SpawnedTask;
use tokio::sync::{oneshot, watch};

use super::copy::Writable;
use super::japanese;
use super::memory;
use super::output::{Output, print_awaited};
use super::tables::PromptTables;
use super::waiting::Waiting;
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;
use crate::cli::watch::on_signals;
use crate::clock::time_is_up;
use crate::config::ParameterValue;
use crate::diagnostic::{FailureKind, thousands};
use crate::job::StopReason;
use crate::session::inquiry::{Inquiry, StatementAnswer};

/// How long a stopped statement may take to put its things away.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// What every statement of one run shares.
#[derive(Clone)]
pub(super) struct Runner {
    pub(super) tables: Arc<PromptTables>,
    pub(super) parameters: Vec<(String, ParameterValue)>,
    /// The longest a statement may take.
    pub(super) timeout: Option<Duration>,
    /// Bytes that a statement may hold, and a fifth more.
    pub(super) memory_limit: Option<u64>,
    /// Where COPY may write.
    pub(super) writable: Writable,
    pub(super) printer: Printer,
}

/// What is to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    /// A statement, without its `;`.
    Statement(String),
    /// The tables and views.
    Tables,
    /// The columns of every table.
    Columns,
    /// Functions whose name contains the pattern.
    Functions(String),
}

impl From<&str> for Request {
    fn from(statement: &str) -> Self {
        Self::Statement(statement.to_owned())
    }
}

impl Runner {
    /// Plans and runs what is asked and writes its rows. Returns as soon as the user has left the pager
    /// that shows them.
    pub(super) async fn run(
        &self,
        asked: impl Into<Request>,
        output: &Output,
        interrupts: Option<&mut Interrupts>,
    ) -> Result<(), Failure> {
        let pager = output.pager.clone();
        if let Some(pager) = &pager {
            pager.forget();
        }
        let waiting = Waiting::start(&self.printer);
        let awaited = waiting.until_dropped();
        let (runner, output, shown) = (self.clone(), output.clone(), waiting);
        let asked = asked.into();
        let (alive, ended) = oneshot::channel::<()>();
        let work = async move {
            // Dropped with the work, however that ends.
            let _alive = alive;
            runner.execute(asked, output, &shown).await
        };
        let mut task = SpawnedTask::spawn(work);
        let stopped = async {
            tokio::select! {
                () = time_is_up(self.timeout) => too_long(self.timeout),
                () = memory::held_beyond(self.memory_limit) => memory::too_large(),
                () = interrupted(interrupts) => {
                    Failure::new(FailureKind::Interrupted, "query stopped by Ctrl-C")
                }
            }
        };
        let left = async {
            match &pager {
                Some(pager) => pager.left().await,
                None => std::future::pending().await,
            }
        };
        let ending = tokio::select! {
            biased;
            result = task.join_unwind_mut() => Ending::Done(joined(result)),
            failure = stopped => Ending::Stopped(Err(failure)),
            // Who leaves the pager does not want the rest.
            () = left => Ending::Stopped(Ok(())),
        };
        // Its unfinished file goes with it; who does not stop in time is left behind.
        drop(task);
        drop(awaited);
        if let Some(pager) = &pager {
            pager.closed().await;
        }
        match ending {
            Ending::Done(result) => result,
            Ending::Stopped(result) => {
                tokio::select! {
                    _ = ended => {}
                    () = time_is_up(Some(GRACE)) => {}
                }
                result
            }
        }
    }

    async fn execute(
        &self,
        asked: Request,
        output: Output,
        shown: &Waiting,
    ) -> Result<(), Failure> {
        let frame = match asked {
            Request::Statement(statement) => return self.answer(statement, output, shown).await,
            Request::Tables => self.tables.list()?,
            Request::Columns => self.tables.all_columns().await?,
            Request::Functions(pattern) => self.tables.session().functions_like(&pattern)?,
        };
        let printed = print_awaited(frame, &output, &self.printer, shown).await;
        printed.map(drop)
    }

    async fn answer(
        &self,
        statement: String,
        mut output: Output,
        shown: &Waiting,
    ) -> Result<(), Failure> {
        let mut inquiry = self.tables.inquiry(&statement)?;
        let copy = match &mut inquiry {
            Inquiry::Rows(query) => query.take_copy(),
            _ => None,
        };
        if let Some(copy) = &copy {
            output = self.writable.output(copy)?;
        }
        let topic = japanese::topic(&inquiry);
        let answer = self.tables.answer(&statement, inquiry, &self.parameters);
        let StatementAnswer { mut frame, note } = answer.await?;
        if let (Some(topic), Some(words)) = (topic, self.printer.words.japanese()) {
            let session = self.tables.session();
            frame = japanese::translated(frame, topic.as_deref(), session, words).await?;
        }
        if output.shows_meanings() {
            output.meanings = self.tables.meanings(&frame).await;
        }
        let n_rows = print_awaited(frame, &output, &self.printer, shown).await?;
        if let (Some(_), Some(path)) = (copy, &output.path) {
            let n_rows = thousands(n_rows);
            self.printer
                .note(&format!("{n_rows} rows written to `{}`", path.display()));
        }
        if let Some(note) = note {
            self.printer.note(&note);
        }
        Ok(())
    }
}

/// How the work of a statement ended.
enum Ending {
    /// By itself.
    Done(Result<(), Failure>),
    /// From outside.
    Stopped(Result<(), Failure>),
}

fn joined<E: std::error::Error + 'static>(
    result: Result<Result<(), Failure>, E>,
) -> Result<(), Failure> {
    result.unwrap_or_else(|error| {
        Err(Failure::new(FailureKind::Internal, "the statement did not end").because(&error))
    })
}

fn too_long(limit: Option<Duration>) -> Failure {
    let seconds = limit.unwrap_or_default().as_secs_f64();
    let message = format!("the statement took longer than {seconds} s and was stopped");
    Failure::new(FailureKind::Resources, message)
        .hint("--timeout sets the limit; ask for fewer rows or columns, or give it more time")
}

/// Ctrl-C while a statement runs at the prompt.
#[derive(Clone)]
pub(super) struct Interrupts {
    counts: watch::Receiver<u64>,
}

impl Interrupts {
    /// Listens from now on, as long as the program runs. SIGTERM stops a statement as well, and then calls
    /// `terminate`.
    pub(super) fn listen(terminate: impl Fn() + Send + 'static) -> Self {
        let (sender, counts) = watch::channel(0);
        on_signals(move |reason| {
            match reason {
                StopReason::Interrupt => {}
                StopReason::Terminate => terminate(),
                // Then the prompt has no Ctrl-C, and works.
                StopReason::Unheard(_) => return ControlFlow::Break(()),
            }
            sender.send_modify(|count| *count += 1);
            ControlFlow::Continue(())
        });
        Self { counts }
    }

    /// Forgets what was pressed before.
    pub(super) fn forget(&mut self) {
        self.counts.mark_unchanged();
    }

    /// Waits for Ctrl-C, at most so long. Returns whether it came.
    pub(super) async fn within(&mut self, limit: Duration) -> bool {
        tokio::select! {
            () = interrupted(Some(self)) => true,
            () = time_is_up(Some(limit)) => false,
        }
    }
}

/// Ends at the next Ctrl-C; never without a listener.
async fn interrupted(interrupts: Option<&mut Interrupts>) {
    let is_pressed = match interrupts {
        Some(interrupts) => interrupts.counts.changed().await.is_ok(),
        None => false,
    };
    if !is_pressed {
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests;
