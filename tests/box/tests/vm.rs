//! The image in an emulator, as one life of a box: flashed, claimed in a browser, unplugged, its roles killed, given a system that does not start, and shut down.
//! Beside it: a root in which one byte is other.
#![cfg(test)]

use std::{
    fs,
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use croft_box_tests::{Machine, Visitor, binary, fingerprint};
use reqwest::{Method, StatusCode};

const MIB: usize = 1024 * 1024;
const GIB: u64 = 1 << 30;
/// What the browser's tests claim a box with (tests/browser/box.ts).
const OWNER: (&str, &str, &str) = ("ana", "walnut harbour lantern 7", "Hollyhock");
/// Time for roles to be there again under emulation.
const ROLES: Duration = Duration::from_secs(120);

#[tokio::test]
async fn a_box_is_flashed_claimed_and_keeps_what_it_acknowledged() {
    let mut machine = Machine::new(&["--probe", "--disk", "8", "--other-disk", "other.raw"]);
    let foreign = foreign_disk(&machine);
    machine.boot();
    let certificate = reqwest::get(format!("{}/ca.crt", machine.plain)).await.expect("an answer").bytes().await.expect("a certificate");
    let _ = machine.pairing_code().await;
    let shown = machine.console("fingerprint").expect("on the console").replace(':', "");
    assert_eq!(shown, fingerprint(&certificate), "the console shows the certificate that the plain port hands out");
    claim_in_chromium(&machine, &certificate).await;

    let identity_before = identity(&machine);
    let ana = ana(&machine).await;
    let content: Vec<u8> = (0..=252_u8).rev().cycle().take(3 * MIB).collect();
    let answer = ana.request(Method::PUT, "/dav/files/ana/photo.raw").body(content.clone()).send().await.expect("an answer");
    machine.pull_the_plug();
    assert_eq!(answer.status(), StatusCode::CREATED, "{:?}", answer.text().await);

    machine.option("--disk", "12");
    machine.boot();
    assert_eq!(identity(&machine), identity_before, "the machine is who it was");
    has_its_file(&machine, &content).await;
    stands_on_a_verified_root(&machine);
    has_grown(&machine).await;
    keeps_strangers_out(&machine);
    was_called_good(&machine);
    roles_come_back(&machine).await;
    has_its_file(&machine, &content).await;
    makes_small_pictures(&machine).await;
    falls_back(&machine).await;
    has_its_file(&machine, &content).await;

    tokio::task::spawn_blocking(move || {
        machine.shut_down();
        assert!(fs::read(machine.path("other.raw")).expect("there") == foreign, "somebody else's disk is as it was");
    })
    .await
    .expect("shut down");
}

#[test]
fn a_root_with_one_other_byte_is_refused() {
    let mut machine = Machine::new(&[]);
    let image = machine.path("broken.img");
    let made = built().join(format!("croft_{}.raw", env!("CARGO_PKG_VERSION")));
    let copied = Command::new("cp").arg("--sparse=always").args([&made, &image]).status().expect("cp");
    assert!(copied.success());
    let mut file = fs::File::options().read(true).write(true).open(&image).expect("an image");
    // The superblock of the root's file system (the kernel's erofs documentation): whoever mounts it reads it.
    let at = root_partition(&mut file) + 1024 + 60;
    let mut byte = [0];
    file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(&mut byte)).expect("read");
    file.seek(SeekFrom::Start(at)).and_then(|_| file.write_all(&[byte[0] ^ 1])).expect("written");
    machine.option("--image", &image.display().to_string());
    machine.switch_on();
    machine.wait_for_console("is corrupted");
    machine.wait_for_console("Kernel panic");
    machine.pull_the_plug();
    assert!(!machine.whole_console().contains("fingerprint"), "no box came up on it");
}

