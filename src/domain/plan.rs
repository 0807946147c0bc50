//! An EXPLAIN plan as a tree with costs, rows, times and buffers, read from `FORMAT JSON`.
//!
//! Fields that are not known here, of whatever version, are kept as details of their node: reading
//! never fails for them. Source: PostgreSQL source, `explain.c` of versions 13 to 18.

mod read;
mod text;

pub use read::{Unreadable, read};
pub use text::text;

/// A label and what it says, as the server has it; untrusted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The server's word: `Filter`, `Index Cond`, `Sort Method`.
    pub label: String,
    /// What it says.
    pub value: String,
}

/// What was measured of a node, over all its loops.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// Rows found in one loop, on average.
    pub rows: f64,
    /// How often the node ran; 0 if never.
    pub loops: f64,
    /// Milliseconds until the first row of one loop, on average.
    pub startup_ms: f64,
    /// Milliseconds the node and what is below it took on the clock: processes that ran side by side
    /// count once.
    pub total_ms: f64,
    /// What of that is the node's own.
    pub own_ms: f64,
}

/// Blocks of 8 KiB (unless the server was built otherwise) that a node and what is below it touched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Buffers {
    /// Found in shared buffers, or in local ones for temporary tables.
    pub hit: u64,
    /// Read from outside them.
    pub read: u64,
    /// Changed for the first time.
    pub dirtied: u64,
    /// Written out.
    pub written: u64,
    /// Temporary files read: a sort or hash that did not fit into memory.
    pub temp_read: u64,
    /// Temporary files written.
    pub temp_written: u64,
}

/// How far the planner's guess of rows is off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Guess {
    /// Not measured, or near enough.
    Fair,
    /// That many times more rows came.
    TooFew(f64),
    /// That many times fewer rows came.
    TooMany(f64),
}

/// From this factor on a wrong guess is worth a mark: plans turn on a factor of ten.
const WRONG: f64 = 10.0;

/// Where the cost runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// Elsewhere.
    Aside,
    /// Through this node to the costliest child.
    Path,
    /// Into this node: it costs more by itself than any other.
    Costliest,
}

/// A node of the plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// How deep it is, from 0.
    pub depth: usize,
    /// The place of its parent.
    pub parent: Option<usize>,
    /// The place behind its last descendant.
    pub end: usize,
    /// What it does: `Hash Left Join`, `Seq Scan`.
    pub title: String,
    /// To what: `sales.orders o using orders_pkey`; empty where to nothing in particular.
    pub object: String,
    /// What names it among its parent's: `InitPlan 1`, `CTE recent`.
    pub subplan: Option<String>,
    /// The planner's cost up to the first row.
    pub startup_cost: f64,
    /// The planner's cost, what is below it included.
    pub total_cost: f64,
    /// What of that is the node's own.
    pub own_cost: f64,
    /// Rows the planner expects of one loop.
    pub expected_rows: f64,
    /// Bytes the planner expects of a row.
    pub width: f64,
    /// What was measured, if it was.
    pub measured: Option<Measured>,
    /// Blocks touched.
    pub buffers: Buffers,
    /// Everything else, in the server's order.
    pub details: Vec<Fact>,
    /// Whether the cost runs through it.
    pub course: Course,
    /// Whether a node above stops it early, so that fewer rows than expected mean nothing.
    pub limited: bool,
}

impl Node {
    /// How far the planner's guess of rows is off.
    #[must_use]
    pub fn guess(&self) -> Guess {
        let Some(measured) = self.measured.filter(|measured| measured.loops > 0.0) else {
            return Guess::Fair;
        };
        let (expected, found) = (self.expected_rows.max(1.0), measured.rows.max(1.0));
        if found / expected >= WRONG {
            Guess::TooFew(found / expected)
        } else if expected / found >= WRONG && !self.limited {
            Guess::TooMany(expected / found)
        } else {
            Guess::Fair
        }
    }

    /// Whether the node was measured but never ran.
    #[must_use]
    pub fn never_ran(&self) -> bool {
        self.measured.is_some_and(|measured| measured.loops == 0.0)
    }
}

/// A plan: nodes in the order they are shown, parents before children.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Milliseconds of planning, if the server said.
    pub planning_ms: Option<f64>,
    /// Milliseconds of execution, if it was executed.
    pub execution_ms: Option<f64>,
    /// What concerns the whole: settings, triggers, JIT.
    pub facts: Vec<Fact>,
}

impl Plan {
    /// Whether it was executed.
    #[must_use]
    pub fn is_measured(&self) -> bool {
        self.nodes.iter().any(|node| node.measured.is_some())
    }

    /// The node that costs most by itself.
    #[must_use]
    pub fn costliest(&self) -> Option<usize> {
        self.nodes
            .iter()
            .position(|node| node.course == Course::Costliest)
    }

    /// Which share of the whole a node takes by itself, from 0 to 1: of the time if that was
    /// measured, else of the cost.
    #[must_use]
    pub fn share(&self, node: &Node) -> f64 {
        let whole: f64 = self.nodes.iter().map(own).sum();
        if whole > 0.0 { own(node) / whole } else { 0.0 }
    }
}

/// What a node takes by itself: milliseconds, or cost where nothing was measured.
fn own(node: &Node) -> f64 {
    node.measured
        .map_or(node.own_cost, |measured| measured.own_ms)
}

/// What a node and all below it take.
fn whole(node: &Node) -> f64 {
    node.measured
        .map_or(node.total_cost, |measured| measured.total_ms)
}
