//! The one table of verbs: name, keys, help, and why a verb is unavailable.
//!
//! Help, palette, hint line and the README's key list are printed from it.

use super::model::diagnostics::Subject;
use super::model::overlay::Overlay;
use super::model::{Model, Pane, Screen};

/// Where a verb can be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everywhere.
    Everywhere,
    /// On the connections screen.
    Connections,
    /// In the workspace, whatever the pane.
    Workspace,
    /// In the catalog pane.
    Tree,
    /// In the editor pane.
    Editor,
    /// In the result pane.
    Result,
    /// In the diagnostics panel.
    Diagnostics,
    /// On the access screen.
    Access,
}

impl Scope {
    /// The heading in help.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Everywhere => "everywhere",
            Self::Connections => "connections",
            Self::Workspace => "workspace",
            Self::Tree => "catalog",
            Self::Editor => "editor",
            Self::Result => "result",
            Self::Diagnostics => "diagnostics",
            Self::Access => "access",
        }
    }

    /// All scopes, in the order help shows them.
    pub const ALL: [Self; 8] = [
        Self::Everywhere,
        Self::Connections,
        Self::Workspace,
        Self::Tree,
        Self::Editor,
        Self::Result,
        Self::Diagnostics,
        Self::Access,
    ];
}

/// Declares the verbs and their table together, so that neither can lack the other's entry.
macro_rules! commands {
    ($($command:ident, $scope:ident, $name:literal, [$($key:literal),*], $hint:literal, $help:literal;)*) => {
        /// A verb a person can give.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Command {
            $(#[doc = $help] $command,)*
        }

        /// Every verb, in the order help shows them.
        pub const COMMANDS: &[Entry] = &[
            $(Entry {
                command: Command::$command,
                scope: Scope::$scope,
                name: $name,
                keys: &[$($key),*],
                hint: $hint,
                help: $help,
            },)*
        ];
    };
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The verb.
    pub command: Command,
    /// Where it can be given.
    pub scope: Scope,
    /// Its stable name, for settings and palette.
    pub name: &'static str,
    /// Its keys unless settings say otherwise; the first is the one shown.
    pub keys: &'static [&'static str],
    /// One or two words for the hint line; empty to stay out of it.
    pub hint: &'static str,
    /// One sentence.
    pub help: &'static str,
}

