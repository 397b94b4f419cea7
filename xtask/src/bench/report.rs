//! Figures as a table, on the terminal and in docs/reference/performance.md.

use std::fs;

use miette::{IntoDiagnostic, WrapErr};

use crate::{run, say, tree::Tree};

const FILE: &str = "docs/reference/performance.md";

/// Smallest, middle and largest of some figures.
pub(super) struct Spread {
    pub(super) min: f64,
    pub(super) median: f64,
    pub(super) max: f64,
}

impl Spread {
    /// Of figures in any order; all zero when there are none.
    pub(super) fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        let at = |place: usize| figures.get(place).copied().unwrap_or(0.0);
        Self { min: at(0), median: at(figures.len() / 2), max: at(figures.len().saturating_sub(1)) }
    }
}

/// Prints a table and puts it between the markers of its name.
pub(super) fn publish(tree: &Tree, name: &str, table: &str) -> miette::Result<()> {
    say::line(table.trim_end());
    let text = replaced(&tree.read(FILE)?, name, &format!("{}\n\n{}", machine(tree), table.trim_end()));
    let text = text.ok_or_else(|| miette::miette!("{FILE} has no markers for {name}"))?;
    fs::write(tree.path(FILE), text).into_diagnostic().wrap_err_with(|| format!("cannot write {FILE}"))
}

/// `text` with what stands between the markers of `name` replaced.
fn replaced(text: &str, name: &str, new: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {name}:begin -->"), format!("<!-- {name}:end -->"));
    let (before, rest) = text.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{new}\n{end}{after}"))
}

/// What was measured on, in a sentence.
fn machine(tree: &Tree) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map_or("unknown processor", |(_, name)| name);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let commit = run::output(tree, "git", &["rev-parse", "--short", "HEAD"]).unwrap_or_default();
    let disk = run::output(tree, "stat", &["--file-system", "--format=%T", "."]).unwrap_or_default();
    format!("Measured at commit {} on {cores} cores of {model}, Linux {}, {}.", commit.trim(), kernel.trim(), disk.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_takes_the_place_of_the_last() {
        let text = "a\n<!-- files:begin -->\nold\n<!-- files:end -->\nb";
        assert_eq!(replaced(text, "files", "new").as_deref(), Some("a\n<!-- files:begin -->\nnew\n<!-- files:end -->\nb"));
        assert_eq!(replaced(text, "idle", "new"), None);
    }

    #[test]
    fn the_spread_is_of_sorted_figures() {
        let spread = Spread::of(vec![3.0, 1.0, 2.0]);
        assert!((spread.min - 1.0).abs() < 1e-9 && (spread.median - 2.0).abs() < 1e-9 && (spread.max - 3.0).abs() < 1e-9);
    }
}
