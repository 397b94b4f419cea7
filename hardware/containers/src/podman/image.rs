//! Images: fetched, looked at, removed.

use std::{collections::BTreeMap, time::Duration};

use bollard::{
    errors::Error,
    models::{CreateImageInfo, ImageSummary},
    query_parameters::{CreateImageOptionsBuilder, ListImagesOptionsBuilder, RemoveImageOptionsBuilder},
};
use croft_model::Bytes;
use futures_util::StreamExt;
use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use tokio::{sync::watch, time::timeout};

use super::{Podman, SLOW_STEP, STEP, meaning, wire, within};
use crate::{Digest, EngineError, Health, HeldImage, ImageReference, Pulled, SeenImage};

/// Time in which something must come of a pull: registries stall for minutes, and then they are gone.
const STALL: Duration = Duration::from_secs(300);
/// Layers that are counted; images may have 127.
const MAX_LAYERS: usize = 1_000;
/// Bytes of what an image says of itself, its labels and environment above all: they are in every answer about its containers.
pub(super) const MAX_WORDS: usize = 256 * 1024;
/// Entries that are taken of a list in an image.
const MAX_LIST: usize = 100;

pub(super) async fn pull(podman: &Podman, image: &ImageReference, progress: &watch::Sender<Pulled>) -> Result<Digest, EngineError> {
    let failed = |source| EngineError::Pull { image: image.to_string(), source };
    let reference = image.exact();
    let options = CreateImageOptionsBuilder::default().from_image(&reference).build();
    let docker = podman.docker().await?.clone().with_timeout(STALL);
    let mut stream = Box::pin(docker.create_image(Some(options), None, None));
    let mut layers = Layers::default();
    loop {
        let next = timeout(STALL, stream.next()).await;
        let next = next.map_err(|_| EngineError::TooLong { step: "fetch more of an image", limit: STALL })?;
        let Some(news) = next else { break };
        let news = news.map_err(|error| match error {
            Error::DockerStreamError { error } => failed(wire::plain(&error).into()),
            Error::DockerResponseServerError { status_code, message } => {
                failed(wire::Refused { status: status_code, said: wire::plain(&message) }.into())
            }
            error => failed(error.into()),
        })?;
        if layers.hear(&news) {
            progress.send_replace(layers.pulled());
        }
    }
    // The stream may have ended because the engine did: what counts is what it has.
    let here = list(podman).await?.into_iter().find(|held| is(held, image));
    let digests = here.map(|held| digests(&held)).unwrap_or_default();
    let digest = image.digest().filter(|asked| digests.contains(asked)).or(digests.first());
    let digest = digest.cloned().ok_or_else(|| failed("the engine ended without it".into()))?;
    if let Err(refused @ EngineError::Wordy { .. }) = seen(podman, &digest).await {
        if let Err(error) = remove(podman, &digest).await {
            tracing::warn!(%image, %error, "an image that is refused could not be removed");
        }
        return Err(refused);
    }
    Ok(digest)
}

/// Whether a held image is the one that was asked for.
fn is(held: &ImageSummary, image: &ImageReference) -> bool {
    let exact = image.exact();
    held.repo_digests.iter().chain(&held.repo_tags).any(|name| *name == exact)
}

pub(super) async fn list(podman: &Podman) -> Result<Vec<ImageSummary>, EngineError> {
    let options = ListImagesOptionsBuilder::default().all(false).build();
    let listed = podman.docker().await?.list_images(Some(options));
    within("look at images", STEP, listed, |source| EngineError::Look { source }).await
}

pub(super) fn held(image: &ImageSummary) -> HeldImage {
    HeldImage {
        digests: digests(image),
        names: image.repo_tags.iter().chain(&image.repo_digests).cloned().collect(),
        size: Bytes(u64::try_from(image.size).unwrap_or_default()),
        containers: u64::try_from(image.containers).unwrap_or_default(),
    }
}

fn digests(image: &ImageSummary) -> Vec<Digest> {
    let mut digests: Vec<Digest> = image.repo_digests.iter().filter_map(|name| name.split_once('@')?.1.parse().ok()).collect();
    digests.dedup();
    digests
}

