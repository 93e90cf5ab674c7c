-- Which protections against attacks are switched on?
SELECT 'brute force' AS protection, enabled, shields FROM attack_protection_brute_force_protection
UNION ALL
SELECT 'breached passwords', enabled, shields FROM attack_protection_breached_password_detection
UNION ALL
SELECT 'suspicious addresses', enabled, shields FROM attack_protection_suspicious_ip_throttling
ORDER BY protection
