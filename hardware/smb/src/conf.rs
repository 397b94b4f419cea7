//! The text of Samba's files. Pure: what was checked as a type is written as text here, and what a stranger named is only ever a name.

use core::fmt::Write;

use croft_model::{Bytes, folded_drive_name};

use crate::{Account, DEVICE_USERS, Folder, NtHash, Share, Wanted};

/// User ids of spaces begin here: this plus the space's number.
const SPACE_USERS: u32 = 400_000;
/// Longest name of a share, in characters (MS-SRVS 2.2.4.23).
const MAX_SHARE: usize = 80;
/// Where the folders lie as Samba sees them.
pub(crate) const SPACES: &str = "/srv/spaces";
/// Where earlier times of the spaces lie as Samba sees them.
pub(crate) const SNAPSHOTS: &str = "/srv/snapshots";
/// Where the backups of Macs lie as Samba sees them.
pub(crate) const TIMES: &str = "/srv/times";
/// What Samba writes for itself, as it sees it.
pub(crate) const STATE: &str = "/srv/state";

/// What holds for every share. Sessions are of SMB3 alone, encrypted, with an account; there are no guests, no printers, no older names.
/// Only neighbours are answered: SMB is nothing for the internet. Attributes and modes are the worker's: nobody writes them from outside. What is
/// acknowledged as written through lies on the disk, as it does by default, and stays so.
const GLOBAL: &str = "\
	server role = standalone server
	workgroup = WORKGROUP
	server string = Croft
	disable netbios = yes
	server min protocol = SMB3_00
	server signing = mandatory
	server smb encrypt = required
	ntlm auth = ntlmv2-only
	map to guest = never
	restrict anonymous = 2
	access based share enum = yes
	usershare max shares = 0
	max smbd processes = 100
	ea support = no
	nt acl support = no
	strict sync = yes
	hosts allow = 127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 169.254.0.0/16 ::1 fc00::/7 fe80::/10
	load printers = no
	printing = bsd
	printcap name = /dev/null
	disable spoolss = yes
	passdb backend = smbpasswd:/etc/samba/smbpasswd
	private dir = /srv/state/private
	lock directory = /srv/state/lock
	state directory = /srv/state/lock
	cache directory = /srv/state/cache
	pid directory = /srv/state/pid
	ncalrpc dir = /srv/state/ncalrpc
	logging = file
	log level = 1
	wide links = no
	follow symlinks = no
	create mask = 0600
	force create mode = 0600
	directory mask = 0700
	force directory mode = 0700
	vfs objects = catia fruit streams_xattr
	fruit:metadata = stream
	fruit:encoding = native
	fruit:model = MacSamba
	fruit:posix_rename = yes
	fruit:veto_appledouble = no
	fruit:nfs_aces = no
	fruit:wipe_intentionally_left_blank_rfork = yes
	fruit:delete_empty_adfiles = yes
";

/// `smb.conf`, answering at `port` of `interfaces` (all of them when there are none).
pub(crate) fn smb_conf(wanted: &Wanted, port: u16, interfaces: &[&str]) -> String {
    let mut text = String::from("# Made by Croft out of its settings; changes here are written over.\n[global]\n");
    line(&mut text, format_args!("netbios name = {}", host(&wanted.host)));
    line(&mut text, format_args!("smb ports = {port}"));
    if !interfaces.is_empty() {
        line(&mut text, format_args!("interfaces = {}\n\tbind interfaces only = yes", interfaces.join(" ")));
    }
    text.push_str(GLOBAL);
    let mut taken = Vec::new();
    for share in &wanted.shares {
        let name = section(&share.name);
        // Two names that differ in what is no letter would be one section, and the second would change who sees the first.
        if taken.contains(&folded_drive_name(&name)) {
            continue;
        }
        taken.push(folded_drive_name(&name));
        serve(&mut text, &name, share, wanted.read_only);
    }
    text
}

