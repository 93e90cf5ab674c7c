"""Actions, rules, forms, event streams and experiments."""
