//! What is to be evaluated and how, written before the data are looked at: plans (`evaluations/*.toml`), the gates that an estimate passes
//! before it is shown (`rules/gates.toml`), and locks, which remember what a plan said when it was fixed. Plans become queries in `pipeline`; here
//! they are only read and compared.

mod error;
mod exposure;
mod gate;
mod lock;
mod plan;
mod read;
mod scale;
#[cfg(test)]
mod tests;

pub use error::EvaluationError;
pub use exposure::{ChosenPrograms, DoseUnit, Exposed, Exposure};
pub use gate::{GATES_FILE, Gate};
pub use lock::{Deviation, Lock};
pub use plan::{EvaluationPlan, PLANS_FOLDER, Target};
pub use read::Evaluations;
pub use scale::{RATINGS_FILE, RatingScale};
