-- Which self-service profiles do customers set up single sign-on with, and for which identity providers?
SELECT
    profiles.name AS profile,
    profiles.allowed_strategies,
    attributes.name AS attribute_profile
FROM self_service_profiles AS profiles
LEFT JOIN user_attribute_profiles AS attributes ON attributes.id = profiles.user_attribute_profile_id
ORDER BY profile
