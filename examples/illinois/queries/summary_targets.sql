-- One row per printed figure of the paper: table, outcome, column and statistic.
-- In the shape of the published figures, so that the two can be joined and compared.
-- key: paper_table, outcome, paper_column, statistic
-- materialize: table
-- sensitivity: aggregate
with figures as (
    select paper_table, outcome, 'Control mean' as paper_column,
        'mean' as statistic, control_mean as value
    from effect_balance
    union all
    select paper_table, outcome, 'Treatment mean' as paper_column,
        'mean' as statistic, treatment_mean as value
    from effect_balance
    union all
    select paper_table, outcome, 'p-value' as paper_column,
        'p' as statistic, p_value as value
    from effect_balance
    union all
    select paper_table, outcome, 'Sample Size' as paper_column,
        'n' as statistic, n_obs as value
    from effect_balance
    where paper_table = 'table_1a'
    union all
    select 'table_2' as paper_table, outcome, 'Mean' as paper_column,
        'mean' as statistic, treatment_mean as value
    from effect_selection
    union all
    select 'table_2' as paper_table, outcome, 'N' as paper_column,
        'n' as statistic, n_obs as value
    from effect_selection
    union all
    select 'table_2' as paper_table, outcome, 'Completed HRA' as paper_column,
        'estimate' as statistic, estimate as value
    from effect_selection
    union all
    select 'table_2' as paper_table, outcome, 'Completed HRA' as paper_column,
        'se' as statistic, std_error as value
    from effect_selection
    union all
    select 'table_3' as paper_table, outcome, period || ' Mean' as paper_column,
        'mean' as statistic, mean as value
    from effect_itt
    union all
    select 'table_3' as paper_table, outcome, period || ' No Controls' as paper_column,
        'n' as statistic, n_obs as value
    from effect_itt
    union all
    select 'table_3' as paper_table, outcome, period || ' No Controls' as paper_column,
        'estimate' as statistic, estimate as value
    from effect_itt
    union all
    select 'table_3' as paper_table, outcome, period || ' No Controls' as paper_column,
        'se' as statistic, std_error as value
    from effect_itt
    union all
    select 'table_4' as paper_table, outcome, 'IV No Controls' as paper_column,
        'estimate' as statistic, estimate as value
    from effect_iv
    union all
    select 'table_4' as paper_table, outcome, 'IV No Controls' as paper_column,
        'se' as statistic, std_error as value
    from effect_iv
    union all
    select 'table_4' as paper_table, outcome, 'IV No Controls' as paper_column,
        'n' as statistic, n_obs as value
    from effect_iv
    union all
    select 'table_4' as paper_table, outcome, 'OLS No Controls' as paper_column,
        'estimate' as statistic, estimate as value
    from effect_naive
    union all
    select 'table_4' as paper_table, outcome, 'OLS No Controls' as paper_column,
        'se' as statistic, std_error as value
    from effect_naive
    union all
    select 'table_4' as paper_table, outcome, 'OLS No Controls' as paper_column,
        'n' as statistic, n_obs as value
    from effect_naive
)

select
    paper_table,
    outcome,
    paper_column,
    statistic,
    cast(value as double) as value
from figures
order by paper_table, outcome, paper_column, statistic