async fn find(podman: &Podman, digest: &Digest) -> Result<Option<ImageSummary>, EngineError> {
    Ok(list(podman).await?.into_iter().find(|held| digests(held).contains(digest)))
}

pub(super) async fn seen(podman: &Podman, digest: &Digest) -> Result<Option<SeenImage>, EngineError> {
    let Some(found) = find(podman, digest).await? else { return Ok(None) };
    let path = format!("{}/images/{}/json", wire::LIBPOD, wire::escaped(&found.id));
    let wordy = EngineError::Wordy { most_bytes: MAX_WORDS };
    let answer = match wire::ask(&podman.socket, Method::GET, &path, None, ("look at an image", STEP)).await {
        // It is longer than any answer.
        Err(EngineError::Look { .. }) => return Err(wordy),
        answer => answer?,
    };
    if answer.status == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    let failed = |source| EngineError::Image { source };
    let bytes = answer.good().map_err(|error| failed(error.into()))?;
    let image: Inspected = serde_json::from_slice(&bytes).map_err(|error| failed(error.into()))?;
    let config = image.config.unwrap_or_default();
    if config.to_string().len() > MAX_WORDS {
        return Err(wordy);
    }
    let config: Config = Option::deserialize(config).map_err(|error| failed(error.into()))?.unwrap_or_default();
    let names = |set: Option<BTreeMap<String, Value>>| set.unwrap_or_default().into_keys().take(MAX_LIST).collect();
    let health = image.health.filter(|health| health.test.first().is_some_and(|kind| kind != "NONE"));
    Ok(Some(SeenImage {
        size: Bytes(u64::try_from(found.size).unwrap_or_default()),
        user: config.user.unwrap_or_default(),
        ports: names(config.exposed_ports),
        volumes: names(config.volumes),
        health: health.map(|health| Health {
            test: health.test.into_iter().take(MAX_LIST).collect(),
            interval_nanoseconds: health.interval,
            timeout_nanoseconds: health.timeout,
            start_period_nanoseconds: health.start_period,
            retries: health.retries,
        }),
    }))
}

pub(super) async fn remove(podman: &Podman, digest: &Digest) -> Result<(), EngineError> {
    let Some(found) = find(podman, digest).await? else { return Ok(()) };
    if found.containers > 0 {
        return Err(EngineError::RemoveImage { source: "there are containers of it".into() });
    }
    // Name by name: by force it would take containers along that were made meanwhile.
    let names = if found.repo_tags.is_empty() && found.repo_digests.is_empty() {
        vec![found.id]
    } else {
        [found.repo_tags, found.repo_digests].concat()
    };
    for name in names {
        let options = RemoveImageOptionsBuilder::default().force(false).build();
        let docker = podman.docker().await?;
        let removed = timeout(SLOW_STEP, docker.remove_image(&name, Some(options), None)).await;
        match removed.map_err(|_| EngineError::TooLong { step: "remove an image", limit: SLOW_STEP })? {
            // The last tag took the digests along.
            Ok(_) | Err(Error::DockerResponseServerError { status_code: 404, .. }) => {}
            Err(error) => return Err(meaning(error, |source| EngineError::RemoveImage { source })),
        }
    }
    Ok(())
}

