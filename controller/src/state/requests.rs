//! Requests to a controller that runs, as files in the run folder: one for the request, one for the answer.
//!
//! A request that nobody takes up is taken back by whoever made it, so that none is carried out when nobody remembers it. A crash at
//! any moment leaves at most a file that the next controller passes over as too old.

use std::fs;
use std::io;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use skiff_core::Request;

use super::StateError;
use super::file;

/// One that was made so long ago is not carried out any more: whoever made it has given up.
const TOO_OLD: Duration = Duration::from_secs(30);

/// The folder of requests of one sort.
#[derive(Clone, Debug)]
pub struct Requests<T = Request> {
    folder: PathBuf,
    sort: PhantomData<fn() -> T>,
}

/// Asks that repositories be looked at at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncRequest {
    /// Only this source; all of them where none is named.
    pub source: Option<String>,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "answer")]
pub enum Answer {
    /// It was granted.
    Granted {
        /// What happens now.
        message: String,
    },
    /// It was not.
    Refused {
        /// Why.
        message: String,
        /// What to do.
        help: String,
    },
}

/// A request that was made: its file, and what it asks.
#[derive(Debug)]
pub struct Made<T = Request> {
    path: PathBuf,
    /// What is asked.
    pub request: T,
}

impl<T: Serialize + DeserializeOwned + Clone> Requests<T> {
    pub(super) fn of(run: &Path, folder: &str) -> Self {
        Self { folder: run.join(folder), sort: PhantomData }
    }

    /// The folder, made where it is missing: what is to be watched.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn folder(&self) -> Result<&Path, StateError> {
        super::folders::make_private(&self.folder)?;
        Ok(&self.folder)
    }

    /// Makes a request.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn make(&self, request: &T) -> Result<Made<T>, StateError> {
        let name = format!("{}-{}.json", std::process::id(), jiff::Timestamp::now().as_nanosecond());
        let path = self.folder()?.join(name);
        file::write(&path, request)?;
        Ok(Made { path, request: request.clone() })
    }

    /// The answer to a request, once there is one; it is taken away with it.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn answer(&self, made: &Made<T>) -> Result<Option<Answer>, StateError> {
        let answer = file::read::<Answer>(&made.answer_path(), true, &mut Vec::new())?;
        if answer.is_some() {
            self.take_back(made);
        }
        Ok(answer)
    }

    /// Takes a request back.
    pub fn take_back(&self, made: &Made<T>) {
        // What is gone already need not be removed.
        for path in [&made.path, &made.answer_path()] {
            fs::remove_file(path).ok();
        }
    }

    /// The requests that wait, the oldest first. Those that nobody waits for any more are removed.
    pub fn waiting(&self) -> Vec<Made<T>> {
        let paths = file::list(&self.folder).unwrap_or_default();
        let mut waiting = Vec::new();
        for path in paths.into_iter().filter(|path| !is_answer(path)) {
            let fresh = age(&path).is_ok_and(|age| age < TOO_OLD);
            match file::read::<T>(&path, true, &mut Vec::new()) {
                Ok(Some(request)) if fresh => waiting.push(Made { path, request }),
                Ok(_) | Err(_) => {
                    fs::remove_file(&path).ok();
                }
            }
        }
        waiting
    }

    /// Answers a request.
    ///
    /// # Errors
    /// When the answer cannot be written.
    pub fn reply(&self, made: &Made<T>, answer: &Answer) -> Result<(), StateError> {
        fs::remove_file(&made.path).ok();
        file::write(&made.answer_path(), answer)
    }
}

impl<T> Made<T> {
    fn answer_path(&self) -> PathBuf {
        self.path.with_extension("answer.json")
    }
}

fn is_answer(path: &Path) -> bool {
    path.to_string_lossy().ends_with(".answer.json")
}

fn age(path: &Path) -> io::Result<Duration> {
    let modified = fs::metadata(path)?.modified()?;
    Ok(SystemTime::now().duration_since(modified).unwrap_or_default())
}