/// A disk with somebody's data on it.
fn foreign_disk(machine: &Machine) -> Vec<u8> {
    let bytes: Vec<u8> = (0..=250_u8).cycle().take(16 * MIB).collect();
    fs::File::create(machine.path("other.raw")).and_then(|mut file| file.write_all(&bytes)).expect("written");
    bytes
}

/// The browser's own test of the claim, here against the appliance. That of the plain page is left out: the appliance does not know of the port that is forwarded to it.
async fn claim_in_chromium(machine: &Machine, certificate: &[u8]) {
    let home = tempfile::tempdir().expect("a folder");
    fs::write(home.path().join("ca.pem"), certificate).expect("written");
    fs::write(home.path().join("pairing-code"), machine.pairing_code().await).expect("written");
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../browser");
    let mut playwright = tokio::process::Command::new("npm");
    playwright.current_dir(tests).args(["run", "--silent", "test", "--", "--project=claim", "--no-deps"]);
    playwright
        .env("CROFT_URL", &machine.origin)
        .env("CROFT_HTTP_URL", &machine.plain)
        .env("CROFT_HOME", home.path())
        .env("CROFT_EMULATED", "1");
    let output = playwright.output().await.expect("npm");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "the claim in Chromium:\n{said}\nfiles at the box:\n{}",
        machine.shell("journalctl -b -p warning --no-pager | tail -n 30")
    );
}

async fn ana(machine: &Machine) -> Visitor {
    let mut ana = machine.visitor().await;
    let (name, passphrase, _) = OWNER;
    let answer = ana.sign_in(name, passphrase).await;
    assert!(answer.status().is_success(), "{:?}", answer.text().await);
    ana
}

async fn has_its_file(machine: &Machine, content: &[u8]) {
    let ana = ana(machine).await;
    let answer = ana.request(Method::GET, "/dav/files/ana/photo.raw").send().await.expect("an answer");
    assert!(answer.bytes().await.expect("a body") == content, "other bytes than were acknowledged");
    assert_eq!(ana.get("/api/v1/status").await["box_name"], OWNER.2);
}

/// The decoder may do little on the system that it was written on; here it runs on the appliance's.
async fn makes_small_pictures(machine: &Machine) {
    const SIDE: u32 = 300;
    let mut picture = b"BM".to_vec();
    // Headers of a bitmap: size, offset of the pixels; size of the header, width, height, planes, bits, and nothing more.
    for number in [54 + SIDE * SIDE * 3, 0, 54, 40, SIDE, SIDE, 24 << 16 | 1, 0, SIDE * SIDE * 3, 0, 0, 0, 0] {
        picture.extend(number.to_le_bytes());
    }
    picture.extend([30, 30, 200].repeat((SIDE * SIDE) as usize));
    let ana = ana(machine).await;
    let sent = ana.request(Method::PUT, "/dav/files/ana/red.bmp").body(picture).send().await.expect("an answer");
    assert_eq!(sent.status(), StatusCode::CREATED);
    let answer = ana.request(Method::GET, "/dav/previews/ana/red.bmp?size=256").send().await.expect("an answer");
    let (status, kind) = (answer.status(), answer.headers().get("content-type").cloned());
    let bytes = answer.bytes().await.expect("a body");
    assert_eq!(
        (status, kind.is_some_and(|kind| kind == "image/jpeg")),
        (StatusCode::OK, true),
        "{}\n{}",
        String::from_utf8_lossy(&bytes),
        machine.shell("journalctl -b -p warning --no-pager | tail -n 30")
    );
}

/// Who the machine is to others: what its addresses and its journal hang on.
fn identity(machine: &Machine) -> String {
    let identity = machine.shell("cat /etc/machine-id").trim().to_owned();
    assert!(identity.len() == 32 && identity.bytes().all(|byte| byte.is_ascii_hexdigit()), "{identity}");
    identity
}

