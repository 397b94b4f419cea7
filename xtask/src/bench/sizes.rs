//! What the image weighs, part by part, as it lies on the disk and as it is sent.

use std::fmt::Write;

use miette::IntoDiagnostic;

use super::report;
use crate::{image::Made, run, tree::Tree};

/// The most that the pressed image may weigh, in MB.
const AIM_MB: f64 = 350.0;
const MB: f64 = 1e6;
/// As the image is pressed for people.
const PRESS: &str = "-15";
/// Sections of the kernel image (the UAPI group's specification of unified kernel images).
const SECTIONS: [(&str, &str); 3] = [(".linux", "kernel"), (".initrd", "initrd"), (".ucode", "microcode")];

/// Weighs `made`.
pub(super) fn run(tree: &Tree, made: &Made) -> miette::Result<()> {
    let mut parts = Vec::new();
    for (section, what) in SECTIONS {
        let taken = tree.target().join(format!("section{section}"));
        let mut objcopy = run::program(tree, "objcopy");
        objcopy.args(["-O", "binary", "--set-section-flags", &format!("{section}=alloc"), "--only-section", section]);
        run::read(objcopy.arg(made.file("efi")).arg(&taken))?;
        parts.push((format!("{what}, in the kernel image"), taken));
    }
    for (part, what) in [
        ("efi", "kernel image"),
        ("esp.raw", "EFI system partition"),
        ("root.raw", "root"),
        ("verity.raw", "hashes of the root"),
        ("raw", "**whole disk**"),
    ] {
        parts.push((what.to_owned(), made.file(part)));
    }
    let mut table = "| part | MB that are not empty | MB compressed (zstd) | of the aim |\n|---|---|---|---|\n".to_owned();
    for (what, file) in parts {
        let script = format!("zstd --quiet --stdout -T0 {PRESS} \"$1\" | wc -c; du --block-size=1 \"$1\"");
        let said = run::read(run::program(tree, "sh").args(["-c", &script, "sh"]).arg(&file))?;
        let mut figures = said.split_whitespace().map(str::parse::<f64>);
        let mut figure = || figures.next().transpose().into_diagnostic().map(Option::unwrap_or_default);
        let (pressed, there) = (figure()? / MB, figure()? / MB);
        let _ = writeln!(table, "| {what} | {there:.1} | {pressed:.1} | {:.2} |", pressed / AIM_MB);
    }
    report::publish(tree, "image", &table)
}
