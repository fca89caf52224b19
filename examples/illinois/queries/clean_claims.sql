-- One row per employee in the trial.
-- Monthly spending (US dollars) and the share of months with coverage, which weights it.
-- No one in the control arm was offered the health risk assessment (HRA): missing = not completed.
-- key: row_number
-- materialize: table
-- sensitivity: person
select
    row_number,
    treat,
    male,
    age50,
    "Strata_claims" as stratum,
    coalesce(hra_c_yr1, 0) as completed_hra,
    covg_0715_0716,
    covg_0816_0119,
    covg_0816_0717,
    nonzero_spend_0715_0716,
    nonzero_spend_0816_0119,
    nonzero_spend_0816_0717,
    "spendHosp_0715_0716" as spend_hospital_0715_0716,
    "spendHosp_0816_0119" as spend_hospital_0816_0119,
    "spendHosp_0816_0717" as spend_hospital_0816_0717,
    "spendOff_0715_0716" as spend_office_0715_0716,
    "spendOff_0816_0119" as spend_office_0816_0119,
    "spendOff_0816_0717" as spend_office_0816_0717,
    "spendRx_0715_0716" as spend_drug_0715_0716,
    "spendRx_0816_0119" as spend_drug_0816_0119,
    "spendRx_0816_0717" as spend_drug_0816_0717,
    spend_0715_0716,
    spend_0816_0119,
    spend_0816_0717
from claims
