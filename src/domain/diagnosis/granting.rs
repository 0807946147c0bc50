//! What a GRANT or REVOKE gives away, read from its words.

use crate::domain::sql::words::Words;

/// One privilege that is given away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// PostgreSQL's keyword; ALL for all of them.
    pub privilege: String,
    /// The columns that it is given of; none for the whole object.
    pub columns: Vec<String>,
}

/// Reads the part in front of ON.
#[must_use]
pub fn given(sql: &str) -> Vec<Given> {
    let words = Words::of_statement(sql);
    let option_for = words.is(1, "grant") && words.is(2, "option") && words.is(3, "for");
    let mut found = Vec::new();
    let mut at = if option_for { 4 } else { 1 };
    let end = words.find("on").unwrap_or(words.len());
    while at < end {
        let mut name: Vec<String> = Vec::new();
        while at < end && !["(", ","].contains(&words.text(at)) {
            name.push(words.lower(at).to_uppercase());
            at += 1;
        }
        let mut columns = Vec::new();
        if words.text(at) == "(" {
            let closing = words.closing(at).unwrap_or(end);
            columns.extend((at + 1..closing).filter_map(|at| words.name(at)));
            at = closing;
            while at < end && words.text(at) != "," {
                at += 1;
            }
        }
        let privilege = match name.join(" ").as_str() {
            "ALL PRIVILEGES" => "ALL".to_owned(),
            "TEMP" => "TEMPORARY".to_owned(),
            other => other.to_owned(),
        };
        found.push(Given { privilege, columns });
        at += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn privileges_are_told_with_their_columns() {
        let told = |sql: &str| -> Vec<String> {
            given(sql)
                .iter()
                .map(|given| format!("{} {}", given.privilege, given.columns.join("+")))
                .collect()
        };
        assert_eq!(
            told("grant select (a, \"On\"), update on t to x"),
            ["SELECT a+On", "UPDATE "]
        );
        assert_eq!(told("GRANT ALL PRIVILEGES (b) ON t TO x"), ["ALL b"]);
        assert_eq!(told("grant all on schema s to x"), ["ALL "]);
        assert_eq!(
            told("revoke grant option for temp on database d from x"),
            ["TEMPORARY "]
        );
        assert_eq!(
            told("grant set, alter system on parameter p to x"),
            ["SET ", "ALTER SYSTEM "]
        );
    }
}
