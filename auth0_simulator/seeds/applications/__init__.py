"""Applications, APIs, client grants, connections and profiles."""
