//! The same description in nft's own syntax, which `nft -f` reads.
use std::fmt::{self, Display, Formatter};

use super::key::write_key;
use super::statement::{
    CmpOp, Limit, Log, MarkTarget, Nat, NatFlags, NatKind, NatTo, Reject, Source, TimeUnit,
};
use super::{
    Chain, Data, DataKind, Element, Expr, Field, IpVersion, Policy, Rule, Set, Statement, Table, Verdict,
};

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "table inet {} {{", self.name)?;
        for (index, set) in self.sets.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{set}")?;
        }
        for (index, chain) in self.chains.iter().enumerate() {
            if index > 0 || !self.sets.is_empty() {
                writeln!(f)?;
            }
            write!(f, "{chain}")?;
        }
        writeln!(f, "}}")
    }
}

impl Display for Set {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let word = if self.data.is_some() { "map" } else { "set" };
        writeln!(f, "\t{word} {} {{", self.name)?;
        write!(f, "\t\ttype {}", Types(&self.key))?;
        match &self.data {
            None => writeln!(f)?,
            Some(DataKind::Fields(fields)) => writeln!(f, " : {}", Types(fields))?,
            Some(DataKind::Verdict) => writeln!(f, " : verdict")?,
        }
        if let Some(size) = self.size {
            writeln!(f, "\t\tsize {size}")?;
        }
        let flags = [
            (self.constant, "constant"),
            (self.interval, "interval"),
            (self.dynamic, "dynamic"),
            (self.timeout.is_some(), "timeout"),
        ];
        let flags: Vec<_> = flags.iter().filter(|(on, _)| *on).map(|(_, word)| *word).collect();
        if !flags.is_empty() {
            writeln!(f, "\t\tflags {}", flags.join(","))?;
        }
        if let Some(timeout) = self.timeout {
            writeln!(f, "\t\ttimeout {}", Time(timeout))?;
        }
        for (index, element) in self.elements.iter().enumerate() {
            f.write_str(if index == 0 { "\t\telements = { " } else { ",\n\t\t\t     " })?;
            write_element(self, element, f)?;
        }
        if !self.elements.is_empty() {
            writeln!(f, " }}")?;
        }
        writeln!(f, "\t}}")
    }
}

fn write_element(set: &Set, element: &Element, f: &mut Formatter<'_>) -> fmt::Result {
    write_key(&set.key, &element.key, element.key_end.as_ref(), f)?;
    match (&element.data, &set.data) {
        (Some(Data::Value(value)), Some(DataKind::Fields(fields))) => {
            f.write_str(" : ")?;
            write_key(fields, value, None, f)
        }
        (Some(Data::Verdict(verdict)), _) => write!(f, " : {verdict}"),
        _ => Ok(()),
    }
}

impl Display for Chain {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "\tchain {} {{", self.name)?;
        if let Some(hook) = self.hook {
            let policy = match hook.policy {
                Policy::Accept => "accept",
                Policy::Drop => "drop",
            };
            let (kind, point) = (hook.kind.keyword(), hook.point.keyword());
            writeln!(f, "\t\ttype {kind} hook {point} priority {}; policy {policy};", hook.priority)?;
        }
        for rule in &self.rules {
            writeln!(f, "\t\t{rule}")?;
        }
        writeln!(f, "\t}}")
    }
}

impl Display for Rule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, statement) in self.statements.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{statement}")?;
        }
        match &self.comment {
            Some(comment) => write!(f, " comment \"{comment}\""),
            None => Ok(()),
        }
    }
}

impl Display for Statement {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare { left, op, right } => {
                let masked = matches!(left, Expr::MarkAnd(_) | Expr::CtMarkAnd(_));
                let op = if masked && *op == CmpOp::Eq { " ==" } else { op.word() };
                write!(f, "{left}{op} ")?;
                write_value(*left, right, f)
            }
            Self::PortRange { left, from, to } => write!(f, "{left} {from}-{to}"),
            Self::InNet { left, op, net } => write!(f, "{left}{} {}", op.word(), net.trunc()),
            Self::Version(version) => {
                let number = if *version == IpVersion::V4 { 4 } else { 6 };
                write!(f, "meta nfproto ipv{number}")
            }
            Self::CtState(state, op) => write!(f, "ct state{} {state}", op.not()),
            Self::CtStatus(status, op) => write!(f, "ct status{} {status}", op.not()),
            Self::CtDirection { reply } => {
                write!(f, "ct direction {}", if *reply { "reply" } else { "original" })
            }
            Self::LocalDestination(op) => write!(f, "fib daddr type{} local", op.word()),
            Self::Lookup { key, op, set } => write!(f, "{}{} @{set}", Concat(key), op.word()),
            Self::Limit(limit) => write!(f, "{limit}"),
            Self::SetMark { target, source } => {
                let mark = match target {
                    MarkTarget::Packet => "meta mark",
                    MarkTarget::Connection => "ct mark",
                };
                write!(f, "{mark} set {source}")
            }
            Self::Update { set, key, data, timeout } => {
                write!(f, "update @{set} {{ {}", Concat(key))?;
                if let Some(timeout) = timeout {
                    write!(f, " timeout {}", Time(*timeout))?;
                }
                match data {
                    Some(data) => write!(f, " : {data} }}"),
                    None => f.write_str(" }"),
                }
            }
            Self::Nat(nat) => write!(f, "{nat}"),
            Self::Masquerade(flags) => write!(f, "masquerade{flags}"),
            Self::Log(log) => write!(f, "{log}"),
            Self::Counter => f.write_str("counter"),
            Self::Notrack => f.write_str("notrack"),
            Self::Reject(how) => write!(f, "{how}"),
            Self::Verdict(verdict) => write!(f, "{verdict}"),
            Self::VerdictMap { key, map } => write!(f, "{} vmap @{map}", Concat(key)),
        }
    }
}

