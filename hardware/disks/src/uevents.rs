//! What the kernel says when a disk comes, goes, or changes (netlink(7), `NETLINK_KOBJECT_UEVENT`): heard at once instead of looked for.
#![expect(unsafe_code, reason = "the runtime cannot see that a descriptor stays the same")]

use std::{
    io,
    os::fd::{AsRawFd, OwnedFd},
    time::Duration,
};

use nix::{
    errno::Errno,
    sys::socket::{AddressFamily, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recvfrom, setsockopt, socket, sockopt},
};
use tokio::{io::unix::AsyncFd, sync::watch, time::sleep};

/// The kernel's own news; udev tells in another group.
const KERNEL: u32 = 1;
/// Bytes of a message: the kernel's own limit is 2048 and a head.
const MESSAGE: usize = 8192;
/// Bytes that wait to be heard: a hub with disks that is pulled out is some hundred messages.
const WAITING: usize = 256 * 1024;
/// Time in which news is gathered: a disk comes with its partitions one after the other.
const GATHER: Duration = Duration::from_millis(300);

/// A number that grows whenever a disk came, went or changed. It stays as it is where the kernel cannot be heard.
pub(crate) fn listen() -> watch::Receiver<u64> {
    let (sender, receiver) = watch::channel(0);
    match open().and_then(watched) {
        Ok(socket) => drop(tokio::spawn(hear(socket, sender))),
        Err(error) => tracing::warn!(%error, "the kernel cannot be heard; disks are looked for again and again"),
    }
    receiver
}

fn open() -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket(AddressFamily::Netlink, SockType::Datagram, flags, SockProtocol::NetlinkKObjectUEvent)?;
    setsockopt(&socket, sockopt::RcvBuf, &WAITING)?;
    bind(socket.as_raw_fd(), &NetlinkAddr::new(0, KERNEL))?;
    Ok(socket)
}

fn watched(socket: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: the descriptor is owned by what watches it, and is never exchanged in it.
    Ok(unsafe { AsyncFd::register(socket) }?)
}

/// Hears until nobody wants to know.
async fn hear(socket: AsyncFd<OwnedFd>, sender: watch::Sender<u64>) {
    let mut message = vec![0; MESSAGE];
    loop {
        // Cancel-safe: a message that was not taken waits in the socket.
        let ready = tokio::select! {
            () = sender.closed() => return,
            ready = socket.readable() => ready,
        };
        let Ok(mut ready) = ready else { return };
        match taken(socket.get_ref(), &mut message) {
            Ok(false) => ready.clear_ready(),
            Ok(true) => {
                sleep(GATHER).await;
                // What came meanwhile is the same news.
                let _ = taken(socket.get_ref(), &mut message);
                sender.send_modify(|number| *number += 1);
            }
            Err(error) => {
                tracing::warn!(%error, "the kernel is no longer heard; disks are looked for again and again");
                return;
            }
        }
    }
}

/// Takes all messages that wait; whether one was about a disk.
fn taken(socket: &OwnedFd, message: &mut [u8]) -> io::Result<bool> {
    let mut heard = false;
    loop {
        match recvfrom::<NetlinkAddr>(socket.as_raw_fd(), message) {
            Ok((length, from)) => {
                let of_kernel = from.is_some_and(|from| from.pid() == 0);
                heard |= of_kernel && is_of_disk(message.get(..length).unwrap_or_default());
            }
            Err(Errno::EAGAIN) => return Ok(heard),
            // So much came at once that some was dropped: something did happen.
            Err(Errno::ENOBUFS) => heard = true,
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether a message is about a disk or a partition: `add@/devices/…`, and lines with a zero between.
fn is_of_disk(message: &[u8]) -> bool {
    let mut lines = message.split(|byte| *byte == 0);
    lines.next().is_some_and(|head| head.contains(&b'@')) && lines.any(|line| line == b"SUBSYSTEM=block")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_news_of_disks_counts() {
        let check = |message: &str, expected: bool| assert_eq!(is_of_disk(message.as_bytes()), expected, "{message:?}");
        check("add@/devices/virtual/block/loop0\0ACTION=add\0SUBSYSTEM=block\0DEVTYPE=disk\0", true);
        check("remove@/devices/x/sda/sda1\0ACTION=remove\0SUBSYSTEM=block", true);
        check("add@/devices/x\0ACTION=add\0SUBSYSTEM=usb\0", false);
        check("libudev\0SUBSYSTEM=block\0", false);
        check("add@/devices/x\0NAME=SUBSYSTEM=block\0", false);
        check("", false);
    }

    #[tokio::test]
    async fn it_ends_when_nobody_wants_to_know() {
        let (sender, receiver) = watch::channel(0);
        let hearing = tokio::spawn(hear(watched(open().unwrap()).unwrap(), sender));
        drop(receiver);
        hearing.await.unwrap();
    }
}
