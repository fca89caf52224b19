//! What a terminal shows while a statement runs for long: how much of its tables is read and how long that
//! will take, or what is being computed. Drawn from a thread of its own, since the worker threads may be
//! busy for long; gone before the first row is shown.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use console::Term;
use datafusion::physical_plan::ExecutionPlan;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use crate::cli::printer::Printer;
use crate::diagnostic::thousands;
use crate::session::{Reading, THREAD_STACK, reading};

/// How long a statement may take before anything is shown.
const PATIENCE: Duration = Duration::from_millis(700);
/// Time between two looks at the plan.
const TICK: Duration = Duration::from_millis(150);

/// A statement that the user waits for.
#[derive(Clone)]
pub(super) struct Waiting {
    shared: Arc<WaitState>,
}

struct WaitState {
    shown: Mutex<Display>,
    over: Condvar,
}

#[derive(Default)]
struct Display {
    is_over: bool,
    plan: Option<Arc<dyn ExecutionPlan>>,
    bar: Option<ProgressBar>,
}

impl Waiting {
    /// Shows something after a while, where progress is shown at all.
    pub(super) fn start(printer: &Printer) -> Self {
        let shared = Arc::new(WaitState {
            shown: Mutex::default(),
            over: Condvar::new(),
        });
        if printer.shows_progress {
            let drawn = Arc::clone(&shared);
            // It looks through the plan. Where there is no thread for it, nothing is shown.
            let drawing = std::thread::Builder::new().stack_size(THREAD_STACK);
            drop(drawing.spawn(move || drawn.draw()));
        }
        Self { shared }
    }

    /// Something whose end is the end of the waiting.
    pub(super) fn until_dropped(&self) -> EndOnDrop {
        EndOnDrop(self.clone())
    }

    /// The plan that runs now.
    pub(super) fn runs(&self, plan: &Arc<dyn ExecutionPlan>) {
        self.shared.lock().plan = Some(Arc::clone(plan));
    }

    /// Takes away what is shown; nothing is shown from now on.
    pub(super) fn end(&self) {
        let mut shown = self.shared.lock();
        shown.is_over = true;
        shown.plan = None;
        if let Some(bar) = shown.bar.take() {
            bar.finish_and_clear();
        }
        self.shared.over.notify_all();
    }
}

/// Ends the waiting however the work ends, also when it is given up.
pub(super) struct EndOnDrop(Waiting);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl WaitState {
    fn lock(&self) -> MutexGuard<'_, Display> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn draw(&self) {
        let started = Instant::now();
        let mut pause = PATIENCE;
        loop {
            let shown = self.lock();
            let waited = self
                .over
                .wait_timeout_while(shown, pause, |shown| !shown.is_over);
            let (mut shown, _) = waited.unwrap_or_else(PoisonError::into_inner);
            if shown.is_over {
                return;
            }
            pause = TICK;
            let found = shown.plan.as_ref().map(|plan| reading(plan.as_ref()));
            let bar = shown.bar.get_or_insert_with(|| {
                let target = ProgressDrawTarget::term_like(Box::new(Margin(Term::stderr())));
                ProgressBar::with_draw_target(Some(1000), target).with_elapsed(started.elapsed())
            });
            let cells = usize::from(Term::stderr().size().1);
            show(bar, &found.unwrap_or_default(), cells);
        }
    }
}

/// The terminal without its last cells: `^C` is echoed there, and must not begin a line of its own, since
/// then another line than the bar's would be cleared.
#[derive(Debug)]
struct Margin(Term);

impl TermLike for Margin {
    fn width(&self) -> u16 {
        self.0.size().1.saturating_sub(5).max(1)
    }

    fn height(&self) -> u16 {
        self.0.size().0
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_up(n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_down(n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_right(n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_left(n)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}

fn show(bar: &ProgressBar, reading: &Reading, cells: usize) {
    let style = ProgressStyle::with_template(template(reading, cells));
    bar.set_style(
        style
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("█▓░"),
    );
    bar.set_message(message(reading));
    // A bar that goes back would make its time left wrong.
    bar.set_position(reading.permille.unwrap_or(0).max(bar.position()));
    bar.tick();
}

/// What fits into so many cells: a line that is folded could not be taken away.
fn template(reading: &Reading, cells: usize) -> &'static str {
    let permille = reading.permille.filter(|_| reading.stage.is_none());
    match (permille, cells) {
        // The time left is a guess until something is read.
        (Some(10..), 75..) => "{bar:24} {percent:>3} % · {msg} · {eta} left",
        (Some(10..), 60..) => "{bar:10} {percent:>3} % · {msg} · {eta} left",
        (Some(10..), _) => "{percent:>3} % · {eta} left",
        (Some(_), 75..) => "{bar:24} {percent:>3} % · {msg} · {elapsed}",
        (_, 50..) => "{spinner} {msg} · {elapsed}",
        _ => "{spinner} {elapsed}",
    }
}

fn message(reading: &Reading) -> String {
    match (&reading.stage, reading.n_rows) {
        (Some(stage), _) => stage.clone(),
        (None, 0) => "running".to_owned(),
        (None, n_rows) => format!("{} rows read", thousands(n_rows)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_says_what_is_known() {
        let reading = Reading::default();
        assert_eq!(message(&reading), "running");
        let reading = Reading {
            n_rows: 12_345,
            permille: Some(500),
            stage: None,
        };
        assert_eq!(message(&reading), "12,345 rows read");
        let reading = Reading {
            stage: Some("att_gt estimates".to_owned()),
            ..reading
        };
        assert_eq!(message(&reading), "att_gt estimates");
    }

    #[test]
    fn bar_never_goes_back_and_is_gone_at_the_end() {
        let bar = ProgressBar::hidden();
        let at = |permille| Reading {
            permille: Some(permille),
            ..Reading::default()
        };
        show(&bar, &at(400), 80);
        show(&bar, &at(300), 80);
        assert_eq!(bar.position(), 400);
        let shown = Display {
            bar: Some(bar),
            ..Display::default()
        };
        let waiting = Waiting {
            shared: Arc::new(WaitState {
                shown: Mutex::new(shown),
                over: Condvar::new(),
            }),
        };
        waiting.end();
        assert!(waiting.shared.lock().bar.is_none());
        // The drawing thread ends at once instead of drawing again.
        waiting.shared.draw();
        assert!(waiting.shared.lock().bar.is_none());
    }
}