commands! {
    Palette, Everywhere, "palette", ["ctrl-p", "f12"], "", "Show every command and search it";
    Help, Everywhere, "help", ["f1"], "help", "Show the keys that work here";
    Quit, Everywhere, "quit", ["ctrl-q"], "", "Leave the program";
    Suspend, Everywhere, "suspend", ["ctrl-z"], "", "Stop the program and return to the shell; fg brings it back";

    Connect, Connections, "connect", ["enter"], "connect", "Sign in with the selected profile";
    NewProfile, Connections, "new-profile", ["n"], "new", "Write a new profile";
    EditProfile, Connections, "edit-profile", ["e"], "edit", "Change the selected profile";
    DuplicateProfile, Connections, "duplicate-profile", ["d"], "duplicate", "Write a new profile like the selected one";
    DeleteProfile, Connections, "delete-profile", ["x", "delete"], "delete", "Delete the selected profile, after asking";
    Doctor, Connections, "doctor", ["D"], "doctor", "Walk the nine stages with the selected profile and say what is wrong";
    Token, Connections, "token", ["t"], "token", "Sign a token with the selected profile and copy it";
    FilterProfiles, Connections, "filter-profiles", ["/"], "filter", "Show only profiles that contain some words";
    ConnectionsWhy, Connections, "last-attempt", ["w"], "why", "Explain how the last attempt failed";
    Leave, Connections, "leave", ["q"], "quit", "Leave the program";

    Run, Workspace, "run", ["f5", "ctrl-enter", "alt-enter", "ctrl-j"], "run", "Run the statement under the cursor, or the selection";
    RunAll, Workspace, "run-all", ["f6"], "run all", "Run every statement of the editor, one after another";
    Explain, Workspace, "explain", ["f7"], "plan", "Show the plan of the statement under the cursor; from there it can be run and measured";
    RunToFile, Workspace, "run-to-file", ["shift-f5"], "", "Run the statement under the cursor and write its rows to a new file";
    Cancel, Workspace, "cancel", ["ctrl-c"], "cancel", "Ask the server to stop what runs";
    NextPane, Workspace, "next-pane", ["tab", "f2"], "next pane", "Go to the next pane";
    PreviousPane, Workspace, "previous-pane", ["shift-tab", "shift-f2"], "", "Go to the previous pane";
    Reconnect, Workspace, "reconnect", ["f4"], "", "Connect again with a fresh sign-in, keeping text and rows";
    Disconnect, Workspace, "disconnect", ["f10"], "", "Hang up and go back to the connections";
    History, Workspace, "history", ["ctrl-r"], "history", "Search what ran before and put it into the editor";
    Access, Workspace, "access", ["f3", "alt-w"], "access", "Show who may do what in this database";
    WhyLast, Workspace, "why", ["f8"], "why", "Explain the last refusal and how to lift it";
    CloseDiagnostics, Workspace, "close-diagnostics", [], "", "Close the diagnostics panel";
    Commit, Workspace, "commit", ["f9", "alt-k"], "commit", "Commit the open transaction";
    RollBack, Workspace, "roll-back", ["shift-f9", "alt-r"], "roll back", "Roll the open transaction back";
    Autocommit, Workspace, "autocommit", ["alt-a"], "", "Switch between committing each statement by itself and beginning a transaction before the first";

    TreeOpen, Tree, "tree-open", ["enter", "right", "l"], "open", "Unfold, or show the first rows of a relation";
    TreeClose, Tree, "tree-close", ["left", "h"], "", "Fold, or go to the parent";
    TreeWho, Tree, "tree-who", ["w"], "who can", "Show who can reach the object, or what the role can reach";
    TreeRows, Tree, "tree-rows", ["s"], "rows", "Select the first rows of the relation";
    TreeDefinition, Tree, "tree-definition", ["d"], "definition", "Show how the object is defined";
    TreeInsert, Tree, "tree-insert", ["i"], "insert name", "Put the quoted name into the editor";
    TreeCopy, Tree, "tree-copy", ["y"], "copy name", "Copy the quoted name";
    TreeFilter, Tree, "tree-filter", ["/"], "filter", "Show only names that contain some words";
    TreeReload, Tree, "tree-reload", ["r"], "reload", "Read the catalog again";

    NewTab, Editor, "new-tab", ["ctrl-t"], "new tab", "Open an empty query tab";
    CloseTab, Editor, "close-tab", ["ctrl-w"], "", "Close the query tab; its text stays in the drafts until it is run or replaced";
    NextTab, Editor, "next-tab", ["ctrl-pagedown", "alt-right"], "", "Go to the next query tab";
    PreviousTab, Editor, "previous-tab", ["ctrl-pageup", "alt-left"], "", "Go to the previous query tab";
    Undo, Editor, "undo", ["ctrl-u", "alt-z"], "", "Undo the last change of the text";
    Redo, Editor, "redo", ["ctrl-y", "alt-shift-z"], "", "Redo the change that was undone";
    SelectAll, Editor, "select-all", ["ctrl-a"], "", "Select the whole text";
    CopyText, Editor, "copy-text", ["ctrl-insert", "alt-c"], "", "Copy the selection";
    CutText, Editor, "cut-text", ["ctrl-x"], "", "Cut the selection";
    ToggleComment, Editor, "toggle-comment", ["ctrl-/", "ctrl-7"], "", "Comment the lines, or uncomment them";
    Complete, Editor, "complete", ["ctrl-n", "ctrl-space"], "complete", "Offer names for the place under the cursor";
    Find, Editor, "find", ["ctrl-f"], "", "Find text in the editor";

    OpenCell, Result, "open-cell", ["enter"], "view", "Show the whole value";
    OpenRecord, Result, "open-record", ["r"], "record", "Show the row as a form";
    EditCell, Result, "edit-cell", ["e"], "edit", "Change the cell; changes gather until they are made";
    InsertRow, Result, "insert-row", ["o"], "", "Fill in a new row of the table";
    DeleteRows, Result, "delete-rows", ["delete", "x"], "", "Mark the row, or the selected rows, to be deleted";
    UndoEdit, Result, "undo-edit", ["u"], "", "Take back what is planned for the cell or its row";
    ReviewEdits, Result, "review-edits", ["ctrl-s"], "changes", "Show the statements of the planned changes, and make them in one transaction";
    CopyCells, Result, "copy-cells", ["y"], "copy", "Copy the cell or the selection";
    CopyAs, Result, "copy-as", ["Y"], "", "Copy the selection as CSV, TSV, JSON, INSERT, Markdown or IN list";
    SaveResult, Result, "save-result", ["s"], "save", "Save the result to a file";
    SearchRows, Result, "search-rows", ["/"], "search", "Search all rows for text or a regular expression";
    NextMatch, Result, "next-match", ["n"], "", "Go to the next match";
    PreviousMatch, Result, "previous-match", ["N"], "", "Go to the previous match";
    FilterColumn, Result, "filter-column", ["f"], "filter", "Keep rows whose value in this column has some text, or is = < > something";
    FilterRows, Result, "filter-rows", ["F"], "", "Keep rows in which any value has some text";
    KeepLike, Result, "keep-like", ["="], "", "Keep rows with this value in this column";
    DropLike, Result, "drop-like", ["!"], "", "Drop rows with this value in this column";
    SortColumn, Result, "sort-column", ["S"], "sort", "Sort the rows by this column: up, down, as they arrived";
    AlsoSort, Result, "also-sort", ["A"], "", "Sort by this column too, where the columns before are alike";
    AllRows, Result, "all-rows", ["U"], "all rows", "Show all rows again, in the order they arrived";
    GoToRow, Result, "go-to-row", [":"], "", "Go to a row by its number";
    GoToColumn, Result, "go-to-column", ["c"], "columns", "Go to a column by its name; hide, show, move and freeze columns";
    SelectCells, Result, "select-cells", ["v"], "", "Begin or end a selection of cells";
    SelectRows, Result, "select-rows", ["V"], "", "Begin or end a selection of rows";
    SelectColumns, Result, "select-columns", ["|"], "", "Begin or end a selection of columns";
    SelectAllCells, Result, "select-all-cells", ["ctrl-a"], "", "Select everything";
    Widen, Result, "widen", [">"], "", "Widen the column";
    Narrow, Result, "narrow", ["<"], "", "Narrow the column";
    FitColumn, Result, "fit-column", ["_"], "", "Make the column as wide as what shows of it, or as its name";
    HideColumn, Result, "hide-column", ["-"], "", "Hide the column";
    ShowColumns, Result, "show-columns", ["+"], "", "Show all hidden columns again";
    ColumnLeft, Result, "column-left", ["H", "shift-left"], "", "Move the column to the left";
    ColumnRight, Result, "column-right", ["L", "shift-right"], "", "Move the column to the right";
    FreezeColumn, Result, "freeze-column", ["p"], "", "Keep the column at the left edge, or let it scroll again";
    Describe, Result, "describe-column", ["I"], "statistics", "Count what the column holds: nulls, different values, least, most, distribution";
    Plot, Result, "plot", ["P"], "", "Draw the column, or the first two of the selection, as line, points or bars";
    ZoomResult, Result, "zoom-result", ["z"], "", "Give the result the whole screen, or its share again";
    NextResult, Result, "next-result", ["]"], "next result", "Show the next statement's outcome";
    PreviousResult, Result, "previous-result", ["["], "", "Show the previous statement's outcome";

    CopyFix, Diagnostics, "copy-fix", ["y"], "copy fix", "Copy the selected fix";
    EditFix, Diagnostics, "edit-fix", ["e"], "to editor", "Put the selected fix into the editor";
    ApplyFix, Diagnostics, "apply-fix", ["a", "enter"], "apply", "Apply the selected fix through a profile, after asking";
    SeeAccess, Diagnostics, "see-access", ["w"], "access", "Show the role and the object of what is missing on the access screen";
    ProveFix, Diagnostics, "prove-fix", ["v"], "prove", "Rehearse the refused statement through a profile that may, after asking";
    RunAgain, Diagnostics, "run-again", ["r"], "run again", "Try again what was refused";
    CloseWhy, Diagnostics, "close-why", ["q", "escape"], "close", "Close the panel";

    AccessOpen, Access, "access-open", ["enter"], "look closer", "From an object to who can use it, from a role to what it can do";
    AccessBack, Access, "access-back", ["escape", "backspace"], "back", "Go back to what was asked before, or to the workspace";
    AccessWho, Access, "access-who", ["w"], "who can", "Show who can do what to the object";
    AccessReach, Access, "access-reach", ["c"], "what can it", "Show what the role can do";
    AccessFilter, Access, "access-filter", ["/"], "filter", "Show only names that contain some words; those behind @ are for roles";
    AccessMatrix, Access, "access-matrix", ["m"], "matrix", "Show roles and objects as a grid of privilege letters";
    AccessRoles, Access, "access-roles", ["t"], "roles", "Show the roles with the roles they are members of";
    AccessKinds, Access, "access-kinds", ["f"], "kinds", "Show only tables, functions or another kind of objects";
    AccessPrivilege, Access, "access-privilege", ["p"], "privilege", "Ask about one privilege";
    AccessSchema, Access, "access-schema", ["n"], "schema", "Keep to the schema of the object, or show all schemas again";
    AccessCompare, Access, "access-compare", ["="], "compare", "Put the role aside; on another role, compare the two";
    AccessPart, Access, "access-part", ["tab", "shift-tab"], "details", "Go from the list to the details, and back";
    AccessTurn, Access, "access-turn", ["u"], "", "Turn the role tree: members below roles instead of groups";
    AccessSystemParts, Access, "access-system-parts", ["."], "", "Show or hide the server's own roles (pg_…) and schemas";
    AccessClear, Access, "access-clear", ["x"], "", "Clear all filters";
    AccessGrant, Access, "access-grant", ["e"], "grant", "Put the GRANT of what is lacking into the editor";
    AccessRevoke, Access, "access-revoke", ["v"], "", "Put the REVOKE of what was granted into the editor";
    AccessWhy, Access, "access-why", ["f8"], "why", "Ask the server why the role is refused, and for the smallest fix";
    AccessInCatalog, Access, "access-in-catalog", ["i"], "", "Select the object or the role in the catalog";
    AccessCopy, Access, "access-copy", ["y"], "", "Copy what is told of it";
    AccessExport, Access, "access-export", ["s"], "save", "Write what shows to a file, a row for each role, object and privilege";
    AccessReload, Access, "access-reload", ["r"], "reload", "Read the rights again";
    AccessClose, Access, "access-close", ["q"], "", "Go back to the workspace";
}

