//! What a document costs, before anything expands it.
//!
//! A point is an object in the answer; a page, which is a statement of SQL, and a mutation cost ten more. Each selection
//! set and each fragment is walked once, however many operations share it, when the document is first seen; what is left
//! for a request is to fill in the sizes that its variables name. All sums and products stop at the largest number instead
//! of passing it.

use super::contract::{Contract, Shape, Size};
use crate::kernel::error::{Text, text};
use async_graphql::parser::types::{
    ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, Value as Constant, Variables};
use async_graphql_value::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// What a page and a mutation cost beside their objects.
const STATEMENT: u64 = 10;
/// What a page holds if nobody says, as in `kernel/page.rs`.
const PAGE_DEFAULT: u64 = 20;
/// What a page counts as if a request names more: it will be refused.
const PAGE_MAX: u64 = 100;
/// What a list counts as if the schema does not say how long it is.
const LIST_ASSUMED: u64 = 10;
/// What one look at the schema costs: `__schema` and `__type`.
const INTROSPECTION: u64 = 500;
/// Lists of types inside one another from which on a look at the schema is one in circles.
const INTROSPECTION_LISTS_MAX: u32 = 3;
const INTROSPECTION_LISTS: [&str; 4] = ["fields", "interfaces", "possibleTypes", "inputFields"];
/// Selection sets inside one another, fragments written out: what the engine takes.
const DEPTH_MAX: u32 = 32;

/// Why a document has no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unpriceable {
    /// Fragments spread one another in a circle.
    Circle,
    /// With its fragments written out it is nested too deep.
    Deep,
    /// It looks at the schema in circles.
    Introspection,
}

impl Unpriceable {
    /// What the caller hears.
    pub fn text(self) -> Text {
        match self {
            Unpriceable::Circle => text("Fragments spread one another in a circle.", "片段循环引用。"),
            Unpriceable::Deep => text("The document is nested too deep.", "查询嵌套过深。"),
            Unpriceable::Introspection => text(
                "The document looks at the schema in circles.",
                "对架构的查询循环往复。",
            ),
        }
    }
}

/// How many times something counts.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Times {
    Fixed(u64),
    /// The number in a variable.
    Number(Name),
    /// The length of the list in a variable.
    Length(Name),
}

fn page_size(asked: Option<u64>) -> u64 {
    asked.unwrap_or(PAGE_MAX).min(PAGE_MAX)
}

fn length<T>(items: &[T]) -> u64 {
    u64::try_from(items.len()).unwrap_or(u64::MAX)
}

/// A step of the sum; what it adds up stands before it.
#[derive(Clone, Debug)]
enum Step {
    Field {
        own: u64,
        times: Times,
        page: Times,
        set: Option<usize>,
    },
    Set {
        /// Each counts once.
        once: Vec<usize>,
        /// Each counts once for an item, if the set is that of a page.
        items: Vec<usize>,
        /// Sets of fragments that belong to this one.
        sets: Vec<usize>,
    },
}

#[derive(Clone, Copy, Default)]
struct Sum {
    once: u64,
    each: u64,
}

/// The price of an operation, still to be filled in with the variables of a request.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Of all operations of the document.
    steps: Arc<[Step]>,
    last: usize,
    /// What variables hold that a request leaves out.
    defaults: HashMap<Name, Constant>,
    /// Selections with every fragment written out: what the engine walks.
    pub selections: u64,
}

impl Plan {
    /// The most that the operation may cost with these variables.
    pub fn price(&self, variables: &Variables) -> u64 {
        let steps = self.steps.get(..=self.last).unwrap_or_default();
        let mut sums: Vec<Sum> = Vec::with_capacity(steps.len());
        for step in steps {
            let at = |step: usize| sums.get(step).copied().unwrap_or_default();
            let sum = |steps: &[usize]| {
                steps
                    .iter()
                    .fold(0_u64, |sum, step| sum.saturating_add(at(*step).once))
            };
            let next = match step {
                Step::Field {
                    own,
                    times,
                    page,
                    set,
                } => {
                    let below = set.map(at).unwrap_or_default();
                    let items = below.each.saturating_mul(self.times(page, variables));
                    let one = own.saturating_add(below.once).saturating_add(items);
                    Sum {
                        once: one.saturating_mul(self.times(times, variables)),
                        each: 0,
                    }
                }
                Step::Set { once, items, sets } => Sum {
                    once: sum(once).saturating_add(sum(sets)),
                    each: sets
                        .iter()
                        .fold(sum(items), |sum, set| sum.saturating_add(at(*set).each)),
                },
            };
            sums.push(next);
        }
        sums.last().map_or(0, |sum| sum.once)
    }

