//! From JSON to a tree.

use serde_json::{Map, Value};

use super::{Buffers, Course, Fact, Measured, Node, Plan, own, whole};

/// The answer holds no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is no JSON.
    #[error("the server's plan is no JSON: {0}")]
    Json(String),
    /// A rule or a utility statement left nothing to plan.
    #[error("the server planned nothing for this statement")]
    Nothing,
}

/// Reads what `EXPLAIN (FORMAT JSON)` answered. A statement that a rule rewrote to several has
/// several trees; they follow one another.
pub fn read(json: &str) -> Result<Plan, Unreadable> {
    let value: Value =
        serde_json::from_str(json).map_err(|error| Unreadable::Json(error.to_string()))?;
    let queries = match value {
        Value::Array(queries) => queries,
        other => vec![other],
    };
    let mut plan = Plan::default();
    for query in &queries {
        let Value::Object(query) = query else {
            continue;
        };
        if let Some(Value::Object(root)) = query.get("Plan") {
            let context = Context {
                depth: 0,
                parent: None,
                processes: 1.0,
                limited: false,
            };
            let _ = branch(&mut plan.nodes, root, context);
        }
        about(&mut plan, query);
    }
    if plan.nodes.is_empty() {
        return Err(Unreadable::Nothing);
    }
    mark(&mut plan.nodes);
    Ok(plan)
}

/// What a node inherits from those above it.
#[derive(Clone, Copy)]
struct Context {
    depth: usize,
    parent: Option<usize>,
    /// Processes that run it side by side.
    processes: f64,
    limited: bool,
}

/// Appends a node and all below it; gives the time and cost of the whole branch.
fn branch(nodes: &mut Vec<Node>, object: &Map<String, Value>, context: Context) -> Spent {
    let place = nodes.len();
    nodes.push(node(object, context));
    let kind = text(object, "Node Type");
    let launched = number(object, "Workers Launched").or(number(object, "Workers Planned"));
    let below = Context {
        depth: context.depth + 1,
        parent: Some(place),
        processes: if kind.starts_with("Gather") {
            launched.unwrap_or(0.0) + 1.0
        } else {
            context.processes
        },
        limited: context.limited || kind == "Limit",
    };
    let mut children = Spent::default();
    if let Some(Value::Array(plans)) = object.get("Plans") {
        for child in plans.iter().filter_map(Value::as_object) {
            let spent = branch(nodes, child, below);
            children.cost += spent.cost;
            children.ms += spent.ms;
        }
    }
    let end = nodes.len();
    let Some(node) = nodes.get_mut(place) else {
        return Spent::default();
    };
    node.end = end;
    node.own_cost = (node.total_cost - children.cost).max(0.0);
    if let Some(measured) = &mut node.measured {
        measured.own_ms = (measured.total_ms - children.ms).max(0.0);
    }
    Spent {
        cost: node.total_cost,
        ms: node.measured.map_or(0.0, |measured| measured.total_ms),
    }
}

#[derive(Clone, Copy, Default)]
struct Spent {
    cost: f64,
    ms: f64,
}

fn node(object: &Map<String, Value>, context: Context) -> Node {
    let mut details = Vec::new();
    for (label, value) in object {
        if !KNOWN.contains(&label.as_str()) && !is_zero_count(label, value) {
            details.push(Fact {
                label: label.clone(),
                value: shown(value),
            });
        }
    }
    if let Some(Value::Array(workers)) = object.get("Workers") {
        details.extend(workers.iter().filter_map(Value::as_object).map(worker));
    }
    Node {
        depth: context.depth,
        parent: context.parent,
        end: 0,
        title: title(object),
        object: target(object),
        subplan: object.get("Subplan Name").map(shown),
        startup_cost: number(object, "Startup Cost").unwrap_or(0.0),
        total_cost: number(object, "Total Cost").unwrap_or(0.0),
        own_cost: 0.0,
        expected_rows: number(object, "Plan Rows").unwrap_or(0.0),
        width: number(object, "Plan Width").unwrap_or(0.0),
        measured: measured(object, context.processes),
        buffers: buffers(object),
        details,
        course: Course::Aside,
        limited: context.limited,
    }
}

/// Fields that have a place of their own.
const KNOWN: &[&str] = &[
    "Node Type",
    "Strategy",
    "Partial Mode",
    "Operation",
    "Join Type",
    "Command",
    "Scan Direction",
    "Parallel Aware",
    "Async Capable",
    "Parent Relationship",
    "Subplan Name",
    "Schema",
    "Relation Name",
    "Alias",
    "Index Name",
    "CTE Name",
    "Function Name",
    "Startup Cost",
    "Total Cost",
    "Plan Rows",
    "Plan Width",
    "Actual Startup Time",
    "Actual Total Time",
    "Actual Rows",
    "Actual Loops",
    "Plans",
    "Workers",
    "Disabled",
];

