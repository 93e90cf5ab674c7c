"""The search over users: the Lucene parser, predicates over rows, and the search index."""
