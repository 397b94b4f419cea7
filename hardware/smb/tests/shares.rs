//! A real Samba, asked by a real client: who gets in, what comes out, and that nothing stays open.
#![expect(clippy::expect_used, reason = "tests fail by panic")]

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink},
    process::Command,
};

use croft_model::{Bytes, PersonId, SpaceId, SpaceNumber};
use croft_smb::{Account, ChildSmb, Folder, NtHash, Share, Smb, Wanted};

/// An hour of which the box kept how the space was.
const EARLIER: &str = "@GMT-2026.11.30-10.00.00";

struct Served {
    home: tempfile::TempDir,
    smb: ChildSmb,
    port: u16,
}

impl Served {
    /// The folder of a box with spaces 1 and 2, as a supervisor lays it out.
    fn new() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let make = |path: &str, mode: u32, user: u32| {
            let path = home.path().join(path);
            fs::create_dir_all(&path).expect("made");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its mode");
            chown(&path, Some(user), Some(user)).expect("its user");
        };
        for (path, mode) in [("run", 0o711), ("spaces", 0o711), ("snapshots", 0o711), ("times", 0o711)] {
            make(path, mode, 0);
        }
        for space in [1, 2] {
            let user = 400_000 + space;
            make(&format!("spaces/s{space}"), 0o700, user);
            make(&format!("spaces/s{space}/files"), 0o700, user);
            make(&format!("snapshots/s{space}"), 0o700, user);
            make(&format!("snapshots/s{space}/{EARLIER}"), 0o700, user);
            make(&format!("snapshots/s{space}/{EARLIER}/files"), 0o700, user);
        }
        make("times/p1", 0o700, 400_001);
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let smb = ChildSmb::new(home.path(), port);
        smb.may().expect("root, and samba is installed");
        Self { home, smb, port }
    }

    async fn serve(&self, wanted: &Wanted) {
        self.smb.serve(wanted).await.expect("served");
    }

    /// Writes a file of space `space` as its worker does.
    fn put(&self, path: &str, space: u32, text: &str) {
        let path = self.home.path().join(path);
        fs::write(&path, text).expect("written");
        chown(&path, Some(400_000 + space), Some(400_000 + space)).expect("its user");
    }

    /// What the client says, and whether it got through.
    fn ask(&self, who: &str, share: &str, commands: &str) -> (bool, String) {
        let output = Command::new("smbclient")
            .args([&format!("//127.0.0.1/{share}"), "-p", &self.port.to_string(), "-U", who, "-m", "SMB3", "-c", commands])
            .current_dir(self.home.path())
            .output()
            .expect("smbclient is installed");
        (output.status.success(), [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat())
    }

    #[track_caller]
    fn works(&self, who: &str, share: &str, commands: &str) -> String {
        let (worked, said) = self.ask(who, share, commands);
        assert!(worked && !said.contains("NT_STATUS"), "{who} {share} {commands}: {said}");
        said
    }

    #[track_caller]
    fn refused(&self, who: &str, share: &str, commands: &str, with: &str) {
        let (_, said) = self.ask(who, share, commands);
        assert!(said.contains(with), "{who} {share} {commands}: {said}");
    }

    fn file(&self, path: &str) -> std::path::PathBuf {
        self.home.path().join(path)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // The child ends with the thread that holds it, at the latest with this process; here it is waited for.
        let smb = self.smb.clone();
        let ended =
            std::thread::spawn(move || tokio::runtime::Runtime::new().expect("a runtime").block_on(async { smb.end().await })).join();
        assert!(std::thread::panicking() || ended.expect("ended").is_ok());
    }
}

fn account(name: &str, number: u16, password: &str) -> Account {
    Account { name: name.into(), number, password: NtHash::of(password) }
}

fn share(name: &str, space: u16, readers: &[&str], writers: &[&str]) -> Share {
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let folder = Folder::Space(SpaceId::from_number(space));
    Share { name: name.into(), folder, space: SpaceNumber(space), readers: list(readers), writers: list(writers) }
}

