//! What can be chosen, as lines: names in one column, what they are in the next.

use dialoguer::console::measure_text_width;

use super::Item;
use super::look::Look;
use super::text::{cut, wrap};

/// Columns that the text beside a name wants; with less it stands below.
const BESIDE: usize = 18;

/// Items that are shown together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listing<'a> {
    items: &'a [Item],
    /// How wide the names are, all together.
    names: usize,
    /// Columns there are.
    room: usize,
}

impl<'a> Listing<'a> {
    pub(super) fn new(items: &'a [Item], look: Look) -> Self {
        let names = items.iter().map(|item| measure_text_width(&item.name));
        Self {
            items,
            names: names.max().unwrap_or(0).min(look.width / 2),
            room: look.width - 1,
        }
    }

    /// An item on as many lines as it needs, behind a mark.
    pub(super) fn whole(&self, item: usize, mark: &str) -> Vec<String> {
        let beside = mark.len() + self.names + 2;
        let line = self.unbroken(item, mark);
        if measure_text_width(&line) <= self.room || beside + BESIDE <= self.room {
            return wrap(&line, self.room, &" ".repeat(beside));
        }
        let Item { name, about } = &self.items[item];
        let indent = " ".repeat(mark.len() + 2);
        let mut lines = wrap(&format!("{mark}{name}"), self.room, &indent);
        lines.extend(wrap(&format!("{indent}{about}"), self.room, &indent));
        lines
    }

    /// An item on one line, cut where it is too long.
    pub(super) fn short(&self, item: usize, mark: &str) -> String {
        cut(&self.unbroken(item, mark), self.room)
    }

    /// An item on one line, as wide as it is.
    fn unbroken(&self, item: usize, mark: &str) -> String {
        let Item { name, about } = &self.items[item];
        let pad = " ".repeat(self.names.saturating_sub(measure_text_width(name)));
        let line = format!("{mark}{name}{pad}  {about}");
        line.trim_end().to_owned()
    }
}
