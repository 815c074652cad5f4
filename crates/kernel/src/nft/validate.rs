//! Refuses what the kernel or nft would not understand, before anything is sent.
use super::data::Data;
use super::key::padded_len;
use super::statement::{CmpOp, Nat, NatTo, Reject, Source};
use super::{DataKind, Element, Expr, Field, IpVersion, Rule, Set, Statement};

/// `NFT_NAME_MAXLEN` less its NUL is 255; nft's own limit for set names of older kernels is shorter.
const NAME_MAX: usize = 127;
/// `NF_LOG_PREFIXLEN` less its NUL; nft's comments have the same limit.
const TEXT_MAX: usize = 127;
/// Sixteen registers of four bytes.
const KEY_MAX: usize = 64;
/// nft keeps the types of a concatenation in 32 bits, six a field.
const FIELDS_MAX: usize = 5;

type Check = Result<(), String>;

fn ensure(fine: bool, why: impl FnOnce() -> String) -> Check {
    if fine { Ok(()) } else { Err(why()) }
}

/// A name that nft reads back.
pub(super) fn name(name: &str) -> Check {
    let mut bytes = name.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic());
    let rest = bytes.all(|byte| byte.is_ascii_alphanumeric() || b"/\\_.-".contains(&byte));
    ensure(first && rest && name.len() <= NAME_MAX, || {
        format!(
            "`{name}` is no name: a letter, then letters, digits, `_`, `-`, `.` or `/`, at most {NAME_MAX} bytes"
        )
    })
}

fn text(what: &str, text: &str) -> Check {
    ensure(text.len() <= TEXT_MAX && !text.contains(['"', '\0', '\n']), || {
        format!("the {what} must have at most {TEXT_MAX} bytes and no quotation mark or line end")
    })
}

/// A set whose key and data the kernel can hold.
pub(super) fn set(set: &Set) -> Check {
    name(&set.name)?;
    fields("key", &set.key)?;
    if let Some(DataKind::Fields(data)) = &set.data {
        fields("data", data)?;
    }
    let ordered = !set.interval || !set.key.iter().any(|field| field.is_host_order());
    ensure(ordered, || "a mark or an interface number has no ranges in a set of intervals".to_owned())?;
    ensure(!(set.interval && set.dynamic), || "rules cannot add ranges to a set".to_owned())
}

fn fields(what: &str, fields: &[Field]) -> Check {
    ensure(!fields.is_empty() && fields.len() <= FIELDS_MAX && padded_len(fields) <= KEY_MAX, || {
        format!("its {what} needs 1 to {FIELDS_MAX} fields of at most {KEY_MAX} bytes")
    })
}

/// An element that fits its set.
pub(super) fn element(set: &Set, element: &Element, delete: bool) -> Check {
    let len = padded_len(&set.key);
    ensure(element.key.as_bytes().len() == len, || "its key has other fields than the set".to_owned())?;
    if let Some(end) = &element.key_end {
        ensure(set.interval, || "it is a range, and the set does not hold ranges".to_owned())?;
        ensure(end.as_bytes().len() == len, || {
            "the end of its range has other fields than the set".to_owned()
        })?;
        let mut at = 0;
        for field in &set.key {
            let part = at..at + field.size();
            ensure(element.key.as_bytes()[part.clone()] <= end.as_bytes()[part], || {
                "its range ends before it begins".to_owned()
            })?;
            at += field.padded();
        }
    }
    if delete {
        return Ok(());
    }
    match (&set.data, &element.data) {
        (None, None) => Ok(()),
        (Some(DataKind::Verdict), Some(Data::Verdict(_))) => Ok(()),
        (Some(DataKind::Fields(fields)), Some(Data::Value(value)))
            if value.as_bytes().len() == padded_len(fields) =>
        {
            Ok(())
        }
        _ => Err("its data is not of the kind that the set holds".to_owned()),
    }
}

/// A rule that the kernel runs and nft prints.
pub(super) fn rule(rule: &Rule) -> Check {
    if let Some(comment) = &rule.comment {
        text("comment", comment)?;
    }
    let mut settled = Settled::default();
    rule.statements.iter().try_for_each(|statement| settled.statement(statement))
}

/// What the conditions so far have settled.
#[derive(Default)]
struct Settled {
    version: Option<IpVersion>,
    proto: Option<u8>,
}

