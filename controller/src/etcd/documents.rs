//! The documents of a prefix: listed at one revision, then followed change by change.

use std::collections::{BTreeMap, BTreeSet};

use etcd_client::{
    EventType, GetOptions, KeyValue, Txn, TxnOp, TxnOpResponse, WatchOptions, WatchResponse, WatchStream,
};

use skiff_api::Kind;
use skiff_remote::etcd::{object_of, push_key};

use super::{Cluster, EtcdError};

/// All documents of a prefix as they are at a revision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Documents {
    /// The revision of the cluster up to which everything is in.
    pub revision: i64,
    /// The one that was listed, before anything was followed.
    pub listed: i64,
    /// The revision of the last change to one of them.
    pub changed: i64,
    /// The documents by key.
    pub texts: BTreeMap<String, String>,
    /// Keys below the prefix that name no object of it: another prefix's, or somebody else's.
    pub strangers: BTreeSet<String>,
    /// Who has begun to push a set of documents and has not ended: what is there is neither the one set nor the other.
    pub pushing: Option<String>,
}

/// A watch under way.
#[derive(Debug)]
pub struct Watching {
    stream: WatchStream,
}

/// How often a list is begun again because what it was of was compacted away on the way.
const LISTS: usize = 5;
/// How many keys are asked for at once; fewer, where that would be more than an answer may have.
const PAGE: i64 = 500;
/// What an answer may have: a page of documents of 128 KiB each. One document has less in any case: etcd takes no more than 1.5 MiB.
const LARGEST: usize = 64 << 20;

impl Cluster {
    /// Lists the documents, all at one revision.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn list(&self) -> Result<Documents, EtcdError> {
        for _ in 1..LISTS {
            match self.list_once().await {
                Err(error) if error.is_compaction() => {}
                listed => return listed,
            }
        }
        self.list_once().await
    }

    async fn list_once(&self) -> Result<Documents, EtcdError> {
        let (mut from, end) = (format!("{}/", self.address.prefix), format!("{}0", self.address.prefix));
        let mut kv = self.client.kv_client().max_decoding_message_size(LARGEST);
        let (mut documents, mut page_size) = (Documents::default(), PAGE);
        loop {
            let mut options = GetOptions::new().with_range(end.clone()).with_limit(page_size);
            if documents.revision > 0 {
                options = options.with_revision(documents.revision);
            }
            let mut answer = match self.call(kv.get(from.clone(), Some(options))).await {
                Err(error) if error.is_too_large() && page_size > 1 => {
                    page_size /= 2;
                    continue;
                }
                answer => answer?,
            };
            if documents.revision == 0 {
                documents.revision = answer.header().map_or(0, etcd_client::ResponseHeader::revision);
                documents.listed = documents.revision;
            }
            let more = answer.more();
            let page = answer.take_kvs();
            for document in &page {
                documents.put(document, &self.address.prefix);
            }
            match page.last() {
                Some(last) if more => from = format!("{}\0", String::from_utf8_lossy(last.key())),
                Some(_) | None => return Ok(documents),
            }
        }
    }

    /// The first document of another prefix, where there is one that this user may see.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn first_document(&self, prefix: &str) -> Result<Option<String>, EtcdError> {
        let range = |kind: Kind| (format!("{prefix}/{}/", kind.lower()), format!("{prefix}/{}0", kind.lower()));
        let mut ranges: Vec<(String, String)> = Kind::ALL.into_iter().map(range).collect();
        while !ranges.is_empty() {
            let get = |(from, end): &(String, String)| {
                let options = GetOptions::new().with_range(end.as_str()).with_keys_only().with_limit(PAGE);
                TxnOp::get(from.as_str(), Some(options))
            };
            let mut kv = self.client.kv_client();
            let asked = Txn::new().and_then(ranges.iter().map(get).collect::<Vec<_>>());
            let answer = match self.call(kv.txn(asked)).await {
                Err(error) if error.is_permission_denied() => return Ok(None),
                answer => answer?,
            };
            let mut rest = Vec::new();
            for (answer, (_, end)) in answer.op_responses().into_iter().zip(ranges) {
                let TxnOpResponse::Get(page) = answer else { continue };
                let mut keys = page.kvs().iter().map(|document| String::from_utf8_lossy(document.key()).into_owned());
                if let Some(first) = keys.find(|key| object_of(prefix, key).is_some()) {
                    return Ok(Some(first));
                }
                let last = page.kvs().last().filter(|_| page.more());
                rest.extend(last.map(|last| (format!("{}\0", String::from_utf8_lossy(last.key())), end)));
            }
            ranges = rest;
        }
        Ok(None)
    }

    /// Watches from where a list ended: from its very revision, whose changes are known. Where etcd compacts right up to the next one, it does
    /// not say so to whoever asks for that, and what was deleted by it is never told.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn watch(&self, documents: &Documents) -> Result<Watching, EtcdError> {
        let options = WatchOptions::new().with_prefix().with_start_revision(documents.listed).with_progress_notify();
        let mut client = self.client.watch_client();
        let stream = self.call(client.watch(format!("{}/", self.address.prefix), Some(options))).await?;
        Ok(Watching { stream })
    }

    /// Waits for the next change and takes it in. `false` where the watch has lost its place, because what it had not seen yet was
    /// compacted away: everything must be listed again.
    ///
    /// # Errors
    /// When the watch has broken off.
    pub async fn follow(&self, watching: &mut Watching, documents: &mut Documents) -> Result<bool, EtcdError> {
        loop {
            let message = watching.stream.message().await.map_err(|error| EtcdError::told(&error, &self.address))?;
            let Some(message) = message else { return Err(EtcdError::silent(&self.address)) };
            if message.canceled() {
                return Ok(false);
            }
            if documents.take(&message, &self.address.prefix) {
                return Ok(true);
            }
        }
    }
}

impl Documents {
    /// Takes in what a key holds now. Whether that is news: what strangers write is none.
    fn put(&mut self, document: &KeyValue, prefix: &str) -> bool {
        // What is no text is no document: it is shown as one, and complained about as any other.
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let key = text(document.key());
        if key == push_key(prefix) {
            self.pushing = Some(text(document.value()));
        } else if object_of(prefix, &key).is_some() {
            self.texts.insert(key, text(document.value()));
        } else {
            return self.strangers.insert(key);
        }
        self.changed = self.changed.max(document.mod_revision());
        true
    }

    /// Takes in that a key is no more. Whether that is news.
    fn remove(&mut self, document: &KeyValue, prefix: &str) -> bool {
        let key = String::from_utf8_lossy(document.key()).into_owned();
        if self.strangers.remove(&key) {
            return true;
        }
        if key == push_key(prefix) {
            self.pushing = None;
        } else {
            self.texts.remove(&key);
        }
        self.changed = self.changed.max(document.mod_revision());
        true
    }

    /// Takes changes in. Whether there were any.
    fn take(&mut self, message: &WatchResponse, prefix: &str) -> bool {
        let mut is_news = false;
        for event in message.events() {
            let Some(document) = event.kv().filter(|document| document.mod_revision() > self.listed) else { continue };
            is_news |= match event.event_type() {
                EventType::Put => self.put(document, prefix),
                EventType::Delete => self.remove(document, prefix),
            };
        }
        self.revision = self.revision.max(message.header().map_or(0, etcd_client::ResponseHeader::revision));
        is_news
    }
}
