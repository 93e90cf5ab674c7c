"""What a sync read under hostile responses, held against what the tenant holds."""
