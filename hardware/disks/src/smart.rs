//! What `smartctl(8)` says of a disk, read into types. Its exit status is a bitmask, of which most bits are news of the disk and no failure.

use std::time::Duration;

use croft_model::{Bus, DiskReading, Sectors, nothing};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{DiskError, lsblk::Device, program};

const PROGRAM: &str = "smartctl";
/// Time for one question; a disk that has trouble answers slowly, one that hangs is given up.
const LIMIT: Duration = Duration::from_secs(30);
/// The exit status that we ask for when the disk sleeps; by itself smartctl never gives it, since nothing is opened where the words were wrong.
const ASLEEP: i32 = 3;
/// How the program calls the state of a disk that did not understand the question for it, too.
const SLEEP: &str = "in SLEEP mode";
/// Bits of the exit status: the words were not understood, the device did not open or did not say what it is.
const NOT_OPENED: i32 = 0b11;
/// More than this is no count of sectors but something that the maker packed into the same field.
const MAX_SECTORS: u64 = u32::MAX as u64;
/// Hours of a hundred years.
const MAX_HOURS: u64 = 876_600;
/// Temperatures at which a disk can answer, in degrees Celsius.
const LIVES: std::ops::RangeInclusive<i64> = -40..=125;
/// The most that a percentage of wear can be: NVMe counts to 255.
const MAX_WORN: u64 = 255;
/// Attributes of ATA: sectors written off, errors that could not be corrected, sectors that wait, sectors found bad while idle.
const REALLOCATED: u64 = 5;
const UNCORRECTED: u64 = 187;
const PENDING: u64 = 197;
const OFFLINE_UNCORRECTED: u64 = 198;
/// Attributes whose normed value is what is left of the written life, in percent.
const LEFT: [u64; 4] = [231, 233, 169, 177];

/// How a disk is talked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmartWay {
    /// NVMe.
    Nvme,
    /// ATA, directly or through SCSI: SATA, and most adapters to USB.
    Sat,
    /// SCSI: SAS.
    Scsi,
    /// NVMe behind adapters to USB of these makers.
    SntJmicron,
    /// The same.
    SntAsmedia,
    /// The same.
    SntRealtek,
}

impl SmartWay {
    /// The ways to try. None is the program's own guess, which may wake a disk.
    pub(crate) const fn of(bus: Bus) -> &'static [Self] {
        match bus {
            Bus::Nvme => &[Self::Nvme],
            Bus::Sata => &[Self::Sat, Self::Scsi],
            Bus::Usb => &[Self::Sat, Self::SntJmicron, Self::SntAsmedia, Self::SntRealtek],
            Bus::Card | Bus::Virtual | Bus::Other => &[],
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Nvme => "nvme",
            Self::Sat => "sat",
            Self::Scsi => "scsi",
            Self::SntJmicron => "sntjmicron",
            Self::SntAsmedia => "sntasmedia",
            Self::SntRealtek => "sntrealtek",
        }
    }
}

/// What a disk answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmartAnswer {
    /// This, in this way.
    Told(DiskReading, SmartWay),
    /// It sleeps, and was not woken.
    Asleep,
    /// Nothing in any way.
    Mute,
}

/// Asks a disk in the way that worked before, or in all that are possible, one after the other.
pub(crate) async fn ask(device: &Device, bus: Bus, known: Option<SmartWay>, at: Timestamp) -> Result<SmartAnswer, DiskError> {
    let all = SmartWay::of(bus);
    let known = known.filter(|way| all.contains(way));
    let disk = device.path.to_string_lossy();
    for way in known.as_slice().iter().chain(all.iter().filter(|way| known.is_none_or(|known| known != **way))) {
        let words = ["--json=c", "-n", "standby,3", "-d", way.word(), "-i", "-H", "-A", "-l", "ssd", &disk];
        let (status, text) = program::answer(PROGRAM, &words, LIMIT).await?;
        match read(status, &text, at)? {
            Said::Asleep => return Ok(SmartAnswer::Asleep),
            Said::NoPower if known == Some(*way) => return Ok(SmartAnswer::Asleep),
            Said::Told(reading) => return Ok(SmartAnswer::Told(reading, *way)),
            Said::NoPower | Said::Nothing => {}
        }
    }
    Ok(SmartAnswer::Mute)
}

/// What one call gave.
#[derive(Debug, PartialEq)]
enum Said {
    Told(DiskReading),
    Asleep,
    /// It is called asleep, and that is also said where the question was not understood: only who has answered in this way before sleeps then.
    NoPower,
    Nothing,
}

