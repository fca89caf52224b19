//! Kinds of native files, and how a world becomes such files.

use korabo_formats::Tokeniser;

use super::options::SynthError;

/// A kind of native files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NativeFormat {
    /// Archives of specific health checkups and guidance, one for each insurer and fiscal year.
    CheckupXml,
    /// Electronic claims, a file for each insurer, delivery and kind, and masters that know their codes.
    Uke,
    /// Checkups as a vendor lists them: CSV in CP932 with Japanese headers.
    CsvVendor,
}

impl NativeFormat {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::CheckupXml, Self::Uke, Self::CsvVendor];

    /// The name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CheckupXml => "checkup-xml",
            Self::Uke => "uke",
            Self::CsvVendor => "csv-vendor",
        }
    }
}

impl std::str::FromStr for NativeFormat {
    type Err = SynthError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut all = Self::ALL.into_iter();
        let found = all.find(|format| format.name() == text);
        found.ok_or_else(|| SynthError::UnknownFormat {
            name: text.to_owned(),
        })
    }
}

/// How a world becomes native files.
pub(crate) struct Native {
    pub(crate) formats: Vec<NativeFormat>,
    /// Makes the tokens of the tables that are not native.
    pub(crate) tokeniser: Tokeniser,
}

impl Native {
    pub(crate) fn has(&self, format: NativeFormat) -> bool {
        self.formats.contains(&format)
    }
}