fn stands_on_a_verified_root(machine: &Machine) {
    assert_eq!(machine.shell("findmnt -n -o SOURCE,FSTYPE,OPTIONS / | tr -s ' '").split(',').next(), Some("/dev/mapper/root erofs ro"));
    // `V` stands for verified so far (the kernel's documentation of dm-verity).
    assert!(machine.shell("dmsetup status root").trim().ends_with("verity V"));
    for place in ["/etc/croft", "/usr/bin/croft2", "/croft"] {
        assert_eq!(machine.shell(&format!("touch {place} 2> /dev/null || echo refused")).trim(), "refused", "{place}");
    }
    let subvolumes = machine.shell("btrfs subvolume list /var/lib/croft");
    for name in ["var", "state", "spaces", "apps", "images", "snapshots", "spaces/s1"] {
        assert!(subvolumes.lines().any(|line| line.ends_with(&format!(" path {name}"))), "{name}: {subvolumes}");
    }
}

/// The disk had 8 GiB when the data partition was made and has 12 now.
async fn has_grown(machine: &Machine) {
    let status = ana(machine).await.get("/api/v1/status").await;
    let total = status["pool"]["total"].as_u64().expect("bytes");
    assert!(total > 9 * GIB, "{total} bytes on a disk of 12 GiB");
    assert_eq!((&status["pool"]["file_system"], &status["one_user"]), (&"btrfs".into(), &false.into()), "{status}");
}

/// Nothing listens but the gateway and mDNS, nobody has a password, and there is no way in by SSH.
fn keeps_strangers_out(machine: &Machine) {
    // State 0A is LISTEN (proc_net_tcp in the kernel's documentation); the second word ends in the port.
    let tcp = machine.shell("cat /proc/net/tcp /proc/net/tcp6");
    let mut ports: Vec<u16> = tcp
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|words| words.get(3) == Some(&"0A"))
        .filter_map(outside)
        .collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports, [80, 443], "{tcp}");
    let udp = machine.shell("cat /proc/net/udp /proc/net/udp6");
    // 68 and 546 are the DHCP clients'.
    let ports: Vec<u16> = udp
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter_map(outside)
        .filter(|port| ![68, 546].contains(port))
        .collect();
    assert!(ports.iter().all(|port| *port == 5353), "{ports:?}: {udp}");
    let shadow = machine.shell("cut -d : -f 1,2 /etc/shadow");
    assert!(shadow.lines().all(|line| line.ends_with(":*") || line.ends_with(":!") || line.ends_with(":!*")), "{shadow}");
    // systemd brings folders for it, with nothing in them that lets anybody in.
    let ways = machine.shell("ls /usr/sbin/sshd /usr/bin/dropbear /root/.ssh/authorized_keys /etc/ssh/ssh_host_* 2> /dev/null || true");
    assert_eq!(ways.trim(), "");
}

/// The port of a socket in `/proc/net/*` that not only the machine itself reaches.
fn outside(words: Vec<&str>) -> Option<u16> {
    let (address, port) = words.get(1)?.split_once(':')?;
    let inside = address.ends_with("7F") || address == "00000000000000000000000001000000";
    (!inside).then(|| u16::from_str_radix(port, 16).ok()).flatten()
}

/// The boot loader has stopped to count, because the box answered.
fn was_called_good(machine: &Machine) {
    let entry = format!("croft_{}.efi", env!("CARGO_PKG_VERSION"));
    let begun = Instant::now();
    while machine.shell("ls /boot/EFI/Linux").trim() != entry {
        assert!(begun.elapsed() < ROLES, "{}", machine.shell("ls /boot/EFI/Linux; systemctl status croft-health boot-complete.target"));
        std::thread::sleep(Duration::from_secs(1)); // waits: for the unit that blesses, by polling
    }
}

