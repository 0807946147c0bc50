//! PostgreSQL's key words.
//!
//! Source: PostgreSQL documentation, appendix "SQL Key Words", versions 13 to 18.

/// Words that cannot be a bare name everywhere: reserved ones and those that only functions or types
/// may not be called. `quote_ident` quotes all of these (PostgreSQL source, `ruleutils.c`).
const RESERVED: &str = "all analyse analyze and any array as asc asymmetric authorization between bigint binary bit \
    boolean both case cast char character check coalesce collate collation column concurrently constraint create cross \
    current_catalog current_date current_role current_schema current_time current_timestamp current_user dec decimal \
    default deferrable desc distinct do else end except exists extract false fetch float for foreign freeze from full \
    grant greatest group grouping having ilike in initially inner inout int integer intersect interval into is isnull \
    join json json_array json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize \
    json_table json_value lateral leading least left like limit localtime localtimestamp merge_action national natural \
    nchar none normalize not notnull null nullif numeric offset on only or order out outer overlaps overlay placing \
    position precision primary real references returning right row select session_user setof similar smallint some \
    substring symmetric system_user table tablesample then time timestamp to trailing treat trim true union unique user \
    using values varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest \
    xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable";

/// Further words that begin or shape statements, for colouring and completion.
const UNRESERVED: &str = "abort add after aggregate alter always attach before begin by cache call cascade cluster comment \
    commit concurrently conflict connection copy current cursor cycle database databases day deallocate declare delete detach \
    disable discard domain drop each enable encoding enum event execute explain extension filter first following foreign \
    function functions generated grants hour identity if immutable import include increment index inherit inherits insert \
    instead key language large last leakproof level listen local lock logged login maintain mapping match materialized merge \
    minute month move name names new next no nothing notify nowait nulls object of off old option options ordinality others \
    over owned owner parallel partition password policy preceding prepare procedure procedures program publication range \
    recursive refresh reindex release rename replace reset restart restrict revoke role rollback rollup rows rule savepoint \
    schema schemas second security sequence sequences server session set share show skip snapshot sql stable start statement \
    statistics stdin stdout storage subscription superuser system tables tablespace temp temporary ties transaction trigger \
    truncate trusted type types unbounded unlisten unlogged until update usage vacuum valid validate value view views volatile \
    within without work wrapper year zone";

/// Whether a bare name must be quoted because of what it says.
#[must_use]
pub fn is_reserved(lower: &str) -> bool {
    has(RESERVED, lower)
}

/// Whether a word is a key word of any kind.
#[must_use]
pub fn is_keyword(lower: &str) -> bool {
    has(RESERVED, lower) || has(UNRESERVED, lower)
}

/// All key words, for completion.
pub fn all() -> impl Iterator<Item = &'static str> {
    RESERVED
        .split_ascii_whitespace()
        .chain(UNRESERVED.split_ascii_whitespace())
}

fn has(words: &'static str, word: &str) -> bool {
    use std::collections::HashSet;
    use std::sync::OnceLock;
    static RESERVED_SET: OnceLock<HashSet<&'static str>> = OnceLock::new();
    static UNRESERVED_SET: OnceLock<HashSet<&'static str>> = OnceLock::new();
    let set = if std::ptr::eq(words, RESERVED) {
        &RESERVED_SET
    } else {
        &UNRESERVED_SET
    };
    set.get_or_init(|| words.split_ascii_whitespace().collect())
        .contains(word)
}
