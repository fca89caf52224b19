//! Parameters that are lists of columns' names. `outcomes => $outcomes` cannot be a value that is bound after planning, because the
//! columns of a relation follow from it: the names are put into the syntax tree, as if `[a, b]` had been written.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Array, Expr, Ident, Statement, Value, ValueWithSpan, visit_expressions_mut,
};

use crate::config::ParameterValue;

/// Puts the lists of names among `parameters` where `statement` has `$name`.
pub(super) fn bind(statement: &mut Statement, parameters: &[(String, ParameterValue)]) {
    let names_of = |placeholder: &str| {
        let name = placeholder.trim_start_matches('$');
        parameters.iter().find_map(|(given, value)| match value {
            ParameterValue::Names(names) if given == name => Some(names),
            _ => None,
        })
    };
    let _ = visit_expressions_mut(statement, |expression| {
        if let Expr::Value(ValueWithSpan {
            value: Value::Placeholder(placeholder),
            ..
        }) = expression
            && let Some(names) = names_of(placeholder)
        {
            let columns = names
                .iter()
                .map(|name| Expr::Identifier(Ident::with_quote('"', name)));
            *expression = Expr::Array(Array {
                elem: columns.collect(),
                named: false,
            });
        }
        ControlFlow::<()>::Continue(())
    });
}
