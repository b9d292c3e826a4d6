// SPDX-License-Identifier: Apache-2.0 OR MIT
//! A column printer: as wide as its cells, numbers to the right.

/// Where the cells of a column stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    /// To the left: words.
    Left,
    /// To the right: numbers.
    Right,
}

/// Rows under a head line.
#[derive(Debug)]
pub(super) struct Table {
    align: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns.
    pub(super) fn new(columns: &[(&str, Align)]) -> Table {
        Table {
            align: columns.iter().map(|(_, align)| *align).collect(),
            rows: vec![columns.iter().map(|(name, _)| (*name).to_owned()).collect()],
        }
    }

    /// Adds a row; it has a cell for each column.
    pub(super) fn row(&mut self, cells: Vec<String>) {
        debug_assert_eq!(cells.len(), self.align.len());
        self.rows.push(cells);
    }

    /// The text, every line indented and without blanks at its end.
    pub(super) fn render(&self, indent: usize) -> String {
        let widths: Vec<usize> = (0..self.align.len())
            .map(|column| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
            .collect();
        let mut text = String::new();
        for row in &self.rows {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .zip(&self.align)
                .map(|((cell, &width), align)| match align {
                    Align::Left => format!("{cell:<width$}"),
                    Align::Right => format!("{cell:>width$}"),
                })
                .collect();
            text += &format!("{:indent$}{}", "", cells.join("  "));
            text.truncate(text.trim_end_matches(' ').len());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(&[("#", Align::Right), ("packet", Align::Left), ("", Align::Left)]);
        table.row(vec!["9".into(), "UDP".into(), String::new()]);
        table.row(vec!["10".into(), "ICMPv6 cut".into(), "x".into()]);
        assert_eq!(table.render(1), "  #  packet\n  9  UDP\n 10  ICMPv6 cut  x\n");
    }
}