/// An image by Podman's own API: Docker's form of it leaves out the test of health.
#[derive(Deserialize)]
struct Inspected {
    #[serde(rename = "Config")]
    config: Option<Value>,
    #[serde(rename = "Healthcheck")]
    health: Option<Test>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Config {
    user: Option<String>,
    exposed_ports: Option<BTreeMap<String, Value>>,
    volumes: Option<BTreeMap<String, Value>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Test {
    test: Vec<String>,
    interval: i64,
    timeout: i64,
    start_period: i64,
    retries: i64,
}

/// What is known of the layers of an image on their way.
#[derive(Default)]
struct Layers(BTreeMap<String, Layer>);

#[derive(Default, Clone, Copy)]
struct Layer {
    done: u64,
    total: u64,
    is_here: bool,
}

impl Layers {
    /// Takes in what the engine tells; whether that changed anything.
    fn hear(&mut self, news: &CreateImageInfo) -> bool {
        let (Some(id), Some(status)) = (&news.id, &news.status) else { return false };
        let is_layer =
            ["Pulling fs layer", "Downloading", "Download complete", "Pull complete", "Already exists"].contains(&status.as_str());
        if !is_layer || (self.0.len() >= MAX_LAYERS && !self.0.contains_key(id)) {
            return false;
        }
        let layer = self.0.entry(id.clone()).or_default();
        if let Some(detail) = &news.progress_detail {
            let number = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok()).unwrap_or_default();
            layer.total = layer.total.max(number(detail.total));
            layer.done = layer.done.max(number(detail.current)).min(layer.total);
        }
        layer.is_here |= ["Download complete", "Pull complete", "Already exists"].contains(&status.as_str());
        if layer.is_here {
            layer.done = layer.total;
        }
        true
    }

    fn pulled(&self) -> Pulled {
        let count = |layers: usize| u32::try_from(layers).unwrap_or(u32::MAX);
        Pulled {
            layers_done: count(self.0.values().filter(|layer| layer.is_here).count()),
            layers_total: count(self.0.len()),
            bytes_done: self.0.values().fold(0, |sum, layer| sum.saturating_add(layer.done)),
            bytes_total: self.0.values().fold(0, |sum, layer| sum.saturating_add(layer.total)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use bollard::models::ProgressDetail;

    use super::{super::stub::Stub, *};

    #[test]
    fn progress_never_goes_back_and_is_bounded() {
        let mut layers = Layers::default();
        let hear = |layers: &mut Layers, id: &str, status: &str, done: i64, total: i64| {
            let progress_detail = Some(ProgressDetail { current: Some(done), total: Some(total) });
            layers.hear(&CreateImageInfo { id: Some(id.into()), status: Some(status.into()), progress_detail, ..Default::default() })
        };
        assert!(hear(&mut layers, "a", "Pulling fs layer", 0, 0));
        assert!(hear(&mut layers, "a", "Downloading", 60, 100));
        assert!(hear(&mut layers, "a", "Downloading", 40, 100));
        assert!(hear(&mut layers, "b", "Downloading", -5, 50));
        assert!(!hear(&mut layers, "c", "Something else", 1, 1));
        assert_eq!(layers.pulled(), Pulled { layers_done: 0, layers_total: 2, bytes_done: 60, bytes_total: 150 });
        assert!(hear(&mut layers, "a", "Download complete", 0, 0));
        assert_eq!(layers.pulled(), Pulled { layers_done: 1, layers_total: 2, bytes_done: 100, bytes_total: 150 });
        for number in 0..2 * MAX_LAYERS {
            hear(&mut layers, &number.to_string(), "Downloading", 1, i64::MAX);
        }
        assert_eq!(layers.pulled().layers_total, 1_000);
    }

    #[tokio::test]
    async fn an_image_that_says_too_much_is_refused_and_removed() {
        let check = async |label: usize, kept: bool| {
            let digest = format!("sha256:{}", "0a".repeat(32));
            let name = format!("registry.example/photos@{digest}");
            let listed = ImageSummary { id: "0b".repeat(32), repo_digests: vec![name.clone()], ..Default::default() };
            let listed = serde_json::to_string(&[listed]).unwrap();
            let removed = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&removed);
            let engine = Stub::start(move |path| match path {
                path if path.starts_with("DELETE ") => {
                    count.fetch_add(1, Ordering::SeqCst);
                    (200, "[]".into())
                }
                path if path.contains("/version") => (200, r#"{"ApiVersion":"1.41"}"#.into()),
                path if path.starts_with("POST ") => (200, String::new()),
                path if path.contains("/libpod/images/") => (200, format!(r#"{{"Config":{{"Labels":{{"a":"{}"}}}}}}"#, "x".repeat(label))),
                _ => (200, listed.clone()),
            });
            let pulled = pull(&engine.podman(), &name.parse().unwrap(), &watch::channel(Pulled::default()).0).await;
            let refused = matches!(pulled, Err(EngineError::Wordy { .. }));
            assert_eq!((pulled.is_ok(), refused), (kept, !kept), "{pulled:?}");
            assert_eq!(removed.load(Ordering::SeqCst), usize::from(!kept));
        };
        check(MAX_WORDS - 100, true).await;
        check(MAX_WORDS, false).await;
        check(wire::MAX_ANSWER, false).await;
    }
}
