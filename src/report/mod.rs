//! Released results → one self-contained HTML page: no network, no script. The caller reads the
//! lake's result tables, passes every count and estimate through `disclosure`, fills a
//! [`page::Page`] and calls [`html::render`]; nothing here reads a table or a file.

mod chart;
mod diagnostics;
mod effects;
pub mod html;
mod load;
pub mod names;
pub mod page;
mod sentence;
pub mod text;
mod wording;

pub(crate) use html::STYLE;
pub use html::render;
pub use load::{LoadError, fingerprint, load_page, with_fingerprint};
pub use page::Page;
pub use text::Lang;

#[cfg(test)]
mod tests;
