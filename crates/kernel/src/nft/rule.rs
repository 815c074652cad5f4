//! A rule, built statement by statement in the order in which the kernel runs them.
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;

use super::{
    CmpOp, CtState, CtStatus, Expr, IpVersion, Key, Limit, Log, MarkTarget, Nat, NatFlags, NatKind, NatTo,
    Reject, Source, Statement, Verdict,
};

/// Statements run from the first to the last, as long as conditions hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rule {
    /// What the rule does.
    pub statements: Vec<Statement>,
    /// Printed behind the rule by `nft list`; at most 127 bytes, no quotation mark.
    pub comment: Option<Arc<str>>,
}

impl Rule {
    /// A rule without statements.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The rule with one more statement.
    #[must_use]
    pub fn push(mut self, statement: Statement) -> Self {
        self.statements.push(statement);
        self
    }

    /// The rule with a comment.
    #[must_use]
    pub fn comment(mut self, text: impl Into<Arc<str>>) -> Self {
        self.comment = Some(text.into());
        self
    }

    /// `EXPR VALUE`
    #[must_use]
    pub fn eq(self, left: Expr, right: Key) -> Self {
        self.push(Statement::Compare { left, op: CmpOp::Eq, right })
    }

    /// `EXPR != VALUE`
    #[must_use]
    pub fn ne(self, left: Expr, right: Key) -> Self {
        self.push(Statement::Compare { left, op: CmpOp::Ne, right })
    }

    /// `iifname "NAME"`
    #[must_use]
    pub fn iifname(self, name: &str) -> Self {
        self.eq(Expr::Iifname, Key::new().ifname(name))
    }

    /// `oifname "NAME"`
    #[must_use]
    pub fn oifname(self, name: &str) -> Self {
        self.eq(Expr::Oifname, Key::new().ifname(name))
    }

    /// `meta l4proto PROTO`
    #[must_use]
    pub fn l4proto(self, proto: u8) -> Self {
        self.eq(Expr::L4Proto, Key::new().proto(proto))
    }

    /// `th dport PORT`
    #[must_use]
    pub fn dport(self, port: u16) -> Self {
        self.eq(Expr::Dport, Key::new().port(port))
    }

    /// `th dport FROM-TO`
    #[must_use]
    pub fn dports(self, from: u16, to: u16) -> Self {
        self.push(Statement::PortRange { left: Expr::Dport, from, to })
    }

    /// `meta mark VALUE`
    #[must_use]
    pub fn mark(self, mark: u32) -> Self {
        self.eq(Expr::Mark, Key::new().mark(mark))
    }

    /// `ct mark VALUE`
    #[must_use]
    pub fn ct_mark(self, mark: u32) -> Self {
        self.eq(Expr::CtMark, Key::new().mark(mark))
    }

    /// `meta mark & MASK == VALUE`
    #[must_use]
    pub fn mark_bits(self, mask: u32, value: u32) -> Self {
        self.eq(Expr::MarkAnd(mask), Key::new().mark(value))
    }

    /// `meta mark & MASK != VALUE`
    #[must_use]
    pub fn mark_bits_ne(self, mask: u32, value: u32) -> Self {
        self.ne(Expr::MarkAnd(mask), Key::new().mark(value))
    }

    /// `ip saddr NET`
    #[must_use]
    pub fn in_net(self, left: Expr, net: IpNet) -> Self {
        self.push(Statement::InNet { left, op: CmpOp::Eq, net })
    }

    /// `ip saddr != NET`
    #[must_use]
    pub fn not_in_net(self, left: Expr, net: IpNet) -> Self {
        self.push(Statement::InNet { left, op: CmpOp::Ne, net })
    }

    /// `meta nfproto ipv4`
    #[must_use]
    pub fn version(self, version: IpVersion) -> Self {
        self.push(Statement::Version(version))
    }

    /// `ct state A,B`
    #[must_use]
    pub fn ct_state(self, state: CtState) -> Self {
        self.push(Statement::CtState(state, CmpOp::Eq))
    }

    /// `ct status A,B`
    #[must_use]
    pub fn ct_status(self, status: CtStatus) -> Self {
        self.push(Statement::CtStatus(status, CmpOp::Eq))
    }

    /// `fib daddr type local`
    #[must_use]
    pub fn local_destination(self) -> Self {
        self.push(Statement::LocalDestination(CmpOp::Eq))
    }

