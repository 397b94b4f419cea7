//! Names of the headers that travel between roles. The gateway drops all of them but [`PROOF`] from what clients send.

/// The capability of the caller.
pub const CAPABILITY: &str = "croft-capability";
/// The proof that a person means what cannot be undone; passed on as the client sends it.
pub const PROOF: &str = "croft-proof";
/// Address of the client at the gateway's socket; never taken from anything a client says.
pub const CLIENT: &str = "croft-client";
/// Name and port under which the client reached the box, checked by the gateway; what absolute addresses are made of.
pub const HOST: &str = "croft-host";
/// Id of the request, in every answer and in the journal.
pub const REQUEST: &str = "croft-request";
/// What lies in the person's own space and what still goes there, as its worker said to the gateway: two numbers of bytes.
pub const ROOM: &str = "croft-room";
/// Code of the problem that answers HEAD by a link, which comes without its body.
pub const PROBLEM: &str = "croft-problem";
/// Generation of the settings in force when the supervisor answered.
pub const GENERATION: &str = "croft-generation";
/// Bodies of API requests, in bytes; more is refused before it is read.
pub const MAX_API_BODY: usize = 64 * 1024;
