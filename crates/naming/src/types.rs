//! Record types and response codes by their names.

/// The types that Corefiles and zone files name, with their IANA numbers.
#[rustfmt::skip]
const TYPES: [(&str, u16); 34] = [
    ("A", 1), ("NS", 2), ("CNAME", 5), ("SOA", 6), ("PTR", 12), ("HINFO", 13), ("MX", 15), ("TXT", 16), ("RP", 17),
    ("AFSDB", 18), ("AAAA", 28), ("LOC", 29), ("SRV", 33), ("NAPTR", 35), ("CERT", 37), ("DNAME", 39), ("DS", 43),
    ("SSHFP", 44), ("RRSIG", 46), ("NSEC", 47), ("DNSKEY", 48), ("NSEC3", 50), ("NSEC3PARAM", 51), ("TLSA", 52),
    ("CDS", 59), ("CDNSKEY", 60), ("OPENPGPKEY", 61), ("SVCB", 64), ("HTTPS", 65), ("SPF", 99), ("IXFR", 251),
    ("AXFR", 252), ("ANY", 255), ("CAA", 257),
];

/// Response codes (RFC 1035, 2136, 6891).
#[rustfmt::skip]
const RCODES: [(&str, u16); 12] = [
    ("NOERROR", 0), ("FORMERR", 1), ("SERVFAIL", 2), ("NXDOMAIN", 3), ("NOTIMP", 4), ("REFUSED", 5), ("YXDOMAIN", 6),
    ("YXRRSET", 7), ("NXRRSET", 8), ("NOTAUTH", 9), ("NOTZONE", 10), ("BADVERS", 16),
];

/// NOERROR.
pub const NOERROR: u16 = 0;
/// SERVFAIL.
pub const SERVFAIL: u16 = 2;
/// NXDOMAIN.
pub const NXDOMAIN: u16 = 3;
/// REFUSED.
pub const REFUSED: u16 = 5;

/// The name of a record type.
pub(crate) fn name_of(number: u16) -> Option<&'static str> {
    TYPES.iter().find(|(_, known)| *known == number).map(|(name, _)| *name)
}

/// The number of a record type, in any case; `TYPE65280` too.
pub(crate) fn number_of(name: &str) -> Option<u16> {
    let known = TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, number)| *number);
    known.or_else(|| {
        name.get(..4).filter(|head| head.eq_ignore_ascii_case("TYPE")).and(name.get(4..)?.parse().ok())
    })
}

/// The number of a response code, in any case.
pub(crate) fn rcode_of(name: &str) -> Option<u16> {
    let known = RCODES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, number)| *number);
    known.or_else(|| name.parse().ok().filter(|number| *number <= 23))
}

/// The name of a response code.
#[must_use]
pub fn rcode_name(number: u16) -> &'static str {
    RCODES.iter().find(|(_, known)| *known == number).map_or("UNKNOWN", |(name, _)| name)
}
