//! Who receives what happens, as events.

use chrono::{DateTime, Utc};

use super::run::RunEvent;

/// Receives what happens, as events.
pub trait Sink: Send + Sync {
    /// Receives an event that happened at `at`. Must not block for long: the run waits.
    fn observe(&self, at: DateTime<Utc>, event: &RunEvent);

    /// Waits, not for long, until everything is where it belongs. Called once, after [`RunEvent::RunEnded`]. Says what could not
    /// be done.
    fn finish(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Tells every sink.
#[derive(Default)]
pub struct Observer {
    sinks: Vec<Box<dyn Sink>>,
}

impl Observer {
    /// Tells `sink` too, from now on.
    pub fn add(&mut self, sink: Box<dyn Sink>) {
        self.sinks.push(sink);
    }

    /// Tells what happened just now.
    pub fn tell(&self, event: &RunEvent) {
        let now = Utc::now();
        for sink in &self.sinks {
            sink.observe(now, event);
        }
    }

    /// Ends every sink; what could not be done is for the log.
    #[must_use]
    pub fn finish(&self) -> Vec<String> {
        self.sinks.iter().flat_map(|sink| sink.finish()).collect()
    }
}
