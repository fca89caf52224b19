//! The example project on the real trial it was written for: 374 printed figures of the paper, and figures of joint tests, subgroups,
//! indices, families and detectable effects that a program of its own (numpy, pandas) got from the same files. The data are
//! not part of the repository: `KORABO_REFERENCE_DATA` names the folder that holds `data/illinois`.

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::support::{Project, copy_folder, number, root, skipped};

/// The folder of the data; without it the tests are skipped.
fn data() -> Option<PathBuf> {
    let Some(data) = std::env::var_os("KORABO_REFERENCE_DATA") else {
        skipped("KORABO_REFERENCE_DATA is not set");
        return None;
    };
    Some(PathBuf::from(data).join("data/illinois"))
}

/// The example project, run once on the data.
fn trial(data: &std::path::Path) -> &'static Project {
    static PROJECT: OnceLock<Project> = OnceLock::new();
    PROJECT.get_or_init(|| {
        let project = Project::empty();
        copy_folder(&root().join("examples/illinois"), project.path());
        let extracts = data.to_string_lossy().into_owned();
        project.korabo(&["run", "--extracts", &extracts]).exits(0);
        project
    })
}

#[test]
fn published_figures_come_out_to_the_printed_digit() {
    let Some(data) = data() else { return };
    let project = trial(&data);
    let targets = data.join("targets.csv");
    let sql = format!(
        "select t.\"table\" || ', ' || t.outcome || ', ' || t.\"column\" || ', ' || t.statistic as figure, \
         t.published, t.digits_value, s.value \
         from '{}' as t left join summary_targets as s on s.paper_table = t.\"table\" \
         and s.outcome = t.outcome and s.paper_column = t.\"column\" and s.statistic = t.statistic",
        targets.display()
    );
    let rows = project.rows(&sql);
    assert_eq!(rows.len(), 374);
    let mut wrong = Vec::new();
    for row in &rows {
        let (published, exact) = (number(&row["published"]), number(&row["digits_value"]));
        let value = number(&row["value"]);
        let is_printed = (value - published).abs() <= half_unit(published);
        let is_exact = (value - exact).abs() <= 1e-6 * exact.abs().max(1.0);
        if !(is_printed && is_exact) {
            wrong.push(format!(
                "{}: published {published}, exact {exact}, found {value}",
                row["figure"]
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} figures differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Half a unit of the last digit of `published`.
fn half_unit(published: f64) -> f64 {
    let text = published.to_string();
    let decimals = text
        .split_once('.')
        .map_or(0, |(_, decimals)| decimals.len());
    0.5 * 10_f64.powi(-i32::try_from(decimals).unwrap()) + 1e-9
}

/// Table, row, and what stands there.
type Figure = (&'static str, &'static str, &'static [(&'static str, f64)]);

const FIGURES: [Figure; 37] = [
    (
        "effect_joint",
        "variables = 'demographics and salary'",
        &[
            ("statistic", 0.091_653_470_908_134_18),
            ("df1", 9.0),
            ("df2", 4824.0),
            ("p_value", 0.999_745_469_900_076_7),
            ("n_obs", 4834.0),
        ],
    ),
    (
        "effect_joint",
        "variables = 'baseline survey'",
        &[
            ("statistic", 0.7394653217126421),
            ("df1", 25.0),
            ("df2", 4791.0),
            ("p_value", 0.8206559322669325),
            ("n_obs", 4817.0),
        ],
    ),
    (
        "effect_joint",
        "variables = 'claims before the trial'",
        &[
            ("statistic", 1.3079465179386456),
            ("df1", 4.0),
            ("df2", 3218.0),
            ("p_value", 0.26458175606319034),
            ("n_obs", 3223.0),
        ],
    ),
    (
        "effect_joint",
        "variables = 'employer records before the trial'",
        &[
            ("statistic", 0.5832768476352187),
            ("df1", 3.0),
            ("df2", 4756.0),
            ("p_value", 0.6259430775087629),
            ("n_obs", 4760.0),
        ],
    ),
    (
        "effect_subgroups",
        "outcome = 'spend_0816_0717' and trait = 'male' and subgroup = 'without'",
        &[
            ("estimate", 64.72633235095282),
            ("std_error", 60.8605340329742),
            ("p_value", 0.2876260468733983),
            ("n_obs", 3239.0),
        ],
    ),
    (
        "effect_subgroups",
        "outcome = 'spend_0816_0717' and trait = 'male' and subgroup = 'with'",
        &[
            ("estimate", -59.619819289716816),
            ("std_error", 78.15687163441194),
            ("p_value", 0.4456248866454947),
            ("n_obs", 3239.0),
        ],
    ),
    (
        "effect_subgroups",
        "outcome = 'spend_0816_0717' and trait = 'male' and subgroup = 'difference'",
        &[
            ("estimate", -124.34615164066554),
            ("std_error", 99.0580697694881),
            ("p_value", 0.20946582911434605),
            ("n_obs", 3239.0),
        ],
    ),
    (
        "effect_subgroups",
        "outcome = 'spend_0816_0717' and trait = 'age50' and subgroup = 'without'",
        &[
            ("estimate", -56.30491970467688),
            ("std_error", 49.058481093821),
            ("p_value", 0.25117308117626386),
            ("n_obs", 3239.0),
        ],
    ),
    (
        "effect_subgroups",
        "outcome = 'spend_0816_0717' and trait = 'age50' and subgroup = 'with'",
        &[
            ("estimate", 162.91789423363798),
            ("std_error", 106.33940653244713),
            ("p_value", 0.1256064696143878),
            ("n_obs", 3239.0),
        ],
    ),
    (
        "effect_subgroups",
        "outcome = 'spend_0816_0717' and trait = 'age50' and subgroup = 'difference'",
        &[
            ("estimate", 219.222813938311),
            ("std_error", 117.11022136818742),
            ("p_value", 0.06130564998714539),
            ("n_obs", 3239.0),
        ],
    ),
    (
        "effect_subgroups",
        "outcome = 'sickleave_0816_0717' and trait = 'male' and subgroup = 'without'",
        &[
            ("estimate", 0.29123822008928),
            ("std_error", 0.3146406592132894),
            ("p_value", 0.3546893626217591),
            ("n_obs", 4782.0),
        ],
    ),
    (
        "effect_subgroups",
        "outcome = 'sickleave_0816_0717' and trait = 'male' and subgroup = 'with'",
        &[
            ("estimate", 0.04515953047614474),
            ("std_error", 0.32781217488235365),
            ("p_value", 0.8904356010788034),
            ("n_obs", 4782.0),
        ],
    ),
    (
        "effect_subgroups",
        "outcome = 'sickleave_0816_0717' and trait = 'male' and subgroup = 'difference'",
        &[
            ("estimate", -0.24607868961309265),
            ("std_error", 0.4543782195828407),
            ("p_value", 0.5881383810230499),
            ("n_obs", 4782.0),
        ],
    ),
    (
        "effect_subgroups",
        "outcome = 'sickleave_0816_0717' and trait = 'age50' and subgroup = 'without'",
        &[
            ("estimate", -0.01647395613125724),
            ("std_error", 0.27537156292923887),
            ("p_value", 0.9522979430113633),
            ("n_obs", 4782.0),
        ],
    ),
    (
        "effect_subgroups",
        "outcome = 'sickleave_0816_0717' and trait = 'age50' and subgroup = 'with'",
        &[
            ("estimate", 0.5948008420367756),
            ("std_error", 0.415165936219009),
            ("p_value", 0.15201410308374994),
            ("n_obs", 4782.0),
        ],
    ),
    (
        "effect_subgroups",
        "outcome = 'sickleave_0816_0717' and trait = 'age50' and subgroup = 'difference'",
        &[
            ("estimate", 0.6112747981680755),
            ("std_error", 0.4981889724458967),
            ("p_value", 0.2198853625899451),
            ("n_obs", 4782.0),
        ],
    ),
    (
        "effect_subgroups",
        "outcome = 'gym_0816_0717' and trait = 'male' and subgroup = 'without'",
        &[
            ("estimate", -0.4724809203651752),
            ("std_error", 0.7924762372009854),
            ("p_value", 0.5510640122481321),
            ("n_obs", 4834.0),
        ],
    ),
    (
        "effect_subgroups",
        "outcome = 'gym_0816_0717' and trait = 'male' and subgroup = 'with'",
        &[
            ("estimate", 0.4721836630369829),
            ("std_error", 1.3410348190134291),
            ("p_value", 0.7247756640137342),
            ("n_obs", 4834.0),
        ],
    ),
    (
        "effect_subgroups",
        "outcome = 'gym_0816_0717' and trait = 'male' and subgroup = 'difference'",
        &[
            ("estimate", 0.944664583402151),
            ("std_error", 1.5576883424917243),
            ("p_value", 0.5442425637342341),
            ("n_obs", 4834.0),
        ],
    ),
    (
        "effect_subgroups",
        "outcome = 'gym_0816_0717' and trait = 'age50' and subgroup = 'without'",
        &[
            ("estimate", 0.12676527768384105),
            ("std_error", 0.8502349662465952),
            ("p_value", 0.8814853640166121),
            ("n_obs", 4834.0),
        ],
    ),
    (
        "effect_subgroups",
        "outcome = 'gym_0816_0717' and trait = 'age50' and subgroup = 'with'",
        &[
            ("estimate", -0.4468811718235628),
            ("std_error", 1.4047957310357537),
            ("p_value", 0.7504143862842342),
            ("n_obs", 4834.0),
        ],
    ),
    (
        "effect_subgroups",
        "outcome = 'gym_0816_0717' and trait = 'age50' and subgroup = 'difference'",
        &[
            ("estimate", -0.5736464495074038),
            ("std_error", 1.642056802843503),
            ("p_value", 0.7268445811076678),
            ("n_obs", 4834.0),
        ],
    ),
    (
        "effect_index",
        "family = 'spending, first year'",
        &[
            ("estimate", 0.015779267818149655),
            ("std_error", 0.022570000413815204),
            ("p_value", 0.48452367958945997),
            ("n_obs", 9717.0),
            ("n_employees", 3239.0),
        ],
    ),
    (
        "effect_index",
        "family = 'spending, longer run'",
        &[
            ("estimate", 0.04204983466216728),
            ("std_error", 0.02231092452376365),
            ("p_value", 0.05955536275561033),
            ("n_obs", 9921.0),
            ("n_employees", 3307.0),
        ],
    ),
    (
        "effect_index",
        "family = 'work, first year'",
        &[
            ("estimate", -0.005026257072365481),
            ("std_error", 0.018315206175356594),
            ("p_value", 0.783765289019998),
            ("n_obs", 17071.0),
            ("n_employees", 4834.0),
        ],
    ),
    (
        "effect_detectable",
        "variable = 'spend_0715_0716'",
        &[
            ("n_treated", 2188.0),
            ("n_control", 1035.0),
            ("mean", 477.90443045525905),
            ("smallest_effect", 111.63852906460124),
            ("std_error", 39.848343124752894),
        ],
    ),
    (
        "effect_detectable",
        "variable = 'sickleave_0815_0716'",
        &[
            ("n_treated", 3296.0),
            ("n_control", 1533.0),
            ("mean", 6.110125184738042),
            ("smallest_effect", 0.6241970689340117),
            ("std_error", 0.22280138576489383),
        ],
    ),
    (
        "effect_detectable",
        "variable = 'gym_0815_0716'",
        &[
            ("n_treated", 3300.0),
            ("n_control", 1534.0),
            ("mean", 6.962763756723211),
            ("smallest_effect", 2.258033814320977),
            ("std_error", 0.8059843404805994),
        ],
    ),
    (
        "effect_families",
        "outcome = 'spend_office_0816_0717'",
        &[
            ("estimate", -7.844438055652205),
            ("std_error", 10.971133892946504),
            ("n_units", 3239.0),
            ("p_value", 0.501124718820295),
            ("p_adjusted", 0.9275181204698826),
        ],
    ),
    (
        "effect_families",
        "outcome = 'spend_hospital_0816_0717'",
        &[
            ("estimate", -10.298461178036291),
            ("std_error", 40.803711235693505),
            ("n_units", 3239.0),
            ("p_value", 0.8245438640339915),
            ("p_adjusted", 0.9275181204698826),
        ],
    ),
    (
        "effect_families",
        "outcome = 'spend_drug_0816_0717'",
        &[
            ("estimate", -10.418911597148906),
            ("std_error", 26.117631509524905),
            ("n_units", 3239.0),
            ("p_value", 0.688827793051737),
            ("p_adjusted", 0.9275181204698826),
        ],
    ),
    (
        "effect_families",
        "outcome = 'nonzero_spend_0816_0717'",
        &[
            ("estimate", -0.00788289475533821),
            ("std_error", 0.011093410105366098),
            ("n_units", 3239.0),
            ("p_value", 0.4693826543364159),
            ("p_adjusted", 0.9275181204698826),
        ],
    ),
    (
        "effect_families",
        "outcome = 'sickleave_0816_0717'",
        &[
            ("estimate", 0.22281407496960703),
            ("std_error", 0.23774065726932994),
            ("n_units", 4782.0),
            ("p_value", 0.3369157710572357),
            ("p_adjusted", 0.802049487628093),
        ],
    ),
    (
        "effect_families",
        "outcome = 'gym_0816_0717'",
        &[
            ("estimate", -0.11368964581880103),
            ("std_error", 0.7385953406105555),
            ("n_units", 4782.0),
            ("p_value", 0.8740314921269683),
            ("p_adjusted", 0.9525118720319921),
        ],
    ),
    (
        "effect_families",
        "outcome = 'promotion_0616_0717'",
        &[
            ("estimate", -0.00340735068912712),
            ("std_error", 0.012771454143244097),
            ("n_units", 4146.0),
            ("p_value", 0.7930517370657336),
            ("p_adjusted", 0.9525118720319921),
        ],
    ),
    (
        "effect_families",
        "outcome = 'terminated_0717'",
        &[
            ("estimate", -0.013077142912500977),
            ("std_error", 0.009661094316065334),
            ("n_units", 4782.0),
            ("p_value", 0.19145213696575855),
            ("p_adjusted", 0.6140964758810298),
        ],
    ),
    (
        "effect_families",
        "outcome = 'prod_index_yr1'",
        &[
            ("estimate", -0.04630584846718691),
            ("std_error", 0.06082514215417177),
            ("n_units", 3309.0),
            ("p_value", 0.44738815296175954),
            ("p_adjusted", 0.8062984253936516),
        ],
    ),
];

#[test]
fn other_questions_to_the_trial_have_the_answers_of_another_program() {
    let Some(data) = data() else { return };
    let project = trial(&data);
    for (table, row, expected) in FIGURES {
        let rows = project.rows(&format!("select * from {table} where {row}"));
        assert_eq!(rows.len(), 1, "{table}: {row}");
        assert_eq!(rows[0]["status"], "ok", "{table}: {row}");
        for (column, expected) in expected {
            let found = number(&rows[0][*column]);
            // Shares of other draws than those of the reference, which had 4,000.
            let is_drawn = table == "effect_families" && column.starts_with("p_");
            let tolerance = if is_drawn {
                0.035
            } else {
                1e-8 * expected.abs().max(1e-3)
            };
            assert!(
                (found - expected).abs() <= tolerance,
                "{table}: {row}: {column} is {found}, not {expected}"
            );
        }
    }
}
