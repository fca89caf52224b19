//! Reads the plans, gates and locks of a project.

use std::path::Path;

use super::error::EvaluationError;
use super::gate::{self, GATES_FILE, Gate};
use super::lock::Lock;
use super::plan::{EvaluationPlan, PLANS_FOLDER};
use super::scale::{self, RATINGS_FILE, RatingScale};
use crate::project_file::{read_file, read_named_files};
use crate::toml_reader::TomlDocument;
use crate::vocabulary::Vocabulary;

/// The plans of a project, in the order of their names, each with its lock.
#[derive(Debug, Clone, Default)]
pub struct Evaluations {
    /// Plans and what they said when they were fixed.
    pub plans: Vec<(EvaluationPlan, Option<Lock>)>,
    /// The gates of all plans, before a plan changes them for itself.
    pub gates: Vec<Gate>,
    /// How changes of indicators are rated.
    pub scale: Option<RatingScale>,
}

impl Evaluations {
    /// Reads plans, gates and locks of the project in `folder`; without a folder of plans there are none.
    ///
    /// # Errors
    /// With file, line and column of what is wrong.
    pub fn load(folder: &Path, vocabulary: &Vocabulary) -> Result<Self, EvaluationError> {
        let gates = read_gates(folder)?;
        let plans = folder.join(PLANS_FOLDER);
        if !plans.is_dir() {
            return Ok(Self {
                gates,
                ..Self::default()
            });
        }
        let mut found = Vec::new();
        for file in read_named_files(folder, PLANS_FOLDER, "plan")? {
            let document = TomlDocument::parse(&file.shown, &file.text)?;
            let plan = EvaluationPlan::read(&file.name, &document.root(), vocabulary, &gates)?;
            let lock = Lock::load(folder, &file.name)?;
            found.push((plan, lock));
        }
        Ok(Self {
            plans: found,
            gates,
            scale: read_scale(folder)?,
        })
    }

    /// The plan called `name`, to be changed.
    pub fn plan_mut(&mut self, name: &str) -> Option<&mut EvaluationPlan> {
        let found = self.plans.iter_mut().find(|(plan, _)| plan.name == name);
        found.map(|(plan, _)| plan)
    }

    /// The plan called `name` and its lock.
    #[must_use]
    pub fn plan(&self, name: &str) -> Option<&(EvaluationPlan, Option<Lock>)> {
        self.plans.iter().find(|(plan, _)| plan.name == name)
    }
}

fn read_gates(folder: &Path) -> Result<Vec<Gate>, EvaluationError> {
    let path = folder.join(GATES_FILE);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let shown = Path::new(GATES_FILE);
    let text = read_file(&path, shown)?;
    let document = TomlDocument::parse(shown, &text)?;
    let items = document.root().items().into_iter();
    items
        .map(|item| gate::read(&item, &item.table()?))
        .collect()
}

fn read_scale(folder: &Path) -> Result<Option<RatingScale>, EvaluationError> {
    let path = folder.join(RATINGS_FILE);
    if !path.exists() {
        return Ok(None);
    }
    let shown = Path::new(RATINGS_FILE);
    let text = read_file(&path, shown)?;
    let document = TomlDocument::parse(shown, &text)?;
    scale::read(&document.root()).map(Some)
}