/// Reads the answer of `smartctl --json`. Fields that are not as documented count as not told.
fn read(status: i32, text: &str, at: Timestamp) -> Result<Said, DiskError> {
    let said: Value = serde_json::from_str(text).map_err(|source| DiskError::Answer { program: PROGRAM, source })?;
    // What it printed of itself counts where the two differ: a shell between, or a signal, changes the other.
    let status =
        said.pointer("/smartctl/exit_status").and_then(Value::as_i64).and_then(|status| i32::try_from(status).ok()).unwrap_or(status);
    if status == ASLEEP {
        let messages = said.pointer("/smartctl/messages").and_then(Value::as_array).into_iter().flatten();
        let mut texts = messages.filter_map(|message| message.get("string")?.as_str());
        return Ok(if texts.any(|text| text.contains(SLEEP)) { Said::NoPower } else { Said::Asleep });
    }
    let reading = reading(&said, at);
    let told = reading.passed.is_some() || reading.powered_hours.is_some() || reading.celsius.is_some() || reading.worn_percent.is_some();
    Ok(if status & NOT_OPENED == 0 && told { Said::Told(reading) } else { Said::Nothing })
}

fn reading(said: &Value, at: Timestamp) -> DiskReading {
    let number = |place: &str| said.pointer(place).and_then(Value::as_u64);
    let attribute = |id: u64| {
        let table = said.pointer("/ata_smart_attributes/table").and_then(Value::as_array)?;
        table.iter().find(|row| row.get("id").and_then(Value::as_u64) == Some(id))
    };
    let raw = |id: u64| attribute(id)?.pointer("/raw/value")?.as_u64().filter(|count| *count <= MAX_SECTORS);
    let left = LEFT.into_iter().find_map(|id| attribute(id)?.get("value")?.as_u64()).filter(|left| *left <= 100).map(|left| 100 - left);
    let spins = number("/rotation_rate").map(|rate| rate > 0);
    let used =
        number("/nvme_smart_health_information_log/percentage_used").or_else(|| endurance(said)).or(left.filter(|_| spins != Some(true)));
    let warned = number("/nvme_smart_health_information_log/critical_warning");
    let whole = |count: Option<u64>| count.filter(|count| *count <= MAX_SECTORS);
    DiskReading {
        passed: said.pointer("/smart_status/passed").and_then(Value::as_bool).or_else(|| warned.map(|warned| warned == 0)),
        powered_hours: number("/power_on_time/hours").filter(|hours| *hours <= MAX_HOURS),
        celsius: said
            .pointer("/temperature/current")
            .and_then(Value::as_i64)
            .filter(|celsius| LIVES.contains(celsius))
            .and_then(|celsius| i16::try_from(celsius).ok()),
        worn_percent: used.filter(|used| *used <= MAX_WORN).and_then(|used| u16::try_from(used).ok()),
        spins,
        sectors: Sectors {
            pending: raw(PENDING),
            reallocated: raw(REALLOCATED).or(whole(number("/scsi_grown_defect_list"))),
            uncorrectable: raw(UNCORRECTED)
                .max(raw(OFFLINE_UNCORRECTED))
                .max(whole(number("/nvme_smart_health_information_log/media_errors"))),
        },
        ..nothing(at)
    }
}

