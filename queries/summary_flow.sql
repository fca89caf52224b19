-- One row per step or group from the members delivered to the persons analysed, with the number of persons left.
-- The flow chart of the evaluation: every exclusion is visible, and so is every group the effects do not speak for.
-- key: step_order
-- materialize: table
-- sensitivity: aggregate

with exposed_persons as (
    select distinct person_id
    from panel_exposure
    where cohort is not null
),

persons as (
    select
        panel_person_year.person_id,
        bool_or(panel_person_year.relationship is not null) as is_member,
        bool_or(panel_person_year.relationship = 1) as is_subscriber,
        bool_or(panel_person_year.relationship = 2) as is_spouse,
        bool_or(panel_person_year.is_linked) as is_linked,
        bool_or(panel_person_year.cluster_worksite_id > 0) as has_known_worksite,
        count(case when panel_person_year.has_checkup then 1 end) as n_checkups,
        bool_or(exposed_persons.person_id is not null) as is_exposed
    from panel_person_year
    left join exposed_persons
        on panel_person_year.person_id = exposed_persons.person_id
    group by panel_person_year.person_id
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
        count(case when is_spouse then 1 end) as n_spouses,
        count(case when is_spouse and has_known_worksite then 1 end) as n_linked_spouses
    from persons
),

field_counts as (
    select
        panel_exposure.field,
        count(case when persons.is_subscriber and persons.is_linked then 1 end) as n_persons
    from panel_exposure
    inner join persons
        on panel_exposure.person_id = persons.person_id
    where panel_exposure.cohort is not null
    group by panel_exposure.field
),

employees_analysed as (
    select count(distinct person_id) as n_persons
    from panel_employees
),

spouses_analysed as (
    select count(distinct person_id) as n_persons
    from panel_spouses
),

outside_enrollment as (
    select count(distinct person_id) as n_persons
    from link_outside_enrollment
),

counts as (
    select
        unnest(make_array(1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14)) as place,
        unnest(make_array(
            'step', 'step', 'step', 'step', 'step', 'step',
            'group', 'group',
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
    union all
    select
        9 as place,
        'field' as kind,
        concat('exposed_', field) as step,
        n_persons
    from field_counts
)

select
    cast(row_number() over (order by place, step) as bigint) as step_order,
    kind,
    step,
    n_persons
from counts