/// Ana writes in her own space and reads in the other one, which is Ben's to write.
fn household() -> Wanted {
    let accounts = vec![account("ana-laptop", 1, "ana-pass"), account("ben-pc", 2, "ben-pass")];
    let times = Share {
        folder: Folder::TimeMachine(PersonId::from_number(1), Bytes(50 << 30)),
        ..share("Time Machine ana", 1, &[], &["ana-laptop"])
    };
    let shares = vec![share("ana", 1, &[], &["ana-laptop"]), share("Fotos für alle", 2, &["ana-laptop"], &["ben-pc"]), times];
    Wanted { host: "croft".into(), accounts, shares, read_only: false }
}

const ANA: &str = "ana-laptop%ana-pass";
const BEN: &str = "ben-pc%ben-pass";
const DENIED: &str = "NT_STATUS_ACCESS_DENIED";
const WRONG: &str = "NT_STATUS_LOGON_FAILURE";

#[tokio::test]
async fn a_device_writes_where_its_person_may_and_the_files_are_the_spaces() {
    let served = Served::new();
    served.serve(&household()).await;
    served.put("letter", 0, "dear");
    served.works(ANA, "ana", "mkdir work; put letter work\\one; rename work\\one work\\two; ls work\\*");
    let two = served.file("spaces/s1/files/work/two");
    let seen = fs::metadata(&two).expect("it is there");
    assert_eq!((seen.uid(), seen.gid(), seen.mode() & 0o777), (400_001, 400_001, 0o600));
    assert_eq!(fs::read_to_string(&two).expect("read"), "dear");
    served.put("spaces/s2/files/hello", 2, "from ben");
    assert!(served.works(ANA, "Fotos für alle", "ls").contains("hello"));
    served.refused(ANA, "Fotos für alle", "put letter letter", DENIED);
    served.refused(ANA, "Fotos für alle", "del hello", DENIED);
    served.works(BEN, "Fotos für alle", "del hello");
    assert!(!served.file("spaces/s2/files/hello").exists());
    // Each sees only what is its own to see.
    let (_, listed) = served.ask(BEN, "ana", "");
    assert!(listed.contains(DENIED), "{listed}");
    let list =
        Command::new("smbclient").args(["-L", "//127.0.0.1", "-p", &served.port.to_string(), "-U", BEN, "-m", "SMB3", "-g"]).output();
    let list = String::from_utf8_lossy(&list.expect("asked").stdout).into_owned();
    assert!(list.contains("Disk|Fotos für alle|") && !list.contains("|ana|") && !list.contains("Time Machine"), "{list}");
}

#[tokio::test]
async fn who_is_not_let_in() {
    let served = Served::new();
    served.serve(&household()).await;
    for who in [
        "ana-laptop%wrong",
        "ana-laptop%",
        "ana%ana-pass",
        "root%",
        "root%root",
        "nobody%",
        "croft_s1%",
        "croft_s1%croft_s1",
        "ben-pc%ana-pass",
    ] {
        served.refused(who, "ana", "ls", WRONG);
    }
    served.refused("%", "ana", "ls", DENIED);
    let port = served.port.to_string();
    let run = |arguments: &[&str]| {
        let output =
            Command::new("smbclient").args(["//127.0.0.1/ana", "-p", &port, "-U", ANA, "-c", "ls"]).args(arguments).output().expect("run");
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat()
    };
    // Older words of the protocol are not understood.
    for old in [["-m", "NT1"], ["-m", "SMB2_10"], ["-m", "SMB2_02"]] {
        let said = run(&[old.as_slice(), &["--option=client min protocol=NT1"]].concat());
        assert!(said.contains("NT_STATUS") && !said.contains("blocks available"), "{old:?}: {said}");
    }
    assert!(run(&["-m", "SMB3", "--client-protection", "encrypt"]).contains("blocks available"));
    // The way out of a space is no way, neither by a link nor by a name.
    symlink("/etc", served.file("spaces/s1/files/etc")).expect("a link");
    symlink("../../s2/files", served.file("spaces/s1/files/other")).expect("a link");
    served.put("spaces/s2/files/secret", 2, "s");
    for path in ["etc\\passwd", "other\\secret", "..\\..\\s2\\files\\secret", "..\\index"] {
        let (_, said) = served.ask(ANA, "ana", &format!("get {path} stolen"));
        assert!(said.contains("NT_STATUS") && !served.file("stolen").exists(), "{path}: {said}");
    }
}

