//! What an entry of `expected` is about.

use serde_json::{Value, json};

/// What an entry is about.
pub(super) struct Question<'a> {
    pub(super) field: &'a str,
    pub(super) indicator: &'a str,
    pub(super) population: &'a str,
    pub(super) estimand: &'a str,
}

impl Question<'_> {
    /// The entry, with what else there is to say.
    pub(super) fn answer(&self, kind: &str, more: Value) -> Value {
        let mut entry = json!({
            "field": self.field,
            "indicator": self.indicator,
            "population": self.population,
            "estimand": self.estimand,
            "kind": kind,
        });
        if let (Some(entry), Value::Object(more)) = (entry.as_object_mut(), more) {
            entry.extend(more);
        }
        entry
    }

    /// The entry of a question whose answer is that there is no effect.
    pub(super) fn null(&self) -> Value {
        self.answer("null", json!({}))
    }
}
