//! What CREATE demands.

use super::{Demanded, Reader, beside};
use crate::domain::diagnosis::denial::Denial;
use crate::domain::diagnosis::report::ObjectKind;

impl Reader<'_> {
    pub(super) fn created(&self, role: &str) -> Vec<Demanded> {
        let mut at = 1;
        let modifiers = [
            "or",
            "replace",
            "unlogged",
            "recursive",
            "unique",
            "constraint",
        ];
        while modifiers.iter().any(|word| self.is(at, word)) {
            at += 1;
        }
        let on_table = |of: fn(Vec<String>) -> Demanded, word: &str| {
            let table = (at..self.0.len())
                .find(|at| self.is(*at, word))
                .and_then(|at| self.name(at + 1));
            table.map(|(name, _)| of(name)).into_iter().collect()
        };
        if self.only_by_superusers(at) {
            return vec![Demanded::Refused(Denial::Superuser)];
        }
        match self.text(at).to_lowercase().as_str() {
            "role" | "group" => self.new_role(at),
            "user" if !self.is(at + 1, "mapping") => self.new_role(at),
            "index" => {
                let mut found: Vec<Demanded> = on_table(Demanded::OwnRelation, "on");
                found.extend(beside(&found, None));
                found
            }
            "trigger" => on_table(Demanded::Trigger, "on"),
            "policy" => on_table(Demanded::OwnRelation, "on"),
            "rule" => on_table(Demanded::OwnRelation, "to"),
            "publication" => {
                let mut found = vec![Demanded::Refused(Denial::CreateInDatabase)];
                if let Some(table) = self.find("table") {
                    let (tables, _) = self.names(table + 1);
                    found.extend(tables.into_iter().map(Demanded::OwnRelation));
                }
                found
            }
            "server" => self.using(ObjectKind::ForeignDataWrapper, "wrapper"),
            "user" => self.mapping(role).unwrap_or_default(),
            "foreign" => {
                let mut found = self.using(ObjectKind::ForeignServer, "server");
                found.extend(self.name(at + 2).map(|(name, _)| Demanded::CreateIn(name)));
                found
            }
            "materialized" | "statistics" | "text" => {
                let behind = match self.text(at) {
                    word if word.eq_ignore_ascii_case("materialized") => at + 2,
                    word if word.eq_ignore_ascii_case("text") => at + 3,
                    _ => at + 1,
                };
                let name = self.name(behind).map(|(name, _)| Demanded::CreateIn(name));
                let mut found: Vec<Demanded> = name.into_iter().collect();
                // PostgreSQL source, `statscmds.c`, `CreateStatistics`.
                if self.is(at, "statistics") {
                    found.extend(on_table(Demanded::OwnRelation, "from"));
                }
                found
            }
            "table" | "view" | "sequence" | "function" | "procedure" | "aggregate" | "type"
            | "domain" | "collation" | "conversion" => {
                let name = self.name(at + 1).map(|(name, _)| Demanded::CreateIn(name));
                let mut found: Vec<Demanded> = name.into_iter().collect();
                if self.is(at, "table") {
                    found.extend(self.looked_for(at));
                    found.extend(self.models());
                }
                if self.is(at, "function") || self.is(at, "procedure") {
                    found.extend(self.using(ObjectKind::Language, "language"));
                }
                if self.behind(1, "or replace").is_some() {
                    found.extend(self.replaced(at));
                }
                if self.is(at, "aggregate") || self.is(at, "type") {
                    found.extend(self.made_with());
                }
                found
            }
            "operator" => {
                let name = self.name(at + 1).map(|(name, _)| Demanded::CreateIn(name));
                name.into_iter().chain(self.made_with()).collect()
            }
            "transform" => self.transform(at, role),
            _ => Vec::new(),
        }
    }

    /// What OR REPLACE replaces, where there is such (PostgreSQL source, `view.c`, `DefineVirtualRelation`;
    /// `pg_proc.c`, `ProcedureCreate`).
    fn replaced(&self, at: usize) -> Option<Demanded> {
        let (name, _) = self.name(at + 1)?;
        match self.text(at).to_lowercase().as_str() {
            "view" => Some(Demanded::ReplaceView(name)),
            "function" | "procedure" | "aggregate" => Some(Demanded::ReplaceRoutine(name)),
            _ => None,
        }
    }

    /// Its type and functions are owned, its language may be used (PostgreSQL source, `functioncmds.c`,
    /// `CreateTransform`).
    fn transform(&self, at: usize, role: &str) -> Vec<Demanded> {
        let (mut found, _) = self.rare(at, role).unwrap_or_default();
        found.extend(self.using(ObjectKind::Language, "language"));
        let functions = (at..self.0.len()).filter(|at| self.is(*at, "function"));
        found.extend(functions.filter_map(|at| {
            let (name, _) = self.name(at + 1)?;
            Some(Demanded::Refused(Denial::Ownership {
                kind: "function".to_owned(),
                name: name.join("."),
            }))
        }));
        found
    }

    /// Tables that a new one is made like, and parents that it gets, which must be its owner's (PostgreSQL
    /// source, `parse_utilcmd.c`, `transformTableLikeClause`; `tablecmds.c`, `MergeAttributes`).
    fn models(&self) -> Vec<Demanded> {
        let mut found = Vec::new();
        for at in 1..self.0.len() {
            if self.is(at, "like") && (self.is(at - 1, "(") || self.is(at - 1, ",")) {
                found.extend(self.name(at + 1).map(|(name, _)| Demanded::Like(name)));
            } else if let Some(open) = self.behind(at, "inherits (") {
                let (parents, _) = self.names(open);
                found.extend(parents.into_iter().map(Demanded::OwnRelation));
            } else if let Some(parent) = self.behind(at, "partition of") {
                found.extend(
                    self.name(parent)
                        .map(|(name, _)| Demanded::OwnRelation(name)),
                );
            }
        }
        found
    }

    /// Functions that an aggregate, an operator or a range type is made with (PostgreSQL source,
    /// `pg_aggregate.c`, `lookup_agg_function`; `operatorcmds.c`, `DefineOperator`; `typecmds.c`).
    fn made_with(&self) -> Vec<Demanded> {
        const PARTS: [&str; 13] = [
            "sfunc",
            "finalfunc",
            "combinefunc",
            "serialfunc",
            "deserialfunc",
            "msfunc",
            "minvfunc",
            "mfinalfunc",
            "function",
            "procedure",
            "restrict",
            "join",
            "subtype_diff",
        ];
        (1..self.0.len())
            .filter(|at| self.is(at + 1, "=") && PARTS.iter().any(|part| self.is(*at, part)))
            .filter_map(|at| self.name(at + 2))
            .map(|(name, _)| Demanded::Execute(name))
            .collect()
    }

    /// Whether what CREATE makes takes a superuser (PostgreSQL source, `opclasscmds.c`,
    /// `publicationcmds.c`, `functioncmds.c`; `pg_language.lanpltrusted`).
    fn only_by_superusers(&self, at: usize) -> bool {
        let anywhere = |words: &str| (at..self.0.len()).any(|at| self.behind(at, words).is_some());
        match self.text(at).to_lowercase().as_str() {
            "event" | "language" | "access" => true,
            "text" => self.is(at + 2, "parser") || self.is(at + 2, "template"),
            "foreign" => self.is(at + 1, "data"),
            "operator" => self.is(at + 1, "class") || self.is(at + 1, "family"),
            "publication" => anywhere("for all tables") || anywhere("tables in schema"),
            "function" | "procedure" => anywhere("language c") || anywhere("language internal"),
            _ => false,
        }
    }

    /// Whether a new table has parts that are made by statements of their own, which look for it by its
    /// name (PostgreSQL source, `parse_utilcmd.c`, `transformCreateStmt`, `generateSerialExtraStmts`).
    fn looked_for(&self, at: usize) -> Option<Demanded> {
        const SERIAL: [&str; 6] = [
            "serial",
            "bigserial",
            "smallserial",
            "serial4",
            "serial8",
            "serial2",
        ];
        const COPIED: [&str; 6] = [
            "all",
            "constraints",
            "defaults",
            "generated",
            "identity",
            "indexes",
        ];
        let one_of = |at: usize, words: &[&str]| words.iter().any(|word| self.is(at, word));
        let (name, behind) = self.name(at + 1)?;
        let apart = |at: usize| {
            one_of(at, &["references", "primary", "unique"])
                || (self.is(at, "exclude") && one_of(at + 1, &["using", "("]))
                || (self.is(at, "as") && self.is(at + 1, "identity"))
                || (one_of(at, &SERIAL) && !one_of(at - 1, &["(", ","]))
                || (self.is(at, "including") && one_of(at + 1, &COPIED))
        };
        (behind..self.0.len())
            .any(apart)
            .then_some(Demanded::LookFor(name))
    }

    /// Who maps others than themselves must own the server (PostgreSQL source, `foreigncmds.c`,
    /// `user_mapping_ddl_aclcheck`).
    pub(super) fn mapping(&self, role: &str) -> Option<Vec<Demanded>> {
        const ONESELF: [&str; 3] = ["user", "current_user", "current_role"];
        let (mut mapped, _) = self.name(self.find("for")? + 1)?;
        let mapped = mapped.pop()?;
        if mapped == role || ONESELF.contains(&mapped.as_str()) {
            return Some(self.using(ObjectKind::ForeignServer, "server"));
        }
        let (server, _) = self.name(self.find("server")? + 1)?;
        let (kind, name) = ("foreign server".to_owned(), server.join("."));
        Some(vec![Demanded::Refused(Denial::Ownership { kind, name })])
    }

    /// CREATE ROLE: the attributes it is given, and the roles that it joins from the start.
    fn new_role(&self, at: usize) -> Vec<Demanded> {
        let mut found = vec![Demanded::Refused(Denial::Attribute("CREATEROLE"))];
        found.extend(self.attributes(at + 2, ""));
        let into = (at..self.0.len())
            .find(|at| self.is(*at, "in") && (self.is(at + 1, "role") || self.is(at + 1, "group")));
        let joined = into.map(|at| self.names(at + 2).0).unwrap_or_default();
        found.extend(
            joined
                .into_iter()
                .filter_map(|mut name| name.pop())
                .map(|name| Demanded::Refused(Denial::Administration(Some(name)))),
        );
        found
    }
}
