//! Long results at the prompt go through a pager. Rows are held back until they fill the window; then the
//! pager gets them as they come. Leaving the pager stops the query.

use std::io::{self, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;

use tokio::sync::watch;

/// What `less` does by default: lines are not folded, colours stay, what was seen stays on
/// the terminal.
const LESS: &str = "SRFX";

/// The program that shows long results, and what it is doing.
#[derive(Debug, Clone)]
pub(super) struct Pager {
    words: Vec<String>,
    state: Arc<watch::Sender<PagerState>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PagerState {
    /// No pager is open.
    Closed,
    /// The user reads.
    Open,
    /// The user left it during this statement.
    Left,
}

impl Pager {
    /// `$KORABO_PAGER`, else `$PAGER`, else `less`. `None` where the first of them that is set is empty.
    pub(super) fn from_environment() -> Option<Self> {
        let named = |name| std::env::var(name).ok();
        let text = named("KORABO_PAGER")
            .or_else(|| named("PAGER"))
            .unwrap_or_else(|| "less".to_owned());
        Self::new(&text)
    }

    fn new(command: &str) -> Option<Self> {
        let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
        (!words.is_empty()).then(|| Self {
            words,
            state: Arc::new(watch::Sender::new(PagerState::Closed)),
        })
    }

    /// Forgets that the user left it, before the next statement.
    pub(super) fn forget(&self) {
        self.state.send_replace(PagerState::Closed);
    }

    /// Ends when the user leaves the pager; never when none was opened.
    pub(super) async fn left(&self) {
        let mut state = self.state.subscribe();
        // The sender lives as long as `self`.
        let _ = state.wait_for(|state| *state == PagerState::Left).await;
    }

    /// Ends when no pager is open any more.
    pub(super) async fn closed(&self) {
        let mut state = self.state.subscribe();
        let _ = state.wait_for(|state| *state != PagerState::Open).await;
    }

    /// Starts the program; `None` when it cannot be.
    fn open(&self) -> Option<ChildStdin> {
        let (program, arguments) = self.words.split_first()?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped());
        if std::env::var_os("LESS").is_none() {
            command.env("LESS", LESS);
        }
        let mut child = command.spawn().ok()?;
        let pipe = child.stdin.take()?;
        self.state.send_replace(PagerState::Open);
        self.watch(child);
        Some(pipe)
    }

    fn watch(&self, mut child: Child) {
        let state = Arc::clone(&self.state);
        std::thread::spawn(move || {
            // However it ended, no one reads any more.
            let _ = child.wait();
            state.send_replace(PagerState::Left);
        });
    }
}

/// A result on its way to the terminal, or to the pager once it is too long or too wide for the window.
pub(super) struct PagedOutput<W: Write> {
    terminal: W,
    pager: Pager,
    /// Rows and cells of the window.
    window: (usize, usize),
    /// Called before anything is shown.
    before: Box<dyn FnMut() + Send>,
    goes_to: Target,
}

enum Target {
    /// Held back, until the window is full.
    Held {
        bytes: Vec<u8>,
        n_lines: usize,
    },
    Terminal,
    Pager(ChildStdin),
}

impl<W: Write> PagedOutput<W> {
    /// Holds back what fits into `window`: rows and cells. Calls `before` before anything is shown.
    pub(super) fn new(
        terminal: W,
        pager: Pager,
        window: (usize, usize),
        before: impl FnMut() + Send + 'static,
    ) -> Self {
        Self {
            terminal,
            pager,
            window,
            before: Box::new(before),
            goes_to: Target::Held {
                bytes: Vec::new(),
                n_lines: 0,
            },
        }
    }

    /// Adds what is held back. Returns whether the window is full.
    fn hold(&mut self, new: &[u8]) -> bool {
        let (rows, cells) = self.window;
        let Target::Held { bytes, n_lines } = &mut self.goes_to else {
            return false;
        };
        let from = bytes
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |at| at + 1);
        bytes.extend_from_slice(new);
        let mut is_wide = false;
        for line in bytes[from..].split_inclusive(|&byte| byte == b'\n') {
            if line.ends_with(b"\n") {
                *n_lines += 1;
            }
            // No character takes fewer bytes than cells.
            is_wide |= line.len() > cells && {
                let text = String::from_utf8_lossy(line);
                console::measure_text_width(text.trim_end_matches(['\n', '\r'])) > cells
            };
        }
        // The last row of the window is the prompt's.
        is_wide || *n_lines >= rows
    }

    fn let_go(&mut self, has_pager: bool) -> io::Result<()> {
        if !matches!(self.goes_to, Target::Held { .. }) {
            return Ok(());
        }
        (self.before)();
        let opened = match has_pager {
            true => self.pager.open(),
            false => None,
        };
        let target = opened.map_or(Target::Terminal, Target::Pager);
        let Target::Held { bytes, .. } = std::mem::replace(&mut self.goes_to, target) else {
            return Ok(());
        };
        match &mut self.goes_to {
            Target::Pager(pipe) => pipe.write_all(&bytes),
            _ => self.terminal.write_all(&bytes),
        }
    }
}

impl<W: Write> Write for PagedOutput<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.goes_to {
            Target::Held { .. } => {
                if self.hold(bytes) {
                    self.let_go(true)?;
                }
                Ok(bytes.len())
            }
            Target::Terminal => self.terminal.write(bytes),
            Target::Pager(pipe) => pipe.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.goes_to {
            Target::Held { .. } => Ok(()),
            Target::Terminal => self.terminal.flush(),
            Target::Pager(pipe) => pipe.flush(),
        }
    }
}

impl<W: Write> Drop for PagedOutput<W> {
    /// What still fits the window goes to the terminal.
    fn drop(&mut self) {
        // No one is left to tell when that fails.
        let _ = self.let_go(false);
        let _ = self.terminal.flush();
    }
}

#[cfg(test)]
mod tests;
