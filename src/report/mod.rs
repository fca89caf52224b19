//! Result tables → one self-contained HTML page: no network, no script. [`load_page`] reads the lake's
//! aggregate tables, passes every count and estimate through `disclosure` and fills a [`Page`]; [`render`] makes the
//! document of it and reads nothing. Writing the file is left to the caller.

mod chart;
mod diagnostics;
mod effects;
mod estimate_cell;
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
