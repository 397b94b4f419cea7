//! What the tree says about itself: links, versions, dependencies.

use std::path::Path;

use miette::{IntoDiagnostic, WrapErr};

use super::Complaint;
use crate::{run, tree::Tree};

/// One line for each library, with its reason.
const DEPENDENCIES: &str = "docs/decisions/dependencies.md";

/// One row for each code that an answer may carry.
const CODES: &str = "docs/operations/troubleshooting.md";

/// Every complaint about the tree as a whole.
pub(super) fn check(tree: &Tree, files: &[String]) -> miette::Result<Vec<Complaint>> {
    let manifest: toml::Table = tree.read("Cargo.toml")?.parse().into_diagnostic().wrap_err("Cargo.toml")?;
    let mut complaints = dependencies(&manifest, &tree.read(DEPENDENCIES)?);
    complaints.extend(toolchain(&manifest, &run::output(tree, "rustc", &["--version"])?));
    let explained = codes_explained(&tree.read(CODES)?);
    for file in files {
        if file.ends_with(".rs") && !file.contains("/tests/") && !file.starts_with("xtask/") {
            let unknown = codes(&tree.read(file)?).into_iter().filter(|code| !explained.contains(code));
            complaints.extend(unknown.map(|code| Complaint::new(file, format!("the code {code} has no row in {CODES}"))));
        }
        if file.ends_with(".md") {
            complaints.extend(links(tree.root(), file, &tree.read(file)?));
        }
        if file.ends_with("/Cargo.toml") && !tree.read(file)?.contains("[lints]\nworkspace = true") {
            complaints.push(Complaint::new(file, "does not take the workspace's lints"));
        }
    }
    Ok(complaints)
}

fn dependencies(manifest: &toml::Table, reasons: &str) -> Vec<Complaint> {
    let table = manifest.get("workspace").and_then(|workspace| workspace.get("dependencies")).and_then(toml::Value::as_table);
    let names: Vec<&String> = table.into_iter().flatten().map(|(name, _)| name).filter(|name| !name.starts_with("croft-")).collect();
    let explained = |name: &str| reasons.lines().any(|line| line.contains(&format!("`{name}`")));
    let mut complaints: Vec<Complaint> = names
        .iter()
        .filter(|name| !explained(name))
        .map(|name| Complaint::new("Cargo.toml", format!("{name} has no line in {DEPENDENCIES}")))
        .collect();
    let listed = reasons.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(name, _)| name));
    let gone = listed.filter(|listed| !names.iter().any(|name| name == listed));
    complaints.extend(gone.map(|name| Complaint::new(DEPENDENCIES, format!("explains {name}, which is not used"))));
    complaints
}

fn toolchain(manifest: &toml::Table, found: &str) -> Option<Complaint> {
    let package = manifest.get("workspace").and_then(|workspace| workspace.get("package"));
    let wanted = package.and_then(|package| package.get("rust-version")).and_then(toml::Value::as_str).unwrap_or("none");
    let version = found.split_whitespace().nth(1).unwrap_or_default();
    let same = version == wanted || version.starts_with(&format!("{wanted}."));
    (!same).then(|| {
        Complaint::new("Cargo.toml", format!("rust-version is {wanted}, but this is rustc {version}; use the pinned one, or raise the pin"))
    })
}

/// Codes of the problems that a source makes: the first text after a status.
fn codes(source: &str) -> Vec<String> {
    let product = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let calls = product.split("Problem::new(").skip(1);
    let code = |call: &str| {
        let (status, rest) = call.split_once('"')?;
        let is_status = status.trim().trim_end_matches(',').chars().all(|digit| digit.is_ascii_digit());
        is_status.then(|| rest.split('"').next().unwrap_or_default().to_owned())
    };
    calls.filter_map(code).collect()
}

/// Codes that begin a row of the page.
fn codes_explained(page: &str) -> Vec<String> {
    page.lines().filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned())).collect()
}

/// Relative links of a Markdown file that lead nowhere.
fn links(root: &Path, file: &str, text: &str) -> Vec<Complaint> {
    let folder = root.join(file).parent().map(Path::to_owned).unwrap_or_default();
    let mut complaints = Vec::new();
    let mut in_code = false;
    for (index, line) in text.lines().enumerate() {
        in_code ^= line.trim_start().starts_with("```");
        if in_code {
            continue;
        }
        for target in targets(line) {
            let path = target.split('#').next().unwrap_or_default();
            let elsewhere = path.is_empty() || path.contains("://") || path.starts_with("mailto:");
            if !elsewhere && !folder.join(path).exists() {
                complaints.push(Complaint::new(format!("{file}:{}", index + 1), format!("the link to {target} leads nowhere")));
            }
        }
    }
    complaints
}

/// Targets of `[text](target)` in a line.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(complaints: impl IntoIterator<Item = Complaint>) -> Vec<String> {
        complaints.into_iter().map(|complaint| complaint.to_string()).collect()
    }

    #[test]
    fn every_dependency_is_explained_and_every_explanation_is_of_one() {
        let manifest: toml::Table =
            "[workspace.dependencies]\ncroft-model = { path = \"m\" }\nredb = \"4\"\nserde = \"1\"".parse().unwrap();
        let found = told(dependencies(&manifest, "| `redb` | stores |\n| `gone` | was |"));
        assert_eq!(
            found,
            [
                "Cargo.toml: serde has no line in docs/decisions/dependencies.md",
                "docs/decisions/dependencies.md: explains gone, which is not used"
            ]
        );
    }

    #[test]
    fn another_toolchain_is_noticed() {
        let manifest: toml::Table = "[workspace.package]\nrust-version = \"1.95\"".parse().unwrap();
        assert!(toolchain(&manifest, "rustc 1.95.0 (59807616e 2026-04-14)").is_none());
        assert!(toolchain(&manifest, "rustc 1.9.5").is_some());
        assert!(toolchain(&manifest, "rustc 1.96.0").is_some());
    }

    #[test]
    fn codes_are_found_where_they_are_made() {
        let source =
            "Problem::new(404, \"gone\", \"It is.\"); Problem::new(status, \"not-this\", x);\nProblem::new(\n  409,\n  \"taken\", y)";
        assert_eq!(codes(source), ["gone", "taken"]);
        assert_eq!(codes_explained("| code | do |\n|---|---|\n| `gone` | x |"), ["gone"]);
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("docs")).unwrap();
        std::fs::write(folder.path().join("docs/b.md"), "").unwrap();
        let text = "[b](b.md#part) [c](c.md) [web](https://x.example/y) [here](#a)\n```\n[d](d.md)\n```\n[up](../docs/b.md)";
        assert_eq!(told(links(folder.path(), "docs/a.md", text)), ["docs/a.md:1: the link to c.md leads nowhere"]);
    }
}