fn serve(text: &mut String, name: &str, share: &Share, read_only: bool) {
    let _ = writeln!(text, "\n[{name}]");
    match share.folder {
        Folder::Space(space) => {
            line(text, format_args!("path = {SPACES}/{space}/files"));
            // Who may only read has nothing of what was deleted before, and Samba knows no difference between the two in one share.
            if share.readers.is_empty() {
                line(text, format_args!("vfs objects = catia fruit streams_xattr shadow_copy2"));
                line(text, format_args!("shadow:mountpoint = {SPACES}/{space}\n\tshadow:basedir = {SPACES}/{space}"));
                line(text, format_args!("shadow:snapdir = {SNAPSHOTS}/{space}"));
                line(text, format_args!("shadow:format = @GMT-%Y.%m.%d-%H.%M.%S\n\tshadow:localtime = no\n\tshadow:sort = desc"));
                line(text, format_args!("shadow:crossmountpoints = no"));
            }
        }
        Folder::TimeMachine(person, Bytes(most)) => {
            line(text, format_args!("path = {TIMES}/{person}"));
            line(text, format_args!("fruit:time machine = yes\n\tfruit:time machine max size = {most}"));
        }
    }
    line(text, format_args!("force user = {}", space_user(share)));
    // Without anybody nobody is meant; an empty list would mean everybody.
    let all: Vec<&str> = share.readers.iter().chain(&share.writers).map(String::as_str).collect();
    line(text, format_args!("valid users = {}", if all.is_empty() { "root".into() } else { all.join(" ") }));
    line(text, format_args!("read only = yes"));
    // Also when it is empty: what is left out is taken from what stands before.
    let writers = if read_only { String::new() } else { share.writers.join(" ") };
    line(text, format_args!("write list = {writers}"));
}

/// The users as Samba sees them: nobody of the system but root and nobody, the spaces, and the devices.
pub(crate) fn passwd(wanted: &Wanted) -> String {
    let mut text = String::new();
    for (name, number) in users(wanted) {
        let _ = writeln!(text, "{name}:x:{number}:{number}::/:/usr/sbin/nologin");
    }
    text
}

/// The groups as Samba sees them.
pub(crate) fn group(wanted: &Wanted) -> String {
    let mut text = String::from("nogroup:x:65534:\n");
    for (name, number) in users(wanted) {
        let _ = writeln!(text, "{name}:x:{number}:");
    }
    text
}

/// The accounts as Samba reads them (`smbpasswd(5)`); for root alone.
pub(crate) fn smbpasswd(wanted: &Wanted) -> String {
    let mut text = String::new();
    for Account { name, number, password } in &wanted.accounts {
        // The time of the last change is in the past, whatever the clock says, so that none is asked for.
        let _ = writeln!(text, "{name}:{}:{}:{}:[U          ]:LCT-00000001:", device_user(*number), "X".repeat(32), hexadecimal(*password));
    }
    text
}

/// Nothing but these files is asked who somebody is.
pub(crate) const NSSWITCH: &str = "passwd: files\ngroup: files\nhosts: files\n";

fn users(wanted: &Wanted) -> Vec<(String, u32)> {
    let mut users = vec![("root".to_owned(), 0), ("nobody".to_owned(), 65_534)];
    let mut spaces: Vec<_> = wanted.shares.iter().map(|share| (space_user(share), SPACE_USERS + u32::from(share.space.0))).collect();
    spaces.sort();
    spaces.dedup();
    users.extend(spaces);
    users.extend(wanted.accounts.iter().map(|account| (account.name.clone(), device_user(account.number))));
    users
}

/// The user of a share's space: with a sign that no account's name has.
fn space_user(share: &Share) -> String {
    format!("croft_s{}", share.space.0)
}

fn device_user(number: u16) -> u32 {
    DEVICE_USERS + u32::from(number)
}

fn hexadecimal(hash: NtHash) -> String {
    hash.to_bytes().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

/// A name as the name of a section: letters, digits and a few signs that mean nothing to Samba, Windows or a URL.
pub(crate) fn section(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_alphanumeric() || " -_.".contains(c) { c } else { '_' }).take(MAX_SHARE).collect();
    let plain = plain.trim_matches([' ', '.']).to_owned();
    // Samba reads these whatever their case and wherever blanks are in them.
    let meant = ["", "global", "globals", "homes", "printers", "print_", "ipc_", "admin_"];
    if meant.contains(&folded_drive_name(&plain).as_str()) { format!("_{plain}") } else { plain }
}

/// A host's label as the old kind of name, which Samba wants to have even where it answers by none.
fn host(name: &str) -> String {
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(15).collect();
    if plain.is_empty() { "croft".into() } else { plain }
}

fn line(text: &mut String, words: core::fmt::Arguments<'_>) {
    // Writing into a text cannot fail.
    let _ = writeln!(text, "\t{words}");
}

#[cfg(test)]
mod tests {
    use croft_model::{PersonId, SpaceId, SpaceNumber};
    use proptest::prelude::*;

    use super::*;

    fn share(name: &str, number: u16, readers: &[&str], writers: &[&str]) -> Share {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let folder = Folder::Space(SpaceId::from_number(number));
        Share { name: name.into(), folder, space: SpaceNumber(number), readers: list(readers), writers: list(writers) }
    }