fn is_zero_count(label: &str, value: &Value) -> bool {
    let counts = label.ends_with("Blocks")
        || label.ends_with(" Time")
        || label.starts_with("WAL ")
        || label.starts_with("Rows Removed");
    counts && value.as_f64() == Some(0.0)
}

/// The kind of node as `EXPLAIN`'s text form words it.
fn title(object: &Map<String, Value>) -> String {
    let kind = text(object, "Node Type");
    let strategy = text(object, "Strategy");
    let join = text(object, "Join Type");
    let mut title = match (kind.as_str(), strategy.as_str()) {
        ("Aggregate", "Hashed") => "HashAggregate".to_owned(),
        ("Aggregate", "Sorted") => "GroupAggregate".to_owned(),
        ("Aggregate", "Mixed") => "MixedAggregate".to_owned(),
        ("SetOp", "Hashed") => "HashSetOp".to_owned(),
        ("ModifyTable", _) => text(object, "Operation"),
        ("Nested Loop" | "Merge Join" | "Hash Join", _) if join != "Inner" && !join.is_empty() => {
            let base = kind.trim_end_matches(" Join");
            format!("{base} {join} Join")
        }
        _ => kind.clone(),
    };
    let partial = text(object, "Partial Mode");
    if !partial.is_empty() && partial != "Simple" {
        title = format!("{partial} {title}");
    }
    let command = text(object, "Command");
    if !command.is_empty() {
        title = format!("{title} {command}");
    }
    if text(object, "Scan Direction") == "Backward" {
        title = format!("{title} Backward");
    }
    if object.get("Parallel Aware").and_then(Value::as_bool) == Some(true) {
        title = format!("Parallel {title}");
    }
    if object.get("Disabled").and_then(Value::as_bool) == Some(true) {
        title = format!("{title} (disabled)");
    }
    if title.is_empty() {
        "?".to_owned()
    } else {
        title
    }
}

/// What the node works on.
fn target(object: &Map<String, Value>) -> String {
    let name = ["Relation Name", "CTE Name", "Function Name"]
        .iter()
        .map(|key| text(object, key))
        .find(|name| !name.is_empty())
        .unwrap_or_default();
    let schema = text(object, "Schema");
    let alias = text(object, "Alias");
    let index = text(object, "Index Name");
    let mut target = match (schema.is_empty(), name.is_empty()) {
        (_, true) => String::new(),
        (true, false) => name.clone(),
        (false, false) => format!("{schema}.{name}"),
    };
    if !alias.is_empty() && alias != name {
        let gap = if target.is_empty() { "" } else { " " };
        target = format!("{target}{gap}{alias}");
    }
    if !index.is_empty() {
        let gap = if target.is_empty() { "" } else { " " };
        target = format!("{target}{gap}using {index}");
    }
    target
}

fn measured(object: &Map<String, Value>, processes: f64) -> Option<Measured> {
    let loops = number(object, "Actual Loops")?;
    let total = number(object, "Actual Total Time").unwrap_or(0.0);
    // The server averages over the loops of all processes; those ran side by side.
    let side_by_side = processes.min(loops).max(1.0);
    Some(Measured {
        rows: number(object, "Actual Rows").unwrap_or(0.0),
        loops,
        startup_ms: number(object, "Actual Startup Time").unwrap_or(0.0),
        total_ms: total * loops / side_by_side,
        own_ms: 0.0,
    })
}

fn buffers(object: &Map<String, Value>) -> Buffers {
    let count = |names: [&str; 2]| {
        names
            .iter()
            .filter_map(|name| object.get(*name).and_then(Value::as_u64))
            .sum()
    };
    Buffers {
        hit: count(["Shared Hit Blocks", "Local Hit Blocks"]),
        read: count(["Shared Read Blocks", "Local Read Blocks"]),
        dirtied: count(["Shared Dirtied Blocks", "Local Dirtied Blocks"]),
        written: count(["Shared Written Blocks", "Local Written Blocks"]),
        temp_read: count(["Temp Read Blocks", ""]),
        temp_written: count(["Temp Written Blocks", ""]),
    }
}

fn worker(object: &Map<String, Value>) -> Fact {
    let number_of = |key: &str| number(object, key).unwrap_or(0.0);
    Fact {
        label: format!("Worker {}", text(object, "Worker Number")),
        value: format!(
            "{} rows, {} loops, {:.3} ms",
            number_of("Actual Rows") * number_of("Actual Loops"),
            number_of("Actual Loops"),
            number_of("Actual Total Time") * number_of("Actual Loops"),
        ),
    }
}

