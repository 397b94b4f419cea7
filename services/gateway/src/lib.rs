//! The only public listener of a box: TLS, sessions, routing, the web UI, and the client side of the bulk path.
//!
//! | task | in | out |
//! |---|---|---|
//! | listeners (`listener`) | connections of clients | requests to `front` (encrypted) and `plain` (the page with the certificate) |
//! | certificate (`certificate`) | names of the settings, addresses of the machine | the certificate in force, from identity |
//! | sign-in (`sign_in`) | credentials in requests, identity's revocations | capabilities for the roles behind |
//! | bulk (`bulk`, `dav`) | requests for files | frames to the space's worker, changed folders to `events` and `push` |
//! | links (`links`, `guests`) | calls of the API about links, requests of strangers by one | frames to the space's worker, pages |
//! | photos (`photos`) | calls of the API about the timeline of a person | frames to the workers of their spaces |
//! | apps (`apps`) | requests at the origin of an app, connections from the role `apps` | the same requests, with who asks |
//! | push (`push`) | WebSockets of sync clients, changed folders, settings | that something in a person's tree changed |
//!
//! Needs: a projection of the sections box, people, spaces, door and apps. Never: a right on any file, a passphrase kept, a connection outwards.

mod apps;
mod assets;
mod body;
pub mod bulk;
mod certificate;
mod crowd;
mod dav;
mod dialect;
mod directions;
mod error;
mod events;
mod front;
mod guests;
mod headers;
mod health;
mod hosts;
mod household;
mod limits;
mod links;
mod listener;
mod origin;
mod patience;
mod photos;
mod plain;
mod proxy;
mod push;
mod run;
mod shares;
mod sign_in;
#[cfg(test)]
mod tests;

pub use error::GatewayError;
pub use events::FolderChanged;
pub use household::{Mount, Tree};
pub use run::{Routing, run};

/// The description of what the gateway itself answers of the API.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    links::openapi().merge_from(photos::openapi())
}
