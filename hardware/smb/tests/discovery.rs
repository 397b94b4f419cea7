//! Explorer's question, asked in a network of its own, is answered by what the unit starts.

use std::process::Command;

use croft_smb::discovery_unit_file;

/// Two ends of a wire; the server as nobody and without powers, as its unit has it; and Explorer, who asks everybody and then who has answered.
const SCRIPT: &str = r#"
set -eu
hostname mybox
ip link set lo up
ip link add box type veth peer name explorer
ip address add 192.168.77.1/24 dev box
ip link set explorer up
ip link set box up multicast on
ip route add 224.0.0.0/4 dev box
setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --no-new-privs $SERVER >"$FOLDER/log" 2>&1 &
server=$!
trap 'kill $server' EXIT
for _ in $(seq 40); do
    answer=$(socat -t 1 - UDP4-DATAGRAM:239.255.255.250:3702,ip-multicast-if=192.168.77.1 <"$FOLDER/probe" || true)
    case $answer in *ProbeMatches*) break ;; esac
done
echo "$answer"
address=$(echo "$answer" | sed -n 's/.*<wsd:XAddrs>\([^ <]*\).*/\1/p')
id=${address##*/}
sed "s/ID/$id/" "$FOLDER/get" | curl --silent --max-time 10 --header 'Content-Type: application/soap+xml' --data-binary @- "$address"
"#;

fn envelope(to: &str, action: &str, body: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:wsd="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:wsdp="http://schemas.xmlsoap.org/ws/2006/02/devprof"><soap:Header><wsa:To>{to}</wsa:To><wsa:Action>{action}</wsa:Action><wsa:MessageID>urn:uuid:7a3c3a70-0000-4000-8000-000000000001</wsa:MessageID></soap:Header><soap:Body>{body}</soap:Body></soap:Envelope>"#
    )
}

#[test]
fn explorer_finds_the_box_by_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let probe = "<wsd:Probe><wsd:Types>wsdp:Device</wsd:Types></wsd:Probe>";
    let probe = envelope("urn:schemas-xmlsoap-org:ws:2005:04:discovery", "http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe", probe);
    std::fs::write(folder.path().join("probe"), probe).expect("written");
    let get = envelope("urn:uuid:ID", "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get", "");
    std::fs::write(folder.path().join("get"), get).expect("written");
    let unit = discovery_unit_file();
    let server = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("a program");
    let output = Command::new("unshare")
        .args(["--net", "--uts", "bash", "-c", SCRIPT])
        .env("SERVER", server)
        .env("FOLDER", folder.path())
        .output()
        .expect("unshare");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("pub:Computer") && said.contains("http://192.168.77.1:3702/"), "{said}\n{why}\n{log}");
    assert!(said.contains("MYBOX/Workgroup:WORKGROUP"), "{said}\n{why}\n{log}");
}
