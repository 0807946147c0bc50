//! What a host name says: kind of endpoint, region, partition.
//!
//! Source of the patterns: the AWS guides to RDS, Aurora, RDS Proxy and Aurora DSQL.

/// What stands behind a host name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointKind {
    /// One RDS or Aurora instance, or a read replica.
    Instance,
    /// A cluster's writer.
    ClusterWriter,
    /// A cluster's readers.
    ClusterReader,
    /// A custom endpoint of a cluster.
    ClusterCustom,
    /// An Aurora Limitless shard group.
    ShardGroup,
    /// A global cluster's writer; its name carries no region.
    GlobalWriter,
    /// An RDS Proxy or an endpoint of one.
    Proxy,
    /// An Aurora DSQL cluster: signs for `dsql`, not `rds-db`.
    Dsql,
    /// Any other name or an address: sign for the real endpoint instead.
    Plain,
}

/// Which part of AWS an endpoint belongs to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Partition {
    /// `aws`.
    #[default]
    Commercial,
    /// `aws-cn`.
    China,
    /// `aws-us-gov`.
    GovCloud,
    /// Isolated partitions and the European sovereign cloud.
    Other,
}

/// What a host name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The name in lower case without a trailing dot.
    pub host: String,
    /// What stands behind it.
    pub kind: EndpointKind,
    /// The region in the name, if it has one.
    pub region: Option<String>,
    /// The partition in the name.
    pub partition: Partition,
}

/// Domain suffixes under which AWS names database endpoints.
const SUFFIXES: [(&str, Partition); 8] = [
    (".amazonaws.com.cn", Partition::China),
    (".amazonaws.com", Partition::Commercial),
    (".amazonaws.eu", Partition::Other),
    (".amazonaws.au", Partition::Other),
    (".amazonaws.uk", Partition::Other),
    (".c2s.ic.gov", Partition::Other),
    (".sc2s.sgov.gov", Partition::Other),
    (".on.aws", Partition::Commercial),
];

impl Endpoint {
    /// Reads a host name. Anything that is no AWS database endpoint is [`EndpointKind::Plain`].
    #[must_use]
    pub fn parse(host: &str) -> Self {
        let host = host.trim().trim_end_matches('.').to_ascii_lowercase();
        let found = SUFFIXES.iter().find_map(|&(suffix, partition)| {
            let labels: Vec<&str> = host.strip_suffix(suffix)?.split('.').collect();
            let (kind, region) = if suffix == ".on.aws" {
                serverless(&labels)?
            } else {
                relational(&labels)?
            };
            Some((kind, region, partition))
        });
        let Some((kind, region, partition)) = found else {
            return Self {
                host,
                kind: EndpointKind::Plain,
                region: None,
                partition: Partition::Commercial,
            };
        };
        let partition = match region.as_deref() {
            Some(region) if region.starts_with("us-gov-") => Partition::GovCloud,
            _ => partition,
        };
        Self {
            host,
            kind,
            region,
            partition,
        }
    }

    /// The service name in the credential scope of a token.
    #[must_use]
    pub const fn service(&self) -> &'static str {
        match self.kind {
            EndpointKind::Dsql => "dsql",
            EndpointKind::Instance
            | EndpointKind::ClusterWriter
            | EndpointKind::ClusterReader
            | EndpointKind::ClusterCustom
            | EndpointKind::ShardGroup
            | EndpointKind::GlobalWriter
            | EndpointKind::Proxy
            | EndpointKind::Plain => "rds-db",
        }
    }

    /// The kind in words: `Aurora cluster, writer`.
    #[must_use]
    pub const fn described(&self) -> &'static str {
        match self.kind {
            EndpointKind::Instance => "RDS or Aurora instance",
            EndpointKind::ClusterWriter => "Aurora cluster, writer",
            EndpointKind::ClusterReader => "Aurora cluster, readers",
            EndpointKind::ClusterCustom => "Aurora cluster, custom endpoint",
            EndpointKind::ShardGroup => "Aurora Limitless shard group",
            EndpointKind::GlobalWriter => "Aurora global database, writer",
            EndpointKind::Proxy => "RDS Proxy",
            EndpointKind::Dsql => "Aurora DSQL",
            EndpointKind::Plain => "not an RDS endpoint name",
        }
    }
}

/// `<id>.dsql.<region>`.
fn serverless(labels: &[&str]) -> Option<(EndpointKind, Option<String>)> {
    match labels {
        [_, "dsql" | "dsql-fips", region] if looks_like_region(region) => {
            Some((EndpointKind::Dsql, Some((*region).to_owned())))
        }
        _ => None,
    }
}

