//! A machine whose power is not the box's: a developer's.

use croft_model::Power;
use futures_util::{FutureExt, future::BoxFuture};

use crate::{Boot, BootError};

/// Refuses, and says why.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoBoot;

impl Boot for NoBoot {
    fn may(&self) -> Result<(), BootError> {
        Err(BootError::NotOurs)
    }

    fn end(&self, _: Power) -> BoxFuture<'_, Result<(), BootError>> {
        std::future::ready(Err(BootError::NotOurs)).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_is_not_ours_is_left_alone() {
        assert!(matches!(NoBoot.may(), Err(BootError::NotOurs)));
        assert!(matches!(NoBoot.end(Power::Restart).now_or_never(), Some(Err(BootError::NotOurs))));
    }
}
