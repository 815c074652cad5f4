//! Reading packets and connections into registers.
use super::{Encoder, R0};
use crate::nft::Expr;
use crate::nft::statement::CmpOp;

pub(super) const META_MARK: u32 = 3;
pub(super) const META_IIF: u32 = 4;
pub(super) const META_OIF: u32 = 5;
pub(super) const META_IIFNAME: u32 = 6;
pub(super) const META_OIFNAME: u32 = 7;
pub(super) const META_NFPROTO: u32 = 15;
pub(super) const META_L4PROTO: u32 = 16;

pub(super) const CT_STATE: u32 = 0;
pub(super) const CT_DIRECTION: u32 = 1;
pub(super) const CT_STATUS: u32 = 2;
pub(super) const CT_MARK: u32 = 3;
pub(super) const CT_PROTO_SRC: u32 = 11;
pub(super) const CT_PROTO_DST: u32 = 12;
pub(super) const CT_SRC_IP: u32 = 19;
pub(super) const CT_DST_IP: u32 = 20;
pub(super) const CT_SRC_IP6: u32 = 21;
pub(super) const CT_DST_IP6: u32 = 22;
const DIRECTION_ORIGINAL: u8 = 0;

const NETWORK_HEADER: u32 = 1;
const TRANSPORT_HEADER: u32 = 2;

/// `RTN_LOCAL` (linux/rtnetlink.h)
const ROUTE_LOCAL: u32 = 2;

impl Encoder<'_> {
    pub(super) fn fib(&mut self, op: CmpOp) {
        const RESULT_ADDRTYPE: u32 = 3;
        const OF_DESTINATION: u32 = 2;
        self.expression("fib", |w| {
            w.be32(1, R0);
            w.be32(2, RESULT_ADDRTYPE);
            w.be32(3, OF_DESTINATION);
        });
        self.cmp(op.number(), &ROUTE_LOCAL.to_ne_bytes());
    }

    pub(super) fn load(&mut self, expr: Expr, to: u32) {
        match expr {
            Expr::Ip4Saddr => self.payload(NETWORK_HEADER, 12, 4, to),
            Expr::Ip4Daddr => self.payload(NETWORK_HEADER, 16, 4, to),
            Expr::Ip6Saddr => self.payload(NETWORK_HEADER, 8, 16, to),
            Expr::Ip6Daddr => self.payload(NETWORK_HEADER, 24, 16, to),
            Expr::L4Proto => self.meta(META_L4PROTO, to),
            Expr::Sport => self.payload(TRANSPORT_HEADER, 0, 2, to),
            Expr::Dport => self.payload(TRANSPORT_HEADER, 2, 2, to),
            Expr::IcmpType | Expr::Icmpv6Type => self.payload(TRANSPORT_HEADER, 0, 1, to),
            Expr::Mark => self.meta(META_MARK, to),
            Expr::MarkAnd(mask) => {
                self.meta(META_MARK, to);
                self.bitwise(to, &mask.to_ne_bytes(), &[]);
            }
            Expr::CtMark => self.ct(CT_MARK, None, to),
            Expr::CtMarkAnd(mask) => {
                self.ct(CT_MARK, None, to);
                self.bitwise(to, &mask.to_ne_bytes(), &[]);
            }
            Expr::Iifname => self.meta(META_IIFNAME, to),
            Expr::Oifname => self.meta(META_OIFNAME, to),
            Expr::Iif => self.meta(META_IIF, to),
            Expr::Oif => self.meta(META_OIF, to),
            Expr::CtOriginalIp4Saddr => self.ct(CT_SRC_IP, Some(DIRECTION_ORIGINAL), to),
            Expr::CtOriginalIp4Daddr => self.ct(CT_DST_IP, Some(DIRECTION_ORIGINAL), to),
            Expr::CtOriginalIp6Saddr => self.ct(CT_SRC_IP6, Some(DIRECTION_ORIGINAL), to),
            Expr::CtOriginalIp6Daddr => self.ct(CT_DST_IP6, Some(DIRECTION_ORIGINAL), to),
            Expr::CtOriginalSport => self.ct(CT_PROTO_SRC, Some(DIRECTION_ORIGINAL), to),
            Expr::CtOriginalDport => self.ct(CT_PROTO_DST, Some(DIRECTION_ORIGINAL), to),
        }
    }

    pub(super) fn payload(&mut self, base: u32, offset: u32, len: u32, to: u32) {
        self.expression("payload", |w| {
            w.be32(1, to);
            w.be32(2, base);
            w.be32(3, offset);
            w.be32(4, len);
        });
    }

    pub(super) fn meta(&mut self, key: u32, to: u32) {
        self.expression("meta", |w| {
            w.be32(1, to);
            w.be32(2, key);
        });
    }

    pub(super) fn ct(&mut self, key: u32, direction: Option<u8>, to: u32) {
        self.expression("ct", |w| {
            w.be32(1, to);
            w.be32(2, key);
            if let Some(direction) = direction {
                w.attr(3, &[direction]);
            }
        });
    }
}
