//! Which card a person has on which day: that of the enrollment.

use korabo_formats::Identity;

use crate::identity::{NativePerson, symbol};
use crate::insurer_tables::has_new_key;
use crate::rows::{BatchRows, MemberRow};
use crate::world::{INSURERS, World};

/// The cards of one insurer's members.
pub(crate) struct Cards<'a> {
    world: &'a World,
    insurer: usize,
    persons: &'a [NativePerson],
    /// By person and first day.
    members: &'a [MemberRow],
}

/// A card: its symbol, and whose it is.
pub(crate) struct Card<'a> {
    pub(crate) person: &'a NativePerson,
    pub(crate) insurer_number: &'static str,
    pub(crate) symbol: String,
}

impl Card<'_> {
    pub(crate) fn identity(&self) -> Identity {
        self.person.identity(self.insurer_number, &self.symbol)
    }
}

impl<'a> Cards<'a> {
    pub(crate) fn new(world: &'a World, batch: &'a BatchRows, insurer: usize) -> Self {
        Self {
            world,
            insurer,
            persons: &batch.natives,
            members: &batch.insurers[insurer].members,
        }
    }

    /// The card of an enrollment.
    pub(crate) fn of(&self, member: &MemberRow) -> Card<'a> {
        let is_new = has_new_key(self.world, member.worksite, member.from);
        Card {
            person: &self.persons[member.person as usize],
            insurer_number: INSURERS[self.insurer],
            symbol: symbol(member.worksite, is_new),
        }
    }

    /// The card of a person on a day: the last that had begun; of one that comes before all, the first. `None` for a person whom the
    /// insurer never had.
    pub(crate) fn on(&self, person: u32, day: i32) -> Option<Card<'a>> {
        let first = self.members.partition_point(|row| row.person < person);
        let rows = &self.members[first..];
        let rows = &rows[..rows.partition_point(|row| row.person == person)];
        let begun = rows.iter().rev().find(|row| row.from <= day);
        begun.or(rows.first()).map(|row| self.of(row))
    }
}
