//! A machine on which folders cannot be served.

use futures_util::{FutureExt, future::BoxFuture};

use crate::{DEVELOPER_PORT, Smb, SmbError, Wanted};

/// Refuses, and says why.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSmb;

impl Smb for NoSmb {
    fn may(&self) -> Result<(), SmbError> {
        Err(SmbError::NotRoot)
    }

    fn port(&self) -> u16 {
        DEVELOPER_PORT
    }

    fn serve<'a>(&'a self, _: &'a Wanted) -> BoxFuture<'a, Result<(), SmbError>> {
        std::future::ready(Err(SmbError::NotRoot)).boxed()
    }

    fn end(&self) -> BoxFuture<'_, Result<(), SmbError>> {
        std::future::ready(Ok(())).boxed()
    }
}
