//! Mappings over small files, and proposals over layouts that others made.

mod layouts;
mod reading;
