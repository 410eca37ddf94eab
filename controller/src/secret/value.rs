//! One encrypted value: `ENC[age,to:<recipients>,data:<base64>]`.
//!
//! `data` is an age file of the value with its place in front, both under age's seal. `to` is a fingerprint of the recipients, as age
//! does not tell them: it only says whether the value must be encrypted anew, and nothing is trusted to it.

use std::fmt;
use std::io::{Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Identities, Recipients};

/// Where a value belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The name of the Secret. Its namespace is no part of it, as a document need not say it.
    pub name: &'a str,
    /// `data` or `stringData`.
    pub field: &'a str,
    /// The key.
    pub key: &'a str,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.name, self.field, self.key)
    }
}

/// An encrypted value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    to: String,
    data: Vec<u8>,
}

/// Why a value was not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// It is encrypted to others.
    #[error("it is encrypted to other keys")]
    OtherKeys,
    /// It is not what `skiff secret encrypt` wrote.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// It was written for another key or object.
    #[error("it belongs to {0}")]
    Moved(String),
}

const BEGIN: &str = "ENC[age,";
/// What an opened value begins with, before its place.
const MARK: &str = "skiff.dev/v1 ";

impl Sealed {
    /// Whether a text is meant to be an encrypted value.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(BEGIN)
    }

    /// Reads an encrypted value.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn parse(text: &str) -> Result<Self, Unopened> {
        let damaged = |what: &str| Unopened::Damaged(what.to_owned());
        let inner = text.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(']'));
        let inner = inner.ok_or_else(|| damaged("the closing bracket is missing"))?;
        let (to, data) = inner.split_once(',').ok_or_else(|| damaged("it is cut off"))?;
        let to = to.strip_prefix("to:").ok_or_else(|| damaged("it does not say to whom"))?;
        let data = data.strip_prefix("data:").ok_or_else(|| damaged("it has no data"))?;
        let data = STANDARD.decode(data).map_err(|_| damaged("its data is no base64"))?;
        Ok(Self { to: to.to_owned(), data })
    }

    /// Encrypts a value for its place.
    pub fn seal(text: &str, place: Place<'_>, recipients: &Recipients) -> std::io::Result<Self> {
        let encryptor = age::Encryptor::with_recipients(recipients.of_age()).map_err(std::io::Error::other)?;
        let mut data = Vec::new();
        let mut writer = encryptor.wrap_output(&mut data)?;
        writer.write_all(format!("{MARK}{place}\n{text}").as_bytes())?;
        writer.finish()?;
        Ok(Self { to: recipients.fingerprint().to_owned(), data })
    }

    /// Whether it says that it is encrypted to these.
    pub fn is_to(&self, recipients: &Recipients) -> bool {
        self.to == recipients.fingerprint()
    }

    /// Decrypts it, if this is its place.
    ///
    /// # Errors
    /// When none of the keys fits, when it is damaged, or when it belongs elsewhere.
    pub fn open(&self, place: Place<'_>, identities: &Identities) -> Result<String, Unopened> {
        let text = self.decrypt(identities)?;
        let rest = text
            .strip_prefix(MARK)
            .ok_or_else(|| Unopened::Damaged("it was encrypted by another program".to_owned()))?;
        let (belongs, value) = rest.split_once('\n').unwrap_or((rest, ""));
        if belongs == place.to_string() { Ok(value.to_owned()) } else { Err(Unopened::Moved(spoken(belongs))) }
    }

    fn decrypt(&self, identities: &Identities) -> Result<String, Unopened> {
        let damaged = |what: &dyn fmt::Display| Unopened::Damaged(what.to_string());
        let of_age = |error: age::DecryptError| match error {
            age::DecryptError::NoMatchingKeys => Unopened::OtherKeys,
            age::DecryptError::ExcessiveWork { .. } => {
                Unopened::Damaged("it is encrypted with a passphrase".to_owned())
            }
            age::DecryptError::DecryptionFailed
            | age::DecryptError::InvalidHeader
            | age::DecryptError::InvalidMac
            | age::DecryptError::Io(_)
            | age::DecryptError::KeyDecryptionFailed
            | age::DecryptError::UnknownFormat => Unopened::Damaged("age cannot read it".to_owned()),
        };
        let decryptor = age::Decryptor::new(self.data.as_slice()).map_err(of_age)?;
        let mut text = String::new();
        let read = decryptor.decrypt(identities.of_age()).map_err(of_age)?.read_to_string(&mut text);
        read.map_err(|_| damaged(&"its end is missing, or was changed"))?;
        Ok(text)
    }
}

/// `db stringData password` as `stringData.password of secret db`.
fn spoken(place: &str) -> String {
    match place.splitn(3, ' ').collect::<Vec<_>>().as_slice() {
        [name, field, key] => format!("`{field}.{key}` of secret {name}"),
        _ => "another place".to_owned(),
    }
}

impl fmt::Display for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{BEGIN}to:{},data:{}]", self.to, STANDARD.encode(&self.data))
    }
}

#[cfg(test)]
mod tests;
