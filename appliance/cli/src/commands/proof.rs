//! Proving by the passphrase that what cannot be undone is meant.

use croft_client::{Client, ClientError, wire::account::Prove};
use croft_model::{Secret, ToProve};

use super::CommandError;
use crate::passphrase;

/// The proof that the refusal `proof-missing` asks for, by the passphrase that is typed for it. Any other error stays one.
///
/// # Errors
/// The refusal itself; or the passphrase cannot be read or is not right.
pub(crate) async fn asked_for(client: &Client, refusal: ClientError) -> Result<Secret, CommandError> {
    let wanted = match &refusal {
        ClientError::Refused(problem) => problem.proof.clone(),
        _ => None,
    };
    let ToProve { operation, target } = *wanted.ok_or(refusal)?;
    let unread = |reason: String| CommandError::Wrong(format!("the passphrase cannot be read: {reason}"));
    let typed = passphrase::ask("This cannot be undone. Your passphrase:").map_err(|error| unread(error.to_string()))?;
    let passphrase = Secret::try_from(typed).map_err(|error| unread(error.to_string()))?;
    Ok(client.prove(&Prove { passphrase, operation, target }).await?.proof)
}