fn write_value(left: Expr, right: &super::Key, f: &mut Formatter<'_>) -> fmt::Result {
    match (left, right.as_bytes()) {
        (Expr::IcmpType | Expr::Icmpv6Type, &[kind, ..]) => write!(f, "{kind}"),
        _ => write_key(&[left.field()], right, None, f),
    }
}

impl CmpOp {
    const fn word(self) -> &'static str {
        match self {
            Self::Eq => "",
            Self::Ne => " !=",
        }
    }

    const fn not(self) -> &'static str {
        match self {
            Self::Eq => "",
            Self::Ne => " !",
        }
    }
}

impl Display for Verdict {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accept => f.write_str("accept"),
            Self::Drop => f.write_str("drop"),
            Self::Return => f.write_str("return"),
            Self::Continue => f.write_str("continue"),
            Self::Jump(chain) => write!(f, "jump {chain}"),
            Self::Goto(chain) => write!(f, "goto {chain}"),
        }
    }
}

impl Display for Source {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(value) => write!(f, "{value:#010x}"),
            Self::Expr(expr) => write!(f, "{expr}"),
            Self::Bits { expr, and, or } => write!(f, "{expr} & {and:#010x} | {or:#010x}"),
            Self::Map { key, map } => write!(f, "{} map @{map}", Concat(key)),
            Self::Random { modulus, offset: 0 } => write!(f, "numgen random mod {modulus}"),
            Self::Random { modulus, offset } => write!(f, "numgen random mod {modulus} offset {offset}"),
        }
    }
}

impl Display for Nat {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let word = if self.kind == NatKind::Source { "snat" } else { "dnat" };
        write!(f, "{word} {} to ", self.version.keyword())?;
        match &self.to {
            NatTo::Address(to, None) => write!(f, "{to}")?,
            NatTo::Address(to, Some(port)) => write!(f, "{}", std::net::SocketAddr::new(*to, *port))?,
            NatTo::Map { key, map, .. } => write!(f, "{} map @{map}", Concat(key))?,
        }
        write!(f, "{}", self.flags)
    }
}

impl Display for NatFlags {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let words =
            [(self.random, "random"), (self.fully_random, "fully-random"), (self.persistent, "persistent")];
        for (index, (_, word)) in words.iter().filter(|(on, _)| *on).enumerate() {
            write!(f, "{}{word}", if index == 0 { " " } else { "," })?;
        }
        Ok(())
    }
}

impl Display for Reject {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PortUnreachable => "reject with icmpx port-unreachable",
            Self::HostUnreachable => "reject with icmpx host-unreachable",
            Self::NoRoute => "reject with icmpx no-route",
            Self::AdminProhibited => "reject with icmpx admin-prohibited",
            Self::TcpReset => "reject with tcp reset",
        })
    }
}

impl Display for Log {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "log prefix \"{}\" group {}", self.prefix, self.group)?;
        if let Some(snaplen) = self.snaplen {
            write!(f, " snaplen {snaplen}")?;
        }
        if let Some(threshold) = self.queue_threshold {
            write!(f, " queue-threshold {threshold}")?;
        }
        Ok(())
    }
}

impl Display for Limit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let over = if self.over { "over " } else { "" };
        let unit = match self.per {
            TimeUnit::Second => "second",
            TimeUnit::Minute => "minute",
            TimeUnit::Hour => "hour",
        };
        write!(f, "limit rate {over}{}/{unit} burst {} packets", self.rate, self.burst)
    }
}

/// `A . B`
struct Concat<'a>(&'a [Expr]);

impl Display for Concat<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, expr) in self.0.iter().enumerate() {
            write!(f, "{}{expr}", if index == 0 { "" } else { " . " })?;
        }
        Ok(())
    }
}

/// `ipv4_addr . inet_service`
struct Types<'a>(&'a [Field]);

impl Display for Types<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, field) in self.0.iter().enumerate() {
            write!(f, "{}{}", if index == 0 { "" } else { " . " }, field.name())?;
        }
        Ok(())
    }
}

/// A time as nft reads it, to the millisecond.
struct Time(std::time::Duration);

impl Display for Time {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (self.0.as_secs(), self.0.subsec_millis()) {
            (seconds, 0) => write!(f, "{seconds}s"),
            (0, millis) => write!(f, "{millis}ms"),
            (seconds, millis) => write!(f, "{seconds}s{millis}ms"),
        }
    }
}
