//! The project's own commands: `cargo xtask …`.
//!
//! Owns everything between a fresh clone and a proved, running box. Installs what is missing, by name, and says what it does.
//! Never used on a box: nothing here is shipped.

mod bench;
mod fuzz;
mod image;
mod layers;
mod openapi;
mod plan;
mod run;
mod say;
mod setup;
mod source;
mod tidy;
mod tools_root;
mod tree;
mod up;
mod vm;
mod web;

use clap::{Parser, Subcommand};

/// Builds, runs and proves Croft.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs a whole box on this machine; Ctrl-C stops it.
    Up(up::Arguments),
    /// Pulls disks out of a box that runs with `up --disks`, puts them back, or puts in new ones.
    Disk(up::DiskArguments),
    /// Runs the engine of apps of a box without the box; Ctrl-C stops it.
    Engine(up::EngineArguments),
    /// Installs what is missing and proves the project.
    Test(plan::Arguments),
    /// Checks who uses whom against layers.toml.
    Layers,
    /// Checks what the house style says and no other tool sees.
    Tidy,
    /// Builds the web UI when its sources changed.
    Web,
    /// Measures a box: memory when idle, or files beside other servers. Uses a release build.
    Bench(bench::Arguments),
    /// Looks for inputs that break the properties of the fuzz targets, for minutes or hours.
    Fuzz(fuzz::Arguments),
    /// Assembles appliance/openapi.json from the roles.
    Openapi(openapi::Arguments),
    /// The command line `croft` from this tree.
    #[command(disable_help_flag = true)]
    Croft {
        /// Handed to `croft` as they are.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
    /// Makes the appliance's image, a file to flash.
    Image(image::Arguments),
    /// Boots the image in QEMU; Ctrl-C ends it.
    Vm(vm::Arguments),
    /// Makes the Debian root with newer tools, and says where it is; or runs a program in it.
    ToolsRoot(tools_root::Arguments),
    /// Installs what is missing, and nothing else.
    Setup,
}

fn main() -> miette::Result<()> {
    let tree = tree::Tree::here();
    match Arguments::parse().command {
        Command::Up(arguments) => up::run(&tree, &arguments),
        Command::Disk(arguments) => up::change_disks(&arguments),
        Command::Engine(arguments) => up::run_engine(&tree, &arguments),
        Command::Test(arguments) => plan::run(&tree, &arguments),
        Command::Layers => layers::run(&tree),
        Command::Tidy => tidy::run(&tree),
        Command::Web => setup::web(&tree).and_then(|()| web::build(&tree)),
        Command::Bench(arguments) => bench::run(&tree, &arguments),
        Command::Fuzz(arguments) => fuzz::run(&tree, &arguments),
        Command::Openapi(arguments) => openapi::run(&tree, &arguments),
        Command::Croft { arguments } => run::croft(&tree, &arguments),
        Command::Image(arguments) => image::run(&tree, &arguments),
        Command::Vm(arguments) => vm::run(&tree, &arguments),
        Command::ToolsRoot(arguments) => tools_root::run(&tree, &arguments),
        Command::Setup => setup::everything(&tree),
    }
}
