//! What a statement demands that planning it does not show: checks that functions and commands make
//! only when they run.
//!
//! Source: PostgreSQL source, `be-fsstubs.c` and `inv_api.c` (large objects), `signalfuncs.c`,
//! `genfile.c`, `dbsize.c`, `slotfuncs.c`, `guc_funcs.c`, `copy.c`, `utility.c`.

use super::links::links;
use super::server_path::{ServerPath, leading};
use crate::domain::ident;
use crate::domain::sql::lexer::TokenKind;
use crate::domain::sql::role_change::{RoleChange, role_change};
use crate::domain::sql::words::Words;

/// One demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demand {
    /// The privileges of a predefined role; before the given version only a superuser may.
    Predefined {
        /// Its name.
        role: &'static str,
        /// The major version that brought it for this.
        since: u32,
    },
    /// An attribute of the role.
    Attribute(&'static str),
    /// To be a superuser, before the given version; from then on EXECUTE is enough.
    SuperuserBefore(u32),
    /// Privileges on a large object: SELECT, both (to write is to read), or OWNER.
    LargeObject {
        /// Its OID, in digits.
        oid: String,
        /// Which.
        privilege: &'static str,
    },
    /// To set a parameter, or to store it by ALTER SYSTEM.
    Parameter {
        /// Its name.
        name: String,
        /// SET or ALTER SYSTEM.
        privilege: &'static str,
    },
    /// To store the setting of a parameter with a role, a database or a function.
    Stored(String),
    /// To see a parameter that not everybody sees.
    Examine(String),
    /// To learn the size of a database.
    DatabaseSize(String),
    /// To learn the size of a tablespace.
    TablespaceSize(String),
    /// To signal another backend; its process id, where the statement has it.
    Signal(Option<String>),
    /// To create an extension.
    Extension {
        /// Its name.
        name: String,
        /// Whether what it requires is created with it.
        cascade: bool,
    },
    /// To use a language for a DO block.
    Language(String),
    /// To be another from the start.
    SessionOf(String),
    /// To make foreign tables of a server in a schema.
    Import {
        /// The server.
        server: String,
        /// The schema that gets the tables.
        schema: String,
    },
    /// To connect through a foreign server, where a text is the name of one.
    Through(String),
    /// To read what a path of the server leads to.
    ServerFile(String),
    /// To own an index; its name.
    Index(String),
    /// To own a subscription, which before 16 only superusers do (PostgreSQL source,
    /// `subscriptioncmds.c`, `AlterSubscriptionOwner_internal`); its name.
    Subscription(String),
    /// To be who prepared a transaction, as which no membership is enough (PostgreSQL source,
    /// `twophase.c`, `LockGXact`); its identifier.
    Prepared(String),
    /// To look into a schema for what is named in a text.
    Looking(String),
    /// To own the sequences that TRUNCATE restarts.
    Restart,
    /// To do it at all.
    Superuser,
}

/// The bit of `lo_open`'s mode that asks to write (`libpq-fs.h`, `INV_WRITE`).
pub const LARGE_OBJECT_WRITE: u64 = 0x0002_0000;

/// Until 13 the functions about replication origins, one of them behind a view, look for a superuser
/// themselves (PostgreSQL source, `origin.c`, `replorigin_check_prerequisites`).
const ORIGINS: Demand = Demand::SuperuserBefore(14);

/// Reads a statement.
#[must_use]
pub fn demands(sql: &str) -> Vec<Demand> {
    let reader = Reader(Words::of(sql));
    let mut found = reader.of_command();
    for at in 0..reader.0.len() {
        if reader.0.is(at + 1, "(") {
            found.extend(reader.of_call(at));
        } else if reader
            .name(at)
            .is_some_and(|name| name == "pg_replication_origin_status")
        {
            found.push(ORIGINS);
        }
    }
    found.extend(links(sql).into_iter().map(|link| Demand::Through(link.to)));
    found.dedup();
    found
}

struct Reader<'a>(Words<'a>);

