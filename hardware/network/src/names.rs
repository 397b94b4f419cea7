//! What a process reads when it asks the system for the address of a name.

use std::{fs::File, os::fd::OwnedFd, path::Path};

/// Says who is asked.
const RESOLVERS: &str = "/etc/resolv.conf";
/// Say in which order, and what is known without asking.
const OTHERS: [&str; 4] = ["/etc/nsswitch.conf", "/etc/hosts", "/etc/host.conf", "/etc/gai.conf"];

/// The files that resolving a name reads, opened; and where the list of resolvers lies in a folder of its own, that folder, since it is replaced
/// when the network changes. What is not there is left out. Libraries that ask other services are not among them: then DNS is asked.
#[must_use]
pub fn needs_of_names() -> Vec<OwnedFd> {
    let resolvers = std::fs::canonicalize(RESOLVERS).ok();
    let folder = resolvers.as_deref().and_then(Path::parent).filter(|folder| *folder != Path::new("/etc"));
    let paths = folder.or(resolvers.as_deref()).into_iter().chain(OTHERS.map(Path::new));
    paths.filter_map(|path| Some(File::open(path).ok()?.into())).collect()
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    #[test]
    fn each_is_a_descriptor_of_its_own() {
        let needs = super::needs_of_names();
        assert!(!needs.is_empty() && needs.len() <= 1 + super::OTHERS.len());
        assert!(needs.iter().all(|need| need.as_fd().try_clone_to_owned().is_ok()));
    }
}
