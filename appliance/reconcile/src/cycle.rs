//! The cycle: observe, plan, apply, wait for news or the time that the plan names.

use std::{future::Future, time::Instant};

use tokio::sync::Notify;

/// A domain that is kept as it should be.
pub trait Reconcile: Send {
    /// What is wanted and what is, together, at one moment.
    type Observed: Send;
    /// What to do.
    type Plan: Send;

    /// Looks at what is wanted and at the world.
    fn observe(&mut self, now: Instant) -> Self::Observed;

    /// Decides. Pure: the same observation at the same time gives the same plan.
    fn plan(now: Instant, observed: &Self::Observed) -> Self::Plan;

    /// Does it. Failures belong to the next observation.
    fn apply(&mut self, plan: Self::Plan) -> impl Future<Output = Next> + Send;
}

/// When to go round again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// At news, or at this time.
    At(Instant),
    /// At news.
    News,
    /// Never: the domain has come to its end.
    Done,
}

/// Goes round until the domain has come to its end. `news` says that the world or the wish has changed.
pub async fn run<R: Reconcile>(mut domain: R, news: &Notify) {
    loop {
        let now = Instant::now();
        let observed = domain.observe(now);
        let plan = R::plan(now, &observed);
        match domain.apply(plan).await {
            Next::Done => return,
            Next::News => news.notified().await,
            // Cancel-safe: news that comes in between is kept as a permit.
            Next::At(at) => tokio::select! {
                () = news.notified() => {}
                () = tokio::time::sleep_until(at.into()) => {}
            },
        }
    }
}