    fn times(&self, times: &Times, variables: &Variables) -> u64 {
        // A null stands for what holds if nobody says, not for the variable's default.
        let given = |name| variables.get(name).or_else(|| self.defaults.get(name));
        match times {
            Times::Fixed(times) => *times,
            Times::Number(name) => match given(name) {
                Some(Constant::Number(number)) => page_size(number.as_u64()),
                _ => PAGE_DEFAULT,
            },
            Times::Length(name) => match given(name) {
                Some(Constant::List(items)) => length(items),
                _ => 1,
            },
        }
    }
}

/// How far a selection set reaches, wherever it stands.
#[derive(Clone, Copy, Debug, Default)]
struct Reach {
    selections: u64,
    depth: u32,
    introspection_lists: u32,
}

impl Reach {
    fn widen(&mut self, other: Reach) {
        self.selections = self.selections.saturating_add(other.selections);
        self.depth = self.depth.max(other.depth);
        self.introspection_lists = self.introspection_lists.max(other.introspection_lists);
    }
}

/// A selection set that was walked.
#[derive(Clone, Copy)]
struct Walked {
    step: usize,
    reach: Reach,
}

/// The type at the root of an operation.
pub fn root(kind: OperationType) -> &'static str {
    match kind {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    }
}

/// Plans the operations of a document, in their order.
///
/// # Errors
/// If a fragment has no end, or something reaches too deep; also in fragments that no operation spreads.
pub fn plans(document: &ExecutableDocument, contract: &Contract) -> Result<Vec<Plan>, Unpriceable> {
    let mut walk = Walk {
        document,
        contract,
        steps: Vec::new(),
        fragments: HashMap::new(),
        descent: 0,
    };
    for fragment in document.fragments.keys() {
        walk.fragment(fragment)?;
    }
    let operations = document.operations.iter().map(|(_, operation)| &operation.node);
    let walked = operations.map(|operation| {
        let walked = walk.set(&operation.selection_set.node, root(operation.ty))?;
        Ok((operation, walked))
    });
    let walked: Vec<_> = walked.collect::<Result<_, _>>()?;
    let steps: Arc<[Step]> = walk.steps.into();
    let plan = |(operation, walked): (&OperationDefinition, Walked)| Plan {
        steps: Arc::clone(&steps),
        last: walked.step,
        defaults: defaults(operation),
        selections: walked.reach.selections,
    };
    Ok(walked.into_iter().map(plan).collect())
}

fn defaults(operation: &OperationDefinition) -> HashMap<Name, Constant> {
    let defaults = operation.variable_definitions.iter().filter_map(|definition| {
        let default = definition.node.default_value.as_ref()?;
        Some((definition.node.name.node.clone(), default.node.clone()))
    });
    defaults.collect()
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    contract: &'a Contract,
    steps: Vec<Step>,
    /// Fragments that were walked; none while one is.
    fragments: HashMap<&'a Name, Option<Walked>>,
    descent: u32,
}

impl<'a> Walk<'a> {
    fn push(&mut self, step: Step) -> usize {
        self.steps.push(step);
        self.steps.len() - 1
    }

    /// None where the document has no such fragment: validation says so.
    fn fragment(&mut self, name: &'a Name) -> Result<Option<Walked>, Unpriceable> {
        match self.fragments.get(name) {
            Some(Some(walked)) => return Ok(Some(*walked)),
            Some(None) => return Err(Unpriceable::Circle),
            None => {}
        }
        let Some(fragment) = self.document.fragments.get(name) else {
            return Ok(None);
        };
        self.fragments.insert(name, None);
        let on = fragment.node.type_condition.node.on.node.as_str();
        let walked = self.set(&fragment.node.selection_set.node, on)?;
        self.fragments.insert(name, Some(walked));
        Ok(Some(walked))
    }

