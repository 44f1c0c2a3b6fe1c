//! Search.
mod expression;
mod fold;
mod links;
mod query;
