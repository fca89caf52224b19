//! Which item code means what: a table in a file, with the official codes as default.

use std::collections::HashMap;

/// Type of an item's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemType {
    /// PQ: a number with a unit.
    Quantity,
    /// CD and CO: a code.
    Code,
    /// ST: text, which is never read.
    Text,
}

/// An item.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Type.
    pub kind: ItemType,
    /// UCUM unit; empty where there is none.
    pub unit: String,
    /// Index of the column in [`ItemTable::columns`]; `None` for items that are checked and go nowhere.
    pub column: Option<usize>,
    /// Preference among the items of one column, 1 first; 0 adds all.
    pub order: u8,
    /// Smallest value.
    pub low: Option<f64>,
    /// Largest value.
    pub high: Option<f64>,
    /// Number of answers in terms 2, 3 and 4: 0 not asked, `None` not checked.
    pub answers: [Option<u32>; 3],
}

/// A column that items fill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name, as in the contract.
    pub name: String,
    /// Whether its values are codes, which are never rounded.
    pub is_coded: bool,
}

/// Why a table of items is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{file}` line {line}: {problem}")]
pub struct ItemError {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong and what to write.
    pub problem: &'static str,
}

/// Items by code.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemTable {
    columns: Vec<Column>,
    items: HashMap<String, Item>,
    names: HashMap<String, usize>,
}

const HEADER: &str = "code,type,unit,column,order,low,high,codes_2,codes_3,codes_4,source";

impl ItemTable {
    /// The table of checkups that comes with the program.
    ///
    /// # Errors
    /// [`ItemError`] where the file that was built in is broken.
    pub fn checkups() -> Result<Self, ItemError> {
        Self::parse(
            include_str!("../../data/checkup_items.csv"),
            "checkup_items.csv",
        )
    }

    /// The table of guidance that comes with the program.
    ///
    /// # Errors
    /// [`ItemError`] where the file that was built in is broken.
    pub fn guidance() -> Result<Self, ItemError> {
        Self::parse(
            include_str!("../../data/guidance_items.csv"),
            "guidance_items.csv",
        )
    }

    /// Reads a table: comments begin with `#`, the first other line is the header.
    ///
    /// # Errors
    /// [`ItemError`] at the first line that is not an item.
    pub fn parse(text: &str, file: &str) -> Result<Self, ItemError> {
        let mut table = Self {
            columns: Vec::new(),
            items: HashMap::new(),
            names: HashMap::new(),
        };
        let lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty());
        let mut has_header = false;
        for (index, line) in lines {
            let added = if has_header {
                table.add(line)
            } else {
                has_header = true;
                (line.trim_end() == HEADER).then_some(()).ok_or(
                    "the header has to be code,type,unit,column,order,low,high,codes_2,codes_3,codes_4,source",
                )
            };
            added.map_err(|problem| ItemError {
                file: file.to_owned(),
                line: index + 1,
                problem,
            })?;
        }
        Ok(table)
    }

    fn add(&mut self, line: &str) -> Result<(), &'static str> {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let [
            code,
            kind,
            unit,
            column,
            order,
            low,
            high,
            codes_2,
            codes_3,
            codes_4,
            _source,
        ] = fields[..]
        else {
            return Err("an item has eleven fields");
        };
        if code.is_empty() || !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err("a code has letters and digits");
        }
        let kind = match kind {
            "PQ" => ItemType::Quantity,
            "CD" | "CO" => ItemType::Code,
            "ST" => ItemType::Text,
            _ => return Err("a type is PQ, CD, CO or ST"),
        };
        let bound = |text: &str| match text {
            "" => Ok(None),
            text => text
                .parse()
                .map(Some)
                .map_err(|_| "low and high are numbers"),
        };
        let answers = |text: &str| match text {
            "" => Ok(None),
            text => text
                .parse()
                .map(Some)
                .map_err(|_| "codes_2 to codes_4 are whole numbers"),
        };
        let item = Item {
            kind,
            unit: unit.to_owned(),
            column: self.column_index(column, kind == ItemType::Code)?,
            order: match order {
                "" => 0,
                order => order
                    .parse()
                    .map_err(|_| "an order is a whole number up to 255")?,
            },
            low: bound(low)?,
            high: bound(high)?,
            answers: [answers(codes_2)?, answers(codes_3)?, answers(codes_4)?],
        };
        if kind == ItemType::Text && item.column.is_some() {
            return Err("text is never read: an ST item has no column");
        }
        match self.items.insert(code.to_owned(), item) {
            Some(_) => Err("the code occurs twice"),
            None => Ok(()),
        }
    }

    fn column_index(&mut self, name: &str, is_coded: bool) -> Result<Option<usize>, &'static str> {
        if name.is_empty() {
            return Ok(None);
        }
        if let Some(index) = self.names.get(name) {
            let is_same = self.columns[*index].is_coded == is_coded;
            return is_same
                .then_some(Some(*index))
                .ok_or("items of one column are all PQ or all coded");
        }
        let index = self.columns.len();
        self.names.insert(name.to_owned(), index);
        self.columns.push(Column {
            name: name.to_owned(),
            is_coded,
        });
        Ok(Some(index))
    }

    /// The columns, in the order of the values of rows.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Index of a column.
    #[must_use]
    pub fn index(&self, column: &str) -> Option<usize> {
        self.names.get(column).copied()
    }

    /// An item by its code.
    #[must_use]
    pub fn item(&self, code: &str) -> Option<&Item> {
        self.items.get(code)
    }

    /// All items, in no order.
    pub fn items(&self) -> impl Iterator<Item = (&str, &Item)> {
        self.items.iter().map(|(code, item)| (code.as_str(), item))
    }

    /// The code that fills a column first.
    pub(super) fn first_code(&self, column: usize) -> Option<&str> {
        let of_column = self
            .items
            .iter()
            .filter(|(_, item)| item.column == Some(column));
        of_column
            .min_by_key(|(_, item)| item.order)
            .map(|(code, _)| code.as_str())
    }
}
