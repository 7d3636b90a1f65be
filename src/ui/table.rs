//! A table that becomes a list where the terminal is too narrow for it.

use std::fmt::Write as _;

use super::diagnostics::printable;
use super::printer::style;

/// Columns with headings, rows under headings of their own.
#[derive(Debug, Clone, Default)]
pub struct Table {
    header: Vec<String>,
    rows: Vec<Row>,
}

#[derive(Debug, Clone)]
enum Row {
    Heading(String),
    Cells(Vec<String>),
}

impl Table {
    /// A table with the headings of its columns.
    pub fn new(header: Vec<String>) -> Self {
        Self {
            header,
            rows: Vec::new(),
        }
    }

    /// A heading over the rows to come.
    pub fn heading(&mut self, text: &str) {
        self.rows.push(Row::Heading(text.to_owned()));
    }

    /// A row.
    pub fn row(&mut self, cells: &[String]) {
        let cells = cells.iter().map(|cell| printable(cell)).collect();
        self.rows.push(Row::Cells(cells));
    }

    /// As text, every line ended; in at most `width` columns where that can be.
    pub fn draw(&self, width: Option<usize>) -> String {
        let widths = self.widths();
        let whole = 2 + widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
        if width.is_some_and(|width| width < whole) {
            self.list()
        } else {
            self.table(&widths)
        }
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.header.iter().map(|h| h.chars().count()).collect();
        for row in &self.rows {
            let Row::Cells(cells) = row else { continue };
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.chars().count());
            }
        }
        widths
    }

    fn table(&self, widths: &[usize]) -> String {
        let line = |cells: &[String]| {
            let mut line = String::from("  ");
            for (cell, width) in cells.iter().zip(widths) {
                let _ = write!(line, "{cell:width$}  ");
            }
            line.trim_end().to_owned()
        };
        let (faint, bold) = (style::FAINT, style::HEADING);
        let mut text = format!("{faint}{}{faint:#}\n", line(&self.header));
        for row in &self.rows {
            let _ = match row {
                Row::Heading(heading) => writeln!(text, "{bold}{heading}{bold:#}"),
                Row::Cells(cells) => writeln!(text, "{}", line(cells)),
            };
        }
        text
    }

    fn list(&self) -> String {
        let bold = style::HEADING;
        let mut text = String::new();
        for row in &self.rows {
            match row {
                Row::Heading(heading) => {
                    let _ = writeln!(text, "{bold}{heading}{bold:#}");
                }
                Row::Cells(cells) => {
                    for (index, (cell, header)) in cells.iter().zip(&self.header).enumerate() {
                        if index == 0 {
                            let _ = writeln!(text, "  {cell}");
                        } else if !cell.is_empty() {
                            let _ = writeln!(text, "    {header}: {cell}");
                        }
                    }
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_and_narrow() {
        let mut table = Table::new(vec!["name".to_owned(), "prod".to_owned()]);
        table.heading("apps");
        table.row(&["grafana".to_owned(), "1.0".to_owned()]);
        table.row(&["x".to_owned(), String::new()]);
        let plain = |text: &str| anstream::adapter::strip_str(text).to_string();
        assert_eq!(
            plain(&table.draw(Some(15))),
            "  name     prod\napps\n  grafana  1.0\n  x\n"
        );
        assert_eq!(
            plain(&table.draw(Some(14))),
            "apps\n  grafana\n    prod: 1.0\n  x\n"
        );
        assert_eq!(table.draw(None), table.draw(Some(15)));
    }
}
