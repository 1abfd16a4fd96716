//! Making a segment: preallocated, with its header, durable and named, before anybody writes to it.
//!
//! Order: create under a temporary name, fallocate, header, sync the file, rename, sync the
//! directory, map, pre-fault for writing. The rename comes long before the first frame, so that a
//! roll needs no system call and nothing can fail in the middle of it; readers do not see the
//! segment until its start mark is published.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::{Errno, retry_on_intr};
use zerocopy::IntoBytes;

use super::dir;
use super::format::{Header, Identity};
use super::map::{SyncMap, WriteMap};
use crate::error::Error;

/// A segment nobody has written to.
#[derive(Debug)]
pub(crate) struct NewSegment {
    pub(crate) header: Header,
    pub(crate) map: WriteMap,
    pub(crate) shared: Arc<SharedSegment>,
}

/// What the writer and the sync thread both know of a segment.
#[derive(Debug)]
pub(crate) struct SharedSegment {
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    pub(crate) map: SyncMap,
    pub(crate) seed: u32,
    /// Where the frames start.
    pub(crate) data_at: usize,
    progress: Progress,
}

/// How far the writer is. Written by the appender after each frame, read once per sync.
#[derive(Debug)]
struct Progress {
    at: AtomicU64,
    seq: AtomicU64,
}

impl SharedSegment {
    /// Records that every number below `seq` stands before `at`.
    #[inline]
    pub(crate) fn advance(&self, at: usize, seq: u64) {
        self.progress.at.store(at as u64, Ordering::Release);
        self.progress.seq.store(seq, Ordering::Release);
    }

    /// True once the writer has come here.
    pub(crate) fn is_begun(&self) -> bool {
        self.progress.at.load(Ordering::Relaxed) > 0
    }

    /// An offset and a number such that every lower number stands before the offset.
    pub(crate) fn progress(&self) -> (usize, u64) {
        let seq = self.progress.seq.load(Ordering::Acquire);
        (self.progress.at.load(Ordering::Acquire) as usize, seq)
    }
}

/// Makes the segment `id` in `log_dir`. After an error nothing of it is left.
pub(crate) fn create(log_dir: &Path, id: &Identity) -> Result<NewSegment, Error> {
    let path = dir::segment_path(log_dir, id.number);
    let temporary = dir::temporary_path(&path);
    let header = Header::new(id);
    write_file(&temporary, &header)
        .and_then(|file| name_and_map(file, path, header))
        .inspect_err(|_| {
            // The space must come back even though the reason for failing is what gets reported.
            let _ = dir::remove(&temporary);
        })
}

fn write_file(path: &Path, header: &Header) -> Result<File, Error> {
    let file = dir::create_file(path)?;
    preallocate(&file, path, u64::from(header.segment_bytes.get()))?;
    file.write_all_at(header.as_bytes(), 0)
        .map_err(Error::io("write", path))?;
    file.sync_all().map_err(Error::io("sync", path))?;
    Ok(file)
}

/// Reserves blocks for the first `bytes` of `file`.
pub(crate) fn preallocate(file: &File, path: &Path, bytes: u64) -> Result<(), Error> {
    match retry_on_intr(|| fallocate(file, FallocateFlags::empty(), 0, bytes)) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => Err(Error::NoPreallocation {
            path: path.to_owned(),
        }),
        other => other.map_err(|errno| Error::io("preallocate", path)(errno.into())),
    }
}

fn name_and_map(file: File, path: PathBuf, header: Header) -> Result<NewSegment, Error> {
    let map = WriteMap::new(&file).map_err(Error::io("map", &path))?;
    dir::rename(&dir::temporary_path(&path), &path)?;
    let shared = SharedSegment {
        file,
        map: map.sync_map(),
        seed: header.seed(),
        data_at: header.data_offset(),
        progress: Progress {
            at: AtomicU64::new(0),
            seq: AtomicU64::new(0),
        },
        path,
    };
    Ok(NewSegment {
        header,
        map,
        shared: Arc::new(shared),
    })
}