#[tokio::test]
async fn what_is_taken_back_is_taken_at_once_from_who_is_connected_too() {
    let served = Served::new();
    served.serve(&household()).await;
    served.put("letter", 0, "dear");
    // A client that stays connected and goes on when it is told to.
    let script = "while ! [ -e go ]; do sleep 0.05; done; echo 'put letter late'; echo ls";
    let waiting = format!("( echo 'put letter early'; {script} ) | smbclient //127.0.0.1/ana -p {} -U {ANA} -m SMB3 2>&1", served.port);
    let child = Command::new("bash").args(["-c", &waiting]).current_dir(served.home.path()).stdout(std::process::Stdio::piped()).spawn();
    let child = child.expect("bash");
    for _ in 0..400 {
        if served.file("spaces/s1/files/early").exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50)); // waits: for the client to be connected, by polling
    }
    assert!(served.file("spaces/s1/files/early").exists(), "it is connected");
    let mut without = household();
    without.accounts.remove(0);
    for share in &mut without.shares {
        share.readers.retain(|name| name != "ana-laptop");
        share.writers.retain(|name| name != "ana-laptop");
    }
    served.serve(&without).await;
    fs::write(served.file("go"), "").expect("told");
    let heard = child.wait_with_output().expect("ended");
    assert!(!served.file("spaces/s1/files/late").exists(), "{}", String::from_utf8_lossy(&heard.stdout));
    served.refused(ANA, "ana", "ls", WRONG);
    served.works(BEN, "Fotos für alle", "ls");
    // A new device under the same name is another one.
    let mut again = household();
    again.accounts[0].password = NtHash::of("another");
    served.serve(&again).await;
    served.refused(ANA, "ana", "ls", WRONG);
    served.works("ana-laptop%another", "ana", "ls");
}

#[tokio::test]
async fn who_wins_something_sends_nobody_away_and_off_means_that_nothing_answers() {
    let served = Served::new();
    let mut first = household();
    first.accounts.truncate(1);
    first.shares[1].writers.clear();
    served.serve(&first).await;
    let log = || fs::read_to_string(served.file("run/shares/state/pid/smbd.pid")).expect("it runs");
    let before = log();
    served.refused(BEN, "Fotos für alle", "ls", WRONG);
    served.serve(&household()).await;
    served.works(BEN, "Fotos für alle", "ls");
    assert_eq!(log(), before, "the same server");
    served.smb.end().await.expect("ended");
    assert!(TcpListener::bind(("127.0.0.1", served.port)).is_ok(), "nobody holds the port");
    assert!(!served.file("run/shares/etc").exists(), "no password lies about");
    served.serve(&household()).await;
    served.works(BEN, "Fotos für alle", "ls");
}

