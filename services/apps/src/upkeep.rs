//! What the keeper does beside the steps of apps: walls that wait for nothing else, and images that nobody needs any more.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use croft_api::wire::apps::{AppTraffic, EngineState};
use croft_containers::{Digest, Gate, NetworkNumber, WallError, Way};
use croft_model::{AppId, Bytes, WayOut};
use croft_telemetry::error_chain;

use crate::{keeper::Keeper, records::Phase, wishes};

impl Keeper {
    /// Keeps the walls as the settings say, whatever else takes its time.
    pub(crate) async fn keep_walls(self: Arc<Self>) {
        let mut projection = self.projection.clone();
        while !self.stop.is_cancelled() {
            if matches!(self.state().engine, EngineState::Ready { .. })
                && let Err(error) = self.put_up_walls().await
            {
                tracing::error!(error = error_chain(&error), "the wall around apps cannot be put up");
            }
            let pause = self.pause();
            // Cancel-safe: what is missed is seen at the next turn.
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = self.wake_walls.notified() => {}
                _ = projection.changed() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// The walls around all networks of apps, those of apps that leave included.
    pub(crate) async fn put_up_walls(&self) -> Result<(), WallError> {
        let _alone = self.walls.lock().await;
        let hosted = self.hosted().unwrap_or_default();
        let numbers: BTreeMap<NetworkNumber, AppId> = self
            .state()
            .kept
            .iter()
            .filter(|(_, record)| record.phase != Phase::Left)
            .map(|(id, record)| (NetworkNumber(record.network.into()), id.clone()))
            .collect();
        let given = self.state().kept.values().filter(|record| record.phase != Phase::Left).count();
        // Two apps never have the same number; if they had, none had a way out.
        let is_sound = given == numbers.len();
        let is_open = |id: &AppId| is_sound && hosted.get(id).is_some_and(|app| app.way_out == WayOut::Open);
        let gate = |number: &NetworkNumber, id: &AppId| Gate {
            way: if is_open(id) { Way::Internet } else { Way::Closed },
            gateways: vec![wishes::gateway(u8::try_from(number.0).unwrap_or_default()).into()],
        };
        let gates: BTreeMap<NetworkNumber, Gate> = numbers.iter().map(|(number, id)| (*number, gate(number, id))).collect();
        let is_new = self.state().gates.as_ref() != Some(&gates);
        // Where somebody took it down, it has no meters.
        let meters = self.wall.meters().await?;
        if is_new || meters.apps.len() != gates.len() {
            self.wall.put(&gates).await?;
        }
        let mut state = self.state();
        state.gates = Some(gates);
        for (number, meter) in meters.apps {
            if let Some(id) = numbers.get(&number) {
                let traffic = AppTraffic { received: Bytes(meter.in_bytes), sent: Bytes(meter.out_bytes), denied: meter.denied_packets };
                state.traffic.insert(id.clone(), traffic);
            }
        }
        Ok(())
    }

    /// Removes images that no app is made of any more.
    pub(crate) async fn clear_images(&self) {
        let idle: Vec<Digest> = {
            let state = self.state();
            let named: BTreeSet<&Digest> =
                state.kept.values().filter(|record| record.phase != Phase::Left).flat_map(|record| record.digests.values()).collect();
            let images = state.seen.iter().flat_map(|seen| &seen.images);
            let idle = images.filter(|image| image.containers == 0 && !image.digests.iter().any(|digest| named.contains(digest)));
            idle.filter_map(|image| image.digests.first().cloned()).filter(|digest| !state.kept_images.contains(digest)).collect()
        };
        for digest in idle {
            if let Err(error) = self.engine.remove_image(&digest).await {
                tracing::warn!(%digest, error = error_chain(&error), "an image that nobody needs cannot be removed");
                self.state().kept_images.insert(digest);
            }
        }
    }
}
