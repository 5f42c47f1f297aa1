//! The schema as the price of a document needs it: which field gives what, and how many of them.

use async_graphql::Name;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, ServiceDocument, Type, TypeKind, TypeSystemDefinition,
};
use std::collections::{HashMap, HashSet};

/// How many objects a field gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Size {
    /// One.
    One,
    /// A page: `first` or `last` says how many stand in its lists.
    Page,
    /// The lists of a page: as many as the field that gives the page says.
    Item,
    /// As many as an argument lists.
    Listed(String),
    /// A list of which the schema does not say how long it is.
    Unknown,
}

/// A field.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The type it gives, without list and non-null marks.
    pub gives: String,
    /// Whether that has fields of its own.
    pub is_composite: bool,
    /// How many it gives.
    pub size: Size,
}

/// The fields of every type that has some.
#[derive(Clone, Debug, Default)]
pub struct Contract {
    types: HashMap<String, HashMap<String, Shape>>,
}

fn inner(kind: &Type) -> (&Name, bool) {
    match &kind.base {
        BaseType::Named(name) => (name, false),
        BaseType::List(of) => (inner(of).0, true),
    }
}

impl Contract {
    /// Reads a schema as the engine prints it.
    ///
    /// # Errors
    /// If it is none.
    pub fn read(sdl: &str) -> Result<Contract, anyhow::Error> {
        let document = parse_schema(sdl)?;
        let composite = composites(&document);
        let mut types: HashMap<String, HashMap<String, Shape>> = HashMap::new();
        for definition in &document.definitions {
            let TypeSystemDefinition::Type(definition) = definition else {
                continue;
            };
            let fields = match &definition.node.kind {
                TypeKind::Object(object) => &object.fields,
                TypeKind::Interface(interface) => &interface.fields,
                _ => continue,
            };
            let shapes = fields.iter().map(|field| {
                let shape = shape(&field.node, &composite);
                (field.node.name.node.to_string(), shape)
            });
            types.insert(definition.node.name.node.to_string(), shapes.collect());
        }
        let shapes = types.values().flat_map(HashMap::values);
        let pages = shapes.filter(|shape| shape.size == Size::Page);
        let pages: Vec<String> = pages.map(|shape| shape.gives.clone()).collect();
        for page in pages {
            let lists = types.entry(page).or_default().values_mut();
            lists
                .filter(|shape| matches!(shape.size, Size::Listed(_) | Size::Unknown))
                .for_each(|list| list.size = Size::Item);
        }
        Ok(Contract { types })
    }

    /// A field of a type; none if it has no such field.
    pub fn field(&self, of: &str, name: &str) -> Option<&Shape> {
        self.types.get(of)?.get(name)
    }
}

fn composites(document: &ServiceDocument) -> HashSet<String> {
    let types = document
        .definitions
        .iter()
        .filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => Some(&definition.node),
            _ => None,
        });
    let composite = types.filter(|definition| {
        matches!(
            definition.kind,
            TypeKind::Object(_) | TypeKind::Interface(_) | TypeKind::Union(_)
        )
    });
    composite
        .map(|definition| definition.name.node.to_string())
        .collect()
}

fn shape(field: &FieldDefinition, composite: &HashSet<String>) -> Shape {
    let (gives, is_list) = inner(&field.ty.node);
    let argument = |name: &str| {
        field
            .arguments
            .iter()
            .any(|argument| argument.node.name.node == name)
    };
    let mut lists = field
        .arguments
        .iter()
        .filter(|argument| inner(&argument.node.ty.node).1);
    let size = match (is_list, lists.next()) {
        (false, _) if argument("first") || argument("last") => Size::Page,
        (false, _) => Size::One,
        (true, Some(list)) => Size::Listed(list.node.name.node.to_string()),
        (true, None) => Size::Unknown,
    };
    Shape {
        is_composite: composite.contains(gives.as_str()),
        gives: gives.to_string(),
        size,
    }
}
