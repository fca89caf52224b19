//! Parameters that are part of a statement's syntax: names of columns, words and numbers in the arguments of relations. `outcomes => $outcomes` cannot be
//! a value that is bound after planning, because the columns of a relation follow from it: what it stands for is put into the syntax
//! tree, as if `[a, b]`, `'word'` or `2` had been written.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Array, Expr, Ident, Statement, UnaryOperator, Value, ValueWithSpan, visit_expressions_mut,
};

use crate::config::ParameterValue;

/// Puts what is syntax among `parameters` where `statement` has `$name`.
pub(super) fn bind(statement: &mut Statement, parameters: &[(String, ParameterValue)]) {
    let written = |placeholder: &str| {
        let name = placeholder.trim_start_matches('$');
        let value = parameters.iter().find(|(given, _)| given == name);
        value.and_then(|(_, value)| syntax(value))
    };
    let _ = visit_expressions_mut(statement, |expression| {
        if let Expr::Value(ValueWithSpan {
            value: Value::Placeholder(placeholder),
            ..
        }) = expression
            && let Some(written) = written(placeholder)
        {
            *expression = written;
        }
        ControlFlow::<()>::Continue(())
    });
}

/// The expression that a parameter stands for; `None` where it is a value that is bound after planning.
fn syntax(value: &ParameterValue) -> Option<Expr> {
    match value {
        ParameterValue::Names(names) => {
            let columns = names
                .iter()
                .map(|name| Expr::Identifier(Ident::with_quote('"', name)));
            Some(Expr::Array(Array {
                elem: columns.collect(),
                named: false,
            }))
        }
        ParameterValue::Word(word) => Some(Expr::value(Value::SingleQuotedString(word.clone()))),
        ParameterValue::Written(number) => {
            let size = Expr::value(Value::Number(number.unsigned_abs().to_string(), false));
            Some(match number {
                ..0 => Expr::UnaryOp {
                    op: UnaryOperator::Minus,
                    expr: Box::new(size),
                },
                _ => size,
            })
        }
        _ => None,
    }
}
