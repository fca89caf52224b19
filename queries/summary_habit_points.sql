-- One row per habit and fiscal year: points of the insurers' assessment (総合評価指標), and how many of them luck earns.
-- share is of members aged 40 to 74 who have the habit as it should be, standardised by age and sex (indicator_levels):
-- those ages that the questionnaire is asked of and that figures are published for. The habits are those of the five-
-- habit rules; where the indicator counts the unhealthy, share is the rest. Years are compared within a series only:
-- where the question changed there is no rise. points are level_points, where the share is at least the comparison
-- mean; else the rise since the year before. Points of what is not known count 0, so that points are the least there
-- is; they are missing where neither is known. And effect_points, from the year of the field's first program on, where
-- a plan that was fixed beforehand and not changed finds one of the habit's answers better. chance is the probability
-- that without any change the errors of the two years alone would earn the points of the rise or more; missing where
-- the rise earns none. It takes the two years for independent: the same people answer in both, so that it is rather too
-- large.
-- key: habit, fiscal_year
-- materialize: table
-- sensitivity: person

-- Points of the assessment. Levels and rises: committee paper of 2023-03 (wic-net.com/material/document/8701/17). Unverified: how rises
-- are rounded, and that the rise is that from the year before. Ours: published national figures stand for the mean of the insurer
-- type; an effect counts as verified when the verdict is better or better_size_open.
with rules as (
    select level_points, most_rise_points, effect_points
    from (values (3, 3, 1)) as points (level_points, most_rise_points, effect_points)
),

-- Unverified: the national text of the five habits was not found (indicators.toml says what each counts). Ours: the fields.
habits as (
    select habit, field, indicator, is_healthy
    from (values
        ('exercise', 'activity', 'exercise_proper', true),
        ('diet', 'nutrition', 'diet_proper', true),
        ('sleep', 'rest', 'sleep_rest', true),
        ('drinking', 'alcohol', 'heavy_drinking', false),
        ('smoking', 'smoking', 'current_smoker', false)
    ) as habits (habit, field, indicator, is_healthy)
),

-- Ours: the answers of the questionnaire by which an effect on a habit is verified.
answers as (
    select habit, indicator
    from (values
        ('exercise', 'exercise_habit'), ('exercise', 'walking_1h'), ('exercise', 'walk_fast'), ('exercise', 'exercise_proper'),
        ('diet', 'eats_fast'), ('diet', 'late_dinner'), ('diet', 'snacks_daily'), ('diet', 'skips_breakfast'),
        ('diet', 'diet_proper'),
        ('sleep', 'sleep_rest'),
        ('drinking', 'drinks_daily'), ('drinking', 'heavy_drinking'),
        ('smoking', 'current_smoker')
    ) as answers (habit, indicator)
),

first_programs as (
    select field, min(fiscal_year(start_date)) as fiscal_year
    from link_programs
    group by field
),

verified as (
    select distinct habits.habit, first_programs.fiscal_year as first_year
    from evaluation_verdicts as verdicts
    inner join evaluation_plans as plans
        on verdicts.evaluation = plans.evaluation
    inner join habits
        on plans.field = habits.field
    inner join answers
        on habits.habit = answers.habit
        and verdicts.indicator = answers.indicator
    inner join first_programs
        on habits.field = first_programs.field
    where
        verdicts.verdict in ('better', 'better_size_open')
        and verdicts."by" is null
        and verdicts.is_locked
        and verdicts.deviations = 'as planned'
),

shares as (
    select
        habits.habit,
        habits.indicator,
        levels.fiscal_year,
        levels.n_persons,
        case when habits.is_healthy then levels.standardised else 1 - levels.standardised end as share,
        levels.std_error,
        case when habits.is_healthy then levels.national else 1 - levels.national end as national_share,
        levels.series
    from indicator_levels as levels
    inner join habits
        on levels.indicator = habits.indicator
    where levels.population = 'members' and levels."by" = 'ages' and levels.level_of = '40-74'
),

rises as (
    select
        shares.*,
        shares.share - before.share as rise,
        sqrt(power(shares.std_error, 2) + power(before.std_error, 2)) as rise_std_error
    from shares
    left join shares as before
        on shares.habit = before.habit
        and shares.series = before.series
        and shares.fiscal_year = before.fiscal_year + 1
),

earned as (
    select
        rises.*,
        case
            when rises.share >= rises.national_share then rules.level_points
            when rises.share < rises.national_share then 0
        end as level_points,
        case
            when rises.rise is not null
                then cast(least(rules.most_rise_points, greatest(0, round(100 * rises.rise))) as bigint)
        end as rise_points,
        verified.habit is not null as is_verified,
        case when verified.habit is not null then rules.effect_points else 0 end as effect_points
    from rises
    cross join rules
    left join verified
        on rises.habit = verified.habit
        and rises.fiscal_year >= verified.first_year
)

select
    habit,
    indicator,
    fiscal_year,
    n_persons,
    share,
    std_error,
    national_share,
    series,
    rise,
    rise_std_error,
    level_points,
    rise_points,
    is_verified,
    effect_points,
    case
        when level_points > 0 then level_points
        else coalesce(rise_points, level_points)
    end + effect_points as points,
    case
        when rise_points > 0 then 1 - normal_cdf((rise_points - 0.5) / 100 / nullif(rise_std_error, 0))
    end as chance
from earned
