-- Which factors can users enroll, and when does the tenant ask for a second factor?
SELECT guardian_factors.name AS factor, guardian_policies.policies AS asked_for
FROM guardian_factors
CROSS JOIN guardian_policies
WHERE guardian_factors.enabled
ORDER BY factor