    fn set(&mut self, set: &'a SelectionSet, on: &str) -> Result<Walked, Unpriceable> {
        self.descent += 1;
        if self.descent > DEPTH_MAX {
            return Err(Unpriceable::Deep);
        }
        let (mut once, mut items, mut sets) = (Vec::new(), Vec::new(), Vec::new());
        let mut reach = Reach::default();
        for selection in &set.items {
            reach.selections = reach.selections.saturating_add(1);
            match &selection.node {
                Selection::Field(field) => {
                    let name = field.node.name.node.as_str();
                    let shape = self.contract.field(on, name);
                    let (step, below) = self.field(&field.node, shape, on)?;
                    reach.widen(below);
                    if shape.is_some_and(|shape| shape.size == Size::Item) {
                        items.extend(step);
                    } else {
                        once.extend(step);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(walked) = self.fragment(&spread.node.fragment_name.node)? {
                        sets.push(walked.step);
                        reach.widen(walked.reach);
                    }
                }
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref();
                    let on = condition.map_or(on, |condition| condition.node.on.node.as_str());
                    let walked = self.set(&inline.node.selection_set.node, on)?;
                    sets.push(walked.step);
                    reach.widen(walked.reach);
                }
            }
        }
        self.descent -= 1;
        reach.depth = reach.depth.saturating_add(1);
        if reach.depth > DEPTH_MAX {
            return Err(Unpriceable::Deep);
        }
        if reach.introspection_lists >= INTROSPECTION_LISTS_MAX {
            return Err(Unpriceable::Introspection);
        }
        let step = self.push(Step::Set { once, items, sets });
        Ok(Walked { step, reach })
    }

    fn field(
        &mut self,
        field: &'a Field,
        shape: Option<&Shape>,
        on: &str,
    ) -> Result<(Option<usize>, Reach), Unpriceable> {
        let name = field.name.node.as_str();
        let looks_at_schema = on.starts_with("__") || matches!(name, "__schema" | "__type");
        let gives = match shape {
            Some(shape) => shape.gives.as_str(),
            None if looks_at_schema => "__",
            None => "",
        };
        let has_below = !field.selection_set.node.items.is_empty();
        let below = has_below.then(|| self.set(&field.selection_set.node, gives));
        let below = below.transpose()?;
        let mut reach = below.map(|below| below.reach).unwrap_or_default();
        if on.starts_with("__") && INTROSPECTION_LISTS.contains(&name) {
            reach.introspection_lists += 1;
        }
        let own = match shape {
            None if looks_at_schema && !on.starts_with("__") => INTROSPECTION,
            None => return Ok((None, reach)),
            Some(_) if on == "Mutation" => 1 + STATEMENT,
            Some(shape) if shape.size == Size::Page => 1 + STATEMENT,
            Some(shape) if shape.is_composite => 1,
            Some(_) => return Ok((None, reach)),
        };
        let size = shape.map_or(&Size::One, |shape| &shape.size);
        let step = Step::Field {
            own,
            times: times(field, size),
            page: page(field),
            set: below.map(|below| below.step),
        };
        Ok((Some(self.push(step)), reach))
    }
}

fn times(field: &Field, size: &Size) -> Times {
    match size {
        Size::One | Size::Page | Size::Item => Times::Fixed(1),
        Size::Unknown => Times::Fixed(LIST_ASSUMED),
        Size::Listed(argument) => match field.get_argument(argument).map(|value| &value.node) {
            Some(Value::List(items)) => Times::Fixed(length(items)),
            Some(Value::Variable(name)) => Times::Length(name.clone()),
            Some(_) => Times::Fixed(1),
            None => Times::Fixed(LIST_ASSUMED),
        },
    }
}

fn page(field: &Field) -> Times {
    let sizes = ["first", "last"]
        .iter()
        .filter_map(|name| field.get_argument(name))
        .map(|value| &value.node);
    let mut sizes = sizes.filter(|value| !matches!(value, Value::Null));
    // Of two, one is to be null: which, only the request says.
    match (sizes.next(), sizes.next()) {
        (Some(Value::Number(number)), None) => Times::Fixed(page_size(number.as_u64())),
        (Some(Value::Variable(name)), None) => Times::Number(name.clone()),
        (Some(_), _) => Times::Fixed(PAGE_MAX),
        (None, _) => Times::Fixed(PAGE_DEFAULT),
    }
}
