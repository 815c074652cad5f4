//! The socket that transactions are committed over.
use std::io::{self, IoSlice};

use rustix::net::{SendAncillaryBuffer, SendFlags};

use super::batch::Batch;
use super::error::{Failure, NftError};
use super::{Element, Set, Table, references};
use crate::nfnl::{Attrs, HEADER, Messages, NLMSG_ERROR, Socket, Writer, flag, subsystem};

/// `NFNL_MSG_BATCH_BEGIN` and `NFNL_MSG_BATCH_END`
const BATCH_BEGIN: u8 = 0x10;
const BATCH_END: u8 = 0x11;
/// Bytes of the two messages around a transaction.
const ENVELOPE: usize = 40;
/// The size of chunks: larger ones gain nothing, and keep more memory.
const CHUNK: usize = 2 << 20;
/// Room for the acknowledgements of one read.
const RECEIVE: usize = 64 << 10;
/// `NLMSGERR_ATTR_MSG` and `NLMSGERR_ATTR_OFFS`
const ERROR_TEXT: u16 = 1;
const ERROR_OFFSET: u16 = 2;

/// nftables of the network namespace in which the opening thread was.
#[derive(Debug)]
pub struct Netfilter {
    socket: Socket,
    buffer: Vec<u8>,
}

impl Netfilter {
    /// Opens nftables of the calling thread's network namespace; it stays bound to that namespace.
    ///
    /// # Errors
    /// [`NftError::Io`] where the kernel has no nfnetlink.
    pub fn open() -> Result<Self, NftError> {
        let socket =
            Socket::open().map_err(|source| NftError::Io { action: "open a netlink socket", source })?;
        Ok(Self { socket, buffer: vec![0; RECEIVE] })
    }

    /// Applies a batch whole, or not at all.
    ///
    /// # Errors
    /// [`NftError::Invalid`] where the batch asked for something that has no form, [`NftError::Rejected`] with every
    /// object that the kernel refused, [`NftError::TooLarge`] where only [`Netfilter::commit_chunked`] can help.
    pub fn commit(&mut self, batch: Batch) -> Result<(), NftError> {
        let mut batch = checked(batch)?;
        let all = 0..batch.records.len();
        self.transact(&mut batch, all)
    }

    /// Applies a batch in several transactions of the size that the socket takes, each whole or not at all.
    ///
    /// For first loads, before rules look at the sets: others see the steps in between.
    ///
    /// # Errors
    /// As [`Netfilter::commit`]; transactions before the failing one stay applied.
    pub fn commit_chunked(&mut self, batch: Batch) -> Result<(), NftError> {
        let mut batch = checked(batch)?;
        let room = self.room(CHUNK)?.min(CHUNK);
        let mut first = 0;
        while first < batch.records.len() {
            let start = batch.start(first);
            let fits = |end: &usize| batch.start(end + 1) - start <= room;
            let end = (first + 1..batch.records.len()).find(|end| !fits(end)).unwrap_or(batch.records.len());
            self.transact(&mut batch, first..end)?;
            first = end;
        }
        Ok(())
    }

    /// Adds any number of elements to a set, in as many transactions as that takes; returns how many there were.
    ///
    /// # Errors
    /// As [`Netfilter::commit_chunked`].
    pub fn fill(
        &mut self,
        table: &str,
        set: &Set,
        elements: impl IntoIterator<Item = Element>,
    ) -> Result<usize, NftError> {
        /// Some 600 KB of messages, far below a chunk, so that little is held at once.
        const STEP: usize = 10_000;
        let mut elements = elements.into_iter();
        let mut total = 0;
        loop {
            let mut count = 0;
            let mut batch = Batch::new(table);
            batch.add_elements(set, elements.by_ref().take(STEP).inspect(|_| count += 1));
            self.commit_chunked(batch)?;
            total += count;
            if count < STEP {
                return Ok(total);
            }
        }
    }

    /// Replaces the table of that name by this one, however large it is.
    ///
    /// Packets see nothing, then all of it: sets are filled in chunks first, base chains come last.
    ///
    /// # Errors
    /// As [`Netfilter::commit`]; a table without base chains may be left, which does nothing to packets.
    pub fn load(&mut self, table: &Table) -> Result<(), NftError> {
        references::check(table)?;
        let mut first = Batch::new(table.name.clone());
        first.delete_table_if_exists().add_table();
        for set in &table.sets {
            first.add_set(set);
        }
        for chain in table.chains.iter().filter(|chain| chain.hook.is_none()) {
            first.add_chain(chain);
        }
        self.commit(first)?;
        for set in &table.sets {
            self.fill(&table.name, set, set.elements.iter().cloned())?;
        }
        let mut last = Batch::new(table.name.clone());
        for chain in table.chains.iter().filter(|chain| chain.hook.is_some()) {
            last.add_chain(chain);
        }
        for chain in &table.chains {
            last.add_rules(&chain.name, &chain.rules);
        }
        self.commit(last)
    }

