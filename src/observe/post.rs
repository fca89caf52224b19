//! Getting JSON out of the process: lines appended to a file, bodies posted over HTTP. Posting happens on a thread of its own
//! with a bounded queue, so a slow or silent receiver costs a run nothing but, at its end, the time limit.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

/// Bodies that may wait.
const QUEUE: usize = 4096;
/// Failures in a row after which nothing more is tried.
const ENOUGH_FAILURES: u32 = 3;

/// An address and how to talk to it.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub(super) url: String,
    /// Sent as `Authorization: Bearer …`.
    pub(super) api_key: Option<String>,
    pub(super) timeout: Duration,
}

/// A file that lines are appended to.
pub(super) struct LineFile {
    file: Option<File>,
    problem: Option<String>,
}

impl LineFile {
    pub(super) fn open(path: &Path) -> Self {
        let folder = path.parent().map_or(Ok(()), fs_err::create_dir_all);
        let mut options = fs_err::OpenOptions::new();
        let opened = folder.and_then(|()| options.create(true).append(true).open(path));
        match opened {
            Ok(file) => Self {
                file: Some(file.into_parts().0),
                problem: None,
            },
            Err(error) => Self {
                file: None,
                problem: Some(error.to_string()),
            },
        }
    }

    /// Appends a line, in one write, so that lines of two processes do not mix.
    pub(super) fn append(&mut self, line: &str) {
        let Some(file) = &mut self.file else { return };
        if let Err(error) = file.write_all(format!("{line}\n").as_bytes()) {
            self.problem = Some(error.to_string());
            self.file = None;
        }
    }

    pub(super) fn problem(&self) -> Option<String> {
        self.problem.clone()
    }
}

/// Posts bodies in the order in which they come.
pub(super) struct Poster {
    queue: Option<SyncSender<String>>,
    ended: Receiver<PostOutcome>,
    n_dropped: u64,
    timeout: Duration,
}

/// What became of the bodies.
#[derive(Debug, Default)]
struct PostOutcome {
    n_failed: u64,
    problem: Option<String>,
}

impl Poster {
    pub(super) fn start(address: Address) -> Self {
        let (queue, bodies) = sync_channel(QUEUE);
        let (tell, ended) = sync_channel(1);
        let timeout = address.timeout;
        std::thread::spawn(move || {
            // The receiver is gone when the run did not wait.
            drop(tell.send(post_all(&address, &bodies)));
        });
        Self {
            queue: Some(queue),
            ended,
            n_dropped: 0,
            timeout,
        }
    }

    /// Hands over a body; one that does not fit into the queue is dropped and counted.
    pub(super) fn post(&mut self, body: String) {
        let Some(queue) = &self.queue else { return };
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = queue.try_send(body) {
            self.n_dropped += 1;
        }
    }

    /// Waits for the queue, at most the time limit; says what was not posted.
    pub(super) fn finish(&mut self) -> Option<String> {
        self.queue = None;
        let posted = match self.ended.recv_timeout(self.timeout) {
            Ok(posted) => posted,
            Err(RecvTimeoutError::Timeout) => {
                return Some("the receiver did not answer in time".to_owned());
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Some("posting ended unexpectedly".to_owned());
            }
        };
        let n_lost = posted.n_failed + self.n_dropped;
        let problem = posted
            .problem
            .unwrap_or_else(|| "the queue was full".to_owned());
        (n_lost > 0).then(|| format!("{n_lost} not posted: {problem}"))
    }
}

fn post_all(address: &Address, bodies: &Receiver<String>) -> PostOutcome {
    let mut posted = PostOutcome::default();
    let mut n_in_a_row = 0;
    let posting = on_own_runtime(async |client| {
        while let Ok(body) = bodies.recv() {
            if n_in_a_row >= ENOUGH_FAILURES {
                posted.n_failed += 1;
                continue;
            }
            match send(client, address, body).await {
                Ok(()) => n_in_a_row = 0,
                Err(problem) => {
                    n_in_a_row += 1;
                    posted.n_failed += 1;
                    posted.problem = Some(problem);
                }
            }
        }
        Ok(())
    });
    if let Err(problem) = posting {
        posted.n_failed += 1 + bodies.iter().count() as u64;
        posted.problem = Some(problem);
    }
    posted
}

/// Posts one body and waits for the answer.
pub(super) fn post_one(address: &Address, body: String) -> Result<(), String> {
    std::thread::scope(|scope| {
        let posting =
            scope.spawn(|| on_own_runtime(async |client| send(client, address, body).await));
        posting
            .join()
            .unwrap_or_else(|_| Err("posting ended unexpectedly".to_owned()))
    })
}

/// Runs on this thread, which must not belong to another runtime.
fn on_own_runtime(
    work: impl AsyncFnOnce(&reqwest::Client) -> Result<(), String>,
) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let client = reqwest::Client::builder().build().map_err(words)?;
    runtime.block_on(work(&client))
}

async fn send(client: &reqwest::Client, address: &Address, body: String) -> Result<(), String> {
    let mut request = client
        .post(&address.url)
        .timeout(address.timeout)
        .header("content-type", "application/json")
        .body(body);
    if let Some(key) = &address.api_key {
        request = request.bearer_auth(key);
    }
    let answer = request.send().await.map_err(words)?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => Err(format!("the receiver answered {status}")),
    }
}

/// Without the address: it may hold a secret.
fn words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    text
}