    /// `A . B @set`
    #[must_use]
    pub fn in_set(self, key: &[Expr], set: impl Into<Arc<str>>) -> Self {
        self.push(Statement::Lookup { key: key.to_vec(), op: CmpOp::Eq, set: set.into() })
    }

    /// `A . B != @set`
    #[must_use]
    pub fn not_in_set(self, key: &[Expr], set: impl Into<Arc<str>>) -> Self {
        self.push(Statement::Lookup { key: key.to_vec(), op: CmpOp::Ne, set: set.into() })
    }

    /// `limit rate …`
    #[must_use]
    pub fn limit(self, limit: Limit) -> Self {
        self.push(Statement::Limit(limit))
    }

    /// `meta mark set …`
    #[must_use]
    pub fn set_mark(self, source: impl Into<Source>) -> Self {
        self.push(Statement::SetMark { target: MarkTarget::Packet, source: source.into() })
    }

    /// `ct mark set …`
    #[must_use]
    pub fn set_ct_mark(self, source: impl Into<Source>) -> Self {
        self.push(Statement::SetMark { target: MarkTarget::Connection, source: source.into() })
    }

    /// `update @map { A . B timeout T : DATA }`
    #[must_use]
    pub fn update(
        self,
        map: impl Into<Arc<str>>,
        key: &[Expr],
        data: impl Into<Option<Expr>>,
        timeout: Option<Duration>,
    ) -> Self {
        self.push(Statement::Update { set: map.into(), key: key.to_vec(), data: data.into(), timeout })
    }

    /// `dnat ip to A . B map @map`, the data being `address . port`.
    #[must_use]
    pub fn dnat_map(self, version: IpVersion, key: &[Expr], map: impl Into<Arc<str>>) -> Self {
        let to = NatTo::Map { key: key.to_vec(), map: map.into(), with_port: true };
        self.push(Statement::Nat(Nat { kind: NatKind::Destination, version, to, flags: NatFlags::NONE }))
    }

    /// `dnat ip to ADDRESS:PORT`
    #[must_use]
    pub fn dnat(self, to: IpAddr, port: Option<u16>) -> Self {
        self.nat(NatKind::Destination, to, port, NatFlags::NONE)
    }

    /// `snat ip to ADDRESS`
    #[must_use]
    pub fn snat(self, to: IpAddr, flags: NatFlags) -> Self {
        self.nat(NatKind::Source, to, None, flags)
    }

    fn nat(self, kind: NatKind, to: IpAddr, port: Option<u16>, flags: NatFlags) -> Self {
        let version = if to.is_ipv4() { IpVersion::V4 } else { IpVersion::V6 };
        self.push(Statement::Nat(Nat { kind, version, to: NatTo::Address(to, port), flags }))
    }

    /// `masquerade`
    #[must_use]
    pub fn masquerade(self, flags: NatFlags) -> Self {
        self.push(Statement::Masquerade(flags))
    }

    /// `log prefix "…" group N …`
    #[must_use]
    pub fn log(self, log: Log) -> Self {
        self.push(Statement::Log(log))
    }

    /// `counter`
    #[must_use]
    pub fn counter(self) -> Self {
        self.push(Statement::Counter)
    }

    /// `notrack`
    #[must_use]
    pub fn notrack(self) -> Self {
        self.push(Statement::Notrack)
    }

    /// `reject …`
    #[must_use]
    pub fn reject(self, how: Reject) -> Self {
        self.push(Statement::Reject(how))
    }

    /// `accept`
    #[must_use]
    pub fn accept(self) -> Self {
        self.push(Statement::Verdict(Verdict::Accept))
    }

    /// `drop`
    #[must_use]
    pub fn drop(self) -> Self {
        self.push(Statement::Verdict(Verdict::Drop))
    }

    /// `return`
    #[must_use]
    pub fn ret(self) -> Self {
        self.push(Statement::Verdict(Verdict::Return))
    }

    /// `jump CHAIN`
    #[must_use]
    pub fn jump(self, chain: impl Into<Arc<str>>) -> Self {
        self.push(Statement::Verdict(Verdict::Jump(chain.into())))
    }

    /// `goto CHAIN`
    #[must_use]
    pub fn goto(self, chain: impl Into<Arc<str>>) -> Self {
        self.push(Statement::Verdict(Verdict::Goto(chain.into())))
    }

    /// `A . B vmap @map`
    #[must_use]
    pub fn vmap(self, key: &[Expr], map: impl Into<Arc<str>>) -> Self {
        self.push(Statement::VerdictMap { key: key.to_vec(), map: map.into() })
    }
}
