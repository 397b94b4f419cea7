//! Starting programs: with their output shown, kept, or read.

use std::{
    ffi::OsStr,
    path::PathBuf,
    process::{Command, Stdio},
};

use miette::{IntoDiagnostic, WrapErr};

use crate::tree::Tree;

/// A program that runs in the tree, with the project's own tools on its path.
pub(crate) fn program(tree: &Tree, name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(tree.root()).env("PATH", path_with_tools(tree));
    command
}

/// Where `cargo install` puts what this machine lacks.
pub(crate) fn tools(tree: &Tree) -> PathBuf {
    tree.target().join("tools")
}

fn path_with_tools(tree: &Tree) -> std::ffi::OsString {
    let here = tools(tree).join("bin");
    // Administrators' programs are not on everybody's path, and mmdebstrap or nginx are found there.
    let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(here).chain(std::env::split_paths(&path)).chain(system);
    std::env::join_paths(folders).unwrap_or(path)
}

/// Whether a program of this name can be started.
pub(crate) fn is_here(tree: &Tree, name: &str) -> bool {
    std::env::split_paths(&path_with_tools(tree)).any(|folder| folder.join(name).is_file())
}

/// Runs a program with its output shown; an error when it fails.
pub(crate) fn shown(command: &mut Command) -> miette::Result<()> {
    let name = told(command);
    let status = command.status().into_diagnostic().wrap_err_with(|| format!("cannot start `{name}`"))?;
    if status.success() { Ok(()) } else { Err(miette::miette!("`{name}` failed: {status}")) }
}

/// What a program prints; an error with its last words when it fails.
pub(crate) fn output(tree: &Tree, name: &str, arguments: &[&str]) -> miette::Result<String> {
    read(program(tree, name).args(arguments))
}

/// What a prepared program prints; an error with its last words when it fails.
pub(crate) fn read(command: &mut Command) -> miette::Result<String> {
    let name = told(command);
    let result = command.stdin(Stdio::null()).output().into_diagnostic().wrap_err_with(|| format!("cannot start `{name}`"))?;
    if result.status.success() {
        return Ok(String::from_utf8_lossy(&result.stdout).into_owned());
    }
    Err(miette::miette!("`{name}` failed: {}\n{}", result.status, String::from_utf8_lossy(&result.stderr).trim_end()))
}

/// The command line `croft`, built from this tree.
pub(crate) fn croft(tree: &Tree, arguments: &[std::ffi::OsString]) -> miette::Result<()> {
    // The whole workspace, as everything else builds it: a part would compile the same libraries with other features once more.
    shown(program(tree, "cargo").args(["build", "--workspace"]))?;
    // Paths in the arguments are relative to where the person stands, not to the tree.
    let status = Command::new(tree.target().join("debug/croft")).args(arguments).status().into_diagnostic()?;
    std::process::exit(status.code().unwrap_or(1))
}

/// A command as a person would have typed it, shortened.
fn told(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let text: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    let mut text = text.join(" ");
    if text.len() > 160 {
        text.truncate(text.floor_char_boundary(160));
        text.push('…');
    }
    text
}