    fn wanted() -> Wanted {
        let account = |name: &str, number| Account { name: name.into(), number, password: NtHash::of("Password") };
        let times = Folder::TimeMachine(PersonId::from_number(1), Bytes(500 << 30));
        let shares = vec![
            share("ana", 1, &[], &["ana-laptop"]),
            share("Fotos & Filme] 100%\npath = /", 3, &["ben-pc"], &["ana-laptop"]),
            share("empty", 4, &[], &[]),
            Share { name: "Time Machine ana".into(), folder: times, ..share("", 1, &[], &["ana-laptop"]) },
        ];
        Wanted { host: "croft".into(), accounts: vec![account("ana-laptop", 1), account("ben-pc", 2)], shares, read_only: false }
    }

    #[test]
    fn the_files_of_a_household() {
        let wanted = wanted();
        let conf = smb_conf(&wanted, 445, &[]);
        insta::assert_snapshot!([conf, passwd(&wanted), group(&wanted), smbpasswd(&wanted)].join("\n=====\n"));
    }

    #[test]
    fn what_means_something_to_samba_is_no_name() {
        for (name, expected) in [
            ("Photos", "Photos"),
            ("Fotos für Oma", "Fotos für Oma"),
            ("a]b", "a_b"),
            ("global", "_global"),
            ("Globals", "_Globals"),
            ("glo bal", "_glo bal"),
            ("HOMES", "_HOMES"),
            ("IPC$", "_IPC_"),
            ("%U", "_U"),
            ("..", "_"),
            ("", "_"),
            ("a\nb", "a_b"),
        ] {
            assert_eq!(section(name), expected, "{name:?}");
        }
        assert_eq!(section(&"x".repeat(200)).len(), 80);
    }

    #[test]
    fn two_names_that_look_alike_are_not_one_share() {
        let wanted = Wanted { shares: vec![share("a/b", 1, &[], &["ana-pc"]), share("A?B", 2, &[], &["ben-pc"])], ..Wanted::default() };
        let conf = smb_conf(&wanted, 445, &[]);
        assert!(conf.contains("[a_b]") && !conf.contains("ben-pc"), "{conf}");
    }

    #[test]
    fn nobody_writes_where_all_only_read() {
        let conf = smb_conf(&Wanted { read_only: true, ..wanted() }, 445, &[]);
        assert!(conf.lines().filter(|line| line.contains("write list")).all(|line| line.trim() == "write list ="), "{conf}");
    }

    /// Samba itself reads what was written: no name of a folder becomes its global section, or another's.
    #[test]
    fn samba_reads_each_name_as_a_section_of_its_own() {
        let names = ["Globals", "gLobal", "homes", "Photos 1", "a]\n[b", "Κόσμος", "x;y#z", "print$", "%U\\"];
        let shares = names.iter().zip(1..).map(|(name, number)| share(name, number, &["ana-pc"], &[])).collect();
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("smb.conf");
        std::fs::write(&file, smb_conf(&Wanted { shares, ..Wanted::default() }, 445, &[])).expect("written");
        let read =
            std::process::Command::new("testparm").args(["-s", "--suppress-prompt"]).arg(&file).output().expect("testparm is installed");
        let text = String::from_utf8_lossy(&read.stdout).into_owned();
        let sections: Vec<&str> = text.lines().filter(|line| line.starts_with('[')).collect();
        assert_eq!(sections.len(), 1 + names.len(), "{text}{}", String::from_utf8_lossy(&read.stderr));
        let global = text.split("\n[").find(|part| part.trim_start_matches('[').starts_with("global]")).expect("a global section");
        assert!(!global.contains("valid users") && !global.contains("path ="), "{text}");
    }

    proptest! {
        #[test]
        fn a_name_adds_no_line_and_no_section(name in ".*", host in ".*") {
            let plain = Wanted { host: "croft".into(), shares: vec![share("x", 1, &[], &["ana-pc"])], ..Wanted::default() };
            let strange = Wanted { host, shares: vec![share(&name, 1, &[], &["ana-pc"])], ..Wanted::default() };
            let (plain, strange) = (smb_conf(&plain, 445, &[]), smb_conf(&strange, 445, &[]));
            let keys = |text: &str| text.lines().filter_map(|line| line.split_once(" = ").map(|(key, _)| key.trim().to_owned())).collect::<Vec<_>>();
            prop_assert_eq!(keys(&plain), keys(&strange));
            prop_assert_eq!(plain.lines().count(), strange.lines().count());
        }
    }
}
