//! `croft app check`: what would become of each app of a catalogue.

use std::path::Path;

use croft_catalog::{AppSpec, Catalogue, CatalogueKind, Outcome, ReadApp, ReasonKind};
use serde::Serialize;

use super::read;
use crate::{
    commands::CommandError,
    say::{Say, clean},
};

/// What is said of a catalogue.
#[derive(Serialize)]
struct Report {
    summary: Summary,
    apps: Vec<Line>,
}

#[derive(Default, Serialize)]
struct Summary {
    imported: usize,
    remarks: usize,
    refused: usize,
    /// Of those that are refused: by policy.
    policy: usize,
}

#[derive(Serialize)]
struct Line {
    id: String,
    outcome: &'static str,
    reasons: Vec<String>,
    /// Which sort of refusal, the gravest where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<ReasonKind>,
    catalogue: CatalogueKind,
    folder: String,
    permissions: Vec<Consent>,
}

#[derive(Serialize)]
struct Consent {
    word: &'static str,
    sentence: String,
}

/// Reads the catalogue in `dir` and says what would become of it.
pub(super) fn run(dir: &Path, say: &Say) -> Result<(), CommandError> {
    let catalogue = read::catalogue(dir)?;
    say.print(&report(&catalogue), text);
    Ok(())
}

fn report(catalogue: &Catalogue) -> Report {
    let mut summary = Summary::default();
    let apps = catalogue.apps.iter().map(line).collect::<Vec<_>>();
    for app in &apps {
        match app.outcome {
            "imported" => summary.imported += 1,
            "remarks" => summary.remarks += 1,
            _ => summary.refused += 1,
        }
        summary.policy += usize::from(app.kind == Some(ReasonKind::Policy));
    }
    Report { summary, apps }
}

fn line(app: &ReadApp) -> Line {
    let (outcome, reasons, kind, spec) = match &app.outcome {
        Outcome::Imported(spec) => ("imported", Vec::new(), None, Some(spec)),
        Outcome::Remarks(spec) => ("remarks", spec.remarks.iter().map(ToString::to_string).collect(), None, Some(spec)),
        Outcome::Refused(reasons) => {
            let sentences = reasons.iter().map(|reason| reason.sentence.clone()).collect();
            ("refused", sentences, reasons.iter().map(|reason| reason.kind).min(), None)
        }
    };
    let permissions = spec.map(|spec| consents(spec)).unwrap_or_default();
    Line { id: app.id.to_string(), outcome, reasons, kind, catalogue: app.kind, folder: app.folder.clone(), permissions }
}

fn consents(spec: &AppSpec) -> Vec<Consent> {
    spec.permissions.iter().map(|one| Consent { word: one.word(), sentence: one.sentence() }).collect()
}

fn text(report: &Report) -> String {
    let mut lines = Vec::new();
    for app in &report.apps {
        lines.push(match (app.outcome, app.kind) {
            ("imported", _) => format!("{}: imported", app.id),
            ("remarks", _) => format!("{}: imported with remarks", app.id),
            (_, Some(ReasonKind::Policy)) => format!("{}: refused by policy", app.id),
            _ => format!("{}: refused", app.id),
        });
        lines.extend(app.permissions.iter().map(|one| format!("  asks: {}", one.sentence)));
        lines.extend(app.reasons.iter().map(|reason| format!("  {reason}")));
    }
    let Summary { imported, remarks, refused, policy } = report.summary;
    lines.push(String::new());
    lines.push(format!("{imported} imported, {remarks} imported with remarks, {refused} refused ({policy} of them by policy)"));
    lines.iter().map(|line| clean(line)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use croft_catalog::FilesInMemory;

    use super::*;

    fn catalogue() -> Catalogue {
        let app = |extra: &str| format!("services:\n  web:\n    image: example.org/web@sha256:{}\n{extra}", "0".repeat(64));
        croft_catalog::read(&FilesInMemory::from_iter([
            ("notes/compose.yml", app("")),
            ("paint/compose.yml", app("    paint: 1\n    privileged: true\n")),
            ("engine/compose.yml", app("    volumes: ['/var/run/docker.sock:/var/run/docker.sock']\n    build: .\n")),
            ("wrong/compose.yml", "services: [".to_owned()),
        ]))
        .unwrap()
    }

    #[test]
    fn people_read_sentences() {
        insta::assert_snapshot!(text(&report(&catalogue())));
    }

    #[test]
    fn programs_read_a_shape_that_stays() {
        insta::assert_json_snapshot!(report(&catalogue()));
    }
}
