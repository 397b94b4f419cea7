//! What stands at the box's own door: the household's certificate, and the pairing code while nobody has claimed the box.

use std::{fs, io, path::Path, sync::Arc, time::Duration};

use croft_api::{call::Role, wire::trust::Door};
use croft_store::replace_file;
use http::Method;

use crate::regulator::Regulator;

/// How often an unclaimed box, or one whose identity does not answer, is asked: a person waits in front of it.
const SOON: Duration = Duration::from_secs(1);
/// How often a claimed box is asked: the certificate changes once in years.
const LATER: Duration = Duration::from_secs(600);
/// File of the household's certificate.
const CERTIFICATE: &str = "ca.pem";
/// File of the pairing code.
const PAIRING_CODE: &str = "pairing-code";

/// Keeps both files as identity says until the box ends.
pub(crate) async fn keep(croft: Arc<Regulator>, identity: Role) {
    let mut written = None;
    let mut settings = croft.desired.follow();
    loop {
        let door = identity.json::<(), Door>(Method::GET, "/internal/v1/door", None, None).await;
        let pause = match door {
            Ok(door) => {
                croft.fingerprint.send_if_modified(|known| {
                    let new = known.as_ref() != Some(&door.fingerprint);
                    if new {
                        *known = Some(door.fingerprint.clone());
                    }
                    new
                });
                let pause = if door.pairing_code.is_some() { SOON } else { LATER };
                if written.as_ref() == Some(&door) { pause } else { write(&croft, door, &mut written, pause) }
            }
            Err(error) => {
                tracing::debug!(%error, "identity does not say what stands at the door");
                SOON
            }
        };
        // Cancel-safe: a change of the settings stays marked in the channel.
        tokio::select! {
            () = croft.stop.cancelled() => return,
            _ = settings.changed() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

fn write(croft: &Regulator, door: Door, written: &mut Option<Door>, pause: Duration) -> Duration {
    match put(croft.home.path(), &door) {
        Ok(()) => {
            *written = Some(door);
            pause
        }
        Err(error) => {
            tracing::error!(%error, "the certificate and the pairing code cannot be written beside the box");
            SOON
        }
    }
}

fn put(home: &Path, door: &Door) -> io::Result<()> {
    replace_file(&home.join(CERTIFICATE), door.ca_pem.as_bytes(), 0o644)?;
    let code = home.join(PAIRING_CODE);
    match &door.pairing_code {
        Some(text) => replace_file(&code, format!("{text}\n").as_bytes(), 0o600),
        None => match fs::remove_file(&code) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        },
    }
}