impl Reader<'_> {
    fn is(&self, at: usize, word: &str) -> bool {
        self.0.is(at, word)
    }

    fn name(&self, at: usize) -> Option<String> {
        self.0.name(at)
    }

    /// The name of a parameter, of an extension's too: `pgaudit.log`.
    fn parameter(&self, at: usize) -> Option<String> {
        let first = self.name(at)?;
        if !self.is(at + 1, ".") {
            return Some(first);
        }
        Some(format!("{first}.{}", self.name(at + 2)?))
    }

    /// A literal: its text without quotes.
    fn literal(&self, at: usize) -> Option<String> {
        match self.0.get(at)?.kind {
            TokenKind::Number => Some(self.0.text(at).to_owned()),
            _ => self.0.literal(at),
        }
    }

    fn of_command(&self) -> Vec<Demand> {
        match self.0.lower(0).as_str() {
            "copy" => self.copy().into_iter().collect(),
            "commit" | "rollback" if self.is(1, "prepared") => {
                self.literal(2).map(Demand::Prepared).into_iter().collect()
            }
            "update" => self.settings().into_iter().collect(),
            "checkpoint" => vec![Demand::Predefined {
                role: "pg_checkpoint",
                since: 15,
            }],
            "alter" if self.is(1, "system") => {
                let name = self.parameter(3).unwrap_or_default();
                let privilege = "ALTER SYSTEM";
                vec![if name == "all" {
                    Demand::Superuser
                } else {
                    Demand::Parameter { name, privilege }
                }]
            }
            "create" if self.is(1, "subscription") => {
                let mut found = vec![Demand::Predefined {
                    role: "pg_create_subscription",
                    since: 16,
                }];
                found.extend(self.does_without_password().then_some(Demand::Superuser));
                found
            }
            "alter" | "drop" if self.is(1, "subscription") => {
                let behind = if self.is(2, "if") { 4 } else { 2 };
                self.name(behind)
                    .map(Demand::Subscription)
                    .into_iter()
                    .collect()
            }
            "create" if self.is(1, "tablespace") => vec![Demand::Superuser],
            "set" => self.other().or_else(|| self.set()).into_iter().collect(),
            "reset" => self.parameter(1).map(setting).into_iter().collect(),
            "show" => self.parameter(1).map(Demand::Examine).into_iter().collect(),
            "import" => self.import().into_iter().collect(),
            "truncate" if self.0.has_any(&["restart"]) => vec![Demand::Restart],
            "create" if self.is(1, "extension") => {
                let behind = if self.is(2, "if") { 5 } else { 2 };
                let cascade = self.0.has_any(&["cascade"]);
                let of = |name| Demand::Extension { name, cascade };
                self.name(behind).map(of).into_iter().collect()
            }
            "alter" | "create" => self.stored(),
            "do" => {
                let named = self.0.find("language").and_then(|at| self.name(at + 1));
                vec![Demand::Language(
                    named.unwrap_or_else(|| "plpgsql".to_owned()),
                )]
            }
            _ => Vec::new(),
        }
    }

    /// Whether a subscription is to sign in without a password, which only superusers may have it do
    /// (PostgreSQL source, `subscriptioncmds.c`, `CreateSubscription`).
    fn does_without_password(&self) -> bool {
        self.0
            .find("password_required")
            .map(|at| if self.is(at + 1, "=") { at + 2 } else { at + 1 })
            .is_some_and(|at| ["false", "off", "0"].contains(&self.0.lower(at).trim_matches('\'')))
    }

    /// UPDATE of the view of parameters, which a rule makes `set_config` (PostgreSQL documentation,
    /// "pg_settings").
    fn settings(&self) -> Option<Demand> {
        let view = if self.is(2, ".") && self.is(1, "pg_catalog") {
            3
        } else {
            1
        };
        let at = self.0.find("where")?;
        let named = self.is(at + 1, "name") && self.is(at + 2, "=");
        let name = self.literal(at + 3)?;
        (self.is(view, "pg_settings") && named).then_some(Demand::Parameter {
            name,
            privilege: "SET",
        })
    }

    /// IMPORT FOREIGN SCHEMA … FROM SERVER … INTO.
    fn import(&self) -> Option<Demand> {
        let behind = |word: &str| self.name(self.0.find(word)? + 1);
        Some(Demand::Import {
            server: behind("server")?,
            schema: behind("into")?,
        })
    }

    /// SET SESSION AUTHORIZATION, also as the parameter that it sets; to DEFAULT everybody may.
    fn other(&self) -> Option<Demand> {
        match role_change(self.0.sql)? {
            RoleChange::Session(name) => name.map(Demand::SessionOf),
            RoleChange::Role(_) => None,
        }
    }

    /// SET of a parameter for the session or the transaction.
    fn set(&self) -> Option<Demand> {
        let at = if self.0.is_any(1, &["local", "session"]) {
            2
        } else {
            1
        };
        self.assigned(at).map(setting)
    }

    /// The parameter that is assigned at a word: one word, or two and a dot.
    fn assigned(&self, at: usize) -> Option<String> {
        let behind = if self.is(at + 1, ".") { at + 3 } else { at + 1 };
        let assigns = self.0.is_any(behind, &["to", "="])
            || (self.is(behind, "from") && self.is(behind + 1, "current"));
        self.parameter(at).filter(|_| assigns)
    }

    /// Parameters that ALTER ROLE, ALTER DATABASE and the definitions of functions set or reset.
    fn stored(&self) -> Vec<Demand> {
        const KEEPERS: [&str; 6] = [
            "role",
            "user",
            "database",
            "function",
            "procedure",
            "routine",
        ];
        let kind = (1..4).find(|at| !self.0.is_any(*at, &["or", "replace"]));
        if !kind.is_some_and(|at| self.0.is_any(at, &KEEPERS)) {
            return Vec::new();
        }
        // What stands in a body is not stored.
        let end = (1..self.0.len()).find(|at| self.0.is_any(*at, &["begin", "return"]));
        let of = |at: usize| match self.0.lower(at).as_str() {
            "set" => self.assigned(at + 1),
            "reset" => self.parameter(at + 1).filter(|name| name != "all"),
            _ => None,
        };
        (2..end.unwrap_or(self.0.len()))
            .filter_map(of)
            .map(Demand::Stored)
            .collect()
    }

    /// COPY with a file or a program of the server.
    fn copy(&self) -> Option<Demand> {
        let from = if self.is(1, "(") {
            self.0.closing(1)?
        } else {
            1
        };
        let direction = (from..self.0.len()).find(|at| self.0.is_any(*at, &["to", "from"]))?;
        let role = if self.is(direction + 1, "program") {
            "pg_execute_server_program"
        } else if self.0.get(direction + 1)?.kind != TokenKind::String {
            return None;
        } else if self.is(direction, "to") {
            "pg_write_server_files"
        } else {
            "pg_read_server_files"
        };
        Some(Demand::Predefined { role, since: 11 })
    }

    fn of_call(&self, at: usize) -> Option<Demand> {
        let name = self.name(at)?;
        let argument = self.literal(at + 2);
        let large = |privilege| {
            argument
                .clone()
                .filter(|oid| oid.bytes().all(|byte| byte.is_ascii_digit()))
                .map(|oid| Demand::LargeObject { oid, privilege })
        };
        match name.as_str() {
            "lo_get" | "lo_export" => large("SELECT"),
            "lo_put" => large("SELECT, UPDATE"),
            "lo_unlink" => large("OWNER"),
            "lo_open" => {
                let mode = self.literal(at + 4).and_then(|mode| number(&mode));
                large(if mode.unwrap_or(0) & LARGE_OBJECT_WRITE == 0 {
                    "SELECT"
                } else {
                    "SELECT, UPDATE"
                })
            }
            "pg_get_serial_sequence" => {
                let mut parts = ident::parts(&argument?)?;
                let _ = parts.pop();
                parts.pop().map(Demand::Looking)
            }
            "pg_terminate_backend" | "pg_cancel_backend" => Some(Demand::Signal(argument)),
            "current_setting" => argument.map(Demand::Examine),
            "set_config" => match argument? {
                name if name.eq_ignore_ascii_case("session_authorization") => {
                    self.literal(at + 4).map(Demand::SessionOf)
                }
                name => Some(Demand::Parameter {
                    name,
                    privilege: "SET",
                }),
            },
            "brin_summarize_new_values"
            | "brin_summarize_range"
            | "brin_desummarize_range"
            | "gin_clean_pending_list" => ident::parts(&argument?)?.pop().map(Demand::Index),
            "pg_database_size" => argument.map(Demand::DatabaseSize),
            "pg_tablespace_size" => argument.map(Demand::TablespaceSize),
            "pg_read_file" | "pg_read_binary_file" | "pg_stat_file" | "pg_ls_dir" => {
                argument.map(Demand::ServerFile)
            }
            // Of the extension adminpack (its `adminpack.c`, `convert_and_check_filename`).
            "pg_file_write" | "pg_file_rename" | "pg_file_unlink" | "pg_file_sync" => {
                outside(argument.as_deref(), "pg_write_server_files")
            }
            _ if looks_for_a_superuser(&name) => Some(Demand::Superuser),
            // PostgreSQL source, `mcxtfuncs.c`; 14 brought it.
            "pg_log_backend_memory_contexts" => Some(Demand::SuperuserBefore(15)),
            "pg_show_replication_origin_status" => Some(ORIGINS),
            _ if name.starts_with("pg_replication_origin_") => Some(ORIGINS),
            _ if uses_slots(&name) => Some(Demand::Attribute("REPLICATION")),
            _ => None,
        }
    }
}

