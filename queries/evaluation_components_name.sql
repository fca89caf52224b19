-- One row per primary indicator of an evaluation: how it varies between worksites, between persons and between years, by years before
-- exposure alone. What `korabo power` reckons with.
-- for_each: evaluation
-- key: indicator
-- materialize: view
-- sensitivity: person

select
    outcome as indicator,
    sd,
    icc,
    cluster_size,
    cv_cluster_size,
    cluster_autocorrelation,
    individual_autocorrelation
from variance_components(
    (select * from panel_evaluation_name where cohort is null or fiscal_year < cohort),
    outcomes => $primary,
    cluster => cluster_id,
    unit => person_id,
    time => fiscal_year
)