#[tokio::test]
async fn earlier_times_are_previous_versions_which_nobody_changes() {
    let served = Served::new();
    served.put("spaces/s1/files/plan", 1, "new");
    served.put(&format!("snapshots/s1/{EARLIER}/files/plan"), 1, "old words");
    served.put(&format!("snapshots/s1/{EARLIER}/files/deleted"), 1, "was deleted");
    served.put(&format!("snapshots/s2/{EARLIER}/files/other"), 2, "not hers");
    served.serve(&household()).await;
    assert!(served.works(ANA, "ana", "allinfo plan").contains(EARLIER));
    served.works(ANA, "ana", &format!("get {EARLIER}\\plan plan; get {EARLIER}\\deleted deleted"));
    let read = |name: &str| fs::read_to_string(served.file(name)).expect("read");
    assert_eq!((read("plan"), read("deleted")), ("old words".into(), "was deleted".into()));
    let (_, said) = served.ask(ANA, "ana", &format!("put plan {EARLIER}\\plan; del {EARLIER}\\deleted; get {EARLIER}\\other x"));
    assert!(said.contains("NT_STATUS") && served.file(&format!("snapshots/s1/{EARLIER}/files/deleted")).exists(), "{said}");
    assert_eq!(fs::read_to_string(served.file(&format!("snapshots/s1/{EARLIER}/files/plan"))).expect("read"), "old words");
    // Ana may only read here: what was deleted is nothing for her.
    served.put("spaces/s2/files/plan", 2, "for all");
    assert!(!served.works(ANA, "Fotos für alle", "allinfo plan").contains(EARLIER));
    let (_, said) = served.ask(ANA, "Fotos für alle", &format!("get {EARLIER}\\other other"));
    assert!(said.contains("NT_STATUS") && !served.file("other").exists(), "{said}");
}

#[tokio::test]
async fn a_nearly_full_disk_is_read_and_not_written() {
    let served = Served::new();
    served.put("letter", 0, "dear");
    served.serve(&household()).await;
    served.works(ANA, "ana", "put letter one");
    served.serve(&Wanted { read_only: true, ..household() }).await;
    served.works(ANA, "ana", "get one back");
    served.refused(ANA, "ana", "put letter two", DENIED);
    served.refused(ANA, "Time Machine ana", "put letter two", DENIED);
    served.serve(&household()).await;
    served.works(ANA, "ana", "put letter two");
}

#[tokio::test]
async fn what_the_worker_writes_for_itself_is_written_by_nobody_else() {
    let served = Served::new();
    served.serve(&household()).await;
    served.put("spaces/s1/files/letter", 1, "dear");
    let letter = served.file("spaces/s1/files/letter");
    fs::set_permissions(&letter, fs::Permissions::from_mode(0o600)).expect("its mode");
    let (_, said) = served.ask(ANA, "ana", "setea letter croft.id stolen");
    assert!(said.contains("NT_STATUS"), "{said}");
    let acl = ["-p", &served.port.to_string(), "-U", ANA, "-m", "SMB3", "//127.0.0.1/ana", "letter", "-S", "ACL:Everyone:ALLOWED/0x0/FULL"];
    Command::new("smbcacls").args(acl).output().expect("smbcacls is installed");
    let attributes = nix::sys::stat::stat(&letter).expect("there");
    assert_eq!((attributes.st_mode & 0o7777, attributes.st_uid), (0o600, 400_001));
    // What Macs write instead of the signs that Windows does not have is stored as those signs.
    served.put("text", 0, "x");
    served.works(ANA, "ana", "put text 10\u{f022}30");
    assert!(
        served.file("spaces/s1/files/10:30").exists(),
        "{:?}",
        fs::read_dir(served.file("spaces/s1/files")).map(|d| d.flatten().map(|e| e.file_name()).collect::<Vec<_>>())
    );
}

