//! Using a disk as it is: what would be read of it, and the wish for that, which the supervisor keeps.

use std::sync::Arc;

use croft_api::{
    projection::Supervisor,
    wire::adopted::{AdoptWish, AdoptedSpaces, NamedVolume, ReleaseWish},
};
use croft_disks::{DiskError, Volume};
use croft_model::{
    AdoptDisk, AdoptPlan, AdoptVolume, Adopted, Claims, Disk, DiskId, DiskSource, LeftVolume, Problem, Unadoptable, place_name,
};
use croft_telemetry::error_chain;
use http::Method;

use crate::{adoption::Adoption, eraser::Eraser, lender::Lender};

/// What a disk is called that has no name.
const NAMELESS: &str = "Disk";

/// Everything about the wish to use a disk as it is.
pub(crate) struct Adopter {
    eraser: Arc<Eraser>,
    lender: Arc<Lender>,
    adoption: Arc<Adoption>,
    supervisor: Supervisor,
}

impl Adopter {
    /// Judges by what `eraser` knows of single disks, and asks `supervisor` to keep the wish.
    pub(crate) fn new(eraser: Arc<Eraser>, lender: Arc<Lender>, adoption: Arc<Adoption>, supervisor: Supervisor) -> Self {
        Self { eraser, lender, adoption, supervisor }
    }

    /// What would be read of a disk. Nothing is begun.
    pub(crate) async fn plan(&self, id: &DiskId, wanted: &AdoptDisk) -> Result<AdoptPlan, Problem> {
        let disk = self.eraser.readable(id, &wanted.contents).await?;
        let volumes = self.lender.volumes().await.map_err(|error| unreadable(&error))?;
        let plan = plan(&disk, &volumes, wanted.name.as_deref())?;
        if plan.volumes.is_empty() {
            return Err(nothing(&plan.left));
        }
        Ok(plan)
    }

    /// Uses a disk as it is from now on, also after it was plugged out and in.
    pub(crate) async fn adopt(&self, id: &DiskId, wanted: AdoptDisk, claims: &Claims) -> Result<Vec<Adopted>, Problem> {
        let _one = self.eraser.alone()?;
        let plan = self.plan(id, &wanted).await?;
        let sources: Vec<DiskSource> = plan.volumes.iter().map(|volume| volume.source.clone()).collect();
        self.adoption.wish(plan.volumes.iter().map(|volume| (&volume.source, volume.name.as_str())));
        let kept = self.keep(id, wanted, plan, claims).await;
        // Of what the supervisor has not answered it may have kept the wish.
        if kept.as_ref().is_err_and(|problem| problem.status < 500) {
            self.adoption.unwish(sources.iter());
        }
        let made = kept?;
        self.lender.settled(&made.spaces, true).await;
        Ok(self.lender.adopted().into_iter().map(|(_, adopted)| adopted).filter(|adopted| made.spaces.contains(&adopted.space)).collect())
    }

    /// Asks the supervisor to keep the wish.
    async fn keep(&self, id: &DiskId, wanted: AdoptDisk, plan: AdoptPlan, claims: &Claims) -> Result<AdoptedSpaces, Problem> {
        self.eraser.readable_still(id, &wanted.contents).await?;
        let volumes = plan.volumes.into_iter().map(|volume| NamedVolume { name: volume.name, source: volume.source }).collect();
        let members = wanted.members.or_else(|| claims.person().map(|person| vec![person]));
        let wish = AdoptWish { by: claims.actor().to_string(), volumes, members };
        self.supervisor.role().json(Method::POST, "/internal/v1/adopted", Some(&wish), None).await
    }

    /// All that is used as it is, also what is not plugged in.
    pub(crate) fn all(&self) -> Vec<Adopted> {
        self.lender.adopted().into_iter().map(|(_, adopted)| adopted).collect()
    }

    /// Uses a disk no longer.
    pub(crate) async fn release(&self, id: &DiskId, claims: &Claims) -> Result<(), Problem> {
        let spaces: Vec<_> = self.lender.adopted_of(id).into_iter().map(|adopted| adopted.space).collect();
        if spaces.is_empty() {
            return Err(Problem::new(404, "disk-not-adopted", "This disk is not used as it is.").hint("Nothing has to be done."));
        }
        let wish = ReleaseWish { by: claims.actor().to_string(), spaces: spaces.clone() };
        self.supervisor.role().json::<_, serde_json::Value>(Method::POST, "/internal/v1/adopted/release", Some(&wish), None).await?;
        self.adoption.unwish(self.adoption.wished_on(id).iter());
        self.lender.settled(&spaces, false).await;
        self.adoption.settles(id).await;
        Ok(())
    }
}