/// The wear that an SSD counts in its device statistics (ATA, page 7).
fn endurance(said: &Value) -> Option<u64> {
    let pages = said.pointer("/ata_device_statistics/pages")?.as_array()?;
    let rows =
        pages.iter().filter(|page| page.get("number").and_then(Value::as_u64) == Some(7)).filter_map(|page| page.get("table")?.as_array());
    let row = rows.flatten().find(|row| row.get("name").and_then(Value::as_str) == Some("Percentage Used Endurance Indicator"))?;
    row.get("value")?.as_u64()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lsblk;

    fn told(status: i32, text: &str) -> DiskReading {
        match read(status, text, Timestamp::UNIX_EPOCH) {
            Ok(Said::Told(reading)) => reading,
            other => panic!("{other:?}"),
        }
    }

    /// What a disk told that holds itself for well, was on for so many hours and is so warm.
    fn well(powered_hours: u64, celsius: i16, spins: Option<bool>, [pending, reallocated, uncorrectable]: [Option<u64>; 3]) -> DiskReading {
        DiskReading {
            passed: Some(true),
            powered_hours: Some(powered_hours),
            celsius: Some(celsius),
            spins,
            sectors: Sectors { pending, reallocated, uncorrectable },
            ..nothing(Timestamp::UNIX_EPOCH)
        }
    }

    #[test]
    fn each_kind_of_disk_is_read() {
        let check = |status: i32, text: &str, expected: DiskReading| assert_eq!(told(status, text), expected, "{text}");
        let (motor, none) = (Some(true), Some(false));
        let ssd = well(12_031, 34, none, [None, Some(0), Some(0)]);
        check(0, include_str!("golden/smart/ata-ssd.json"), DiskReading { worn_percent: Some(7), ..ssd });
        check(0, include_str!("golden/smart/ata-hard-disk.json"), well(31_744, 38, motor, [Some(0), Some(8), Some(0)]));
        let nvme = well(4_120, 41, None, [None, None, Some(0)]);
        check(0, include_str!("golden/smart/nvme.json"), DiskReading { worn_percent: Some(3), ..nvme });
        // An adapter that passes on the log alone.
        let warns = |warning: u8| format!(r#"{{"nvme_smart_health_information_log":{{"critical_warning":{warning}}}}}"#);
        check(0, &warns(0), DiskReading { passed: Some(true), ..nothing(Timestamp::UNIX_EPOCH) });
        check(0, &warns(4), DiskReading { passed: Some(false), ..nothing(Timestamp::UNIX_EPOCH) });
        // Bits 3 and 4: the disk fails, and attributes are below their thresholds.
        let failing = well(52_100, 44, motor, [Some(184), Some(2_032), Some(61)]);
        check(24, include_str!("golden/smart/failing.json"), DiskReading { passed: Some(false), ..failing });
        check(0, include_str!("golden/smart/sas.json"), well(20_001, 29, motor, [None, Some(3), None]));
        // Bit 2: a command of many was not answered.
        let hostile = DiskReading { passed: Some(true), spins: motor, ..nothing(Timestamp::UNIX_EPOCH) };
        check(4, include_str!("golden/smart/hostile.json"), hostile);
    }

    #[test]
    fn what_tells_nothing_says_so() {
        let check =
            |status: i32, text: &str, expected: Said| assert_eq!(read(status, text, Timestamp::UNIX_EPOCH).unwrap(), expected, "{text}");
        check(1, include_str!("golden/smart/usb-without.json"), Said::Nothing);
        check(4, include_str!("golden/smart/usb-stick.json"), Said::Nothing);
        check(3, include_str!("golden/smart/sleeping.json"), Said::Asleep);
        check(-1, include_str!("golden/smart/sleeping.json"), Said::Asleep);
        check(3, include_str!("golden/smart/power-unknown.json"), Said::NoPower);
        check(0, "{}", Said::Nothing);
        check(0, "[]", Said::Nothing);
        // A disk that did not open has told nothing, whatever stands there.
        check(2, r#"{"smart_status":{"passed":true}}"#, Said::Nothing);
        for cut in ["", "{", include_str!("golden/smart/cut-short.json"), r#"{"temperature":{"current":1e999}}"#] {
            assert!(matches!(read(0, cut, Timestamp::UNIX_EPOCH), Err(DiskError::Answer { program: "smartctl", .. })), "{cut}");
        }
    }

    #[test]
    fn an_answer_is_cut_anywhere_without_becoming_another() {
        let whole = include_str!("golden/smart/ata-hard-disk.json").trim_end();
        for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
            assert!(read(0, &whole[..end], Timestamp::UNIX_EPOCH).is_err(), "{end}");
        }
    }

    #[tokio::test]
    async fn the_program_itself_is_understood() {
        let mut device = lsblk::parse(include_str!("golden/started-from-a-stick.json")).unwrap().remove(0);
        device.path = "/dev/null".into();
        // Each way is tried, and what the program says of a device that is no disk is an answer.
        for bus in [Bus::Usb, Bus::Nvme, Bus::Sata, Bus::Card] {
            assert_eq!(ask(&device, bus, Some(SmartWay::SntRealtek), Timestamp::UNIX_EPOCH).await.unwrap(), SmartAnswer::Mute, "{bus:?}");
        }
    }

    #[test]
    fn only_disks_that_could_answer_are_asked_and_never_by_a_guess() {
        assert!([Bus::Card, Bus::Virtual, Bus::Other].into_iter().all(|bus| SmartWay::of(bus).is_empty()));
        assert_eq!(
            SmartWay::of(Bus::Usb).iter().map(|way| way.word()).collect::<Vec<_>>(),
            ["sat", "sntjmicron", "sntasmedia", "sntrealtek"]
        );
    }

    proptest! {
        /// Whatever stands in the fields, what is told keeps within what a disk can be.
        #[test]
        fn numbers_are_bounded(hours in any::<f64>(), celsius in any::<i64>(), used in any::<u64>(), sectors in any::<u64>()) {
            let text = serde_json::json!({
                "smart_status": { "passed": true }, "power_on_time": { "hours": hours }, "temperature": { "current": celsius },
                "nvme_smart_health_information_log": { "percentage_used": used, "media_errors": sectors },
                "ata_smart_attributes": { "table": [{ "id": 5, "raw": { "value": sectors } }, { "id": 197, "raw": celsius }, 7, null] },
            });
            let found = told(0, &text.to_string());
            prop_assert!(found.powered_hours.is_none_or(|hours| hours <= MAX_HOURS));
            prop_assert!(found.celsius.is_none_or(|found| i64::from(found) == celsius && LIVES.contains(&celsius)));
            prop_assert!(found.worn_percent.is_none_or(|found| u64::from(found) == used && used <= MAX_WORN));
            prop_assert!([found.sectors.reallocated, found.sectors.uncorrectable].iter().flatten().all(|count| *count == sectors && sectors <= MAX_SECTORS));
        }

        /// No text ends the reader.
        #[test]
        fn any_text_is_survived(status in any::<i32>(), text in ".{0,400}") {
            let _ = read(status, &text, Timestamp::UNIX_EPOCH);
        }
    }
}
