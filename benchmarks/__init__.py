"""Measures the connector's speed, CPU time, requests and memory."""
