//! What is wrong with a source: what, where, and what to do about it. Never a value of a secret.

use std::path::PathBuf;

use skiff_api::{Complaint, ObjectKey};
use skiff_yaml::{Positions, Span};

use super::Texts;

/// The words for programs.
pub mod reason {
    /// The path is not there or cannot be read.
    pub const SOURCE_UNAVAILABLE: &str = "SourceUnavailable";
    /// The source's name cannot stand in a label.
    pub const INVALID_SOURCE_NAME: &str = "InvalidSourceName";
    /// A file or folder below the path cannot be read.
    pub const UNREADABLE: &str = "Unreadable";
    /// A FIFO, socket or device.
    pub const NOT_A_FILE: &str = "NotAFile";
    /// A link that leads back to where it stands.
    pub const LINK_LOOP: &str = "LinkLoop";
    /// A file beyond the limit of its size.
    pub const TOO_LARGE: &str = "TooLarge";
    /// More files or folders than the limit.
    pub const TOO_MANY: &str = "TooMany";
    /// A file that is no text.
    pub const NOT_TEXT: &str = "NotText";
    /// A file that is being written.
    pub const BEING_WRITTEN: &str = "BeingWritten";
    /// A file that holds nothing at all.
    pub const EMPTY_FILE: &str = "EmptyFile";
    /// A document that is no manifest.
    pub const NOT_A_MANIFEST: &str = "NotAManifest";
    /// A file of another tool.
    pub const OTHER_TOOL: &str = "OtherTool";
    /// Nothing to load.
    pub const NO_MANIFESTS: &str = "NoManifests";
    /// A document that is no YAML.
    pub const INVALID_SYNTAX: &str = "InvalidSyntax";
    /// A document that does not validate.
    pub const INVALID_OBJECT: &str = "InvalidObject";
    /// A Compose file that does not hold, or one that it reads.
    pub const INVALID_COMPOSE: &str = "InvalidCompose";
    /// Two documents of one object.
    pub const DUPLICATE_OBJECT: &str = "DuplicateObject";
    /// A document of an overlay that cannot be merged.
    pub const INVALID_OVERLAY: &str = "InvalidOverlay";
    /// Objects that do not fit together: a missing reference, a cycle, a clash of names or ports.
    pub const INVALID_SET: &str = "InvalidSet";
    /// A Secret is encrypted, and there is no key that can be used.
    pub const NO_KEY: &str = "NoDecryptionKey";
    /// A Secret is encrypted to other keys.
    pub const OTHER_KEYS: &str = "OtherDecryptionKeys";
    /// An encrypted value is damaged, or stands where it does not belong.
    pub const NOT_DECRYPTED: &str = "NotDecrypted";
    /// A Secret that stayed closed where that is let pass.
    pub const NOT_CHECKED: &str = "SecretNotChecked";
    /// A folder that an image is to be built from cannot be.
    pub const BUILD_CONTEXT: &str = "BuildContext";
    /// A submodule, a link that leads out or the like, which is no part of what was read.
    pub const LEFT_OUT: &str = "LeftOut";
    /// What is followed is a branch and a tag.
    pub const AMBIGUOUS_REF: &str = "AmbiguousRef";
    /// A path of the host that cannot be mounted from a repository.
    pub const MOUNT_REFUSED: &str = "MountRefused";
    /// A document in etcd whose key names another object.
    pub const KEY_MISMATCH: &str = "KeyMismatch";
    /// An object that another source has.
    pub const CLAIMED_TWICE: &str = "ClaimedTwice";
    /// A small host file that was content has gone.
    pub const HOST_FILE_MISSING: &str = "HostFileMissing";
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// The file or folder; none for what concerns the whole source.
    pub file: Option<PathBuf>,
    /// Where in the file.
    pub span: Option<Span>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// Other places that explain it.
    pub related: Vec<RelatedPlace>,
    /// The object that it is about, where that is known.
    pub object: Option<ObjectKey>,
    /// One word for programs, see [`reason`].
    pub reason: &'static str,
}

/// Another place that explains a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelatedPlace {
    /// The file.
    pub file: PathBuf,
    /// Where in the file.
    pub span: Option<Span>,
    /// What is there.
    pub message: String,
}

impl Problem {
    /// A problem of the whole source, of which no file is to blame.
    pub fn of_source(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(reason, message)
    }

    /// A problem of the whole source.
    pub(super) fn new(reason: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { file: None, span: None, message, help: None, related: Vec::new(), object: None, reason }
    }

    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn in_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.file = Some(file.into());
        self
    }

    pub(super) fn at(mut self, span: Span, texts: &Texts) -> Self {
        self.file = Some(texts.path(span.file));
        self.span = Some(span);
        self
    }

    pub(super) fn about(mut self, object: &ObjectKey) -> Self {
        self.object = Some(object.clone());
        self
    }

    pub(super) fn also(mut self, span: Span, texts: &Texts, message: impl Into<String>) -> Self {
        let related = RelatedPlace { file: texts.path(span.file), span: Some(span), message: message.into() };
        self.related.push(related);
        self
    }

    /// A problem of a text.
    pub(crate) fn of_yaml(problem: skiff_yaml::Problem, reason: &'static str, texts: &Texts) -> Self {
        let skiff_yaml::Problem { message, span, help, labels, document: _ } = problem;
        let problem = Self { help, ..Self::new(reason, message).at(span, texts) };
        labels.into_iter().fold(problem, |problem, label| problem.also(label.span, texts, label.message))
    }

    /// A complaint about a document.
    pub(super) fn of_complaint(complaint: Complaint, positions: &Positions, texts: &Texts) -> Self {
        let Complaint { pointer, at_key, message, help, .. } = complaint;
        let problem = Self::new(reason::INVALID_OBJECT, message).at(place(positions, &pointer, at_key), texts);
        Self { help, ..problem }
    }
}

/// Where to point: at the key or the value, but never at a value of many lines where there is something shorter.
pub(super) fn place(positions: &Positions, pointer: &str, at_key: bool) -> Span {
    let place = positions.nearest(pointer);
    let value = place.used_at.unwrap_or(place.value);
    if at_key {
        return place.key.unwrap_or(value);
    }
    if value.start.line == value.end.line { value } else { place.key.unwrap_or_else(|| first(value)) }
}

/// The start of a span of many lines.
pub(super) fn first(span: Span) -> Span {
    if span.start.line == span.end.line { span } else { Span { end: span.start, ..span } }
}

/// By file and line, so that equal loads report equally.
pub(super) fn sort(problems: &mut [Problem]) {
    problems.sort_by(|left, right| {
        let key = |problem: &Problem| problem.span.map(|span| span.start);
        (&left.file, key(left), &left.message).cmp(&(&right.file, key(right), &right.message))
    });
}
