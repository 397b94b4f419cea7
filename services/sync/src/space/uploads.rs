//! Uploads in chunks on the disk: `.croft/chunks/<person>-<upload>/<number>`.

use std::time::Duration;

use croft_files::{Dir, FilesError};

/// An upload that nobody went on with for so long is given up.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// Removes the uploads that nobody went on with until `now`, in Unix seconds. Blocks.
pub(super) fn forget_old(chunks: &Dir, now: i64) -> Result<(), FilesError> {
    for upload in chunks.list()? {
        let stat = chunks.stat_of(&upload.name)?;
        let age = u64::try_from(now.saturating_sub(stat.modified_seconds())).unwrap_or(0);
        if age > LONGEST.as_secs() {
            chunks.remove_tree(&upload.name)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;

    #[test]
    fn an_upload_is_given_up_after_a_week_without_a_chunk() {
        let folder = tempfile::tempdir().unwrap();
        let mut now = 0;
        for name in ["old", "new"] {
            let path = folder.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::write(path.join("1"), "x").unwrap();
            let changed = Dir::new(File::open(&path).unwrap().into()).unwrap();
            now = changed.stat().unwrap().modified_seconds() + 6 * 24 * 3600;
            if name == "old" {
                croft_files::set_modified(&changed, now - 8 * 24 * 3600, 0).unwrap();
            }
        }
        forget_old(&Dir::new(File::open(folder.path()).unwrap().into()).unwrap(), now).unwrap();
        assert!(!folder.path().join("old").exists() && folder.path().join("new/1").exists());
    }
}
