"""Rows are made what their schema says: values of another type than their column's are kept beside it."""