    fn room(&mut self, len: usize) -> Result<usize, NftError> {
        let limit = self
            .socket
            .reserve_send(len + ENVELOPE)
            .map_err(|source| NftError::Io { action: "enlarge the send buffer", source })?;
        Ok(limit.saturating_sub(ENVELOPE))
    }

    fn transact(&mut self, batch: &mut Batch, records: std::ops::Range<usize>) -> Result<(), NftError> {
        let Some(last) = records.clone().last() else { return Ok(()) };
        let (start, end) = (batch.start(records.start), batch.start(records.end));
        let (len, limit) = (end - start, self.room(end - start)?);
        if len > limit {
            return Err(NftError::TooLarge { len, limit });
        }
        // Kernels before 6.10 do not acknowledge the end of a batch, so the last message asks for it.
        let at = batch.start(last);
        batch.writer.add_flags(at, flag::ACK);
        self.send(&batch.writer.bytes()[start..end])?;
        self.outcome(batch, last)
    }

    fn send(&self, body: &[u8]) -> Result<(), NftError> {
        let mut around = Writer::new();
        let resource = u16::from(subsystem::NFTABLES);
        around.message((0, BATCH_BEGIN), 0, 0, (0, resource), |_| {});
        around.message((0, BATCH_END), 0, 0, (0, resource), |_| {});
        let (begin, end) = around.bytes().split_at(around.len() / 2);
        let parts = [IoSlice::new(begin), IoSlice::new(body), IoSlice::new(end)];
        loop {
            let mut ancillary = SendAncillaryBuffer::default();
            match rustix::net::sendmsg(&self.socket, &parts, &mut ancillary, SendFlags::empty()) {
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => {
                    return Err(NftError::Io { action: "send a transaction", source: error.into() });
                }
            }
        }
    }

    /// Reads what the kernel answered; it did so before `send` returned.
    fn outcome(&mut self, batch: &Batch, last: usize) -> Result<(), NftError> {
        let last = u32::try_from(last + 1).unwrap_or(u32::MAX);
        let mut failures = Vec::new();
        let mut acknowledged = false;
        loop {
            let datagram = match self.socket.try_receive(&mut self.buffer) {
                Ok(Some(datagram)) => datagram,
                Ok(None) => break,
                // More errors than the buffer holds: those that were read say enough.
                Err(error) if is_overrun(&error) && !failures.is_empty() => continue,
                Err(source) => return Err(NftError::Io { action: "read the kernel's answer", source }),
            };
            for message in Messages(datagram).filter(|message| message.kind == NLMSG_ERROR) {
                match message.errno() {
                    Some(0) => acknowledged |= message.seq == last,
                    Some(errno) => {
                        failures.push(failure(batch, message.seq, message.flags, errno, message.body))
                    }
                    None => {}
                }
            }
        }
        match (failures.is_empty(), acknowledged) {
            (false, _) => Err(NftError::Rejected(failures)),
            (true, true) => Ok(()),
            (true, false) => Err(NftError::NotAcknowledged),
        }
    }
}

fn checked(mut batch: Batch) -> Result<Batch, NftError> {
    match batch.invalid.take() {
        Some(error) => Err(error),
        None => Ok(batch),
    }
}

fn is_overrun(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::NOBUFS.raw_os_error())
}

/// Decodes `struct nlmsgerr` and what follows it.
fn failure(batch: &Batch, seq: u32, flags: u16, errno: i32, body: &[u8]) -> Failure {
    let mut message = None;
    let mut offset = None;
    if flags & flag::ACK_TLVS != 0 {
        let quoted = if flags & flag::CAPPED != 0 {
            HEADER
        } else {
            body.get(4..8).and_then(|len| Some(u32::from_ne_bytes(len.try_into().ok()?))).unwrap_or(0)
                as usize
        };
        for attr in Attrs(body.get(4 + quoted.next_multiple_of(4)..).unwrap_or_default()) {
            match attr.kind {
                ERROR_TEXT => message = Some(attr.text()),
                ERROR_OFFSET => offset = attr.ne32(),
                _ => {}
            }
        }
    }
    Failure { object: batch.describe(seq, offset), errno, message }
}
