//! PostgreSQL's array literals (`{a,"b c",NULL}`) taken apart (documentation, "Array Input and
//! Output Syntax").

/// An element of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element {
    /// NULL.
    Null,
    /// A value, quotes and escapes taken away.
    Text(String),
    /// An array within.
    Nested(Vec<Element>),
}

/// Arrays within arrays PostgreSQL allows (`MAXDIM`).
const DEEPEST: usize = 6;

/// The elements of an array literal, or `None` if the text is not one. A prefix that names bounds
/// (`[0:2]=`) is skipped.
#[must_use]
pub fn elements(text: &str) -> Option<Vec<Element>> {
    let body = match text.strip_prefix('[') {
        Some(bounded) => bounded.split_once('=')?.1,
        None => text,
    };
    let mut reader = Reader {
        rest: body.strip_prefix('{')?,
    };
    let found = reader.list(1)?;
    reader.rest.is_empty().then_some(found)
}

/// The texts of a one-dimensional array; NULLs and nested arrays are left out. Empty if the text is
/// not an array literal.
#[must_use]
pub fn texts(text: &str) -> Vec<String> {
    elements(text)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|element| match element {
            Element::Text(text) => Some(text),
            Element::Null | Element::Nested(_) => None,
        })
        .collect()
}

/// What is left to read.
struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let next = characters.next();
        self.rest = characters.as_str();
        next
    }

    /// Reads up to and including the closing brace; the opening one has been read.
    fn list(&mut self, depth: usize) -> Option<Vec<Element>> {
        let mut found = Vec::new();
        if let Some(rest) = self.rest.strip_prefix('}') {
            self.rest = rest;
            return Some(found);
        }
        loop {
            found.push(self.element(depth)?);
            match self.next()? {
                ',' => {}
                '}' => return Some(found),
                _ => return None,
            }
        }
    }

    fn element(&mut self, depth: usize) -> Option<Element> {
        if let Some(rest) = self.rest.strip_prefix('{') {
            self.rest = rest;
            return if depth < DEEPEST {
                self.list(depth + 1).map(Element::Nested)
            } else {
                None
            };
        }
        if let Some(rest) = self.rest.strip_prefix('"') {
            self.rest = rest;
            return self.quoted().map(Element::Text);
        }
        let end = self.rest.find([',', '}'])?;
        let (bare, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        Some(if bare.eq_ignore_ascii_case("null") {
            Element::Null
        } else {
            Element::Text(bare.to_owned())
        })
    }

    fn quoted(&mut self) -> Option<String> {
        let mut text = String::new();
        loop {
            match self.next()? {
                '"' => return Some(text),
                '\\' => text.push(self.next()?),
                plain => text.push(plain),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_escapes_and_nulls_are_understood() {
        assert_eq!(
            elements(r#"{a,"b, \"c\"",NULL,"NULL",""}"#),
            Some(vec![
                Element::Text("a".into()),
                Element::Text("b, \"c\"".into()),
                Element::Null,
                Element::Text("NULL".into()),
                Element::Text(String::new()),
            ])
        );
    }

    #[test]
    fn nesting_and_bounds_are_understood() {
        let inner = |text: &str| Element::Nested(vec![Element::Text(text.into())]);
        assert_eq!(
            elements("[0:1][1:1]={{1},{2}}"),
            Some(vec![inner("1"), inner("2")])
        );
        assert_eq!(elements("{}"), Some(Vec::new()));
    }

    #[test]
    fn what_is_not_an_array_is_refused() {
        for text in [
            "",
            "{",
            "{a",
            "a}",
            "{a}b",
            "{\"a}",
            "{{{{{{{1}}}}}}}",
            "{\"a\"b}",
        ] {
            assert_eq!(elements(text), None, "{text}");
        }
    }
}