/// Each role is killed, the supervisor last and with it all of them; then systemd restarts the supervisor, and by itself the roles that hang on it.
/// Every time the box is there again.
async fn roles_come_back(machine: &Machine) {
    let kill = "kill -KILL $(systemctl show --value -p MainPID";
    let ways = ["gateway", "identity", "storage", "sync@s1", "supervisor"].map(|role| (role, format!("{kill} croft-{role}.service)")));
    let restart = ("supervisor", "systemctl restart --no-block croft-supervisor.service".to_owned());
    for (role, end) in ways.into_iter().chain([restart]) {
        let ana = ana(machine).await;
        assert_eq!(ana.request(Method::GET, "/dav/files/ana/photo.raw").send().await.expect("an answer").status(), 200, "before {role}");
        let unit = format!("croft-{role}.service");
        let pid = machine.shell(&format!("systemctl show --value -p MainPID {unit}"));
        assert_ne!(pid.trim(), "0", "{role} runs");
        let _ = machine.shell(&end);
        let begun = Instant::now();
        loop {
            machine.answers().await;
            // A worker is started by whoever comes.
            let _ = ana.request(Method::GET, "/dav/files/ana/photo.raw").send().await;
            let now = machine.shell(&format!("systemctl show --value -p MainPID {unit}"));
            if now != pid && now.trim() != "0" {
                break;
            }
            assert!(begun.elapsed() < ROLES, "{role} does not come back");
        }
    }
}

/// A kernel image for slot B whose root is not there: it is tried, fails by itself, and the box comes up from slot A.
async fn falls_back(machine: &Machine) {
    let here = format!("/boot/EFI/Linux/croft_{}.efi", env!("CARGO_PKG_VERSION"));
    // Of the same length, so that nothing else in the file moves; and impatient, since it would wait for a disk that is slow.
    let change = "s/roothash=......../roothash=00000000/; s/default_device_timeout_sec=120/default_device_timeout_sec=015/";
    let other = "/boot/EFI/Linux/croft_9.9.9+1.efi";
    let _ = machine.shell(&format!("LC_ALL=C sed -e '{change}' {here} > {other} && ! cmp -s {here} {other} && sync"));
    machine
        .starts_again(|machine| {
            let said = machine.shell("croft power restart");
            assert!(said.contains("The box restarts."), "{said}");
        })
        .await;
    let entries = machine.shell("ls /boot/EFI/Linux");
    assert!(entries.contains("croft_9.9.9+0-1.efi"), "the broken one was tried, and has no tries left: {entries}");
    let booted = machine.shell("cat /sys/firmware/efi/efivars/LoaderEntrySelected-* | tr -d '\\0'; echo");
    assert!(booted.contains(&format!("croft_{}.efi", env!("CARGO_PKG_VERSION"))), "{booted}");
    assert!(machine.whole_console().contains("croft: this start has failed; the box restarts"), "it failed in the initrd");
}

/// Where the image lies that `cargo xtask image` made.
fn built() -> PathBuf {
    let target = binary("xtask").ancestors().nth(2).expect("a folder").to_owned();
    target.join("image-build/pc/out")
}

/// Where the root partition begins, from the table of partitions (UEFI specification 2.10, section 5.3).
fn root_partition(image: &mut fs::File) -> u64 {
    const BLOCK: u64 = 512;
    /// 4f68bce3-e8cd-4db1-96e7-fbcaf984b709: a root for x86-64 (the Discoverable Partitions Specification).
    const ROOT: [u8; 16] = [0xe3, 0xbc, 0x68, 0x4f, 0xcd, 0xe8, 0xb1, 0x4d, 0x96, 0xe7, 0xfb, 0xca, 0xf9, 0x84, 0xb7, 0x09];
    let mut table = vec![0; 128 * 128];
    image.seek(SeekFrom::Start(2 * BLOCK)).and_then(|_| image.read_exact(&mut table)).expect("a table");
    let entry = table.chunks(128).find(|entry| entry[..16] == ROOT).expect("a root");
    u64::from_le_bytes(entry[32..40].try_into().expect("eight bytes")) * BLOCK
}