/// To set a parameter.
fn setting(name: String) -> Demand {
    let privilege = "SET";
    Demand::Parameter { name, privilege }
}

/// The role that reaches a file outside the server's directory; nothing for one inside.
fn outside(path: Option<&str>, role: &'static str) -> Option<Demand> {
    // Read as from 15 on: steps back inside the directory do not leave it.
    let leads = leading(path?, 15);
    (leads != ServerPath::Within).then_some(Demand::Predefined { role, since: 11 })
}

/// A number as SQL writes it: `131072`, `x'20000'`, `0x20000`.
fn number(text: &str) -> Option<u64> {
    let lower = text.to_lowercase();
    match lower
        .strip_prefix("0x")
        .or_else(|| lower.strip_prefix("x'"))
    {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => lower.parse().ok(),
    }
}

/// Functions that refuse everybody else, whoever holds EXECUTE (PostgreSQL source, `catalog.c`,
/// `collationcmds.c`, and until 16 `signalfuncs.c` and `genfile.c`; the extensions pageinspect and
/// pg_buffercache).
fn looks_for_a_superuser(name: &str) -> bool {
    reads_raw_pages(name)
        || matches!(
            name,
            "pg_nextoid"
                | "pg_stop_making_pinned_objects"
                | "pg_import_system_collations"
                | "pg_rotate_logfile_old"
                | "pg_read_file_old"
                | "pg_buffercache_evict"
                | "pg_buffercache_evict_relation"
                | "pg_buffercache_evict_all"
        )
}

