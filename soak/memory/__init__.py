"""Peak memory of syncs of millions of memberships and users, which the tenant makes up as it is asked."""
