//! The one description of the API, assembled from the roles that answer it.

use std::io::{self, Write};

use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};

/// The document as JSON, with all keys in order, so that the same routes always give the same text.
pub(crate) fn document() -> Result<String, serde_json::Error> {
    let description = "The API of a Croft box. Every error is a problem document (RFC 9457) with a stable `code`.";
    let info = InfoBuilder::new().title("Croft").version(env!("CARGO_PKG_VERSION")).description(Some(description)).build();
    let mut whole: OpenApi = OpenApiBuilder::new().info(info).build();
    let roles = [
        croft_supervisor::routes().openapi(),
        croft_identity::routes().openapi(),
        croft_storage::routes().openapi(),
        croft_notifier::routes().openapi(),
        croft_apps::routes().openapi(),
    ];
    for part in roles.into_iter().chain([croft_gateway::openapi()]) {
        whole.merge(part);
    }
    let mut text = serde_json::to_string_pretty(&serde_json::to_value(&whole)?)?;
    text.push('\n');
    Ok(text)
}

/// Prints the document.
pub(crate) fn print() -> io::Result<()> {
    match io::stdout().write_all(document()?.as_bytes()) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