/// The functions of pageinspect.
pub(super) fn reads_raw_pages(name: &str) -> bool {
    matches!(
        name,
        "get_raw_page"
            | "page_header"
            | "page_checksum"
            | "fsm_page_contents"
            | "heap_page_items"
            | "heap_page_item_attrs"
            | "tuple_data_split"
            | "heap_tuple_infomask_flags"
            | "bt_metap"
            | "bt_page_stats"
            | "bt_multi_page_stats"
            | "bt_page_items"
            | "brin_page_type"
            | "brin_metapage_info"
            | "brin_revmap_data"
            | "brin_page_items"
            | "gin_metapage_info"
            | "gin_page_opaque_info"
            | "gin_leafpage_items"
            | "gist_page_opaque_info"
            | "gist_page_items"
            | "gist_page_items_bytea"
            | "hash_page_type"
            | "hash_page_stats"
            | "hash_page_items"
            | "hash_metapage_info"
            | "hash_bitmap_info"
    )
}

/// Functions that check for REPLICATION (`slot.c`, `CheckSlotPermissions`).
fn uses_slots(name: &str) -> bool {
    matches!(
        name,
        "pg_create_physical_replication_slot"
            | "pg_create_logical_replication_slot"
            | "pg_drop_replication_slot"
            | "pg_replication_slot_advance"
            | "pg_logical_slot_get_changes"
            | "pg_logical_slot_peek_changes"
            | "pg_logical_slot_get_binary_changes"
            | "pg_logical_slot_peek_binary_changes"
            | "pg_copy_physical_replication_slot"
            | "pg_copy_logical_replication_slot"
            | "pg_sync_replication_slots"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guarded_commands_and_calls_are_found() {
        let large = |privilege| Demand::LargeObject {
            oid: "42".into(),
            privilege,
        };
        for (sql, demand) in [
            ("select lo_get(42)", large("SELECT")),
            ("select lo_open(42, 131072)", large("SELECT, UPDATE")),
            ("select lo_open(42, 262144)", large("SELECT")),
            ("select lo_open(42, x'20000'::int)", large("SELECT, UPDATE")),
            ("select lo_unlink(42)", large("OWNER")),
            (
                "copy t from '/tmp/x' with csv",
                Demand::Predefined {
                    role: "pg_read_server_files",
                    since: 11,
                },
            ),
            (
                "select pg_file_write('../x', 'y', false)",
                Demand::Predefined {
                    role: "pg_write_server_files",
                    since: 11,
                },
            ),
            (
                "copy (select 1) to program 'cat'",
                Demand::Predefined {
                    role: "pg_execute_server_program",
                    since: 11,
                },
            ),
            (
                "alter system set work_mem = '1MB'",
                Demand::Parameter {
                    name: "work_mem".into(),
                    privilege: "ALTER SYSTEM",
                },
            ),
            (
                "set session log_statement = 'all'",
                setting("log_statement".into()),
            ),
            ("reset log_statement", setting("log_statement".into())),
            (
                "alter role x in database d set pgaudit.log to 'all'",
                Demand::Stored("pgaudit.log".into()),
            ),
            (
                "alter database d reset log_statement",
                Demand::Stored("log_statement".into()),
            ),
            (
                "create or replace function f() returns int set work_mem from current begin atomic update t set a = 1; end",
                Demand::Stored("work_mem".into()),
            ),
            (
                "alter system reset Pgaudit.\"log\"",
                Demand::Parameter {
                    name: "pgaudit.log".into(),
                    privilege: "ALTER SYSTEM",
                },
            ),
            ("select * from pg_buffercache_evict(1)", Demand::Superuser),
            (
                "select pg_sync_replication_slots()",
                Demand::Attribute("REPLICATION"),
            ),
            (
                "select pg_terminate_backend(17)",
                Demand::Signal(Some("17".into())),
            ),
            (
                "select pg_cancel_backend(pid) from pg_stat_activity",
                Demand::Signal(None),
            ),
            ("do $$ begin end $$", Demand::Language("plpgsql".into())),
            (
                "select pg_replication_origin_create('x')",
                Demand::SuperuserBefore(14),
            ),
            (
                "select o.local_id from pg_catalog.pg_replication_origin_status o",
                Demand::SuperuserBefore(14),
            ),
            (
                "drop subscription if exists \"My sub\"",
                Demand::Subscription("My sub".into()),
            ),
            ("rollback prepared 'it''s'", Demand::Prepared("it's".into())),
            (
                "show data_directory",
                Demand::Examine("data_directory".into()),
            ),
            (
                "select pg_get_serial_sequence('\"My S\".t', 'id')",
                Demand::Looking("My S".into()),
            ),
        ] {
            assert_eq!(demands(sql), [demand], "{sql}");
        }
    }

    #[test]
    fn an_update_of_pg_settings_sets_a_parameter() {
        let set = Demand::Parameter {
            name: "log_statement".into(),
            privilege: "SET",
        };
        for view in ["pg_settings", "pg_catalog.pg_settings"] {
            let sql = format!("update {view} set setting = 'all' where name = 'log_statement'");
            assert_eq!(demands(&sql), std::slice::from_ref(&set), "{sql}");
        }
        assert_eq!(demands("update t set a = 1 where name = 'x'"), []);
    }

    #[test]
    fn extensions_and_sessions_of_others_are_found() {
        let extension = |name: &str, cascade| Demand::Extension {
            name: name.into(),
            cascade,
        };
        let session_of = |name: &str| Demand::SessionOf(name.into());
        for (sql, demand) in [
            (
                "create extension if not exists \"pg_trgm\"",
                extension("pg_trgm", false),
            ),
            (
                "create extension earthdistance schema s cascade",
                extension("earthdistance", true),
            ),
            ("set session authorization 'other'", session_of("other")),
            ("set local session authorization other", session_of("other")),
            (
                "set session session_authorization = 'Other'",
                session_of("Other"),
            ),
        ] {
            assert_eq!(demands(sql), [demand], "{sql}");
        }
        assert_eq!(
            demands("select set_config('session_authorization', 'Other', true)"),
            [session_of("Other")]
        );
        assert!(demands("set session authorization default").is_empty());
        assert!(demands("set session characteristics as transaction read only").is_empty());
    }

    #[test]
    fn subscriptions_without_password_take_superusers() {
        let superuser = |option: &str| {
            let sql = format!("create subscription s connection '' publication p with ({option})");
            demands(&sql).contains(&Demand::Superuser)
        };
        assert!(superuser("password_required = false"));
        assert!(superuser("enabled, password_required 'off'"));
        assert!(!superuser("password_required"));
        assert!(!superuser("password_required = true, enabled = false"));
    }

    #[test]
    fn ordinary_statements_demand_nothing_more() {
        for sql in [
            "select lo_get(id) from t",
            "copy t to stdout",
            "select 1",
            "select pg_file_unlink('log/../x')",
            "set role x",
            "set time zone 'UTC'",
            "alter role x reset all",
            "alter table t set (fillfactor = 70)",
            "alter database d set tablespace x",
        ] {
            assert_eq!(demands(sql), [], "{sql}");
        }
    }
}
