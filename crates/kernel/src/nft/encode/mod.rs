//! Statements as the kernel's expressions (linux/netfilter/nf_tables.h), in the shapes that `nft list` reads back.
mod load;

use std::net::IpAddr;

use load::{CT_DIRECTION, CT_MARK, CT_STATE, CT_STATUS, META_MARK, META_NFPROTO};

use super::data::Verdict;
use super::key::padded_len;
use super::statement::{
    CmpOp, Limit, Log, MarkTarget, Nat, NatFlags, NatKind, NatTo, Reject, Source, TimeUnit,
};
use super::{Expr, Field, IpVersion, Key, Rule, Statement};
use crate::nfnl::Writer;

/// The register that verdicts go to, and the first of the sixteen 32-bit ones.
const VERDICT_REGISTER: u32 = 0;
const FIRST_REGISTER: u32 = 8;

const CMP_EQ: u32 = 0;
const CMP_NE: u32 = 1;
const CMP_LE: u32 = 3;
const CMP_GE: u32 = 5;

/// `NF_NAT_RANGE_PROTO_SPECIFIED`
const NAT_PORT_GIVEN: u32 = 2;

/// Writes the expressions of `rule`, which has been validated, as list elements.
pub(super) fn write_rule(rule: &Rule, writer: &mut Writer) {
    let mut encoder = Encoder { writer, version: None, proto: None };
    for statement in &rule.statements {
        encoder.statement(statement);
    }
}

/// Writes a verdict as the attributes of `NFTA_DATA_VERDICT`.
pub(super) fn write_verdict(verdict: &Verdict, writer: &mut Writer) {
    let (code, chain): (i32, _) = match verdict {
        Verdict::Drop => (0, None),
        Verdict::Accept => (1, None),
        Verdict::Continue => (-1, None),
        Verdict::Jump(chain) => (-3, Some(chain)),
        Verdict::Goto(chain) => (-4, Some(chain)),
        Verdict::Return => (-5, None),
    };
    writer.nest(2, |w| {
        w.be32(1, code.cast_unsigned());
        if let Some(chain) = chain {
            w.string(2, chain);
        }
    });
}

struct Encoder<'w> {
    writer: &'w mut Writer,
    /// What the rule has settled so far, so that each guard is written once.
    version: Option<IpVersion>,
    proto: Option<u8>,
}

const fn register(index: usize) -> u32 {
    FIRST_REGISTER + index as u32
}

const R0: u32 = FIRST_REGISTER;

