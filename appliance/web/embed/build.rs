//! Writes the table of `dist/`. Without a `dist/` the table is empty, so that Rust alone can be checked and tested.

use std::{
    collections::{BTreeMap, hash_map::DefaultHasher},
    env,
    error::Error,
    fmt::Write as _,
    fs,
    hash::{Hash as _, Hasher as _},
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    let dist = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("dist");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    // A missing folder is watched too: cargo runs this again when it appears.
    println!("cargo:rerun-if-changed={}", dist.display());
    let mut files = BTreeMap::new();
    if dist.join("index.html").exists() {
        collect(&dist, "", &mut files)?;
        keep(&out.join("assets"), &mut files)?;
    } else {
        println!("cargo:warning=the web UI is not built and will be missing; build it with `cargo xtask web`");
    }
    let mut table = format!(
        "/// True when the web UI was built before this crate.\npub const BUILT: bool = {};\n\nstatic ASSETS: &[Asset] = &[\n",
        !files.is_empty()
    );
    for (path, file) in files.iter().filter(|(path, _)| !path.ends_with(".gz")) {
        let gzip = files.get(&format!("{path}.gz")).map_or("None".into(), |pressed| format!("Some(include_bytes!({pressed:?}))"));
        writeln!(
            table,
            "    Asset {{ path: {path:?}, content_type: {:?}, immutable: {}, etag: {:?}, bytes: include_bytes!({file:?}), gzip: {gzip} }},",
            content_type(path)?,
            is_immutable(path),
            etag(&fs::read(file)?),
        )?;
    }
    table.push_str("];\n");
    fs::write(out.join("assets.rs"), table)?;
    Ok(())
}

/// All files below `folder`, by their path in URLs.
fn collect(folder: &Path, url: &str, files: &mut BTreeMap<String, PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|name| format!("{} is not UTF-8", name.display()))?;
        let url = format!("{url}/{name}");
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &url, files)?;
        } else {
            files.insert(url, entry.path());
        }
    }
    Ok(())
}

/// Copies the files, so that what was looked at here is what the compiler embeds, even when the UI is built anew in between.
fn keep(folder: &Path, files: &mut BTreeMap<String, PathBuf>) -> Result<(), Box<dyn Error>> {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder)?;
    for (number, file) in files.values_mut().enumerate() {
        let kept = folder.join(number.to_string());
        fs::copy(&file, &kept)?;
        *file = kept;
    }
    Ok(())
}

/// The type by the ending. An unknown one stops the build, because a browser told not to guess would refuse it.
fn content_type(path: &str) -> Result<&'static str, String> {
    Ok(match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("webmanifest") => "application/manifest+json",
        _ => return Err(format!("the web UI holds {path}, whose ending has no content type in embed/build.rs")),
    })
}

/// Vite puts a hash of the content into the names below `assets/` and of the scripts and styles of `door/`.
fn is_immutable(path: &str) -> bool {
    path.starts_with("/assets/") || (path.starts_with("/door/") && !path.ends_with(".html"))
}

/// A tag that changes with the content. It guards a cache, not a secret, so the hash of std will do.
fn etag(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}
