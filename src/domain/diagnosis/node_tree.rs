//! What a parsed query or expression touches, read from the text in which catalogs keep it: the server
//! resolved names, operators and overloaded functions when it was made.
//!
//! Source: PostgreSQL source, `outfuncs.c` (the format) and `parsenodes.h` (`RTEPermissionInfo`; until 15
//! the same fields stand in `RangeTblEntry`).

/// One relation that it reads or locks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reached {
    /// The relation's OID.
    pub relation: u32,
    /// The privileges that are checked, as bits (PostgreSQL source, `parsenodes.h`, `ACL_SELECT` …).
    required: u32,
    /// The numbers of the columns that are read; 0 stands for all of them, negative ones for columns
    /// that every table has.
    read: Vec<i32>,
    /// Those of the columns that new rows are given.
    inserted: Vec<i32>,
    /// Those of the columns that are assigned.
    updated: Vec<i32>,
}

/// The bits of privileges, and which of a relation's columns each is checked on; DELETE has none.
const PRIVILEGES: [(u32, &str); 4] = [(2, "SELECT"), (1, "INSERT"), (4, "UPDATE"), (8, "DELETE")];

impl Reached {
    /// The privileges that are checked, with the columns of each. Locking rows is checked as updating
    /// them, of no column.
    pub fn privileges(&self) -> impl Iterator<Item = (&'static str, &[i32])> {
        PRIVILEGES
            .into_iter()
            .filter(|(bit, _)| self.required & bit != 0)
            .map(|(_, privilege)| match privilege {
                "SELECT" => (privilege, self.read.as_slice()),
                "INSERT" => (privilege, self.inserted.as_slice()),
                "UPDATE" => (privilege, self.updated.as_slice()),
                _ => (privilege, &[][..]),
            })
    }
}

/// One column of a query's answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// Its number, from 1 on.
    pub number: i32,
    /// The OIDs of the functions that it is made with.
    pub functions: Vec<u32>,
}

/// What a query or an expression touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// Relations.
    pub relations: Vec<Reached>,
    /// The OIDs of functions that are called whichever columns of the answer are wanted.
    pub functions: Vec<u32>,
    /// The columns of the answer; none for an expression.
    pub outputs: Vec<Output>,
}

/// The lowest number of a column that every table has is one more (PostgreSQL source, `sysattr.h`,
/// `FirstLowInvalidHeapAttributeNumber`): sets of columns count from there.
const BEFORE_FIRST_COLUMN: i32 = -7;

/// Reads it. What is not understood is passed over.
#[must_use]
pub fn touched(tree: &str) -> Touched {
    let mut found = Touched::default();
    let mut open: Vec<Frame<'_>> = Vec::new();
    for token in (Tokens { rest: tree }) {
        if let Some(name) = token.strip_prefix('{') {
            if name == "TARGETENTRY" && outermost(&open) {
                found.outputs.push(Output::default());
            }
            open.push(Frame {
                name,
                ..Frame::default()
            });
        } else if token == "}" {
            let closed = open.pop().unwrap_or_default();
            if closed.reached.required != 0 && closed.reached.relation != 0 {
                found.relations.push(closed.reached);
            }
        } else if let Some(field) = token.strip_prefix(':') {
            if let Some(frame) = open.last_mut() {
                frame.field = field;
            }
        } else {
            value(token, &mut open, &mut found);
        }
    }
    found
}

/// A node that is being read.
#[derive(Default)]
struct Frame<'a> {
    name: &'a str,
    field: &'a str,
    reached: Reached,
}

