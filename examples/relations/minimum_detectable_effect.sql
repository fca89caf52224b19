-- Question: which change of body mass index could a program find that starts in 60 worksites: in all of them at once, in steps over three years, or in
-- half of them? From the years before any program, in one statement.
-- Look at: effect, in units of the outcome. The start of all at once leaves nothing to compare. Worksites that wait are worth more than worksites that
-- never start only where every period is compared with another.
-- In R: swdpwr::swdpower for calendars without persons who are seen again; CRTSize for two groups.
select
    calendar,
    round(effect, 3) as effect,
    round(std_error, 4) as std_error,
    round(df, 1) as df,
    n_clusters,
    status
from minimum_detectable_effect(
    (
        select *
        from variance_components(
            (
                select person_id, fiscal_year, cluster_worksite_id, bmi
                from panel_activity
                where relationship = 1 and cluster_worksite_id > 0 and fiscal_year <= 2017
            ),
            outcome => bmi,
            cluster => cluster_worksite_id,
            unit => person_id,
            time => fiscal_year
        )
        cross join (values ('0, 60, 0, 0', 0), ('0, 20, 20, 20', 0), ('0, 30, 0, 0', 30)) as designs (calendar, never)
    ),
    power => 0.8,
    calendar => calendar,
    clusters_control => never,
    cluster_size => cluster_size,
    cv_cluster_size => cv_cluster_size,
    icc => icc,
    sd => sd,
    cluster_autocorrelation => cluster_autocorrelation,
    individual_autocorrelation => individual_autocorrelation,
    keep => [calendar]
)
order by calendar
