//! What comes back from an engine: what an action came to, or why it failed, sorted by what to do next.

use serde::Serialize;

/// What an action came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "outcome")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It had been done before.
    Already,
    /// It was done, and the engine warned.
    Warned {
        /// The warnings.
        warnings: Vec<String>,
    },
}

impl Outcome {
    /// What the engine warned of.
    pub fn warnings(&self) -> &[String] {
        if let Self::Warned { warnings } = self { warnings } else { &[] }
    }
}

/// Why an action failed, or why nothing could be observed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The engine does not answer, or not in time. What was asked may have been done.
    #[error("the engine did not answer: {0}")]
    Unreachable(String),
    /// Another controller may lead by now: nothing was asked of the engine.
    #[error("another controller may lead by now: nothing is begun")]
    NotLeading,
    /// The engine failed to do it; it may succeed later.
    #[error("{0}")]
    Failed(String),
    /// Something has changed since it was observed: look again.
    #[error("{0}")]
    Stale(String),
    /// The name belongs to something that is not ours.
    #[error("the name {name} is taken by {by}")]
    NameTaken {
        /// The name.
        name: String,
        /// Who has it.
        by: String,
    },
    /// A live container refuses the change; only a new one can have it.
    #[error("an update in place was refused: {0}")]
    UpdateRefused(String),
    /// The image is not there and could not be had.
    #[error("image {image}: {message}")]
    Image {
        /// The reference.
        image: String,
        /// What the engine or the registry said.
        message: String,
    },
    /// The image could not be built.
    #[error("build of {image}: {message}")]
    Build {
        /// The name that it should have had.
        image: String,
        /// Which step failed, and how.
        message: String,
    },
    /// A hook came to a bad end by itself; the engine did what it was asked.
    #[error("{0}")]
    Hook(String),
    /// The manifest asks for something that cannot be; it must be changed.
    #[error("{0}")]
    Invalid(String),
}

impl EngineError {
    /// The word of what had changed between a look and a step.
    pub(crate) const STALE: &'static str = "Stale";

    /// The word of an image that could not be had.
    pub(crate) const IMAGE_PULL_FAILED: &'static str = "ImagePullFailed";

    /// The word of an image that could not be built.
    pub(crate) const IMAGE_BUILD_FAILED: &'static str = "ImageBuildFailed";

    /// All words of [`Self::reason`].
    pub(crate) const REASONS: [&'static str; 10] = [
        "EngineUnreachable",
        "NotLeading",
        "EngineFailed",
        Self::STALE,
        "NameTaken",
        "UpdateRefused",
        Self::IMAGE_PULL_FAILED,
        Self::IMAGE_BUILD_FAILED,
        "HookFailed",
        "Invalid",
    ];

    /// The `PascalCase` word for programs.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "EngineUnreachable",
            Self::NotLeading => "NotLeading",
            Self::Failed(_) => "EngineFailed",
            Self::Stale(_) => Self::STALE,
            Self::NameTaken { .. } => "NameTaken",
            Self::UpdateRefused(_) => "UpdateRefused",
            Self::Image { .. } => Self::IMAGE_PULL_FAILED,
            Self::Build { .. } => Self::IMAGE_BUILD_FAILED,
            Self::Hook(_) => "HookFailed",
            Self::Invalid(_) => "Invalid",
        }
    }

    /// Whether it says something of the object, so that it counts as the object's failure.
    pub const fn counts(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::NotLeading => false,
            Self::Failed(_)
            | Self::Stale(_)
            | Self::NameTaken { .. }
            | Self::UpdateRefused(_)
            | Self::Image { .. }
            | Self::Build { .. }
            | Self::Hook(_)
            | Self::Invalid(_) => true,
        }
    }
}
