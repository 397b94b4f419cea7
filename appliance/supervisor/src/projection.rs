//! The part of the settings that a role receives: what its manifest names, and for a worker its own space only. Pure.

use croft_model::{Manifest, Projection, Section, SpaceId};

use crate::change::InForce;

/// The projection for `unit` (`gateway`, `sync@s1`); none when no manifest knows it.
pub(crate) fn cut(manifests: &[Manifest], unit: &str, now: &InForce, one_user: bool) -> Option<Projection> {
    let (role, instance) = unit.split_once('@').map_or((unit, None), |(role, instance)| (role, Some(instance)));
    let manifest = manifests.iter().find(|manifest| manifest.name.as_str() == role)?;
    let gets = |section| manifest.settings.contains(&section);
    let settings = &now.settings;
    let mut cut = Projection {
        generation: now.generation,
        one_user,
        this_box: gets(Section::Box).then(|| settings.this_box.clone()),
        people: gets(Section::People).then(|| settings.people.clone()),
        spaces: gets(Section::Spaces).then(|| settings.spaces.clone()),
        door: gets(Section::Door).then(|| settings.door.clone()),
        time: gets(Section::Time).then(|| settings.time.clone()),
        snapshots: gets(Section::Snapshots).then_some(settings.snapshots),
        shares: gets(Section::Shares).then(|| settings.shares.clone()),
        notify: gets(Section::Notify).then(|| settings.notify.clone()),
        apps: gets(Section::Apps).then(|| settings.apps.clone()),
    };
    if let Some(instance) = instance {
        let own: SpaceId = instance.parse().ok()?;
        let space = settings.spaces.get(&own)?;
        if let Some(spaces) = &mut cut.spaces {
            spaces.retain(|id, _| *id == own);
        }
        if let Some(people) = &mut cut.people {
            people.retain(|id, _| space.members.contains_key(id));
        }
    }
    Some(cut)
}