impl Encoder<'_> {
    fn expression(&mut self, name: &str, body: impl FnOnce(&mut Writer)) {
        self.writer.nest(1, |w| {
            w.string(1, name);
            w.nest(2, body);
        });
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Compare { left, op, right } => self.compare(*left, *op, right),
            Statement::PortRange { left, from, to } => {
                self.key(&[*left]);
                self.cmp(CMP_GE, &from.to_be_bytes());
                self.cmp(CMP_LE, &to.to_be_bytes());
            }
            Statement::InNet { left, op, net } => {
                self.key(&[*left]);
                if net.prefix_len() < net.max_prefix_len() {
                    self.bitwise(R0, Key::new().ip(net.netmask()).as_bytes(), &[]);
                }
                self.cmp(op.number(), Key::new().ip(net.network()).as_bytes());
            }
            Statement::Version(version) => self.guard_version(*version),
            Statement::CtState(state, op) => self.ct_bits(CT_STATE, state.0, *op),
            Statement::CtStatus(status, op) => self.ct_bits(CT_STATUS, status.0, *op),
            Statement::CtDirection { reply } => {
                self.ct(CT_DIRECTION, None, R0);
                self.cmp(CMP_EQ, &[u8::from(*reply)]);
            }
            Statement::LocalDestination(op) => self.fib(*op),
            Statement::Lookup { key, op, set } => {
                self.key(key);
                self.lookup(set, None, *op);
            }
            Statement::Limit(limit) => self.limit(*limit),
            Statement::SetMark { target, source } => self.set_mark(*target, source),
            Statement::Update { set, key, data, timeout } => {
                let after = self.key(key);
                if let Some(data) = data {
                    self.load(*data, register(after));
                }
                self.expression("dynset", |w| {
                    w.string(1, set);
                    w.be32(3, 1);
                    w.be32(4, R0);
                    if data.is_some() {
                        w.be32(5, register(after));
                    }
                    if let Some(timeout) = timeout {
                        w.be64(6, super::objects::milliseconds(*timeout));
                    }
                });
            }
            Statement::Nat(nat) => self.nat(nat),
            Statement::Masquerade(flags) => self.expression("masq", |w| match flags.bits() {
                0 => {}
                bits => w.be32(1, bits),
            }),
            Statement::Log(log) => self.log(log),
            Statement::Counter => self.expression("counter", |w| {
                w.be64(1, 0);
                w.be64(2, 0);
            }),
            Statement::Notrack => self.expression("notrack", |_| {}),
            Statement::Reject(how) => self.reject(*how),
            Statement::Verdict(verdict) => self.expression("immediate", |w| {
                w.be32(1, VERDICT_REGISTER);
                w.nest(2, |w| write_verdict(verdict, w));
            }),
            Statement::VerdictMap { key, map } => {
                self.key(key);
                self.lookup(map, Some(VERDICT_REGISTER), CmpOp::Eq);
            }
        }
    }

    fn compare(&mut self, left: Expr, op: CmpOp, right: &Key) {
        self.key(&[left]);
        let value = right.as_bytes().get(..left.field().size()).unwrap_or_default();
        self.cmp(op.number(), value);
        if let (Expr::L4Proto, CmpOp::Eq, [proto]) = (left, op, value) {
            self.proto = Some(*proto);
        }
    }

    /// Loads the fields of a key into registers one after the other, and returns the first register behind them.
    fn key(&mut self, key: &[Expr]) -> usize {
        for expr in key {
            self.guards(*expr);
        }
        let mut at = 0;
        for expr in key {
            self.load(*expr, register(at));
            at += expr.field().padded() / 4;
        }
        at
    }

    fn guards(&mut self, expr: Expr) {
        if let Some(version) = expr.needs_version().filter(|version| self.version != Some(*version)) {
            self.guard_version(version);
        }
        if let Some(proto) = expr.needs_proto().filter(|proto| self.proto != Some(*proto)) {
            self.compare(Expr::L4Proto, CmpOp::Eq, &Key::new().proto(proto));
        }
    }

    fn guard_version(&mut self, version: IpVersion) {
        self.meta(META_NFPROTO, R0);
        self.cmp(CMP_EQ, &[version.family()]);
        self.version = Some(version);
    }

    /// `register = register & mask ^ flip`; an empty `flip` is zero.
    fn bitwise(&mut self, at: u32, mask: &[u8], flip: &[u8]) {
        let zero = [0; 16];
        let flip = if flip.is_empty() { &zero[..mask.len().min(16)] } else { flip };
        self.expression("bitwise", |w| {
            w.be32(1, at);
            w.be32(2, at);
            w.be32(3, mask.len() as u32);
            w.nest(4, |w| w.attr(1, mask));
            w.nest(5, |w| w.attr(1, flip));
        });
    }

    fn cmp(&mut self, op: u32, value: &[u8]) {
        self.expression("cmp", |w| {
            w.be32(1, R0);
            w.be32(2, op);
            w.nest(3, |w| w.attr(1, value));
        });
    }

    fn immediate(&mut self, to: u32, value: &[u8]) {
        self.expression("immediate", |w| {
            w.be32(1, to);
            w.nest(2, |w| w.attr(1, value));
        });
    }

    fn ct_bits(&mut self, key: u32, bits: u32, op: CmpOp) {
        self.ct(key, None, R0);
        self.bitwise(R0, &bits.to_ne_bytes(), &[]);
        let any = if op == CmpOp::Eq { CMP_NE } else { CMP_EQ };
        self.cmp(any, &0u32.to_ne_bytes());
    }

    fn lookup(&mut self, set: &str, to: Option<u32>, op: CmpOp) {
        self.expression("lookup", |w| {
            w.string(1, set);
            w.be32(2, R0);
            if let Some(to) = to {
                w.be32(3, to);
            }
            if op == CmpOp::Ne {
                w.be32(5, 1);
            }
        });
    }

    fn limit(&mut self, limit: Limit) {
        let seconds: u64 = match limit.per {
            TimeUnit::Second => 1,
            TimeUnit::Minute => 60,
            TimeUnit::Hour => 3600,
        };
        self.expression("limit", |w| {
            w.be64(1, limit.rate);
            w.be64(2, seconds);
            w.be32(3, limit.burst);
            w.be32(4, 0);
            w.be32(5, u32::from(limit.over));
        });
    }

    fn set_mark(&mut self, target: MarkTarget, source: &Source) {
        match source {
            Source::Constant(value) => self.immediate(R0, &value.to_ne_bytes()),
            Source::Expr(expr) => {
                self.key(&[*expr]);
            }
            Source::Bits { expr, and, or } => {
                self.key(&[*expr]);
                self.bitwise(R0, &(and & !or).to_ne_bytes(), &or.to_ne_bytes());
            }
            Source::Map { key, map } => {
                self.key(key);
                self.lookup(map, Some(R0), CmpOp::Eq);
            }
            Source::Random { modulus, offset } => self.expression("numgen", |w| {
                w.be32(1, R0);
                w.be32(2, *modulus);
                w.be32(3, 1);
                w.be32(4, *offset);
            }),
        }
        match target {
            MarkTarget::Packet => self.expression("meta", |w| {
                w.be32(2, META_MARK);
                w.be32(3, R0);
            }),
            MarkTarget::Connection => self.expression("ct", |w| {
                w.be32(2, CT_MARK);
                w.be32(4, R0);
            }),
        }
    }

    fn nat(&mut self, nat: &Nat) {
        let address = match nat.version {
            IpVersion::V4 => Field::Ipv4Addr,
            IpVersion::V6 => Field::Ipv6Addr,
        };
        let port_register = register(padded_len(&[address]) / 4);
        let mut bits = nat.flags.bits();
        let with_port = match &nat.to {
            NatTo::Address(to, port) => {
                match to {
                    IpAddr::V4(to) => self.immediate(R0, &to.octets()),
                    IpAddr::V6(to) => self.immediate(R0, &to.octets()),
                }
                if let Some(port) = port {
                    self.immediate(port_register, &port.to_be_bytes());
                    bits |= NAT_PORT_GIVEN;
                }
                port.is_some()
            }
            NatTo::Map { key, map, with_port } => {
                self.key(key);
                self.lookup(map, Some(R0), CmpOp::Eq);
                *with_port
            }
        };
        self.expression("nat", |w| {
            w.be32(1, if nat.kind == NatKind::Source { 0 } else { 1 });
            w.be32(2, u32::from(nat.version.family()));
            w.be32(3, R0);
            if with_port {
                w.be32(5, port_register);
            }
            if bits != NatFlags::NONE.bits() {
                w.be32(7, bits);
            }
        });
    }

    fn log(&mut self, log: &Log) {
        self.expression("log", |w| {
            w.attr(1, &log.group.to_be_bytes());
            w.string(2, &log.prefix);
            if let Some(snaplen) = log.snaplen {
                w.be32(3, snaplen);
            }
            if let Some(threshold) = log.queue_threshold {
                w.attr(4, &threshold.to_be_bytes());
            }
        });
    }

    fn reject(&mut self, how: Reject) {
        const TCP_RESET: u32 = 1;
        const ICMPX: u32 = 2;
        let (kind, code) = match how {
            Reject::NoRoute => (ICMPX, 0),
            Reject::PortUnreachable => (ICMPX, 1),
            Reject::HostUnreachable => (ICMPX, 2),
            Reject::AdminProhibited => (ICMPX, 3),
            Reject::TcpReset => (TCP_RESET, 0),
        };
        self.expression("reject", |w| {
            w.be32(1, kind);
            w.attr(2, &[code]);
        });
    }
}

impl CmpOp {
    const fn number(self) -> u32 {
        match self {
            Self::Eq => CMP_EQ,
            Self::Ne => CMP_NE,
        }
    }
}
