//! What was taken over from others: whose labels cannot be changed is ours by this record alone.

use skiff_core::Adopted;

use super::{Folders, StateError, file};

const FILE: &str = "adopted.json";

/// What was taken over. Nothing, where that cannot be read: then it is nobody's that acts, and its names are said to be taken.
pub fn adopted(folders: &Folders) -> Adopted {
    // A damaged file is set aside when the state is opened to be written.
    file::read(&folders.state.join(FILE), false, &mut Vec::new()).ok().flatten().unwrap_or_default()
}

pub(super) fn save(folders: &Folders, taken: &Adopted) -> Result<(), StateError> {
    file::write(&folders.state.join(FILE), taken)
}