impl Settled {
    fn statement(&mut self, statement: &Statement) -> Check {
        match statement {
            Statement::Compare { left, op, right } => {
                self.key(&[*left])?;
                ensure(right.as_bytes().len() == left.field().padded(), || {
                    format!("`{left}` is compared with a value of another type")
                })?;
                if (*left, *op) == (Expr::L4Proto, CmpOp::Eq) {
                    self.proto = right.as_bytes().first().copied();
                }
                Ok(())
            }
            Statement::PortRange { left, from, to } => {
                self.key(&[*left])?;
                ensure(left.field() == Field::InetService && from <= to, || {
                    format!("`{left} {from}-{to}` is no range of ports")
                })
            }
            Statement::InNet { left, net, .. } => {
                self.key(&[*left])?;
                let address = if net.addr().is_ipv4() { Field::Ipv4Addr } else { Field::Ipv6Addr };
                ensure(left.needs_version().is_some() && left.field() == address, || {
                    format!("`{left}` cannot be in the network {net}")
                })?;
                ensure(net.prefix_len() > 0, || {
                    format!("every address is in {net}, so the condition says nothing")
                })
            }
            Statement::Version(version) => self.version(*version),
            Statement::Lookup { key, set, .. } => self.lookup(key, set),
            Statement::Limit(limit) => ensure(limit.rate > 0, || "a limit needs a rate above 0".to_owned()),
            Statement::SetMark { source, .. } => self.source(source),
            Statement::Update { set, key, data, .. } => {
                self.lookup(key, set)?;
                let len = key.iter().chain(data).map(|expr| expr.field().padded()).sum::<usize>();
                ensure(len <= KEY_MAX, || {
                    format!("key and data for set {set} need more than {KEY_MAX} bytes")
                })?;
                data.map_or(Ok(()), |data| self.key(&[data]))
            }
            Statement::Nat(nat) => self.nat(nat),
            Statement::Log(log) => text("log prefix", &log.prefix),
            Statement::Reject(Reject::TcpReset) => ensure(self.proto == Some(6), || {
                "`reject with tcp reset` needs `meta l4proto tcp` before it".to_owned()
            }),
            Statement::Verdict(verdict) => match verdict {
                super::Verdict::Jump(chain) | super::Verdict::Goto(chain) => name(chain),
                _ => Ok(()),
            },
            Statement::VerdictMap { key, map } => self.lookup(key, map),
            Statement::CtState(..)
            | Statement::CtStatus(..)
            | Statement::CtDirection { .. }
            | Statement::LocalDestination(_)
            | Statement::Masquerade(_)
            | Statement::Counter
            | Statement::Notrack
            | Statement::Reject(_) => Ok(()),
        }
    }

    fn version(&mut self, version: IpVersion) -> Check {
        ensure(self.version.is_none_or(|settled| settled == version), || {
            "it asks for IPv4 and IPv6 in the same packet".to_owned()
        })?;
        self.version = Some(version);
        Ok(())
    }

    fn key(&mut self, key: &[Expr]) -> Check {
        for expr in key {
            if let Some(version) = expr.needs_version() {
                self.version(version)?;
            }
            if let Some(proto) = expr.needs_proto() {
                ensure(self.proto.is_none_or(|settled| settled == proto), || {
                    format!("`{expr}` is not in a packet of the protocol before it")
                })?;
                self.proto = Some(proto);
            }
            ensure(!expr.needs_one_proto() || self.proto.is_some(), || {
                format!(
                    "nft cannot read `{expr}` back unless `meta l4proto` is compared with one protocol before it"
                )
            })?;
        }
        let fields: Vec<Field> = key.iter().map(|expr| expr.field()).collect();
        self::fields("key", &fields)
    }

    fn lookup(&mut self, key: &[Expr], set: &str) -> Check {
        name(set)?;
        self.key(key)
    }

    fn source(&mut self, source: &Source) -> Check {
        match source {
            Source::Constant(_) => Ok(()),
            Source::Expr(expr) | Source::Bits { expr, .. } => {
                self.key(&[*expr])?;
                let plain = matches!(source, Source::Expr(_)) || matches!(expr, Expr::Mark | Expr::CtMark);
                ensure(expr.field() == Field::Mark && plain, || format!("a mark cannot be set from `{expr}`"))
            }
            Source::Map { key, map } => self.lookup(key, map),
            Source::Random { modulus, offset } => {
                ensure(*modulus > 0 && offset.checked_add(modulus - 1).is_some(), || {
                    format!(
                        "numgen needs a modulus above 0 and numbers below 2^32, not {modulus} from {offset}"
                    )
                })
            }
        }
    }

