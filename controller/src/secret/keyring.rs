//! Keys that are read when the first encrypted value is met, and what is said of a value that stays closed.

use std::cell::OnceCell;

use super::{Identities, KeyError, KeyPlaces, Place, Sealed, Unopened};

/// The keys of this process. Who meets no encrypted value needs none.
#[derive(Debug)]
pub struct Keyring<'a> {
    places: &'a KeyPlaces,
    read: OnceCell<Result<Option<Identities>, KeyError>>,
}

/// Why a value stays closed.
#[derive(Debug)]
pub enum Closed<'a> {
    /// There is no key.
    NoKey(&'a KeyPlaces),
    /// The key file cannot be used.
    Key(&'a KeyError),
    /// It is encrypted to other keys than these.
    OtherKeys(Vec<String>),
    /// Something is wrong with the value itself.
    Value(Unopened),
}

impl<'a> Keyring<'a> {
    /// Keys that may be at these places.
    pub const fn at(places: &'a KeyPlaces) -> Self {
        Self { places, read: OnceCell::new() }
    }

    /// Opens a value that is meant to be encrypted.
    ///
    /// # Errors
    /// Why it stays closed.
    pub fn open(&self, text: &str, place: Place<'_>) -> Result<String, Closed<'_>> {
        // What is damaged is so for everybody.
        let sealed = Sealed::parse(text).map_err(Closed::Value)?;
        let keys = match self.read.get_or_init(|| self.places.read()) {
            Ok(Some(keys)) => keys,
            Ok(None) => return Err(Closed::NoKey(self.places)),
            Err(error) => return Err(Closed::Key(error)),
        };
        sealed.open(place, keys).map_err(|unopened| match unopened {
            Unopened::OtherKeys => Closed::OtherKeys(keys.public()),
            Unopened::Damaged(_) | Unopened::Moved(_) => Closed::Value(unopened),
        })
    }
}

impl Closed<'_> {
    /// Whether it says nothing of the value: another key may open it.
    pub const fn is_for_want_of_a_key(&self) -> bool {
        match self {
            Self::NoKey(_) | Self::Key(_) | Self::OtherKeys(_) => true,
            Self::Value(_) => false,
        }
    }

    /// What is wrong with the value of a key, and what to do.
    pub fn said_of(&self, key: &str) -> (String, String) {
        match self {
            Self::NoKey(places) => (format!("the value of `{key}` is encrypted, and there is no key here"), want(places)),
            Self::Key(error) => (format!("the value of `{key}` is encrypted, and {error}"), error.help()),
            Self::OtherKeys(public) => {
                let public = public.join(", ");
                let help = format!(
                    "whoever can decrypt it adds this key to the recipients and runs `skiff secret encrypt --in-place` on the file: {public}"
                );
                (format!("the value of `{key}` is encrypted to other keys than the one that is here"), help)
            }
            Self::Value(Unopened::Moved(from)) => (
                format!("the value of `{key}` was encrypted for {from} and opens nowhere else"),
                "decrypt it where it was, move it, and encrypt it again".to_owned(),
            ),
            Self::Value(unopened) => (
                format!("the value of `{key}` cannot be decrypted: {unopened}"),
                "take the value from the history of the repository, or write it anew in plain text and run `skiff secret encrypt --in-place` on the file".to_owned(),
            ),
        }
    }
}

fn want(places: &KeyPlaces) -> String {
    let named = "name it with `--age-key-file FILE` or SKIFF_AGE_KEY_FILE";
    match places.usual.last() {
        Some(usual) => format!("put the key file to {}, or {named}", usual.display()),
        None => format!("{named}, the key file"),
    }
}