#[tokio::test]
async fn who_listens_on_the_wire_reads_nothing() {
    let served = Served::new();
    served.serve(&household()).await;
    served.put("letter", 0, "words that nobody else shall read");
    // A wire with somebody at it: what goes through one connection, in both directions.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = served.port;
    let wire = std::thread::spawn(move || {
        let client = listener.accept().expect("a client").0;
        let server = TcpStream::connect(("127.0.0.1", server)).expect("the server");
        let listen = |mut from: TcpStream, mut to: TcpStream| {
            let mut heard = Vec::new();
            let mut some = [0_u8; 4096];
            while let Ok(count @ 1..) = from.read(&mut some) {
                heard.extend_from_slice(&some[..count]);
                if to.write_all(&some[..count]).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(std::net::Shutdown::Write);
            heard
        };
        let back = [server.try_clone().expect("a copy"), client.try_clone().expect("a copy")];
        let there = std::thread::spawn(move || listen(client, server));
        let [server, client] = back;
        [listen(server, client), there.join().expect("heard")].concat()
    });
    let output = Command::new("smbclient")
        .args(["//127.0.0.1/ana", "-p", &port.to_string(), "-U", ANA, "-m", "SMB3", "-c", "put letter; get letter back"])
        .current_dir(served.home.path())
        .output()
        .expect("run");
    let heard = wire.join().expect("heard");
    assert_eq!(fs::read(served.file("back")).ok().as_deref(), Some(b"words that nobody else shall read".as_slice()), "{output:?}");
    let contains = |words: &[u8]| heard.windows(words.len()).any(|some| some == words);
    assert!(contains(b"NTLMSSP") && !contains(b"nobody else"), "{} bytes", heard.len());
}

#[tokio::test]
async fn a_mac_keeps_its_backups_where_it_may_and_no_more_than_it_may() {
    let served = Served::new();
    let mut wanted = household();
    wanted.shares[2].folder = Folder::TimeMachine(PersonId::from_number(1), Bytes(64 << 20));
    served.serve(&wanted).await;
    fs::write(served.file("band"), vec![7_u8; 8 << 20]).expect("written");
    fs::write(served.file("Info.plist"), "<key>band-size</key>\n<integer>8388608</integer>\n").expect("written");
    let bundle = "Ana's Mac.sparsebundle";
    let commands = format!(
        "mkdir \"{bundle}\"; mkdir \"{bundle}/bands\"; put Info.plist \"{bundle}/Info.plist\"; put band \"{bundle}/bands/0\"; \
         put band \"{bundle}/bands/new\"; rename \"{bundle}/bands/new\" \"{bundle}/bands/1\"; ls \"{bundle}/bands/*\""
    );
    let said = served.works(ANA, "Time Machine ana", &commands);
    let band = served.file(&format!("times/p1/{bundle}/bands/1"));
    let seen = fs::metadata(&band).expect("it is there");
    assert_eq!((seen.uid(), seen.len()), (400_001, 8 << 20));
    // The client is told of the room that is left of its quota, and not of the disk's.
    let room = |said: &str| -> u64 {
        let words: Vec<&str> = said.split_whitespace().collect();
        let at = words.iter().rposition(|word| *word == "available").expect("room");
        words[at - 2].parse::<u64>().expect("a number")
    };
    assert!(room(&said) * 1024 <= 64 << 20, "{said}");
    served.refused(BEN, "Time Machine ana", "ls", DENIED);
}

#[test]
fn the_configuration_is_understood_by_samba() {
    let served = Served::new();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(served.serve(&household()));
    // The places are named as seen from inside.
    let text = fs::read_to_string(served.file("run/shares/etc/samba/smb.conf")).expect("written");
    let conf = served.file("smb.conf");
    fs::write(&conf, text.replace("/srv/state", &served.file("run/shares/state").display().to_string())).expect("written");
    let output = Command::new("testparm").args(["-s", "--suppress-prompt"]).arg(&conf).output().expect("testparm is installed");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    for wrong in ["Unknown parameter", "Ignoring", "ERROR", "WARNING", "deprecated"] {
        assert!(!said.contains(wrong), "{said}");
    }
    let kept = String::from_utf8_lossy(&output.stdout).into_owned();
    for share in ["[ana]", "[Fotos für alle]", "[Time Machine ana]"] {
        assert!(kept.contains(share), "{kept}");
    }
}
