//! Typed client of the box's API, over HTTPS with a token or, as the machine's own administrator, over the roles' Unix sockets.
//!
//! Owns: finding the box ([`Door`]), the capability of the console, turning problem documents into errors, one method an operation.
//! Needs: `croft-model` and the wire types of `croft-api`, which the roles serve and OpenAPI describes: nothing is written twice.
//! Never: a rule about what is allowed. The box says.

mod apps;
mod door;
mod error;
mod operations;
mod send;

pub use croft_api::wire;
pub use door::{Door, Token};
pub use error::ClientError;
pub use operations::{Intent, Versioned};
pub use send::Client;
