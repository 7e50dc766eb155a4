//! The classical rivals of the models.

pub mod column_ngrams;