    fn nat(&mut self, nat: &Nat) -> Check {
        let with_port = match &nat.to {
            NatTo::Address(to, port) => {
                ensure(to.is_ipv4() == (nat.version == IpVersion::V4), || {
                    format!("{to} is no address of the IP version that is translated")
                })?;
                port.is_some()
            }
            NatTo::Map { key, map, with_port } => {
                self.lookup(key, map)?;
                *with_port
            }
        };
        ensure(self.version.is_none_or(|settled| settled == nat.version), || {
            "it translates to the other IP version".to_owned()
        })?;
        ensure(!with_port || self.proto.is_some(), || {
            "nft cannot read a translated port back unless `meta l4proto` is compared with one protocol before it".to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Key, Log, NatFlags, Verdict};
    use super::*;

    #[test]
    fn rules_that_nft_could_not_print_are_refused() {
        let four = "10.0.0.1".parse().unwrap();
        let log =
            |prefix: &str| Log { prefix: prefix.into(), group: 1, snaplen: None, queue_threshold: None };
        let table: [(Rule, Option<&str>); 20] = [
            (Rule::new().in_set(&[Expr::Ip4Saddr, Expr::Dport], "s"), None),
            (Rule::new().in_set(&[], "s"), Some("1 to 5 fields")),
            (Rule::new().in_set(&[Expr::Ip6Saddr; 5], "s"), Some("at most 64 bytes")),
            (Rule::new().in_set(&[Expr::Ip4Saddr, Expr::Ip6Daddr], "s"), Some("IPv4 and IPv6")),
            (Rule::new().in_set(&[Expr::Ip4Saddr], "no set"), Some("is no name")),
            (Rule::new().version(IpVersion::V6).dnat(four, None), Some("other IP version")),
            (Rule::new().dnat(four, Some(80)), Some("meta l4proto")),
            (Rule::new().l4proto(6).dnat(four, Some(80)), None),
            (Rule::new().dnat_map(IpVersion::V4, &[Expr::Mark], "m"), Some("meta l4proto")),
            (Rule::new().in_set(&[Expr::CtOriginalDport], "s"), Some("read `ct original proto-dst` back")),
            (Rule::new().l4proto(17).in_set(&[Expr::CtOriginalDport], "s"), None),
            (Rule::new().l4proto(17).reject(Reject::TcpReset), Some("tcp reset")),
            (Rule::new().dports(90, 80), Some("no range")),
            (Rule::new().eq(Expr::Dport, Key::new().ip(four).port(1)), Some("another type")),
            (Rule::new().in_net(Expr::Ip6Saddr, "10.0.0.0/8".parse().unwrap()), Some("cannot be in")),
            (Rule::new().in_net(Expr::Ip4Saddr, "0.0.0.0/0".parse().unwrap()), Some("every address")),
            (Rule::new().set_mark(Source::random(0)), Some("modulus above 0")),
            (Rule::new().set_mark(Expr::Ip4Saddr), Some("a mark cannot be set")),
            (Rule::new().log(log("say \"hello\"")), Some("quotation mark")),
            (Rule::new().masquerade(NatFlags::NONE).comment("x".repeat(200)), Some("at most 127")),
        ];
        for (rule, expected) in table {
            match (super::rule(&rule), expected) {
                (Ok(()), None) => {}
                (Err(why), Some(part)) if why.contains(part) => {}
                (other, _) => panic!("{rule}: {other:?}, not {expected:?}"),
            }
        }
    }

    #[test]
    fn elements_fit_their_set() {
        let one = |last: u8| Key::new().ip4([10, 0, 0, last].into());
        let plain = Set::new("s", &[Field::Ipv4Addr]);
        let ranges = plain.clone().interval();
        let map = Set::map("m", &[Field::Ipv4Addr], &[Field::Mark]);
        let verdicts = Set::verdict_map("v", &[Field::Ipv4Addr]);
        let table = [
            (&plain, Element::new(one(1)), true),
            (&plain, Element::new(one(1).port(1)), false),
            (&plain, Element::range(one(1), one(2)), false),
            (&plain, Element::new(one(1)).with(one(2)), false),
            (&ranges, Element::range(one(1), one(2)), true),
            (&ranges, Element::range(one(2), one(1)), false),
            (&map, Element::new(one(1)), false),
            (&map, Element::new(one(1)).with(Key::new().mark(1)), true),
            (&map, Element::new(one(1)).with(Verdict::Accept), false),
            (&verdicts, Element::new(one(1)).with(Verdict::Accept), true),
        ];
        for (set, element, fits) in table {
            assert_eq!(super::element(set, &element, false).is_ok(), fits, "{element:?} in {}", set.name);
        }
        assert!(super::element(&map, &Element::new(one(1)), true).is_ok(), "a key is enough to delete");
        assert!(super::set(&Set::new("marks", &[Field::Mark]).interval()).is_err());
        assert!(super::set(&Set::new("", &[Field::Mark])).is_err());
        assert!(super::set(&Set::new("none", &[])).is_err());
    }
}
