//! What VACUUM, ANALYZE, CLUSTER and REINDEX are told to work on.

use crate::domain::ident;
use crate::domain::sql::words::Words;

/// One target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maintained {
    /// The kind in the server's words: `table`, `schema`, `database`.
    pub kind: &'static str,
    /// Its name's parts: schema and relation, or one alone; of an index where it is one.
    pub name: Vec<String>,
    /// Whether the partitions of a partitioned table are meant too.
    pub extent: Extent,
    part: Part,
}

impl Maintained {
    /// Whether only some of its columns are analyzed.
    #[must_use]
    pub fn names_columns(&self) -> bool {
        self.part == Part::Columns
    }
}

/// What of a table is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Whole,
    Columns,
}

/// How far a target reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// It alone.
    Alone,
    /// VACUUM and ANALYZE look at the right to each partition too (PostgreSQL source, `vacuum.c`,
    /// `expand_vacuum_rel`), from 18 on unless ONLY is said.
    WithPartitions,
    /// CLUSTER looks at the right to each partition that holds rows, from 17 on with a warning (PostgreSQL
    /// source, `cluster.c`, `get_tables_to_cluster_partitioned`).
    WithLeaves,
}

/// Reads a statement; nothing where it works on all there is.
#[must_use]
pub fn maintained(sql: &str) -> Vec<Maintained> {
    let words = Words::of_statement(sql);
    let text = |at: usize| words.text(at);
    let is = |at: usize, word: &str| words.is(at, word);
    let options = ["full", "freeze", "verbose", "analyze", "concurrently"];
    let mut at = 1;
    if is(at, "(") {
        while at < words.len() && text(at) != ")" {
            at += 1;
        }
        at += 1;
    }
    let mut kind = "table";
    if is(0, "reindex") {
        kind = match text(at).to_lowercase().as_str() {
            "schema" => "schema",
            "database" | "system" => "database",
            _ => "table",
        };
        at += 1;
    }
    while options.iter().any(|option| is(at, option)) {
        at += 1;
    }
    let mut found = Vec::new();
    let reach = match words.lower(0).as_str() {
        "vacuum" | "analyze" => Extent::WithPartitions,
        "cluster" => Extent::WithLeaves,
        _ => Extent::Alone,
    };
    loop {
        let only = is(at, "only");
        at += usize::from(only);
        let Some(mut name) = ident::parts(text(at)) else {
            break;
        };
        while is(at + 1, ".") {
            at += 2;
            name.extend(ident::parts(text(at)).unwrap_or_default());
        }
        let extent = if only { Extent::Alone } else { reach };
        at += 1;
        let part = if is(at, "(") {
            Part::Columns
        } else {
            Part::Whole
        };
        found.push(Maintained {
            kind,
            name,
            extent,
            part,
        });
        if part == Part::Columns {
            while at < words.len() && text(at) != ")" {
                at += 1;
            }
            at += 1;
        }
        if !is(at, ",") {
            break;
        }
        at += 1;
    }
    found
}

/// The tablespace that REINDEX moves indexes to.
#[must_use]
pub fn moved_to(sql: &str) -> Option<String> {
    let words = Words::of_statement(sql);
    if !words.is(0, "reindex") || !words.is(1, "(") {
        return None;
    }
    let end = words.find(")")?;
    let at = (2..end).find(|at| words.is(*at, "tablespace"))?;
    words.named(at + 1)
}

/// Whose a table is that is skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeper {
    /// Somebody's.
    Owner,
    /// The database's: one of its catalogs.
    Database,
    /// The cluster's: a catalog that all databases share.
    Cluster,
}

/// What VACUUM, ANALYZE and CLUSTER say of a table that they skip for want of a privilege (PostgreSQL
/// source, `vacuum.c`, `vacuum_is_permitted_for_relation`; reworded in 16).
#[must_use]
pub fn skipping(verb: &str, name: &str, keeper: Keeper, major: u32) -> String {
    let who = match keeper {
        _ if major >= 16 => return format!("permission denied to {verb} \"{name}\", skipping it"),
        Keeper::Owner => "table or database owner",
        Keeper::Database => "superuser or database owner",
        Keeper::Cluster => "superuser",
    };
    format!("skipping \"{name}\" --- only {who} can {verb} it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_found_behind_every_option() {
        let told = |sql: &str| -> Vec<String> {
            maintained(sql)
                .into_iter()
                .map(|one| format!("{} {}", one.kind, one.name.join(".")))
                .collect()
        };
        assert_eq!(
            told("vacuum (full, verbose) s.t, s.u (a, b)"),
            ["table s.t", "table s.u"]
        );
        assert_eq!(told("analyze verbose \"T\";"), ["table T"]);
        assert_eq!(told("analyze only s.p, s.t"), ["table s.p", "table s.t"]);
        let reach = |sql: &str| maintained(sql).first().map(|one| one.extent);
        assert_eq!(reach("analyze only s.p"), Some(Extent::Alone));
        assert_eq!(reach("vacuum s.p"), Some(Extent::WithPartitions));
        assert_eq!(reach("reindex table s.p"), Some(Extent::Alone));
        assert_eq!(told("cluster s.t using t_pkey"), ["table s.t"]);
        assert_eq!(reach("cluster s.t using t_pkey"), Some(Extent::WithLeaves));
        assert_eq!(
            told("reindex (verbose) index concurrently s.i"),
            ["table s.i"]
        );
        assert_eq!(told("reindex schema s"), ["schema s"]);
        assert_eq!(told("vacuum"), Vec::<String>::new());
        let to = |sql: &str| moved_to(sql);
        assert_eq!(
            to("reindex (concurrently, tablespace \"My space\") table t").as_deref(),
            Some("My space")
        );
        assert_eq!(
            to("reindex (tablespace 'fast') schema s").as_deref(),
            Some("fast")
        );
        assert_eq!(to("reindex table tablespace"), None);
    }

    #[test]
    fn what_is_skipped_is_said_in_the_words_of_the_version() {
        assert_eq!(
            skipping("vacuum", "pg_authid", Keeper::Cluster, 15),
            "skipping \"pg_authid\" --- only superuser can vacuum it"
        );
        assert_eq!(
            skipping("analyze", "pg_class", Keeper::Database, 13),
            "skipping \"pg_class\" --- only superuser or database owner can analyze it"
        );
        assert_eq!(
            skipping("cluster", "part", Keeper::Owner, 17),
            "permission denied to cluster \"part\", skipping it"
        );
    }
}
