//! Which extensions CREATE EXTENSION makes, and in which order it asks for them.
//!
//! Source: PostgreSQL source, `extension.c`, `CreateExtensionInternal`, `get_required_extension`.

/// Who may make an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    /// Everybody, as far as what is in it goes.
    Anybody,
    /// Who may create in the database: it is trusted.
    Creator,
    /// Superusers.
    Superuser,
}

/// An extension that is not there yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Available {
    /// Its name.
    pub name: String,
    /// Who may make it.
    pub maker: Maker,
    /// What it requires of what is not there either.
    pub requires: Vec<String>,
}

/// What an extension and all that it requires come to, each behind what it requires itself.
#[must_use]
pub fn made<'a>(name: &str, available: &'a [Available]) -> Vec<&'a Available> {
    let mut order = Vec::new();
    visit(name, available, &mut Vec::new(), &mut order);
    order
}

fn visit<'a>(
    name: &str,
    available: &'a [Available],
    begun: &mut Vec<String>,
    order: &mut Vec<&'a Available>,
) {
    let Some(extension) = available.iter().find(|one| one.name == name) else {
        return;
    };
    if begun.iter().any(|one| one == name) {
        return;
    }
    begun.push(name.to_owned());
    for required in &extension.requires {
        visit(required, available, begun, order);
    }
    order.push(extension);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_comes_first() {
        let of = |name: &str, requires: &[&str]| Available {
            name: name.to_owned(),
            maker: Maker::Creator,
            requires: requires.iter().map(|name| (*name).to_owned()).collect(),
        };
        let available = [
            of("a", &["b", "c"]),
            of("b", &["c", "a"]),
            of("c", &["gone"]),
            of("d", &[]),
        ];
        let names = |name: &str| -> Vec<&str> {
            made(name, &available)
                .into_iter()
                .map(|one| one.name.as_str())
                .collect()
        };
        assert_eq!(names("a"), ["c", "b", "a"]);
        assert_eq!(names("d"), ["d"]);
        assert!(names("gone").is_empty());
    }
}
