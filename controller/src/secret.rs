//! Secrets that may stand in git: each value of a `Secret` document is encrypted for itself, with age, to X25519 recipients.
//!
//! Keys, order and comments stay readable, so that a review sees *which* value changed. A value opens only in its own place: one
//! that was moved to another key or object is refused, as somebody who can write to the repository could otherwise let a password
//! come out where everybody sees it. Values are opened in memory, when a source is loaded, and nowhere written down.

pub mod document;
mod edit;
mod keyring;
pub mod keys;
pub mod recipients;
mod value;

pub use keyring::{Closed, Keyring};
pub use keys::{Identities, KeyError, KeyPlaces};
pub use recipients::{Recipients, RecipientsError};
pub use value::{Place, Sealed, Unopened};