impl Command {
    /// The verb's line in the table.
    #[must_use]
    pub fn entry(self) -> Option<&'static Entry> {
        COMMANDS.iter().find(|entry| entry.command == self)
    }

    /// Whether a verb of the workspace means something on the access screen too.
    #[must_use]
    pub const fn works_beside_the_workspace(self) -> bool {
        matches!(self, Self::Cancel | Self::Reconnect | Self::Disconnect)
    }

    /// Why the verb cannot be used now, or `None` if it can.
    #[must_use]
    pub fn unavailable(self, model: &Model) -> Option<&'static str> {
        let scope = self.entry().map_or(Scope::Everywhere, |entry| entry.scope);
        match (scope, model.screen) {
            (Scope::Everywhere | Scope::Diagnostics, _)
            | (Scope::Connections, Screen::Connections)
            | (Scope::Access, Screen::Access) => {}
            (Scope::Connections, Screen::Workspace | Screen::Access) => {
                return Some("hang up first");
            }
            (_, Screen::Connections) => return Some("connect first"),
            (Scope::Access, Screen::Workspace) => return Some("open the access screen first"),
            (_, Screen::Workspace) => {}
            // What runs there can be stopped from here, and what is lost can be mended.
            (_, Screen::Access) if self.works_beside_the_workspace() => {}
            (_, Screen::Access) => return Some("go back to the workspace first"),
        }
        match self {
            Self::Cancel if !model.is_busy() && !model.is_scanning() => Some("nothing is running"),
            Self::Run | Self::RunAll | Self::RunToFile | Self::Explain
                if model.link.up().is_none() =>
            {
                Some("the connection is down: reconnect first")
            }
            Self::Run | Self::RunAll | Self::RunToFile | Self::Explain
                if model.query.is_running() =>
            {
                Some("a statement is running")
            }
            Self::Run | Self::RunAll | Self::RunToFile | Self::Explain
                if model.waits_for_plan() =>
            {
                Some("a plan is on its way")
            }
            Self::Run | Self::RunAll | Self::RunToFile | Self::Explain
                if model.looks_in_session() =>
            {
                Some("the table is being looked up: try again in a moment")
            }
            Self::Run | Self::RunAll | Self::RunToFile | Self::Explain if model.makes_edits() => {
                Some("changes are being made")
            }
            Self::ReviewEdits | Self::UndoEdit if !model.plans_edits() => {
                Some("no changes are planned")
            }
            Self::Explain if model.transaction_failed() => {
                Some("the transaction has failed: roll it back first")
            }
            Self::Commit | Self::RollBack if !model.in_transaction() => {
                Some("no transaction is open")
            }
            Self::Commit if model.transaction_failed() => {
                Some("the transaction has failed: it can only be rolled back")
            }
            Self::NextMatch | Self::PreviousMatch if model.grid_search().is_none() => {
                Some("search first")
            }
            Self::AllRows if model.grid_lens_is_clear() => Some("all rows show"),
            Self::OpenCell
            | Self::OpenRecord
            | Self::CopyCells
            | Self::CopyAs
            | Self::KeepLike
            | Self::DropLike
            | Self::Describe
            | Self::Plot
            | Self::SearchRows
            | Self::FilterColumn
            | Self::FilterRows
            | Self::SortColumn
            | Self::AlsoSort
                if !model.has_cells() =>
            {
                Some("there are no rows")
            }
            Self::SeeAccess if model.screen == Screen::Connections => Some("connect first"),
            Self::WhyLast
                if model.diagnostics.subject.is_none() && model.hidden_refusal().is_none() =>
            {
                Some("nothing was refused")
            }
            Self::CopyFix | Self::EditFix | Self::ApplyFix
                if model.diagnostics.selected_fix().is_none() =>
            {
                Some("there is no fix to use")
            }
            Self::ProveFix if !matches!(&model.diagnostics.subject, Some(Subject::Why(_))) => {
                Some("no statement was refused")
            }
            Self::Connect
            | Self::EditProfile
            | Self::DuplicateProfile
            | Self::DeleteProfile
            | Self::Doctor
            | Self::Token
                if model.connections.current().is_none() =>
            {
                Some("select a profile first")
            }
            _ => None,
        }
    }
}