/// `<id>.<hash>.<region>.rds`, China's `<id>.<hash>.rds.<region>`, `<id>.global-<hash>.global.rds`.
fn relational(labels: &[&str]) -> Option<(EndpointKind, Option<String>)> {
    let (name, region) = match labels {
        [name @ .., "global", "rds"] => (name, None),
        [name @ .., region, "rds" | "rds-fips"] | [name @ .., "rds" | "rds-fips", region]
            if looks_like_region(region) =>
        {
            (name, Some((*region).to_owned()))
        }
        _ => return None,
    };
    let [id, .., group] = name else { return None };
    if id.is_empty() {
        return None;
    }
    let kind = if group.starts_with("cluster-ro-") {
        EndpointKind::ClusterReader
    } else if group.starts_with("cluster-custom-") {
        EndpointKind::ClusterCustom
    } else if group.starts_with("cluster-") {
        EndpointKind::ClusterWriter
    } else if group.starts_with("shardgrp-") {
        EndpointKind::ShardGroup
    } else if group.starts_with("global-") {
        EndpointKind::GlobalWriter
    } else if group.starts_with("proxy-") {
        EndpointKind::Proxy
    } else {
        EndpointKind::Instance
    };
    Some((kind, region))
}

/// Regions are two to four words and a number: `eu-central-1`, `us-gov-west-1`, `us-iso-east-1`.
fn looks_like_region(label: &str) -> bool {
    let words: Vec<&str> = label.split('-').collect();
    let [area, .., number] = words.as_slice() else {
        return false;
    };
    words.len() >= 3
        && (2..=4).contains(&area.len())
        && words
            .iter()
            .rev()
            .skip(1)
            .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()))
        && !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(host: &str) -> (EndpointKind, Option<String>, Partition) {
        let endpoint = Endpoint::parse(host);
        (endpoint.kind, endpoint.region, endpoint.partition)
    }

    #[test]
    fn every_documented_shape_is_known() {
        use EndpointKind as K;
        let cases = [
            (
                "mydb.abcdefghijkl.us-east-1.rds.amazonaws.com",
                K::Instance,
                "us-east-1",
            ),
            (
                "MyDB.AbCdEf.EU-Central-1.rds.amazonaws.com.",
                K::Instance,
                "eu-central-1",
            ),
            (
                "o.cluster-c9xk2.eu-central-1.rds.amazonaws.com",
                K::ClusterWriter,
                "eu-central-1",
            ),
            (
                "o.cluster-ro-c9xk2.eu-central-1.rds.amazonaws.com",
                K::ClusterReader,
                "eu-central-1",
            ),
            (
                "o.cluster-custom-c9xk2.eu-west-3.rds.amazonaws.com",
                K::ClusterCustom,
                "eu-west-3",
            ),
            (
                "o.shardgrp-c9xk2.eu-west-3.rds.amazonaws.com",
                K::ShardGroup,
                "eu-west-3",
            ),
            (
                "p.proxy-c9xk2.us-east-2.rds.amazonaws.com",
                K::Proxy,
                "us-east-2",
            ),
            (
                "e.endpoint.proxy-c9xk2.us-east-2.rds.amazonaws.com",
                K::Proxy,
                "us-east-2",
            ),
            (
                "i.abc.us-east-1.rds-fips.amazonaws.com",
                K::Instance,
                "us-east-1",
            ),
            ("abc.dsql.us-east-1.on.aws", K::Dsql, "us-east-1"),
        ];
        for (host, kind, region) in cases {
            assert_eq!(
                read(host),
                (kind, Some(region.to_owned()), Partition::Commercial),
                "{host}"
            );
        }
        assert_eq!(
            read("i.abc.rds.cn-north-1.amazonaws.com.cn"),
            (K::Instance, Some("cn-north-1".into()), Partition::China)
        );
        assert_eq!(
            read("i.abc.us-gov-west-1.rds.amazonaws.com"),
            (
                K::Instance,
                Some("us-gov-west-1".into()),
                Partition::GovCloud
            )
        );
        assert_eq!(
            read("g.global-abc.global.rds.amazonaws.com"),
            (K::GlobalWriter, None, Partition::Commercial)
        );
    }

    #[test]
    fn anything_else_is_plain() {
        for host in [
            "localhost",
            "127.0.0.1",
            "db.example.com",
            "rds.amazonaws.com",
            "x.elb.us-east-1.amazonaws.com",
            "",
        ] {
            assert_eq!(read(host).0, EndpointKind::Plain, "{host}");
        }
    }
}
