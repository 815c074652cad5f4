//! Records and answers, free of any wire format.
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use netloom_objects::ObjectRef;

use crate::types;

/// The type that a question asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordType {
    /// An IPv4 address.
    A,
    /// An IPv6 address.
    Aaaa,
    /// An alias.
    Cname,
    /// Where a service's port is.
    Srv,
    /// The name of an address.
    Ptr,
    /// Text.
    Txt,
    /// A zone's name server.
    Ns,
    /// A zone's start of authority.
    Soa,
    /// Any other type by its number; the cluster has no records of it.
    Other(u16),
}

impl RecordType {
    /// A mail server.
    pub const MX: Self = Self::Other(15);
    /// Everything (RFC 8482).
    pub const ANY: Self = Self::Other(255);

    /// The type of an IANA number.
    #[must_use]
    pub const fn from_number(number: u16) -> Self {
        match number {
            1 => Self::A,
            2 => Self::Ns,
            5 => Self::Cname,
            6 => Self::Soa,
            12 => Self::Ptr,
            16 => Self::Txt,
            28 => Self::Aaaa,
            33 => Self::Srv,
            other => Self::Other(other),
        }
    }

    /// Its IANA number.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::A => 1,
            Self::Ns => 2,
            Self::Cname => 5,
            Self::Soa => 6,
            Self::Ptr => 12,
            Self::Txt => 16,
            Self::Aaaa => 28,
            Self::Srv => 33,
            Self::Other(number) => number,
        }
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::A => f.write_str("A"),
            Self::Aaaa => f.write_str("AAAA"),
            Self::Cname => f.write_str("CNAME"),
            Self::Srv => f.write_str("SRV"),
            Self::Ptr => f.write_str("PTR"),
            Self::Txt => f.write_str("TXT"),
            Self::Ns => f.write_str("NS"),
            Self::Soa => f.write_str("SOA"),
            Self::Other(number) => match types::name_of(*number) {
                Some(name) => f.write_str(name),
                None => write!(f, "TYPE{number}"),
            },
        }
    }
}

/// What a record says. Names are absolute and written without the final dot.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordData {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// The name that this one is an alias of.
    Cname(Arc<str>),
    /// A port on a host.
    Srv {
        /// Lower goes first.
        priority: u16,
        /// Share among those of one priority.
        weight: u16,
        /// The port.
        port: u16,
        /// The host.
        target: Arc<str>,
    },
    /// The name of an address.
    Ptr(Arc<str>),
    /// Text.
    Txt(Arc<str>),
    /// A name server.
    Ns(Arc<str>),
    /// Start of authority.
    Soa {
        /// The primary name server.
        mname: Arc<str>,
        /// The mailbox of who is responsible, as a name.
        rname: Arc<str>,
        /// The zone's version.
        serial: u32,
        /// Seconds after which a secondary server asks again, asks again after a failure, and gives up.
        timers: [u32; 3],
        /// For how long (seconds) a negative answer may be kept.
        minimum: u32,
    },
    /// A mail server.
    Mx {
        /// Lower goes first.
        preference: u16,
        /// The server.
        exchange: Arc<str>,
    },
    /// Data of any other type as it is on the wire, its names in full.
    Other {
        /// The type's IANA number.
        rtype: u16,
        /// The data.
        data: Arc<[u8]>,
    },
}

impl RecordData {
    /// The data of an address record.
    #[must_use]
    pub const fn address(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => Self::A(ip),
            IpAddr::V6(ip) => Self::Aaaa(ip),
        }
    }

    /// The record type.
    #[must_use]
    pub const fn rtype(&self) -> RecordType {
        match self {
            Self::A(_) => RecordType::A,
            Self::Aaaa(_) => RecordType::Aaaa,
            Self::Cname(_) => RecordType::Cname,
            Self::Srv { .. } => RecordType::Srv,
            Self::Ptr(_) => RecordType::Ptr,
            Self::Txt(_) => RecordType::Txt,
            Self::Ns(_) => RecordType::Ns,
            Self::Soa { .. } => RecordType::Soa,
            Self::Mx { .. } => RecordType::MX,
            Self::Other { rtype, .. } => RecordType::from_number(*rtype),
        }
    }

    /// The address, of an address record.
    #[must_use]
    pub const fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::A(ip) => Some(IpAddr::V4(*ip)),
            Self::Aaaa(ip) => Some(IpAddr::V6(*ip)),
            _ => None,
        }
    }
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Record {
    /// Its owner: absolute, in lower case, without the final dot.
    pub name: Arc<str>,
    /// For how many seconds it may be kept.
    pub ttl: u32,
    /// What it says.
    pub data: RecordData,
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {} IN {} ", self.name, self.ttl, self.data.rtype())?;
        match &self.data {
            RecordData::A(ip) => write!(f, "{ip}"),
            RecordData::Aaaa(ip) => write!(f, "{ip}"),
            RecordData::Cname(name) | RecordData::Ptr(name) | RecordData::Ns(name) => write!(f, "{name}."),
            RecordData::Srv { priority, weight, port, target } => {
                write!(f, "{priority} {weight} {port} {target}.")
            }
            RecordData::Txt(text) => write!(f, "{text:?}"),
            RecordData::Soa { mname, rname, serial, timers: [refresh, retry, expire], minimum } => {
                write!(f, "{mname}. {rname}. {serial} {refresh} {retry} {expire} {minimum}")
            }
            RecordData::Mx { preference, exchange } => write!(f, "{preference} {exchange}."),
            RecordData::Other { data, .. } => {
                write!(f, "\\# {} ", data.len())?;
                data.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}

/// How the chain of aliases in an answer ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With records of the type that was asked for.
    Complete,
    /// At a name that exists and has none of that type.
    NoData,
    /// At a name of the cluster's zones that does not exist.
    NxDomain,
    /// At this name, which is not the cluster's to answer.
    Outside(Arc<str>),
    /// In a circle, or after too many aliases.
    Loop,
}

/// What the zone says to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Records, aliases first.
    Records {
        /// The answer.
        records: Vec<Record>,
        /// The addresses of the hosts that the answer names.
        additionals: Vec<Record>,
        /// How a chain of aliases ends; `Complete` where there is none.
        ending: Ending,
        /// The Service or Pod that the answer is from; none for the zone's own records.
        source: Option<Arc<ObjectRef>>,
    },
    /// The name exists, but has no record of this type.
    NoData {
        /// The object that the name is of; none for the zone's own names.
        source: Option<Arc<ObjectRef>>,
    },
    /// There is no such name.
    NxDomain {
        /// The Service that has the name, where it exists but has nothing to answer with: a headless Service
        /// without ready endpoints, or an `externalName` that is an address.
        source: Option<Arc<ObjectRef>>,
    },
    /// The name is not in the cluster's zones.
    NotOurs,
    /// The server refuses, or fails.
    Failed {
        /// The response code.
        rcode: u16,
    },
}

impl Answer {
    /// The records; empty for a negative answer.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        match self {
            Self::Records { records, .. } => records,
            _ => &[],
        }
    }

    /// The object that the answer is from.
    #[must_use]
    pub fn source(&self) -> Option<&Arc<ObjectRef>> {
        match self {
            Self::Records { source, .. } | Self::NoData { source } | Self::NxDomain { source } => {
                source.as_ref()
            }
            Self::NotOurs | Self::Failed { .. } => None,
        }
    }

    /// The addresses among the records.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.records().iter().filter_map(|r| r.data.ip())
    }
}