/// The scopes whose verbs work now, the nearest first.
#[must_use]
pub fn scopes(model: &Model) -> Vec<Scope> {
    if matches!(model.overlays.last(), Some(Overlay::Diagnosis)) {
        return vec![Scope::Diagnostics, Scope::Everywhere];
    }
    match model.screen {
        Screen::Connections => vec![Scope::Connections, Scope::Everywhere],
        Screen::Access => vec![Scope::Access, Scope::Workspace, Scope::Everywhere],
        Screen::Workspace => {
            let pane = match model.focus {
                Pane::Tree => Scope::Tree,
                Pane::Editor => Scope::Editor,
                Pane::Result => Scope::Result,
                Pane::Diagnostics => Scope::Diagnostics,
            };
            vec![pane, Scope::Workspace, Scope::Everywhere]
        }
    }
}

/// The verbs as a Markdown table, for the README.
#[must_use]
pub fn reference() -> String {
    use std::fmt::Write;
    let mut text = String::new();
    for scope in Scope::ALL {
        let _ = writeln!(
            text,
            "\n**{}**\n\n| keys | command | does |\n|---|---|---|",
            scope.title()
        );
        for entry in COMMANDS.iter().filter(|entry| entry.scope == scope) {
            let keys: Vec<String> = entry
                .keys
                .iter()
                .map(|keys| format!("`{}`", super::keymap::shown(keys)))
                .collect();
            let keys = if keys.is_empty() {
                "palette".to_owned()
            } else {
                keys.join(", ")
            };
            let _ = writeln!(text, "| {keys} | {} | {} |", entry.name, entry.help);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_help_is_one_sentence() {
        let names: BTreeSet<&str> = COMMANDS.iter().map(|entry| entry.name).collect();
        assert_eq!(names.len(), COMMANDS.len());
        for entry in COMMANDS {
            assert!(
                !entry.help.ends_with('.') && !entry.help.is_empty(),
                "{}",
                entry.name
            );
        }
    }
}