/// What of `volumes` would be read as a part of `disk`, under the names that it would have.
fn plan(disk: &Disk, volumes: &[Volume], name: Option<&str>) -> Result<AdoptPlan, Problem> {
    let own: Vec<&Volume> = volumes.iter().filter(|volume| volume.disk == disk.id).collect();
    let name = name.map(|name| {
        let plain = place_name(name, "");
        if plain == name.trim() && !plain.is_empty() { Ok(plain) } else { Err(wrong_name()) }
    });
    let name = name.transpose()?;
    let (mut plan, readable) =
        (AdoptPlan { volumes: Vec::new(), left: Vec::new() }, own.iter().filter(|volume| volume.unfit.is_none()).count());
    for volume in own {
        let file_system = volume.file_system.clone();
        let (Some(known), None) = (&volume.volume, volume.unfit) else {
            let why = volume.unfit.unwrap_or(Unadoptable::Nameless);
            plan.left.push(LeftVolume { name: volume.name.clone(), file_system, why });
            continue;
        };
        let plain = place_name(&volume.name, &place_name(&volume.disk_name, NAMELESS));
        let name = match &name {
            Some(name) if readable == 1 => name.clone(),
            Some(name) => place_name(&format!("{name} {plain}"), NAMELESS),
            None => plain,
        };
        let source = DiskSource { disk: disk.id.clone(), volume: known.clone() };
        plan.volumes.push(AdoptVolume { name, file_system, size: volume.size, source });
    }
    Ok(plan)
}

fn wrong_name() -> Problem {
    Problem::new(422, "adopt-name-invalid", "This cannot be the name of a folder.")
        .hint("Choose a name of at most 80 bytes, without slashes and signs that cannot be seen.")
        .key("name")
}

fn nothing(left: &[LeftVolume]) -> Problem {
    let why = left.first().map_or("There is no file system on this disk that the box can read.", |left| said(left.why));
    Problem::new(409, "disk-unreadable", why).hint("Look at it on the computer that it comes from, or erase it.").key("disk")
}

/// Why a file system cannot be used as it is, in a sentence.
pub(crate) const fn said(why: Unadoptable) -> &'static str {
    match why {
        Unadoptable::NotKnown => "The box does not know the kind of file system on this disk.",
        Unadoptable::Locked => "The disk is encrypted, and the box has no key to it.",
        Unadoptable::Spanned => "The disk is a part of an array that the box cannot read.",
        Unadoptable::Incomplete => "Too many of the disks that belong together are missing.",
        Unadoptable::Damaged => "The file system on this disk is damaged, or cannot be read without changing it.",
        Unadoptable::Nameless => "The file system on this disk carries nothing by which it could be known again.",
        Unadoptable::InUse => "Something on this machine uses this disk.",
        Unadoptable::OwnPool => "The disk belongs to the pool of this box.",
        Unadoptable::Slow => "The disk did not answer in time.",
    }
}

fn unreadable(error: &DiskError) -> Problem {
    tracing::error!(error = error_chain(error), "the file systems of the disks cannot be listed");
    Problem::new(503, "disks-unreadable", "The box cannot see its disks just now.")
        .hint("Try again; if it comes again, look at `croft logs --role storage`.")
}

#[cfg(test)]
mod tests {
    use croft_model::{Bus, Bytes, Holds, Plug};

    use super::*;

    fn disk() -> Disk {
        Disk {
            id: DiskId::of_hash(&[1; 32]),
            name: "Fast Disk".into(),
            serial: "1".into(),
            size: Bytes(1),
            bus: Bus::Usb,
            plug: Plug::default(),
            removable: true,
            runs_from: false,
            holds: Holds::Bytes,
            several: None,
            label: None,
            contents: "c".into(),
            half_installed: false,
            unfit: None,
        }
    }

    fn volume(name: &str, number: u8, unfit: Option<Unadoptable>) -> Volume {
        Volume {
            disk: DiskId::of_hash(&[1; 32]),
            disk_name: "Fast Disk".into(),
            volume: format!("0000-000{number}").parse().ok(),
            name: name.into(),
            file_system: "ext4".into(),
            size: Bytes(1),
            unfit,
        }
    }

    #[test]
    fn each_file_system_gets_a_name() {
        let check = |volumes: &[Volume], name: Option<&str>, expected: &[&str]| {
            let plan = plan(&disk(), volumes, name).unwrap();
            assert_eq!(plan.volumes.iter().map(|volume| volume.name.as_str()).collect::<Vec<_>>(), expected, "{name:?}");
        };
        let locked = volume("Secret", 3, Some(Unadoptable::Locked));
        check(&[volume("Photos", 1, None)], None, &["Photos"]);
        check(&[volume("", 1, None)], None, &["Fast Disk"]);
        check(&[volume("a/../b", 1, None)], None, &["a .. b"]);
        check(&[volume("Photos", 1, None), locked.clone()], Some("Old"), &["Old"]);
        check(&[volume("Photos", 1, None), volume("Music", 2, None)], Some("Old"), &["Old Photos", "Old Music"]);
        let elsewhere = Volume { disk: DiskId::of_hash(&[2; 32]), ..volume("Other", 4, None) };
        check(&[elsewhere], None, &[]);
        assert_eq!(plan(&disk(), &[locked], None).unwrap().left[0].why, Unadoptable::Locked);
        for wrong in ["", "  ", "a/b", "..", "a\u{202e}b"] {
            assert_eq!(
                plan(&disk(), &[volume("a", 1, None)], Some(wrong)).err().map(|problem| problem.code),
                Some("adopt-name-invalid".into()),
                "{wrong:?}"
            );
        }
    }
}
