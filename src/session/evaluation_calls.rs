//! `FROM evaluation('activity', by => [sex])`: the estimates of an evaluation plan, with subgroups of one's own. A call becomes the name of
//! a view that the catalogue makes when it is asked for it.

use std::ops::ControlFlow;

use datafusion::common::DataFusionError;
use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArgOperator, Ident, ObjectName, ObjectNamePart,
    Statement, TableFactor, Value, ValueWithSpan, VisitMut, VisitorMut,
};

/// The name of the relation.
const EVALUATION: &str = "evaluation";
/// Between the parts of a view's name; names of plans and columns do not have it.
const SEPARATOR: char = ':';
const USAGE: &str = "evaluation('NAME') or evaluation('NAME', by => [column, …])";

/// Puts the names of views in place of the calls in `statement`.
///
/// # Errors
/// For a call with other arguments.
pub(super) fn name_views(statement: &mut Statement) -> Result<(), DataFusionError> {
    match VisitMut::visit(statement, &mut Calls) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(message) => Err(DataFusionError::Plan(message)),
    }
}

/// The plan and the subgroups that the name of such a view stands for; `None` for other names.
pub(crate) fn asked_for(view: &str) -> Option<(&str, Vec<String>)> {
    let mut parts = view.split(SEPARATOR);
    if parts.next() != Some(EVALUATION) {
        return None;
    }
    let plan = parts.next()?;
    Some((plan, parts.map(ToOwned::to_owned).collect()))
}

struct Calls;

impl VisitorMut for Calls {
    type Break = String;

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<String> {
        let TableFactor::Table { name, args, .. } = factor else {
            return ControlFlow::Continue(());
        };
        let is_call = matches!(
            name.0.as_slice(),
            [ObjectNamePart::Identifier(ident)] if ident.value.eq_ignore_ascii_case(EVALUATION)
        );
        let Some(given) = args.as_ref().filter(|_| is_call) else {
            return ControlFlow::Continue(());
        };
        match view_name(&given.args) {
            Ok(view) => {
                *name = ObjectName::from(vec![Ident::with_quote('"', view)]);
                *args = None;
                ControlFlow::Continue(())
            }
            Err(problem) => {
                ControlFlow::Break(format!("`{EVALUATION}`: {problem}; call it as {USAGE}"))
            }
        }
    }
}

fn view_name(arguments: &[FunctionArg]) -> Result<String, &'static str> {
    let (plan, rest) = match arguments.split_first() {
        Some((FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value))), rest)) => (
            word(value).ok_or("the name of a plan is text in quotes")?,
            rest,
        ),
        _ => return Err("the name of a plan is missing"),
    };
    let mut parts = vec![EVALUATION, plan];
    match rest {
        [] => {}
        [argument] => parts.extend(columns(argument)?),
        _ => return Err("it has two arguments at most"),
    }
    if parts
        .iter()
        .any(|part| part.is_empty() || part.contains(SEPARATOR))
    {
        return Err("there is no such plan or column");
    }
    Ok(parts.join(&SEPARATOR.to_string()))
}

fn word(value: &ValueWithSpan) -> Option<&str> {
    match &value.value {
        Value::SingleQuotedString(word) => Some(word),
        _ => None,
    }
}

/// The columns of `by => [a, b]`.
fn columns(argument: &FunctionArg) -> Result<Vec<&str>, &'static str> {
    let wrong = "the second argument is a list of columns, `by => [sex, age_band]`";
    let list = match argument {
        FunctionArg::Named {
            name,
            arg: FunctionArgExpr::Expr(list),
            operator: FunctionArgOperator::RightArrow,
        } if name.value.eq_ignore_ascii_case("by") => list,
        FunctionArg::ExprNamed {
            name: Expr::Identifier(name),
            arg: FunctionArgExpr::Expr(list),
            operator: FunctionArgOperator::RightArrow,
        } if name.value.eq_ignore_ascii_case("by") => list,
        _ => return Err(wrong),
    };
    let Expr::Array(array) = list else {
        return Err(wrong);
    };
    let names = array.elem.iter().map(|expression| match expression {
        Expr::Identifier(ident) => Ok(ident.value.as_str()),
        _ => Err(wrong),
    });
    names.collect()
}
