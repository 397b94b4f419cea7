//! A stay at an app: a request, its answer or its WebSocket, for as long as it lasts. It holds its places, and ends with the right to it.

use std::{
    net::IpAddr,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use croft_api::wire::trust::{IssuedCapability, Revocation};
use croft_model::{AppId, HostedApp, OpenTo, PersonRole, Problem, Projection};
use http_body::{Body, Frame, SizeHint};
use tokio::sync::{broadcast, broadcast::error::RecvError, watch};

use super::places::Held;
use crate::sign_in::{Shown, SignIn};

/// Who asks an app, as the box knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Visitor {
    /// Name to sign in with.
    pub(super) name: String,
    /// Name that people read.
    pub(super) display_name: String,
    /// What this person may do with the box.
    pub(super) role: PersonRole,
}

/// Somebody known at the door of an app, and by what.
pub(super) struct Known {
    visitor: Visitor,
    shown: Shown,
    issued: IssuedCapability,
}

impl Known {
    /// Who shows `shown`, when the app is open to that one. Each request asks anew, so that a session that has ended has ended here, too.
    ///
    /// # Errors
    /// The app is not open to this person, or identity is away.
    pub(super) async fn by(
        sign_in: &SignIn,
        projection: &Projection,
        (client, hosted): (IpAddr, &HostedApp),
        shown: Shown,
    ) -> Result<Option<Self>, Problem> {
        let issued = match sign_in.capability(&shown, "gateway", client).await {
            Ok(issued) => issued,
            Err(refused) if refused.status == 401 => return Ok(None),
            Err(refused) => return Err(refused),
        };
        let Some(person) = issued.person.and_then(|id| projection.people.as_ref()?.get(&id)) else { return Ok(None) };
        if !hosted.lets_in(issued.person) {
            return Err(Problem::new(403, "app-not-yours", format!("{} is not open to you.", hosted.name))
                .hint("An owner of this box can open it to you."));
        }
        let visitor = Visitor { name: person.name.clone(), display_name: person.display_name.clone(), role: person.role };
        Ok(Some(Self { visitor, shown, issued }))
    }
}

/// The places that a stay takes up, and the right to it.
pub(super) struct Stay {
    pub(super) app: AppId,
    pub(super) client: IpAddr,
    /// Whom the app is told of, if anybody.
    pub(super) known: Option<Known>,
    pub(super) sign_in: SignIn,
    /// Both heard from before the right was judged, so that no change falls between.
    pub(super) settings: watch::Receiver<Option<Projection>>,
    pub(super) revocations: broadcast::Receiver<Revocation>,
    #[expect(dead_code, reason = "held, not read")]
    pub(super) held: Held,
}

impl Stay {
    /// Whom the app is told of.
    pub(super) fn visitor(&self) -> Option<&Visitor> {
        self.known.as_ref().map(|known| &known.visitor)
    }

    /// Waits until the right to it has ended, or until nobody can tell whether it has.
    pub(super) async fn over(mut self) {
        while self.doubted().await && self.holds().await {}
    }

    /// Waits for something that may have ended the right; false when it has for sure.
    async fn doubted(&mut self) -> bool {
        loop {
            // Cancel-safe: both stay as they are until they are heard.
            let heard = tokio::select! {
                changed = self.settings.changed() => return changed.is_ok(),
                heard = self.revocations.recv() => heard,
            };
            let issued = self.known.as_ref().map(|known| &known.issued);
            match heard {
                Ok(Revocation::Session(session)) if issued.is_some_and(|issued| issued.session == Some(session)) => return false,
                Ok(Revocation::Person(person)) if issued.is_some_and(|issued| issued.person == Some(person)) => return true,
                Ok(Revocation::Session(_) | Revocation::Person(_)) => {}
                Ok(Revocation::All(_)) | Err(RecvError::Lagged(_)) => return true,
                Err(RecvError::Closed) => return false,
            }
        }
    }

    /// Whether the app would be told of the same visitor now.
    async fn holds(&mut self) -> bool {
        let Some(projection) = self.settings.borrow_and_update().clone() else { return false };
        let Some(hosted) = projection.apps.as_ref().and_then(|apps| apps.get(&self.app)) else { return false };
        let Some(known) = &self.known else { return hosted.open_to == OpenTo::Public };
        let now = Known::by(&self.sign_in, &projection, (self.client, hosted), known.shown.clone()).await;
        matches!(now, Ok(Some(now)) if now.visitor == known.visitor)
    }
}

/// A body that breaks off when the right to it ends.
pub(super) struct Rightful<B> {
    inner: B,
    /// None when it has ended.
    over: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl<B> Rightful<B> {
    pub(super) fn new(inner: B, stay: Stay) -> Self {
        Self { inner, over: Some(Box::pin(stay.over())) }
    }
}

impl<B: Body<Data = Bytes, Error: Into<axum::BoxError>> + Unpin> Body for Rightful<B> {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let Some(over) = &mut self.over else { return Poll::Ready(None) };
        if over.as_mut().poll(context).is_ready() {
            self.over = None;
            // An error, so that nobody takes the part for the whole.
            return Poll::Ready(Some(Err("the right to this answer has ended".into())));
        }
        Pin::new(&mut self.inner).poll_frame(context).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
