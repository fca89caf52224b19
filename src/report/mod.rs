//! Result tables → self-contained HTML pages: no network, no script. For analysts [`load_page`] reads the lake's
//! aggregate tables, passes every count and estimate through `disclosure` and fills a [`Page`]; [`render`] makes the
//! document of it and reads nothing. For boards, employers and municipalities [`load_results`] fills [`Results`] once, of which
//! [`documents`] makes as many pages as are asked for. Writing files is left to the caller.

mod board;
mod chart;
mod diagnostics;
mod documents;
mod effects;
mod employer;
mod estimate_cell;
mod forest;
pub mod forms;
pub mod html;
pub mod kind;
mod level_chart;
mod load;
mod municipality;
pub mod names;
pub mod page;
mod paper;
mod plans;
mod reading;
pub mod refusal;
pub mod results;
mod sentence;
mod standing;
pub mod text;
mod wording;

pub use documents::{Document, Subject, documents};
pub(crate) use html::STYLE;
pub use html::render;
pub use kind::ReportKind;
pub use load::{FINGERPRINT, LoadError, fingerprint, load_page, load_results, with_fingerprint};
pub use page::Page;
pub use refusal::Refusal;
pub use results::Results;
pub use text::Lang;

#[cfg(test)]
mod tests;
