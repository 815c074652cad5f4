//! What clients outside meet.
use super::*;

pub(super) static TOPIC: Topic = Topic {
    title: "Ingress and gateways",
    items: &[
        decided(
            "tls-on-every-host",
            "Every host is served over TLS, and plain HTTP only leads there",
            &[&INGRESSES, &GATEWAYS, &ISTIO_GATEWAYS, &EXPOSED],
            &["IN001", "IN002", "IN003", "IN016", "IN022", "IN033", "GW031", "IS038", "SV008"],
        ),
        decided(
            "tls-settings",
            "TLS is set up so that it protects: no old versions, nothing left unverified",
            &[&INGRESSES, &GATEWAYS, &ISTIO_GATEWAYS, &BACKEND_TLS],
            &["IN035", "GW002", "GW016", "GW038", "IS035", "IS036", "IS039"],
        )
        .beyond(
            "Which ciphers the proxy offers is decided where it runs.",
            "Ask it from outside: `testssl.sh HOST`, `nmap --script ssl-enum-ciphers HOST`.",
        ),
        decided(
            "controller",
            "A controller that is kept serves each Ingress and Gateway",
            &[&INGRESSES, &GATEWAYS, &ISTIO_GATEWAYS],
            &["IN004", "IN005", "IN006", "IN007", "IN020", "GW034", "GW037", "IS023"],
        ),
        decided(
            "routes-attached",
            "Every route is taken by its gateway, and no other claims its hosts and paths",
            &[&ROUTES, &GATEWAYS, &ISTIO_GATEWAYS],
            &[
                "GW001", "GW003", "GW014", "GW017", "GW018", "GW019", "GW020", "GW021", "GW028", "GW039",
                "GW043", "GW041", "IS040", "IS041", "IS042", "IS066", "IS071",
            ],
        ),
        decided(
            "routes-lead-somewhere",
            "Every path leads to a Service and port that there are",
            &[&INGRESSES, &ROUTES],
            &[
                "IN008", "IN009", "IN018", "IN029", "IN031", "IN032", "GW009", "GW022", "GW023", "GW024",
                "GW025", "GW026", "GW027", "GW040",
            ],
        ),
        decided(
            "paths-precise",
            "Paths match what they are written for, rewrites and slashes included",
            &[&INGRESSES, &ROUTES],
            &[
                "IN010", "IN011", "IN012", "IN013", "IN014", "IN015", "IN034", "GW006", "GW007", "GW013",
                "GW028", "GW029",
            ],
        ),
        decided(
            "settings-act",
            "Annotations and filters do what they say",
            &[&INGRESSES, &ROUTES],
            &[
                "IN021", "IN023", "IN024", "IN025", "IN026", "IN027", "IN036", "IN037", "IN039", "GW004",
                "GW005", "GW008", "GW012", "GW015", "GW042",
            ],
        ),
        decided(
            "traffic-splitting",
            "Canaries get the share that is meant",
            &[&INGRESSES, &ROUTES, &VIRTUAL_SERVICES],
            &["IN028", "GW012", "GW027", "IS009"],
        ),
        decided(
            "timeouts",
            "Requests end after a time that leaves room for the retries",
            &[&ROUTES, &VIRTUAL_SERVICES, &INGRESSES],
            &["GW010", "GW011", "GW036", "IS010", "IS061", "IS052", "IN026"],
        ),
        decided(
            "authentication",
            "Whoever has to be known is asked, and no password goes in the clear",
            &[&INGRESSES, &MESH_POLICIES],
            &["IN017", "IN022", "IN029", "IN038", "IS033", "IS034", "IS075"],
        )
        .beyond(
            "Programs that authenticate their users themselves do not show it.",
            "Request each host and path without credentials, and see what answers.",
        ),
        undecided(
            "rate-limits",
            "Rate limits and a firewall for web applications stand before what is public",
            "They may be in a CDN, a cloud's load balancer, the controller or the program; the right numbers are those of its users.",
            "Run a load test from outside, and see where it is cut off. Annotations that are wrong are found (`settings-act`).",
        ),
    ],
};

pub(super) static TLS: Topic = Topic {
    title: "Certificates",
    items: &[
        decided(
            "certificates-issued",
            "Every certificate that is used is issued and renewed by itself",
            &[&INGRESSES, &GATEWAYS, &CERTIFICATES, &ISSUERS],
            &[
                "TL001", "TL002", "TL003", "TL005", "TL006", "TL008", "TL009", "TL010", "TL017", "TL018",
                "TL019", "IN030", "NP037",
            ],
        )
        .beyond(
            "Whether the authority issued it is in the cluster.",
            "`kubectl get certificates -A`; alert on `certmanager_certificate_expiration_timestamp_seconds`.",
        ),
        decided(
            "certificates-cover-hosts",
            "Certificates name the hosts that they serve",
            &[&CERTIFICATES, &INGRESSES, &GATEWAYS],
            &["TL004", "TL013", "GW033"],
        ),
        decided(
            "keys-kept",
            "Keys are strong, change, and are in no repository",
            &[&CERTIFICATES, &TLS_SECRETS, &ISSUERS],
            &["TL011", "TL012", "TL014", "TL015", "TL016"],
        ),
    ],
};
