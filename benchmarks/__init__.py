"""What the connector costs in seconds, processor time, requests and memory."""