/// What concerns the whole query.
fn about(plan: &mut Plan, query: &Map<String, Value>) {
    let add = |sum: &mut Option<f64>, ms: Option<f64>| {
        if let Some(ms) = ms {
            *sum = Some(sum.unwrap_or(0.0) + ms);
        }
    };
    add(&mut plan.planning_ms, number(query, "Planning Time"));
    add(&mut plan.execution_ms, number(query, "Execution Time"));
    for (label, value) in query {
        match (label.as_str(), value) {
            ("Plan" | "Planning Time" | "Execution Time", _) => {}
            ("Triggers", Value::Array(triggers)) => {
                plan.facts
                    .extend(triggers.iter().filter_map(Value::as_object).map(trigger));
            }
            (_, Value::Object(inner)) => {
                let said = inner
                    .iter()
                    .filter(|(label, value)| !is_zero_count(label, value))
                    .map(|(label, value)| format!("{label} {}", shown(value)))
                    .collect::<Vec<_>>()
                    .join(", ");
                if !said.is_empty() {
                    plan.facts.push(Fact {
                        label: label.clone(),
                        value: said,
                    });
                }
            }
            _ => plan.facts.push(Fact {
                label: label.clone(),
                value: shown(value),
            }),
        }
    }
}

fn trigger(object: &Map<String, Value>) -> Fact {
    let name = text(object, "Trigger Name");
    let constraint = match text(object, "Constraint Name") {
        none if none.is_empty() => none,
        constraint => format!(" for constraint {constraint}"),
    };
    let relation = text(object, "Relation");
    let on = if relation.is_empty() {
        String::new()
    } else {
        format!(" on {relation}")
    };
    Fact {
        label: "Trigger".to_owned(),
        value: format!(
            "{name}{constraint}{on}: {:.3} ms in {} calls",
            number(object, "Time").unwrap_or(0.0),
            number(object, "Calls").unwrap_or(0.0)
        ),
    }
}

/// Marks the node that takes most by itself, and the way the cost runs from the root.
fn mark(nodes: &mut [Node]) {
    let mut at = 0;
    while let Some(node) = nodes.get_mut(at) {
        node.course = Course::Path;
        let (first, end) = (at + 1, node.end);
        let children = nodes
            .iter()
            .enumerate()
            .take(end)
            .skip(first)
            .filter(|(_, child)| child.parent == Some(at));
        let Some((next, _)) =
            children.max_by(|(_, left), (_, right)| whole(left).total_cmp(&whole(right)))
        else {
            break;
        };
        at = next;
    }
    let costliest = nodes
        .iter_mut()
        .max_by(|left, right| own(left).total_cmp(&own(right)));
    if let Some(node) = costliest {
        node.course = Course::Costliest;
    }
}

fn number(object: &Map<String, Value>, key: &str) -> Option<f64> {
    object.get(key).and_then(Value::as_f64)
}

fn text(object: &Map<String, Value>, key: &str) -> String {
    object.get(key).map(shown).unwrap_or_default()
}

