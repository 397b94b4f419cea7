//! Users of roles and spaces, made known to the system by records (`userdb`, `nss-systemd(8)`) while it runs: numbers are ours, names are for
//! people who look at a list of processes. No record has a password, a shell or a home.

use std::{
    fs,
    io::{self, ErrorKind},
    os::unix::fs::symlink,
    path::Path,
};

use serde_json::json;

/// Where records of a running system lie.
const RECORDS: &str = "/run/userdb";

/// Makes the user of `unit` known; gives its name: `croft-gateway`, or `croft-s1` for `sync@s1`.
pub(crate) fn register(unit: &str, number: u32) -> io::Result<String> {
    register_in(Path::new(RECORDS), unit, number)
}

fn register_in(records: &Path, unit: &str, number: u32) -> io::Result<String> {
    let name = format!("croft-{}", unit.rsplit('@').next().unwrap_or(unit));
    fs::create_dir_all(records)?;
    let user =
        json!({ "userName": name, "uid": number, "gid": number, "disposition": "system", "locked": true, "shell": "/usr/sbin/nologin" });
    let group = json!({ "groupName": name, "gid": number, "disposition": "system" });
    for (kind, record) in [("user", user), ("group", group)] {
        fs::write(records.join(format!("{name}.{kind}")), record.to_string())?;
        match symlink(format!("{name}.{kind}"), records.join(format!("{number}.{kind}"))) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_name_and_by_number() {
        let folder = tempfile::tempdir().expect("a folder");
        for _ in 0..2 {
            assert_eq!(register_in(folder.path(), "sync@s1", 400_001).expect("registered"), "croft-s1");
        }
        assert_eq!(register_in(folder.path(), "gateway", 399_901).expect("registered"), "croft-gateway");
        let by_number = fs::read_to_string(folder.path().join("400001.user")).expect("there");
        assert_eq!(by_number, fs::read_to_string(folder.path().join("croft-s1.user")).expect("there"));
        let record: serde_json::Value = serde_json::from_str(&by_number).expect("a record");
        assert_eq!((&record["uid"], &record["locked"]), (&json!(400_001), &json!(true)));
    }
}
