-- One row per step or group from the members delivered to the persons analysed, with the number of persons left.
-- The flow chart of the evaluation: every exclusion is visible, and so is every group the effects do not speak for.
-- key: step_order
-- materialize: table
-- sensitivity: aggregate

with persons as (
    select
        person_id,
        bool_or(relationship is not null) as is_member,
        bool_or(relationship = 1) as is_subscriber,
        bool_or(relationship = 2) as is_spouse,
        bool_or(is_linked) as is_linked,
        bool_or(cluster_worksite_id > 0) as has_known_worksite,
        count(case when has_checkup then 1 end) as n_checkups,
        bool_or(cohort_nutrition is not null) as exposed_nutrition,
        bool_or(cohort_activity is not null) as exposed_activity,
        bool_or(cohort_mind is not null) as exposed_mind,
        bool_or(cohort_rest is not null) as exposed_rest,
        bool_or(cohort_oral is not null) as exposed_oral,
        bool_or(cohort_frailty is not null) as exposed_frailty,
        bool_or(cohort_smoking is not null) as exposed_smoking,
        bool_or(cohort_alcohol is not null) as exposed_alcohol,
        bool_or(cohort_system is not null) as exposed_system,
        bool_or(
            coalesce(
                cohort_nutrition, cohort_activity, cohort_mind, cohort_rest, cohort_oral,
                cohort_frailty, cohort_smoking, cohort_alcohol, cohort_system
            ) is not null
        ) as is_exposed
    from panel_person_year
    group by person_id
),

person_counts as (
    select
        count(*) as n_persons,
        count(case when is_member then 1 end) as n_members,
        count(case when is_subscriber then 1 end) as n_subscribers,
        count(case when is_subscriber and is_linked then 1 end) as n_linked,
        count(case when is_subscriber and is_linked and n_checkups >= 1 then 1 end) as n_with_checkup,
        count(case when is_subscriber and is_linked and n_checkups >= 2 then 1 end) as n_with_two_checkups,
        count(
            case when is_subscriber and is_linked and n_checkups >= 2 and is_exposed then 1 end
        ) as n_exposed,
        count(
            case when is_subscriber and is_linked and n_checkups >= 2 and not is_exposed then 1 end
        ) as n_never_exposed,
        count(case when is_subscriber and is_linked and exposed_nutrition then 1 end) as n_exposed_nutrition,
        count(case when is_subscriber and is_linked and exposed_activity then 1 end) as n_exposed_activity,
        count(case when is_subscriber and is_linked and exposed_mind then 1 end) as n_exposed_mind,
        count(case when is_subscriber and is_linked and exposed_rest then 1 end) as n_exposed_rest,
        count(case when is_subscriber and is_linked and exposed_oral then 1 end) as n_exposed_oral,
        count(case when is_subscriber and is_linked and exposed_frailty then 1 end) as n_exposed_frailty,
        count(case when is_subscriber and is_linked and exposed_smoking then 1 end) as n_exposed_smoking,
        count(case when is_subscriber and is_linked and exposed_alcohol then 1 end) as n_exposed_alcohol,
        count(case when is_subscriber and is_linked and exposed_system then 1 end) as n_exposed_system,
        count(case when is_spouse then 1 end) as n_spouses,
        count(case when is_spouse and has_known_worksite then 1 end) as n_linked_spouses
    from persons
),

employees_analysed as (
    select count(distinct person_id) as n_persons
    from effect_employees
),

spouses_analysed as (
    select count(distinct person_id) as n_persons
    from effect_spouses
),

outside_enrollment as (
    select count(distinct person_id) as n_persons
    from link_outside_enrollment
)

select
    unnest(make_array(
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22
    )) as step_order,
    unnest(make_array(
        'step', 'step', 'step', 'step', 'step', 'step',
        'group', 'group',
        'field', 'field', 'field', 'field', 'field', 'field', 'field', 'field', 'field',
        'other', 'other', 'other', 'other', 'other'
    )) as kind,
    unnest(make_array(
        'persons',
        'members',
        'subscribers',
        'linked',
        'with_checkup',
        'analysed',
        'exposed',
        'never_exposed',
        'exposed_nutrition',
        'exposed_activity',
        'exposed_mind',
        'exposed_rest',
        'exposed_oral',
        'exposed_frailty',
        'exposed_smoking',
        'exposed_alcohol',
        'exposed_system',
        'effect_employees',
        'spouses',
        'linked_spouses',
        'effect_spouses',
        'checkup_outside_enrollment'
    )) as step,
    unnest(make_array(
        person_counts.n_persons,
        person_counts.n_members,
        person_counts.n_subscribers,
        person_counts.n_linked,
        person_counts.n_with_checkup,
        person_counts.n_with_two_checkups,
        person_counts.n_exposed,
        person_counts.n_never_exposed,
        person_counts.n_exposed_nutrition,
        person_counts.n_exposed_activity,
        person_counts.n_exposed_mind,
        person_counts.n_exposed_rest,
        person_counts.n_exposed_oral,
        person_counts.n_exposed_frailty,
        person_counts.n_exposed_smoking,
        person_counts.n_exposed_alcohol,
        person_counts.n_exposed_system,
        employees_analysed.n_persons,
        person_counts.n_spouses,
        person_counts.n_linked_spouses,
        spouses_analysed.n_persons,
        outside_enrollment.n_persons
    )) as n_persons
from person_counts
cross join employees_analysed
cross join spouses_analysed
cross join outside_enrollment