/// Whether what follows is in the list of what the outermost query answers.
fn outermost(open: &[Frame<'_>]) -> bool {
    matches!(open, [query] if query.name == "QUERY" && query.field == "targetList")
}

/// One value of a field, or one of several.
fn value(token: &str, open: &mut [Frame<'_>], found: &mut Touched) {
    let answers = open.len() >= 2 && open.get(..1).is_some_and(outermost);
    let directly = open.len() == 2;
    let Some(frame) = open.last_mut() else { return };
    let Ok(number) = token.parse::<i64>() else {
        return;
    };
    let unsigned = u32::try_from(number).unwrap_or_default();
    match (frame.name, frame.field) {
        (_, "funcid" | "opfuncid" | "aggfnoid" | "winfnoid") if unsigned != 0 => {
            match found.outputs.last_mut().filter(|_| answers) {
                Some(output) => output.functions.push(unsigned),
                None => found.functions.push(unsigned),
            }
        }
        ("TARGETENTRY", "resno") if answers && directly => {
            if let Some(output) = found.outputs.last_mut() {
                output.number = i32::try_from(number).unwrap_or_default();
            }
        }
        (_, "relid") => frame.reached.relation = unsigned,
        (_, "requiredPerms") => {
            frame.reached.required = unsigned;
        }
        (_, field) => {
            let columns = match field {
                "selectedCols" => &mut frame.reached.read,
                "insertedCols" => &mut frame.reached.inserted,
                "updatedCols" => &mut frame.reached.updated,
                _ => return,
            };
            columns.extend(i32::try_from(number).map(|number| number + BEFORE_FIRST_COLUMN));
        }
    }
}

/// Words, and braces with the name behind them; parentheses fall away. A backslash takes its meaning
/// from what follows it.
struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.rest = self
            .rest
            .trim_start_matches(|c: char| c.is_whitespace() || c == '(' || c == ')');
        let mut escaped = false;
        let end = self.rest.char_indices().find(|(at, c)| {
            let ends =
                !escaped && *at > 0 && (c.is_whitespace() || matches!(c, '(' | ')' | '{' | '}'));
            escaped = !escaped && *c == '\\';
            ends
        });
        let end = end.map_or(self.rest.len(), |(at, _)| at);
        let end = if self.rest.starts_with('}') { 1 } else { end };
        let (token, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        (!token.is_empty()).then_some(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_of_16_is_read() {
        let tree = "({QUERY :commandType 1 :rtable ({RANGETBLENTRY :alias {ALIAS :aliasname old :colnames <>} \
            :relid 16390 :inh false :relkind v :perminfoindex 1} {RANGETBLENTRY :relid 16384 :perminfoindex 2}) \
            :rteperminfos ({RTEPERMISSIONINFO :relid 16390 :inh true :requiredPerms 0 :checkAsUser 0 :selectedCols (b)} \
            {RTEPERMISSIONINFO :relid 16384 :inh true :requiredPerms 6 :checkAsUser 0 :selectedCols (b 7 9 2) :insertedCols (b 8)}) \
            :jointree {FROMEXPR :quals {OPEXPR :opno 521 :opfuncid 147 :args ({VAR :varno 1} {CONST :constvalue 4 [ 0 0 ]})}} \
            :targetList ({TARGETENTRY :expr {VAR :varno 1} :resno 1 :resname a\\ \\{b :resjunk false} \
            {TARGETENTRY :expr {FUNCEXPR :funcid 16400 :args ({OPEXPR :opfuncid 0}{AGGREF :aggfnoid 2108})} :resno 2}) :override 0})";
        let found = touched(tree);
        assert_eq!(found.relations.len(), 1);
        assert_eq!(found.relations[0].relation, 16384);
        let privileges: Vec<(&str, &[i32])> = found.relations[0].privileges().collect();
        assert_eq!(
            privileges,
            [("SELECT", &[0, 2, -5][..]), ("UPDATE", &[][..])]
        );
        assert_eq!(found.functions, [147]);
        let outputs: Vec<(i32, &[u32])> = found
            .outputs
            .iter()
            .map(|output| (output.number, output.functions.as_slice()))
            .collect();
        assert_eq!(outputs, [(1, &[][..]), (2, &[16400, 2108][..])]);
    }

    #[test]
    fn an_expression_with_a_query_of_13_is_read() {
        let tree = "{SUBLINK :testexpr {OPEXPR :opfuncid 65} :subselect {QUERY :rtable ({RTE :relid 7 :inFromCl true \
            :requiredPerms 2 :checkAsUser 0 :selectedCols (b 8)}) :targetList ({TARGETENTRY :expr {FUNCEXPR :funcid 9} :resno 1})}}";
        let found = touched(tree);
        assert_eq!(found.functions, [65, 9]);
        assert!(found.outputs.is_empty());
        assert_eq!(found.relations[0].relation, 7);
        assert_eq!(found.relations[0].read, [1]);
    }

    #[test]
    fn half_a_tree_does_no_harm() {
        for tree in ["", "}}", "{QUERY :a (", "\\", ":x 1", "{é :funcid 1"] {
            let _ = touched(tree);
        }
    }
}
