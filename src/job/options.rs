//! What a job needs to know and the project does not say.

use chrono::{DateTime, Utc};

use crate::report::Lang;
use crate::session::SessionOptions;

/// Options of a job.
#[derive(Debug, Clone)]
pub struct JobOptions {
    /// Limits of the engine.
    pub session: SessionOptions,
    /// Language of the report.
    pub lang: Lang,
    /// When the run was planned to begin, if a schedule started it.
    pub nominal_start: Option<DateTime<Utc>>,
    /// The span of another program in which the run happens, in the W3C form; without meaning in a build without traces.
    pub trace_parent: Option<String>,
    /// The value of a variable that the project file names: keys and addresses that do not stand in files.
    pub variable: fn(&str) -> Option<String>,
}

impl JobOptions {
    /// The value of the variable `name`, when the project file names one.
    pub(super) fn named(&self, name: Option<&String>) -> Option<String> {
        (self.variable)(name?)
    }
}
