"""Commands for people, beside those of Airbyte's protocol: they print text, and errors in one sentence."""
