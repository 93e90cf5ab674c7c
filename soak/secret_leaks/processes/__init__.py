"""The connector's command in a process that is watched, and failures injected into it."""
