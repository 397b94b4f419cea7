//! What a role must know of the machine that it runs on.

/// Memory of the machine in KiB; `None` when the kernel does not say.
#[must_use]
pub fn memory_kib() -> Option<u64> {
    nix::sys::sysinfo::sysinfo().ok().map(|info| info.ram_total() / 1024)
}