/// A value for a person: strings bare, lists with commas.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::plan::Guess;

    const MEASURED: &str = r#"[{"Plan": {"Node Type": "Gather", "Parallel Aware": false,
        "Startup Cost": 1000.0, "Total Cost": 9000.0, "Plan Rows": 10, "Plan Width": 8,
        "Actual Startup Time": 0.2, "Actual Total Time": 30.0, "Actual Rows": 4000.00, "Actual Loops": 1,
        "Workers Planned": 2, "Workers Launched": 2, "Single Copy": false, "Some New Field": {"a": [1]},
        "Plans": [{"Node Type": "Hash Join", "Join Type": "Left", "Parent Relationship": "Outer",
            "Parallel Aware": true, "Startup Cost": 0.0, "Total Cost": 8000.0, "Plan Rows": 4, "Plan Width": 8,
            "Actual Startup Time": 0.1, "Actual Total Time": 28.0, "Actual Rows": 1333, "Actual Loops": 3,
            "Hash Cond": "(a.id = b.id)", "Workers": [{"Worker Number": 0, "Actual Rows": 1000,
            "Actual Loops": 1, "Actual Total Time": 27.5}],
            "Plans": [
              {"Node Type": "Seq Scan", "Relation Name": "orders", "Alias": "o", "Schema": "sales",
               "Parallel Aware": true, "Startup Cost": 0.0, "Total Cost": 7000.0, "Plan Rows": 100000,
               "Plan Width": 8, "Actual Startup Time": 0.1, "Actual Total Time": 25.0, "Actual Rows": 1333,
               "Actual Loops": 3, "Filter": "(total > 5)", "Rows Removed by Filter": 7,
               "Shared Hit Blocks": 12, "Shared Read Blocks": 0, "Temp Read Blocks": 3},
              {"Node Type": "Index Scan", "Relation Name": "b", "Alias": "b", "Index Name": "b_pkey",
               "Scan Direction": "Backward", "Startup Cost": 0.0, "Total Cost": 10.0, "Plan Rows": 1,
               "Plan Width": 4, "Actual Loops": 0, "Actual Rows": 0, "Actual Total Time": 0.0}]}]},
        "Planning Time": 0.4, "Execution Time": 31.0, "Settings": {"work_mem": "64kB"},
        "Triggers": [{"Trigger Name": "t", "Relation": "orders", "Time": 1.5, "Calls": 3}],
        "JIT": {"Functions": 4, "Timing": {"Total": 2.5}}}]"#;

    #[test]
    fn a_measured_plan_keeps_all_it_says() {
        let plan = read(MEASURED).unwrap();
        let titles: Vec<&str> = plan.nodes.iter().map(|node| node.title.as_str()).collect();
        assert_eq!(
            titles,
            [
                "Gather",
                "Parallel Hash Left Join",
                "Parallel Seq Scan",
                "Index Scan Backward"
            ]
        );
        assert_eq!(plan.nodes[2].object, "sales.orders o");
        assert_eq!(plan.nodes[3].object, "b using b_pkey");
        assert_eq!(plan.nodes[2].buffers.hit, 12);
        assert_eq!(plan.nodes[2].buffers.temp_read, 3);
        let labels: Vec<&str> = plan.nodes[0]
            .details
            .iter()
            .map(|fact| fact.label.as_str())
            .collect();
        assert!(labels.contains(&"Some New Field"), "{labels:?}");
        let facts: Vec<String> = plan
            .facts
            .iter()
            .map(|fact| format!("{}: {}", fact.label, fact.value))
            .collect();
        assert_eq!(facts[0], "Settings: work_mem 64kB");
        assert_eq!(facts[1], "Trigger: t on orders: 1.500 ms in 3 calls");
        assert!(facts[2].starts_with("JIT: Functions 4"), "{facts:?}");
    }

    #[test]
    fn processes_side_by_side_count_once_on_the_clock() {
        let plan = read(MEASURED).unwrap();
        let ms = |at: usize| plan.nodes[at].measured.unwrap();
        assert!((ms(1).total_ms - 28.0).abs() < 1e-9);
        assert!((ms(1).own_ms - 3.0).abs() < 1e-9);
        assert!((ms(0).own_ms - 2.0).abs() < 1e-9);
        assert_eq!(plan.costliest(), Some(2));
        let courses: Vec<Course> = plan.nodes.iter().map(|node| node.course).collect();
        assert_eq!(
            courses,
            [Course::Path, Course::Path, Course::Costliest, Course::Aside]
        );
        let shares: f64 = plan.nodes.iter().map(|node| plan.share(node)).sum();
        assert!((shares - 1.0).abs() < 1e-9);
    }

    #[test]
    fn wrong_guesses_are_told_with_their_factor() {
        let plan = read(MEASURED).unwrap();
        assert_eq!(plan.nodes[0].guess(), Guess::TooFew(400.0));
        assert!(matches!(plan.nodes[2].guess(), Guess::TooMany(factor) if factor > 70.0));
        assert!(plan.nodes[3].never_ran());
        assert_eq!(plan.nodes[3].guess(), Guess::Fair);
    }

    #[test]
    fn a_limit_excuses_rows_that_never_came() {
        let plan = read(
            r#"[{"Plan": {"Node Type": "Limit", "Plan Rows": 1, "Actual Rows": 1, "Actual Loops": 1,
            "Plans": [{"Node Type": "Seq Scan", "Plan Rows": 1000000, "Actual Rows": 1,
            "Actual Loops": 1}]}}]"#,
        )
        .unwrap();
        assert_eq!(plan.nodes[1].guess(), Guess::Fair);
    }

    #[test]
    fn whatever_the_server_says_nothing_breaks() {
        for odd in [
            "[]",
            "{}",
            "null",
            "[\"Utility Statement\"]",
            r#"[{"Plan": 3}]"#,
        ] {
            assert_eq!(read(odd), Err(Unreadable::Nothing), "{odd}");
        }
        assert!(matches!(read("QUERY PLAN"), Err(Unreadable::Json(_))));
        let bare = read(r#"{"Plan": {"Plans": [{"Plans": 7}, 8]}}"#).unwrap();
        assert_eq!(bare.nodes.len(), 2);
        assert_eq!(bare.nodes[0].title, "?");
    }
}
